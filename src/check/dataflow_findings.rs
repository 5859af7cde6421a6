//! The diagnostics of operations across windows and of volatile functions, which the dataflow
//! analysis finds.

use std::collections::BTreeSet;

use super::CheckContext;
use super::flow::{CrossWindowKind, CrossWindowOp, UnanalysedForm, VolatileCall, VolatileKind};
use super::rules::{
    CHANCE, CLOCK, DISTINCT, GROUPS, JOIN, LIMIT, ONE_OF_EACH, Rule, UNPARSED, WINDOW_FUNCTION,
};
use super::source_map::author;
use crate::diagnostics::{Diagnostic, Level, counted};

/// The diagnostic of an operation across windows.
pub fn cross_window_finding(
    context: &CheckContext,
    operation: &CrossWindowOp,
) -> (Rule, Diagnostic) {
    let size = context.settings.batch_size;
    let (rule, message, hint) = rule_and_texts(context, operation);
    let mut diagnostic =
        Diagnostic::warning(message).at(author(context.text, &operation.at)).hint(hint);
    if operation.kind == (CrossWindowKind::Bounds { of_whole: true }) {
        diagnostic.level = Level::Note;
        diagnostic = diagnostic.note("this is correct if it restricts other rows to the batch");
    }
    if let Some(name) = &operation.possible_key {
        diagnostic.level = Level::Note;
        diagnostic = diagnostic.note(format!(
            "this is correct if rows with the same `{name}` are always in one {size}"
        ));
    }
    if operation.windowed.own_table {
        diagnostic.level = Level::Note;
        diagnostic = diagnostic.note(
            "this is correct if the rows of the model's own table, which \
            it reads too, compensate for it",
        );
    }
    match operation.more {
        0 => {}
        more => {
            let functions = counted(more, "other function");
            let have = if more == 1 { "has" } else { "have" };
            diagnostic = diagnostic.note(format!("{functions} {have} the same effect"));
        }
    }
    (rule, diagnostic)
}

/// The rule that an operation breaks, the message, and the hint.
fn rule_and_texts(context: &CheckContext, operation: &CrossWindowOp) -> (Rule, String, String) {
    let size = context.settings.batch_size;
    let inputs = names(context, &operation.windowed.inputs);
    let by =
        |keys: &[String]| keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
    let cut = match context.settings.timezone {
        chrono_tz::Tz::UTC => format!("the event time cut to one {size}"),
        zone => format!("the event time cut to one {size} in {zone}"),
    };
    match &operation.kind {
        CrossWindowKind::Window { function, keys } if keys.is_empty() => (
            WINDOW_FUNCTION,
            format!(
                "`{function}` needs all rows of {inputs}, but a batch has only those of one \
                {size}"
            ),
            format!("add `partition by` {cut}, or compute it in a view over this model"),
        ),
        CrossWindowKind::Window { function, keys } => (
            WINDOW_FUNCTION,
            format!(
                "`{function}` needs all rows with one {}, but a batch has only those of one \
                {size}",
                by(keys)
            ),
            format!("add {cut} to `partition by`, or compute it in a view over this model"),
        ),
        CrossWindowKind::Ranked { function, keys } => (
            ONE_OF_EACH,
            format!("`{function}` restarts in each batch for the same {}", by(keys)),
            format!(
                "add {cut} to `partition by`, or use the strategy `merge` to keep one row per \
                key"
            ),
        ),
        CrossWindowKind::OneRowPerKey { keys } => (
            ONE_OF_EACH,
            format!("each batch keeps one row per {}, so the table has several", by(keys)),
            format!("add {cut} to the keys, or use the strategy `merge` to keep one row per key"),
        ),
        CrossWindowKind::Groups { keys } if keys.is_empty() => (
            GROUPS,
            format!(
                "all rows of {inputs} are one group, but each batch aggregates only its own \
                rows"
            ),
            format!("group by {cut}, or compute it in a view over this model"),
        ),
        CrossWindowKind::Groups { keys } => (
            GROUPS,
            format!(
                "a group by {} can have rows in several batches, and each batch aggregates \
                only its own rows",
                by(keys)
            ),
            match keys.iter().find(|key| is_grouping_sets(key)) {
                Some(key) => format!("add {cut} to the keys outside of `{key}`"),
                None => format!("add {cut} to the keys"),
            },
        ),
        CrossWindowKind::Pivot => (
            GROUPS,
            "`pivot` groups by the columns that it does not name, and each batch aggregates only \
             its own rows"
                .to_string(),
            format!("keep {cut} among the columns of its input"),
        ),
        CrossWindowKind::Bounds { .. } => (
            GROUPS,
            format!("the first or the last time of {inputs} is computed within one {size}"),
            "use the bounds of the batch: `model.batch.event_time_start`, \
             `model.batch.event_time_end`"
                .to_string(),
        ),
        CrossWindowKind::Distinct => (
            DISTINCT,
            format!("duplicates are removed only within one {size}"),
            "select the event time too, or its truncated value".to_string(),
        ),
        CrossWindowKind::SetOperation => (
            DISTINCT,
            format!(
                "rows are compared only with those of the same \
                {size}"
            ),
            "compare the event time too".to_string(),
        ),
        CrossWindowKind::Limit => (
            LIMIT,
            "the limit applies to each batch separately".to_string(),
            "remove it, or limit the rows in a view over this model".to_string(),
        ),
        CrossWindowKind::Join { other } => (
            JOIN,
            format!("{inputs} joins only rows of {} of the same {size}", names(context, other)),
            format!("join by {cut} too, or read one of them without a filter, with `.render()`"),
        ),
        CrossWindowKind::Lookup { other } => (
            JOIN,
            format!(
                "the sub-query reads only rows of {} of the same \
                {size}",
                names(context, other)
            ),
            "read it without a filter, with `.render()`, or compare the event times".to_string(),
        ),
        CrossWindowKind::NotAnalysed(form) => {
            let (what, hint) = match form {
                UnanalysedForm::TableStatement => ("a `table` statement", "`select * from …`"),
                UnanalysedForm::Pipe => ("pipe operators", "sub-queries"),
                UnanalysedForm::MatchRecognize => ("`match_recognize`", "window functions"),
            };
            (
                UNPARSED,
                format!("the rows of {what} are not analysed, so no rule was applied to them"),
                format!("write it with {hint}, or check it yourself and allow the finding"),
            )
        }
        CrossWindowKind::PreservedRows => (
            JOIN,
            format!("each batch adds all rows without a match in {inputs} of one {size}"),
            "start from the filtered input, and join the other one to it".to_string(),
        ),
    }
}

