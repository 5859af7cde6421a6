//! Determines the database that a run of a plan would write to, for commands that start no client:
//! which runs in the journals were of it.

use super::client::{ClientRequest, default_client, is_default_client};
use crate::diagnostics::Diagnostics;
use crate::dialect;
use crate::run::plan_paths::PlanPaths;
use crate::run::target::TargetIdentity;

/// The database by the client of the command line, else by that of the last run in the target of
/// this name, with the current environment. The database file of a default client is that of the
/// profile.
pub fn current_database(
    request: &ClientRequest,
    paths: &PlanPaths,
    target: &str,
    dialect: &str,
) -> Result<TargetIdentity, Diagnostics> {
    let argv = match request.client {
        [] => {
            let last = paths.last_run(target)?.and_then(|run| run.client);
            let dialect = dialect::named(dialect)?;
            let default = default_client(request, &dialect, &request.plan.project_dir).ok();
            match last {
                Some(last) if default.is_none() || !is_default_client(&dialect, &last) => last,
                _ => default.unwrap_or_default(),
            }
        }
        client => client.to_vec(),
    };
    Ok(identity(target, dialect, &argv))
}

/// What the client's arguments and the environment show of the database.
pub fn identity(target: &str, dialect: &str, argv: &[String]) -> TargetIdentity {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    TargetIdentity::of(target, dialect, argv, &variable)
}
