//! The create statement of a microbatch model, and the arguments of all macros that create a table.

use minijinja::Value;

use super::adapter_config::{sql_footer, sql_header};
use super::contract::{Contract, contract, contract_check};
use super::header::header;
use super::predicates::column_list;
use super::query_text::{author_query, split_ctes};
use super::relation_name::{database, ddl_relation, relation_sql, schema_name, unqualified_name};
use super::replacement::{drop_other_kind, next_relation, release_constraint_names, replacement};
use super::table_clauses::{clauses, replace_clauses, table_kind};
use super::transaction::in_transaction;
use crate::config::Node;
use crate::diagnostics::Diagnostic;
use crate::dialect::{Dialect, Sql};
use crate::inject::ResultColumn;
use crate::jinja::Relation;

/// `01_create.sql`: creates the schema and the table if they are missing, with the columns of the
/// contract or of the query. `indexes`: the statements for its indexes, unless a later file adds
/// columns that they may use.
pub fn create(
    dialect: &Dialect,
    node: &Node,
    target: &Relation,
    query: &str,
    indexes: &Sql,
) -> Result<String, Diagnostic> {
    let head = header(
        dialect,
        &[
            ("model", node.unique_id.clone()),
            ("creates", format!("{target}, empty, if it is missing; the batches fill it")),
        ],
    );
    Ok(format!("{head}\n{}", create_statements(dialect, node, target, query, indexes)?))
}

/// The statements of `01_create.sql`.
pub(super) fn create_statements(
    dialect: &Dialect,
    node: &Node,
    target: &Relation,
    query: &str,
    indexes: &Sql,
) -> Result<String, Diagnostic> {
    let mut args = create_arguments(dialect, node, target, query)?;
    let mut check = Sql::default();
    let table = match contract(dialect, node)? {
        Some(contract) => {
            check = contract_check(dialect, node, &contract, query)?;
            args.extend(typed_arguments(dialect, node, target, &contract)?);
            dialect.sql("create_typed", &args)?
        }
        None => dialect.sql("create", &args)?,
    };
    let (before, behind) = (sql_header(dialect, node)?, sql_footer(dialect, node)?);
    let statements = Sql(format!("{before}{check}{table}{indexes}"));
    let statements = match before.is_empty() && check.0.is_empty() {
        true => statements,
        false => in_transaction(dialect, statements)?,
    };
    Ok(format!("{}{statements}\n{behind}", create_schema(dialect, target)?))
}

/// The query reduced to some of its columns.
pub fn select_columns(
    dialect: &Dialect,
    query: &str,
    columns: &[ResultColumn],
) -> Result<String, Diagnostic> {
    let names = column_list(dialect, columns);
    Ok(dialect.sql("narrowed", &[("columns", names.value()), ("query", author_query(query))])?.0)
}

/// The query cast to the types of its contract.
pub fn cast_to_contract(
    dialect: &Dialect,
    query: &str,
    contract: &Contract,
) -> Result<String, Diagnostic> {
    Ok(dialect
        .sql("narrowed", &[("columns", contract.casts.value()), ("query", author_query(query))])?
        .0)
}

/// The arguments of the macros that create a table.
pub(super) fn create_arguments<'a>(
    dialect: &Dialect,
    node: &Node,
    target: &Relation,
    query: &str,
) -> Result<Vec<(&'a str, Value)>, Diagnostic> {
    reject_long_name(dialect, node)?;
    let (ctes, body) = split_ctes(dialect, query);
    let shape = dialect.limited_name(&node.relation.identifier, "shape", 0);
    let old = dialect.limited_name(&node.relation.identifier, "old", 0);
    let next = next_relation(dialect, node, target);
    let sibling = |identifier: String| Relation { identifier, ..target.clone() };
    Ok(vec![
        ("target", relation_sql(target)),
        ("target_ticks", relation_sql(&ddl_relation(dialect, target))),
        ("old_ticks", relation_sql(&ddl_relation(dialect, &sibling(old.clone())))),
        ("target_text", dialect.string(&target.to_string()).value()),
        ("kind", table_kind(dialect, node)?.value()),
        ("clauses", clauses(dialect, node, target)?.value()),
        ("replacing", replace_clauses(dialect, node, target)?.value()),
        ("query", author_query(query)),
        ("ctes", Value::from_safe_string(ctes)),
        ("body", body),
        ("shape", dialect.column(&shape, false).value()),
        ("old", relation_sql(&sibling(old.clone()))),
        ("make_way", drop_other_kind(dialect, node, target)?.value()),
        ("replacement", replacement(dialect, node, target, &next)?.value()),
        ("next", relation_sql(&next)),
        ("old_text", dialect.string(&old).value()),
        ("old_name", unqualified_name(dialect, &sibling(old))),
        ("database", Value::from_safe_string(database(target))),
    ])
}

/// Rejects a name that is too long for the engine: some engines truncate it, and it may then
/// collide with another table.
fn reject_long_name(dialect: &Dialect, node: &Node) -> Result<(), Diagnostic> {
    let longest = dialect.names.longest_relation.unwrap_or(dialect.names.longest_name);
    let name = &node.relation.identifier;
    if name.len() <= longest {
        return Ok(());
    }
    Err(Diagnostic::error(format!(
        "`{name}` has {} bytes, but a name has at most {longest} on {}",
        name.len(),
        dialect.name
    ))
    .at(node.file.line(1))
    .hint("set a shorter `alias` for the model"))
}

pub(super) fn create_schema(dialect: &Dialect, target: &Relation) -> Result<String, Diagnostic> {
    let Some(schema) = schema_name(target) else { return Ok(String::new()) };
    let unqualified =
        schema_name(&Relation { database: None, ..target.clone() }).unwrap_or_default();
    let text = target.schema.clone().unwrap_or_default();
    let mut create_arguments = vec![
        ("schema", Sql(schema).value()),
        ("own", Value::from_safe_string(unqualified)),
        (
            "own_ticks",
            Value::from_safe_string(
                schema_name(&ddl_relation(dialect, target)).unwrap_or_default(),
            ),
        ),
        ("text", dialect.string(&text).value()),
        ("database", Value::from_safe_string(database(target))),
    ];
    if dialect.has_macro("schema_statement") {
        let statement = dialect.sql("schema_statement", &create_arguments)?;
        create_arguments.push(("statement", dialect.lines(&statement.0).value()));
    }
    let statement = dialect.sql("create_schema", &create_arguments)?;
    Ok(if statement.0.is_empty() { String::new() } else { format!("{statement}\n\n") })
}

/// Further arguments of a create statement with declared columns.
pub(super) fn typed_arguments<'a>(
    dialect: &Dialect,
    node: &Node,
    target: &Relation,
    contract: &Contract,
) -> Result<[(&'a str, Value); 5], Diagnostic> {
    let clauses = Sql(clauses(dialect, node, target)?.0.trim_end().to_string());
    let Contract { spec, names, casts, .. } = contract;
    let released = release_constraint_names(dialect, target, contract)?;
    Ok([
        ("released", released.value()),
        ("spec", spec.value()),
        ("ended", clauses.value()),
        ("columns", names.value()),
        ("casts", casts.value()),
    ])
}
