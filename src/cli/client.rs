//! Determines the client of a run: from the command line, the last run, or the dialect.

use std::env::var_os;
use std::path::Path;

use super::flag_values::option_or_variable;
use super::plan_args::PlanArgs;
use super::profile_args::ProfileArgs;
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::dialect::{self, Dialect};
use crate::plan::manifest::About;
use crate::run::client_checks;
use crate::run::confirmed::Confirmed;
use crate::run::entry::RunEntry;
use crate::run::plan_paths::absolute;

/// What determines the client of a command.
pub struct ClientRequest<'a> {
    /// The command for messages, without `batchwright`.
    pub command: &'a str,
    /// The arguments after `--`; empty if there is no client.
    pub client: &'a [String],
    pub plan: &'a PlanArgs,
    /// The flags that name the profile; the plan's target has precedence over its default one.
    pub profile: &'a ProfileArgs,
    /// The plan whose target is used; `None` for the target of the flags alone.
    pub about: Option<&'a About>,
}

/// The argument vector of the client: that of the command line, of the last run, or of the dialect.
/// The client in a journal is used only if the user has run it for this plan on this machine
/// before, since the journal may be part of the repository. It is of the target of the plan, so
/// flags that name another target are an error, and the database file in another profile has
/// precedence.
pub fn argv(
    request: &ClientRequest,
    dialect: &Dialect,
    last_run: Option<&RunEntry>,
    confirmed: &Confirmed,
) -> Result<Vec<String>, Diagnostics> {
    if !request.client.is_empty() {
        return Ok(request.client.to_vec());
    }
    let base = &request.plan.project_dir;
    let Some(last) = last_run else { return default_client(request, dialect, base) };
    request.profile_of_plan()?;
    let Some(client) = &last.client else {
        let what = "the client of the last run is not in the journal, because its arguments have \
            a password";
        return Err(no_client(what.to_string(), request, dialect).into());
    };
    if request.names_other_profile() && is_default_client(dialect, client) {
        return default_client(request, dialect, base);
    }
    // The default client of a run in another folder of the project has another relative path.
    let default = default_client(request, dialect, base).ok();
    if let Some(default) = default.filter(|default| is_same_client(default, client)) {
        return Ok(default);
    }
    if confirmed.holds(&request.plan.folder(), client) {
        return Ok(client.clone());
    }
    let joined =
        shlex::try_join(client.iter().map(String::as_str)).unwrap_or_else(|_| client.join(" "));
    Err(Diagnostic::error("the client of the last run was never run for this plan on this machine")
        .note(format!("the journal, which may be part of the repository, names: {joined}"))
        .hint(format!("name the client: `batchwright {} -- CLIENT …`", request.command))
        .into())
}

/// Whether two argument vectors are equal, apart from a relative way up to the project.
fn is_same_client(one: &[String], other: &[String]) -> bool {
    let below = |word: &str| {
        let mut rest = word.to_string();
        while let Some(next) = rest.strip_prefix("../").or(rest.strip_prefix("./")) {
            rest = next.to_string();
        }
        rest
    };
    one.len() == other.len() && one.iter().zip(other).all(|(one, other)| below(one) == below(other))
}

/// Whether a client is the default one of the dialect, with any database file.
pub fn is_default_client(dialect: &Dialect, client: &[String]) -> bool {
    let default = &dialect.client.command;
    let is_same = |(word, other): (&String, &String)| word == "{path}" || word == other;
    default.len() == client.len() && default.iter().zip(client).all(is_same)
}

/// Refuses a client without a name, one of another dialect, and one that continues after an error.
/// Returns whether it reads SQL from its standard input instead of `{file}`.
pub fn validate(argv: &[String], dialect: &Dialect) -> Result<bool, Diagnostics> {
    if argv.iter().all(|word| word.is_empty()) {
        return Err(Diagnostic::error("the client's name is empty").into());
    }
    let reads_stdin = !argv.iter().any(|word| word.contains("{file}"));
    client_checks::reject_other_dialect(argv, dialect)?;
    client_checks::reject_error_ignoring(argv, reads_stdin)?;
    Ok(reads_stdin)
}

