//! Rules that depend on the model's settings and inputs, not on its query.

use super::CheckContext;
use std::collections::BTreeSet;

use super::flow::is_named_like_change;
use super::rules::{BEGIN, LATE, ONE_OF_EACH, ONE_TABLE, PARTITIONS, READ_WHOLE, Rule};
use super::source_map::author;
use crate::calendar::Grain;
use crate::config::{Node, PartitionField, keys};
use crate::diagnostics::{Diagnostic, Level, Location, counted};
use crate::jinja::MarkKind;

/// Applies the rules. `driving` has the unique ids of the inputs from which the rows come.
pub fn check_settings(
    context: &CheckContext,
    driving: &BTreeSet<String>,
) -> Vec<(Rule, Diagnostic)> {
    let mut findings = Vec::new();
    findings.extend(begin(context).map(|diagnostic| (BEGIN, diagnostic)));
    findings.extend(late(context).map(|diagnostic| (LATE, diagnostic)));
    findings.extend(partitions(context).map(|diagnostic| (PARTITIONS, diagnostic)));
    findings.extend(moving_keys(context).map(|diagnostic| (ONE_OF_EACH, diagnostic)));
    findings.extend(one_table(context).map(|diagnostic| (ONE_TABLE, diagnostic)));
    findings.extend(
        unfiltered(context, driving).into_iter().map(|diagnostic| (READ_WHOLE, diagnostic)),
    );
    findings
}

fn begin(context: &CheckContext) -> Option<Diagnostic> {
    let (settings, from) = (context.settings, context.from?);
    if from >= settings.begin {
        return None;
    }
    let shown = |at: crate::calendar::Instant| {
        at.format("%F %R").to_string().trim_end_matches(" 00:00").to_string()
    };
    let message = format!(
        "`{}` begins at {}, after the start of the bounds, {}",
        context.node.name,
        shown(settings.begin),
        shown(from)
    );
    let diagnostic = Diagnostic::warning(message).at(settings.begin_at.clone());
    Some(
        diagnostic
            .hint("set `begin` to the time of the earliest row, or start the bounds at `begin`"),
    )
}

fn late(context: &CheckContext) -> Option<Diagnostic> {
    let settings = context.settings;
    let late = settings.check.late_by.as_ref()?;
    // The maximum lateness, in batches of minimum length.
    let longest = |grain: Grain| match grain {
        Grain::Hour => 1,
        Grain::Day => 24,
        Grain::Month => 31 * 24,
        Grain::Year => 366 * 24,
    };
    let shortest = match settings.batch_size {
        Grain::Hour => 1,
        Grain::Day => 24,
        Grain::Month => 28 * 24,
        Grain::Year => 365 * 24,
    };
    let needed = (u64::from(late.count) * longest(late.grain)).div_ceil(shortest);
    // Two months are two batches of one month, whatever their length.
    let needed = if late.grain == settings.batch_size { u64::from(late.count) } else { needed };
    if needed <= u64::from(settings.lookback) {
        return None;
    }
    let message = format!(
        "rows of `{}` arrive up to {} late, but `lookback` is {}",
        context.node.name,
        counted(late.count, late.grain.as_str()),
        settings.lookback
    );
    let set = context.node.set(keys::LOOKBACK);
    let at = set.map_or_else(|| late.at.clone(), |setting| setting.at.clone());
    Some(Diagnostic::warning(message).at(at).hint(format!("set `lookback` to {needed}")))
}

/// Checks partitions that a mapping defines, by one time column.
fn partitions(context: &CheckContext) -> Option<Diagnostic> {
    let setting = context.node.set(keys::PARTITION_BY)?;
    let PartitionField { field, granularity, by_ingestion_time, .. } =
        PartitionField::of(setting.value.as_object()?);
    let field = field?;
    if by_ingestion_time {
        return None;
    }
    let (settings, name) = (context.settings, &context.node.name);
    let event_time = &settings.event_time.column;
    let computed = context.partition.filter(|partition| partition.column.as_deref() == Some(field));
    if computed.is_none() && !field.eq_ignore_ascii_case(event_time) {
        let message = format!(
            "the table of `{name}` is partitioned by `{field}`, but its batches are by \
             `{event_time}`"
        );
        let diagnostic = Diagnostic::warning(message)
            .at(setting.at.clone())
            .note("each batch reads all partitions to find its rows");
        return Some(diagnostic.hint(format!("partition by `{event_time}`")));
    }
    let granularity = Grain::parse(&granularity)?;
    let size = computed.map_or(granularity, |partition| partition.grain.max(granularity));
    if size <= settings.batch_size {
        return None;
    }
    let message = format!(
        "the table of `{name}` has partitions of one {size}, but batches of one {}",
        settings.batch_size
    );
    let diagnostic = Diagnostic::warning(message)
        .at(setting.at.clone())
        .note("each batch reads and writes the rest of its partition too");
    Some(diagnostic.hint(format!(
        "set `granularity` to `{}`, or `batch_size` to `{size}`",
        settings.batch_size
    )))
}

