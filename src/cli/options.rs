//! The flags that several commands share: dbt's names, dbt's meaning, dbt's environment variables.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chrono::{SubsecRound, Utc};
use serde_json::{Map, Value};

use crate::calendar::{Grain, Instant};
use crate::compile::Request;
use crate::diagnostics::{Diagnostic, Diagnostics, SourceFile};
use crate::graph::Selection;
use crate::project::Open;
use crate::run::journal::Places;
use crate::window;
use crate::yaml;

#[derive(clap::Args)]
#[command(next_help_heading = "Project")]
pub struct ProjectArgs {
    /// The folder that holds dbt_project.yml
    #[arg(long, value_name = "DIR", env = "DBT_PROJECT_DIR", default_value = ".", hide_default_value = true)]
    pub project_dir: PathBuf,
    /// Where profiles.yml is, if not in the project or in ~/.dbt
    #[arg(long, value_name = "DIR", env = "DBT_PROFILES_DIR")]
    pub profiles_dir: Option<PathBuf>,
    /// The profile, if not the project's own
    #[arg(long, value_name = "NAME", env = "DBT_PROFILE")]
    pub profile: Option<String>,
    /// The target of the profile
    #[arg(short, long, value_name = "NAME", env = "DBT_TARGET")]
    pub target: Option<String>,
    /// Variables for the project, as a YAML mapping: '{country: fr}'
    #[arg(long, value_name = "YAML")]
    pub vars: Option<String>,
    /// The warehouse's SQL; with it no profiles.yml is needed
    #[arg(long, value_name = "NAME")]
    pub dialect: Option<String>,
    /// The database, instead of the profile's
    #[arg(long, value_name = "NAME")]
    pub database: Option<String>,
    /// The schema, instead of the profile's
    #[arg(long, value_name = "NAME")]
    pub schema: Option<String>,
    /// The moment that counts as now, for plans that are the same tomorrow: 2024-09-10,
    /// 2024-09-10T12:00:00Z
    #[arg(long, value_name = "TIME", env = "BATCHWRIGHT_NOW", hide_env = true)]
    pub now: Option<String>,
    /// Recorded answers of the warehouse, for macros that ask it: a YAML list of `query` and `rows`
    #[arg(long, value_name = "FILE")]
    pub answers: Option<PathBuf>,
    /// The catalog.json of `dbt docs generate`, for macros that ask for columns
    #[arg(long, value_name = "FILE")]
    pub catalog: Option<PathBuf>,
}

/// Which plan.
#[derive(clap::Args)]
pub struct PlanArgs {
    /// The plan's folder [default: target/batchwright in the project]
    #[arg(long, value_name = "DIR")]
    pub plan: Option<PathBuf>,
    /// The folder that holds dbt_project.yml
    #[arg(long, value_name = "DIR", env = "DBT_PROJECT_DIR", default_value = ".", hide_default_value = true)]
    pub project_dir: PathBuf,
}

/// Where the profile is, for a default client that must know the database's path.
#[derive(clap::Args)]
#[command(next_help_heading = "Profile, for a default client that must know the database's path")]
pub struct ProfileArgs {
    /// Where profiles.yml is, if not in the project or in ~/.dbt
    #[arg(long, value_name = "DIR", env = "DBT_PROFILES_DIR")]
    profiles_dir: Option<PathBuf>,
    /// The profile, if not the project's own
    #[arg(long, value_name = "NAME", env = "DBT_PROFILE")]
    profile: Option<String>,
    /// The target of the profile
    #[arg(short, long, value_name = "NAME", env = "DBT_TARGET")]
    target: Option<String>,
    /// Variables for the project, as a YAML mapping: '{country: fr}'
    #[arg(long, value_name = "YAML", env = "DBT_VARS")]
    vars: Option<String>,
}

#[derive(clap::Args)]
#[command(next_help_heading = "Selection")]
pub struct SelectArgs {
    /// The models, in dbt's selection grammar: orders+ tag:daily path:models/marts
    #[arg(short, long, value_name = "SPEC", num_args = 1.., alias = "models", short_alias = 'm')]
    pub select: Vec<String>,
    /// Models to leave out, in the same grammar
    #[arg(long, value_name = "SPEC", num_args = 1..)]
    pub exclude: Vec<String>,
    /// A selector of selectors.yml
    #[arg(long, value_name = "NAME")]
    pub selector: Option<String>,
    /// What `state:modified`, `state:new` compare with: an earlier plan's folder, or dbt's target
    /// folder
    #[arg(long, value_name = "DIR", env = "DBT_STATE")]
    pub state: Option<PathBuf>,
}

#[derive(clap::Args)]
#[command(next_help_heading = "Windows")]
pub struct WindowArgs {
    /// The first moment to cover: 2024-09-01, 2024-09-01T05:00, with an offset or Z if not UTC
    #[arg(long, value_name = "TIME", env = "DBT_EVENT_TIME_START")]
    pub event_time_start: Option<String>,
    /// The end, excluded
    #[arg(long, value_name = "TIME", env = "DBT_EVENT_TIME_END")]
    pub event_time_end: Option<String>,
    /// Coarser (or finer) windows than the models' own: hour, day, month, year
    #[arg(long, value_name = "SIZE")]
    pub batch_size: Option<String>,
    /// Labels the batches with the month (day, year) they belong to
    #[arg(long, value_name = "SIZE")]
    pub chunk: Option<String>,
    /// Leaves out the batch that is still open
    #[arg(long)]
    pub complete_only: bool,
    /// Refuses bounds inside of a batch, and SQL that cannot be parsed
    #[arg(long)]
    pub strict: bool,
    /// The most batches of one model
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    pub max_batches: usize,
}

