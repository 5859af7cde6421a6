//! Selects the steps that a retry runs: the steps without a success, and their dependents. A
//! finished create or swap step is not repeated, unless its complete rebuild must start again.

use std::collections::BTreeSet;

use super::history::History;
use crate::plan::StepKind;
use crate::plan::manifest::PlannedStep;

/// For each step of the plan, whether a retry runs it. Steps that are not `in_run` are of another
/// shard or model, and do not make their dependents run again.
pub fn remaining(steps: &[PlannedStep], in_run: &[bool], history: &History) -> Vec<bool> {
    let is_open = |(step, in_run): (&PlannedStep, &bool)| *in_run && history.done(step).is_none();
    let mut open: Vec<bool> = steps.iter().zip(in_run).map(is_open).collect();
    loop {
        let count = open.iter().filter(|open| **open).count();
        // After the swap the shadow table is gone, so an open batch requires another rebuild.
        let swapped: BTreeSet<&str> = steps
            .iter()
            .filter(|step| step.kind == StepKind::Swap && history.done(step).is_some())
            .map(|step| &*step.model)
            .collect();
        let rebuilt: BTreeSet<&str> = steps
            .iter()
            .zip(&open)
            .filter(|(step, open)| {
                **open && step.kind == StepKind::Batch && swapped.contains(&*step.model)
            })
            .map(|(step, _)| &*step.model)
            .collect();
        let mut ids: BTreeSet<&str> = BTreeSet::new();
        for (index, step) in steps.iter().enumerate() {
            let follows = step.kind != StepKind::Create
                && step.depends_on.iter().any(|id| ids.contains(&**id));
            let is_needed = open[index] || follows || rebuilt.contains(&*step.model);
            if in_run[index] && is_needed {
                open[index] = true;
                ids.insert(&step.id);
                ids.insert(&step.model);
            }
        }
        if open.iter().filter(|open| **open).count() == count {
            return open;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Sha256;
    use crate::plan::planned::StepFile;
    use crate::run::entry::{Entry, StepEndEntry};
    use crate::run::history::HistoryReader;

    fn step(id: &str, kind: StepKind, depends_on: &[&str]) -> PlannedStep {
        PlannedStep {
            id: id.into(),
            model: id.split('@').next().unwrap().into(),
            kind,
            file: StepFile::Path(format!("{id}.sql").into()),
            sha256: Sha256::of(b"1"),
            statement_sha256: None,
            event_time_start: None,
            event_time_end: None,
            chunk: None,
            changes_session: false,
            depends_on: depends_on.iter().map(|id| (*id).into()).collect(),
        }
    }

    fn finished(ids: &[&str]) -> History {
        let entries = ids
            .iter()
            .map(|id| Entry::Step(StepEndEntry { run: "r".into(), ..StepEndEntry::success(id) }));
        let mut reader = HistoryReader::new(String::new());
        entries.for_each(|entry| reader.add(entry));
        reader.finish()
    }

    fn names<'a>(steps: &'a [PlannedStep], history: &History) -> Vec<&'a str> {
        steps
            .iter()
            .zip(remaining(steps, &vec![true; steps.len()], history))
            .filter(|(_, open)| *open)
            .map(|(step, _)| &*step.id)
            .collect()
    }

    fn rebuild() -> Vec<PlannedStep> {
        vec![
            step("a@create", StepKind::Create, &[]),
            step("a@1", StepKind::Batch, &["a@create"]),
            step("a@2", StepKind::Batch, &["a@create"]),
            step("a@swap", StepKind::Swap, &["a@1", "a@2"]),
            step("b@create", StepKind::Create, &["a"]),
            step("b@1", StepKind::Batch, &["b@create", "a"]),
        ]
    }

    #[test]
    fn finished_steps_are_not_repeated() {
        assert_eq!(
            names(&rebuild(), &finished(&["a@create", "a@1"])),
            ["a@2", "a@swap", "b@create", "b@1"]
        );
        assert!(
            names(&rebuild(), &finished(&["a@create", "a@1", "a@2", "a@swap", "b@create", "b@1"]))
                .is_empty()
        );
    }

    #[test]
    fn dependents_of_a_changed_batch_run_again_but_no_create() {
        let mut steps = vec![
            step("a@1", StepKind::Batch, &[]),
            step("a@2", StepKind::Batch, &[]),
            step("b@create", StepKind::Create, &["a"]),
            step("b@1", StepKind::Batch, &["b@create", "a@1"]),
            step("b@2", StepKind::Batch, &["b@create", "a@2"]),
        ];
        let history = finished(&["a@1", "a@2", "b@create", "b@1", "b@2"]);
        steps[1].sha256 = Sha256::of(b"2");
        assert_eq!(names(&steps, &history), ["a@2", "b@2"]);
    }

    #[test]
    fn steps_of_other_shards_do_not_make_their_dependents_run_again() {
        let steps = [
            step("a@create", StepKind::Create, &[]),
            step("a@1", StepKind::Batch, &["a@create"]),
            step("a@2", StepKind::Batch, &["a@create"]),
        ];
        let remaining = remaining(&steps, &[false, true, true], &finished(&["a@1"]));
        assert_eq!(remaining, [false, false, true]);
    }

    #[test]
    fn after_the_swap_a_changed_batch_requires_a_rebuild() {
        let mut steps = rebuild();
        steps[2].sha256 = Sha256::of(b"2");
        let history = finished(&["a@create", "a@1", "a@2", "a@swap", "b@create", "b@1"]);
        assert_eq!(names(&steps, &history), ["a@create", "a@1", "a@2", "a@swap", "b@1"]);
    }
}
