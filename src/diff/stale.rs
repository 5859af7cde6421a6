//! What a change does to the tables: the models whose rows it makes stale, with the batches from
//! `begin` until now, not only those of the two plans. Takes the changes and the new plan; gives
//! each model that changed, and each that reads one, with the command that backfills them.

use std::collections::{BTreeMap, BTreeSet};

use chrono_tz::Tz;
use schemars::JsonSchema;
use serde::Serialize;

use super::{ChangeKind, ModelChange};
use crate::calendar::{Grain, Instant, format_instant, parse_instant};
use crate::config::name_of;
use crate::diagnostics::counted;
use crate::plan::manifest::{Manifest, ModelEntry};

/// A model of the new plan whose rows are those of the old query.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct StaleModel {
    pub unique_id: String,
    /// The changed models that it is or reads.
    pub because_of: Vec<String>,
    /// The start of its first batch; UTC, RFC 3339. Absent for a model without batches.
    pub event_time_start: Option<String>,
    /// Exclusive.
    pub event_time_end: Option<String>,
    pub batches: u64,
}

/// The stale models, in the order of the new plan: until now, or until the end of the last batch in
/// one of the two plans.
pub fn stale_models(old: &Manifest, new: &Manifest, changes: &[ModelChange]) -> Vec<StaleModel> {
    let mut causes: BTreeMap<&str, BTreeSet<String>> = changes
        .iter()
        .filter(|change| is_rewritten(change))
        .map(|change| (change.unique_id.as_str(), BTreeSet::from([change.unique_id.clone()])))
        .collect();
    let now = new.about.request.now.as_deref().and_then(parse_instant);
    let mut last_ends: BTreeMap<&str, Instant> = BTreeMap::new();
    for step in old.steps.iter().chain(&new.steps) {
        if let Some(end) = step.event_time_end {
            last_ends.entry(&step.model).and_modify(|last| *last = end.max(*last)).or_insert(end);
        }
    }
    let mut stale = Vec::new();
    for model in &new.models {
        let mut because: BTreeSet<String> =
            causes.remove(model.unique_id.as_str()).unwrap_or_default();
        for input in &model.inputs {
            because.extend(causes.get(input.unique_id.as_str()).cloned().unwrap_or_default());
        }
        // A view has no rows of its own, and its readers have.
        if because.is_empty() {
            continue;
        }
        causes.insert(&model.unique_id, because.clone());
        if model.materialized == "view" || model.strategy == "left out" {
            continue;
        }
        let end = now.or_else(|| last_ends.get(model.unique_id.as_str()).copied());
        let range = end.and_then(|end| range(model, end));
        stale.push(StaleModel {
            unique_id: model.unique_id.clone(),
            because_of: because.into_iter().collect(),
            event_time_start: range.map(|(start, _, _)| format_instant(start)),
            event_time_end: range.map(|(_, end, _)| format_instant(end)),
            batches: range.map_or(0, |(_, _, batches)| batches),
        });
    }
    stale
}

/// Whether rows that are written now differ from those of before: the model is new, or a line of
/// its SQL that is no comment changed.
fn is_rewritten(change: &ModelChange) -> bool {
    let is_sql = |line: &str| {
        line.strip_prefix(['+', '-'])
            .is_some_and(|line| !line.trim_start().starts_with("-- ") && !line.trim().is_empty())
    };
    match change.change {
        ChangeKind::Added => true,
        ChangeKind::Removed => false,
        ChangeKind::Changed => {
            let builds = change.files.iter().filter(|file| file.file.ends_with("/build.sql"));
            let diffs = builds.filter_map(|file| file.diff.as_deref());
            let diffs = diffs.chain(change.changes.iter().map(|change| change.diff.as_str()));
            diffs.flat_map(str::lines).any(is_sql)
        }
    }
}

/// The first and the last moment of the model's batches since `begin`, and their number.
fn range(model: &ModelEntry, end: Instant) -> Option<(Instant, Instant, u64)> {
    let microbatch = model.microbatch.as_ref()?;
    let timezone: Tz = microbatch.timezone.parse().ok()?;
    let grain = Grain::parse(&microbatch.batch_size)?;
    let begin = parse_instant(&microbatch.begin)?;
    let start = grain.floor(begin, timezone);
    let end = grain.ceiling(end, timezone)?;
    (start < end).then(|| (start, end, grain.count(start, end, timezone)))
}

/// One sentence, and the command that backfills.
pub fn summary(changes: &[ModelChange], stale: &[StaleModel]) -> String {
    let count = |kind| changes.iter().filter(|change| change.change == kind).count();
    let kinds = [
        (count(ChangeKind::Added), "added"),
        (count(ChangeKind::Changed), "changed"),
        (count(ChangeKind::Removed), "removed"),
    ];
    let mut parts: Vec<String> = Vec::new();
    for (number, word) in kinds.into_iter().filter(|(number, _)| *number > 0) {
        parts.push(match parts.is_empty() {
            true => format!("{} {word}", counted(number, "model")),
            false => format!("{number} {word}"),
        });
    }
    let mut text = parts.join(", ");
    if stale.is_empty() {
        return text;
    }
    let batches: u64 = stale.iter().map(|model| model.batches).sum();
    let tables = stale.iter().filter(|model| model.batches == 0).count();
    let of_batches = stale.len() as u64 - tables as u64;
    let mut rows = Vec::new();
    if of_batches > 0 {
        let models = counted(of_batches, "model");
        rows.push(format!("{} of {models}", counted(batches, "batch")));
    }
    if tables > 0 {
        rows.push(format!("{} without batches", counted(tables, "model")));
    }
    let is_one = batches + tables as u64 == 1;
    let are = if is_one { "is" } else { "are" };
    text.push_str(&format!("; {} {are} stale", rows.join(" and ")));
    if let Some(command) = command(stale) {
        text.push_str(&format!("; backfill with: `{command}`"));
    }
    text
}

/// The command that plans all stale batches.
fn command(stale: &[StaleModel]) -> Option<String> {
    let start = stale.iter().filter_map(|model| model.event_time_start.as_deref()).min()?;
    let end = stale.iter().filter_map(|model| model.event_time_end.as_deref()).max()?;
    let names: BTreeSet<&str> =
        stale.iter().flat_map(|model| &model.because_of).map(|id| name_of(id)).collect();
    let selected: Vec<String> = names.into_iter().map(|name| format!("{name}+")).collect();
    Some(format!(
        "batchwright compile -s {} --event-time-start {} --event-time-end {}",
        selected.join(" "),
        short_time(start),
        short_time(end)
    ))
}

/// A time of the manifest without midnight.
fn short_time(time: &str) -> &str {
    time.strip_suffix("T00:00:00Z").unwrap_or(time)
}

impl StaleModel {
    /// Formats the model: `stale: 30 batches from 2024-09-01 until 2024-10-01, through orders`.
    pub fn words(&self) -> String {
        let through: Vec<&str> = self
            .because_of
            .iter()
            .filter(|id| **id != self.unique_id)
            .map(|id| name_of(id))
            .collect();
        let through = match through.as_slice() {
            [] => String::new(),
            names => format!(", which reads {}", names.join(", ")),
        };
        match (&self.event_time_start, &self.event_time_end) {
            (Some(start), Some(end)) => {
                let batches = counted(self.batches, "batch");
                format!(
                    "{}: {batches} from {} until {}{through}",
                    name_of(&self.unique_id),
                    short_time(start),
                    short_time(end)
                )
            }
            _ => format!("{}: all rows{through}", name_of(&self.unique_id)),
        }
    }
}
