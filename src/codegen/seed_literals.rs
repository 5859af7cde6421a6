//! The values of a seed as literals of the columns' types.

use std::collections::BTreeMap;

use minijinja::Value as Argument;

use crate::config::seed_values::{any_timestamp, boolean, date, is_null, number};
use crate::config::{SeedType, SeedValueKind};
use crate::diagnostics::Diagnostic;
use crate::dialect::{Dialect, Sql};

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
    let keeps_word = seed_type.value_kind == SeedValueKind::Text && !dialect.builds.seed_null_word;
    if is_null(value) && (value.is_empty() || !keeps_word) {
        return dialect.sql("null_value", &[]);
    }
    let time = |name: &str, key: &str, text: String| {
        let at = Argument::from(BTreeMap::from([(key, Argument::from_safe_string(text))]));
        dialect.sql(name, &[("at", at)])
    };
    match seed_type.value_kind {
        SeedValueKind::Integer => {
            Ok(Sql(number(value).and_then(|number| number.whole()).unwrap_or_default()))
        }
        SeedValueKind::Number => {
            Ok(Sql(number(value).map(|number| number.text).unwrap_or_default()))
        }
        SeedValueKind::Date => time("date", "date", date(value).unwrap_or_default()),
        SeedValueKind::Timestamp => time("naive", "time", any_timestamp(value).unwrap_or_default()),
        SeedValueKind::Boolean => {
            let [yes, no] = &dialect.syntax.truths;
            Ok(Sql(if boolean(value) == Some(true) { yes } else { no }.clone()))
        }
        SeedValueKind::Text => Ok(dialect.text(value)),
        SeedValueKind::Declared => {
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
    use crate::config::seed_type_of;

    #[test]
    fn values_are_written_as_the_engine_reads_them() {
        let literal = |dialect: &str, data_type: &str, value: &str| {
            let dialect = crate::dialect::named(dialect).unwrap();
            let declared = Some(data_type).filter(|data_type| !data_type.is_empty());
            let seed_type = seed_type_of(&dialect, declared, &[value]);
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
