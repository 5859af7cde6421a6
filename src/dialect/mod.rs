//! How an engine says it. Each dialect is one file of SQL templates and a few facts, `<name>.sql`;
//! what it leaves out is looked up in the dialect it is `like`, at last in `ansi.sql`. Takes SQL
//! fragments by name, gives SQL. Knows no stage.

mod batch_template;
mod client_commands;
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

pub use batch_template::{BatchTemplate, Slot, for_each, refuse_slots};
pub use client_commands::{ClientCommand, ClientSyntax};
pub use name::{Case, folded, short_hash};
pub use spellings::spellings;
pub use sql::{Sql, one_line};
pub use time::{TimeType, TypeClass, plain_type};
pub use time_format::{Precision, TimeFormat};

use crate::diagnostics::{Diagnostic, nearest};
use crate::jinja::{ColumnQuoting, RelationStyle};
use template::Contents;

/// Every dialect with its file: the one list of engines in this program.
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

/// The names that `--dialect` and a profile's `type` may have.
pub fn names() -> impl Iterator<Item = &'static str> {
    FILES.iter().map(|(name, _)| *name).filter(|name| *name != "ansi")
}

/// One engine's SQL.
pub struct Dialect {
    pub name: &'static str,
    /// Itself, the dialect it is like, and so on to `ansi`.
    pub chain: Vec<&'static str>,
    /// What each file of the chain holds, in its order.
    files: Vec<Contents>,
    /// Words that are no name of a column unless they are quoted, in lower case.
    reserved: BTreeSet<String>,
    /// The statements that every file begins with.
    pub session: String,
    /// What the dialect's clients take for commands of their own.
    pub client_syntax: ClientSyntax,
    /// The ends of windows that were asked for: by the macro that writes one, and which end it is.
    moments: Mutex<BTreeMap<(String, Slot), Sql>>,
}

/// The dialect of an engine, by dbt's name of its adapter.
pub fn named(name: &str) -> Result<Dialect, Diagnostic> {
    let Some(found) = names().find(|known| *known == name) else {
        let error = Diagnostic::error(format!("`{name}` is not a dialect of batchwright"));
        let known = names().collect::<Vec<_>>().join("`, `");
        return Err(match nearest(name, names()) {
            Some(near) => error.hint(format!("did you mean `{near}`? It knows `{known}`")),
            None => error.hint(format!("it knows `{known}`; name the nearest with `--dialect`")),
        });
    };
    let mut dialect = Dialect {
        name: found,
        chain: Vec::new(),
        files: Vec::new(),
        reserved: BTreeSet::new(),
        session: String::new(),
        client_syntax: ClientSyntax::default(),
        moments: Mutex::default(),
    };
    let mut next = Some(found.to_string());
    while let Some(name) = next {
        match FILES.iter().find(|(known, _)| *known == name) {
            Some((name, text)) if !dialect.chain.contains(name) => {
                let contents = template::contents(name, text)?;
                next =
                    contents.facts.get("like").and_then(|like| like.as_str()).map(str::to_string);
                dialect.chain.push(name);
                dialect.files.push(contents);
            }
            _ => {
                return Err(Diagnostic::error(format!(
                    "the dialect `{found}` is like `{name}`, which leads nowhere"
                )));
            }
        }
    }
    dialect.reserved = dialect.property("reserved")?;
    dialect.client_syntax = dialect.property("client_syntax")?;
    Ok(dialect)
}

impl Dialect {
    /// A fact of the dialect's file (`{% set name = … %}`), from the nearest file that has it.
    pub fn property<T: DeserializeOwned>(&self, name: &str) -> Result<T, Diagnostic> {
        for (file, contents) in self.chain.iter().zip(&self.files) {
            if let Some(value) = contents.facts.get(name) {
                return T::deserialize(value).map_err(|error| broken(file, name, &error));
            }
        }
        Err(Diagnostic::error(format!(
            "no file of the dialect `{}` says what `{name}` is",
            self.name
        )))
    }

