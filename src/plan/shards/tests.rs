//! Tests of the shards of plans.

use super::*;
use chrono::{TimeDelta, TimeZone, Utc};

/// The window of `days` days from a day of 2024.
fn window(day: i64, days: i64) -> Window {
    let start = Utc.with_ymd_and_hms(2024, 1, 1, 0, 0, 0).unwrap() + TimeDelta::days(day);
    Window { start, end: start + TimeDelta::days(days) }
}

fn add(planner: &mut ShardPlanner, id: &str, window: Option<Window>, depends_on: &[&str]) {
    let model = id.split('@').next().unwrap();
    planner.add(id, model, window, depends_on.iter().copied(), 1).unwrap();
}

/// Daily batches of `a`, weekly batches of `b` that read `a`, and a build that reads both.
fn weeks(count: i64) -> ShardPlanner {
    let mut planner = ShardPlanner::default();
    add(&mut planner, "a@create", None, &[]);
    for day in 0..count * 7 {
        add(&mut planner, &format!("a@{day}"), Some(window(day, 1)), &["a@create"]);
    }
    add(&mut planner, "b@create", None, &["a@create"]);
    for week in 0..count {
        let days: Vec<String> = (0..7).map(|day| format!("a@{}", week * 7 + day)).collect();
        let mut depends_on: Vec<&str> = days.iter().map(String::as_str).collect();
        depends_on.push("b@create");
        add(&mut planner, &format!("b@{week}"), Some(window(week * 7, 7)), &depends_on);
    }
    add(&mut planner, "c@build", None, &["a", "b"]);
    planner
}

#[test]
fn a_batch_and_the_batches_that_it_reads_are_in_one_shard() {
    let planner = weeks(10);
    let Shards { shards, of_step } = planner.cut(6).unwrap();
    let steps: Vec<usize> = shards.iter().map(|shard| shard.steps).collect();
    assert_eq!(steps, [2, 16, 24, 16, 24, 1], "two or three weeks of eight steps each");
    assert_eq!(shards[1].depends_on, [1]);
    assert_eq!(shards[5].depends_on, [1, 2, 3, 4, 5]);
    for week in 0..10 {
        let shard = of_step[72 + week];
        assert!((0..7).all(|day| of_step[1 + week * 7 + day] == shard), "week {week}");
    }
    assert_eq!(shards[1].event_time_start.as_deref(), Some("2024-01-01T00:00:00Z"));
    assert_eq!(shards[1].event_time_end, shards[2].event_time_start);
    let entry = ShardsEntry { requested: 6, shards };
    assert_eq!(planner.restore(&entry).unwrap().of_step, of_step);
}

#[test]
fn fewer_blocks_than_shards_are_fewer_shards() {
    assert_eq!(weeks(3).cut(100).unwrap().shards.len(), 5);
    let error = weeks(3).cut(2).err().unwrap();
    assert!(error.message.contains("needs at least 3 shards, but 2 were requested"));
}

#[test]
fn shards_are_balanced_by_seconds() {
    let mut planner = ShardPlanner::default();
    for day in 0..10 {
        let seconds = if day == 0 { 9 } else { 1 };
        let id = format!("a@{day}");
        planner.add(&id, "a", Some(window(day, 1)), std::iter::empty(), seconds).unwrap();
    }
    let steps: Vec<usize> =
        planner.cut(2).unwrap().shards.iter().map(|shard| shard.steps).collect();
    assert_eq!(steps, [1, 9]);
}

/// Pseudo-random numbers, the same in every run of the tests.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695);
        i64::try_from(self.0 >> 33).unwrap() % limit
    }
}

