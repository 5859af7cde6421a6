//! An incremental model without batches: the create statement, and the statements of its strategy,
//! from its query for the first run and for later runs. Rejects a strategy that the engine does not
//! support or whose settings are missing.

mod merge;

use minijinja::Value as Argument;
use serde_json::Value;

use super::contract::Contract;
use super::create_table::{create_arguments, typed_arguments};
use super::indexes::index_statements;
use super::ledger::{LedgerRow, RowKind, WrapClass, record};
use super::predicates::{all_of, column_list, predicate_list, where_clause};
use super::present_columns::catalog_names;
use super::query_text::author_query;
use super::relation_name::{relation_sql, schema_name};
use super::terminator::terminate_statement;
use crate::config::{Node, PartitionField, keys};
use crate::diagnostics::{Diagnostic, nearest};
use crate::dialect::{Dialect, Sql};
use crate::inject::ResultColumn;
use crate::jinja::Relation;

/// The input of the statements.
pub struct Incremental<'a> {
    pub dialect: &'a Dialect,
    pub node: &'a Node,
    /// One of the dialect's `strategies`.
    pub strategy: &'a str,
    /// The query if `is_incremental()` is false.
    pub first: &'a str,
    /// The query if `is_incremental()` is true.
    pub next: &'a str,
    /// The columns of `next`.
    pub columns: Option<&'a [ResultColumn]>,
    pub first_columns: Option<&'a [ResultColumn]>,
    /// The statements that adapt the table's columns to the query.
    pub change: &'a Sql,
    pub contract: Option<&'a Contract>,
}

/// dbt's default strategy for this engine.
pub fn default_strategy<'a>(dialect: &'a Dialect, node: &Node) -> &'a str {
    let keyed = node.get(keys::UNIQUE_KEY).is_some_and(|names| !names.is_empty());
    if keyed { &dialect.builds.strategy_keyed } else { &dialect.builds.strategy_unkeyed }
}

/// The effective strategy: that of the model, or dbt's default for this engine.
pub fn incremental_strategy(
    dialect: &Dialect,
    node: &Node,
    setting: Option<&str>,
) -> Result<String, Diagnostic> {
    let named = match setting {
        None | Some("default") => default_strategy(dialect, node).to_string(),
        Some(named) => named.to_string(),
    };
    let known = &dialect.builds.strategies;
    if known.contains(&named) {
        return check_merge_format(dialect, node, named);
    }
    let error = Diagnostic::error(format!(
        "`{}` sets the incremental strategy `{named}`, which {} does not support",
        node.name, dialect.name
    ))
    .at(node.location_of(keys::INCREMENTAL_STRATEGY));
    let leave = format!("build the model with dbt, and exclude it here: `--exclude {}`", node.name);
    Err(match nearest(&named, known.iter().map(String::as_str)) {
        _ if known.is_empty() => error.hint(leave),
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => error
            .hint(format!("use `{}` or `microbatch`", known.join("`, `")))
            .hint(format!("or {leave}")),
    })
}

/// If an engine merges only into some table formats, the model must use one of them.
fn check_merge_format(
    dialect: &Dialect,
    node: &Node,
    strategy: String,
) -> Result<String, Diagnostic> {
    let formats = &dialect.builds.merge_formats;
    let format = node.get(keys::FILE_FORMAT).unwrap_or_default();
    if strategy != "merge" || formats.is_empty() || formats.iter().any(|known| known == format) {
        return Ok(strategy);
    }
    Err(Diagnostic::error(format!("`{}` merges, which needs another table format", node.name))
        .at(node.location_of(keys::INCREMENTAL_STRATEGY))
        .hint(format!(
            "set `file_format` to one of `{}`, or use `append` or `insert_overwrite`",
            formats.join("`, `")
        )))
}

/// The name of the table with the rows of the query.
pub fn build_stage(dialect: &Dialect, node: &Node) -> Sql {
    let name = dialect.limited_name(&node.relation.identifier, "build", 0);
    let name = dialect.column(&name, false);
    match (dialect.batches.stage_in_schema, schema_name(&node.relation)) {
        (true, Some(schema)) => Sql(format!("{schema}.{name}")),
        _ => name,
    }
}

