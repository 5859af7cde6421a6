//! What a project was when an earlier plan was made: a plan's `state.json`, or dbt's own
//! `manifest.json`. Takes the folder that `--state` names; gives what is to be compared with the
//! project of now. Refuses a folder that holds neither.

use std::collections::BTreeMap;
use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::files::read_named;
use super::sandbox::Sandbox;
use crate::diagnostics::{Diagnostic, SourceFile};

/// The name of the file in a plan's folder.
pub const STATE: &str = "state.json";
const DBT_MANIFEST: &str = "manifest.json";
const SCHEMA_VERSION: u32 = 1;

/// `state.json`: hashes of all that a project is made of, whatever was selected, so that a later
/// one can tell what has changed.
#[derive(Clone, Debug, PartialEq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct State {
    pub schema_version: u32,
    /// Every model, seed, snapshot and source, by its unique id.
    pub nodes: BTreeMap<String, NodeState>,
    /// Of the text of every macro of the project and its packages, by dbt's id:
    /// `macro.shop.cents_to_dollars`.
    pub macros: BTreeMap<String, String>,
}

/// Hashes of a node, which are the same in every target: SHA-256 in hexadecimal digits.
#[derive(Clone, Debug, Default, PartialEq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct NodeState {
    /// Its package, folders and name, between dots.
    pub fqn: String,
    /// Of the file's text without surrounding white space, as dbt's `raw_code` has it; of a seed
    /// its data.
    pub body: String,
    /// Of what YAML configures, its Jinja not rendered. What a `config()` call sets is part of the
    /// body.
    pub configs: String,
    /// Of the database, schema and alias that are configured; of a source its parts.
    pub relation: String,
    /// Of the descriptions that are persisted in the warehouse, if any are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub persisted_descriptions: Option<String>,
    /// Of the columns of an enforced contract.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contract: Option<String>,
}

/// What there was before.
#[derive(Clone, Debug, PartialEq)]
pub enum Earlier {
    Plan(State),
    /// dbt's manifest, which has values where a plan's state has hashes.
    Dbt {
        nodes: BTreeMap<String, DbtNode>,
        macros: BTreeMap<String, String>,
    },
}

/// As much of a node in dbt's manifest as can be compared.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DbtNode {
    /// The hash of its text; none of a seed that dbt finds too large to look into.
    pub body: Option<String>,
    pub fqn: String,
    pub config: Map<String, Value>,
    pub schema: Option<String>,
    pub identifier: Option<String>,
    pub description: String,
    /// Of each column its description and its type.
    pub columns: BTreeMap<String, (String, Option<String>)>,
}

impl State {
    pub fn new(nodes: BTreeMap<String, NodeState>, macros: BTreeMap<String, String>) -> State {
        State { schema_version: SCHEMA_VERSION, nodes, macros }
    }

    /// JSON, a node and a macro a line apart, with a line break at its end.
    pub fn text(&self) -> String {
        serde_json::to_string_pretty(self).expect("hashes by name are JSON") + "\n"
    }
}

/// The hash of texts, each apart from the next.
pub fn hash<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let mut hash = Sha256::new();
    for (nth, part) in parts.into_iter().enumerate() {
        if nth > 0 {
            hash.update([0]);
        }
        hash.update(part.as_bytes());
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Reads what lies in `folder`, for the project in `root`.
pub fn earlier(root: &Path, folder: &Path) -> Result<Earlier, Diagnostic> {
    let fence = Sandbox::around(root);
    let at = |name: &str| {
        let path = folder.join(name);
        read_named(&fence, &path, &path.display().to_string(), &[])
    };
    if let Some(file) = at(STATE)? {
        let state: State = json(&file)?;
        if state.schema_version != SCHEMA_VERSION {
            return Err(not_readable(&file, 1).fact(format!(
                "its version is {}, and this program knows {SCHEMA_VERSION}",
                state.schema_version
            )));
        }
        return Ok(Earlier::Plan(state));
    }
    let hint = "give the folder of a plan, or dbt's `target` folder as it was after `dbt parse` \
        or `dbt compile`";
    let Some(file) = at(DBT_MANIFEST)? else {
        return Err(Diagnostic::error(format!(
            "`{}` holds no `{STATE}` and no `{DBT_MANIFEST}` to compare with",
            folder.display()
        ))
        .hint(hint));
    };
    let all: Value = json(&file)?;
    if all.pointer("/metadata/dbt_schema_version").is_none() {
        let error = Diagnostic::error(format!(
            "`{}` is not dbt's, and beside it is no `{STATE}`",
            file.path
        ));
        return Err(error.hint(hint));
    }
    Ok(dbt(&all))
}

fn json<T: for<'de> Deserialize<'de>>(file: &SourceFile) -> Result<T, Diagnostic> {
    serde_json::from_str(&file.text)
        .map_err(|error| not_readable(file, error.line()).fact(error.to_string()))
}

fn not_readable(file: &SourceFile, line: usize) -> Diagnostic {
    let error =
        Diagnostic::error(format!("`{}`, given by `--state`, can't be compared with", file.path))
            .at(file.line(line));
    error.hint("make it anew: compile the earlier state of the project")
}

fn dbt(all: &Value) -> Earlier {
    let entries = |part: &str| all.get(part).and_then(Value::as_object).into_iter().flatten();
    let nodes =
        entries("nodes").chain(entries("sources")).map(|(id, node)| (id.clone(), dbt_node(node)));
    let text = |entry: &Value| {
        entry.get("macro_sql").and_then(Value::as_str).unwrap_or_default().trim().to_string()
    };
    let macros = entries("macros").map(|(id, entry)| (id.clone(), hash([&*text(entry)])));
    Earlier::Dbt { nodes: nodes.collect(), macros: macros.collect() }
}

fn dbt_node(node: &Value) -> DbtNode {
    let text = |of: &Value, key: &str| of.get(key).and_then(Value::as_str).map(str::to_string);
    let raw = text(node, "raw_code").filter(|raw| !raw.is_empty()).map(|raw| hash([raw.trim()]));
    let checksum =
        node.get("checksum").filter(|checksum| text(checksum, "name").as_deref() == Some("sha256"));
    let columns = node.get("columns").and_then(Value::as_object).into_iter().flatten();
    let column = |(name, column): (&String, &Value)| {
        (name.clone(), (text(column, "description").unwrap_or_default(), text(column, "data_type")))
    };
    DbtNode {
        body: raw.or_else(|| checksum.and_then(|checksum| text(checksum, "checksum"))),
        fqn: node
            .get("fqn")
            .map(super::list)
            .unwrap_or_default()
            .iter()
            .filter_map(Value::as_str)
            .collect::<Vec<_>>()
            .join("."),
        config: node.get("config").and_then(Value::as_object).cloned().unwrap_or_default(),
        schema: text(node, "schema"),
        identifier: text(node, "identifier"),
        description: text(node, "description").unwrap_or_default(),
        columns: columns.map(column).collect(),
    }
}
