//! The macros of dialect files: SQL text with placeholders for arguments and for other macros,
//! without logic. A missing argument is an error, and so is an argument that is not marked as SQL.

use minijinja::Value;

/// SQL text with placeholders for arguments.
#[derive(Debug)]
pub struct SqlMacro {
    arguments: Vec<&'static str>,
    /// Each placeholder with the text before it.
    placeholders: Vec<(&'static str, Placeholder)>,
    /// The text after the last placeholder.
    rest: &'static str,
    /// The tag of a dollar quote in the macro's text: `$guard$`.
    tag: Option<&'static str>,
}

#[derive(Debug)]
enum Placeholder {
    /// `{{ argument }}` or `{{ argument.attribute }}`: the index of the argument.
    Argument { argument: usize, attribute: Option<&'static str> },
    /// `{{ name() }}`: the dialect's macro with the arguments of this one.
    Macro(&'static str),
}

impl SqlMacro {
    /// Parses a macro: its arguments are separated by commas.
    pub fn parse(
        name: &str,
        arguments: &'static str,
        body: &'static str,
    ) -> Result<SqlMacro, String> {
        let arguments = arguments.split(',').map(str::trim).filter(|name| !name.is_empty());
        let arguments: Vec<&'static str> = arguments.collect();
        let mut rest = body;
        let mut placeholders = Vec::new();
        while let Some((before, (placeholder, after))) = rest
            .split_once("{{")
            .and_then(|(before, after)| Some((before, after.split_once("}}")?)))
        {
            let placeholder = placeholder.trim();
            rest = after;
            if let Some(included) = placeholder.strip_suffix("()") {
                placeholders.push((before, Placeholder::Macro(included)));
                continue;
            }
            let (argument, attribute) = placeholder
                .split_once('.')
                .map_or((placeholder, None), |(argument, attribute)| (argument, Some(attribute)));
            let Some(argument) = arguments.iter().position(|declared| *declared == argument) else {
                return Err(format!("`{{{{ {placeholder} }}}}` is not an argument of `{name}`"));
            };
            placeholders.push((before, Placeholder::Argument { argument, attribute }));
        }
        if placeholders
            .iter()
            .map(|(before, _)| *before)
            .chain([rest])
            .any(|text| text.contains("{%") || text.contains("{#"))
        {
            return Err(format!("`{name}` has logic or a comment"));
        }
        let tag = placeholders.iter().map(|(before, _)| *before).chain([rest]).find_map(dollar_tag);
        Ok(SqlMacro { arguments, placeholders, rest, tag })
    }

    /// The macros that this one includes.
    pub fn included(&self) -> impl Iterator<Item = &'static str> {
        self.placeholders.iter().filter_map(|(_, placeholder)| match placeholder {
            Placeholder::Macro(name) => Some(*name),
            Placeholder::Argument { .. } => None,
        })
    }

    /// The SQL with these values, each with the name of its argument. Other names are ignored.
    /// `defaults`: the values of arguments that are not given. `include` renders another macro with
    /// the same arguments.
    pub fn render(
        &self,
        arguments: &[(&str, Value)],
        defaults: &[(&str, Value)],
        include: &dyn Fn(&str) -> Result<String, String>,
    ) -> Result<String, String> {
        let value = |argument: &&str| {
            let values = arguments.iter().chain(defaults);
            match values.into_iter().find(|(name, _)| name == argument) {
                Some((_, value)) => Ok(value),
                None => Err(format!("the argument `{argument}` is missing")),
            }
        };
        let values = self.arguments.iter().map(value).collect::<Result<Vec<&Value>, String>>()?;
        let most = |placeholder: &Placeholder| match placeholder {
            Placeholder::Argument { argument, .. } => {
                values[*argument].as_str().map_or(0, str::len).max(EMPTY.len_utf8())
            }
            Placeholder::Macro(_) => 0,
        };
        let length = self
            .placeholders
            .iter()
            .map(|(before, placeholder)| before.len() + most(placeholder))
            .sum::<usize>();
        let mut text = String::with_capacity(length + self.rest.len());
        let unused_tag = self.unused_tag(&values);
        let push_text = |text: &mut String, part: &str| match (&unused_tag, self.tag) {
            (Some(unused), Some(tag)) => text.push_str(&part.replace(tag, unused)),
            _ => text.push_str(part),
        };
        for (before, placeholder) in &self.placeholders {
            push_text(&mut text, before);
            match placeholder {
                Placeholder::Argument { argument, attribute: Some(attribute) } => push_sql(
                    &mut text,
                    &values[*argument].get_attr(attribute).map_err(|error| error.to_string())?,
                )?,
                Placeholder::Argument { argument, attribute: None } => {
                    push_sql(&mut text, values[*argument])?
                }
                Placeholder::Macro(name) => {
                    push_sql(&mut text, &Value::from_safe_string(include(name)?))?
                }
            }
        }
        push_text(&mut text, self.rest);
        Ok(remove_empty_lines(text))
    }

    /// The tag that replaces the macro's tag if an argument contains it: the argument would end the
    /// quote.
    fn unused_tag(&self, values: &[&Value]) -> Option<String> {
        let tag = self.tag?;
        let is_used = |tag: &str| {
            values.iter().any(|value| value.as_str().is_some_and(|text| text.contains(tag)))
        };
        let numbered = |number: usize| format!("{}_{number}$", tag.trim_end_matches('$'));
        is_used(tag).then(|| (1..).map(numbered).find(|tag| !is_used(tag))).flatten()
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

fn push_sql(text: &mut String, value: &Value) -> Result<(), String> {
    match value.as_str().filter(|_| value.is_safe()) {
        Some("") => text.push(EMPTY),
        Some(sql) => text.push_str(sql),
        None => return Err(format!("`{value}` is not SQL")),
    }
    Ok(())
}

/// Removes the line breaks around the text, and each line whose only content is an empty argument,
/// with the blank line before it. The author's text is not indented or trimmed: a string in it may
/// span lines.
fn remove_empty_lines(mut text: String) -> String {
    if !text.contains(EMPTY) {
        text.truncate(text.trim_end().len());
        text.drain(..text.len() - text.trim_start_matches('\n').len());
        return text;
    }
    let mut lines: Vec<&str> = Vec::new();
    for line in text.split('\n') {
        match line.trim().chars().eq([EMPTY]) {
            true if lines.last().is_some_and(|line| line.is_empty()) => drop(lines.pop()),
            true => {}
            false => lines.push(line),
        }
    }
    lines.join("\n").replace(EMPTY, "").trim_matches('\n').trim_end().to_string()
}

/// Represents an empty argument until `remove_empty_lines` has run.
const EMPTY: char = '\u{F1FFF}';

#[cfg(test)]
mod tests {
    use super::*;

    fn render(body: &'static str, a: &str) -> Result<String, String> {
        let arguments = [
            ("a", Value::from_safe_string(a.into())),
            ("b", Value::from_safe_string(String::new())),
        ];
        SqlMacro::parse("m", "a, b", body)?.render(&arguments, &[], &|name| match name {
            "empty" => Ok(String::new()),
            name => Ok(format!("<{name}>")),
        })
    }

    #[test]
    fn a_macro_has_only_placeholders_for_its_arguments() {
        assert_eq!(render("\nselect {{ a }}\n\n{{ b }}\n;\n", "x"), Ok("select x\n;".to_string()));
        assert_eq!(
            render("{{ begin() }}\n\n{{ empty() }}\n\n{{ a }}", "x"),
            Ok("<begin>\n\nx".to_string())
        );
        for (body, message) in [
            ("{% if a %}{{ a }}{% endif %}", "`m` has logic or a comment"),
            ("{{ a | upper }}", "`{{ a | upper }}` is not an argument of `m`"),
        ] {
            assert!(render(body, "x").is_err_and(|error| error.ends_with(message)), "{body}");
        }
        let error =
            SqlMacro::parse("m", "c", "{{ c }}").unwrap().render(&[], &[], &|_| Ok(String::new()));
        assert_eq!(error, Err("the argument `c` is missing".to_string()));
    }

    #[test]
    fn a_dollar_quote_has_a_tag_that_no_argument_contains() {
        let render = |a: &str| render("do $tag$ {{ a }} $tag$;", a).unwrap();
        assert_eq!(render("$x$"), "do $tag$ $x$ $tag$;");
        assert_eq!(render("a$tag$ $tag_1$"), "do $tag_2$ a$tag$ $tag_1$ $tag_2$;");
    }
}
