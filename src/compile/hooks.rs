//! Statements of the author around a model: hooks and headers. Renders hooks; rejects text with an
//! unterminated string, comment or parenthesis, which would include the statements after it, and
//! text with client commands.

use super::Context;
use super::client_commands::reject_in_text;
use crate::config::{Node, keys};
use crate::diagnostics::{Diagnostic, Location};
use crate::inject::{parser, unfinished};
use crate::render::{self, RenderContext};

/// Renders the hooks of the model; `key` is `pre_hook` or `post_hook`.
pub(super) fn hooks(
    context: &Context,
    node: &Node,
    key: &str,
    render_context: &RenderContext,
) -> Result<Vec<String>, Diagnostic> {
    let hooks = if key == "pre_hook" { &node.pre_hooks } else { &node.post_hooks };
    let rendered = |hook: &String| {
        let text = render::hook(context.jinja, context.graph, node, hook, render_context)?;
        reject_unfinished(context, node, key, &text)?;
        Ok(text)
    };
    hooks.iter().map(rendered).collect()
}

/// Rejects an unterminated header.
pub(super) fn check_header(context: &Context, node: &Node) -> Result<(), Diagnostic> {
    let key = keys::SQL_HEADER;
    let header = node.get(key);
    header.map_or(Ok(()), |header| reject_unfinished(context, node, key.name, header))
}

/// Rejects a file with an unterminated query.
pub(super) fn check_file(context: &Context, node: &Node, file: &str) -> Result<(), Diagnostic> {
    let Some(open) = unfinished(file, &*parser(&context.dialect.syntax.parser)) else {
        return Ok(());
    };
    Err(Diagnostic::error(format!(
        "the query of `{}` is unterminated: {} is not closed",
        node.name, open.what
    ))
    .at(node.file.line(1))
    .note(format!("in its rendered text: {}", open.text))
    .hint("close it; otherwise it includes the statements after it"))
}

/// Rejects text that is unterminated or contains a client command.
fn reject_unfinished(
    context: &Context,
    node: &Node,
    key: &str,
    text: &str,
) -> Result<(), Diagnostic> {
    reject_in_text(
        context,
        node,
        Some(location(node, key)),
        &format!("a `{}`", key.replace('_', "-")),
        text,
    )?;
    let Some(open) = unfinished(text, &*parser(&context.dialect.syntax.parser)) else {
        return Ok(());
    };
    let name = key.replace('_', "-");
    Err(Diagnostic::error(format!(
        "a `{name}` of `{}` is unterminated: {} is not closed",
        node.name, open.what
    ))
    .at(location(node, key))
    .note(format!("in its line {}: {}", open.line, open.text))
    .hint("close it; otherwise it includes the statements after it"))
}

fn location(node: &Node, key: &str) -> Location {
    node.config
        .get(key)
        .filter(|set| !set.value.is_null())
        .map_or_else(|| node.file.line(1), |set| set.at.clone())
}
