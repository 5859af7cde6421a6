//! What is known of a value: how it stands to the window of its row, whether it can be null, which column it is.

use std::ops::Range;

use super::rows::is_called_a_time;
use super::unit::{Unit, Windows};

/// What is known of an expression's value in a row that one batch yields.
#[derive(Clone, Debug, PartialEq)]
pub struct Value {
    pub time: Time,
    /// Whether rows of different windows never share it.
    pub pins: bool,
    /// What it is called, where it may tell the window and nothing shows that it does.
    pub may_pin: Option<String>,
    /// Why it can be null, and where, if it can.
    pub null: Option<(Null, Range<usize>)>,
    /// The input's column that it is, unchanged: unique id and name.
    pub column: Option<(String, String)>,
    /// Where it became what it is.
    pub at: Range<usize>,
}

/// How a value stands to the window.
#[derive(Clone, Debug, PartialEq)]
pub enum Time {
    /// The event time, cut to a unit of which windows are made: it lies in the window.
    Inside(Unit),
    /// Made of the event time, and may lie outside of the window.
    Outside(Why),
    /// Another column of a filtered input.
    Beside,
    /// Of an input that is read whole.
    Whole,
    /// When the query runs.
    Clock,
    /// The same in every row.
    Fixed,
    Unknown,
}

/// Why a time may lie outside of its row's window.
#[derive(Clone, Debug, PartialEq)]
pub enum Why {
    Coarser(Unit),
    Shifted,
    Zone,
    /// Another value may stand in for it.
    Mixed,
    /// A date that is found from it: the last day of its month.
    Moved,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Null {
    /// It is of the side of an outer join that may be missing.
    OuterJoin,
    /// A `case` without an `else`, or with a null in it.
    Case,
    /// A function that gives null.
    Function,
    Literal,
}

impl Value {
    pub fn of(time: Time, at: Range<usize>) -> Value {
        let pins = matches!(time, Time::Inside(_));
        Value { time, pins, may_pin: None, null: None, column: None, at }
    }

    pub fn unknown(at: Range<usize>) -> Value {
        Value::of(Time::Unknown, at)
    }

    pub fn is_inside(&self) -> bool {
        matches!(self.time, Time::Inside(_))
    }

    /// Whether it comes of the event time of a filtered input.
    pub fn is_of_time(&self) -> bool {
        matches!(self.time, Time::Inside(_) | Time::Outside(_))
    }

    /// The value after a function that may change it: no column of an input any more.
    pub fn changed(self) -> Value {
        Value { column: None, ..self }
    }

    /// The value cut to a unit.
    pub fn cut(self, unit: Unit, windows: Windows, at: Range<usize>) -> Value {
        let value = self.changed();
        match value.time {
            Time::Inside(own) if windows.whole(unit.max(own)) => Value { time: Time::Inside(unit.max(own)), at, ..value },
            Time::Inside(_) => {
                let why = if windows.timezone == chrono_tz::Tz::UTC { Why::Coarser(unit) } else { Why::Zone };
                Value { time: Time::Outside(why), pins: false, at, ..value }
            }
            // Another time, cut so far that it cannot tell the window, cannot.
            _ => Value { pins: false, may_pin: value.may_pin.clone().filter(|_| windows.whole(unit)), ..value },
        }
    }

    /// The value moved by something: no longer in its window, but still another one for each time.
    pub fn moved(self, why: Why, at: Range<usize>) -> Value {
        let value = self.changed();
        match value.time {
            Time::Inside(_) => Value { time: Time::Outside(why), at, ..value },
            _ => value,
        }
    }

    /// What is known of something that is computed from the value by nobody knows what.
    pub fn used(self, said: impl FnOnce() -> String, at: Range<usize>) -> Value {
        if self.is_of_time() || self.pins {
            return Value { may_pin: Some(said()), ..Value::unknown(at) };
        }
        Value { may_pin: self.may_pin, ..Value::of(self.time, at) }
    }

    /// What is known of a value that is one of two.
    pub fn or(self, other: &Value) -> Value {
        let time = match (&self.time, &other.time) {
            (Time::Inside(one), Time::Inside(two)) => Time::Inside(*one.max(two)),
            (one, two) if one == two => one.clone(),
            (Time::Outside(why), _) | (_, Time::Outside(why)) => Time::Outside(why.clone()),
            (Time::Unknown, _) | (_, Time::Unknown) => Time::Unknown,
            (Time::Inside(_), _) | (_, Time::Inside(_)) => Time::Outside(Why::Mixed),
            _ => Time::Unknown,
        };
        let at = if self.is_inside() && !other.is_inside() { other.at.clone() } else { self.at.clone() };
        Value {
            pins: self.pins && other.pins && self.is_inside() == other.is_inside(),
            may_pin: self.may_pin.clone().or_else(|| other.may_pin.clone()),
            null: self.null.clone().or_else(|| other.null.clone()),
            column: if self.column == other.column { self.column.clone() } else { None },
            time,
            at,
        }
    }
}

/// Whether rows that are equal in all of some values are always of one window.
#[derive(Debug, PartialEq)]
pub enum Together {
    Always,
    /// Nothing shows it, but this key may tell the window.
    Perhaps(String),
    Not,
}

pub fn together<'a>(keys: impl IntoIterator<Item = &'a Value>) -> Together {
    let mut found = Together::Not;
    for key in keys {
        match &key.may_pin {
            _ if key.pins => return Together::Always,
            Some(name) if found == Together::Not || is_called_a_time(name) => found = Together::Perhaps(name.clone()),
            _ => {}
        }
    }
    found
}
