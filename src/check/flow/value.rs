//! Abstract values: the relation of a value to the window of its row, the calendar parts that equal
//! values have in common, nullability, and the input column it copies.

use std::ops::Range;

use chrono_tz::Tz;

use super::calendar_parts::CalendarParts;
use super::derived_time::{ClockZone, DerivedTime, OutsideReason, TimeKind};
use super::unit::{BatchWindows, Unit, repeats_hours};
use crate::calendar::Grain;

/// The known properties of the value of an expression in a row of a batch.
#[derive(Clone, Debug, PartialEq)]
pub struct Value {
    pub time: Time,
    /// The time that it represents, also as text or as a number.
    pub derived_time: Option<DerivedTime>,
    pub form: Form,
    /// The calendar parts of the event time that rows with this value have in common.
    pub parts: CalendarParts,
    /// The zone of `parts`.
    pub zone: Tz,
    /// Whether it occurs in one window only, whatever `parts` has.
    pub unique: bool,
    /// Its name, if it may determine the window without proof.
    pub possible_key: Option<String>,
    /// Why and where it can be null; `None` if it cannot be.
    pub null: Option<(NullReason, Range<usize>)>,
    /// The input column that it copies: unique id and name.
    pub column: Option<(String, String)>,
    /// The byte range of the expression that determines its state.
    pub at: Range<usize>,
}

/// The relation of a value to the window.
#[derive(Clone, Debug, PartialEq)]
pub enum Time {
    /// The event time, truncated to a unit that divides windows: it is in the window.
    Inside(Unit),
    /// Derived from the event time; may be outside the window.
    Outside(OutsideReason),
    /// Another column of a filtered input.
    OtherColumn,
    /// A column of an unfiltered input.
    Unfiltered,
    /// The time at which the query runs.
    Clock,
    /// The same in every row.
    Fixed,
    Unknown,
}

/// The representation of a time. Values of different forms are not compared.
#[derive(Clone, Debug, PartialEq)]
pub enum Form {
    Time,
    /// ISO 8601.
    Text,
    /// A number of units since a fixed day; the value is the length of the unit in microseconds.
    Count(i64),
    /// Calendar parts as a number: the factor of the last part, and the maximum value.
    Number(i64, i64),
    /// The result of a function, which the text identifies.
    Image(String),
}

/// Why a value can be null.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NullReason {
    /// It is on the optional side of an outer join.
    OuterJoin,
    /// It is on a side of a full join: if that side is missing, the other one is present.
    LeftOfFull,
    RightOfFull,
    /// A `case` without an `else`, or with a null in it.
    Case,
    /// A function that may return null.
    Function,
    Literal,
    /// A column that is otherwise unique.
    Repeated,
}

impl Value {
    pub fn of(time: Time, at: Range<usize>) -> Value {
        Value {
            time,
            derived_time: None,
            form: Form::Image(String::new()),
            parts: CalendarParts::NONE,
            zone: Tz::UTC,
            unique: false,
            possible_key: None,
            null: None,
            column: None,
            at,
        }
    }

    /// The event time of a filtered input.
    pub fn event_time(kind: TimeKind) -> Value {
        let derived_time = DerivedTime::event_time(kind);
        let form =
            if let TimeKind::Count(micros) = kind { Form::Count(micros) } else { Form::Time };
        Value {
            derived_time: Some(derived_time),
            form,
            parts: derived_time.parts(),
            ..Value::of(Time::Inside(Unit::Instant), 0..0)
        }
    }

    pub fn unknown(at: Range<usize>) -> Value {
        Value::of(Time::Unknown, at)
    }

    /// A time derived from the event time.
    pub fn derived_time(
        derived_time: DerivedTime,
        windows: BatchWindows,
        at: Range<usize>,
    ) -> Value {
        let time =
            derived_time.outside(windows).map_or(Time::Inside(derived_time.unit), Time::Outside);
        let (mut parts, zone) = (derived_time.parts(), derived_time.parts_zone());
        if let ClockZone::Wall(local) = derived_time.clock
            && windows.grain == Grain::Hour
            && repeats_hours(local)
        {
            parts = parts & CalendarParts::of(Unit::Day);
        }
        Value {
            time,
            derived_time: Some(derived_time),
            form: Form::Time,
            parts,
            zone,
            ..Value::unknown(at)
        }
    }

    /// The value with another derived time.
    pub fn with_moment(
        self,
        derived_time: DerivedTime,
        windows: BatchWindows,
        at: Range<usize>,
    ) -> Value {
        let unshifted =
            derived_time == self.derived_time.unwrap_or(derived_time) && self.form == Form::Time;
        let at = if unshifted { self.at.clone() } else { at };
        Value {
            null: self.null,
            possible_key: None,
            ..Value::derived_time(derived_time, windows, at)
        }
    }

