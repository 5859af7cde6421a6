//! Changes since an earlier plan or since dbt's last run, for dbt's `state:` methods. Takes the
//! graph and the earlier state; returns for each node whether it is new and what differs.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::config::{Kind, Node};
use crate::diagnostics::par_map;
use crate::project::{DbtNode, EarlierState, NodeState, Project, Setting, State, hash};

use super::Graph;

/// The differences of a node from its earlier state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NodeChange {
    /// The earlier state has no node with its unique id.
    pub new: bool,
    /// Its `fqn` differs: it was in another folder.
    pub moved: bool,
    pub body: bool,
    pub configs: bool,
    pub relation: bool,
    pub persisted_descriptions: bool,
    pub contract: bool,
    /// A macro that its text may call, directly or through other macros, differs.
    pub macros: bool,
}

impl NodeChange {
    /// dbt's `state:modified`.
    pub fn modified(self) -> bool {
        self.new
            || self.moved
            || self.body
            || self.configs
            || self.relation
            || self.persisted_descriptions
            || self.contract
            || self.macros
    }
}

/// The differences of each node, by unique id.
pub type Changes = BTreeMap<String, NodeChange>;

/// The current state of the project.
pub fn state(graph: &Graph, project: &Project) -> State {
    let seeds: BTreeMap<&str, &str> = project
        .packages
        .iter()
        .flat_map(|package| &package.seeds)
        .map(|seed| (&*seed.file.path, &*seed.data))
        .collect();
    let nodes: Vec<&Node> = graph.nodes.values().collect();
    let nodes = par_map(&nodes, |node| {
        (node.unique_id.clone(), node_state(node, seeds.get(&*node.file.path).copied(), project))
    });
    let macros = project.jinja.macros().map(|(id, text)| (id, hash([text])));
    State::new(nodes.into_iter().collect(), macros.collect())
}

/// The differences of the current state from the earlier one.
pub fn since(graph: &Graph, project: &Project, earlier: &EarlierState) -> Changes {
    let now = state(graph, project);
    let earlier_macros = match earlier {
        EarlierState::Plan(state) => &state.macros,
        EarlierState::Dbt { macros, .. } => macros,
    };
    let uses = project.jinja.macro_dependencies();
    let change = |node: &Node| {
        let id = &node.unique_id;
        let current = &now.nodes[id];
        let change = match earlier {
            EarlierState::Plan(state) => {
                state.nodes.get(id).map(|before| difference(current, before))
            }
            EarlierState::Dbt { nodes, .. } => {
                nodes.get(id).map(|before| difference_from_dbt(node, current, before))
            }
        };
        let Some(change) = change else { return NodeChange { new: true, ..NodeChange::default() } };
        let text =
            if matches!(node.kind, Kind::Model | Kind::Snapshot) { &*node.file.text } else { "" };
        let hooks = node.pre_hooks.iter().chain(&node.post_hooks).map(|hook| hook.sql.as_str());
        let macros = uses
            .of(hooks.chain([text]))
            .iter()
            .any(|id| earlier_macros.get(id) != now.macros.get(id));
        NodeChange { macros, ..change }
    };
    graph.nodes.values().map(|node| (node.unique_id.clone(), change(node))).collect()
}

fn difference(now: &NodeState, before: &NodeState) -> NodeChange {
    NodeChange {
        new: false,
        moved: now.fqn != before.fqn,
        body: now.body != before.body,
        configs: now.configs != before.configs,
        relation: now.relation != before.relation,
        persisted_descriptions: now.persisted_descriptions != before.persisted_descriptions,
        contract: now.contract != before.contract,
        macros: false,
    }
}

/// Configuration keys that determine a node's relation.
const RELATION_KEYS: [&str; 3] = ["database", "schema", "alias"];
/// Configuration keys that dbt does not compare.
const UNCOMPARED_KEYS: [&str; 2] = ["tags", "group"];

fn node_state(node: &Node, data: Option<&str>, project: &Project) -> NodeState {
    let body = match node.kind {
        Kind::Seed => data.unwrap_or_default().to_string(),
        Kind::Source => String::new(),
        Kind::Model | Kind::Snapshot => match relation_of_snapshot(node, project) {
            Some(relation) => hash([format!("select * from {{{{ {relation} }}}}").as_str()]),
            None => hash([node.file.text.trim()]),
        },
    };
    let mut configs: Vec<(&String, String)> = node
        .config
        .iter()
        .filter(|(key, _)| !UNCOMPARED_KEYS.contains(&key.as_str()))
        .filter_map(|(key, setting)| Some((key, source_text(node, setting)?)))
        .collect();
    configs.sort();
    let relation_settings = |keys: &[(&String, String)]| {
        let parts = keys.iter().filter(|(key, _)| RELATION_KEYS.contains(&key.as_str()));
        parts.flat_map(|(key, value)| [key.to_string(), value.clone()]).collect::<Vec<String>>()
    };
    let relation = match node.kind {
        Kind::Source => {
            let database = node
                .relation
                .database
                .clone()
                .filter(|database| Some(database) != project.target.database.as_ref());
            vec![
                database.unwrap_or_default(),
                node.relation.schema.clone().unwrap_or_default(),
                node.relation.identifier.clone(),
            ]
        }
        _ => relation_settings(&configs),
    };
    let columns = |of: fn(&crate::config::Column) -> String| {
        let texts: Vec<String> =
            node.columns.iter().flat_map(|column| [column.name.clone(), of(column)]).collect();
        hash(texts.iter().map(String::as_str))
    };
    NodeState {
        fqn: node.fqn.join("."),
        body,
        configs: hash(
            configs
                .iter()
                .filter(|(key, _)| !RELATION_KEYS.contains(&key.as_str()))
                .flat_map(|(key, value)| [key.as_str(), value]),
        ),
        relation: hash(relation.iter().map(String::as_str)),
        persisted_descriptions: match (persists(node, "relation"), persists(node, "columns")) {
            (false, false) => None,
            (true, false) => Some(hash([&*node.description])),
            (with_description, true) => {
                let description = if with_description { &*node.description } else { "" };
                Some(hash([description, &columns(|column| column.description.clone())]))
            }
        },
        contract: enforced(node)
            .then(|| columns(|column| format!("{:?} {:?}", column.data_type, column.constraints))),
    }
}

