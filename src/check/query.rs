//! Rules that use the dataflow analysis: turns its results into diagnostics at the author's line.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::CheckContext;
use super::dataflow_findings::{cross_window_finding, named, volatile_finding};
use super::flow::{
    BatchWindows, Dataflow, FlowInput, NullReason, OutsideReason, Time, TimeKind, Value,
    WindowKeys, analyse, is_aggregate,
};
use super::rules::{CHANCE, LEAVES_WINDOW, NULL_EVENT_TIME, Rule, UNPARSED};
use super::source_map::author;
use crate::calendar::Grain;
use crate::config::{Node, OutsideWindow, keys};
use crate::diagnostics::{Diagnostic, Level};
use crate::dialect::TimeType;
use crate::inject;
use crate::project::Uniqueness;

/// The results of the rules for a query.
#[derive(Default)]
pub struct QueryFindings {
    pub findings: Vec<(Rule, Diagnostic)>,
    /// The unique ids of the inputs from which the rows come.
    pub driving: BTreeSet<String>,
    /// Whether it reads the model's table; `None` if the query cannot be parsed.
    pub own_table: Option<bool>,
}

/// Applies the rules to the query.
pub fn check_query(context: &CheckContext) -> QueryFindings {
    let windows =
        BatchWindows { grain: context.settings.batch_size, timezone: context.settings.timezone };
    let inputs = |id: &str| input(context, id);
    let look = |view: &inject::QueryView| {
        let dataflow = analyse(view, &inputs, windows, context.engine);
        let mut findings = event_time(context, &dataflow);
        findings.extend(
            dataflow.operations.iter().map(|operation| cross_window_finding(context, operation)),
        );
        findings.extend(dataflow.calls.iter().map(|call| volatile_finding(context, call)));
        findings.extend(view.masked.iter().map(|span| unparsed_expression(context, span)));
        QueryFindings {
            findings,
            driving: dataflow.result.driving.clone(),
            own_table: Some(!view.self_reads.is_empty()),
        }
    };
    let view = inject::with_query_view(
        &context.text.sql,
        &context.text.marks,
        context.inputs,
        context.parser,
        look,
    );
    view.unwrap_or_else(|| QueryFindings {
        findings: unparsed(context),
        ..QueryFindings::default()
    })
}

/// A finding about an expression that cannot be parsed, in a query that can: a warning if it may
/// combine rows.
fn unparsed_expression(context: &CheckContext, span: &Range<usize>) -> (Rule, Diagnostic) {
    static COMBINES_ROWS: LazyLock<Regex> = LazyLock::new(|| {
        let pattern = r"(?i)\b(?:over|select|from|qualify|limit|distinct|group|filter)\b";
        Regex::new(pattern).expect("the pattern is valid")
    });
    static CALL: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"(\w+)\s*\(").expect("the pattern is valid"));
    let text = context.text.sql.get(span.clone()).unwrap_or_default();
    let combines_rows = COMBINES_ROWS.is_match(text)
        || CALL.captures_iter(text).any(|call| is_aggregate(&call[1].to_lowercase()));
    let diagnostic = Diagnostic::new(
        if combines_rows { Level::Warning } else { Level::Note },
        "this expression cannot be parsed, so no rule was applied to it",
    )
    .at(author(context.text, span));
    (
        UNPARSED,
        diagnostic.hint("check whether it reads rows of other batches, or changes the event time"),
    )
}

/// The findings in a query that cannot be parsed: that it was not analysed, and the results of a
/// text search.
fn unparsed(context: &CheckContext) -> Vec<(Rule, Diagnostic)> {
    static SAMPLE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:using\s+sample|tablesample)\b").expect("the pattern is valid")
    });
    let mut findings = Vec::new();
    if let Some(word) = SAMPLE.find(&context.text.sql) {
        let diagnostic =
            Diagnostic::warning("a sample returns other rows each time a batch is written")
                .at(author(context.text, &word.range()));
        findings.push((CHANCE, diagnostic.hint("sample by a hash of a key")));
    }
    let message = format!(
        "the query of `{}` cannot be parsed, so the dataflow rules were not applied",
        context.node.name
    );
    let diagnostic =
        Diagnostic::warning(message).at(author(context.text, &(0..context.text.sql.len().min(1))));
    findings.push((
        UNPARSED,
        diagnostic
            .hint("`batchwright compile` names the unexpected token; check this query yourself"),
    ));
    findings
}

