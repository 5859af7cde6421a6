//! Chooses the strategy for one model: by the table's format, and by whether every window is
//! provably a whole number of the table's partitions. Rejects a model with unaligned windows if the
//! engine can overwrite its table only by whole partitions.

use chrono_tz::Tz;
use serde_json::Value;

use super::adapter_config::reject_values;
use super::table_format::format_variant;
use crate::calendar::{Grain, Window};
use crate::config::{Microbatch, Node, OutsideWindow, keys};
use crate::diagnostics::Diagnostic;
use crate::dialect::{Dialect, PartitionForm, TimeType};
use crate::inject;

/// How the batches of one model are written.
#[derive(Clone, Debug, PartialEq)]
pub struct Strategy {
    /// The macro is `overwrite_<variant>`.
    pub variant: Option<String>,
    /// The description in the manifest and in headers of files.
    pub label: String,
    pub atomic: bool,
    /// The partitions that make up each window.
    pub partition: Option<Partition>,
}

/// The partitioning of a table, if the event time alone determines the partition of a row.
#[derive(Clone, Debug, PartialEq)]
pub struct Partition {
    /// The column with the partition's value; `None` if the engine computes it.
    pub column: Option<String>,
    pub grain: Grain,
    /// The macro for a partition's value.
    pub literal: String,
    /// Further partition columns.
    pub others: Vec<String>,
}

/// The input for choosing a strategy.
pub struct StrategyInput<'a> {
    pub node: &'a Node,
    pub settings: &'a Microbatch,
    pub mode: OutsideWindow,
    pub windows: &'a [Window],
    /// The query without filters.
    pub query: &'a str,
}

/// The strategy for a model's batches.
pub fn strategy(dialect: &Dialect, input: &StrategyInput) -> Result<Strategy, Diagnostic> {
    reject_values(dialect, input.node)?;
    let by_format = format_variant(dialect, input.node);
    require_partition_filter(dialect, input)?;
    let partition = partition_alignment(dialect, input)?
        .filter(|partition| is_aligned(input.windows, partition.grain));
    let variant = match by_format {
        Some(variant) => Some(variant),
        None => dialect.batches.aligned.clone(),
    };
    let Some(variant) = variant else { return Ok(variant_strategy(dialect, None, partition)) };
    let properties = dialect.strategy_of(Some(&variant));
    if !properties.by_partitions {
        return Ok(variant_strategy(dialect, Some(variant), partition));
    }
    let able =
        properties.modes.contains(&input.mode) && input.settings.incremental_predicates.is_empty();
    match (partition, properties.needs_partitions) {
        (Some(partition), _) if able => {
            Ok(variant_strategy(dialect, Some(variant), Some(partition)))
        }
        (_, false) => Ok(variant_strategy(dialect, None, None)),
        (partition, true) => Err(unaligned_error(dialect, input, partition.is_some())),
    }
}

fn partition_alignment(
    dialect: &Dialect,
    input: &StrategyInput,
) -> Result<Option<Partition>, Diagnostic> {
    aligned_partition(dialect, input.node, input.settings, input.query)
}

/// Rejects a table that requires a partition filter if the window does not imply one.
fn require_partition_filter(dialect: &Dialect, input: &StrategyInput) -> Result<(), Diagnostic> {
    let node = input.node;
    if !node.is_set(keys::REQUIRE_PARTITION_FILTER) {
        return Ok(());
    }
    let Some(key) = &dialect.batches.partition_key else { return Ok(()) };
    let cut = node.setting(key).map(partition_columns).unwrap_or_default();
    let event_time = &input.settings.event_time.column;
    let known = cut.iter().any(|column| column.eq_ignore_ascii_case(event_time))
        || partition_alignment(dialect, input)?
            .is_some_and(|partition| is_aligned(input.windows, partition.grain));
    if known || cut.is_empty() {
        return Ok(());
    }
    let column = cut.join("`, `");
    Err(Diagnostic::error(format!(
        "`{}` requires a filter on `{column}`, which a window of `{event_time}` does not imply",
        node.name
    ))
    .at(node.location_of(keys::REQUIRE_PARTITION_FILTER))
    .hint(format!(
        "partition by `{event_time}`, or derive the field from it in the last `select`: \
        `date({event_time}) as {column}`"
    ))
    .hint("or remove `require_partition_filter`"))
}

fn variant_strategy(
    dialect: &Dialect,
    variant: Option<String>,
    partition: Option<Partition>,
) -> Strategy {
    let properties = dialect.strategy_of(variant.as_deref());
    Strategy { label: properties.strategy.clone(), atomic: properties.atomic, variant, partition }
}

