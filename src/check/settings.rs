//! Rules that need the model's settings and its inputs, and not its query.

use super::Asked;
use std::collections::BTreeSet;

use super::place::author;
use super::rules::{BEGIN, LATE, ONE_TABLE, PARTITIONS, READ_WHOLE, Rule};
use crate::calendar::Grain;
use crate::config::Node;
use crate::diagnostics::{Diagnostic, Location};
use crate::jinja::MarkKind;

/// What they find.
/// `driving`: the inputs that the rows come from.
pub fn found(asked: &Asked, driving: &BTreeSet<String>) -> Vec<(Rule, Diagnostic)> {
    let mut found = Vec::new();
    found.extend(begin(asked).map(|said| (BEGIN, said)));
    found.extend(late(asked).map(|said| (LATE, said)));
    found.extend(partitions(asked).map(|said| (PARTITIONS, said)));
    found.extend(one_table(asked).map(|said| (ONE_TABLE, said)));
    found.extend(whole(asked, driving).into_iter().map(|said| (READ_WHOLE, said)));
    found
}

fn begin(asked: &Asked) -> Option<Diagnostic> {
    let (settings, from) = (asked.settings, asked.from?);
    if from >= settings.begin {
        return None;
    }
    let shown = |at: crate::calendar::Instant| at.format("%F %R").to_string().trim_end_matches(" 00:00").to_string();
    let message = format!("`{}` begins at {}, later than the bounds, at {}", asked.node.name, shown(settings.begin), shown(from));
    let said = Diagnostic::warning(message).at(settings.begin_at.clone());
    Some(said.hint("set `begin` to the earliest time that there are rows for, or the bounds to `begin`"))
}

fn late(asked: &Asked) -> Option<Diagnostic> {
    let settings = asked.settings;
    let late = settings.check.late_by.as_ref()?;
    // The longest that the lateness can be, in the shortest batches that there are.
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
    // Two months are two batches of a month, however long the months are.
    let needed = if late.grain == settings.batch_size { u64::from(late.count) } else { needed };
    if needed <= u64::from(settings.lookback) {
        return None;
    }
    let plural = if late.count == 1 { "" } else { "s" };
    let message = format!(
        "rows of `{}` arrive up to {} {}{plural} late, and `lookback` is {}",
        asked.node.name, late.count, late.grain, settings.lookback
    );
    let at = asked.node.config.get("lookback").map_or_else(|| late.at.clone(), |setting| setting.at.clone());
    Some(Diagnostic::warning(message).at(at).hint(format!("set `lookback` to {needed}")))
}

/// Partitions as a dict tells them, with one field of time.
fn partitions(asked: &Asked) -> Option<Diagnostic> {
    let setting = asked.node.config.get("partition_by")?;
    let partition = setting.value.as_object()?;
    let text = |key: &str| partition.get(key).and_then(|value| value.as_str());
    let field = text("field")?;
    if partition.get("time_ingestion_partitioning").and_then(serde_json::Value::as_bool) == Some(true) {
        return None;
    }
    let (settings, name) = (asked.settings, &asked.node.name);
    let event_time = &settings.event_time.column;
    let computed = asked.partition.filter(|partition| partition.column.as_deref() == Some(field));
    if computed.is_none() && !field.eq_ignore_ascii_case(event_time) {
        let message = format!("the table of `{name}` is partitioned by `{field}`, and its batches are cut by `{event_time}`");
        let said = Diagnostic::warning(message).at(setting.at.clone()).fact("each batch looks for its rows in all partitions");
        return Some(said.hint(format!("partition by `{event_time}`")));
    }
    let granularity = Grain::parse(&text("granularity").unwrap_or("day").to_lowercase())?;
    let size = computed.map_or(granularity, |partition| partition.grain.max(granularity));
    if size <= settings.batch_size {
        return None;
    }
    let message = format!("the table of `{name}` has partitions of one {size}, and its batches are of one {}", settings.batch_size);
    let said = Diagnostic::warning(message).at(setting.at.clone()).fact("each batch reads and writes the rest of its partition too");
    Some(said.hint(format!("set `granularity` to `{}`, or `batch_size` to `{size}`", settings.batch_size)))
}

fn one_table(asked: &Asked) -> Option<Diagnostic> {
    let node = asked.node;
    let other = asked.graph.other_writers(node).next()?;
    // Of two microbatch models, the second one says it.
    if other.microbatch().is_some() && other.unique_id > node.unique_id {
        return None;
    }
    let message = format!("`{}` and `{}` differ in case alone, and may be one table", node.relation, other.relation);
    let said = Diagnostic::warning(message).at(start(node)).fact(format!("the other one is in {}", other.file.path));
    Some(said.hint("give one of them another `alias` or `schema`"))
}

/// Inputs that each batch reads whole, where the author did not ask for it.
fn whole(asked: &Asked, driving: &BTreeSet<String>) -> Vec<Diagnostic> {
    let node = asked.node;
    let of_them = asked.entries.iter().filter(|entry| entry.lacks_event_time() || entry.loses_its_filter());
    let said = of_them.map(|entry| {
        let input = &asked.graph.nodes[&entry.unique_id];
        let name = input.source_name.as_ref().map_or(input.name.clone(), |source| format!("{source}.{}", input.name));
        let share = match asked.entries.len() {
            1 => "its only input".to_string(),
            many => format!("one of its {many} inputs"),
        };
        let lost = entry.loses_its_filter();
        let why = entry.whole_because.as_deref().filter(|_| lost).unwrap_or("it has no `event_time`");
        let message = format!("each batch of `{}` reads `{name}` whole, {share}: {why}", node.name);
        let drives = lost || driving.contains(&entry.unique_id);
        let said = if drives { Diagnostic::warning(message) } else { Diagnostic::note(message) };
        let said = said.at(read_at(asked, &entry.unique_id));
        said.hint(match lost {
            true => format!(
                "read `{}` by its `ref()` or `source()` as it is, or write `.render()` behind it if it is meant to be read whole",
                input.name
            ),
            false => format!("give `{}` an `event_time`, or write `.render()` behind it if it is meant to be read whole", input.name),
        })
    });
    said.collect()
}

/// Where a query reads an input.
fn read_at(asked: &Asked, id: &str) -> Location {
    let is_it = |mark: &&crate::jinja::Mark| matches!(&mark.kind, MarkKind::Input(of) if of == id);
    match asked.text.marks.iter().find(is_it) {
        Some(mark) => author(asked.text, &mark.span),
        None => asked.node.file.find(&asked.graph.nodes[id].name),
    }
}

/// The first line of a model, where nothing in it is to be blamed.
fn start(node: &Node) -> Location {
    node.file.line(1)
}
