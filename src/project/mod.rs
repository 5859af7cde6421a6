//! The files of a project, before settings are resolved. Takes a folder and the options of the
//! command line; returns the project with its packages: each file read once, each YAML value with
//! its location, and the configuration, refs and sources of every model (`parse_pass`). Rejects
//! files that cannot be read or parsed, and reports all of them in one run; a model that does not
//! render has an error of its own.

mod aliases;
mod artifacts;
pub mod backfill;
mod columns;
mod content_hash;
mod dbt_project;
mod docs;
mod entries;
mod entry_shapes;
mod entry_types;
mod files;
mod fixtures;
mod freshness;
mod generic_tests;
mod ignored;
mod installed;
mod loader;
mod overrides;
mod packages;
mod parse_pass;
mod profile;
mod properties;
mod read;
mod recorded;
mod resource;
mod resource_values;
mod resources;
mod sandbox;
mod seeds;
mod selectors;
mod semantic_entries;
mod semantic_inputs;
mod semantic_nodes;
mod semantic_shapes;
mod shape;
mod snapshots;
mod sources;
mod state;
mod state_dir;
mod target_path;
mod test_shapes;
mod tree;
mod values;
mod vars_file;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::{Map, Value};

use crate::calendar::Instant;
use crate::diagnostics::{Diagnostic, Diagnostics, Location, SourceFile};
use crate::jinja::{ColumnStyle, Jinja, RelationStyle};

pub use aliases::{KeyAliases, translated, unaliased};
pub use artifacts::{fresher_sources, results};
pub use columns::{ColumnPatch, Uniqueness, constraint, constraint_type};
pub use content_hash::hash;
pub use dbt_project::{Flags, PROJECT_FILE};
pub use files::file_stem;
pub use parse_pass::{ParsedModel, SelfLookup};
pub use profile::TargetSettings;
pub use properties::{CustomGranularity, Patch, Properties, Version};
#[cfg(test)]
pub use read::tests::{ConfigCalls, folder};
pub use recorded::{Catalog, PRESENT_COLUMNS, PresentColumn, present_tables};
pub use resource::{GenericTest, Resource, ResourceKind};
pub use seeds::{SeedRows, header};
pub use selectors::SelectorsFile;
pub use sources::SourceTable;
pub use state::{DbtNode, EarlierState, NodeState, STATE, State, earlier_state};
pub use state_dir::{LedgerSetting, ledger_setting, state_dir};
pub use target_path::target_path;
pub use tree::{Tree, Trees};
pub use values::{has_jinja, list, truth};

/// Reads the project. `dialect_settings` returns the properties of a dialect that affect reading.
pub fn load(
    open: &LoadOptions,
    dialect_settings: &dyn Fn(&str) -> Result<DialectSettings, Diagnostic>,
) -> Result<Project, Diagnostics> {
    let mut read = read::read(open, dialect_settings)?;
    let jinja = match Jinja::new(read.macros(open)) {
        Ok(jinja) => Some(jinja),
        Err(more) => {
            read.errors.0.extend(more.0);
            None
        }
    };
    let packages = read.packages(open, &|package, name, file, this| match &jinja {
        Some(jinja) => parse_pass::parse_model(jinja, package, name, file, this),
        // The macros have errors, which are reported already.
        None => Ok(ParsedModel::default()),
    });
    match jinja {
        Some(jinja) if !read.failed() => Ok(Project {
            root: open.project_dir.clone(),
            name: read.root.name.clone(),
            packages,
            target: read.target,
            selectors: read.selectors,
            jinja: Arc::new(jinja),
            catalog: read.catalog,
            has_recorded_results: open.answers.is_some(),
            style: read.style,
            sources: read.sources,
            now: open.now,
            flags: read.root.flags,
            warnings: Diagnostics(read.warnings.0.into_iter().chain(read.errors.0).collect()),
        }),
        _ => Err(read.errors),
    }
}

/// The target alone. Only the project's name and its profile need to be readable.
pub fn target(
    open: &LoadOptions,
    dialect_settings: &dyn Fn(&str) -> Result<TargetSettings, Diagnostic>,
) -> Result<Target, Diagnostic> {
    read::target(open, dialect_settings)
}

/// The whole text of a file of the project that was read in part (a seed).
pub fn full_text(root: &Path, file: &SourceFile) -> Result<SourceFile, Diagnostic> {
    let text = files::Files::open(root)?.read(&file.path)?;
    text.ok_or_else(|| Diagnostic::error(format!("`{}` is gone", file.path)))
}

