//! Hooks around the statements of a node, in the order and in the transaction of dbt's adapter:
//! those outside of the transaction come first and last.

use super::header::header;
use super::relation_name::relation_sql;
use super::terminator::is_terminated;
use super::transaction::in_transaction;
use crate::config::Node;
use crate::diagnostics::Diagnostic;
use crate::dialect::{Dialect, Sql};

/// The rendered hooks of one setting.
#[derive(Default, PartialEq)]
pub struct RenderedHooks {
    /// Those with `transaction: false`.
    pub outside: Vec<String>,
    /// Those of the transaction of the node's statements.
    pub inside: Vec<String>,
}

impl RenderedHooks {
    /// All hooks, in the order of their setting within each group.
    pub fn all(&self) -> impl Iterator<Item = &str> {
        self.outside.iter().chain(&self.inside).map(String::as_str)
    }

    fn has_statements(&self) -> bool {
        !statements(&self.outside).is_empty() || !statements(&self.inside).is_empty()
    }
}

/// `00_before.sql`: the pre-hooks of a microbatch model. None if there are none.
/// `for_existing_table`: whether the hooks are not those of a run that creates the table.
pub fn before_file(
    dialect: &Dialect,
    node: &Node,
    hooks: &RenderedHooks,
    for_existing_table: bool,
) -> Result<Option<String>, Diagnostic> {
    if !hooks.has_statements() && !for_existing_table {
        return Ok(None);
    }
    let inside = Sql(statements(&hooks.inside).join("\n").trim_end().to_string());
    let inside = in_transaction(dialect, inside)?.0;
    let mut parts = Vec::new();
    if for_existing_table {
        parts.push(format!("{}\n", require_table(dialect, node)?));
    }
    parts.extend(statements(&hooks.outside));
    parts.extend((!inside.is_empty()).then(|| format!("{inside}\n")));
    Ok(Some(file(dialect, node, "before the model's first batch, once", &parts)))
}

/// `99_after.sql`: grants and comments, and the post-hooks of a microbatch model. None if there are
/// none.
pub fn after_file(
    dialect: &Dialect,
    node: &Node,
    final_statements: &[Sql],
    hooks: &RenderedHooks,
) -> Result<Option<String>, Diagnostic> {
    if final_statements.is_empty() && !hooks.has_statements() {
        return Ok(None);
    }
    let inside = after_statements(dialect, node, final_statements, hooks).join("\n");
    let inside = in_transaction(dialect, Sql(inside.trim_end().to_string()))?.0;
    let mut parts: Vec<String> = Vec::new();
    parts.extend((!inside.is_empty()).then(|| format!("{inside}\n")));
    parts.extend(statements(&hooks.outside));
    let when = if node.post_hooks.is_empty() { "grants and comments after" } else { "after" };
    Ok(Some(file(dialect, node, &format!("{when} all of the model's batches, once"), &parts)))
}

/// The statement that fails if the table is missing.
pub(super) fn require_table(dialect: &Dialect, node: &Node) -> Result<Sql, Diagnostic> {
    dialect.sql("existing_table", &[("target", relation_sql(&node.relation))])
}

/// Grants, comments and the post-hooks in the transaction, in the order of dbt's adapter.
pub(super) fn after_statements(
    dialect: &Dialect,
    node: &Node,
    final_statements: &[Sql],
    hooks: &RenderedHooks,
) -> Vec<String> {
    let grants = final_statements.iter().map(|statement| format!("{statement}\n"));
    let hooks = statements(&hooks.inside);
    let kind = node.materialization.dbt_name();
    match dialect.hooks.hooks_before_grants.iter().any(|known| known == kind) {
        true => hooks.into_iter().chain(grants).collect(),
        false => grants.chain(hooks).collect(),
    }
}

/// Each hook as a separate statement.
pub(super) fn statements(hooks: &[String]) -> Vec<String> {
    let texts = hooks
        .iter()
        .map(|hook| hook.trim().trim_end_matches(';').trim_end())
        .filter(|hook| !hook.is_empty());
    texts
        .map(|hook| if is_terminated(hook) { format!("{hook}\n") } else { format!("{hook}\n;\n") })
        .collect()
}

fn file(dialect: &Dialect, node: &Node, when: &str, parts: &[String]) -> String {
    let head = header(dialect, &[("model", node.unique_id.clone()), ("hooks", when.to_string())]);
    format!("{head}\n{}", parts.join("\n"))
}
