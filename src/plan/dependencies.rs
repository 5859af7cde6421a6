//! What must have run before a step. A batch waits for exactly those batches of an input that its
//! window overlaps; where it reads the input whole, for all of it.

use std::collections::{BTreeMap, BTreeSet};

use super::{BatchSteps, Kind, Plan, Step, StepBody, Steps};
use crate::calendar::Window;

/// What a model reads of the other models of the plan.
#[derive(Clone, Debug, Default, Hash)]
pub struct Reads {
    /// Microbatch models whose rows are cut to the batch's window.
    pub by_window: BTreeSet<String>,
    /// All other models.
    pub whole: BTreeSet<String>,
    /// Models that a hook refers to: they are built before its statements run.
    pub hooks: BTreeSet<String>,
    /// Whether each batch waits for the one before it.
    pub in_order: bool,
}

/// Who waits for whom in a plan.
pub struct Waits<'a>(BTreeMap<&'a str, &'a Steps>);

impl<'a> Waits<'a> {
    pub fn of(plan: &'a Plan) -> Waits<'a> {
        Waits(plan.steps.iter().map(|steps| (steps.model.as_str(), steps)).collect())
    }

    /// Ids of the steps that must have run before `step`, or a model's id for all of its steps.
    pub fn depends_on(&self, step: &Step) -> Vec<String> {
        let Step { of, what } = step;
        let before = |kind: Kind| {
            of.first
                .iter()
                .rev()
                .filter(move |fixed| fixed.kind < kind)
                .take(1)
                .map(|fixed| id(of, fixed.kind.word()))
        };
        match what {
            StepBody::Batch(span, nth, _) => {
                let overlapping = self
                    .by_window(of)
                    .flat_map(|(input, batches)| overlapping(input, batches, span.window));
                let last = nth
                    .checked_sub(1)
                    .filter(|_| of.reads.in_order)
                    .and_then(|last| Some(batch(of, of.batches.as_ref()?, last)));
                before(Kind::Batch).chain(self.whole(of)).chain(overlapping).chain(last).collect()
            }
            StepBody::StaticStep(fixed) => match fixed.kind {
                // The create statement's query is parsed by the engine, so what it reads must
                // exist.
                Kind::Create | Kind::Build => {
                    let made = self
                        .by_window(of)
                        .filter_map(|(input, _)| Some(id(input, input.first.last()?.kind.word())));
                    before(fixed.kind).chain(self.whole(of)).chain(made).collect()
                }
                Kind::After if of.last.iter().any(|fixed| fixed.kind == Kind::Swap) => {
                    self.planned(&of.reads.hooks).chain([id(of, Kind::Swap.word())]).collect()
                }
                Kind::After if of.is_staged() => {
                    let hooks = self.planned(&of.reads.hooks);
                    hooks.chain([id(of, Kind::Publish.word())]).collect()
                }
                Kind::Swap | Kind::After => {
                    let hooks = self.planned(&of.reads.hooks).filter(|_| fixed.kind == Kind::After);
                    hooks.chain(batches(of)).collect()
                }
                Kind::StagedAudit => batches(of).collect(),
                // Nothing is published before all staged models are audited, and a model not before
                // those that it reads.
                Kind::Publish => {
                    let audits = self.0.values().flat_map(|steps| {
                        let audit = steps.last.iter().find(|fixed| fixed.kind == Kind::StagedAudit);
                        audit.map(|fixed| id(steps, fixed.kind.word()))
                    });
                    let published = self
                        .by_window(of)
                        .filter(|(input, _)| input.is_staged())
                        .map(|(input, _)| id(input, Kind::Publish.word()));
                    audits.chain(published).collect()
                }
                Kind::Alter => before(Kind::Alter).collect(),
                Kind::Before => self.planned(&of.reads.hooks).collect(),
                Kind::Batch | Kind::Audit | Kind::Undo | Kind::Cleanup => Vec::new(),
            },
        }
    }

    /// What a model reads whole, of what is planned; and a model that ends in a swap, since its
    /// rows are there only after that.
    fn whole(&self, of: &Steps) -> impl Iterator<Item = String> {
        let reads = of
            .reads
            .whole
            .iter()
            .map(|id| (id, false))
            .chain(of.reads.by_window.iter().map(|id| (id, true)));
        let whole = reads.filter(|(id, by_window)| {
            self.0.get(id.as_str()).is_some_and(|input| !by_window || one_by_one(input).is_none())
        });
        whole.map(|(id, _)| id.clone())
    }

    /// Those of the models that have steps.
    fn planned(&self, ids: &'a BTreeSet<String>) -> impl Iterator<Item = String> {
        ids.iter().filter(|id| self.0.contains_key(id.as_str())).cloned()
    }

    /// The inputs whose batches may be waited for one by one.
    fn by_window(&self, of: &Steps) -> impl Iterator<Item = (&'a Steps, &'a BatchSteps)> {
        of.reads.by_window.iter().filter_map(|id| {
            self.0.get(id.as_str()).and_then(|input| Some((*input, one_by_one(input)?)))
        })
    }
}

/// All batches of a model.
fn batches(of: &Steps) -> impl Iterator<Item = String> {
    of.batches.iter().flat_map(move |batches| {
        (0..batches.cover.windows.len()).map(move |nth| batch(of, batches, nth))
    })
}

fn one_by_one(input: &Steps) -> Option<&BatchSteps> {
    input.batches.as_ref().filter(|_| !input.last.iter().any(|fixed| fixed.kind == Kind::Swap))
}

/// The ids of the batches that overlap a window; those of a model are in order and do not overlap
/// one another.
fn overlapping(
    input: &Steps,
    batches: &BatchSteps,
    window: Window,
) -> impl Iterator<Item = String> {
    let windows = &batches.cover.windows;
    let first = windows.partition_point(|other| other.end <= window.start);
    let many = windows[first..].iter().take_while(|other| other.start < window.end).count();
    (first..first + many).map(move |nth| batch(input, batches, nth))
}

fn batch(of: &Steps, batches: &BatchSteps, nth: usize) -> String {
    id(of, &batches.cover.naming.label(batches.cover.windows[nth]))
}

fn id(of: &Steps, word: &str) -> String {
    format!("{}@{word}", of.model)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::Grain;
    use crate::plan::{StaticStep, Text};
    use crate::window::{BatchNaming, Cover};
    use chrono::TimeZone;
    use chrono_tz::Tz;

    fn steps(model: &str, reads: Reads, days: &[(u32, u32)], swaps: bool) -> Steps {
        let at = |day| chrono::Utc.with_ymd_and_hms(2024, 9, day, 0, 0, 0).unwrap();
        let windows =
            days.iter().map(|(start, end)| Window { start: at(*start), end: at(*end) }).collect();
        let naming = BatchNaming {
            model_batch_size: Grain::Day,
            batch_size: Grain::Day,
            chunk: None,
            timezone: Tz::UTC,
        };
        let fixed = |kind| StaticStep { kind, text: String::new() };
        Steps {
            model: model.into(),
            folder: model.into(),
            first: vec![fixed(Kind::Create)],
            batches: Some(BatchSteps {
                cover: Cover { windows, naming, notes: Vec::new() },
                audit: None,
                text: Text::Whole(vec![String::new(); days.len()]),
            }),
            publish: Vec::new(),
            extra: Vec::new(),
            last: if swaps { vec![fixed(Kind::Swap), fixed(Kind::After)] } else { Vec::new() },
            reads,
        }
    }

    /// What each step waits for, by its id.
    fn waits(steps: &[Steps]) -> Vec<String> {
        let waits = Waits(steps.iter().map(|steps| (steps.model.as_str(), steps)).collect());
        steps
            .iter()
            .flat_map(Steps::all)
            .map(|step| format!("{} {}", step.id(), waits.depends_on(&step).join(" ")))
            .collect()
    }

    fn reads_a() -> Reads {
        Reads { by_window: ["a".to_string()].into(), ..Reads::default() }
    }

    #[test]
    fn a_batch_waits_for_the_batches_it_overlaps() {
        let a = steps("a", Reads::default(), &[(1, 2), (2, 3), (3, 4)], false);
        let lines = waits(&[a, steps("b", reads_a(), &[(2, 4)], false)]);
        assert_eq!(lines[1], "a@2024-09-01 a@create");
        assert_eq!(lines[4], "b@create a@create");
        assert_eq!(lines[5], "b@2024-09-02_2024-09-04 b@create a@2024-09-02 a@2024-09-03");
    }

    #[test]
    fn after_a_full_refresh_readers_wait_for_the_swap() {
        let lines = waits(&[
            steps("a", Reads::default(), &[(1, 2)], true),
            steps("b", reads_a(), &[(1, 2)], false),
        ]);
        assert_eq!(lines[2..4], ["a@swap a@2024-09-01", "a@after a@swap"]);
        assert_eq!(lines[5], "b@2024-09-01 b@create a");
    }

    #[test]
    fn batches_in_order_wait_for_the_one_before() {
        let lines = waits(&[steps(
            "a",
            Reads { in_order: true, ..Reads::default() },
            &[(1, 2), (2, 3)],
            false,
        )]);
        assert_eq!(lines[1..], ["a@2024-09-01 a@create", "a@2024-09-02 a@create a@2024-09-01"]);
    }
}
