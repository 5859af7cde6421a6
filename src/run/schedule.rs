//! Determines which step may start next. Takes the plan's steps, a selection, and the result of
//! each step. A failure blocks the dependents of the step and the later chunks, nothing else.
//! Refuses a plan whose dependencies cannot be resolved.

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostics::Diagnostic;
use crate::plan::StepKind;
use crate::plan::manifest::PlannedStep;

/// The states of the steps during a run.
pub struct Schedule {
    states: Vec<StepState>,
    /// The number of unfinished dependencies of each step.
    waits_for: Vec<usize>,
    /// The dependents of each step.
    dependents: Vec<Vec<usize>>,
    model: Vec<usize>,
    models: Vec<ModelProgress>,
    /// The chunk of each step, as an index in chronological order.
    chunk: Vec<Option<usize>>,
    /// The number of unfinished steps of each chunk.
    open_in_chunk: Vec<usize>,
    /// The steps that may start: chunk and rank.
    ready: BTreeSet<(Option<usize>, usize)>,
    /// The steps of each model that may start when another step of the model ends.
    delayed: Vec<BTreeSet<(Option<usize>, usize)>>,
    /// The priority of each step, and the step of each priority.
    ranks: Vec<usize>,
    by_rank: Vec<usize>,
    running_of_model: Vec<usize>,
    max_per_model: usize,
    /// The schema that a step creates if it is missing. Two concurrent steps may both find it
    /// missing, and one of them fails.
    schema: Vec<Option<String>>,
    created: BTreeSet<String>,
    in_creation: BTreeSet<String>,
    running: usize,
    stopped: bool,
}

/// The order and the limits of a run.
#[derive(Clone, Copy, Debug)]
pub struct ScheduleOptions {
    pub order: StepOrder,
    /// The maximum number of concurrent steps of a model.
    pub max_per_model: usize,
}

/// Which of several steps that may start is first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StepOrder {
    /// The first one of the plan: model by model.
    #[default]
    Plan,
    /// The batch with the latest window.
    Newest,
    /// The batch with the earliest window, of any model.
    Oldest,
}

impl Default for ScheduleOptions {
    fn default() -> ScheduleOptions {
        ScheduleOptions { order: StepOrder::Plan, max_per_model: usize::MAX }
    }
}

#[derive(Default)]
struct ModelProgress {
    open: usize,
    /// The steps that wait for all steps of the model.
    dependents: Vec<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepState {
    Waiting,
    Running,
    Done,
    Failed,
    /// Blocked by a failure of a dependency or of an earlier chunk.
    Skipped,
}

impl Schedule {
    /// `selected`: for each step, whether it is to run; the others count as done. `schemas`: the
    /// schema of each model.
    pub fn new(
        steps: &[PlannedStep],
        selected: &[bool],
        schemas: &BTreeMap<String, String>,
        options: ScheduleOptions,
    ) -> Result<Schedule, Diagnostic> {
        let ids: BTreeMap<&str, usize> =
            steps.iter().enumerate().map(|(index, step)| (&*step.id, index)).collect();
        let mut names: BTreeMap<&str, usize> = BTreeMap::new();
        let mut models: Vec<ModelProgress> = Vec::new();
        let mut model = Vec::new();
        for (step, selected) in steps.iter().zip(selected) {
            let index = *names.entry(&step.model).or_insert_with(|| {
                models.push(ModelProgress::default());
                models.len() - 1
            });
            models[index].open += usize::from(*selected);
            model.push(index);
        }
        let chunk = chunks(steps, &ids, &names);
        let by_rank = ranked(steps, options.order);
        let mut ranks = vec![0; steps.len()];
        by_rank.iter().enumerate().for_each(|(rank, index)| ranks[*index] = rank);
        let mut schedule = Schedule {
            states: selected
                .iter()
                .map(|selected| if *selected { StepState::Waiting } else { StepState::Done })
                .collect(),
            waits_for: vec![0; steps.len()],
            dependents: vec![Vec::new(); steps.len()],
            model,
            models,
            open_in_chunk: vec![0; chunk.iter().flatten().max().map_or(0, |last| last + 1)],
            chunk,
            ready: BTreeSet::new(),
            delayed: vec![BTreeSet::new(); names.len()],
            ranks,
            by_rank,
            running_of_model: vec![0; names.len()],
            max_per_model: options.max_per_model,
            schema: steps
                .iter()
                .map(|step| schemas.get(&*step.model).filter(|_| creates_schema(step)).cloned())
                .collect(),
            created: BTreeSet::new(),
            in_creation: BTreeSet::new(),
            running: 0,
            stopped: false,
        };
        schedule.created = schedule
            .schema
            .iter()
            .zip(selected)
            .filter(|(_, selected)| !**selected)
            .filter_map(|(schema, _)| schema.clone())
            .collect();
        for (index, step) in steps.iter().enumerate().filter(|(index, _)| selected[*index]) {
            for id in &step.depends_on {
                if let Some(other) = ids.get(&**id) {
                    if *other >= index {
                        return Err(invalid_dependency(step, id, "comes after it"));
                    }
                    if selected[*other] {
                        schedule.dependents[*other].push(index);
                        schedule.waits_for[index] += 1;
                    }
                } else if let Some(other) = names.get(&**id) {
                    if *other == schedule.model[index] {
                        return Err(invalid_dependency(step, id, "is the model of the step"));
                    }
                    if schedule.models[*other].open > 0 {
                        schedule.models[*other].dependents.push(index);
                        schedule.waits_for[index] += 1;
                    }
                } else {
                    return Err(invalid_dependency(step, id, "is not in the plan"));
                }
            }
            if let Some(chunk) = schedule.chunk[index] {
                schedule.open_in_chunk[chunk] += 1;
            }
            if schedule.waits_for[index] == 0 {
                schedule.ready.insert((schedule.chunk[index], schedule.ranks[index]));
            }
        }
        Ok(schedule)
    }

