//! Patterns with `*`, `?` and `[…]`. Takes a pattern and a text; says whether they match. In names `*` stands for anything,
//! dots and slashes included, as in Python's `fnmatch`; in paths it ends at a slash, and `**` does not.

use globset::{GlobBuilder, GlobMatcher};

/// A pattern, compiled once for all the texts it is held against.
pub(super) struct Pattern {
    text: String,
    /// Only if there is anything in it that is not taken as it stands.
    glob: Option<GlobMatcher>,
}

impl Pattern {
    /// For names and values.
    pub fn name(text: &str) -> Pattern {
        Pattern { glob: if is_pattern(text) { glob(&text.replace("**", "*"), false) } else { None }, text: text.into() }
    }

    /// For paths; `./` before it and `/` behind it mean nothing.
    pub fn path(text: &str) -> Pattern {
        let text = text.replace('\\', "/");
        let text = text.trim_start_matches("./").trim_end_matches('/');
        Pattern { glob: if is_pattern(text) { glob(text, true) } else { None }, text: text.into() }
    }

    pub fn matches(&self, text: &str) -> bool {
        self.glob.as_ref().map_or(self.text == text, |glob| glob.is_match(text))
    }

    /// Whether it matches the path or one of the folders above it.
    pub fn matches_within(&self, path: &str) -> bool {
        let ends = path.match_indices('/').map(|(end, _)| end).chain([path.len()]);
        self.text == "." || ends.into_iter().any(|end| self.matches(&path[..end]))
    }
}

/// Whether the text has anything in it that is not taken as it stands.
pub(super) fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '[', ']'])
}

/// Whether the text can be held against others; `[z-a]` cannot.
pub(super) fn is_valid(text: &str) -> bool {
    glob(text, false).is_some()
}

fn glob(text: &str, separated: bool) -> Option<GlobMatcher> {
    // A brace is a letter like any other to dbt, but a choice to globset.
    let text = text.replace('{', "[{]").replace('}', "[}]");
    let glob = GlobBuilder::new(&text).literal_separator(separated).backslash_escape(false).allow_unclosed_class(true).build();
    glob.ok().map(|glob| glob.compile_matcher())
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
            assert_eq!(Pattern::name(pattern).matches(text), same, "{pattern} {text}");
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
            assert_eq!(Pattern::path(pattern).matches_within(path), same, "{pattern} {path}");
        }
        assert!(!is_valid("[z-a]"));
    }
}
