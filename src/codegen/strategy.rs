//! Which of its ways a dialect takes for one model: by the table's format, and by whether every
//! window provably is a whole number of the table's partitions. Refuses a model that the engine can
//! only overwrite by whole partitions, where they are not.

use chrono_tz::Tz;
use serde_json::Value;

use super::adapter_config::refuse_values;
use super::outside_window::word;
use crate::calendar::{Grain, Window};
use crate::config::{Microbatch, Node, OutsideWindow};
use crate::diagnostics::Diagnostic;
use crate::dialect::{Dialect, TimeType};
use crate::inject;

/// How the batches of one model are written.
#[derive(Clone, Debug, PartialEq)]
pub struct Strategy {
    /// The macro is `overwrite_<variant>`, facts may be `<fact>_<variant>`.
    pub variant: Option<String>,
    /// For people: the manifest, the header of a file.
    pub words: String,
    pub atomic: bool,
    /// The partitions that each window is made of.
    pub partition: Option<Partition>,
}

/// How a table is cut, where the event time alone says which rows are in which part.
#[derive(Clone, Debug, PartialEq)]
pub struct Partition {
    /// The column that holds the partition's value; none where the engine computes it.
    pub column: Option<String>,
    pub grain: Grain,
    /// The macro that writes a partition's value.
    pub literal: String,
    /// Further columns by which the table is cut.
    pub others: Vec<String>,
}

/// What is known of a model when its strategy is chosen.
pub struct StrategyInput<'a> {
    pub node: &'a Node,
    pub settings: &'a Microbatch,
    pub mode: OutsideWindow,
    pub windows: &'a [Window],
    /// The query without filters.
    pub query: &'a str,
}

/// The strategy for a model's batches.
pub fn strategy(dialect: &Dialect, about: &StrategyInput) -> Result<Strategy, Diagnostic> {
    refuse_values(dialect, about.node)?;
    let by_format = by_format(dialect, about.node)?;
    shown(dialect, about)?;
    let partition =
        proven(dialect, about)?.filter(|partition| whole(about.windows, partition.grain));
    let variant = match by_format {
        Some(variant) => Some(variant),
        None => dialect.property::<Option<String>>("aligned")?,
    };
    let Some(variant) = variant else { return plain(dialect, None, partition) };
    if !dialect.property_of::<bool>("by_partitions", Some(&variant))? {
        return plain(dialect, Some(variant), partition);
    }
    let modes: Vec<String> = dialect.property_of("modes", Some(&variant))?;
    let able = modes.iter().any(|mode| mode == word(about.mode))
        && about.settings.incremental_predicates.is_empty();
    match (partition, dialect.property_of::<bool>("needs_partitions", Some(&variant))?) {
        (Some(partition), _) if able => plain(dialect, Some(variant), Some(partition)),
        (_, false) => plain(dialect, None, None),
        (partition, true) => Err(refused(dialect, about, partition.is_some())),
    }
}

fn proven(dialect: &Dialect, about: &StrategyInput) -> Result<Option<Partition>, Diagnostic> {
    partition(dialect, about.node, about.settings, about.query)
}

/// Refuses a table that can only be read by its partition column, where the window says nothing of
/// that column.
fn shown(dialect: &Dialect, about: &StrategyInput) -> Result<(), Diagnostic> {
    let node = about.node;
    let Some(setting) = node
        .config
        .get("require_partition_filter")
        .filter(|setting| setting.value == Value::Bool(true))
    else {
        return Ok(());
    };
    let Some(key) = dialect.property::<Option<String>>("partition_key")? else { return Ok(()) };
    let cut = node.setting(&key).map(columns).unwrap_or_default();
    let event_time = &about.settings.event_time.column;
    let known = cut.iter().any(|column| column.eq_ignore_ascii_case(event_time))
        || proven(dialect, about)?.is_some_and(|partition| whole(about.windows, partition.grain));
    if known || cut.is_empty() {
        return Ok(());
    }
    let column = cut.join("`, `");
    Err(Diagnostic::error(format!(
        "`{}` requires a filter on `{column}`, and a window of \
        `{event_time}` is none",
        node.name
    ))
    .at(setting.at.clone())
    .hint(format!(
        "partition by `{event_time}`, or compute the field from it in the last \
            `select`: `date({event_time}) as {column}`"
    ))
    .hint("or leave `require_partition_filter` out"))
}

fn plain(
    dialect: &Dialect,
    variant: Option<String>,
    partition: Option<Partition>,
) -> Result<Strategy, Diagnostic> {
    Ok(Strategy {
        words: dialect.property_of("strategy", variant.as_deref())?,
        atomic: dialect.property_of("atomic", variant.as_deref())?,
        variant,
        partition,
    })
}

/// The variant for the table's format, as the adapter's own key names it.
pub fn by_format(dialect: &Dialect, node: &Node) -> Result<Option<String>, Diagnostic> {
    let Some(key) = dialect.property::<Option<String>>("format_key")? else { return Ok(None) };
    let formats: serde_json::Map<String, Value> = dialect.property("formats")?;
    let format = node.setting(&key).and_then(Value::as_str).unwrap_or_default().to_lowercase();
    let found = formats.get(&format).or_else(|| formats.get("")).and_then(Value::as_str);
    Ok(found.map(str::to_string))
}

