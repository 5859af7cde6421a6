//! `02_alter.sql`, and the same statements in the file of an incremental model without batches:
//! adapts a table's columns to its query, from the query, its columns with types, and the further
//! columns that the table may have. Each statement is idempotent for any columns of the table.

use minijinja::Value;

use super::header::header;
use super::indexes::index_statements;
use super::query_text::{author_query, split_ctes};
use super::relation_name::{relation_sql, unqualified_name};
use super::table_format::{format_variant, macro_for_format};
use super::transaction::in_transaction;
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
    /// The table is copied to one with the new columns.
    ByCopy,
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
        _ if unaltered_format(dialect, node).is_some() => Alters::Never,
        _ if dialect.has_macro(&by_query(change)) => Alters::ByQuery,
        _ if dialect.has_macro("copy_with_columns") => Alters::ByCopy,
        _ => Alters::ByColumn,
    }
}

/// What to do where the plan alters no table of this format.
fn unaltered_format<'a>(dialect: &'a Dialect, node: &Node) -> Option<&'a String> {
    dialect.changes.unaltered_formats.get(&format_variant(dialect, node)?)
}

/// What to do if the plan does not alter the table of a node.
pub fn unaltered_hint(dialect: &Dialect, node: &Node) -> String {
    unaltered_format(dialect, node).unwrap_or(&dialect.changes.unaltered_hint).clone()
}

fn by_query(change: SchemaChange) -> String {
    format!("change_{}", change.as_str())
}

/// The statements that widen columns of limited length for the texts of the query, as dbt does
/// unless the contract is enforced; empty if the dialect has none, or alters all types.
pub fn widen_texts(of: &Alteration) -> Result<Sql, Diagnostic> {
    let Alteration { dialect, node, change, .. } = of;
    let is_done = *change == SchemaChange::SyncAllColumns || node.enforced_contract().is_some();
    if is_done || !dialect.changes.widens_texts {
        return Ok(Sql::default());
    }
    dialect.sql("widen_texts", &arguments(of))
}

/// The statements that alter the table.
pub fn alter(of: &Alteration) -> Result<Sql, Diagnostic> {
    let Alteration { dialect, node, change, .. } = of;
    let arguments = arguments(of);
    let by_query = by_query(*change);
    if dialect.has_macro(&by_query) {
        return within_file(of, dialect.sql(&by_query, &arguments)?);
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
        let name = &macro_for_format(dialect, node, name);
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
    // The engine may reject a change of type; a dropped column is lost.
    for (column, data_type) in of.widened {
        statements.push(statement("widen_column", column, data_type)?);
    }
    for column in of.dropped {
        statements.push(statement("drop_column", column, "")?);
    }
    let check = format!("check_{}", change.as_str());
    if dialect.has_macro(&check) {
        statements.push(dialect.sql(&check, &arguments)?.0);
    }
    within_file(of, Sql(statements.join("\n\n")))
}

/// The statements in the transaction of their file: the file of a model without batches is one.
fn within_file(of: &Alteration, statements: Sql) -> Result<Sql, Diagnostic> {
    match of.node.microbatch() {
        Some(_) => in_transaction(of.dialect, statements),
        None => Ok(statements),
    }
}

/// The arguments of the macros that compare the table with the query.
fn arguments<'a>(of: &Alteration) -> Vec<(&'a str, Value)> {
    let Alteration { dialect, node, target, change, .. } = of;
    let shape = dialect.column(&dialect.limited_name(&node.relation.identifier, "shape", 0), false);
    let (ctes, body) = split_ctes(dialect, of.query);
    let identifier = dialect.limited_name(&target.identifier, "change", 0);
    let procedure = Relation { identifier, ..(*target).clone() };
    vec![
        ("target", relation_sql(target)),
        ("procedure", relation_sql(&procedure)),
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
    ]
}

/// The statements that copy the table to one with other columns, in the place of the first: those
/// of `present` but for the dropped ones, and the added ones, whose types may be empty. They fail
/// if the table has neither the present columns nor the final ones.
pub fn copy_with_columns(of: &Alteration, present: &[ResultColumn]) -> Result<Sql, Diagnostic> {
    let Alteration { dialect, target, .. } = of;
    let name = |column: &ResultColumn| dialect.column(&column.name, column.quoted);
    let is_dropped =
        |column: &ResultColumn| of.dropped.iter().any(|dropped| dropped.name == column.name);
    let (mut names, mut shape, mut values) = (Vec::new(), Vec::new(), Vec::new());
    for column in present.iter().filter(|column| !is_dropped(column)) {
        let name = name(column);
        names.push(name.0.clone());
        shape.push(name.0.clone());
        values.push(name.0);
    }
    let mut missing = Vec::new();
    for (column, data_type) in of.added {
        let column = name(column);
        let arguments = [
            ("target", relation_sql(target)),
            ("column", column.value()),
            ("type", Sql(data_type.clone()).value()),
        ];
        let typed = if data_type.is_empty() { "copied_untyped" } else { "copied_typed" };
        names.push(column.0.clone());
        shape.push(dialect.sql(typed, &arguments)?.0);
        values.push(dialect.sql("copied_if_present", &arguments)?.0);
        missing.push(dialect.sql("copied_untyped", &arguments)?.0);
    }
    if missing.is_empty() {
        missing.push(dialect.sql("null_value", &[])?.0);
    }
    let set = |names: &mut dyn Iterator<Item = &ResultColumn>| {
        let mut names: Vec<String> = names.map(|column| column.name.to_lowercase()).collect();
        names.sort();
        dialect.string(&names.join(" "))
    };
    let last = present.iter().filter(|column| !is_dropped(column));
    let next = dialect.limited_name(&target.identifier, "altered", 0);
    let next = Relation { identifier: next, ..(*target).clone() };
    let list = |values: Vec<String>| Sql(values.join(", ")).value();
    let arguments = [
        ("target", relation_sql(target)),
        ("name", unqualified_name(dialect, target)),
        ("schema", Sql(super::relation_name::schema_name(target).unwrap_or_default()).value()),
        ("target_text", dialect.string(&target.to_string()).value()),
        ("schema_text", dialect.string(target.schema.as_deref().unwrap_or_default()).value()),
        ("name_text", dialect.string(&target.identifier).value()),
        ("next", relation_sql(&next)),
        ("columns", list(names)),
        ("shape", list(shape)),
        ("values", list(values)),
        ("missing", list(missing)),
        ("present_text", set(&mut present.iter()).value()),
        ("final_text", set(&mut last.chain(of.added.iter().map(|(column, _)| column))).value()),
    ];
    dialect.sql("copy_with_columns", &arguments)
}

/// `02_alter.sql` of a microbatch model.
pub fn alter_file(of: &Alteration, statements: &Sql) -> Result<String, Diagnostic> {
    let lines = [
        ("model", of.node.unique_id.clone()),
        ("alters", format!("{}, on_schema_change: {}", of.target, of.change.as_str())),
    ];
    let indexes = index_statements(of.dialect, of.node, &of.target.to_string())?;
    Ok(format!("{}\n{statements}{indexes}\n", header(of.dialect, &lines)))
}
