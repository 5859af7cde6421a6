//! What a session needs before any statement of a plan: the databases that a profile attaches.
//! Takes the profile's entries; gives statements that every file begins with, since each file runs
//! alone. Running them again changes nothing.

use minijinja::Value as Argument;
use serde_json::{Map, Value};

use super::{Dialect, Sql};
use crate::diagnostics::Diagnostic;

impl Dialect {
    /// Has every file begin with statements that attach these databases. Refuses them on an engine
    /// that attaches none.
    pub fn attach(&mut self, databases: &[Map<String, Value>]) -> Result<(), Diagnostic> {
        let statements = databases
            .iter()
            .map(|database| Ok(self.attached(database)?.0))
            .collect::<Result<Vec<String>, Diagnostic>>()?;
        self.session = statements.iter().map(|statement| format!("\n{statement}\n")).collect();
        Ok(())
    }

    fn attached(&self, database: &Map<String, Value>) -> Result<Sql, Diagnostic> {
        if !self.has("attach") {
            let error = Diagnostic::error(format!(
                "the profile attaches databases, which {} does not do",
                self.name
            ));
            return Err(error.hint("take `attach` out of the profile's target"));
        }
        // A token in a path's query is no part of a file.
        let path = database.get("path").and_then(Value::as_str).unwrap_or_default();
        let path =
            if path.contains(':') { path.split('?').next().unwrap_or_default() } else { path };
        let alias = match database.get("alias").and_then(Value::as_str) {
            Some(alias) => self
                .sql("attach_alias", &[("alias", Argument::from_safe_string(alias.to_string()))])?,
            None => Sql::default(),
        };
        let options = self.attach_options(database)?;
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
                ("path", self.string(path)?.value()),
                ("alias", alias.value()),
                ("options", options.value()),
            ],
        )
    }

    /// The options of an entry, its own and those under `options`: a word for what is true, else a
    /// name and a value.
    fn attach_options(&self, database: &Map<String, Value>) -> Result<Vec<String>, Diagnostic> {
        let own = ["type", "secret", "read_only"]
            .iter()
            .filter_map(|key| Some((*key, database.get(*key)?)));
        let listed = database.get("options").and_then(Value::as_object);
        let listed = listed.into_iter().flatten().map(|(key, value)| (key.as_str(), value));
        let mut options = Vec::new();
        for (key, value) in own.chain(listed) {
            match value {
                Value::Null | Value::Bool(false) => {}
                Value::Bool(true) => options.push(key.to_string()),
                Value::String(text) if key == "type" || key == "secret" => {
                    options.push(format!("{key} {text}"))
                }
                Value::String(text) => options.push(format!("{key} {}", self.string(text)?)),
                value => options.push(format!("{key} {value}")),
            }
        }
        Ok(options)
    }
}