/// A key whose rows move to another window when they change.
fn moving_keys(context: &CheckContext) -> Option<Diagnostic> {
    let (node, event_time) = (context.node, &context.settings.event_time.column);
    let setting = node.set(keys::UNIQUE_KEY)?;
    let key: Vec<String> = node.get(keys::UNIQUE_KEY)?;
    let has_event_time =
        |column: &String| column.to_lowercase().contains(&event_time.to_lowercase());
    if key.is_empty() || key.iter().any(has_event_time) || !is_named_like_change(event_time) {
        return None;
    }
    let message = format!(
        "`{}` has several rows per `{}` if `{event_time}` of a row changes",
        node.name,
        key.join(", ")
    );
    let diagnostic = Diagnostic::warning(message)
        .at(setting.at.clone())
        .note("a changed row is in another window, and a batch replaces only the rows of its own");
    Some(diagnostic.hint(
        "use a time that does not change, such as that of the row's creation, as `event_time`, or \
         the strategy `merge` to keep one row per key",
    ))
}

fn one_table(context: &CheckContext) -> Option<Diagnostic> {
    let node = context.node;
    let other = context.graph.other_writers(node).next()?;
    // Of two microbatch models, the second one reports it.
    if other.microbatch().is_some() && other.unique_id > node.unique_id {
        return None;
    }
    let message = format!(
        "`{}` and `{}` differ only in case, and may be the same table",
        node.relation, other.relation
    );
    let diagnostic = Diagnostic::warning(message)
        .at(start(node))
        .note(format!("the other one is in {}", other.file.path));
    Some(diagnostic.hint("set another `alias` or `schema` for one of them"))
}

/// Inputs that each batch reads without a filter, without `.render()` in the model.
fn unfiltered(context: &CheckContext, driving: &BTreeSet<String>) -> Vec<Diagnostic> {
    let node = context.node;
    let of_them =
        context.entries.iter().filter(|entry| entry.lacks_event_time() || entry.loses_its_filter());
    let diagnostic = of_them.map(|entry| {
        let input = &context.graph.nodes[&entry.unique_id];
        let name = input
            .source_name
            .as_ref()
            .map_or(input.name.clone(), |source| format!("{source}.{}", input.name));
        let share = match context.entries.len() {
            1 => "its only input".to_string(),
            count => format!("one of its {count} inputs"),
        };
        let lost = entry.loses_its_filter();
        let why = entry.whole_because.as_deref().filter(|_| lost).unwrap_or(
            "it has no \
            `event_time`",
        );
        let message = format!(
            "each batch of `{}` reads all rows of `{name}`, {share}: \
            {why}",
            node.name
        );
        let drives = lost || driving.contains(&entry.unique_id);
        let diagnostic = if drives {
            Diagnostic::warning(message)
        } else {
            Diagnostic::new(Level::Note, message)
        };
        let diagnostic = diagnostic.at(read_at(context, &entry.unique_id));
        diagnostic.hint(match lost {
            true => format!(
                "use the `ref()` or `source()` of `{}` unchanged, or add `.render()` \
                to read all rows intentionally",
                input.name
            ),
            false => format!(
                "set an `event_time` for `{}`, or add `.render()` to read all rows \
                intentionally",
                input.name
            ),
        })
    });
    diagnostic.collect()
}

/// The location where the query reads an input.
fn read_at(context: &CheckContext, id: &str) -> Location {
    let is_it = |mark: &&crate::jinja::Mark| matches!(&mark.kind, MarkKind::Input(of) if of == id);
    match context.text.marks.iter().find(is_it) {
        Some(mark) => author(context.text, &mark.span),
        None => context.node.file.find(&context.graph.nodes[id].name),
    }
}

/// The first line of a model, for findings without a better location.
fn start(node: &Node) -> Location {
    node.file.line(1)
}
