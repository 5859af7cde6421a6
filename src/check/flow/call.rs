//! What is known of the value of a function.

use std::ops::Range;

use sqlparser::ast::{Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments};

use super::expr::one_of;
use super::functions::{Makes, cuts_to, makes};
use super::literal::{text, unit, zone};
use super::moment::{Moment, Shown};
use super::parts::Parts;
use super::scope::Scope;
use super::unit::Unit;
use super::value::{Form, Null, Time, Value, Why};
use super::{Flow, names};

/// The name of a function, without the schema it is in, in lower case.
pub fn name(function: &Function) -> String {
    function.name.0.last().and_then(|part| part.as_ident()).map(|name| name.value.to_lowercase()).unwrap_or_default()
}

/// The arguments that are expressions.
pub fn arguments(function: &Function) -> Vec<&Expr> {
    let FunctionArguments::List(list) = &function.args else { return Vec::new() };
    let exprs = list.args.iter().filter_map(|arg| match arg {
        FunctionArg::Named { arg, .. } | FunctionArg::ExprNamed { arg, .. } | FunctionArg::Unnamed(arg) => match arg {
            FunctionArgExpr::Expr(expr) => Some(expr),
            _ => None,
        },
    });
    exprs.collect()
}

/// Whether a function counts the units between two times.
pub fn is_difference(name: &str) -> bool {
    makes(name) == Some(Makes::Difference)
}

/// A call whose value is looked for.
pub(super) struct Call<'c> {
    pub(super) flow: &'c Flow<'c>,
    pub(super) name: String,
    /// The arguments with their values.
    pub(super) args: Vec<(&'c Expr, Value)>,
    pub(super) at: Range<usize>,
}

/// The value of a call.
pub fn value(flow: &Flow, function: &Function, scope: &Scope, at: Range<usize>) -> Value {
    let name = name(function);
    let args: Vec<(&Expr, Value)> = arguments(function).into_iter().map(|expr| (expr, flow.value(expr, scope))).collect();
    let all_fixed = args.iter().all(|(expr, value)| value.time == Time::Fixed || unit(expr).is_some() && !value.is_of_time());
    if names::is_clock(&name) && all_fixed {
        return Value::of(Time::Clock, at);
    }
    let known = makes(&name);
    if !args.is_empty() && all_fixed && !names::is_chance(&name) && known != Some(Makes::NullIf) && known != Some(Makes::Neighbour) {
        return Value::of(Time::Fixed, at);
    }
    if let ("unnest" | "explode" | "arrayjoin" | "flatten", [(Expr::Array(array), _)]) = (name.as_str(), args.as_slice()) {
        return one_of(array.elem.iter().map(|expr| flow.value(expr, scope)).collect(), at);
    }
    let is_safe = name.starts_with("try_") || function.name.0.first().is_some_and(|part| part.to_string().eq_ignore_ascii_case("safe"));
    let is_text = args.iter().all(|(_, value)| !value.is_of_time());
    let parses = known.filter(|makes| is_safe && is_text && matches!(makes, Makes::Time | Makes::Date));
    let call = Call { flow, name, args, at: at.clone() };
    if let Some(makes) = parses {
        // Text that is not a time becomes a null.
        let value = call.made(makes, function);
        return Value { null: value.null.clone().or(Some((Null::Function, at))), ..value };
    }
    if let Some(unit) = cuts_to(&call.name) {
        return call.cut(unit);
    }
    if let Some(parts) = Parts::parse(&call.name).filter(|_| call.args.len() == 1 || call.args.len() == 2) {
        return flow.part(call.zoned(), parts, call.at);
    }
    let Some(makes) = known else { return call.unknown(function) };
    call.made(makes, function)
}

