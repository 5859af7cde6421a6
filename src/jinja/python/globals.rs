//! Jinja's global functions: `range`, `dict`, `cycler`, `joiner`, `lipsum`.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use minijinja::value::{Object, ObjectRepr, Rest, Value};
use minijinja::{Environment, Error, ErrorKind, State};

use super::call::Call;
use super::views::Range;
use super::{Args, collections, error, nesting, types, values};

pub(in crate::jinja) fn register(environment: &mut Environment) {
    environment.add_function("range", |args: Args| Range::value(&values(args)));
    environment.add_function("dict", dict);
    environment.add_function("namespace", namespace);
    environment.add_function("cycler", |items: Rest<Value>| match items.is_empty() {
        true => Err(error("at least one item has to be provided")),
        false => Ok(Value::from_object(Cycler { items: items.to_vec(), at: AtomicUsize::new(0) })),
    });
    environment.add_function("joiner", |args: Args| {
        let separator = Call::of("", "joiner", &values(args))
            .get(0, "sep")
            .unwrap_or_else(|| Value::from(", "));
        Value::from_object(Joiner { separator, used: AtomicBool::new(false) })
    });
    environment.add_function("lipsum", |_: Args| -> Result<Value, Error> {
        Err(error(
            "`lipsum` makes a random text, and a plan must be the same each time: write the \
            text out",
        ))
    });
}

fn dict(args: Args) -> Result<Value, Error> {
    let args = values(args);
    let call = Call::of("", "dict", &args);
    let mut pairs = match call.args {
        [] => Vec::new(),
        [value] if value.is_undefined() => return Err(Error::from(ErrorKind::UndefinedError)),
        [value] => {
            if matches!(
                types::of(value),
                types::Type::None | types::Type::Int | types::Type::Float | types::Type::Bool
            ) {
                return Err(error(format!("'{}' object is not iterable", types::name(value))));
            }
            collections::pairs_of(value)?
        }
        args => return Err(error(format!("dict expected at most 1 argument, got {}", args.len()))),
    };
    if let Some(name) = pairs.iter().find_map(|(key, _)| types::unhashable(key)) {
        return Err(error(format!("unhashable type: '{name}'")));
    }
    pairs.extend(call.named());
    Ok(collections::dict(pairs))
}

/// Jinja's `namespace`, whose attributes can be set; one of them is its nesting level.
fn namespace(state: &mut State, args: Args) -> Result<Value, Error> {
    let attributes = dict(args)?;
    let pairs = collections::pairs_of(&attributes)?.into_iter().chain([nesting::entry()]);
    let made = Value::from_function(minijinja::functions::namespace)
        .call(state, &[collections::dict(pairs)])?;
    nesting::settle(&made).map(|()| made)
}

/// Cycles through its items.
pub(in crate::jinja) struct Cycler {
    items: Vec<Value>,
    at: AtomicUsize,
}

impl Cycler {
    pub fn items(&self) -> &[Value] {
        &self.items
    }
}

impl fmt::Debug for Cycler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<cycler>")
    }
}

impl Object for Cycler {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        match key.as_str()? {
            "current" => self.items.get(self.at.load(Ordering::Relaxed)).cloned(),
            "items" => Some(collections::list(self.items.iter().cloned())),
            "pos" => Some(Value::from(self.at.load(Ordering::Relaxed))),
            _ => None,
        }
    }

    fn call_method(
        self: &Arc<Self>,
        _: &mut State,
        method: &str,
        _: &[Value],
    ) -> Result<Value, Error> {
        match method {
            "next" => {
                let at = self.at.load(Ordering::Relaxed);
                self.at.store((at + 1) % self.items.len(), Ordering::Relaxed);
                Ok(self.items[at].clone())
            }
            "reset" => {
                self.at.store(0, Ordering::Relaxed);
                Ok(Value::from(()))
            }
            _ => Err(Error::new(
                ErrorKind::UnknownMethod,
                format!("'cycler object' has no attribute '{method}'"),
            )),
        }
    }
}

/// Empty at the first call, then its separator.
pub(in crate::jinja) struct Joiner {
    separator: Value,
    used: AtomicBool,
}

impl Joiner {
    pub fn separator(&self) -> &Value {
        &self.separator
    }
}

impl fmt::Debug for Joiner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<joiner>")
    }
}

impl Object for Joiner {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn call(self: &Arc<Self>, _: &mut State, _: &[Value]) -> Result<Value, Error> {
        Ok(if self.used.swap(true, Ordering::Relaxed) {
            self.separator.clone()
        } else {
            Value::from("")
        })
    }
}
