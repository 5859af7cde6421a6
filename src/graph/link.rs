//! Resolves the references of nodes: the dependencies, their order, and the errors of unknown
//! names, duplicates, cycles and tables with several writers.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::{Broken, Kind, Node};
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::jinja::RefCall;

use super::lookup::{NameIndex, RefSearch, reference, source};
use super::reference_location::reference_location;
use super::resources::Resources;
use super::{Graph, access, order, writes};

/// Links the nodes of a project; `search` names its root package. `disabled` has the names or
/// unique ids of disabled models, for messages about references to them. `broken` has the nodes
/// with errors: a reference to one of them is not a second error.
pub fn link(
    nodes: Vec<Node>,
    search: impl Into<RefSearch>,
    disabled: &[String],
    broken: &[Broken],
) -> Result<Graph, Diagnostics> {
    let search = search.into();
    let root = search.root.clone();
    let mut errors = Diagnostics::default();
    let mut by_id: BTreeMap<String, Node> = BTreeMap::new();
    let is_source = |node: &&Node| node.kind == Kind::Source;
    let declared = nodes.iter().filter(is_source).map(|node| node.unique_id.clone()).collect();
    for node in nodes {
        match by_id.get(&node.unique_id) {
            Some(first) => errors.0.push(duplicate(first, &node)),
            None => _ = by_id.insert(node.unique_id.clone(), node),
        }
    }
    errors.0.extend(shared_tables(&by_id));

    let ids: Vec<String> = broken.iter().map(|node| node.unique_id.clone()).collect();
    let names = NameIndex::of(&by_id, search, disabled, &ids);
    errors.0.extend(by_id.values().filter_map(access::public_ephemeral));
    let children = by_id.keys().map(|id| (id.clone(), BTreeSet::new())).collect();
    let mut links = Links { children, ..Links::default() };
    by_id.values().for_each(|node| links.add(&by_id, &names, node));
    let read = broken.iter().filter_map(|broken| broken.node.as_deref());
    read.for_each(|node| links.add_broken(&by_id, &names, node));
    errors.0.append(&mut links.errors);

    let order = order::order(&by_id, &links.parents, &links.children).unwrap_or_else(|cycles| {
        errors.0.extend(cycles.0);
        Vec::new()
    });
    let mut tables: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for node in by_id.values().filter(|node| writes(node)) {
        tables
            .entry(node.relation.to_string().to_lowercase())
            .or_default()
            .push(node.unique_id.clone());
    }
    let sources = by_id.values().filter(is_source).map(|node| node.unique_id.clone()).collect();
    let graph = Graph {
        declared_sources: declared,
        nodes: by_id,
        parents: links.parents,
        of_broken: links.of_broken,
        children: links.children,
        order,
        root,
        names,
        tables,
        sources,
        resources: Resources::default(),
    };
    if errors.0.is_empty() { Ok(graph) } else { Err(errors) }
}

/// The dependencies of the nodes by unique id, and the errors in their references.
#[derive(Default)]
struct Links {
    parents: BTreeMap<String, BTreeSet<String>>,
    children: BTreeMap<String, BTreeSet<String>>,
    /// As in [`Graph`].
    of_broken: BTreeMap<String, BTreeSet<String>>,
    errors: Vec<Diagnostic>,
}

impl Links {
    /// Resolves the references of a node.
    fn add(&mut self, nodes: &BTreeMap<String, Node>, names: &NameIndex, node: &Node) {
        let mut inputs = BTreeSet::new();
        for call in &node.refs {
            match referenced(nodes, names, node, call) {
                Ok(input) => {
                    let refused = (node.kind != Kind::Seed)
                        .then(|| access::access_error(node.into(), input, names.restricted()))
                        .flatten();
                    self.errors.extend(
                        refused.map(|error| {
                            error.at_maybe(Some(reference_location(node, &call.name)))
                        }),
                    );
                    inputs.insert(input.unique_id.clone());
                }
                Err(unknown) => {
                    self.add_unknown(node, names.broken(&call.name), unknown, &call.name);
                }
            }
        }
        for (of, table) in &node.sources {
            match source(nodes, names, &node.package, of, table) {
                Ok(input) => _ = inputs.insert(input.unique_id.clone()),
                Err(unknown) => {
                    self.add_unknown(node, names.broken_source(of, table), unknown, table);
                }
            }
        }
        for parent in &inputs {
            self.children.entry(parent.clone()).or_default().insert(node.unique_id.clone());
        }
        self.parents.insert(node.unique_id.clone(), inputs);
    }

