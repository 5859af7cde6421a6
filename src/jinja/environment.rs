//! minijinja made to speak dbt's Jinja: the filters, tests, operators and methods of Python's that it lacks or knows otherwise.

use std::sync::Arc;

use minijinja::value::{Kwargs, Rest, Value, ValueKind};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, State, UndefinedBehavior};
use minijinja_contrib::pycompat;

use super::library::Library;
use super::text_methods;
use super::{collections, datetime, json, marks};

/// How much work one rendering may do: a few seconds.
const FUEL: u64 = 30_000_000;

const DEEPEST_CALLS: usize = 900;

/// The environment for models. `lenient` for the first rendering, in which unknown things are no errors.
pub(super) fn models(library: Arc<Library>, lenient: bool) -> Environment<'static> {
    let mut environment = base();
    environment.set_undefined_behavior(if lenient { UndefinedBehavior::Chainable } else { UndefinedBehavior::Lenient });
    environment.set_loader(move |name| Ok(library.file(name).map(|file| file.prepared.edited.text.clone())));
    if lenient {
        environment.set_unknown_method_callback(|state, value, method, args| {
            if value.is_undefined() { Ok(Value::UNDEFINED) } else { unknown_method(state, value, method, args) }
        });
    }
    environment
}

/// What models and YAML values share.
pub(super) fn base() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_fuel(Some(FUEL));
    environment.set_recursion_limit(DEEPEST_CALLS);
    environment.set_unknown_method_callback(unknown_method);
    environment.add_function("__l", collections::make_list);
    environment.add_function("__d", collections::make_dict);
    environment.add_function("__m", collections::changeable);
    environment.add_function("__add", add);
    environment.add_function("__sub", subtract);
    environment.add_function("__mod", modulo);
    environment.add_filter("list", collections::make_list);
    environment.add_filter("length", length);
    environment.add_filter("count", length);
    environment.add_filter("tojson", |value: Value| {
        let text = json::dumps(&json::json(&value), true);
        text.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026").replace('\'', "\\u0027")
    });
    environment.add_filter("as_text", |value: Value| value);
    environment.add_filter("as_bool", |value: Value| value);
    environment.add_filter("as_number", |value: Value| value);
    environment.add_filter("as_native", |value: Value| value);
    environment.add_filter("is_list", |value: Value| value.kind() == ValueKind::Seq);
    environment.add_filter("center", |text: &str, width: usize| text_methods::padded(text, width, ' ', text_methods::Side::Both));
    environment.add_filter("truncate", truncate);
    environment.add_filter("wordcount", |text: &str| text.split_whitespace().count());
    environment.add_filter("striptags", |text: String| text);
    environment.add_filter("urlencode", urlencode);
    environment.add_filter("random", |values: Value| Ok::<_, Error>(values.try_iter()?.next().unwrap_or_default()));
    environment.add_test("callable", |value: Value| value.kind() == ValueKind::Plain);
    environment
}

fn length(value: Value) -> Result<usize, Error> {
    match value.as_str() {
        Some(_) => Ok(marks::plain(&value).chars().count()),
        None if value.is_undefined() => Ok(0),
        None => match value.len() {
            Some(length) => Ok(length),
            None => match value.try_iter() {
                Ok(items) => Ok(items.count()),
                Err(_) => Err(Error::new(ErrorKind::InvalidOperation, format!("{} has no length", value.kind()))),
            },
        },
    }
}

fn is_list(value: &Value) -> bool {
    matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable) && !value.is_tuple()
}

fn native(state: &State, sign: &str, left: Value, right: Value) -> Result<Value, Error> {
    let expression = match sign {
        "+" => state.env().compile_expression("a + b"),
        "-" => state.env().compile_expression("a - b"),
        _ => state.env().compile_expression("a % b"),
    };
    expression?.eval(minijinja::context! { a => left, b => right })
}

