//! `build.sql`: a model that is no microbatch model, or a seed, as one file. Takes the statement;
//! gives the file with what stands before it (schema, pre-hooks, the author's header) and behind it
//! (grants, comments, post-hooks).

use minijinja::Value;

use super::adapter_config::{sql_footer, sql_header, view_macro};
use super::contract::Contract;
use super::create_table::{arguments, of_format, schema, sql, statements};
use super::header::{header, input};
use super::indexes::indexes;
use super::inputs::InputEntry;
use super::replacement::released;
use super::table_clauses::clauses;
use crate::config::{Materialization, Node};
use crate::diagnostics::Diagnostic;
use crate::dialect::{Dialect, Sql};
use crate::jinja::Relation;

/// What a file holds beside its statement.
pub struct Build<'a> {
    pub dialect: &'a Dialect,
    pub node: &'a Node,
    /// What the header says of it: `a view`.
    pub what: &'a str,
    pub inputs: &'a [InputEntry],
    /// What the header says of the views that depend on the relation.
    pub dependent_views: Option<String>,
    pub pre_hooks: &'a [String],
    /// What compares the query with its contract before anything is written.
    pub contract_check: &'a Sql,
    /// Grants and comments.
    pub closes: &'a [Sql],
    pub post_hooks: &'a [String],
}

impl Build<'_> {
    /// The file's text.
    pub fn file(&self, statement: &Sql) -> Result<String, Diagnostic> {
        let Build { dialect, node, .. } = self;
        let mut lines = vec![
            ("model", node.unique_id.clone()),
            ("builds", format!("{}, {}", node.relation, self.what)),
        ];
        lines.extend(self.inputs.iter().map(|entry| ("input", input(entry))));
        lines
            .extend(self.dependent_views.iter().map(|views| ("views that read it", views.clone())));
        let mut text = format!("{}\n{}", header(dialect, &lines), schema(dialect, &node.relation)?);
        for hook in statements(self.pre_hooks) {
            text.push_str(&format!("{hook}\n"));
        }
        text.push_str(&format!(
            "{}{}{statement}\n{}",
            sql_header(dialect, node)?,
            self.contract_check,
            sql_footer(dialect, node)?
        ));
        for closes in self.closes {
            text.push_str(&format!("\n{closes}\n"));
        }
        for hook in statements(self.post_hooks) {
            text.push_str(&format!("\n{hook}"));
        }
        Ok(text)
    }
}

/// The statement of a view, a table or a materialized view. `anew`: whether a materialized view is
/// made again instead of refreshed.
pub fn plain(
    dialect: &Dialect,
    node: &Node,
    query: &str,
    contract: Option<&Contract>,
    anew: bool,
) -> Result<Sql, Diagnostic> {
    let mut given = arguments(dialect, node, &node.relation, query)?;
    match (&node.materialization, contract) {
        (Materialization::View, _) => {
            given.push(("own", sql(&Relation { database: None, ..node.relation.clone() })));
            if dialect.has("view_statement") {
                let statement = dialect.sql("view_statement", &given)?;
                given.push(("statement", dialect.lines(&statement.0)?.value()));
            }
            dialect.sql(&view_macro(dialect, node)?, &given)
        }
        (Materialization::MaterializedView, _) => dialect
            .sql(if anew { "materialized_view_rebuild" } else { "materialized_view" }, &given),
        (Materialization::Other(_), _) => {
            let text = |key: &str| {
                dialect
                    .text(node.setting(key).and_then(serde_json::Value::as_str).unwrap_or_default())
            };
            let warehouse = node
                .setting("snowflake_warehouse")
                .and_then(serde_json::Value::as_str)
                .unwrap_or_default();
            given.push(("lag", text("target_lag")?.value()));
            given.push(("warehouse", Value::from_safe_string(warehouse.to_string())));
            dialect.sql("dynamic_table", &given)
        }
        (_, contract) => {
            let name = match contract {
                Some(contract) => {
                    given.extend(typed(dialect, node, &node.relation, contract)?);
                    of_format(dialect, node, "table_typed")?
                }
                None => of_format(dialect, node, "table")?,
            };
            let indexes = indexes(dialect, node, &node.relation.to_string())?;
            Ok(Sql(format!("{}{indexes}", dialect.sql(&name, &given)?)))
        }
    }
}

/// What a create statement with declared columns is told besides.
pub(super) fn typed<'a>(
    dialect: &Dialect,
    node: &Node,
    target: &Relation,
    contract: &Contract,
) -> Result<[(&'a str, Value); 5], Diagnostic> {
    let ended = Sql(clauses(dialect, node, target)?.0.trim_end().to_string());
    let Contract { spec, names, casts, .. } = contract;
    let released = released(dialect, target, contract)?;
    Ok([
        ("released", released.value()),
        ("spec", spec.value()),
        ("ended", ended.value()),
        ("columns", names.value()),
        ("casts", casts.value()),
    ])
}
