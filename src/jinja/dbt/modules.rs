//! dbt's `modules`: the parts of Python's `datetime`, `pytz`, `re` and `itertools` in dbt.

use std::sync::Arc;

use minijinja::State;
use minijinja::value::Value;

use super::builtin_function::Methods;
use super::session::Session;
use crate::jinja::python::call::Call;
use crate::jinja::python::datetime::module;
use crate::jinja::python::{collections, itertools, regex};

pub fn object(session: &Arc<Session>, name: &str) -> Option<Value> {
    if name != "modules" {
        return None;
    }
    let methods = |name, method, attribute| {
        Value::from_object(Methods { name, session: session.clone(), method, attribute })
    };
    let re = |_: &Arc<Session>, state: &mut State, method: &str, call: &Call| {
        regex::function(state, method, call)
    };
    let iterators = |_: &Arc<Session>, state: &mut State, method: &str, call: &Call| {
        itertools::function(state, method, call)
    };
    Some(collections::dict([
        (Value::from("datetime"), module::datetime(session.now())),
        (Value::from("pytz"), module::pytz(session.now())),
        (Value::from("re"), methods("re", re, |_, name| regex::flag(name))),
        (Value::from("itertools"), methods("itertools", iterators, |_, _| None)),
    ]))
}
