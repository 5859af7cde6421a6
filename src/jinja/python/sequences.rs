//! Jinja's filters on the items of a list: `sort`, `unique`, `min`, `max`, `sum`, `groupby`, `map`,
//! `select` …

use std::sync::Arc;

use indexmap::IndexSet;
use minijinja::value::{Tuple, Value};
use minijinja::{Environment, Error, ErrorKind, State};

use super::call::Call;
use super::iterator::ReadOnce;
use super::types::{self, Type};
use super::{Args, collections, compare, error, items, operators, values};

pub(in crate::jinja) fn register(environment: &mut Environment) {
    environment.add_filter("sort", sort);
    environment.add_filter("dictsort", dictsort);
    environment.add_filter("unique", unique);
    environment.add_filter("min", |state: &State, value: Value, args: Args| {
        extreme(state, value, &values(args), false)
    });
    environment.add_filter("max", |state: &State, value: Value, args: Args| {
        extreme(state, value, &values(args), true)
    });
    environment.add_filter("sum", sum);
    environment.add_filter("groupby", groupby);
    environment.add_filter("batch", batch);
    environment.add_filter("slice", slices);
    environment.add_filter("map", map);
    environment
        .add_filter("attr", |state: &State, value: Value, name: Value| attr(state, &value, &name));
    environment.add_filter("select", |state: &mut State, value: Value, args: Args| {
        select(state, value, &values(args), false, true)
    });
    environment.add_filter("reject", |state: &mut State, value: Value, args: Args| {
        select(state, value, &values(args), false, false)
    });
    environment.add_filter("selectattr", |state: &mut State, value: Value, args: Args| {
        select(state, value, &values(args), true, true)
    });
    environment.add_filter("rejectattr", |state: &mut State, value: Value, args: Args| {
        select(state, value, &values(args), true, false)
    });
}

/// A generator: items that are read once.
fn generator(items: impl IntoIterator<Item = Value>) -> Value {
    ReadOnce::value("generator", items.into_iter())
}

/// The item's attribute by a path: `a.b`, `0.name`, or a number. A missing one is the default, or
/// undefined.
pub(super) fn attribute(
    state: &State,
    item: &Value,
    path: &Value,
    default: Option<&Value>,
) -> Result<Value, Error> {
    let steps: Vec<Value> = match path.as_str() {
        Some(path) => path
            .split('.')
            .map(|step| step.parse::<i64>().map_or_else(|_| Value::from(step), Value::from))
            .collect(),
        None => vec![path.clone()],
    };
    let mut value = item.clone();
    for step in steps {
        if value.is_undefined() && !super::lenient(state) {
            return Err(Error::from(ErrorKind::UndefinedError));
        }
        value = value.get_item(&step).unwrap_or_default();
        if value.is_undefined()
            && let Some(default) = default
        {
            value = default.clone();
        }
    }
    Ok(value)
}

/// A text in lower case, for comparison.
fn folded(value: Value) -> Value {
    match value.as_str() {
        Some(text) => Value::from(text.to_lowercase()),
        None => value,
    }
}

/// The sort key of an item.
fn key(
    state: &State,
    item: &Value,
    path: &Option<Value>,
    case_sensitive: bool,
) -> Result<Value, Error> {
    let fold = |value: Value| if case_sensitive { value } else { folded(value) };
    match path {
        None => Ok(fold(item.clone())),
        Some(path) => match path.as_str() {
            Some(text) if text.contains(',') => {
                let keys = text
                    .split(',')
                    .map(|part| attribute(state, item, &Value::from(part), None).map(fold));
                Ok(collections::list(keys.collect::<Result<Vec<_>, _>>()?))
            }
            _ => attribute(state, item, path, None).map(fold),
        },
    }
}

fn path(call: &Call, position: usize) -> Option<Value> {
    call.get(position, "attribute").filter(|path| !path.is_none())
}

fn sort(state: &State, value: Value, args: Args) -> Result<Value, Error> {
    let args = values(args);
    let call = Call::of("", "sort", &args);
    let (path, case_sensitive) = (path(&call, 2), call.truth(1, "case_sensitive"));
    let mut keyed = Vec::new();
    for item in items(&value)? {
        keyed.push((key(state, &item, &path, case_sensitive)?, item));
    }
    compare::sorted(keyed, call.truth(0, "reverse")).map(collections::list)
}

