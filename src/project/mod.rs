//! What is on disk, nothing decided yet. Takes a folder and what the command line said of the
//! target; gives the project with its packages, each file read once, each YAML value with its
//! place, and what every model says of itself (`declared`). Refuses files that can't be read or
//! understood, all of them in one run; a model that does not render is an error of its own.

mod artifacts;
pub mod backfill;
mod columns;
mod dbt_project;
mod docs;
mod entry_types;
mod files;
mod freshness;
mod generic_tests;
mod ignored;
mod overrides;
mod packages;
mod parse_pass;
mod profile;
mod properties;
mod read;
mod recorded;
mod resource_values;
mod resources;
mod sandbox;
mod seeds;
mod selectors;
mod snapshots;
mod sources;
mod state;
mod state_dir;
mod target_path;
mod tree;
mod values;
mod vars_file;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::calendar::Instant;
use crate::diagnostics::{Diagnostic, Diagnostics, Location, SourceFile};
use crate::jinja::{ColumnStyle, Jinja, RelationStyle};

pub use artifacts::{fresher, results};
pub use columns::{ColumnPatch, constraint};
pub use dbt_project::Flags;
pub use generic_tests::GenericTest;
pub use parse_pass::{Itself, ParsedModel};
pub use profile::TargetFacts;
pub use properties::{Config, Patch, Properties, Version};
pub use read::PROJECT_FILE;
#[cfg(test)]
pub use read::tests::{Said, folder};
pub use recorded::{Catalog, PRESENT_COLUMNS, PresentColumn, present_tables};
pub use resources::{Resource, ResourceKind};
pub use seeds::{header, table};
pub use selectors::SelectorsFile;
pub use sources::SourceTable;
pub use state::{DbtNode, Earlier, NodeState, STATE, State, earlier, hash};
pub use state_dir::{LedgerSetting, ledger_setting, state_dir};
pub use target_path::target_path;
pub use tree::{Tree, Trees};
pub use values::{has_jinja, list, truth};

/// Reads the project. `facts` tells what must be known of the dialect that the target names.
pub fn load(
    open: &LoadOptions,
    facts: &dyn Fn(&str) -> Result<Facts, Diagnostic>,
) -> Result<Project, Diagnostics> {
    let mut read = read::read(open, facts)?;
    let jinja = match Jinja::new(read.macros(open)) {
        Ok(jinja) => Some(jinja),
        Err(more) => {
            read.errors.0.extend(more.0);
            None
        }
    };
    let packages = read.packages(open, &|package, name, file, this| match &jinja {
        Some(jinja) => parse_pass::declared(jinja, package, name, file, this),
        // Without macros nothing renders, and that is said already.
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
            has_answers: open.answers.is_some(),
            style: read.style,
            sources: read.sources,
            now: open.now,
            flags: read.root.flags,
            warnings: Diagnostics(read.warnings.0.into_iter().chain(read.errors.0).collect()),
        }),
        _ => Err(read.errors),
    }
}

/// The target alone, as far as a profile tells it: nothing of the project but its name and its
/// profile's must be readable.
pub fn target(
    open: &LoadOptions,
    facts: &dyn Fn(&str) -> Result<TargetFacts, Diagnostic>,
) -> Result<Target, Diagnostic> {
    read::target(open, facts)
}

/// The whole text of a file of the project, which was read in part (a seed).
pub fn whole(root: &Path, file: &SourceFile) -> Result<SourceFile, Diagnostic> {
    let again = files::Files::open(root)?.read(&file.path)?;
    again.ok_or_else(|| Diagnostic::error(format!("`{}` is gone", file.path)))
}

/// What the command line says of the project.
#[derive(Clone, Debug)]
pub struct LoadOptions {
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
    /// dbt's word for the command: `run`, `compile`.
    pub which: &'static str,
    pub now: Instant,
    pub environment: BTreeMap<String, String>,
    /// A file of recorded answers of the warehouse.
    pub answers: Option<PathBuf>,
    /// dbt's `catalog.json`.
    pub catalog: Option<PathBuf>,
    /// A file with the result of the query of `batchwright columns`.
    pub columns: Option<PathBuf>,
}

/// How sources are written: as the dialect does, whatever the project says of the quoting of its
/// own relations.
#[derive(Clone, Debug)]
pub struct SourceStyle {
    pub style: RelationStyle,
    /// Whether one may be a file, named by `external_location`.
    pub files: bool,
}

/// What must be known of a dialect to read a project.
#[derive(Clone, Debug)]
pub struct Facts {
    pub style: RelationStyle,
    pub columns: ColumnStyle,
    /// The dialect and the ones it is like, nearest first.
    pub adapters: Vec<String>,
    pub target: TargetFacts,
    /// Whether a source may be a file, named by `external_location`.
    pub files_as_sources: bool,
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
    /// The database's file, where a database is one.
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
    /// `selectors.yml`, if there is one.
    pub selectors: Option<SelectorsFile>,
    pub jinja: Arc<Jinja>,
    pub catalog: Catalog,
    /// Whether answers of the warehouse were given.
    pub has_answers: bool,
    /// The dialect's, with the project's `quoting:` over it.
    pub style: RelationStyle,
    /// How sources are written.
    pub sources: SourceStyle,
    pub now: Instant,
    pub flags: Flags,
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
    /// `restrict-access` of `dbt_project.yml`.
    pub restricts_access: bool,
    /// The config of `dbt_project.yml`, folder by folder.
    pub trees: Trees,
    pub models: Vec<Model>,
    /// A snapshot that is written in YAML alone is none of these but a patch with a `relation`.
    pub snapshots: Vec<Model>,
    pub seeds: Vec<Seed>,
    pub properties: Properties,
    /// What a selection can name besides models, seeds, snapshots and sources.
    pub resources: Vec<Resource>,
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
    pub declared: Result<ParsedModel, Diagnostics>,
}

/// A file of data.
pub struct Seed {
    pub name: String,
    /// Its first line alone.
    pub file: SourceFile,
    /// The hash of all of it, if it is not large.
    pub data: String,
    pub path: String,
    pub columns: Vec<String>,
}
