//! Which step may start now. Takes the plan's steps and which of them are to run; gives the next
//! one, and learns how it ended. A failure keeps back what depends on it and the chunks after its
//! own, nothing else. Refuses a plan that waits for nothing known.

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostics::Diagnostic;
use crate::plan::Kind;
use crate::plan::manifest::PlannedStep;

/// The steps on their way.
pub struct Schedule {
    states: Vec<State>,
    /// How many things each step still waits for.
    waits_for: Vec<usize>,
    /// Who waits for a step, or for all steps of a model.
    readers: Vec<Vec<usize>>,
    model: Vec<usize>,
    models: Vec<Model>,
    /// The chunk of each step, counted in their order.
    chunk: Vec<Option<usize>>,
    /// How many steps of each chunk have not ended.
    open_in_chunk: Vec<usize>,
    ready: BTreeSet<(Option<usize>, usize)>,
    /// The schema that a step makes if it is missing. Two at once may both find it missing, and one
    /// of them fails.
    schema: Vec<Option<String>>,
    made: BTreeSet<String>,
    being_made: BTreeSet<String>,
    running: usize,
    stopped: bool,
}

#[derive(Default)]
struct Model {
    open: usize,
    readers: Vec<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Waiting,
    Running,
    Done,
    Failed,
    /// Kept back by a failure of what it depends on, or of an earlier chunk.
    Skipped,
}

