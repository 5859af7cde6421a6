//! Queries with one text per row, which every client prints unchanged: a start, then the values
//! with `;` before and after each.

use crate::diagnostics::Diagnostic;
use crate::dialect::{Dialect, Sql};
use crate::result_rows::ESCAPED;

/// The text of a row.
pub(super) fn line(dialect: &Dialect, start: &str, values: &[Sql]) -> Sql {
    let [before, between, after] = &dialect.syntax.concatenation;
    let mut parts = vec![dialect.string(&format!("{start};")).0];
    for value in values {
        parts.push(value.0.clone());
        parts.push(dialect.string(";").0);
    }
    Sql(format!("{before}{}{after}", parts.join(between)))
}

/// A text with escape sequences for the characters that clients change.
pub(super) fn escaped(dialect: &Dialect, text: &Sql) -> Result<Sql, Diagnostic> {
    let mut text = text.clone();
    for char in ESCAPED {
        let old = dialect.string(&char.to_string());
        let old = match char {
            '\\' => dialect.sql("backslash", &[("text", old.value())])?,
            '\'' => dialect.sql("apostrophe", &[("text", old.value())])?,
            _ => old,
        };
        let arguments = [
            ("text", text.value()),
            ("old", old.value()),
            ("new", dialect.string(&format!("%{:02X}", u32::from(char))).value()),
        ];
        text = dialect.sql("ledger_replace", &arguments)?;
    }
    Ok(text)
}

/// A value as text.
pub(super) fn as_text(dialect: &Dialect, value: &Sql) -> Result<Sql, Diagnostic> {
    let data_type = Sql(dialect.ledger.ledger_types.text.clone());
    dialect.sql("ledger_as_text", &[("value", value.value()), ("type", data_type.value())])
}
