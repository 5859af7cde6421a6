//! Who reads whom. Takes the nodes; gives the graph, in order, and what a selection means in it. Refuses references to
//! nothing (with the nearest name), two nodes of one name, and cycles (drawn in the message).

pub mod changes;
mod lookup;
mod order;
mod resources;
#[cfg(test)]
mod sample;
mod select;

use std::collections::{BTreeMap, BTreeSet};

use crate::config::{Broken, Kind, Materialization, Node};
use crate::diagnostics::{Diagnostic, Diagnostics, Location};

use lookup::{Names, reference, source};
pub use lookup::{RefSearch, SeenFrom};
use resources::Resources;
pub use select::{Past, Selected, Selection};

/// Links the nodes of a project; `search` names its root package. `disabled` are the names or unique ids of models that are
/// switched off, so that a reference to one of them is told what it is; `broken` those with errors of their own, so that a
/// reference to one of them is no second error.
pub fn link(nodes: Vec<Node>, search: impl Into<RefSearch>, disabled: &[String], broken: &[Broken]) -> Result<Graph, Diagnostics> {
    let search = search.into();
    let root = search.root.clone();
    let mut wrong = Diagnostics::default();
    let mut by_id: BTreeMap<String, Node> = BTreeMap::new();
    for node in nodes {
        match by_id.get(&node.unique_id) {
            Some(first) => wrong.0.push(twice(first, &node)),
            None => _ = by_id.insert(node.unique_id.clone(), node),
        }
    }
    wrong.0.extend(one_table_for_two(&by_id));

    let ids: Vec<String> = broken.iter().map(|node| node.unique_id.clone()).collect();
    let names = Names::of(&by_id, search, disabled, &ids);
    let mut parents: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut of_broken: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut children: BTreeMap<String, BTreeSet<String>> = by_id.keys().map(|id| (id.clone(), BTreeSet::new())).collect();
    for node in by_id.values() {
        let mut read = BTreeSet::new();
        for call in &node.refs {
            match reference(&by_id, &names, &node.package, call.package.as_deref(), &call.name, call.version.as_deref()) {
                Ok(found) => _ = read.insert(found.unique_id.clone()),
                Err(unknown) => match names.broken(&call.name) {
                    Some(id) => _ = of_broken.entry(node.unique_id.clone()).or_default().insert(id.clone()),
                    None => wrong.0.push(unknown.at_maybe(Some(quoted(node, &call.name)))),
                },
            }
        }
        for (of, table) in &node.sources {
            match source(&by_id, &names, &node.package, of, table) {
                Ok(found) => _ = read.insert(found.unique_id.clone()),
                Err(unknown) => match names.broken_source(of, table) {
                    Some(id) => _ = of_broken.entry(node.unique_id.clone()).or_default().insert(id.clone()),
                    None => wrong.0.push(unknown.at_maybe(Some(quoted(node, table)))),
                },
            }
        }
        for parent in &read {
            children.entry(parent.clone()).or_default().insert(node.unique_id.clone());
        }
        parents.insert(node.unique_id.clone(), read);
    }

    for node in broken.iter().filter_map(|broken| broken.node.as_deref()) {
        let known = |found: Result<&Node, Diagnostic>, broken: Option<&String>| found.ok().map(|node| &node.unique_id).or(broken).cloned();
        let refs = node.refs.iter().filter_map(|call| {
            let found = reference(&by_id, &names, &node.package, call.package.as_deref(), &call.name, call.version.as_deref());
            known(found, names.broken(&call.name))
        });
        let sources = node
            .sources
            .iter()
            .filter_map(|(of, table)| known(source(&by_id, &names, &node.package, of, table), names.broken_source(of, table)));
        let read = refs.chain(sources).collect();
        of_broken.insert(node.unique_id.clone(), read);
    }
    let order = order::order(&by_id, &parents, &children).unwrap_or_else(|cycles| {
        wrong.0.extend(cycles.0);
        Vec::new()
    });
    let mut tables: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for node in by_id.values().filter(|node| writes(node)) {
        tables.entry(node.relation.to_string().to_lowercase()).or_default().push(node.unique_id.clone());
    }
    let sources = by_id.values().filter(|node| node.kind == Kind::Source).map(|node| node.unique_id.clone()).collect();
    let graph = Graph { nodes: by_id, parents, of_broken, children, order, root, names, tables, sources, resources: Resources::default() };
    if wrong.0.is_empty() { Ok(graph) } else { Err(wrong) }
}