    /// Adds a read of the node with errors that has the name, else the error of an unknown name.
    fn add_unknown(
        &mut self,
        node: &Node,
        broken: Option<&String>,
        unknown: Diagnostic,
        name: &str,
    ) {
        match broken {
            Some(id) => {
                self.of_broken.entry(node.unique_id.clone()).or_default().insert(id.clone());
            }
            None => self.errors.push(unknown.at_maybe(Some(reference_location(node, name)))),
        }
    }

    /// Resolves what is known of the references of a node with errors.
    fn add_broken(&mut self, nodes: &BTreeMap<String, Node>, names: &NameIndex, node: &Node) {
        let known = |node: Result<&Node, Diagnostic>, broken: Option<&String>| {
            node.ok().map(|node| &node.unique_id).or(broken).cloned()
        };
        let refs = node.refs.iter().filter_map(|call| {
            known(referenced(nodes, names, node, call), names.broken(&call.name))
        });
        let sources = node.sources.iter().filter_map(|(of, table)| {
            known(source(nodes, names, &node.package, of, table), names.broken_source(of, table))
        });
        self.of_broken.insert(node.unique_id.clone(), refs.chain(sources).collect());
    }
}

/// The node that a `ref()` of `node` names.
pub(super) fn referenced<'a>(
    nodes: &'a BTreeMap<String, Node>,
    names: &NameIndex,
    node: &Node,
    call: &RefCall,
) -> Result<&'a Node, Diagnostic> {
    let (package, version) = (call.package.as_deref(), call.version.as_deref());
    reference(nodes, names, &node.package, package, &call.name, version)
}

fn duplicate(first: &Node, second: &Node) -> Diagnostic {
    let what = second
        .source_name
        .as_ref()
        .map_or_else(|| second.name.clone(), |source| format!("{source}.{}", second.name));
    Diagnostic::error(format!("duplicate `{what}` in package `{}`", second.package))
        .at(second.file.find(&second.name))
        .note(format!("the other one is in {}", first.file.path))
        .hint("rename one of them, or set `enabled` of one to `false`")
}

