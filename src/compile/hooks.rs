//! Statements of the author around a model: hooks and headers. Renders hooks; rejects text with an
//! unterminated string, comment or parenthesis, which would include the statements after it, and
//! text with client commands. Warns about hooks that dbt never runs, and about
//! those that change only their own session.

use serde_json::{Map, Value};

use super::Context;
use super::client_commands::reject_in_text;
use crate::codegen::RenderedHooks;
use crate::config::{Hook, Node, keys};
use crate::diagnostics::{Diagnostic, Location};
use crate::inject::{SessionChange, SessionChangeKind, parser, session_changes, unfinished};
use crate::project::has_jinja;
use crate::render::{self, RenderContext};

/// Renders the hooks of the model that dbt runs; `key` is `pre_hook` or `post_hook`.
pub(super) fn hooks(
    context: &Context,
    node: &Node,
    key: &str,
    render_context: &RenderContext,
) -> Result<RenderedHooks, Diagnostic> {
    let ignores_outside = ignores_outside_hooks(context, node);
    let mut rendered = RenderedHooks::default();
    for hook in of_key(node, key) {
        if !hook.transaction && ignores_outside {
            continue;
        }
        let text = render::hook(context.jinja, context.graph, node, &hook.sql, render_context)?;
        reject_unfinished(context, node, key, &text)?;
        reject_json(node, key, &text)?;
        if hook.transaction { &mut rendered.inside } else { &mut rendered.outside }.push(text);
    }
    Ok(rendered)
}

/// Whether the hooks, which were rendered for this run, are not those of a run that creates the
/// table: the run is a later one, and `is_incremental()` changes them.
pub(super) fn are_for_existing_table(
    context: &Context,
    node: &Node,
    key: &str,
    render_context: &RenderContext,
    rendered: &RenderedHooks,
) -> bool {
    let first_run = RenderContext { incremental: false, ..render_context.clone() };
    render_context.incremental
        && of_key(node, key).iter().any(|hook| has_jinja(&hook.sql))
        && hooks(context, node, key, &first_run).ok().is_none_or(|hooks| hooks != *rendered)
}

fn of_key<'n>(node: &'n Node, key: &str) -> &'n [Hook] {
    if key == "pre_hook" { &node.pre_hooks } else { &node.post_hooks }
}

/// Whether dbt's adapter never runs a hook of this materialization with `transaction: false`.
fn ignores_outside_hooks(context: &Context, node: &Node) -> bool {
    let ignored = &context.dialect.hooks.outside_hooks_ignored;
    ignored.iter().any(|kind| kind == node.materialization.dbt_name())
}

/// Warnings about hooks that dbt never runs.
pub(super) fn ignored_hooks(context: &Context, node: &Node) -> Vec<Diagnostic> {
    let warning = |key: &&str| {
        let is_outside = of_key(node, key).iter().any(|hook| !hook.transaction);
        let name = key.replace('_', "-");
        let message = format!(
            "a `{name}` of `{}` with `transaction: false` is omitted: the materialization `{}` of \
             dbt's adapter for {} never runs such a hook",
            node.name,
            node.materialization.dbt_name(),
            context.dialect.name
        );
        is_outside.then(|| {
            Diagnostic::warning(message)
                .at(location(node, key))
                .hint("remove `transaction: false`: the statements are not in a transaction")
        })
    };
    if !ignores_outside_hooks(context, node) {
        return Vec::new();
    }
    ["pre_hook", "post_hook"].iter().filter_map(warning).collect()
}

/// The statements of the hooks that may change the session of their client.
pub(super) fn session_changes_of(context: &Context, hooks: &RenderedHooks) -> Vec<SessionChange> {
    hooks.all().flat_map(|text| changes(context, text)).collect()
}

/// Whether a statement of the node's header may change the session of its client.
pub(super) fn header_changes_session(context: &Context, node: &Node) -> bool {
    node.get(keys::SQL_HEADER).is_some_and(|header| !changes(context, header).is_empty())
}

fn changes(context: &Context, text: &str) -> Vec<SessionChange> {
    session_changes(text, &*parser(&context.dialect.syntax.parser))
}

/// Warnings about pre-hooks of a microbatch model that change only their own session: its batches
/// are other files.
pub(super) fn session_warnings(node: &Node, changes: Vec<SessionChange>) -> Vec<Diagnostic> {
    let warning = |change: SessionChange| {
        let (what, hint) = match change.kind {
            SessionChangeKind::Setting => (
                "changes a setting of its session, which has no effect on the batches",
                "set it in `sql_header`, without `local`: every batch file contains it",
            ),
            SessionChangeKind::TemporaryTable => (
                "creates a temporary relation, which the batches do not have",
                "create it in `sql_header`, which every batch file contains, or make it permanent",
            ),
            SessionChangeKind::Unknown => return None,
        };
        let message = format!(
            "a `pre-hook` of `{}` {what}: each file may run in a session of its own",
            node.name
        );
        Some(
            Diagnostic::warning(message)
                .at(location(node, "pre_hook"))
                .note(change.text)
                .hint(hint),
        )
    };
    changes.into_iter().filter_map(warning).collect()
}

/// Rejects a hook that renders to a dict as JSON: dbt reads a dict before it renders the hook.
fn reject_json(node: &Node, key: &str, text: &str) -> Result<(), Diagnostic> {
    let dict: Option<Map<String, Value>> = serde_json::from_str(text).ok();
    if !dict.is_some_and(|dict| dict.contains_key("sql")) {
        return Ok(());
    }
    let name = key.replace('_', "-");
    let message = format!("a `{name}` of `{}` renders to JSON instead of SQL: {text}", node.name);
    Err(Diagnostic::error(message).at(location(node, key)).hint(format!(
        "write `+{name}: {{sql: \"…\", transaction: false}}`, or call `before_begin` and \
         `after_commit` in `config()` of the model's file"
    )))
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
