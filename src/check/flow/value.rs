//! What is known of a value: how it stands to the window of its row, what values that are equal have in common, whether it can be
//! null, which column it is.

use std::ops::Range;

use chrono_tz::Tz;

use super::moment::{Kind, Moment, Shown};
use super::parts::Parts;
use super::rows::is_called_a_time;
use super::unit::{Unit, Windows};

/// What is known of an expression's value in a row that one batch yields.
#[derive(Clone, Debug, PartialEq)]
pub struct Value {
    pub time: Time,
    /// The time that it is, or that it is as text or as a number.
    pub moment: Option<Moment>,
    pub form: Form,
    /// What rows that share it have in common of their event times, and the zone that counts so.
    pub parts: Parts,
    pub zone: Tz,
    /// Whether rows of different windows never share it, whatever its parts say.
    pub unique: bool,
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

/// What a value is of a time. Values of different forms are not compared.
#[derive(Clone, Debug, PartialEq)]
pub enum Form {
    Time,
    /// As ISO 8601 writes it: the parts in order, the year first.
    Text,
    /// A number that counts from a fixed day on, each one so many microseconds.
    Count(i64),
    /// Parts as a number: what the last one of them is multiplied by, and the largest that it can be.
    Number(i64, i64),
    /// Something of the time, by the function that made it.
    Image(String),
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
    /// It is of a side of a full join; where it is missing, the other side is there.
    LeftOfFull,
    RightOfFull,
    /// A `case` without an `else`, or with a null in it.
    Case,
    /// A function that gives null.
    Function,
    Literal,
}

impl Value {
    pub fn of(time: Time, at: Range<usize>) -> Value {
        Value {
            time,
            moment: None,
            form: Form::Image(String::new()),
            parts: Parts::NONE,
            zone: Tz::UTC,
            unique: false,
            may_pin: None,
            null: None,
            column: None,
            at,
        }
    }

    /// The event time of a filtered input.
    pub fn event_time(kind: Kind) -> Value {
        let moment = Moment::event_time(kind);
        let form = if let Kind::Count(micros) = kind { Form::Count(micros) } else { Form::Time };
        Value { moment: Some(moment), form, parts: moment.parts(), ..Value::of(Time::Inside(Unit::Instant), 0..0) }
    }

    pub fn unknown(at: Range<usize>) -> Value {
        Value::of(Time::Unknown, at)
    }

    /// A time that is computed from the event time.
    pub fn moment(moment: Moment, windows: Windows, at: Range<usize>) -> Value {
        let time = moment.outside(windows).map_or(Time::Inside(moment.unit), Time::Outside);
        let (parts, zone) = (moment.parts(), moment.parts_zone());
        Value { time, moment: Some(moment), form: Form::Time, parts, zone, ..Value::unknown(at) }
    }

    /// The same time under another moment, for what changes a time.
    pub fn with_moment(self, moment: Moment, windows: Windows, at: Range<usize>) -> Value {
        let unshifted = moment == self.moment.unwrap_or(moment) && self.form == Form::Time;
        let at = if unshifted { self.at.clone() } else { at };
        Value { null: self.null, may_pin: None, ..Value::moment(moment, windows, at) }
    }

    pub fn is_inside(&self) -> bool {
        matches!(self.time, Time::Inside(_))
    }

    /// Whether it comes of the event time of a filtered input.
    pub fn is_of_time(&self) -> bool {
        self.moment.is_some() || matches!(self.time, Time::Inside(_) | Time::Outside(_)) || !self.parts.is_none()
    }

    /// Whether rows of different windows never share it. Rows that lack it may be of any.
    pub fn pins(&self, windows: Windows) -> bool {
        self.null.is_none() && self.tells(windows)
    }

    /// The same where it is not null.
    pub fn tells(&self, windows: Windows) -> bool {
        self.unique || self.parts.tell(windows, self.zone)
    }

    /// The value after a function that may change it: no column of an input any more.
    pub fn changed(self) -> Value {
        Value { column: None, ..self }
    }

    /// The value as text or as a number, from which it can be told all the same.
    pub fn formed(self, form: Form, at: Range<usize>) -> Value {
        let time = if self.is_of_time() { Time::Unknown } else { self.time.clone() };
        Value { time, form, at, ..self.changed() }
    }

    /// The value as a number that counts otherwise, the same time all the same.
    pub fn formed_as(&self, form: Form, at: Range<usize>) -> Value {
        Value { form, at, ..self.clone().changed() }
    }

    /// A number that counts, later by an amount.
    pub fn shifted_count(self, moment: Moment, micros: i64, form: Form, at: Range<usize>) -> Value {
        let moment = moment.shifted(0, micros);
        let time = if self.is_inside() { Time::Outside(Why::Shifted) } else { Time::Unknown };
        Value { time, moment: Some(moment), ..self.formed(form, at) }
    }

    /// What two values together have in common of their event times, where they are put together.
    pub fn beside(self, other: &Value) -> Value {
        let numbers = matches!((&self.form, &other.form), (Form::Number(1, _), Form::Number(1, _)));
        let apart = self.zone != other.zone && !self.parts.is_none() && !other.parts.is_none();
        let (one, two) =
            (if self.null.is_some() { Parts::NONE } else { self.parts }, if other.null.is_some() { Parts::NONE } else { other.parts });
        Value {
            time: Time::Unknown,
            moment: None,
            // Of numbers without anything between them, 1 and 11 are 11 and 1.
            parts: if apart || numbers { one } else { one | two },
            zone: if self.parts.is_none() { other.zone } else { self.zone },
            unique: self.unique && self.null.is_none() || other.unique && other.null.is_none(),
            may_pin: self.may_pin.clone().or_else(|| other.may_pin.clone()),
            null: None,
            ..self.changed()
        }
    }

