//! The flags that name the profile and the target of a command on a plan.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::flag_values::{environment, option_or_variable, path, path_option, push_flag};
use crate::calendar::Instant;
use crate::diagnostics::{Diagnostic, Diagnostics, SourceFile};
use crate::plan::manifest::About;
use crate::project::{self, LoadOptions, Target, TargetSettings};
use crate::yaml;

/// The profile, for a default client that needs the path of the database.
#[derive(Clone, clap::Args)]
#[command(next_help_heading = "Profile, for a default client that needs the path of the database")]
pub struct ProfileArgs {
    /// Folder of profiles.yml [default: the project, then ~/.dbt]
    #[arg(long, value_name = "DIR", env = "DBT_PROFILES_DIR", value_parser = path())]
    pub(super) profiles_dir: Option<PathBuf>,
    /// Profile [default: that of the project]
    #[arg(long, value_name = "NAME", env = "DBT_PROFILE")]
    pub(super) profile: Option<String>,
    /// Target of the profile
    #[arg(short, long, value_name = "NAME", env = "DBT_TARGET")]
    pub(super) target: Option<String>,
    /// Project variables, as a YAML mapping: '{country: fr}'
    #[arg(long, value_name = "YAML")]
    pub(super) vars: Option<String>,
}

impl ProfileArgs {
    /// The flags again, without values of environment variables. `path` gives a path as the
    /// command that gets the flags finds it.
    pub fn flags(&self, path: impl Fn(&Path) -> String) -> Vec<String> {
        let mut flags = Vec::new();
        let folder = self.profiles_dir.as_deref().filter(|path| !path.as_os_str().is_empty());
        push_flag(&mut flags, "--profiles-dir", folder.map(path), "DBT_PROFILES_DIR");
        push_flag(&mut flags, "--profile", self.profile.clone(), "DBT_PROFILE");
        push_flag(&mut flags, "--target", self.target.clone(), "DBT_TARGET");
        push_flag(&mut flags, "--vars", self.vars.clone(), "");
        flags
    }

    /// The profile and the target that a plan was compiled for, with its folder unless the flags
    /// name one. An error if the flags name another profile or target.
    pub fn of_plan(&self, about: &About, project_dir: &Path) -> Result<ProfileArgs, Diagnostic> {
        let target = option_or_variable(self.target.clone(), "TARGET");
        if target.as_ref().is_some_and(|name| *name != about.target) {
            return Err(other_target("target", &about.target, &target.unwrap_or_default()));
        }
        let profile = option_or_variable(self.profile.clone(), "PROFILE");
        if let (Some(name), Some(of_plan)) = (&profile, &about.profile)
            && name != of_plan
        {
            return Err(other_target("profile", of_plan, name));
        }
        Ok(ProfileArgs {
            profiles_dir: self
                .named_profiles_dir()
                .or_else(|| about.profiles_dir.as_ref().map(|folder| project_dir.join(folder))),
            profile: about.profile.clone().or(profile),
            target: Some(about.target.clone()),
            vars: self.vars.clone(),
        })
    }

    /// The folder of profiles.yml that the flags or the environment name.
    pub fn named_profiles_dir(&self) -> Option<PathBuf> {
        path_option(self.profiles_dir.clone(), "PROFILES_DIR")
    }

    /// The target in the profile of the project, or for the dialect; without the settings of its
    /// adapter.
    pub fn project_target(
        &self,
        project_dir: &Path,
        dialect: Option<&str>,
    ) -> Result<Result<Target, Diagnostic>, Diagnostics> {
        let dialect = dialect.map(str::to_string);
        let open = LoadOptions { dialect, ..self.open(project_dir)? };
        Ok(project::target(&open, &|_| Ok(TargetSettings::default())))
    }

    /// The options to load the profile of the project.
    pub fn open(&self, project_dir: &Path) -> Result<LoadOptions, Diagnostics> {
        Ok(LoadOptions {
            project_dir: project_dir.to_path_buf(),
            profiles_dir: self.named_profiles_dir(),
            profile: option_or_variable(self.profile.clone(), "PROFILE"),
            target: option_or_variable(self.target.clone(), "TARGET"),
            dialect: None,
            database: None,
            schema: None,
            vars: vars(self.vars.as_deref())?,
            full_refresh: false,
            catalog: None,
            columns: None,
            answers: None,
            which: "run",
            now: Instant::default(),
            environment: environment(),
        })
    }
}

/// The error for a flag that names another target than that of the plan.
fn other_target(what: &str, of_plan: &str, flag: &str) -> Diagnostic {
    Diagnostic::error(format!(
        "the plan was compiled for the {what} `{of_plan}`, but `--{what}` is `{flag}`"
    ))
    .hint(format!("to use the plan as it is: `--{what} {of_plan}`, or no `--{what}`"))
    .hint(format!("to compile it for the other {what}: `batchwright compile --{what} {flag}`"))
}

/// The variables of `--vars`.
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
