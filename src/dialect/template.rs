//! What a dialect's file holds. Its macros are text with places for their arguments and no logic,
//! so that each can be read as the SQL that it is; an argument that is not given stops the writing,
//! and only what is marked as SQL is written.

use std::collections::BTreeMap;

use minijinja::{Environment, Error, UndefinedBehavior, Value};

use crate::diagnostics::Diagnostic;

/// What a file holds: facts as JSON, and macros.
#[derive(Default)]
pub struct Contents {
    pub facts: BTreeMap<String, serde_json::Value>,
    pub macros: BTreeMap<String, Macro>,
}

/// A piece of SQL with places for arguments.
pub struct Macro {
    arguments: Vec<String>,
    /// Each place with the text before it.
    places: Vec<(&'static str, Place)>,
    /// The text behind the last one.
    rest: &'static str,
    /// The tag of a dollar quote in the macro's own text: `$guard$`.
    tag: Option<&'static str>,
}

/// `{{ argument }}` or `{{ argument.part }}`: which of the arguments.
struct Place {
    argument: usize,
    part: Option<&'static str>,
}

/// What is in a file.
pub fn contents(name: &'static str, text: &'static str) -> Result<Contents, Diagnostic> {
    let said = |error: Error| {
        Diagnostic::error(format!("the dialect file `{name}.sql` is not a template: {error:#}"))
    };
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.add_template(name, text).map_err(said)?;
    let captured = environment
        .get_template(name)
        .and_then(|template| template.render_captured(()))
        .map_err(said)?;
    let state = captured.state();
    let mut contents = Contents::default();
    for export in state.exports() {
        let Some(value) = state.lookup(export) else { continue };
        match arguments(&value) {
            Some(arguments) => {
                let read = Macro::of(text, export, arguments).map_err(|error| {
                    Diagnostic::error(format!(
                        "the dialect file `{name}.sql` holds more than \
                        places for arguments: {error}"
                    ))
                })?;
                contents.macros.insert(export.to_string(), read);
            }
            None => {
                let fact = serde_json::to_value(&value).map_err(|error| {
                    Diagnostic::error(format!(
                        "`{export}` of the dialect file `{name}.sql` is no fact: {error}"
                    ))
                })?;
                contents.facts.insert(export.to_string(), fact);
            }
        }
    }
    Ok(contents)
}

impl Macro {
    /// The macro of this name in a file's text.
    fn of(text: &'static str, name: &str, arguments: Vec<String>) -> Result<Macro, String> {
        let (_, behind) = text.split_once(&format!("{{% macro {name}(")).unwrap_or_default();
        let (_, behind) = behind.split_once("%}").unwrap_or_default();
        let (mut rest, _) = behind.split_once("{% endmacro %}").unwrap_or_default();
        let mut places = Vec::new();
        while let Some((before, (place, behind))) = rest
            .split_once("{{")
            .and_then(|(before, behind)| Some((before, behind.split_once("}}")?)))
        {
            let place = place.trim();
            let (argument, part) = place
                .split_once('.')
                .map_or((place, None), |(argument, part)| (argument, Some(part)));
            let Some(argument) = arguments.iter().position(|declared| declared == argument) else {
                return Err(format!("`{{{{ {place} }}}}` is no argument of `{name}`"));
            };
            places.push((before, Place { argument, part }));
            rest = behind;
        }
        if places
            .iter()
            .map(|(before, _)| *before)
            .chain([rest])
            .any(|text| text.contains("{%") || text.contains("{#"))
        {
            return Err(format!("`{name}` has logic or a comment"));
        }
        let tag = places.iter().map(|(before, _)| *before).chain([rest]).find_map(dollar_tag);
        Ok(Macro { arguments, places, rest, tag })
    }

    /// The SQL with these arguments, each by its name.
    pub fn write(&self, given: &[(&str, Value)]) -> Result<String, String> {
        let value = |argument: &String| match given.iter().find(|(offered, _)| offered == argument)
        {
            Some((_, value)) => Ok(value),
            None => Err(format!("nothing is known as `{argument}` here")),
        };
        let values = self.arguments.iter().map(value).collect::<Result<Vec<&Value>, String>>()?;
        let most = |value: &&Value| value.as_str().map_or(0, str::len).max(EMPTY.len_utf8());
        let length = self
            .places
            .iter()
            .map(|(before, place)| before.len() + most(&values[place.argument]))
            .sum::<usize>();
        let mut text = String::with_capacity(length + self.rest.len());
        let tag = self.free_tag(&values);
        let push_own = |text: &mut String, own: &str| match (&tag, self.tag) {
            (Some(free), Some(tag)) => text.push_str(&own.replace(tag, free)),
            _ => text.push_str(own),
        };
        for (before, Place { argument, part }) in &self.places {
            push_own(&mut text, before);
            match part {
                Some(part) => push(
                    &mut text,
                    &values[*argument].get_attr(part).map_err(|error| error.to_string())?,
                )?,
                None => push(&mut text, values[*argument])?,
            }
        }
        push_own(&mut text, self.rest);
        Ok(tidied(text))
    }

