//! The policy for rows whose event time is outside of the window: the effective mode, and whether
//! the engine supports it.

use super::table_format::format_variant;
use crate::config::{Microbatch, Node, OutsideWindow};
use crate::diagnostics::Diagnostic;
use crate::dialect::Dialect;

/// The mode of a model: its setting, else `error`; `drop` if no input can be filtered, since then
/// every batch reads all rows.
pub fn outside_window(
    dialect: &Dialect,
    node: &Node,
    settings: &Microbatch,
    any_filtered: bool,
) -> Result<OutsideWindow, Diagnostic> {
    let mode = settings.outside_window.unwrap_or(if any_filtered {
        OutsideWindow::Error
    } else {
        OutsideWindow::Drop
    });
    let variant = format_variant(dialect, node);
    let modes = &dialect.strategy_of(variant.as_deref()).modes;
    let model = &node.name;
    if modes.contains(&mode) {
        return Ok(mode);
    }
    let known = modes.iter().map(|mode| mode.as_str()).collect::<Vec<_>>().join("` or `");
    Err(Diagnostic::error(format!(
        "`{model}` sets `outside_window: {}`, which {} does not support",
        mode.as_str(),
        dialect.name
    ))
    .at(settings.event_time.at.clone())
    .hint(format!("use `{known}`: the statement writes only rows of its window")))
}
