//! The templates' environment and its guards: an undefined value stops the rendering, and only what is marked as SQL is written.

use minijinja::{AutoEscape, Environment, Error, ErrorKind, Output, State, UndefinedBehavior, Value};

use crate::diagnostics::Diagnostic;

/// All dialects' files, under their names.
pub fn environment(files: &[(&'static str, &'static str)]) -> Result<Environment<'static>, Diagnostic> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::Custom("sql".into()));
    environment.set_formatter(only_sql);
    for (name, text) in files {
        environment
            .add_template(name, text)
            .map_err(|wrong| Diagnostic::error(format!("the dialect file `{name}.sql` is not a template: {wrong:#}")))?;
    }
    Ok(environment)
}

/// What a macro gave, without the line breaks around it. A line whose only content was an empty argument is left out, with the
/// blank line before it. The author's text is never indented or trimmed: a string in it may span lines.
pub fn tidied(text: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for line in text.split('\n') {
        match line.trim() == EMPTY {
            true if kept.last().is_some_and(|line| line.is_empty()) => drop(kept.pop()),
            true => {}
            false => kept.push(line),
        }
    }
    kept.join("\n").replace(EMPTY, "").trim_matches('\n').trim_end().to_string()
}

/// Written for an empty argument, so that a line of it alone can be left out.
const EMPTY: &str = "\u{F1FFF}";

fn only_sql(out: &mut Output, state: &mut State, value: &Value) -> Result<(), Error> {
    if !value.is_safe() {
        return Err(Error::new(ErrorKind::BadEscape, format!("`{value}` is not SQL (in {})", state.name())));
    }
    let text = value.as_str().unwrap_or_default();
    out.write_str(if text.is_empty() { EMPTY } else { text }).map_err(Error::from)
}
