//! The status of a plan: for each model, the numbers of finished, failed and open steps, and the
//! gaps between `begin` and now that no successful batch of any plan covers.

use std::collections::BTreeMap;

use chrono_tz::Tz;
use schemars::JsonSchema;
use serde::Serialize;

use super::history::History;
use crate::calendar::{Grain, Instant, Window, format_instant, parse_instant};
use crate::plan::coverage::{FinishedBatches, ModelTable, finished_since, table_of};
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
pub fn missing(models: &[ModelEntry], finished: &FinishedBatches, now: Instant) -> Vec<Gap> {
    let mut gaps = Vec::new();
    for model in models {
        let Some(calendar) = ModelCalendar::of(model) else { continue };
        let ModelCalendar { begin, grain, zone, .. } = calendar;
        let table = table_of(model);
        let mut start = grain.floor(begin, zone);
        let mut gap: Option<Gap> = None;
        while start < now {
            let Some(end) = grain.next(start, zone) else { break };
            let is_finished = calendar.is_finished(&table, Window { start, end }, finished, now);
            match (&mut gap, is_finished) {
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

/// The batches of a microbatch model.
#[derive(Clone, Copy)]
pub struct ModelCalendar {
    pub begin: Instant,
    pub grain: Grain,
    pub zone: Tz,
    pub lookback: u32,
}

impl ModelCalendar {
    /// `None` if the model has no batches.
    pub fn of(model: &ModelEntry) -> Option<ModelCalendar> {
        let microbatch = model.microbatch.as_ref()?;
        Some(ModelCalendar {
            begin: parse_instant(&microbatch.begin)?,
            grain: Grain::parse(&microbatch.batch_size)?,
            zone: microbatch.timezone.parse().ok()?,
            lookback: microbatch.lookback,
        })
    }

    /// Whether a run has finished the batch: it was written after its window was over, and again
    /// as often as its lookback requires until now.
    pub fn is_finished(
        &self,
        table: &ModelTable,
        window: Window,
        finished: &FinishedBatches,
        now: Instant,
    ) -> bool {
        let since = finished_since(window, self.lookback, self.grain, self.zone, now);
        finished.covers(table, window, since)
    }
}
