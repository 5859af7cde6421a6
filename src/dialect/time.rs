//! Time literals and predicates: the type of a time column, by the declared data type, and the
//! literals that match it.

use std::collections::BTreeMap;
use std::sync::PoisonError;

use minijinja::Value;

use super::slot::Slot;
use super::time_format::{Precision, TimeFormat};
use super::{Dialect, Sql};
use crate::diagnostics::Diagnostic;

/// How a column stores time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TimeType {
    /// Days, in the model's time zone.
    Date,
    /// Timestamps without time zone, in UTC.
    Naive,
    /// Timestamps with time zone.
    Zoned,
    /// Seconds, milliseconds or microseconds since 1970, as integers.
    Seconds,
    Milliseconds,
    Microseconds,
    /// Text in a format.
    Text(TimeFormat),
    /// Integers whose digits are a time: `20240901`.
    Digits(TimeFormat),
    /// No declared type: the engine converts the literal to the type of the column.
    Undeclared,
}

impl TimeType {
    /// The macro that writes a literal.
    fn literal(&self) -> &'static str {
        match self {
            TimeType::Date => "date",
            TimeType::Naive => "naive",
            TimeType::Zoned => "zoned",
            TimeType::Seconds => "seconds",
            TimeType::Milliseconds => "milliseconds",
            TimeType::Microseconds => "microseconds",
            TimeType::Text(_) => "text_time",
            TimeType::Digits(_) => "digits_time",
            TimeType::Undeclared => "undeclared",
        }
    }

    fn format(&self) -> Option<&TimeFormat> {
        match self {
            TimeType::Text(format) | TimeType::Digits(format) => Some(format),
            _ => None,
        }
    }

    /// The smallest unit that values distinguish, if it is known, and whether it is in the model's
    /// time zone instead of UTC.
    pub fn precision(&self) -> Option<(Precision, bool)> {
        match self {
            TimeType::Date => Some((Precision::Day, true)),
            _ => self.format().map(|format| (format.precision, format.is_local())),
        }
    }
}

impl Dialect {
    /// `column >= start and column < end`, with slots for the window. The read filter, the delete
    /// and the guard all use this predicate.
    pub fn window(&self, column: &Sql, kind: &TimeType) -> Result<Sql, Diagnostic> {
        self.between(column, kind.literal(), kind.format())
    }

    /// The predicate of a read filter. Where the type is undeclared and the engine would compare
    /// text with the literal, it has a type check that is written only to `01_create.sql`.
    pub fn read_filter(&self, column: &Sql, kind: &TimeType) -> Result<Sql, Diagnostic> {
        let slots = [Slot::TypeCheck.to_string(), Slot::TypeCheckEnd.to_string()];
        self.type_checked_window(column, kind, slots)
    }

    /// The predicate of a guard, with the same type check in every file.
    pub fn guard_window(&self, column: &Sql, kind: &TimeType) -> Result<Sql, Diagnostic> {
        self.type_checked_window(column, kind, [String::new(), String::new()])
    }

    fn type_checked_window(
        &self,
        column: &Sql,
        kind: &TimeType,
        [start, end]: [String; 2],
    ) -> Result<Sql, Diagnostic> {
        let window = self.window(column, kind)?;
        if *kind != TimeType::Undeclared || !self.has_macro("is_time") {
            return Ok(window);
        }
        let is_time = self.sql("is_time", &[("column", column.value())])?;
        let (start, end) = (Sql(start), Sql(end));
        let arguments = [
            ("window", window.value()),
            ("is_time", is_time.value()),
            ("check", start.value()),
            ("check_end", end.value()),
        ];
        self.sql("window_of_times", &arguments)
    }

    /// The same predicate with the literals of the macro `literal`.
    pub fn between(
        &self,
        column: &Sql,
        literal: &str,
        format: Option<&TimeFormat>,
    ) -> Result<Sql, Diagnostic> {
        let (start, end) = (self.start(literal, format)?, self.end(literal, format)?);
        self.sql(
            "window",
            &[("column", column.value()), ("start", start.value()), ("end", end.value())],
        )
    }

