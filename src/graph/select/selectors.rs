//! The selections that a project keeps in `selectors.yml`. Takes the file, read only when it is asked for; gives what a named
//! selector, or the default one, asks for. Refuses, with the place, what is broken, unknown, or defined by itself.

use serde_json::{Map, Value};

use crate::diagnostics::{Diagnostic, Diagnostics, Location, collect, nearest};
use crate::project::SelectorsFile;

use super::method::{Criterion, Method};
use super::wildcard::{Pattern, is_pattern};
use super::{Asked, Growth, spec};

/// `selectors.yml`, if the project has one.
pub(super) struct Selectors<'a> {
    file: Option<&'a SelectorsFile>,
    /// Once it is read: each entry, and its name.
    entries: Option<Vec<(String, Map<String, Value>)>>,
    /// The selectors being defined right now, one in the other.
    within: Vec<String>,
}

impl<'a> Selectors<'a> {
    pub fn new(file: Option<&'a SelectorsFile>) -> Self {
        Selectors { file, entries: None, within: Vec::new() }
    }

    /// What the selector `name` asks for.
    pub fn named(&mut self, name: &str) -> Result<Asked, Diagnostics> {
        let entries = self.read()?;
        if is_pattern(name) {
            let pattern = Pattern::name(name);
            let names: Vec<String> = entries.iter().map(|(name, _)| name.clone()).filter(|name| pattern.matches(name)).collect();
            if !names.is_empty() {
                return collect(names, |name| self.named(&name)).map(Asked::Any);
            }
        }
        let Some((_, entry)) = entries.iter().find(|(known, _)| known == name) else {
            let wrong = Diagnostic::error(format!("there is no selector `{name}` in `selectors.yml`")).at_maybe(self.place(name));
            let hint = match nearest(name, entries.iter().map(|(name, _)| name.as_str())) {
                Some(near) => format!("did you mean `{near}`?"),
                None if entries.is_empty() => "the project has none: add a `selectors.yml`, or use `--select`".into(),
                None => format!("there is {}", entries.iter().map(|(name, _)| format!("`{name}`")).collect::<Vec<_>>().join(", ")),
            };
            return Err(wrong.hint(hint).into());
        };
        let Some(asked) = entry.get("definition") else { return Err(self.wrong(name, "has no `definition`").into()) };
        if self.within.iter().any(|outer| outer == name) {
            let circle: Vec<_> = self.within.iter().map(String::as_str).chain([name]).map(|name| format!("`{name}`")).collect();
            return Err(self.wrong(name, "is defined by itself").fact(circle.join(" → ")).into());
        }
        self.within.push(name.into());
        let asked = self.definition(asked, name);
        self.within.pop();
        asked
    }

    /// What the selector that says `default: true` asks for.
    pub fn default(&mut self) -> Result<Option<Asked>, Diagnostics> {
        let mut defaults = Vec::new();
        for (name, entry) in self.read()? {
            match entry.get("default") {
                None | Some(Value::Bool(false) | Value::Null) => {}
                Some(Value::Bool(true)) => defaults.push(name),
                Some(Value::String(text)) if text.eq_ignore_ascii_case("true") => defaults.push(name),
                Some(Value::String(text)) if text.eq_ignore_ascii_case("false") => {}
                Some(_) => {
                    let wrong = self.wrong(&name, "has a `default` that is neither `true` nor `false`");
                    return Err(wrong.hint("write `true`, `false`, or Jinja that gives one of the two").into());
                }
            }
        }
        match &defaults[..] {
            [] => Ok(None),
            [name] => self.named(name).map(Some),
            [first, second, ..] => {
                Err(self.wrong(second, &format!("is the default, and so is `{first}`")).hint("leave `default` to one of them").into())
            }
        }
    }

    fn read(&mut self) -> Result<Vec<(String, Map<String, Value>)>, Diagnostics> {
        if self.entries.is_none() {
            self.entries = Some(self.file.map_or(Ok(Vec::new()), entries)?);
        }
        Ok(self.entries.clone().unwrap_or_default())
    }

