//! Determines which step may start next. Takes the plan's steps, a selection, and the result of each
//! step. A failure blocks the dependents of the step and the later chunks, nothing else. Refuses a
//! plan whose dependencies cannot be resolved.

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostics::Diagnostic;
use crate::plan::Kind;
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
    ready: BTreeSet<(Option<usize>, usize)>,
    /// The schema that a step creates if it is missing. Two concurrent steps may both find it
    /// missing, and one of them fails.
    schema: Vec<Option<String>>,
    created: BTreeSet<String>,
    in_creation: BTreeSet<String>,
    running: usize,
    stopped: bool,
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
                schedule.ready.insert((schedule.chunk[index], index));
            }
        }
        Ok(schedule)
    }

    /// Starts the first step in the plan's order that may start.
    pub fn start(&mut self) -> Option<usize> {
        if self.stopped {
            return None;
        }
        let may_start = |index: usize| {
            self.schema[index].as_ref().is_none_or(|schema| {
                self.created.contains(schema) || !self.in_creation.contains(schema)
            })
        };
        let first = |chunk| {
            self.ready
                .range((chunk, 0)..=(chunk, usize::MAX))
                .find(|(_, index)| may_start(*index))
                .copied()
        };
        let current_chunk = self.open_in_chunk.iter().position(|open| *open > 0);
        let next = [first(None), current_chunk.and_then(|chunk| first(Some(chunk)))]
            .into_iter()
            .flatten()
            .min_by_key(|(_, index)| *index)?;
        self.ready.remove(&next);
        self.in_creation.extend(self.schema[next.1].clone());
        self.states[next.1] = StepState::Running;
        self.running += 1;
        Some(next.1)
    }

    /// Records the end of a running step.
    pub fn end(&mut self, index: usize, done: bool) {
        self.running -= 1;
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
                    self.ready.insert((self.chunk[dependent], dependent));
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
            self.ready.remove(&(self.chunk[index], index));
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
    matches!(step.kind, Kind::Create | Kind::Build)
}

fn invalid_dependency(step: &PlannedStep, id: &str, what: &str) -> Diagnostic {
    Diagnostic::error(format!("the plan's step `{}` depends on `{id}`, which {what}", step.id))
        .hint("compile the plan again")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Sha256;
    use crate::plan::planned::StepFile;

    fn step(id: &str, chunk: Option<&str>, depends_on: &[&str]) -> PlannedStep {
        PlannedStep {
            id: id.into(),
            model: id.split('@').next().unwrap().into(),
            kind: Kind::Batch,
            file: StepFile::Path("".into()),
            sha256: Sha256::default(),
            event_time_start: None,
            event_time_end: None,
            chunk: chunk.map(Into::into),
            depends_on: depends_on.iter().map(|id| (*id).into()).collect(),
        }
    }

    /// Runs the steps one by one, with failures of the steps in `failing`; returns the ids in order.
    fn run_all(steps: &[PlannedStep], failing: &[&str]) -> Vec<String> {
        let mut schedule =
            Schedule::new(steps, &vec![true; steps.len()], &BTreeMap::new()).unwrap();
        let mut ran = Vec::new();
        while let Some(index) = schedule.start() {
            ran.push(steps[index].id.to_string());
            schedule.end(index, !failing.contains(&&*steps[index].id));
        }
        assert!(schedule.is_finished());
        ran
    }

    #[test]
    fn a_failure_blocks_only_its_dependents() {
        let steps = [
            step("a@1", None, &[]),
            step("a@2", None, &[]),
            step("b@1", None, &["a@1"]),
            step("b@2", None, &["a@2"]),
            step("c@build", None, &["b"]),
            step("d@build", None, &[]),
        ];
        assert_eq!(run_all(&steps, &["a@1"]), ["a@1", "a@2", "b@2", "d@build"]);
        assert_eq!(run_all(&steps, &[]).len(), 6);
    }

    #[test]
    fn a_step_starts_when_its_dependencies_are_done() {
        let steps =
            [step("a@1", None, &[]), step("a@2", None, &["a@1"]), step("b@1", None, &["a@1"])];
        let mut schedule = Schedule::new(&steps, &[true; 3], &BTreeMap::new()).unwrap();
        assert_eq!((schedule.start(), schedule.start()), (Some(0), None));
        schedule.end(0, true);
        assert_eq!(
            (schedule.start(), schedule.start(), schedule.start()),
            (Some(1), Some(2), None)
        );
    }

    #[test]
    fn a_failed_chunk_blocks_later_chunks() {
        let steps = [
            step("a@11-30", Some("2024-11"), &[]),
            step("a@12-01", Some("2024-12"), &[]),
            step("a@12-02", Some("2024-12"), &[]),
            step("a@01-01", Some("2025-01"), &[]),
        ];
        assert_eq!(run_all(&steps, &[]).len(), 4);
        assert_eq!(run_all(&steps, &["a@12-01"]), ["a@11-30", "a@12-01", "a@12-02"]);
        let mut schedule = Schedule::new(&steps, &[true; 4], &BTreeMap::new()).unwrap();
        assert_eq!(
            (schedule.start(), schedule.start()),
            (Some(0), None),
            "the second chunk waits for the first"
        );
    }

    #[test]
    fn a_batch_of_many_chunks_runs_in_the_last_one() {
        let steps = [
            step("a@1", Some("2024-01"), &[]),
            step("a@2", Some("2024-02"), &[]),
            step("b@2024", Some("2024-01"), &["a@1", "a@2"]),
        ];
        assert_eq!(run_all(&steps, &[]), ["a@1", "a@2", "b@2024"]);
    }

    #[test]
    fn a_schema_is_created_once() {
        let steps = ["a@create", "b@create", "c@create"]
            .map(|id| PlannedStep { kind: Kind::Create, ..step(id, None, &[]) });
        let schemas = ["a", "b"].map(|model| (model.to_string(), "analytics".to_string())).into();
        let mut schedule = Schedule::new(&steps, &[true; 3], &schemas).unwrap();
        assert_eq!(
            (schedule.start(), schedule.start(), schedule.start()),
            (Some(0), Some(2), None)
        );
        schedule.end(0, true);
        assert_eq!(schedule.start(), Some(1));
    }

    #[test]
    fn unresolvable_dependencies_are_refused() {
        let error = |id: &str| {
            Schedule::new(&[step("a@1", None, &[id])], &[true], &BTreeMap::new())
                .err()
                .unwrap()
                .message
        };
        assert!(error("b@1").ends_with("is not in the plan"));
        assert!(error("a@1").ends_with("comes after it"));
    }
}