fn dictsort(value: Value, args: Args) -> Result<Value, Error> {
    let args = values(args);
    let call = Call::of("", "dictsort", &args);
    if !matches!(types::of(&value), Type::Dict | Type::Mapping) {
        if value.is_undefined() {
            return Err(Error::from(ErrorKind::UndefinedError));
        }
        return Err(error(format!("'{} object' has no attribute 'items'", types::name(&value))));
    }
    let position = match &*call.text(1, "by")?.unwrap_or_else(|| "key".to_string()) {
        "key" => 0,
        "value" => 1,
        _ => return Err(error("You can only sort by either \"key\" or \"value\"")),
    };
    let case_sensitive = call.truth(0, "case_sensitive");
    let keyed = collections::pairs_of(&value)?.into_iter().map(|(key, item)| {
        let by = if position == 0 { key.clone() } else { item.clone() };
        (if case_sensitive { by } else { folded(by) }, Value::from(Tuple::from([key, item])))
    });
    compare::sorted(keyed.collect(), call.truth(2, "reverse")).map(collections::list)
}

fn unique(state: &State, value: Value, args: Args) -> Result<Value, Error> {
    let args = values(args);
    let call = Call::of("", "unique", &args);
    let (path, case_sensitive) = (path(&call, 1), call.truth(0, "case_sensitive"));
    let mut seen = IndexSet::new();
    let mut selected = Vec::new();
    for item in items(&value)? {
        let key = key(state, &item, &path, case_sensitive)?;
        if let Some(name) = types::unhashable(&key) {
            return Err(error(format!("unhashable type: '{name}'")));
        }
        if seen.insert(key) {
            selected.push(item);
        }
    }
    Ok(generator(selected))
}

fn extreme(state: &State, value: Value, args: &[Value], largest: bool) -> Result<Value, Error> {
    let call = Call::of("", if largest { "max" } else { "min" }, args);
    let (path, case_sensitive) = (path(&call, 1), call.truth(0, "case_sensitive"));
    let mut best: Option<(Value, Value)> = None;
    for item in items(&value)? {
        let key = key(state, &item, &path, case_sensitive)?;
        let better = match &best {
            None => true,
            Some((other, _)) => {
                compare::compare(state, &key, if largest { ">" } else { "<" }, other)?
            }
        };
        if better {
            best = Some((key, item));
        }
    }
    Ok(best.map(|(_, item)| item).unwrap_or_default())
}

fn sum(state: &State, value: Value, args: Args) -> Result<Value, Error> {
    let args = values(args);
    let call = Call::of("", "sum", &args);
    let path = path(&call, 0);
    let mut total = call.get(1, "start").unwrap_or_else(|| Value::from(0));
    if total.as_str().is_some() {
        return Err(error("sum() can't sum strings [use ''.join(seq) instead]"));
    }
    for item in items(&value)? {
        let item = match &path {
            Some(path) => attribute(state, &item, path, None)?,
            None => item,
        };
        total = operators::add(state, total, item)?;
    }
    Ok(total)
}

/// A group: a tuple whose parts also have names.
pub(in crate::jinja) struct Group(Value, Value);

impl Group {
    pub fn parts(&self) -> Vec<Value> {
        vec![self.0.clone(), self.1.clone()]
    }
}

impl std::fmt::Debug for Group {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&super::text::repr(&Value::from(Tuple::from([self.0.clone(), self.1.clone()]))))
    }
}

impl minijinja::value::Object for Group {
    fn repr(self: &Arc<Self>) -> minijinja::value::ObjectRepr {
        minijinja::value::ObjectRepr::Seq
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        match (key.as_str(), key.as_i64()) {
            (Some("grouper"), _) | (_, Some(0 | -2)) => Some(self.0.clone()),
            (Some("list"), _) | (_, Some(1 | -1)) => Some(self.1.clone()),
            _ => None,
        }
    }

    fn enumerate(self: &Arc<Self>) -> minijinja::value::Enumerator {
        minijinja::value::Enumerator::Seq(2)
    }

    fn render(self: &Arc<Self>, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Debug::fmt(self, f)
    }
}

fn groupby(state: &State, value: Value, args: Args) -> Result<Value, Error> {
    let args = values(args);
    let call = Call::of("", "groupby", &args);
    let path = call.needs(0, "attribute")?;
    let default = call.get(1, "default");
    let case_sensitive = call.truth(2, "case_sensitive");
    let mut keyed = Vec::new();
    for item in items(&value)? {
        let key = attribute(state, &item, &path, default.as_ref())?;
        keyed.push((if case_sensitive { key } else { folded(key) }, item));
    }
    compare::sort(&mut keyed)?;
    let mut groups: Vec<(Value, Vec<Value>)> = Vec::new();
    for (key, item) in keyed {
        match groups.last_mut() {
            Some((last, group)) if *last == key => group.push(item),
            _ => groups.push((key, vec![item])),
        }
    }
    let mut named = Vec::new();
    for (key, group) in groups {
        let key = match group.first() {
            Some(first) if !case_sensitive => attribute(state, first, &path, default.as_ref())?,
            _ => key,
        };
        named.push(Value::from_object(Group(key, collections::list(group))));
    }
    Ok(collections::list(named))
}

