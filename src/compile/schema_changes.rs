//! `on_schema_change` of one model: derives the statements that adapt its table to its query, from
//! the columns of the query and those of the table (from dbt's catalog, the file of `--columns` or
//! an earlier plan). Rejects a new column of unknown type if the engine cannot infer it, and a
//! change of type that would lose values.

use super::Context;
use super::column_types::{declared_type, location, widened};
use crate::codegen;
use crate::codegen::{Alteration, Alters};
use crate::config::{Node, SchemaChange};
use crate::diagnostics::Diagnostic;
use crate::dialect::{Dialect, Sql};
use crate::inject::ResultColumn;

/// The statements of a schema change, the columns that they drop, and diagnostics.
#[derive(Debug, Default)]
pub(super) struct TableChange {
    pub statements: Sql,
    /// The names of the dropped columns.
    pub dropped: Vec<String>,
    /// The text of the model's own file; empty if the plan does not alter the table.
    pub file: String,
    pub diagnostics: Vec<Diagnostic>,
}

/// The query and the table that are compared.
pub(super) struct ChangeInput<'a> {
    pub context: &'a Context<'a>,
    pub node: &'a Node,
    /// The query of a later run.
    pub query: &'a str,
    /// Its columns.
    pub columns: Option<&'a [ResultColumn]>,
    /// The columns of the query that creates the table.
    pub first: Option<&'a [ResultColumn]>,
}

/// The change for a model's `on_schema_change`. `None` if it is `ignore` or the dialect cannot
/// alter tables.
pub(super) fn table_change(of: &ChangeInput) -> Result<Option<TableChange>, Diagnostic> {
    let ChangeInput { context, node, .. } = of;
    let (dialect, change) = (context.dialect, node.schema_change());
    let alters = codegen::alters(dialect, node);
    if alters == Alters::Never {
        let warning = match change {
            SchemaChange::Fail => reject_differences(of)?,
            _ => None,
        };
        let diagnostics: Vec<Diagnostic> = warning.into_iter().collect();
        let has_warning = !diagnostics.is_empty();
        return Ok(has_warning.then(|| TableChange { diagnostics, ..TableChange::default() }));
    }
    let Some(columns) = of.columns else {
        if dialect.batches.by_name && alters == Alters::ByQuery {
            return of.generate(&[], &[], &[], Vec::new()).map(Some);
        }
        let message = format!(
            "`on_schema_change` of `{}` needs the columns of its query, which are unknown",
            node.name
        );
        return Err(Diagnostic::error(message)
            .at(location(node))
            .hint("name the columns in the last `select` instead of `*`"));
    };
    if alters == Alters::ByQuery {
        return of.generate(&[], &[], &[], Vec::new()).map(Some);
    }
    if alters == Alters::ByCopy {
        return of.copy(columns);
    }
    let catalogued = context.columns.catalogued(node);
    let present = of.present(columns);
    let first_columns = of.first.unwrap_or_default();
    let is_present = |column: &ResultColumn| {
        Ok(is_among(dialect, column, first_columns)
            || is_among(dialect, column, present.as_deref().unwrap_or_default()))
    };
    let mut diagnostics = Vec::new();
    let (mut added, mut untyped) = (Vec::new(), Vec::new());
    let adds = matches!(change, SchemaChange::AppendNewColumns | SchemaChange::SyncAllColumns);
    for column in columns.iter().filter(|_| adds) {
        let is_catalogued =
            catalogued.as_deref().is_some_and(|present| is_among(dialect, column, present));
        match declared_type(dialect, node, column) {
            _ if is_catalogued => {}
            Some(data_type) => added.push((column.clone(), data_type)),
            None if is_present(column)? => {}
            None => untyped.push(column.name.as_str()),
        }
    }
    if !untyped.is_empty() {
        diagnostics.push(untyped_columns(node, &untyped, present.is_some())?);
    }
    let mut dropped: Vec<ResultColumn> = Vec::new();
    for column in first_columns
        .iter()
        .chain(present.iter().flatten())
        .filter(|_| change == SchemaChange::SyncAllColumns)
    {
        if !is_among(dialect, column, columns) && !is_among(dialect, column, &dropped) {
            dropped.push(column.clone());
        }
    }
    let checked = dialect.has_macro(&format!("check_{}", change.as_str()));
    if change == SchemaChange::SyncAllColumns && present.is_none() && !checked {
        let message = format!(
            "columns that the query of `{}` no longer has are unknown, so the plan drops none",
            node.name
        );
        diagnostics.push(Diagnostic::warning(message).at(location(node)).hint(columns_hint(node)));
    }
    let widened = match change {
        SchemaChange::SyncAllColumns => widened(
            of.context.dialect,
            of.node,
            columns,
            catalogued.as_deref().unwrap_or_default(),
            &mut diagnostics,
        )?,
        _ => Vec::new(),
    };
    of.generate(&added, &dropped, &widened, diagnostics).map(Some)
}

