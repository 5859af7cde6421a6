//! The shape of a value of YAML, as dbt's contracts declare it. Takes the shape, the value with its
//! Jinja rendered, and its tree; adds an error for each part of another shape.

use serde_json::Value;

use crate::diagnostics::{Diagnostic, Diagnostics, nearest};
use crate::yaml::{Data, Yaml};

/// The shape of a value.
pub(super) enum ValueShape {
    Any,
    Null,
    Text,
    Boolean,
    Whole,
    Number,
    /// A dict with any keys.
    Dict,
    /// One of several texts, in either case.
    Word(&'static [&'static str]),
    List(&'static ValueShape),
    Entry(&'static KeyShapes),
    /// A value of one of these shapes.
    Either(&'static [ValueShape]),
}

/// The keys of a dict.
pub(super) struct KeyShapes {
    pub keys: &'static [(&'static str, ValueShape)],
    pub required: &'static [&'static str],
    /// Whether dbt rejects a key that is not in `keys`.
    pub is_closed: bool,
}

/// A part of a file: the value, and its tree for the location.
#[derive(Clone, Copy)]
pub(super) struct Part<'a> {
    pub yaml: &'a Yaml,
    pub value: &'a Value,
}

impl<'a> Part<'a> {
    /// The value under a key. A value of Jinja has the location of its text.
    pub fn get(self, key: &str) -> Option<Part<'a>> {
        let value = self.value.get(key)?;
        let yaml = self.yaml.dict().and_then(|dict| dict.get(key)).unwrap_or(self.yaml);
        Some(Part { yaml, value })
    }

    /// The value under a key, if it is a text.
    pub fn text(self, key: &str) -> Option<(&'a str, Part<'a>)> {
        let part = self.get(key)?;
        Some((part.value.as_str()?, part))
    }

    /// The items of the list under a key.
    pub fn items(self, key: &str) -> Vec<Part<'a>> {
        let Some(list) = self.get(key) else { return Vec::new() };
        let values = list.value.as_array().into_iter().flatten();
        let at = |nth: usize| list.yaml.items().get(nth).unwrap_or(list.yaml);
        values.enumerate().map(|(nth, value)| Part { yaml: at(nth), value }).collect()
    }

    /// An error at its location.
    pub fn error(self, message: String) -> Diagnostic {
        Diagnostic::error(message).at(self.yaml.at.clone())
    }

    /// The name of what it describes, for messages.
    pub fn name(self) -> &'a str {
        self.value.get("name").and_then(Value::as_str).unwrap_or_default()
    }
}

/// Adds the errors of a value; `key` is its key, or that of its list.
pub(super) fn check(shape: &ValueShape, key: &str, part: Part, errors: &mut Diagnostics) {
    let shapes = alternatives(shape);
    let Some(shape) = shapes.iter().find(|shape| fits(shape, part)) else {
        errors.0.push(mismatch(shapes, key, part));
        return;
    };
    match (shape, part.value) {
        (ValueShape::List(of), Value::Array(values)) => {
            for (nth, value) in values.iter().enumerate() {
                let yaml = part.yaml.items().get(nth).unwrap_or(part.yaml);
                check(of, key, Part { yaml, value }, errors);
            }
        }
        (ValueShape::Entry(keys), _) => check_keys(keys, part, errors),
        (ValueShape::Word(words), Value::String(text))
            if !words.contains(&text.to_lowercase().as_str()) =>
        {
            errors.0.push(unknown_word(words, key, text, part));
        }
        _ => {}
    }
}

/// Adds the errors of the keys of a dict; other values have none.
pub(super) fn check_keys(shapes: &KeyShapes, part: Part, errors: &mut Diagnostics) {
    let Value::Object(dict) = part.value else { return };
    for key in dict.keys() {
        let Some(value) = part.get(key) else { continue };
        match shapes.keys.iter().find(|(known, _)| known == key) {
            Some((_, shape)) => check(shape, key, value, errors),
            None if shapes.is_closed => errors.0.push(unknown_key(shapes, key, value)),
            None => {}
        }
    }
    for key in shapes.required.iter().filter(|key| !dict.contains_key(**key)) {
        let error = part.error(format!("an entry has no `{key}`"));
        errors.0.push(error.hint(format!("add `{key}`, which dbt requires")));
    }
}

