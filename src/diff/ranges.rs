//! Joins batches with consecutive windows into ranges.

use super::WindowRange;
use crate::calendar::{Instant, format_instant};
use crate::plan::manifest::PlannedStep;
use crate::plan::planned;

/// The ranges of the batches, which must be in the order of their windows.
pub fn ranges(batches: &[&PlannedStep]) -> Vec<WindowRange> {
    let text = |at: Option<Instant>| at.map(format_instant).unwrap_or_default();
    let mut ranges: Vec<WindowRange> = Vec::new();
    let mut end_of_last = None;
    for batch in batches {
        let (start, end) = window(batch);
        match ranges.last_mut().filter(|_| end_of_last == start) {
            Some(range) => range.batches += 1,
            None => {
                close(&mut ranges, batches, end_of_last);
                ranges.push(WindowRange {
                    first: label(batch).to_string(),
                    last: String::new(),
                    event_time_start: text(start),
                    event_time_end: String::new(),
                    batches: 1,
                });
            }
        }
        end_of_last = end;
    }
    close(&mut ranges, batches, end_of_last);
    ranges
}

/// Sets the end of the last range. `batches` are those of all ranges.
fn close(ranges: &mut [WindowRange], batches: &[&PlannedStep], end: Option<Instant>) {
    let count: usize = ranges.iter().map(|range| range.batches).sum();
    if let (Some(range), Some(last)) =
        (ranges.last_mut(), count.checked_sub(1).and_then(|last| batches.get(last)))
    {
        range.last = label(last).to_string();
        range.event_time_end = end.map(format_instant).unwrap_or_default();
    }
}

/// The label of the batch: `2024-09-01`.
pub fn label(batch: &PlannedStep) -> &str {
    planned::label(&batch.id)
}

/// The start and the exclusive end of the batch.
pub fn window(batch: &PlannedStep) -> (Option<Instant>, Option<Instant>) {
    (batch.event_time_start, batch.event_time_end)
}

impl WindowRange {
    /// Formats the range: `2024-09-01 to 2024-09-30`.
    pub fn words(&self) -> String {
        if self.batches == 1 {
            self.first.clone()
        } else {
            format!("{} to {}", self.first, self.last)
        }
    }
}