/// A random plan: its steps as id, window and dependencies.
fn random_plan(numbers: &mut Numbers) -> Vec<(String, Option<Window>, Vec<String>)> {
    let mut steps: Vec<(String, Option<Window>, Vec<String>)> = Vec::new();
    for model in 0..2 + numbers.below(6) {
        let inputs: Vec<i64> = (0..model).filter(|_| numbers.below(3) == 0).collect();
        let name = format!("m{model}");
        let is_in_order = numbers.below(4) == 0;
        let reads_all = numbers.below(5) == 0;
        let of = |input: &i64| format!("m{input}");
        let earlier: Vec<_> = steps.clone();
        let creates = inputs.iter().map(|input| format!("m{input}@create"));
        let creates = creates.filter(|id| earlier.iter().any(|(other, ..)| other == id));
        if numbers.below(4) == 0 {
            let depends_on = inputs.iter().map(of).collect();
            steps.push((format!("{name}@build"), None, depends_on));
            continue;
        }
        steps.push((format!("{name}@create"), None, creates.collect()));
        let (first, size) = (numbers.below(20), [1, 7, 30][numbers.below(3) as usize]);
        for batch in 0..1 + numbers.below(40) {
            let batch_window = window(first / size * size + batch * size, size);
            let mut depends_on = vec![format!("{name}@create")];
            for input in &inputs {
                let model = of(input);
                let batches = earlier.iter().filter(|(id, other, _)| {
                    id.starts_with(&format!("{model}@"))
                        && other.is_some_and(|other| {
                            other.start < batch_window.end && batch_window.start < other.end
                        })
                });
                if reads_all || earlier.iter().any(|(id, ..)| *id == format!("{model}@build")) {
                    depends_on.push(model.clone());
                } else {
                    depends_on.extend(batches.map(|(id, ..)| id.clone()));
                }
            }
            if is_in_order && batch > 0 {
                depends_on.push(format!("{name}@{}", batch - 1));
            }
            steps.push((format!("{name}@{batch}"), Some(batch_window), depends_on));
        }
        if numbers.below(3) == 0 {
            steps.push((format!("{name}@after"), None, vec![format!("{name}@0")]));
        }
    }
    steps
}

#[test]
fn shards_of_random_plans_have_each_step_once_and_wait_for_their_dependencies() {
    let mut numbers = Numbers(7);
    for _ in 0..300 {
        let steps = random_plan(&mut numbers);
        let mut planner = ShardPlanner::default();
        for (id, window, depends_on) in &steps {
            let depends_on: Vec<&str> = depends_on.iter().map(String::as_str).collect();
            add(&mut planner, id, *window, &depends_on);
        }
        let requested = 8 + usize::try_from(numbers.below(20)).unwrap();
        let Ok(Shards { shards, of_step }) = planner.cut(requested) else { continue };
        assert!(shards.len() <= requested);
        assert_eq!(of_step.len(), steps.len());
        for (index, shard) in shards.iter().enumerate() {
            let count = of_step.iter().filter(|other| **other == index).count();
            assert_eq!((shard.shard, shard.steps), (index + 1, count));
            assert!(count > 0 && shard.depends_on.iter().all(|other| *other <= index));
        }
        for ((id, window, depends_on), shard) in steps.iter().zip(&of_step) {
            for (other, of_other) in steps.iter().zip(&of_step) {
                let is_needed = depends_on
                    .iter()
                    .any(|id| other.0 == *id || other.0.split('@').next() == Some(id.as_str()));
                let is_earlier = shards[*shard].depends_on.contains(&(of_other + 1));
                assert!(!is_needed || of_other == shard || is_earlier, "{id} -> {}", other.0);
                // A batch and a batch that its window overlaps and that it reads by id.
                let is_read = depends_on.contains(&other.0);
                let overlaps = window.zip(other.1).is_some_and(|(window, other)| {
                    window.start < other.end && other.start < window.end
                });
                let is_same_phase = shards[*shard].phase == shards[*of_other].phase;
                assert!(!(is_read && overlaps && is_same_phase) || shard == of_other, "{id}");
            }
        }
        let entry = ShardsEntry { requested, shards };
        assert_eq!(planner.restore(&entry).unwrap().of_step, of_step);
    }
}
