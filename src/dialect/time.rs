//! Literals of time: which kind of column it is, by the type that the project declares, and the
//! literal that fits it.

use std::collections::BTreeMap;
use std::sync::PoisonError;

use minijinja::Value;

use super::batch_template::Slot;
use super::time_format::{Precision, TimeFormat};
use super::{Dialect, Sql};
use crate::diagnostics::Diagnostic;

/// What a column of time holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TimeType {
    /// Days, in the model's time zone.
    Date,
    /// UTC's wall clock, without a zone.
    Naive,
    /// An instant.
    Zoned,
    /// Whole seconds, milliseconds or microseconds since 1970.
    Seconds,
    Milliseconds,
    Microseconds,
    /// Text in a format.
    Text(TimeFormat),
    /// A whole number whose digits are a time: `20240901`.
    Digits(TimeFormat),
    /// Nothing is declared: a literal that takes the column's own type.
    Undeclared,
}

/// What the name of a type says about a column of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TypeClass {
    Date,
    Naive,
    Zoned,
    Text,
    Number,
    /// Another type, or one that no list of the dialect has.
    Other,
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

    /// The smallest unit that values tell apart, where it is known to be larger than a second, and
    /// whether it is one of the model's time zone and not of UTC.
    pub fn precision(&self) -> Option<(Precision, bool)> {
        match self {
            TimeType::Date => Some((Precision::Day, true)),
            _ => self.format().map(|format| (format.precision, format.is_local())),
        }
    }
}

impl Dialect {
    /// What the engine's name of a type says.
    pub fn type_class(&self, data_type: &str) -> Result<TypeClass, Diagnostic> {
        let mut name = data_type.trim();
        let wrappers: Vec<String> = self.property("type_wrappers")?;
        // `Nullable(DateTime)` holds what `DateTime` holds.
        while let Some((outer, inner)) = name.split_once('(').filter(|_| name.ends_with(')')) {
            if !wrappers.contains(&outer.trim().to_lowercase()) {
                break;
            }
            name = inner[..inner.len() - 1].trim();
        }
        let name = plain_type(name);
        use TypeClass::*;
        let facts = [
            ("date_types", Date),
            ("naive_types", Naive),
            ("zoned_types", Zoned),
            ("text_types", Text),
            ("numeric_types", Number),
        ];
        for (fact, class) in facts {
            if self.lists(fact, &name)? {
                return Ok(class);
            }
        }
        Ok(Other)
    }

    /// `column >= start and column < end`: the one predicate of the read filter, the delete and the
    /// guard. The window is filled in later.
    pub fn window(&self, column: &Sql, kind: &TimeType) -> Result<Sql, Diagnostic> {
        self.between(column, kind.literal(), kind.format())
    }

    /// The predicate of a read filter. Where the type is undeclared and the engine would compare
    /// text with the literal, it holds a type check that only `01_create.sql` writes.
    pub fn read_filter(&self, column: &Sql, kind: &TimeType) -> Result<Sql, Diagnostic> {
        self.checked(column, kind, [Slot::TypeCheck.to_string(), Slot::TypeCheckEnd.to_string()])
    }

    /// The predicate of a guard, with the same type check in every file.
    pub fn guard_window(&self, column: &Sql, kind: &TimeType) -> Result<Sql, Diagnostic> {
        self.checked(column, kind, [String::new(), String::new()])
    }

