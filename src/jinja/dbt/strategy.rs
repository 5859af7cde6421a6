//! Strategy macros: finds the macro of the project that overrides dbt's macro of an incremental
//! strategy, and calls it with dbt's arguments.

use std::sync::Arc;

use minijinja::Value;

use super::column::ColumnObject;
use super::json;
use super::session::Session;
use crate::diagnostics::{Diagnostic, Location};
use crate::jinja::python::collections;
use crate::jinja::{Jinja, Relation, TemplateScope};

/// The arguments of a strategy macro.
#[derive(Clone, Debug)]
pub struct StrategyArguments {
    pub target: Relation,
    /// The table with the rows of the query.
    pub stage: Relation,
    pub unique_key: serde_json::Value,
    /// The columns of the target: names and types.
    pub columns: Vec<(String, Option<String>)>,
    pub predicates: serde_json::Value,
}

/// A strategy macro of the project.
#[derive(Clone, Debug, PartialEq)]
pub struct StrategyMacro {
    pub package: String,
    pub name: String,
    /// Its arguments by dbt's names; empty if it has one dict of all arguments.
    pub arguments: &'static [&'static str],
    pub at: Location,
}

/// dbt's macros that a strategy's macro calls and that a project can override, with their arguments
/// in order.
const PARTS: [(&str, &str, &[&str]); 3] = [
    (
        "merge",
        "get_merge_sql",
        &[
            "target_relation",
            "temp_relation",
            "unique_key",
            "dest_columns",
            "incremental_predicates",
        ],
    ),
    (
        "delete+insert",
        "get_delete_insert_merge_sql",
        &[
            "target_relation",
            "temp_relation",
            "unique_key",
            "dest_columns",
            "incremental_predicates",
        ],
    ),
    ("append", "get_insert_into_sql", &["target_relation", "temp_relation", "dest_columns"]),
];

impl Jinja {
    /// The macro of the project for a strategy, for models of `package`. `default` is the strategy
    /// of a model without one.
    pub fn strategy_macro(
        &self,
        package: &str,
        strategy: Option<&str>,
        default: &str,
    ) -> Option<StrategyMacro> {
        let named = strategy.unwrap_or("default");
        let strategy_macro = |strategy: &str| {
            let name = format!("get_incremental_{}_sql", strategy.replace('+', "_"));
            self.replacing(package, &name).map(|(package, name, at)| StrategyMacro {
                package,
                name,
                arguments: &[],
                at,
            })
        };
        let part = |strategy: &str| {
            let (_, name, arguments) = PARTS.iter().find(|(known, ..)| *known == strategy)?;
            self.replacing(package, name).map(|(package, name, at)| StrategyMacro {
                package,
                name,
                arguments,
                at,
            })
        };
        let default = if named == "default" { default } else { named };
        strategy_macro(named).or_else(|| strategy_macro(default)).or_else(|| part(default))
    }

    /// The package and name of the macro that overrides a macro of dbt, if there is one.
    fn replacing(&self, package: &str, name: &str) -> Option<(String, String, Location)> {
        let library = &self.shared.library;
        let (package, name) = library.overriding(&self.shared.settings, package, name)?;
        let definition = library.get(&package, &name)?;
        let at = library.files[definition.file].source.at(definition.header.at.clone());
        Some((package, name, at))
    }

    /// The statements that the macro returns.
    pub fn strategy_statements(
        &self,
        of: &StrategyMacro,
        input: &StrategyArguments,
        scope: &TemplateScope,
    ) -> Result<String, Diagnostic> {
        let arguments = |session: &Arc<Session>| {
            let column = |(name, data_type): &(String, Option<String>)| {
                Value::from_object(ColumnObject::plain(name.clone(), data_type.clone(), session))
            };
            let value = |name: &str| match name {
                "target_relation" => session.relation(input.target.clone(), Some("table"), None),
                "temp_relation" => session.relation(input.stage.clone(), Some("table"), None),
                "unique_key" => json::value(&input.unique_key),
                "dest_columns" => collections::list(input.columns.iter().map(column)),
                _ => json::value(&input.predicates),
            };
            const ALL: [&str; 5] = [
                "target_relation",
                "temp_relation",
                "unique_key",
                "dest_columns",
                "incremental_predicates",
            ];
            match of.arguments {
                [] => vec![collections::dict(ALL.map(|name| (Value::from(name), value(name))))],
                names => names.iter().map(|name| value(name)).collect(),
            }
        };
        Ok(self.call_with(&of.package, &of.name, arguments, scope)?.0)
    }
}
