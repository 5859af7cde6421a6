//! The types of a seed's columns, declared or those that fit all values, and the literals of the
//! values.

use std::collections::BTreeMap;

use minijinja::Value as Argument;

use super::seed_values::{
    Number, any_timestamp, boolean, date, is_null, iso_timestamp, number, timestamp,
};
use crate::config::Node;
use crate::diagnostics::Diagnostic;
use crate::dialect::{Dialect, Sql};
use crate::inject::ResultColumn;
use crate::project::SeedRows;

/// The type of a column.
pub struct SeedType {
    pub data_type: String,
    value_kind: ValueKind,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum ValueKind {
    Integer,
    Number,
    Date,
    Timestamp,
    Boolean,
    Text,
    /// Text that is cast to its declared type.
    Declared,
}

/// `column_types`, or the column's declared type.
fn declared_type<'a>(node: &'a Node, name: &str) -> Option<&'a str> {
    node.configured_type(name).or_else(|| {
        node.columns
            .iter()
            .find(|column| column.name.eq_ignore_ascii_case(name))?
            .data_type
            .as_deref()
    })
}

/// The types of the columns, from all rows.
pub fn infer_types(
    dialect: &Dialect,
    node: &Node,
    columns: &[ResultColumn],
    rows: &SeedRows,
) -> Result<Vec<SeedType>, Diagnostic> {
    let declared: Vec<Option<&str>> =
        columns.iter().map(|column| declared_type(node, &column.name)).collect();
    let mut fits = vec![FittingTypes::ALL; columns.len()];
    if declared.iter().any(Option::is_none) {
        for row in rows.iter(false) {
            row?.iter().zip(&mut fits).for_each(|(value, fits)| fits.add(value));
        }
    }
    let types = declared.into_iter().zip(fits).zip(columns);
    let types = types.map(|((declared, fits), column)| {
        let is_too_long = declared.is_none() && fits.is_beyond_integers(dialect);
        if is_too_long {
            Err(too_long(node, column))
        } else {
            Ok(seed_type(dialect, declared, fits))
        }
    });
    types.collect()
}

/// The error for whole numbers that the engine's integers cannot hold: another type would round
/// them.
fn too_long(node: &Node, column: &ResultColumn) -> Diagnostic {
    let name = &column.name;
    let message = format!(
        "the column `{name}` of the seed `{}` has whole numbers that are too long for an integer",
        node.name
    );
    Diagnostic::error(message).at(node.file.line(1)).hint(format!(
        "declare the type of the column: `column_types: {{{name}: numeric(38)}}`, or a text type"
    ))
}

/// The types that fit all values of a column.
#[derive(Clone, Copy)]
struct FittingTypes {
    integer: bool,
    bigint: bool,
    /// Numbers without decimal places, of any length.
    whole: bool,
    /// Those that can be written as an integer.
    written_whole: bool,
    number: bool,
    date: bool,
    timestamp: bool,
    iso_timestamp: bool,
    boolean: bool,
}

impl FittingTypes {
    const ALL: FittingTypes = FittingTypes {
        integer: true,
        bigint: true,
        whole: true,
        written_whole: true,
        number: true,
        date: true,
        timestamp: true,
        iso_timestamp: true,
        boolean: true,
    };

    fn add(&mut self, value: &str) {
        if is_null(value) {
            return;
        }
        let number = self.number.then(|| number(value)).flatten();
        let whole = number.as_ref().and_then(Number::whole);
        let integer = whole.as_ref().and_then(|digits| digits.parse::<i64>().ok());
        self.number = number.is_some();
        self.whole &= number.is_some_and(|number| number.is_whole());
        self.written_whole &= whole.is_some();
        self.bigint &= integer.is_some();
        self.integer &= integer.is_some_and(|value| i32::try_from(value).is_ok());
        self.date = self.date && date(value).is_some();
        self.timestamp = self.timestamp && timestamp(value).is_some();
        self.iso_timestamp = self.iso_timestamp && iso_timestamp(value).is_some();
        self.boolean = self.boolean && boolean(value).is_some();
    }

    /// Whether the values are whole numbers, but no integer type of the engine fits them all.
    fn is_beyond_integers(&self, dialect: &Dialect) -> bool {
        let has_type = dialect.types.seed_types.contains_key("whole") && self.written_whole;
        self.whole && !self.bigint && !has_type
    }
}

fn seed_type(dialect: &Dialect, declared: Option<&str>, fits: FittingTypes) -> SeedType {
    if let Some(data_type) = declared {
        let plain = data_type.split('(').next().unwrap_or_default().trim().to_lowercase();
        let texts = &dialect.types.text_types;
        let value_kind = if texts.contains(&plain) { ValueKind::Text } else { ValueKind::Declared };
        return SeedType { data_type: data_type.trim().to_string(), value_kind };
    }
    let types = &dialect.types.seed_types;
    let (value_kind, word) = if fits.integer {
        (ValueKind::Integer, "integer")
    } else if fits.bigint {
        (ValueKind::Integer, if types.contains_key("bigint") { "bigint" } else { "integer" })
    } else if fits.whole {
        (ValueKind::Integer, "whole")
    } else if fits.number {
        (ValueKind::Number, "number")
    } else if fits.date {
        (ValueKind::Date, "date")
    } else if fits.timestamp || fits.iso_timestamp {
        (ValueKind::Timestamp, "timestamp")
    } else if fits.boolean {
        (ValueKind::Boolean, "boolean")
    } else {
        (ValueKind::Text, "text")
    };
    let data_type = types.get(word).cloned().unwrap_or_else(|| word.to_string());
    SeedType { data_type, value_kind }
}

