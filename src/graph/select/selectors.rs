//! The selectors of `selectors.yml`. Parses the file on first use; returns the expression of a
//! named selector or of the default one. Rejects, with the location, a selector that is invalid,
//! unknown, or recursive.

use serde_json::{Map, Value};

use crate::diagnostics::{Diagnostic, Diagnostics, Location, collect, nearest};
use crate::project::SelectorsFile;

use super::method::{Criterion, Method};
use super::wildcard::{Wildcard, is_pattern};
use super::{GraphOperators, SelectionExpr, spec};

/// The entries of `selectors.yml` by name.
type Entries = Vec<(String, Map<String, Value>)>;

/// `selectors.yml`, if the project has one.
pub(super) struct Selectors<'a> {
    file: Option<&'a SelectorsFile>,
    /// The entries by name, after the first use.
    entries: Option<Entries>,
    /// The selectors that are being resolved, outermost first.
    resolving: Vec<String>,
}

impl<'a> Selectors<'a> {
    pub fn new(file: Option<&'a SelectorsFile>) -> Self {
        Selectors { file, entries: None, resolving: Vec::new() }
    }

    /// The expression of the selector `name`.
    pub fn named(&mut self, name: &str) -> Result<SelectionExpr, Diagnostics> {
        let entries = self.read()?;
        if is_pattern(name) {
            let pattern = Wildcard::name(name);
            let names: Vec<String> = entries
                .iter()
                .map(|(name, _)| name.clone())
                .filter(|name| pattern.matches(name))
                .collect();
            if !names.is_empty() {
                return collect(names, |name| self.named(&name)).map(SelectionExpr::Union);
            }
        }
        let Some((_, entry)) = entries.iter().find(|(known, _)| known == name) else {
            let error = Diagnostic::error(format!(
                "unknown selector `{name}`: not found in `selectors.yml`"
            ))
            .at_maybe(self.location(name));
            let hint = match nearest(name, entries.iter().map(|(name, _)| name.as_str())) {
                Some(near) => format!("did you mean `{near}`?"),
                None if entries.is_empty() => {
                    "the project has none: add a `selectors.yml`, or use `--select`".into()
                }
                None => format!(
                    "known: {}",
                    entries
                        .iter()
                        .map(|(name, _)| format!("`{name}`"))
                        .collect::<Vec<_>>()
                        .join(", ")
                ),
            };
            return Err(error.hint(hint).into());
        };
        let Some(expr) = entry.get("definition") else {
            return Err(self.invalid(name, "has no `definition`").into());
        };
        if self.resolving.iter().any(|outer| outer == name) {
            let cycle: Vec<_> = self
                .resolving
                .iter()
                .map(String::as_str)
                .chain([name])
                .map(|name| format!("`{name}`"))
                .collect();
            return Err(self.invalid(name, "is defined by itself").note(cycle.join(" → ")).into());
        }
        self.resolving.push(name.into());
        let expr = self.definition(expr, name);
        self.resolving.pop();
        expr
    }

    /// The expression of the selector with `default: true`, if any.
    pub fn default(&mut self) -> Result<Option<SelectionExpr>, Diagnostics> {
        let mut defaults = Vec::new();
        for (name, entry) in self.read()? {
            match entry.get("default") {
                None | Some(Value::Bool(false) | Value::Null) => {}
                Some(Value::Bool(true)) => defaults.push(name),
                Some(Value::String(text)) if text.eq_ignore_ascii_case("true") => {
                    defaults.push(name)
                }
                Some(Value::String(text)) if text.eq_ignore_ascii_case("false") => {}
                Some(_) => {
                    let error =
                        self.invalid(&name, "has a `default` that is neither `true` nor `false`");
                    return Err(error
                        .hint("write `true`, `false`, or Jinja that renders to one of them")
                        .into());
                }
            }
        }
        match &defaults[..] {
            [] => Ok(None),
            [name] => self.named(name).map(Some),
            [first, second, ..] => Err(self
                .invalid(second, &format!("has `default: true`, as has `{first}`"))
                .hint("set `default` on one of them only")
                .into()),
        }
    }

    fn read(&mut self) -> Result<Entries, Diagnostics> {
        if self.entries.is_none() {
            self.entries = Some(self.file.map_or(Ok(Vec::new()), entries)?);
        }
        Ok(self.entries.clone().unwrap_or_default())
    }

