//! The values of function calls.

use std::ops::Range;

use sqlparser::ast::{Expr, Function};

use super::calendar_parts::CalendarParts;
use super::call_syntax::{arguments, function_name};
use super::clocks::is_clock_call;
use super::coalesce::coalesce;
use super::derived_time::{ClockZone, DerivedTime, OutsideReason};
use super::functions::{TimeFunction, counts, cuts_to, time_function};
use super::literal::{amount, epoch_unit, integer, text, unit, zone};
use super::scope::Scope;
use super::unit::Unit;
use super::value::{Form, NullReason, Time, Value};
use super::{Flow, names};

/// Whether a function counts the units between two times.
pub fn is_difference(name: &str) -> bool {
    time_function(name) == Some(TimeFunction::Difference)
}

/// A call that is evaluated.
pub(super) struct FunctionCall<'c> {
    pub(super) flow: &'c Flow<'c>,
    pub(super) name: String,
    /// The arguments with their values.
    pub(super) args: Vec<(&'c Expr, Value)>,
    pub(super) at: Range<usize>,
}

/// The value of a call.
pub fn value(flow: &Flow, function: &Function, scope: &Scope, at: Range<usize>) -> Value {
    let name = function_name(function);
    let args: Vec<(&Expr, Value)> =
        arguments(function).into_iter().map(|expr| (expr, flow.value(expr, scope))).collect();
    let all_fixed = args.iter().all(|(expr, value)| {
        value.time == Time::Fixed || unit(expr).is_some() && !value.derives_from_event_time()
    });
    let exprs: Vec<&Expr> = args.iter().map(|(expr, _)| *expr).collect();
    if names::is_clock(&name) && all_fixed || name != "age" && is_clock_call(&name, &exprs) {
        return Value::of(Time::Clock, at);
    }
    let known = time_function(&name);
    if !args.is_empty()
        && all_fixed
        && !names::is_random(&name)
        && known != Some(TimeFunction::NullIf)
        && known != Some(TimeFunction::Neighbour)
    {
        return Value::of(Time::Fixed, at);
    }
    if let ("unnest" | "explode" | "arrayjoin" | "flatten", [(Expr::Array(array), _)]) =
        (name.as_str(), args.as_slice())
    {
        return Value::one_of(array.elem.iter().map(|expr| flow.value(expr, scope)).collect(), at);
    }
    let is_safe = name.starts_with("try_")
        || function
            .name
            .0
            .first()
            .is_some_and(|part| part.to_string().eq_ignore_ascii_case("safe"));
    let is_text = args.iter().all(|(_, value)| !value.derives_from_event_time());
    let parses = known.filter(|returns| {
        is_safe && is_text && matches!(returns, TimeFunction::Time | TimeFunction::Date)
    });
    let call = FunctionCall { flow, name, args, at: at.clone() };
    if let Some(returns) = parses {
        // Text that is not a time becomes a null.
        let value = call.evaluate(returns, function);
        return Value { null: value.null.clone().or(Some((NullReason::Function, at))), ..value };
    }
    if let Some(unit) = cuts_to(&call.name) {
        return call.cut(unit);
    }
    if let Some(unit) = counts(&call.name) {
        return call.cut(unit).converted(Form::Image(call.name.clone()), at);
    }
    if let Some(parts) =
        CalendarParts::parse(&call.name).filter(|_| call.args.len() == 1 || call.args.len() == 2)
    {
        return flow.part(call.zoned(), parts, call.at);
    }
    let Some(time_function) = known else { return call.unknown(function) };
    call.evaluate(time_function, function)
}

