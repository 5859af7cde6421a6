//! The rules about names: no banned identifier, and no two public types of one name.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;

use super::{check, code};

/// Participles and other words that do not say what a value is.
const BANNED: [&str; 14] = [
    "wrong", "said", "asked", "told", "heard", "doomed", "kept", "strays", "anew", "beside",
    "found", "place", "own", "given",
];

/// Public types that still share their name. Remove a name when it is unique; never add one.
const NOT_YET_UNIQUE: &[&str] = &["Properties"];

/// Comments, string literals, character literals, lifetimes, and identifiers.
static TOKEN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r##"//[^\n]*|/\*(?s:.*?)\*/|b?r#"(?s:.*?)"#|b?r"[^"]*"|b?"(?:\\(?s:.)|[^"\\])*""##,
        r"|b?'(?:\\(?:u\{[^}]*\}|x..|.)|[^'\\\n])'|'[a-z_]\w*|(?P<identifier>[A-Za-z_]\w*)",
    ))
    .expect("a constant pattern")
});

/// The code with an empty line in the place of each comment and string.
pub fn without_texts(text: &str) -> String {
    let keep = |token: &regex::Captures| match token.name("identifier") {
        Some(identifier) => identifier.as_str().to_string(),
        None => "\n".to_string(),
    };
    TOKEN.replace_all(text, keep).into_owned()
}

#[test]
fn identifiers_say_what_a_value_is() {
    check(&format!("no identifier is one of {}", BANNED.join(", ")), |file| {
        if !file.path.starts_with("src/") {
            return vec![];
        }
        let mut lines = Vec::new();
        for token in TOKEN.captures_iter(&file.text) {
            let Some(identifier) = token.name("identifier") else { continue };
            // A field or a function of another module keeps its name until that module is renamed.
            let is_foreign = file.text[..identifier.start()].ends_with(['.', ':']);
            if BANNED.contains(&identifier.as_str()) && !is_foreign {
                let line = file.text[..identifier.start()].matches('\n').count() + 1;
                lines.push(format!("line {line}: `{}`", identifier.as_str()));
            }
        }
        lines
    });
}

#[test]
fn public_types_have_unique_names() {
    let types = Regex::new(
        r"(?m)^ *pub(?:\([^)]*\))? (?:struct|enum|trait|union) (\w+)|^pub(?:\([^)]*\))? type (\w+)",
    )
    .expect("a constant pattern");
    let names = |text: &str| -> Vec<String> {
        let declarations = types.captures_iter(code(text));
        declarations
            .filter_map(|declaration| {
                Some(declaration.get(1).or(declaration.get(2))?.as_str().to_string())
            })
            .collect()
    };
    let mut files: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (path, text) in super::sources().filter(|(path, _)| path.starts_with("src/")) {
        for name in names(&text) {
            files.entry(name).or_default().push(path.clone());
        }
    }
    let shared: Vec<String> = files
        .iter()
        .filter(|(name, paths)| paths.len() > 1 && !NOT_YET_UNIQUE.contains(&name.as_str()))
        .map(|(name, paths)| format!("`{name}` in {}", paths.join(", ")))
        .collect();
    assert!(
        shared.is_empty(),
        "two public types of one name; rename one of them:\n{}",
        shared.join("\n")
    );
    let unique: Vec<&str> = NOT_YET_UNIQUE
        .iter()
        .copied()
        .filter(|name| files.get(*name).is_none_or(|paths| paths.len() < 2))
        .collect();
    assert!(
        unique.is_empty(),
        "names that are unique now; remove them from the list: {}",
        unique.join(", ")
    );
}