/// The change of an incremental model without batches, whose columns are first widened for longer
/// texts.
pub(super) fn table_change_in_file(of: &ChangeInput) -> Result<TableChange, Diagnostic> {
    let mut change = table_change(of)?.unwrap_or_default();
    let widening = codegen::widen_texts(&of.alteration(of.query, &[], &[], &[]))?;
    change.statements = match (widening.0.is_empty(), change.statements.0.is_empty()) {
        (true, _) => change.statements,
        (false, true) => widening,
        (false, false) => Sql(format!("{widening}\n\n{}", change.statements)),
    };
    Ok(change)
}

/// Rejects a query whose columns differ from those of the table. Returns a warning if they are not
/// compared.
fn reject_differences(of: &ChangeInput) -> Result<Option<Diagnostic>, Diagnostic> {
    let (dialect, node) = (of.context.dialect, of.node);
    let Some(columns) = of.columns else { return Ok(None) };
    let Some(present) = of.present(columns) else {
        let message = format!(
            "`on_schema_change: fail` of `{}` compares nothing, since the columns of its table are \
             not known",
            node.name
        );
        return Ok(Some(Diagnostic::warning(message).at(location(node)).hint(columns_hint(node))));
    };
    let is_catalogued = of.context.columns.catalogued(node).is_some();
    let new = missing(dialect, columns, &present)
        .into_iter()
        .map(|name| format!("the table lacks `{name}`"));
    let old = missing(dialect, &present, columns)
        .into_iter()
        .map(|name| format!("the query lacks `{name}`"));
    let differences: Vec<String> = new.chain(old).collect();
    if differences.is_empty() {
        return Ok(None);
    }
    let message =
        format!("the table of `{}` and its query differ: {}", node.name, differences.join(", "));
    let error = Diagnostic::error(message)
        .at(location(node))
        .hint("alter the table, or rebuild it with `--full-refresh`");
    Err(match is_catalogued {
        true => error,
        false => error
            .note("the columns of the table are those of the earlier plan")
            .hint(format!("if the table has others: {}", columns_hint(node))),
    })
}

/// The names of the columns that are not among the others.
fn missing(dialect: &Dialect, columns: &[ResultColumn], others: &[ResultColumn]) -> Vec<String> {
    let mut names = Vec::new();
    for column in columns {
        if !is_among(dialect, column, others) {
            names.push(column.name.clone());
        }
    }
    names
}

/// Removes the columns that the table of a model with `on_schema_change: ignore` lacks according to
/// the catalog. Returns their names.
pub(super) fn remove_missing_columns(
    context: &Context,
    node: &Node,
    columns: &mut Option<Vec<ResultColumn>>,
) -> Vec<String> {
    if node.schema_change() != SchemaChange::Ignore || !context.dialect.syntax.nested_with {
        return Vec::new();
    }
    let (Some(known), Some(present)) = (columns.as_mut(), context.columns.catalogued(node)) else {
        return Vec::new();
    };
    let left_out = missing(context.dialect, known, &present);
    // A table without any of the columns is a different table.
    if left_out.len() == known.len() {
        return Vec::new();
    }
    known.retain(|column| !left_out.contains(&column.name));
    left_out
}

/// A warning about omitted columns.
pub(super) fn left_out_warning(node: &Node, columns: &[String]) -> Option<Diagnostic> {
    let names = columns.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let warning = || {
        Diagnostic::warning(format!(
            "the table of `{}` lacks {names}, so the plan does not insert it",
            node.name
        ))
        .at(node.file.line(1))
        .hint(
            "set `on_schema_change` to `append_new_columns`, or rebuild the table with \
                `--full-refresh`",
        )
    };
    (!columns.is_empty()).then(warning)
}