impl ClientRequest<'_> {
    /// The flags of the profile, with the target of the plan.
    fn profile_of_plan(&self) -> Result<ProfileArgs, Diagnostic> {
        match self.about {
            Some(about) => self.profile.of_plan(about, &self.plan.project_dir),
            None => Ok(self.profile.clone()),
        }
    }

    /// Whether the flags or the environment may name another database than that of the plan.
    pub fn names_other_target(&self) -> bool {
        self.client.is_empty() && (self.profile_of_plan().is_err() || self.names_other_profile())
    }

    /// Whether the flags or the environment name a profile, or a folder of profiles, that is not
    /// the one in the manifest.
    fn names_other_profile(&self) -> bool {
        let of_plan = self.about.and_then(|about| about.profiles_dir.as_ref());
        let of_plan = of_plan.map(|folder| absolute(&self.plan.project_dir.join(folder)));
        let folder = self.profile.named_profiles_dir().map(|folder| absolute(&folder));
        let profile = option_or_variable(self.profile.profile.clone(), "PROFILE");
        let profile_of_plan = self.about.and_then(|about| about.profile.clone());
        folder.is_some() && folder != of_plan || profile.is_some() && profile != profile_of_plan
    }
}

/// The record of clients that the user has run.
pub fn confirmed() -> Confirmed {
    Confirmed::new(var_os("XDG_STATE_HOME"), var_os("HOME"))
}

/// The default client of the dialect. `base` is the project's folder, as the client finds it.
pub fn default_client(
    request: &ClientRequest,
    dialect: &Dialect,
    base: &Path,
) -> Result<Vec<String>, Diagnostics> {
    let client = &dialect.client.command;
    let fail = |what: String| -> Result<Vec<String>, Diagnostics> {
        Err(no_client(what, request, dialect).into())
    };
    if client.is_empty() {
        return fail(format!("{} has no default client", dialect.name));
    }
    let profile = request.profile_of_plan()?;
    if !client.iter().any(|word| word == "{path}") {
        return Ok(client.clone());
    }
    let target = match profile.project_target(&request.plan.project_dir, None)? {
        Ok(target) => target,
        Err(error) => {
            let what = "no profile names the database file".to_string();
            return Err(no_client(what, request, dialect).note(error.message).into());
        }
    };
    let is_of_dialect =
        dialect::named(&target.dialect).is_ok_and(|of_target| of_target.name == dialect.name);
    match target.path.filter(|_| is_of_dialect) {
        None => fail("no profile names the database file".to_string()),
        Some(path) if path == ":memory:" => fail(
            "the profile's database is in memory, so the results of a step would be lost"
                .to_string(),
        ),
        Some(path) if path.starts_with('-') => {
            fail(format!("the client would read the profile's database file `{path}` as an option"))
        }
        // As in dbt, relative to the project's folder.
        Some(path) => {
            let path = if path.contains(':') {
                path
            } else {
                base.join(path).to_string_lossy().into_owned()
            };
            Ok(client.iter().map(|word| word.replace("{path}", &path)).collect())
        }
    }
}

fn no_client(what: String, request: &ClientRequest, dialect: &Dialect) -> Diagnostic {
    let example = &dialect.client.example;
    Diagnostic::error(what)
        .hint(format!("name the client: `batchwright {} -- {example}`", request.command))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_the_same_in_another_folder_of_the_project() {
        let client = |path: &str| vec!["duckdb".to_string(), "-bail".to_string(), path.to_string()];
        assert!(is_same_client(
            &client("./target/shop.duckdb"),
            &client("../../target/shop.duckdb")
        ));
        assert!(!is_same_client(&client("target/shop.duckdb"), &client("target/other.duckdb")));
        assert!(!is_same_client(&client("target/shop.duckdb"), &client("/target/shop.duckdb")));
    }
}
