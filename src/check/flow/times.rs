//! What functions make of a time: later ones, buckets, numbers, text; and what is read from it.

use std::ops::Range;

use sqlparser::ast::Expr;

use super::Flow;
use super::call::{Call, word};
use super::functions::format_parts;
use super::literal::{amount, fine_unit, integer, is_midnight, steps, text, unit, zone};
use super::moment::{Moment, Zoned};
use super::parts::Parts;
use super::unit::Unit;
use super::value::{Form, Time, Value, Why};

impl Call<'_> {
    pub(super) fn shifted(&self, sign: i64) -> Value {
        let value = self.time();
        let others = || self.args.iter().filter(|(_, value)| !value.is_of_time());
        let fixed = others().all(|(expr, value)| value.time == Time::Fixed || unit(expr).is_some());
        if !fixed {
            return value.moved(Why::Shifted, self.at.clone()).lost();
        }
        let count = others().filter(|(expr, _)| unit(expr).is_none()).find_map(|(expr, _)| integer(expr));
        let word = others().find_map(|(expr, _)| unit(expr).and_then(|_| word(expr)));
        let own = ["add", "subtract"].iter().find_map(|start| self.name.strip_prefix(start)).filter(|word| Unit::parse(word).is_some());
        let named = word.or_else(|| own.map(str::to_string)).or_else(|| (self.name == "add_months").then(|| "month".to_string()));
        let amount = others().find_map(|(expr, _)| amount(expr)).or_else(|| {
            let word = named.unwrap_or_else(|| "day".to_string());
            let (months, micros) = match Unit::parse(&word)? {
                Unit::Minute => (0, fine_unit(&word)?),
                unit => unit.length()?,
            };
            Some((i32::try_from(count?).ok()?.checked_mul(months)?, count?.checked_mul(micros)?))
        });
        let amount = amount.and_then(|(months, micros)| Some((months.checked_mul(i32::try_from(sign).ok()?)?, micros.checked_mul(sign)?)));
        // What counts days back from an amount of days is that amount of days after the first.
        value.shifted(amount, self.flow.windows, self.at.clone())
    }

    /// `time_bucket(interval '6 hours', at)`, `date_bin('1 day', at, origin)`, `time_slice(at, 15, 'minute')`.
    pub(super) fn bucket(&self) -> Value {
        let span = self.args.iter().filter(|(_, value)| !value.is_of_time()).find_map(|(expr, _)| steps(expr));
        let span = span.or_else(|| {
            let word = self.args.iter().find_map(|(expr, _)| unit(expr));
            let count = self.args.iter().filter(|(expr, _)| unit(expr).is_none()).find_map(|(expr, _)| integer(expr));
            Some((count.unwrap_or(1), word?))
        });
        let Some((count, unit)) = span else { return self.used() };
        let mut cut = unit.times(u32::try_from(count).unwrap_or_default());
        // Where the spans begin: a moment, or how much later than else.
        let is_span = |expr: &Expr| steps(expr) == Some((count, unit));
        let others =
            self.args.iter().filter(|(expr, value)| !value.is_of_time() && zone(expr).is_none() && super::literal::unit(expr).is_none());
        for (expr, _) in others.filter(|(expr, _)| !is_span(expr)) {
            let begins = match (is_midnight(expr), amount(expr)) {
                (Some(midnight), _) => midnight || cut < Unit::Day && cut != Unit::Other,
                (None, Some((0, micros))) => cut.shortest() > 0 && micros % cut.shortest() == 0,
                (None, Some(_)) => false,
                // `start`, `end`: which edge is meant.
                (None, None) => text(expr).is_some_and(|word| word.eq_ignore_ascii_case("start")) || integer(expr).is_some(),
            };
            if !begins {
                cut = Unit::Other;
            }
        }
        self.cut(cut)
    }

    /// A time that is made of its parts, the largest first.
    pub(super) fn of_parts(&self) -> Value {
        const ORDER: [Unit; 4] = [Unit::Year, Unit::Month, Unit::Day, Unit::Hour];
        const PARTS: [Parts; 4] = [Parts::YEAR, Parts::MONTH, Parts::DAY_OF_MONTH, Parts::HOUR];
        let told = self
            .args
            .iter()
            .zip(PARTS)
            .take_while(|((_, value), part)| value.parts == *part && matches!(value.form, Form::Number(1, _)))
            .count();
        let rest_begins = self.args.iter().enumerate().skip(told).all(|(place, (expr, _))| integer(expr) == Some(i64::from(place < 3)));
        let source = self.args.first().and_then(|(_, value)| value.moment);
        match (told.checked_sub(1), source) {
            (Some(last), Some(moment)) if rest_begins => {
                let cut = Moment { unit: Unit::Instant, months: 0, micros: 0, ..moment }.cut(ORDER[last]);
                Value::moment(cut, self.flow.windows, self.at.clone())
            }
            (Some(_), _) => {
                let parts = self.args.iter().fold(Parts::NONE, |parts, (_, value)| parts | value.parts);
                let first = self.args[0].1.clone();
                Value {
                    time: Time::Outside(Why::Moved),
                    parts,
                    form: Form::Image("parts".into()),
                    moment: None,
                    at: self.at.clone(),
                    ..first.changed()
                }
            }
            (None, _) => self.used(),
        }
    }

    pub(super) fn count(&self, micros: i64) -> Value {
        let value = self.zoned();
        match value.moment {
            Some(moment) if micros >= Unit::Day.shortest() => {
                let value = value.with_moment(moment.cut(Unit::Day), self.flow.windows, self.at.clone());
                value.formed(Form::Count(micros), self.at.clone())
            }
            Some(moment) if micros >= Unit::Hour.shortest() => {
                let value = value.with_moment(moment.cut(Unit::Hour), self.flow.windows, self.at.clone());
                value.formed(Form::Count(micros), self.at.clone())
            }
            Some(_) => value.formed(Form::Count(micros), self.at.clone()),
            None => self.used(),
        }
    }

    /// How many units are between a time and a fixed one: it counts the units.
    pub(super) fn difference(&self) -> Value {
        let is_operand = |expr, value: &Value| value.is_of_time() || unit(expr).is_none() && zone(expr).is_none();
        let operands: Vec<_> = self.args.iter().filter(|(expr, value)| is_operand(expr, value)).collect();
        // Two values of a row, also another column, can have any difference.
        let fixed = match operands.as_slice() {
            [(_, time), (expr, fixed)] | [(expr, fixed), (_, time)] if time.is_of_time() && fixed.time == Time::Fixed => *expr,
            _ => return Value::unknown(self.at.clone()),
        };
        let unit = self.unit().unwrap_or(Unit::Day);
        let Some(moment) = self.time().moment else { return self.used() };
        let begins = is_midnight(fixed).unwrap_or(integer(fixed) == Some(0));
        let counts = begins || !self.flow.engine.elapsed && self.name != "timestamp_diff" && self.name != "timestampdiff";
        let cut = if counts { moment.cut(unit) } else { moment.cut(Unit::Other) };
        let form = Form::Count(unit.shortest().max(1));
        self.time().with_moment(cut, self.flow.windows, self.at.clone()).formed(form, self.at.clone())
    }

    pub(super) fn formatted(&self) -> Value {
        let format = self.args.iter().filter(|(expr, _)| zone(expr).is_none()).find_map(|(expr, _)| text(expr));
        let (value, Some(format)) = (self.zoned(), format) else { return self.whole_text() };
        let told = format_parts(&self.name, format);
        let parts = value.parts & told;
        let units = [Unit::Hour, Unit::Day, Unit::Month, Unit::Year];
        let needed = [
            Parts::YEAR | Parts::MONTH | Parts::DAY_OF_MONTH | Parts::HOUR,
            Parts::YEAR | Parts::MONTH | Parts::DAY_OF_MONTH,
            Parts::YEAR | Parts::MONTH,
            Parts::YEAR,
        ];
        let unit = units.into_iter().zip(needed).find(|(_, needed)| told == *needed).map(|(unit, _)| unit);
        let moment = value.moment.and_then(|moment| unit.map(|unit| moment.cut(unit)));
        if value.may_pin.is_some() && value.parts.is_none() {
            return self.used();
        }
        let form = Form::Image(format.to_string());
        Value { moment, parts, ..value.formed(form, self.at.clone()) }
    }

    /// A time as text, without a format.
    pub(super) fn whole_text(&self) -> Value {
        self.time().formed(Form::Text, self.at.clone())
    }

    /// The first letters of a time as text: ten are its date.
    pub(super) fn start(&self) -> Value {
        let value = self.time();
        let numbers: Vec<i64> = self.args.iter().skip(1).filter_map(|(expr, _)| integer(expr)).collect();
        let letters = match (self.name.as_str(), numbers.as_slice()) {
            ("left", [letters]) | (_, [0 | 1, letters]) => Some(*letters),
            _ => None,
        };
        self.flow.first_letters(value, letters, self.at.clone())
    }

    /// What several values have in common that are put together.
    pub(super) fn joined(&self) -> Value {
        let plain = !self.name.starts_with("concat") || self.name == "concat_ws";
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
                // A struct has its fields apart; of text, whatever is between two numbers keeps them apart.
                Some(all) if plain || !(number && behind_a_number) => Value { form: Form::Image(String::new()), ..all }.beside(value),
                Some(all) => all,
            });
            behind_a_number = number;
        }
        joined.map_or_else(|| Value::unknown(self.at.clone()), |value| value.formed(form, self.at.clone()))
    }
}

