//! The dependencies of steps. A batch depends on the batches of an input that overlap its window,
//! or on all steps of the input if it reads the whole input.

use std::collections::{BTreeMap, BTreeSet};

use super::{BatchSteps, ModelSteps, Plan, Step, StepBody, StepKind};
use crate::calendar::Window;

/// Looks up the dependencies between the steps of a plan.
pub struct Dependencies<'a>(BTreeMap<&'a str, &'a ModelSteps>);

impl<'a> Dependencies<'a> {
    pub fn new(plan: &'a Plan) -> Dependencies<'a> {
        Dependencies(plan.steps.iter().map(|steps| (steps.model.as_str(), steps)).collect())
    }

    /// The ids of the steps on which `step` depends; a model's id represents all of its steps.
    pub fn depends_on(&self, step: &Step) -> Vec<String> {
        let Step { parent, body } = step;
        let before = |kind: StepKind| {
            parent
                .first
                .iter()
                .rev()
                .filter(move |step| step.kind < kind)
                .take(1)
                .map(|step| step_id(parent, step.kind.as_str()))
        };
        match body {
            StepBody::Batch(span, nth, _) => {
                let overlapping = self
                    .by_window(parent)
                    .flat_map(|(input, batches)| overlapping(input, batches, span.window));
                let last = nth
                    .checked_sub(1)
                    .filter(|_| parent.reads.in_order)
                    .and_then(|last| Some(batch_id(parent, parent.batches.as_ref()?, last)));
                before(StepKind::Batch)
                    .chain(self.whole(parent))
                    .chain(overlapping)
                    .chain(last)
                    .collect()
            }
            StepBody::Static(step) => match step.kind {
                // The engine parses the query of the create statement, so its inputs must exist.
                StepKind::Create | StepKind::Build => {
                    let created = self.by_window(parent).filter_map(|(input, _)| {
                        Some(step_id(input, input.first.last()?.kind.as_str()))
                    });
                    before(step.kind).chain(self.whole(parent)).chain(created).collect()
                }
                StepKind::After if parent.last.iter().any(|step| step.kind == StepKind::Swap) => {
                    self.planned(&parent.reads.hooks)
                        .chain([step_id(parent, StepKind::Swap.as_str())])
                        .collect()
                }
                StepKind::After if parent.is_staged() => {
                    let hooks = self.planned(&parent.reads.hooks);
                    hooks.chain([step_id(parent, StepKind::Publish.as_str())]).collect()
                }
                StepKind::Swap | StepKind::After => {
                    let hooks =
                        self.planned(&parent.reads.hooks).filter(|_| step.kind == StepKind::After);
                    hooks.chain(batches(parent)).collect()
                }
                StepKind::StagedAudit => batches(parent).collect(),
                // Staged models are published only after all of them are audited, and each after
                // the ones that it reads.
                StepKind::Publish => {
                    let audits = self.0.values().flat_map(|steps| {
                        let audit =
                            steps.last.iter().find(|step| step.kind == StepKind::StagedAudit);
                        audit.map(|step| step_id(steps, step.kind.as_str()))
                    });
                    let published = self
                        .by_window(parent)
                        .filter(|(input, _)| input.is_staged())
                        .map(|(input, _)| step_id(input, StepKind::Publish.as_str()));
                    audits.chain(published).collect()
                }
                StepKind::Alter => before(StepKind::Alter).collect(),
                StepKind::Before => self.planned(&parent.reads.hooks).collect(),
                StepKind::Batch | StepKind::Audit | StepKind::Undo | StepKind::Cleanup => {
                    Vec::new()
                }
            },
        }
    }

    /// The planned models on which a batch depends as a whole: those outside of `by_window`, and
    /// those that end in a swap, since their rows exist only after it.
    fn whole(&self, parent: &ModelSteps) -> impl Iterator<Item = String> {
        let reads = parent
            .reads
            .whole
            .iter()
            .map(|id| (id, false))
            .chain(parent.reads.by_window.iter().map(|id| (id, true)));
        let whole = reads.filter(|(id, by_window)| {
            self.0
                .get(id.as_str())
                .is_some_and(|input| !by_window || separate_batches(input).is_none())
        });
        whole.map(|(id, _)| id.clone())
    }

    /// The models among `ids` that have steps.
    fn planned(&self, ids: &'a BTreeSet<String>) -> impl Iterator<Item = String> {
        ids.iter().filter(|id| self.0.contains_key(id.as_str())).cloned()
    }

    /// The inputs whose batches are separate dependencies.
    fn by_window(
        &self,
        parent: &ModelSteps,
    ) -> impl Iterator<Item = (&'a ModelSteps, &'a BatchSteps)> {
        parent.reads.by_window.iter().filter_map(|id| {
            self.0.get(id.as_str()).and_then(|input| Some((*input, separate_batches(input)?)))
        })
    }
}

/// All batches of a model.
fn batches(parent: &ModelSteps) -> impl Iterator<Item = String> {
    parent.batches.iter().flat_map(move |batches| {
        (0..batches.cover.windows.len()).map(move |nth| batch_id(parent, batches, nth))
    })
}

fn separate_batches(input: &ModelSteps) -> Option<&BatchSteps> {
    input.batches.as_ref().filter(|_| !input.last.iter().any(|step| step.kind == StepKind::Swap))
}

/// The ids of the batches that overlap a window. The windows of a model are sorted and disjoint.
fn overlapping(
    input: &ModelSteps,
    batches: &BatchSteps,
    window: Window,
) -> impl Iterator<Item = String> {
    let windows = &batches.cover.windows;
    let first = windows.partition_point(|other| other.end <= window.start);
    let many = windows[first..].iter().take_while(|other| other.start < window.end).count();
    (first..first + many).map(move |nth| batch_id(input, batches, nth))
}

fn batch_id(parent: &ModelSteps, batches: &BatchSteps, nth: usize) -> String {
    step_id(parent, &batches.cover.naming.label(batches.cover.windows[nth]))
}

fn step_id(parent: &ModelSteps, word: &str) -> String {
    format!("{}@{word}", parent.model)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::Grain;
    use crate::plan::{BatchText, ReadSet, StaticStep};
    use crate::window::{BatchNaming, Cover};
    use chrono::TimeZone;
    use chrono_tz::Tz;

    fn steps(model: &str, reads: ReadSet, days: &[(u32, u32)], ends_in_swap: bool) -> ModelSteps {
        let at = |day| chrono::Utc.with_ymd_and_hms(2024, 9, day, 0, 0, 0).unwrap();
        let windows =
            days.iter().map(|(start, end)| Window { start: at(*start), end: at(*end) }).collect();
        let naming = BatchNaming {
            model_batch_size: Grain::Day,
            batch_size: Grain::Day,
            chunk: None,
            timezone: Tz::UTC,
        };
        let step = |kind| StaticStep { kind, text: String::new() };
        ModelSteps {
            batches: Some(BatchSteps {
                cover: Cover { windows, naming, notes: Vec::new() },
                audit: None,
                text: BatchText::Rendered(vec![String::new(); days.len()]),
            }),
            last: if ends_in_swap {
                vec![step(StepKind::Swap), step(StepKind::After)]
            } else {
                Vec::new()
            },
            reads,
            ..ModelSteps::new(model, model, vec![step(StepKind::Create)])
        }
    }

    /// The dependencies of each step, with its id.
    fn dependency_lines(steps: &[ModelSteps]) -> Vec<String> {
        let dependencies =
            Dependencies(steps.iter().map(|steps| (steps.model.as_str(), steps)).collect());
        steps
            .iter()
            .flat_map(ModelSteps::all)
            .map(|step| format!("{} {}", step.id(), dependencies.depends_on(&step).join(" ")))
            .collect()
    }

    fn reads_a() -> ReadSet {
        ReadSet { by_window: ["a".to_string()].into(), ..ReadSet::default() }
    }

    #[test]
    fn a_batch_depends_on_the_batches_that_overlap_it() {
        let a = steps("a", ReadSet::default(), &[(1, 2), (2, 3), (3, 4)], false);
        let lines = dependency_lines(&[a, steps("b", reads_a(), &[(2, 4)], false)]);
        assert_eq!(lines[1], "a@2024-09-01 a@create");
        assert_eq!(lines[4], "b@create a@create");
        assert_eq!(lines[5], "b@2024-09-02_2024-09-04 b@create a@2024-09-02 a@2024-09-03");
    }

    #[test]
    fn readers_depend_on_the_swap_of_a_full_refresh() {
        let lines = dependency_lines(&[
            steps("a", ReadSet::default(), &[(1, 2)], true),
            steps("b", reads_a(), &[(1, 2)], false),
        ]);
        assert_eq!(lines[2..4], ["a@swap a@2024-09-01", "a@after a@swap"]);
        assert_eq!(lines[5], "b@2024-09-01 b@create a");
    }

    #[test]
    fn batches_in_order_depend_on_the_previous_batch() {
        let lines = dependency_lines(&[steps(
            "a",
            ReadSet { in_order: true, ..ReadSet::default() },
            &[(1, 2), (2, 3)],
            false,
        )]);
        assert_eq!(lines[1..], ["a@2024-09-01 a@create", "a@2024-09-02 a@create a@2024-09-01"]);
    }
}
