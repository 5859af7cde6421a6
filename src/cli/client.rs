//! The client of a run: what the user named, what the last run used, or the dialect's own.

use std::env::var_os;

use super::run::How;
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::dialect::Dialect;
use crate::project;
use crate::run::confirmed::Confirmed;
use crate::run::history::History;

/// The argument vector. A journal's client is used only if the user has run it on this machine for this plan, since the journal
/// may have come with the repository.
pub fn argv(how: &How, dialect: &Dialect, resumed: bool, past: &History, confirmed: &Confirmed) -> Result<Vec<String>, Diagnostics> {
    if !how.client.is_empty() {
        return Ok(how.client.clone());
    }
    let Some(last) = past.last.as_ref().filter(|_| resumed) else { return usual(how, dialect) };
    let Some(client) = &last.client else {
        let what = "the last run's client was not kept, since its arguments hold a password";
        return Err(unnamed(what.to_string(), dialect)?.into());
    };
    if confirmed.holds(&how.plan.places().plan, client) || usual(how, dialect).is_ok_and(|usual| usual == *client) {
        return Ok(client.clone());
    }
    let joined = shlex::try_join(client.iter().map(String::as_str)).unwrap_or_else(|_| client.join(" "));
    Err(Diagnostic::error("the client of the last run has not been run for this plan on this machine before")
        .fact(format!("the journal names it, and may have come with the repository: {joined}"))
        .hint("name the client: `batchwright retry -- CLIENT …`; after that a retry uses it without asking")
        .into())
}

/// What is remembered of the clients that the user has run.
pub fn confirmed() -> Confirmed {
    Confirmed::new(var_os("XDG_STATE_HOME"), var_os("HOME"))
}

/// The dialect's own client.
fn usual(how: &How, dialect: &Dialect) -> Result<Vec<String>, Diagnostics> {
    let client: Vec<String> = dialect.fact("client")?;
    if client.is_empty() {
        return Err(unnamed(format!("{} has no client that runs a plan without further words", dialect.name), dialect)?.into());
    }
    if !client.iter().any(|word| word == "{path}") {
        return Ok(client);
    }
    let target = project::target(&how.profile.open(&how.plan.project_dir)?, &|_| Ok(String::new()));
    match target.ok().and_then(|target| target.path) {
        None => Err(unnamed("no profile says which database file the steps are for".to_string(), dialect)?.into()),
        Some(path) if path == ":memory:" => {
            let what = "the profile's database is in memory, so that nothing that a step does would last";
            Err(unnamed(what.to_string(), dialect)?.into())
        }
        Some(path) if path.starts_with('-') => {
            Err(unnamed(format!("the profile's database file `{path}` would be read as an option of the client"), dialect)?.into())
        }
        // As dbt does: from the project's folder.
        Some(path) => {
            let path = if path.contains(':') { path } else { how.plan.project_dir.join(path).to_string_lossy().into_owned() };
            Ok(client.iter().map(|word| word.replace("{path}", &path)).collect())
        }
    }
}

fn unnamed(what: String, dialect: &Dialect) -> Result<Diagnostic, Diagnostic> {
    let example: String = dialect.fact("example")?;
    Ok(Diagnostic::error(what).hint(format!("name the client: `batchwright run -- {example}`")))
}
