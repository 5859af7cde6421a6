//! An incremental model that is no microbatch model. Takes its query for an empty table and for one
//! with rows; gives the create statement and the strategy's. Refuses a strategy that the engine
//! cannot do, and one that lacks what it needs, where it is set.

use minijinja::Value as Argument;
use serde_json::Value;
use std::collections::BTreeMap;

use super::contract::Contract;
use super::create_table::{arguments, author, schema_name, sql};
use super::indexes::indexes;
use super::materialize::typed;
use super::overwrite::{names, predicates, where_clause, with};
use super::table_clauses::scalar;
use super::terminator::{ended, statement};
use crate::config::Node;
use crate::diagnostics::{Diagnostic, Location, nearest};
use crate::dialect::{Dialect, Sql};
use crate::inject::ResultColumn;

/// What the statements are made from.
pub struct Incremental<'a> {
    pub dialect: &'a Dialect,
    pub node: &'a Node,
    /// One of the dialect's `strategies`.
    pub strategy: &'a str,
    /// The query where `is_incremental()` is false.
    pub first: &'a str,
    /// The query where it is true.
    pub next: &'a str,
    /// Of the query where it is true.
    pub columns: Option<&'a [ResultColumn]>,
    pub first_columns: Option<&'a [ResultColumn]>,
    /// The statements that bring the table's columns in line with the query.
    pub change: &'a Sql,
    pub contract: Option<&'a Contract>,
}

/// What dbt takes for this engine where a model names no strategy.
pub fn usual_strategy(dialect: &Dialect, node: &Node) -> Result<String, Diagnostic> {
    let keyed = !texts(node.setting("unique_key")).is_empty();
    dialect.property(if keyed { "strategy_keyed" } else { "strategy_unkeyed" })
}

/// The strategy that is in force: the model's own, or what dbt takes for this engine.
pub fn brought_in(
    dialect: &Dialect,
    node: &Node,
    asked: Option<&str>,
) -> Result<String, Diagnostic> {
    let named = match asked {
        None | Some("default") => usual_strategy(dialect, node)?,
        Some(named) => named.to_string(),
    };
    let known: Vec<String> = dialect.property("strategies")?;
    if known.contains(&named) {
        return format_allows(dialect, node, named);
    }
    let error = Diagnostic::error(format!(
        "`{}` asks for the incremental strategy `{named}`, which {} cannot do",
        node.name, dialect.name
    ))
    .at(place(node, "incremental_strategy"));
    let leave = format!("leave the model to dbt with `--exclude {}`", node.name);
    Err(match nearest(&named, known.iter().map(String::as_str)) {
        _ if known.is_empty() => error.hint(leave),
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => error
            .hint(format!("use `{}` or `microbatch`", known.join("`, `")))
            .hint(format!("or {leave}")),
    })
}

/// Where an engine merges into some formats of tables only, the model's own must be one of them.
fn format_allows(dialect: &Dialect, node: &Node, strategy: String) -> Result<String, Diagnostic> {
    let formats: Vec<String> = dialect.property("merge_formats")?;
    let own = node.setting("file_format").and_then(Value::as_str).unwrap_or_default();
    if strategy != "merge" || formats.is_empty() || formats.iter().any(|format| format == own) {
        return Ok(strategy);
    }
    Err(Diagnostic::error(format!("`{}` merges, which needs a table of another format", node.name))
        .at(place(node, "incremental_strategy"))
        .hint(format!(
            "set `file_format` to one of `{}`, or use `append` or `insert_overwrite`",
            formats.join("`, `")
        )))
}

/// The name of the table that holds the rows of the query.
pub fn build_stage(dialect: &Dialect, node: &Node) -> Result<Sql, Diagnostic> {
    let name = dialect.limited_name(&node.relation.identifier, "build", 0)?;
    let name = dialect.column(&name, false)?;
    match (dialect.property::<bool>("stage_in_schema")?, schema_name(&node.relation)) {
        (true, Some(schema)) => Ok(Sql(format!("{schema}.{name}"))),
        _ => Ok(name),
    }
}

