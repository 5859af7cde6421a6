//! What is on disk, nothing decided yet. Takes a folder and what the command line said of the target; gives the project with
//! its packages, each file read once, each YAML value with its place, and what every model says of itself (`declared`).
//! Refuses files that can't be read or understood, all of them in one run; a model that does not render is an error of its own.

mod dbt_project;
mod declared;
mod files;
mod ignored;
mod packages;
mod profile;
mod properties;
mod seeds;
mod snapshots;
mod sources;
mod tree;
mod values;
mod yaml;
mod yaml_places;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::calendar::Instant;
use crate::diagnostics::{Diagnostic, Diagnostics, Location, SourceFile};
use crate::jinja::{Jinja, MacroPackage, Relation, RelationStyle, Settings, YamlScope};

use dbt_project::DbtProject;
use files::Files;
use packages::{PackageFiles, joined};

pub use declared::Declared;
pub use properties::{ColumnPatch, Config, Patch, Properties, Version};
pub use sources::SourceTable;
pub use tree::{Tree, Trees};
pub use values::truth;

/// Reads the project. `facts` tells what must be known of the dialect that the target names.
pub fn load(open: &Open, facts: &dyn Fn(&str) -> Result<Facts, Diagnostic>) -> Result<Project, Diagnostics> {
    let files = Files::open(&open.project_dir)?;
    let mut warnings = Diagnostics::default();
    let mut wrong = Diagnostics::default();
    let nowhere = Map::new();
    let scope = YamlScope { vars: &open.vars, environment: &open.environment, target: &nowhere };
    let Some(file) = files.read(PROJECT_FILE)? else {
        let error = Diagnostic::error(format!("`{}` holds no `{PROJECT_FILE}`", open.project_dir.display()));
        return Err(error.hint("name the project's folder with `--project-dir`").into());
    };
    let root = dbt_project::read(&file, &scope, &mut warnings)?;
    let target = profile::target(open, &root, &|dialect| facts(dialect).map(|facts| facts.schema))?;
    let facts = facts(&target.dialect)?;
    let style = RelationStyle { quoted: std::array::from_fn(|part| root.quoting[part].unwrap_or(facts.style.quoted[part])), ..facts.style };

    let all = installed(&files, root.clone(), &scope, &mut warnings, &mut wrong);
    let mut read: Vec<(String, DbtProject, PackageFiles, Map<String, Value>)> = Vec::new();
    for (folder, settings) in all {
        let found = packages::read(&files, &folder, &settings, &mut wrong);
        // A package's own variables yield to those that the project sets, for all or for that package.
        let mut vars = settings.vars_for(&settings.name);
        vars.extend(root.vars_for(&settings.name));
        read.push((folder, settings, found, vars));
    }
    let jinja = Jinja::new(Settings {
        packages: read
            .iter()
            .map(|(_, settings, found, vars)| MacroPackage { name: settings.name.clone(), files: found.macros.clone(), vars: vars.clone() })
            .collect(),
        dispatch: root.dispatch.clone(),
        adapters: facts.adapters,
        target: target.values.clone(),
        vars: open.vars.clone(),
        environment: open.environment.clone(),
        now: open.now,
        full_refresh: open.full_refresh,
        style: style.clone(),
        graph: Value::Null,
    });
    let jinja = match jinja {
        Ok(jinja) => Some(jinja),
        Err(more) => {
            wrong.0.extend(more.0);
            None
        }
    };
    let mut packages = Vec::new();
    for (folder, settings, found, mut vars) in read {
        vars.extend(open.vars.clone());
        let scope = YamlScope { vars: &vars, environment: &open.environment, target: &target.values };
        let package = package(folder, settings, found, &scope, jinja.as_ref(), &target, &style, &mut warnings, &mut wrong);
        packages.push(package);
    }
    let selectors = files.read("selectors.yml").unwrap_or_else(|error| {
        wrong.0.push(error);
        None
    });
    match jinja {
        Some(jinja) if wrong.0.iter().all(|said| said.level < crate::diagnostics::Level::Error) => {
            warnings.0.extend(wrong.0);
            let root_dir = open.project_dir.clone();
            Ok(Project {
                root: root_dir,
                name: root.name,
                packages,
                target,
                selectors,
                jinja: Arc::new(jinja),
                style,
                now: open.now,
                warnings,
            })
        }
        _ => Err(wrong),
    }
}

const PROJECT_FILE: &str = "dbt_project.yml";

/// What the command line says of the project.
#[derive(Clone, Debug)]
pub struct Open {
    pub project_dir: PathBuf,
    pub profiles_dir: Option<PathBuf>,
    pub profile: Option<String>,
    pub target: Option<String>,
    /// These three replace the profile, so that none is needed (`--dialect` alone is enough).
    pub dialect: Option<String>,
    pub database: Option<String>,
    pub schema: Option<String>,
    pub vars: Map<String, Value>,
    pub full_refresh: bool,
    pub now: Instant,
    pub environment: BTreeMap<String, String>,
}

/// What must be known of a dialect to read a project.
#[derive(Clone, Debug)]
pub struct Facts {
    pub style: RelationStyle,
    /// The dialect and the ones it is like, nearest first.
    pub adapters: Vec<String>,
    /// The schema of a target that names none.
    pub schema: String,
}

/// Where the SQL will run.
#[derive(Clone, Debug)]
pub struct Target {
    pub profile: String,
    pub name: String,
    /// A dialect's name: dbt's adapter type.
    pub dialect: String,
    pub database: Option<String>,
    pub schema: String,
    /// dbt's `target`, for Jinja.
    pub values: Map<String, Value>,
}