impl Call<'_> {
    fn made(self, makes: Makes, function: &Function) -> Value {
        let at = self.at.clone();
        let windows = self.flow.windows;
        let of = |place: usize| self.args.get(place).map_or_else(|| Value::unknown(at.clone()), |(_, value)| value.clone());
        match makes {
            Makes::Cut => match self.unit() {
                Some(unit) => self.cut(unit),
                // `trunc(at)` is its date; of a number it is a number.
                None if self.args.len() == 1 => self.time().cut(Unit::Day, windows, at),
                None => self.used(),
            },
            Makes::Bucket => self.bucket(),
            Makes::Date if self.args.len() < 3 => self.date(),
            Makes::OfParts if self.args.len() == 1 => self.as_time(),
            Makes::Date | Makes::OfParts => self.of_parts(),
            // Of a time it is a number, of a number the time.
            Makes::Millis if self.time().form == Form::Time && self.time().moment.is_some() => self.count(1000),
            Makes::Millis => self.as_time(),
            Makes::Time => match self.args.len() {
                3.. if !self.is_parsing() => self.of_parts(),
                _ => self.as_time(),
            },
            Makes::Local | Makes::AtZone => self.local(makes == Makes::AtZone && self.flow.engine.zones_show),
            Makes::FromLocal => match (self.time(), self.zones().first()) {
                (value, Some(Some(zone))) => match value.moment {
                    Some(moment) if moment.shown == Shown::Wall(*zone) => {
                        value.with_moment(Moment { shown: Shown::Utc, ..moment }, windows, at)
                    }
                    Some(_) if *zone == chrono_tz::Tz::UTC => value.changed(),
                    _ => value.moved(Why::Zone, at).lost(),
                },
                (value, _) => value.moved(Why::Zone, at).lost(),
            },
            Makes::Converted => self.converted(),
            Makes::Later => self.shifted(1),
            Makes::Earlier => self.shifted(-1),
            Makes::LastDay => {
                let value = self.time();
                match value.moment {
                    // It tells the month as the month's first day does, and lies in it.
                    Some(moment) if self.args.len() == 1 => {
                        let cut = moment.cut(Unit::Month);
                        let inside = cut.outside(windows).is_none();
                        let month = value.with_moment(cut, windows, at.clone());
                        if inside { month } else { Value { moment: None, time: Time::Outside(Why::Moved), ..month } }
                    }
                    _ => value.moved(Why::Moved, at).lost(),
                }
            }
            Makes::OtherDay => self.time().moved(Why::Moved, at).lost(),
            Makes::Part => match self.args.first().and_then(|(expr, _)| word(expr)) {
                Some(word) if word.eq_ignore_ascii_case("epoch") => self.count(1_000_000),
                Some(word) => match Parts::parse(&word) {
                    Some(parts) => self.flow.part(self.zoned(), parts, at),
                    None => self.used(),
                },
                None => self.used(),
            },
            Makes::Count(micros) => self.count(micros),
            Makes::Difference => self.difference(),
            Makes::Formatted => self.formatted(),
            Makes::Start => self.start(),
            Makes::Injective => match self.time() {
                value if value.is_of_time() => self.flow.whole_number(value, at),
                value => value.changed(),
            },
            Makes::Coarse => Value { null: None, ..self.time().lost() }.formed(Form::Image(self.name.clone()), at),
            Makes::Joined => self.joined(),
            Makes::FirstOf => coalesce(self.args.into_iter().map(|(_, value)| value).collect(), at),
            Makes::OneOf => one_of(self.args.into_iter().map(|(_, value)| value).collect(), at),
            Makes::OneOfTwo => one_of(self.args.into_iter().skip(1).map(|(_, value)| value).collect(), at),
            Makes::NullIf => Value { null: Some((Null::Function, at.clone())), ..of(0) },
            Makes::OneRow => {
                // What one of the rows has tells nothing of the others, but each is in the window.
                let value = of(0).changed();
                if function.filter.is_some() { Value { null: Some((Null::Function, at)), ..value } } else { value }
            }
            Makes::Neighbour if self.args.len() < 3 => Value { null: Some((Null::Function, at.clone())), ..of(0).changed() },
            Makes::Neighbour => one_of(vec![of(0), of(2)], at),
        }
    }

    /// What nobody knows of a function may tell the window, if the event time goes into it and it gathers no rows.
    fn unknown(&self, function: &Function) -> Value {
        let gathers = names::is_aggregate(&self.name) || function.over.is_some();
        if gathers { Value::unknown(self.at.clone()) } else { self.used() }
    }

    pub(super) fn used(&self) -> Value {
        let value = self.time();
        if value.is_of_time() || value.unique || value.may_pin.is_some() {
            return value.used(self.flow.windows, || self.flow.seen.said(&self.at), self.at.clone());
        }
        Value::unknown(self.at.clone())
    }

    /// The argument that is a time, wherever it stands: the one that tells the window, else the first that is no literal.
    pub(super) fn time(&self) -> Value {
        let values = || self.args.iter().map(|(_, value)| value);
        let told = values()
            .find(|value| value.moment.is_some())
            .or_else(|| values().find(|value| value.is_of_time()))
            .or_else(|| values().find(|value| value.unique || value.may_pin.is_some()))
            .or_else(|| self.args.iter().find(|(expr, value)| value.time != Time::Fixed && unit(expr).is_none()).map(|(_, value)| value));
        told.cloned().unwrap_or_else(|| Value::unknown(self.at.clone()))
    }

    /// The unit that an argument names, which is no column.
    pub(super) fn unit(&self) -> Option<Unit> {
        let units = self.args.iter().filter(|(_, value)| !value.is_of_time()).filter_map(|(expr, _)| unit(expr));
        units.max()
    }

    /// The zones that arguments name; none where it is in no list.
    fn zones(&self) -> Vec<Option<chrono_tz::Tz>> {
        let others = self.args.iter().filter(|(expr, value)| !value.is_of_time() && unit(expr).is_none());
        others.filter_map(|(expr, _)| zone(expr)).collect()
    }

    /// The time, read in the zone that another argument names.
    pub(super) fn zoned(&self) -> Value {
        let value = self.time();
        match (self.zones().first(), value.moment) {
            (Some(Some(zone)), Some(moment)) if moment.shown == Shown::Utc => {
                let shown = if *zone == chrono_tz::Tz::UTC { Shown::Utc } else { Shown::Zoned(*zone) };
                value.with_moment(Moment { shown, ..moment }, self.flow.windows, self.at.clone())
            }
            (Some(None), _) => value.moved(Why::Zone, self.at.clone()).lost(),
            _ => value,
        }
    }

    pub(super) fn cut(&self, unit: Unit) -> Value {
        self.zoned().cut(unit, self.flow.windows, self.at.clone())
    }

    fn date(&self) -> Value {
        let value = self.zoned();
        let modifiers = || self.args.iter().skip(1).filter(|(expr, _)| zone(expr).is_none()).filter_map(|(expr, _)| text(expr));
        let mut value = value;
        for modifier in modifiers() {
            let modifier = modifier.to_lowercase();
            value = match modifier.strip_prefix("start of ").and_then(Unit::parse) {
                Some(unit) => value.cut(unit, self.flow.windows, self.at.clone()),
                None if modifier.starts_with(['+', '-']) || ["localtime", "weekday"].iter().any(|word| modifier.starts_with(word)) => {
                    value.moved(Why::Shifted, self.at.clone()).lost()
                }
                // A format.
                None => value,
            };
        }
        value.into_date(self.flow.windows, self.at.clone())
    }

    /// Text or a number that is a time again.
    fn as_time(&self) -> Value {
        let value = self.zoned();
        // A number that counts other units than those that times are told in.
        let is_told = !matches!(value.form, Form::Count(micros) if ![1, 1000, 1_000_000].contains(&micros));
        match value.moment {
            Some(_) if !is_told => Value { time: Time::Outside(Why::Moved), ..value.lost() },
            Some(moment) => {
                let shown = match (value.form == Form::Time, moment.shown, self.name.as_str()) {
                    // A local time of the zone that an argument names.
                    (true, Shown::Zoned(zone), "datetime") => Shown::Wall(zone),
                    (_, shown, _) => shown,
                };
                value.with_moment(Moment { shown, ..moment }, self.flow.windows, self.at.clone())
            }
            None => Value { unique: value.unique, ..value.changed() },
        }
    }

    fn is_parsing(&self) -> bool {
        self.args.first().is_some_and(|(_, value)| value.moment.is_some())
    }

    fn local(&self, shows: bool) -> Value {
        let value = self.time();
        let zone = self.zones().first().copied().flatten();
        if self.name == "from_utc_timestamp"
            && let (Some(moment), Some(zone)) = (value.moment, zone)
        {
            return value.with_moment(Moment { shown: Shown::Wall(zone), ..moment }, self.flow.windows, self.at.clone());
        }
        self.flow.at_zone(value, zone, shows, self.at.clone())
    }

    /// From one zone to another one; where the first is left out it is that of the value.
    fn converted(&self) -> Value {
        let (value, zones) = (self.time(), self.zones());
        let windows = self.flow.windows;
        let (from, to) = match zones.as_slice() {
            [to] => (None, *to),
            [from, to] => (Some(*from), *to),
            _ => return value.moved(Why::Zone, self.at.clone()).lost(),
        };
        let (Some(moment), Some(to)) = (value.moment, to) else { return value.moved(Why::Zone, self.at.clone()).lost() };
        let fits = from.is_none_or(|from| from == Some(moment.zone()));
        if !fits {
            return value.moved(Why::Zone, self.at.clone()).lost();
        }
        let shown = match (to == chrono_tz::Tz::UTC, from) {
            (true, _) => Shown::Utc,
            (false, Some(_)) => Shown::Wall(to),
            (false, None) => Shown::Zoned(to),
        };
        value.with_moment(Moment { shown, ..moment }, windows, self.at.clone())
    }
}

