//! Foreign keys of the planned models: the relations that they reference, and the tables of the
//! plan that reference a table. An engine may refuse to replace a table that a foreign key names.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::Context;
use crate::codegen::{self, ReferencingTable};
use crate::config::{ForeignKeyTarget, Materialization, Node, keys};
use crate::diagnostics::Diagnostic;
use crate::dialect::Dialect;
use crate::graph::Graph;
use crate::jinja::{Lookup, Referent, Relation};

/// The tables of a plan that reference each table, by its unique id: those that reference others
/// of them come first.
pub type ReferencingTables<'a> = BTreeMap<String, Vec<&'a Node>>;

/// The node with the relation and the columns of each foreign key's `to` as its `expression`, as
/// dbt writes it.
pub fn with_references<'a>(
    dialect: &Dialect,
    graph: &Arc<Graph>,
    mut node: Cow<'a, Node>,
) -> Result<Cow<'a, Node>, Diagnostic> {
    let has_target = |constraint| matches!(ForeignKeyTarget::of(constraint), Ok(Some(_)));
    if !constraints(&node).any(has_target) {
        return Ok(node);
    }
    let lookup = graph.seen_from(&node.package);
    let Node { columns, constraints, .. } = node.to_mut();
    let of_columns = columns.iter_mut().flat_map(|column| &mut column.constraints);
    for constraint in constraints.iter_mut().chain(of_columns) {
        let Ok(Some(target)) = ForeignKeyTarget::of(constraint) else { continue };
        let referent = match &target {
            ForeignKeyTarget::Ref(call) => {
                let package = call.package.as_deref();
                lookup.reference(package, &call.name, call.version.as_deref())?
            }
            ForeignKeyTarget::Source(source, table) => lookup.source(source, table)?,
        };
        let columns: Vec<&str> = constraint
            .get("to_columns")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let Referent::Relation { relation, .. } = referent else { continue };
        let parts = dialect.contracts.key_table_parts;
        let relation = Relation {
            database: relation.database.filter(|_| parts > 2),
            schema: relation.schema.filter(|_| parts > 1),
            ..relation
        };
        if !columns.is_empty() {
            let expression = format!("{relation} ({})", columns.join(", "));
            constraint["expression"] = Value::String(expression);
        }
    }
    Ok(node)
}

/// The tables that the plan builds again and that reference other tables of it, directly or through
/// others. A model whose rows the plan does not write again is not among them.
pub fn referencing_tables<'a>(
    graph: &Arc<Graph>,
    selected: &[&'a Node],
    full_refresh: bool,
) -> ReferencingTables<'a> {
    let is_built_again = |node: &Node| match node.materialization {
        Materialization::Table => true,
        Materialization::Incremental(_) => full_refresh || node.is_set(keys::FULL_REFRESH),
        _ => false,
    };
    let mut direct: ReferencingTables<'a> = BTreeMap::new();
    for node in selected.iter().filter(|node| is_built_again(node)) {
        for (table, _) in referenced_tables(node) {
            let is_named = |id: &&String| names_table(&graph.nodes[*id].relation, &table);
            let input = graph.parents.get(&node.unique_id).into_iter().flatten().find(is_named);
            if let Some(id) = input {
                direct.entry(id.clone()).or_default().push(node);
            }
        }
    }
    let position = |id: &str| graph.order.iter().position(|other| other == id);
    let all = |id: &String| {
        let mut tables: Vec<&'a Node> = Vec::new();
        let mut open = vec![id.clone()];
        while let Some(id) = open.pop() {
            for table in direct.get(&id).into_iter().flatten() {
                if !tables.iter().any(|other| other.unique_id == table.unique_id) {
                    tables.push(table);
                    open.push(table.unique_id.clone());
                }
            }
        }
        tables.sort_by_key(|table| std::cmp::Reverse(position(&table.unique_id)));
        tables
    };
    direct.keys().map(|id| (id.clone(), all(id))).collect()
}