/// The columns of the result whose values occur in one window only.
pub fn window_keys(context: &CheckContext) -> WindowKeys {
    let windows =
        BatchWindows { grain: context.settings.batch_size, timezone: context.settings.timezone };
    let inputs = |id: &str| input(context, id);
    let look = |view: &inject::QueryView| match view.masked.is_empty() {
        true => analyse(view, &inputs, windows, context.engine).result.window_keys(windows),
        false => WindowKeys::new(),
    };
    inject::with_query_view(
        &context.text.sql,
        &context.text.marks,
        context.inputs,
        context.parser,
        look,
    )
    .unwrap_or_default()
}

fn input(context: &CheckContext, id: &str) -> FlowInput {
    let node = &context.graph.nodes[id];
    let columns = |is_it: &dyn Fn(&crate::config::Column) -> bool| -> BTreeSet<String> {
        node.columns
            .iter()
            .filter(|column| is_it(column))
            .map(|column| column.identifier().0.into_owned())
            .collect()
    };
    let is_date = |column: &crate::config::Column| {
        column.data_type.as_ref().is_some_and(|data_type| data_type.eq_ignore_ascii_case("date"))
    };
    let mut key = unique_key(node);
    let alone = if key.len() == 1 { key.pop() } else { None };
    FlowInput {
        unique_id: id.to_string(),
        event_time: node.event_time.as_ref().map(|event_time| event_time.column.clone()),
        unique: columns(&|column| column.uniqueness == Uniqueness::Full)
            .into_iter()
            .chain(alone)
            .collect(),
        unique_or_null: columns(&|column| column.uniqueness == Uniqueness::ExceptNulls),
        unique_in_part: columns(&|column| column.uniqueness == Uniqueness::PartOfRows),
        window_keys: (context.window_keys)(id),
        key,
        dates: columns(&is_date),
        kind: node.event_time.as_ref().map_or(TimeKind::Unknown, |event_time| {
            match event_time.time_type() {
                Ok(TimeType::Zoned) => TimeKind::Instant,
                Ok(TimeType::Date) => TimeKind::Date,
                Ok(TimeType::Naive) => TimeKind::Naive,
                Ok(TimeType::Seconds) => TimeKind::Count(1_000_000),
                Ok(TimeType::Milliseconds) => TimeKind::Count(1000),
                Ok(TimeType::Microseconds) => TimeKind::Count(1),
                _ => TimeKind::Unknown,
            }
        }),
    }
}

/// The columns of a node's `unique_key`, if its strategy enforces uniqueness. A batch of a
/// microbatch model does not: it replaces the rows of its window, not rows of other windows with
/// the same key.
fn unique_key(node: &Node) -> Vec<String> {
    let strategy = node.get(keys::INCREMENTAL_STRATEGY);
    if matches!(strategy, Some("microbatch" | "append" | "insert_overwrite"))
        || node.microbatch().is_some()
    {
        return Vec::new();
    }
    node.get(keys::UNIQUE_KEY).unwrap_or_default()
}

/// Checks the event time of the result.
fn event_time(context: &CheckContext, dataflow: &Dataflow) -> Vec<(Rule, Diagnostic)> {
    let name = &context.settings.event_time.column;
    let Some(value) = dataflow.result.column(name) else { return Vec::new() };
    let at = |span: &Range<usize>| {
        if span.is_empty() {
            context.settings.event_time.at.clone()
        } else {
            author(context.text, span)
        }
    };
    let mut findings = Vec::new();
    // Without a filtered input, the batch selects the rows of the result whose event time is in its
    // window.
    let windowed = !dataflow.result.windowed.is_empty();
    if let Some(reason) = reason_outside(context, &value, windowed) {
        let mut diagnostic = Diagnostic::warning(reason)
            .at(at(&value.at))
            .note(effect_outside(context.settings.outside_window))
            .hint(hint_outside(context, &value));
        if value.possible_key.is_some() {
            diagnostic.level = Level::Note;
        }
        findings.push((LEAVES_WINDOW, diagnostic));
    }
    if let Some((null, span)) = &value.null {
        findings.push((NULL_EVENT_TIME, null_event_time(name, *null).at(at(span))));
    }
    findings
}

