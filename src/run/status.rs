//! The status of a plan: for each model, the numbers of finished, failed and open steps, and the
//! gaps between `begin` and now that no successful batch of any plan covers.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use super::entry::{Entry, Outcome};
use super::history::History;
use crate::calendar::{Grain, Instant, Window, format_instant, parse_instant};
use crate::plan::StepKind;
use crate::plan::coverage::{FinishedBatches, settled_after};
use crate::plan::manifest::{Manifest, ModelEntry, PlannedStep};

/// The status of a model.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ModelStatus {
    pub unique_id: String,
    pub done: usize,
    pub failed: usize,
    pub open: usize,
    /// The total time of the steps that have ended.
    pub seconds: f64,
    pub failures: Vec<Failure>,
    /// The ids of the open steps.
    pub open_steps: Vec<String>,
}

/// A step that failed.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Failure {
    pub step: String,
    pub file: String,
    pub event_time_start: Option<String>,
    pub event_time_end: Option<String>,
    pub at: String,
    /// The error message of the client.
    pub words: String,
}

/// A sequence of batches that no successful batch covers.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Gap {
    pub unique_id: String,
    pub event_time_start: String,
    pub event_time_end: String,
    pub batches: u64,
}

/// Counts the steps of a plan per model.
pub struct StatusCounter {
    models: BTreeMap<String, ModelStatus>,
    /// Whether the ids of open steps are stored.
    stores_open_ids: bool,
}

impl StatusCounter {
    pub fn new(stores_open_ids: bool) -> StatusCounter {
        StatusCounter { models: BTreeMap::new(), stores_open_ids }
    }

    pub fn add(&mut self, step: &PlannedStep, history: &History) {
        if !self.models.contains_key(&*step.model) {
            let status = ModelStatus {
                unique_id: step.model.to_string(),
                done: 0,
                failed: 0,
                open: 0,
                seconds: 0.0,
                failures: Vec::new(),
                open_steps: Vec::new(),
            };
            self.models.insert(step.model.to_string(), status);
        }
        let Some(status) = self.models.get_mut(&*step.model) else { return };
        // A failure is later than the success of the same step.
        match (history.failed(step), history.done(step)) {
            (Some(failed), _) => {
                status.failed += 1;
                status.seconds += failed.seconds;
                status.failures.push(Failure {
                    step: step.id.to_string(),
                    file: step.file.to_string(),
                    event_time_start: step.event_time_start.map(format_instant),
                    event_time_end: step.event_time_end.map(format_instant),
                    at: failed.started(),
                    words: failed.words().to_string(),
                });
            }
            (None, Some(done)) => {
                status.done += 1;
                status.seconds += done.seconds;
            }
            (None, None) => {
                status.open += 1;
                if self.stores_open_ids {
                    status.open_steps.push(step.id.to_string());
                }
            }
        }
    }

    /// The models that have steps, in the order of the plan.
    pub fn of_models(mut self, models: &[ModelEntry]) -> Vec<ModelStatus> {
        models.iter().filter_map(|model| self.models.remove(&model.unique_id)).collect()
    }
}

/// The status of each model, in the order of the plan.
pub fn statuses(manifest: &Manifest, history: &History) -> Vec<ModelStatus> {
    let mut statuses = StatusCounter::new(false);
    manifest.steps.iter().for_each(|step| statuses.add(step, history));
    statuses.of_models(&manifest.models)
}

/// The gaps of the plan's microbatch models between their `begin` and now.
pub fn missing(models: &[ModelEntry], coverage: &Coverage, now: Instant) -> Vec<Gap> {
    let mut gaps = Vec::new();
    for model in models {
        let Some(microbatch) = &model.microbatch else { continue };
        let (Some(begin), Some(grain), Ok(zone)) = (
            parse_instant(&microbatch.begin),
            Grain::parse(&microbatch.batch_size),
            microbatch.timezone.parse(),
        ) else {
            continue;
        };
        let covered = coverage.of_model(&model.unique_id);
        let mut start = grain.floor(begin, zone);
        let mut gap: Option<Gap> = None;
        while start < now {
            let Some(end) = grain.next(start, zone) else { break };
            let is_covered = covered
                .partition_point(|span| span.start <= start)
                .checked_sub(1)
                .is_some_and(|index| covered[index].end >= end);
            match (&mut gap, is_covered) {
                (Some(_), true) => gaps.extend(gap.take()),
                (Some(gap), false) => {
                    gap.event_time_end = format_instant(end);
                    gap.batches += 1;
                }
                (None, true) => {}
                (None, false) => {
                    gap = Some(Gap {
                        unique_id: model.unique_id.clone(),
                        event_time_start: format_instant(start),
                        event_time_end: format_instant(end),
                        batches: 1,
                    });
                }
            }
            start = end;
        }
        gaps.extend(gap);
    }
    gaps
}

