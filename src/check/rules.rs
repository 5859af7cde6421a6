//! The table of rules: a stable code, a title, a default level, and a help page in `rules/`.

use crate::diagnostics::Level;

/// A rule of `check`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rule {
    pub code: &'static str,
    pub title: &'static str,
    /// The default level of its findings; a finding may have a lower one.
    pub level: Level,
    /// Whether the rows of the batches are correct, and only cost is affected.
    pub only_costs: bool,
    /// Its help page in Markdown.
    pub page: &'static str,
}

pub const NO_EVENT_TIME: Rule =
    stops("BW001", "the output lacks its event time", include_str!("rules/BW001.md"));
pub const LEAVES_WINDOW: Rule =
    warns("BW002", "a row's event time can leave its window", include_str!("rules/BW002.md"));
pub const NULL_EVENT_TIME: Rule =
    warns("BW003", "a row's event time can be null", include_str!("rules/BW003.md"));
pub const READ_WHOLE: Rule =
    costs("BW004", "every batch reads all rows of an input", include_str!("rules/BW004.md"));
pub const WINDOW_FUNCTION: Rule =
    warns("BW005", "a window function ends at the batch's edge", include_str!("rules/BW005.md"));
pub const ONE_OF_EACH: Rule =
    warns("BW006", "each batch keeps one row per key", include_str!("rules/BW006.md"));
pub const GROUPS: Rule =
    warns("BW007", "a group can span several batches", include_str!("rules/BW007.md"));
pub const DISTINCT: Rule =
    warns("BW008", "equal rows can be in several batches", include_str!("rules/BW008.md"));
pub const LIMIT: Rule =
    warns("BW009", "a limit applies to each batch separately", include_str!("rules/BW009.md"));
pub const JOIN: Rule =
    warns("BW010", "a join can miss a match in another batch", include_str!("rules/BW010.md"));
pub const CLOCK: Rule =
    warns("BW011", "the content of a batch depends on the clock", include_str!("rules/BW011.md"));
pub const CHANCE: Rule =
    warns("BW012", "the content of a batch is random", include_str!("rules/BW012.md"));
pub const OWN_TABLE: Rule =
    warns("BW013", "the query reads its own table", include_str!("rules/BW013.md"));
pub const IS_INCREMENTAL: Rule =
    stops("BW014", "an obsolete `is_incremental()` block", include_str!("rules/BW014.md"));
pub const DATE_BY_HOURS: Rule =
    stops("BW015", "a date column is filtered by hours", include_str!("rules/BW015.md"));
pub const BEGIN: Rule =
    warns("BW016", "the bounds start before `begin`", include_str!("rules/BW016.md"));
pub const LATE: Rule =
    warns("BW017", "rows arrive later than `lookback` reaches", include_str!("rules/BW017.md"));
pub const PARTITIONS: Rule =
    costs("BW018", "the table's partitions do not fit its batches", include_str!("rules/BW018.md"));
pub const ONE_TABLE: Rule =
    warns("BW019", "two models may write one table", include_str!("rules/BW019.md"));
pub const ALLOW: Rule = warns("BW020", "an `allow` has no effect", include_str!("rules/BW020.md"));
pub const UNPARSED: Rule =
    warns("BW021", "the query was not checked", include_str!("rules/BW021.md"));
pub const MOVES: Rule =
    warns("BW022", "the SQL changes at each compile", include_str!("rules/BW022.md"));

/// All rules, by code.
pub const RULES: &[Rule] = &[
    NO_EVENT_TIME,
    LEAVES_WINDOW,
    NULL_EVENT_TIME,
    READ_WHOLE,
    WINDOW_FUNCTION,
    ONE_OF_EACH,
    GROUPS,
    DISTINCT,
    LIMIT,
    JOIN,
    CLOCK,
    CHANCE,
    OWN_TABLE,
    IS_INCREMENTAL,
    DATE_BY_HOURS,
    BEGIN,
    LATE,
    PARTITIONS,
    ONE_TABLE,
    ALLOW,
    UNPARSED,
    MOVES,
];

/// Finds a rule by its code, ignoring case.
pub fn rule(code: &str) -> Option<Rule> {
    RULES.iter().copied().find(|rule| rule.code.eq_ignore_ascii_case(code))
}

const fn stops(code: &'static str, title: &'static str, page: &'static str) -> Rule {
    Rule { code, title, level: Level::Error, only_costs: false, page }
}

const fn warns(code: &'static str, title: &'static str, page: &'static str) -> Rule {
    Rule { code, title, level: Level::Warning, only_costs: false, page }
}

const fn costs(code: &'static str, title: &'static str, page: &'static str) -> Rule {
    Rule { code, title, level: Level::Warning, only_costs: true, page }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_has_all_sections() {
        for rule in RULES {
            assert!(
                rule.page.starts_with(&format!("# {}: {}\n", rule.code, rule.title)),
                "the first line of {} is its title",
                rule.code
            );
            for part in [
                "\n## What it finds\n",
                "\n## Why that is bad\n",
                "\n## What to do\n",
                "\n## When to silence it\n",
                "\n## What it does not see\n",
            ] {
                assert!(rule.page.contains(part), "{} has no part {part:?}", rule.code);
            }
            let beyond = rule.page.split("\n## What it does not see\n").nth(1).unwrap_or_default();
            assert_eq!(
                beyond.lines().filter(|line| line.starts_with("- ")).count(),
                3,
                "{} lists three limitations",
                rule.code
            );
            assert!(rule.page.contains("\n    "), "{} shows no example", rule.code);
            assert!(rule.page.lines().count() <= 40, "{} is more than a page", rule.code);
        }
    }

    #[test]
    fn codes_are_in_order() {
        let codes: Vec<String> = (1..=RULES.len()).map(|number| format!("BW{number:03}")).collect();
        assert_eq!(RULES.iter().map(|rule| rule.code).collect::<Vec<_>>(), codes);
        assert_eq!(rule("bw004"), Some(READ_WHOLE));
    }
}
