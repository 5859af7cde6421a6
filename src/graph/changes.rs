//! What has changed since an earlier plan, or since dbt's last run: dbt's `state:` methods. Takes the graph and what there was;
//! gives for each node whether it is new and which of its sides are other than they were.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::config::{Kind, Node};
use crate::diagnostics::wide;
use crate::project::{DbtNode, Earlier, NodeState, Project, Setting, State, hash};

use super::Graph;

/// How a node differs from what it was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// There was none of its id.
    pub new: bool,
    /// It was in another folder.
    pub moved: bool,
    pub body: bool,
    pub configs: bool,
    pub relation: bool,
    pub persisted_descriptions: bool,
    pub contract: bool,
    /// A macro that its text may call, or that one of these calls.
    pub macros: bool,
}

impl Change {
    pub fn modified(self) -> bool {
        self.new || self.moved || self.body || self.configs || self.relation || self.persisted_descriptions || self.contract || self.macros
    }
}

/// By unique id.
pub type Changes = BTreeMap<String, Change>;

/// The project as it is now.
pub fn state(graph: &Graph, project: &Project) -> State {
    let seeds: BTreeMap<&str, &str> =
        project.packages.iter().flat_map(|package| &package.seeds).map(|seed| (&*seed.file.path, &*seed.data)).collect();
    let nodes: Vec<&Node> = graph.nodes.values().collect();
    let nodes = wide(&nodes, |node| (node.unique_id.clone(), node_state(node, seeds.get(&*node.file.path).copied(), project)));
    let macros = project.jinja.macros().map(|(id, text)| (id, hash([text])));
    State::new(nodes.into_iter().collect(), macros.collect())
}

/// What differs from what there was.
pub fn since(graph: &Graph, project: &Project, earlier: &Earlier) -> Changes {
    let now = state(graph, project);
    let were = match earlier {
        Earlier::Plan(state) => &state.macros,
        Earlier::Dbt { macros, .. } => macros,
    };
    let uses = project.jinja.uses();
    let change = |node: &Node| {
        let id = &node.unique_id;
        let of_now = &now.nodes[id];
        let change = match earlier {
            Earlier::Plan(state) => state.nodes.get(id).map(|was| compared(of_now, was)),
            Earlier::Dbt { nodes, .. } => nodes.get(id).map(|was| with_dbt(node, of_now, was)),
        };
        let Some(change) = change else { return Change { new: true, ..Change::default() } };
        let text = if matches!(node.kind, Kind::Model | Kind::Snapshot) { &*node.file.text } else { "" };
        let hooks = node.pre_hooks.iter().chain(&node.post_hooks).map(String::as_str);
        let macros = uses.of(hooks.chain([text])).iter().any(|id| were.get(id) != now.macros.get(id));
        Change { macros, ..change }
    };
    graph.nodes.values().map(|node| (node.unique_id.clone(), change(node))).collect()
}

fn compared(now: &NodeState, was: &NodeState) -> Change {
    Change {
        new: false,
        moved: now.fqn != was.fqn,
        body: now.body != was.body,
        configs: now.configs != was.configs,
        relation: now.relation != was.relation,
        persisted_descriptions: now.persisted_descriptions != was.persisted_descriptions,
        contract: now.contract != was.contract,
        macros: false,
    }
}

/// The keys that say where a node is, and not how it is made.
const PLACE: [&str; 3] = ["database", "schema", "alias"];
/// Those that say neither: dbt compares them with nothing.
const ASIDE: [&str; 2] = ["tags", "group"];

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
        .filter(|(key, _)| !ASIDE.contains(&key.as_str()))
        .filter_map(|(key, setting)| Some((key, written(node, setting)?)))
        .collect();
    configs.sort();
    let place = |keys: &[(&String, String)]| {
        let parts = keys.iter().filter(|(key, _)| PLACE.contains(&key.as_str()));
        parts.flat_map(|(key, value)| [key.to_string(), value.clone()]).collect::<Vec<String>>()
    };
    let relation = match node.kind {
        Kind::Source => {
            let database = node.relation.database.clone().filter(|database| Some(database) != project.target.database.as_ref());
            vec![database.unwrap_or_default(), node.relation.schema.clone().unwrap_or_default(), node.relation.identifier.clone()]
        }
        _ => place(&configs),
    };
    let columns = |of: fn(&crate::config::Column) -> String| {
        let texts: Vec<String> = node.columns.iter().flat_map(|column| [column.name.clone(), of(column)]).collect();
        hash(texts.iter().map(String::as_str))
    };
    NodeState {
        fqn: node.fqn.join("."),
        body,
        configs: hash(configs.iter().filter(|(key, _)| !PLACE.contains(&key.as_str())).flat_map(|(key, value)| [key.as_str(), value])),
        relation: hash(relation.iter().map(String::as_str)),
        persisted_descriptions: match (persists(node, "relation"), persists(node, "columns")) {
            (false, false) => None,
            (true, false) => Some(hash([&*node.description])),
            (whole, true) => {
                let description = if whole { &*node.description } else { "" };
                Some(hash([description, &columns(|column| column.description.clone())]))
            }
        },
        contract: enforced(node).then(|| columns(|column| format!("{:?} {:?}", column.data_type, column.constraints))),
    }
}

