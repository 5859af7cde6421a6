//! How rows flow through a query. Takes its tree; gives what is known of the result's columns, and each place where rows of
//! different windows would meet in the query as a whole and cannot meet in a batch. What nobody can know is not judged.

mod arithmetic;
mod call;
mod each;
mod expr;
mod from;
mod functions;
mod items;
mod literal;
mod moment;
mod names;
mod over;
mod parts;
mod query;
mod rows;
mod scope;
mod select;
mod subqueries;
#[cfg(test)]
mod tests;
mod ties;
mod times;
mod unit;
mod value;

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::ops::Range;
use std::rc::Rc;

use sqlparser::ast::Spanned;

pub use moment::Kind;
use rows::Origin;
pub use rows::{Input, Pinned, Rows};
pub use unit::Windows;
pub use value::{Null, Time, Why};
use value::{Together, Value};

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
    /// The first or the last event time of all, which may bound rows that are read whole.
    Bounds {
        of_whole: bool,
    },
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
    /// How many more of its kind are found with it.
    pub more: usize,
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
pub fn follow(seen: &Seen, inputs: &dyn Fn(&str) -> Input, windows: Windows, engine: Engine) -> Sighted {
    let flow = Flow { seen, inputs, windows, engine, found: RefCell::default(), depth: Cell::new(0) };
    let result = flow.query(seen.query, &None, None);
    let mut found = flow.found.take();
    let sample = |at| Call { name: "tablesample".to_string(), kind: CallKind::Chance, at, more: 0 };
    found.calls.extend(seen.samples.iter().cloned().map(sample));
    for crossing in &mut found.crossings {
        if let How::Bounds { of_whole } = &mut crossing.how {
            *of_whole = found.bounding.contains(&crossing.at.start);
        }
    }
    found.crossings.sort_by_key(|crossing| crossing.at.start);
    found.crossings.dedup();
    found.calls.sort_by_key(|call| call.at.start);
    found.calls.dedup();
    // Columns that only tell when a row was written are one thing, however many they are.
    let is_stamp = |call: &Call| call.kind == CallKind::Stamp;
    let stamps = found.calls.iter().filter(|call| is_stamp(call)).count();
    if let Some(first) = found.calls.iter_mut().find(|call| is_stamp(call)) {
        first.more = stamps - 1;
    }
    let mut told = false;
    found.calls.retain(|call| !is_stamp(call) || !std::mem::replace(&mut told, true));
    Sighted { result, crossings: found.crossings, calls: found.calls }
}

/// What an engine's functions of times do, where engines differ.
#[derive(Clone, Copy, Debug, Default)]
pub struct Engine {
    /// Whether `at time zone` gives an instant in that zone, where others take a zone off or put it on.
    pub zones_show: bool,
    /// Whether a difference between two times counts what has elapsed, where others count the edges between them.
    pub elapsed: bool,
}

struct Flow<'a> {
    seen: &'a Seen<'a>,
    inputs: &'a dyn Fn(&str) -> Input,
    windows: Windows,
    engine: Engine,
    /// What was found in the query that is being looked at.
    found: RefCell<Found>,
    /// How many expressions are around the one that is being looked at.
    depth: Cell<usize>,
}

#[derive(Default)]
struct Found {
    crossings: Vec<Crossing>,
    calls: Vec<Call>,
    /// Where first and last event times are asked for that bound rows which are read whole.
    bounding: Vec<usize>,
}

impl Flow<'_> {
    /// Whether rows that are equal in all of some values are always of one window.
    fn together(&self, keys: &[Value]) -> Together {
        // Columns that are unique together.
        let of = |key: &Value| {
            key.column
                .as_ref()
                .filter(|_| key.null.is_none() && matches!(key.time, Time::Beside | Time::Inside(_)))
                .map(|(input, _)| input.clone())
        };
        let unique = keys.iter().filter_map(of).any(|id| {
            let key = (self.inputs)(&id).key;
            let is_it = |name: &String| {
                keys.iter().any(|key| key.column.as_ref().is_some_and(|(input, own)| *input == id && own.eq_ignore_ascii_case(name)))
            };
            !key.is_empty() && key.iter().all(is_it)
        });
        if unique { Together::Always } else { value::together(keys, self.windows) }
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
