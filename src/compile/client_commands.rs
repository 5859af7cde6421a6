//! Refuses text of the project that the dialect's client would take for a command of its own: the
//! client would run it on the user's machine, where dbt's driver reports a syntax error. Every text
//! of a plan's file is looked at once, whatever setting it came from.

use super::Context;
use crate::config::{Kind, Node};
use crate::diagnostics::{Diagnostic, Location};
use crate::plan::{Steps, Text};

/// Refuses the model's files if one holds such a command.
pub(super) fn refuse(context: &Context, node: &Node, steps: &Steps) -> Result<(), Diagnostic> {
    // The rows of a seed are strings of our own, and may be many. Its hooks are looked at by
    // themselves.
    if node.kind == Kind::Seed {
        return Ok(());
    }
    let fixed = |text: &String| refuse_in(context, node, None, "a file", text);
    steps
        .first
        .iter()
        .chain(&steps.last)
        .chain(&steps.publish)
        .try_for_each(|step| fixed(&step.text))?;
    let Some(batches) = &steps.batches else { return Ok(()) };
    if let Some(audit) = &batches.audit {
        fixed(&audit.excerpt(&batches.cover))?;
    }
    match &batches.text {
        Text::Whole(texts) => texts.iter().try_for_each(fixed),
        Text::Stamped(stamp) => {
            let (first, _) = batches.cover.ends();
            fixed(&stamp.fill(&first.window, &first.label))
        }
    }
}

/// Refuses one text, `what` the model has, which is set `at` this place if not in the model's file.
pub(super) fn refuse_in(
    context: &Context,
    node: &Node,
    at: Option<Location>,
    what: &str,
    text: &str,
) -> Result<(), Diagnostic> {
    let Some(command) = context.dialect.client_syntax.first_command(text) else { return Ok(()) };
    let program = &context.dialect.client_syntax.program;
    let error = Diagnostic::error(format!(
        "{what} of `{}` holds a command of the client `{program}`: {}",
        node.name, command.text
    ));
    Err(error
        .at(at.unwrap_or_else(|| place(node, &command.text)))
        .fact(format!(
            "`{program}` would run it on the machine that runs the plan, and not in the database"
        ))
        .hint("leave it out: only SQL is written to a plan"))
}

/// The only line of the model's file with this text; else its first line.
fn place(node: &Node, text: &str) -> Location {
    let mut lines = node.file.text.lines().enumerate().filter(|(_, line)| line.contains(text));
    match (lines.next(), lines.next()) {
        (Some((line, _)), None) => node.file.line(line + 1),
        _ => node.file.line(1),
    }
}
