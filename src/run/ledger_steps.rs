//! The steps of a plan by the rows of its ledger: for each step its newest row, which tells when it
//! was written, and whether this plan and this statement wrote it.

use std::collections::{BTreeMap, BTreeSet};

use xxhash_rust::xxh3::xxh3_128;

use crate::calendar::Instant;
use crate::plan::manifest::PlannedStep;
use crate::plan::{Sha256, StepKind};

/// The newest row of each step. Stores hashes of names, since a ledger may have a million steps.
#[derive(Clone, Debug, Default)]
pub struct LedgerSteps {
    /// By the hashes of the step's id and of the model's table.
    rows: BTreeMap<(u128, u128), LedgerStep>,
}

/// The newest row of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LedgerStep {
    /// The engine's clock.
    pub at: Instant,
    statement: Sha256,
    /// The hash of the plan's fingerprint.
    plan: u128,
    /// The number of rows that it wrote, if the engine reports it.
    pub rows: Option<u64>,
}

impl LedgerStep {
    pub fn new(plan: &str, statement: Sha256, at: Instant, rows: Option<u64>) -> LedgerStep {
        LedgerStep { at, statement, plan: hash(plan), rows }
    }
}

/// Who wrote the newest row of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LedgerWriter {
    /// This plan.
    Plan(LedgerStep),
    /// Another plan, with the same statement.
    OtherPlan(LedgerStep),
    /// Another statement.
    OtherStatement(LedgerStep),
}

impl LedgerSteps {
    /// Adds a row of a step of a table. The order does not matter.
    pub fn add(&mut self, step: &str, table: &str, row: LedgerStep) {
        let newest = self.rows.entry((hash(step), hash(table))).or_insert(row);
        if newest.at <= row.at {
            *newest = row;
        }
    }

    /// The newest row of a step of the plan with this fingerprint. Its statement names the table.
    pub fn writer(&self, step: &PlannedStep, plan: &str) -> Option<LedgerWriter> {
        let rows = || self.of_step(&step.id).map(|(_, row)| *row);
        let same = rows().find(|row| row.statement == step.statement_sha256());
        let row = same.or_else(|| rows().max_by_key(|row| row.at))?;
        Some(if row.statement != step.statement_sha256() {
            LedgerWriter::OtherStatement(row)
        } else if row.plan == hash(plan) {
            LedgerWriter::Plan(row)
        } else {
            LedgerWriter::OtherPlan(row)
        })
    }

    /// The rows of a step, by the hash of the table.
    fn of_step(&self, step: &str) -> impl Iterator<Item = (u128, &LedgerStep)> {
        let id = hash(step);
        self.rows.range((id, 0)..=(id, u128::MAX)).map(|((_, table), row)| (*table, row))
    }

    /// The time of the newest row that the plan with this fingerprint wrote, and their number.
    pub fn of_plan(&self, plan: &str) -> (usize, Option<Instant>) {
        let plan = hash(plan);
        let rows = || self.rows.values().filter(|row| row.plan == plan);
        (rows().count(), rows().map(|row| row.at).max())
    }

    /// When each step of the plan was done, by its row. A step without its own row, such as a
    /// create, is done if a step that depends on it is. A publication is not done after it was
    /// reverted.
    pub fn done(&self, steps: &[PlannedStep], plan: &str) -> Vec<Option<Instant>> {
        let mut required: BTreeSet<&str> = BTreeSet::new();
        let mut done = vec![None; steps.len()];
        let mut latest: BTreeMap<&str, Instant> = BTreeMap::new();
        for (index, step) in steps.iter().enumerate().rev() {
            let at = match self.writer(step, plan) {
                Some(LedgerWriter::Plan(row)) if !self.is_reverted(step, row) => Some(row.at),
                _ if writes_row(step) => None,
                _ if required.contains(&*step.id) || required.contains(&*step.model) => {
                    [&*step.id, &*step.model].iter().filter_map(|id| latest.get(id)).max().copied()
                }
                _ => None,
            };
            let Some(at) = at else { continue };
            done[index] = Some(at);
            for id in &step.depends_on {
                required.insert(id);
                latest.entry(id).or_insert(at);
            }
        }
        done
    }