/// What a snapshot reads that is written in YAML alone, as its author wrote it.
fn relation_of_snapshot<'a>(node: &Node, project: &'a Project) -> Option<&'a str> {
    let package = project.packages.iter().find(|package| package.name == node.package && node.kind == Kind::Snapshot)?;
    package.properties.snapshots.iter().find(|patch| patch.name == node.name)?.relation.as_deref()
}

fn persists(node: &Node, what: &str) -> bool {
    node.setting("persist_docs").and_then(|docs| docs.get(what)) == Some(&true.into())
}

fn enforced(node: &Node) -> bool {
    node.setting("contract").and_then(|contract| contract.get("enforced")) == Some(&true.into())
}

/// A setting as its author wrote it, so that it is the same in every target; none for one that stands in the node's own text.
fn written(node: &Node, setting: &Setting) -> Option<String> {
    let at = &setting.at;
    let nested = matches!(setting.value, Value::Array(_) | Value::Object(_));
    if at.file.path == node.file.path && node.kind != Kind::Source && !nested {
        return None;
    }
    let text = at.file.text.get(at.span.clone()).unwrap_or_default();
    Some(if text.contains("{{") { text.to_string() } else { setting.value.to_string() })
}

/// Against dbt's manifest, which has values: those that do not depend on a target are compared.
fn with_dbt(node: &Node, now: &NodeState, was: &DbtNode) -> Change {
    let differs = |key: &str, value: &Value| {
        let setting = node.config.get(key);
        let depends = |setting: &Setting| setting.at.file.text.get(setting.at.span.clone()).unwrap_or_default().contains("{{");
        if setting.is_some_and(depends) || value.is_object() || value.is_array() || ASIDE.contains(&key) {
            return false;
        }
        match setting.map(|setting| &setting.value) {
            Some(value_now) => plain(value_now) != plain(value),
            None => !value.is_null() && !DEFAULTS.contains(&(key, &plain(value))),
        }
    };
    let columns_now = node.columns.iter().map(|column| (&column.name, (&column.description, &column.data_type)));
    let columns_now: BTreeMap<_, _> = columns_now.collect();
    let described = |name: &String| columns_now.get(name).map(|(description, _)| description.trim());
    let typed = |name: &String| columns_now.get(name).and_then(|(_, data_type)| data_type.as_ref());
    let names = || was.columns.keys().chain(columns_now.keys().copied());
    let relation = match node.kind {
        Kind::Source => was.identifier.as_ref() != Some(&node.relation.identifier) || was.schema != node.relation.schema,
        _ => PLACE.iter().any(|key| was.config.get(*key).is_some_and(|value| differs(key, value))),
    };
    Change {
        new: false,
        moved: now.fqn != was.fqn,
        body: node.kind != Kind::Source && was.body.as_ref().is_some_and(|body| *body != now.body),
        configs: was.config.iter().any(|(key, value)| !PLACE.contains(&key.as_str()) && differs(key, value)),
        relation,
        persisted_descriptions: (persists(node, "relation") && node.description.trim() != was.description.trim())
            || (persists(node, "columns") && names().any(|name| described(name) != was.columns.get(name).map(|(said, _)| said.trim()))),
        contract: enforced(node) && names().any(|name| typed(name) != was.columns.get(name).and_then(|(_, data_type)| data_type.as_ref())),
        macros: false,
    }
}

/// What dbt's manifest holds where nothing is set.
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
