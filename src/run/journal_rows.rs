//! The finished batches of a plan from its journals. Batches that were written to a second table
//! count from the swap or the publication of their plan on.

use std::collections::BTreeMap;

use super::entry::{Entry, Outcome, StepEndEntry};
use super::plan_paths::PlanPaths;
use crate::calendar::{Window, parse_instant};
use crate::codegen::ledger::RowKind;
use crate::diagnostics::Diagnostic;
use crate::plan::coverage::{FinishedBatches, FinishedRow, FinishedRows};
use crate::plan::{Sha256, StepKind};

/// The finished batches in the journals of a plan, of the runs in dbt's target of this name.
pub fn read_journals(paths: &PlanPaths, target: &str) -> Result<FinishedBatches, Diagnostic> {
    let mut rows = JournalRows::of_target(target);
    paths.each_entry(|entry| rows.add(&entry))?;
    Ok(rows.finish())
}

/// Turns the entries of journals into rows.
#[derive(Default)]
pub struct JournalRows {
    /// The name of dbt's target: tables of other targets may have the same names.
    target: String,
    /// Whether the run that wrote the entries was of that target.
    is_of_target: bool,
    rows: FinishedRows,
    /// The fingerprint of the plan whose run wrote the entries.
    plan: Option<String>,
    /// The batches that wait for a swap or a publication, by plan and model.
    waiting: BTreeMap<(Option<String>, String), Vec<Window>>,
}

impl JournalRows {
    /// The rows of runs in the target.
    pub fn of_target(target: &str) -> JournalRows {
        JournalRows { target: target.to_string(), is_of_target: true, ..JournalRows::default() }
    }

    /// The finished batches of all entries.
    pub fn finish(self) -> FinishedBatches {
        self.rows.finish()
    }

    /// Adds the next entry of a journal.
    pub fn add(&mut self, entry: &Entry) {
        let step = match entry {
            Entry::Run(run) => {
                self.plan = run.plan.clone();
                self.is_of_target = run.is_of_target(&self.target);
                return;
            }
            Entry::Step(step) => step,
            _ => return,
        };
        let Some(at) = parse_instant(&step.started) else { return };
        if step.outcome != Outcome::Success || !self.is_of_target {
            return;
        }
        let kind = match (step.kind, step.table.as_deref()) {
            (StepKind::Batch, None) => RowKind::Batch,
            (StepKind::Batch, Some(STAGED)) => RowKind::Staged,
            (StepKind::Batch, Some(_)) => RowKind::Rebuild,
            (StepKind::Swap, _) => RowKind::Swap,
            (StepKind::Publish, _) => RowKind::Publish,
            (StepKind::Undo, _) => RowKind::Undo,
            _ => return,
        };
        let key = (self.plan.clone(), step.model.clone());
        let windows = match kind {
            RowKind::Batch | RowKind::Staged | RowKind::Rebuild => {
                window(step).into_iter().collect()
            }
            RowKind::Undo => {
                let row = FinishedRow { at, kind, window: None, statement: None };
                self.rows.add(&step.model, step.relation.as_deref().unwrap_or_default(), row);
                return;
            }
            RowKind::Swap => {
                let windows = self.waiting.remove(&key).unwrap_or_default();
                let start = windows.iter().map(|window| window.start).min();
                let end = windows.iter().map(|window| window.end).max();
                start.zip(end).map(|(start, end)| Window { start, end }).into_iter().collect()
            }
            _ => joined(self.waiting.remove(&key).unwrap_or_default()),
        };
        let hash = step.statement_sha256.as_ref().unwrap_or(&step.sha256);
        for window in windows {
            if matches!(kind, RowKind::Staged | RowKind::Rebuild) {
                self.waiting.entry(key.clone()).or_default().push(window);
            }
            let statement = Sha256::parse(hash);
            let table = step.relation.as_deref().unwrap_or_default();
            self.rows.add(
                &step.model,
                table,
                FinishedRow { at, kind, window: Some(window), statement },
            );
        }
    }
}

