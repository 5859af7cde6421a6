//! The SQL of each engine. A dialect is one file of SQL templates and properties, `<name>.sql`. An
//! entry that it lacks is looked up in the dialect named by `like`, and finally in `ansi.sql`.

mod batch_template;
mod client_commands;
mod file;
pub mod ledger_text;
mod name;
mod properties;
mod property_values;
mod session;
mod slot;
mod spellings;
mod sql;
pub mod staged_text;
mod template;
mod time;
mod time_format;
mod type_class;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use minijinja::Value;
use serde::Deserialize;

pub use batch_template::BatchTemplate;
pub use client_commands::{ClientCommand, ClientSyntax};
pub use name::{Case, fold_case, short_hash};
pub use properties::*;
pub use slot::{Slot, for_each, reject_slots};
pub use spellings::spellings;
pub use sql::{Sql, one_line};
pub use time::TimeType;
pub use time_format::{Precision, TimeFormat};
pub use type_class::TypeClass;

use crate::diagnostics::{Diagnostic, nearest};
use crate::jinja::{ColumnStyle, RelationStyle};
use property_values::PropertyValues;
use template::SqlMacro;

/// All dialects with their files: the only list of engines in this program.
const FILES: &[(&str, &str)] = &[
    ("ansi", include_str!("ansi.sql")),
    ("athena", include_str!("athena.sql")),
    ("bigquery", include_str!("bigquery.sql")),
    ("clickhouse", include_str!("clickhouse.sql")),
    ("databricks", include_str!("databricks.sql")),
    ("duckdb", include_str!("duckdb.sql")),
    ("fabric", include_str!("fabric.sql")),
    ("mariadb", include_str!("mariadb.sql")),
    ("mysql", include_str!("mysql.sql")),
    ("postgres", include_str!("postgres.sql")),
    ("redshift", include_str!("redshift.sql")),
    ("snowflake", include_str!("snowflake.sql")),
    ("spark", include_str!("spark.sql")),
    ("sqlite", include_str!("sqlite.sql")),
    ("sqlserver", include_str!("sqlserver.sql")),
    ("trino", include_str!("trino.sql")),
];

/// The valid values of `--dialect` and of a profile's `type`.
pub fn names() -> impl Iterator<Item = &'static str> {
    FILES.iter().map(|(name, _)| *name).filter(|name| *name != "ansi")
}

/// The SQL of one engine: its macros, and its properties by topic.
pub struct Dialect {
    pub name: &'static str,
    /// This dialect, the one named by its `like`, and so on up to `ansi`.
    pub chain: Vec<&'static str>,
    pub syntax: SyntaxProperties,
    pub names: NameProperties,
    pub target: TargetProperties,
    pub types: TypeProperties,
    pub batches: BatchProperties,
    pub keys: KeyProperties,
    pub builds: BuildProperties,
    pub hooks: HookProperties,
    pub changes: ChangeProperties,
    pub contracts: ContractProperties,
    pub metadata: MetadataProperties,
    pub staging: StagingProperties,
    pub client: ClientProperties,
    pub catalog: CatalogProperties,
    pub ledger: LedgerProperties,
    /// How a batch is written where no variant applies.
    pub strategy: StrategyProperties,
    /// How a batch is written in a variant that differs from `strategy`.
    pub variants: BTreeMap<String, StrategyProperties>,
    /// The prefixes that `adapter.dispatch` tries, in order: the names of dbt's adapters.
    pub dispatch: Vec<String>,
    /// By name, each with the dialect whose file has it.
    macros: BTreeMap<&'static str, (&'static str, SqlMacro)>,
    /// The statements at the start of every file.
    pub session: String,
    /// The rendered bounds of windows: by macro and format, and which bound it is.
    window_bounds: Mutex<BTreeMap<(String, Slot), Sql>>,
    /// The table of the ledger, if the plan has one.
    pub ledger_table: Option<Sql>,
}

