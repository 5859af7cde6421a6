//! Resolves `ref()` and `source()`. Takes a name and the package of the caller; returns the node.
//! An unknown name is an error that suggests the most similar one. The search order is the root
//! project, the caller's package, all other packages.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::config::{Kind, Materialization, Node};
use crate::diagnostics::{Diagnostic, nearest};
use crate::jinja::{Lookup, Referent};

use super::Graph;

/// The search order of `ref()` and `source()`.
#[derive(Clone, Debug, Default)]
pub struct RefSearch {
    /// The root project's name.
    pub root: String,
    /// dbt's flag `require_ref_searches_node_package_before_root`: search the caller's package
    /// before the root project.
    pub own_package_first: bool,
    /// The packages with `restrict-access: true`.
    pub restricted: BTreeSet<String>,
}

impl From<&str> for RefSearch {
    fn from(root: &str) -> RefSearch {
        RefSearch { root: root.to_string(), ..RefSearch::default() }
    }
}

/// Unique ids, by the names in references.
#[derive(Debug, Default)]
pub(super) struct NameIndex {
    search: RefSearch,
    /// Models, seeds and snapshots.
    pub nodes: BTreeMap<String, Vec<String>>,
    pub sources: BTreeMap<(String, String), Vec<String>>,
    /// Names or unique ids of disabled models.
    pub disabled: Vec<String>,
    /// Unique ids of nodes with errors.
    broken: Vec<String>,
}

impl NameIndex {
    pub fn of(
        nodes: &BTreeMap<String, Node>,
        search: RefSearch,
        disabled: &[String],
        broken: &[String],
    ) -> NameIndex {
        let mut names = NameIndex {
            search,
            disabled: disabled.to_vec(),
            broken: broken.to_vec(),
            ..NameIndex::default()
        };
        for (id, node) in nodes {
            let ids = match &node.source_name {
                Some(source) => {
                    names.sources.entry((source.clone(), node.name.clone())).or_default()
                }
                None => names.nodes.entry(node.name.clone()).or_default(),
            };
            ids.push(id.clone());
            // In dbt `ref('prices.v2')` is `ref('prices', v=2)`.
            if let Some(version) = &node.version {
                let name = format!("{}.v{version}", node.name);
                names.nodes.entry(name).or_default().push(id.clone());
            }
        }
        names
    }

    /// The packages with `restrict-access: true`.
    pub fn restricted(&self) -> &BTreeSet<String> {
        &self.search.restricted
    }

    pub fn is_disabled(&self, name: &str) -> bool {
        self.disabled_kind(name).is_some()
    }

    /// The kind of a disabled model, seed or snapshot of this name.
    fn disabled_kind(&self, name: &str) -> Option<&str> {
        let id = self.disabled.iter().find(|id| is_named(id, name))?;
        Some(id.split_once('.').map_or("model", |(kind, _)| kind))
    }

    fn is_disabled_source(&self, source: &str, table: &str) -> bool {
        is_source_among(&self.disabled, source, table).is_some()
    }

    /// The unique id of a node of this name that has errors, which are reported separately.
    pub fn broken(&self, name: &str) -> Option<&String> {
        self.broken.iter().find(|id| is_named(id, name))
    }

    pub fn broken_source(&self, source: &str, table: &str) -> Option<&String> {
        is_source_among(&self.broken, source, table)
    }
}

/// The unique id of a source's table among `ids`.
fn is_source_among<'a>(ids: &'a [String], source: &str, table: &str) -> Option<&'a String> {
    let end = format!(".{source}.{table}");
    ids.iter().find(|id| id.starts_with("source.") && id.ends_with(&end))
}

/// Whether a name or unique id (`model.shop.orders`, `model.shop.orders.v2`) is that of `name`.
fn is_named(id: &str, name: &str) -> bool {
    let rest = id.splitn(3, '.').nth(2).and_then(|rest| rest.strip_prefix(name));
    id == name || rest.is_some_and(|version| version.is_empty() || version.starts_with(".v"))
}