/// One row in parentheses.
pub fn values_row(
    dialect: &Dialect,
    types: &[SeedType],
    row: &[String],
) -> Result<String, Diagnostic> {
    let values: Result<Vec<String>, Diagnostic> = types
        .iter()
        .zip(row)
        .map(|(seed_type, value)| Ok(literal(dialect, seed_type, value)?.0))
        .collect();
    Ok(format!("({})", values?.join(", ")))
}

fn literal(dialect: &Dialect, seed_type: &SeedType, value: &str) -> Result<Sql, Diagnostic> {
    let keeps_word = seed_type.value_kind == ValueKind::Text && !dialect.builds.seed_null_word;
    if is_null(value) && (value.is_empty() || !keeps_word) {
        return dialect.sql("null_value", &[]);
    }
    let time = |name: &str, key: &str, text: String| {
        let at = Argument::from(BTreeMap::from([(key, Argument::from_safe_string(text))]));
        dialect.sql(name, &[("at", at)])
    };
    match seed_type.value_kind {
        ValueKind::Integer => {
            Ok(Sql(number(value).and_then(|number| number.whole()).unwrap_or_default()))
        }
        ValueKind::Number => Ok(Sql(number(value).map(|number| number.text).unwrap_or_default())),
        ValueKind::Date => time("date", "date", date(value).unwrap_or_default()),
        ValueKind::Timestamp => time("naive", "time", any_timestamp(value).unwrap_or_default()),
        ValueKind::Boolean => {
            let [yes, no] = &dialect.syntax.truths;
            Ok(Sql(if boolean(value) == Some(true) { yes } else { no }.clone()))
        }
        ValueKind::Text => Ok(dialect.text(value)),
        ValueKind::Declared => {
            let arguments = [
                ("value", dialect.text(value).value()),
                ("type", Sql(seed_type.data_type.clone()).value()),
            ];
            dialect.sql("cast_value", &arguments)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn type_of(values: &[&str]) -> String {
        let dialect = crate::dialect::named("postgres").unwrap();
        seed_type(&dialect, None, fitting(values)).data_type
    }

    fn fitting(values: &[&str]) -> FittingTypes {
        let mut fits = FittingTypes::ALL;
        values.iter().for_each(|value| fits.add(value));
        fits
    }

    #[test]
    fn the_type_of_a_column_fits_all_its_values() {
        assert_eq!(type_of(&["1", "", "-007"]), "integer");
        assert_eq!(type_of(&["1", "3000000000"]), "bigint");
        assert_eq!(type_of(&["1.0", "+3", "1e3", "1_000", "-$5"]), "integer");
        assert_eq!(type_of(&["1", "1,234.50", "$2"]), "double precision");
        assert_eq!(type_of(&["2024-09-01", "null"]), "date");
        assert_eq!(type_of(&["2024-09-01T10:00:00", "2024-09-01T10:00:00+02:00"]), "timestamp");
        assert_eq!(type_of(&["2024-09-01 10:00:00", "2024-9-1 9:00:00"]), "timestamp");
        assert_eq!(type_of(&["2024-09-01 10:00:00", "2024-09-01T10:00:00"]), "text");
        assert_eq!(type_of(&["True", "false"]), "boolean");
        assert_eq!(type_of(&["true", "1"]), "text");
        assert_eq!(type_of(&["1-800"]), "text");
    }

    #[test]
    fn whole_numbers_are_never_rounded() {
        let is_beyond = |dialect: &str, value: &str| {
            fitting(&[value]).is_beyond_integers(&crate::dialect::named(dialect).unwrap())
        };
        let (of_20, of_39) = ("12345678901234567890", "1".repeat(39));
        assert_eq!(
            ["postgres", "snowflake"].map(|dialect| [
                is_beyond(dialect, "9223372036854775807"),
                is_beyond(dialect, of_20),
                is_beyond(dialect, &of_39),
                is_beyond(dialect, "1e400"),
                is_beyond(dialect, "12345678901234567890.5"),
            ]),
            [[false, true, true, true, false], [false, false, true, true, false]]
        );
    }

    #[test]
    fn values_are_written_as_the_engine_reads_them() {
        let literal = |dialect: &str, data_type: &str, value: &str| {
            let dialect = crate::dialect::named(dialect).unwrap();
            let declared = Some(data_type).filter(|data_type| !data_type.is_empty());
            let seed_type = seed_type(&dialect, declared, fitting(&[value]));
            literal(&dialect, &seed_type, value).unwrap().0
        };
        assert_eq!(literal("postgres", "", "it's\n\\"), "'it''s\n\\'");
        assert_eq!(literal("bigquery", "", "it's\n\\"), r"'it\'s\n\\'");
        assert_eq!(
            literal("duckdb", "", "2024-09-01T10:00:00+02:00"),
            "timestamp '2024-09-01 08:00:00'"
        );
        assert_eq!(literal("postgres", "", "-1.50e2"), "-150");
        assert_eq!(literal("postgres", "", "1,234.50"), "1234.50");
        assert_eq!(literal("postgres", "", "12345678901234567890.5"), "12345678901234567890.5");
        assert_eq!(literal("postgres", "text", "null"), "null");
        assert_eq!(literal("duckdb", "text", "null"), "'null'");
        assert_eq!(literal("postgres", "numeric(9, 2)", "1.5"), "cast('1.5' as numeric(9, 2))");
        assert_eq!(literal("postgres", "varchar(5)", "007"), "'007'");
    }
}
