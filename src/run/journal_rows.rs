//! The finished batches of tables from the journals of all plans in the folders of a plan's
//! journals. Batches that were written to a second table count from the swap or the publication of
//! their plan on; a swap by any plan removes the earlier batches of its table. Runs of another
//! database do not count.

use std::collections::BTreeMap;

use super::entry::{Entry, Outcome, RunEntry, StepEndEntry};
use super::plan_paths::PlanPaths;
use super::target::{RunDatabase, TargetIdentity};
use crate::calendar::{Instant, Window, parse_instant};
use crate::codegen::ledger::RowKind;
use crate::diagnostics::{Diagnostic, counted};
use crate::plan::coverage::{FinishedBatches, FinishedRow, FinishedRows};
use crate::plan::{Sha256, StepKind};

/// The finished batches in the journals, of the runs in this database.
pub fn read_journals(
    paths: &PlanPaths,
    current: &TargetIdentity,
) -> Result<JournaledBatches, Diagnostic> {
    let mut rows = JournalRows::of(current);
    paths.each_entry_of_all_plans(|entry| rows.add(&entry))?;
    Ok(rows.finish())
}

/// The finished batches of one database.
pub struct JournaledBatches {
    pub finished: FinishedBatches,
    /// The number of batches under the same name of a target that were written to another
    /// database, and how the last of these databases differs.
    others: usize,
    difference: String,
}

impl JournaledBatches {
    /// A warning about batches of another database.
    pub fn warning(&self) -> Option<Diagnostic> {
        let warning = || {
            let batches = counted(self.others, "finished batch");
            let do_not = if self.others == 1 { "does not" } else { "do not" };
            Diagnostic::warning(format!(
                "{batches} of the journals {do_not} count, since the run was of another database"
            ))
            .note(&self.difference)
            .hint("to count what the database itself records, use a ledger: `--read-ledger`")
        };
        (self.others > 0).then(warning)
    }
}

/// Turns the entries of journals into rows.
struct JournalRows<'a> {
    current: &'a TargetIdentity,
    /// Whether the run that wrote the entries was of this database.
    database: RunDatabase,
    /// The fingerprints of the plans, and the index of the one whose run wrote the entries.
    plans: Vec<Option<String>>,
    plan: usize,
    events: Vec<JournalEvent>,
    others: usize,
    difference: String,
}

/// A successful step.
struct JournalEvent {
    at: Instant,
    kind: RowKind,
    plan: usize,
    model: String,
    /// Empty if it is unknown.
    table: String,
    window: Option<Window>,
    statement: Option<Sha256>,
}

impl JournalRows<'_> {
    fn of(current: &TargetIdentity) -> JournalRows<'_> {
        JournalRows {
            current,
            database: RunDatabase::Same,
            plans: vec![None],
            plan: 0,
            events: Vec::new(),
            others: 0,
            difference: String::new(),
        }
    }

    /// Adds the next entry of a journal.
    fn add(&mut self, entry: &Entry) {
        match entry {
            Entry::Run(RunEntry { plan, target, .. }) => {
                self.database = self.current.database_of_run(target.as_ref());
                let known = self.plans.iter().position(|known| known == plan);
                self.plan = known.unwrap_or_else(|| {
                    self.plans.push(plan.clone());
                    self.plans.len() - 1
                });
            }
            Entry::Target(entry) => {
                self.database = self.current.database_of_run(Some(&entry.target));
            }
            Entry::Step(step) if step.outcome == Outcome::Success => self.add_step(step),
            _ => {}
        }
    }

    fn add_step(&mut self, step: &StepEndEntry) {
        let Some(started) = parse_instant(&step.started) else { return };
        let kind = match (step.kind, step.table.as_deref()) {
            (StepKind::Batch, None) => RowKind::Batch,
            (StepKind::Batch, Some(STAGED)) => RowKind::Staged,
            (StepKind::Batch, Some(_)) => RowKind::Rebuild,
            (StepKind::Swap, _) => RowKind::Swap,
            (StepKind::Publish, _) => RowKind::Publish,
            (StepKind::Undo, _) => RowKind::Undo,
            _ => return,
        };
        match &self.database {
            RunDatabase::Same => {}
            RunDatabase::OtherTarget => return,
            RunDatabase::Other(difference) => {
                self.others += usize::from(step.kind == StepKind::Batch);
                self.difference.clone_from(difference);
                return;
            }
        }
        // A batch that was written while the table was replaced may be in the old one.
        let at = match kind {
            RowKind::Swap => ended(started, step.seconds),
            _ => started,
        };
        let hash = step.statement_sha256.as_ref().unwrap_or(&step.sha256);
        self.events.push(JournalEvent {
            at,
            kind,
            plan: self.plan,
            model: step.model.clone(),
            table: step.relation.clone().unwrap_or_default(),
            window: window(step),
            statement: Sha256::parse(hash),
        });
    }

    /// The finished batches of all entries, in the order of time.
    fn finish(mut self) -> JournaledBatches {
        self.events.sort_by_key(|event| event.at);
        let mut rows = FinishedRows::default();
        // The batches that wait for a swap or a publication, by plan and model.
        let mut waiting: BTreeMap<(usize, &str), Vec<Window>> = BTreeMap::new();
        for event in &self.events {
            let JournalEvent { at, kind, statement, .. } = *event;
            let key = (event.plan, event.model.as_str());
            let windows: Vec<Option<Window>> = match kind {
                RowKind::Batch => event.window.map(Some).into_iter().collect(),
                RowKind::Staged | RowKind::Rebuild => {
                    waiting.entry(key).or_default().extend(event.window);
                    event.window.map(Some).into_iter().collect()
                }
                RowKind::Swap => vec![enclosing(&waiting.remove(&key).unwrap_or_default())],
                RowKind::Publish => {
                    let staged = joined(waiting.remove(&key).unwrap_or_default());
                    staged.into_iter().map(Some).collect()
                }
                _ => vec![None],
            };
            for window in windows {
                let statement = statement.filter(|_| kind != RowKind::Undo);
                rows.add(&event.model, &event.table, FinishedRow { at, kind, window, statement });
            }
        }
        JournaledBatches {
            finished: rows.finish(),
            others: self.others,
            difference: self.difference,
        }
    }
}