    /// Whether it is a number of units with a fraction.
    pub fn is_fraction(&self) -> bool {
        match (self.derived_time, &self.form) {
            (Some(time), Form::Count(micros)) if *micros > 1 => {
                let unit =
                    if *micros < Unit::Hour.min_micros() { Unit::Minute } else { Unit::Hour };
                time.unit < unit || *micros > Unit::Hour.min_micros() && time.unit < Unit::Day
            }
            _ => false,
        }
    }

    pub fn is_inside(&self) -> bool {
        matches!(self.time, Time::Inside(_))
    }

    /// Whether it is derived from the event time of a filtered input.
    pub fn derives_from_event_time(&self) -> bool {
        self.derived_time.is_some()
            || matches!(self.time, Time::Inside(_) | Time::Outside(_))
            || !self.parts.is_none()
    }

    /// Whether it occurs in one window only. A nullable value does not: rows with null may be in
    /// any window.
    pub fn determines_window(&self, windows: BatchWindows) -> bool {
        self.null.is_none() && self.determines_window_if_present(windows)
    }

    /// The same for values that are not null.
    pub fn determines_window_if_present(&self, windows: BatchWindows) -> bool {
        self.unique || self.parts.determine_window(windows, self.zone)
    }

    /// The value after a function that may change it: it is not a copy of an input column.
    pub fn changed(self) -> Value {
        Value { column: None, ..self }
    }

    /// The value as text or as a number, which still identifies it.
    pub fn converted(self, form: Form, at: Range<usize>) -> Value {
        let time = if self.derives_from_event_time() { Time::Unknown } else { self.time.clone() };
        Value { time, form, at, ..self.changed() }
    }

    /// The same time as a number of other units.
    pub fn rescaled(&self, form: Form, at: Range<usize>) -> Value {
        Value { form, at, ..self.clone().changed() }
    }

    /// A number of units, shifted by an amount.
    pub fn shifted_count(
        self,
        derived_time: DerivedTime,
        micros: i64,
        form: Form,
        at: Range<usize>,
    ) -> Value {
        let derived_time = derived_time.shifted(0, micros);
        let time =
            if self.is_inside() { Time::Outside(OutsideReason::Shifted) } else { Time::Unknown };
        Value { time, derived_time: Some(derived_time), ..self.converted(form, at) }
    }

    /// The combination of two values, such as a concatenation or a tuple.
    pub fn combined_with(self, other: &Value) -> Value {
        let numbers = matches!((&self.form, &other.form), (Form::Number(1, _), Form::Number(1, _)));
        let apart = self.zone != other.zone && !self.parts.is_none() && !other.parts.is_none();
        let (one, two) = (
            if self.null.is_some() { CalendarParts::NONE } else { self.parts },
            if other.null.is_some() { CalendarParts::NONE } else { other.parts },
        );
        Value {
            time: Time::Unknown,
            derived_time: None,
            // Adjacent numbers are ambiguous: 1 and 11, or 11 and 1.
            parts: if apart || numbers { one } else { one | two },
            zone: if self.parts.is_none() { other.zone } else { self.zone },
            unique: self.unique && self.null.is_none() || other.unique && other.null.is_none(),
            possible_key: self.possible_key.clone().or_else(|| other.possible_key.clone()),
            null: None,
            ..self.changed()
        }
    }

    /// The value truncated to a unit.
    pub fn cut(self, unit: Unit, windows: BatchWindows, at: Range<usize>) -> Value {
        match self.derived_time {
            Some(derived_time) => {
                let cut = derived_time.cut(unit);
                // A value that already was outside of the window is reported where it left the
                // window.
                let at = if matches!(self.time, Time::Outside(_)) { self.at.clone() } else { at };
                self.with_moment(cut, windows, at)
            }
            // Another time that is truncated beyond the window cannot determine it.
            None => {
                let possible_key = self
                    .possible_key
                    .clone()
                    .filter(|_| windows.contain_full(unit, windows.timezone));
                let parts = if self.form == Form::Time {
                    self.parts & CalendarParts::of(unit)
                } else {
                    CalendarParts::NONE
                };
                Value { unique: false, possible_key, parts, ..self.changed() }
            }
        }
    }

    /// The date of the value.
    pub fn into_date(self, windows: BatchWindows, at: Range<usize>) -> Value {
        let value = self.cut(Unit::Day, windows, at.clone());
        match value.derived_time {
            // A date has no zone, so the date of another zone is not an instant.
            Some(DerivedTime { clock: ClockZone::AtTimeZone(zone), .. }) => {
                let derived_time = value.derived_time.map(|derived_time| DerivedTime {
                    clock: ClockZone::Wall(zone),
                    ..derived_time
                });
                derived_time.map_or(value.clone(), |derived_time| {
                    value.with_moment(derived_time, windows, at)
                })
            }
            _ => value,
        }
    }

