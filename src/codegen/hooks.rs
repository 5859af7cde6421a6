//! The files with the hooks of a microbatch model, and hooks as statements.

use super::header::header;
use super::terminator::is_terminated;
use crate::config::Node;
use crate::dialect::{Dialect, Sql};

/// `00_before.sql` and `99_after.sql`: the author's hooks, once for the model. `final_statements`
/// come before post-hooks.
pub fn hooks(
    dialect: &Dialect,
    node: &Node,
    when: &str,
    final_statements: &[Sql],
    hooks: &[String],
) -> String {
    let head = header(dialect, &[("model", node.unique_id.clone()), ("hooks", when.to_string())]);
    let mut parts: Vec<String> =
        final_statements.iter().map(|statement| format!("{statement}\n")).collect();
    parts.extend(hook_statements(hooks));
    format!("{head}\n{}", parts.join("\n"))
}

/// Each hook as a separate statement.
pub(super) fn hook_statements(hooks: &[String]) -> Vec<String> {
    let texts = hooks
        .iter()
        .map(|hook| hook.trim().trim_end_matches(';').trim_end())
        .filter(|hook| !hook.is_empty());
    texts
        .map(|hook| if is_terminated(hook) { format!("{hook}\n") } else { format!("{hook}\n;\n") })
        .collect()
}
