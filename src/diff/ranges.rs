//! Joins batches with consecutive windows into ranges.

use super::WindowRange;
use crate::plan::manifest::StepEntry;

/// The ranges of the batches, which must be in the order of their windows.
pub fn ranges(batches: &[&StepEntry]) -> Vec<WindowRange> {
    let mut ranges: Vec<WindowRange> = Vec::new();
    for batch in batches {
        let (start, end) = window(batch);
        let label = label(batch).to_string();
        match ranges.last_mut().filter(|range| range.event_time_end == start) {
            Some(range) => {
                range.last = label;
                range.event_time_end = end.to_string();
                range.batches += 1;
            }
            None => ranges.push(WindowRange {
                first: label.clone(),
                last: label,
                event_time_start: start.to_string(),
                event_time_end: end.to_string(),
                batches: 1,
            }),
        }
    }
    ranges
}

/// The label of the batch: `2024-09-01`.
pub fn label(batch: &StepEntry) -> &str {
    batch.id.rsplit_once('@').map_or(batch.id.as_str(), |(_, label)| label)
}

/// The start and the exclusive end of the batch, in RFC 3339, as in the manifest.
pub fn window(batch: &StepEntry) -> (&str, &str) {
    (batch.event_time_start.as_deref().unwrap_or_default(), batch.event_time_end.as_deref().unwrap_or_default())
}

impl WindowRange {
    /// Formats the range: `2024-09-01 to 2024-09-30`.
    pub fn words(&self) -> String {
        if self.batches == 1 { self.first.clone() } else { format!("{} to {}", self.first, self.last) }
    }
}