    fn definition(&mut self, value: &Value, name: &str) -> Result<Asked, Diagnostics> {
        match value {
            Value::String(text) => {
                let asked = spec::union(std::slice::from_ref(text), self);
                asked.map(lenient).map_err(|wrong| self.placed(wrong, name))
            }
            Value::Object(parts) => match (parts.get("union"), parts.get("intersection"), parts.get("method"), parts.len()) {
                (Some(union), None, None, 1) => self.combined(union, Asked::Any, name),
                (None, Some(intersection), None, 1) => self.combined(intersection, Asked::All, name),
                (None, None, Some(method), _) => self.method(method, parts, name),
                (None, None, None, 1) => {
                    let (method, value) =
                        parts.iter().next().map_or((Value::Null, &Value::Null), |(method, value)| (Value::from(&**method), value));
                    self.criterion(&method, value, name)
                }
                (None, None, None, _) => Err(self.wrong(name, "has a definition without a `method`").into()),
                _ => Err(self.wrong(name, "has a `union` or an `intersection` beside other keys").hint("put them into the list").into()),
            },
            _ => Err(self.wrong(name, "has a definition that is neither a text nor a mapping").into()),
        }
    }

    /// The items of a `union` or an `intersection`, less those of its `exclude`.
    fn combined(&mut self, items: &Value, of: fn(Vec<Asked>) -> Asked, name: &str) -> Result<Asked, Diagnostics> {
        let Some(items) = items.as_array() else {
            return Err(self.wrong(name, "has a `union` or an `intersection` that is not a list").into());
        };
        let excluded = |item: &Value| item.as_object().filter(|item| item.len() == 1).and_then(|item| item.get("exclude")).cloned();
        let (excludes, included): (Vec<_>, Vec<_>) = items.iter().partition(|item| excluded(item).is_some());
        if included.is_empty() || excludes.len() > 1 {
            let what = if included.is_empty() { "has a list that selects nothing" } else { "has a list with more than one `exclude`" };
            return Err(self.wrong(name, what).into());
        }
        let asked = of(collect(included, |item| self.definition(item, name))?);
        match excludes.first().and_then(|item| excluded(item)) {
            Some(list) => self.without(asked, &list, name),
            None => Ok(asked),
        }
    }

    fn without(&mut self, asked: Asked, excluded: &Value, name: &str) -> Result<Asked, Diagnostics> {
        let Some(items) = excluded.as_array() else { return Err(self.wrong(name, "has an `exclude` that is not a list").into()) };
        let items = collect(items, |item| self.definition(item, name))?;
        Ok(Asked::Without(Box::new(asked), Box::new(Asked::Any(items))))
    }

    fn method(&mut self, method: &Value, parts: &Map<String, Value>, name: &str) -> Result<Asked, Diagnostics> {
        if let Some(unknown) = parts.keys().map(String::as_str).find(|key| !KEYS.contains(key)) {
            let wrong = self.wrong(name, &format!("has a definition with `{unknown}`, which means nothing there"));
            return Err(match nearest(unknown, KEYS.iter().copied()) {
                Some(near) => wrong.hint(format!("did you mean `{near}`?")),
                None => wrong,
            }
            .into());
        }
        let asked = self.criterion(method, parts.get("value").unwrap_or(&Value::Null), name)?;
        let growth = Growth {
            parents: self.reach(parts, "parents", "parents_depth", name)?,
            children: self.reach(parts, "children", "children_depth", name)?,
            childrens_parents: self.is_set(parts, "childrens_parents", name)?,
        };
        let grown = if growth == Growth::default() { asked } else { Asked::Grown(Box::new(asked), growth) };
        match parts.get("exclude") {
            Some(excluded) => self.without(grown, excluded, name),
            None => Ok(grown),
        }
    }

    fn criterion(&mut self, method: &Value, value: &Value, name: &str) -> Result<Asked, Diagnostics> {
        let value = match value {
            Value::String(text) => text.clone(),
            Value::Bool(set) => set.to_string(),
            Value::Number(number) => number.to_string(),
            _ => return Err(self.wrong(name, "has a definition without a `value`").into()),
        };
        let Some(method) = method.as_str() else { return Err(self.wrong(name, "has a `method` that is not a text").into()) };
        if method == "selector" {
            return self.named(&value);
        }
        let parsed = Method::parse(method, &value).map_err(|wrong| self.placed(wrong.into(), name))?;
        Ok(Asked::One(Criterion { method: parsed, text: format!("{method}:{value}"), value, must_match: false }))
    }

