//! Python's `re`: patterns, matches and the functions of the module. Places in texts count
//! characters.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use fancy_regex::{Captures, Regex, RegexBuilder};
use minijinja::value::{Object, ObjectRepr, Tuple, Value};
use minijinja::{Error, ErrorKind, State};

use super::iterator::ReadOnce;
use super::pattern::{self, DOTALL, IGNORECASE, MULTILINE, Translated, VERBOSE};
use super::replacement::Template;
use super::types::{self, Type};
use super::{error, operators};
use crate::jinja::call::Call;
use crate::jinja::{collections, errors, marks};

/// What every pattern of texts has.
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
    let (given, flags) = (call.needs(0, "pattern")?, call.integer(flags_at, "flags")?.unwrap_or(0));
    let pattern = match given.downcast_object::<PythonPattern>() {
        Some(pattern) => pattern,
        None if given.as_str().is_some() => {
            Arc::new(PythonPattern::new(&marks::plain(&given), flags, call)?)
        }
        None => return Err(error("first argument must be string or compiled pattern")),
    };
    if method == "compile" {
        return Ok(Some(Value::from_dyn_object(pattern)));
    }
    let args = &call.args[1.min(call.args.len())..];
    // Behind the text comes the flag here, and the part of the text in the method of a pattern.
    let args = if flags_at == 2 { &args[..1.min(args.len())] } else { args };
    pattern.run(state, method, args, call).map(Some)
}

/// A compiled pattern.
pub(in crate::jinja) struct PythonPattern {
    text: String,
    flags: i64,
    regex: Regex,
    /// The same, which matches no empty text, unless all that it matches is empty.
    not_empty: Option<Regex>,
    /// Where the search begins.
    here: Regex,
    /// From there to the end of the text.
    full: Regex,
    names: Vec<Option<String>>,
}

/// The places of a match's groups in a text, in bytes.
pub(super) struct Groups {
    text: Arc<str>,
    places: Vec<Option<Range<usize>>>,
}

impl Groups {
    pub fn text(&self, place: usize) -> Option<&str> {
        self.places.get(place).cloned().flatten().map(|range| &self.text[range])
    }

    fn whole(&self) -> Range<usize> {
        self.places.first().cloned().flatten().unwrap_or(0..0)
    }

    fn value(&self, place: usize) -> Value {
        Value::from(self.text(place).map(str::to_string))
    }
}

