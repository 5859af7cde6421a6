//! The author's own statements around a model: hooks, rendered, and headers. Refuses one that does
//! not end: it would take in the statements behind it, and the client would wait for its end.
//! Refuses the client's own commands.

use super::Context;
use super::client_commands::refuse_in;
use crate::config::Node;
use crate::diagnostics::{Diagnostic, Location};
use crate::inject::{parser, unfinished};
use crate::render::{self, RenderContext};

/// The model's hooks before or after it (`key`), rendered.
pub(super) fn hooks(
    context: &Context,
    node: &Node,
    key: &str,
    moment: &RenderContext,
) -> Result<Vec<String>, Diagnostic> {
    let hooks = if key == "pre_hook" { &node.pre_hooks } else { &node.post_hooks };
    let rendered = |hook: &String| {
        let text = render::hook(context.jinja, context.graph, node, hook, moment)?;
        finished(context, node, key, &text)?;
        Ok(text)
    };
    hooks.iter().map(rendered).collect()
}

/// Refuses a header that does not end.
pub(super) fn check_header(context: &Context, node: &Node) -> Result<(), Diagnostic> {
    let header = node.setting("sql_header").and_then(serde_json::Value::as_str);
    header.map_or(Ok(()), |header| finished(context, node, "sql_header", header))
}

/// Refuses a file whose query does not end.
pub(super) fn check_file(context: &Context, node: &Node, file: &str) -> Result<(), Diagnostic> {
    let Some(open) = unfinished(file, &*parser(&context.dialect.property::<String>("parser")?))
    else {
        return Ok(());
    };
    Err(Diagnostic::error(format!(
        "the query of `{}` does not end: {} is left open",
        node.name, open.what
    ))
    .at(node.file.line(1))
    .fact(format!("in its rendered text: {}", open.text))
    .hint("close it: what follows in the file would become a part of it"))
}

/// Refuses a text that leaves something open, or that holds a command of the client.
fn finished(context: &Context, node: &Node, key: &str, text: &str) -> Result<(), Diagnostic> {
    refuse_in(
        context,
        node,
        Some(place(node, key)),
        &format!("a `{}`", key.replace('_', "-")),
        text,
    )?;
    let Some(open) = unfinished(text, &*parser(&context.dialect.property::<String>("parser")?))
    else {
        return Ok(());
    };
    let name = key.replace('_', "-");
    Err(Diagnostic::error(format!(
        "a `{name}` of `{}` does not end: {} is left open",
        node.name, open.what
    ))
    .at(place(node, key))
    .fact(format!("in its line {}: {}", open.line, open.text))
    .hint("close it: what follows in the file would become a part of it"))
}

fn place(node: &Node, key: &str) -> Location {
    node.config
        .get(key)
        .filter(|set| !set.value.is_null())
        .map_or_else(|| node.file.line(1), |set| set.at.clone())
}
