//! `{% docs name %}` blocks, and the descriptions that include one by `doc('name')`. Takes the
//! packages' Markdown files; returns the text of a description. An unknown block is a warning,
//! since no SQL depends on it.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex};

use regex::Regex;
use serde_json::Value;

use super::columns::ColumnPatch;
use super::properties::Properties;
use super::resource::{Resource, ResourceKind};
use super::values::has_jinja;
use crate::diagnostics::{Diagnostic, Diagnostics, Location, SourceFile, nearest};
use crate::jinja::{DocsLookup, YamlScope, description_text, docs_text};

/// The docs blocks of all packages.
#[derive(Default)]
pub struct Docs {
    /// Keyed by package and name.
    blocks: Arc<BTreeMap<(String, String), String>>,
    /// The packages in the order in which a name is searched, after the package of the description:
    /// the project first.
    packages: Vec<String>,
}

static BLOCK: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?s)\{%[-+]?\s*docs\s+(\w+)\s*[-+]?%\}(.*?)\{%[-+]?\s*enddocs\s*[-+]?%\}")
});
/// The parts of a semantic model with descriptions.
const PARTS: [&str; 3] = ["dimensions", "measures", "entities"];

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the pattern is well formed")
}

impl Docs {
    /// Adds the blocks in a package's files. As in dbt, two blocks of one name are an error.
    pub fn add(&mut self, package: &str, files: &[SourceFile], errors: &mut Diagnostics) {
        self.packages.push(package.to_string());
        for (file, block) in files
            .iter()
            .flat_map(|file| BLOCK.captures_iter(&file.text).map(move |block| (file, block)))
        {
            let name = block[1].to_string();
            let key = (package.to_string(), name.clone());
            let at = block.get(1).map(|name| file.at(name.range()));
            let text = docs_text(&block[2]).unwrap_or_else(|error| {
                let error = error.at_maybe(at.clone());
                errors.0.push(error.hint("put Jinja of a docs block in `{% raw %}`"));
                String::new()
            });
            let blocks = Arc::make_mut(&mut self.blocks);
            if blocks.insert(key, text.trim().to_string()).is_some() {
                let error = Diagnostic::error(format!("duplicate docs block `{name}`"));
                errors.0.push(error.at_maybe(at).hint("rename one of the two blocks"));
            }
        }
    }

    /// Replaces the `doc()` calls in a package's descriptions by their blocks.
    pub fn resolve(
        &self,
        package: &str,
        scope: &YamlScope,
        properties: &mut Properties,
        errors: &mut Diagnostics,
    ) {
        let mut resolve_text = |text: &mut String, at: &Location| {
            if has_jinja(text) {
                *text = self.render(package, text, scope, at, errors);
            }
        };
        let columns = |columns: &mut Vec<ColumnPatch>,
                       at: &Location,
                       resolve_text: &mut dyn FnMut(&mut String, &Location)| {
            columns.iter_mut().for_each(|column| resolve_text(&mut column.description, at));
        };
        for patch in properties
            .models
            .iter_mut()
            .chain(&mut properties.seeds)
            .chain(&mut properties.snapshots)
        {
            resolve_text(&mut patch.description, &patch.at);
            columns(&mut patch.columns, &patch.at, &mut resolve_text);
            for version in &mut patch.versions {
                version.description.iter_mut().for_each(|text| resolve_text(text, &version.at));
                columns(&mut version.columns, &version.at, &mut resolve_text);
            }
        }
        for table in &mut properties.sources {
            resolve_text(&mut table.description, &table.at);
            if let Some(Value::String(text)) = table.attributes.get_mut("source_description") {
                resolve_text(text, &table.at);
            }
            columns(&mut table.columns, &table.at, &mut resolve_text);
        }
        for resource in &mut properties.resources {
            let Some(at) = resource.at.clone() else { continue };
            for text in descriptions(resource) {
                resolve_text(text, &at);
            }
        }
    }

    /// The text with its Jinja rendered.
    fn render(
        &self,
        package: &str,
        text: &str,
        scope: &YamlScope,
        at: &Location,
        errors: &mut Diagnostics,
    ) -> String {
        let missing = Arc::new(Mutex::new(Vec::new()));
        let (blocks, of, names) = (self.blocks.clone(), package.to_string(), missing.clone());
        let packages = self.packages.clone();
        let lookup: DocsLookup = Arc::new(move |package: Option<&str>, name: &str| {
            let searched: Vec<&str> = match package {
                Some(package) => vec![package],
                None => std::iter::once(&of).chain(&packages).map(String::as_str).collect(),
            };
            let block = |package: &&str| blocks.get(&(package.to_string(), name.to_string()));
            if let Some(block) = searched.iter().find_map(block) {
                return block.clone();
            }
            if let Ok(mut names) = names.lock() {
                names.push(name.to_string());
            }
            String::new()
        });
        let rendered = description_text(text, scope, lookup);
        let missing = missing.lock().map(|names| names.clone()).unwrap_or_default();
        errors.0.extend(missing.iter().map(|name| self.missing(name).at(at.clone())));
        rendered.unwrap_or_else(|error| {
            errors.0.push(error.at(at.clone()));
            String::new()
        })
    }

    fn missing(&self, name: &str) -> Diagnostic {
        let error = Diagnostic::warning(format!("docs block `{name}` not found"));
        match nearest(name, self.blocks.keys().map(|(_, name)| name.as_str())) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error.hint(format!(
                "add `{{% docs {name} %}} … {{% enddocs %}}` to a \
                Markdown file in a folder of models"
            )),
        }
    }
}

/// The descriptions of a resource that dbt renders.
fn descriptions(resource: &mut Resource) -> Vec<&mut String> {
    if matches!(resource.kind, ResourceKind::UnitTest | ResourceKind::Group) {
        return Vec::new();
    }
    let has_parts = resource.kind == ResourceKind::SemanticModel;
    let mut texts = Vec::new();
    for (key, value) in &mut resource.entry {
        match value {
            Value::String(text) if key == "description" => texts.push(text),
            Value::Array(items) if has_parts && PARTS.contains(&key.as_str()) => {
                texts.extend(items.iter_mut().filter_map(description));
            }
            _ => {}
        }
    }
    texts
}

fn description(part: &mut Value) -> Option<&mut String> {
    match part.get_mut("description")? {
        Value::String(text) => Some(text),
        _ => None,
    }
}
