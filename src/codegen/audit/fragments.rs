//! The fragments of an audit's statement, each from one macro of the dialect: the batch of a row,
//! the rows of the query, of the inputs, keys and sums.

use std::ops::Range;

use minijinja::Value;

use super::{AuditInput, Comparison, NOT_COMPARED, QueryReuse, RowContent, describe_comparison};
use crate::codegen::predicates::window_predicate;
use crate::codegen::query_text::{author_query, split_ctes};
use crate::config::{EventTime, name_of};
use crate::diagnostics::Diagnostic;
use crate::dialect::{BatchTemplate, Dialect, Slot, Sql};

/// The labels of rows without batch; no batch has such a label.
pub(super) const NO_TIME: &str = "no event time";
pub(super) const BEFORE: &str = "before begin";
/// The column with a row as one value.
const ROW: &str = "audit_row";

pub(super) struct AuditFragments<'a> {
    pub input: &'a AuditInput<'a>,
    /// Whether this statement also selects rows without a window.
    pub first: bool,
    pub predicates: Vec<Sql>,
}

impl AuditFragments<'_> {
    pub fn statement(
        &self,
        comparison: Comparison,
        group: &Range<usize>,
    ) -> Result<String, Diagnostic> {
        let input = self.input;
        let dialect = input.dialect;
        let columns = self.columns(false);
        let time = self.time(&input.settings.event_time)?;
        let has_content = !matches!(input.content, RowContent::Counts);
        let ok = if comparison == Comparison::Nothing { NOT_COMPARED } else { input.content.ok() };
        let (in_target, in_query) = self.row()?;
        let (sums, sum_names) = self.sums()?;
        let carried = match (&in_query, sums.0.is_empty()) {
            (Some(row), _) => row.clone(),
            (None, true) => columns.clone(),
            (None, false) => self.columns(true),
        };
        let selected = match &in_query {
            Some(row) => row.clone(),
            None => self.selected(!sums.0.is_empty())?,
        };
        let named = if in_query.is_some() { Sql(format!(", {ROW}")) } else { carried.clone() };
        let whole = matches!(comparison, Comparison::BatchesAndRange | Comparison::Range);
        let (ctes, body) = split_ctes(dialect, input.query);
        let by_batch = match comparison {
            Comparison::Range | Comparison::Nothing => Sql::default(),
            _ => self.rows_by_batch(group, &time, &selected, whole)?,
        };
        let in_range = self.label(&time, false)?;
        let arguments = [
            ("ctes", Value::from_safe_string(if whole { ctes } else { String::new() })),
            ("batches", self.batches()?.value()),
            ("label", self.label(&time, true)?.value()),
            ("target", self.target()?.value()),
            ("keys", self.keys()?.value()),
            ("target_columns", in_target.unwrap_or_else(|| selected.clone()).value()),
            ("columns", named.value()),
            ("groups", if in_query.is_some() { named.value() } else { columns.value() }),
            ("model", dialect.string(name_of(&input.node.unique_id)).value()),
            ("ok", dialect.string(ok).value()),
            ("compared", dialect.string(&describe_comparison(input, comparison)).value()),
            ("unasked", bit(comparison == Comparison::Nothing)),
            ("where", self.row_filter(&time, true)?.value()),
            ("own", by_batch.value()),
            (
                "whole",
                if whole {
                    self.whole(&in_range, &body, &selected, by_batch.0.is_empty())?
                } else {
                    Sql::default()
                }
                .value(),
            ),
            (
                "doubled",
                if has_content { dialect.sql("audit_doubled", &[])?.value() } else { bit(false) },
            ),
            ("key_counts", self.key_counts()?.value()),
            ("inputs", self.inputs()?.value()),
            (
                "query_rows",
                dialect
                    .sql(
                        if comparison == Comparison::Nothing {
                            "null_value"
                        } else {
                            "audit_query_rows"
                        },
                        &[],
                    )?
                    .value(),
            ),
            ("sums", sums.value()),
            (
                "and_sums",
                if sums.0.is_empty() {
                    Sql::default()
                } else {
                    dialect.sql("audit_and_sums", &[])?
                }
                .value(),
            ),
            ("sum_names", sum_names.value()),
            ("last", dialect.sql("audit_table", &[])?.value()),
        ];
        Ok(dialect.sql("audit", &arguments)?.0)
    }

    /// The target, with an alias if rows are compared as values.
    fn target(&self) -> Result<Sql, Diagnostic> {
        let relation = Sql(self.input.relation.to_string());
        match self.input.content {
            RowContent::Row => {
                self.input.dialect.sql("audit_named", &[("relation", relation.value())])
            }
            _ => Ok(relation),
        }
    }

    /// If rows are compared as values: the value of a row of the target and of the query, each
    /// after a comma.
    fn row(&self) -> Result<(Option<Sql>, Option<Sql>), Diagnostic> {
        if !matches!(self.input.content, RowContent::Row) {
            return Ok((None, None));
        }
        let value = |alias: &str| {
            let row = self
                .input
                .dialect
                .sql("audit_row", &[("alias", Value::from_safe_string(alias.to_string()))])?;
            Ok::<_, Diagnostic>(Some(Sql(format!(", {row} as {ROW}"))))
        };
        Ok((value("audit_table")?, value("audit_query")?))
    }

    fn batches(&self) -> Result<Sql, Diagnostic> {
        let dialect = self.input.dialect;
        let line = |name: &Sql| dialect.sql("audit_batch", &[("batch", name.value())]);
        let and = dialect.sql("audit_and_batch", &[])?;
        let mut lines = format!(
            "{}{}{}\n  {and} {}",
            Slot::EachBatch,
            line(&batch_label(dialect))?,
            Slot::Between,
            Slot::EachEnd
        );
        if self.first {
            for name in [NO_TIME, BEFORE] {
                lines.push_str(&format!("\n  {and} {}", line(&dialect.string(name))?));
            }
        }
        Ok(Sql(lines))
    }

    /// The label of the batch of a row, by its event time; null for a row without batch.
    pub(super) fn label(&self, time: &TimeConditions, before: bool) -> Result<Sql, Diagnostic> {
        let dialect = self.input.dialect;
        let branch = |condition: &Sql, batch: &Sql| {
            Ok::<_, Diagnostic>(format!(
                "\n      {}",
                dialect.sql(
                    "audit_branch",
                    &[("condition", condition.value()), ("batch", batch.value())]
                )?
            ))
        };
        let mut branches = format!(
            "{}{}{}",
            Slot::EachBatch,
            branch(&time.window, &batch_label(dialect))?,
            Slot::EachEnd
        );
        if self.first {
            branches.push_str(&branch(&time.is_null, &dialect.string(NO_TIME))?);
            if before {
                branches.push_str(&branch(&time.before, &dialect.string(BEFORE))?);
            }
        }
        dialect.sql("audit_label", &[("branches", Sql(format!("{branches}\n    ")).value())])
    }

    /// The condition for rows of the range and rows without window; for the target with the model's
    /// predicates.
    pub(super) fn row_filter(
        &self,
        time: &TimeConditions,
        target: bool,
    ) -> Result<Sql, Diagnostic> {
        let dialect = self.input.dialect;
        let join = |name: &str, conditions: Sql, condition: &Sql| {
            dialect
                .sql(name, &[("conditions", conditions.value()), ("condition", condition.value())])
        };
        let mut conditions = time.window.clone();
        if self.first {
            conditions = join("audit_either", conditions, &time.is_null)?;
            if target {
                conditions = join("audit_either", conditions, &time.before)?;
            }
        }
        if target {
            for predicate in &self.predicates {
                conditions = join("audit_also", conditions, predicate)?;
            }
        }
        dialect.sql("audit_where", &[("conditions", conditions.value())])
    }

    /// The predicates only, for rows of the query.
    fn predicate_filter(&self) -> Result<Sql, Diagnostic> {
        let dialect = self.input.dialect;
        let Some((first, further)) = self.predicates.split_first() else {
            return Ok(Sql::default());
        };
        let also = |conditions: Sql, condition: &Sql| {
            dialect.sql(
                "audit_also",
                &[("conditions", conditions.value()), ("condition", condition.value())],
            )
        };
        let conditions = further.iter().try_fold(first.clone(), also)?;
        dialect.sql("audit_where", &[("conditions", conditions.value())])
    }

    /// The query's rows of each batch.
    fn rows_by_batch(
        &self,
        group: &Range<usize>,
        time: &TimeConditions,
        columns: &Sql,
        whole: bool,
    ) -> Result<Sql, Diagnostic> {
        let input = self.input;
        let inside = input.dialect.sql("audit_inside", &[("window", time.window.value())])?;
        let part = |query: Value| {
            let arguments = [
                ("batch", batch_label(input.dialect).value()),
                ("inside", inside.value()),
                ("in_whole", if whole { bit(false) } else { inside.value() }),
                ("columns", columns.value()),
                ("query", query),
                ("where", self.predicate_filter()?.value()),
            ];
            Ok::<_, Diagnostic>(input.dialect.sql("audit_batch_rows", &arguments)?.0)
        };
        match input.reuse {
            QueryReuse::Texts(texts) => {
                let parts = group.clone().map(|index| {
                    let window = input.cover.windows[index];
                    let label = input.cover.naming.label(window);
                    Ok(BatchTemplate::new(
                        &part(author_query(&texts[index]))?,
                        input.settings.timezone,
                    )
                    .fill(&window, &label))
                });
                Ok(Sql(parts.collect::<Result<Vec<String>, Diagnostic>>()?.join("\n")))
            }
            _ => Ok(Sql(format!(
                "{}{}{}\n{}",
                Slot::EachBatch,
                part(author_query(input.query))?,
                Slot::Between,
                Slot::EachEnd
            ))),
        }
    }

    /// The query's rows of the whole range.
    fn whole(
        &self,
        label: &Sql,
        query: &Value,
        columns: &Sql,
        alone: bool,
    ) -> Result<Sql, Diagnostic> {
        let arguments = [
            ("label", label.value()),
            ("alone", bit(alone)),
            ("columns", columns.value()),
            ("query", query.clone()),
            ("where", self.predicate_filter()?.value()),
        ];
        self.input.dialect.sql("audit_range_rows", &arguments)
    }

    fn keys(&self) -> Result<Sql, Diagnostic> {
        let dialect = self.input.dialect;
        let mut keys = String::new();
        for (number, key) in self.input.settings.unique_key.iter().enumerate() {
            let key = dialect.event_time(key, false);
            keys.push_str(
                &dialect
                    .sql("audit_key", &[("key", key.value()), ("name", key_name(number).value())])?
                    .0,
            );
        }
        Ok(Sql(keys))
    }

    fn key_counts(&self) -> Result<Sql, Diagnostic> {
        let dialect = self.input.dialect;
        let names: Vec<Sql> = (0..self.input.settings.unique_key.len()).map(key_name).collect();
        let is_null = |name: &Sql| dialect.sql("audit_no_time", &[("column", name.value())]);
        let Some((first, further)) = names.split_first() else {
            return dialect.sql("audit_no_keys", &[]);
        };
        let mut any = is_null(first)?;
        for name in further {
            any = dialect.sql(
                "audit_either",
                &[("conditions", any.value()), ("condition", is_null(name)?.value())],
            )?;
        }
        let listed: Vec<&str> = names.iter().map(|name| name.0.as_str()).collect();
        dialect.sql(
            "audit_keys",
            &[("names", Value::from_safe_string(listed.join(", "))), ("is_null", any.value())],
        )
    }

    fn inputs(&self) -> Result<Sql, Diagnostic> {
        let dialect = self.input.dialect;
        let mut all = Sql::default();
        for (relation, event_time) in self.input.inputs {
            let time = self.time(event_time)?;
            let arguments = [
                ("label", self.label(&time, false)?.value()),
                ("relation", Value::from_safe_string(relation.clone())),
                ("where", self.row_filter(&time, false)?.value()),
            ];
            let input = dialect.sql("audit_input", &arguments)?;
            all = match all.0.is_empty() {
                true => input,
                false => dialect
                    .sql("audit_and_input", &[("inputs", all.value()), ("input", input.value())])?,
            };
        }
        match all.0.is_empty() {
            true => dialect.sql("audit_no_inputs", &[]),
            false => dialect.sql("audit_inputs", &[("inputs", all.value())]),
        }
    }

    pub(super) fn time(&self, event_time: &EventTime) -> Result<TimeConditions, Diagnostic> {
        let input = self.input;
        let dialect = input.dialect;
        let column = dialect.event_time(&event_time.column, event_time.quote);
        let kind = event_time.time_type()?;
        let before = BatchTemplate::new(&dialect.before(&column, kind)?.0, input.settings.timezone)
            .fill(&input.begin.window, &input.begin.label);
        Ok(TimeConditions {
            window: window_predicate(dialect, event_time)?,
            is_null: dialect.sql("audit_no_time", &[("column", column.value())])?,
            before: Sql(before),
        })
    }
}

/// Conditions on an event time.
pub(super) struct TimeConditions {
    window: Sql,
    is_null: Sql,
    before: Sql,
}

/// The label of the batch as a string, with a slot.
fn batch_label(dialect: &Dialect) -> Sql {
    dialect.string(&Slot::Label.to_string())
}

fn key_name(number: usize) -> Sql {
    Sql(format!("audit_key_{}", number + 1))
}

fn bit(yes: bool) -> Value {
    Value::from_safe_string(u8::from(yes).to_string())
}