pub fn volatile_finding(context: &CheckContext, call: &VolatileCall) -> (Rule, Diagnostic) {
    let name = &call.name;
    let (rule, message, hint) = match call.kind {
        VolatileKind::Random => (
            CHANCE,
            format!("`{name}` returns another value each time a batch is written"),
            "compute it from the row, for example as a hash of its key",
        ),
        VolatileKind::BatchTemplate if call.more > 0 => (
            CLOCK,
            format!("`{name}` is the time of writing, in {} columns", call.more + 1),
            "exclude the columns from the audit with `meta.batchwright.audit.ignore`",
        ),
        VolatileKind::BatchTemplate => (
            CLOCK,
            format!("`{name}` is the time of writing"),
            "exclude the column from the audit with `meta.batchwright.audit.ignore`",
        ),
        VolatileKind::ClockInValue => (
            CLOCK,
            format!("`{name}` returns another value each time a batch is written"),
            "use the time of the batch: `model.batch.event_time_end`",
        ),
        VolatileKind::ClockInCondition => (
            CLOCK,
            format!("`{name}` selects other rows each time a batch is written"),
            "leave the filter to the batch, or use its time: `model.batch.event_time_end`",
        ),
    };
    let diagnostic = Diagnostic::warning(message).at(author(context.text, &call.at)).hint(hint);
    (
        rule,
        if call.kind == VolatileKind::BatchTemplate {
            Diagnostic { level: Level::Note, ..diagnostic }
        } else {
            diagnostic
        },
    )
}

/// The names of inputs, as in `ref()` and `source()`.
fn names(context: &CheckContext, ids: &BTreeSet<String>) -> String {
    ids.iter().map(|id| named(context, id)).collect::<Vec<_>>().join(" and ")
}

/// The name of an input.
pub fn named(context: &CheckContext, id: &str) -> String {
    let node = &context.graph.nodes[id];
    format!(
        "`{}`",
        node.source_name
            .as_ref()
            .map_or(node.name.clone(), |source| format!("{source}.{}", node.name))
    )
}

/// Whether a key is `rollup (…)`, `cube (…)` or `grouping sets (…)`: one of its groups may have all
/// rows.
fn is_grouping_sets(key: &str) -> bool {
    let key = key.to_lowercase();
    ["rollup", "cube", "grouping sets"].iter().any(|word| key.starts_with(word))
}
