//! The statements at the start of every file, which attach the databases of the profile. Each file
//! has them, since each file runs alone; they are idempotent.

use minijinja::Value as Argument;
use serde_json::{Map, Value};

use super::{Dialect, Sql};
use crate::diagnostics::Diagnostic;

impl Dialect {
    /// Adds statements that attach these databases to the start of every file. Returns an error if
    /// the engine cannot attach databases.
    pub fn attach(&mut self, databases: &[Map<String, Value>]) -> Result<(), Diagnostic> {
        let statements = databases
            .iter()
            .map(|database| Ok(self.attach_statement(database)?.0))
            .collect::<Result<Vec<String>, Diagnostic>>()?;
        self.session = statements.iter().map(|statement| format!("\n{statement}\n")).collect();
        Ok(())
    }

    fn attach_statement(&self, database: &Map<String, Value>) -> Result<Sql, Diagnostic> {
        if !self.has_macro("attach") {
            let error = Diagnostic::error(format!(
                "the profile attaches databases, which {} does not support",
                self.name
            ));
            return Err(error.hint("remove `attach` from the profile's target"));
        }
        // The query of a URL may contain a token, which must not be written into a file.
        let path = database.get("path").and_then(Value::as_str).unwrap_or_default();
        let path =
            if path.contains(':') { path.split('?').next().unwrap_or_default() } else { path };
        let alias = match database.get("alias").and_then(Value::as_str) {
            Some(alias) => self
                .sql("attach_alias", &[("alias", Argument::from_safe_string(alias.to_string()))])?,
            None => Sql::default(),
        };
        let options = self.attach_options(database);
        let options = match options.is_empty() {
            true => Sql::default(),
            false => self.sql(
                "attach_options",
                &[("options", Argument::from_safe_string(options.join(", ")))],
            )?,
        };
        self.sql(
            "attach",
            &[
                ("path", self.string(path).value()),
                ("alias", alias.value()),
                ("options", options.value()),
            ],
        )
    }

    /// The options of an entry, at its top level and under `options`: only the name for `true`,
    /// else the name and the value.
    fn attach_options(&self, database: &Map<String, Value>) -> Vec<String> {
        let top_level = ["type", "secret", "read_only"]
            .iter()
            .filter_map(|key| Some((*key, database.get(*key)?)));
        let nested = database.get("options").and_then(Value::as_object);
        let nested = nested.into_iter().flatten().map(|(key, value)| (key.as_str(), value));
        let mut options = Vec::new();
        for (key, value) in top_level.chain(nested) {
            match value {
                Value::Null | Value::Bool(false) => {}
                Value::Bool(true) => options.push(key.to_string()),
                Value::String(text) if key == "type" || key == "secret" => {
                    options.push(format!("{key} {text}"))
                }
                Value::String(text) => options.push(format!("{key} {}", self.string(text))),
                value => options.push(format!("{key} {value}")),
            }
        }
        options
    }
}
