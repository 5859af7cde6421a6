//! The batches of a model that is in both plans: added and removed windows, and changes of the
//! others. Batches have the same change if their texts are equal, before and after, except for the
//! window.

use std::collections::{BTreeMap, BTreeSet};

use chrono_tz::Tz;
use indexmap::IndexMap;

use super::normalize::normalize;
use super::ranges::{label, ranges, window};
use super::{BatchChange, PlanFiles, PlannedModel, WindowRange, unified};
use crate::calendar::{Instant, Window};
use crate::diagnostics::Diagnostic;
use crate::plan::Sha256;
use crate::plan::manifest::PlannedStep;

/// The differences in the batches of one model.
pub struct BatchDiff {
    pub added: Vec<WindowRange>,
    pub removed: Vec<WindowRange>,
    pub changed: usize,
    pub changes: Vec<BatchChange>,
}

/// Compares the batches of one model; reads only files whose hashes differ.
pub fn batches(
    before: &PlannedModel,
    after: &PlannedModel,
    old: &mut PlanFiles,
    new: &mut PlanFiles,
) -> Result<BatchDiff, Diagnostic> {
    let by_window: BTreeMap<(Option<Instant>, Option<Instant>), &PlannedStep> =
        before.batches.iter().map(|step| (window(step), *step)).collect();
    let (mut added, mut both) = (Vec::new(), Vec::new());
    for step in &after.batches {
        match by_window.get(&window(step)) {
            Some(other) => both.push((*other, *step)),
            None => added.push(*step),
        }
    }
    let remaining: BTreeSet<(Option<Instant>, Option<Instant>)> =
        both.iter().map(|(_, step)| window(step)).collect();
    let removed: Vec<&PlannedStep> =
        before.batches.iter().copied().filter(|step| !remaining.contains(&window(step))).collect();
    let mut differing: Vec<(&PlannedStep, &PlannedStep)> =
        both.iter().copied().filter(|(old, new)| !old.has_equal_file(new)).collect();
    let changed = differing.len();
    // Plans of different days have no common window: compare the SQL of their first batches.
    if both.is_empty() {
        differing.extend(removed.first().zip(added.first()).map(|(old, new)| (*old, *new)));
    }
    let mut changes: IndexMap<String, Vec<(&PlannedStep, &PlannedStep)>> = IndexMap::new();
    // Keyed by the hash of both texts, since each batch may have a different text.
    let mut index_by_texts: BTreeMap<Sha256, usize> = BTreeMap::new();
    for (other, step) in differing {
        let texts =
            (normalized(other, before.timezone(), old)?, normalized(step, after.timezone(), new)?);
        if texts.0 == texts.1 && both.is_empty() {
            continue;
        }
        let both = Sha256::of(format!("{}\0{}", texts.0, texts.1).as_bytes());
        let index = match index_by_texts.get(&both) {
            Some(index) => *index,
            None => {
                let entry = changes.entry(unified::diff(&texts.0, &texts.1));
                let index = entry.index();
                entry.or_default();
                *index_by_texts.entry(both).or_insert(index)
            }
        };
        changes[index].push((other, step));
    }
    let mut changes: Vec<BatchChange> =
        changes.into_iter().map(|(diff, steps_with_it)| change(diff, &steps_with_it)).collect();
    changes.sort_by_key(|change| std::cmp::Reverse(change.batches));
    Ok(BatchDiff { added: ranges(&added), removed: ranges(&removed), changed, changes })
}

fn change(diff: String, steps_with_it: &[(&PlannedStep, &PlannedStep)]) -> BatchChange {
    let steps: Vec<&PlannedStep> = steps_with_it.iter().map(|(_, step)| *step).collect();
    let (old_file, new_file) =
        (steps_with_it[0].0.file.to_string(), steps_with_it[0].1.file.to_string());
    BatchChange { batches: steps_with_it.len(), windows: ranges(&steps), old_file, new_file, diff }
}

fn normalized(
    step: &PlannedStep,
    timezone: Tz,
    files: &mut PlanFiles,
) -> Result<String, Diagnostic> {
    let text = files.text(step)?;
    let (start, end) = window(step);
    Ok(match (start, end) {
        (Some(start), Some(end)) => normalize(&text, &Window { start, end }, label(step), timezone),
        _ => text,
    })
}
