//! `dbt_project.yml`: a package's name, folders, variables, and the trees of config for its nodes.
//! Takes the file; returns its settings with their locations. Rejects a file without a name,
//! and unknown keys; ignores keys that batchwright does not use.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::diagnostics::{Diagnostic, Diagnostics, Location, SourceFile};
use crate::jinja::YamlScope;
use crate::yaml::{self, Yaml};

use super::entry_types;
use super::tree::RESOURCES;
use super::values::{list, rendered, rendered_text, texts, truth};

/// The name of the file in the folder of a project or of a package.
pub const PROJECT_FILE: &str = "dbt_project.yml";

/// The flags (`flags:` of the root project) that change how the project is compiled.
#[derive(Clone, Copy, Debug, Default)]
pub struct Flags {
    /// `require_ref_searches_node_package_before_root`.
    pub own_package_first: bool,
    /// `require_unique_project_resource_names`.
    pub unique_names: bool,
}

/// Names that a project cannot have: its macros would hide what Jinja has under the name.
const RESERVED_NAMES: [&str; 40] = [
    "_sql_results",
    "adapter",
    "api",
    "column",
    "config",
    "context",
    "database",
    "env",
    "env_var",
    "exceptions",
    "execute",
    "flags",
    "fromjson",
    "fromyaml",
    "graph",
    "invocation_id",
    "load_agate_table",
    "load_result",
    "log",
    "model",
    "modules",
    "post_hooks",
    "pre_hooks",
    "ref",
    "render",
    "return",
    "run_started_at",
    "schema",
    "source",
    "sql",
    "sql_now",
    "store_result",
    "store_raw_result",
    "target",
    "this",
    "tojson",
    "toyaml",
    "try_or_compiler_error",
    "var",
    "write",
];