impl Schedule {
    /// `wanted` says for each step whether it is to run; the others are done. `schemas` are those
    /// of the models.
    pub fn new(
        steps: &[PlannedStep],
        wanted: &[bool],
        schemas: &BTreeMap<String, String>,
    ) -> Result<Schedule, Diagnostic> {
        let ids: BTreeMap<&str, usize> =
            steps.iter().enumerate().map(|(index, step)| (&*step.id, index)).collect();
        let mut names: BTreeMap<&str, usize> = BTreeMap::new();
        let mut models: Vec<Model> = Vec::new();
        let mut model = Vec::new();
        for (step, wanted) in steps.iter().zip(wanted) {
            let index = *names.entry(&step.model).or_insert_with(|| {
                models.push(Model::default());
                models.len() - 1
            });
            models[index].open += usize::from(*wanted);
            model.push(index);
        }
        let chunk = chunks(steps, &ids, &names);
        let mut schedule = Schedule {
            states: wanted
                .iter()
                .map(|wanted| if *wanted { State::Waiting } else { State::Done })
                .collect(),
            waits_for: vec![0; steps.len()],
            readers: vec![Vec::new(); steps.len()],
            model,
            models,
            open_in_chunk: vec![0; chunk.iter().flatten().max().map_or(0, |last| last + 1)],
            chunk,
            ready: BTreeSet::new(),
            schema: steps
                .iter()
                .map(|step| schemas.get(&*step.model).filter(|_| makes_schema(step)).cloned())
                .collect(),
            made: BTreeSet::new(),
            being_made: BTreeSet::new(),
            running: 0,
            stopped: false,
        };
        schedule.made = schedule
            .schema
            .iter()
            .zip(wanted)
            .filter(|(_, wanted)| !**wanted)
            .filter_map(|(schema, _)| schema.clone())
            .collect();
        for (index, step) in steps.iter().enumerate().filter(|(index, _)| wanted[*index]) {
            for id in &step.depends_on {
                if let Some(other) = ids.get(&**id) {
                    if *other >= index {
                        return Err(broken(step, id, "comes after it"));
                    }
                    if wanted[*other] {
                        schedule.readers[*other].push(index);
                        schedule.waits_for[index] += 1;
                    }
                } else if let Some(other) = names.get(&**id) {
                    if *other == schedule.model[index] {
                        return Err(broken(step, id, "is its own model"));
                    }
                    if schedule.models[*other].open > 0 {
                        schedule.models[*other].readers.push(index);
                        schedule.waits_for[index] += 1;
                    }
                } else {
                    return Err(broken(step, id, "is not in the plan"));
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

    /// The next step that may start, which counts as running from now on: the earliest in the plan.
    pub fn start(&mut self) -> Option<usize> {
        if self.stopped {
            return None;
        }
        let may = |index: usize| {
            self.schema[index].as_ref().is_none_or(|schema| {
                self.made.contains(schema) || !self.being_made.contains(schema)
            })
        };
        let first = |chunk| {
            self.ready
                .range((chunk, 0)..=(chunk, usize::MAX))
                .find(|(_, index)| may(*index))
                .copied()
        };
        let at_work = self.open_in_chunk.iter().position(|open| *open > 0);
        let found = [first(None), at_work.and_then(|chunk| first(Some(chunk)))]
            .into_iter()
            .flatten()
            .min_by_key(|(_, index)| *index)?;
        self.ready.remove(&found);
        self.being_made.extend(self.schema[found.1].clone());
        self.states[found.1] = State::Running;
        self.running += 1;
        Some(found.1)
    }

    /// A running step has ended.
    pub fn end(&mut self, index: usize, done: bool) {
        self.running -= 1;
        if let Some(schema) = self.schema[index].take() {
            self.being_made.remove(&schema);
            if done {
                self.made.insert(schema);
            }
        }
        self.settle(index, if done { State::Done } else { State::Failed });
        if done {
            let mut freed = std::mem::take(&mut self.readers[index]);
            let model = &mut self.models[self.model[index]];
            model.open -= 1;
            if model.open == 0 {
                freed.append(&mut model.readers);
            }
            for reader in freed {
                self.waits_for[reader] -= 1;
                if self.waits_for[reader] == 0 && self.states[reader] == State::Waiting {
                    self.ready.insert((self.chunk[reader], reader));
                }
            }
            return;
        }
        let mut lost = vec![index];
        if let Some(chunk) = self.chunk[index] {
            let later = (0..self.states.len())
                .filter(|other| self.chunk[*other].is_some_and(|other| other > chunk))
                .collect::<Vec<_>>();
            for other in later {
                self.skip(other, &mut lost);
            }
        }
        while let Some(index) = lost.pop() {
            let model = self.model[index];
            let readers: Vec<usize> =
                self.readers[index].iter().chain(&self.models[model].readers).copied().collect();
            for reader in readers {
                self.skip(reader, &mut lost);
            }
        }
    }

    /// From now on nothing starts.
    pub fn stop(&mut self) {
        self.stopped = true;
    }

    /// Whether nothing runs and nothing will.
    pub fn over(&self) -> bool {
        self.running == 0 && (self.stopped || self.ready.is_empty())
    }

    pub fn state(&self, index: usize) -> State {
        self.states[index]
    }

    fn skip(&mut self, index: usize, lost: &mut Vec<usize>) {
        if self.states[index] == State::Waiting {
            self.ready.remove(&(self.chunk[index], index));
            self.settle(index, State::Skipped);
            lost.push(index);
        }
    }

    fn settle(&mut self, index: usize, state: State) {
        self.states[index] = state;
        if let Some(chunk) = self.chunk[index] {
            self.open_in_chunk[chunk] -= 1;
        }
    }
}

/// The chunk in which each labelled step runs: its own, or a later one that it depends on (a year's
/// batch in chunks of a month).
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
        let own = step.chunk.as_deref().map(|label| labels[label]);
        let inputs = step.depends_on.iter().filter_map(|id| match ids.get(&**id) {
            Some(index) => reached.get(*index).copied().flatten(),
            None => names.get(&**id).and_then(|model| of_model[*model]),
        });
        let latest = inputs.chain(own).max();
        reached.push(latest);
        if let Some(model) = names.get(&*step.model) {
            of_model[*model] = of_model[*model].max(latest);
        }
    }
    steps.iter().zip(reached).map(|(step, latest)| step.chunk.as_ref().and(latest)).collect()
}

fn makes_schema(step: &PlannedStep) -> bool {
    matches!(step.kind, Kind::Create | Kind::Build)
}

fn broken(step: &PlannedStep, id: &str, what: &str) -> Diagnostic {
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

    /// Runs all, one after the other; those named fail. Gives what ran.
    fn all(steps: &[PlannedStep], failing: &[&str]) -> Vec<String> {
        let mut schedule =
            Schedule::new(steps, &vec![true; steps.len()], &BTreeMap::new()).unwrap();
        let mut ran = Vec::new();
        while let Some(index) = schedule.start() {
            ran.push(steps[index].id.to_string());
            schedule.end(index, !failing.contains(&&*steps[index].id));
        }
        assert!(schedule.over());
        ran
    }

    #[test]
    fn a_failure_keeps_back_only_its_readers() {
        let steps = [
            step("a@1", None, &[]),
            step("a@2", None, &[]),
            step("b@1", None, &["a@1"]),
            step("b@2", None, &["a@2"]),
            step("c@build", None, &["b"]),
            step("d@build", None, &[]),
        ];
        assert_eq!(all(&steps, &["a@1"]), ["a@1", "a@2", "b@2", "d@build"]);
        assert_eq!(all(&steps, &[]).len(), 6);
    }

    #[test]
    fn a_reader_starts_as_soon_as_its_own_inputs_are_done() {
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
    fn a_failed_chunk_stops_those_after_it() {
        let steps = [
            step("a@11-30", Some("2024-11"), &[]),
            step("a@12-01", Some("2024-12"), &[]),
            step("a@12-02", Some("2024-12"), &[]),
            step("a@01-01", Some("2025-01"), &[]),
        ];
        assert_eq!(all(&steps, &[]).len(), 4);
        assert_eq!(all(&steps, &["a@12-01"]), ["a@11-30", "a@12-01", "a@12-02"]);
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
        assert_eq!(all(&steps, &[]), ["a@1", "a@2", "b@2024"]);
    }

    #[test]
    fn a_schema_is_made_once() {
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
    fn a_plan_that_waits_for_ever_is_refused() {
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