    /// The tag to write instead of the macro's own, where an argument holds that: it would end the
    /// quote.
    fn free_tag(&self, values: &[&Value]) -> Option<String> {
        let tag = self.tag?;
        let is_held = |tag: &str| {
            values.iter().any(|value| value.as_str().is_some_and(|text| text.contains(tag)))
        };
        let numbered = |number: usize| format!("{}_{number}$", tag.trim_end_matches('$'));
        is_held(tag).then(|| (1..).map(numbered).find(|tag| !is_held(tag))).flatten()
    }
}

/// The first `$word$` of a text.
fn dollar_tag(text: &'static str) -> Option<&'static str> {
    text.match_indices('$').find_map(|(start, _)| {
        let end = start + 1 + text[start + 1..].find('$')?;
        let word = &text[start + 1..end];
        let is_word =
            !word.is_empty() && word.chars().all(|char| char.is_ascii_lowercase() || char == '_');
        is_word.then(|| &text[start..=end])
    })
}

fn push(text: &mut String, value: &Value) -> Result<(), String> {
    match value.as_str().filter(|_| value.is_safe()) {
        Some("") => text.push(EMPTY),
        Some(sql) => text.push_str(sql),
        None => return Err(format!("`{value}` is not SQL")),
    }
    Ok(())
}

/// The names of a macro's arguments; nothing for what is no macro. Of all values only a macro tells
/// its arguments and its caller.
fn arguments(value: &Value) -> Option<Vec<String>> {
    let attribute = |name| value.get_attr(name).ok().filter(|attribute| !attribute.is_undefined());
    attribute("caller")?;
    Some(attribute("arguments")?.try_iter().ok()?.map(|name| name.to_string()).collect())
}

/// What a macro gave, without the line breaks around it. A line whose only content was an empty
/// argument is left out, with the blank line before it. The author's text is never indented or
/// trimmed: a string in it may span lines.
fn tidied(mut text: String) -> String {
    if !text.contains(EMPTY) {
        text.truncate(text.trim_end().len());
        text.drain(..text.len() - text.trim_start_matches('\n').len());
        return text;
    }
    let mut kept: Vec<&str> = Vec::new();
    for line in text.split('\n') {
        match line.trim().chars().eq([EMPTY]) {
            true if kept.last().is_some_and(|line| line.is_empty()) => drop(kept.pop()),
            true => {}
            false => kept.push(line),
        }
    }
    kept.join("\n").replace(EMPTY, "").trim_matches('\n').trim_end().to_string()
}

/// Written for an empty argument, so that a line of it alone can be left out.
const EMPTY: char = '\u{F1FFF}';

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_macro_has_places_for_its_arguments_and_nothing_else() {
        let written = |text| {
            let contents = contents("any", text).map_err(|error| error.message)?;
            contents.macros["m"].write(&[
                ("a", Value::from_safe_string("x".into())),
                ("b", Value::from_safe_string(String::new())),
            ])
        };
        assert_eq!(
            written("{% macro m(a, b) %}\nselect {{ a }}\n\n{{ b }}\n;\n{% endmacro %}"),
            Ok("select x\n;".to_string())
        );
        for (text, said) in [
            (
                "{% macro m(a) %}{% if a %}{{ a }}{% endif %}{% endmacro %}",
                "`m` has logic or a comment",
            ),
            (
                "{% macro m(a) %}{{ a | upper }}{% endmacro %}",
                "`{{ a | upper }}` is no argument of `m`",
            ),
            ("{% macro m(c) %}{{ c }}{% endmacro %}", "nothing is known as `c` here"),
        ] {
            assert!(written(text).is_err_and(|error| error.ends_with(said)), "{text}");
        }
    }

    #[test]
    fn a_dollar_quote_has_a_tag_that_no_argument_holds() {
        let contents =
            contents("any", "{% macro m(a) %}do $tag$ {{ a }} $tag$;{% endmacro %}").unwrap();
        let written = |a: &str| {
            contents.macros["m"].write(&[("a", Value::from_safe_string(a.into()))]).unwrap()
        };
        assert_eq!(written("$x$"), "do $tag$ $x$ $tag$;");
        assert_eq!(written("a$tag$ $tag_1$"), "do $tag_2$ a$tag$ $tag_1$ $tag_2$;");
    }
}