    fn definition(&mut self, value: &Value, name: &str) -> Result<SelectionExpr, Diagnostics> {
        match value {
            Value::String(text) => {
                let expr = spec::union(std::slice::from_ref(text), &mut |name| self.named(name));
                expr.map(lenient).map_err(|errors| self.locate(errors, name))
            }
            Value::Object(parts) => match (
                parts.get("union"),
                parts.get("intersection"),
                parts.get("method"),
                parts.len(),
            ) {
                (Some(union), None, None, 1) => self.combined(union, SelectionExpr::Union, name),
                (None, Some(intersection), None, 1) => {
                    self.combined(intersection, SelectionExpr::Intersection, name)
                }
                (None, None, Some(method), _) => self.method(method, parts, name),
                (None, None, None, 1) => {
                    let (method, value) = parts
                        .iter()
                        .next()
                        .map_or((Value::Null, &Value::Null), |(method, value)| {
                            (Value::from(&**method), value)
                        });
                    self.criterion(&method, value, name)
                }
                (None, None, None, _) => {
                    Err(self.invalid(name, "has a definition without a `method`").into())
                }
                _ => Err(self
                    .invalid(name, "has other keys next to `union` or `intersection`")
                    .hint("move them into the list")
                    .into()),
            },
            _ => Err(self
                .invalid(name, "has a definition that is neither a string nor a mapping")
                .into()),
        }
    }

    /// A `union` or an `intersection` of items, without those of its `exclude`.
    fn combined(
        &mut self,
        items: &Value,
        of: fn(Vec<SelectionExpr>) -> SelectionExpr,
        name: &str,
    ) -> Result<SelectionExpr, Diagnostics> {
        let Some(items) = items.as_array() else {
            return Err(self
                .invalid(name, "has a `union` or an `intersection` that is not a list")
                .into());
        };
        let excluded = |item: &Value| {
            item.as_object()
                .filter(|item| item.len() == 1)
                .and_then(|item| item.get("exclude"))
                .cloned()
        };
        let (excludes, included): (Vec<_>, Vec<_>) =
            items.iter().partition(|item| excluded(item).is_some());
        if included.is_empty() || excludes.len() > 1 {
            let what = if included.is_empty() {
                "has a list that selects nothing"
            } else {
                "has a list with more than one `exclude`"
            };
            return Err(self.invalid(name, what).into());
        }
        let expr = of(collect(included, |item| self.definition(item, name))?);
        match excludes.first().and_then(|item| excluded(item)) {
            Some(list) => self.without(expr, &list, name),
            None => Ok(expr),
        }
    }

    fn without(
        &mut self,
        expr: SelectionExpr,
        excluded: &Value,
        name: &str,
    ) -> Result<SelectionExpr, Diagnostics> {
        let Some(items) = excluded.as_array() else {
            return Err(self.invalid(name, "has an `exclude` that is not a list").into());
        };
        let items = collect(items, |item| self.definition(item, name))?;
        Ok(SelectionExpr::Difference(Box::new(expr), Box::new(SelectionExpr::Union(items))))
    }