/// Loads the dialect of an engine, by the name of dbt's adapter.
pub fn named(name: &str) -> Result<Dialect, Diagnostic> {
    let Some(name) = names().find(|known| *known == name) else {
        let error = Diagnostic::error(format!("unknown dialect `{name}`"));
        let known = names().collect::<Vec<_>>().join("`, `");
        return Err(match nearest(name, names()) {
            Some(near) => error.hint(format!("did you mean `{near}`? The dialects are `{known}`")),
            None => error
                .hint(format!("the dialects are `{known}`; select a similar one with `--dialect`")),
        });
    };
    load(name).map_err(|error| {
        Diagnostic::error(format!("the dialect `{name}` cannot be loaded: {}", error.message))
    })
}

/// Loads the files of a dialect's chain.
fn load(name: &'static str) -> Result<Dialect, Diagnostic> {
    let mut values = PropertyValues::default();
    let mut macros = BTreeMap::new();
    let mut chain = Vec::new();
    let mut dispatch = None;
    let mut next = Some(name.to_string());
    while let Some(like) = next {
        let (name, text) =
            find_file(&like).filter(|(name, _)| !chain.contains(name)).ok_or_else(|| {
                Diagnostic::error(format!("`like` leads to `{like}`, which is unknown or cyclic"))
            })?;
        let mut file = file::parse(text).map_err(|reason| invalid(name, &reason))?;
        let mut header = |key| file.properties.remove(key).filter(|value| !value.is_none());
        next = header("like").map(|like| like.to_string());
        // It names the adapter, so it is not inherited.
        let own_dispatch = header("dispatch");
        if chain.is_empty() {
            dispatch = own_dispatch;
        }
        values.add(name, &file);
        for (macro_name, sql_macro) in file.macros {
            macros.entry(macro_name).or_insert((name, sql_macro));
        }
        for (macro_name, from) in file.imports {
            if !macros.contains_key(macro_name) {
                macros.insert(macro_name, import(name, macro_name, from)?);
            }
        }
        chain.push(name);
    }
    let dispatch = match dispatch {
        Some(names) => Vec::deserialize(names)
            .map_err(|error| invalid(name, &format!("invalid `dispatch`: {error}")))?,
        None => chain.iter().filter(|name| **name != "ansi").map(ToString::to_string).collect(),
    };
    let variants = values.take_variants("variants")?;
    let dialect = Dialect {
        name,
        chain,
        syntax: values.take()?,
        names: values.take()?,
        target: values.take()?,
        types: values.take()?,
        batches: values.take()?,
        keys: values.take()?,
        builds: values.take()?,
        hooks: values.take()?,
        changes: values.take()?,
        contracts: values.take()?,
        metadata: values.take()?,
        staging: values.take()?,
        client: values.take()?,
        catalog: values.take()?,
        ledger: values.take()?,
        strategy: values.take()?,
        variants,
        dispatch,
        macros,
        session: String::new(),
        window_bounds: Mutex::default(),
        ledger_table: None,
    };
    values.reject_unknown()?;
    dialect.check_inclusions()?;
    Ok(dialect)
}

/// The dialect file `<name>.sql`.
fn find_file(name: &str) -> Option<(&'static str, &'static str)> {
    FILES.iter().find(|(known, _)| *known == name).copied()
}

/// The macro of another file that the dialect `name` imports.
fn import(
    name: &'static str,
    macro_name: &str,
    from: &str,
) -> Result<(&'static str, SqlMacro), Diagnostic> {
    let not_found = || invalid(name, &format!("`{from}` has no macro `{macro_name}`"));
    let (lender, text) = from.strip_suffix(".sql").and_then(find_file).ok_or_else(not_found)?;
    let sql_macro =
        file::parse_macro(text, macro_name).map_err(|reason| invalid(lender, &reason))?;
    Ok((lender, sql_macro.ok_or_else(not_found)?))
}

impl Dialect {
    /// Whether the dialect has a macro of this name.
    pub fn has_macro(&self, name: &str) -> bool {
        self.macros.contains_key(name)
    }