/// A foreign key of a table.
pub struct ForeignKey<'a> {
    of: &'a Node,
    /// The name of the table that it references, in lower case and without quotes.
    table: String,
    expression: String,
}

/// The foreign keys of all tables of the graph, on an engine that enforces them.
pub fn foreign_keys<'a>(
    dialect: &Dialect,
    graph: &'a Arc<Graph>,
) -> Result<Vec<ForeignKey<'a>>, Diagnostic> {
    let mut keys = Vec::new();
    if dialect.contracts.foreign_key_hint.is_none() {
        return Ok(keys);
    }
    let has_keys = |node: &&Node| {
        node.enforced_contract().is_some()
            && !matches!(node.materialization, Materialization::View | Materialization::Ephemeral)
    };
    for of in graph.nodes.values().filter(has_keys) {
        let node = with_references(dialect, graph, Cow::Borrowed(of))?;
        let tables = referenced_tables(&node);
        keys.extend(tables.map(|(table, expression)| ForeignKey { of, table, expression }));
    }
    Ok(keys)
}

/// Warns about the models whose foreign keys reference a table from which batches delete rows.
pub fn delete_warnings(context: &Context, node: &Node) -> Vec<Diagnostic> {
    let is_checked_at_once = |key: &&ForeignKey| {
        names_table(&node.relation, &key.table)
            && !key.expression.to_lowercase().contains("deferrable")
    };
    let keys = context.foreign_keys.iter().filter(is_checked_at_once);
    let mut others: Vec<&Node> = keys.map(|key| key.of).collect();
    others.dedup_by_key(|other| &other.unique_id);
    let warning = |other: &Node| {
        let warning = Diagnostic::warning(format!(
            "a batch of `{}` fails if it deletes a row that `{}` references by a foreign key",
            node.name, other.name
        ));
        let hints = context.dialect.contracts.foreign_key_hint.iter().cloned();
        hints.fold(warning.at(other.location_of(keys::CONTRACT)), Diagnostic::hint)
    };
    others.into_iter().map(warning).collect()
}

/// The tables that reference a table, with the types of their columns.
pub fn referencing<'a>(
    context: &Context<'a>,
    node: &Node,
) -> Result<Vec<ReferencingTable<'a>>, Diagnostic> {
    let tables = context.referencing_tables.get(&node.unique_id).into_iter().flatten();
    let referencing = tables.map(|table| {
        let contract = codegen::contract(context.dialect, table)?;
        let types = contract.map(|contract| contract.types).unwrap_or_default();
        Ok(ReferencingTable { relation: &table.relation, types })
    });
    referencing.collect()
}

fn constraints(node: &Node) -> impl Iterator<Item = &Value> + '_ {
    let is_enforced = node.enforced_contract().is_some();
    node.all_constraints().filter(move |_| is_enforced)
}

/// The names of the tables that the foreign keys of a node reference, in lower case and without
/// quotes, and the expressions of the keys.
fn referenced_tables(node: &Node) -> impl Iterator<Item = (String, String)> + '_ {
    let text = |constraint: &'_ Value, key: &str| {
        constraint.get(key).and_then(Value::as_str).unwrap_or_default().to_string()
    };
    let keys = constraints(node).filter(move |of| text(of, "type") == "foreign_key");
    keys.filter_map(move |key| {
        let expression = text(key, "expression");
        let table = unquoted(expression.split('(').next()?);
        Some((table, expression))
    })
}

/// Whether a name, which may lack the database and the schema, is that of a relation.
fn names_table(relation: &Relation, name: &str) -> bool {
    let relation = unquoted(&relation.to_string());
    let rest = relation.strip_suffix(name);
    !name.is_empty() && rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

fn unquoted(name: &str) -> String {
    name.trim().replace(['"', '`', '[', ']'], "").to_lowercase()
}