    fn method(
        &mut self,
        method: &Value,
        parts: &Map<String, Value>,
        name: &str,
    ) -> Result<SelectionExpr, Diagnostics> {
        if let Some(unknown) = parts.keys().map(String::as_str).find(|key| !KEYS.contains(key)) {
            let error =
                self.invalid(name, &format!("has an unknown key `{unknown}` in its definition"));
            return Err(match nearest(unknown, KEYS.iter().copied()) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error,
            }
            .into());
        }
        let expr = self.criterion(method, parts.get("value").unwrap_or(&Value::Null), name)?;
        let operators = GraphOperators {
            parents: self.reach(parts, "parents", "parents_depth", name)?,
            children: self.reach(parts, "children", "children_depth", name)?,
            childrens_parents: self.is_set(parts, "childrens_parents", name)?,
        };
        let expanded = if operators == GraphOperators::default() {
            expr
        } else {
            SelectionExpr::Expanded(Box::new(expr), operators)
        };
        match parts.get("exclude") {
            Some(excluded) => self.without(expanded, excluded, name),
            None => Ok(expanded),
        }
    }

    fn criterion(
        &mut self,
        method: &Value,
        value: &Value,
        name: &str,
    ) -> Result<SelectionExpr, Diagnostics> {
        let value = match value {
            Value::String(text) => text.clone(),
            Value::Bool(set) => set.to_string(),
            Value::Number(number) => number.to_string(),
            _ => return Err(self.invalid(name, "has a definition without a `value`").into()),
        };
        let Some(method) = method.as_str() else {
            return Err(self.invalid(name, "has a `method` that is not a string").into());
        };
        if method == "selector" {
            return self.named(&value);
        }
        let parsed =
            Method::parse(method, &value).map_err(|error| self.locate(error.into(), name))?;
        Ok(SelectionExpr::Criterion(Criterion {
            method: parsed,
            text: format!("{method}:{value}"),
            value,
            must_match: false,
        }))
    }

    fn reach(
        &self,
        parts: &Map<String, Value>,
        whether: &str,
        depth: &str,
        name: &str,
    ) -> Result<Option<usize>, Diagnostics> {
        if !self.is_set(parts, whether, name)? {
            return Ok(None);
        }
        match parts.get(depth) {
            None | Some(Value::Null) => Ok(Some(usize::MAX)),
            Some(steps) => match steps.as_u64().and_then(|steps| usize::try_from(steps).ok()) {
                Some(steps) => Ok(Some(steps)),
                None => {
                    Err(self.invalid(name, &format!("has a `{depth}` that is not a number")).into())
                }
            },
        }
    }

    fn is_set(
        &self,
        parts: &Map<String, Value>,
        key: &str,
        name: &str,
    ) -> Result<bool, Diagnostics> {
        match parts.get(key) {
            None | Some(Value::Null) => Ok(false),
            Some(Value::Bool(set)) => Ok(*set),
            Some(_) => Err(self
                .invalid(name, &format!("has a `{key}` that is neither `true` nor `false`"))
                .into()),
        }
    }

    fn invalid(&self, name: &str, what: &str) -> Diagnostic {
        Diagnostic::error(format!("the selector `{name}` {what}")).at_maybe(self.location(name))
    }

    fn locate(&self, errors: Diagnostics, name: &str) -> Diagnostics {
        let at = self.location(name);
        Diagnostics(
            errors
                .0
                .into_iter()
                .map(|one| if one.at.is_none() { one.at_maybe(at.clone()) } else { one })
                .collect(),
        )
    }

    fn location(&self, name: &str) -> Option<Location> {
        let file = &self.file?.file;
        // The `name:` line; a description before it may contain the name.
        let line = file.text.lines().position(|line| {
            line.trim_start_matches([' ', '-'])
                .strip_prefix("name:")
                .is_some_and(|rest| rest.trim().trim_matches(['\'', '"']) == name)
        });
        Some(line.map_or_else(|| file.at(0..0), |line| file.line(line + 1)))
    }
}

const KEYS: &[&str] = &[
    "method",
    "value",
    "parents",
    "children",
    "parents_depth",
    "children_depth",
    "childrens_parents",
    "indirect_selection",
    "exclude",
];

fn entries(selectors: &SelectorsFile) -> Result<Entries, Diagnostic> {
    let file = &selectors.file;
    let all = selectors.data.clone()?;
    let shape = |what: &str| Diagnostic::error(format!("`{}` {what}", file.path)).at(file.at(0..0));
    let list = match all.get("selectors") {
        _ if all.is_null() => return Ok(Vec::new()),
        Some(Value::Array(list)) => list,
        _ => {
            return Err(shape("has no list of `selectors`")
                .hint("write `selectors: [{name: nightly, definition: 'tag:nightly'}]`"));
        }
    };
    let mut entries: Vec<(String, Map<String, Value>)> = Vec::new();
    for entry in list {
        let named = entry
            .as_object()
            .and_then(|entry| Some((entry.get("name")?.as_str()?.to_string(), entry.clone())));
        let Some((name, entry)) = named else {
            return Err(shape("has a selector without a `name`"));
        };
        if entries.iter().any(|(known, _)| *known == name) {
            return Err(shape(&format!("has two selectors `{name}`")).hint("rename one of them"));
        }
        entries.push((name, entry));
    }
    Ok(entries)
}

/// The same expression without warnings about terms that match nothing.
fn lenient(expr: SelectionExpr) -> SelectionExpr {
    let all = |parts: Vec<SelectionExpr>| parts.into_iter().map(lenient).collect();
    match expr {
        SelectionExpr::Criterion(criterion) => {
            SelectionExpr::Criterion(Criterion { must_match: false, ..criterion })
        }
        SelectionExpr::Expanded(of, operators) => {
            SelectionExpr::Expanded(Box::new(lenient(*of)), operators)
        }
        SelectionExpr::Term(_, expr) => lenient(*expr),
        SelectionExpr::Union(parts) => SelectionExpr::Union(all(parts)),
        SelectionExpr::Intersection(parts) => SelectionExpr::Intersection(all(parts)),
        SelectionExpr::Difference(expr, excluded) => {
            SelectionExpr::Difference(Box::new(lenient(*expr)), Box::new(lenient(*excluded)))
        }
        SelectionExpr::Everything => SelectionExpr::Everything,
    }
}
