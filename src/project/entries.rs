//! The entries of one properties file: how their names, texts and configuration are read. Reports
//! the errors of every entry.

use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::jinja::YamlScope;
use crate::yaml::{self, Yaml};

use super::Config;
use super::entry_types::OTHER_LISTS;
use super::packages::PackageFile;
use super::values::{LateHooks, config, not_text, rendered_text, set};

/// Reads the entries of one file.
pub struct Entries<'a> {
    pub file: &'a PackageFile,
    pub scope: &'a YamlScope<'a>,
    errors: &'a mut Diagnostics,
}

impl<'a> Entries<'a> {
    pub fn new(
        file: &'a PackageFile,
        scope: &'a YamlScope<'a>,
        errors: &'a mut Diagnostics,
    ) -> Entries<'a> {
        Entries { file, scope, errors }
    }

    /// The errors so far.
    pub fn errors(&mut self) -> &mut Diagnostics {
        self.errors
    }

    /// The entries under `key`.
    pub fn list<'t>(&self, of: &'t Yaml, key: &str) -> &'t [Yaml] {
        of.get(key).map(Yaml::items).unwrap_or_default()
    }

    /// The name of an entry, its Jinja rendered.
    pub fn name(&mut self, of: &Yaml, key: &str) -> Option<String> {
        let name = self.text(of, key);
        // A name of another type has been reported already.
        if name.is_none() && of.get(key).is_none() {
            let error = Diagnostic::error(format!("an entry has no `{key}`")).at(of.at.clone());
            self.report(error.hint(format!("begin it with `- {key}: …`")));
        }
        name
    }

    /// The text under `key`, its Jinja rendered.
    pub fn text(&mut self, of: &Yaml, key: &str) -> Option<String> {
        match of.get(key).map(|text| rendered_text(text, self.scope)) {
            Some(Ok(text)) => text,
            Some(Err(error)) => {
                self.report(error);
                None
            }
            None => None,
        }
    }

    /// The version under `key`: a text or a number.
    pub fn version_name(&mut self, of: &Yaml, key: &str) -> Option<String> {
        match of.get(key) {
            Some(Yaml { data: yaml::Data::Number(number), .. }) => Some(number.to_string()),
            _ => self.text(of, key),
        }
    }

    /// The description, whose Jinja is rendered later.
    pub fn description(&mut self, of: &Yaml) -> Option<String> {
        let description = of.dict().and_then(|dict| dict.get("description"))?;
        if let yaml::Data::Text(text) = &description.data {
            return Some(text.clone());
        }
        self.report(not_text(description, &description.json()));
        None
    }

    /// Reports entries without a name in the lists that no plan depends on, as dbt does.
    pub fn check_names(&mut self, tree: &Yaml) {
        for key in OTHER_LISTS {
            for entry in self.list(tree, key) {
                match entry.dict().and_then(|dict| dict.get("name")) {
                    Some(Yaml { data: yaml::Data::Text(_), .. }) => {}
                    Some(name) => self.report(not_text(name, &name.json())),
                    None => _ = self.name(entry, "name"),
                }
            }
        }
    }

    /// The config of an entry: the keys `names` at its top level, then `config:`.
    pub fn config(&mut self, of: &Yaml, names: &[&str], late_hooks: LateHooks) -> [Config; 2] {
        let mut top_level = Config::new();
        for key in names {
            if let Some(value) = of.get(key) {
                set(&mut top_level, key, value, self.scope, LateHooks::Never, self.errors);
            }
        }
        let under_config = config(of.get("config"), self.scope, late_hooks, self.errors);
        for key in names.iter().filter(|key| top_level.contains_key(**key)) {
            if let Some(twice) = under_config.get(*key) {
                let message =
                    format!("`{key}` is set both at the top level of the entry and under `config`");
                let error = Diagnostic::error(message).at(twice.at.clone());
                self.report(error.hint("set it under `config` only"));
            }
        }
        [top_level, under_config]
    }

    pub fn report(&mut self, error: Diagnostic) {
        self.errors.0.push(error);
    }
}
