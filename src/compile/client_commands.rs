//! Rejects text of the project that the dialect's client would run as a client command on the
//! user's machine (dbt's driver would report a syntax error). Checks all text of a plan's files,
//! from any setting.

use super::Context;
use crate::config::{Kind, Node};
use crate::diagnostics::{Diagnostic, Location};
use crate::plan::{BatchText, ModelSteps};

/// Rejects the files of a model if one contains a client command.
pub(super) fn reject_in_steps(
    context: &Context,
    node: &Node,
    steps: &ModelSteps,
) -> Result<(), Diagnostic> {
    // The rows of a seed are generated string literals, possibly many. Its hooks are checked
    // separately.
    if node.kind == Kind::Seed {
        return Ok(());
    }
    let check = |text: &String| reject_in_text(context, node, None, "a file", text);
    steps
        .first
        .iter()
        .chain(&steps.last)
        .chain(&steps.publish)
        .try_for_each(|step| check(&step.text))?;
    let Some(batches) = &steps.batches else { return Ok(()) };
    if let Some(audit) = &batches.audit {
        check(&audit.excerpt(&batches.cover))?;
    }
    match &batches.text {
        BatchText::Rendered(texts) => texts.iter().try_for_each(check),
        BatchText::Template(template) => {
            let (first, _) = batches.cover.ends();
            check(&template.fill(&first.window, &first.label))
        }
    }
}

/// Rejects text with a client command. `what` describes the text in the message; `at` is its
/// location if it is not in the model's file.
pub(super) fn reject_in_text(
    context: &Context,
    node: &Node,
    at: Option<Location>,
    what: &str,
    text: &str,
) -> Result<(), Diagnostic> {
    let Some(command) = context.dialect.client.client_syntax.first_command(text) else {
        return Ok(());
    };
    let program = &context.dialect.client.client_syntax.program;
    let error = Diagnostic::error(format!(
        "{what} of `{}` contains a command of the client `{program}`: {}",
        node.name, command.text
    ));
    Err(error
        .at(at.unwrap_or_else(|| location(node, &command.text)))
        .note(format!(
            "`{program}` would run it on the machine that runs the plan, not in the database"
        ))
        .hint("remove it: a plan contains only SQL"))
}

/// The line of the model's file with this text, if there is exactly one; else the first line.
fn location(node: &Node, text: &str) -> Location {
    let mut lines = node.file.text.lines().enumerate().filter(|(_, line)| line.contains(text));
    match (lines.next(), lines.next()) {
        (Some((line, _)), None) => node.file.line(line + 1),
        _ => node.file.line(1),
    }
}
