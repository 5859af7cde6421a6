//! Functions of times: shifts, buckets, numbers, text, calendar parts.

use std::ops::Range;

use sqlparser::ast::Expr;

use super::Flow;
use super::calendar_parts::CalendarParts;
use super::call::{FunctionCall, word};
use super::derived_time::{AtTimeZone, DerivedTime, OutsideReason};
use super::formats::format_parts;
use super::functions::counts_elapsed;
use super::literal::{
    amount, integer, interval_parts, is_midnight, may_have_months, micros_of_unit, text, unit, zone,
};
use super::unit::Unit;
use super::value::{Form, Time, Value};

impl FunctionCall<'_> {
    pub(super) fn shifted(&self, sign: i64) -> Value {
        let is_time =
            |value: &Value| value.derived_time.is_some() && !matches!(value.form, Form::Number(..));
        let value = self.time();
        let shifted = self.args.iter().position(|(_, value)| is_time(value));
        let shifted = shifted
            .or_else(|| self.args.iter().position(|(_, value)| value.derives_from_event_time()));
        let others = || {
            let all = self.args.iter().enumerate();
            all.filter(|(index, _)| Some(*index) != shifted).map(|(_, arg)| arg)
        };
        // A time that is shifted by a part of a time is another time's too.
        let fixed = others().all(|(expr, value)| {
            value.time == Time::Fixed || unit(expr).is_some() && !value.derives_from_event_time()
        });
        if !fixed {
            return value.moved(OutsideReason::Shifted, self.at.clone()).without_window();
        }
        let count =
            others().filter(|(expr, _)| unit(expr).is_none()).find_map(|(expr, _)| integer(expr));
        let word = others().find_map(|(expr, _)| unit(expr).and_then(|_| word(expr)));
        let unit_in_name = ["add", "subtract"]
            .iter()
            .find_map(|start| self.name.strip_prefix(start))
            .filter(|word| Unit::parse(word).is_some());
        let unit_name = word
            .or_else(|| unit_in_name.map(str::to_string))
            .or_else(|| (self.name == "add_months").then(|| "month".to_string()));
        let amount = others().find_map(|(expr, _)| amount(expr)).or_else(|| {
            let word = unit_name.unwrap_or_else(|| "day".to_string());
            let (months, micros) = match Unit::parse(&word)? {
                Unit::Minute => (0, micros_of_unit(&word)?),
                unit => unit.length()?,
            };
            Some((i32::try_from(count?).ok()?.checked_mul(months)?, count?.checked_mul(micros)?))
        });
        let amount = amount.and_then(|(months, micros)| {
            Some((months.checked_mul(i32::try_from(sign).ok()?)?, micros.checked_mul(sign)?))
        });
        if amount.is_none() {
            let text = self.flow.view.text_at(&self.at);
            return self.flow.shifted_by_unknown(value, &text, self.at.clone());
        }
        // The amount may have either sign.
        value.shifted(amount, self.flow.windows, self.at.clone())
    }

    /// A bucket: `time_bucket(interval '6 hours', at)`, `date_bin('1 day', at, origin)`,
    /// `time_slice(at, 15, 'minute')`.
    pub(super) fn bucket(&self) -> Value {
        let span = self
            .args
            .iter()
            .filter(|(_, value)| !value.derives_from_event_time())
            .find_map(|(expr, _)| interval_parts(expr));
        let span = span.or_else(|| {
            let word = self.args.iter().find_map(|(expr, _)| unit(expr));
            let count = self
                .args
                .iter()
                .filter(|(expr, _)| unit(expr).is_none())
                .find_map(|(expr, _)| integer(expr));
            Some((count.unwrap_or(1), word?))
        });
        let Some((count, unit)) = span else { return self.opaque() };
        let mut cut = unit.times(u32::try_from(count).unwrap_or_default());
        // The origin of the buckets: a time, or an offset.
        let is_span = |expr: &Expr| interval_parts(expr) == Some((count, unit));
        let others = self.args.iter().filter(|(expr, value)| {
            !value.derives_from_event_time()
                && zone(expr).is_none()
                && super::literal::unit(expr).is_none()
        });
        for (expr, _) in others.filter(|(expr, _)| !is_span(expr)) {
            let begins = match (is_midnight(expr), amount(expr)) {
                (Some(midnight), _) => midnight || cut < Unit::Day && cut != Unit::Other,
                (None, Some((0, micros))) => cut.min_micros() > 0 && micros % cut.min_micros() == 0,
                (None, Some(_)) => false,
                // `start` or `end` selects an edge of the bucket.
                (None, None) => {
                    text(expr).is_some_and(|word| word.eq_ignore_ascii_case("start"))
                        || integer(expr).is_some()
                }
            };
            if !begins {
                cut = Unit::Other;
            }
        }
        self.cut(cut)
    }

    /// A time made of its parts, the largest first.
    pub(super) fn of_parts(&self) -> Value {
        const ORDER: [Unit; 4] = [Unit::Year, Unit::Month, Unit::Day, Unit::Hour];
        const PARTS: [CalendarParts; 4] = [
            CalendarParts::YEAR,
            CalendarParts::MONTH,
            CalendarParts::DAY_OF_MONTH,
            CalendarParts::HOUR,
        ];
        let count = self
            .args
            .iter()
            .zip(PARTS)
            .take_while(|((_, value), part)| {
                value.parts == *part && matches!(value.form, Form::Number(1, _))
            })
            .count();
        let rest_begins = self
            .args
            .iter()
            .enumerate()
            .skip(count)
            .all(|(index, (expr, _))| integer(expr) == Some(i64::from(index < 3)));
        let source = self.args.first().and_then(|(_, value)| value.derived_time);
        match (count.checked_sub(1), source) {
            (Some(last), Some(derived_time)) if rest_begins => {
                let cut = DerivedTime { unit: Unit::Instant, months: 0, micros: 0, ..derived_time }
                    .cut(ORDER[last]);
                Value::derived_time(cut, self.flow.windows, self.at.clone())
            }
            (Some(_), _) => {
                let parts = self
                    .args
                    .iter()
                    .fold(CalendarParts::NONE, |parts, (_, value)| parts | value.parts);
                let first = self.args[0].1.clone();
                Value {
                    time: Time::Outside(OutsideReason::Moved),
                    parts,
                    form: Form::Image("parts".into()),
                    derived_time: None,
                    at: self.at.clone(),
                    ..first.changed()
                }
            }
            (None, _) => self.opaque(),
        }
    }

    /// The number of days with their fraction; SQLite's begin at noon. The double has steps of 40
    /// microseconds, so the last time of a day is rounded to the next day.
    pub(super) fn julian(&self) -> Value {
        const ROUNDED: i64 = 20;
        let (value, day) = (self.modified(self.time(), 1), Unit::Day.min_micros());
        let Some(time) = value.derived_time else { return self.opaque() };
        let start = if self.name == "julianday" { day / 2 } else { ROUNDED };
        value.shifted_count(time, start, Form::Count(day), self.at.clone())
    }

    /// The nearest integer: a unit that begins half a unit earlier.
    pub(super) fn rounded(&self) -> Value {
        let (value, at) = (self.time(), self.at.clone());
        let digits = self.args.get(1).map_or(Some(0), |(expr, _)| integer(expr));
        match (&value.form, value.derived_time, digits) {
            (_, _, None | Some(..0)) => value.without_window(),
            (Form::Count(micros), Some(time), Some(0)) if value.is_fraction() => {
                let (half, form) = (micros / 2, value.form.clone());
                let value = value.shifted_count(time, half, form, at.clone());
                self.flow.truncated(value, at)
            }
            _ => value.changed(),
        }
    }

    pub(super) fn count(&self, micros: i64) -> Value {
        let value = match self.name.as_str() {
            "unixepoch" => self.modified(self.zoned(), 1),
            "strftime" => self.modified(self.zoned(), 2),
            _ => self.zoned(),
        };
        match value.derived_time {
            Some(derived_time) if micros >= Unit::Day.min_micros() => {
                let value = value.with_moment(
                    derived_time.cut(Unit::Day),
                    self.flow.windows,
                    self.at.clone(),
                );
                value.converted(Form::Count(micros), self.at.clone())
            }
            Some(derived_time) if micros >= Unit::Hour.min_micros() => {
                let value = value.with_moment(
                    derived_time.cut(Unit::Hour),
                    self.flow.windows,
                    self.at.clone(),
                );
                value.converted(Form::Count(micros), self.at.clone())
            }
            // `epoch` has a fraction; the other functions count full units.
            Some(time) => {
                let is_exact = micros == 1 || self.is_epoch();
                let time = if is_exact { time } else { time.cut(Unit::Minute) };
                value
                    .with_moment(time, self.flow.windows, self.at.clone())
                    .converted(Form::Count(micros), self.at.clone())
            }
            None => self.opaque(),
        }
    }

    /// Whether it is the number of seconds with their fraction: `epoch(at)`,
    /// `date_part('epoch', at)`, Trino's `to_unixtime(at)`.
    fn is_epoch(&self) -> bool {
        let is_word = |word: String| word.eq_ignore_ascii_case("epoch");
        ["epoch", "to_unixtime"].contains(&self.name.as_str())
            || self.args.iter().any(|(expr, _)| word(expr).is_some_and(is_word))
    }

    /// The number of units between a time and a constant.
    pub(super) fn difference(&self) -> Value {
        let is_operand = |expr, value: &Value| {
            value.derives_from_event_time() || unit(expr).is_none() && zone(expr).is_none()
        };
        let operands: Vec<_> =
            self.args.iter().filter(|(expr, value)| is_operand(expr, value)).collect();
        // Two values of a row, also another column, can have any difference.
        let fixed = match operands.as_slice() {
            [(_, time), (expr, fixed)] | [(expr, fixed), (_, time)]
                if time.derives_from_event_time() && fixed.time == Time::Fixed =>
            {
                *expr
            }
            _ => return Value::unknown(self.at.clone()),
        };
        let unit = self.unit().unwrap_or(Unit::Day);
        let Some(derived_time) = self.time().derived_time else { return self.opaque() };
        let begins = is_midnight(fixed).unwrap_or(integer(fixed) == Some(0));
        let counts = begins || !counts_elapsed(&self.name, self.unit().is_some(), self.flow.engine);
        let cut = if counts { derived_time.cut(unit) } else { derived_time.cut(Unit::Other) };
        let form = Form::Count(unit.min_micros().max(1));
        self.time()
            .with_moment(cut, self.flow.windows, self.at.clone())
            .converted(form, self.at.clone())
    }

    /// A time as text. The first text among the arguments is the format, the second one a zone.
    pub(super) fn formatted(&self) -> Value {
        let mut texts = self
            .args
            .iter()
            .filter(|(_, value)| !value.derives_from_event_time())
            .filter(|(expr, _)| text(expr).is_some());
        let format = texts.next().and_then(|(expr, _)| text(expr));
        let value = self.in_zone(texts.next().and_then(|(expr, _)| zone(expr)));
        match format {
            // The letters of SQLite alone have this meaning.
            Some("%s") if self.name == "strftime" => self.count(1_000_000),
            Some(format) => self.in_format(self.modified(value, 2), format),
            None => self.as_text(),
        }
    }

    /// A time as text in a format.
    pub(super) fn in_format(&self, value: Value, format: &str) -> Value {
        let (at, in_format) = (self.at.clone(), format_parts(&self.name, format));
        if value.possible_key.is_some() && value.parts.is_none() {
            return self.opaque();
        }
        self.flow.in_parts(value, in_format, format, at)
    }

    /// A time as text, without a format.
    pub(super) fn as_text(&self) -> Value {
        self.time().converted(Form::Text, self.at.clone())
    }

    /// The first characters of a time as text: ten are its date.
    pub(super) fn start(&self) -> Value {
        let value = self.time();
        let numbers: Vec<i64> =
            self.args.iter().skip(1).filter_map(|(expr, _)| integer(expr)).collect();
        let chars = match (self.name.as_str(), numbers.as_slice()) {
            ("left", [chars]) | (_, [0 | 1, chars]) => Some(*chars),
            _ => None,
        };
        self.flow.first_letters(value, chars, self.at.clone())
    }

    /// The combination of several values.
    pub(super) fn joined(&self) -> Value {
        let adjacent = |format: &str| format.contains("d%d") || format.contains("}{");
        let first = self.args.first().and_then(|(expr, _)| text(expr));
        let plain = match self.name.as_str() {
            "printf" | "format_string" | "format" => first.is_some_and(|first| !adjacent(first)),
            name => !name.starts_with("concat") || name == "concat_ws",
        };
        let form = match self.args.as_slice() {
            [(_, value)] => Form::Image(format!("{} {:?}", self.name, value.form)),
            _ => Form::Image(self.name.clone()),
        };
        let mut joined: Option<Value> = None;
        let mut behind_a_number = false;
        for (_, value) in &self.args {
            let number = matches!(value.form, Form::Number(..));
            joined = Some(match joined {
                None => value.clone(),
                // Fields of a struct are separate; in text, two adjacent numbers are ambiguous.
                Some(all) if plain || !(number && behind_a_number) => {
                    Value { form: Form::Image(String::new()), ..all }.combined_with(value)
                }
                Some(all) => all,
            });
            behind_a_number = number;
        }
        joined.map_or_else(
            || Value::unknown(self.at.clone()),
            |value| value.converted(form, self.at.clone()),
        )
    }
}

