//! `build.sql`: a node without batches as one file: the schema, pre-hooks and the author's header,
//! then the statement, then grants, comments and post-hooks; in one transaction if dbt's adapter
//! has one.

use minijinja::Value;

use super::adapter_config::{sql_footer, sql_header, view_macro};
use super::configuration_change::unchanged_view;
use super::contract::Contract;
use super::create_table::{create_arguments, create_schema, typed_arguments};
use super::header::{describe_input, header};
use super::hooks::{RenderedHooks, after_statements, require_table, statements};
use super::indexes::{index_statements, view_indexes};
use super::inputs::InputEntry;
use super::ledger::{LedgerRow, RowKind, WrapClass, record};
use super::relation_name::{relation_sql, unqualified_name};
use super::table_format::macro_for_format;
use crate::config::{Materialization, Node, keys};
use crate::diagnostics::Diagnostic;
use crate::dialect::{Dialect, Sql};
use crate::jinja::Relation;

/// The parts of a file other than its statement.
pub struct BuildFile<'a> {
    pub dialect: &'a Dialect,
    pub node: &'a Node,
    /// The description in the header: `a view`.
    pub what: &'a str,
    pub inputs: &'a [InputEntry],
    /// The line of the header about views that depend on the relation.
    pub dependent_views: Option<String>,
    /// Whether the hooks are not those of a run that creates the table.
    pub for_existing_table: bool,
    pub pre_hooks: &'a RenderedHooks,
    /// The statements that compare the query with its contract before anything is written.
    pub contract_check: &'a Sql,
    /// Grants and comments.
    pub final_statements: &'a [Sql],
    pub post_hooks: &'a RenderedHooks,
}

impl BuildFile<'_> {
    /// The file's text.
    pub fn file(&self, statement: &Sql) -> Result<String, Diagnostic> {
        let BuildFile { dialect, node, .. } = self;
        let mut lines = vec![
            ("model", node.unique_id.clone()),
            ("builds", format!("{}, {}", node.relation, self.what)),
        ];
        lines.extend(self.inputs.iter().map(|entry| ("input", describe_input(entry))));
        lines
            .extend(self.dependent_views.iter().map(|views| ("views that read it", views.clone())));
        let mut text =
            format!("{}\n{}", header(dialect, &lines), create_schema(dialect, &node.relation)?);
        let transaction = |name: &str| match dialect.hooks.in_transaction {
            true => Ok(vec![format!("{}\n", dialect.sql(name, &[])?)]),
            false => Ok(Vec::new()),
        };
        if self.for_existing_table {
            text.push_str(&format!("{}\n\n", require_table(dialect, node)?));
        }
        let before = statements(&self.pre_hooks.outside)
            .into_iter()
            .chain(transaction("begin")?)
            .chain(statements(&self.pre_hooks.inside));
        before.for_each(|statement| text.push_str(&format!("{statement}\n")));
        let row = LedgerRow {
            node,
            kind: RowKind::Build,
            range: None,
            is_counted: false,
            class: match node.materialization {
                Materialization::View
                | Materialization::Table
                | Materialization::Incremental(_) => WrapClass::Relations,
                Materialization::Seed => WrapClass::Rows,
                _ => WrapClass::Materialized,
            },
        };
        let statement = record(dialect, statement.clone(), &row)?;
        text.push_str(&format!(
            "{}{}{statement}\n{}",
            sql_header(dialect, node)?,
            self.contract_check,
            sql_footer(dialect, node)?
        ));
        let after = after_statements(dialect, node, self.final_statements, self.post_hooks)
            .into_iter()
            .chain(transaction("commit")?)
            .chain(statements(&self.post_hooks.outside));
        after.for_each(|statement| text.push_str(&format!("\n{statement}")));
        Ok(text)
    }
}

/// The input of the statement of a view, a table or a materialized view.
pub struct RelationInput<'a> {
    pub query: &'a str,
    pub contract: Option<&'a Contract>,
    /// Tables whose foreign keys prevent that the table is replaced.
    pub referencing: &'a [ReferencingTable<'a>],
    /// Whether a materialized view is created again instead of refreshed.
    pub replaces: bool,
}

/// A table with a foreign key, and the names and types of its columns.
pub struct ReferencingTable<'a> {
    pub relation: &'a Relation,
    pub types: Sql,
}

/// The statement of a view, a table or a materialized view.
pub fn create_relation(
    dialect: &Dialect,
    node: &Node,
    input: &RelationInput,
) -> Result<Sql, Diagnostic> {
    let mut args = create_arguments(dialect, node, &node.relation, input.query)?;
    match (&node.materialization, input.contract) {
        (Materialization::View, _) => {
            args.push(("own", relation_sql(&Relation { database: None, ..node.relation.clone() })));
            if dialect.has_macro("view_statement") {
                let statement = dialect.sql("view_statement", &args)?;
                args.push(("statement", dialect.lines(&statement.0).value()));
            }
            dialect.sql(&view_macro(dialect, node), &args)
        }
        (Materialization::MaterializedView, _) => {
            if !input.replaces
                && let Some(statement) = unchanged_view(dialect, node, &args)?
            {
                return Ok(statement);
            }
            let name =
                if input.replaces { "materialized_view_rebuild" } else { "materialized_view" };
            let shape = dialect.limited_name(&node.relation.identifier, "shape", 0);
            let message = format!(
                "the query of {} has changed and takes effect with --full-refresh",
                node.relation
            );
            args.push(("shape_text", dialect.string(&shape).value()));
            args.push(("message", dialect.string(&message).value()));
            let indexes = view_indexes(dialect, node, &node.relation.to_string())?;
            Ok(Sql(format!("{}{indexes}", dialect.sql(name, &args)?)))
        }
        (Materialization::Other(_), _) => {
            let lag = node.get(keys::TARGET_LAG).unwrap_or_default();
            let warehouse = node.get(keys::SNOWFLAKE_WAREHOUSE).unwrap_or_default();
            args.push(("lag", dialect.text(lag).value()));
            args.push(("warehouse", Value::from_safe_string(warehouse.to_string())));
            dialect.sql("dynamic_table", &args)
        }
        (_, contract) => {
            let name = match contract {
                Some(contract) => {
                    args.extend(typed_arguments(dialect, node, &node.relation, contract)?);
                    args.push(("aside_tables", set_aside(dialect, "set_aside", input)?.value()));
                    args.push(("restored_tables", set_aside(dialect, "put_back", input)?.value()));
                    macro_for_format(dialect, node, "table_typed")
                }
                None => macro_for_format(dialect, node, "table"),
            };
            let indexes = index_statements(dialect, node, &node.relation.to_string())?;
            Ok(Sql(format!("{}{indexes}", dialect.sql(&name, &args)?)))
        }
    }
}

/// The statements of a macro for each table that references the new one: `set_aside` copies its
/// rows to a table without keys and drops it, `put_back` gives the copy its name.
fn set_aside(dialect: &Dialect, name: &str, input: &RelationInput) -> Result<Sql, Diagnostic> {
    let mut statements = Vec::new();
    for ReferencingTable { relation, types } in input.referencing {
        let aside = dialect.limited_name(&relation.identifier, "rows", 0);
        let aside = Relation { identifier: aside, ..(*relation).clone() };
        let arguments = [
            ("target", relation_sql(relation)),
            ("name", unqualified_name(dialect, relation)),
            ("aside", relation_sql(&aside)),
            ("types", types.value()),
        ];
        statements.push(dialect.sql(name, &arguments)?.0);
    }
    Ok(Sql(statements.join("\n\n")))
}
