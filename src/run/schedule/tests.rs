//! Tests of the schedule.

use super::*;
use crate::plan::Sha256;
use crate::plan::planned::StepFile;

fn step(id: &str, chunk: Option<&str>, depends_on: &[&str]) -> PlannedStep {
    PlannedStep {
        id: id.into(),
        model: id.split('@').next().unwrap().into(),
        kind: StepKind::Batch,
        file: StepFile::Path("".into()),
        sha256: Sha256::default(),
        statement_sha256: None,
        event_time_start: None,
        event_time_end: None,
        chunk: chunk.map(Into::into),
        changes_session: false,
        depends_on: depends_on.iter().map(|id| (*id).into()).collect(),
    }
}

/// Runs the steps one by one, with failures of the steps in `failing`; returns the ids in order.
fn run_all(steps: &[PlannedStep], failing: &[&str]) -> Vec<String> {
    let mut schedule = Schedule::new(
        steps,
        &vec![true; steps.len()],
        &BTreeMap::new(),
        ScheduleOptions::default(),
    )
    .unwrap();
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
    let steps = [step("a@1", None, &[]), step("a@2", None, &["a@1"]), step("b@1", None, &["a@1"])];
    let mut schedule =
        Schedule::new(&steps, &[true; 3], &BTreeMap::new(), ScheduleOptions::default()).unwrap();
    assert_eq!((schedule.start(), schedule.start()), (Some(0), None));
    schedule.end(0, true);
    assert_eq!((schedule.start(), schedule.start(), schedule.start()), (Some(1), Some(2), None));
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
    let mut schedule =
        Schedule::new(&steps, &[true; 4], &BTreeMap::new(), ScheduleOptions::default()).unwrap();
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
        .map(|id| PlannedStep { kind: StepKind::Create, ..step(id, None, &[]) });
    let schemas = ["a", "b"].map(|model| (model.to_string(), "analytics".to_string())).into();
    let mut schedule =
        Schedule::new(&steps, &[true; 3], &schemas, ScheduleOptions::default()).unwrap();
    assert_eq!((schedule.start(), schedule.start(), schedule.start()), (Some(0), Some(2), None));
    schedule.end(0, true);
    assert_eq!(schedule.start(), Some(1));
}

#[test]
fn a_model_has_at_most_so_many_concurrent_steps() {
    let steps = ["a@1", "a@2", "a@3", "b@1"].map(|id| step(id, None, &[]));
    let options = ScheduleOptions { max_per_model: 2, ..ScheduleOptions::default() };
    let mut schedule = Schedule::new(&steps, &[true; 4], &BTreeMap::new(), options).unwrap();
    let started: Vec<usize> = std::iter::from_fn(|| schedule.start()).collect();
    assert_eq!(started, [0, 1, 3]);
    assert!(!schedule.is_finished());
    schedule.end(1, false);
    assert_eq!((schedule.start(), schedule.start()), (Some(2), None));
}

#[test]
fn batches_run_from_the_newest_or_the_oldest() {
    let day = |day: u32| format!("2024-09-{day:02}T00:00:00Z").parse().ok();
    let batch = |id: &str, number, depends_on: &[&str]| PlannedStep {
        event_time_start: day(number),
        ..step(id, None, depends_on)
    };
    let steps = [
        step("a@create", None, &[]),
        batch("a@1", 1, &["a@create"]),
        batch("a@2", 2, &["a@create"]),
        batch("b@1", 1, &["a@1"]),
        batch("b@2", 2, &["a@2"]),
    ];
    let ran = |order| {
        let options = ScheduleOptions { order, ..ScheduleOptions::default() };
        let mut schedule = Schedule::new(&steps, &[true; 5], &BTreeMap::new(), options).unwrap();
        let mut ids = Vec::new();
        while let Some(index) = schedule.start() {
            ids.push(steps[index].id.to_string());
            schedule.end(index, true);
        }
        ids.join(" ")
    };
    assert_eq!(ran(StepOrder::Plan), "a@create a@1 a@2 b@1 b@2");
    assert_eq!(ran(StepOrder::Newest), "a@create a@2 b@2 a@1 b@1");
    assert_eq!(ran(StepOrder::Oldest), "a@create a@1 b@1 a@2 b@2");
}

#[test]
fn unresolvable_dependencies_are_refused() {
    let error = |id: &str| {
        Schedule::new(
            &[step("a@1", None, &[id])],
            &[true],
            &BTreeMap::new(),
            ScheduleOptions::default(),
        )
        .err()
        .unwrap()
        .message
    };
    assert!(error("b@1").ends_with("is not in the plan"));
    assert!(error("a@1").ends_with("comes after it"));
}
