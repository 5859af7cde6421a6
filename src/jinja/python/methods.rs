//! Methods as values: `'a'.upper` without a call, for the tests `is defined` and `is callable` and
//! the filter `attr`.

use std::fmt;
use std::sync::Arc;

use minijinja::value::{Object, ObjectRepr, Value};
use minijinja::{Environment, Error, ErrorKind, State};

use super::datetime::Moment;
use super::error;
use super::types::{self, Type};

const TEXT: &str = "capitalize casefold center count encode endswith expandtabs find format \
    format_map index isalnum isalpha isascii \
    isdecimal isdigit isidentifier islower isnumeric isprintable isspace istitle isupper join \
    ljust lower lstrip maketrans partition \
    removeprefix removesuffix replace rfind rindex rjust rpartition rsplit rstrip split \
    splitlines startswith strip swapcase title \
    translate upper zfill";
const LIST: &str = "append clear copy count extend index insert pop remove reverse sort";
const TUPLE: &str = "count index";
const DICT: &str = "clear copy fromkeys get items keys pop popitem setdefault update values";
const SET: &str = "add clear copy difference difference_update discard intersection \
    intersection_update isdisjoint issubset issuperset \
    pop remove symmetric_difference symmetric_difference_update union update";
const INT: &str = "as_integer_ratio bit_count bit_length conjugate from_bytes to_bytes";
const FLOAT: &str = "as_integer_ratio conjugate fromhex hex is_integer";
const TIME: &str = "astimezone combine ctime date dst fromisocalendar fromisoformat fromordinal \
    fromtimestamp isocalendar isoformat \
    isoweekday now replace strftime strptime time timestamp timetuple timetz today toordinal \
    tzname utcfromtimestamp utcnow utcoffset \
    utctimetuple weekday";
const DATE: &str = "ctime fromisocalendar fromisoformat fromordinal fromtimestamp isocalendar \
    isoformat isoweekday replace strftime \
    timetuple today toordinal weekday";
const CLOCK: &str = "dst fromisoformat isoformat replace strftime tzname utcoffset";
const ZONE: &str = "dst fromutc localize normalize tzname utcoffset";
const RELATION: &str = "include quote quoted incorporate replace_path render render_limited \
    information_schema information_schema_only \
    matches without_identifier add_ephemeral_prefix create create_from create_ephemeral_from \
    to_dict";

pub(in crate::jinja) fn register(environment: &mut Environment) {
    environment.add_function("__attr", attribute);
}

/// `value.name`, including methods of Python.
fn attribute(state: &State, value: Value, name: &str) -> Result<Value, Error> {
    if value.is_undefined() {
        return if super::lenient(state) {
            Ok(Value::UNDEFINED)
        } else {
            Err(Error::from(ErrorKind::UndefinedError))
        };
    }
    let attribute = value.get_attr(name)?;
    Ok(if attribute.is_undefined() { bound(&value, name).unwrap_or_default() } else { attribute })
}

/// The method of this name, bound to the value, if values of its type have one.
pub(super) fn bound(value: &Value, name: &str) -> Option<Value> {
    let names = match types::of(value) {
        Type::Text => TEXT,
        Type::List => LIST,
        Type::Tuple | Type::Range => TUPLE,
        Type::Dict => DICT,
        Type::Set => SET,
        Type::Int | Type::Bool => INT,
        Type::Float => FLOAT,
        Type::Moment => match value.downcast_object_ref::<Moment>() {
            Some(Moment::Date(_)) => DATE,
            Some(Moment::Clock(_)) => CLOCK,
            Some(Moment::Span(_)) => "total_seconds",
            Some(Moment::Zone(_)) => ZONE,
            _ => TIME,
        },
        Type::Relation => RELATION,
        _ => return None,
    };
    let known = names.split_ascii_whitespace().any(|known| known == name);
    known.then(|| Value::from_object(Method { value: value.clone(), name: name.to_string() }))
}

struct Method {
    value: Value,
    name: String,
}

impl fmt::Debug for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<built-in method {} of {} object>", self.name, types::name(&self.value))
    }
}

impl Object for Method {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn call(self: &Arc<Self>, state: &mut State, args: &[Value]) -> Result<Value, Error> {
        self.value.call_method(state, &self.name, args).map_err(|failure| match failure.kind() {
            ErrorKind::UnknownMethod => error(format!("method `{}` is not supported", self.name)),
            _ => failure,
        })
    }
}
