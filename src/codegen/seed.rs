//! The table of a seed: generates the statement that loads its rows. The type of a column is
//! declared in the project, or inferred from all its values as in dbt: integer, number, date,
//! timestamp, boolean, else text. An empty value and `null` are null.

use chrono::{DateTime, NaiveDate, NaiveDateTime};
use minijinja::Value as Argument;
use std::collections::BTreeMap;

use super::create_table::create_arguments;
use super::indexes::{index_statements, rejects_known_keys};
use super::relation_name::relation_sql;
use super::replacement::next_relation;
use crate::config::{Node, keys};
use crate::diagnostics::Diagnostic;
use crate::dialect::{Case, Dialect, Sql, fold_case};
use crate::inject::ResultColumn;
use crate::limits::{self, Exceeded};
use crate::project::SeedRows;

/// The statements that load a seed.
pub struct SeedStatements {
    pub sql: Sql,
    /// The number of the seed's rows.
    pub rows: usize,
    /// The length in bytes of the longest insert.
    pub longest_insert: usize,
}

/// Rows in one insert statement, which is within the limits of every engine.
const CHUNK_ROWS: usize = 500;

/// Bytes of the rows in one insert statement. A row with more bytes has its own statement.
const CHUNK_BYTES: usize = 128 << 10;

/// The columns of a seed, by its `quote_columns`, else as in dbt's adapter. A name that the engine
/// leaves unchanged is not quoted by default.
pub fn seed_columns(dialect: &Dialect, node: &Node, names: &[String]) -> Vec<ResultColumn> {
    let case = dialect.names.case;
    let by_default = dialect.names.seed_columns_quoted && case != Case::Ignored;
    let column = |name: &String| {
        let quoted = node
            .get(keys::QUOTE_COLUMNS)
            .unwrap_or_else(|| by_default && fold_case(case, name) != *name);
        ResultColumn::named(name, quoted)
    };
    names.iter().map(column).collect()
}

/// The character between the values of a seed.
pub fn seed_delimiter(node: &Node) -> Result<char, Diagnostic> {
    let Some(setting) = node.set(keys::DELIMITER) else { return Ok(',') };
    let text = setting.value.as_str().unwrap_or_default();
    let mut letters = text.chars();
    match (letters.next(), letters.next()) {
        (Some(delimiter), None) => Ok(delimiter),
        _ => Err(Diagnostic::error(format!(
            "the `delimiter` of the seed `{}` must be one character, but is {}",
            node.name, setting.value
        ))
        .at(setting.at.clone())
        .hint("omit it for a comma")),
    }
}

