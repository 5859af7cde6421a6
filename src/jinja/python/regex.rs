//! Python's `re`: patterns, matches and the functions of the module. Positions are in characters.

use std::fmt;
use std::sync::Arc;

use fancy_regex::{Captures, Regex, RegexBuilder};
use minijinja::value::{Object, ObjectRepr, Tuple, Value};
use minijinja::{Error, ErrorKind, State};

use super::call::Call;
use super::groups::Groups;
use super::iterator::ReadOnce;
use super::pattern::{self, DOTALL, IGNORECASE, MULTILINE, Translated, VERBOSE};
use super::replacement::Template;
use super::text::unmarked;
use super::types::{self, Type};
use super::{collections, error};
use crate::jinja::{errors, marks};

/// The flag of every text pattern.
const UNICODE: i64 = 32;

pub(in crate::jinja) fn flag(name: &str) -> Option<Value> {
    let flag = match name {
        "IGNORECASE" | "I" => IGNORECASE,
        "MULTILINE" | "M" => MULTILINE,
        "DOTALL" | "S" => DOTALL,
        "VERBOSE" | "X" => VERBOSE,
        "UNICODE" | "U" => UNICODE,
        "ASCII" | "A" | "NOFLAG" => 0,
        _ => return None,
    };
    Some(Value::from(flag))
}

/// A function of the module.
pub(in crate::jinja) fn function(
    state: &mut State,
    method: &str,
    call: &Call,
) -> Result<Option<Value>, Error> {
    let flags_at = match method {
        "escape" => {
            return Ok(Some(Value::from(pattern::escaped(&call.needs_text(0, "pattern")?))));
        }
        "purge" => return Ok(Some(Value::from(()))),
        "match" | "fullmatch" | "search" | "findall" | "finditer" => 2,
        "sub" | "subn" => 4,
        "split" => 3,
        "compile" => 1,
        _ => return Ok(None),
    };
    let (pattern_argument, flags) =
        (call.needs(0, "pattern")?, call.integer(flags_at, "flags")?.unwrap_or(0));
    let pattern = match pattern_argument.downcast_object::<PythonPattern>() {
        Some(pattern) => pattern,
        None if pattern_argument.as_str().is_some() => {
            Arc::new(PythonPattern::new(&unmarked(&pattern_argument), flags, call)?)
        }
        None => return Err(error("first argument must be string or compiled pattern")),
    };
    if method == "compile" {
        return Ok(Some(Value::from_dyn_object(pattern)));
    }
    let args = &call.args[1.min(call.args.len())..];
    // After the text, functions have flags, and methods of a pattern have bounds.
    let args = if flags_at == 2 { &args[..1.min(args.len())] } else { args };
    pattern.run(state, method, args, call).map(Some)
}

/// A compiled pattern.
pub(in crate::jinja) struct PythonPattern {
    text: String,
    flags: i64,
    regex: Regex,
    /// The same without empty matches, unless all of its matches are empty.
    not_empty: Option<Regex>,
    /// The position at which the search begins.
    here: Regex,
    /// From its start to the end of the text.
    full: Regex,
    names: Vec<Option<String>>,
}

impl PythonPattern {
    fn new(text: &str, flags: i64, call: &Call) -> Result<PythonPattern, Error> {
        let translated = Translated::of(text, flags);
        let built = |before, after, not_empty| {
            let built = RegexBuilder::new(&translated.between(before, after))
                .find_not_empty(not_empty)
                .build();
            built.map_err(|failure| {
                call.error(format!("`{text}` is not a supported pattern: {failure}"))
            })
        };
        let regex = built("", "", false)?;
        let names = regex.capture_names().map(|name| name.map(str::to_string)).collect();
        let (not_empty, here, full) =
            (built("", "", true).ok(), built("\\G", "", false)?, built("\\G", "\\z", false)?);
        Ok(PythonPattern {
            text: text.to_string(),
            flags: flags | UNICODE,
            regex,
            not_empty,
            here,
            full,
            names,
        })
    }

    /// The first match of one form of the pattern at or after the byte `from`.
    fn find(&self, regex: &Regex, text: &Arc<str>, from: usize) -> Result<Option<Groups>, Error> {
        let captures = regex.captures_from_pos(&**text, from);
        let captures = captures.map_err(|failure| {
            error(format!("the pattern `{}` cannot be matched: {failure}", self.text))
        })?;
        Ok(captures.map(|captures: Captures<str>| Groups {
            text: text.clone(),
            spans: (0..captures.len())
                .map(|position| captures.get(position).map(|group| group.range()))
                .collect(),
        }))
    }