/// The create statement, and the statements that a strategy macro returns. An empty table receives
/// the rows of `first`, any other table those of `next`.
pub fn incremental_by_macro(of: &Incremental, statements: &str) -> Result<Sql, Diagnostic> {
    let dialect = of.dialect;
    if !of.change.0.is_empty() {
        of.reject_other_columns()?;
    }
    let create = of.create_and_change(false)?;
    let columns = of.columns.map(|columns| column_list(dialect, columns));
    let columns = columns.unwrap_or(Sql("*".to_string()));
    let query = match of.first == of.next {
        true => author_query(of.next),
        false => {
            let arguments = [
                ("target", relation_sql(&of.node.relation)),
                ("columns", columns.value()),
                ("first", author_query(of.first)),
                ("next", author_query(of.next)),
            ];
            dialect.sql("first_or_next", &arguments)?.value()
        }
    };
    let stage = build_stage(dialect, of.node);
    let arguments = [
        ("stage", stage.value()),
        ("query", query),
        ("statements", Sql(terminate_statement(statements)).value()),
        // Those of a batch.
        ("lock", Sql::default().value()),
        ("withdrawal", Sql::default().value()),
        ("begin", dialect.sql("build_begin", &[])?.value()),
        ("commit", dialect.sql("build_commit", &[])?.value()),
    ];
    let statement = dialect.sql("by_macro", &arguments)?;
    Ok(Sql(format!("{create}\n\n{}", record(dialect, statement, &ledger_row(of.node))?)))
}

/// The create statement, and the statement that writes the new rows.
pub fn incremental(of: &Incremental) -> Result<Sql, Diagnostic> {
    let dialect = of.dialect;
    let keys = of.keys();
    let appends = of.appends();
    let same = of.first == of.next;
    let fills = of.fills();
    let columns = of.columns.map(|columns| column_list(dialect, columns));
    let listed = columns.clone().unwrap_or(Sql("*".to_string()));
    if !fills && !of.change.0.is_empty() {
        of.reject_other_columns()?;
    }
    let create = of.create_and_change(fills)?;
    let into = match &columns {
        Some(columns) => dialect.sql("listed", &[("columns", columns.value())])?,
        None => dialect.sql("unlisted", &[])?,
    };
    let target = ("target", relation_sql(&of.node.relation));
    let stage = build_stage(dialect, of.node);
    let (first, next) = (("first", author_query(of.first)), ("next", author_query(of.next)));
    let listed_columns = ("columns", listed.value());
    let (name, arguments) = if !appends && of.has_merge_conditions() {
        let mut arguments = vec![target, ("stage", stage.value()), first, next];
        arguments.extend([("into", into.value()), listed_columns]);
        of.merge(&keys, &mut arguments)?;
        ("incremental_merge_conditional", arguments)
    } else if appends && !same && !fills && dialect.has_macro("append_first_or_next") {
        let arguments = vec![target, ("into", into.value()), listed_columns, first, next];
        ("append_first_or_next", arguments)
    } else {
        let mut arguments = vec![target.clone(), ("stage", stage.value()), ("into", into.value())];
        arguments.push(listed_columns.clone());
        let name = match of.strategy {
            _ if appends => "incremental_append",
            "delete+insert" => of.delete_insert(&keys, &stage, &mut arguments)?,
            "merge" => of.merge(&keys, &mut arguments)?,
            _ => of.overwrite(&mut arguments)?,
        };
        let query = if fills && dialect.builds.knows_first_run {
            let of_statement = name.replacen("incremental", "later_rows_of", 1);
            let rows = if dialect.has_macro(&of_statement) { &of_statement } else { "later_rows" };
            let further = [("marker", of.marker().value()), ("query", author_query(of.next))];
            dialect.sql(rows, &[&arguments[..], &further].concat())?.value()
        } else if same || fills {
            author_query(of.next)
        } else {
            dialect.sql("first_or_next", &[target, listed_columns, first, next])?.value()
        };
        arguments.push(("query", query));
        (name, arguments)
    };
    let statement = record(dialect, dialect.sql(name, &arguments)?, &ledger_row(of.node))?;
    let mut text = format!("{create}\n\n{statement}");
    if fills && dialect.builds.knows_first_run {
        let end = dialect.sql("end_first_run", &[("marker", of.marker().value())])?;
        if !end.0.is_empty() {
            text.push_str(&format!("\n\n{end}"));
        }
    }
    Ok(Sql(text))
}