/// The end of a step.
fn ended(started: Instant, seconds: f64) -> Instant {
    let seconds = std::time::Duration::try_from_secs_f64(seconds).unwrap_or_default();
    chrono::TimeDelta::from_std(seconds)
        .ok()
        .and_then(|s| started.checked_add_signed(s))
        .unwrap_or(started)
}

/// The range of windows; `None` if the journals do not have them.
fn enclosing(windows: &[Window]) -> Option<Window> {
    let start = windows.iter().map(|window| window.start).min()?;
    Some(Window { start, end: windows.iter().map(|window| window.end).max()? })
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
        journaled(entries).finished
    }

    fn journaled(entries: &[Entry]) -> JournaledBatches {
        let current = TargetIdentity {
            target: "dev".to_string(),
            dialect: "duckdb".to_string(),
            connection: [("host".to_string(), "db".to_string())].into(),
            ..TargetIdentity::default()
        };
        let mut rows = JournalRows::of(&current);
        entries.iter().for_each(|entry| rows.add(entry));
        rows.finish()
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
                "target": {"target": target, "dialect": "duckdb", "connection": {"host": "db"}},
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
    fn runs_of_another_database_do_not_count() {
        let run = |host: &str| {
            let run = serde_json::json!({
                "schema_version": 1, "run": "r", "at": "2024-10-01T00:00:00Z", "pid": 1,
                "resumed": false, "client": [], "threads": 1, "steps": 5,
                "target": {"target": "dev", "dialect": "duckdb", "connection": {"host": host}},
            });
            Entry::Run(serde_json::from_value(run).unwrap())
        };
        let batch = |day| step(StepKind::Batch, day, None);
        let all = journaled(&[run("db"), batch(1), run("other"), batch(2), batch(3)]);
        assert_eq!(all.finished.count(), 1);
        let warning = all.warning().unwrap();
        assert!(warning.message.starts_with("2 finished batches"), "{}", warning.message);
        assert!(warning.notes[0].contains("the host was `other`"), "{:?}", warning.notes);
        assert!(journaled(&[run("db"), batch(1)]).warning().is_none());
    }

    #[test]
    fn a_swap_in_another_journal_removes_earlier_batches() {
        let swap = step(StepKind::Swap, 4, None);
        let batch = |day| step(StepKind::Batch, day, None);
        let rebuilt = step(StepKind::Batch, 1, Some(SHADOW));
        // The journal with the swap is read first.
        assert_eq!(finished(&[swap.clone(), batch(2), batch(3), batch(5)]).count(), 1);
        assert_eq!(finished(&[swap, rebuilt, batch(2)]).count(), 1);
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
