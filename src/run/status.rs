//! Where a plan stands. Takes the manifest and the journal; gives for each model what is done,
//! failed and open, and the gaps between `begin` and now that no success covers, whichever plan it
//! was of.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use super::entry::{Entry, Outcome};
use super::history::History;
use crate::calendar::{Grain, Instant, Window};
use crate::plan::Kind;
use crate::plan::manifest::{Manifest, ModelEntry, PlannedStep};
use crate::plan_dir::instant;

/// Where a model stands.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Standing {
    pub unique_id: String,
    pub done: usize,
    pub failed: usize,
    pub open: usize,
    /// Of the steps that ended, together.
    pub seconds: f64,
    pub failures: Vec<Failure>,
    /// Ids of the steps that are open.
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
    /// The client's own.
    pub words: String,
}

/// Batches in a row that nothing covers.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Gap {
    pub unique_id: String,
    pub event_time_start: String,
    pub event_time_end: String,
    pub batches: u64,
}

/// The models of a plan as their steps are counted, one by one.
pub struct Standings {
    models: BTreeMap<String, Standing>,
    /// Whether the ids of open steps are kept.
    names_open: bool,
}

impl Standings {
    pub fn new(names_open: bool) -> Standings {
        Standings { models: BTreeMap::new(), names_open }
    }

    pub fn add(&mut self, step: &PlannedStep, history: &History) {
        if !self.models.contains_key(&*step.model) {
            let standing = Standing {
                unique_id: step.model.to_string(),
                done: 0,
                failed: 0,
                open: 0,
                seconds: 0.0,
                failures: Vec::new(),
                open_steps: Vec::new(),
            };
            self.models.insert(step.model.to_string(), standing);
        }
        let Some(standing) = self.models.get_mut(&*step.model) else { return };
        // A failure is later than the success of the same step.
        match (history.failed(step), history.done(step)) {
            (Some(failed), _) => {
                standing.failed += 1;
                standing.seconds += failed.seconds;
                standing.failures.push(Failure {
                    step: step.id.to_string(),
                    file: step.file.to_string(),
                    event_time_start: step.event_time_start.map(instant),
                    event_time_end: step.event_time_end.map(instant),
                    at: failed.started(),
                    words: failed.words().to_string(),
                });
            }
            (None, Some(done)) => {
                standing.done += 1;
                standing.seconds += done.seconds;
            }
            (None, None) => {
                standing.open += 1;
                if self.names_open {
                    standing.open_steps.push(step.id.to_string());
                }
            }
        }
    }

    /// The models that have steps, in the plan's order.
    pub fn of_models(mut self, models: &[ModelEntry]) -> Vec<Standing> {
        models.iter().filter_map(|model| self.models.remove(&model.unique_id)).collect()
    }
}

/// Every model of the plan, in its order.
pub fn standings(manifest: &Manifest, history: &History) -> Vec<Standing> {
    let mut standings = Standings::new(false);
    manifest.steps.iter().for_each(|step| standings.add(step, history));
    standings.of_models(&manifest.models)
}

/// The gaps of the plan's microbatch models between their `begin` and now.
pub fn missing(models: &[ModelEntry], coverage: &Coverage, now: Instant) -> Vec<Gap> {
    let mut gaps = Vec::new();
    for model in models {
        let Some(microbatch) = &model.microbatch else { continue };
        let (Some(begin), Some(grain), Ok(zone)) = (
            parse(&microbatch.begin),
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
            let within = covered
                .partition_point(|span| span.start <= start)
                .checked_sub(1)
                .is_some_and(|index| covered[index].end >= end);
            match (&mut gap, within) {
                (Some(_), true) => gaps.extend(gap.take()),
                (Some(gap), false) => {
                    gap.event_time_end = instant(end);
                    gap.batches += 1;
                }
                (None, true) => {}
                (None, false) => {
                    gap = Some(Gap {
                        unique_id: model.unique_id.clone(),
                        event_time_start: instant(start),
                        event_time_end: instant(end),
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

/// The spans of models that successes cover, whichever plan they were of.
#[derive(Default)]
pub struct Coverage {
    /// The models that are built beside their tables in this plan: what is written counts once it
    /// is swapped in.
    rebuilt: BTreeSet<String>,
    spans: BTreeMap<String, Spans>,
}

#[derive(Default)]
struct Spans {
    covered: Vec<Window>,
    beside: Vec<Window>,
}

impl Coverage {
    pub fn new<'m>(models: impl IntoIterator<Item = &'m ModelEntry>) -> Coverage {
        let is_rebuilt = |model: &&ModelEntry| {
            model.microbatch.as_ref().is_some_and(|microbatch| microbatch.beside.is_some())
        };
        let rebuilt =
            models.into_iter().filter(is_rebuilt).map(|model| model.unique_id.clone()).collect();
        Coverage { rebuilt, spans: BTreeMap::new() }
    }

    /// Takes the journal's next line.
    pub fn add(&mut self, entry: &Entry) {
        let Entry::Step(step) = entry else { return };
        if step.outcome != Outcome::Success || !matches!(step.kind, Kind::Batch | Kind::Swap) {
            return;
        }
        let spans = self.spans.entry(step.model.clone()).or_default();
        let bounds = (
            step.event_time_start.as_deref().and_then(parse),
            step.event_time_end.as_deref().and_then(parse),
        );
        match (step.kind, bounds) {
            (Kind::Swap, _) => spans.covered.append(&mut spans.beside),
            (_, (Some(start), Some(end))) => {
                let list = if self.rebuilt.contains(&step.model) {
                    &mut spans.beside
                } else {
                    &mut spans.covered
                };
                push(list, Window { start, end });
            }
            _ => {}
        }
    }

    /// The spans of a model: joined, oldest first.
    pub fn of_model(&self, unique_id: &str) -> Vec<Window> {
        let mut spans =
            self.spans.get(unique_id).map(|spans| spans.covered.clone()).unwrap_or_default();
        spans.sort();
        let mut joined = Vec::new();
        spans.into_iter().for_each(|span| push(&mut joined, span));
        joined
    }
}

/// Adds a span to a list; one that touches the last one extends it.
fn push(spans: &mut Vec<Window>, span: Window) {
    match spans.last_mut() {
        Some(last) if last.start <= span.start && span.start <= last.end => {
            last.end = last.end.max(span.end)
        }
        _ => spans.push(span),
    }
}

fn parse(text: &str) -> Option<Instant> {
    chrono::DateTime::parse_from_rfc3339(text).ok().map(|at| at.to_utc())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::entry::StepEntry;

    #[test]
    fn spans_that_touch_are_one_and_a_rebuild_counts_when_swapped() {
        let step = |kind, days: Option<(u32, u32)>| StepEntry {
            kind,
            event_time_start: days.map(|(start, _)| format!("2024-09-{start:02}T00:00:00Z")),
            event_time_end: days.map(|(_, end)| format!("2024-09-{end:02}T00:00:00Z")),
            ..StepEntry::success("")
        };
        let steps = [
            step(Kind::Batch, Some((3, 4))),
            step(Kind::Batch, Some((1, 3))),
            step(Kind::Batch, Some((6, 7))),
        ];
        let lengths = |steps: &[StepEntry], is_rebuilt: bool| {
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
        assert_eq!(lengths(&[first, second, third, step(Kind::Swap, None)], true), [3, 1]);
    }
}
