//! The types of a seed's columns: declared, or those that fit all values, as in dbt.

use super::Node;
use super::column::unquoted_name;
use super::seed_values::{Number, boolean, date, is_null, iso_timestamp, number, timestamp};
use crate::diagnostics::Diagnostic;
use crate::dialect::{Dialect, TypeClass};
use crate::project::{Config, SeedRows};

/// The type of a column.
pub struct SeedType {
    pub data_type: String,
    pub value_kind: SeedValueKind,
}

/// How the values of a column are written.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SeedValueKind {
    Integer,
    Number,
    Date,
    Timestamp,
    Boolean,
    Text,
    /// Text that is cast to its declared type.
    Declared,
}

/// The character between the values of a seed.
pub fn delimiter(config: &Config) -> char {
    let set = config.get("delimiter").and_then(|set| set.value.as_str()?.chars().next());
    set.unwrap_or(',')
}

/// `column_types`, or the column's declared type.
fn declared_type<'a>(node: &'a Node, name: &str) -> Option<&'a str> {
    node.configured_type(name).or_else(|| {
        node.columns
            .iter()
            .find(|column| unquoted_name(&column.name).eq_ignore_ascii_case(name))?
            .data_type
            .as_deref()
    })
}

/// The type of one column of a seed; `None` if it has no value from which to infer it, or if there
/// is no such column.
pub fn column_type(
    dialect: &Dialect,
    node: &Node,
    name: &str,
    rows: &SeedRows,
) -> Result<Option<String>, Diagnostic> {
    if let Some(declared) = declared_type(node, name) {
        return Ok(Some(declared.to_string()));
    }
    let Some(position) = rows.names.iter().position(|column| column.eq_ignore_ascii_case(name))
    else {
        return Ok(None);
    };
    let (mut fits, mut has_value) = (FittingTypes::ALL, false);
    for row in rows.iter(false) {
        let row = row?;
        fits.add(&row[position]);
        has_value |= !is_null(&row[position]);
    }
    Ok(has_value.then(|| seed_type(dialect, None, fits).data_type))
}

/// The types of the columns, from all rows.
pub fn infer_types(
    dialect: &Dialect,
    node: &Node,
    names: &[String],
    rows: &SeedRows,
) -> Result<Vec<SeedType>, Diagnostic> {
    let declared: Vec<Option<&str>> = names.iter().map(|name| declared_type(node, name)).collect();
    let mut fits = vec![FittingTypes::ALL; names.len()];
    if declared.iter().any(Option::is_none) {
        for row in rows.iter(false) {
            row?.iter().zip(&mut fits).for_each(|(value, fits)| fits.add(value));
        }
    }
    let types = declared.into_iter().zip(fits).zip(names);
    let types = types.map(|((declared, fits), name)| {
        let is_too_long = declared.is_none() && fits.is_beyond_integers(dialect);
        if is_too_long { Err(too_long(node, name)) } else { Ok(seed_type(dialect, declared, fits)) }
    });
    types.collect()
}

/// The error for whole numbers that the engine's integers cannot hold: another type would round
/// them.
fn too_long(node: &Node, name: &str) -> Diagnostic {
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
        let value_kind = match dialect.type_class(data_type) {
            TypeClass::Text => SeedValueKind::Text,
            _ => SeedValueKind::Declared,
        };
        return SeedType { data_type: data_type.trim().to_string(), value_kind };
    }
    let types = &dialect.types.seed_types;
    let (value_kind, word) = if fits.integer {
        (SeedValueKind::Integer, "integer")
    } else if fits.bigint {
        (SeedValueKind::Integer, if types.contains_key("bigint") { "bigint" } else { "integer" })
    } else if fits.whole {
        (SeedValueKind::Integer, "whole")
    } else if fits.number {
        (SeedValueKind::Number, "number")
    } else if fits.date {
        (SeedValueKind::Date, "date")
    } else if fits.timestamp || fits.iso_timestamp {
        (SeedValueKind::Timestamp, "timestamp")
    } else if fits.boolean {
        (SeedValueKind::Boolean, "boolean")
    } else {
        (SeedValueKind::Text, "text")
    };
    let data_type = types.get(word).cloned().unwrap_or_else(|| word.to_string());
    SeedType { data_type, value_kind }
}

#[cfg(test)]
fn fitting(values: &[&str]) -> FittingTypes {
    let mut fits = FittingTypes::ALL;
    values.iter().for_each(|value| fits.add(value));
    fits
}

/// The type of a column with these values.
#[cfg(test)]
pub fn seed_type_of(dialect: &Dialect, declared: Option<&str>, values: &[&str]) -> SeedType {
    seed_type(dialect, declared, fitting(values))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn type_of(values: &[&str]) -> String {
        let dialect = crate::dialect::named("postgres").unwrap();
        seed_type_of(&dialect, None, values).data_type
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
}
