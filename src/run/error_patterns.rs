//! Lists of parts of the clients' error messages: lines of `PROGRAMS: PATTERN`, in lower case.

use super::client_profiles;
use crate::dialect::Dialect;

/// The patterns of a list.
pub struct ErrorPatterns(Vec<(Vec<&'static str>, &'static str)>);

impl ErrorPatterns {
    /// Reads a list. Lines that start with `#` are comments.
    pub fn read(list: &'static str) -> ErrorPatterns {
        let lines = list.lines().map(str::trim);
        let patterns = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        let patterns = patterns.filter_map(|line| line.split_once(": "));
        ErrorPatterns(
            patterns
                .map(|(programs, pattern)| (programs.split(' ').collect(), pattern.trim()))
                .collect(),
        )
    }

    /// Whether a message of a client has one of its patterns. A client of an unknown program may
    /// be a script that starts the dialect's default client.
    pub fn matches(&self, argv: &[String], dialect: &Dialect, message: &str) -> bool {
        let profile = client_profiles::profile(argv)
            .or_else(|| client_profiles::profile(&dialect.client.command));
        let program = profile.map(|(_, program)| program);
        let message = message.to_lowercase();
        self.0.iter().any(|(programs, pattern)| {
            let applies =
                programs.contains(&"*") || program.is_some_and(|name| programs.contains(&name));
            applies && message.lines().any(|line| has_pattern(line, pattern))
        })
    }
}

/// Whether a line has the parts of a pattern in their order.
fn has_pattern(line: &str, pattern: &str) -> bool {
    let mut rest = Some(line);
    for part in pattern.split('*') {
        rest = rest.and_then(|rest| rest.split_once(part)).map(|(_, after)| after);
    }
    rest.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_is_lower_case_and_of_a_known_client() {
        let lists = [include_str!("transient_failures.txt"), include_str!("missing_relations.txt")];
        for list in lists {
            let ErrorPatterns(patterns) = ErrorPatterns::read(list);
            assert!(patterns.len() > 15);
            for (programs, pattern) in patterns {
                assert_eq!(*pattern, pattern.to_lowercase());
                for program in programs {
                    let argv = [program.to_string()];
                    let is_known = client_profiles::profile(&argv).is_some();
                    assert!(program == "*" || is_known, "{program}");
                }
            }
        }
    }

    #[test]
    fn the_parts_of_a_pattern_are_in_order() {
        assert!(has_pattern("error: relation \"a.b\" does not exist", "relation \"*\" does not"));
        assert!(!has_pattern("does not exist: relation \"a\"", "relation \"*\" does not exist"));
        assert!(has_pattern("no such table: a", "no such table:"));
    }
}
