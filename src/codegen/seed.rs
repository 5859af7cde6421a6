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
use crate::dialect::{Dialect, Sql};

/// The columns of a seed, and its rows.
pub struct SeedTable<'a> {
    pub names: &'a [String],
    pub rows: &'a [Vec<String>],
}

/// Rows in one insert statement, which is within the limits of every engine.
const CHUNK: usize = 500;

/// The statement. `replaces`: whether the table is created again, or emptied and filled.
pub fn load_seed(
    dialect: &Dialect,
    node: &Node,
    table: &SeedTable,
    replaces: bool,
) -> Result<Sql, Diagnostic> {
    let replaces = replaces || rejects_known_keys(dialect, node);
    let quoted = node.is_set(keys::QUOTE_COLUMNS);
    let mut names = Vec::new();
    let mut spec = Vec::new();
    let mut types = Vec::new();
    for (index, name) in table.names.iter().enumerate() {
        let column = dialect.column(name, quoted).0;
        let values = table.rows.iter().map(|row| row[index].as_str());
        let seed_type = infer_type(dialect, declared_type(node, name), values);
        spec.push(format!("{column} {}", seed_type.data_type));
        names.push(column);
        types.push(seed_type);
    }
    let columns = Sql(names.join(", "));
    let target = match replaces && dialect.builds.replaces {
        true => relation_sql(&next_relation(dialect, node, &node.relation)),
        false => relation_sql(&node.relation),
    };
    let mut rows = Vec::new();
    for chunk in table.rows.chunks(CHUNK) {
        let lines: Result<Vec<String>, Diagnostic> =
            chunk.iter().map(|row| values_row(dialect, &types, row)).collect();
        let arguments = [
            ("target", target.clone()),
            ("columns", columns.value()),
            ("rows", Argument::from_safe_string(lines?.join(",\n  "))),
        ];
        rows.push(dialect.sql("seed_rows", &arguments)?.0);
    }
    let mut args = create_arguments(dialect, node, &node.relation, "")?;
    args.extend([
        ("spec", Sql(spec.join(",\n  ")).value()),
        ("rows", Sql(rows.join("\n\n")).value()),
    ]);
    let statement = dialect.sql(if replaces { "seed_rebuild" } else { "seed" }, &args)?;
    Ok(Sql(format!("{statement}{}", index_statements(dialect, node, &node.relation.to_string())?)))
}