/// The `relation` of a snapshot that is defined in YAML, as its author wrote it.
fn relation_of_snapshot<'a>(node: &Node, project: &'a Project) -> Option<&'a str> {
    let package = project
        .packages
        .iter()
        .find(|package| package.name == node.package && node.kind == Kind::Snapshot)?;
    package.properties.snapshots.iter().find(|patch| patch.name == node.name)?.relation.as_deref()
}

fn persists(node: &Node, what: &str) -> bool {
    node.setting("persist_docs").and_then(|docs| docs.get(what)) == Some(&true.into())
}

fn enforced(node: &Node) -> bool {
    node.setting("contract").and_then(|contract| contract.get("enforced")) == Some(&true.into())
}

/// A setting as its author wrote it, so that it is equal in every target; `None` if it is set in
/// the node's SQL file.
fn source_text(node: &Node, setting: &Setting) -> Option<String> {
    let at = &setting.at;
    let nested = matches!(setting.value, Value::Array(_) | Value::Object(_));
    if at.file.path == node.file.path && node.kind != Kind::Source && !nested {
        return None;
    }
    let text = at.file.text.get(at.span.clone()).unwrap_or_default();
    Some(if text.contains("{{") { text.to_string() } else { setting.value.to_string() })
}

/// Compares with dbt's manifest, which has resolved values: only settings that do not depend on the
/// target are compared.
fn difference_from_dbt(node: &Node, now: &NodeState, before: &DbtNode) -> NodeChange {
    let differs = |key: &str, value: &Value| {
        let setting = node.config.get(key);
        let depends = |setting: &Setting| {
            setting.at.file.text.get(setting.at.span.clone()).unwrap_or_default().contains("{{")
        };
        if setting.is_some_and(depends)
            || value.is_object()
            || value.is_array()
            || UNCOMPARED_KEYS.contains(&key)
        {
            return false;
        }
        match setting.map(|setting| &setting.value) {
            Some(value_now) => plain(value_now) != plain(value),
            None => !value.is_null() && !DEFAULTS.contains(&(key, &plain(value))),
        }
    };
    let columns_now =
        node.columns.iter().map(|column| (&column.name, (&column.description, &column.data_type)));
    let columns_now: BTreeMap<_, _> = columns_now.collect();
    let described =
        |name: &String| columns_now.get(name).map(|(description, _)| description.trim());
    let typed = |name: &String| columns_now.get(name).and_then(|(_, data_type)| data_type.as_ref());
    let names = || before.columns.keys().chain(columns_now.keys().copied());
    let relation = match node.kind {
        Kind::Source => {
            before.identifier.as_ref() != Some(&node.relation.identifier)
                || before.schema != node.relation.schema
        }
        _ => RELATION_KEYS
            .iter()
            .any(|key| before.config.get(*key).is_some_and(|value| differs(key, value))),
    };
    NodeChange {
        new: false,
        moved: now.fqn != before.fqn,
        body: node.kind != Kind::Source
            && before.body.as_ref().is_some_and(|body| *body != now.body),
        configs: before
            .config
            .iter()
            .any(|(key, value)| !RELATION_KEYS.contains(&key.as_str()) && differs(key, value)),
        relation,
        persisted_descriptions: (persists(node, "relation")
            && node.description.trim() != before.description.trim())
            || (persists(node, "columns")
                && names().any(|name| {
                    described(name)
                        != before.columns.get(name).map(|(description, _)| description.trim())
                })),
        contract: enforced(node)
            && names().any(|name| {
                typed(name)
                    != before.columns.get(name).and_then(|(_, data_type)| data_type.as_ref())
            }),
        macros: false,
    }
}

/// The values in dbt's manifest of settings that are not set.
const DEFAULTS: [(&str, &str); 10] = [
    ("enabled", "true"),
    ("materialized", "view"),
    ("materialized", "seed"),
    ("materialized", "snapshot"),
    ("on_schema_change", "ignore"),
    ("on_configuration_change", "apply"),
    ("access", "protected"),
    ("lookback", "1"),
    ("static_analysis", "off"),
    ("delimiter", ","),
];

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_string)
}
