//! The relations that a query reads: which are filtered, and why others are not.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The reason for an input without event time.
pub const NO_EVENT_TIME: &str = "it has no event_time";

/// The reason for an input that is read at a position where a filter cannot be inserted.
pub const OUT_OF_REACH: &str = "its place in the query takes no filter";
pub const BY_NAME: &str = "it is written by its plain name, without `ref()` or `source()`";

/// The reason for an input that only a hook references.
pub const READ_BY_HOOK: &str = "a hook refers to it";

/// The reason for an input that a template references but the query does not read, for example in a
/// comment.
pub const NOT_READ: &str = "no table of the query is it";

/// A relation that a model reads, in one of the ways in which its query reads it.
#[derive(Clone, Debug, PartialEq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct InputEntry {
    pub unique_id: String,
    pub relation: String,
    pub event_time: Option<String>,
    /// Whether its rows are limited to the window.
    pub filtered: bool,
    /// Why it is read without a filter.
    pub whole_because: Option<String>,
}

impl InputEntry {
    /// Whether it has an event time but is read whole, and the model does not opt out of the
    /// filter.
    pub fn loses_its_filter(&self) -> bool {
        self.event_time.is_some()
            && self
                .whole_because
                .as_deref()
                .is_some_and(|why| [OUT_OF_REACH, BY_NAME].contains(&why))
    }

    /// Whether it is read without a filter only because it has no event time.
    pub fn lacks_event_time(&self) -> bool {
        self.whole_because.as_deref() == Some(NO_EVENT_TIME)
    }
}
