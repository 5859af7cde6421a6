//! Splits a dialect file into its properties, macros and imports. A file has only these blocks,
//! with comments between them:
//!
//! ```jinja
//! {% set name = value %}
//! {% macro name(arguments) %} … {% endmacro %}
//! {% from "mysql.sql" import name, name %}
//! ```

use std::collections::BTreeMap;

use minijinja::{Environment, Value};

use super::template::SqlMacro;

/// The content of a dialect file.
#[derive(Debug, Default)]
pub struct DialectFile {
    pub properties: BTreeMap<&'static str, Value>,
    pub macros: BTreeMap<&'static str, SqlMacro>,
    /// The macros of other files that this dialect uses: by name, the file.
    pub imports: BTreeMap<&'static str, &'static str>,
}

/// Parses a dialect file; the error is a reason without the file's name.
pub fn parse(text: &'static str) -> Result<DialectFile, String> {
    let environment = Environment::empty();
    let mut file = DialectFile::default();
    for block in blocks(text) {
        let (name, is_new) = match block? {
            Block::Set { name, value } => {
                let value = environment.compile_expression(value);
                let value = value.and_then(|value| value.eval(()));
                let value = value.map_err(|error| format!("`{name}` has no value: {error:#}"))?;
                (name, file.properties.insert(name, value).is_none())
            }
            Block::Macro { name, arguments, body } => {
                let sql_macro = SqlMacro::parse(name, arguments, body)?;
                (name, file.macros.insert(name, sql_macro).is_none())
            }
            Block::Import { from, names } => {
                for name in names {
                    file.imports.insert(name, from);
                }
                continue;
            }
        };
        if !is_new {
            return Err(format!("`{name}` occurs twice"));
        }
    }
    match file.imports.keys().find(|name| file.macros.contains_key(*name)) {
        Some(name) => Err(format!("`{name}` is imported, and the file has a macro of this name")),
        None => Ok(file),
    }
}

/// The macro of this name in a dialect file. The rest of the file is not parsed.
pub fn parse_macro(text: &'static str, wanted: &str) -> Result<Option<SqlMacro>, String> {
    for block in blocks(text) {
        match block? {
            Block::Macro { name, arguments, body } if name == wanted => {
                return SqlMacro::parse(name, arguments, body).map(Some);
            }
            _ => {}
        }
    }
    Ok(None)
}

enum Block {
    Set { name: &'static str, value: &'static str },
    Macro { name: &'static str, arguments: &'static str, body: &'static str },
    Import { from: &'static str, names: Vec<&'static str> },
}

/// The blocks of a file, up to the first error.
fn blocks(text: &'static str) -> impl Iterator<Item = Result<Block, String>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let block = next_block(&mut rest).transpose();
        if let Some(Err(_)) = block {
            rest = "";
        }
        block
    })
}

/// Removes the next block from the text, with the comments before it.
fn next_block(rest: &mut &'static str) -> Result<Option<Block>, String> {
    loop {
        *rest = rest.trim_start();
        if rest.is_empty() {
            return Ok(None);
        }
        if rest.starts_with("{#") {
            cut(rest, "#}")?;
            continue;
        }
        let tag = cut(rest, "%}")?;
        let invalid = || format!("expected a comment, `set`, `macro` or `from … import`: `{tag}`");
        let content = tag.strip_prefix("{%").ok_or_else(invalid)?.trim();
        let (keyword, content) = content.split_once(' ').ok_or_else(invalid)?;
        let block = match keyword {
            "set" => content
                .split_once('=')
                .map(|(name, value)| Block::Set { name: name.trim(), value: value.trim() }),
            "macro" => {
                let signature =
                    content.trim().strip_suffix(')').and_then(|content| content.split_once('('));
                let body = cut(rest, "{% endmacro %}")?;
                signature.map(|(name, arguments)| Block::Macro {
                    name: name.trim(),
                    arguments,
                    body,
                })
            }
            "from" => content.split_once(" import ").map(|(from, names)| Block::Import {
                from: from.trim().trim_matches('"'),
                names: names.split(',').map(str::trim).collect(),
            }),
            _ => None,
        };
        return block.ok_or_else(invalid).map(Some);
    }
}

/// Removes the text up to `end` and `end` itself; the text without `end`.
fn cut(rest: &mut &'static str, end: &str) -> Result<&'static str, String> {
    let (before, after) = rest
        .split_once(end)
        .ok_or_else(|| format!("`{}` has no `{end}`", rest.lines().next().unwrap_or_default()))?;
    *rest = after;
    Ok(before)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_properties_macros_and_imports() {
        let file = parse(
            "{# a comment: {% set no = 1 %} #}\n{% set like = none %}{% set words = [\"=\",\n 'b'] \
             %}\n{% from \"mysql.sql\" import undo, publish %}\n{% macro m(a, b) %}\n{{ b }}\n{% \
             endmacro %}\n",
        )
        .unwrap();
        assert!(file.properties["like"].is_none());
        assert_eq!(file.properties["words"].to_string(), "['=', 'b']");
        assert_eq!(file.properties.len(), 2);
        assert!(file.macros.keys().eq(&["m"]));
        assert!(file.imports.iter().eq([(&"publish", &"mysql.sql"), (&"undo", &"mysql.sql")]));
    }

    #[test]
    fn other_content_is_rejected() {
        for (text, reason) in [
            ("{% set a = 1 %}{% set a = 2 %}", "`a` occurs twice"),
            ("{% set a = [1 %}", "`a` has no value"),
            ("{% set a = b %}{% if a %}{% endif %}", "expected a comment, `set`"),
            ("text", "`text` has no `%}`"),
            ("{% macro m() %}select", "`select` has no `{% endmacro %}`"),
            ("{# a", "`{# a` has no `#}`"),
            (
                "{% from \"mysql.sql\" import m %}{% macro m() %}{% endmacro %}",
                "`m` is imported, and the file has a macro of this name",
            ),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.starts_with(reason), "{error}");
        }
    }
}
