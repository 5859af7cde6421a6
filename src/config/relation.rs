//! What a node's table is called. Takes the node and its configuration; gives database, schema and identifier. A project
//! that defines `generate_schema_name` and its kin is asked; else dbt's own rule holds: the target's schema, and the custom
//! one behind it.

use std::sync::{Arc, LazyLock};

use regex::Regex;
use serde_json::{Map, Value};

use crate::diagnostics::{Diagnostic, Diagnostics, SourceFile};
use crate::jinja::{Lookup, Referent, Relation, RelationStyle, Scope, late};
use crate::project::{Package, truth};

use super::layers::text;
use super::node_json::node_json;
use super::resolve::Ground;
use super::{Kind, Node};

/// How a project names its relations.
pub struct Naming<'a> {
    ground: &'a Ground<'a>,
    package: &'a str,
    /// The macros of the project itself that stand for `generate_<part>_name`.
    macros: [Option<String>; 3],
}

const PARTS: [&str; 3] = ["database", "schema", "alias"];

impl<'a> Naming<'a> {
    pub fn of(ground: &'a Ground<'a>, root: &'a Package) -> Naming<'a> {
        let macros = PARTS.map(|part| defined(&root.macros, &format!("generate_{part}_name"), &ground.target.dialect));
        Naming { ground, package: &root.name, macros }
    }

    /// The relation of a model, seed or snapshot, of which all else is known.
    pub fn relation(&self, node: &Node) -> Result<Relation, Diagnostics> {
        let target = self.ground.target;
        let custom = |key: &str| node.setting(key).filter(|value| !value.is_null()).map(text).filter(|name| !name.trim().is_empty());
        let exact = |key: &str| if node.kind == Kind::Snapshot { custom(key) } else { None };
        let database = match (exact("target_database"), custom("database")) {
            (Some(exact), _) => Some(exact),
            (None, custom) => match self.asked(0, custom.as_deref(), node)? {
                Some(name) => Some(name).filter(|name| !name.is_empty() && name != "None"),
                None => custom.map(|name| name.trim().to_string()).or_else(|| target.database.clone()),
            },
        };
        let schema = match (exact("target_schema"), custom("schema")) {
            (Some(exact), _) => exact,
            (None, custom) => match (self.asked(1, custom.as_deref(), node)?, custom) {
                (Some(name), _) => name,
                (None, Some(custom)) => format!("{}_{}", target.schema, custom.trim()),
                (None, None) => target.schema.clone(),
            },
        };
        let alias = custom("alias");
        let identifier = match (self.asked(2, alias.as_deref(), node)?, alias, &node.version) {
            (Some(name), _, _) => name,
            (None, Some(alias), _) => alias.trim().to_string(),
            (None, None, Some(version)) => format!("{}_v{}", node.name, version.replace('.', "_")),
            (None, None, None) => node.name.clone(),
        };
        let quoting =
            ["database", "schema", "identifier"].map(|part| node.setting("quoting").and_then(|quoting| truth(quoting.get(part)?)));
        Ok(Relation { database, schema: Some(schema), identifier, style: styled(self.ground.style, &quoting) })
    }

    /// What the project's own macro says, if it has one.
    fn asked(&self, part: usize, custom: Option<&str>, node: &Node) -> Result<Option<String>, Diagnostics> {
        let Some(name) = &self.macros[part] else { return Ok(None) };
        let json = node_json(node);
        let scope = Scope {
            package: self.package.to_string(),
            // dbt asks while it parses.
            execute: false,
            model: late({
                let json = json.clone();
                move || json
            }),
            config: Map::new(),
            this: None,
            batch: None,
            incremental: false,
            lookup: Arc::new(Nothing),
        };
        let custom = custom.map_or(Value::Null, |custom| custom.into());
        (self.ground.ask)(name, &[custom, json], &scope).map(Some).map_err(|wrong| {
            let wrong = wrong.fact(format!("asked for the {} of `{}`", PARTS[part], node.unique_id));
            Diagnostics::from(if wrong.at.is_some() { wrong } else { wrong.at(node.file.line(1)) })
        })
    }
}

/// A style in which some parts are quoted otherwise.
pub fn styled(style: &RelationStyle, quoting: &[Option<bool>]) -> RelationStyle {
    let quoted = std::array::from_fn(|part| quoting.get(part).copied().flatten().unwrap_or(style.quoted[part]));
    RelationStyle { quoted, ..style.clone() }
}

/// The macro of `files` that stands for `name`: itself, or the implementation that dispatch would find.
fn defined(files: &[SourceFile], name: &str, adapter: &str) -> Option<String> {
    [name.to_string(), format!("{adapter}__{name}"), format!("default__{name}")].into_iter().find(|wanted| {
        let defines = |file: &SourceFile| MACRO.captures_iter(&file.text).any(|found| found[1] == **wanted);
        files.iter().any(defines)
    })
}

static MACRO: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\{%[-+]?\s*macro\s+(\w+)\s*\(").expect("the pattern is well formed"));

/// A name depends on no other node.
struct Nothing;

impl Lookup for Nothing {
    fn reference(&self, _package: Option<&str>, name: &str, _version: Option<&str>) -> Result<Referent, Diagnostic> {
        Err(Diagnostic::error(format!("`ref('{name}')` has no answer here: the name of a relation can't depend on another")))
    }

    fn source(&self, source: &str, table: &str) -> Result<Referent, Diagnostic> {
        Err(Diagnostic::error(format!(
            "`source('{source}', '{table}')` has no answer here: the name of a relation can't depend on another"
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_project_s_own_macro_is_found() {
        let files = [SourceFile::new(
            "macros/a.sql",
            "{%- macro default__generate_schema_name(custom, node) -%}x{%- endmacro -%}\n{% macro generate_alias_name(a) %}",
        )];
        let name = |part: &str| defined(&files, &format!("generate_{part}_name"), "any");
        assert_eq!(
            (name("schema").as_deref(), name("alias").as_deref(), name("database")),
            (Some("default__generate_schema_name"), Some("generate_alias_name"), None)
        );
    }
}