/// The partitions of the table, if its configuration and the query prove how the event time decides
/// them. `query` has no filters.
pub fn partition(
    dialect: &Dialect,
    node: &Node,
    settings: &Microbatch,
    query: &str,
) -> Result<Option<Partition>, Diagnostic> {
    let event_time = &settings.event_time;
    let is_date = *event_time.time_type()? == TimeType::Date;
    let key: Option<String> = dialect.property("partition_key")?;
    let Some(value) = key.and_then(|key| node.setting(&key)) else { return Ok(None) };
    // Partitions are cut at UTC's midnight, unless they hold the local days of a column of dates.
    if settings.timezone != Tz::UTC && !is_date {
        return Ok(None);
    }
    let mut forms: Vec<(String, String, String)> = dialect.property("partitions")?;
    let declared = event_time.data_type.as_deref().unwrap_or_default().to_lowercase();
    if is_date || declared.contains("'utc'") {
        forms.extend(dialect.property::<Vec<(String, String, String)>>("partitions_of_utc")?);
    }
    let own = event_time.column.to_lowercase();
    if dialect.property("partition_is_expression")? {
        let Some(text) = one(value) else { return Ok(None) };
        return Ok(matching(&forms, &plain_text(&text), &[own]).map(|(grain, literal)| {
            Partition { column: None, grain, literal, others: Vec::new() }
        }));
    }
    let parser = inject::parser(&dialect.property::<String>("parser")?);
    let mut sources = vec![own.clone()];
    sources.extend(inject::computed(query, &*parser, &event_time.column));
    let columns = columns(value);
    let proven = columns.iter().find_map(|column| {
        let by_day =
            (column.to_lowercase() == own && is_date).then(|| (Grain::Day, "date".to_string()));
        let (grain, literal) = by_day
            .or_else(|| matching(&forms, &inject::computed(query, &*parser, column)?, &sources))?;
        Some((column.clone(), grain, literal))
    });
    Ok(proven.map(|(column, grain, literal)| {
        let others = columns.into_iter().filter(|other| *other != column).collect();
        Partition { column: Some(column), grain, literal, others }
    }))
}

/// The grain and the literal of the first form that a text has; `{}` in a form is one of the
/// sources.
fn matching(
    forms: &[(String, String, String)],
    text: &str,
    sources: &[String],
) -> Option<(Grain, String)> {
    let found = forms
        .iter()
        .find(|(form, ..)| sources.iter().any(|source| form.replace("{}", source) == text));
    found.and_then(|(_, grain, literal)| Some((Grain::parse(grain)?, literal.clone())))
}

/// The names in `partition_by`: one, a list, or BigQuery's `{'field': …}`.
pub fn columns(value: &Value) -> Vec<String> {
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

fn one(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Array(items) if items.len() == 1 => items[0].as_str().map(str::to_string),
        _ => None,
    }
}

/// Lower case, without quotes of names, one space after each comma.
fn plain_text(text: &str) -> String {
    let text: String = text
        .to_lowercase()
        .chars()
        .filter(|char| !char.is_whitespace() && *char != '`' && *char != '"')
        .collect();
    text.replace(',', ", ")
}

/// Whether each window begins and ends where a partition does.
fn whole(windows: &[Window], grain: Grain) -> bool {
    let begins = |at| grain.floor(at, Tz::UTC) == at;
    windows.iter().all(|window| begins(window.start) && begins(window.end))
}

fn refused(dialect: &Dialect, about: &StrategyInput, proven: bool) -> Diagnostic {
    let node = about.node;
    let event_time = &about.settings.event_time;
    let key: String = dialect.property("partition_key").unwrap_or_default();
    let at =
        node.config.get(&key).map_or_else(|| event_time.at.clone(), |setting| setting.at.clone());
    let column = &event_time.column;
    let refusal = |why: &str| {
        Diagnostic::error(format!(
            "{} can overwrite a table of this format only by whole partitions, and {why}",
            dialect.name
        ))
        .at(at.clone())
        .fact(format!("of `{}`, whose `event_time` is `{column}`", node.name))
    };
    let transactional = "or choose a table format with transactions: `file_format='iceberg'` or \
        `file_format='delta'`";
    if proven && !about.settings.incremental_predicates.is_empty() {
        return refusal("`incremental_predicates` would leave a part of one").hint(transactional);
    }
    if proven {
        return refusal("rows outside of the window would be lost with them")
            .hint("use `outside_window: error` or `drop`")
            .hint(transactional);
    }
    match node.setting(&key).filter(|value| !value.is_null()) {
        None => refusal(&format!("the model names none in `{key}`")),
        Some(value) => refusal(&format!(
            "nothing proves that a window is a whole number of those of `{key}`: \
                `{}`",
            columns(value).join("`, `")
        )),
    }
    .hint(format!(
        "select `cast({column} as date) as {column}_day` in the last `select`, and set \
        `{key}='{column}_day'`; a window of hours is no whole day"
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
        assert!(whole(&[Window { start: at(1, 0), end: at(3, 0) }], Grain::Day));
        assert!(!whole(&[Window { start: at(1, 0), end: at(3, 0) }], Grain::Month));
        assert!(!whole(&[Window { start: at(1, 0), end: at(1, 1) }], Grain::Day));
    }

    #[test]
    fn a_partition_is_known_by_its_form() {
        let forms = [("cast({} as date)".to_string(), "day".to_string(), "date".to_string())];
        let sources = ["at".to_string(), "min(e.at)".to_string()];
        assert_eq!(
            matching(&forms, "cast(min(e.at) as date)", &sources),
            Some((Grain::Day, "date".to_string()))
        );
        assert_eq!(matching(&forms, "cast(loaded_at as date)", &sources), None);
        assert_eq!(plain_text("toYYYYMM( `at`,'UTC' )"), "toyyyymm(at, 'utc')");
    }
}
