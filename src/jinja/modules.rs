//! dbt's `modules`: `datetime` and `pytz` (next door), and what projects use of Python's `re` and `itertools`.

use std::fmt;
use std::sync::Arc;

use minijinja::value::{Object, ObjectRepr, Tuple, Value};
use minijinja::{Error, ErrorKind, State};
use regex::{Captures, Regex, RegexBuilder};

use super::call::Call;
use super::names::Methods;
use super::session::Session;
use super::{collections, datetime_module, errors, marks};

pub(super) fn object(session: &Arc<Session>, name: &str) -> Option<Value> {
    if name != "modules" {
        return None;
    }
    let methods = |name, method, attribute| Value::from_object(Methods { name, session: session.clone(), method, attribute });
    Some(collections::dict([
        (Value::from("datetime"), datetime_module::datetime(session.now())),
        (Value::from("pytz"), datetime_module::pytz(session.now())),
        (Value::from("re"), methods("re", re, re_flag)),
        (Value::from("itertools"), methods("itertools", itertools, |_, _| None)),
    ]))
}

const IGNORECASE: i64 = 2;
const MULTILINE: i64 = 8;
const DOTALL: i64 = 16;
const VERBOSE: i64 = 64;

fn re_flag(_: &Arc<Session>, name: &str) -> Option<Value> {
    let flag = match name {
        "IGNORECASE" | "I" => IGNORECASE,
        "MULTILINE" | "M" => MULTILINE,
        "DOTALL" | "S" => DOTALL,
        "VERBOSE" | "X" => VERBOSE,
        "ASCII" | "A" | "UNICODE" | "U" => 0,
        _ => return None,
    };
    Some(Value::from(flag))
}

fn re(_: &Arc<Session>, state: &mut State, method: &str, call: &Call) -> Result<Option<Value>, Error> {
    if method == "escape" {
        return Ok(Some(Value::from(regex::escape(&call.needs_text(0, "pattern")?))));
    }
    if !["match", "fullmatch", "search", "findall", "finditer", "sub", "split", "compile"].contains(&method) {
        return Ok(None);
    }
    let pattern = call.needs(0, "pattern")?;
    let flags_at = match method {
        "sub" => 4,
        "split" => 3,
        "compile" => 1,
        _ => 2,
    };
    let flags = call.integer(flags_at, "flags")?.unwrap_or(0);
    let pattern = match pattern.downcast_object_ref::<Pattern>() {
        Some(known) => Pattern { text: known.text.clone(), flags: known.flags | flags },
        None => Pattern { text: marks::plain(&pattern), flags },
    };
    if method == "compile" {
        pattern.regex("", "", call)?;
        return Ok(Some(Value::from_object(pattern)));
    }
    pattern.run(state, method, &call.args[1.min(call.args.len())..], call).map(Some)
}

/// A compiled pattern.
struct Pattern {
    text: String,
    flags: i64,
}

/// What a pattern found.
struct Match {
    groups: Vec<Option<(usize, usize, String)>>,
    names: Vec<Option<String>>,
}

impl Pattern {
    fn regex(&self, before: &str, after: &str, call: &Call) -> Result<Regex, Error> {
        let has = |flag| self.flags & flag != 0;
        // Python's word for the end of the text is ours for the same.
        let text = self.text.replace("\\Z", "\\z");
        let built = RegexBuilder::new(&format!("{before}{text}{after}"))
            .case_insensitive(has(IGNORECASE))
            .multi_line(has(MULTILINE))
            .dot_matches_new_line(has(DOTALL))
            .ignore_whitespace(has(VERBOSE))
            .build();
        built.map_err(|_| {
            call.error(format!(
                "`{}` is not a pattern that batchwright can run (look-around and back-references are not supported)",
                self.text
            ))
        })
    }