/// Errors for nodes that write the same table, which a warehouse would not report.
fn shared_tables(nodes: &BTreeMap<String, Node>) -> Vec<Diagnostic> {
    let mut writers: BTreeMap<_, &Node> = BTreeMap::new();
    let mut errors = Vec::new();
    for node in nodes.values().filter(|node| writes(node)) {
        let table = &node.relation;
        match writers.get(&(&table.database, &table.schema, &table.identifier)) {
            Some(first) => {
                let parts = [
                    table.database.as_deref(),
                    table.schema.as_deref(),
                    Some(table.identifier.as_str()),
                ];
                let name = parts.into_iter().flatten().collect::<Vec<_>>().join(".");
                let both = format!(
                    "`{}` and `{}` both write to `{name}`",
                    first.unique_id, node.unique_id
                );
                let wrote = Diagnostic::error(both)
                    .at(node.file.at(0..0))
                    .note(format!("the other one is in {}", first.file.path));
                errors.push(wrote.hint("set another `alias` or `schema` for one of them"));
            }
            None => _ = writers.insert((&table.database, &table.schema, &table.identifier), node),
        }
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::sample::{ephemeral, model, source, versioned};
    use crate::jinja::{Lookup, Referent};
    use std::sync::Arc;

    fn messages(nodes: Vec<Node>) -> Vec<String> {
        link(nodes, "shop", &["model.shop.old_orders".into()], &[])
            .unwrap_err()
            .0
            .into_iter()
            .map(|one| one.message)
            .collect()
    }

    fn id(referent: Result<Referent, Diagnostic>) -> String {
        match referent {
            Ok(Referent::Relation { unique_id, .. }) => unique_id,
            Ok(Referent::Cte { name, .. }) => name,
            Err(errors) => errors.message,
        }
    }

    #[test]
    fn parents_come_first_then_names_are_sorted() {
        let nodes = vec![
            model("b", &["z"]),
            model("c", &[]),
            model("a", &["z", "raw.events"]),
            model("z", &[]),
            source("raw", "events"),
        ];
        let graph = link(nodes, "shop", &[], &[]).unwrap();
        let names: Vec<_> = graph.order.iter().map(|id| graph.nodes[id].name.as_str()).collect();
        assert_eq!(names, ["c", "events", "z", "a", "b"]);
        assert_eq!(graph.parents["model.shop.a"].len(), 2);
        assert_eq!(
            graph.children["model.shop.z"].iter().collect::<Vec<_>>(),
            ["model.shop.a", "model.shop.b"]
        );
    }

    #[test]
    fn all_errors_are_reported_at_once() {
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
        let mut actual = messages(nodes);
        actual.sort();
        assert_eq!(
            actual,
            [
                "`me` reads itself",
                "`ref('old_orders')` is a disabled model",
                "`ref('ordres')` is not a model, seed or snapshot of this project",
                "`source('raw', 'event')` is not declared",
                "dependency cycle: `a` -> `b` -> `c` -> `a`",
                "duplicate `users` in package `shop`",
            ]
        );
    }

    #[test]
    fn the_most_similar_name_is_suggested_at_the_reference() {
        let errors =
            link(vec![model("orders", &[]), model("users", &["ordres"])], "shop", &[], &[])
                .unwrap_err();
        let at = errors.0[0].at.clone().unwrap();
        let before = &at.file.text[..at.span.start];
        assert_eq!((&*at.file.path, &at.file.text[at.span]), ("models/users.sql", "ordres"));
        assert!(before.ends_with("{{ ref('"), "not the one in the comment");
        assert_eq!(errors.0[0].hints, ["did you mean `orders`?"]);
    }

    #[test]
    fn the_message_shows_the_cycle() {
        let errors = link(
            vec![model("a", &["b"]), model("b", &["a"]), model("c", &["a"])],
            "shop",
            &[],
            &[],
        )
        .unwrap_err();
        assert_eq!(errors.0.len(), 1);
        assert_eq!(errors.0[0].notes, ["`a` (models/a.sql)", "-> `b` (models/b.sql)", "-> `a`"]);
    }

    #[test]
    fn one_table_has_one_writer() {
        let mut other = model("b", &[]);
        other.relation = model("a", &[]).relation;
        assert_eq!(
            messages(vec![model("a", &[]), other]),
            ["`model.shop.a` and `model.shop.b` both write to `main.a`"]
        );
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
        let nodes = vec![
            model("both", &[]),
            of("lib", "both"),
            of("lib", "only"),
            of("aux", "only"),
            ephemeral("eph", &[]),
        ];
        let own_first = RefSearch { own_package_first: true, ..RefSearch::from("shop") };
        let other = Arc::new(link(nodes.clone(), own_first, &[], &[]).unwrap());
        let graph = Arc::new(link(nodes, "shop", &[], &[]).unwrap());
        let lib = graph.seen_from("lib");
        assert_eq!(id(graph.reference(None, "both", None)), "model.shop.both");
        assert_eq!(id(lib.reference(None, "both", None)), "model.shop.both");
        assert_eq!(id(other.seen_from("lib").reference(None, "both", None)), "model.lib.both");
        assert_eq!(id(lib.reference(Some("lib"), "both", None)), "model.lib.both");
        assert_eq!(id(lib.reference(None, "only", None)), "model.lib.only");
        assert_eq!(
            id(graph.reference(None, "only", None)),
            "`ref('only')` is ambiguous: `only` is in the packages `aux`, `lib`"
        );
        assert_eq!(id(graph.reference(None, "eph", None)), "__dbt__cte__eph");
        assert_eq!(
            id(graph.reference(Some("lib"), "eph", None)),
            "`ref('lib', 'eph')` is not a model, seed or snapshot of this project"
        );
    }

    #[test]
    fn a_reference_without_a_version_is_to_the_latest() {
        let nodes = vec![
            versioned("orders", "1", false),
            versioned("orders", "2", true),
            versioned("orders", "3", false),
            model("users", &[]),
        ];
        let graph = link(nodes, "shop", &[], &[]).unwrap();
        assert_eq!(id(graph.reference(None, "orders", None)), "model.shop.orders.v2");
        assert_eq!(id(graph.reference(None, "orders", Some("1"))), "model.shop.orders.v1");
        assert_eq!(
            id(graph.reference(None, "orders", Some("9"))),
            "`ref('orders', v=9)`: `orders` has no version `9`"
        );
        assert_eq!(
            id(graph.reference(None, "users", Some("1"))),
            "`ref('users', v=1)`: `users` has no versions"
        );
    }
}
