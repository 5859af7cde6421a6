//! Tests of the history of runs.

use super::*;
use crate::plan::planned::StepFile;
use crate::run::entry::EndEntry;

fn run(id: &str, plan: &str, continues: Option<&str>) -> Entry {
    Entry::Run(RunEntry {
        schema_version: 1,
        run: id.to_string(),
        at: String::new(),
        pid: 1,
        resumed: continues.is_some(),
        plan: Some(plan.to_string()),
        continues: continues.map(str::to_string),
        client: None,
        threads: 1,
        extra: None,
        audit: false,
        steps: 1,
        select: Vec::new(),
        exclude: Vec::new(),
        models: Vec::new(),
        shard: None,
        target: None,
    })
}

fn done(step: &str) -> Entry {
    Entry::Step(StepEndEntry::success(step))
}

fn end(open: usize) -> Entry {
    Entry::End(EndEntry { run: String::new(), at: String::new(), done: 1, failed: 0, open })
}

/// The history of a plan: ids of the runs, number of steps, completeness.
fn history_of(plan: &str, entries: &[Entry]) -> (String, usize, bool) {
    let mut reader = HistoryReader::new(plan.to_string());
    entries.iter().cloned().for_each(|entry| reader.add(entry));
    let history = reader.finish();
    (history.runs.join(" "), history.steps.len(), history.is_complete)
}

#[test]
fn the_journals_of_shards_are_one_history() {
    let history = |entries: Vec<Entry>| {
        let mut reader = HistoryReader::new("a".to_string());
        entries.into_iter().for_each(|entry| reader.add(entry));
        reader.finish()
    };
    let at = |at: &str, shard: bool| match run("r", "a", None) {
        Entry::Run(run) => Entry::Run(RunEntry {
            at: at.to_string(),
            shard: shard.then(|| "1/2".to_string()),
            ..run
        }),
        other => other,
    };
    let merged = |begin: &str| {
        let shards = [
            history(vec![at("2", true), done("1"), end(0)]),
            history(vec![at("3", true), done("2"), done("3"), end(1)]),
            history(vec![at(begin, false), done("3"), end(0)]),
        ];
        let merged = History::merge(shards.to_vec());
        (merged.steps.len(), merged.is_complete)
    };
    assert_eq!(merged("1"), (3, false));
    assert_eq!(merged("4"), (1, true), "a later run of the complete plan");
    assert!(History::merge(Vec::new()).first.is_none());
    let Entry::Run(retry) = at("5", false) else { unreachable!() };
    let retry =
        Entry::Run(RunEntry { resumed: true, continues: Some("of a shard".to_string()), ..retry });
    let shard = || history(vec![at("2", true), done("1"), end(0)]);
    let merged = History::merge(vec![shard(), history(vec![retry, done("2"), end(0)])]);
    assert_eq!(merged.steps.len(), 2, "a retry continues the shards");
}

#[test]
fn a_run_of_selected_models_leaves_the_results_of_others() {
    let of = |id: &str, models: &[&str], at: &str| match run(id, "a", None) {
        Entry::Run(run) => Entry::Run(RunEntry {
            at: at.to_string(),
            models: models.iter().map(ToString::to_string).collect(),
            ..run
        }),
        other => other,
    };
    let mut entries = vec![
        of("r1", &["m"], "2024-09-01T00:00:00Z"),
        end(1),
        of("r2", &["n"], "2024-09-02T00:00:00Z"),
        done("n@1"),
        end(0),
    ];
    assert_eq!(history_of("a", &entries), ("r1 r2".to_string(), 1, false));
    entries.extend([run("r3", "a", Some("r2")), done("m@1"), end(0)]);
    assert_eq!(history_of("a", &entries), ("r1 r2 r3".to_string(), 2, true));
    let replaced = [
        of("r1", &["m"], "2024-09-01T00:00:00Z"),
        end(1),
        of("r2", &["m", "n"], "2024-09-02T00:00:00Z"),
        end(0),
    ];
    assert_eq!(history_of("a", &replaced), ("r1 r2".to_string(), 0, true));
}

