//! The SQL of each engine. A dialect is one file of SQL templates and properties, `<name>.sql`. An
//! entry that it lacks is looked up in the dialect named by `like`, and finally in `ansi.sql`.

mod batch_template;
mod client_commands;
pub mod ledger_text;
mod name;
mod session;
mod spellings;
mod sql;
mod template;
mod time;
mod time_format;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use minijinja::Value;
use serde::Deserialize;
use serde::de::DeserializeOwned;

pub use batch_template::{BatchTemplate, Slot, for_each, reject_slots};
pub use client_commands::{ClientCommand, ClientSyntax};
pub use name::{Case, fold_case, short_hash};
pub use spellings::spellings;
pub use sql::{Sql, one_line};
pub use time::{TimeType, TypeClass, plain_type};
pub use time_format::{Precision, TimeFormat};

use crate::diagnostics::{Diagnostic, nearest};
use crate::jinja::{ColumnStyle, RelationStyle};
use template::DialectFile;

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

/// The SQL of one engine.
pub struct Dialect {
    pub name: &'static str,
    /// This dialect, the one named by its `like`, and so on up to `ansi`.
    pub chain: Vec<&'static str>,
    /// The files of the chain, in its order.
    files: Vec<DialectFile>,
    /// Words that must be quoted as column names, in lower case.
    reserved: BTreeSet<String>,
    /// The statements at the start of every file.
    pub session: String,
    /// The commands of the dialect's clients.
    pub client_syntax: ClientSyntax,
    /// The rendered bounds of windows: by macro and format, and which bound it is.
    window_bounds: Mutex<BTreeMap<(String, Slot), Sql>>,
    /// The table of the ledger, if the plan has one.
    pub ledger: Option<Sql>,
}

/// Loads the dialect of an engine, by the name of dbt's adapter.
pub fn named(name: &str) -> Result<Dialect, Diagnostic> {
    let Some(name) = names().find(|known| *known == name) else {
        let error = Diagnostic::error(format!("unknown dialect `{name}`"));
        let known = names().collect::<Vec<_>>().join("`, `");
        return Err(match nearest(name, names()) {
            Some(near) => error.hint(format!("did you mean `{near}`? The dialects are `{known}`")),
            None => error.hint(format!(
                "the dialects are `{known}`; choose the nearest one with `--dialect`"
            )),
        });
    };
    let mut dialect = Dialect {
        name,
        chain: Vec::new(),
        files: Vec::new(),
        reserved: BTreeSet::new(),
        session: String::new(),
        client_syntax: ClientSyntax::default(),
        window_bounds: Mutex::default(),
        ledger: None,
    };
    let mut next = Some(name.to_string());
    while let Some(like) = next {
        match FILES.iter().find(|(known, _)| *known == like) {
            Some((name, text)) if !dialect.chain.contains(name) => {
                let file = template::parse(name, text)?;
                next =
                    file.properties.get("like").and_then(|like| like.as_str()).map(str::to_string);
                dialect.chain.push(name);
                dialect.files.push(file);
            }
            _ => {
                return Err(Diagnostic::error(format!(
                    "`like` of the dialect `{name}` leads to `{like}`, which is unknown or cyclic"
                )));
            }
        }
    }
    dialect.reserved = dialect.property("reserved")?;
    dialect.client_syntax = dialect.property("client_syntax")?;
    Ok(dialect)
}

impl Dialect {
    /// A property (`{% set name = … %}`), from the nearest file that has it.
    pub fn property<T: DeserializeOwned>(&self, name: &str) -> Result<T, Diagnostic> {
        for (file_name, file) in self.chain.iter().zip(&self.files) {
            if let Some(value) = file.properties.get(name) {
                return T::deserialize(value).map_err(|error| invalid(file_name, name, &error));
            }
        }
        Err(Diagnostic::error(format!("the dialect `{}` has no property `{name}`", self.name)))
    }

