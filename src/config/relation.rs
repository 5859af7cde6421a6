//! The relation of a node. Takes the node and its configuration; returns database, schema and
//! identifier. The macros `generate_schema_name`, `generate_database_name` and
//! `generate_alias_name` determine them: those of an installed package for its own nodes, else the
//! project's. Without such macros dbt's defaults apply: the schema is the target's, followed by the
//! custom one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::{Map, Value};

use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::jinja::{LazyValue, Lookup, Referent, Relation, RelationStyle, TemplateScope, lazy};
use crate::project::{Config, Package, file_stem};

use super::layers::text;
use super::naming_macros::NamingMacros;
use super::node_json::{ParsedNames, parsed_node_json};
use super::resolver::Resolver;
use super::{Kind, Node};

/// The naming of relations in one package.
pub struct Naming<'a> {
    resolver: &'a Resolver<'a>,
    macros: NameMacros<'a>,
}

/// The macros that name what a package contains.
pub(super) struct NameMacros<'a> {
    macros: &'a dyn NamingMacros,
    /// The root project, whose macros these macros can call.
    root: &'a str,
    /// The packages whose `generate_<part>_name` macros are called; `None` for dbt's default.
    packages: [Option<String>; 3],
    /// Names that do not depend on the node, by their part and the custom name.
    cache: Mutex<BTreeMap<(usize, Option<String>), String>>,
}

/// The parts of a relation's name, in the order in which dbt computes them.
pub(super) const PARTS: [&str; 3] = ["database", "schema", "alias"];

impl<'a> Naming<'a> {
    /// The naming for the nodes of `package` in the project `root`.
    pub fn of(resolver: &'a Resolver<'a>, root: &'a Package, package: &Package) -> Naming<'a> {
        let macros = NameMacros::of(resolver.macros, &root.name, &package.name);
        Naming { resolver, macros }
    }

    /// The relation of a model, seed or snapshot. The node's other fields are complete. dbt names a
    /// node when it reads its file, and again when it reads its properties: then the macros see the
    /// first names. `unpatched` is the configuration without the properties, if there are any.
    pub fn relation(
        &self,
        node: &Node,
        unpatched: Option<&Config>,
    ) -> Result<Relation, Diagnostics> {
        let target = self.resolver.target;
        let mut names = ParsedNames {
            database: target.database.clone(),
            schema: target.schema.clone(),
            alias: node.name.clone(),
            relation_name: None,
        };
        if let Some(config) = unpatched.filter(|_| self.macros.has_any()) {
            // A version has the name of its file until dbt reads its properties.
            let name = match node.version {
                Some(_) => file_stem(&node.path).to_string(),
                None => node.name.clone(),
            };
            names.alias.clone_from(&name);
            let first = Node { name, version: None, config: config.clone(), ..node.clone() };
            let first = Arc::new(first);
            names = self.names(&first, names)?;
            let is_ephemeral = first.setting("materialized").is_some_and(|of| of == "ephemeral");
            names.relation_name =
                (!is_ephemeral).then(|| self.relation_of(names.clone()).to_string());
        }
        Ok(self.relation_of(self.names(&Arc::new(node.clone()), names)?))
    }

    fn relation_of(&self, names: ParsedNames) -> Relation {
        Relation {
            database: names.database,
            schema: Some(names.schema),
            identifier: names.alias,
            style: self.resolver.style.clone(),
        }
    }

    /// The names after `names`, which the macros see until each is replaced.
    fn names(&self, node: &Arc<Node>, mut names: ParsedNames) -> Result<ParsedNames, Diagnostics> {
        let target = self.resolver.target;
        let custom = |key: &str| node.setting(key).filter(|value| !value.is_null()).map(text);
        let non_blank = |key: &str| custom(key).filter(|name| !name.trim().is_empty());
        let database = custom("database");
        names.database = match self.name_by_macro(0, database.as_deref(), node, &names)? {
            Some(name) => Some(name).filter(|name| !name.is_empty() && name != "None"),
            None => database.map_or_else(
                || target.database.clone(),
                |name| Some(name.trim().to_string()).filter(|name| !name.is_empty()),
            ),
        };
        let schema = custom("schema");
        names.schema = match (self.name_by_macro(1, schema.as_deref(), node, &names)?, schema) {
            (Some(name), _) => name,
            (None, Some(custom)) => format!("{}_{}", target.schema, custom.trim()),
            (None, None) => target.schema.clone(),
        };
        let alias = non_blank("alias");
        names.alias =
            match (self.name_by_macro(2, alias.as_deref(), node, &names)?, alias, &node.version) {
                (Some(name), _, _) => name,
                (None, Some(alias), _) => alias.trim().to_string(),
                (None, None, Some(version)) => {
                    format!("{}_v{}", node.name, version.replace('.', "_"))
                }
                (None, None, None) => node.name.clone(),
            };
        if node.kind == Kind::Snapshot {
            names.database = non_blank("target_database").or(names.database);
            names.schema = non_blank("target_schema").unwrap_or(names.schema);
        }
        Ok(names)
    }

    /// The part of the name that a macro returns; `None` for dbt's default.
    fn name_by_macro(
        &self,
        part: usize,
        custom: Option<&str>,
        node: &Arc<Node>,
        names: &ParsedNames,
    ) -> Result<Option<String>, Diagnostics> {
        let model = lazy({
            let (node, names) = (node.clone(), names.clone());
            move || parsed_node_json(&node, &names)
        });
        self.macros.name(part, custom, &node.unique_id, model).map_err(|error| {
            let is_located = error.at.is_some();
            Diagnostics::from(if is_located { error } else { error.at(node.file.line(1)) })
        })
    }
}

impl<'a> NameMacros<'a> {
    /// The macros for the contents of `package` in the project `root`.
    pub(super) fn of(macros: &'a dyn NamingMacros, root: &'a str, package: &str) -> NameMacros<'a> {
        let packages = PARTS.map(|part| macros.naming_package(package, &name_by_macro(part)));
        NameMacros { macros, root, packages, cache: Mutex::default() }
    }