/// The type of a column.
struct SeedType {
    data_type: String,
    value_kind: ValueKind,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum ValueKind {
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

fn infer_type<'v>(
    dialect: &Dialect,
    declared: Option<&str>,
    values: impl Iterator<Item = &'v str> + Clone,
) -> SeedType {
    if let Some(data_type) = declared {
        let plain = data_type.split('(').next().unwrap_or_default().trim().to_lowercase();
        let texts = &dialect.types.text_types;
        let value_kind = if texts.contains(&plain) { ValueKind::Text } else { ValueKind::Declared };
        return SeedType { data_type: data_type.trim().to_string(), value_kind };
    }
    let types = &dialect.types.seed_types;
    let values = values.filter(|value| !is_null(value));
    let all = |fits: &dyn Fn(&str) -> bool| values.clone().all(fits);
    let (value_kind, word) =
        if all(&|value| integer(value).is_some_and(|value| i32::try_from(value).is_ok())) {
            (ValueKind::Number, "integer")
        } else if all(&|value| integer(value).is_some()) {
            (ValueKind::Number, if types.contains_key("bigint") { "bigint" } else { "integer" })
        } else if all(&|value| number(value).is_some()) {
            (ValueKind::Number, "number")
        } else if all(&|value| date(value).is_some()) {
            (ValueKind::Date, "date")
        } else if all(&|value| timestamp(value).is_some()) {
            (ValueKind::Timestamp, "timestamp")
        } else if all(&|value| boolean(value).is_some()) {
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
    if is_null(value) {
        return dialect.sql("null_value", &[]);
    }
    let time = |name: &str, key: &str, text: String| {
        let at = Argument::from(BTreeMap::from([(key, Argument::from_safe_string(text))]));
        dialect.sql(name, &[("at", at)])
    };
    match seed_type.value_kind {
        ValueKind::Number => Ok(Sql(number(value).unwrap_or_default())),
        ValueKind::Date => time("date", "date", date(value).unwrap_or_default()),
        ValueKind::Timestamp => time("naive", "time", timestamp(value).unwrap_or_default()),
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

fn integer(value: &str) -> Option<i64> {
    number(value)?.parse().ok()
}

/// The digits of a number, without separators, currency signs and percent signs.
fn number(value: &str) -> Option<String> {
    let value = value.trim().trim_matches('%');
    let (sign, digits) = value.strip_prefix('-').map_or(("", value), |digits| ("-", digits));
    let digits: String = digits
        .trim()
        .trim_matches(['$', '€', '£', '¥'])
        .chars()
        .filter(|char| *char != ',')
        .collect();
    let (mantissa, exponent) = digits
        .split_once(['e', 'E'])
        .map_or((digits.as_str(), None), |(mantissa, exponent)| (mantissa, Some(exponent)));
    let (before, after) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let only_digits = |text: &str| text.chars().all(|char| char.is_ascii_digit());
    let exponent_fits = exponent.is_none_or(|exponent| exponent.parse::<i16>().is_ok());
    if !(only_digits(before) && only_digits(after) && exponent_fits)
        || (before.is_empty() && after.is_empty())
    {
        return None;
    }
    let before = match before.trim_start_matches('0') {
        "" => "0",
        before => before,
    };
    let after = if mantissa.contains('.') {
        format!(".{}", if after.is_empty() { "0" } else { after })
    } else {
        String::new()
    };
    Some(format!(
        "{sign}{before}{after}{}",
        exponent.map(|exponent| format!("e{exponent}")).unwrap_or_default()
    ))
}

fn date(value: &str) -> Option<String> {
    let day = NaiveDate::parse_from_str(value.trim(), "%Y-%m-%d").ok()?;
    (value.trim().find('-') == Some(4)).then(|| day.format("%Y-%m-%d").to_string())
}

/// The time in UTC if the value has an offset; else the unchanged value.
fn timestamp(value: &str) -> Option<String> {
    let value = value.trim();
    let naive = ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M"];
    let at = naive.iter().find_map(|format| NaiveDateTime::parse_from_str(value, format).ok());
    let at = at.or_else(|| DateTime::parse_from_rfc3339(value).ok().map(|at| at.naive_utc()))?;
    Some(at.format("%Y-%m-%d %H:%M:%S%.f").to_string())
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
        infer_type(&dialect, None, values.iter().copied()).data_type
    }

    #[test]
    fn the_type_of_a_column_fits_all_its_values() {
        assert_eq!(type_of(&["1", "", "-007"]), "integer");
        assert_eq!(type_of(&["1", "3000000000"]), "bigint");
        assert_eq!(type_of(&["1", "1,234.50", "$2"]), "double precision");
        assert_eq!(type_of(&["2024-09-01", "null"]), "date");
        assert_eq!(type_of(&["2024-09-01 10:00:00", "2024-09-01T10:00:00+02:00"]), "timestamp");
        assert_eq!(type_of(&["True", "false"]), "boolean");
        assert_eq!(type_of(&["true", "1"]), "text");
        assert_eq!(type_of(&["1-800"]), "text");
    }

    #[test]
    fn values_are_written_as_the_engine_reads_them() {
        let literal = |dialect: &str, data_type: &str, value: &str| {
            let dialect = crate::dialect::named(dialect).unwrap();
            let declared = Some(data_type).filter(|data_type| !data_type.is_empty());
            let seed_type = infer_type(&dialect, declared, [value].into_iter());
            literal(&dialect, &seed_type, value).unwrap().0
        };
        assert_eq!(literal("postgres", "", "it's\n\\"), "'it''s\n\\'");
        assert_eq!(literal("bigquery", "", "it's\n\\"), r"'it\'s\n\\'");
        assert_eq!(
            literal("duckdb", "", "2024-09-01T10:00:00+02:00"),
            "timestamp '2024-09-01 08:00:00'"
        );
        assert_eq!(literal("postgres", "numeric(9, 2)", "1.5"), "cast('1.5' as numeric(9, 2))");
        assert_eq!(literal("postgres", "varchar(5)", "007"), "'007'");
    }
}