    /// How a batch is written in a variant.
    pub fn strategy_of(&self, variant: Option<&str>) -> &StrategyProperties {
        variant.and_then(|variant| self.variants.get(variant)).unwrap_or(&self.strategy)
    }

    /// Renders a macro with named arguments. A macro may declare fewer arguments. The arguments
    /// `ledger` and `ledger_after` mark where it writes the ledger row, if there is one.
    pub fn sql(&self, name: &str, arguments: &[(&str, Value)]) -> Result<Sql, Diagnostic> {
        let row = |mark: char| {
            let text = self.ledger_table.as_ref().map(|_| mark.to_string()).unwrap_or_default();
            Value::from_safe_string(text)
        };
        let rows =
            [("ledger", row(ledger_text::ROW)), ("ledger_after", row(ledger_text::ROW_AFTER))];
        self.render(name, arguments, &rows).map(Sql).map_err(Diagnostic::error)
    }

    fn render(
        &self,
        name: &str,
        arguments: &[(&str, Value)],
        rows: &[(&str, Value)],
    ) -> Result<String, String> {
        let Some((file, sql_macro)) = self.macros.get(name) else {
            return Err(format!("the dialect `{}` has no macro `{name}`", self.name));
        };
        sql_macro
            .render(arguments, rows, &|included| self.render(included, arguments, rows))
            .map_err(|reason| format!("{file}.sql: invalid `{name}`: {reason}"))
    }

    /// Rejects a macro that includes one which is missing, or itself.
    fn check_inclusions(&self) -> Result<(), Diagnostic> {
        for (name, (file, sql_macro)) in &self.macros {
            let mut open: Vec<&str> = sql_macro.included().collect();
            let mut seen = BTreeSet::new();
            while let Some(included) = open.pop() {
                let Some((_, sql_macro)) = self.macros.get(included).filter(|_| included != *name)
                else {
                    let reason = format!("`{name}` includes `{included}`: missing or cyclic");
                    return Err(invalid(file, &reason));
                };
                open.extend(sql_macro.included().filter(|name| seen.insert(*name)));
            }
        }
        Ok(())
    }

    /// How the engine quotes names of relations, and which parts they have.
    pub fn relation_style(&self) -> RelationStyle {
        let NameProperties { quote, quoted, included, .. } = self.names;
        RelationStyle { quote, quoted, included }
    }

    /// How dbt's adapter writes columns.
    pub fn column_style(&self) -> ColumnStyle {
        ColumnStyle {
            quote: self.names.column_quote.unwrap_or(self.names.quote),
            seeds: self.names.seed_columns_quoted,
            read_by_macro: self.catalog.columns_by_macro,
            once: self.names.columns_quoted_once,
            types: self.types.type_labels.clone(),
            lower_types: self.types.lower_types,
        }
    }
}

/// An error in a dialect file.
fn invalid(name: &str, reason: &str) -> Diagnostic {
    Diagnostic::error(format!("{name}.sql: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dialect_loads_and_ends_at_ansi() {
        for name in names() {
            let dialect = named(name).unwrap();
            assert_eq!(dialect.chain.last(), Some(&"ansi"), "{name}");
        }
    }

    #[test]
    fn macros_are_dispatched_by_the_names_of_the_adapters() {
        let names = |name| named(name).unwrap().dispatch.join(" ");
        assert_eq!(names("redshift"), "redshift postgres");
        assert_eq!(names("databricks"), "databricks spark");
        assert_eq!(
            [names("athena"), names("spark"), names("fabric"), names("mariadb")],
            ["athena", "spark", "fabric", "mariadb"]
        );
    }

    #[test]
    fn a_misspelled_dialect_gets_a_suggestion() {
        let error = named("postgress").err().unwrap();
        assert!(error.hints[0].contains("did you mean `postgres`"), "{error:?}");
    }

    #[test]
    fn text_that_is_not_marked_as_sql_is_rejected() {
        let error = named("duckdb")
            .unwrap()
            .sql("create_schema", &[("schema", Value::from("x; drop table y"))])
            .unwrap_err();
        assert!(error.message.contains("is not SQL"), "{}", error.message);
    }
}
