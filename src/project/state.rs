//! The state of a project when an earlier plan was written: a plan's `state.json`, or dbt's
//! `manifest.json`. Takes the folder that `--state` names; returns the state to compare with the
//! current project. Rejects a folder that has neither file.

use std::collections::BTreeMap;
use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::content_hash::hash;
use super::files::read_named;
use super::sandbox::Sandbox;
use crate::diagnostics::{Diagnostic, SourceFile};

/// The name of the file in a plan's folder.
pub const STATE: &str = "state.json";
const DBT_MANIFEST: &str = "manifest.json";
const SCHEMA_VERSION: u32 = 1;

/// `state.json`: hashes of everything that a project consists of, whatever is selected, so that a
/// later compilation can detect changes.
#[derive(Clone, Debug, PartialEq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct State {
    pub schema_version: u32,
    /// Every model, seed, snapshot and source, by its unique id.
    pub nodes: BTreeMap<String, NodeState>,
    /// The hash of the text of every macro of the project and its packages, by dbt's id:
    /// `macro.shop.cents_to_dollars`.
    pub macros: BTreeMap<String, String>,
}

/// Hashes of a node, SHA-256 in hexadecimal digits. They are the same for every target.
#[derive(Clone, Debug, Default, PartialEq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct NodeState {
    /// Its package, folders and name, separated by dots.
    pub fqn: String,
    /// The hash of the file's text without surrounding white space, as in dbt's `raw_code`; for a
    /// seed, of its data.
    pub body: String,
    /// The hash of the configuration in YAML, its Jinja not rendered. `config()` calls are part of
    /// the body.
    pub configs: String,
    /// The hash of the configured database, schema and alias; for a source, of the parts of its
    /// name.
    pub relation: String,
    /// The hash of the descriptions that are persisted in the warehouse, if any are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub persisted_descriptions: Option<String>,
    /// The hash of the columns of an enforced contract.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contract: Option<String>,
}

/// The state to compare with.
#[derive(Clone, Debug, PartialEq)]
pub enum EarlierState {
    Plan(State),
    /// dbt's manifest, which has values instead of hashes.
    Dbt {
        nodes: BTreeMap<String, DbtNode>,
        macros: BTreeMap<String, String>,
    },
}

/// The comparable part of a node in dbt's manifest.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DbtNode {
    /// The hash of its text; `None` for a seed that is too large for dbt to hash.
    pub body: Option<String>,
    pub fqn: String,
    pub config: Map<String, Value>,
    pub schema: Option<String>,
    pub identifier: Option<String>,
    pub description: String,
    /// The description and the type of each column.
    pub columns: BTreeMap<String, (String, Option<String>)>,
}

impl State {
    pub fn new(nodes: BTreeMap<String, NodeState>, macros: BTreeMap<String, String>) -> State {
        State { schema_version: SCHEMA_VERSION, nodes, macros }
    }

    /// JSON with one line per key, and a final line break.
    pub fn text(&self) -> String {
        serde_json::to_string_pretty(self).expect("hashes by name are JSON") + "\n"
    }
}

/// Reads the state in `folder`, for the project in `root`.
pub fn earlier_state(root: &Path, folder: &Path) -> Result<EarlierState, Diagnostic> {
    let sandbox = Sandbox::around(root);
    let at = |name: &str| {
        let path = folder.join(name);
        read_named(&sandbox, &path, &path.display().to_string(), &[])
    };
    if let Some(file) = at(STATE)? {
        let state: State = json(&file)?;
        if state.schema_version != SCHEMA_VERSION {
            return Err(unreadable_state(&file, 1).note(format!(
                "its version is {}, but {SCHEMA_VERSION} is expected",
                state.schema_version
            )));
        }
        return Ok(EarlierState::Plan(state));
    }
    let hint = "name the folder of a plan, or dbt's `target` folder after `dbt parse` \
        or `dbt compile`";
    let Some(file) = at(DBT_MANIFEST)? else {
        return Err(Diagnostic::error(format!(
            "`{}` has neither `{STATE}` nor `{DBT_MANIFEST}`",
            folder.display()
        ))
        .hint(hint));
    };
    let all: Value = json(&file)?;
    if all.pointer("/metadata/dbt_schema_version").is_none() {
        let error = Diagnostic::error(format!(
            "`{}` is not dbt's manifest, and its folder has no `{STATE}`",
            file.path
        ));
        return Err(error.hint(hint));
    }
    Ok(dbt(&all))
}

fn json<T: for<'de> Deserialize<'de>>(file: &SourceFile) -> Result<T, Diagnostic> {
    serde_json::from_str(&file.text)
        .map_err(|error| unreadable_state(file, error.line()).note(error.to_string()))
}

fn unreadable_state(file: &SourceFile, line: usize) -> Diagnostic {
    let error = Diagnostic::error(format!("cannot read `{}`, which `--state` names", file.path))
        .at(file.line(line));
    error.hint("write it again: compile the earlier state of the project")
}

fn dbt(all: &Value) -> EarlierState {
    let entries = |part: &str| all.get(part).and_then(Value::as_object).into_iter().flatten();
    let nodes =
        entries("nodes").chain(entries("sources")).map(|(id, node)| (id.clone(), dbt_node(node)));
    let text = |entry: &Value| {
        entry.get("macro_sql").and_then(Value::as_str).unwrap_or_default().trim().to_string()
    };
    let macros = entries("macros").map(|(id, entry)| (id.clone(), hash([&*text(entry)])));
    EarlierState::Dbt { nodes: nodes.collect(), macros: macros.collect() }
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