/// The create statement, and what a macro of the project returns. An empty table has the rows of
/// the first query brought in, each other one those of the later query.
pub fn incremental_by_macro(of: &Incremental, statements: &str) -> Result<Sql, Diagnostic> {
    let dialect = of.dialect;
    let mut create = of.create(false)?;
    if !of.change.0.is_empty() {
        of.refuse_other_columns()?;
        create.0.push_str(&format!("\n\n{}", of.change));
    }
    let columns = names(dialect, of.columns)?.unwrap_or(Sql("*".to_string()));
    let query = match of.first == of.next {
        true => author(of.next),
        false => {
            let arguments = [
                ("target", sql(&of.node.relation)),
                ("columns", columns.value()),
                ("first", author(of.first)),
                ("next", author(of.next)),
            ];
            dialect.sql("first_or_next", &arguments)?.value()
        }
    };
    let stage = build_stage(dialect, of.node)?;
    let arguments = [
        ("stage", stage.value()),
        ("query", query),
        ("statements", Sql(statement(statements)).value()),
    ];
    Ok(Sql(format!("{create}\n\n{}", dialect.sql("by_macro", &arguments)?)))
}

/// The create statement, and the one that brings the new rows in.
pub fn incremental(of: &Incremental) -> Result<Sql, Diagnostic> {
    let dialect = of.dialect;
    let keys = of.keys()?;
    let adds = of.strategy == "append" || (keys.is_empty() && of.strategy != "insert_overwrite");
    let same = of.first == of.next;
    // A table that is filled when it is made needs no other query while it is empty. Where rows are
    // only added, they would be twice in it. The predicates narrow what a later run brings in, not
    // the rows of a new table.
    let narrowed = of.strategy == "delete+insert" && !texts(of.predicates()).is_empty();
    let fills = (!same || narrowed) && !adds && of.contract.is_none();
    let columns = names(dialect, of.columns)?;
    let listed = columns.clone().unwrap_or(Sql("*".to_string()));
    let conditional = of.strategy == "merge" && !adds && of.has_merge_conditions()?;
    let fills = fills && !conditional;
    if !fills && !of.change.0.is_empty() {
        of.refuse_other_columns()?;
    }
    let mut create = of.create(fills)?;
    if !of.change.0.is_empty() {
        create.0.push_str(&format!("\n\n{}", of.change));
    }
    let into = match &columns {
        Some(columns) => dialect.sql("listed", &[("columns", columns.value())])?,
        None => dialect.sql("unlisted", &[])?,
    };
    let target = ("target", sql(&of.node.relation));
    let first_and_next = [("first", author(of.first)), ("next", author(of.next))];
    if conditional {
        let [first, next] = first_and_next;
        let mut arguments = vec![
            target,
            ("stage", build_stage(dialect, of.node)?.value()),
            first,
            next,
            ("into", into.value()),
            ("columns", listed.value()),
        ];
        of.merge(&keys, &mut arguments)?;
        return Ok(Sql(format!(
            "{create}\n\n{}",
            dialect.sql("incremental_merge_conditional", &arguments)?
        )));
    }
    if adds && !same && dialect.has("append_first_or_next") {
        let [first, next] = first_and_next;
        let arguments = [target, ("into", into.value()), ("columns", listed.value()), first, next];
        return Ok(Sql(format!(
            "{create}\n\n{}",
            dialect.sql("append_first_or_next", &arguments)?
        )));
    }
    let query = if same || fills {
        author(of.next)
    } else {
        let [first, next] = first_and_next;
        dialect
            .sql("first_or_next", &[target.clone(), ("columns", listed.value()), first, next])?
            .value()
    };
    let stage = build_stage(dialect, of.node)?;
    let mut arguments = vec![
        target,
        ("stage", stage.value()),
        ("query", query),
        ("into", into.value()),
        ("columns", listed.value()),
    ];
    let name = match of.strategy {
        _ if adds => "incremental_append",
        "delete+insert" => {
            let predicates = predicates(&texts(of.predicates()));
            let names = keys.join(", ");
            let key = if keys.len() == 1 { names.clone() } else { format!("({names})") };
            let matched = dialect.sql(
                "key_in_stage",
                &[
                    ("key", Sql(key).value()),
                    ("names", Sql(names).value()),
                    ("stage", stage.value()),
                ],
            )?;
            arguments.push(("delete_predicate", Sql(with(&matched.0, &predicates)).value()));
            arguments.push(("insert_filter", Sql(where_clause(&predicates)).value()));
            "incremental_delete_insert"
        }
        "merge" => of.merge(&keys, &mut arguments)?,
        _ => of.overwrite(&mut arguments)?,
    };
    Ok(Sql(format!("{create}\n\n{}", dialect.sql(name, &arguments)?)))
}

