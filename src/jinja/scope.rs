//! What a template is rendered with, and what its rendering records.

use std::sync::{Arc, LazyLock};

use serde_json::{Map, Value};

use super::marks::Mark;
use crate::calendar::Instant;
use crate::diagnostics::Diagnostic;

/// The style of relation names in an engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelationStyle {
    pub quote: char,
    /// Whether database, schema and identifier are quoted.
    pub quoted: [bool; 3],
    /// Whether database, schema and identifier are included.
    pub included: [bool; 3],
}

/// A table, view or CTE by name. `Display` writes it as SQL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relation {
    pub database: Option<String>,
    pub schema: Option<String>,
    pub identifier: String,
    pub style: RelationStyle,
}

/// The batch for which a template is rendered: dbt's `model.batch`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// dbt's id: `20240901`, `20240901T05`.
    pub id: String,
    pub start: Instant,
    pub end: Instant,
}

/// The result of `ref()` and `source()`.
pub enum Referent {
    Relation {
        unique_id: String,
        relation: Relation,
    },
    /// An ephemeral model: the text contains the name of a CTE, which the caller adds to the query.
    Cte {
        unique_id: String,
        name: String,
    },
}

/// Resolves `ref()` and `source()`. Errors have no location, which the caller adds.
pub trait Lookup: Send + Sync {
    fn reference(
        &self,
        package: Option<&str>,
        name: &str,
        version: Option<&str>,
    ) -> Result<Referent, Diagnostic>;
    fn source(&self, source: &str, table: &str) -> Result<Referent, Diagnostic>;
}

/// A known column of a relation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogColumn {
    /// In the spelling of the warehouse.
    pub name: String,
    pub data_type: Option<String>,
}

/// Known relations and their columns, without a warehouse.
pub trait RelationCatalog: Send + Sync {
    /// The columns of a relation; the error explains how to declare them.
    fn columns(&self, relation: &Relation) -> Result<Vec<CatalogColumn>, Diagnostic>;
    /// Whether the relation counts as existing.
    fn exists(&self, relation: &Relation) -> bool;
}

/// A value that is computed when a template first reads it.
pub type LazyValue<T> = Arc<LazyLock<T, Box<dyn FnOnce() -> T + Send>>>;

/// A lazy value, computed by `make`.
pub fn lazy<T>(make: impl FnOnce() -> T + Send + 'static) -> LazyValue<T> {
    Arc::new(LazyLock::new(Box::new(make)))
}

/// The context of one rendering.
#[derive(Clone)]
pub struct TemplateScope {
    /// The package whose macros and variables take precedence.
    pub package: String,
    /// dbt's `execute`: false in the parse pass.
    pub execute: bool,
    /// dbt's `model`: the node, as JSON.
    pub model: LazyValue<Value>,
    /// The values of `config.get()`.
    pub config: Map<String, Value>,
    pub this: Option<Relation>,
    pub batch: Option<Batch>,
    /// The value of `is_incremental()`.
    pub incremental: bool,
    pub lookup: Arc<dyn Lookup>,
}

/// The arguments of a `ref()` call.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RefCall {
    pub package: Option<String>,
    pub name: String,
    pub version: Option<RefVersion>,
}

/// The version that a `ref()` call names.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RefVersion {
    pub text: String,
    /// Whether the call has a number: `v=2`, not `v='2'`.
    pub is_number: bool,
}

impl std::ops::Deref for RefVersion {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

impl RefCall {
    /// The call in the form of dbt's `refs` in Jinja.
    pub fn json(&self) -> serde_json::Value {
        let number = |version: &RefVersion| {
            version.is_number.then(|| version.text.parse().ok().map(serde_json::Value::Number))?
        };
        let version = |version: &RefVersion| number(version).unwrap_or(version.text.clone().into());
        serde_json::json!({
            "name": self.name, "package": self.package,
            "version": self.version.as_ref().map(version),
        })
    }
}

/// A rendered text, and the calls that the template made, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rendered {
    pub text: String,
    pub marks: Vec<Mark>,
    /// The keyword arguments of each `config()` call, hooks under `pre_hook` and `post_hook`.
    pub config: Vec<Map<String, Value>>,
    pub refs: Vec<RefCall>,
    pub sources: Vec<(String, String)>,
    /// Whether the text may depend on the batch (`model.batch`, or the legacy keys of
    /// `model.config`).
    pub reads_batch: bool,
    pub reads_this: bool,
    pub asks_incremental: bool,
    /// Whether the text may depend on the current time.
    pub reads_clock: bool,
    pub warnings: Vec<Diagnostic>,
}