    /// The value shifted by an amount, if it is known. Shifted values are still distinct for each
    /// time, except by months, whose last days coincide.
    pub fn shifted(
        self,
        amount: Option<(i32, i64)>,
        windows: BatchWindows,
        at: Range<usize>,
    ) -> Value {
        match (self.derived_time, amount) {
            (Some(derived_time), Some((months, micros))) if self.form == Form::Time => {
                let derived_time = derived_time.shifted(months, micros);
                let is_distinct =
                    months == 0 || self.parts & CalendarParts::of(Unit::Month) == self.parts;
                let parts = if is_distinct {
                    self.parts
                } else {
                    self.parts & CalendarParts::of(Unit::Month)
                };
                let at = if self.is_inside() { at } else { self.at.clone() };
                Value { parts, ..self.with_moment(derived_time, windows, at) }
            }
            _ => self.moved(OutsideReason::Shifted, at),
        }
    }

    /// The value moved by an unknown amount: outside its window, but still distinct for each time.
    pub fn moved(self, why: OutsideReason, at: Range<usize>) -> Value {
        let form = Form::Image(format!("{at:?}"));
        let value = self.changed();
        match value.time {
            _ if value.derived_time.is_some() && matches!(value.time, Time::Inside(_)) => {
                Value { time: Time::Outside(why), derived_time: None, form, at, ..value }
            }
            _ => Value { derived_time: None, form, ..value },
        }
    }

    /// The value after it no longer determines the window.
    pub fn without_window(self) -> Value {
        Value {
            derived_time: None,
            parts: CalendarParts::NONE,
            unique: false,
            possible_key: None,
            ..self.changed()
        }
    }

    /// The result of an unknown function of this value.
    pub fn opaque(
        self,
        windows: BatchWindows,
        name: impl FnOnce() -> String,
        at: Range<usize>,
    ) -> Value {
        // A function of a value that does not determine the window does not either.
        if self.derives_from_event_time() || self.unique {
            if !self.determines_window_if_present(windows) {
                return Value { possible_key: self.possible_key, ..Value::unknown(at) };
            }
            return Value { possible_key: Some(name()), ..Value::unknown(at) };
        }
        Value { possible_key: self.possible_key, ..Value::of(self.time, at) }
    }

    /// A value that is one of several. A null literal among them makes it nullable.
    pub fn one_of(values: Vec<Value>, at: Range<usize>) -> Value {
        let null = values.iter().find_map(|value| value.null.clone());
        let is_null = |value: &Value| matches!(value.null, Some((NullReason::Literal, _)));
        let value =
            values.into_iter().filter(|value| !is_null(value)).reduce(|one, other| one.or(&other));
        match value {
            Some(value) => Value {
                null,
                at: if value.is_inside() { value.at.clone() } else { at },
                ..value.changed()
            },
            None => Value { null, ..Value::of(Time::Fixed, at) },
        }
    }

    /// A value that is one of two.
    pub fn or(self, other: &Value) -> Value {
        let time = match (&self.time, &other.time) {
            (Time::Inside(one), Time::Inside(two)) => Time::Inside(*one.max(two)),
            (one, two) if one == two => one.clone(),
            (Time::Outside(why), _) | (_, Time::Outside(why)) => Time::Outside(why.clone()),
            (Time::Unknown, _) | (_, Time::Unknown) => Time::Unknown,
            (Time::Inside(_), _) | (_, Time::Inside(_)) => Time::Outside(OutsideReason::Mixed),
            _ => Time::Unknown,
        };
        let at =
            if self.is_inside() && !other.is_inside() { other.at.clone() } else { self.at.clone() };
        let same_form = self.form == other.form && self.zone == other.zone;
        Value {
            derived_time: match (self.derived_time, other.derived_time) {
                (Some(one), Some(two)) if same_form => {
                    Some(if one.unit >= two.unit { one } else { two })
                }
                _ => None,
            },
            form: if same_form { self.form.clone() } else { Form::Image(String::new()) },
            parts: if same_form { self.parts & other.parts } else { CalendarParts::NONE },
            unique: self.unique && other.unique,
            possible_key: self.possible_key.clone().or_else(|| other.possible_key.clone()),
            null: self.null.clone().or_else(|| other.null.clone()),
            column: if self.column == other.column { self.column.clone() } else { None },
            zone: self.zone,
            time,
            at,
        }
    }

    /// The calendar parts that the event times of two rows have in common if these values are
    /// equal.
    pub fn common(&self, other: &Value) -> CalendarParts {
        let shift = |value: &Value| {
            value.derived_time.map(|derived_time| (derived_time.months, derived_time.micros))
        };
        let zones = self.zone == other.zone
            || self.parts.has(CalendarParts::ALL) && other.parts.has(CalendarParts::ALL);
        let numbers = matches!((&self.form, &other.form), (Form::Number(..), Form::Number(..)));
        if zones && (self.form == other.form || numbers) && shift(self) == shift(other) {
            self.parts & other.parts
        } else {
            CalendarParts::NONE
        }
    }
}
