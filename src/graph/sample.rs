//! Small nodes for the tests of this module.

use crate::config::{Kind, Materialization, Node};
use crate::diagnostics::SourceFile;
use crate::jinja::{RefCall, Relation, RelationStyle};
use crate::project::Setting;

/// A view of the package `shop` in `models/<name>.sql` that reads `reads`: a name, or
/// `source.table`.
pub(super) fn model(name: &str, reads: &[&str]) -> Node {
    let mut node =
        node(Kind::Model, name, format!("model.shop.{name}"), format!("models/{name}.sql"));
    let quoted: Vec<_> = reads.iter().map(|name| format!("'{name}'")).collect();
    let (sources, refs): (Vec<&str>, Vec<&str>) = reads.iter().partition(|name| name.contains('.'));
    node.refs = refs
        .iter()
        .map(|name| RefCall { package: None, name: (*name).into(), version: None })
        .collect();
    node.sources = sources
        .iter()
        .filter_map(|name| name.split_once('.'))
        .map(|(of, table)| (of.into(), table.into()))
        .collect();
    node.file = SourceFile::new(
        node.path.as_str(),
        format!("-- {0}\nselect {0} from {{{{ ref({0}) }}}}", quoted.join(", ")),
    );
    node
}

pub(super) fn ephemeral(name: &str, reads: &[&str]) -> Node {
    Node { materialization: Materialization::Ephemeral, ..model(name, reads) }
}

pub(super) fn versioned(name: &str, version: &str, is_latest: bool) -> Node {
    let file = model(&format!("{name}_v{version}"), &[]);
    let fqn = vec!["shop".into(), name.into(), format!("v{version}")];
    let unique_id = format!("model.shop.{name}.v{version}");
    Node { unique_id, name: name.into(), version: Some(version.into()), is_latest, fqn, ..file }
}

pub(super) fn source(of: &str, table: &str) -> Node {
    let mut node =
        node(Kind::Source, table, format!("source.shop.{of}.{table}"), format!("models/_{of}.yml"));
    node.source_name = Some(of.into());
    node.fqn = vec!["shop".into(), of.into(), table.into()];
    node.materialization = Materialization::External;
    node
}

pub(super) fn seed(name: &str) -> Node {
    let seed = node(Kind::Seed, name, format!("seed.shop.{name}"), format!("seeds/{name}.csv"));
    Node { materialization: Materialization::Seed, ..seed }
}

/// Moves the node into a folder of `models`.
pub(super) fn inside(folder: &str, mut node: Node) -> Node {
    node.path_in_models = format!("{folder}/{}.sql", node.name);
    node.path = format!("models/{}", node.path_in_models);
    node.file.path = node.path.as_str().into();
    node.fqn.splice(1..1, folder.split('/').map(String::from));
    node
}

pub(super) fn tagged(tags: &[&str], node: Node) -> Node {
    Node { tags: tags.iter().map(ToString::to_string).collect(), ..node }
}

pub(super) fn set(key: &str, value: serde_json::Value, mut node: Node) -> Node {
    node.config.insert(key.into(), Setting { value, at: node.file.at(0..0) });
    node
}

fn node(kind: Kind, name: &str, unique_id: String, path: String) -> Node {
    let style = RelationStyle { quote: '"', quoted: [true; 3], included: [true; 3] };
    Node {
        unique_id,
        kind,
        name: name.into(),
        source_name: None,
        package: "shop".into(),
        version: None,
        is_latest: false,
        fqn: vec!["shop".into(), name.into()],
        file: SourceFile::new(path.as_str(), ""),
        path_in_models: path.split_once('/').map_or(String::new(), |(_, below)| below.into()),
        path,
        relation: Relation {
            database: None,
            schema: Some("main".into()),
            identifier: name.into(),
            style,
        },
        config: Default::default(),
        tags: Vec::new(),
        columns: Vec::new(),
        description: String::new(),
        constraints: Vec::new(),
        refs: Vec::new(),
        sources: Vec::new(),
        hook_reads: Default::default(),
        materialization: Materialization::View,
        event_time: None,
        pre_hooks: Vec::new(),
        post_hooks: Vec::new(),
        attributes: Default::default(),
        granularities: Vec::new(),
    }
}
