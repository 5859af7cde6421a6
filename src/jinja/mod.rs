//! The language of models: dbt's Jinja on minijinja. Takes a template and what it may ask of the outside ([`Scope`]),
//! gives the text and what the template said of itself on the way ([`Rendered`]). Knows no stage.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::calendar::Instant;
use crate::diagnostics::{Diagnostic, Diagnostics, SourceFile};

/// How an engine writes the name of a relation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelationStyle {
    pub quote: char,
    /// Whether database, schema and identifier are quoted.
    pub quoted: [bool; 3],
    /// Whether database, schema and identifier are written at all.
    pub included: [bool; 3],
}

/// A table, view or CTE by name. Rendered (`Display`) as the engine writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relation {
    pub database: Option<String>,
    pub schema: Option<String>,
    pub identifier: String,
    pub style: RelationStyle,
}

/// Why a relation's name stands in a rendered text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MarkKind {
    /// `ref()` or `source()`: an input, by its unique id.
    Input(String),
    /// `ref(…).render()`: an input whose author wants it whole.
    OptOut(String),
    /// `{{ this }}`.
    This,
}

/// Where in the rendered text a relation was written by Jinja. `span` counts bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    pub span: Range<usize>,
    pub kind: MarkKind,
}

/// The batch that a template is rendered for: dbt's `model.batch`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// dbt's id: `20240901`, `20240901T05`.
    pub id: String,
    pub start: Instant,
    pub end: Instant,
}

/// What `ref()` and `source()` stand for.
pub enum Referent {
    Relation {
        unique_id: String,
        relation: Relation,
    },
    /// An ephemeral model: the text refers to a CTE of this name, which the caller puts before the query.
    Cte {
        unique_id: String,
        name: String,
    },
}

/// Answers what a template asks of the project. An error is a message, without its place: the caller knows that.
pub trait Lookup: Send + Sync {
    fn reference(&self, package: Option<&str>, name: &str, version: Option<&str>) -> Result<Referent, Diagnostic>;
    fn source(&self, source: &str, table: &str) -> Result<Referent, Diagnostic>;
}

/// What one rendering may know.
#[derive(Clone)]
pub struct Scope {
    /// The package whose macros and variables come first.
    pub package: String,
    /// dbt's `execute`: false while a model only says what it is.
    pub execute: bool,
    /// dbt's `model`: the node, as JSON.
    pub model: Value,
    /// What `config.get()` answers.
    pub config: Map<String, Value>,
    pub this: Option<Relation>,
    pub batch: Option<Batch>,
    /// What `is_incremental()` answers.
    pub incremental: bool,
    pub lookup: Arc<dyn Lookup>,
}

/// A `ref()` as it was called.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RefCall {
    pub package: Option<String>,
    pub name: String,
    pub version: Option<String>,
}

/// A rendered text, and what the template said and asked on the way, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rendered {
    pub text: String,
    pub marks: Vec<Mark>,
    /// The keyword arguments of each `config()` call, hooks under `pre_hook` and `post_hook`.
    pub config: Vec<Map<String, Value>>,
    pub refs: Vec<RefCall>,
    pub sources: Vec<(String, String)>,
    /// Whether the text may depend on the batch (`model.batch`, or the legacy keys of `model.config`).
    pub reads_batch: bool,
    pub reads_this: bool,
    pub asks_incremental: bool,
    pub warnings: Vec<Diagnostic>,
}

/// The macros of one package.
pub struct MacroPackage {
    pub name: String,
    pub files: Vec<SourceFile>,
    /// The variables that the package's own `dbt_project.yml` sets for itself.
    pub vars: Map<String, Value>,
}

/// What all renderings of one project share.
pub struct Settings {
    /// The project itself first.
    pub packages: Vec<MacroPackage>,
    /// dbt's `dispatch:` config: macro namespace to search order.
    pub dispatch: BTreeMap<String, Vec<String>>,
    /// The dialect and the ones it is like, nearest first: `redshift`, `postgres`. `adapter.dispatch` looks for these prefixes.
    pub adapters: Vec<String>,
    /// dbt's `target`.
    pub target: Map<String, Value>,
    /// `--vars`, which win over the packages' own.
    pub vars: Map<String, Value>,
    pub environment: BTreeMap<String, String>,
    pub now: Instant,
    pub full_refresh: bool,
    pub style: RelationStyle,
    /// dbt's `graph`, filled once the nodes are known.
    pub graph: Value,
}

/// The macros of a project, ready to render its models.
pub struct Jinja {}

impl Jinja {
    pub fn new(_settings: Settings) -> Result<Jinja, Diagnostics> {
        todo!()
    }

    /// The text of `template`, and what it said of itself.
    pub fn render(&self, _template: &SourceFile, _scope: &Scope) -> Result<Rendered, Diagnostic> {
        todo!()
    }

    /// What a macro returns (`generate_schema_name` and its kin), as text without surrounding white space.
    pub fn call(&self, _name: &str, _arguments: &[Value], _scope: &Scope) -> Result<String, Diagnostic> {
        todo!()
    }
}

/// What the values of a YAML file may ask: no macros, no models.
pub struct YamlScope<'a> {
    pub vars: &'a Map<String, Value>,
    pub environment: &'a BTreeMap<String, String>,
    pub target: &'a Map<String, Value>,
}

/// A value of a YAML file with its Jinja rendered; text without Jinja comes back as it is, `as_bool`, `as_number` and
/// `as_native` give what they say. The error is a message without its place.
pub fn yaml_value(_text: &str, _scope: &YamlScope) -> Result<Value, Diagnostic> {
    todo!()
}
