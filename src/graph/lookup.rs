//! What `ref()` and `source()` mean. Takes a name and the package of the caller; gives the node, and refuses an unknown name
//! with the nearest known one. A name is searched for in the root project, then in the caller's package, then in all others.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::config::{Kind, Materialization, Node};
use crate::diagnostics::{Diagnostic, nearest};
use crate::jinja::{Lookup, Referent};

use super::Graph;

/// The packages in which `ref()` and `source()` search first.
#[derive(Clone, Debug, Default)]
pub struct RefSearch {
    /// The root project's name.
    pub root: String,
    /// dbt's flag `require_ref_searches_node_package_before_root`: the caller's package comes before the root project.
    pub own_package_first: bool,
}

impl From<&str> for RefSearch {
    fn from(root: &str) -> RefSearch {
        RefSearch { root: root.to_string(), own_package_first: false }
    }
}

/// Unique ids by the names that references use.
#[derive(Debug, Default)]
pub(super) struct Names {
    search: RefSearch,
    /// Models, seeds and snapshots.
    pub nodes: BTreeMap<String, Vec<String>>,
    pub sources: BTreeMap<(String, String), Vec<String>>,
    /// Names or unique ids.
    pub disabled: Vec<String>,
    /// Unique ids.
    broken: Vec<String>,
}

impl Names {
    pub fn of(nodes: &BTreeMap<String, Node>, search: RefSearch, disabled: &[String], broken: &[String]) -> Names {
        let mut names = Names { search, disabled: disabled.to_vec(), broken: broken.to_vec(), ..Names::default() };
        for (id, node) in nodes {
            let ids = match &node.source_name {
                Some(source) => names.sources.entry((source.clone(), node.name.clone())).or_default(),
                None => names.nodes.entry(node.name.clone()).or_default(),
            };
            ids.push(id.clone());
        }
        names
    }

    pub fn is_disabled(&self, name: &str) -> bool {
        is_among(&self.disabled, name)
    }

    /// The unique id of a node of this name that has errors of its own, which are reported on their own.
    pub fn broken(&self, name: &str) -> Option<&String> {
        self.broken.iter().find(|id| is_named(id, name))
    }

    pub fn broken_source(&self, source: &str, table: &str) -> Option<&String> {
        self.broken.iter().find(|id| id.starts_with("source.") && id.ends_with(&format!(".{source}.{table}")))
    }
}

/// Whether one of the names or unique ids (`model.shop.orders`, `model.shop.orders.v2`) means `name`.
fn is_among(ids: &[String], name: &str) -> bool {
    ids.iter().any(|id| is_named(id, name))
}

fn is_named(id: &str, name: &str) -> bool {
    id == name || id.split('.').nth(2) == Some(name)
}

/// The node that `ref(package, name, v=version)` means in a model of the package `from`.
pub(super) fn reference<'a>(
    nodes: &'a BTreeMap<String, Node>,
    names: &Names,
    from: &str,
    package: Option<&str>,
    name: &str,
    version: Option<&str>,
) -> Result<&'a Node, Diagnostic> {
    let named: Vec<&Node> = names.nodes.get(name).into_iter().flatten().filter_map(|id| nodes.get(id)).collect();
    let call = || {
        let package = package.map_or(String::new(), |package| format!("'{package}', "));
        let version = version.map_or(String::new(), |version| format!(", v={version}"));
        format!("`ref({package}'{name}'{version})`")
    };
    // dbt searches each package for the name and version together; without a version for the latest one.
    let of_version = named.iter().filter(|node| match version {
        Some(_) => node.version.as_deref() == version,
        None => node.version.is_none() || node.is_latest,
    });
    let of_version: Vec<&Node> = of_version.copied().collect();
    let candidates = if of_version.is_empty() { &named } else { &of_version };
    let there: Vec<&Node> = near(from, package, names, candidates).map_err(|packages| ambiguous(&call(), &packages, name))?;
    let Some(first) = there.first() else {
        if named.is_empty() && names.is_disabled(name) {
            return Err(Diagnostic::error(format!("{} is a model that is disabled", call()))
                .hint("set its `enabled` to `true`, or take the reference away"));
        }
        if named.is_empty() && names.broken(name).is_some() {
            return Err(Diagnostic::error(format!("{} is a model with errors of its own", call())).hint("mend that model first"));
        }
        let wrong = Diagnostic::error(format!("{} is no model, seed or snapshot of this project", call()));
        return Err(match (named.first(), nearest(name, names.nodes.keys().map(String::as_str))) {
            (Some(other), _) => wrong.hint(format!("`{name}` is in package `{}`", other.package)),
            (None, Some(near)) => wrong.hint(format!("did you mean `{near}`?")),
            (None, None) => wrong,
        });
    };
    let found = match version {
        // Of a model, a snapshot and a seed of one name dbt takes the kind that it parses last.
        None => {
            let named = there.iter().filter(|node| node.version.is_none() || node.is_latest);
            named.max_by_key(|node| node.kind.parse_order())
        }
        Some(_) => there.iter().find(|node| node.version.as_deref() == version),
    };
    found.copied().ok_or_else(|| {
        if first.version.is_none() {
            return Diagnostic::error(format!("{}: `{name}` has no versions", call())).hint("leave out `v`");
        }
        if version.is_none() {
            let error = Diagnostic::error(format!("{}: the latest version of `{name}` has no file, or is disabled", call()));
            return error.hint("name a version with `v=…`, or set `latest_version`");
        }
        let known: Vec<_> = there.iter().filter_map(|node| node.version.as_ref()).map(|version| format!("`{version}`")).collect();
        let wrong = format!("{}: `{name}` has no version `{}`", call(), version.unwrap_or_default());
        Diagnostic::error(wrong).hint(format!("there is {}", known.join(", ")))
    })
}

