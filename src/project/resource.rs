//! A resource that a plan does not build, such as a data test or an exposure, and how values of its
//! entry are read.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value};

use crate::diagnostics::Location;
use crate::jinja::{RefCall, RefVersion};
use crate::yaml::Yaml;

use super::values::{list, truth};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ResourceKind {
    Analysis,
    Exposure,
    Group,
    Metric,
    SavedQuery,
    SemanticModel,
    Test,
    UnitTest,
}

impl ResourceKind {
    /// dbt's resource type.
    pub fn as_str(self) -> &'static str {
        match self {
            ResourceKind::Analysis => "analysis",
            ResourceKind::Exposure => "exposure",
            ResourceKind::Group => "group",
            ResourceKind::Metric => "metric",
            ResourceKind::SavedQuery => "saved_query",
            ResourceKind::SemanticModel => "semantic_model",
            ResourceKind::Test => "test",
            ResourceKind::UnitTest => "unit_test",
        }
    }
}

/// A resource whose references are not resolved yet.
#[derive(Clone, Debug)]
pub struct Resource {
    pub kind: ResourceKind,
    pub name: String,
    pub package: String,
    /// As in dbt: package, folders, name.
    pub fqn: Vec<String>,
    /// dbt's `original_file_path`: relative to the package.
    pub path: String,
    /// The location of its entry, or the first line of its SQL file, if that renders.
    pub at: Option<Location>,
    /// Its entry, or the text of its file under `raw_code`.
    pub entry: Map<String, Value>,
    pub tags: Vec<String>,
    pub config: Map<String, Value>,
    /// dbt's `unrendered_config`: its `config`, over `dbt_project.yml` with Jinja not rendered.
    pub unrendered: Map<String, Value>,
    pub generic_test: Option<GenericTest>,
    pub refs: Vec<RefCall>,
    pub sources: Vec<(String, String)>,
    /// The names of the metrics that it reads.
    pub metrics: Vec<String>,
    /// The measures that a metric reads, or that a semantic model defines.
    pub measures: Vec<String>,
    /// The semantic model of the measure that a metric is made of (`create_metric: true`).
    pub semantic_model: Option<String>,
}

impl Resource {
    pub fn new(kind: ResourceKind, name: String) -> Resource {
        Resource {
            kind,
            name,
            package: String::new(),
            fqn: Vec::new(),
            path: String::new(),
            at: None,
            entry: Map::new(),
            tags: Vec::new(),
            config: Map::new(),
            unrendered: Map::new(),
            generic_test: None,
            refs: Vec::new(),
            sources: Vec::new(),
            metrics: Vec::new(),
            measures: Vec::new(),
            semantic_model: None,
        }
    }

    /// Adds the references of the `ref()`, `source()` and `metric()` calls in `text`.
    pub fn add_calls(&mut self, text: &str) {
        for call in CALL.captures_iter(text) {
            let (first, second) =
                (call[2].to_string(), call.get(3).map(|second| second.as_str().to_string()));
            let version = call.get(5).map(|version| RefVersion {
                text: version.as_str().to_string(),
                is_number: call[4].is_empty(),
            });
            match (&call[1], second) {
                ("source", Some(table)) => self.sources.push((first, table)),
                ("source", None) => {}
                // The package of a metric comes first.
                ("metric", name) => self.metrics.push(name.unwrap_or(first)),
                (_, Some(name)) => self.refs.push(RefCall { package: Some(first), name, version }),
                (_, None) => self.refs.push(RefCall { package: None, name: first, version }),
            }
        }
    }

    /// Whether its configuration enables it. dbt ignores the setting for groups.
    pub fn is_enabled(&self) -> bool {
        self.kind == ResourceKind::Group
            || self.config.get("enabled").is_none_or(|enabled| truth(enabled) != Some(false))
    }

    /// The type of a metric, in lower case as in dbt.
    pub fn metric_type(&self) -> String {
        metric_type(&self.entry)
    }

    /// Sets the package, whose folder is not part of dbt's paths, and completes `fqn`, which
    /// contains only the part after the folders before.
    pub fn locate(&mut self, package: &str, folder: &str) {
        self.path = self
            .path
            .strip_prefix(folder)
            .unwrap_or(&self.path)
            .trim_start_matches('/')
            .to_string();
        self.package = package.to_string();
        let below = self.path.split_once('/').map_or("", |(_, below)| below);
        let folders = below.rsplit_once('/').map_or("", |(folders, _)| folders);
        let folders = folders.split('/').filter(|folder| !folder.is_empty()).map(String::from);
        let kind = match self.kind {
            ResourceKind::Analysis => Some("analysis".to_string()),
            _ => None,
        };
        self.fqn = [package.to_string()]
            .into_iter()
            .chain(kind)
            .chain(folders)
            .chain(std::mem::take(&mut self.fqn))
            .collect();
    }
}

static CALL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r#"\b(ref|source|metric)\(\s*["']([^"']+)["'](?:\s*,\s*["']([^"']+)["'])?"#,
        r#"(?:\s*,\s*(?:v|version)\s*=\s*(["']?)([^"',)\s]+)["']?)?"#,
    ))
    .expect("the pattern is well formed")
});

/// dbt's `test_metadata` of a generic test, and the node on which it is declared.
#[derive(Clone, Debug, Default)]
pub struct GenericTest {
    /// The name of its macro without the prefix `test_`: `unique`.
    pub name: String,
    /// The package of the macro, if the entry names one.
    pub namespace: Option<String>,
    /// The macro's arguments, including `model`.
    pub kwargs: Map<String, Value>,
    /// The name of its file: the name; for a long name, its first 30 characters and a hash.
    pub short_name: String,
    /// The column on which it is declared.
    pub column: Option<String>,
    /// As in dbt: the list and the name of the entry, `models.orders`.
    pub file_key_name: String,
}

impl GenericTest {
    /// Whether the entry of a source declares it.
    pub fn is_of_source(&self) -> bool {
        self.file_key_name.starts_with("sources.")
    }
}

pub fn items<'t>(of: &'t Yaml, key: &str) -> &'t [Yaml] {
    of.get(key).map(Yaml::items).unwrap_or_default()
}

/// The type of a metric, in lower case as in dbt.
pub fn metric_type(entry: &Map<String, Value>) -> String {
    entry.get("type").and_then(Value::as_str).unwrap_or("simple").to_lowercase()
}

pub fn text(of: &Value, key: &str) -> Option<String> {
    match of.get(key)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The `tags` of an entry.
pub fn tags(of: &Value) -> Vec<String> {
    of.get("tags").map(list).iter().flatten().filter_map(Value::as_str).map(String::from).collect()
}