    /// All matches. An empty match may touch another, but two empty matches have different
    /// positions.
    fn all(&self, text: &Arc<str>, from: usize) -> Result<Vec<Groups>, Error> {
        let mut all = Vec::new();
        let (mut at, mut after_empty) = (from, false);
        while at <= text.len() {
            let mut groups = self.find(&self.regex, text, at)?;
            if after_empty && groups.as_ref().is_some_and(|groups| groups.whole() == (at..at)) {
                groups =
                    self.not_empty.as_ref().map_or(Ok(None), |regex| self.find(regex, text, at))?;
                groups = groups.filter(|groups| groups.whole().start == at);
                if let (None, Some(sign)) = (&groups, text[at..].chars().next()) {
                    groups = self.find(&self.regex, text, at + sign.len_utf8())?;
                }
            }
            let Some(groups) = groups else { break };
            let whole = groups.whole();
            (at, after_empty) = (whole.end, whole.is_empty());
            all.push(groups);
        }
        Ok(all)
    }

    fn match_object(self: &Arc<Self>, groups: Groups, from: usize) -> Value {
        Value::from_object(Match { pattern: self.clone(), groups, from })
    }

    /// A method, with its arguments after the pattern.
    fn run(
        self: &Arc<Self>,
        state: &mut State,
        method: &str,
        args: &[Value],
        call: &Call,
    ) -> Result<Value, Error> {
        let argument = |position: usize, name: &str| {
            args.get(position).cloned().or_else(|| call.by_name(name))
        };
        let text_at = usize::from(method.starts_with("sub"));
        let text_argument =
            argument(text_at, "string").ok_or_else(|| call.error("needs the argument `string`"))?;
        if text_argument.as_str().is_none() {
            if super::lenient(state) && text_argument.is_undefined() {
                return Ok(Value::UNDEFINED);
            }
            return Err(error(format!(
                "expected string or bytes-like object, got '{}'",
                types::name(&text_argument)
            )));
        }
        let text: Arc<str> = unmarked(&text_argument).into();
        let number = |position: usize, name: &str| {
            argument(position, name).and_then(|value| value.as_usize())
        };
        let searches = matches!(method, "match" | "fullmatch" | "search" | "findall" | "finditer");
        let from = number(1, "pos").filter(|_| searches).unwrap_or(0);
        let from = text.char_indices().nth(from).map_or(text.len(), |(at, _)| at);
        let value = |groups: Option<Groups>| {
            groups.map_or(Value::from(()), |groups| self.match_object(groups, from))
        };
        Ok(match method {
            "match" => value(self.find(&self.here, &text, from)?),
            "fullmatch" => value(self.find(&self.full, &text, from)?),
            "search" => value(self.find(&self.regex, &text, from)?),
            "finditer" => ReadOnce::value(
                "callable_iterator",
                self.all(&text, from)?.into_iter().map(|groups| self.match_object(groups, from)),
            ),
            "findall" => {
                let group = |groups: &Groups, position: usize| {
                    Value::from(groups.text(position).unwrap_or_default())
                };
                collections::list(self.all(&text, from)?.iter().map(|groups| {
                    match groups.spans.len() {
                        1 => group(groups, 0),
                        2 => group(groups, 1),
                        count => Value::from(Tuple::new(
                            (1..count).map(|position| group(groups, position)).collect(),
                        )),
                    }
                }))
            }
            "split" => {
                let most = number(1, "maxsplit").filter(|most| *most > 0).unwrap_or(usize::MAX);
                let (mut parts, mut done) = (Vec::new(), 0);
                for groups in self.all(&text, 0)?.into_iter().take(most) {
                    parts.push(Value::from(&text[done..groups.whole().start]));
                    parts.extend((1..groups.spans.len()).map(|position| groups.value(position)));
                    done = groups.whole().end;
                }
                parts.push(Value::from(&text[done..]));
                collections::list(parts)
            }
            "sub" | "subn" => {
                let replacement =
                    argument(0, "repl").ok_or_else(|| call.error("needs the argument `repl`"))?;
                let most = number(2, "count").filter(|most| *most > 0).unwrap_or(usize::MAX);
                let template = match replacement.as_str() {
                    Some(text) => Some(Template::new(&marks::strip(text), &self.names)?),
                    None if types::of(&replacement) == Type::Function => None,
                    None => {
                        return Err(error(format!(
                            "decoding to str: need a bytes-like object, {} found",
                            types::name(&replacement)
                        )));
                    }
                };
                let (mut out, mut done, mut count) = (String::new(), 0, 0);
                for groups in self.all(&text, 0)?.into_iter().take(most) {
                    let whole = groups.whole();
                    out.push_str(&text[done..whole.start]);
                    errors::check_limits()?;
                    match &template {
                        Some(template) => template.expand(&groups, &mut out),
                        None => out.push_str(&unmarked(
                            &replacement.call(state, &[self.match_object(groups, 0)])?,
                        )),
                    }
                    done = whole.end;
                    count += 1;
                }
                out.push_str(&text[done..]);
                if method == "sub" {
                    Value::from(out)
                } else {
                    Value::from(Tuple::from([Value::from(out), Value::from(count)]))
                }
            }
            _ => return Err(Error::from(ErrorKind::UnknownMethod)),
        })
    }

