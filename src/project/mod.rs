//! What is on disk, nothing decided yet. Takes a folder and what the command line said of the target; gives the project with
//! its packages, each file read once, each YAML value with its place, and what every model says of itself (`declared`).

mod yaml;
mod yaml_places;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::calendar::Instant;
use crate::diagnostics::{Diagnostics, Location, SourceFile};
use crate::jinja::{Jinja, RefCall};

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
    pub warnings: Diagnostics,
}

/// A value from YAML or from a `config()` call, and who set it.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    pub value: Value,
    pub at: Location,
}

/// Reads the project. Errors carry file, line and hint; all broken files are reported at once.
pub fn load(_open: &Open) -> Result<Project, Diagnostics> {
    todo!()
}

/// Free for the owner of this stage to refine.
pub struct Package {
    pub name: String,
    /// Relative to the project's folder: `` for itself, `dbt_packages/dbt_utils` for a package.
    pub folder: String,
}

/// What a model says of itself when it is rendered for the first time.
pub struct Declared {
    pub refs: Vec<RefCall>,
    pub sources: Vec<(String, String)>,
    pub config: Vec<Map<String, Value>>,
}

#[allow(unused)]
fn unused(_: &Path) {}