/// The node that `source(source, table)` means in a model of the package `from`.
pub(super) fn source<'a>(
    nodes: &'a BTreeMap<String, Node>,
    names: &Names,
    from: &str,
    source: &str,
    table: &str,
) -> Result<&'a Node, Diagnostic> {
    let ids = names.sources.get(&(source.to_string(), table.to_string()));
    let named: Vec<&Node> = ids.into_iter().flatten().filter_map(|id| nodes.get(id)).collect();
    // Of several packages that the call does not prefer dbt takes one in the order of the file system; here it is the first by name.
    let found = near(from, None, names, &named).unwrap_or_else(|_| named.clone());
    if let Some(found) = found.first() {
        return Ok(found);
    }
    let wrong = Diagnostic::error(format!("`source('{source}', '{table}')` is not declared"));
    let tables = names.sources.keys().filter(|(of, _)| of == source).map(|(_, table)| table.as_str());
    let tables: Vec<&str> = tables.collect();
    let meant = if tables.is_empty() {
        nearest(source, names.sources.keys().map(|(of, _)| of.as_str())).map(|near| format!("'{near}', '{table}'"))
    } else {
        nearest(table, tables).map(|near| format!("'{source}', '{near}'"))
    };
    let wrong = match meant {
        Some(meant) => wrong.hint(format!("did you mean `source({meant})`?")),
        None => wrong,
    };
    Err(wrong.hint(format!("declare it in a properties file: `sources: [{{name: {source}, tables: [{{name: {table}}}]}}]`")))
}

/// Those of `named` in the first package that has any: `package` if the call names one, else the root project, the caller's
/// package, the only other one. The error is the list of several others.
fn near<'a>(from: &str, package: Option<&str>, names: &Names, named: &[&'a Node]) -> Result<Vec<&'a Node>, Vec<String>> {
    let of = |package: &str| named.iter().filter(|node| node.package == package).copied().collect::<Vec<_>>();
    if let Some(package) = package {
        return Ok(of(package));
    }
    let RefSearch { root, own_package_first } = &names.search;
    let order = if *own_package_first { [from, root] } else { [root, from] };
    if let Some(found) = order.into_iter().map(of).find(|found| !found.is_empty()) {
        return Ok(found);
    }
    let packages: BTreeSet<&str> = named.iter().map(|node| &*node.package).collect();
    if packages.len() > 1 { Err(packages.into_iter().map(str::to_string).collect()) } else { Ok(named.to_vec()) }
}

/// The error of a name that several packages have, none of which comes first.
fn ambiguous(call: &str, packages: &[String], name: &str) -> Diagnostic {
    let known = packages.iter().map(|package| format!("`{package}`")).collect::<Vec<_>>().join(", ");
    let error = Diagnostic::error(format!("{call} is ambiguous: `{name}` is in the packages {known}"));
    let package = packages.first().map_or("", String::as_str);
    error.hint(format!("name the package: `ref('{package}', '{name}')`"))
}

/// The graph as a model of one package sees it: its own package's names come first.
pub struct SeenFrom {
    graph: Arc<Graph>,
    package: String,
}

impl Graph {
    /// What `ref()` and `source()` mean in a model of `package`.
    pub fn seen_from(self: &Arc<Self>, package: &str) -> SeenFrom {
        SeenFrom { graph: Arc::clone(self), package: package.into() }
    }

    fn referent(&self, from: &str, package: Option<&str>, name: &str, version: Option<&str>) -> Result<Referent, Diagnostic> {
        reference(&self.nodes, &self.names, from, package, name, version).map(standing_for)
    }

    fn source_referent(&self, from: &str, of: &str, table: &str) -> Result<Referent, Diagnostic> {
        source(&self.nodes, &self.names, from, of, table).map(standing_for)
    }
}

fn standing_for(node: &Node) -> Referent {
    let unique_id = node.unique_id.clone();
    if node.kind == Kind::Model && matches!(node.materialization, Materialization::Ephemeral) {
        Referent::Cte { unique_id, name: node.cte_name() }
    } else {
        Referent::Relation { unique_id, relation: node.relation.clone() }
    }
}

impl Lookup for SeenFrom {
    fn reference(&self, package: Option<&str>, name: &str, version: Option<&str>) -> Result<Referent, Diagnostic> {
        self.graph.referent(&self.package, package, name, version)
    }

    fn source(&self, source: &str, table: &str) -> Result<Referent, Diagnostic> {
        self.graph.source_referent(&self.package, source, table)
    }
}

/// As the root project sees it; [`Graph::seen_from`] for another package.
impl Lookup for Graph {
    fn reference(&self, package: Option<&str>, name: &str, version: Option<&str>) -> Result<Referent, Diagnostic> {
        self.referent(&self.root, package, name, version)
    }

    fn source(&self, source: &str, table: &str) -> Result<Referent, Diagnostic> {
        self.source_referent(&self.root, source, table)
    }
}
