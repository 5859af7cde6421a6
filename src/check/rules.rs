//! The rules, as a table: a code that never changes its meaning, a title, a level, and a page of help in `rules/`.

use crate::diagnostics::Level;

/// What `check` knows to look for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rule {
    pub code: &'static str,
    pub title: &'static str,
    /// The level of its findings, where the project sets none. A finding may be less grave.
    pub level: Level,
    /// Whether the batches' rows are right all the same: what is lost is time and money.
    pub only_costs: bool,
    /// Markdown: what it finds, why that is bad, what to do, when to silence it.
    pub page: &'static str,
}

pub const NO_EVENT_TIME: Rule = stops("BW001", "the output lacks its event time", include_str!("rules/BW001.md"));
pub const LEAVES_WINDOW: Rule = warns("BW002", "a row's event time can leave its window", include_str!("rules/BW002.md"));
pub const NULL_EVENT_TIME: Rule = warns("BW003", "a row's event time can be null", include_str!("rules/BW003.md"));
pub const READ_WHOLE: Rule = costs("BW004", "an input is read whole in every batch", include_str!("rules/BW004.md"));
pub const WINDOW_FUNCTION: Rule = warns("BW005", "a window function ends at the batch's edge", include_str!("rules/BW005.md"));
pub const ONE_OF_EACH: Rule = warns("BW006", "one row of each key is kept in each batch", include_str!("rules/BW006.md"));
pub const GROUPS: Rule = warns("BW007", "a group can lie in several batches", include_str!("rules/BW007.md"));
pub const DISTINCT: Rule = warns("BW008", "rows that are alike can lie in several batches", include_str!("rules/BW008.md"));
pub const LIMIT: Rule = warns("BW009", "a limit counts anew in each batch", include_str!("rules/BW009.md"));
pub const JOIN: Rule = warns("BW010", "a join can miss a partner in another batch", include_str!("rules/BW010.md"));
pub const CLOCK: Rule = warns("BW011", "the clock decides what a batch holds", include_str!("rules/BW011.md"));
pub const CHANCE: Rule = warns("BW012", "chance decides what a batch holds", include_str!("rules/BW012.md"));
pub const OWN_TABLE: Rule = warns("BW013", "the query reads its own table", include_str!("rules/BW013.md"));
pub const IS_INCREMENTAL: Rule = stops("BW014", "an `is_incremental()` block is left over", include_str!("rules/BW014.md"));
pub const DATE_BY_HOURS: Rule = stops("BW015", "a column of dates is cut by hours", include_str!("rules/BW015.md"));
pub const BEGIN: Rule = warns("BW016", "the bounds reach before `begin`", include_str!("rules/BW016.md"));
pub const LATE: Rule = warns("BW017", "rows arrive later than `lookback` reaches", include_str!("rules/BW017.md"));
pub const PARTITIONS: Rule = costs("BW018", "the table's partitions do not fit its batches", include_str!("rules/BW018.md"));
pub const ONE_TABLE: Rule = warns("BW019", "two models may write one table", include_str!("rules/BW019.md"));
pub const ALLOW: Rule = warns("BW020", "an `allow` does not count", include_str!("rules/BW020.md"));
pub const UNPARSED: Rule = warns("BW021", "the query was not checked", include_str!("rules/BW021.md"));
pub const MOVES: Rule = warns("BW022", "the text changes at each compile", include_str!("rules/BW022.md"));

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

/// The rule of a code, in any case.
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
    fn every_page_says_what_and_why_and_what_to_do() {
        for rule in RULES {
            assert!(rule.page.starts_with(&format!("# {}: {}\n", rule.code, rule.title)), "the first line of {} is its title", rule.code);
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
            assert_eq!(beyond.lines().filter(|line| line.starts_with("- ")).count(), 3, "{} names three shapes", rule.code);
            assert!(rule.page.contains("\n    "), "{} shows no example", rule.code);
            assert!(rule.page.lines().count() <= 40, "{} is more than a page", rule.code);
        }
    }

    #[test]
    fn codes_stand_in_order() {
        let codes: Vec<String> = (1..=RULES.len()).map(|number| format!("BW{number:03}")).collect();
        assert_eq!(RULES.iter().map(|rule| rule.code).collect::<Vec<_>>(), codes);
        assert_eq!(rule("bw004"), Some(READ_WHOLE));
    }
}