fn add(state: &State, left: Value, right: Value) -> Result<Value, Error> {
    if let Some(result) = datetime::sum(&left, &right, false) {
        return result;
    }
    if is_list(&left) && is_list(&right) {
        let items: Vec<Value> = left.try_iter()?.checked().chain(right.try_iter()?.checked()).collect::<Result<_, _>>()?;
        return Ok(collections::list(items));
    }
    if let (Some(left), Some(right)) = (left.as_str(), right.as_str()) {
        return Ok(Value::from([left, right].concat()));
    }
    native(state, "+", left, right)
}

fn subtract(state: &State, left: Value, right: Value) -> Result<Value, Error> {
    if let Some(result) = datetime::sum(&left, &right, true) {
        return result;
    }
    // The difference of sets, which are lists here.
    if is_list(&left) && is_list(&right) {
        let gone: Vec<Value> = right.try_iter()?.collect();
        return Ok(collections::list(left.try_iter()?.filter(|item| !gone.contains(item)).collect::<Vec<_>>()));
    }
    native(state, "-", left, right)
}

fn modulo(state: &mut State, left: Value, right: Value) -> Result<Value, Error> {
    if left.as_str().is_none() {
        return native(state, "%", left, right);
    }
    let args: Vec<Value> = if right.is_tuple() { right.try_iter()?.collect() } else { vec![right] };
    state.apply_filter("format", &[&[left][..], &args].concat())
}

fn truncate(text: &str, kwargs: Kwargs, rest: Rest<Value>) -> Result<String, Error> {
    let length = match rest.first().cloned() {
        Some(length) => length.as_usize(),
        None => kwargs.get::<Option<usize>>("length")?,
    };
    let length = length.unwrap_or(255);
    let killwords = kwargs.get::<Option<bool>>("killwords")?.or(rest.get(1).map(Value::is_true)).unwrap_or(false);
    let end = kwargs.get::<Option<String>>("end")?.or(rest.get(2).map(ToString::to_string)).unwrap_or_else(|| "...".to_string());
    let leeway = kwargs.get::<Option<usize>>("leeway")?.unwrap_or(5);
    if text.chars().count() <= length + leeway {
        return Ok(text.to_string());
    }
    let cut: String = text.chars().take(length.saturating_sub(end.chars().count())).collect();
    let cut = if killwords { &*cut } else { cut.rsplit_once(' ').map_or(&*cut, |(words, _)| words) };
    Ok(format!("{cut}{end}"))
}

fn urlencode(value: Value) -> String {
    let encode = |text: String| {
        let bytes = text.bytes().map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        });
        bytes.collect::<String>()
    };
    match value.kind() {
        ValueKind::Map => {
            let pairs = collections::pairs_of(&value).unwrap_or_default();
            let parts: Vec<String> =
                pairs.iter().map(|(key, item)| format!("{}={}", encode(marks::plain(key)), encode(marks::plain(item)))).collect();
            parts.join("&")
        }
        _ => encode(marks::plain(&value)),
    }
}

/// Python's methods on what is no object of ours.
fn unknown_method(state: &mut State, value: &Value, method: &str, args: &[Value]) -> Result<Value, Error> {
    if let Some(text) = value.as_str()
        && let Some(result) = text_methods::call(text, method, args)
    {
        return result;
    }
    if value.is_tuple() || value.kind() == ValueKind::Iterable || value.kind() == ValueKind::Seq {
        if matches!(method, "index" | "count" | "copy") {
            return collections::make_list(value.clone())?.call_method(state, method, args);
        }
        if matches!(method, "append" | "extend" | "insert" | "pop" | "remove" | "sort" | "reverse")
            && value.downcast_object_ref::<collections::List>().is_none()
        {
            return Err(Error::new(ErrorKind::InvalidOperation, format!("a list that was not put into a variable cannot `{method}`")));
        }
    }
    let result = pycompat::unknown_method_callback(state, value, method, args)?;
    collections::changeable(result)
}