    /// The models whose publication the plan with this fingerprint has written, and which was
    /// reverted since.
    pub fn reverted<'a>(&self, steps: &'a [PlannedStep], plan: &str) -> Vec<&'a str> {
        let is_reverted = |step: &&PlannedStep| match self.writer(step, plan) {
            Some(LedgerWriter::Plan(row)) => self.is_reverted(step, row),
            _ => false,
        };
        steps.iter().filter(is_reverted).map(|step| &*step.model).collect()
    }

    fn is_reverted(&self, step: &PlannedStep, row: LedgerStep) -> bool {
        let undo = format!("{}@{}", step.model, StepKind::Undo.as_str());
        let tables = || self.of_step(&step.id).filter(|(_, other)| **other == row);
        step.kind == StepKind::Publish
            && self.of_step(&undo).any(|(undone, undo)| {
                undo.at > row.at && tables().any(|(table, _)| table == undone)
            })
    }
}

/// Whether the file of the step writes a row to the ledger of its plan.
pub fn writes_row(step: &PlannedStep) -> bool {
    matches!(step.kind, StepKind::Batch | StepKind::Build | StepKind::Swap | StepKind::Publish)
        && step.statement_sha256.is_some_and(|statement| statement != step.sha256)
}

fn hash(text: &str) -> u128 {
    xxh3_128(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;

    use super::*;
    use crate::plan::planned::StepFile;

    fn at(hour: u32) -> Instant {
        chrono::Utc.with_ymd_and_hms(2024, 9, 1, hour, 0, 0).unwrap()
    }

    fn step(id: &str, kind: StepKind, depends_on: &[&str]) -> PlannedStep {
        PlannedStep {
            id: id.into(),
            model: id.split('@').next().unwrap().into(),
            kind,
            file: StepFile::Path(id.into()),
            sha256: Sha256::of(b"file"),
            statement_sha256: Some(Sha256::of(id.as_bytes())),
            event_time_start: None,
            event_time_end: None,
            chunk: None,
            changes_session: false,
            depends_on: depends_on.iter().map(|id| (*id).into()).collect(),
        }
    }

    #[test]
    fn a_create_is_done_if_a_batch_that_needs_it_is() {
        let steps = [
            step("a@create", StepKind::Create, &[]),
            step("b@create", StepKind::Create, &[]),
            step("a@1", StepKind::Batch, &["a@create"]),
            step("a@2", StepKind::Batch, &["a@create"]),
            step("b@1", StepKind::Batch, &["b@create", "a@1"]),
            step("a@after", StepKind::After, &["a@1", "a@2"]),
        ];
        let mut ledger = LedgerSteps::default();
        let mut add = |id: &str, plan: &str, statement: &str, hour| {
            let statement = Sha256::of(statement.as_bytes());
            ledger.add(id, "t", LedgerStep::new(plan, statement, at(hour), None));
        };
        add("a@1", "plan", "a@1", 1);
        add("a@2", "other", "a@2", 2);
        add("b@1", "plan", "changed", 3);
        let done = ledger.done(&steps, "plan");
        assert_eq!(done, [Some(at(1)), None, Some(at(1)), None, None, None]);
        let writer = |index: usize| ledger.writer(&steps[index], "plan");
        assert!(matches!(writer(3), Some(LedgerWriter::OtherPlan(_))));
        assert!(matches!(writer(4), Some(LedgerWriter::OtherStatement(_))));
        assert_eq!(writer(0), None);
        assert_eq!(ledger.of_plan("plan"), (2, Some(at(3))));
    }

    #[test]
    fn a_reverted_publication_is_not_done() {
        let steps = [step("a@publish", StepKind::Publish, &[])];
        let mut ledger = LedgerSteps::default();
        let add = |ledger: &mut LedgerSteps, id: &str, table: &str, hour| {
            let statement = Sha256::of(b"a@publish");
            ledger.add(id, table, LedgerStep::new("plan", statement, at(hour), None));
        };
        add(&mut ledger, "a@publish", "t", 1);
        add(&mut ledger, "a@undo", "other", 2);
        assert_eq!(ledger.done(&steps, "plan"), [Some(at(1))]);
        add(&mut ledger, "a@undo", "t", 2);
        assert_eq!(ledger.done(&steps, "plan"), [None]);
        assert_eq!(ledger.reverted(&steps, "plan"), ["a"]);
        add(&mut ledger, "a@publish", "t", 3);
        assert!(ledger.reverted(&steps, "plan").is_empty());
        assert_eq!(ledger.done(&steps, "plan"), [Some(at(3))]);
    }
}