    /// The value cut to a unit.
    pub fn cut(self, unit: Unit, windows: Windows, at: Range<usize>) -> Value {
        match self.moment {
            Some(moment) => {
                let cut = moment.cut(unit);
                // What was outside before is to be blamed where it came to be.
                let at = if matches!(self.time, Time::Outside(_)) { self.at.clone() } else { at };
                self.with_moment(cut, windows, at)
            }
            // Another time, cut so far that it cannot tell the window, cannot.
            None => {
                let may_pin = self.may_pin.clone().filter(|_| windows.whole(unit, windows.timezone));
                let parts = if self.form == Form::Time { self.parts & Parts::of(unit) } else { Parts::NONE };
                Value { unique: false, may_pin, parts, ..self.changed() }
            }
        }
    }

    /// The value without the clock's day: of a date, the same as text or time.
    pub fn into_date(self, windows: Windows, at: Range<usize>) -> Value {
        let value = self.cut(Unit::Day, windows, at.clone());
        match value.moment {
            // A date has no zone, so that of another zone is no instant any more.
            Some(Moment { shown: Shown::Zoned(zone), .. }) => {
                let moment = value.moment.map(|moment| Moment { shown: Shown::Wall(zone), ..moment });
                moment.map_or(value.clone(), |moment| value.with_moment(moment, windows, at))
            }
            _ => value,
        }
    }

    /// The value later by an amount, where that is known. What is shifted is another one for each time all the same.
    pub fn shifted(self, amount: Option<(i32, i64)>, windows: Windows, at: Range<usize>) -> Value {
        match (self.moment, amount) {
            (Some(moment), Some((months, micros))) if self.form == Form::Time => {
                let moment = moment.shifted(months, micros);
                let parts = self.parts;
                let at = if self.is_inside() { at } else { self.at.clone() };
                Value { parts, ..self.with_moment(moment, windows, at) }
            }
            _ => self.moved(Why::Shifted, at),
        }
    }

    /// The value moved by something: no longer in its window, but still another one for each time.
    pub fn moved(self, why: Why, at: Range<usize>) -> Value {
        let form = Form::Image(format!("{at:?}"));
        let value = self.changed();
        match value.time {
            _ if value.moment.is_some() && matches!(value.time, Time::Inside(_)) => {
                Value { time: Time::Outside(why), moment: None, form, at, ..value }
            }
            _ => Value { moment: None, form, ..value },
        }
    }

    /// What no longer tells anything of the window.
    pub fn lost(self) -> Value {
        Value { moment: None, parts: Parts::NONE, unique: false, may_pin: None, ..self.changed() }
    }

    /// What is known of the result of an unknown function of this value.
    pub fn used(self, windows: Windows, said: impl FnOnce() -> String, at: Range<usize>) -> Value {
        // Of what does not tell the window, nothing does that is made of it.
        if self.is_of_time() || self.unique {
            if !self.tells(windows) {
                return Value { may_pin: self.may_pin, ..Value::unknown(at) };
            }
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
        let alike = self.form == other.form && self.zone == other.zone;
        Value {
            moment: match (self.moment, other.moment) {
                (Some(one), Some(two)) if alike => Some(if one.unit >= two.unit { one } else { two }),
                _ => None,
            },
            form: if alike { self.form.clone() } else { Form::Image(String::new()) },
            parts: if alike { self.parts & other.parts } else { Parts::NONE },
            unique: self.unique && other.unique,
            may_pin: self.may_pin.clone().or_else(|| other.may_pin.clone()),
            null: self.null.clone().or_else(|| other.null.clone()),
            column: if self.column == other.column { self.column.clone() } else { None },
            zone: self.zone,
            time,
            at,
        }
    }

    /// What equal values of two rows have in common of their event times.
    pub fn common(&self, other: &Value) -> Parts {
        let shift = |value: &Value| value.moment.map(|moment| (moment.months, moment.micros));
        let zones = self.zone == other.zone || self.parts.has(Parts::ALL) && other.parts.has(Parts::ALL);
        let numbers = matches!((&self.form, &other.form), (Form::Number(..), Form::Number(..)));
        if zones && (self.form == other.form || numbers) && shift(self) == shift(other) { self.parts & other.parts } else { Parts::NONE }
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

pub fn together<'a>(keys: impl IntoIterator<Item = &'a Value>, windows: Windows) -> Together {
    let mut perhaps = Together::Not;
    let mut parts: Vec<(Tz, Parts)> = Vec::new();
    for key in keys {
        match &key.may_pin {
            _ if key.pins(windows) => return Together::Always,
            Some(name) if perhaps == Together::Not || is_called_a_time(name) => perhaps = Together::Perhaps(name.clone()),
            _ => {}
        }
        if key.null.is_none() && !key.parts.is_none() {
            match parts.iter_mut().find(|(zone, _)| *zone == key.zone) {
                Some((_, known)) => *known = *known | key.parts,
                None => parts.push((key.zone, key.parts)),
            }
        }
    }
    if parts.iter().any(|(zone, parts)| parts.tell(windows, *zone)) { Together::Always } else { perhaps }
}
