//! How rows flow through a query. Takes its tree; gives what is known of the result's columns, and each place where rows of
//! different windows would meet in the query as a whole and cannot meet in a batch. What nobody can know is not judged.

mod call;
mod each;
mod expr;
mod from;
mod items;
mod names;
mod over;
mod query;
mod rows;
mod scope;
mod select;
mod unit;
mod value;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::Range;
use std::rc::Rc;

use sqlparser::ast::Spanned;

pub use rows::{Input, Pinned, Rows, is_called_a_date};
use rows::{Origin, called_as};
pub use unit::Windows;
pub use value::{Null, Time, Why};

use crate::inject::Seen;

/// What was seen in a query.
pub struct Sighted {
    pub result: Rc<Rows>,
    /// In the order of the text.
    pub crossings: Vec<Crossing>,
    pub calls: Vec<Call>,
}

/// A place where rows of different windows would meet.
#[derive(Clone, Debug, PartialEq)]
pub struct Crossing {
    pub how: How,
    pub at: Range<usize>,
    /// Where the rows that would meet come from.
    pub windowed: Origin,
    /// A key that may tell the window, although nothing shows that it does: the day of the event time, by another name.
    pub unless: Option<String>,
    /// How many more functions beside it do the same.
    pub more: usize,
}

/// How rows meet.
#[derive(Clone, Debug, PartialEq)]
pub enum How {
    /// A window function over many rows, and what its partitions are by.
    Window {
        function: String,
        keys: Vec<String>,
    },
    /// Rows are numbered within a key, so that one of them can be kept.
    Numbered {
        function: String,
        keys: Vec<String>,
    },
    /// One row of each key is kept.
    OneOfEach {
        keys: Vec<String>,
    },
    /// Groups, and what they are by.
    Groups {
        keys: Vec<String>,
    },
    /// The first or the last event time of all.
    Bounds,
    Distinct,
    /// `except`, `intersect`.
    SetOperation,
    Limit,
    /// A join of two filtered inputs.
    Join {
        other: BTreeSet<String>,
    },
    /// `exists`, `in (select …)`.
    Lookup {
        other: BTreeSet<String>,
    },
    /// Rows that are the same in every batch, kept where they find no partner in this one.
    Kept,
}

/// A function whose value depends on when, or how often, the query runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    pub name: String,
    pub kind: CallKind,
    pub at: Range<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallKind {
    /// The clock decides which rows there are.
    ClockInCondition,
    /// The clock is a part of a value.
    ClockInValue,
    /// A column that tells when the row was written.
    Stamp,
    Chance,
}

/// Looks at a query. `inputs` tells of an input by its unique id.
pub fn follow(seen: &Seen, inputs: &dyn Fn(&str) -> Input, windows: Windows) -> Sighted {
    let flow = Flow { seen, inputs, windows, found: RefCell::default() };
    let result = flow.query(seen.query, &None, None);
    let mut found = flow.found.take();
    found.crossings.retain(|crossing| !flow.tells_the_window(crossing));
    found.crossings.sort_by_key(|crossing| crossing.at.start);
    found.crossings.dedup();
    found.calls.sort_by_key(|call| call.at.start);
    found.calls.dedup();
    Sighted { result, crossings: found.crossings, calls: found.calls }
}

struct Flow<'a> {
    seen: &'a Seen<'a>,
    inputs: &'a dyn Fn(&str) -> Input,
    windows: Windows,
    /// What was found in the query that is being looked at.
    found: RefCell<Found>,
}

#[derive(Default)]
struct Found {
    crossings: Vec<Crossing>,
    calls: Vec<Call>,
}

impl Flow<'_> {
    /// Whether a key that may tell the window is named as the moment of the event time of all that the rows come from.
    fn tells_the_window(&self, crossing: &Crossing) -> bool {
        let Some(key) = &crossing.unless else { return false };
        crossing.windowed.inputs.iter().all(|input| {
            let event_time = (self.inputs)(input).event_time;
            event_time.and_then(|event_time| called_as(key, &event_time)).is_some_and(|unit| self.windows.whole(unit))
        })
    }

    /// Notes that rows meet, unless a key keeps them in their window.
    fn crossing(&self, how: How, at: Range<usize>, windowed: &Origin, unless: Option<String>) {
        self.found.borrow_mut().crossings.push(Crossing { how, at, windowed: windowed.clone(), unless, more: 0 });
    }

    /// Where something stands in the text; an empty place where the tree does not know.
    fn place(&self, of: &impl Spanned) -> Range<usize> {
        self.seen.bytes(of.span()).unwrap_or(0..0)
    }

    /// Parts of the query as the author wrote them.
    fn texts(&self, of: &[impl Spanned]) -> Vec<String> {
        of.iter().map(|one| self.seen.said(&self.place(one))).collect()
    }
}