    /// Whether a macro of the project or the package computes one of the names.
    fn has_any(&self) -> bool {
        self.packages.iter().any(Option::is_some)
    }

    /// The part of the name that a macro returns for a node with this id and JSON; `None` for dbt's
    /// default.
    pub(super) fn name(
        &self,
        part: usize,
        custom: Option<&str>,
        unique_id: &str,
        model: LazyValue<Value>,
    ) -> Result<Option<String>, Diagnostic> {
        let Some(package) = &self.packages[part] else { return Ok(None) };
        let cache = || self.cache.lock().unwrap_or_else(|broken| broken.into_inner());
        let key = (part, custom.map(str::to_string));
        if let Some(name) = cache().get(&key) {
            return Ok(Some(name.clone()));
        }
        let scope = TemplateScope {
            package: self.root.to_string(),
            // dbt calls the macro in its parse pass.
            execute: false,
            model,
            config: Map::new(),
            this: None,
            batch: None,
            incremental: false,
            lookup: Arc::new(NoReferences),
        };
        let called = self.macros.call(package, &name_by_macro(PARTS[part]), custom, &scope);
        let name = called.map_err(|error| {
            error.note(format!("called for the {} of `{unique_id}`", PARTS[part]))
        })?;
        if !name.is_of_node {
            cache().insert(key, name.text.clone());
        }
        Ok(Some(name.text))
    }
}

/// The style with some parts quoted differently.
pub fn styled(style: &RelationStyle, quoting: &[Option<bool>]) -> RelationStyle {
    let quoted = std::array::from_fn(|part| {
        quoting.get(part).copied().flatten().unwrap_or(style.quoted[part])
    });
    RelationStyle { quoted, ..style.clone() }
}

fn name_by_macro(part: &str) -> String {
    format!("generate_{part}_name")
}

/// No references: a name cannot depend on another node.
struct NoReferences;

impl Lookup for NoReferences {
    fn reference(
        &self,
        _package: Option<&str>,
        name: &str,
        _version: Option<&str>,
    ) -> Result<Referent, Diagnostic> {
        Err(Diagnostic::error(format!(
            "`ref('{name}')` is not available here: the name of a relation can't depend on another"
        )))
    }

    fn source(&self, source: &str, table: &str) -> Result<Referent, Diagnostic> {
        Err(Diagnostic::error(format!(
            "`source('{source}', '{table}')` is not available here: the name of a relation can't \
             depend on another"
        )))
    }
}