    /// `column < start`, with a slot for the start of the window.
    pub fn before(&self, column: &Sql, kind: &TimeType) -> Result<Sql, Diagnostic> {
        let start = self.start(kind.literal(), kind.format())?;
        self.sql("before", &[("column", column.value()), ("start", start.value())])
    }

    /// The start of the window as a literal of the macro `literal`.
    pub fn start(&self, literal: &str, format: Option<&TimeFormat>) -> Result<Sql, Diagnostic> {
        use Slot::*;
        let slots = [
            StartDate,
            StartTime,
            StartIso,
            StartEpoch,
            StartYear,
            StartMonth,
            StartDay,
            StartHour,
            StartYearMonth,
        ];
        let format = format.map(|format| (format, [StartFormat, StartLocalFormat]));
        self.window_bound(literal, slots, format)
    }

    fn end(&self, literal: &str, format: Option<&TimeFormat>) -> Result<Sql, Diagnostic> {
        use Slot::*;
        let slots =
            [EndDate, EndTime, EndIso, EndEpoch, EndYear, EndMonth, EndDay, EndHour, EndYearMonth];
        self.window_bound(
            literal,
            slots,
            format.map(|format| (format, [EndFormat, EndLocalFormat])),
        )
    }

    /// A bound of the window. The macro `literal` chooses one of the spellings.
    fn window_bound(
        &self,
        literal: &str,
        slots: [Slot; 9],
        format: Option<(&TimeFormat, [Slot; 2])>,
    ) -> Result<Sql, Diagnostic> {
        let formatted = format.map(|(format, [utc, local])| {
            let slot = if format.is_local() { local } else { utc };
            format!("{slot}{format}{}", Slot::FormatEnd)
        });
        let key = (format!("{literal} {}", formatted.as_deref().unwrap_or_default()), slots[0]);
        let cache = || self.window_bounds.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sql) = cache().get(&key) {
            return Ok(sql.clone());
        }
        let names = ["date", "time", "iso", "epoch", "year", "month", "day", "hour", "yearmonth"];
        let spellings = names.into_iter().zip(slots).map(|(name, slot)| (name, slot.to_string()));
        let spellings: BTreeMap<_, _> = spellings
            .chain([("text", formatted.unwrap_or_default())])
            .map(|(name, text)| (name, Value::from_safe_string(text)))
            .collect();
        let sql = self.sql(literal, &[("at", Value::from(spellings))])?;
        cache().insert(key, sql.clone());
        Ok(sql)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn window_predicates_match_the_time_type() {
        let window = crate::calendar::Window { start: Default::default(), end: Default::default() };
        let predicate = |dialect: &str, kind| {
            let dialect = super::super::named(dialect).unwrap();
            let sql = dialect.window(&Sql("at".into()), &kind).unwrap();
            super::super::BatchTemplate::new(&sql.0, chrono_tz::UTC).fill(&window, "")
        };
        assert_eq!(
            predicate("duckdb", TimeType::Date),
            "at >= date '1970-01-01' and at < date '1970-01-01'"
        );
        assert_eq!(
            predicate("bigquery", TimeType::Naive),
            "at >= datetime '1970-01-01 00:00:00' and at < datetime '1970-01-01 00:00:00'"
        );
        assert_eq!(predicate("postgres", TimeType::Milliseconds), "at >= 0000 and at < 0000");
        let format = |text| TimeFormat::parse(text).unwrap();
        assert_eq!(
            predicate("snowflake", TimeType::Text(format("%Y/%m"))),
            "at >= '1970/01' and at < '1970/01'"
        );
        assert_eq!(
            predicate("trino", TimeType::Digits(format("%Y%m%d"))),
            "at >= 19700101 and at < 19700101"
        );
    }
}
