//! A macro that returns the statements of an incremental strategy: which one the project has in the
//! place of dbt's own, and its call with the arguments that dbt gives it. Takes the name; gives the
//! text that the macro returns.

use std::sync::Arc;

use minijinja::Value;

use super::column::Column;
use super::macro_registry::DBT;
use super::session::Session;
use super::{Jinja, Relation, Scope, collections, json};
use crate::diagnostics::{Diagnostic, Location};

/// What dbt gives a strategy's macro.
#[derive(Clone, Debug)]
pub struct StrategyArguments {
    pub target: Relation,
    /// The table that holds the rows of the query.
    pub stage: Relation,
    pub unique_key: serde_json::Value,
    /// The columns of the target: names and types.
    pub columns: Vec<(String, Option<String>)>,
    pub predicates: serde_json::Value,
}

/// A macro of a project's own.
#[derive(Clone, Debug, PartialEq)]
pub struct StrategyMacro {
    pub package: String,
    pub name: String,
    /// The arguments that it takes, by dbt's names; none: one dict of all.
    pub arguments: &'static [&'static str],
    pub at: Location,
}

/// dbt's macros that the macro of a strategy calls, which a project can replace: their arguments in
/// order.
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
    /// The macro of the project that makes the statements of a strategy for the models of
    /// `package`. `usual` is the strategy that a model without one has.
    pub fn strategy_macro(
        &self,
        package: &str,
        strategy: Option<&str>,
        usual: &str,
    ) -> Option<StrategyMacro> {
        let named = strategy.unwrap_or("default");
        let own = |strategy: &str| {
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
        let usual = if named == "default" { usual } else { named };
        own(named).or_else(|| own(usual)).or_else(|| part(usual))
    }

    /// The package and name of the macro that is called for one of dbt's, if that is not dbt's own.
    fn replacing(&self, package: &str, name: &str) -> Option<(String, String, Location)> {
        let library = &self.shared.library;
        let plain = [package, &library.root]
            .into_iter()
            .find(|package| *package != DBT && library.get(package, name).is_some());
        let (package, name) = match plain {
            Some(package) => (package.to_string(), name.to_string()),
            None => library
                .dispatch(&self.shared.settings, DBT, name, Some(DBT))
                .ok()
                .filter(|(package, _)| package != DBT)?,
        };
        let found = library.get(&package, &name)?;
        let at = library.files[found.file].source.at(found.header.at.clone());
        Some((package, name, at))
    }

    /// The statements that the macro returns.
    pub fn strategy_statements(
        &self,
        of: &StrategyMacro,
        given: &StrategyArguments,
        scope: &Scope,
    ) -> Result<String, Diagnostic> {
        let arguments = |session: &Arc<Session>| {
            let column = |(name, data_type): &(String, Option<String>)| {
                Value::from_object(Column::plain(name.clone(), data_type.clone(), session))
            };
            let value = |name: &str| match name {
                "target_relation" => session.relation(given.target.clone(), Some("table"), None),
                "temp_relation" => session.relation(given.stage.clone(), Some("table"), None),
                "unique_key" => json::value(&given.unique_key),
                "dest_columns" => collections::list(given.columns.iter().map(column)),
                _ => json::value(&given.predicates),
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
