//! Which setting wins. Takes the project; gives every node (model, seed, snapshot, source) with
//! each question answered: its relation, its merged configuration with the place that set each key,
//! and, for a microbatch model, the proof that all it needs is there and valid. Refuses what dbt
//! refuses, and what dbt lets pass to the warehouse.

mod audit;
mod begin;
mod check;
mod config_json;
mod event_time;
mod external_location;
mod hooks;
mod key_order;
mod key_typos;
pub mod keys;
mod layers;
mod microbatch;
mod node_json;
mod patches;
mod relation;
mod resolve;
mod resources;
mod schema_change;
mod source_relation;
mod types;
mod unresolved;

use chrono_tz::Tz;
use indexmap::IndexMap;
use serde_json::{Map, Value};

use crate::calendar::{Grain, Instant};
use crate::diagnostics::{Diagnostic, Diagnostics, Location, SourceFile};
use crate::dialect::TimeType;
use crate::jinja::{RefCall, Relation};
use crate::project::Setting;

pub use audit::{Audit, VERDICTS, unknown_verdict};
pub use check::{Allow, Check, LateBy};
pub use config_json::{config_json, hook_json};
pub use key_order::in_key_order;
pub use keys::PartitionField;
pub use node_json::{graph_json, node_json, reads_json, version};
pub use resolve::resolve;
pub use resources::resources;
pub use schema_change::SchemaChange;

/// The name in a unique id or in the id of a step: `orders` of `model.shop.orders`.
pub fn name_of(id: &str) -> &str {
    id.splitn(3, '.').nth(2).unwrap_or(id)
}

/// What became of the project's nodes.
#[derive(Debug, Default)]
pub struct Resolved {
    pub nodes: Vec<Node>,
    /// Nodes that `enabled: false` takes out: a reference to one can be told so.
    pub disabled: Vec<Disabled>,
    /// Nodes that do not render or whose settings are not valid. They are not among `nodes`.
    pub broken: Vec<Broken>,
    pub warnings: Diagnostics,
}

/// A node that is switched off, and where.
#[derive(Clone, Debug)]
pub struct Disabled {
    pub unique_id: String,
    pub kind: Kind,
    /// For a source `source.table`.
    pub name: String,
    pub group: Option<String>,
    pub at: Location,
}

/// A node with errors of its own.
#[derive(Clone, Debug)]
pub struct Broken {
    pub unique_id: String,
    pub name: String,
    pub errors: Diagnostics,
    /// The node, where only its batch settings or its hooks are invalid: Jinja's `graph` has it.
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
    /// Its position in the order in which dbt parses a package's files: of several kinds of one
    /// name `ref()` finds the last.
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
    /// dbt's: `model.shop.sessions`, `model.shop.orders.v2`, `source.shop.raw.events`.
    pub unique_id: String,
    pub kind: Kind,
    /// For a source the table's name.
    pub name: String,
    /// The source's name, for a table of it.
    pub source_name: Option<String>,
    pub package: String,
    pub version: Option<String>,
    /// Whether `ref('name')` without a version means this one.
    pub is_latest: bool,
    /// dbt's: package, folders, name (a source: package, folders, source, table).
    pub fqn: Vec<String>,
    /// The file that defines it, as the user names it from the project's folder:
    /// `models/marts/sessions.sql`; for a source its properties file.
    pub file: SourceFile,
    /// The same relative to its own package: dbt's `original_file_path`.
    pub path: String,
    /// The path below the model folder: `marts/sessions.sql`.
    pub path_in_models: String,
    pub relation: Relation,
    /// The merged configuration, every key with the place that set it (a list or dict: the last
    /// place).
    pub config: IndexMap<String, Setting>,
    pub tags: Vec<String>,
    pub columns: Vec<Column>,
    pub description: String,
    /// The node's own constraints, as YAML has them.
    pub constraints: Vec<Value>,
    /// As the node's first rendering recorded them.
    pub refs: Vec<RefCall>,
    pub sources: Vec<(String, String)>,
    /// Those among the two that a hook of the node refers to.
    pub hook_reads: HookReads,
    pub materialization: Materialization,
    /// The node's own `event_time`, if it has one: what its readers are filtered by.
    pub event_time: Option<EventTime>,
    pub pre_hooks: Vec<String>,
    pub post_hooks: Vec<String>,
    /// More of dbt's keys of the node, for Jinja.
    pub info: Map<String, Value>,
}

/// What the hooks of a node refer to.
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
    /// As YAML has them: dicts with `type`, `expression`, `name`.
    pub constraints: Vec<Value>,
    /// Whether a test or a constraint says that no two rows share a value.
    pub unique: bool,
    /// dbt's keys of the column but for name and description, and keys of the user's own.
    pub info: Map<String, Value>,
}

/// The column that says when a row happened.
#[derive(Clone, Debug, PartialEq)]
pub struct EventTime {
    pub column: String,
    /// Whether the author quotes it, or the properties file says `quote: true` for the column (or
    /// the source quotes its columns).
    pub quote: bool,
    /// As the properties file declares it, or `partition_by`, or dbt's catalog.
    pub data_type: Option<String>,
    /// What its type holds, or why it cannot be compared with a window.
    pub time: Result<TimeType, Box<Diagnostic>>,
    pub at: Location,
}

impl EventTime {
    /// The kind of literal that fits the column.
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
    /// A source: somebody else's table.
    External,
    MaterializedView,
    /// A Python model, or a materialization of the project's own: named here.
    Other(String),
}

/// A microbatch model's settings, present and valid.
#[derive(Clone, Debug, PartialEq)]
pub struct Microbatch {
    pub event_time: EventTime,
    /// Converted to UTC; not yet floored to a batch.
    pub begin: Instant,
    pub begin_at: Location,
    pub batch_size: Grain,
    /// Windows before the newest one that are written again, because late rows may have arrived.
    pub lookback: u32,
    /// The model's own `full_refresh`, and where it is set.
    pub full_refresh: Option<(bool, Location)>,
    pub concurrent_batches: Option<bool>,
    /// Kept for the manifest and the audit; never turns the overwrite into a merge.
    pub unique_key: Vec<String>,
    /// SQL conditions that narrow the delete and the insert alike.
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

/// What happens to rows whose event time lies outside of the window, or is null.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutsideWindow {
    /// The file fails and changes nothing.
    Error,
    Drop,
    Keep,
}

impl Node {
    /// The value of a key of the merged configuration.
    pub fn setting(&self, key: &str) -> Option<&Value> {
        self.config.get(key).map(|setting| &setting.value)
    }

    /// The CTE that stands for an ephemeral model in the query of a reader.
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
