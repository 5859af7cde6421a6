//! The swap of a full refresh: replaces the table by its shadow table.

use super::create_table::create_arguments;
use super::header::header;
use super::indexes::indexes_after_swap;
use super::ledger::{LedgerRow, RowKind, WrapClass, record};
use super::relation_name::{ddl_relation, relation_sql, unqualified_name};
use super::replacement::replacement;
use super::table_format::macro_for_format;
use crate::calendar::Window;
use crate::config::Node;
use crate::diagnostics::Diagnostic;
use crate::dialect::Dialect;
use crate::jinja::Relation;

/// `98_swap.sql`: replaces the table by its shadow table. `range`: the windows of all batches.
pub fn swap(
    dialect: &Dialect,
    node: &Node,
    shadow: &Relation,
    dependent_views: Option<String>,
    range: Window,
) -> Result<String, Diagnostic> {
    let target = &node.relation;
    let mut lines = vec![
        ("model", node.unique_id.clone()),
        (
            "swaps",
            format!("{shadow}, which all batches of this full refresh have filled, for {target}"),
        ),
        ("needs", "every batch".to_string()),
    ];
    lines.extend(dependent_views.map(|views| ("views that read it", views)));
    let head = header(dialect, &lines);
    let mut args = create_arguments(dialect, node, target, "")?;
    args.retain(|(argument, _)| *argument != "replacement");
    args.extend([
        ("replacement", replacement(dialect, node, target, shadow)?.value()),
        ("indexes", indexes_after_swap(dialect, node)?.value()),
        ("shadow", relation_sql(shadow)),
        ("beside_ticks", relation_sql(&ddl_relation(dialect, shadow))),
        ("beside_text", dialect.string(&shadow.to_string()).value()),
        ("name", unqualified_name(dialect, target)),
        ("name_text", dialect.string(&target.identifier).value()),
    ]);
    let statement = dialect.sql(&macro_for_format(dialect, node, "swap"), &args)?;
    let row = LedgerRow {
        node,
        kind: RowKind::Swap,
        range: Some(range),
        is_counted: false,
        class: WrapClass::Relations,
    };
    Ok(format!("{head}\n{}\n", record(dialect, statement, &row)?))
}