    fn checked(
        &self,
        column: &Sql,
        kind: &TimeType,
        [start, end]: [String; 2],
    ) -> Result<Sql, Diagnostic> {
        let window = self.window(column, kind)?;
        if *kind != TimeType::Undeclared || !self.has("is_time") {
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

    /// The same with the literals that a macro writes.
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

    /// Holds for what is earlier than the window's start.
    pub fn before(&self, column: &Sql, kind: &TimeType) -> Result<Sql, Diagnostic> {
        let start = self.start(kind.literal(), kind.format())?;
        self.sql("before", &[("column", column.value()), ("start", start.value())])
    }

    /// The window's start, as a macro writes it.
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
        self.moment(literal, slots, format.map(|format| (format, [StartFormat, StartLocalFormat])))
    }

    fn end(&self, literal: &str, format: Option<&TimeFormat>) -> Result<Sql, Diagnostic> {
        use Slot::*;
        let slots =
            [EndDate, EndTime, EndIso, EndEpoch, EndYear, EndMonth, EndDay, EndHour, EndYearMonth];
        self.moment(literal, slots, format.map(|format| (format, [EndFormat, EndLocalFormat])))
    }

    /// One end of a window: the macro is given all ways to write it.
    fn moment(
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
        let known = || self.moments.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sql) = known().get(&key) {
            return Ok(sql.clone());
        }
        let names = ["date", "time", "iso", "epoch", "year", "month", "day", "hour", "yearmonth"];
        let ways = names.into_iter().zip(slots).map(|(name, slot)| (name, slot.to_string()));
        let ways = ways
            .chain([("text", formatted.unwrap_or_default())])
            .map(|(name, text)| (name, Value::from_safe_string(text)));
        let sql = self.sql(literal, &[("at", Value::from(ways.collect::<BTreeMap<_, _>>()))])?;
        known().insert(key, sql.clone());
        Ok(sql)
    }
}

/// A type's name without precision, in lower case, single spaces: `TIMESTAMP(6) WITH TIME ZONE` is
/// `timestamp with time zone`.
pub fn plain_type(data_type: &str) -> String {
    let mut depth = 0;
    let kept: String = data_type
        .chars()
        .filter(|char| {
            match char {
                '(' => depth += 1,
                ')' => depth -= 1,
                _ => return depth == 0,
            }
            false
        })
        .collect();
    kept.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_is_one_predicate() {
        let window = crate::calendar::Window { start: Default::default(), end: Default::default() };
        let said = |dialect: &str, kind| {
            let dialect = super::super::named(dialect).unwrap();
            let sql = dialect.window(&Sql("at".into()), &kind).unwrap();
            super::super::BatchTemplate::new(&sql.0, chrono_tz::UTC).fill(&window, "")
        };
        assert_eq!(
            said("duckdb", TimeType::Date),
            "at >= date '1970-01-01' and at < date '1970-01-01'"
        );
        assert_eq!(
            said("bigquery", TimeType::Naive),
            "at >= datetime '1970-01-01 00:00:00' and at < datetime '1970-01-01 00:00:00'"
        );
        assert_eq!(said("postgres", TimeType::Milliseconds), "at >= 0000 and at < 0000");
        let format = |text| TimeFormat::parse(text).unwrap();
        assert_eq!(
            said("snowflake", TimeType::Text(format("%Y/%m"))),
            "at >= '1970/01' and at < '1970/01'"
        );
        assert_eq!(
            said("trino", TimeType::Digits(format("%Y%m%d"))),
            "at >= 19700101 and at < 19700101"
        );
    }

    #[test]
    fn a_type_is_known_by_its_name() {
        let class =
            |dialect: &str, name| super::super::named(dialect).unwrap().type_class(name).unwrap();
        assert_eq!(class("postgres", "TIMESTAMP(6) WITH TIME ZONE"), TypeClass::Zoned);
        assert_eq!(class("postgres", "timestamp"), TypeClass::Naive);
        assert_eq!(class("bigquery", "TIMESTAMP"), TypeClass::Zoned);
        assert_eq!(class("snowflake", "timestamp_ltz(9)"), TypeClass::Zoned);
        assert_eq!(class("duckdb", "date"), TypeClass::Date);
        assert_eq!(class("duckdb", "varchar(10)"), TypeClass::Text);
        assert_eq!(class("bigquery", "INT64"), TypeClass::Number);
        assert_eq!(class("clickhouse", "LowCardinality(Nullable(String))"), TypeClass::Text);
        assert_eq!(class("clickhouse", "Nullable(DateTime64(3, 'UTC'))"), TypeClass::Zoned);
        assert_eq!(class("duckdb", "json"), TypeClass::Other);
    }
}
