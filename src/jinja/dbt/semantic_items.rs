//! The items of the semantic layer in a filter or an order: `{{ Dimension('visit__country') }} =
//! 'US'`. Takes the text; returns the printed items, or an error where dbt has one.

use std::fmt;
use std::sync::{Arc, LazyLock, Mutex};

use minijinja::value::{Object, Value};
use minijinja::{Environment, Error, ErrorKind, State, UndefinedBehavior};

use super::environment;
use crate::diagnostics::{Diagnostic, Diagnostics, SourceFile};
use crate::jinja::python::call::Call;
use crate::jinja::syntax::transpile;
use crate::limits;

/// The functions that make an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SemanticItemKind {
    Dimension,
    TimeDimension,
    Entity,
    Metric,
}

/// An item, as its call describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SemanticItem {
    pub kind: SemanticItemKind,
    pub name: String,
    pub entity_path: Vec<String>,
    pub group_by: Vec<String>,
    pub granularity: Option<String>,
    pub date_part: Option<String>,
    pub descending: Option<bool>,
}

const DATE_PARTS: [&str; 6] = ["year", "quarter", "month", "day", "dow", "doy"];

static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = environment::base();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment
});

/// The items that a template prints. Each item can be `descending` in an order.
pub fn semantic_items(template: &str, is_order: bool) -> Result<Vec<SemanticItem>, Diagnostic> {
    let printed = Arc::new(Mutex::new(Vec::new()));
    let function = |kind| Value::from_object(Function { kind, is_order, printed: printed.clone() });
    let names = minijinja::context! {
        Dimension => function(SemanticItemKind::Dimension),
        TimeDimension => function(SemanticItemKind::TimeDimension),
        Entity => function(SemanticItemKind::Entity),
        Metric => function(SemanticItemKind::Metric),
    };
    let prepared = transpile::template(template, "");
    let file = SourceFile::new("", template);
    let render = || {
        let rendered = ENVIRONMENT.render_named_str("filter", &prepared.edited.text, names);
        rendered.map_err(|error| {
            let detail = match (error.kind(), error.detail()) {
                (ErrorKind::UndefinedError, _) => "a name in it is not defined".to_string(),
                (kind, None) => kind.to_string(),
                (_, Some(detail)) => detail.to_string(),
            };
            Diagnostics::from(Diagnostic::error(detail))
        })
    };
    let rendered = limits::guarded(&file, render);
    if let Err(errors) = rendered {
        let first = errors.0.into_iter().next();
        return Err(first.unwrap_or_else(|| Diagnostic::error("the filter cannot be evaluated")));
    }
    let items = printed.lock().map(|items| items.clone()).unwrap_or_default();
    Ok(items)
}

type Printed = Arc<Mutex<Vec<SemanticItem>>>;

struct Function {
    kind: SemanticItemKind,
    is_order: bool,
    printed: Printed,
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.kind)
    }
}

impl Function {
    /// The names of the parameters.
    fn parameters(&self) -> &'static [&'static str] {
        match self.kind {
            SemanticItemKind::Dimension => &["name", "entity_path"],
            SemanticItemKind::TimeDimension => &[
                "time_dimension_name",
                "time_granularity_name",
                "entity_path",
                "descending",
                "date_part_name",
            ],
            SemanticItemKind::Entity => &["entity_name", "entity_path"],
            SemanticItemKind::Metric => &["metric_name", "group_by"],
        }
    }
}

impl Object for Function {
    fn call(self: &Arc<Self>, _: &mut State, args: &[Value]) -> Result<Value, Error> {
        let title = format!("{:?}", self.kind);
        let call = Call::of("", &title, args);
        let parameters = self.parameters();
        let is_unknown = |key: &Value| !key.as_str().is_some_and(|key| parameters.contains(&key));
        if call.args.len() > parameters.len() || call.named().iter().any(|(key, _)| is_unknown(key))
        {
            return Err(call.error(format_args!("its parameters are {}", parameters.join(", "))));
        }
        let get = |name: &str| {
            let nth = parameters.iter().position(|known| *known == name)?;
            call.get(nth, name).filter(|value| !value.is_none())
        };
        let texts = |name: &str| -> Result<Vec<String>, Error> {
            let Some(value) = get(name) else { return Ok(Vec::new()) };
            // A text is a list of its letters, as in Python.
            if let Some(text) = value.as_str() {
                return Ok(text.chars().map(String::from).collect());
            }
            Ok(value.try_iter()?.map(|item| item.to_string()).collect())
        };
        let text = |name: &str| get(name).map(|value| value.to_string());
        let item = SemanticItem {
            kind: self.kind,
            name: call.needs_text(0, parameters[0])?,
            entity_path: texts("entity_path")?,
            group_by: texts("group_by")?,
            granularity: text("time_granularity_name"),
            date_part: text("date_part_name"),
            descending: get("descending").map(|value| value.is_true()),
        };
        checked(&item)?;
        let (is_order, printed) = (self.is_order, self.printed.clone());
        Ok(Value::from_object(Item { item, is_order, printed }))
    }
}