/// The settings in a package's `dbt_project.yml`.
#[derive(Clone, Debug)]
pub struct DbtProject {
    pub file: SourceFile,
    pub name: String,
    pub version: Option<String>,
    pub profile: Option<Yaml>,
    pub model_paths: Vec<String>,
    pub seed_paths: Vec<String>,
    pub snapshot_paths: Vec<String>,
    pub macro_paths: Vec<String>,
    pub test_paths: Vec<String>,
    pub analysis_paths: Vec<String>,
    /// The folders of docs blocks; by default those of models, seeds, snapshots and macros.
    pub docs_paths: Vec<String>,
    pub install_path: String,
    /// `on-run-start` and `on-run-end`, if they have hooks.
    pub run_hooks: Vec<(&'static str, Location)>,
    /// All of `vars:`; the variables of a single package are under its name.
    pub vars: Map<String, Value>,
    pub dispatch: BTreeMap<String, Vec<String>>,
    /// Whether database, schema and identifier are quoted, where the project sets it.
    pub quoting: [Option<bool>; 3],
    pub flags: Flags,
    /// `restrict-access`: other packages can reference public models only.
    pub restricts_access: bool,
    /// The trees of config: `models:`, `seeds:`, `data_tests:` and so on.
    pub trees: BTreeMap<&'static str, Yaml>,
}

/// Reads the settings of a package. The name and the folders may contain Jinja; the trees are
/// rendered later, when the target is known. Rejects keys and types that dbt rejects.
pub fn read(
    file: &SourceFile,
    scope: &YamlScope,
    warnings: &mut Diagnostics,
) -> Result<DbtProject, Diagnostic> {
    let (yaml, yaml_warnings) = yaml::parse(file)?;
    warnings.0.extend(yaml_warnings);
    if yaml.dict().is_none() {
        return Err(Diagnostic::error(format!("`{}` has no settings", file.path))
            .at(file.at(0..0))
            .hint("begin it with `name: my_project`"));
    }
    let name = project_name(&yaml, file, scope)?;
    let mut errors = Diagnostics::default();
    entry_types::check_project(&yaml, scope, &mut errors);
    if let Some(error) = errors.0.into_iter().next() {
        return Err(error);
    }
    if RESERVED_NAMES.contains(&&*name) {
        let at = yaml.get("name").map_or(file.line(1), |yaml| yaml.at.clone());
        return Err(Diagnostic::error(format!("the project name `{name}` is reserved"))
            .at(at)
            .hint("give the project another name: Jinja has a function or value of this one"));
    }
    let paths =
        |new: &str, old: &str, default: &[&str]| match yaml.get(new).or_else(|| yaml.get(old)) {
            Some(paths) => Ok(list(&rendered(paths, scope)?)
                .iter()
                .filter_map(Value::as_str)
                .map(normalized_path)
                .collect()),
            None => {
                Ok::<Vec<String>, Diagnostic>(default.iter().map(|path| path.to_string()).collect())
            }
        };
    let model_paths = paths("model-paths", "source-paths", &["models"])?;
    let seed_paths = paths("seed-paths", "data-paths", &["seeds"])?;
    let snapshot_paths = paths("snapshot-paths", "", &["snapshots"])?;
    let macro_paths = paths("macro-paths", "", &["macros"])?;
    let other_paths: Vec<&str> = [&model_paths, &seed_paths, &snapshot_paths, &macro_paths]
        .into_iter()
        .flatten()
        .map(String::as_str)
        .collect();
    Ok(DbtProject {
        file: file.clone(),
        name,
        version: yaml.get("version").and_then(Yaml::text),
        profile: yaml.get("profile").cloned(),
        test_paths: paths("test-paths", "", &["tests"])?,
        analysis_paths: paths("analysis-paths", "", &["analyses"])?,
        docs_paths: paths("docs-paths", "", &other_paths)?,
        model_paths,
        seed_paths,
        snapshot_paths,
        macro_paths,
        install_path: paths("packages-install-path", "", &["dbt_packages"])?
            .into_iter()
            .next()
            .unwrap_or_default(),
        run_hooks: ["on-run-start", "on-run-end"]
            .into_iter()
            .filter_map(|key| Some((key, hooks(&yaml, key)?)))
            .collect(),
        restricts_access: yaml
            .get("restrict-access")
            .is_some_and(|restricts| truth(&restricts.json()) == Some(true)),
        vars: match yaml.get("vars").map(Yaml::exact) {
            Some(Value::Object(vars)) => vars,
            _ => Map::new(),
        },
        dispatch: yaml
            .get("dispatch")
            .map(Yaml::items)
            .unwrap_or_default()
            .iter()
            .filter_map(search_order)
            .collect(),
        quoting: quoting(&yaml),
        flags: flags(&yaml),
        trees: trees(&yaml),
    })
}

/// The name of the project. It becomes a part of paths and ids.
fn project_name(yaml: &Yaml, file: &SourceFile, scope: &YamlScope) -> Result<String, Diagnostic> {
    let name = match yaml.get("name") {
        Some(name) => rendered_text(name, scope)?,
        None => None,
    };
    let Some(name) = name else {
        return Err(Diagnostic::error("the project has no `name`")
            .at(file.line(1))
            .hint("add `name: my_project`"));
    };
    if !name.chars().all(|char| char.is_alphanumeric() || char == '_')
        || name.starts_with(|char: char| char.is_numeric())
    {
        let at = yaml.get("name").map_or(file.line(1), |yaml| yaml.at.clone());
        return Err(Diagnostic::error(format!("invalid project name `{name}`"))
            .at(at)
            .hint("use letters, digits and `_`; the first character cannot be a digit"));
    }
    Ok(name)
}

/// Whether database, schema and identifier are quoted, where the project sets it.
fn quoting(yaml: &Yaml) -> [Option<bool>; 3] {
    ["database", "schema", "identifier"].map(|part| {
        let quoting = yaml.get("quoting")?;
        // Adapters that call the database a project use that name for this key too.
        let value = quoting
            .get(part)
            .or_else(|| if part == "database" { quoting.get("project") } else { None });
        truth(&value?.json())
    })
}

fn flags(yaml: &Yaml) -> Flags {
    let flag =
        |name| yaml.get("flags").and_then(|flags| truth(&flags.get(name)?.json())).unwrap_or(false);
    Flags {
        own_package_first: flag("require_ref_searches_node_package_before_root"),
        unique_names: flag("require_unique_project_resource_names"),
    }
}

/// The trees of config by their keys.
fn trees(yaml: &Yaml) -> BTreeMap<&'static str, Yaml> {
    ["models", "seeds", "snapshots", "sources"]
        .into_iter()
        .chain(RESOURCES.map(|(key, _)| key))
        .filter_map(|tree| {
            // The older name of this tree.
            let old = if tree == "data_tests" { "tests" } else { tree };
            Some((tree, yaml.get(tree).or_else(|| yaml.get(old))?.clone()))
        })
        .collect()
}

impl DbtProject {
    /// The project's variables for a package: the package's own variables override the general
    /// ones.
    pub fn vars_for(&self, package: &str) -> Map<String, Value> {
        let mut vars = self.vars.clone();
        if let Some(Value::Object(of_package)) = self.vars.get(package) {
            vars.extend(of_package.clone());
        }
        vars
    }
}

/// The location of the hooks under `key`, if there are any.
fn hooks(yaml: &Yaml, key: &str) -> Option<Location> {
    let hooks = yaml.get(key)?;
    (!hooks.items().is_empty() || hooks.text().is_some_and(|text| !text.trim().is_empty()))
        .then(|| hooks.at.clone())
}

fn search_order(entry: &Yaml) -> Option<(String, Vec<String>)> {
    Some((entry.get("macro_namespace")?.text()?, texts(entry.get("search_order")?)))
}

fn normalized_path(path: &str) -> String {
    path.trim_start_matches("./").trim_end_matches('/').to_string()
}
