//! Resolves the settings. Takes the project; returns every node (model, seed, snapshot, source)
//! with its relation, its merged configuration with the location that set each key, and, for a
//! microbatch model, its validated settings. Rejects what dbt rejects, and invalid settings that
//! dbt passes to the warehouse.

mod audit;
mod begin;
mod check;
mod colors;
mod column;
mod config_json;
mod declarations;
mod duplicates;
mod event_time;
mod external_location;
mod foreign_keys;
mod hooks;
mod key_order;
mod key_typos;
pub mod keys;
mod layers;
mod microbatch;
mod naming_macros;
mod node_json;
mod node_layers;
mod patches;
mod relation;
mod resolve;
mod resolver;
mod resource_names;
mod resources;
mod schema_change;
mod seed_types;
pub mod seed_values;
mod source_relation;
mod types;
mod unresolved;

use chrono_tz::Tz;
use indexmap::IndexMap;
use serde_json::{Map, Value};

use crate::calendar::{Grain, Instant};
use crate::diagnostics::{Diagnostic, Diagnostics, Location, SourceFile};
pub use crate::dialect::OutsideWindow;
use crate::dialect::TimeType;
use crate::jinja::{RefCall, Relation};
use crate::project::{CustomGranularity, Setting, Uniqueness};

pub use audit::{Audit, VERDICTS, unknown_verdict};
pub use check::{Allow, Check, LateBy};
pub use column::unquoted_name;
pub use config_json::{config_json, hook_json};
pub use event_time::invalid_event_time;
pub use foreign_keys::ForeignKeyTarget;
pub use key_order::in_key_order;
pub use key_typos::is_reported_key;
pub use keys::PartitionField;
pub use node_json::{graph_json, node_json, reads_json, version};
pub use resolve::resolve;
pub use resource_names::ResourceNames;
pub use resources::resources;
pub use schema_change::SchemaChange;
#[cfg(test)]
pub use seed_types::seed_type_of;
pub use seed_types::{SeedType, SeedValueKind, infer_types};

/// The name in the id of a node or a step: `orders` in `model.shop.orders`.
pub fn name_of(id: &str) -> &str {
    id.splitn(3, '.').nth(2).unwrap_or(id)
}

/// The resolved nodes of the project.
#[derive(Debug, Default)]
pub struct Resolved {
    pub nodes: Vec<Node>,
    /// Nodes with `enabled: false`, for messages about references to them.
    pub disabled: Vec<Disabled>,
    /// Nodes that do not render or have invalid settings. `nodes` does not contain them.
    pub broken: Vec<Broken>,
    pub warnings: Diagnostics,
}

/// A disabled node, and the location of the setting.
#[derive(Clone, Debug)]
pub struct Disabled {
    pub unique_id: String,
    pub kind: Kind,
    /// For a source: `source.table`.
    pub name: String,
    pub version: Option<String>,
    pub group: Option<String>,
    /// Whether only its properties file disables it: dbt reads that file after it has read the
    /// node, and other properties files can name it until then.
    pub is_disabled_by_properties: bool,
    pub at: Location,
}

/// A node with errors.
#[derive(Clone, Debug)]
pub struct Broken {
    pub unique_id: String,
    pub name: String,
    pub errors: Diagnostics,
    /// The node, if only its batch settings or its hooks are invalid: Jinja's `graph` contains it.
    pub node: Option<Box<Node>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    Model,
    Seed,
    Snapshot,
    Source,
}

impl Kind {
    /// The position of the kind in dbt's parse order: if kinds share a name, `ref()` resolves to
    /// the last.
    pub fn parse_order(self) -> u8 {
        match self {
            Kind::Model => 0,
            Kind::Snapshot => 1,
            Kind::Seed => 2,
            Kind::Source => 3,
        }
    }
}

/// A node of the project's graph.
#[derive(Clone, Debug)]
pub struct Node {
    /// As in dbt: `model.shop.sessions`, `model.shop.orders.v2`, `source.shop.raw.events`.
    pub unique_id: String,
    pub kind: Kind,
    /// For a source: the table's name.
    pub name: String,
    /// The name of the source, for a table of a source.
    pub source_name: Option<String>,
    pub package: String,
    pub version: Option<String>,
    /// Whether `ref('name')` without a version resolves to this one.
    pub is_latest: bool,
    /// As in dbt: package, folders, name (for a source: package, folders, source, table).
    pub fqn: Vec<String>,
    /// The file that defines it, relative to the project: `models/marts/sessions.sql`; for a source
    /// its properties file.
    pub file: SourceFile,
    /// The same path relative to its package: dbt's `original_file_path`.
    pub path: String,
    /// The path relative to the folder of models: `marts/sessions.sql`.
    pub path_in_models: String,
    pub relation: Relation,
    /// The merged configuration, each key with the location that set it last.
    pub config: IndexMap<String, Setting>,
    pub tags: Vec<String>,
    pub columns: Vec<Column>,
    pub description: String,
    /// The node's own constraints, as in YAML.
    pub constraints: Vec<Value>,
    /// The references that the parse pass records.
    pub refs: Vec<RefCall>,
    pub sources: Vec<(String, String)>,
    /// Those of `refs` and `sources` that hooks reference.
    pub hook_reads: HookReads,
    pub materialization: Materialization,
    /// The node's `event_time`, by which reads of it are filtered.
    pub event_time: Option<EventTime>,
    pub pre_hooks: Vec<Hook>,
    pub post_hooks: Vec<Hook>,
    /// dbt's further keys of the node, for Jinja.
    pub attributes: Map<String, Value>,
    /// The granularities that a time spine defines.
    pub granularities: Vec<CustomGranularity>,
}