/// Resolves `ref(package, name, v=version)` in a model of the package `from`.
pub(super) fn reference<'a>(
    nodes: &'a BTreeMap<String, Node>,
    names: &NameIndex,
    from: &str,
    package: Option<&str>,
    name: &str,
    version: Option<&str>,
) -> Result<&'a Node, Diagnostic> {
    let named: Vec<&Node> =
        names.nodes.get(name).into_iter().flatten().filter_map(|id| nodes.get(id)).collect();
    let call = || {
        let package = package.map_or(String::new(), |package| format!("'{package}', "));
        let version = version.map_or(String::new(), |version| format!(", v={version}"));
        format!("`ref({package}'{name}'{version})`")
    };
    // dbt searches each package for the name and the version together; without a version, for the
    // latest version.
    let is_meant = |node: &&&Node| match version {
        Some(_) => node.version.as_deref() == version,
        // The name may have the version, too.
        None => node.version.is_none() || node.is_latest || node.name != name,
    };
    let of_version = named.iter().filter(is_meant);
    let of_version: Vec<&Node> = of_version.copied().collect();
    let candidates = if of_version.is_empty() { &named } else { &of_version };
    let candidates: Vec<&Node> = preferred(from, package, names, candidates)
        .map_err(|packages| ambiguous(&call(), &packages, name))?;
    let Some(first) = candidates.first() else {
        if let (true, Some(kind)) = (named.is_empty(), names.disabled_kind(name)) {
            return Err(disabled(&call(), kind));
        }
        if named.is_empty() && names.broken(name).is_some() {
            return Err(Diagnostic::error(format!("{} is a model with errors", call()))
                .hint("fix that model first"));
        }
        let error = Diagnostic::error(format!(
            "{} is not a model, seed or snapshot of this project",
            call()
        ));
        return Err(match (named.first(), nearest(name, names.nodes.keys().map(String::as_str))) {
            (Some(other), _) => error.hint(format!("`{name}` is in package `{}`", other.package)),
            (None, Some(near)) => error.hint(format!("did you mean `{near}`?")),
            (None, None) => error,
        });
    };
    let node = match version {
        // If a model, a snapshot and a seed have the same name, dbt uses the kind that it parses
        // last.
        None => {
            let named = candidates.iter().filter(is_meant);
            named.max_by_key(|node| node.kind.parse_order())
        }
        Some(_) => candidates.iter().find(|node| node.version.as_deref() == version),
    };
    node.copied().ok_or_else(|| {
        if first.version.is_none() {
            return Diagnostic::error(format!("{}: `{name}` has no versions", call()))
                .hint("omit `v`");
        }
        if version.is_none() {
            let error = Diagnostic::error(format!(
                "{}: the latest version of `{name}` has no file, or is disabled",
                call()
            ));
            return error.hint("name a version with `v=…`, or set `latest_version`");
        }
        let of_version = format!("{name}.v{}", version.unwrap_or_default());
        if let Some(kind) = names.disabled_kind(&of_version) {
            return disabled(&call(), kind);
        }
        let known: Vec<_> = candidates
            .iter()
            .filter_map(|node| node.version.as_ref())
            .map(|version| format!("`{version}`"))
            .collect();
        let error =
            format!("{}: `{name}` has no version `{}`", call(), version.unwrap_or_default());
        Diagnostic::error(error).hint(format!("its versions are {}", known.join(", ")))
    })
}

/// The error of a reference to a disabled node.
fn disabled(call: &str, kind: &str) -> Diagnostic {
    Diagnostic::error(format!("{call} is a disabled {kind}"))
        .hint("set its `enabled` to `true`, or remove the reference")
}

/// Resolves `source(source, table)` in a model of the package `from`.
pub(super) fn source<'a>(
    nodes: &'a BTreeMap<String, Node>,
    names: &NameIndex,
    from: &str,
    source: &str,
    table: &str,
) -> Result<&'a Node, Diagnostic> {
    let ids = names.sources.get(&(source.to_string(), table.to_string()));
    let named: Vec<&Node> = ids.into_iter().flatten().filter_map(|id| nodes.get(id)).collect();
    // Among several other packages dbt uses one in the order of the file system; here, the first by
    // name is used.
    let candidates = preferred(from, None, names, &named).unwrap_or_else(|_| named.clone());
    if let Some(node) = candidates.first() {
        return Ok(node);
    }
    let call = format!("`source('{source}', '{table}')`");
    if names.is_disabled_source(source, table) {
        return Err(disabled(&call, "source"));
    }
    if names.broken_source(source, table).is_some() {
        return Err(Diagnostic::error(format!("{call} is a source with errors"))
            .hint("fix that source first"));
    }
    let error = Diagnostic::error(format!("{call} is not declared"));
    let tables =
        names.sources.keys().filter(|(of, _)| of == source).map(|(_, table)| table.as_str());
    let tables: Vec<&str> = tables.collect();
    let meant = if tables.is_empty() {
        nearest(source, names.sources.keys().map(|(of, _)| of.as_str()))
            .map(|near| format!("'{near}', '{table}'"))
    } else {
        nearest(table, tables).map(|near| format!("'{source}', '{near}'"))
    };
    let error = match meant {
        Some(meant) => error.hint(format!("did you mean `source({meant})`?")),
        None => error,
    };
    Err(error.hint(format!(
        "declare it in a properties file: `sources: \
        [{{name: {source}, tables: [{{name: {table}}}]}}]`"
    )))
}