    fn run(&self, state: &mut State, method: &str, args: &[Value], call: &Call) -> Result<Value, Error> {
        let text = |place: usize| args.get(place).map(marks::plain).or_else(|| call.by_name("string").map(|text| marks::plain(&text)));
        let needs = |place: usize| text(place).ok_or_else(|| call.error("needs the argument `string`"));
        match method {
            "match" | "fullmatch" | "search" => {
                let (before, after) = match method {
                    "match" => ("\\A(?:", ")"),
                    "fullmatch" => ("\\A(?:", ")\\z"),
                    _ => ("", ""),
                };
                let regex = self.regex(before, after, call)?;
                let text = needs(0)?;
                Ok(regex.captures(&text).map_or(Value::from(()), |found| found_in(&regex, &found)))
            }
            "finditer" => {
                let (regex, text) = (self.regex("", "", call)?, needs(0)?);
                Ok(collections::list(regex.captures_iter(&text).map(|found| found_in(&regex, &found)).collect::<Vec<_>>()))
            }
            "findall" => {
                let (regex, text) = (self.regex("", "", call)?, needs(0)?);
                let group = |found: &Captures, place: usize| Value::from(found.get(place).map_or("", |group| group.as_str()));
                let all = regex.captures_iter(&text).map(|found| match found.len() {
                    1 => group(&found, 0),
                    2 => group(&found, 1),
                    count => Value::from(Tuple::new((1..count).map(|place| group(&found, place)).collect())),
                });
                Ok(collections::list(all.collect::<Vec<_>>()))
            }
            "split" => {
                let (regex, text) = (self.regex("", "", call)?, needs(0)?);
                let mut parts = Vec::new();
                let mut done = 0;
                for found in regex.captures_iter(&text) {
                    let Some(whole) = found.get(0) else { continue };
                    parts.push(Value::from(&text[done..whole.start()]));
                    parts.extend((1..found.len()).map(|place| Value::from(found.get(place).map(|group| group.as_str().to_string()))));
                    done = whole.end();
                }
                parts.push(Value::from(&text[done..]));
                Ok(collections::list(parts))
            }
            "sub" => {
                let regex = self.regex("", "", call)?;
                let replacement =
                    args.first().cloned().or_else(|| call.by_name("repl")).ok_or_else(|| call.error("needs the argument `repl`"))?;
                let text = needs(1)?;
                let limit = args.get(2).cloned().or_else(|| call.by_name("count")).and_then(|count| count.as_usize()).unwrap_or(0);
                let mut out = String::new();
                let mut done = 0;
                for (count, found) in regex.captures_iter(&text).enumerate() {
                    if limit > 0 && count >= limit {
                        break;
                    }
                    let Some(whole) = found.get(0) else { continue };
                    out.push_str(&text[done..whole.start()]);
                    errors::limited()?;
                    match replacement.as_str() {
                        Some(template) => expand(template, &found, &mut out),
                        None => out.push_str(&marks::plain(&replacement.call(state, &[found_in(&regex, &found)])?)),
                    }
                    done = whole.end();
                }
                out.push_str(&text[done..]);
                Ok(Value::from(out))
            }
            _ => Err(Error::from(ErrorKind::UnknownMethod)),
        }
    }
}

/// Python's replacement: `\1` and `\g<name>`.
fn expand(template: &str, found: &Captures, out: &mut String) {
    let mut rest = template;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some((name, behind)) = rest.strip_prefix("g<").and_then(|inner| inner.split_once('>')) {
            let group = name.parse().map_or_else(|_| found.name(name), |place| found.get(place));
            out.push_str(group.map_or("", |group| group.as_str()));
            rest = behind;
            continue;
        }
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        if digits > 0 {
            let group = rest[..digits].parse().ok().and_then(|place: usize| found.get(place));
            out.push_str(group.map_or("", |group| group.as_str()));
            rest = &rest[digits..];
        } else if let Some(c) = rest.chars().next() {
            match c {
                'n' => out.push('\n'),
                't' => out.push('\t'),
                other => out.push(other),
            }
            rest = &rest[c.len_utf8()..];
        }
    }
    out.push_str(rest);
}

fn found_in(regex: &Regex, found: &Captures) -> Value {
    let groups = (0..found.len()).map(|place| found.get(place).map(|group| (group.start(), group.end(), group.as_str().to_string())));
    Value::from_object(Match { groups: groups.collect(), names: regex.capture_names().map(|name| name.map(str::to_string)).collect() })
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "re.compile({:?})", self.text)
    }
}

impl Object for Pattern {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn call_method(self: &Arc<Self>, state: &mut State, method: &str, args: &[Value]) -> Result<Value, Error> {
        let call = Call::of("pattern", method, args);
        self.run(state, method, call.args, &call)
    }
}

impl Match {
    fn group(&self, key: &Value) -> Option<Value> {
        let place = match key.as_str() {
            Some(name) => self.names.iter().position(|known| known.as_deref() == Some(name))?,
            None => key.as_usize()?,
        };
        self.groups.get(place).map(|group| Value::from(group.as_ref().map(|(_, _, text)| text.clone())))
    }
}

impl fmt::Debug for Match {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<re.Match {:?}>", self.groups.first())
    }
}