impl Flow<'_> {
    /// A part of a time, as a number or a word.
    pub(super) fn part(&self, value: Value, parts: Parts, at: Range<usize>) -> Value {
        let told = value.parts & parts;
        if told.is_none() && !value.is_of_time() {
            return Value { may_pin: None, ..value.lost() };
        }
        // What it is a part of is kept for those who put parts together again.
        Value { parts: told, may_pin: None, unique: false, ..value.formed(Form::Number(1, parts.largest()), at) }
    }

    /// The first letters of a time as text.
    pub(super) fn first_letters(&self, value: Value, letters: Option<i64>, at: Range<usize>) -> Value {
        let unit = match (&value.form, letters) {
            (Form::Text | Form::Time, Some(4)) => Unit::Year,
            (Form::Text | Form::Time, Some(7)) => Unit::Month,
            (Form::Text | Form::Time, Some(10)) => Unit::Day,
            (Form::Text | Form::Time, Some(13)) => Unit::Hour,
            (Form::Text | Form::Time, Some(16..)) => Unit::Minute,
            _ => return Value { null: None, ..value.lost() }.formed(Form::Image("letters".into()), at),
        };
        match value.moment {
            Some(moment) => value.with_moment(moment.cut(unit), self.windows, at.clone()).formed(Form::Text, at),
            None => value.lost(),
        }
    }

    /// `at time zone`.
    pub(super) fn at_zone(&self, value: Value, zone: Option<chrono_tz::Tz>, shows: bool, at: Range<usize>) -> Value {
        let Some(moment) = value.moment else { return value.changed() };
        let local = zone.map(|zone| moment.at_zone(zone, shows));
        match local {
            Some(Zoned::Is(moment)) => value.with_moment(moment, self.windows, at),
            Some(Zoned::Depends) if zone == Some(self.windows.timezone) => {
                let said = self.seen.said(&at);
                Value { may_pin: Some(said), ..value.moved(Why::Zone, at).lost() }
            }
            None if self.windows.timezone != chrono_tz::Tz::UTC => {
                let said = self.seen.said(&at);
                Value { may_pin: Some(said), ..value.moved(Why::Zone, at).lost() }
            }
            _ => value.moved(Why::Zone, at).lost(),
        }
    }
}
