//! The request of a command that plans batches, from its flags.

use super::flag_values::truth;
use super::project_args::ProjectArgs;
use super::select_args::SelectArgs;
use super::window_args::WindowArgs;
use crate::compile::Request;
use crate::diagnostics::Diagnostics;

/// The full refresh.
#[derive(clap::Args)]
pub struct RefreshArgs {
    /// Rebuild from `begin` until now in a new table, then swap it in; with bounds, rewrite only
    /// that range
    #[arg(
        short,
        long,
        env = "DBT_FULL_REFRESH",
        value_name = "BOOL",
        value_parser = truth,
        num_args = 0..=1,
        default_missing_value = "true",
        default_value = "",
        require_equals = true,
        hide_default_value = true,
        hide_possible_values = true
    )]
    pub full_refresh: bool,
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
