//! Properties files (`*.yml` in the folders of models): entries for models, seeds, snapshots and
//! sources. Takes a file; returns its patches with locations. Reports the errors of every entry.

use serde_json::{Value, json};

use crate::diagnostics::{Diagnostic, Diagnostics, Location, SourceFile};
use crate::jinja::{ColumnStyle, YamlScope};
use crate::yaml::{self, Yaml};

use super::Config;
use super::aliases::{KeyAliases, with_translated_sources};
use super::columns::ColumnPatch;
use super::entries::Entries;
use super::entry_types;
use super::overrides::{self, Override};
use super::packages::PackageFile;
use super::resource::Resource;
use super::resources;
use super::sources::{self, SourceTable};
use super::values::{LateHooks, rendered, texts};

/// The entries of all properties files of a package.
#[derive(Default)]
pub struct Properties {
    pub models: Vec<Patch>,
    pub seeds: Vec<Patch>,
    pub snapshots: Vec<Patch>,
    pub sources: Vec<SourceTable>,
    /// Tests, exposures and other resources. Their paths are file paths until `Resource::locate`.
    pub resources: Vec<Resource>,
}

/// A properties file's entry for a node.
#[derive(Clone, Debug)]
pub struct Patch {
    pub name: String,
    pub at: Location,
    pub file: SourceFile,
    /// The file's path relative to the folder of models.
    pub path: String,
    /// Config at the top level of the entry (`meta`, `group` …), then config under `config:`.
    pub config: [Config; 2],
    pub columns: Vec<ColumnPatch>,
    pub description: String,
    /// The model's constraints, as in YAML.
    pub constraints: Vec<Value>,
    pub deprecation_date: Option<String>,
    /// dbt's `time_spine` with all of its keys.
    pub time_spine: Option<Value>,
    /// The granularities of `time_spine`.
    pub granularities: Vec<CustomGranularity>,
    pub versions: Vec<Version>,
    pub latest_version: Option<String>,
    /// The relation that a snapshot without a SQL file reads.
    pub relation: Option<String>,
}

/// A granularity that a time spine defines.
#[derive(Clone, Debug)]
pub struct CustomGranularity {
    pub name: String,
    pub at: Location,
}

/// One version of a model.
#[derive(Clone, Debug)]
pub struct Version {
    pub v: String,
    pub at: Location,
    /// The model's file without its extension, if it is not `name_v1`.
    pub defined_in: Option<String>,
    pub config: Config,
    pub columns: Vec<ColumnPatch>,
    pub description: Option<String>,
    /// The constraints of the version instead of those of the model, if there are any.
    pub constraints: Vec<Value>,
    pub deprecation_date: Option<String>,
}

/// The config keys that are allowed at the top level of an entry.
const TOP_LEVEL_KEYS: [&str; 5] = ["meta", "docs", "group", "contract", "access"];

/// Adds the entries of a file of `package` to `properties`; `overrides` change its sources, whose
/// keys may have the spellings of `aliases`.
pub fn read(
    file: &PackageFile,
    scope: &YamlScope,
    columns: &ColumnStyle,
    (package, overrides, aliases): (&str, &[Override], KeyAliases),
    properties: &mut Properties,
    warnings: &mut Diagnostics,
    errors: &mut Diagnostics,
) {
    let tree = yaml::parse(&file.file).and_then(|(tree, more)| {
        warnings.0.extend(more);
        with_translated_sources(tree, aliases)
    });
    let tree = match tree {
        Ok(tree) => tree,
        Err(error) => return errors.0.push(error),
    };
    if tree.dict().is_none() && tree.data != yaml::Data::Null {
        let error =
            Diagnostic::error(format!("`{}` must be a dict", file.file.path)).at(file.file.line(1));
        return errors.0.push(error.hint("begin it with a key: `models:`, `sources:`, `seeds:`"));
    }
    entry_types::check(&tree, scope, errors);
    let mut entry = Entries::new(file, scope, errors);
    entry.check_names(&tree);
    let Properties { models, seeds, snapshots, sources, resources } = properties;
    resources::read(&tree, &file.file, scope, columns, resources, entry.errors());
    for (key, patches) in [("models", models), ("seeds", seeds), ("snapshots", snapshots)] {
        patches.extend(entry.list(&tree, key).iter().filter_map(|yaml| entry.patch(yaml)));
    }
    for source in entry.list(&tree, "sources") {
        if source.get("overrides").is_none() {
            let changed = overrides::overridden(source, package, overrides);
            sources::read(&mut entry, changed.as_ref().unwrap_or(source), sources);
        }
    }
}