impl Flow<'_> {
    /// A time as text with some of its parts.
    pub(super) fn in_parts(
        &self,
        value: Value,
        in_format: CalendarParts,
        format: &str,
        at: Range<usize>,
    ) -> Value {
        let parts = value.parts & in_format;
        let units = [Unit::Hour, Unit::Day, Unit::Month, Unit::Year];
        let needed = [
            CalendarParts::DATE | CalendarParts::HOUR,
            CalendarParts::DATE,
            CalendarParts::YEAR | CalendarParts::MONTH,
            CalendarParts::YEAR,
        ];
        let unit = units
            .into_iter()
            .zip(needed)
            .find(|(_, needed)| in_format == *needed)
            .map(|(unit, _)| unit);
        let derived_time =
            value.derived_time.and_then(|derived_time| unit.map(|unit| derived_time.cut(unit)));
        let form = Form::Image(format.to_string());
        Value { derived_time, parts, ..value.converted(form, at) }
    }

    /// A time shifted by an amount that is not parsed. Months have ends that coincide.
    pub(super) fn shifted_by_unknown(&self, value: Value, amount: &str, at: Range<usize>) -> Value {
        let value = value.moved(OutsideReason::Shifted, at);
        if may_have_months(amount) { value.without_window() } else { value }
    }

    /// A part of a time, as a number or a word.
    pub(super) fn part(&self, value: Value, parts: CalendarParts, at: Range<usize>) -> Value {
        let common = value.parts & parts;
        if common.is_none() && !value.derives_from_event_time() {
            return Value { possible_key: None, ..value.without_window() };
        }
        // The source is needed where parts are combined to a time again.
        Value {
            parts: common,
            possible_key: None,
            unique: false,
            ..value.converted(Form::Number(1, parts.max_value()), at)
        }
    }

    /// The first characters of a time as text.
    pub(super) fn first_letters(
        &self,
        value: Value,
        chars: Option<i64>,
        at: Range<usize>,
    ) -> Value {
        let unit = match (&value.form, chars) {
            (Form::Text | Form::Time, Some(4..=6)) => Unit::Year,
            (Form::Text | Form::Time, Some(7..=9)) => Unit::Month,
            (Form::Text | Form::Time, Some(10..=12)) => Unit::Day,
            (Form::Text | Form::Time, Some(13..=15)) => Unit::Hour,
            (Form::Text | Form::Time, Some(16..)) => Unit::Minute,
            _ => {
                return Value { null: None, ..value.without_window() }
                    .converted(Form::Image("letters".into()), at);
            }
        };
        match value.derived_time {
            Some(derived_time) => value
                .with_moment(derived_time.cut(unit), self.windows, at.clone())
                .converted(Form::Text, at),
            None => value.without_window(),
        }
    }

    /// `at time zone`.
    pub(super) fn at_zone(
        &self,
        value: Value,
        zone: Option<chrono_tz::Tz>,
        shows: bool,
        at: Range<usize>,
    ) -> Value {
        let Some(derived_time) = value.derived_time else { return value.changed() };
        let local = zone.map(|zone| derived_time.at_zone(zone, shows));
        match local {
            Some(AtTimeZone::Is(derived_time)) => value.with_moment(derived_time, self.windows, at),
            Some(AtTimeZone::Depends) if zone == Some(self.windows.timezone) => {
                let text = self.view.text_at(&at);
                Value {
                    possible_key: Some(text),
                    ..value.moved(OutsideReason::Zone, at).without_window()
                }
            }
            None if self.windows.timezone != chrono_tz::Tz::UTC => {
                let text = self.view.text_at(&at);
                Value {
                    possible_key: Some(text),
                    ..value.moved(OutsideReason::Zone, at).without_window()
                }
            }
            _ => value.moved(OutsideReason::Zone, at).without_window(),
        }
    }
}
