//! What is known of the value of a function.

use std::ops::Range;

use sqlparser::ast::{Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Value as Literal};

use super::Flow;
use super::expr::one_of;
use super::names;
use super::scope::Scope;
use super::unit::Unit;
use super::value::{Null, Time, Value, Why};

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

/// Whether an expression names the zone of UTC.
pub fn is_utc(zone: &Expr) -> bool {
    text(zone).is_some_and(|zone| ["utc", "etc/utc", "gmt", "z", "+00:00", "+00"].contains(&zone.to_lowercase().as_str()))
}

fn text(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Value(value) => match &value.value {
            Literal::SingleQuotedString(text) | Literal::DoubleQuotedString(text) => Some(text),
            _ => None,
        },
        Expr::Nested(inner) => text(inner),
        _ => None,
    }
}

/// The unit that an argument names: `day`, `'day'`, `week(monday)`, `interval 15 minute`.
fn unit(expr: &Expr) -> Option<Unit> {
    match expr {
        Expr::Identifier(name) => Unit::parse(&name.value),
        Expr::Function(function) => Unit::parse(&name(function)),
        Expr::Interval(interval) => {
            let amount = interval.value.to_string();
            let mut words = amount.trim_matches('\'').split_whitespace();
            let count = words.next()?;
            let unit = interval.leading_field.as_ref().map(ToString::to_string).or_else(|| words.next().map(str::to_string))?;
            steps(Unit::parse(&unit)?, count)
        }
        other => Unit::parse(text(other)?),
    }
}

/// What `count` of a unit are cut to: 15 minutes are a part of an hour, 7 days are nothing that windows are made of.
fn steps(unit: Unit, count: &str) -> Option<Unit> {
    let count: u32 = count.trim_matches('\'').parse().ok()?;
    match (unit, count) {
        (_, 1) => Some(unit),
        (Unit::Minute, 2..) if 60 % count == 0 => Some(Unit::Minute),
        (Unit::Hour, 2 | 3 | 4 | 6 | 8 | 12 | 24) => Some(Unit::Day),
        (Unit::Minute | Unit::Hour, _) => None,
        // No window is made of them, unless it is a year.
        _ => Some(Unit::Year),
    }
}