#[test]
fn the_ledger_adds_what_other_machines_have_done() {
    let planned = |id: &str| {
        let entry = StepEndEntry::success(id);
        PlannedStep {
            id: id.into(),
            model: "m".into(),
            kind: StepKind::Batch,
            file: StepFile::Path(id.into()),
            sha256: Sha256::of(b"with the row"),
            statement_sha256: Sha256::parse(&entry.sha256),
            event_time_start: None,
            event_time_end: None,
            chunk: None,
            changes_session: false,
            depends_on: Box::new([]),
        }
    };
    let steps = ["1", "2", "3", "4"].map(planned);
    let entry = |id: &str, outcome, hour: u32| {
        let started = format!("2024-09-01T{hour:02}:00:00Z");
        Entry::Step(StepEndEntry { outcome, started, ..StepEndEntry::success(id) })
    };
    let states = |shard: Option<&str>| {
        let mut reader = HistoryReader::new("a".to_string());
        let Entry::Run(start) = run("r", "a", None) else { unreachable!() };
        let at = "2024-09-01T05:00:00Z".to_string();
        reader.add(Entry::Run(RunEntry { at, shard: shard.map(str::to_string), ..start }));
        reader.add(entry("1", Outcome::Success, 6));
        reader.add(entry("2", Outcome::Failed, 6));
        reader.add(entry("3", Outcome::Failed, 8));
        let mut history = reader.finish();
        let at = |hour: u32| parse_instant(&format!("2024-09-01T{hour:02}:00:00Z"));
        let unlogged = history.add_ledger(&steps, "a", &[None, at(7), at(7), at(4)]);
        assert_eq!(unlogged, 1, "step 1 has no row");
        steps.each_ref().map(|step| match (history.failed(step), history.done(step)) {
            (Some(_), _) => "failed",
            (None, Some(done)) if done.of_ledger => "ledger",
            (None, Some(_)) => "journal",
            (None, None) => "open",
        })
    };
    assert_eq!(states(None), ["journal", "ledger", "failed", "open"]);
    assert_eq!(states(Some("1/2")), ["journal", "ledger", "failed", "ledger"]);
}

#[test]
fn a_run_of_another_plan_in_between_has_no_effect() {
    let mut entries = vec![
        run("r1", "a", None),
        done("1"),
        done("2"),
        end(1),
        run("r2", "b", None),
        done("3"),
        end(0),
    ];
    assert_eq!(history_of("a", &entries), ("r1".to_string(), 2, false));
    assert_eq!(history_of("b", &entries), ("r2".to_string(), 1, true));
    assert_eq!(
        history_of("c", &entries),
        ("r2".to_string(), 1, true),
        "an unknown plan has the last run"
    );
    entries.extend([run("r3", "a", Some("r1")), done("4"), end(0)]);
    assert_eq!(history_of("a", &entries), ("r1 r3".to_string(), 3, true));
    assert_eq!(history_of("b", &entries), ("r2".to_string(), 1, true));
    entries.extend([run("r4", "d", Some("r3")), end(1)]);
    assert_eq!(
        history_of("d", &entries),
        ("r1 r3 r4".to_string(), 3, false),
        "a repaired plan continues the run"
    );
    entries.push(run("r5", "a", None));
    assert_eq!(history_of("a", &entries), ("r5".to_string(), 0, false));
}

#[test]
fn an_undo_in_the_journal_of_another_machine_counts() {
    let at = |entry: Entry, time: &str| match entry {
        Entry::Run(run) => Entry::Run(RunEntry { at: time.to_string(), ..run }),
        Entry::Step(step) => Entry::Step(StepEndEntry { started: time.to_string(), ..step }),
        other => other,
    };
    let extra = |kind: StepKind, time: &str| {
        let Entry::Run(start) = run("two", "a", None) else { unreachable!() };
        let id = format!("m@{}", kind.as_str());
        let step = StepEndEntry { kind, model: "m".to_string(), ..StepEndEntry::success(&id) };
        let start = Entry::Run(RunEntry { extra: Some(kind), ..start });
        [at(start, time), at(Entry::Step(step), time)]
    };
    let history = |entries: &[Entry]| {
        let mut reader = HistoryReader::new("a".to_string());
        entries.iter().cloned().for_each(|entry| reader.add(entry));
        reader.finish()
    };
    let publication = [
        at(run("one", "a", None), "2024-10-01T00:00:00Z"),
        at(done("m@1"), "2024-10-01T00:00:01Z"),
        at(done("m@publish"), "2024-10-01T00:00:02Z"),
        end(0),
    ];
    let merged =
        |kind, time: &str| History::merge(vec![history(&extra(kind, time)), history(&publication)]);
    let undone = merged(StepKind::Undo, "2024-10-02T00:00:00Z");
    assert_eq!((undone.steps.len(), undone.is_complete), (3, true));
    assert!(!undone.is_published("m"));
    assert!(merged(StepKind::Undo, "2024-09-02T00:00:00Z").is_published("m"), "an earlier undo");
    let cleaned = merged(StepKind::Cleanup, "2024-10-02T00:00:00Z");
    assert!(cleaned.is_published("m") && !cleaned.can_be_undone("m"));
}