/// The nodes by unique id, and who reads whom.
#[derive(Debug)]
pub struct Graph {
    pub nodes: BTreeMap<String, Node>,
    /// Unique ids that a node reads, directly.
    pub parents: BTreeMap<String, BTreeSet<String>>,
    pub children: BTreeMap<String, BTreeSet<String>>,
    /// What nodes with errors of their own read, and who reads them: they are not among the nodes.
    of_broken: BTreeMap<String, BTreeSet<String>>,
    /// Every unique id, parents before children, by name where the graph leaves it open.
    pub order: Vec<String>,
    /// The root project's name.
    pub root: String,
    names: Names,
    /// Unique ids of the nodes that write a table, by its name in lower case.
    tables: BTreeMap<String, Vec<String>>,
    /// Unique ids, in order.
    sources: Vec<String>,
    /// What a selection can name besides.
    resources: Resources,
}

impl Graph {
    /// Unique ids that a node reads, directly, those of nodes with errors of their own too.
    pub fn reads(&self, id: &str) -> Vec<String> {
        let all: BTreeSet<&String> = [&self.parents, &self.of_broken].into_iter().filter_map(|of| of.get(id)).flatten().collect();
        all.into_iter().cloned().collect()
    }

    /// In the order of their unique ids.
    pub fn sources(&self) -> impl Iterator<Item = &Node> {
        self.sources.iter().map(|id| &self.nodes[id])
    }

    /// The other nodes that write a node's table, if case does not tell names apart.
    pub fn beside(&self, node: &Node) -> impl Iterator<Item = &Node> {
        let all = self.tables.get(&node.relation.to_string().to_lowercase()).into_iter().flatten();
        all.filter(|id| **id != node.unique_id).map(|id| &self.nodes[id])
    }
}

/// Whether a node is a table, or a view, of its own.
fn writes(node: &Node) -> bool {
    node.kind != Kind::Source && !matches!(node.materialization, Materialization::Ephemeral)
}

/// Where `node` writes `name` in quotes, in a `ref()` or `source()` if it can be seen; else the start of its file.
fn quoted(node: &Node, name: &str) -> Location {
    let file = &node.file;
    let places = ['\'', '"'].into_iter().flat_map(|quote| {
        let written = format!("{quote}{name}{quote}");
        file.text.match_indices(&written).map(|(start, _)| start + 1).collect::<Vec<_>>()
    });
    let called = |start: &usize| {
        let before = file.text[..*start].rsplit_once('(').map_or("", |(before, _)| before.trim_end());
        before.ends_with("ref") || before.ends_with("source")
    };
    // `false` comes first.
    let start = places.min_by_key(|start| (!called(start), *start));
    file.at(start.map_or(0..0, |start| start..start + name.len()))
}

fn twice(first: &Node, second: &Node) -> Diagnostic {
    let what = second.source_name.as_ref().map_or_else(|| second.name.clone(), |source| format!("{source}.{}", second.name));
    Diagnostic::error(format!("`{what}` is there twice in package `{}`", second.package))
        .at(second.file.find(&second.name))
        .fact(format!("the other one is in {}", first.file.path))
        .hint("rename one of them, or set `enabled` of one to `false`")
}

