//! Names of columns and relations in the engine's syntax, quoted only where necessary.

use sha2::{Digest, Sha256};

use super::{Dialect, Sql};

/// How the engine folds the case of unquoted names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Case {
    Lower,
    Upper,
    /// The engine stores the case of a name and ignores it in comparisons.
    Ignored,
    /// Names are case-sensitive, quoted or not.
    Exact,
}

/// The name to which the engine folds an unquoted name.
pub fn fold_case(case: Case, name: &str) -> String {
    match case {
        Case::Lower | Case::Ignored => name.to_lowercase(),
        Case::Upper => name.to_uppercase(),
        Case::Exact => name.to_string(),
    }
}

impl Dialect {
    /// A column's name. `quoted`: its author quoted it, so its case is significant.
    pub fn column(&self, name: &str, quoted: bool) -> Sql {
        if quoted || !is_plain(name) {
            return self.quoted(name);
        }
        if self.names.reserved.contains(&name.to_ascii_lowercase()) {
            return match self.names.case {
                Case::Ignored | Case::Exact => self.quoted(name),
                case => self.quoted(&fold_case(case, name)),
            };
        }
        Sql(name.to_string())
    }

    /// Whether two names, each with whether it is quoted, denote the same column.
    pub fn same_column(&self, one: (&str, bool), other: (&str, bool)) -> bool {
        let case = self.names.case;
        let name = |(name, quoted): (&str, bool)| {
            if quoted && case != Case::Ignored { name.to_string() } else { fold_case(case, name) }
        };
        name(one) == name(other)
    }

    /// The expression of an event time: a column name, or any other expression (`meta.sent_at`)
    /// unchanged, as in dbt.
    pub fn event_time(&self, column: &str, quoted: bool) -> Sql {
        if quoted || is_plain(column) {
            self.column(column, quoted)
        } else {
            Sql(column.to_string())
        }
    }

    /// The name in quotes, with its quote characters doubled or escaped.
    pub fn quoted(&self, name: &str) -> Sql {
        let open = self.names.quote;
        let quote = if open == '[' { ']' } else { open };
        let inner = if self.names.quoted_backslash_escapes {
            name.replace('\\', r"\\").replace(quote, &format!("\\{quote}"))
        } else {
            name.replace(quote, &format!("{quote}{quote}"))
        };
        Sql(format!("{open}{}{quote}", super::sql::one_line(&inner)))
    }

    /// `<base>__<suffix>`, within the engine's length limit minus `reserved` bytes for a slot's
    /// value. A longer name is truncated and gets a hash of the base, so it stays unique.
    pub fn limited_name(&self, base: &str, suffix: &str, reserved: usize) -> String {
        let longest = self.names.longest_name;
        let name = format!("{base}__{suffix}");
        if name.len() + reserved <= longest {
            return name;
        }
        let hash = &short_hash(base)[..8];
        let available = longest.saturating_sub(suffix.len() + reserved + hash.len() + 3);
        let mut end = available.min(base.len());
        while !base.is_char_boundary(end) {
            end -= 1;
        }
        format!("{}_{hash}__{suffix}", &base[..end])
    }
}

/// Whether the name is a regular identifier of SQL, which needs no quotes unless it is reserved.
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
    fn names_are_quoted_where_necessary() {
        let column = |dialect: &str, name, quoted| named(dialect).unwrap().column(name, quoted).0;
        assert_eq!(column("postgres", "user_id", false), "user_id");
        assert_eq!(column("postgres", "Order", false), "\"order\"");
        assert_eq!(column("snowflake", "order", false), "\"ORDER\"");
        assert_eq!(column("postgres", "say \"hi\"", true), "\"say \"\"hi\"\"\"");
        assert_eq!(column("bigquery", "größe", false), "`größe`");
        assert_eq!(column("fabric", "a]b", true), "[a]]b]");
    }

    #[test]
    fn long_names_are_truncated_and_stay_unique() {
        let postgres = named("postgres").unwrap();
        let long = "a".repeat(80);
        let one = postgres.limited_name(&long, "batch", 11);
        let other = postgres.limited_name(&format!("{long}b"), "batch", 11);
        assert!(one.len() + 11 <= 63 && one != other, "{one} {other}");
    }
}
