//! The client of a run: what the user named, what the last run used, or the dialect's own.

use std::env::var_os;

use super::options::{PlanArgs, ProfileArgs};
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::dialect::Dialect;
use crate::project;
use crate::run::confirmed::Confirmed;
use crate::run::history::History;

/// Where a command takes its client from.
pub struct ClientRequest<'a> {
    /// The command as a user types it, without `batchwright`.
    pub command: &'a str,
    /// What follows `--`; empty where the user names no client.
    pub client: &'a [String],
    pub plan: &'a PlanArgs,
    pub profile: &'a ProfileArgs,
    /// Whether the client of the last run is used before the dialect's own.
    pub resumed: bool,
}

/// The argument vector. A journal's client is used only if the user has run it on this machine for this plan, since the journal
/// may have come with the repository.
pub fn argv(request: &ClientRequest, dialect: &Dialect, past: &History, confirmed: &Confirmed) -> Result<Vec<String>, Diagnostics> {
    if !request.client.is_empty() {
        return Ok(request.client.to_vec());
    }
    let Some(last) = past.last.as_ref().filter(|_| request.resumed) else { return default_client(request, dialect) };
    let Some(client) = &last.client else {
        let what = "the last run's client was not kept, since its arguments hold a password";
        return Err(unnamed(what.to_string(), request, dialect)?.into());
    };
    let is_default = || default_client(request, dialect).is_ok_and(|default| default == *client);
    if confirmed.holds(&request.plan.places().plan, client) || is_default() {
        return Ok(client.clone());
    }
    let joined = shlex::try_join(client.iter().map(String::as_str)).unwrap_or_else(|_| client.join(" "));
    Err(Diagnostic::error("the client of the last run has not been run for this plan on this machine before")
        .fact(format!("the journal names it, and may have come with the repository: {joined}"))
        .hint(format!("name the client: `batchwright {} -- CLIENT …`", request.command))
        .into())
}

/// What is remembered of the clients that the user has run.
pub fn confirmed() -> Confirmed {
    Confirmed::new(var_os("XDG_STATE_HOME"), var_os("HOME"))
}

/// The dialect's own client.
fn default_client(request: &ClientRequest, dialect: &Dialect) -> Result<Vec<String>, Diagnostics> {
    let client: Vec<String> = dialect.fact("client")?;
    let fail = |what: String| -> Result<Vec<String>, Diagnostics> { Err(unnamed(what, request, dialect)?.into()) };
    if client.is_empty() {
        return fail(format!("{} has no client that runs a plan without further words", dialect.name));
    }
    if !client.iter().any(|word| word == "{path}") {
        return Ok(client);
    }
    let project_dir = &request.plan.project_dir;
    let target = project::target(&request.profile.open(project_dir)?, &|_| Ok(project::TargetFacts::default()));
    match target.ok().and_then(|target| target.path) {
        None => fail("no profile says which database file the steps are for".to_string()),
        Some(path) if path == ":memory:" => {
            fail("the profile's database is in memory, so that nothing that a step does would last".to_string())
        }
        Some(path) if path.starts_with('-') => {
            fail(format!("the profile's database file `{path}` would be read as an option of the client"))
        }
        // As dbt does: from the project's folder.
        Some(path) => {
            let path = if path.contains(':') { path } else { project_dir.join(path).to_string_lossy().into_owned() };
            Ok(client.iter().map(|word| word.replace("{path}", &path)).collect())
        }
    }
}

fn unnamed(what: String, request: &ClientRequest, dialect: &Dialect) -> Result<Diagnostic, Diagnostic> {
    let example: String = dialect.fact("example")?;
    Ok(Diagnostic::error(what).hint(format!("name the client: `batchwright {} -- {example}`", request.command)))
}