fn alternatives(shape: &ValueShape) -> &[ValueShape] {
    match shape {
        ValueShape::Either(shapes) => shapes,
        shape => std::slice::from_ref(shape),
    }
}

/// Whether the value has the type of the shape; its parts may differ.
fn fits(shape: &ValueShape, part: Part) -> bool {
    let is_other = matches!(part.yaml.data, Data::Other(_));
    match shape {
        ValueShape::Any => true,
        ValueShape::Null => part.value.is_null(),
        ValueShape::Text | ValueShape::Word(_) => part.value.is_string() && !is_other,
        ValueShape::Boolean => part.value.is_boolean(),
        // As in dbt, 1.0 is a whole number.
        ValueShape::Whole => {
            let is_whole = |number: f64| number.fract() == 0.0;
            part.value.is_i64()
                || part.value.is_u64()
                || part.value.is_f64() && part.value.as_f64().is_some_and(is_whole)
        }
        ValueShape::Number => part.value.is_number(),
        ValueShape::Dict | ValueShape::Entry(_) => part.value.is_object(),
        ValueShape::List(_) => part.value.is_array(),
        ValueShape::Either(shapes) => shapes.iter().any(|shape| fits(shape, part)),
    }
}

fn mismatch(shapes: &[ValueShape], key: &str, part: Part) -> Diagnostic {
    let mut expected: Vec<&str> = shapes.iter().filter_map(title).collect();
    expected.dedup();
    let message = format!("`{key}` must be {}, but {}", expected.join(" or "), actual(part.value));
    let hint = match (part.value, expected.first()) {
        (Value::Null, _) => "write a value, or remove the key",
        (_, Some(&"a text")) => "write a text; put a number or a date in quotes",
        (_, Some(&"a list")) => "begin each item with `- `",
        (_, Some(&"a dict")) => "write one `key: value` per line below it",
        (_, Some(&"true or false")) => "write `true` or `false`",
        _ => "write a number without quotes",
    };
    part.error(message).hint(hint)
}

fn title(shape: &ValueShape) -> Option<&'static str> {
    Some(match shape {
        ValueShape::Null => return None,
        ValueShape::Any => "a value",
        ValueShape::Text | ValueShape::Word(_) => "a text",
        ValueShape::Boolean => "true or false",
        ValueShape::Whole => "a whole number",
        ValueShape::Number => "a number",
        ValueShape::Dict | ValueShape::Entry(_) => "a dict",
        ValueShape::List(_) => "a list",
        ValueShape::Either(shapes) => return shapes.iter().find_map(title),
    })
}

/// What a value is, for the end of a message.
pub(super) fn actual(value: &Value) -> &'static str {
    match value {
        Value::Null => "has no value",
        Value::Bool(_) => "is true or false",
        Value::Number(_) => "is a number",
        Value::String(_) => "is a text",
        Value::Array(_) => "is a list",
        Value::Object(_) => "is a dict",
    }
}

/// The error of a text that is not one of the words.
pub(super) fn unknown_word(words: &[&str], key: &str, text: &str, part: Part) -> Diagnostic {
    let error = part.error(format!("`{key}` must not be `{text}`"));
    let known: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    let hint = format!("the values are {}", known.join(", "));
    match nearest(&text.to_lowercase(), words.iter().copied()) {
        Some(near) => error.hint(format!("did you mean `{near}`?")).hint(hint),
        None => error.hint(hint),
    }
}

fn unknown_key(shapes: &KeyShapes, key: &str, part: Part) -> Diagnostic {
    let error = part.error(format!("unknown key `{key}`"));
    let known = shapes.keys.iter().map(|(key, _)| *key);
    if let Some(near) = nearest(key, known.clone()) {
        return error.hint(format!("did you mean `{near}`?"));
    }
    let known: Vec<String> = known.map(|key| format!("`{key}`")).collect();
    error.hint(format!("the keys are {}", known.join(", ")))
}