/// Why the event time of a row can be outside of the batch's window.
fn reason_outside(context: &CheckContext, value: &Value, windowed: bool) -> Option<String> {
    let name = &context.settings.event_time.column;
    let size = context.settings.batch_size;
    match &value.time {
        Time::Outside(reason) => Some(match reason {
            OutsideReason::Shifted => format!("`{name}` is the event time of its input, shifted"),
            OutsideReason::Zone => format!("`{name}` is in another time zone than the windows"),
            OutsideReason::Coarser(unit) => {
                format!("`{name}` is truncated to a {}, but a batch is one {size}", unit.as_str())
            }
            OutsideReason::Mixed => format!("another value may replace `{name}`"),
            OutsideReason::Moved => format!("`{name}` is moved to another day"),
        }),
        Time::Clock => Some(format!("`{name}` is the time of the run")),
        Time::OtherColumn if !value.unique => value.column.as_ref().and_then(|(input, column)| {
            let node = &context.graph.nodes[input];
            let filtered = &node.event_time.as_ref()?.column;
            Some(format!(
                "`{name}` is `{column}` of {}, which is filtered by `{filtered}`",
                named(context, input)
            ))
        }),
        Time::Fixed if value.null.is_none() && windowed => {
            Some(format!("`{name}` is the same in every row"))
        }
        Time::Unfiltered if windowed => value.column.as_ref().map(|(input, column)| {
            format!("`{name}` is `{column}` of {}, which is not filtered", named(context, input))
        }),
        Time::Unknown if value.possible_key.is_some() && windowed => {
            Some(format!("`{name}` is the result of an unknown function of the event time"))
        }
        _ => None,
    }
}

/// What happens to rows outside of the batch's window.
fn effect_outside(mode: Option<OutsideWindow>) -> &'static str {
    match mode {
        Some(OutsideWindow::Drop) => "rows outside their window are dropped",
        Some(OutsideWindow::Keep) => {
            "rows outside their window are deleted or duplicated by the batch of that window"
        }
        _ => "a batch with rows outside its window fails",
    }
}

fn hint_outside(context: &CheckContext, value: &Value) -> String {
    let is_utc = context.settings.timezone == chrono_tz::Tz::UTC;
    match (&value.time, &value.column) {
        (Time::Outside(OutsideReason::Coarser(unit)), _)
            if Grain::parse(unit.as_str()).is_some() =>
        {
            let unit = unit.as_str();
            format!("use batches of one {unit}, or the original time as `event_time`")
        }
        (Time::Unknown, _) => {
            "check that it is in the window of the batch for every row, then allow it".to_string()
        }
        (Time::OtherColumn, Some((input, column))) => {
            format!("make `{column}` the `event_time` of {}", named(context, input))
        }
        (Time::OtherColumn, None) => "filter the input by the same time".to_string(),
        (Time::Outside(OutsideReason::Zone), _) if is_utc => {
            "keep the event time in UTC; for days \
            of another zone, set `meta.batchwright.timezone`"
                .to_string()
        }
        _ => "keep the event time of the input as `event_time`, and add the computed value as \
            another column"
            .to_string(),
    }
}

fn null_event_time(name: &str, null: NullReason) -> Diagnostic {
    let is_outer =
        matches!(null, NullReason::OuterJoin | NullReason::LeftOfFull | NullReason::RightOfFull);
    let reason = match null {
        NullReason::Case => "no branch of the `case` may apply",
        NullReason::Function => "a function may return null",
        NullReason::Literal => "it is null in one case",
        NullReason::Repeated => "it has no test `not_null`",
        _ => "it is on the side of a join that may be missing",
    };
    let hint = match is_outer {
        true => "use the event time of the side that is always present".to_string(),
        false => format!("exclude such rows in an outer query: `where {name} is not null`"),
    };
    Diagnostic::warning(format!("`{name}` can be null: {reason}"))
        .note("a row without event time is in no window")
        .hint(hint)
}
