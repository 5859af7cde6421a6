//! The name of a node's table. Takes the node and its configuration; gives database, schema and
//! identifier. Macros called `generate_schema_name` and its kin decide: an installed package's for
//! its own nodes, else the project's; without them dbt's rule holds: the target's schema, and the
//! custom one behind it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::{Map, Value};

use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::jinja::{Jinja, Lookup, Referent, Relation, RelationStyle, Scope, lazy};
use crate::project::Package;

use super::layers::text;
use super::node_json::node_json;
use super::resolve::Resolver;
use super::{Kind, Node};

/// How a project names the relations of one package.
pub struct Naming<'a> {
    ground: &'a Resolver<'a>,
    /// The project itself: the names in its macros are those that it knows.
    root: &'a str,
    /// The packages whose macros are called for `generate_<part>_name`. None where dbt's default
    /// is.
    macros: [Option<String>; 3],
    /// Names that do not depend on the node, by their part and the custom name.
    known: Mutex<BTreeMap<(usize, Option<String>), String>>,
}

/// The macros of a project that name its relations.
pub trait NamingMacros: Sync {
    /// The package whose macro of that name is called for the nodes of `package`. None where that
    /// is dbt's default.
    fn naming_package(&self, package: &str, name: &str) -> Option<String>;
    /// What a macro of a package returns for the custom name and the node of the scope.
    fn call(
        &self,
        package: &str,
        name: &str,
        custom: Option<&str>,
        scope: &Scope,
    ) -> Result<Name, Diagnostic>;
}

/// What a macro returns.
pub struct Name {
    pub text: String,
    /// Whether it may depend on the node.
    pub is_of_node: bool,
}

impl NamingMacros for Jinja {
    fn naming_package(&self, package: &str, name: &str) -> Option<String> {
        Jinja::naming_package(self, package, name)
    }

    fn call(
        &self,
        package: &str,
        name: &str,
        custom: Option<&str>,
        scope: &Scope,
    ) -> Result<Name, Diagnostic> {
        let (text, is_of_node) =
            self.call_for_node(package, name, &[custom.map_or(Value::Null, Value::from)], scope)?;
        Ok(Name { text, is_of_node })
    }
}

const PARTS: [&str; 3] = ["database", "schema", "alias"];

impl<'a> Naming<'a> {
    /// For the nodes of `package` in the project `root`.
    pub fn of(ground: &'a Resolver<'a>, root: &'a Package, package: &Package) -> Naming<'a> {
        let macros =
            PARTS.map(|part| ground.macros.naming_package(&package.name, &name_by_macro(part)));
        Naming { ground, root: &root.name, macros, known: Mutex::default() }
    }

    /// The relation of a model, seed or snapshot, of which all else is known.
    pub fn relation(&self, node: &Node) -> Result<Relation, Diagnostics> {
        let target = self.ground.target;
        let custom = |key: &str| node.setting(key).filter(|value| !value.is_null()).map(text);
        let filled = |key: &str| custom(key).filter(|name| !name.trim().is_empty());
        let exact = |key: &str| if node.kind == Kind::Snapshot { filled(key) } else { None };
        let database = match (exact("target_database"), custom("database")) {
            (Some(exact), _) => Some(exact),
            (None, custom) => match self.name_by_macro(0, custom.as_deref(), node)? {
                Some(name) => Some(name).filter(|name| !name.is_empty() && name != "None"),
                None => custom.map_or_else(
                    || target.database.clone(),
                    |name| Some(name.trim().to_string()).filter(|name| !name.is_empty()),
                ),
            },
        };
        let schema = match (exact("target_schema"), custom("schema")) {
            (Some(exact), _) => exact,
            (None, custom) => match (self.name_by_macro(1, custom.as_deref(), node)?, custom) {
                (Some(name), _) => name,
                (None, Some(custom)) => format!("{}_{}", target.schema, custom.trim()),
                (None, None) => target.schema.clone(),
            },
        };
        let alias = filled("alias");
        let identifier =
            match (self.name_by_macro(2, alias.as_deref(), node)?, alias, &node.version) {
                (Some(name), _, _) => name,
                (None, Some(alias), _) => alias.trim().to_string(),
                (None, None, Some(version)) => {
                    format!("{}_v{}", node.name, version.replace('.', "_"))
                }
                (None, None, None) => node.name.clone(),
            };
        Ok(Relation {
            database,
            schema: Some(schema),
            identifier,
            style: self.ground.style.clone(),
        })
    }

    /// The text that the macro for a part of the name returns, if it is not dbt's default.
    fn name_by_macro(
        &self,
        part: usize,
        custom: Option<&str>,
        node: &Node,
    ) -> Result<Option<String>, Diagnostics> {
        let Some(package) = &self.macros[part] else { return Ok(None) };
        let known = || self.known.lock().unwrap_or_else(|broken| broken.into_inner());
        let key = (part, custom.map(str::to_string));
        if let Some(name) = known().get(&key) {
            return Ok(Some(name.clone()));
        }
        let scope = Scope {
            package: self.root.to_string(),
            // dbt asks while it parses.
            execute: false,
            model: lazy({
                let node = node.clone();
                move || node_json(&node, &[])
            }),
            config: Map::new(),
            this: None,
            batch: None,
            incremental: false,
            lookup: Arc::new(Nothing),
        };
        let name =
            self.ground.macros.call(package, &name_by_macro(PARTS[part]), custom, &scope).map_err(
                |error| {
                    let error = error
                        .fact(format!("called for the {} of `{}`", PARTS[part], node.unique_id));
                    Diagnostics::from(if error.at.is_some() {
                        error
                    } else {
                        error.at(node.file.line(1))
                    })
                },
            )?;
        if !name.is_of_node {
            known().insert(key, name.text.clone());
        }
        Ok(Some(name.text))
    }
}

/// A style in which some parts are quoted otherwise.
pub fn styled(style: &RelationStyle, quoting: &[Option<bool>]) -> RelationStyle {
    let quoted = std::array::from_fn(|part| {
        quoting.get(part).copied().flatten().unwrap_or(style.quoted[part])
    });
    RelationStyle { quoted, ..style.clone() }
}

fn name_by_macro(part: &str) -> String {
    format!("generate_{part}_name")
}

/// A name depends on no other node.
struct Nothing;

impl Lookup for Nothing {
    fn reference(
        &self,
        _package: Option<&str>,
        name: &str,
        _version: Option<&str>,
    ) -> Result<Referent, Diagnostic> {
        Err(Diagnostic::error(format!(
            "`ref('{name}')` has no answer here: the name of a relation can't depend on another"
        )))
    }

    fn source(&self, source: &str, table: &str) -> Result<Referent, Diagnostic> {
        Err(Diagnostic::error(format!(
            "`source('{source}', '{table}')` has no answer here: the name of a relation can't \
             depend on another"
        )))
    }
}