    /// Starts the first step that may start, in the order of the options.
    pub fn start(&mut self) -> Option<usize> {
        if self.stopped {
            return None;
        }
        let current_chunk = self.open_in_chunk.iter().position(|open| *open > 0);
        loop {
            let candidates = [None, current_chunk];
            let chunks = candidates.iter().take(if current_chunk.is_some() { 2 } else { 1 });
            let next = chunks
                .filter_map(|chunk| self.first_ready(*chunk))
                .min_by_key(|(_, rank)| *rank)?;
            self.ready.remove(&next);
            let index = self.by_rank[next.1];
            let model = self.model[index];
            if self.running_of_model[model] >= self.max_per_model {
                self.delayed[model].insert(next);
                continue;
            }
            self.in_creation.extend(self.schema[index].clone());
            self.states[index] = StepState::Running;
            self.running_of_model[model] += 1;
            self.running += 1;
            return Some(index);
        }
    }

    /// The first step of a chunk that may start.
    fn first_ready(&self, chunk: Option<usize>) -> Option<(Option<usize>, usize)> {
        let may_start = |index: usize| {
            self.schema[index].as_ref().is_none_or(|schema| {
                self.created.contains(schema) || !self.in_creation.contains(schema)
            })
        };
        let mut ready = self.ready.range((chunk, 0)..=(chunk, usize::MAX));
        ready.find(|(_, rank)| may_start(self.by_rank[*rank])).copied()
    }

    /// Records the end of a running step.
    pub fn end(&mut self, index: usize, done: bool) {
        self.running -= 1;
        let model = self.model[index];
        self.running_of_model[model] -= 1;
        self.ready.extend(self.delayed[model].pop_first());
        if let Some(schema) = self.schema[index].take() {
            self.in_creation.remove(&schema);
            if done {
                self.created.insert(schema);
            }
        }
        self.settle(index, if done { StepState::Done } else { StepState::Failed });
        if done {
            let mut unblocked = std::mem::take(&mut self.dependents[index]);
            let model = &mut self.models[self.model[index]];
            model.open -= 1;
            if model.open == 0 {
                unblocked.append(&mut model.dependents);
            }
            for dependent in unblocked {
                self.waits_for[dependent] -= 1;
                if self.waits_for[dependent] == 0 && self.states[dependent] == StepState::Waiting {
                    self.ready.insert((self.chunk[dependent], self.ranks[dependent]));
                }
            }
            return;
        }
        let mut blocked = vec![index];
        if let Some(chunk) = self.chunk[index] {
            let later = (0..self.states.len())
                .filter(|other| self.chunk[*other].is_some_and(|other| other > chunk))
                .collect::<Vec<_>>();
            for other in later {
                self.skip(other, &mut blocked);
            }
        }
        while let Some(index) = blocked.pop() {
            let model = self.model[index];
            let dependents: Vec<usize> = self.dependents[index]
                .iter()
                .chain(&self.models[model].dependents)
                .copied()
                .collect();
            for dependent in dependents {
                self.skip(dependent, &mut blocked);
            }
        }
    }