    fn reach(&self, parts: &Map<String, Value>, whether: &str, depth: &str, name: &str) -> Result<Option<usize>, Diagnostics> {
        if !self.is_set(parts, whether, name)? {
            return Ok(None);
        }
        match parts.get(depth) {
            None | Some(Value::Null) => Ok(Some(usize::MAX)),
            Some(steps) => match steps.as_u64().and_then(|steps| usize::try_from(steps).ok()) {
                Some(steps) => Ok(Some(steps)),
                None => Err(self.wrong(name, &format!("has a `{depth}` that is not a number of steps")).into()),
            },
        }
    }

    fn is_set(&self, parts: &Map<String, Value>, key: &str, name: &str) -> Result<bool, Diagnostics> {
        match parts.get(key) {
            None | Some(Value::Null) => Ok(false),
            Some(Value::Bool(set)) => Ok(*set),
            Some(_) => Err(self.wrong(name, &format!("has a `{key}` that is neither `true` nor `false`")).into()),
        }
    }

    fn wrong(&self, name: &str, what: &str) -> Diagnostic {
        Diagnostic::error(format!("the selector `{name}` {what}")).at_maybe(self.place(name))
    }

    fn placed(&self, wrong: Diagnostics, name: &str) -> Diagnostics {
        let at = self.place(name);
        Diagnostics(wrong.0.into_iter().map(|one| if one.at.is_none() { one.at_maybe(at.clone()) } else { one }).collect())
    }

    fn place(&self, name: &str) -> Option<Location> {
        let file = &self.file?.file;
        // The line that names it, and not the words of a description before.
        let line = file.text.lines().position(|line| {
            line.trim_start_matches([' ', '-']).strip_prefix("name:").is_some_and(|rest| rest.trim().trim_matches(['\'', '"']) == name)
        });
        Some(line.map_or_else(|| file.at(0..0), |line| file.line(line + 1)))
    }
}

const KEYS: &[&str] =
    &["method", "value", "parents", "children", "parents_depth", "children_depth", "childrens_parents", "indirect_selection", "exclude"];

fn entries(selectors: &SelectorsFile) -> Result<Vec<(String, Map<String, Value>)>, Diagnostic> {
    let file = &selectors.file;
    let all = selectors.data.clone()?;
    let shape = |what: &str| Diagnostic::error(format!("`{}` {what}", file.path)).at(file.at(0..0));
    let list = match all.get("selectors") {
        _ if all.is_null() => return Ok(Vec::new()),
        Some(Value::Array(list)) => list,
        _ => return Err(shape("has no list of `selectors`").hint("write `selectors: [{name: nightly, definition: 'tag:nightly'}]`")),
    };
    let mut entries: Vec<(String, Map<String, Value>)> = Vec::new();
    for entry in list {
        let named = entry.as_object().and_then(|entry| Some((entry.get("name")?.as_str()?.to_string(), entry.clone())));
        let Some((name, entry)) = named else { return Err(shape("has a selector without a `name`")) };
        if entries.iter().any(|(known, _)| *known == name) {
            return Err(shape(&format!("has two selectors `{name}`")).hint("rename one of them"));
        }
        entries.push((name, entry));
    }
    Ok(entries)
}

/// Within a file a word may select nothing.
fn lenient(asked: Asked) -> Asked {
    let all = |parts: Vec<Asked>| parts.into_iter().map(lenient).collect();
    match asked {
        Asked::One(criterion) => Asked::One(Criterion { must_match: false, ..criterion }),
        Asked::Grown(of, growth) => Asked::Grown(Box::new(lenient(*of)), growth),
        Asked::Word(_, asked) => lenient(*asked),
        Asked::Any(parts) => Asked::Any(all(parts)),
        Asked::All(parts) => Asked::All(all(parts)),
        Asked::Without(asked, excluded) => Asked::Without(Box::new(lenient(*asked)), Box::new(lenient(*excluded))),
        Asked::Everything => Asked::Everything,
    }
}
