//! How a relation takes the place of another of its name, on engines where other relations depend
//! on the old one. Gives the statement that the dialect has for it, and the name under which the
//! new relation is made.

use super::contract::Contract;
use super::create_table::{named, sql};
use crate::config::{Materialization, Node};
use crate::diagnostics::Diagnostic;
use crate::dialect::{Dialect, Sql};
use crate::jinja::Relation;

/// The statement that puts `next` in the place of `target`. Empty on engines whose statements
/// replace what exists.
pub fn replacement(
    dialect: &Dialect,
    node: &Node,
    target: &Relation,
    next: &Relation,
) -> Result<Sql, Diagnostic> {
    if !dialect.property::<bool>("replaces")? {
        return Ok(Sql::default());
    }
    let arguments = [
        ("target", sql(target)),
        ("target_text", dialect.string(&target.to_string())?.value()),
        ("name", named(dialect, target)?),
        ("next", sql(next)),
        ("next_text", dialect.string(&next.to_string())?.value()),
        (
            "old_text",
            dialect.string(&dialect.limited_name(&node.relation.identifier, "old", 0)?)?.value(),
        ),
    ];
    dialect.sql("replacement", &arguments)
}

/// The statement that drops a relation of another kind that has the target's name. Empty on engines
/// that refuse to write there.
pub fn make_way(dialect: &Dialect, node: &Node, target: &Relation) -> Result<Sql, Diagnostic> {
    if !dialect.property::<bool>("makes_way")? {
        return Ok(Sql::default());
    }
    let is_materialized_view = matches!(node.materialization, Materialization::MaterializedView);
    let kinds =
        if is_materialized_view { "kinds_before_materialized_view" } else { "kinds_before_table" };
    let kinds = if dialect.has(kinds) { dialect.sql(kinds, &[])? } else { Sql::default() };
    let arguments = [
        ("target_text", dialect.string(&target.to_string())?.value()),
        ("schema_text", dialect.string(target.schema.as_deref().unwrap_or_default())?.value()),
        ("name_text", dialect.string(&target.identifier)?.value()),
        ("kinds", kinds.value()),
    ];
    dialect.sql("make_way", &arguments)
}

/// The name under which the relation is made that takes the place of `target`.
pub fn next(dialect: &Dialect, node: &Node, target: &Relation) -> Result<Relation, Diagnostic> {
    let identifier = dialect.limited_name(&node.relation.identifier, "next", 0)?;
    Ok(Relation { identifier, ..target.clone() })
}

/// The statements by which the old table gives up the names of its constraints that the new one
/// needs while both exist.
pub fn released(
    dialect: &Dialect,
    target: &Relation,
    contract: &Contract,
) -> Result<Sql, Diagnostic> {
    if !dialect.property::<bool>("replaces")? {
        return Ok(Sql::default());
    }
    let released = contract.indexed.iter().map(|name| {
        let arguments = [
            ("target_text", dialect.string(&target.to_string())?.value()),
            ("constraint_text", dialect.string(name)?.value()),
            ("old_text", dialect.string(&dialect.limited_name(name, "old", 0)?)?.value()),
        ];
        Ok(dialect.sql("released", &arguments)?.0)
    });
    Ok(Sql(released.collect::<Result<Vec<_>, Diagnostic>>()?.join("\n\n")))
}