    /// Whether a fact that lists words lists this one.
    pub fn lists(&self, name: &str, word: &str) -> Result<bool, Diagnostic> {
        let listed = self
            .files
            .iter()
            .find_map(|contents| contents.facts.get(name))
            .and_then(|listed| listed.as_array());
        match listed {
            Some(words) => Ok(words.iter().any(|listed| listed == word)),
            None => Err(Diagnostic::error(format!(
                "no file of the dialect `{}` has the list `{name}`",
                self.name
            ))),
        }
    }

    /// A fact of one of the dialect's ways to write (`<name>_<variant>`), or of the dialect as a
    /// whole.
    pub fn property_of<T: DeserializeOwned>(
        &self,
        name: &str,
        variant: Option<&str>,
    ) -> Result<T, Diagnostic> {
        match variant.map(|variant| format!("{name}_{variant}")).filter(|own| self.has(own)) {
            Some(own) => self.property(&own),
            None => self.property(name),
        }
    }

    /// Whether a macro or a fact of this name is in the dialect's file or one it is like.
    pub fn has(&self, name: &str) -> bool {
        self.files.iter().any(|file| {
            file.macros.contains_key(name)
                || file.facts.get(name).is_some_and(|fact| !fact.is_null())
        })
    }

    /// The macro's SQL. Arguments are given by name; a macro takes those it declares.
    pub fn sql(&self, name: &str, arguments: &[(&str, Value)]) -> Result<Sql, Diagnostic> {
        let found = self
            .chain
            .iter()
            .zip(&self.files)
            .find_map(|(file, contents)| Some((file, contents.macros.get(name)?)));
        let Some((file, found)) = found else {
            return Err(Diagnostic::error(format!(
                "no file of the dialect `{}` has the macro `{name}`",
                self.name
            )));
        };
        found.write(arguments).map(Sql).map_err(|error| broken(file, name, &error))
    }

    /// How the engine writes names of relations.
    pub fn relation_style(&self) -> Result<RelationStyle, Diagnostic> {
        Ok(RelationStyle {
            quote: self.property("quote")?,
            quoted: self.property("quoted")?,
            included: self.property("included")?,
        })
    }

    /// How dbt's adapter quotes names of columns.
    pub fn column_quoting(&self) -> Result<ColumnQuoting, Diagnostic> {
        let column_quote: Option<char> = self.property("column_quote")?;
        let quote = column_quote.map_or_else(|| self.property("quote"), Ok)?;
        Ok(ColumnQuoting {
            quote,
            seeds: self.property("seed_columns_quoted")?,
            once: self.property("columns_quoted_once")?,
        })
    }

    /// The names under which `adapter.dispatch` looks for a macro, in order: dbt's, which are not
    /// always those of the files.
    pub fn dispatch(&self) -> Result<Vec<String>, Diagnostic> {
        match self
            .files
            .first()
            .and_then(|own| own.facts.get("dispatch"))
            .filter(|names| !names.is_null())
        {
            Some(names) => {
                Vec::deserialize(names).map_err(|error| broken(self.name, "dispatch", &error))
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

/// A mistake in a dialect's file, which tests of all dialects keep from users.
fn broken(file: &str, name: &str, error: &dyn std::fmt::Display) -> Diagnostic {
    Diagnostic::error(format!("`{name}` of the dialect file `{file}.sql`: {error:#}"))
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
    fn macros_are_looked_for_under_the_names_of_dbt() {
        let names = |name| named(name).unwrap().dispatch().unwrap().join(" ");
        assert_eq!(names("redshift"), "redshift postgres");
        assert_eq!(names("databricks"), "databricks spark");
        assert_eq!(
            [names("athena"), names("spark"), names("fabric"), names("mariadb")],
            ["athena", "spark", "fabric", "mariadb"]
        );
    }

    #[test]
    fn a_misspelled_dialect_is_corrected() {
        let error = named("postgress").err().unwrap();
        assert!(error.hints[0].contains("did you mean `postgres`"), "{error:?}");
    }

    #[test]
    fn text_that_is_not_marked_as_sql_is_refused() {
        let error = named("duckdb")
            .unwrap()
            .sql("create_schema", &[("schema", Value::from("x; drop table y"))])
            .unwrap_err();
        assert!(error.message.contains("is not SQL"), "{}", error.message);
    }
}