/// The word that an argument is: `day`, `'day'`.
pub(super) fn word(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Identifier(name) => Some(name.value.clone()),
        other => text(other).map(str::to_string),
    }
}

/// The first of several values that is not null. Rows of a batch have an event time, so what stands behind it never shows; but
/// rows that the author wanted to mend have none, and are in no batch.
fn coalesce(mut values: Vec<Value>, at: Range<usize>) -> Value {
    let is_null = |value: &Value| matches!(value.null, Some((Null::Literal, _)));
    if !values.iter().all(is_null) {
        values.retain(|value| !is_null(value));
    }
    let Some(first) = values.first().cloned() else { return Value::unknown(at) };
    if first.is_inside() && first.null.is_none() && values.len() > 1 {
        let mended = values[1..].iter().any(|value| !value.is_inside() && value.null.is_none());
        return if mended { Value { time: Time::Outside(Why::Mixed), at, ..first.changed() } } else { first.changed() };
    }
    // What is told of the event time is there where that is.
    if first.null.is_none() && !first.is_inside() && first.is_of_time() {
        return first.changed();
    }
    // Of the two sides of a full join, one is always there.
    let lacks = |side: Null, at: &Range<usize>| values.iter().any(|value| value.null == Some((side, at.clone())));
    let of_full = |(_, at): &(Null, Range<usize>)| lacks(Null::LeftOfFull, at) && lacks(Null::RightOfFull, at);
    let may_lack = values.iter().all(|value| value.null.as_ref().is_some_and(|null| !of_full(null)));
    let null = if may_lack { first.null.clone() } else { None };
    let values = values.into_iter().map(|value| Value { null: None, ..value }).collect();
    Value { null, ..one_of(values, at) }
}