    /// Whether the list `name` contains this word.
    pub fn lists(&self, name: &str, word: &str) -> Result<bool, Diagnostic> {
        let listed = self
            .files
            .iter()
            .find_map(|file| file.properties.get(name))
            .and_then(|listed| listed.as_array());
        match listed {
            Some(words) => Ok(words.iter().any(|listed| listed == word)),
            None => {
                Err(Diagnostic::error(format!("the dialect `{}` has no list `{name}`", self.name)))
            }
        }
    }

    /// A property of a variant (`<name>_<variant>`), or else of the dialect.
    pub fn property_of<T: DeserializeOwned>(
        &self,
        name: &str,
        variant: Option<&str>,
    ) -> Result<T, Diagnostic> {
        let variant = variant.map(|variant| format!("{name}_{variant}"));
        match variant.filter(|variant| self.has(variant)) {
            Some(variant) => self.property(&variant),
            None => self.property(name),
        }
    }

    /// Whether a file of the dialect has a macro or a property of this name.
    pub fn has(&self, name: &str) -> bool {
        self.files.iter().any(|file| {
            file.macros.contains_key(name)
                || file.properties.get(name).is_some_and(|property| !property.is_null())
        })
    }

    /// Renders a macro with named arguments. A macro may declare fewer arguments than it gets, and
    /// the arguments `ledger` and `ledger_after`: where it writes the row of the ledger, if there is
    /// one.
    pub fn sql(&self, name: &str, arguments: &[(&str, Value)]) -> Result<Sql, Diagnostic> {
        let files = self.chain.iter().zip(&self.files);
        let Some((file, sql_macro)) =
            files.into_iter().find_map(|(path, file)| Some((path, file.macros.get(name)?)))
        else {
            return Err(Diagnostic::error(format!(
                "the dialect `{}` has no macro `{name}`",
                self.name
            )));
        };
        let row = |mark: char| {
            let text = self.ledger.as_ref().map(|_| mark.to_string()).unwrap_or_default();
            Value::from_safe_string(text)
        };
        let rows =
            [("ledger", row(ledger_text::ROW)), ("ledger_after", row(ledger_text::ROW_AFTER))];
        sql_macro.render(arguments, &rows).map(Sql).map_err(|error| invalid(file, name, &error))
    }

    /// How the engine quotes names of relations, and which parts they have.
    pub fn relation_style(&self) -> Result<RelationStyle, Diagnostic> {
        Ok(RelationStyle {
            quote: self.property("quote")?,
            quoted: self.property("quoted")?,
            included: self.property("included")?,
        })
    }

    /// How dbt's adapter writes columns.
    pub fn column_style(&self) -> Result<ColumnStyle, Diagnostic> {
        let column_quote: Option<char> = self.property("column_quote")?;
        let quote = column_quote.map_or_else(|| self.property("quote"), Ok)?;
        Ok(ColumnStyle {
            quote,
            seeds: self.property("seed_columns_quoted")?,
            once: self.property("columns_quoted_once")?,
            types: self.property("type_labels")?,
            lower_types: self.property("lower_types")?,
        })
    }

    /// The prefixes that `adapter.dispatch` tries, in order: the names of dbt's adapters.
    pub fn dispatch(&self) -> Result<Vec<String>, Diagnostic> {
        match self
            .files
            .first()
            .and_then(|file| file.properties.get("dispatch"))
            .filter(|names| !names.is_null())
        {
            Some(names) => {
                Vec::deserialize(names).map_err(|error| invalid(self.name, "dispatch", &error))
            }
            None => Ok(self
                .chain
                .iter()
                .filter(|name| **name != "ansi")
                .map(ToString::to_string)
                .collect()),
        }
    }
}

/// An invalid entry of a dialect file.
fn invalid(file: &str, name: &str, error: &dyn std::fmt::Display) -> Diagnostic {
    Diagnostic::error(format!("invalid `{name}` in the dialect file `{file}.sql`: {error:#}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dialect_loads_and_ends_at_ansi() {
        for name in names() {
            let dialect = named(name).unwrap();
            assert_eq!(dialect.chain.last(), Some(&"ansi"), "{name}");
            dialect.relation_style().unwrap();
        }
    }

    #[test]
    fn macros_are_dispatched_by_the_names_of_the_adapters() {
        let names = |name| named(name).unwrap().dispatch().unwrap().join(" ");
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
