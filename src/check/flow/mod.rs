//! Dataflow analysis of a query. Takes its syntax tree; returns the known properties of the
//! result's columns, and each operation that combines rows of different windows, which a batch
//! cannot do. Unknown values are not reported.

mod arithmetic;
mod calendar_parts;
mod call;
mod call_syntax;
mod clocks;
mod coalesce;
mod colocation;
mod common_columns;
mod derived_time;
mod expr;
mod formats;
mod from;
mod functions;
mod join_conditions;
mod literal;
mod names;
mod projection;
mod query;
mod rows;
mod scope;
mod select;
mod subqueries;
#[cfg(test)]
mod tests;
mod time_names;
mod times;
mod unit;
mod value;
mod visit;
mod window_functions;

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::ops::Range;
use std::rc::Rc;

use sqlparser::ast::Spanned;

use colocation::{Colocation, colocation};
pub use derived_time::{OutsideReason, TimeKind};
pub use names::is_aggregate;
use rows::Origin;
pub use rows::{FlowInput, Rows, WindowKeys};
pub use time_names::is_named_like_change;
pub use unit::BatchWindows;
pub use value::{NullReason, Time, Value};

use crate::inject::QueryView;

/// The result of the analysis.
pub struct Dataflow {
    pub result: Rc<Rows>,
    /// Operations across windows, in the order of the text.
    pub operations: Vec<CrossWindowOp>,
    pub calls: Vec<VolatileCall>,
}

/// An operation that would combine rows of different windows.
#[derive(Clone, Debug, PartialEq)]
pub struct CrossWindowOp {
    pub kind: CrossWindowKind,
    pub at: Range<usize>,
    /// The inputs of the combined rows.
    pub windowed: Origin,
    /// A key that may determine the window, without proof: for example, the day of the event time
    /// under another name.
    pub possible_key: Option<String>,
    /// The number of other functions with the same effect.
    pub more: usize,
}

/// The kinds of operations across windows.
#[derive(Clone, Debug, PartialEq)]
pub enum CrossWindowKind {
    /// A window function over many rows, with its partition keys.
    Window {
        function: String,
        keys: Vec<String>,
    },
    /// Rows are ranked within a key, to select one of them.
    Ranked {
        function: String,
        keys: Vec<String>,
    },
    /// One row per key is selected.
    OneRowPerKey {
        keys: Vec<String>,
    },
    /// Groups, with their keys.
    Groups {
        keys: Vec<String>,
    },
    /// The groups of a `pivot`, by the columns that it does not name.
    Pivot,
    /// The first or the last event time of all rows, which may bound unfiltered rows.
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
    /// An outer join preserves rows that are the same in every batch.
    PreservedRows,
    /// A form of query whose rows are not analysed.
    NotAnalysed(UnanalysedForm),
}

/// Forms of queries whose rows are not analysed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnanalysedForm {
    /// `table orders`.
    TableStatement,
    /// `from orders |> where …`.
    Pipe,
    /// `orders match_recognize (…)`.
    MatchRecognize,
}

/// A function whose value depends on the time, or the number, of executions of the query.
#[derive(Clone, Debug, PartialEq)]
pub struct VolatileCall {
    pub name: String,
    pub kind: VolatileKind,
    pub at: Range<usize>,
    /// The number of other calls of the same kind.
    pub more: usize,
}

/// The use of a volatile function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VolatileKind {
    /// The clock in a condition: it determines the rows of the result.
    ClockInCondition,
    /// The clock in an expression.
    ClockInValue,
    /// A column with the time at which the row was written.
    BatchTemplate,
    Random,
}