/// The value of a call.
pub fn value(flow: &Flow, function: &Function, scope: &Scope, at: Range<usize>) -> Value {
    let name = name(function);
    let exprs = arguments(function);
    let of = |place: usize| exprs.get(place).map_or_else(|| Value::unknown(at.clone()), |expr| flow.value(expr, scope));
    // The argument that is a time, wherever it stands: the one that tells the window, else the first that is no unit and no literal.
    let time = || {
        let values: Vec<Value> = exprs.iter().filter(|expr| unit(expr).is_none()).map(|expr| flow.value(expr, scope)).collect();
        let told = values
            .iter()
            .find(|value| value.is_of_time())
            .or_else(|| values.iter().find(|value| value.pins || value.may_pin.is_some()))
            .or_else(|| values.iter().find(|value| value.time != Time::Fixed));
        told.cloned().unwrap_or_else(|| Value::unknown(at.clone()))
    };
    let other_zone = || {
        let names_zone =
            |expr: &&&Expr| unit(expr).is_none() && text(expr).is_some_and(|text| text.contains('/') || is_utc(expr) || text.len() == 3);
        exprs.iter().skip(1).find(names_zone).is_some_and(|zone| !is_utc(zone))
    };
    if names::is_clock(&name) && exprs.iter().all(|expr| flow.value(expr, scope).time == Time::Fixed) {
        return Value::of(Time::Clock, at);
    }
    match name.as_str() {
        "date_trunc" | "timestamp_trunc" | "datetime_trunc" | "trunc" | "time_trunc" | "date_bin" | "time_bucket" | "time_slice"
        | "timestamp_bucket" | "datetime_bucket" | "date_bucket" | "tostartofinterval" | "datetrunc" => {
            let units = exprs.iter().filter_map(|expr| unit(expr));
            let unit = match (units.max(), exprs.as_slice()) {
                // time_slice(at, 15, 'minute')
                (Some(unit), [_, Expr::Value(count), _, ..]) if name == "time_slice" => steps(unit, &count.to_string()),
                (found, _) => found,
            };
            if other_zone() { Value { pins: false, ..time().moved(Why::Zone, at) } } else { flow.cut_to(time(), unit, at) }
        }
        "date" | "to_date" | "todate" | "try_to_date" | "ts_or_ds_to_date" if exprs.len() < 3 => {
            if other_zone() {
                Value { pins: false, ..of(0).moved(Why::Zone, at) }
            } else {
                of(0).cut(Unit::Day, flow.windows, at)
            }
        }
        "timestamp"
        | "datetime"
        | "to_timestamp"
        | "to_timestamp_ntz"
        | "to_timestamp_tz"
        | "to_timestamp_ltz"
        | "from_unixtime"
        | "timestamp_seconds"
        | "timestamp_millis"
        | "timestamp_micros"
        | "make_timestamp"
        | "epoch_ms"
        | "todatetime"
        | "todatetime64"
        | "try_to_timestamp"
        | "try_to_timestamp_ntz"
        | "fromunixtimestamp64milli"
            if exprs.len() < 3 =>
        {
            if other_zone() {
                of(0).moved(Why::Zone, at)
            } else {
                of(0).changed()
            }
        }
        "convert_timezone" => {
            let zones: Vec<_> = exprs.iter().filter(|expr| text(expr).is_some()).collect();
            if !zones.is_empty() && zones.iter().all(|zone| is_utc(zone)) { time().changed() } else { time().moved(Why::Zone, at) }
        }
        "from_utc_timestamp" | "to_utc_timestamp" | "totimezone" | "at_timezone" | "timezone" => {
            if exprs.iter().any(|expr| is_utc(expr)) {
                time().changed()
            } else {
                time().moved(Why::Zone, at)
            }
        }
        "dateadd" | "date_add" | "date_sub" | "timestamp_add" | "timestamp_sub" | "datetime_add" | "datetime_sub" | "timestampadd"
        | "timeadd" | "add_months" | "datesub" | "adddate" | "subdate" | "adddays" | "addhours" | "subtracthours" | "subtractdays" => {
            let fixed =
                |expr: &&Expr| unit(expr).is_some() || flow.value(expr, scope).is_of_time() || flow.value(expr, scope).time == Time::Fixed;
            let all_fixed = exprs.iter().all(fixed);
            let value = time().moved(Why::Shifted, at);
            Value { pins: value.pins && all_fixed, ..value }
        }
        "last_day" | "next_day" | "previous_day" | "eomonth" => Value { pins: false, ..time().moved(Why::Moved, at) },
        "tostartofminute" | "tostartoffiveminutes" | "tostartoffifteenminutes" | "tostartofsecond" => {
            of(0).cut(Unit::Minute, flow.windows, at)
        }
        "tostartofhour" => of(0).cut(Unit::Hour, flow.windows, at),
        "tostartofday" => of(0).cut(Unit::Day, flow.windows, at),
        "tostartofweek" | "tomonday" => of(0).cut(Unit::Week, flow.windows, at),
        "tostartofmonth" => of(0).cut(Unit::Month, flow.windows, at),
        "tostartofquarter" => of(0).cut(Unit::Quarter, flow.windows, at),
        "tostartofyear" => of(0).cut(Unit::Year, flow.windows, at),
        "coalesce" | "ifnull" | "nvl" => coalesce(exprs.iter().map(|expr| flow.value(expr, scope)).collect(), at),
        "greatest" | "least" => one_of(exprs.iter().map(|expr| flow.value(expr, scope)).collect(), at),
        "iff" | "if" | "nvl2" => one_of(exprs.iter().skip(1).map(|expr| flow.value(expr, scope)).collect(), at),
        "nullif" => Value { null: Some((Null::Function, at.clone())), ..of(0) },
        "min" | "max" | "any_value" | "first" | "last" | "first_value" | "last_value" | "argmin" | "argmax" | "min_by" | "max_by"
        | "arg_min" | "arg_max" | "any" | "anylast" => {
            // What one of the rows has tells nothing of the others, but each is in the window.
            let value = of(0).changed();
            if function.filter.is_some() { Value { null: Some((Null::Function, at)), ..value } } else { value }
        }
        "lag" | "lead" if exprs.len() < 3 => Value { null: Some((Null::Function, at.clone())), ..of(0).changed() },
        "to_char" | "to_varchar" | "date_format" | "strftime" | "format" | "format_date" | "format_timestamp" | "format_datetime"
        | "formatdatetime" | "to_iso8601" => {
            let format = exprs.iter().find_map(|expr| text(expr)).unwrap_or_default();
            let (value, pins) = (time(), formatted(format).is_some_and(|unit| flow.windows.whole(unit)));
            if value.is_inside() && pins { Value { pins, ..Value::unknown(at) } } else { value.used(|| flow.seen.said(&at), at.clone()) }
        }
        _ if !exprs.is_empty() && !names::is_chance(&name) && exprs.iter().all(|expr| flow.value(expr, scope).time == Time::Fixed) => {
            Value::of(Time::Fixed, at)
        }
        // What nobody knows of a function may tell the window, if the event time goes into it and it gathers no rows.
        _ if names::is_aggregate(&name) || function.over.is_some() => Value::unknown(at),
        _ => match time() {
            value if value.is_of_time() || value.pins || value.may_pin.is_some() => value.used(|| flow.seen.said(&at), at.clone()),
            _ => Value::unknown(at),
        },
    }
}

/// What a time is cut to by its format as text; none where the text lacks the year, or a unit in between.
fn formatted(format: &str) -> Option<Unit> {
    let has = |marks: &[&str]| marks.iter().any(|mark| format.contains(mark));
    let day = has(&["%F"]);
    let parts = [
        (Unit::Year, day || has(&["%Y", "YYYY", "yyyy"])),
        (Unit::Month, day || has(&["%m", "MM", "%b"])),
        (Unit::Day, day || has(&["%d", "DD", "dd"])),
        (Unit::Hour, has(&["%H", "HH", "%T"])),
    ];
    parts.into_iter().take_while(|(_, told)| *told).last().map(|(unit, _)| unit)
}

/// The first of several values that is not null. Rows of a batch have an event time, so what stands behind it never shows; but
/// rows that the author wanted to mend have none, and are in no batch.
fn coalesce(values: Vec<Value>, at: Range<usize>) -> Value {
    let Some(first) = values.first().cloned() else { return Value::unknown(at) };
    if first.is_inside() && first.null.is_none() && values.len() > 1 {
        let mended = values[1..].iter().any(|value| !value.is_inside() && value.null.is_none());
        return if mended { Value { time: Time::Outside(Why::Mixed), at, ..first.changed() } } else { first.changed() };
    }
    let null = if values.iter().all(|value| value.null.is_some()) { first.null.clone() } else { None };
    let values = values.into_iter().map(|value| Value { null: None, ..value }).collect();
    Value { null, ..one_of(values, at) }
}
