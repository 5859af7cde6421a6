//! Jinja's tests, by Python's types.

use minijinja::value::{Value, ValueKind};
use minijinja::{Environment, Error, State};

use super::text::text;
use super::types::{self, Type};
use super::{compare, error, operators};

pub(in crate::jinja) fn register(environment: &mut Environment) {
    environment.add_test("sequence", |value: Value| {
        matches!(
            types::of(&value),
            Type::Undefined
                | Type::Text
                | Type::Bytes
                | Type::List
                | Type::Tuple
                | Type::Dict
                | Type::Range
                | Type::Mapping
        )
    });
    environment.add_test("iterable", |value: Value| match types::of(&value) {
        Type::Relation => Err(error("a relation is not a dict and has no items")),
        kind => Ok(!matches!(
            kind,
            Type::None | Type::Bool | Type::Int | Type::Float | Type::Moment | Type::Function
        )),
    });
    environment.add_test("mapping", |value: Value| {
        matches!(types::of(&value), Type::Dict | Type::Mapping | Type::Relation)
    });
    environment.add_test("callable", |value: Value| match types::of(&value) {
        // Jinja's undefined value is callable, but the call fails.
        Type::Undefined => true,
        Type::Function => !value.as_object().is_some_and(|object| {
            ["Methods", "RelationClass"].iter().any(|name| object.type_name().ends_with(name))
        }),
        _ => false,
    });
    environment.add_test("number", |value: Value| {
        matches!(types::of(&value), Type::Int | Type::Float | Type::Bool)
    });
    environment.add_test("integer", |value: Value| types::of(&value) == Type::Int);
    environment.add_test("float", |value: Value| types::of(&value) == Type::Float);
    environment.add_test("string", |value: Value| value.kind() == ValueKind::String);
    environment.add_test("escaped", |value: Value| value.is_safe());
    environment
        .add_test("lower", |value: Value| has_case(&value, char::is_lowercase, char::is_uppercase));
    environment
        .add_test("upper", |value: Value| has_case(&value, char::is_uppercase, char::is_lowercase));
    environment.add_test("odd", |state: &State, value: Value| {
        rest(state, value, Value::from(2)).map(|rest| rest == Value::from(1))
    });
    environment.add_test("even", |state: &State, value: Value| {
        rest(state, value, Value::from(2)).map(|rest| rest == Value::from(0))
    });
    environment.add_test("divisibleby", |state: &State, value: Value, by: Value| {
        rest(state, value, by).map(|rest| rest == Value::from(0))
    });
    environment.add_test("in", |state: &State, value: Value, container: Value| {
        compare::contains(state, &value, &container)
    });
    for (name, sign) in [
        (">", ">"),
        ("gt", ">"),
        ("greaterthan", ">"),
        (">=", ">="),
        ("ge", ">="),
        ("<", "<"),
        ("lt", "<"),
        ("lessthan", "<"),
        ("<=", "<="),
        ("le", "<="),
    ] {
        environment.add_test(name, move |state: &State, value: Value, other: Value| {
            compare::compare(state, &value, sign, &other)
        });
    }
}

/// Whether a text has letters of one case and none of the other.
fn has_case(value: &Value, wanted: fn(char) -> bool, other: fn(char) -> bool) -> bool {
    let text = text(value);
    text.chars().any(wanted) && !text.chars().any(other)
}

/// `value % by`.
fn rest(state: &State, value: Value, by: Value) -> Result<Value, Error> {
    if value.as_str().is_some() {
        return Err(error("not all arguments converted during string formatting"));
    }
    operators::modulo(state, value, by)
}
