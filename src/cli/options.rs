//! Flags that several commands share, with dbt's names, meaning and environment variables.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use chrono::{SubsecRound, Utc};
use clap::builder::{OsStringValueParser, PossibleValue, StringValueParser, TypedValueParser};
use clap_complete::engine::ArgValueCompleter;
use serde_json::{Map, Value};

use super::completions::models;
pub use super::profile_args::ProfileArgs;
use super::project_dir;
use crate::calendar::{Grain, Instant};
use crate::compile::Request;
use crate::diagnostics::{Diagnostic, Diagnostics, SourceFile};
use crate::dialect;
use crate::graph::Selection;
use crate::limits;
use crate::project::{self, LedgerSetting, LoadOptions};
use crate::run::plan_paths::{self, PlanPaths};
use crate::window;
use crate::yaml;

/// The project and its profile.
#[derive(clap::Args)]
#[command(next_help_heading = "Project")]
pub struct ProjectArgs {
    /// Folder of dbt_project.yml [default: the current folder, or the nearest parent that has one]
    #[arg(long, value_name = "DIR", env = "DBT_PROJECT_DIR", default_value = "", hide_default_value = true, value_parser = project_folder())]
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
    #[arg(long, value_name = "NAME", value_parser = Suggested(|| dialect::names().collect()), hide_possible_values = true)]
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

/// The plan.
#[derive(clap::Args)]
pub struct PlanArgs {
    /// Folder of the plan [default: target/batchwright in the project]
    #[arg(long, value_name = "DIR")]
    pub plan: Option<PathBuf>,
    /// Folder of dbt_project.yml [default: the current folder, or the nearest parent that has one]
    #[arg(long, value_name = "DIR", env = "DBT_PROJECT_DIR", default_value = "", hide_default_value = true, value_parser = project_folder())]
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

/// The selection of models.
#[derive(clap::Args)]
#[command(next_help_heading = "Selection")]
pub struct SelectArgs {
    /// Select models, in dbt's selection grammar: orders+ tag:daily path:models/marts
    #[arg(short, long, value_name = "SPEC", num_args = 1.., alias = "models", short_alias = 'm', add = ArgValueCompleter::new(models))]
    pub select: Vec<String>,
    /// Exclude models, in the same grammar
    #[arg(long, value_name = "SPEC", num_args = 1.., add = ArgValueCompleter::new(models))]
    pub exclude: Vec<String>,
    /// Use a selector of selectors.yml
    #[arg(long, value_name = "NAME")]
    pub selector: Option<String>,
    /// Compare `state:modified`, `state:new` with this earlier plan, or with dbt's target folder
    #[arg(long, value_name = "DIR", env = "DBT_STATE", value_parser = path())]
    pub state: Option<PathBuf>,
}

/// The windows to plan.
#[derive(Default, clap::Args)]
#[command(next_help_heading = "Windows")]
pub struct WindowArgs {
    /// Start of the range: 2024-09-01, 2024-09-01T05:00, in UTC or with an offset
    #[arg(long, value_name = "TIME", env = "DBT_EVENT_TIME_START")]
    pub event_time_start: Option<String>,
    /// End of the range (exclusive)
    #[arg(long, value_name = "TIME", env = "DBT_EVENT_TIME_END")]
    pub event_time_end: Option<String>,
    /// Plan coarser or finer windows than the models set: hour, day, month, year
    #[arg(long, value_name = "SIZE", value_parser = Suggested(sizes), hide_possible_values = true)]
    pub batch_size: Option<String>,
    /// Label batches with their month (day, year)
    #[arg(long, value_name = "SIZE", value_parser = Suggested(sizes), hide_possible_values = true)]
    pub chunk: Option<String>,
    /// Leave out the batch that is still open
    #[arg(long)]
    pub complete_only: bool,
    /// Refuse bounds inside a batch, and SQL that cannot be parsed
    #[arg(long)]
    pub strict: bool,
    /// Maximum number of batches per model
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    pub max_batches: usize,
}

/// The full refresh.
#[derive(clap::Args)]
pub struct RefreshArgs {
    /// Rebuild from `begin` until now in a new table, then swap it in; with bounds, rewrite only
    /// that range
    #[arg(short, long, env = "DBT_FULL_REFRESH", value_name = "BOOL", value_parser = truth, num_args = 0..=1,
          default_missing_value = "true", default_value = "", require_equals = true, hide_default_value = true, hide_possible_values = true)]
    pub full_refresh: bool,
}

impl SelectArgs {
    /// The selection, with the state of the flag or of the environment.
    pub fn selection(self) -> Selection {
        Selection {
            select: self.select,
            exclude: self.exclude,
            selector: self.selector,
            with_seeds: false,
            state: path_option(self.state, "STATE"),
        }
    }
}

