//! What must have run before a step. A batch waits for exactly those batches of an input that its window overlaps; where it
//! reads the input whole, for all of it.

use std::collections::{BTreeMap, BTreeSet};

use super::{Kind, Step};
use crate::calendar::Window;

/// What a model reads of the other models of the plan.
#[derive(Clone, Debug, Default)]
pub struct Reads {
    /// Microbatch models whose rows are cut to the batch's window.
    pub by_window: BTreeSet<String>,
    /// All other models.
    pub whole: BTreeSet<String>,
    /// Whether each batch waits for the one before it.
    pub in_order: bool,
}

/// Fills in `depends_on` of every step. Steps of a model stand together, in the order of its files; models after those they read.
pub fn link(steps: &mut [Step], reads: &BTreeMap<String, Reads>) {
    let planned: BTreeSet<String> = steps.iter().map(|step| step.model.clone()).collect();
    let batches = batches_of(steps);
    let nothing = Reads::default();
    let mut start = 0;
    while start < steps.len() {
        let model = steps[start].model.clone();
        let end = start + steps[start..].iter().take_while(|step| step.model == model).count();
        let reads = reads.get(&model).unwrap_or(&nothing);
        let whole: Vec<String> = reads.whole.iter().filter(|id| planned.contains(*id)).cloned().collect();
        let swapped = reads.by_window.iter().filter(|id| planned.contains(*id) && !batches.contains_key(*id));
        let whole: Vec<String> = whole.into_iter().chain(swapped.cloned()).collect();
        link_model(&mut steps[start..end], reads, &whole, &batches);
        start = end;
    }
}

/// The batches of a model that may be waited for one by one: windows in order with their ids. A model that ends in a swap is
/// not among them, since its rows are there only after that.
type Batches = BTreeMap<String, Vec<(Window, String)>>;

fn batches_of(steps: &[Step]) -> Batches {
    let mut batches = Batches::new();
    for step in steps {
        if let Some(window) = step.window {
            batches.entry(step.model.clone()).or_default().push((window, step.id.clone()));
        }
    }
    for step in steps.iter().filter(|step| step.kind == Kind::Swap) {
        batches.remove(&step.model);
    }
    batches
}

fn link_model(steps: &mut [Step], reads: &Reads, whole: &[String], batches: &Batches) {
    let mut created: Vec<String> = Vec::new();
    let mut filled: Vec<String> = Vec::new();
    let mut last_batch: Option<String> = None;
    let inputs = reads.by_window.iter().filter_map(|id| batches.get(id).map(|windows| (id, windows))).collect::<Vec<_>>();
    for step in steps {
        step.depends_on = match step.kind {
            Kind::Before => Vec::new(),
            // The create statement's query is parsed by the engine, so what it reads must exist.
            Kind::Create | Kind::Build => created.iter().chain(whole).cloned().chain(first_steps(&inputs)).collect(),
            Kind::Batch => {
                let window = step.window.expect("a batch has a window");
                let overlapping = inputs.iter().flat_map(|(_, windows)| overlapping(windows, window));
                let before = last_batch.iter().filter(|_| reads.in_order);
                created.iter().chain(whole).cloned().chain(overlapping).chain(before.cloned()).collect()
            }
            Kind::Swap | Kind::After => filled.clone(),
        };
        step.depends_on.dedup();
        match step.kind {
            Kind::Before | Kind::Create => created = vec![step.id.clone()],
            Kind::Batch => {
                filled.push(step.id.clone());
                last_batch = Some(step.id.clone());
            }
            Kind::Swap | Kind::Build => filled = vec![step.id.clone()],
            Kind::After => {}
        }
    }
}

/// For a table that must exist before it is named: its own create step.
fn first_steps<'a>(inputs: &'a [(&String, &Vec<(Window, String)>)]) -> impl Iterator<Item = String> + 'a {
    inputs.iter().map(|(id, _)| format!("{id}@create"))
}

/// The ids of the windows that overlap; `windows` is sorted and does not overlap itself.
fn overlapping(windows: &[(Window, String)], window: Window) -> impl Iterator<Item = String> + '_ {
    let first = windows.partition_point(|(other, _)| other.end <= window.start);
    windows[first..].iter().take_while(move |(other, _)| other.start < window.end).map(|(_, id)| id.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Text;
    use chrono::TimeZone;

    fn step(model: &str, kind: Kind, days: Option<(u32, u32)>) -> Step {
        let at = |day| chrono::Utc.with_ymd_and_hms(2024, 9, day, 0, 0, 0).unwrap();
        let id = match days {
            Some((start, _)) => format!("{model}@{start}"),
            None => format!("{model}@{}", format!("{kind:?}").to_lowercase()),
        };
        let window = days.map(|(start, end)| Window { start: at(start), end: at(end) });
        Step {
            id,
            model: model.into(),
            kind,
            file: String::new(),
            window,
            chunk: None,
            depends_on: vec![],
            text: Text::Whole(String::new()),
        }
    }

    #[test]
    fn a_batch_waits_for_the_batches_it_overlaps() {
        let mut steps = vec![
            step("a", Kind::Create, None),
            step("a", Kind::Batch, Some((1, 2))),
            step("a", Kind::Batch, Some((2, 3))),
            step("a", Kind::Batch, Some((3, 4))),
            step("b", Kind::Create, None),
            step("b", Kind::Batch, Some((2, 4))),
        ];
        let reads = Reads { by_window: ["a".to_string()].into(), ..Reads::default() };
        link(&mut steps, &[("b".to_string(), reads)].into());
        assert_eq!(steps[1].depends_on, ["a@create"]);
        assert_eq!(steps[4].depends_on, ["a@create"]);
        assert_eq!(steps[5].depends_on, ["b@create", "a@2", "a@3"]);
    }

    #[test]
    fn after_a_full_refresh_readers_wait_for_the_swap() {
        let mut steps = vec![
            step("a", Kind::Create, None),
            step("a", Kind::Batch, Some((1, 2))),
            step("a", Kind::Swap, None),
            step("b", Kind::Create, None),
            step("b", Kind::Batch, Some((1, 2))),
        ];
        let reads = Reads { by_window: ["a".to_string()].into(), ..Reads::default() };
        link(&mut steps, &[("b".to_string(), reads)].into());
        assert_eq!(steps[2].depends_on, ["a@1"]);
        assert_eq!(steps[4].depends_on, ["b@create", "a"]);
    }
}