pub struct Project {
    pub root: PathBuf,
    pub name: String,
    /// The project itself first, then the installed packages by name.
    pub packages: Vec<Package>,
    pub target: Target,
    pub selectors: Option<SourceFile>,
    pub jinja: Arc<Jinja>,
    /// The dialect's, with the project's `quoting:` over it.
    pub style: RelationStyle,
    pub now: Instant,
    pub warnings: Diagnostics,
}

/// A value from YAML or from a `config()` call, and who set it.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    pub value: Value,
    pub at: Location,
}

/// The project itself, or a package that `dbt deps` installed.
pub struct Package {
    pub name: String,
    /// Relative to the project's folder: `` for itself, `dbt_packages/dbt_utils` for a package.
    pub folder: String,
    /// The config of `dbt_project.yml`, folder by folder.
    pub trees: Trees,
    pub models: Vec<Model>,
    /// A snapshot that is written in YAML alone is none of these but a patch with a `relation`.
    pub snapshots: Vec<Model>,
    pub seeds: Vec<Seed>,
    pub properties: Properties,
    /// The files of its macros, where a project says how its relations are called.
    pub macros: Vec<SourceFile>,
}

/// A file with a model, or a block with a snapshot.
pub struct Model {
    pub name: String,
    pub file: SourceFile,
    /// The path below the folder of models.
    pub path: String,
    /// What it says of itself, or why it does not render.
    pub declared: Result<Declared, Diagnostics>,
}

/// A file of data.
pub struct Seed {
    pub name: String,
    /// Its first line alone.
    pub file: SourceFile,
    pub path: String,
    pub columns: Vec<String>,
}

/// The project and its packages, the packages by name, each with its folder.
fn installed(
    files: &Files,
    root: DbtProject,
    scope: &YamlScope,
    warnings: &mut Diagnostics,
    wrong: &mut Diagnostics,
) -> Vec<(String, DbtProject)> {
    let mut found: Vec<(String, DbtProject)> = Vec::new();
    let folders = files.folders_with(&root.install_path, PROJECT_FILE);
    if folders.is_empty() {
        warnings.0.extend(missing_packages(files, &root.install_path));
    }
    for folder in folders {
        // What is odd about the files of others is not the user's to mend.
        let read = files.read(&joined(&folder, PROJECT_FILE)).and_then(|file| match file {
            Some(file) => dbt_project::read(&file, scope, &mut Diagnostics::default()).map(Some),
            None => Ok(None),
        });
        match read {
            Ok(Some(settings)) => {
                let twin = found
                    .iter()
                    .map(|(folder, known)| (&**folder, known))
                    .chain([("", &root)])
                    .find(|(_, known)| known.name == settings.name);
                if let Some((_, twin)) = twin {
                    let message = format!("two packages are called `{}`: `{}` and `{}`", settings.name, twin.file.path, settings.file.path);
                    wrong.0.push(Diagnostic::error(message).at(settings.file.find("name:")).hint("remove one of the two folders"));
                    continue;
                }
                found.push((folder, settings));
            }
            Ok(None) => {}
            Err(error) => wrong.0.push(error),
        }
    }
    found.sort_by(|a, b| a.1.name.cmp(&b.1.name));
    found.insert(0, (String::new(), root));
    found
}

/// A note that packages are asked for and none is there.
fn missing_packages(files: &Files, install_path: &str) -> Option<Diagnostic> {
    let file = ["packages.yml", "dependencies.yml"].iter().find_map(|name| files.read(name).ok().flatten())?;
    let (tree, _) = yaml::parse(&file).ok()?;
    let asked = tree.get("packages").filter(|packages| !packages.items().is_empty())?;
    let message = format!("`{}` asks for packages, and none is in `{install_path}`", file.path);
    Some(Diagnostic::warning(message).at(asked.at.clone()).hint("run `dbt deps`"))
}

#[allow(clippy::too_many_arguments, reason = "the stage's own parts, each used once")]
fn package(
    folder: String,
    settings: DbtProject,
    found: PackageFiles,
    scope: &YamlScope,
    jinja: Option<&Jinja>,
    target: &Target,
    style: &RelationStyle,
    warnings: &mut Diagnostics,
    wrong: &mut Diagnostics,
) -> Package {
    let mut properties = Properties::default();
    let mut odd = Diagnostics::default();
    for file in &found.properties {
        properties::read(file, scope, &mut properties, &mut odd, wrong);
    }
    if folder.is_empty() {
        warnings.0.extend(odd.0);
    }
    let say = |name: String, file: SourceFile, path: String| {
        let this = Relation {
            database: target.database.clone(),
            schema: Some(target.schema.clone()),
            identifier: name.clone(),
            style: style.clone(),
        };
        // Without macros nothing renders, and that is said already.
        let declared =
            jinja.map_or_else(|| Ok(Declared::default()), |jinja| declared::declared(jinja, &settings.name, &name, &file, &this));
        Model { name, file, path, declared }
    };
    let models = found.models.into_iter().map(|found| say(stem(&found.path), found.file, found.path)).collect();
    let blocks = found
        .snapshots
        .into_iter()
        .flat_map(|found| snapshots::blocks(&found.file).into_iter().map(move |block| (block, found.path.clone())));
    let snapshots = blocks.map(|((name, file), path)| say(name, file, path)).collect();
    let seeds = found.seeds.into_iter().map(|found| Seed {
        name: stem(&found.path),
        columns: seeds::header(&found.file.text),
        file: found.file,
        path: found.path,
    });
    Package {
        trees: tree::trees(&settings.trees, scope, wrong),
        seeds: seeds.collect(),
        name: settings.name.clone(),
        folder,
        models,
        snapshots,
        properties,
        macros: found.macros,
    }
}

/// A file's name without folders and ending.
fn stem(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or_default();
    name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_string()
}
