//! The flags that name the project, with its profile and the current time.

use std::path::PathBuf;

use chrono::{SubsecRound, Utc};

use super::flag_values::{Suggested, environment, option_or_variable, path, path_option};
use super::profile_args::{ProfileArgs, vars};
use super::project_dir;
use crate::calendar::Instant;
use crate::diagnostics::Diagnostics;
use crate::project::LoadOptions;
use crate::{dialect, limits, window};

/// The project and its profile.
#[derive(clap::Args)]
#[command(next_help_heading = "Project")]
pub struct ProjectArgs {
    /// Folder of dbt_project.yml [default: the current folder, or the nearest parent that has one]
    #[arg(long, value_name = "DIR", env = "DBT_PROJECT_DIR", default_value = "",
        hide_default_value = true, value_parser = project_dir::parser())]
    pub project_dir: PathBuf,
    /// Folder of profiles.yml [default: the project, then ~/.dbt]
    #[arg(long, value_name = "DIR", env = "DBT_PROFILES_DIR", value_parser = path())]
    pub profiles_dir: Option<PathBuf>,
    /// Profile [default: that of the project]
    #[arg(long, value_name = "NAME", env = "DBT_PROFILE")]
    pub profile: Option<String>,
    /// Target of the profile
    #[arg(short, long, value_name = "NAME", env = "DBT_TARGET")]
    pub target: Option<String>,
    /// Project variables, as a YAML mapping: '{country: fr}'
    #[arg(long, value_name = "YAML")]
    pub vars: Option<String>,
    /// SQL dialect of the warehouse; makes profiles.yml unnecessary
    #[arg(long, value_name = "NAME", value_parser = Suggested(|| dialect::names().collect()),
        hide_possible_values = true)]
    pub dialect: Option<String>,
    /// Database, instead of that of the profile
    #[arg(long, value_name = "NAME")]
    pub database: Option<String>,
    /// Schema, instead of that of the profile
    #[arg(long, value_name = "NAME")]
    pub schema: Option<String>,
    /// Use TIME as the current time, for reproducible plans: 2024-09-10, 2024-09-10T12:00:00Z
    #[arg(long, value_name = "TIME", env = "BATCHWRIGHT_NOW", hide_env = true)]
    pub now: Option<String>,
    /// Recorded query results for macros that query the warehouse: a YAML list of `query` and
    /// `rows`
    #[arg(long, value_name = "FILE")]
    pub answers: Option<PathBuf>,
    /// catalog.json of `dbt docs generate`, for macros that need columns
    #[arg(long, value_name = "FILE")]
    pub catalog: Option<PathBuf>,
    /// Columns of the tables in the warehouse, for `on_schema_change`: the output of `batchwright
    /// columns --run`
    #[arg(long, value_name = "FILE")]
    pub columns: Option<PathBuf>,
    /// How long the work for one model may take; 0 for any time
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub model_timeout: u64,
}

impl ProjectArgs {
    /// The project of a shell completion: in the current folder, without a profile.
    pub fn of_completion() -> ProjectArgs {
        ProjectArgs {
            project_dir: path_option(None, "PROJECT_DIR").unwrap_or_else(project_dir::nearest),
            profiles_dir: None,
            profile: None,
            target: None,
            vars: None,
            dialect: dialect::names().next().map(str::to_string),
            database: None,
            schema: None,
            now: None,
            answers: None,
            catalog: None,
            columns: None,
            model_timeout: 10,
        }
    }

    /// The value of `--now`, or the current time.
    pub fn instant(&self) -> Result<Instant, Diagnostics> {
        instant(self.now.as_deref())
    }

    /// The profile of the project.
    pub fn profile(&self) -> ProfileArgs {
        ProfileArgs {
            profiles_dir: self.profiles_dir.clone(),
            profile: self.profile.clone(),
            target: self.target.clone(),
            vars: self.vars.clone(),
        }
    }

    /// The same with another profile.
    pub fn with_profile(self, profile: &ProfileArgs) -> ProjectArgs {
        ProjectArgs {
            profiles_dir: profile.profiles_dir.clone(),
            profile: profile.profile.clone(),
            target: profile.target.clone(),
            ..self
        }
    }

    /// The options to load the project.
    pub fn open(self, now: Instant, full_refresh: bool) -> Result<LoadOptions, Diagnostics> {
        limits::set_timeout(self.model_timeout);
        Ok(LoadOptions {
            vars: vars(self.vars.as_deref())?,
            project_dir: self.project_dir,
            profiles_dir: path_option(self.profiles_dir, "PROFILES_DIR"),
            profile: option_or_variable(self.profile, "PROFILE"),
            target: option_or_variable(self.target, "TARGET"),
            dialect: self.dialect,
            database: self.database,
            schema: self.schema,
            answers: self.answers,
            catalog: self.catalog,
            columns: self.columns,
            full_refresh,
            which: "run",
            now,
            environment: environment(),
        })
    }
}

/// The value of `--now`, or the current time.
pub fn instant(now: Option<&str>) -> Result<Instant, Diagnostics> {
    let Some(text) = now.filter(|text| !text.is_empty()) else {
        return Ok(Utc::now().trunc_subsecs(0));
    };
    Ok(window::Bound::parse("--now", text)?.at.at(chrono_tz::UTC))
}
