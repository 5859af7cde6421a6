//! `{% docs name %}` blocks, and the descriptions that ask for one by `doc('name')`. Takes the
//! packages' Markdown files; gives a description as it reads. A block that is not there is a
//! warning: nothing that runs depends on it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::columns::ColumnPatch;
use super::properties::Properties;
use super::values::has_jinja;
use crate::diagnostics::{Diagnostic, Diagnostics, Location, SourceFile, nearest};
use crate::jinja::{YamlScope, yaml_value};

/// The blocks of all packages.
#[derive(Default)]
pub struct Docs {
    /// By package and name.
    blocks: BTreeMap<(String, String), String>,
    /// Packages in the order in which a name is looked for behind its own: the project first.
    packages: Vec<String>,
}

static BLOCK: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?s)\{%[-+]?\s*docs\s+(\w+)\s*[-+]?%\}(.*?)\{%[-+]?\s*enddocs\s*[-+]?%\}")
});
static CALL: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r#"\{\{[-+]?\s*doc\(\s*['"]([^'"]+)['"]\s*(?:,\s*['"]([^'"]+)['"]\s*)?\)\s*[-+]?\}\}"#)
});

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the pattern is well formed")
}

impl Docs {
    /// Adds the blocks in a package's files.
    pub fn add<'a>(&mut self, package: &str, files: impl IntoIterator<Item = &'a SourceFile>) {
        self.packages.push(package.to_string());
        for block in files.into_iter().flat_map(|file| BLOCK.captures_iter(&file.text)) {
            self.blocks
                .insert((package.to_string(), block[1].to_string()), block[2].trim().to_string());
        }
    }

    /// Writes the blocks into a package's descriptions.
    pub fn fill(
        &self,
        package: &str,
        scope: &YamlScope,
        properties: &mut Properties,
        errors: &mut Diagnostics,
    ) {
        let mut put = |text: &mut String, at: &Location| {
            if has_jinja(text) {
                *text = self.read(package, text, scope, at, errors);
            }
        };
        let columns = |columns: &mut Vec<ColumnPatch>,
                       at: &Location,
                       put: &mut dyn FnMut(&mut String, &Location)| {
            columns.iter_mut().for_each(|column| put(&mut column.description, at));
        };
        for patch in properties
            .models
            .iter_mut()
            .chain(&mut properties.seeds)
            .chain(&mut properties.snapshots)
        {
            put(&mut patch.description, &patch.at);
            columns(&mut patch.columns, &patch.at, &mut put);
            for version in &mut patch.versions {
                version.description.iter_mut().for_each(|text| put(text, &version.at));
                columns(&mut version.columns, &version.at, &mut put);
            }
        }
        for table in &mut properties.sources {
            put(&mut table.description, &table.at);
            if let Some(Value::String(text)) = table.info.get_mut("source_description") {
                put(text, &table.at);
            }
            columns(&mut table.columns, &table.at, &mut put);
        }
    }

    /// A text, its `doc()` calls replaced, and other Jinja between them rendered.
    fn read(
        &self,
        package: &str,
        text: &str,
        scope: &YamlScope,
        at: &Location,
        errors: &mut Diagnostics,
    ) -> String {
        let mut read = String::new();
        let mut rest = 0;
        let between =
            |text: &str, read: &mut String, errors: &mut Diagnostics| match yaml_value(text, scope)
            {
                Ok(Value::String(text)) => read.push_str(&text),
                Ok(Value::Null) => {}
                Ok(value) => read.push_str(&value.to_string()),
                Err(error) => errors.0.push(
                    Diagnostic { level: crate::diagnostics::Level::Warning, ..error }
                        .at(at.clone()),
                ),
            };
        for call in CALL.captures_iter(text) {
            let Some(whole) = call.get(0) else { continue };
            between(&text[rest..whole.start()], &mut read, errors);
            rest = whole.end();
            let (of, name) =
                call.get(2).map_or((None, &call[1]), |name| (Some(&call[1]), name.as_str()));
            match self.find(package, of, name) {
                Some(block) => read.push_str(block),
                None => errors.0.push(self.missing(name).at(at.clone())),
            }
        }
        between(&text[rest..], &mut read, errors);
        read
    }

    fn find(&self, package: &str, of: Option<&str>, name: &str) -> Option<&str> {
        let packages: Vec<&str> = match of {
            Some(of) => vec![of],
            None => {
                std::iter::once(package).chain(self.packages.iter().map(String::as_str)).collect()
            }
        };
        packages
            .into_iter()
            .find_map(|package| self.blocks.get(&(package.to_string(), name.to_string())))
            .map(String::as_str)
    }

    fn missing(&self, name: &str) -> Diagnostic {
        let error =
            Diagnostic::warning(format!("`doc('{name}')` is no docs block of this project"));
        match nearest(name, self.blocks.keys().map(|(_, name)| name.as_str())) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error.hint(format!(
                "write `{{% docs {name} %}} … {{% enddocs %}}` into a \
                Markdown file beside the models"
            )),
        }
    }
}