/// The windows with those that touch or overlap joined, oldest first.
fn joined(mut windows: Vec<Window>) -> Vec<Window> {
    windows.sort_unstable();
    let mut joined: Vec<Window> = Vec::new();
    for window in windows {
        match joined.last_mut() {
            Some(last) if window.start <= last.end => last.end = last.end.max(window.end),
            _ => joined.push(window),
        }
    }
    joined
}

/// The value of `table` in the journal for the table of a staged backfill.
pub const STAGED: &str = "staged";
/// The same for the table of a full refresh.
pub const SHADOW: &str = "shadow";

fn window(step: &StepEndEntry) -> Option<Window> {
    let start = parse_instant(step.event_time_start.as_deref()?)?;
    Some(Window { start, end: parse_instant(step.event_time_end.as_deref()?)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(kind: StepKind, day: u32, table: Option<&str>) -> Entry {
        let time = |day: u32| Some(format!("2024-09-{day:02}T00:00:00Z"));
        Entry::Step(StepEndEntry {
            kind,
            model: "m".to_string(),
            event_time_start: time(day).filter(|_| kind == StepKind::Batch),
            event_time_end: time(day + 1).filter(|_| kind == StepKind::Batch),
            started: format!("2024-10-{day:02}T00:00:00Z"),
            table: table.map(str::to_string),
            ..StepEndEntry::success("")
        })
    }

    fn finished(entries: &[Entry]) -> FinishedBatches {
        let mut rows = JournalRows::of_target("dev");
        entries.iter().for_each(|entry| rows.add(entry));
        rows.rows.finish()
    }

    #[test]
    fn rebuilt_batches_of_a_journal_wait_for_the_swap() {
        let mut entries = vec![
            step(StepKind::Batch, 1, None),
            step(StepKind::Batch, 2, Some(SHADOW)),
            step(StepKind::Batch, 3, Some(SHADOW)),
        ];
        assert_eq!(finished(&entries).count(), 1);
        entries.push(step(StepKind::Swap, 4, None));
        assert_eq!(finished(&entries).count(), 2);
    }

    #[test]
    fn runs_of_another_target_and_rows_without_a_table_do_not_count() {
        let run = |target: &str| {
            let run = serde_json::json!({
                "schema_version": 1, "run": "r", "at": "2024-10-01T00:00:00Z", "pid": 1,
                "resumed": false, "client": [], "threads": 1, "steps": 5,
                "target": {"target": target, "dialect": "duckdb"},
            });
            Entry::Run(serde_json::from_value(run).unwrap())
        };
        let mut old = step(StepKind::Batch, 3, None);
        let Entry::Step(entry) = &mut old else { unreachable!() };
        entry.relation = None;
        let entries = [
            run("prod"),
            step(StepKind::Batch, 1, None),
            run("dev"),
            step(StepKind::Batch, 2, None),
            old,
        ];
        let finished = finished(&entries);
        assert_eq!((finished.count(), finished.unknown), (1, 1));
    }

    #[test]
    fn a_publication_covers_the_staged_batches_of_its_plan() {
        let run = |plan: &str| {
            let run = serde_json::json!({
                "schema_version": 1, "run": "r", "at": "2024-10-01T00:00:00Z", "pid": 1,
                "resumed": false, "plan": plan, "client": [], "threads": 1, "steps": 5,
            });
            Entry::Run(serde_json::from_value(run).unwrap())
        };
        let staged = |day| step(StepKind::Batch, day, Some(STAGED));
        let mut entries = vec![run("first")];
        entries.extend((1..6).map(staged));
        entries.push(run("second"));
        entries.extend([2, 4].map(staged));
        assert_eq!(finished(&entries).count(), 0);
        entries.push(step(StepKind::Publish, 9, None));
        let table = ("m".to_string(), "t".to_string());
        let days: Vec<String> =
            finished(&entries).windows(&table).map(|window| window.start.to_rfc3339()).collect();
        assert_eq!(days, ["2024-09-02T00:00:00+00:00", "2024-09-04T00:00:00+00:00"]);
    }
}