    /// Starts no further step.
    pub fn stop(&mut self) {
        self.stopped = true;
    }

    /// Whether no step is running and none can start.
    pub fn is_finished(&self) -> bool {
        self.running == 0 && (self.stopped || self.ready.is_empty())
    }

    pub fn state(&self, index: usize) -> StepState {
        self.states[index]
    }

    fn skip(&mut self, index: usize, blocked: &mut Vec<usize>) {
        if self.states[index] == StepState::Waiting {
            let position = (self.chunk[index], self.ranks[index]);
            self.ready.remove(&position);
            self.delayed[self.model[index]].remove(&position);
            self.settle(index, StepState::Skipped);
            blocked.push(index);
        }
    }

    fn settle(&mut self, index: usize, state: StepState) {
        self.states[index] = state;
        if let Some(chunk) = self.chunk[index] {
            self.open_in_chunk[chunk] -= 1;
        }
    }
}

/// The indices of the steps in the order of their priority. Steps without a window precede batches,
/// which wait for them.
fn ranked(steps: &[PlannedStep], order: StepOrder) -> Vec<usize> {
    let mut by_rank: Vec<usize> = (0..steps.len()).collect();
    match order {
        StepOrder::Plan => {}
        StepOrder::Oldest => by_rank.sort_by_key(|index| steps[*index].event_time_start),
        StepOrder::Newest => by_rank.sort_by_key(|index| {
            let start = steps[*index].event_time_start;
            (start.is_some(), std::cmp::Reverse(start))
        }),
    }
    by_rank
}

/// The chunk in which each labelled step runs: that of its label, or a later one that it depends on
/// (a year's batch in chunks of a month).
fn chunks(
    steps: &[PlannedStep],
    ids: &BTreeMap<&str, usize>,
    names: &BTreeMap<&str, usize>,
) -> Vec<Option<usize>> {
    let labels: BTreeSet<&str> = steps.iter().filter_map(|step| step.chunk.as_deref()).collect();
    // Alphabetical order of labels is chronological order.
    let labels: BTreeMap<&str, usize> =
        labels.into_iter().enumerate().map(|(index, label)| (label, index)).collect();
    let mut of_model: Vec<Option<usize>> = vec![None; names.len()];
    let mut reached: Vec<Option<usize>> = Vec::new();
    for step in steps {
        let labelled = step.chunk.as_deref().map(|label| labels[label]);
        let inputs = step.depends_on.iter().filter_map(|id| match ids.get(&**id) {
            Some(index) => reached.get(*index).copied().flatten(),
            None => names.get(&**id).and_then(|model| of_model[*model]),
        });
        let latest = inputs.chain(labelled).max();
        reached.push(latest);
        if let Some(model) = names.get(&*step.model) {
            of_model[*model] = of_model[*model].max(latest);
        }
    }
    steps.iter().zip(reached).map(|(step, latest)| step.chunk.as_ref().and(latest)).collect()
}

fn creates_schema(step: &PlannedStep) -> bool {
    matches!(step.kind, StepKind::Create | StepKind::Build)
}

fn invalid_dependency(step: &PlannedStep, id: &str, what: &str) -> Diagnostic {
    Diagnostic::error(format!("the plan's step `{}` depends on `{id}`, which {what}", step.id))
        .hint("compile the plan again")
}

#[cfg(test)]
mod tests;