/// The time spans of models that successful batches of any plan cover.
#[derive(Default)]
pub struct Coverage {
    /// The models that this plan builds in shadow tables. Their batches count after the swap.
    rebuilt: BTreeSet<String>,
    spans: BTreeMap<String, Spans>,
}

#[derive(Default)]
struct Spans {
    covered: Vec<Window>,
    unswapped: Vec<Window>,
}

impl Coverage {
    pub fn new<'m>(models: impl IntoIterator<Item = &'m ModelEntry>) -> Coverage {
        let is_rebuilt = |model: &&ModelEntry| {
            model.staged.is_some()
                || model.microbatch.as_ref().is_some_and(|microbatch| microbatch.shadow.is_some())
        };
        let rebuilt =
            models.into_iter().filter(is_rebuilt).map(|model| model.unique_id.clone()).collect();
        Coverage { rebuilt, spans: BTreeMap::new() }
    }

    /// The spans of batches that were written after their window and its lookback were over.
    pub fn of_finished(models: &[ModelEntry], finished: &FinishedBatches) -> Coverage {
        let mut coverage = Coverage::default();
        for model in models {
            let Some(microbatch) = &model.microbatch else { continue };
            let (Some(grain), Ok(zone)) =
                (Grain::parse(&microbatch.batch_size), microbatch.timezone.parse())
            else {
                continue;
            };
            let id = &model.unique_id;
            let is_settled = |window: &Window| {
                let since = settled_after(*window, microbatch.lookback, grain, zone);
                finished.covers(id, *window, since)
            };
            let spans = coverage.spans.entry(id.clone()).or_default();
            finished
                .windows(id)
                .filter(is_settled)
                .for_each(|window| push(&mut spans.covered, window));
        }
        coverage
    }

    /// Adds the next entry of the journal.
    pub fn add(&mut self, entry: &Entry) {
        let Entry::Step(step) = entry else { return };
        if step.outcome != Outcome::Success
            || !matches!(step.kind, StepKind::Batch | StepKind::Swap | StepKind::Publish)
        {
            return;
        }
        let spans = self.spans.entry(step.model.clone()).or_default();
        let bounds = (
            step.event_time_start.as_deref().and_then(parse_instant),
            step.event_time_end.as_deref().and_then(parse_instant),
        );
        match (step.kind, bounds) {
            (StepKind::Swap | StepKind::Publish, _) => spans.covered.append(&mut spans.unswapped),
            (_, (Some(start), Some(end))) => {
                let list = if self.rebuilt.contains(&step.model) {
                    &mut spans.unswapped
                } else {
                    &mut spans.covered
                };
                push(list, Window { start, end });
            }
            _ => {}
        }
    }

    /// The spans of a model, merged and in chronological order.
    pub fn of_model(&self, unique_id: &str) -> Vec<Window> {
        let mut spans =
            self.spans.get(unique_id).map(|spans| spans.covered.clone()).unwrap_or_default();
        spans.sort();
        let mut merged = Vec::new();
        spans.into_iter().for_each(|span| push(&mut merged, span));
        merged
    }
}

/// Appends a span, or extends the last one if they touch.
fn push(spans: &mut Vec<Window>, span: Window) {
    match spans.last_mut() {
        Some(last) if last.start <= span.start && span.start <= last.end => {
            last.end = last.end.max(span.end)
        }
        _ => spans.push(span),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::entry::StepEndEntry;

    #[test]
    fn adjacent_spans_are_merged_and_a_rebuild_counts_after_the_swap() {
        let step = |kind, days: Option<(u32, u32)>| StepEndEntry {
            kind,
            event_time_start: days.map(|(start, _)| format!("2024-09-{start:02}T00:00:00Z")),
            event_time_end: days.map(|(_, end)| format!("2024-09-{end:02}T00:00:00Z")),
            ..StepEndEntry::success("")
        };
        let steps = [
            step(StepKind::Batch, Some((3, 4))),
            step(StepKind::Batch, Some((1, 3))),
            step(StepKind::Batch, Some((6, 7))),
        ];
        let lengths = |steps: &[StepEndEntry], is_rebuilt: bool| {
            let mut coverage = Coverage {
                rebuilt: is_rebuilt.then(String::new).into_iter().collect(),
                ..Coverage::default()
            };
            steps.iter().for_each(|step| coverage.add(&Entry::Step(step.clone())));
            coverage
                .of_model("")
                .iter()
                .map(|span| (span.end - span.start).num_days())
                .collect::<Vec<_>>()
        };
        assert_eq!(lengths(&steps, false), [3, 1]);
        assert_eq!(lengths(&steps, true), [0; 0]);
        let [first, second, third] = steps;
        assert_eq!(lengths(&[first, second, third, step(StepKind::Swap, None)], true), [3, 1]);
    }
}