/// The row of an incremental model in the ledger.
fn ledger_row(node: &Node) -> LedgerRow<'_> {
    LedgerRow { node, kind: RowKind::Build, range: None, is_counted: false, class: WrapClass::Rows }
}

impl Incremental<'_> {
    /// Whether a first run also writes the rows of the query of later runs.
    pub fn writes_both(&self) -> bool {
        self.fills() && !self.dialect.builds.knows_first_run
    }

    /// Whether the create statement fills the table: predicates restrict what a later run writes,
    /// not the rows of a new table. Otherwise one statement has both queries, and chooses one.
    fn fills(&self) -> bool {
        let narrowed = self.strategy == "delete+insert" && !self.predicates().is_empty();
        // With append, the rows would be inserted twice.
        let may_fill = !self.appends() || self.dialect.builds.knows_first_run;
        (self.first != self.next || narrowed)
            && may_fill
            && self.contract.is_none()
            && !self.has_merge_conditions()
    }

    fn appends(&self) -> bool {
        let keyless = self.strategy != "insert_overwrite" && self.keys().is_empty();
        self.strategy == "append" || keyless
    }

    /// The table that says whether the target was missing.
    fn marker(&self) -> Sql {
        let name = self.dialect.limited_name(&self.node.relation.identifier, "first", 0);
        let name = self.dialect.column(&name, false);
        match (self.dialect.batches.stage_in_schema, schema_name(&self.node.relation)) {
            (true, Some(schema)) => Sql(format!("{schema}.{name}")),
            _ => name,
        }
    }

    /// Creates the table if it is missing, changes its columns, and creates its indexes, which may
    /// use new columns.
    fn create_and_change(&self, fills: bool) -> Result<Sql, Diagnostic> {
        let indexes = index_statements(self.dialect, self.node, &self.node.relation.to_string())?;
        let mut create = self.create(fills)?;
        if !self.change.0.is_empty() {
            create.0.push_str(&format!("\n\n{}", self.change));
        }
        create.0.push_str(&indexes.0);
        Ok(create)
    }

    fn create(&self, fills: bool) -> Result<Sql, Diagnostic> {
        let mut args = create_arguments(self.dialect, self.node, &self.node.relation, self.first)?;
        let name = match self.contract {
            Some(contract) => {
                args.extend(typed_arguments(
                    self.dialect,
                    self.node,
                    &self.node.relation,
                    contract,
                )?);
                "create_typed"
            }
            None if fills && self.dialect.builds.knows_first_run => {
                let target = &self.node.relation;
                let identifier = self.dialect.limited_name(&target.identifier, "create", 0);
                let procedure = Relation { identifier, ..target.clone() };
                args.extend(catalog_names(self.dialect, target));
                args.extend([
                    ("marker", self.marker().value()),
                    ("procedure", relation_sql(&procedure)),
                ]);
                "first_run"
            }
            None if fills => "create_filled",
            None => "create",
        };
        self.dialect.sql(name, &args)
    }

    /// Rejects different columns in `first` and `next` if one statement contains both.
    fn reject_other_columns(&self) -> Result<(), Diagnostic> {
        let (Some(first), Some(next)) = (self.first_columns, self.columns) else { return Ok(()) };
        let same = |one: &ResultColumn, other: &ResultColumn| {
            self.dialect.same_column((&one.name, one.quoted), (&other.name, other.quoted))
        };
        let is_in_next = |column: &ResultColumn| next.iter().any(|other| same(column, other));
        if first.len() == next.len() && first.iter().all(is_in_next) {
            return Ok(());
        }
        let message = format!(
            "`{}` has different columns if `is_incremental()` is true, but its strategy writes \
            both queries by one statement",
            self.node.name
        );
        Err(Diagnostic::error(message)
            .at(self.node.location_of(keys::ON_SCHEMA_CHANGE))
            .hint("set a `unique_key`, or select the same columns in both cases"))
    }

    /// The macro that replaces the rows whose keys are in the stage, and its further arguments.
    fn delete_insert(
        &self,
        keys: &[String],
        stage: &Sql,
        arguments: &mut Vec<(&str, Argument)>,
    ) -> Result<&'static str, Diagnostic> {
        let predicates = predicate_list(&self.predicates());
        let names = keys.join(", ");
        let key = if keys.len() == 1 { names.clone() } else { format!("({names})") };
        let of_stage =
            [("key", Sql(key).value()), ("names", Sql(names).value()), ("stage", stage.value())];
        let matched = self.dialect.sql("key_in_stage", &of_stage)?;
        arguments.push(("delete_predicate", Sql(all_of(&matched.0, &predicates)).value()));
        arguments.push(("insert_filter", Sql(where_clause(&predicates)).value()));
        Ok("incremental_delete_insert")
    }

    /// The columns of `unique_key` as SQL. A text may list several: dbt writes it between
    /// parentheses.
    fn keys(&self) -> Vec<String> {
        let configured = self.node.get(keys::UNIQUE_KEY).unwrap_or_default();
        let is_list = |key: &&str| key.contains(',') && !key.contains(['(', '"', '`', '[', '\'']);
        let columns = configured.iter().map(String::as_str).flat_map(|key| {
            let separator = if is_list(&key) { ',' } else { '\0' };
            key.split(separator).map(str::trim)
        });
        columns.map(|key| self.dialect.event_time(key, false).0).collect()
    }

    fn predicates(&self) -> Vec<String> {
        self.node.predicates().map(keys::names).unwrap_or_default()
    }

    /// The macro of `insert_overwrite`: for the whole table, for the partitions of the new rows, or
    /// for the listed partitions.
    fn overwrite(&self, arguments: &mut Vec<(&str, Argument)>) -> Result<&'static str, Diagnostic> {
        let dialect = self.dialect;
        let partition = self.node.get(keys::PARTITION_BY);
        if dialect.has_macro("incremental_insert_overwrite_named") {
            let Some(Value::Object(partition)) = partition else {
                return Err(Diagnostic::error(format!(
                    "`{}` overwrites partitions but has no `partition_by`",
                    self.node.name
                ))
                .at(self.node.location_of(keys::INCREMENTAL_STRATEGY))
                .hint("add `partition_by={'field': '…', 'data_type': 'date'}`, or use `merge`"));
            };
            if self.columns.is_none() {
                return Err(self.unknown_columns_error("insert_overwrite"));
            }
            let PartitionField { field, data_type, granularity, .. } =
                PartitionField::of(partition);
            let exact = format!("partition_value_{data_type}_{granularity}");
            let name = if dialect.has_macro(&exact) {
                exact
            } else {
                format!("partition_value_{data_type}")
            };
            let value = [
                ("field", dialect.column(field.unwrap_or_default(), false).value()),
                ("granularity", Sql(granularity).value()),
            ];
            arguments.push(("partition", dialect.sql(&name, &value)?.value()));
            let named = self.node.get(keys::PARTITIONS).unwrap_or_default();
            if named.is_empty() {
                return Ok("incremental_insert_overwrite");
            }
            arguments.push(("partitions", Sql(named.join(", ")).value()));
            return Ok("incremental_insert_overwrite_named");
        }
        match partition {
            Some(partition) if dialect.has_macro("incremental_insert_overwrite_partitions") => {
                arguments.push(("partition", Sql(keys::names(partition).join(", ")).value()));
                Ok("incremental_insert_overwrite_partitions")
            }
            _ => Ok("incremental_insert_overwrite"),
        }
    }

    fn unknown_columns_error(&self, strategy: &str) -> Diagnostic {
        Diagnostic::error(format!(
            "`{strategy}` needs the columns of `{}`, which are unknown",
            self.node.name
        ))
        .at(self.node.file.line(1))
        .hint("name the columns in the last `select` instead of `*`")
    }
}