impl FunctionCall<'_> {
    fn evaluate(self, time_function: TimeFunction, function: &Function) -> Value {
        let at = self.at.clone();
        let windows = self.flow.windows;
        let argument = |index: usize| {
            self.args
                .get(index)
                .map_or_else(|| Value::unknown(at.clone()), |(_, value)| value.clone())
        };
        match time_function {
            TimeFunction::Cut => match self.unit() {
                Some(unit) => self.cut(unit),
                // `trunc(at)` is a date; `trunc` of a number is a number.
                None if self.args.len() == 1 => match self.time() {
                    value if value.form == Form::Time => value.cut(Unit::Day, windows, at),
                    value => self.flow.truncated(value, at),
                },
                None => self.opaque(),
            },
            TimeFunction::Bucket => self.bucket(),
            TimeFunction::Date
                if self.args.len() < 3
                    || self.args.get(1).is_some_and(|(expr, _)| text(expr).is_some()) =>
            {
                self.date()
            }
            TimeFunction::OfParts if self.args.len() == 1 => self.as_time(),
            TimeFunction::Date | TimeFunction::OfParts => self.of_parts(),
            // Converts a time to a number, and a number to a time.
            TimeFunction::Millis
                if self.time().form == Form::Time && self.time().derived_time.is_some() =>
            {
                self.count(1000)
            }
            TimeFunction::Millis => self.as_time(),
            TimeFunction::Time if self.name == "from_unixtime" => self.time_of_seconds(),
            TimeFunction::Time => match self.args.len() {
                3.. if !self.is_parsing() => self.of_parts(),
                _ => self.as_time(),
            },
            TimeFunction::Local | TimeFunction::AtZone => {
                self.local(time_function == TimeFunction::AtZone && self.flow.engine.zones_show)
            }
            TimeFunction::FromLocal => self.in_utc(),
            TimeFunction::Converted => self.converted(),
            TimeFunction::Later => self.shifted(1),
            // DuckDB's function of a unit and two times.
            TimeFunction::Earlier if self.has_two_times() => self.difference(),
            TimeFunction::Earlier => self.shifted(-1),
            TimeFunction::LastDay => self.last_day(),
            TimeFunction::OtherDay => self.time().moved(OutsideReason::Moved, at).without_window(),
            TimeFunction::Part => self.named_part(),
            TimeFunction::Count(micros) => self.count(micros),
            TimeFunction::Difference => self.difference(),
            TimeFunction::Julian => self.julian(),
            TimeFunction::Round => self.rounded(),
            TimeFunction::Divided => match self.args.as_slice() {
                [(_, value), (divisor, _)] if value.derives_from_event_time() => {
                    self.flow.divided(value.clone(), integer(divisor), true, at)
                }
                _ => self.opaque(),
            },
            TimeFunction::Text => match self.zoned() {
                value if value.form == Form::Time => value.converted(Form::Text, at),
                value => self.flow.truncated(value, at),
            },
            // `format('%d', …)` and `format('{}', …)` combine their arguments.
            TimeFunction::Formatted
                if self.name == "format"
                    && self.args.first().is_some_and(|(expr, _)| text(expr).is_some()) =>
            {
                self.joined()
            }
            TimeFunction::Formatted => self.formatted(),
            TimeFunction::Start => self.start(),
            TimeFunction::Injective => match self.time() {
                value if value.derives_from_event_time() => self.flow.truncated(value, at),
                value => value.changed(),
            },
            TimeFunction::Coarse => Value { null: None, ..self.time().without_window() }
                .converted(Form::Image(self.name.clone()), at),
            TimeFunction::Joined => self.shortened().unwrap_or_else(|| self.joined()),
            TimeFunction::FirstOf => {
                coalesce(self.args.into_iter().map(|(_, value)| value).collect(), at)
            }
            TimeFunction::OneOf => {
                Value::one_of(self.args.into_iter().map(|(_, value)| value).collect(), at)
            }
            TimeFunction::OneOfTwo => {
                Value::one_of(self.args.into_iter().skip(1).map(|(_, value)| value).collect(), at)
            }
            TimeFunction::NullIf => {
                Value { null: Some((NullReason::Function, at.clone())), ..argument(0) }
            }
            TimeFunction::OneRow => {
                // The value of one row does not describe the others, but each is in the window.
                let value = argument(0).changed();
                if function.filter.is_some() {
                    Value { null: Some((NullReason::Function, at)), ..value }
                } else {
                    value
                }
            }
            TimeFunction::Neighbour if self.args.len() < 3 => {
                Value { null: Some((NullReason::Function, at.clone())), ..argument(0).changed() }
            }
            TimeFunction::Neighbour => Value::one_of(vec![argument(0), argument(2)], at),
        }
    }

    /// A time in a zone, converted to UTC.
    fn in_utc(self) -> Value {
        let (value, at) = (self.time(), self.at.clone());
        let Some(Some(zone)) = self.zones().first().copied() else {
            return value.moved(OutsideReason::Zone, at).without_window();
        };
        match value.derived_time {
            Some(time) if time.clock == ClockZone::Wall(zone) => {
                let time = DerivedTime { clock: ClockZone::Utc, ..time };
                value.with_moment(time, self.flow.windows, at)
            }
            Some(_) if zone == chrono_tz::Tz::UTC => value.changed(),
            _ => value.moved(OutsideReason::Zone, at).without_window(),
        }
    }

    /// The last day of a time's month. It identifies the month, like the month's first day, and is
    /// in that month.
    fn last_day(self) -> Value {
        let (value, at, windows) = (self.time(), self.at.clone(), self.flow.windows);
        let Some(time) = value.derived_time.filter(|_| self.args.len() == 1) else {
            return value.moved(OutsideReason::Moved, at).without_window();
        };
        let month = time.cut(Unit::Month);
        let is_inside = month.outside(windows).is_none();
        let value = value.with_moment(month, windows, at);
        match is_inside {
            true => value,
            false => {
                let time = Time::Outside(OutsideReason::Moved);
                Value { derived_time: None, time, ..value }
            }
        }
    }

    /// The part of a time that the first argument names.
    fn named_part(self) -> Value {
        let Some(word) = self.args.first().and_then(|(expr, _)| word(expr)) else {
            return self.opaque();
        };
        if let Some(micros) = epoch_unit(&word) {
            return self.count(micros);
        }
        match CalendarParts::parse(&word) {
            Some(parts) => self.flow.part(self.zoned(), parts, self.at.clone()),
            None => self.opaque(),
        }
    }

    /// Whether the arguments are a unit and two times: `date_sub('day', start, end)`.
    fn has_two_times(&self) -> bool {
        matches!(self.args.as_slice(), [(name, _), (one, _), (two, _)]
            if text(name).is_some() && unit(name).is_some()
                && integer(one).is_none() && integer(two).is_none())
    }

    /// The text of a time from which the function removes parts: `lpad` cuts it to a length, and
    /// `replace` may remove digits. `None` if it removes nothing.
    fn shortened(&self) -> Option<Value> {
        let value = self.time();
        match (self.name.as_str(), self.args.as_slice()) {
            ("lpad", [_, (length, _), ..]) if matches!(value.form, Form::Text | Form::Time) => {
                Some(self.flow.first_letters(value, integer(length), self.at.clone()))
            }
            ("replace", [_, (removed, _), ..])
                if text(removed).is_none_or(|text| text.chars().any(|char| char.is_numeric())) =>
            {
                Some(value.without_window())
            }
            _ => None,
        }
    }

    /// The value of an unknown function. It may determine the window if an argument does and it is
    /// not an aggregate.
    fn unknown(&self, function: &Function) -> Value {
        let aggregates = names::is_aggregate(&self.name) || function.over.is_some();
        if aggregates { Value::unknown(self.at.clone()) } else { self.opaque() }
    }

    pub(super) fn opaque(&self) -> Value {
        let value = self.time();
        if value.derives_from_event_time() || value.unique || value.possible_key.is_some() {
            return value.opaque(
                self.flow.windows,
                || self.flow.view.text_at(&self.at),
                self.at.clone(),
            );
        }
        Value::unknown(self.at.clone())
    }

    /// The argument that is a time, in any position: the one that determines the window, else the
    /// first that is not a literal.
    pub(super) fn time(&self) -> Value {
        let values = || self.args.iter().map(|(_, value)| value);
        let time = values()
            .find(|value| value.derived_time.is_some() && !matches!(value.form, Form::Number(..)))
            .or_else(|| values().find(|value| value.derives_from_event_time()))
            .or_else(|| values().find(|value| value.unique || value.possible_key.is_some()))
            .or_else(|| {
                self.args
                    .iter()
                    .find(|(expr, value)| value.time != Time::Fixed && unit(expr).is_none())
                    .map(|(_, value)| value)
            });
        let time = time.cloned().unwrap_or_else(|| Value::unknown(self.at.clone()));
        // A part of a time, such as its hour, is not a time.
        let is_part = matches!(time.form, Form::Number(..));
        Value { derived_time: time.derived_time.filter(|_| !is_part), ..time }
    }

    /// The unit that an argument names.
    pub(super) fn unit(&self) -> Option<Unit> {
        let units = self
            .args
            .iter()
            .filter(|(_, value)| !value.derives_from_event_time())
            .filter_map(|(expr, _)| unit(expr));
        units.max()
    }

    /// The zones that arguments name; `None` for an unknown zone.
    fn zones(&self) -> Vec<Option<chrono_tz::Tz>> {
        let others = self
            .args
            .iter()
            .filter(|(expr, value)| !value.derives_from_event_time() && unit(expr).is_none());
        others.filter_map(|(expr, _)| zone(expr)).collect()
    }

    /// The time in the zone that another argument names.
    pub(super) fn zoned(&self) -> Value {
        self.in_zone(self.zones().first().copied())
    }

    /// The time in a zone; `Some(None)` is an unknown zone.
    pub(super) fn in_zone(&self, zone: Option<Option<chrono_tz::Tz>>) -> Value {
        let value = self.time();
        match (zone, value.derived_time) {
            (Some(Some(zone)), Some(derived_time)) if derived_time.clock == ClockZone::Utc => {
                let clock = if zone == chrono_tz::Tz::UTC {
                    ClockZone::Utc
                } else {
                    ClockZone::AtTimeZone(zone)
                };
                value.with_moment(
                    DerivedTime { clock, ..derived_time },
                    self.flow.windows,
                    self.at.clone(),
                )
            }
            (Some(None), _) => value.moved(OutsideReason::Zone, self.at.clone()).without_window(),
            _ => value,
        }
    }

    pub(super) fn cut(&self, unit: Unit) -> Value {
        self.zoned().cut(unit, self.flow.windows, self.at.clone())
    }

    fn date(&self) -> Value {
        self.modified(self.zoned(), 1).into_date(self.flow.windows, self.at.clone())
    }

    /// Applies SQLite's modifiers, the arguments from the one at `first` on. Other texts are
    /// formats.
    pub(super) fn modified(&self, value: Value, first: usize) -> Value {
        let (at, windows) = (|| self.at.clone(), self.flow.windows);
        let modifiers = self.args.iter().skip(first).filter(|(expr, _)| zone(expr).is_none());
        let mut value = value;
        for (expr, modifier) in modifiers.filter_map(|(expr, _)| Some((expr, text(expr)?))) {
            let modifier = modifier.to_lowercase();
            value = match modifier.strip_prefix("start of ").and_then(Unit::parse) {
                Some(unit) => value.cut(unit, windows, at()),
                None if modifier.starts_with(['+', '-']) && amount(expr).is_some() => {
                    value.shifted(amount(expr), windows, at())
                }
                None if modifier.starts_with(['+', '-'])
                    || ["localtime", "weekday"].iter().any(|word| modifier.starts_with(word)) =>
                {
                    value.moved(OutsideReason::Shifted, at()).without_window()
                }
                None => value,
            };
        }
        value
    }

    /// Converts text or a number to a time.
    fn as_time(&self) -> Value {
        let value = match self.name.as_str() {
            "datetime" => self.modified(self.zoned(), 1),
            _ => self.zoned(),
        };
        // A number of other units than those that numeric times use.
        let has_time_unit =
            !matches!(value.form, Form::Count(micros) if ![1, 1000, 1_000_000].contains(&micros));
        match value.derived_time {
            Some(_) if !has_time_unit => {
                Value { time: Time::Outside(OutsideReason::Moved), ..value.without_window() }
            }
            Some(derived_time) => {
                let clock = match (value.form == Form::Time, derived_time.clock, self.name.as_str())
                {
                    // The local time in the zone that an argument names.
                    (true, ClockZone::AtTimeZone(zone), "datetime") => ClockZone::Wall(zone),
                    (_, clock, _) => clock,
                };
                value.with_moment(
                    DerivedTime { clock, ..derived_time },
                    self.flow.windows,
                    self.at.clone(),
                )
            }
            None => Value { unique: value.unique, ..value.changed() },
        }
    }

    /// A number of seconds as a time, or as text in a format.
    fn time_of_seconds(&self) -> Value {
        let format = self.args.get(1).filter(|(expr, _)| zone(expr).is_none());
        match format.and_then(|(expr, _)| text(expr)) {
            Some(format) => self.in_format(self.as_time(), format),
            None => self.as_time(),
        }
    }

    fn is_parsing(&self) -> bool {
        self.args.first().is_some_and(|(_, value)| value.derived_time.is_some())
    }

    fn local(&self, shows: bool) -> Value {
        let value = self.time();
        let zone = self.zones().first().copied().flatten();
        if self.name == "from_utc_timestamp"
            && let (Some(derived_time), Some(zone)) = (value.derived_time, zone)
        {
            return value.with_moment(
                DerivedTime { clock: ClockZone::Wall(zone), ..derived_time },
                self.flow.windows,
                self.at.clone(),
            );
        }
        self.flow.at_zone(value, zone, shows, self.at.clone())
    }

    /// Converts from one zone to another; the default of the first is that of the value.
    fn converted(&self) -> Value {
        let (value, zones) = (self.time(), self.zones());
        let windows = self.flow.windows;
        let (from, to) = match zones.as_slice() {
            [to] => (None, *to),
            [from, to] => (Some(*from), *to),
            _ => return value.moved(OutsideReason::Zone, self.at.clone()).without_window(),
        };
        let (Some(derived_time), Some(to)) = (value.derived_time, to) else {
            return value.moved(OutsideReason::Zone, self.at.clone()).without_window();
        };
        let fits = from.is_none_or(|from| from == Some(derived_time.zone()));
        if !fits {
            return value.moved(OutsideReason::Zone, self.at.clone()).without_window();
        }
        let clock = match (to == chrono_tz::Tz::UTC, from) {
            (true, _) => ClockZone::Utc,
            (false, Some(_)) => ClockZone::Wall(to),
            (false, None) => ClockZone::AtTimeZone(to),
        };
        value.with_moment(DerivedTime { clock, ..derived_time }, windows, self.at.clone())
    }
}

/// The identifier or string of an argument: `day`, `'day'`.
pub(super) fn word(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Identifier(name) => Some(name.value.clone()),
        other => text(other).map(str::to_string),
    }
}