    fn names(&self) -> impl Iterator<Item = (usize, &str)> {
        self.names
            .iter()
            .enumerate()
            .filter_map(|(position, name)| Some((position, name.as_deref()?)))
    }
}

impl fmt::Debug for PythonPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = [
            (IGNORECASE, "IGNORECASE"),
            (MULTILINE, "MULTILINE"),
            (DOTALL, "DOTALL"),
            (VERBOSE, "VERBOSE"),
        ];
        let flags: Vec<String> = names
            .iter()
            .filter(|(flag, _)| self.flags & flag != 0)
            .map(|(_, name)| format!("re.{name}"))
            .collect();
        let comma = if flags.is_empty() { "" } else { ", " };
        write!(
            f,
            "re.compile({}{comma}{})",
            super::text::repr(&Value::from(&*self.text)),
            flags.join("|")
        )
    }
}

impl Object for PythonPattern {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        Some(match key.as_str()? {
            "pattern" => Value::from(&*self.text),
            "flags" => Value::from(self.flags),
            "groups" => Value::from(self.names.len() - 1),
            "groupindex" => collections::dict(
                self.names().map(|(position, name)| (Value::from(name), Value::from(position))),
            ),
            _ => return None,
        })
    }

    fn call_method(
        self: &Arc<Self>,
        state: &mut State,
        method: &str,
        args: &[Value],
    ) -> Result<Value, Error> {
        let call = Call::of("pattern", method, args);
        self.run(state, method, call.args, &call)
    }
}

/// A match.
struct Match {
    pattern: Arc<PythonPattern>,
    groups: Groups,
    /// The byte at which the search began.
    from: usize,
}

impl Match {
    fn group_index(&self, key: &Value) -> Option<usize> {
        let position = match key.as_str() {
            Some(name) => self.pattern.names().find(|(_, known)| *known == name)?.0,
            None => key.as_usize()?,
        };
        (position < self.groups.spans.len()).then_some(position)
    }

    /// The span of a group in characters.
    fn span(&self, position: usize) -> (i64, i64) {
        let count = |at: usize| self.groups.text[..at].chars().count() as i64;
        self.groups.spans[position]
            .as_ref()
            .map_or((-1, -1), |range| (count(range.start), count(range.end)))
    }
}

impl fmt::Debug for Match {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (start, end) = self.span(0);
        write!(
            f,
            "<re.Match object; span=({start}, {end}), match={}>",
            super::text::repr(&self.groups.value(0))
        )
    }
}

impl Object for Match {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        if let Some(position) = self.group_index(key) {
            return Some(self.groups.value(position));
        }
        let last =
            (1..self.groups.spans.len()).rfind(|position| self.groups.spans[*position].is_some());
        Some(match key.as_str()? {
            "string" => Value::from(&*self.groups.text),
            "re" => Value::from_dyn_object(self.pattern.clone()),
            "pos" => Value::from(self.groups.text[..self.from].chars().count()),
            "endpos" => Value::from(self.groups.text.chars().count()),
            "lastindex" => Value::from(last),
            "lastgroup" => Value::from(last.and_then(|last| self.pattern.names[last].clone())),
            _ => return None,
        })
    }

    fn call_method(
        self: &Arc<Self>,
        _: &mut State,
        method: &str,
        args: &[Value],
    ) -> Result<Value, Error> {
        let call = Call::of("match", method, args);
        let position = |key: &Value| self.group_index(key).ok_or_else(|| error("no such group"));
        let group = |key: &Value| position(key).map(|position| self.groups.value(position));
        let span =
            || Ok::<_, Error>(self.span(call.get(0, "group").map_or(Ok(0), |key| position(&key))?));
        let default = call.get(0, "default").unwrap_or_else(|| Value::from(()));
        let or_default = |position: usize| {
            self.groups.text(position).map_or_else(|| default.clone(), Value::from)
        };
        Ok(match method {
            "group" => match call.args {
                [] => self.groups.value(0),
                [key] => group(key)?,
                keys => Value::from(Tuple::new(keys.iter().map(group).collect::<Result<_, _>>()?)),
            },
            "groups" => {
                Value::from(Tuple::new((1..self.groups.spans.len()).map(or_default).collect()))
            }
            "groupdict" => collections::dict(
                self.pattern
                    .names()
                    .map(|(position, name)| (Value::from(name), or_default(position)))
                    .collect::<Vec<_>>(),
            ),
            "start" => Value::from(span()?.0),
            "end" => Value::from(span()?.1),
            "span" => {
                let (start, end) = span()?;
                Value::from(Tuple::from([Value::from(start), Value::from(end)]))
            }
            "expand" => {
                let mut out = String::new();
                Template::new(&call.needs_text(0, "template")?, &self.pattern.names)?
                    .expand(&self.groups, &mut out);
                Value::from(out)
            }
            _ => return Err(Error::from(ErrorKind::UnknownMethod)),
        })
    }
}
