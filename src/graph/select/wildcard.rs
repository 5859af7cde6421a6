//! Patterns with `*`, `?` and `[…]`. In names `*` matches any text, including dots and slashes, as
//! in Python's `fnmatch`; in paths it matches up to a slash, and `**` beyond.

use globset::{GlobBuilder, GlobMatcher};

/// A compiled pattern.
pub(super) struct Wildcard {
    text: String,
    /// `None` if the pattern has no wildcard.
    glob: Option<GlobMatcher>,
}

impl Wildcard {
    /// A pattern for names and values.
    pub fn name(text: &str) -> Wildcard {
        Wildcard {
            glob: if is_pattern(text) { glob(&text.replace("**", "*"), false) } else { None },
            text: text.into(),
        }
    }

    /// A pattern for paths; a leading `./` and a trailing `/` are ignored.
    pub fn path(text: &str) -> Wildcard {
        let text = text.replace('\\', "/");
        let text = text.trim_start_matches("./").trim_end_matches('/');
        Wildcard { glob: if is_pattern(text) { glob(text, true) } else { None }, text: text.into() }
    }

    pub fn matches(&self, text: &str) -> bool {
        self.glob.as_ref().map_or(self.text == text, |glob| glob.is_match(text))
    }

    /// Whether it matches the path or one of its parent folders.
    pub fn matches_within(&self, path: &str) -> bool {
        let ends = path.match_indices('/').map(|(end, _)| end).chain([path.len()]);
        self.text == "." || ends.into_iter().any(|end| self.matches(&path[..end]))
    }
}

/// Whether the text has a wildcard.
pub(super) fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '[', ']'])
}

/// Whether the text is a valid pattern; `[z-a]` is not.
pub(super) fn is_valid(text: &str) -> bool {
    glob(text, false).is_some()
}

fn glob(text: &str, separated: bool) -> Option<GlobMatcher> {
    // In globset a brace starts a list of alternatives; in dbt it is an ordinary character.
    let text = text.replace('{', "[{]").replace('}', "[}]");
    let glob = GlobBuilder::new(&text)
        .literal_separator(separated)
        .backslash_escape(false)
        .allow_unclosed_class(true)
        .build();
    glob.ok().map(|glob| glob.compile_matcher())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_matches_dots_in_names_but_no_slash_in_paths() {
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
            assert_eq!(Wildcard::name(pattern).matches(text), same, "{pattern} {text}");
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
            assert_eq!(Wildcard::path(pattern).matches_within(path), same, "{pattern} {path}");
        }
        assert!(!is_valid("[z-a]"));
    }
}
