//! Replaces an existing relation by a new one, on engines where other relations depend on the old
//! one: the statement for it, and the temporary name of the new relation.

use super::contract::Contract;
use super::grants_and_comments::listed_grants;
use super::indexes::{index_names, index_prefix};
use super::relation_name::{relation_sql, unqualified_name};
use crate::config::{Materialization, Node};
use crate::diagnostics::Diagnostic;
use crate::dialect::{Dialect, Sql};
use crate::jinja::Relation;

/// The statement that replaces `target` by `next`. Empty on engines whose create statements
/// replace an existing relation.
pub fn replacement(
    dialect: &Dialect,
    node: &Node,
    target: &Relation,
    next: &Relation,
) -> Result<Sql, Diagnostic> {
    if !dialect.builds.replaces {
        return Ok(Sql::default());
    }
    let arguments = [
        ("target", relation_sql(target)),
        ("target_text", dialect.string(&target.to_string()).value()),
        ("name", unqualified_name(dialect, target)),
        ("next", relation_sql(next)),
        ("next_text", dialect.string(&next.to_string()).value()),
        (
            "old_text",
            dialect.string(&dialect.limited_name(&node.relation.identifier, "old", 0)).value(),
        ),
        ("grants", listed_grants(dialect, node).value()),
        ("index_prefix", index_prefix(dialect, node).value()),
        ("indexes", index_names(dialect, node, &node.relation.to_string()).value()),
    ];
    dialect.sql("replacement", &arguments)
}

/// The statement that drops a relation of another kind with the target's name, or fails if a seed
/// has that name. Empty on engines where creating the target fails in that case.
pub fn drop_other_kind(
    dialect: &Dialect,
    node: &Node,
    target: &Relation,
) -> Result<Sql, Diagnostic> {
    if !dialect.builds.makes_way {
        return Ok(Sql::default());
    }
    if matches!(node.materialization, Materialization::Seed) {
        return other_kind_refused(dialect, node, target);
    }
    let is_materialized_view = matches!(node.materialization, Materialization::MaterializedView);
    let kinds =
        if is_materialized_view { "kinds_before_materialized_view" } else { "kinds_before_table" };
    let kinds = if dialect.has_macro(kinds) { dialect.sql(kinds, &[])? } else { Sql::default() };
    let arguments = [
        ("target_text", dialect.string(&target.to_string()).value()),
        ("schema_text", dialect.string(target.schema.as_deref().unwrap_or_default()).value()),
        ("name_text", dialect.string(&target.identifier).value()),
        ("kinds", kinds.value()),
    ];
    dialect.sql("make_way", &arguments)
}

fn other_kind_refused(
    dialect: &Dialect,
    node: &Node,
    target: &Relation,
) -> Result<Sql, Diagnostic> {
    let message = format!(
        "cannot load the seed `{}`: {target} is not a table. Drop it, or rename the seed",
        node.name
    );
    let arguments = [
        ("target_text", dialect.string(&target.to_string()).value()),
        ("schema_text", dialect.string(target.schema.as_deref().unwrap_or_default()).value()),
        ("name_text", dialect.string(&target.identifier).value()),
        ("message", dialect.string(&message).value()),
    ];
    dialect.sql("other_kind_refused", &arguments)
}

/// The temporary name of the relation that replaces `target`.
pub fn next_relation(dialect: &Dialect, node: &Node, target: &Relation) -> Relation {
    let identifier = dialect.limited_name(&node.relation.identifier, "next", 0);
    Relation { identifier, ..target.clone() }
}

/// The statements that rename the constraints of the old table, whose names the new table needs
/// while both exist.
pub fn release_constraint_names(
    dialect: &Dialect,
    target: &Relation,
    contract: &Contract,
) -> Result<Sql, Diagnostic> {
    if !dialect.builds.replaces {
        return Ok(Sql::default());
    }
    let statements = contract.indexed.iter().map(|name| {
        let arguments = [
            ("target_text", dialect.string(&target.to_string()).value()),
            ("constraint_text", dialect.string(name).value()),
            ("old_text", dialect.string(&dialect.limited_name(name, "old", 0)).value()),
        ];
        Ok(dialect.sql("released", &arguments)?.0)
    });
    Ok(Sql(statements.collect::<Result<Vec<_>, Diagnostic>>()?.join("\n\n")))
}