impl Incremental<'_> {
    fn create(&self, fills: bool) -> Result<Sql, Diagnostic> {
        let mut given = arguments(self.dialect, self.node, &self.node.relation, self.first)?;
        let name = match self.contract {
            Some(contract) => {
                given.extend(typed(self.dialect, self.node, &self.node.relation, contract)?);
                "create_typed"
            }
            None if fills => "create_filled",
            None => "create",
        };
        let indexes = indexes(self.dialect, self.node, &self.node.relation.to_string())?;
        Ok(Sql(format!("{}{indexes}", self.dialect.sql(name, &given)?)))
    }

    /// Refuses a first query with other columns than a later one, where one statement holds both.
    fn refuse_other_columns(&self) -> Result<(), Diagnostic> {
        let (Some(first), Some(next)) = (self.first_columns, self.columns) else { return Ok(()) };
        let same = |one: &ResultColumn, other: &ResultColumn| {
            self.dialect.same_column((&one.name, one.quoted), (&other.name, other.quoted))
        };
        let mut alike = first.len() == next.len();
        for column in first {
            alike = alike
                && next
                    .iter()
                    .map(|other| same(column, other))
                    .collect::<Result<Vec<_>, _>>()?
                    .contains(&true);
        }
        if alike {
            return Ok(());
        }
        let message = format!(
            "`{}` has other columns where `is_incremental()` is true, and its strategy only adds \
             rows",
            self.node.name
        );
        Err(Diagnostic::error(message)
            .at(place(self.node, "on_schema_change"))
            .hint("give it a `unique_key`, or the same columns in both cases"))
    }

    /// The columns of `unique_key` as SQL.
    fn keys(&self) -> Result<Vec<String>, Diagnostic> {
        texts(self.node.setting("unique_key"))
            .iter()
            .map(|key| Ok(self.dialect.event_time(key, false)?.0))
            .collect()
    }

    fn predicates(&self) -> Option<&Value> {
        self.node
            .setting("predicates")
            .filter(|set| !set.is_null())
            .or_else(|| self.node.setting("incremental_predicates"))
    }

    fn merge(
        &self,
        keys: &[String],
        arguments: &mut Vec<(&str, Argument)>,
    ) -> Result<&'static str, Diagnostic> {
        const SOURCE: &str = "DBT_INTERNAL_SOURCE";
        let dialect = self.dialect;
        let aliased: bool = dialect.property("merge_alias")?;
        let dest =
            if aliased { "DBT_INTERNAL_DEST".to_string() } else { self.node.relation.to_string() };
        let mut on: Vec<Sql> = texts(self.predicates())
            .iter()
            .map(|predicate| {
                if aliased {
                    predicate.clone()
                } else {
                    predicate.replace("DBT_INTERNAL_DEST", &dest)
                }
            })
            .map(|predicate| Sql(format!("({}", ended(&predicate, ")"))))
            .collect();
        on.extend(keys.iter().map(|key| Sql(format!("({SOURCE}.{key} = {dest}.{key})"))));
        let on = with(&on[0].0, &on[1..]);
        arguments.push(("on", Sql(on).value()));
        let Some(known) = self.columns else {
            if dialect.has("merge_unnamed") {
                return Ok("merge_unnamed");
            }
            return Err(self.unnamed("merge"));
        };
        let updated = self.updated(known)?;
        let expressions = self.merge_key("expressions")?.and_then(Value::as_object);
        let mut updates = Vec::new();
        for (name, expression) in expressions.into_iter().flatten() {
            updates.push(format!("{} = {}", dialect.column(name, false)?, scalar(expression)));
        }
        let is_set = |name: &String| {
            expressions.is_some_and(|all| {
                all.keys()
                    .any(|key| key.trim_matches('"').eq_ignore_ascii_case(name.trim_matches('"')))
            })
        };
        updates.extend(
            updated
                .iter()
                .filter(|name| !is_set(name))
                .map(|name| format!("{name} = {SOURCE}.{name}")),
        );
        let matched = match updates.is_empty() {
            true => Sql::default(),
            false => {
                let condition = self.merge_condition("update")?;
                dialect.sql(
                    "merge_matched",
                    &[
                        ("updates", Sql(updates.join(",\n    ")).value()),
                        ("update_condition", condition.value()),
                    ],
                )?
            }
        };
        arguments.push(("insert_condition", self.merge_condition("insert")?.value()));
        let name = |column: &ResultColumn| {
            Ok(format!("{SOURCE}.{}", dialect.column(&column.name, column.quoted)?))
        };
        let values: Vec<String> = known.iter().map(name).collect::<Result<_, Diagnostic>>()?;
        arguments.push(("matched", matched.value()));
        arguments.push(("values", Sql(values.join(", ")).value()));
        Ok("incremental_merge")
    }

    /// What the key of the dialect for this part of a merge is set to.
    fn merge_key(&self, part: &str) -> Result<Option<&Value>, Diagnostic> {
        let keys: Option<BTreeMap<String, String>> =
            self.dialect.property("merge_condition_keys")?;
        let key = keys.as_ref().and_then(|keys| keys.get(part));
        Ok(key.and_then(|key| self.node.setting(key)).filter(|value| !value.is_null()))
    }

    fn has_merge_conditions(&self) -> Result<bool, Diagnostic> {
        let keys: Option<BTreeMap<String, String>> =
            self.dialect.property("merge_condition_keys")?;
        Ok(keys
            .iter()
            .flatten()
            .any(|(_, key)| self.node.setting(key).is_some_and(|value| !value.is_null())))
    }

    /// The condition of a merge's update or insert, which all of a list must meet.
    fn merge_condition(&self, part: &str) -> Result<Sql, Diagnostic> {
        let conditions = texts(self.merge_key(part)?);
        let all = conditions.iter().map(|condition| {
            Ok(self
                .dialect
                .sql("and_condition", &[("condition", Sql(ended(condition, "")).value())])?
                .0)
        });
        Ok(Sql(all.collect::<Result<Vec<_>, Diagnostic>>()?.concat()))
    }

    /// The columns that a merge changes in rows that are there: `merge_update_columns`, or all but
    /// `merge_exclude_columns`.
    fn updated(&self, known: &[ResultColumn]) -> Result<Vec<String>, Diagnostic> {
        let only = texts(self.node.setting("merge_update_columns"));
        let except = texts(self.node.setting("merge_exclude_columns"));
        if !only.is_empty() && !except.is_empty() {
            return Err(Diagnostic::error(format!(
                "`{}` sets both `merge_update_columns` and `merge_exclude_columns`",
                self.node.name
            ))
            .at(place(self.node, "merge_exclude_columns"))
            .hint("keep one of the two"));
        }
        let is = |column: &ResultColumn, name: &String| {
            self.dialect.same_column((&column.name, column.quoted), (name, false))
        };
        for (key, name) in only
            .iter()
            .map(|name| ("merge_update_columns", name))
            .chain(except.iter().map(|name| ("merge_exclude_columns", name)))
        {
            if !known
                .iter()
                .map(|column| is(column, name))
                .collect::<Result<Vec<_>, _>>()?
                .contains(&true)
            {
                let names: Vec<&str> = known.iter().map(|column| column.name.as_str()).collect();
                return Err(Diagnostic::error(format!(
                    "`{key}` of `{}` names `{name}`, which its query does not give",
                    self.node.name
                ))
                .at(place(self.node, key))
                .hint(format!("it gives `{}`", names.join("`, `"))));
            }
        }
        let mut updated = Vec::new();
        for column in known {
            let among = |names: &[String]| -> Result<bool, Diagnostic> {
                Ok(names
                    .iter()
                    .map(|name| is(column, name))
                    .collect::<Result<Vec<_>, _>>()?
                    .contains(&true))
            };
            let is_updated = if only.is_empty() { !among(&except)? } else { among(&only)? };
            if is_updated {
                updated.push(self.dialect.column(&column.name, column.quoted)?.0);
            }
        }
        Ok(updated)
    }

    /// Which overwrite it is: of the whole table, of the partitions that the new rows are in, or of
    /// those that are named.
    fn overwrite(&self, arguments: &mut Vec<(&str, Argument)>) -> Result<&'static str, Diagnostic> {
        let dialect = self.dialect;
        let partition_by =
            self.node.config.get("partition_by").filter(|partition| !partition.value.is_null());
        let partition = partition_by.map(|setting| &setting.value);
        if dialect.has("incremental_insert_overwrite_named") {
            let Some(Value::Object(partition)) = partition else {
                return Err(Diagnostic::error(format!(
                    "`{}` overwrites partitions, and has no `partition_by`",
                    self.node.name
                ))
                .at(place(self.node, "incremental_strategy"))
                .hint("add `partition_by={'field': '…', 'data_type': 'date'}`, or use `merge`"));
            };
            if self.columns.is_none() {
                return Err(self.unnamed("insert_overwrite"));
            }
            let word = |key: &str, usual: &str| {
                partition.get(key).and_then(Value::as_str).unwrap_or(usual).to_lowercase()
            };
            let (data_type, granularity) = (word("data_type", "date"), word("granularity", "day"));
            let exact = format!("partition_value_{data_type}_{granularity}");
            let name =
                if dialect.has(&exact) { exact } else { format!("partition_value_{data_type}") };
            let field = partition.get("field").and_then(Value::as_str).unwrap_or_default();
            let value = [
                ("field", dialect.column(field, false)?.value()),
                ("granularity", Sql(granularity).value()),
            ];
            arguments.push(("partition", dialect.sql(&name, &value)?.value()));
            let named = texts(self.node.setting("partitions"));
            if named.is_empty() {
                return Ok("incremental_insert_overwrite");
            }
            arguments.push(("partitions", Sql(named.join(", ")).value()));
            return Ok("incremental_insert_overwrite_named");
        }
        match partition {
            Some(partition) if dialect.has("incremental_insert_overwrite_partitions") => {
                arguments.push(("partition", Sql(texts(Some(partition)).join(", ")).value()));
                Ok("incremental_insert_overwrite_partitions")
            }
            _ => Ok("incremental_insert_overwrite"),
        }
    }

    fn unnamed(&self, strategy: &str) -> Diagnostic {
        Diagnostic::error(format!(
            "`{strategy}` needs the columns of `{}`, and its query does not show them",
            self.node.name
        ))
        .at(self.node.file.line(1))
        .hint("name the columns in the last `select` instead of `*`")
    }
}

fn place(node: &Node, key: &str) -> Location {
    let set = [key, "materialized"]
        .iter()
        .find_map(|key| node.config.get(*key).filter(|set| !set.value.is_null()));
    set.map_or_else(|| node.file.line(1), |set| set.at.clone())
}

/// A text, or a list of them.
fn texts(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::String(text)) if !text.trim().is_empty() => vec![text.clone()],
        Some(Value::Array(items)) => {
            items.iter().filter_map(Value::as_str).map(str::to_string).collect()
        }
        _ => Vec::new(),
    }
}
