//! `02_alter.sql`, and the same statements in the file of an incremental model without batches:
//! adapts a table's columns to its query, from the query, its columns with types, and the further
//! columns that the table may have. Each statement is idempotent, whatever columns the table has.

use super::header::header;
use super::query_text::{author_query, split_ctes};
use super::relation_name::relation_sql;
use crate::config::{Node, SchemaChange};
use crate::diagnostics::Diagnostic;
use crate::dialect::{Dialect, Sql};
use crate::inject::ResultColumn;
use crate::jinja::Relation;

/// The input of the statements.
pub struct Alteration<'a> {
    pub dialect: &'a Dialect,
    pub node: &'a Node,
    pub target: &'a Relation,
    pub change: SchemaChange,
    /// The query of a later run.
    pub query: &'a str,
    /// The columns that the statements add if the table lacks them, each with its type.
    pub added: &'a [(ResultColumn, String)],
    /// The columns that the statements drop.
    pub dropped: &'a [ResultColumn],
    /// The columns that get a wider type.
    pub widened: &'a [(ResultColumn, String)],
}

/// How a dialect alters a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alters {
    /// A statement compares the table with the query.
    ByQuery,
    /// One statement per column.
    ByColumn,
    /// Not in an idempotent way.
    Never,
}

/// How the dialect applies the schema change of a node.
pub fn alters(dialect: &Dialect, node: &Node) -> Alters {
    let change = node.schema_change();
    match change {
        SchemaChange::Ignore => Alters::Never,
        _ if node.microbatch().is_none() && !dialect.changes.alters_within_file => Alters::Never,
        _ if !dialect.changes.schema_changes.iter().any(|listed| listed == change.as_str()) => {
            Alters::Never
        }
        _ if dialect.has_macro(&by_query(change)) => Alters::ByQuery,
        _ => Alters::ByColumn,
    }
}

fn by_query(change: SchemaChange) -> String {
    format!("change_{}", change.as_str())
}

/// The statements that alter the table.
pub fn alter(of: &Alteration) -> Result<Sql, Diagnostic> {
    let Alteration { dialect, node, target, change, .. } = of;
    let shape = dialect.column(&dialect.limited_name(&node.relation.identifier, "shape", 0), false);
    let (ctes, body) = split_ctes(dialect, of.query);
    let arguments = vec![
        ("target", relation_sql(target)),
        ("target_text", dialect.string(&target.to_string()).value()),
        ("schema_text", dialect.string(target.schema.as_deref().unwrap_or_default()).value()),
        ("name_text", dialect.string(&target.identifier).value()),
        ("query", author_query(of.query)),
        ("ctes", Sql(ctes).value()),
        ("body", body),
        ("shape_text", dialect.string(&shape.0).value()),
        ("shape", shape.value()),
        (
            "message",
            dialect
                .string(&format!(
                    "the table of {} and its query differ (on_schema_change: {}): ",
                    node.name,
                    change.as_str()
                ))
                .value(),
        ),
    ];
    let by_query = by_query(*change);
    if dialect.has_macro(&by_query) {
        return dialect.sql(&by_query, &arguments);
    }
    let statement = |name: &str, column: &ResultColumn, data_type: &str| {
        let name_text = if column.quoted {
            column.name.clone()
        } else {
            crate::dialect::fold_case(dialect.names.case, &column.name)
        };
        let mut arguments = arguments.clone();
        arguments.extend([
            ("column", dialect.column(&column.name, column.quoted).value()),
            ("column_text", dialect.string(&name_text).value()),
            ("type", Sql(data_type.to_string()).value()),
        ]);
        if dialect.has_macro(&format!("{name}_statement")) {
            let text = dialect.sql(&format!("{name}_statement"), &arguments)?;
            arguments.push(("statement", dialect.lines(&text.0).value()));
        }
        Ok(dialect.sql(name, &arguments)?.0)
    };
    let mut statements = Vec::new();
    for (column, data_type) in of.added {
        statements.push(statement("add_column", column, data_type)?);
    }
    for column in of.dropped {
        statements.push(statement("drop_column", column, "")?);
    }
    for (column, data_type) in of.widened {
        statements.push(statement("widen_column", column, data_type)?);
    }
    let check = format!("check_{}", change.as_str());
    if dialect.has_macro(&check) {
        statements.push(dialect.sql(&check, &arguments)?.0);
    }
    Ok(Sql(statements.join("\n\n")))
}

/// `02_alter.sql` of a microbatch model.
pub fn alter_file(of: &Alteration, statements: &Sql) -> String {
    let lines = [
        ("model", of.node.unique_id.clone()),
        ("alters", format!("{}, on_schema_change: {}", of.target, of.change.as_str())),
    ];
    format!("{}\n{statements}\n", header(of.dialect, &lines))
}