impl Object for Match {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.group(key)
    }

    fn call_method(self: &Arc<Self>, _: &mut State, method: &str, args: &[Value]) -> Result<Value, Error> {
        let call = Call::of("match", method, args);
        let edge = |end: bool| {
            let place = call.integer(0, "group").ok().flatten().unwrap_or(0) as usize;
            let group = self.groups.get(place).cloned().flatten();
            Value::from(group.map_or(-1, |(start, stop, _)| if end { stop as i64 } else { start as i64 }))
        };
        let group = |key: &Value| self.group(key).ok_or_else(|| call.error(format!("the pattern has no group {key:?}")));
        Ok(match method {
            "group" => match call.args {
                [] => group(&Value::from(0))?,
                [key] => group(key)?,
                keys => Value::from(Tuple::new(keys.iter().map(group).collect::<Result<_, _>>()?)),
            },
            "groups" => Value::from(Tuple::new((1..self.groups.len()).filter_map(|place| self.group(&Value::from(place))).collect())),
            "groupdict" => {
                let names = self.names.iter().flatten();
                collections::dict(
                    names.filter_map(|name| Some((Value::from(&**name), self.group(&Value::from(&**name))?))).collect::<Vec<_>>(),
                )
            }
            "start" => edge(false),
            "end" => edge(true),
            "span" => Value::from(Tuple::from([edge(false), edge(true)])),
            _ => return Err(Error::from(ErrorKind::UnknownMethod)),
        })
    }
}

/// More rows than this are a mistake.
const MOST: usize = 1_000_000;

fn itertools(_: &Arc<Session>, _: &mut State, method: &str, call: &Call) -> Result<Option<Value>, Error> {
    let items = |value: &Value| -> Result<Vec<Value>, Error> { value.try_iter()?.checked().collect() };
    let columns: Vec<Vec<Value>> =
        call.args.iter().map(|value| if value.is_integer() { Ok(vec![value.clone()]) } else { items(value) }).collect::<Result<_, _>>()?;
    let first = columns.first().cloned().unwrap_or_default();
    let tuples = |rows: Vec<Vec<Value>>| collections::list(rows.into_iter().map(|row| Value::from(Tuple::new(row))));
    Ok(Some(match method {
        "chain" => collections::list(columns.into_iter().flatten()),
        "product" => {
            let repeat = call.by_name("repeat").and_then(|count| count.as_usize()).unwrap_or(1);
            let mut rows: Vec<Vec<Value>> = vec![Vec::new()];
            for column in std::iter::repeat_n(&columns, repeat).flatten() {
                if rows.len().saturating_mul(column.len()) > MOST {
                    return Err(call.error(format!("makes more than {MOST} rows")));
                }
                rows = rows.iter().flat_map(|row| column.iter().map(move |item| row.iter().chain([item]).cloned().collect())).collect();
            }
            tuples(rows)
        }
        "combinations" | "permutations" | "combinations_with_replacement" => {
            let size = call.integer(1, "r")?.and_then(|size| usize::try_from(size).ok()).unwrap_or(first.len());
            let mut rows: Vec<Vec<usize>> = vec![Vec::new()];
            for _ in 0..size {
                let fits = |row: &Vec<usize>, next: usize| match (method, row.last()) {
                    ("permutations", _) => !row.contains(&next),
                    ("combinations", Some(last)) => next > *last,
                    (_, Some(last)) => next >= *last,
                    (_, None) => true,
                };
                let longer =
                    rows.iter().flat_map(|row| (0..first.len()).filter(|next| fits(row, *next)).map(|next| [&row[..], &[next]].concat()));
                rows = longer.take(MOST + 1).collect();
                if rows.len() > MOST {
                    return Err(call.error(format!("makes more than {MOST} rows")));
                }
                errors::limited()?;
            }
            tuples(rows.into_iter().map(|row| row.into_iter().map(|place| first[place].clone()).collect()).collect())
        }
        "zip_longest" => {
            let fill = call.by_name("fillvalue").unwrap_or(Value::from(()));
            let rows = columns.iter().map(Vec::len).max().unwrap_or(0);
            tuples(
                (0..rows)
                    .map(|row| columns.iter().map(|column| column.get(row).cloned().unwrap_or_else(|| fill.clone())).collect())
                    .collect(),
            )
        }
        "repeat" => {
            let count = call.integer(1, "times")?.ok_or_else(|| call.error("without `times` has no end"))?;
            let value = call.needs(0, "object")?;
            let count = usize::try_from(count).unwrap_or(0);
            if count > MOST {
                return Err(call.error(format!("makes more than {MOST} rows")));
            }
            collections::list(std::iter::repeat_n(value, count))
        }
        "islice" => {
            let numbers: Vec<Option<usize>> = call.args.iter().skip(1).map(Value::as_usize).collect();
            let (start, stop, step) = match numbers[..] {
                [stop] => (0, stop, 1),
                [start, stop] => (start.unwrap_or(0), stop, 1),
                [start, stop, step] => (start.unwrap_or(0), stop, step.unwrap_or(1).max(1)),
                _ => return Err(call.error("needs where to stop")),
            };
            let end = stop.unwrap_or(first.len()).min(first.len());
            collections::list(first.into_iter().take(end).skip(start).step_by(step))
        }
        "compress" => {
            let keep = columns.get(1).cloned().unwrap_or_default();
            collections::list(first.into_iter().zip(keep).filter(|(_, keep)| keep.is_true()).map(|(item, _)| item))
        }
        _ => return Ok(None),
    }))
}
