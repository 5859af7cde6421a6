//! Patterns with `*`, `?` and `[…]`. Takes a pattern and a text; says whether they match. In names `*` stands for anything,
//! dots and slashes included; in paths it ends at a slash, and `**` does not.

use globset::{GlobBuilder, GlobMatcher};

/// Whether the pattern has anything in it that is not taken as it stands.
pub(super) fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '[', ']'])
}

/// Whether the pattern is one; `[z-a]` is none.
pub(super) fn is_valid(pattern: &str) -> bool {
    matcher(&plain_braces(pattern), false).is_some()
}

pub(super) fn matches(pattern: &str, text: &str) -> bool {
    if !is_pattern(pattern) {
        return pattern == text;
    }
    let single_stars = plain_braces(pattern).replace("**", "*");
    matcher(&single_stars, false).is_some_and(|found| found.is_match(text))
}

/// Whether the pattern matches the path or one of the folders above it.
pub(super) fn matches_path(pattern: &str, path: &str) -> bool {
    let pattern = pattern.replace('\\', "/");
    let pattern = pattern.trim_start_matches("./").trim_end_matches('/');
    let ends = path.match_indices('/').map(|(end, _)| end).chain([path.len()]);
    let mut above = ends.map(|end| &path[..end]);
    if pattern == "." {
        return true;
    }
    if !is_pattern(pattern) {
        return above.any(|folder| folder == pattern);
    }
    let Some(found) = matcher(&plain_braces(pattern), true) else { return false };
    above.any(|folder| found.is_match(folder))
}

fn matcher(pattern: &str, separated: bool) -> Option<GlobMatcher> {
    let glob = GlobBuilder::new(pattern).literal_separator(separated).backslash_escape(false).allow_unclosed_class(true).build();
    glob.ok().map(|glob| glob.compile_matcher())
}

/// A brace is a letter like any other to dbt, but a choice to globset.
fn plain_braces(pattern: &str) -> String {
    pattern.replace('{', "[{]").replace('}', "[}]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_crosses_dots_in_names_and_no_slash_in_paths() {
        for (pattern, text, same) in [
            ("stg_*", "stg_orders", true),
            ("shop.*", "shop.a.b", true),
            ("**", "a.b", true),
            ("stg_?", "stg_ab", false),
            ("[ab]c", "bc", true),
            ("{a,b}", "a", false),
            ("a[", "a[", true),
            ("A", "a", false),
        ] {
            assert_eq!(matches(pattern, text), same, "{pattern} {text}");
        }
        for (pattern, path, same) in [
            ("models/marts", "models/marts/a.sql", true),
            ("./models/marts/", "models/marts/a.sql", true),
            ("models/mar", "models/marts/a.sql", false),
            ("models/*.sql", "models/marts/a.sql", false),
            ("models/**/a.sql", "models/x/y/a.sql", true),
            ("models/**", "models/x/y/a.sql", true),
            ("models/*", "models/x/y/a.sql", true),
            ("models\\marts", "models/marts/a.sql", true),
        ] {
            assert_eq!(matches_path(pattern, path), same, "{pattern} {path}");
        }
        assert!(!is_valid("[z-a]"));
    }
}