impl Entries<'_> {
    fn patch(&mut self, yaml: &Yaml) -> Option<Patch> {
        let name = self.name(yaml, "name")?;
        if let Some(tags) = yaml.get("tags") {
            let warning = Diagnostic::warning(format!(
                "`tags` at the top level of `{name}` have no effect, as in dbt"
            ))
            .at(tags.at.clone());
            self.report(warning.hint("move them below `config:`"));
        }
        let columns = self.columns(yaml);
        let versions: Vec<Version> = self
            .list(yaml, "versions")
            .iter()
            .map(|version| self.version(version, &columns))
            .collect::<Vec<_>>()
            .into_iter()
            .flatten()
            .collect();
        let latest_version = self.version_name(yaml, "latest_version");
        if let Some(latest) = &latest_version
            && !versions.is_empty()
            && versions.iter().all(|version| version.v != *latest)
        {
            let at = yaml.get("latest_version").map_or(yaml.at.clone(), |yaml| yaml.at.clone());
            let known: Vec<String> = versions.iter().map(|of| format!("`{}`", of.v)).collect();
            let message = format!("`latest_version` of `{name}` must be one of its versions");
            let error = Diagnostic::error(message).at(at);
            self.report(error.hint(format!("the versions are {}", known.join(", "))));
        }
        let time_spine = time_spine(yaml, self.scope);
        Some(Patch {
            name,
            at: yaml.at.clone(),
            file: self.file.file.clone(),
            path: self.file.path.clone(),
            config: self.config(yaml, &TOP_LEVEL_KEYS, LateHooks::WithUnderscores),
            description: self.description(yaml).unwrap_or_default(),
            constraints: self.constraints(yaml),
            deprecation_date: deprecation_date(yaml),
            granularities: time_spine.iter().flat_map(|keys| granularities(yaml, keys)).collect(),
            time_spine,
            latest_version: latest_version.or_else(|| highest_version(&versions)),
            relation: self.text(yaml, "relation"),
            columns,
            versions,
        })
    }

    fn version(&mut self, yaml: &Yaml, all: &[ColumnPatch]) -> Option<Version> {
        let v = self.version_name(yaml, "v").or_else(|| self.name(yaml, "v"))?;
        let of_version = self.columns(yaml);
        let mut columns = included(yaml, all);
        for column in of_version {
            match columns.iter_mut().find(|known| known.name == column.name) {
                Some(known) => *known = column,
                None => columns.push(column),
            }
        }
        Some(Version {
            v,
            at: yaml.at.clone(),
            defined_in: self.text(yaml, "defined_in"),
            // As in dbt, `access` and `docs` outside of `config` are ignored.
            config: self.config(yaml, &[], LateHooks::Never)[1].clone(),
            columns,
            description: self.description(yaml),
            constraints: self.constraints(yaml),
            deprecation_date: deprecation_date(yaml),
        })
    }
}

/// The deprecation date as dbt shows it: a date is the begin of its day. Without a zone it is UTC
/// here, where dbt uses the zone of the machine.
fn deprecation_date(yaml: &Yaml) -> Option<String> {
    let text = yaml.get("deprecation_date")?.text()?;
    let (date, time) = text.split_at_checked(10)?;
    let time = match time.strip_prefix(['T', ' ']) {
        None => "00:00:00".to_string(),
        Some(time) => time.replace(' ', ""),
    };
    let zone = time.rfind(['+', '-', 'Z', 'z']);
    Some(match zone {
        Some(_) => format!("{date}T{}", time.replace(['Z', 'z'], "+00:00")),
        None => format!("{date}T{time}+00:00"),
    })
}

/// The time spine of a model with all keys. Errors are reported with the semantic layer.
fn time_spine(yaml: &Yaml, scope: &YamlScope) -> Option<Value> {
    let spine = rendered(yaml.get("time_spine")?, scope).ok()?;
    let spine = spine.as_object()?;
    let custom = spine.get("custom_granularities").and_then(Value::as_array);
    let custom = custom
        .into_iter()
        .flatten()
        .map(|of| json!({"name": of.get("name"), "column_name": of.get("column_name")}));
    Some(json!({
        "standard_granularity_column": spine.get("standard_granularity_column"),
        "custom_granularities": custom.collect::<Vec<_>>(),
    }))
}

/// The granularities of the time spine of an entry, whose values are `keys`.
fn granularities(yaml: &Yaml, keys: &Value) -> Vec<CustomGranularity> {
    let list = yaml.get("time_spine").and_then(|spine| spine.get("custom_granularities"));
    let custom = keys.get("custom_granularities").and_then(Value::as_array).into_iter().flatten();
    let granularity = |(nth, of): (usize, &Value)| {
        // A template can make the list.
        let at = list.map_or(&yaml.at, |list| list.items().get(nth).map_or(&list.at, |of| &of.at));
        let name = of.get("name").and_then(Value::as_str).unwrap_or_default().to_string();
        CustomGranularity { name, at: at.clone() }
    };
    custom.enumerate().map(granularity).collect()
}

