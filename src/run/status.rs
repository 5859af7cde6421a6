//! Where a plan stands. Takes the manifest and the journal; gives for each model what is done, failed and open, and the gaps
//! between `begin` and now that no success covers, whichever plan it was of.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::entry::{Entry, Outcome, StepEntry};
use super::history::History;
use crate::calendar::{Grain, Instant, Window};
use crate::plan::Kind;
use crate::plan::manifest::{Manifest, ModelEntry, StepEntry as Planned};
use crate::plan::write::instant;

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

/// Every model of the plan, in its order.
pub fn standings(manifest: &Manifest, history: &History) -> Vec<Standing> {
    let mut steps: BTreeMap<&str, Vec<&Planned>> = BTreeMap::new();
    for step in &manifest.steps {
        steps.entry(&step.model).or_default().push(step);
    }
    let of = |model: &ModelEntry| {
        let mut standing = Standing {
            unique_id: model.unique_id.clone(),
            done: 0,
            failed: 0,
            open: 0,
            seconds: 0.0,
            failures: Vec::new(),
            open_steps: Vec::new(),
        };
        for step in steps.get(model.unique_id.as_str()).into_iter().flatten() {
            // A failure is later than the success that it stands beside.
            match (history.failed(step), history.done(step)) {
                (Some(failed), _) => {
                    standing.failed += 1;
                    standing.seconds += failed.seconds;
                    standing.failures.push(Failure {
                        step: step.id.clone(),
                        file: step.file.clone(),
                        event_time_start: step.event_time_start.clone(),
                        event_time_end: step.event_time_end.clone(),
                        at: failed.started.clone(),
                        words: failed.words(),
                    });
                }
                (None, Some(done)) => {
                    standing.done += 1;
                    standing.seconds += done.seconds;
                }
                (None, None) => {
                    standing.open += 1;
                    standing.open_steps.push(step.id.clone());
                }
            }
        }
        standing
    };
    manifest.models.iter().map(of).filter(|standing| standing.done + standing.failed + standing.open > 0).collect()
}

/// The gaps of the plan's microbatch models between their `begin` and now.
pub fn missing(manifest: &Manifest, entries: &[Entry], now: Instant) -> Vec<Gap> {
    let mut gaps = Vec::new();
    for model in &manifest.models {
        let Some(microbatch) = &model.microbatch else { continue };
        let (Some(begin), Some(grain), Ok(zone)) =
            (parse(&microbatch.begin), Grain::parse(&microbatch.batch_size), microbatch.timezone.parse())
        else {
            continue;
        };
        let covered = covered(model, entries);
        let mut start = grain.floor(begin, zone);
        let mut gap: Option<Gap> = None;
        while start < now {
            let Some(end) = grain.next(start, zone) else { break };
            let within = covered.partition_point(|span| span.start <= start).checked_sub(1).is_some_and(|index| covered[index].end >= end);
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

/// The spans of a model that successes cover, whichever plan they were of: joined, oldest first.
pub fn covered(model: &ModelEntry, entries: &[Entry]) -> Vec<Window> {
    let steps = entries.iter().filter_map(|entry| match entry {
        Entry::Step(step) if step.model == model.unique_id && step.outcome == Outcome::Success => Some(step),
        _ => None,
    });
    spans(steps, model.microbatch.as_ref().is_some_and(|microbatch| microbatch.beside.is_some()))
}

/// What a rebuild writes counts once it is swapped in.
fn spans<'a>(steps: impl Iterator<Item = &'a StepEntry>, rebuilds: bool) -> Vec<Window> {
    let mut spans: Vec<Window> = Vec::new();
    let mut beside: Vec<Window> = Vec::new();
    for step in steps {
        match step.kind {
            Kind::Batch => {
                let (Some(start), Some(end)) =
                    (step.event_time_start.as_deref().and_then(parse), step.event_time_end.as_deref().and_then(parse))
                else {
                    continue;
                };
                if rebuilds { beside.push(Window { start, end }) } else { spans.push(Window { start, end }) }
            }
            Kind::Swap => spans.append(&mut beside),
            _ => {}
        }
    }
    spans.sort();
    let mut joined: Vec<Window> = Vec::new();
    for span in spans {
        match joined.last_mut() {
            Some(last) if span.start <= last.end => last.end = last.end.max(span.end),
            _ => joined.push(span),
        }
    }
    joined
}

fn parse(text: &str) -> Option<Instant> {
    chrono::DateTime::parse_from_rfc3339(text).ok().map(|at| at.to_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_that_touch_are_one_and_a_rebuild_counts_when_swapped() {
        let step = |kind, days: Option<(u32, u32)>| StepEntry {
            run: String::new(),
            step: String::new(),
            sha256: String::new(),
            model: String::new(),
            kind,
            event_time_start: days.map(|(start, _)| format!("2024-09-{start:02}T00:00:00Z")),
            event_time_end: days.map(|(_, end)| format!("2024-09-{end:02}T00:00:00Z")),
            started: String::new(),
            seconds: 0.0,
            outcome: Outcome::Success,
            exit_code: None,
            signal: None,
            reason: None,
            stderr: String::new(),
            stdout: String::new(),
        };
        let steps = [step(Kind::Batch, Some((3, 4))), step(Kind::Batch, Some((1, 3))), step(Kind::Batch, Some((6, 7)))];
        let lengths = |spans: Vec<Window>| spans.iter().map(|span| (span.end - span.start).num_days()).collect::<Vec<_>>();
        assert_eq!(lengths(spans(steps.iter(), false)), [3, 1]);
        assert_eq!(lengths(spans(steps.iter(), true)), [0; 0]);
        let swap = step(Kind::Swap, None);
        assert_eq!(lengths(spans(steps.iter().chain([&swap]), true)), [3, 1]);
    }
}
