//! Escapes texts of the project and of the command line for the language of an exported file, and
//! refuses those that the file's reader would take for code.

use minijinja::{Environment, Error, ErrorKind, Output, State, Value};

use super::{ExportRequest, ExportTarget, ExportedPlan};
use crate::diagnostics::Diagnostic;

/// Refuses names and arguments that the target cannot hold as plain text.
pub fn refuse_unreadable(request: &ExportRequest, plan: &ExportedPlan) -> Result<(), Diagnostic> {
    let (openings, reader): (&[&str], &str) = match request.target {
        ExportTarget::Airflow => (&["{{", "{%", "{#"], "Airflow reads it as a template"),
        ExportTarget::Argo => (&["{{"], "Argo reads it as a parameter"),
        ExportTarget::Github => (&["${{"], "GitHub reads it as an expression"),
        ExportTarget::Json | ExportTarget::Dagster | ExportTarget::Make => (&[], ""),
    };
    let files = plan.shards.iter().flat_map(|shard| &shard.steps).map(|step| &step.file);
    let words = request.run_flags.iter().chain(&request.client).chain(&request.workdir);
    for word in words.chain(files) {
        if request.target != ExportTarget::Json && word.chars().any(breaks_lines) {
            return Err(Diagnostic::error(format!(
                "`{}` has a line break or a control character, which a file for {} cannot have",
                word.escape_debug(),
                request.target.as_str()
            ))
            .hint("use another name, or `batchwright export json`"));
        }
        if let Some(opening) = openings.iter().find(|opening| word.contains(**opening)) {
            return Err(Diagnostic::error(format!("`{word}` cannot be exported"))
                .note(format!("it has `{opening}`: {reader}"))
                .hint("use another name, or put the client's command into a script"));
        }
    }
    Ok(())
}

/// Whether a character ends a line in one of the languages, or is not allowed in it.
fn breaks_lines(char: char) -> bool {
    char.is_control() || matches!(char, '\u{2028}' | '\u{2029}' | '\u{feff}')
}

/// Adds the filters. A text without a filter is an error.
pub fn add_filters(environment: &mut Environment) {
    environment.set_formatter(only_escaped);
    environment.add_filter("python", |text: &str| safe(json(text)));
    environment.add_filter("yaml", |text: &str| safe(yaml(text)));
    environment.add_filter("comment", |text: &str| safe(comment(text)));
    environment.add_filter("sh", |text: &str| safe(sh(text)));
    environment.add_filter("recipe", |text: &str| safe(recipe(text)));
    environment.add_filter("name", |text: &str| safe(name(text)));
    environment.add_filter("word", word);
    environment.add_filter("upper_word", |text: &str| word(&text.to_ascii_uppercase()));
    environment.add_filter("script", |text: &str| safe(text.to_string()));
    environment.add_filter("numbers", numbers);
    environment.add_filter("dashes", |text: &str| safe(name(text).replace('_', "-")));
}

fn safe(text: String) -> Value {
    Value::from_safe_string(text)
}

/// Writes numbers, and texts that a filter has escaped.
fn only_escaped(out: &mut Output, _: &mut State, value: &Value) -> Result<(), Error> {
    if value.is_number() || value.is_safe() {
        return write!(out, "{value}").map_err(Error::from);
    }
    Err(Error::new(ErrorKind::BadEscape, format!("`{value}` is not escaped")))
}

/// A word of the program, not of the user: letters, digits and underscores.
fn word(text: &str) -> Result<Value, Error> {
    if text.chars().all(|char| char.is_ascii_alphanumeric() || char == '_') {
        return Ok(safe(text.to_string()));
    }
    Err(Error::new(ErrorKind::BadEscape, format!("`{text}` is not a word")))
}

/// Numbers with a text between them.
fn numbers(numbers: Vec<usize>, between: &str) -> Value {
    let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
    safe(numbers.join(between))
}

/// A JSON string, which is also a string of Python.
fn json(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A YAML string: plain if no reader could take it for something else, else a JSON string, which is
/// also a double-quoted string of YAML.
fn yaml(text: &str) -> String {
    let is_plain = text.starts_with(|char: char| char.is_ascii_lowercase())
        && text.chars().all(|char| char.is_ascii_alphanumeric() || "-_/.".contains(char))
        && !["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(&text);
    if is_plain { text.to_string() } else { json(text) }
}

/// Text in a comment: characters that could end it are replaced.
fn comment(text: &str) -> String {
    text.chars()
        .map(
            |char| {
                if char.is_ascii_alphanumeric() || "_-. ,/:`".contains(char) { char } else { '?' }
            },
        )
        .collect()
}

/// An argument in a command line of a POSIX shell. Only a NUL byte cannot be quoted, which is
/// refused before.
pub fn sh(text: &str) -> String {
    shlex::try_quote(text).map(|quoted| quoted.into_owned()).unwrap_or_default()
}

/// A shell command in a recipe of a Makefile.
fn recipe(command: &str) -> String {
    let dollars = command.replace('$', "$$");
    // `@`, `-` and `+` before a command change how make runs it.
    match dollars.strip_prefix(['@', '-', '+']) {
        Some(rest) => format!("'{}'{rest}", &dollars[..1]),
        None => dollars,
    }
}

/// An identifier of the letters, digits and underscores of a name.
pub fn name(text: &str) -> String {
    let plain =
        |char: char| if char.is_ascii_alphanumeric() { char.to_ascii_lowercase() } else { '_' };
    let name: String = text.chars().map(plain).collect();
    let name = name.trim_matches('_');
    if name.starts_with(|char: char| char.is_ascii_lowercase()) {
        name.to_string()
    } else {
        format!("plan_{name}").trim_end_matches('_').to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_stay_texts() {
        assert_eq!(yaml("shop/orders.sql"), "shop/orders.sql");
        for text in ["yes", "null", "1.0", "- a", "a: b", "a #b", "a\"b", "", "*a", "~", "0x1"] {
            assert_eq!(serde_yaml::from_str::<String>(&yaml(text)).unwrap(), text);
        }
        assert_eq!(comment("a*\\\n# b\"\"\""), "a???? b???");
        assert_eq!(sh("a b$c"), "'a b$c'");
        assert_eq!(recipe("psql -d '$x'"), "psql -d '$$x'");
        assert_eq!(recipe("@psql"), "'@'psql");
        assert_eq!(name("My Shop-2"), "my_shop_2");
        assert_eq!(name("2024"), "plan_2024");
        assert_eq!(name("'"), "plan");
    }

    #[test]
    fn a_text_without_a_filter_is_an_error() {
        let mut environment = Environment::new();
        add_filters(&mut environment);
        let render = |template: &str| {
            environment.render_str(template, minijinja::context! { text => "x$y" })
        };
        assert!(render("{{ text }}").is_err());
        assert!(render("{{ text | word }}").is_err());
        assert_eq!(render("{{ text | python }} {{ 3 }}").unwrap(), "\"x$y\" 3");
    }
}