/// The statements. `replaces`: whether the table is created again, or emptied and filled.
pub fn load_seed(
    dialect: &Dialect,
    node: &Node,
    columns: &[ResultColumn],
    rows: &SeedRows,
    replaces: bool,
) -> Result<SeedStatements, Diagnostic> {
    let replaces = replaces || rejects_known_keys(dialect, node);
    let types = infer_types(dialect, node, columns, rows)?;
    let name = |column: &ResultColumn| dialect.column(&column.name, column.quoted).0;
    let names: Vec<String> = columns.iter().map(name).collect();
    let spec = names.iter().zip(&types).map(|(name, of)| format!("{name} {}", of.data_type));
    let spec: Vec<String> = spec.collect();
    let columns = Sql(names.join(", "));
    let target = match replaces && dialect.builds.replaces {
        true => relation_sql(&next_relation(dialect, node, &node.relation)),
        false => relation_sql(&node.relation),
    };
    let insert = |rows: &str| {
        let rows = Argument::from_safe_string(rows.to_string());
        let arguments = [("target", target.clone()), ("columns", columns.value()), ("rows", rows)];
        dialect.sql("seed_rows", &arguments)
    };
    let (mut inserts, mut longest_insert, mut count) = (String::new(), 0, 0);
    let (mut chunk, mut rows_of_chunk) = (String::new(), 0);
    let mut flush = |chunk: &mut String| {
        let statement = insert(chunk)?.0;
        longest_insert = longest_insert.max(statement.len());
        if !inserts.is_empty() {
            inserts.push_str("\n\n");
        }
        inserts.push_str(&statement);
        chunk.clear();
        limits::check().map_err(|exceeded| too_large(node, exceeded))
    };
    for row in rows.iter(dialect.builds.seed_blank_lines) {
        let row = values_row(dialect, &types, &row?)?;
        if rows_of_chunk == CHUNK_ROWS || chunk.len() + row.len() > CHUNK_BYTES {
            if rows_of_chunk > 0 {
                flush(&mut chunk)?;
            }
            rows_of_chunk = 0;
        }
        if rows_of_chunk > 0 {
            chunk.push_str(",\n  ");
        }
        chunk.push_str(&row);
        rows_of_chunk += 1;
        count += 1;
    }
    if rows_of_chunk > 0 {
        flush(&mut chunk)?;
    }
    let mut args = create_arguments(dialect, node, &node.relation, "")?;
    args.extend([
        ("spec", Sql(spec.join(",\n  ")).value()),
        ("rows", Argument::from_safe_string(inserts)),
    ]);
    let mut sql = dialect.sql(if replaces { "seed_rebuild" } else { "seed" }, &args)?;
    sql.0.push_str(&index_statements(dialect, node, &node.relation.to_string())?.0);
    Ok(SeedStatements { sql, rows: count, longest_insert })
}

fn too_large(node: &Node, exceeded: Exceeded) -> Diagnostic {
    if exceeded == Exceeded::Time {
        return exceeded.diagnostic().at(node.file.line(1));
    }
    let message = format!(
        "the statements of the seed `{}` need more than {} MiB of memory",
        node.name,
        limits::MEMORY_MIB
    );
    Diagnostic::error(message).at(node.file.line(1)).hint(format!(
        "run `dbt seed` before the plan, and exclude it here: `--exclude {}`",
        node.name
    ))
}

/// The type of a column.
struct SeedType {
    data_type: String,
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
fn infer_types(
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
        "the column `{name}` of the seed `{}` has whole numbers that are too long for a `bigint`",
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
        self.bigint &= integer.is_some();
        self.integer &= integer.is_some_and(|value| i32::try_from(value).is_ok());
        self.date = self.date && date(value).is_some();
        self.timestamp = self.timestamp && timestamp(value).is_some();
        self.iso_timestamp = self.iso_timestamp && iso_timestamp(value).is_some();
        self.boolean = self.boolean && boolean(value).is_some();
    }