/// A statement of the author before or after that of a node.
#[derive(Clone, Debug, PartialEq)]
pub struct Hook {
    pub sql: String,
    /// Whether it runs in the transaction of the node's statement.
    pub transaction: bool,
}

/// The references in the hooks of a node.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HookReads {
    pub refs: Vec<RefCall>,
    pub sources: Vec<(String, String)>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    pub name: String,
    pub data_type: Option<String>,
    pub quote: bool,
    pub description: String,
    /// As in YAML: dicts with `type`, `expression`, `name`.
    pub constraints: Vec<Value>,
    /// What its tests and constraints say about repeated values.
    pub uniqueness: Uniqueness,
    /// dbt's keys of the column except name and description, and the user's further keys.
    pub attributes: Map<String, Value>,
}

/// The column with the time of a row.
#[derive(Clone, Debug, PartialEq)]
pub struct EventTime {
    pub column: String,
    /// Whether the setting quotes it, the properties file has `quote: true` for the column, or the
    /// source quotes its columns.
    pub quote: bool,
    /// As declared in the properties file, by `partition_by`, or in dbt's catalog.
    pub data_type: Option<String>,
    /// The class of its type, or the reason why it cannot be compared with a window.
    pub time: Result<TimeType, Box<Diagnostic>>,
    pub at: Location,
}

impl EventTime {
    /// The type for literals that are compared with the column.
    pub fn time_type(&self) -> Result<&TimeType, Diagnostic> {
        self.time.as_ref().map_err(|error| (**error).clone())
    }
}

#[derive(Clone, Debug)]
pub enum Materialization {
    View,
    Table,
    Ephemeral,
    Microbatch(Box<Microbatch>),
    /// Another incremental strategy: `append`, `merge`, `delete+insert`, `insert_overwrite`, or the
    /// engine's default (`None`).
    Incremental(Option<String>),
    Seed,
    Snapshot,
    /// A source, which the project does not build.
    External,
    MaterializedView,
    /// A Python model or a custom materialization, with its name.
    Other(String),
}

impl Materialization {
    /// dbt's name of the materialization.
    pub fn dbt_name(&self) -> &str {
        match self {
            Materialization::View => "view",
            Materialization::Table => "table",
            Materialization::Ephemeral => "ephemeral",
            Materialization::Microbatch(_) | Materialization::Incremental(_) => "incremental",
            Materialization::Seed => "seed",
            Materialization::Snapshot => "snapshot",
            Materialization::External => "source",
            Materialization::MaterializedView => "materialized_view",
            Materialization::Other(name) => name,
        }
    }
}

/// The validated settings of a microbatch model.
#[derive(Clone, Debug, PartialEq)]
pub struct Microbatch {
    pub event_time: EventTime,
    /// In UTC; not aligned to a batch.
    pub begin: Instant,
    pub begin_at: Location,
    pub batch_size: Grain,
    /// The number of windows before the newest one that are rewritten, since late rows may have
    /// arrived.
    pub lookback: u32,
    /// The model's `full_refresh`, and its location.
    pub full_refresh: Option<(bool, Location)>,
    pub concurrent_batches: Option<bool>,
    /// For the manifest and the audit; it does not turn the overwrite into a merge.
    pub unique_key: Vec<String>,
    /// SQL predicates that restrict both the delete and the insert.
    pub incremental_predicates: Vec<String>,
    /// `meta.batchwright.timezone`.
    pub timezone: Tz,
    /// `meta.batchwright.outside_window`, if set.
    pub outside_window: Option<OutsideWindow>,
    /// `meta.batchwright.audit`.
    pub audit: Audit,
    /// `meta.batchwright.check`, `.allow` and `.late_by`.
    pub check: Check,
}

impl Node {
    /// The value of a key of the merged configuration.
    pub fn setting(&self, key: &str) -> Option<&Value> {
        self.config.get(key).map(|setting| &setting.value)
    }

    /// The name of the CTE that replaces an ephemeral model in a reader's query.
    pub fn cte_name(&self) -> String {
        format!("__dbt__cte__{}", self.relation.identifier)
    }

    pub fn microbatch(&self) -> Option<&Microbatch> {
        match &self.materialization {
            Materialization::Microbatch(settings) => Some(settings),
            _ => None,
        }
    }
}