/// The options of the command line for reading a project.
#[derive(Clone, Debug)]
pub struct LoadOptions {
    pub project_dir: PathBuf,
    pub profiles_dir: Option<PathBuf>,
    pub profile: Option<String>,
    pub target: Option<String>,
    /// These three replace the profile; `--dialect` alone is enough.
    pub dialect: Option<String>,
    pub database: Option<String>,
    pub schema: Option<String>,
    pub vars: Map<String, Value>,
    pub full_refresh: bool,
    /// dbt's name of the command: `run`, `compile`.
    pub which: &'static str,
    pub now: Instant,
    pub environment: BTreeMap<String, String>,
    /// A file of recorded query results of the warehouse.
    pub answers: Option<PathBuf>,
    /// dbt's `catalog.json`.
    pub catalog: Option<PathBuf>,
    /// A file with the result of the query of `batchwright columns`.
    pub columns: Option<PathBuf>,
}

impl LoadOptions {
    /// The folder of profiles that the command line names: relative to the project if it is inside
    /// of it. `None` for the default one, and for that of an environment variable.
    pub fn named_profiles_dir(&self) -> Option<String> {
        let folder = self.profiles_dir.as_ref()?;
        let of_environment = |name: &str| {
            self.environment.get(name).is_some_and(|set| Path::new(set) == folder.as_path())
        };
        if ["DBT_ENGINE_PROFILES_DIR", "DBT_PROFILES_DIR"].into_iter().any(of_environment) {
            return None;
        }
        let (absolute, root) = (sandbox::absolute(folder), sandbox::absolute(&self.project_dir));
        Some(match absolute.strip_prefix(&root) {
            Ok(inside) if inside.as_os_str().is_empty() => ".".to_string(),
            Ok(inside) => inside.display().to_string(),
            Err(_) => absolute.display().to_string(),
        })
    }
}

/// The style of source names: the dialect's; the project's `quoting:` does not apply to them.
#[derive(Clone, Debug)]
pub struct SourceStyle {
    pub style: RelationStyle,
    /// Whether a source may be a file, named by `external_location`.
    pub files: bool,
}

/// The properties of a dialect that affect reading a project.
#[derive(Clone, Debug)]
pub struct DialectSettings {
    pub style: RelationStyle,
    pub columns: ColumnStyle,
    /// The dialect and its base dialects, nearest first.
    pub adapters: Vec<String>,
    pub target: TargetSettings,
    /// Whether a source may be a file, named by `external_location`.
    pub files_as_sources: bool,
    /// The other spellings of config keys.
    pub key_aliases: Vec<[String; 2]>,
}

/// The database in which the SQL will run.
#[derive(Clone, Debug)]
pub struct Target {
    pub profile: String,
    pub name: String,
    /// The dialect's name, which is dbt's adapter type.
    pub dialect: String,
    pub database: Option<String>,
    pub schema: String,
    /// The path of the database's file, for a dialect whose databases are files.
    pub path: Option<String>,
    /// Databases that a session attaches besides its own, as the profile lists them.
    pub attached: Vec<Map<String, Value>>,
    /// dbt's `target`, for Jinja.
    pub values: Map<String, Value>,
}

pub struct Project {
    pub root: PathBuf,
    pub name: String,
    /// The project itself first, then the installed packages by name.
    pub packages: Vec<Package>,
    pub target: Target,
    /// `selectors.yml`, if it exists.
    pub selectors: Option<SelectorsFile>,
    pub jinja: Arc<Jinja>,
    pub catalog: Catalog,
    /// Whether there are recorded query results.
    pub has_recorded_results: bool,
    /// The dialect's style, overridden by the project's `quoting:`.
    pub style: RelationStyle,
    /// The style of source names.
    pub sources: SourceStyle,
    pub now: Instant,
    pub flags: Flags,
    pub warnings: Diagnostics,
}

/// A value from YAML or from a `config()` call, with its location.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    pub value: Value,
    pub at: Location,
}

/// Settings by their key.
pub type Config = IndexMap<String, Setting>;

/// The project itself, or a package that `dbt deps` installed.
pub struct Package {
    pub name: String,
    /// Relative to the project's folder: empty for the project itself, `dbt_packages/dbt_utils` for
    /// a package.
    pub folder: String,
    /// `restrict-access` of `dbt_project.yml`.
    pub restricts_access: bool,
    /// The config of `dbt_project.yml`, by folder.
    pub trees: Trees,
    pub models: Vec<Model>,
    /// Snapshots in SQL. A snapshot that is declared in YAML alone is a patch with a `relation`.
    pub snapshots: Vec<Model>,
    pub seeds: Vec<Seed>,
    pub properties: Properties,
    /// Selectable resources other than models, seeds, snapshots and sources.
    pub resources: Vec<Resource>,
    /// The files of its macros; a project may override the naming of relations there.
    pub macros: Vec<SourceFile>,
}

/// A file with a model, or a block with a snapshot.
pub struct Model {
    pub name: String,
    pub file: SourceFile,
    /// The path relative to the folder of models.
    pub path: String,
    /// The result of the parse pass.
    pub parsed: Result<ParsedModel, Diagnostics>,
}

/// A file of data.
pub struct Seed {
    pub name: String,
    /// Its first line only.
    pub file: SourceFile,
    /// A hash of the file: see `Files::first_line`.
    pub data: String,
    pub path: String,
    pub columns: Vec<String>,
}