#[derive(clap::Args)]
pub struct RefreshArgs {
    /// Rebuilds from `begin` until now beside the table, and swaps it in; with bounds, only the
    /// bounds are written again
    #[arg(short, long, env = "DBT_FULL_REFRESH", value_name = "BOOL", value_parser = clap::builder::BoolishValueParser::new(), num_args = 0..=1,
          default_missing_value = "true", default_value = "false", require_equals = true, hide_default_value = true, hide_possible_values = true)]
    pub full_refresh: bool,
}

impl SelectArgs {
    pub fn selection(self) -> Selection {
        let variable = || std::env::var_os("DBT_ENGINE_STATE").map(PathBuf::from);
        Selection { select: self.select, exclude: self.exclude, selector: self.selector, state: self.state.or_else(variable) }
    }
}

/// What the flags of a command that plans batches ask for together.
pub fn request(select: SelectArgs, windows: &WindowArgs, refresh: &RefreshArgs, project: ProjectArgs) -> Result<Request, Diagnostics> {
    let now = project.instant()?;
    Ok(Request {
        now_is_given: project.now.is_some(),
        windows: windows.request(now)?,
        open: project.open(now, refresh.full_refresh)?,
        selection: select.selection(),
        full_refresh: refresh.full_refresh,
        from_begin_except: None,
        earlier_plans: Vec::new(),
    })
}

impl ProjectArgs {
    /// What `--now` says, or the clock.
    pub fn instant(&self) -> Result<Instant, Diagnostics> {
        instant(self.now.as_deref())
    }

    pub fn open(self, now: Instant, full_refresh: bool) -> Result<Open, Diagnostics> {
        Ok(Open {
            vars: vars(self.vars.as_deref())?,
            project_dir: self.project_dir,
            profiles_dir: self.profiles_dir,
            profile: self.profile,
            target: self.target,
            dialect: self.dialect,
            database: self.database,
            schema: self.schema,
            answers: self.answers,
            catalog: self.catalog,
            full_refresh,
            which: "run",
            now,
            environment: environment(),
        })
    }
}

/// What `--now` says, or the clock.
pub fn instant(now: Option<&str>) -> Result<Instant, Diagnostics> {
    let Some(text) = now else { return Ok(Utc::now().trunc_subsecs(0)) };
    Ok(window::Bound::parse("--now", text)?.at.at(chrono_tz::UTC))
}

impl PlanArgs {
    pub fn places(&self) -> Places {
        Places::beside(&self.plan.clone().unwrap_or_else(|| self.project_dir.join("target").join("batchwright")))
    }
}

impl ProfileArgs {
    /// The project, as far as its profile.
    pub fn open(&self, project_dir: &Path) -> Result<Open, Diagnostics> {
        Ok(Open {
            project_dir: project_dir.to_path_buf(),
            profiles_dir: self.profiles_dir.clone(),
            profile: self.profile.clone(),
            target: self.target.clone(),
            dialect: None,
            database: None,
            schema: None,
            vars: vars(self.vars.as_deref())?,
            full_refresh: false,
            catalog: None,
            answers: None,
            which: "run",
            now: Instant::default(),
            environment: environment(),
        })
    }
}

fn environment() -> BTreeMap<String, String> {
    std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))).collect()
}

impl WindowArgs {
    pub fn request(&self, now: Instant) -> Result<window::WindowRequest, Diagnostics> {
        let text = |given: &Option<String>, variable: &str| given.clone().or_else(|| std::env::var(variable).ok());
        let start = text(&self.event_time_start, "DBT_ENGINE_EVENT_TIME_START");
        let end = text(&self.event_time_end, "DBT_ENGINE_EVENT_TIME_END");
        Ok(window::WindowRequest {
            bounds: window::bounds(start.as_deref(), end.as_deref())?,
            now,
            batch_size: grain("--batch-size", self.batch_size.as_deref())?,
            chunk: grain("--chunk", self.chunk.as_deref())?,
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
        None => Err(Diagnostic::error(format!("`{flag} {text}` is no size of a batch"))
            .hint("it is one of `hour`, `day`, `month`, `year`")
            .into()),
    }
}

fn vars(text: Option<&str>) -> Result<Map<String, Value>, Diagnostics> {
    let Some(text) = text.filter(|text| !text.trim().is_empty()) else { return Ok(Map::new()) };
    let wrong =
        |what: String| Diagnostics::from(Diagnostic::error(what).hint("write them as a YAML mapping: `--vars '{country: fr, limit: 10}'`"));
    let file = SourceFile::new("--vars", text);
    match yaml::parse(&file).map(|(tree, _)| tree.exact()) {
        Ok(Value::Object(vars)) => Ok(vars),
        Ok(_) => Err(wrong(format!("`--vars {text}` is not a mapping"))),
        Err(cause) => Err(wrong(format!("`--vars {text}` is not YAML: {}", cause.message.trim_start_matches("not valid YAML: ")))),
    }
}