impl ChangeInput<'_> {
    /// The columns of the table, if they are known; `columns` are those of the query.
    fn present(&self, columns: &[ResultColumn]) -> Option<Vec<ResultColumn>> {
        let ChangeInput { context, node, .. } = self;
        if let Some(catalogued) = context.columns.catalogued(node) {
            return Some(catalogued);
        }
        // The create step makes the table with the columns of the query.
        if context.columns.is_missing(node) {
            return Some(columns.to_vec());
        }
        let earlier = context.earlier_plans.of(node)?;
        let names = earlier.written.iter().chain(&earlier.dropped);
        Some(names.map(|name| ResultColumn::named(name, false)).collect())
    }

    /// The statements that copy the table, if it lacks a column of the query or has one to drop.
    fn copy(&self, columns: &[ResultColumn]) -> Result<Option<TableChange>, Diagnostic> {
        let ChangeInput { context, node, query, .. } = self;
        let (dialect, change) = (context.dialect, node.schema_change());
        let Some(present) = self.present(columns) else {
            let message = format!(
                "the plan does not alter the table of `{}`, since its columns are not known",
                node.name
            );
            let warning = Diagnostic::warning(message).at(location(node)).hint(columns_hint(node));
            return Ok(Some(TableChange { diagnostics: vec![warning], ..TableChange::default() }));
        };
        let mut added = Vec::new();
        for column in columns {
            if !is_among(dialect, column, &present) {
                let data_type = declared_type(dialect, node, column).unwrap_or_default();
                added.push((column.clone(), data_type));
            }
        }
        let mut dropped = Vec::new();
        for column in present.iter().filter(|_| change == SchemaChange::SyncAllColumns) {
            if !is_among(dialect, column, columns) {
                dropped.push(column.clone());
            }
        }
        if added.is_empty() && dropped.is_empty() {
            return Ok(None);
        }
        let alteration = self.alteration(query, &added, &dropped, &[]);
        let statements = codegen::copy_with_columns(&alteration, &present)?;
        let file = codegen::alter_file(&alteration, &statements)?;
        let dropped = dropped.into_iter().map(|column| column.name).collect();
        Ok(Some(TableChange { statements, dropped, file, diagnostics: Vec::new() }))
    }

    fn alteration<'b>(
        &'b self,
        query: &'b str,
        added: &'b [(ResultColumn, String)],
        dropped: &'b [ResultColumn],
        widened: &'b [(ResultColumn, String)],
    ) -> Alteration<'b> {
        let (dialect, node) = (self.context.dialect, self.node);
        let (target, change) = (&node.relation, node.schema_change());
        Alteration { dialect, node, target, change, query, added, dropped, widened }
    }

    fn generate(
        &self,
        added: &[(ResultColumn, String)],
        dropped: &[ResultColumn],
        widened: &[(ResultColumn, String)],
        diagnostics: Vec<Diagnostic>,
    ) -> Result<TableChange, Diagnostic> {
        let ChangeInput { context, node, query, .. } = self;
        let dialect = context.dialect;
        // A contract can declare other types than those of the query.
        let declared = codegen::contract(dialect, node)?
            .map(|contract| codegen::cast_to_contract(dialect, query, &contract))
            .transpose()?;
        let query = declared.as_deref().unwrap_or(query);
        let alteration = self.alteration(query, added, dropped, widened);
        let statements = codegen::alter(&alteration)?;
        let file = match statements.0.is_empty() {
            true => String::new(),
            false => codegen::alter_file(&alteration, &statements)?,
        };
        let dropped = dropped.iter().map(|column| column.name.clone()).collect();
        Ok(TableChange { statements, dropped, file, diagnostics })
    }
}

/// Reports new columns of unknown type. An error if the table's columns are known, so that they are
/// certainly new; else a warning.
fn untyped_columns(
    node: &Node,
    columns: &[&str],
    is_certain: bool,
) -> Result<Diagnostic, Diagnostic> {
    let names = columns.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let hint = "declare the `data_type` under `columns:` in a properties file, or `cast` in the \
        last `select`";
    if is_certain {
        let (message, are) = if columns.len() == 1 {
            ("type of the new column", "is")
        } else {
            ("types of the new columns", "are")
        };
        return Err(Diagnostic::error(format!(
            "the {message} {names} of `{}` {are} not known",
            node.name
        ))
        .at(location(node))
        .hint(hint));
    }
    let message =
        format!("the plan adds no column of `{}` whose type is not known: {names}", node.name);
    Ok(Diagnostic::warning(message)
        .at(location(node))
        .hint(hint)
        .hint(format!("or {}", columns_hint(node))))
}

/// How the plan gets to know the columns of a table.
fn columns_hint(node: &Node) -> String {
    format!(
        "read the columns of the table: `batchwright columns -s {} --run > columns.csv`, then \
         compile with `--columns columns.csv`; or pass dbt's catalog: `--catalog \
         target/catalog.json`",
        node.name
    )
}

pub(super) fn is_among(dialect: &Dialect, column: &ResultColumn, columns: &[ResultColumn]) -> bool {
    for other in columns {
        if dialect.same_column((&column.name, column.quoted), (&other.name, other.quoted)) {
            return true;
        }
    }
    false
}
