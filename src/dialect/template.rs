//! The templates' environment and its guards: an undefined value stops the rendering, and only what is marked as SQL is written.

use std::collections::BTreeMap;

use minijinja::{AutoEscape, Environment, Error, ErrorKind, Output, State, UndefinedBehavior, Value};

use crate::diagnostics::Diagnostic;

/// An environment without templates.
pub fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::Custom("sql".into()));
    environment.set_formatter(only_sql);
    environment
}

/// What a file holds: facts as JSON, and macros with the names of their arguments.
#[derive(Default)]
pub struct Contents {
    pub facts: BTreeMap<String, serde_json::Value>,
    pub macros: BTreeMap<String, Vec<String>>,
}

/// Adds a file to the environment, and tells what is in it.
pub fn contents(environment: &mut Environment<'static>, name: &'static str, text: &'static str) -> Result<Contents, Diagnostic> {
    let said = |wrong: Error| Diagnostic::error(format!("the dialect file `{name}.sql` is not a template: {wrong:#}"));
    environment.add_template(name, text).map_err(said)?;
    let captured = environment.get_template(name).and_then(|template| template.render_captured(())).map_err(said)?;
    let state = captured.state();
    let mut contents = Contents::default();
    let mut macros = BTreeMap::new();
    for export in state.exports() {
        let Some(value) = state.lookup(export) else { continue };
        match arguments(&value) {
            Some(names) => _ = macros.insert(export.to_string(), names),
            None => {
                let fact = serde_json::to_value(&value)
                    .map_err(|wrong| Diagnostic::error(format!("`{export}` of the dialect file `{name}.sql` is no fact: {wrong}")))?;
                contents.facts.insert(export.to_string(), fact);
            }
        }
    }
    drop(captured);
    // What a macro holds becomes a template of its own, so that asking for it sets up neither the others nor the facts.
    for (macro_name, arguments) in macros {
        let (_, behind) = text.split_once(&format!("{{% macro {macro_name}(")).unwrap_or_default();
        let (_, behind) = behind.split_once(BEGUN).unwrap_or_default();
        let (body, _) = behind.split_once(END).unwrap_or_default();
        environment.add_template_owned(format!("{name}:{macro_name}"), body).map_err(said)?;
        contents.macros.insert(macro_name, arguments);
    }
    Ok(contents)
}

const BEGUN: &str = "%}";
const END: &str = "{% endmacro %}";

/// The names of a macro's arguments; nothing for what is no macro. Of all values only a macro tells its arguments and its caller.
fn arguments(value: &Value) -> Option<Vec<String>> {
    let attribute = |name| value.get_attr(name).ok().filter(|attribute| !attribute.is_undefined());
    attribute("caller")?;
    Some(attribute("arguments")?.try_iter().ok()?.map(|name| name.to_string()).collect())
}

/// What a macro gave, without the line breaks around it. A line whose only content was an empty argument is left out, with the
/// blank line before it. The author's text is never indented or trimmed: a string in it may span lines.
pub fn tidied(text: &str) -> String {
    if !text.contains(EMPTY) {
        return text.trim_matches('\n').trim_end().to_string();
    }
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