    /// Whether the values are whole numbers, but no integer type of the engine fits them all.
    fn is_beyond_integers(&self, dialect: &Dialect) -> bool {
        self.whole && !self.bigint && !dialect.types.seed_types.contains_key("whole")
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
fn values_row(dialect: &Dialect, types: &[SeedType], row: &[String]) -> Result<String, Diagnostic> {
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

fn is_null(value: &str) -> bool {
    matches!(value.trim().to_lowercase().as_str(), "" | "null")
}

/// A number of a seed.
struct Number {
    /// As SQL.
    text: String,
    is_negative: bool,
    /// The significant digits, without zeros at their ends.
    digits: String,
    /// The power of ten of the last digit.
    exponent: i32,
}

/// The longest whole number that is written as an integer.
const MAX_DIGITS: usize = 38;

impl Number {
    fn is_whole(&self) -> bool {
        self.exponent >= 0
    }

    /// The number as an integer, if it is one.
    fn whole(&self) -> Option<String> {
        let zeros = usize::try_from(self.exponent).ok()?;
        if self.digits.len() + zeros > MAX_DIGITS {
            return None;
        }
        let sign = if self.is_negative && !self.digits.is_empty() { "-" } else { "" };
        let digits = format!("{}{}", self.digits, "0".repeat(zeros));
        Some(format!("{sign}{}", if digits.is_empty() { "0" } else { &digits }))
    }
}

/// The currency signs that agate, the CSV reader of dbt, ignores at the ends of a number.
const CURRENCIES: &str = "؋$ƒ៛¥₡₱£€¢﷼₪₩₭₮₦฿₤₫";

/// A number as agate reads it: with separators of groups, currency and percent signs.
fn number(value: &str) -> Option<Number> {
    let value = value.trim().trim_matches('%');
    let (is_negative, rest) =
        value.strip_prefix('-').map_or((false, value), |digits| (true, digits));
    let rest: String = rest
        .trim_matches(|char| CURRENCIES.contains(char))
        .chars()
        .filter(|char| !matches!(char, ',' | '_'))
        .collect();
    let rest = rest.trim();
    let (is_negative, rest) = match rest.as_bytes().first() {
        Some(b'+') => (is_negative, &rest[1..]),
        Some(b'-') => (!is_negative, &rest[1..]),
        _ => (is_negative, rest),
    };
    let (mantissa, exponent) = rest
        .split_once(['e', 'E'])
        .map_or((rest, None), |(mantissa, exponent)| (mantissa, Some(exponent)));
    let (before, after) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let only_digits = |text: &str| text.chars().all(|char| char.is_ascii_digit());
    let power = exponent.map_or(Some(0), |exponent| exponent.parse::<i16>().ok())?;
    if !(only_digits(before) && only_digits(after)) || (before.is_empty() && after.is_empty()) {
        return None;
    }
    let all = format!("{before}{after}");
    let digits = all.trim_end_matches('0');
    let last = i32::try_from(before.len()).ok()? - i32::try_from(digits.len()).ok()?;
    let exponent = if digits.is_empty() { 0 } else { last + i32::from(power) };
    let before = match before.trim_start_matches('0') {
        "" => "0",
        before => before,
    };
    let fraction = match (mantissa.contains('.'), after) {
        (false, _) => String::new(),
        (true, "") => ".0".to_string(),
        (true, after) => format!(".{after}"),
    };
    let sign = if is_negative { "-" } else { "" };
    let power = if power == 0 { String::new() } else { format!("e{power}") };
    Some(Number {
        text: format!("{sign}{before}{fraction}{power}"),
        is_negative,
        digits: digits.trim_start_matches('0').to_string(),
        exponent,
    })
}

fn date(value: &str) -> Option<String> {
    let day = NaiveDate::parse_from_str(value.trim(), "%Y-%m-%d").ok()?;
    (value.trim().find('-') == Some(4)).then(|| day.format("%Y-%m-%d").to_string())
}

/// A time with a space. dbt reads a column of such times, or one of ISO times, but not a mixture.
fn timestamp(value: &str) -> Option<String> {
    let at = NaiveDateTime::parse_from_str(value.trim(), "%Y-%m-%d %H:%M:%S").ok()?;
    Some(time_text(at))
}

/// An ISO time; in UTC if the value has an offset.
fn iso_timestamp(value: &str) -> Option<String> {
    let value = value.trim();
    let naive = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M"];
    let at = naive.iter().find_map(|format| NaiveDateTime::parse_from_str(value, format).ok());
    let with_offset = || DateTime::parse_from_rfc3339(value).ok().map(|at| at.naive_utc());
    at.or_else(|| with_offset().filter(|_| value.contains('T'))).map(time_text)
}

fn any_timestamp(value: &str) -> Option<String> {
    timestamp(value).or_else(|| iso_timestamp(value))
}

fn time_text(at: NaiveDateTime) -> String {
    at.format("%Y-%m-%d %H:%M:%S%.f").to_string()
}

fn boolean(value: &str) -> Option<bool> {
    match value.trim().to_lowercase().as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
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