/// Two nodes that would write the same table, which a warehouse takes without a word.
fn one_table_for_two(nodes: &BTreeMap<String, Node>) -> Vec<Diagnostic> {
    let mut writers: BTreeMap<_, &Node> = BTreeMap::new();
    let mut wrong = Vec::new();
    for node in nodes.values().filter(|node| writes(node)) {
        let table = &node.relation;
        match writers.get(&(&table.database, &table.schema, &table.identifier)) {
            Some(first) => {
                let parts = [table.database.as_deref(), table.schema.as_deref(), Some(table.identifier.as_str())];
                let name = parts.into_iter().flatten().collect::<Vec<_>>().join(".");
                let both = format!("`{}` and `{}` would both be written to `{name}`", first.unique_id, node.unique_id);
                let wrote = Diagnostic::error(both).at(node.file.at(0..0)).fact(format!("the other one is in {}", first.file.path));
                wrong.push(wrote.hint("give one of them another `alias` or `schema`"));
            }
            None => _ = writers.insert((&table.database, &table.schema, &table.identifier), node),
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::sample::{ephemeral, model, source, versioned};
    use super::*;
    use crate::jinja::{Lookup, Referent};
    use std::sync::Arc;

    fn messages(nodes: Vec<Node>) -> Vec<String> {
        link(nodes, "shop", &["model.shop.old_orders".into()], &[]).unwrap_err().0.into_iter().map(|one| one.message).collect()
    }

    fn id(found: Result<Referent, Diagnostic>) -> String {
        match found {
            Ok(Referent::Relation { unique_id, .. }) => unique_id,
            Ok(Referent::Cte { name, .. }) => name,
            Err(wrong) => wrong.message,
        }
    }

    #[test]
    fn parents_come_first_and_names_decide_the_rest() {
        let nodes = vec![model("b", &["z"]), model("c", &[]), model("a", &["z", "raw.events"]), model("z", &[]), source("raw", "events")];
        let graph = link(nodes, "shop", &[], &[]).unwrap();
        let names: Vec<_> = graph.order.iter().map(|id| graph.nodes[id].name.as_str()).collect();
        assert_eq!(names, ["c", "events", "z", "a", "b"]);
        assert_eq!(graph.parents["model.shop.a"].len(), 2);
        assert_eq!(graph.children["model.shop.z"].iter().collect::<Vec<_>>(), ["model.shop.a", "model.shop.b"]);
    }

    #[test]
    fn all_that_is_wrong_is_said_at_once() {
        let nodes = vec![
            model("orders", &["old_orders"]),
            model("users", &["ordres", "raw.event"]),
            model("a", &["b"]),
            model("b", &["c"]),
            model("c", &["a"]),
            model("me", &["me"]),
            source("raw", "events"),
            model("users", &[]),
        ];
        let mut said = messages(nodes);
        said.sort();
        assert_eq!(
            said,
            [
                "`a` reads `b` reads `c` reads `a`: a circle",
                "`me` reads itself",
                "`ref('old_orders')` is a model that is disabled",
                "`ref('ordres')` is no model, seed or snapshot of this project",
                "`source('raw', 'event')` is not declared",
                "`users` is there twice in package `shop`",
            ]
        );
    }

    #[test]
    fn the_nearest_name_is_suggested_where_the_author_wrote_it() {
        let wrong = link(vec![model("orders", &[]), model("users", &["ordres"])], "shop", &[], &[]).unwrap_err();
        let at = wrong.0[0].at.clone().unwrap();
        let before = &at.file.text[..at.span.start];
        assert_eq!((&*at.file.path, &at.file.text[at.span]), ("models/users.sql", "ordres"));
        assert!(before.ends_with("{{ ref('"), "not where it stands in a comment");
        assert_eq!(wrong.0[0].hints, ["did you mean `orders`?"]);
    }

    #[test]
    fn a_circle_is_drawn() {
        let wrong = link(vec![model("a", &["b"]), model("b", &["a"]), model("c", &["a"])], "shop", &[], &[]).unwrap_err();
        assert_eq!(wrong.0.len(), 1);
        assert_eq!(wrong.0[0].notes, ["`a` (models/a.sql)", "→ `b` (models/b.sql)", "→ `a`"]);
    }

    #[test]
    fn one_table_has_one_writer() {
        let mut other = model("b", &[]);
        other.relation = model("a", &[]).relation;
        assert_eq!(messages(vec![model("a", &[]), other]), ["`model.shop.a` and `model.shop.b` would both be written to `main.a`"]);
    }

    #[test]
    fn a_reference_is_searched_for_in_the_root_project_first() {
        let of = |package: &str, name: &str| {
            let mut node = model(name, &[]);
            node.unique_id = format!("model.{package}.{name}");
            node.relation.schema = Some(package.into());
            node.package = package.into();
            node
        };
        let nodes = vec![model("both", &[]), of("lib", "both"), of("lib", "only"), of("aux", "only"), ephemeral("eph", &[])];
        let own_first = RefSearch { own_package_first: true, ..RefSearch::from("shop") };
        let other = Arc::new(link(nodes.clone(), own_first, &[], &[]).unwrap());
        let graph = Arc::new(link(nodes, "shop", &[], &[]).unwrap());
        let lib = graph.seen_from("lib");
        assert_eq!(id(graph.reference(None, "both", None)), "model.shop.both");
        assert_eq!(id(lib.reference(None, "both", None)), "model.shop.both");
        assert_eq!(id(other.seen_from("lib").reference(None, "both", None)), "model.lib.both");
        assert_eq!(id(lib.reference(Some("lib"), "both", None)), "model.lib.both");
        assert_eq!(id(lib.reference(None, "only", None)), "model.lib.only");
        assert_eq!(id(graph.reference(None, "only", None)), "`ref('only')` is ambiguous: `only` is in the packages `aux`, `lib`");
        assert_eq!(id(graph.reference(None, "eph", None)), "__dbt__cte__eph");
        assert_eq!(id(graph.reference(Some("lib"), "eph", None)), "`ref('lib', 'eph')` is no model, seed or snapshot of this project");
    }

    #[test]
    fn without_a_version_it_is_the_latest() {
        let nodes =
            vec![versioned("orders", "1", false), versioned("orders", "2", true), versioned("orders", "3", false), model("users", &[])];
        let graph = link(nodes, "shop", &[], &[]).unwrap();
        assert_eq!(id(graph.reference(None, "orders", None)), "model.shop.orders.v2");
        assert_eq!(id(graph.reference(None, "orders", Some("1"))), "model.shop.orders.v1");
        assert_eq!(id(graph.reference(None, "orders", Some("9"))), "`ref('orders', v=9)`: `orders` has no version `9`");
        assert_eq!(id(graph.reference(None, "users", Some("1"))), "`ref('users', v=1)`: `users` has no versions");
    }
}
