//! The batches of a model that is in both plans: which windows came and went, and how those changed that are in both. Batches
//! whose texts are equal but for their windows, before and after, have changed alike.

use std::collections::{BTreeMap, BTreeSet};

use chrono_tz::Tz;
use indexmap::IndexMap;

use super::fold::fold;
use super::ranges::{label, ranges, window};
use super::{BatchChange, Files, Model, Range, unified};
use crate::calendar::{Instant, Window};
use crate::diagnostics::Diagnostic;
use crate::plan::manifest::PlannedStep;
use crate::plan::write::Sha256;

/// What became of the windows.
pub struct Batches {
    pub added: Vec<Range>,
    pub removed: Vec<Range>,
    pub changed: usize,
    pub changes: Vec<BatchChange>,
}

pub fn batches(before: &Model, after: &Model, old: &mut Files, new: &mut Files) -> Result<Batches, Diagnostic> {
    let was: BTreeMap<(Option<Instant>, Option<Instant>), &PlannedStep> = before.batches.iter().map(|step| (window(step), *step)).collect();
    let (mut added, mut both) = (Vec::new(), Vec::new());
    for step in &after.batches {
        match was.get(&window(step)) {
            Some(other) => both.push((*other, *step)),
            None => added.push(*step),
        }
    }
    let kept: BTreeSet<(Option<Instant>, Option<Instant>)> = both.iter().map(|(_, step)| window(step)).collect();
    let removed: Vec<&PlannedStep> = before.batches.iter().copied().filter(|step| !kept.contains(&window(step))).collect();
    let mut differing: Vec<(&PlannedStep, &PlannedStep)> = both.iter().copied().filter(|(old, new)| old.sha256 != new.sha256).collect();
    let changed = differing.len();
    // Plans of other days have no window in common; their SQL can be compared all the same.
    if both.is_empty() {
        differing.extend(removed.first().zip(added.first()).map(|(old, new)| (*old, *new)));
    }
    let mut changes: IndexMap<String, Vec<(&PlannedStep, &PlannedStep)>> = IndexMap::new();
    // By the hash of both texts: where each batch has a text of its own, they are many.
    let mut seen: BTreeMap<Sha256, usize> = BTreeMap::new();
    for (other, step) in differing {
        let texts = (folded(other, before.timezone(), old)?, folded(step, after.timezone(), new)?);
        if texts.0 == texts.1 && both.is_empty() {
            continue;
        }
        let both = Sha256::of(format!("{}\0{}", texts.0, texts.1).as_bytes());
        let nth = match seen.get(&both) {
            Some(nth) => *nth,
            None => {
                let entry = changes.entry(unified::diff(&texts.0, &texts.1));
                let nth = entry.index();
                entry.or_default();
                *seen.entry(both).or_insert(nth)
            }
        };
        changes[nth].push((other, step));
    }
    let mut changes: Vec<BatchChange> = changes.into_iter().map(|(diff, alike)| change(diff, &alike)).collect();
    changes.sort_by_key(|change| std::cmp::Reverse(change.batches));
    Ok(Batches { added: ranges(&added), removed: ranges(&removed), changed, changes })
}

fn change(diff: String, alike: &[(&PlannedStep, &PlannedStep)]) -> BatchChange {
    let steps: Vec<&PlannedStep> = alike.iter().map(|(_, step)| *step).collect();
    let (old_file, new_file) = (alike[0].0.file.to_string(), alike[0].1.file.to_string());
    BatchChange { batches: alike.len(), windows: ranges(&steps), old_file, new_file, diff }
}

fn folded(step: &PlannedStep, timezone: Tz, files: &mut Files) -> Result<String, Diagnostic> {
    let text = files.text(step)?;
    let (start, end) = window(step);
    Ok(match (start, end) {
        (Some(start), Some(end)) => fold(&text, &Window { start, end }, label(step), timezone),
        _ => text,
    })
}