/// The columns of the model that a version includes: all, unless it has `include` or `exclude`.
fn included(version: &Yaml, all: &[ColumnPatch]) -> Vec<ColumnPatch> {
    let rule = version
        .get("columns")
        .and_then(|columns| columns.items().iter().find(|column| column.get("include").is_some()));
    let (include, exclude) = match rule {
        None => return all.to_vec(),
        Some(rule) => (
            rule.get("include").map(texts).unwrap_or_default(),
            rule.get("exclude").map(texts).unwrap_or_default(),
        ),
    };
    let every = include.iter().any(|name| name == "*" || name == "all");
    all.iter()
        .filter(|column| {
            (every || include.contains(&column.name)) && !exclude.contains(&column.name)
        })
        .cloned()
        .collect()
}

/// The default latest version: the highest number; if one is not a number, the last in alphabetical
/// order.
fn highest_version(versions: &[Version]) -> Option<String> {
    let numbers: Option<Vec<(f64, &str)>> =
        versions.iter().map(|version| Some((version.v.parse().ok()?, &*version.v))).collect();
    match numbers {
        Some(numbers) => {
            numbers.into_iter().max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, v)| v.to_string())
        }
        None => versions.iter().map(|version| &version.v).max().cloned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Map;
    use std::collections::BTreeMap;

    use super::*;
    use crate::project::Uniqueness;

    pub fn parsed(text: &str) -> (Properties, Diagnostics) {
        let scope = YamlScope {
            now: crate::calendar::Instant::UNIX_EPOCH,
            vars: &Map::new(),
            environment: &BTreeMap::new(),
            target: &Map::new(),
            secrets: false,
        };
        let file = PackageFile {
            file: SourceFile::new("models/a.yml", text),
            data: String::new(),
            path: "a.yml".to_string(),
        };
        let (mut properties, mut error) = (Properties::default(), Diagnostics::default());
        read(
            &file,
            &scope,
            &ColumnStyle::plain('"'),
            ("shop", &[], &[]),
            &mut properties,
            &mut Diagnostics::default(),
            &mut error,
        );
        (properties, error)
    }

    #[test]
    fn a_patch_is_read() {
        let text = "models:\n  - name: a\n    access: public\n    config:\n      event_time: \
            at\n      pre_hook: \"{{ log(1) }}\"\n    columns:\n      - \
            {name: at, data_type: date, quote: yes, data_tests: [not_null, unique], \
            meta: {pii: true, mask: y}, tags: [a], config: {meta: {mask: x}, tags: [b, a]}}\n";
        let (properties, error) = parsed(text);
        assert_eq!(error, Diagnostics::default());
        let patch = &properties.models[0];
        assert_eq!(patch.config[0]["access"].value, json!("public"));
        assert_eq!(
            (patch.config[1]["event_time"].at.line(), &patch.config[1]["pre_hook"].value),
            (5, &json!("{{ log(1) }}"))
        );
        let [at] = &patch.columns[..] else { panic!("{}", patch.columns.len()) };
        assert_eq!(
            (&*at.name, at.data_type.as_deref(), at.quote, at.uniqueness),
            ("at", Some("date"), Some(true), Uniqueness::Full)
        );
        assert_eq!(
            at.attributes["config"],
            json!({"meta": {"pii": true, "mask": "x"}, "tags": ["a", "b"]})
        );
    }

    #[test]
    fn a_version_takes_columns_over() {
        let text = "models:\n- name: a\n  columns: [{name: x}, {name: y}]\n  versions:\n  - v: \
            10\n    columns: [{include: all, exclude: [x]}, {name: z}]\n  - v: 9\n    defined_in: \
            old\n";
        let patch = &parsed(text).0.models[0];
        let names = |nth: usize| {
            patch.versions[nth].columns.iter().map(|column| &*column.name).collect::<Vec<_>>()
        };
        assert_eq!((names(0), names(1)), (vec!["y", "z"], vec!["x", "y"]));
        assert_eq!(
            (patch.latest_version.as_deref(), patch.versions[1].defined_in.as_deref()),
            (Some("10"), Some("old"))
        );
    }

    #[test]
    fn errors_have_locations() {
        let (properties, errors) = parsed(
            "models:\n  - description: no name\n  - name: b\n    config: [x]\nseeds: {name: c}\n",
        );
        let messages: Vec<_> = errors
            .0
            .iter()
            .map(|error| (error.at.as_ref().unwrap().line(), &*error.message))
            .collect();
        assert_eq!(
            messages,
            [
                (5, "`seeds` must be a list, but is a dict"),
                (4, "`config` must be a dict, but is a list"),
                (2, "an entry has no `name`"),
            ]
        );
        assert_eq!(properties.models.len(), 1);
    }
}