fn batch(value: Value, args: Args) -> Result<Value, Error> {
    let args = values(args);
    let call = Call::of("", "batch", &args);
    let size = call
        .integer(0, "linecount")?
        .and_then(|size| usize::try_from(size).ok())
        .filter(|size| *size > 0);
    let size = size.ok_or_else(|| call.error("needs a number of items"))?;
    let fill = call.get(1, "fill_with").filter(|fill| !fill.is_none());
    let all = items(&value)?;
    Ok(generator(all.chunks(size).map(|part| {
        let missing = fill.iter().cycle().take(if fill.is_some() { size - part.len() } else { 0 });
        collections::list(part.iter().chain(missing).cloned())
    })))
}

fn slices(value: Value, args: Args) -> Result<Value, Error> {
    let args = values(args);
    let call = Call::of("", "slice", &args);
    let count =
        call.integer(0, "slices")?.and_then(|count| usize::try_from(count).ok()).unwrap_or(0);
    if count == 0 {
        return Err(error("integer division or modulo by zero"));
    }
    let fill = call.get(1, "fill_with").filter(|fill| !fill.is_none());
    let all = items(&value)?;
    let (size, longer) = (all.len() / count, all.len() % count);
    let mut start = 0;
    Ok(generator((0..count.min(1_000_000)).map(|nth| {
        let end = start + size + usize::from(nth < longer);
        let part = all[start..end].iter().cloned().chain(fill.clone().filter(|_| nth >= longer));
        start = end;
        collections::list(part)
    })))
}

fn map(state: &mut State, value: Value, args: Args) -> Result<Value, Error> {
    if !value.is_true() {
        return Ok(generator([]));
    }
    let args = values(args);
    let call = Call::of("", "map", &args);
    let mut mapped = Vec::new();
    if let (true, Some(path)) = (call.args.is_empty(), call.by_name("attribute")) {
        let default = call.by_name("default").filter(|default| !default.is_none());
        for item in items(&value)? {
            mapped.push(attribute(state, &item, &path, default.as_ref())?);
        }
        return Ok(generator(mapped));
    }
    let name =
        call.args.first().ok_or_else(|| error("map requires a filter argument"))?.to_string();
    for item in items(&value)? {
        mapped.push(state.apply_filter(&name, &[&[item][..], &args[1..]].concat())?);
    }
    Ok(generator(mapped))
}

fn select(
    state: &mut State,
    value: Value,
    args: &[Value],
    by_attribute: bool,
    wanted: bool,
) -> Result<Value, Error> {
    if !value.is_true() {
        return Ok(generator([]));
    }
    let mut rest = args;
    let mut path = None;
    if by_attribute {
        let [first, others @ ..] = args else {
            return Err(error("Missing parameter for attribute name"));
        };
        (path, rest) = (Some(first.clone()), others);
    }
    let mut selected = Vec::new();
    for item in items(&value)? {
        let looked_at = match &path {
            Some(path) => attribute(state, &item, path, None)?,
            None => item.clone(),
        };
        let passes = match rest {
            [] => looked_at.is_true(),
            [test, arguments @ ..] => {
                state.perform_test(&test.to_string(), &[&[looked_at][..], arguments].concat())?
            }
        };
        if passes == wanted {
            selected.push(item);
        }
    }
    Ok(generator(selected))
}

/// `value|attr(name)`: an attribute or a method, never an item of a dict.
fn attr(state: &State, value: &Value, name: &Value) -> Result<Value, Error> {
    let Some(name) = name.as_str() else { return Err(error("attribute name must be string")) };
    if value.is_undefined() && !super::lenient(state) {
        return Err(Error::from(ErrorKind::UndefinedError));
    }
    match types::of(value) {
        Type::Dict => Ok(super::methods::bound(value, name).unwrap_or_default()),
        _ => match value.get_attr(name)? {
            attribute if attribute.is_undefined() => {
                Ok(super::methods::bound(value, name).unwrap_or_default())
            }
            attribute => Ok(attribute),
        },
    }
}
