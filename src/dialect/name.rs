//! Names of columns and tables as the engine writes them: quoted where it must be, and only there.

use sha2::{Digest, Sha256};

use super::{Dialect, Sql};
use crate::diagnostics::Diagnostic;

/// How the engine folds a name that is not quoted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Case {
    Lower,
    Upper,
    /// The engine keeps and ignores case.
    Ignored,
    /// A name is what is written, quoted or not.
    Kept,
}

/// What the engine understands under a name that is not quoted.
pub fn folded(case: Case, name: &str) -> String {
    match case {
        Case::Lower | Case::Ignored => name.to_lowercase(),
        Case::Upper => name.to_uppercase(),
        Case::Kept => name.to_string(),
    }
}

impl Dialect {
    /// A column's name. `quoted` says that its author quoted it, so that its case counts.
    pub fn column(&self, name: &str, quoted: bool) -> Result<Sql, Diagnostic> {
        if quoted || !is_plain(name) {
            return self.quoted(name);
        }
        if self.reserved.contains(&name.to_ascii_lowercase()) {
            return match self.property("case")? {
                Case::Ignored | Case::Kept => self.quoted(name),
                case => self.quoted(&folded(case, name)),
            };
        }
        Ok(Sql(name.to_string()))
    }

    /// Whether two column names are one to the engine.
    pub fn same_column(&self, one: (&str, bool), other: (&str, bool)) -> Result<bool, Diagnostic> {
        let case: Case = self.property("case")?;
        let name = |(name, quoted): (&str, bool)| {
            if quoted && case != Case::Ignored { name.to_string() } else { folded(case, name) }
        };
        Ok(name(one) == name(other))
    }

    /// The column that says when a row happened. dbt pastes what its author wrote, so more than a
    /// name (`meta.sent_at`) stays as it is.
    pub fn event_time(&self, column: &str, quoted: bool) -> Result<Sql, Diagnostic> {
        if quoted || is_plain(column) {
            self.column(column, quoted)
        } else {
            Ok(Sql(column.to_string()))
        }
    }

    /// The name in quotes, with the quotes inside of it doubled or escaped.
    pub fn quoted(&self, name: &str) -> Result<Sql, Diagnostic> {
        let open: char = self.property("quote")?;
        let quote = if open == '[' { ']' } else { open };
        let backslash: bool = self.property("quoted_backslash_escapes")?;
        let inner = if backslash {
            name.replace('\\', r"\\").replace(quote, &format!("\\{quote}"))
        } else {
            name.replace(quote, &format!("{quote}{quote}"))
        };
        Ok(Sql(format!("{open}{}{quote}", super::sql::one_line(&inner))))
    }

    /// `<base>__<suffix>`, no longer than the engine allows (`room` further characters are kept
    /// free for what is stamped in later): a name that is too long is cut and gets a hash of
    /// itself, so that two long names stay two.
    pub fn fitting(&self, base: &str, suffix: &str, room: usize) -> Result<String, Diagnostic> {
        let longest: usize = self.property("longest_name")?;
        let whole = format!("{base}__{suffix}");
        if whole.len() + room <= longest {
            return Ok(whole);
        }
        let hash = &short_hash(base)[..8];
        let keep = longest.saturating_sub(suffix.len() + room + hash.len() + 3);
        let mut end = keep.min(base.len());
        while !base.is_char_boundary(end) {
            end -= 1;
        }
        Ok(format!("{}_{hash}__{suffix}", &base[..end]))
    }
}

/// Whether the name needs no quotes by its letters: SQL's regular identifier.
fn is_plain(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.chars().all(|char| char.is_ascii_alphanumeric() || char == '_')
}

/// The first 16 hexadecimal digits of the text's SHA-256.
pub fn short_hash(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::super::named;

    #[test]
    fn names_are_quoted_where_they_must_be() {
        let column =
            |dialect: &str, name, quoted| named(dialect).unwrap().column(name, quoted).unwrap().0;
        assert_eq!(column("postgres", "user_id", false), "user_id");
        assert_eq!(column("postgres", "Order", false), "\"order\"");
        assert_eq!(column("snowflake", "order", false), "\"ORDER\"");
        assert_eq!(column("postgres", "say \"hi\"", true), "\"say \"\"hi\"\"\"");
        assert_eq!(column("bigquery", "größe", false), "`größe`");
        assert_eq!(column("fabric", "a]b", true), "[a]]b]");
    }

    #[test]
    fn long_names_are_cut_and_stay_apart() {
        let postgres = named("postgres").unwrap();
        let long = "a".repeat(80);
        let one = postgres.fitting(&long, "batch", 11).unwrap();
        let other = postgres.fitting(&format!("{long}b"), "batch", 11).unwrap();
        assert!(one.len() + 11 <= 63 && one != other, "{one} {other}");
    }
}