/// Rejects an unknown part of a date, and a metric with an entity in its name.
fn checked(item: &SemanticItem) -> Result<(), Error> {
    let invalid = |message: String| Err(Error::new(ErrorKind::InvalidOperation, message));
    if let Some(part) = &item.date_part
        && !DATE_PARTS.contains(&part.to_lowercase().as_str())
    {
        return invalid(format!("`{part}` is not a part of a date: {}", DATE_PARTS.join(", ")));
    }
    if item.kind == SemanticItemKind::Metric && !item.dundered(&[]).entities.is_empty() {
        return invalid(format!("the name of the metric `{}` has an entity", item.name));
    }
    Ok(())
}

/// A name with entities before it and a granularity behind it: `visit__held_on__month`.
pub struct DunderedName<'a> {
    pub entities: Vec<&'a str>,
    pub element: &'a str,
    pub granularity: Option<&'a str>,
}

/// dbt's granularities of time, the finest first.
pub const GRANULARITIES: [&str; 11] = [
    "nanosecond",
    "microsecond",
    "millisecond",
    "second",
    "minute",
    "hour",
    "day",
    "week",
    "month",
    "quarter",
    "year",
];

impl SemanticItem {
    /// The parts of the name. `custom` are further granularities.
    pub fn dundered(&self, custom: &[&str]) -> DunderedName<'_> {
        let mut parts: Vec<&str> = self.name.split("__").collect();
        let is_granularity = |part: &str| GRANULARITIES.contains(&part) || custom.contains(&part);
        let has_granularity = parts.len() > 1 && parts.last().is_some_and(|of| is_granularity(of));
        let granularity = if has_granularity { parts.pop() } else { None };
        let element = parts.pop().unwrap_or_default();
        DunderedName { entities: parts, element, granularity }
    }
}

struct Item {
    item: SemanticItem,
    is_order: bool,
    printed: Printed,
}

impl fmt::Debug for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.item)
    }
}

impl Object for Item {
    fn call_method(
        self: &Arc<Self>,
        _: &mut State,
        method: &str,
        args: &[Value],
    ) -> Result<Value, Error> {
        let call = Call::of("", method, args);
        let mut item = self.item.clone();
        let is_dimension = item.kind == SemanticItemKind::Dimension;
        let is_allowed = match method {
            "grain" | "date_part" => is_dimension,
            "descending" => is_dimension || self.is_order,
            _ => return Err(Error::from(ErrorKind::UnknownMethod)),
        };
        match method {
            "grain" => item.granularity = Some(call.needs_text(0, "time_granularity")?),
            "date_part" => item.date_part = Some(call.needs_text(0, "date_part_name")?),
            _ => {
                let is_descending = call.needs(0, "_is_descending")?.is_true();
                item.descending = Some(is_descending).filter(|yes| *yes).or(item.descending);
                if item.descending.is_none() {
                    item.descending = Some(false);
                }
            }
        }
        if !is_allowed {
            return Err(call.error(format_args!("not possible for {:?} here", item.kind)));
        }
        checked(&item)?;
        Ok(Value::from_object(Item {
            item,
            is_order: self.is_order,
            printed: self.printed.clone(),
        }))
    }

    fn render(self: &Arc<Self>, _: &mut fmt::Formatter<'_>) -> fmt::Result
    where
        Self: Sized + 'static,
    {
        if let Ok(mut printed) = self.printed.lock()
            && !printed.contains(&self.item)
        {
            printed.push(self.item.clone());
        }
        Ok(())
    }
}
