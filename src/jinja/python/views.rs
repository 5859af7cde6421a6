//! Python's views without a copy: `range()`, and the keys, values and items of a dict.

use std::fmt;
use std::sync::Arc;

use minijinja::value::{DynObject, Enumerator, Object, ObjectRepr, Tuple, Value};
use minijinja::{Error, ErrorKind, State};

use super::call::Call;
use super::text::write_items;
use super::{collections, error};
use crate::jinja::errors;

/// Jinja's maximum number of items of a range.
const MAX_RANGE: i64 = 100_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::jinja) enum DictPart {
    Keys,
    Values,
    Items,
}

/// `d.keys()`, `d.values()`, `d.items()`: a live view of the dict.
pub(in crate::jinja) struct View {
    dict: Value,
    part: DictPart,
}

impl View {
    pub fn value(dict: Value, part: DictPart) -> Value {
        Value::from_object(View { dict, part })
    }

    pub fn dict(&self) -> &Value {
        &self.dict
    }

    pub fn type_name(&self) -> &'static str {
        match self.part {
            DictPart::Keys => "dict_keys",
            DictPart::Values => "dict_values",
            DictPart::Items => "dict_items",
        }
    }

    fn items(&self) -> Vec<Value> {
        let pairs =
            self.dict.as_object().and_then(|dict| dict.try_iter_pairs()).into_iter().flatten();
        match self.part {
            DictPart::Keys => pairs.map(|(key, _)| key).collect(),
            DictPart::Values => pairs.map(|(_, value)| value).collect(),
            DictPart::Items => {
                pairs.map(|(key, value)| Value::from(Tuple::from([key, value]))).collect()
            }
        }
    }
}

impl fmt::Debug for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = String::new();
        write_items(&format!("{}([", self.type_name()), self.items().into_iter(), "])", &mut out);
        f.write_str(&out)
    }
}

impl Object for View {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        // Items have no index.
        ObjectRepr::Map
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        collections::counted(self.items())
    }

    fn enumerator_len(self: &Arc<Self>) -> Option<usize> {
        self.dict.len()
    }

    /// Keys and items compare like sets; values only with themselves.
    fn custom_cmp(self: &Arc<Self>, other: &DynObject) -> Option<std::cmp::Ordering> {
        let other = other.downcast_ref::<View>()?;
        let (left, right) = (self.items(), other.items());
        let same = self.part != DictPart::Values
            && left.len() == right.len()
            && left.iter().all(|item| right.contains(item));
        Some(if same { std::cmp::Ordering::Equal } else { std::cmp::Ordering::Less })
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }

    fn call_method(
        self: &Arc<Self>,
        _: &mut State,
        method: &str,
        args: &[Value],
    ) -> Result<Value, Error> {
        let call = Call::of("dict_keys", method, args);
        match method {
            "isdisjoint" if self.part != DictPart::Values => {
                let others = super::items(&call.needs(0, "other")?)?;
                Ok(Value::from(!self.items().iter().any(|item| others.contains(item))))
            }
            _ => Err(Error::new(
                ErrorKind::UnknownMethod,
                format!("'{} object' has no attribute '{method}'", self.type_name()),
            )),
        }
    }
}

/// `range(start, stop, step)`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::jinja) struct Range {
    start: i64,
    stop: i64,
    step: i64,
}

impl Range {
    pub fn value(args: &[Value]) -> Result<Value, Error> {
        let call = Call::of("", "range", args);
        let whole = |position: usize, name: &str| {
            let value = call.needs(position, name)?;
            match super::types::of(&value) {
                super::types::Type::Int | super::types::Type::Bool => value
                    .as_i64()
                    .or(value.is_true().then_some(1))
                    .ok_or_else(|| error("range has too many elements")),
                _ => Err(error(format!(
                    "'{}' object cannot be interpreted as an integer",
                    super::types::name(&value)
                ))),
            }
        };
        let range = match call.args.len() {
            1 => Range { start: 0, stop: whole(0, "stop")?, step: 1 },
            2 => Range { start: whole(0, "start")?, stop: whole(1, "stop")?, step: 1 },
            3 => Range {
                start: whole(0, "start")?,
                stop: whole(1, "stop")?,
                step: whole(2, "step")?,
            },
            count => return Err(error(format!("range expected 1 to 3 arguments, got {count}"))),
        };
        if range.step == 0 {
            return Err(error("range() arg 3 must not be zero"));
        }
        if range.length() > MAX_RANGE {
            return Err(error(format!(
                "Range too big. The sandbox blocks ranges larger than MAX_RANGE ({MAX_RANGE})."
            )));
        }
        Ok(Value::from_object(range))
    }

    fn length(&self) -> i64 {
        let distance = i128::from(self.stop) - i128::from(self.start);
        let step = i128::from(self.step);
        if distance == 0 || (distance > 0) != (step > 0) {
            return 0;
        }
        i64::try_from((distance.abs() + step.abs() - 1) / step.abs()).unwrap_or(i64::MAX)
    }

    fn at(&self, index: i64) -> i64 {
        self.start + index * self.step
    }

    /// The part selected by a slice.
    pub fn slice(&self, from: i64, to: i64, step: i64) -> Value {
        Value::from_object(Range {
            start: self.at(from),
            stop: self.at(to),
            step: self.step * step,
        })
    }

    pub fn contains(&self, number: i64) -> bool {
        let within = if self.step > 0 {
            self.start <= number && number < self.stop
        } else {
            self.stop < number && number <= self.start
        };
        within && (number - self.start) % self.step == 0
    }
}

impl fmt::Debug for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.step {
            1 => write!(f, "range({}, {})", self.start, self.stop),
            step => write!(f, "range({}, {}, {step})", self.start, self.stop),
        }
    }
}

impl Object for Range {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Seq
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        match key.as_str() {
            Some("start") => Some(Value::from(self.start)),
            Some("stop") => Some(Value::from(self.stop)),
            Some("step") => Some(Value::from(self.step)),
            Some(_) => None,
            None => {
                let index = key.as_i64()?;
                let length = self.length();
                let index = if index < 0 { index + length } else { index };
                (0..length).contains(&index).then(|| Value::from(self.at(index)))
            }
        }
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        let range = **self;
        Enumerator::Iter(Box::new((0..range.length()).map(
            move |index| match errors::check_limits() {
                Err(error) if index % 8 == 0 => Value::from(error),
                _ => Value::from(range.at(index)),
            },
        )))
    }

    fn enumerator_len(self: &Arc<Self>) -> Option<usize> {
        usize::try_from(self.length()).ok()
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }

    fn call_method(
        self: &Arc<Self>,
        state: &mut State,
        method: &str,
        args: &[Value],
    ) -> Result<Value, Error> {
        match method {
            "index" | "count" => {
                let numbers =
                    collections::list((0..self.length()).map(|index| Value::from(self.at(index))));
                numbers.call_method(state, method, args)
            }
            _ => Err(Error::new(
                ErrorKind::UnknownMethod,
                format!("'range object' has no attribute '{method}'"),
            )),
        }
    }
}