/// The nodes of `named` in the first package that has any: `package` if the call names one, else
/// the root project, the caller's package, the only other package. If several others have one, the
/// error lists them.
fn preferred<'a>(
    from: &str,
    package: Option<&str>,
    names: &NameIndex,
    named: &[&'a Node],
) -> Result<Vec<&'a Node>, Vec<String>> {
    let of = |package: &str| {
        named.iter().filter(|node| node.package == package).copied().collect::<Vec<_>>()
    };
    if let Some(package) = package {
        return Ok(of(package));
    }
    let RefSearch { root, own_package_first, .. } = &names.search;
    let order = if *own_package_first { [from, root] } else { [root, from] };
    if let Some(matches) = order.into_iter().map(of).find(|matches| !matches.is_empty()) {
        return Ok(matches);
    }
    let packages: BTreeSet<&str> = named.iter().map(|node| &*node.package).collect();
    if packages.len() > 1 {
        Err(packages.into_iter().map(str::to_string).collect())
    } else {
        Ok(named.to_vec())
    }
}

/// The error for a name that is in several packages, without a preferred one.
fn ambiguous(call: &str, packages: &[String], name: &str) -> Diagnostic {
    let known =
        packages.iter().map(|package| format!("`{package}`")).collect::<Vec<_>>().join(", ");
    let error =
        Diagnostic::error(format!("{call} is ambiguous: `{name}` is in the packages {known}"));
    let package = packages.first().map_or("", String::as_str);
    error.hint(format!("name the package: `ref('{package}', '{name}')`"))
}

/// Resolves references in models of one package, whose names have precedence.
pub struct SeenFrom {
    graph: Arc<Graph>,
    package: String,
}

impl Graph {
    /// Resolves `ref()` and `source()` in models of `package`.
    pub fn seen_from(self: &Arc<Self>, package: &str) -> SeenFrom {
        SeenFrom { graph: Arc::clone(self), package: package.into() }
    }

    fn referent(
        &self,
        from: &str,
        package: Option<&str>,
        name: &str,
        version: Option<&str>,
    ) -> Result<Referent, Diagnostic> {
        reference(&self.nodes, &self.names, from, package, name, version).map(referent_of)
    }

    fn source_referent(&self, from: &str, of: &str, table: &str) -> Result<Referent, Diagnostic> {
        source(&self.nodes, &self.names, from, of, table).map(referent_of)
    }
}

fn referent_of(node: &Node) -> Referent {
    let unique_id = node.unique_id.clone();
    if node.kind == Kind::Model && matches!(node.materialization, Materialization::Ephemeral) {
        Referent::Cte { unique_id, name: node.cte_name() }
    } else {
        Referent::Relation { unique_id, relation: node.relation.clone() }
    }
}

impl Lookup for SeenFrom {
    fn reference(
        &self,
        package: Option<&str>,
        name: &str,
        version: Option<&str>,
    ) -> Result<Referent, Diagnostic> {
        self.graph.referent(&self.package, package, name, version)
    }

    fn source(&self, source: &str, table: &str) -> Result<Referent, Diagnostic> {
        self.graph.source_referent(&self.package, source, table)
    }
}

/// Resolves references in models of the root project; [`Graph::seen_from`] does so for other
/// packages.
impl Lookup for Graph {
    fn reference(
        &self,
        package: Option<&str>,
        name: &str,
        version: Option<&str>,
    ) -> Result<Referent, Diagnostic> {
        self.referent(&self.root, package, name, version)
    }

    fn source(&self, source: &str, table: &str) -> Result<Referent, Diagnostic> {
        self.source_referent(&self.root, source, table)
    }
}