/// The partitions of the table, if its configuration and the query prove that the event time
/// determines them. `query` has no filters.
pub fn aligned_partition(
    dialect: &Dialect,
    node: &Node,
    settings: &Microbatch,
    query: &str,
) -> Result<Option<Partition>, Diagnostic> {
    let event_time = &settings.event_time;
    let is_date = *event_time.time_type()? == TimeType::Date;
    let key = dialect.batches.partition_key.as_ref();
    let Some(value) = key.and_then(|key| node.setting(key)) else { return Ok(None) };
    // Partitions begin at midnight UTC, unless they are the local days of a date column.
    if settings.timezone != Tz::UTC && !is_date {
        return Ok(None);
    }
    let mut forms: Vec<&PartitionForm> = dialect.batches.partitions.iter().collect();
    let declared = event_time.data_type.as_deref().unwrap_or_default().to_lowercase();
    if is_date || declared.contains("'utc'") {
        forms.extend(&dialect.batches.partitions_of_utc);
    }
    let event_time_column = event_time.column.to_lowercase();
    if dialect.batches.partition_is_expression {
        let Some(text) = single(value) else { return Ok(None) };
        return Ok(match_form(&forms, &plain_text(&text), &[event_time_column]).map(
            |(grain, literal)| Partition { column: None, grain, literal, others: Vec::new() },
        ));
    }
    let parser = inject::parser(&dialect.syntax.parser);
    let mut sources = vec![event_time_column.clone()];
    sources.extend(inject::column_expression(query, &*parser, &event_time.column));
    let columns = partition_columns(value);
    let aligned = columns.iter().find_map(|column| {
        let by_day = (column.to_lowercase() == event_time_column && is_date)
            .then(|| (Grain::Day, "date".to_string()));
        let (grain, literal) = by_day.or_else(|| {
            match_form(&forms, &inject::column_expression(query, &*parser, column)?, &sources)
        })?;
        Some((column.clone(), grain, literal))
    });
    Ok(aligned.map(|(column, grain, literal)| {
        let others = columns.into_iter().filter(|other| *other != column).collect();
        Partition { column: Some(column), grain, literal, others }
    }))
}

/// The grain and the literal of the first form that matches the text; `{}` in a form represents one
/// of the sources.
fn match_form(forms: &[&PartitionForm], text: &str, sources: &[String]) -> Option<(Grain, String)> {
    let matched = forms
        .iter()
        .find(|(form, ..)| sources.iter().any(|source| form.replace("{}", source) == text));
    matched.and_then(|(_, grain, literal)| Some((Grain::parse(grain)?, literal.clone())))
}

/// The names in `partition_by`: one, a list, or a dict with `field`.
pub fn partition_columns(value: &Value) -> Vec<String> {
    match value {
        Value::String(name) => name.split(',').map(|name| name.trim().to_string()).collect(),
        Value::Array(items) => {
            items.iter().filter_map(|item| item.as_str().map(str::to_string)).collect()
        }
        Value::Object(fields) => {
            fields.get("field").and_then(Value::as_str).map(str::to_string).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

fn single(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Array(items) if items.len() == 1 => items[0].as_str().map(str::to_string),
        _ => None,
    }
}

/// Lower case, without quotes, one space after each comma.
fn plain_text(text: &str) -> String {
    let text: String = text
        .to_lowercase()
        .chars()
        .filter(|char| !char.is_whitespace() && *char != '`' && *char != '"')
        .collect();
    text.replace(',', ", ")
}

/// Whether each window begins and ends at a partition boundary.
fn is_aligned(windows: &[Window], grain: Grain) -> bool {
    let begins = |at| grain.floor(at, Tz::UTC) == at;
    windows.iter().all(|window| begins(window.start) && begins(window.end))
}

fn unaligned_error(dialect: &Dialect, input: &StrategyInput, aligned: bool) -> Diagnostic {
    let node = input.node;
    let event_time = &input.settings.event_time;
    let key = dialect.batches.partition_key.as_deref().unwrap_or_default();
    let at =
        node.config.get(key).map_or_else(|| event_time.at.clone(), |setting| setting.at.clone());
    let column = &event_time.column;
    let refusal = |why: &str| {
        Diagnostic::error(format!(
            "{} can overwrite a table of this format only by whole partitions, and {why}",
            dialect.name
        ))
        .at(at.clone())
        .note(format!("of `{}`, whose `event_time` is `{column}`", node.name))
    };
    let transactional = "or choose a table format with transactions: `file_format='iceberg'` or \
        `file_format='delta'`";
    if aligned && !input.settings.incremental_predicates.is_empty() {
        return refusal("`incremental_predicates` would keep a part of one").hint(transactional);
    }
    if aligned {
        return refusal("rows outside of the window would be lost with them")
            .hint("use `outside_window: error` or `drop`")
            .hint(transactional);
    }
    match node.setting(key).filter(|value| !value.is_null()) {
        None => refusal(&format!("the model sets no `{key}`")),
        Some(value) => refusal(&format!(
            "a window is not provably a whole number of partitions of `{key}`: `{}`",
            partition_columns(value).join("`, `")
        )),
    }
    .hint(format!(
        "select `cast({column} as date) as {column}_day` in the last `select`, and set \
        `{key}='{column}_day'`; a window of hours is not a whole day"
    ))
    .hint(transactional)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeZone;

    #[test]
    fn a_window_is_whole_days() {
        let at = |day, hour| chrono::Utc.with_ymd_and_hms(2024, 9, day, hour, 0, 0).unwrap();
        assert!(is_aligned(&[Window { start: at(1, 0), end: at(3, 0) }], Grain::Day));
        assert!(!is_aligned(&[Window { start: at(1, 0), end: at(3, 0) }], Grain::Month));
        assert!(!is_aligned(&[Window { start: at(1, 0), end: at(1, 1) }], Grain::Day));
    }

    #[test]
    fn a_partition_is_known_by_its_form() {
        let form = ("cast({} as date)".to_string(), "day".to_string(), "date".to_string());
        let forms = [&form];
        let sources = ["at".to_string(), "min(e.at)".to_string()];
        assert_eq!(
            match_form(&forms, "cast(min(e.at) as date)", &sources),
            Some((Grain::Day, "date".to_string()))
        );
        assert_eq!(match_form(&forms, "cast(loaded_at as date)", &sources), None);
        assert_eq!(plain_text("toYYYYMM( `at`,'UTC' )"), "toyyyymm(at, 'utc')");
    }
}
