//! What happens to rows whose event time lies outside of the window: which mode is in force, and
//! whether the engine can do it.

use super::strategy::by_format;
use crate::config::{Microbatch, Node, OutsideWindow};
use crate::diagnostics::Diagnostic;
use crate::dialect::Dialect;

/// The word for the mode in `meta.batchwright.outside_window` and in the dialects' `modes`.
pub fn word(mode: OutsideWindow) -> &'static str {
    match mode {
        OutsideWindow::Error => "error",
        OutsideWindow::Drop => "drop",
        OutsideWindow::Keep => "keep",
    }
}

/// The mode of a model: what it says, or `error`; `drop` where no input can be filtered, since then
/// every batch sees all rows.
pub fn mode(
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
    let variant = by_format(dialect, node)?;
    let modes: Vec<String> = dialect.property_of("modes", variant.as_deref())?;
    let model = &node.name;
    if modes.iter().any(|known| known == word(mode)) {
        return Ok(mode);
    }
    let known = modes.join("` or `");
    Err(Diagnostic::error(format!(
        "`{model}` asks for `outside_window: {}`, which {} cannot do",
        word(mode),
        dialect.name
    ))
    .at(settings.event_time.at.clone())
    .hint(format!("use `{known}`: the statement takes only rows of its window")))
}
