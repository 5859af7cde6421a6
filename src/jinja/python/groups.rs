//! The groups of a match of a regular expression.

use std::ops::Range;
use std::sync::Arc;

use minijinja::Value;

/// The spans of a match's groups in bytes.
pub(super) struct Groups {
    pub text: Arc<str>,
    pub spans: Vec<Option<Range<usize>>>,
}

impl Groups {
    pub fn text(&self, position: usize) -> Option<&str> {
        self.spans.get(position).cloned().flatten().map(|range| &self.text[range])
    }

    /// The span of the match.
    pub fn whole(&self) -> Range<usize> {
        self.spans.first().cloned().flatten().unwrap_or(0..0)
    }

    pub fn value(&self, position: usize) -> Value {
        Value::from(self.text(position).map(str::to_string))
    }
}