impl PythonPattern {
    fn new(text: &str, flags: i64, call: &Call) -> Result<PythonPattern, Error> {
        let translated = Translated::of(text, flags);
        let built = |before, after, not_empty| {
            let built = RegexBuilder::new(&translated.between(before, after))
                .find_not_empty(not_empty)
                .build();
            built.map_err(|failure| {
                call.error(format!("`{text}` is not a pattern that batchwright can run: {failure}"))
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

    /// The first match of one of the forms of the pattern that begins at the byte `from` or behind
    /// it.
    fn find(&self, regex: &Regex, text: &Arc<str>, from: usize) -> Result<Option<Groups>, Error> {
        let found = regex.captures_from_pos(&**text, from);
        let found = found.map_err(|failure| {
            error(format!("the pattern `{}` cannot be matched: {failure}", self.text))
        })?;
        Ok(found.map(|found: Captures<str>| Groups {
            text: text.clone(),
            places: (0..found.len())
                .map(|place| found.get(place).map(|group| group.range()))
                .collect(),
        }))
    }

    /// All matches. An empty one may touch another, but two of them are not in one place.
    fn all(&self, text: &Arc<str>, from: usize) -> Result<Vec<Groups>, Error> {
        let mut all = Vec::new();
        let (mut at, mut after_empty) = (from, false);
        while at <= text.len() {
            let mut found = self.find(&self.regex, text, at)?;
            if after_empty && found.as_ref().is_some_and(|found| found.whole() == (at..at)) {
                found =
                    self.not_empty.as_ref().map_or(Ok(None), |regex| self.find(regex, text, at))?;
                found = found.filter(|found| found.whole().start == at);
                if let (None, Some(sign)) = (&found, text[at..].chars().next()) {
                    found = self.find(&self.regex, text, at + sign.len_utf8())?;
                }
            }
            let Some(found) = found else { break };
            let whole = found.whole();
            (at, after_empty) = (whole.end, whole.is_empty());
            all.push(found);
        }
        Ok(all)
    }

    fn found(self: &Arc<Self>, groups: Groups, from: usize) -> Value {
        Value::from_object(Match { pattern: self.clone(), groups, from })
    }

    /// A method, its arguments behind the pattern.
    fn run(
        self: &Arc<Self>,
        state: &mut State,
        method: &str,
        args: &[Value],
        call: &Call,
    ) -> Result<Value, Error> {
        let argument =
            |place: usize, name: &str| args.get(place).cloned().or_else(|| call.by_name(name));
        let text_at = usize::from(method.starts_with("sub"));
        let given =
            argument(text_at, "string").ok_or_else(|| call.error("needs the argument `string`"))?;
        if given.as_str().is_none() {
            if operators::lenient(state) && given.is_undefined() {
                return Ok(Value::UNDEFINED);
            }
            return Err(error(format!(
                "expected string or bytes-like object, got '{}'",
                types::name(&given)
            )));
        }
        let text: Arc<str> = marks::plain(&given).into();
        let number =
            |place: usize, name: &str| argument(place, name).and_then(|value| value.as_usize());
        let searches = matches!(method, "match" | "fullmatch" | "search" | "findall" | "finditer");
        let from = number(1, "pos").filter(|_| searches).unwrap_or(0);
        let from = text.char_indices().nth(from).map_or(text.len(), |(at, _)| at);
        let value = |groups: Option<Groups>| {
            groups.map_or(Value::from(()), |groups| self.found(groups, from))
        };
        Ok(match method {
            "match" => value(self.find(&self.here, &text, from)?),
            "fullmatch" => value(self.find(&self.full, &text, from)?),
            "search" => value(self.find(&self.regex, &text, from)?),
            "finditer" => ReadOnce::value(
                "callable_iterator",
                self.all(&text, from)?.into_iter().map(|groups| self.found(groups, from)),
            ),
            "findall" => {
                let group = |groups: &Groups, place: usize| {
                    Value::from(groups.text(place).unwrap_or_default())
                };
                collections::list(self.all(&text, from)?.iter().map(|groups| {
                    match groups.places.len() {
                        1 => group(groups, 0),
                        2 => group(groups, 1),
                        count => Value::from(Tuple::new(
                            (1..count).map(|place| group(groups, place)).collect(),
                        )),
                    }
                }))
            }
            "split" => {
                let most = number(1, "maxsplit").filter(|most| *most > 0).unwrap_or(usize::MAX);
                let (mut parts, mut done) = (Vec::new(), 0);
                for groups in self.all(&text, 0)?.into_iter().take(most) {
                    parts.push(Value::from(&text[done..groups.whole().start]));
                    parts.extend((1..groups.places.len()).map(|place| groups.value(place)));
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
                    errors::limited()?;
                    match &template {
                        Some(template) => template.expand(&groups, &mut out),
                        None => out.push_str(&marks::plain(
                            &replacement.call(state, &[self.found(groups, 0)])?,
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
        self.names.iter().enumerate().filter_map(|(place, name)| Some((place, name.as_deref()?)))
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
                self.names().map(|(place, name)| (Value::from(name), Value::from(place))),
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

/// What a pattern found.
struct Match {
    pattern: Arc<PythonPattern>,
    groups: Groups,
    /// The byte at which the search began.
    from: usize,
}

impl Match {
    fn place(&self, key: &Value) -> Option<usize> {
        let place = match key.as_str() {
            Some(name) => self.pattern.names().find(|(_, known)| *known == name)?.0,
            None => key.as_usize()?,
        };
        (place < self.groups.places.len()).then_some(place)
    }

    /// Where a group begins and ends, in characters.
    fn span(&self, place: usize) -> (i64, i64) {
        let count = |at: usize| self.groups.text[..at].chars().count() as i64;
        self.groups.places[place]
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
        if let Some(place) = self.place(key) {
            return Some(self.groups.value(place));
        }
        let last =
            (1..self.groups.places.len()).rfind(|place| self.groups.places[*place].is_some());
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
        let place = |key: &Value| self.place(key).ok_or_else(|| error("no such group"));
        let group = |key: &Value| place(key).map(|place| self.groups.value(place));
        let span =
            || Ok::<_, Error>(self.span(call.get(0, "group").map_or(Ok(0), |key| place(&key))?));
        let default = call.get(0, "default").unwrap_or_else(|| Value::from(()));
        let or_default =
            |place: usize| self.groups.text(place).map_or_else(|| default.clone(), Value::from);
        Ok(match method {
            "group" => match call.args {
                [] => self.groups.value(0),
                [key] => group(key)?,
                keys => Value::from(Tuple::new(keys.iter().map(group).collect::<Result<_, _>>()?)),
            },
            "groups" => {
                Value::from(Tuple::new((1..self.groups.places.len()).map(or_default).collect()))
            }
            "groupdict" => collections::dict(
                self.pattern
                    .names()
                    .map(|(place, name)| (Value::from(name), or_default(place)))
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
