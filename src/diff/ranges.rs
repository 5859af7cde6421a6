//! Batches as ranges: those whose windows follow one another without a gap are one.

use super::Range;
use crate::plan::manifest::StepEntry;

/// The ranges that the batches make, which are in the order of their windows.
pub fn ranges(batches: &[&StepEntry]) -> Vec<Range> {
    let mut ranges: Vec<Range> = Vec::new();
    for batch in batches {
        let (start, end) = window(batch);
        let label = label(batch).to_string();
        match ranges.last_mut().filter(|range| range.event_time_end == start) {
            Some(range) => {
                range.last = label;
                range.event_time_end = end.to_string();
                range.batches += 1;
            }
            None => ranges.push(Range {
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

/// What the batch is called: `2024-09-01`.
pub fn label(batch: &StepEntry) -> &str {
    batch.id.rsplit_once('@').map_or(batch.id.as_str(), |(_, label)| label)
}

/// Its start and its end, as the manifest writes them.
pub fn window(batch: &StepEntry) -> (&str, &str) {
    (batch.event_time_start.as_deref().unwrap_or_default(), batch.event_time_end.as_deref().unwrap_or_default())
}

impl Range {
    /// `2024-09-01 to 2024-09-30`
    pub fn words(&self) -> String {
        if self.batches == 1 { self.first.clone() } else { format!("{} to {}", self.first, self.last) }
    }
}