/// Analyses a query. `inputs` returns an input by its unique id.
pub fn analyse(
    view: &QueryView,
    inputs: &dyn Fn(&str) -> FlowInput,
    windows: BatchWindows,
    engine: Engine,
) -> Dataflow {
    let flow =
        Flow { view, inputs, windows, engine, notes: RefCell::default(), depth: Cell::new(0) };
    let result = flow.query(view.query, &None, None);
    let mut notes = flow.notes.take();
    let sample = |at: Range<usize>| VolatileCall {
        name: view.unmasked_text(&at).to_lowercase(),
        kind: VolatileKind::Random,
        at,
        more: 0,
    };
    notes.calls.extend(view.samples.iter().cloned().map(sample));
    for operation in &mut notes.operations {
        if let CrossWindowKind::Bounds { of_whole } = &mut operation.kind {
            *of_whole = notes.bounding.contains(&operation.at.start);
        }
    }
    notes.operations.sort_by_key(|operation| operation.at.start);
    notes.operations.dedup();
    notes.calls.sort_by_key(|call| call.at.start);
    notes.calls.dedup();
    // Report all columns with the time of writing as one.
    let is_stamp = |call: &VolatileCall| call.kind == VolatileKind::BatchTemplate;
    let stamps = notes.calls.iter().filter(|call| is_stamp(call)).count();
    if let Some(first) = notes.calls.iter_mut().find(|call| is_stamp(call)) {
        first.more = stamps - 1;
    }
    let mut has_stamp = false;
    notes.calls.retain(|call| !is_stamp(call) || !std::mem::replace(&mut has_stamp, true));
    Dataflow { result, operations: notes.operations, calls: notes.calls }
}

/// Differences between the time functions of engines.
#[derive(Clone, Copy, Debug, Default)]
pub struct Engine {
    /// Whether `at time zone` returns an instant; in other engines it removes or adds a zone.
    pub zones_show: bool,
    /// Whether the difference of two times in a unit is the elapsed time; in other engines it is
    /// the number of unit boundaries between them.
    pub elapsed: bool,
    /// Whether a cast to an integer or to a time of fewer digits truncates; in other engines it
    /// rounds, also to the next day.
    pub casts_truncate: bool,
    /// Whether a cast to a text type cuts the text to the type's length.
    pub casts_cut_text: bool,
    /// Whether times are texts: as a number, a time is its year.
    pub times_are_text: bool,
    /// Whether `/` of two integers is an integer.
    pub divides_integers: bool,
}

struct Flow<'a> {
    view: &'a QueryView<'a>,
    inputs: &'a dyn Fn(&str) -> FlowInput,
    windows: BatchWindows,
    engine: Engine,
    /// The findings in the current query.
    notes: RefCell<FlowNotes>,
    /// The number of expressions around the current one.
    depth: Cell<usize>,
}

/// The findings in a query or a CTE.
#[derive(Default)]
struct FlowNotes {
    operations: Vec<CrossWindowOp>,
    calls: Vec<VolatileCall>,
    /// Offsets of first and last event times that bound unfiltered rows.
    bounding: Vec<usize>,
}

impl Flow<'_> {
    /// Whether rows with equal values of all `keys` are always in one window.
    fn colocation(&self, keys: &[Value]) -> Colocation {
        // The columns of a composite unique key.
        let of = |key: &Value| {
            key.column
                .as_ref()
                .filter(|_| {
                    key.null.is_none() && matches!(key.time, Time::OtherColumn | Time::Inside(_))
                })
                .map(|(input, _)| input.clone())
        };
        let unique = keys.iter().filter_map(of).any(|id| {
            let key = (self.inputs)(&id).key;
            let is_it = |name: &String| {
                keys.iter().any(|key| {
                    key.column.as_ref().is_some_and(|(input, column)| {
                        *input == id && column.eq_ignore_ascii_case(name)
                    })
                })
            };
            !key.is_empty() && key.iter().all(is_it)
        });
        if unique { Colocation::Always } else { colocation(keys, self.windows) }
    }

    /// Reports an operation across windows.
    fn report(
        &self,
        kind: CrossWindowKind,
        at: Range<usize>,
        windowed: &Origin,
        possible_key: Option<String>,
    ) {
        self.notes.borrow_mut().operations.push(CrossWindowOp {
            kind,
            at,
            windowed: windowed.clone(),
            possible_key,
            more: 0,
        });
    }

    /// The byte range of a node in the text; empty if the parser does not provide it.
    fn span(&self, of: &impl Spanned) -> Range<usize> {
        self.view.bytes(of.span()).unwrap_or(0..0)
    }

    /// The source texts of nodes.
    fn texts(&self, of: &[impl Spanned]) -> Vec<String> {
        of.iter().map(|one| self.view.text_at(&self.span(one))).collect()
    }
}
