//! The labels of batches. They are derived from the window on demand, since there may be a million
//! windows.

use chrono_tz::Tz;

use crate::calendar::{Grain, Window};

/// One window with its labels.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    pub window: Window,
    /// `2024`, `2024-09`, `2024-09-01`, `2024-09-01T05`; for a window that is cut by its range, the
    /// start and the exclusive end: `2024-09-05_2024-10-01`. Alphabetical order is chronological
    /// order.
    pub label: String,
    /// The label of its chunk, with `--chunk`.
    pub chunk: Option<String>,
}

/// The naming of the windows of one model.
#[derive(Clone, Copy, Debug, Hash)]
pub struct BatchNaming {
    /// The batch size that the model sets.
    pub model_batch_size: Grain,
    /// The size of the windows; the first and the last one may be shorter.
    pub batch_size: Grain,
    pub chunk: Option<Grain>,
    pub timezone: Tz,
}

impl BatchNaming {
    /// The window with its labels.
    pub fn span(&self, window: Window) -> Span {
        let chunk = self.chunk.map(|chunk| chunk.label(window.start, self.timezone));
        Span { window, label: self.label(window), chunk }
    }

    /// The length of the longest label of the windows, in bytes.
    pub fn max_label_len(&self, windows: &[Window]) -> usize {
        let lengths = |windows: &[Window]| {
            windows.iter().map(|window| self.label(*window).len()).max().unwrap_or_default()
        };
        match windows {
            // Only the first and the last window may be cut; the labels of the others have the same
            // length, unless an hour occurs twice.
            [first, second, .., last] if self.timezone == Tz::UTC => {
                lengths(&[*first, *second, *last])
            }
            all => lengths(all),
        }
    }

    /// The label of the window.
    pub fn label(&self, window: Window) -> String {
        let label = |at| self.model_batch_size.label(at, self.timezone);
        match [self.batch_size, self.model_batch_size]
            .into_iter()
            .find(|grain| grain.is_period(window, self.timezone))
        {
            Some(grain) => grain.label(window.start, self.timezone),
            None => format!("{}_{}", label(window.start), label(window.end)),
        }
    }
}

impl Span {
    /// dbt's `model.batch.id`, the label without dashes: `20240901`, `20240901T05`.
    pub fn id(&self) -> String {
        self.label.replace('-', "")
    }
}
