//! Literals of time: which kind of column it is, by the type that the project declares, and the literal that fits it.

use std::collections::BTreeMap;
use std::sync::PoisonError;

use minijinja::Value;

use super::stamp::Slot;
use super::{Dialect, Sql};
use crate::diagnostics::Diagnostic;

/// What a column of time holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    /// Nothing is declared: a literal that takes the column's own type.
    Undeclared,
}

/// The macro that writes a literal of the kind.
fn literal_of(kind: TimeType) -> &'static str {
    match kind {
        TimeType::Date => "date",
        TimeType::Naive => "naive",
        TimeType::Zoned => "zoned",
        TimeType::Seconds => "seconds",
        TimeType::Milliseconds => "milliseconds",
        TimeType::Microseconds => "microseconds",
        TimeType::Undeclared => "undeclared",
    }
}

impl Dialect {
    /// What a declared `data_type` holds. `unit` is what `meta.batchwright.event_time_unit` says of a column of integers.
    pub fn time_type(&self, data_type: Option<&str>, unit: Option<&str>) -> Result<TimeType, Diagnostic> {
        match unit {
            Some("seconds") => return Ok(TimeType::Seconds),
            Some("milliseconds") => return Ok(TimeType::Milliseconds),
            Some("microseconds") => return Ok(TimeType::Microseconds),
            _ => {}
        }
        let Some(data_type) = data_type else { return Ok(TimeType::Undeclared) };
        let name = plain_type(data_type);
        for (fact, kind) in [("date_types", TimeType::Date), ("naive_types", TimeType::Naive), ("zoned_types", TimeType::Zoned)] {
            if self.lists(fact, &name)? {
                return Ok(kind);
            }
        }
        Ok(TimeType::Undeclared)
    }

    /// `column >= start and column < end`: the one predicate of the read filter, the delete and the guard.
    /// The window is stamped in later.
    pub fn window(&self, column: &Sql, kind: TimeType) -> Result<Sql, Diagnostic> {
        self.between(column, literal_of(kind))
    }

    /// The same with the literals that a macro writes.
    pub fn between(&self, column: &Sql, literal: &str) -> Result<Sql, Diagnostic> {
        let (start, end) = (self.start(literal)?, self.end(literal)?);
        self.sql("window", &[("column", column.value()), ("start", start.value()), ("end", end.value())])
    }

    /// Holds for what is earlier than the window's start.
    pub fn before(&self, column: &Sql, kind: TimeType) -> Result<Sql, Diagnostic> {
        let start = self.start(literal_of(kind))?;
        self.sql("before", &[("column", column.value()), ("start", start.value())])
    }

    /// The window's start, as a macro writes it.
    pub fn start(&self, literal: &str) -> Result<Sql, Diagnostic> {
        use Slot::*;
        self.moment(literal, [StartDate, StartTime, StartIso, StartEpoch, StartYear, StartMonth, StartDay, StartHour, StartYearMonth])
    }

    fn end(&self, literal: &str) -> Result<Sql, Diagnostic> {
        use Slot::*;
        self.moment(literal, [EndDate, EndTime, EndIso, EndEpoch, EndYear, EndMonth, EndDay, EndHour, EndYearMonth])
    }

    /// One end of a window: the macro is given all ways to write it.
    fn moment(&self, literal: &str, slots: [Slot; 9]) -> Result<Sql, Diagnostic> {
        let key = (literal.to_string(), slots[0]);
        let known = || self.moments.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sql) = known().get(&key) {
            return Ok(sql.clone());
        }
        let names = ["date", "time", "iso", "epoch", "year", "month", "day", "hour", "yearmonth"];
        let ways = names.into_iter().zip(slots).map(|(name, slot)| (name, Value::from_safe_string(slot.to_string())));
        let sql = self.sql(literal, &[("at", Value::from(ways.collect::<BTreeMap<_, _>>()))])?;
        known().insert(key, sql.clone());
        Ok(sql)
    }
}

/// A type's name without precision, in lower case, single spaces: `TIMESTAMP(6) WITH TIME ZONE` is `timestamp with time zone`.
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
            let sql = dialect.window(&Sql("at".into()), kind).unwrap();
            super::super::Stamp::new(&sql.0, chrono_tz::UTC).fill(&window, "")
        };
        assert_eq!(said("duckdb", TimeType::Date), "at >= date '1970-01-01' and at < date '1970-01-01'");
        assert_eq!(said("bigquery", TimeType::Naive), "at >= datetime '1970-01-01 00:00:00' and at < datetime '1970-01-01 00:00:00'");
        assert_eq!(said("postgres", TimeType::Milliseconds), "at >= 0000 and at < 0000");
    }

    #[test]
    fn a_type_is_known_by_its_name() {
        let kind = |dialect: &str, name| super::super::named(dialect).unwrap().time_type(Some(name), None).unwrap();
        assert_eq!(kind("postgres", "TIMESTAMP(6) WITH TIME ZONE"), TimeType::Zoned);
        assert_eq!(kind("postgres", "timestamp"), TimeType::Naive);
        assert_eq!(kind("bigquery", "TIMESTAMP"), TimeType::Zoned);
        assert_eq!(kind("snowflake", "timestamp_ltz(9)"), TimeType::Zoned);
        assert_eq!(kind("duckdb", "date"), TimeType::Date);
        assert_eq!(kind("duckdb", "varchar"), TimeType::Undeclared);
    }
}
