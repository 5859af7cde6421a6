//! The flags that name a plan: its folder, its journals, and its ledger.

use std::path::{Path, PathBuf};

use super::flag_values::{environment, path, variable};
use super::project_dir;
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::project::{self, LedgerSetting};
use crate::run::plan_paths::{self, PlanPaths};

/// The plan.
#[derive(clap::Args)]
pub struct PlanArgs {
    /// Folder of the plan [default: target/batchwright in the project]
    #[arg(long, value_name = "DIR")]
    pub plan: Option<PathBuf>,
    /// Folder of dbt_project.yml [default: the current folder, or the nearest parent that has one]
    #[arg(long, value_name = "DIR", env = "DBT_PROJECT_DIR", default_value = "",
        hide_default_value = true, value_parser = project_dir::parser())]
    pub project_dir: PathBuf,
    #[command(flatten)]
    pub state: StateArgs,
}

/// The state folder.
#[derive(Clone, clap::Args)]
pub struct StateArgs {
    /// Folder of the journals [default: .batchwright in the project]
    #[arg(long, value_name = "DIR", env = "BATCHWRIGHT_STATE_DIR", value_parser = path())]
    pub state_dir: Option<PathBuf>,
    /// Read the journals in DIR too, such as those of the shards on other machines; repeatable
    #[arg(long, value_name = "DIR")]
    pub journal: Vec<PathBuf>,
}

impl PlanArgs {
    /// The folder of the plan. If the target folder is refused, there is no plan.
    pub fn folder(&self) -> PathBuf {
        let default = || self.project_dir.join("target").join("batchwright");
        plan_folder(self.plan.clone(), &self.project_dir).unwrap_or_else(|_| default())
    }

    /// The paths of the plan and its runs.
    pub fn paths(&self) -> Result<PlanPaths, Diagnostics> {
        self.state.paths(&self.folder())
    }
}

impl StateArgs {
    /// The paths of a plan and its runs. The folder of the journals is that of the flag, of the
    /// environment variable, of dbt_project.yml, or the default one.
    pub fn paths(&self, plan: &Path) -> Result<PlanPaths, Diagnostics> {
        if let Some(folder) = self.state_dir.as_ref().filter(|path| !path.as_os_str().is_empty()) {
            return Ok(PlanPaths::new(plan, Some(folder)).with_journals(&self.journal));
        }
        let folder = match plan_paths::project_root(plan) {
            Some(root) => project::state_dir(&root, &environment())?,
            None => None,
        };
        Ok(PlanPaths::new(plan, folder.as_deref()).with_journals(&self.journal))
    }
}

/// The ledger: that of the flag, or of dbt_project.yml. An empty flag is no ledger.
pub fn ledger_setting(
    flag: Option<&str>,
    project_dir: &Path,
) -> Result<Option<LedgerSetting>, Diagnostic> {
    let project = || project::ledger_setting(project_dir, &environment());
    match flag {
        None => project(),
        Some("") => Ok(None),
        // The format and the location do not depend on the name.
        Some(table) => Ok(Some(LedgerSetting {
            table: table.to_string(),
            at: None,
            ..project()?.unwrap_or_default()
        })),
    }
}

/// The folder of the plan: that of `--plan`, or the default one.
pub fn plan_folder(plan: Option<PathBuf>, project_dir: &Path) -> Result<PathBuf, Diagnostics> {
    match plan {
        Some(plan) => Ok(plan),
        None => Ok(target_folder(project_dir)?.join("batchwright")),
    }
}

/// dbt's target folder.
pub fn target_folder(project_dir: &Path) -> Result<PathBuf, Diagnostics> {
    let folder = variable("TARGET_PATH").map(|path| project_dir.join(path));
    Ok(folder.map_or_else(|| project::target_path(project_dir, &environment()), Ok)?)
}