/// The request of a command that plans batches.
pub fn request(
    select: SelectArgs,
    windows: &WindowArgs,
    refresh: &RefreshArgs,
    project: ProjectArgs,
) -> Result<Request, Diagnostics> {
    let now = project.instant()?;
    let now_is_given = project.now.as_ref().is_some_and(|now| !now.is_empty());
    let windows = windows.request(now)?;
    let open = project.open(now, refresh.full_refresh)?;
    Ok(Request {
        now_is_given,
        full_refresh: refresh.full_refresh,
        ..Request::new(open, select.selection(), windows)
    })
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

    /// The name of dbt's target; empty if the profile has an error, which loading reports.
    pub fn target_name(&self) -> String {
        let target = self.profile().project_target(&self.project_dir, self.dialect.as_deref());
        target.ok().and_then(Result::ok).map(|target| target.name).unwrap_or_default()
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

/// The environment as templates see it: without dbt's private variables.
pub(super) fn environment() -> BTreeMap<String, String> {
    let all = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    all.filter(|(name, _)| !name.starts_with("DBT_ENV_PRIVATE")).collect()
}

/// The value of a flag that was not given: of dbt's variable of that name. An empty variable is as
/// good as none, as in dbt.
fn variable(name: &str) -> Option<String> {
    ["DBT_ENGINE_", "DBT_"].iter().find_map(|prefix| {
        std::env::var(format!("{prefix}{name}")).ok().filter(|value| !value.is_empty())
    })
}

/// The value of an option of the command line, else of its environment variable; an empty one
/// counts as unset.
pub(super) fn option_or_variable(text: Option<String>, name: &str) -> Option<String> {
    text.filter(|text| !text.is_empty()).or_else(|| variable(name))
}

pub(super) fn path_option(path: Option<PathBuf>, name: &str) -> Option<PathBuf> {
    path.filter(|path| !path.as_os_str().is_empty()).or_else(|| variable(name).map(PathBuf::from))
}

/// A text with values for completions; the command itself reports an invalid one.
#[derive(Clone)]
struct Suggested(fn() -> Vec<&'static str>);

impl TypedValueParser for Suggested {
    type Value = String;

    fn parse_ref(
        &self,
        command: &clap::Command,
        arg: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<String, clap::Error> {
        StringValueParser::new().parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new((self.0)().into_iter().map(PossibleValue::new)))
    }
}

fn sizes() -> Vec<&'static str> {
    Grain::ALL.into_iter().map(Grain::as_str).collect()
}

/// Whether a flag is given, or set by dbt's variable of that name.
pub fn flag_or_variable(is_given: bool, name: &str) -> bool {
    is_given || variable(name).is_some_and(|text| truth(&text) == Ok(true))
}

/// Parses a path, which may be empty if it comes from a variable.
pub fn path() -> impl TypedValueParser<Value = PathBuf> {
    OsStringValueParser::new().map(PathBuf::from)
}

fn project_folder() -> impl TypedValueParser<Value = PathBuf> {
    OsStringValueParser::new().map(|text| {
        path_option(Some(PathBuf::from(text)), "PROJECT_DIR").unwrap_or_else(project_dir::nearest)
    })
}

/// Parses a flag with an optional value.
fn truth(text: &str) -> Result<bool, String> {
    match text.to_lowercase().as_str() {
        "" => Ok(variable("FULL_REFRESH").is_some_and(|text| truth(&text) == Ok(true))),
        "true" | "t" | "yes" | "y" | "on" | "1" => Ok(true),
        "false" | "f" | "no" | "n" | "off" | "0" => Ok(false),
        _ => Err("it is `true` or `false`".to_string()),
    }
}

/// The bounds of the command line or of the environment variables.
pub fn bounds(
    start: &Option<String>,
    end: &Option<String>,
) -> Result<Option<(window::Bound, window::Bound)>, Diagnostics> {
    let (start, end) = (
        option_or_variable(start.clone(), "EVENT_TIME_START"),
        option_or_variable(end.clone(), "EVENT_TIME_END"),
    );
    window::bounds(start.as_deref(), end.as_deref())
}

impl WindowArgs {
    /// The windows that the flags or the environment request.
    pub fn request(&self, now: Instant) -> Result<window::WindowRequest, Diagnostics> {
        Ok(window::WindowRequest {
            bounds: bounds(&self.event_time_start, &self.event_time_end)?,
            now,
            batch_size: grain("--batch-size", self.batch_size.as_deref())?,
            chunk: grain("--chunk", self.chunk.as_deref())?,
            excluded: Vec::new(),
            complete_only: self.complete_only,
            strict: self.strict,
            max_batches: self.max_batches,
        })
    }
}

fn grain(flag: &str, text: Option<&str>) -> Result<Option<Grain>, Diagnostics> {
    let Some(text) = text else { return Ok(None) };
    match Grain::parse(text) {
        Some(grain) => Ok(Some(grain)),
        None => Err(Diagnostic::error(format!("invalid value `{text}` of `{flag}`"))
            .hint("use `hour`, `day`, `month` or `year`")
            .into()),
    }
}

pub(super) fn vars(text: Option<&str>) -> Result<Map<String, Value>, Diagnostics> {
    let Some(text) = text.filter(|text| !text.trim().is_empty()) else { return Ok(Map::new()) };
    let error = |what: String| {
        Diagnostics::from(
            Diagnostic::error(what)
                .hint("write variables as a YAML mapping: `--vars '{country: fr, limit: 10}'`"),
        )
    };
    let file = SourceFile::new("--vars", text);
    match yaml::parse(&file).map(|(tree, _)| tree.exact()) {
        Ok(Value::Object(vars)) => Ok(vars),
        Ok(_) => Err(error(format!("`--vars {text}` is not a mapping"))),
        Err(cause) => Err(error(format!(
            "`--vars {text}` is not YAML: {}",
            cause.message.trim_start_matches("not valid YAML: ")
        ))),
    }
}
