//! What a batch is called. Takes a window; gives its names, which follow from it and are made when they are asked for: there
//! may be a million windows.

use chrono_tz::Tz;

use crate::calendar::{Grain, Window};

/// One window with its names.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    pub window: Window,
    /// `2024`, `2024-09`, `2024-09-01`, `2024-09-01T05`; a window cut by its range is named by both ends, the second one
    /// exclusive: `2024-09-05_2024-10-01`. Alphabetical order is chronological order.
    pub label: String,
    /// The label of the chunk it belongs to.
    pub chunk: Option<String>,
}

/// How the windows of one model are named.
#[derive(Clone, Copy, Debug, Hash)]
pub struct Names {
    /// The size of the model's own batches.
    pub own: Grain,
    /// The size of the windows, but for a first or last one that is cut.
    pub batch_size: Grain,
    pub chunk: Option<Grain>,
    pub timezone: Tz,
}

impl Names {
    pub fn span(&self, window: Window) -> Span {
        let chunk = self.chunk.map(|chunk| chunk.label(window.start, self.timezone));
        Span { window, label: self.label(window), chunk }
    }

    /// How many bytes the longest of the windows' labels has.
    pub fn longest(&self, windows: &[Window]) -> usize {
        let lengths = |windows: &[Window]| windows.iter().map(|window| self.label(*window).len()).max().unwrap_or_default();
        match windows {
            // Those between the first and the last one are whole, and all alike where no clock shows an hour twice.
            [first, second, .., last] if self.timezone == Tz::UTC => lengths(&[*first, *second, *last]),
            all => lengths(all),
        }
    }

    pub fn label(&self, window: Window) -> String {
        let named = |at| self.own.label(at, self.timezone);
        match [self.batch_size, self.own].into_iter().find(|grain| grain.is_whole(window, self.timezone)) {
            Some(grain) => grain.label(window.start, self.timezone),
            None => format!("{}_{}", named(window.start), named(window.end)),
        }
    }
}

impl Span {
    /// dbt's `model.batch.id`, the label without its dashes: `20240901`, `20240901T05`.
    pub fn id(&self) -> String {
        self.label.replace('-', "")
    }
}
