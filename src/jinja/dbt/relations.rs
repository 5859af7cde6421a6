//! dbt's Relation: a table, view or CTE by name, as a template value. Writing it to a text leaves a
//! mark, so that later stages can find the inputs.

use std::cmp::Ordering;
use std::fmt::{self, Write};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use minijinja::value::{DynObject, Enumerator, Object, Value};
use minijinja::{Error, ErrorKind, State};

use super::session::Session;
use crate::jinja::python::call::Call;
use crate::jinja::python::collections;
use crate::jinja::python::text::unmarked;
use crate::jinja::{MarkKind, Relation, RelationStyle, marks};

impl fmt::Display for Relation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [self.database.as_deref(), self.schema.as_deref(), Some(&*self.identifier)];
        let mut first = true;
        for (position, part) in parts.into_iter().enumerate() {
            let Some(part) = part.filter(|part| self.style.included[position] && !part.is_empty())
            else {
                continue;
            };
            if !first {
                f.write_str(".")?;
            }
            first = false;
            if self.style.quoted[position] {
                let open = self.style.quote;
                let close = if open == '[' { ']' } else { open };
                f.write_char(open)?;
                for (nth, piece) in part.split(close).enumerate() {
                    if nth > 0 {
                        f.write_char(close)?;
                        f.write_char(close)?;
                    }
                    f.write_str(piece)?;
                }
                f.write_char(close)?;
            } else {
                f.write_str(part)?;
            }
        }
        Ok(())
    }
}

/// A relation as a template value.
#[derive(Clone)]
pub struct RelationObject {
    pub relation: Relation,
    /// `table`, `view`, `cte` …, if known.
    pub kind: Option<String>,
    /// Its mark: an index in the session's list of marks.
    pub mark: Option<usize>,
    pub session: Arc<Session>,
}

impl RelationObject {
    pub fn is_this(&self) -> bool {
        self.mark
            .is_some_and(|mark| self.session.captured().marks.get(mark) == Some(&MarkKind::This))
    }

    fn seen(&self) {
        if self.is_this() {
            self.session.reads_this.store(true, Relaxed);
        }
    }

    fn with(&self, style: RelationStyle) -> Value {
        let mut other = self.clone();
        other.relation.style = style;
        Value::from_object(other)
    }

    /// The name without a mark, or with the mark of an input that opts out of the filter.
    fn opted_out(&self) -> String {
        self.seen();
        let text = self.relation.to_string();
        let mark = self.mark.and_then(|mark| match self.session.captured().marks.get(mark) {
            Some(MarkKind::Input(id) | MarkKind::OptOut(id)) => Some(MarkKind::OptOut(id.clone())),
            other => other.cloned(),
        });
        match mark {
            Some(kind) => marks::marked(self.session.mark(kind), &text),
            None => text,
        }
    }
}

impl fmt::Debug for RelationObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<Relation {}>", self.relation)
    }
}

impl Session {
    /// A relation as a template value.
    pub fn relation(
        self: &Arc<Self>,
        relation: Relation,
        kind: Option<&str>,
        mark: Option<MarkKind>,
    ) -> Value {
        let mark = mark.map(|mark| self.mark(mark));
        Value::from_object(RelationObject {
            relation,
            kind: kind.map(str::to_string),
            mark,
            session: self.clone(),
        })
    }

    pub fn this(self: &Arc<Self>) -> Value {
        match &self.scope.this {
            Some(relation) => self.relation(relation.clone(), None, Some(MarkKind::This)),
            None => Value::from(()),
        }
    }
}

/// dbt's name of the CTE of an ephemeral model.
pub fn ephemeral(name: &str) -> String {
    format!("__dbt__cte__{name}")
}

/// A name, or `None` after `without_identifier()`.
fn named(identifier: &str) -> Value {
    if identifier.is_empty() { Value::from(()) } else { Value::from(identifier) }
}

/// A policy as a dict: a flag for each part of the name.
fn policy(parts: [bool; 3]) -> Value {
    collections::dict(
        ["database", "schema", "identifier"]
            .into_iter()
            .zip(parts)
            .map(|(name, holds)| (Value::from(name), Value::from(holds))),
    )
}

/// The arguments of a call for the three parts of a name.
fn parts(call: &Call) -> [Option<Value>; 3] {
    let mut places = ["database", "schema", "identifier"].into_iter().enumerate();
    std::array::from_fn(|_| places.next().and_then(|(position, name)| call.get(position, name)))
}

fn replaced(named: &RelationObject, call: &Call) -> Value {
    let mut other = named.clone();
    let text = |value: Value| (!value.is_none()).then(|| unmarked(&value));
    let [database, schema, identifier] = parts(call);
    if let Some(database) = database {
        other.relation.database = text(database);
    }
    if let Some(schema) = schema {
        other.relation.schema = text(schema);
    }
    if let Some(identifier) = identifier.and_then(text) {
        other.relation.identifier = identifier;
    }
    // An input with another path is still that input, as in dbt; another table is not the model's
    // table.
    if other.relation != named.relation && named.is_this() {
        other.mark = None;
    }
    Value::from_object(other)
}

impl Object for RelationObject {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let relation = &self.relation;
        let maybe = |part: &Option<String>| Value::from(part.clone());
        let is = |kind: &str| Value::from(self.kind.as_deref() == Some(kind));
        self.seen();
        Some(match key.as_str()? {
            "database" | "project" | "catalog" => maybe(&relation.database),
            "schema" | "dataset" => maybe(&relation.schema),
            "identifier" | "name" | "table" => named(&relation.identifier),
            "type" => maybe(&self.kind),
            "is_table" => is("table"),
            "is_view" => is("view"),
            "is_cte" => is("cte"),
            "is_materialized_view" => is("materialized_view"),
            "is_dynamic_table" | "is_iceberg_format" | "is_delta" | "is_hudi" | "is_iceberg"
            | "is_shared" | "has_information" => Value::from(false),
            "can_be_renamed" | "can_be_replaced" => {
                Value::from(matches!(self.kind.as_deref(), Some("table" | "view")))
            }
            "quote_character" => Value::from(relation.style.quote.to_string()),
            "dbt_created" => Value::from(false),
            "path" => {
                let parts = [
                    ("database", maybe(&relation.database)),
                    ("schema", maybe(&relation.schema)),
                    ("identifier", named(&relation.identifier)),
                ];
                collections::dict(parts.map(|(name, value)| (Value::from(name), value)))
            }
            "include_policy" => policy(relation.style.included),
            "quote_policy" => policy(relation.style.quoted),
            "require_alias" => Value::from(true),
            "limit" | "event_time_filter" => Value::from(()),
            // dbt_utils distinguishes relations from strings by this: `obj is mapping and
            // obj.get('metadata', {}).get('type', '')`.
            "metadata" => collections::dict([(Value::from("type"), Value::from("Relation"))]),
            _ => return None,
        })
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Str(&["path", "type", "quote_character"])
    }

    fn is_true(self: &Arc<Self>) -> bool {
        true
    }

    fn custom_cmp(self: &Arc<Self>, other: &DynObject) -> Option<Ordering> {
        let other = other.downcast_ref::<Self>()?;
        Some(self.relation.to_string().cmp(&other.relation.to_string()))
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.seen();
        let text = self.relation.to_string();
        match self.mark {
            Some(mark) => f.write_str(&marks::marked(mark, &text)),
            None => f.write_str(&text),
        }
    }

    fn call_method(
        self: &Arc<Self>,
        _state: &mut State,
        method: &str,
        args: &[Value],
    ) -> Result<Value, Error> {
        let call = Call::of("relation", method, args);
        let mut style = self.relation.style.clone();
        self.seen();
        Ok(match method {
            "include" | "quote" => {
                let flags =
                    if method == "include" { &mut style.included } else { &mut style.quoted };
                for (flag, value) in flags.iter_mut().zip(parts(&call)) {
                    if let Some(value) = value.filter(|value| !value.is_none()) {
                        *flag = value.is_true();
                    }
                }
                self.with(style)
            }
            "without_identifier" => {
                style.included[2] = false;
                let mut other = RelationObject::clone(self);
                other.relation.identifier.clear();
                other.relation.style = style;
                Value::from_object(other)
            }
            "add_ephemeral_prefix" => Value::from(ephemeral(&call.needs_text(0, "name")?)),
            "render" | "render_limited" => Value::from(self.opted_out()),
            "replace_path" if !call.args.is_empty() => {
                return Err(call.error("accepts its parts by name: `replace_path(schema='…')`"));
            }
            "replace_path" => replaced(self, &call),
            "incorporate" => {
                let mut other = RelationObject::clone(self);
                if let Some(path) = call.get(9, "path") {
                    let pairs = collections::pairs_of(&path)?
                        .into_iter()
                        .map(|(key, value)| (key.to_string(), value));
                    let named: Vec<Value> = vec![minijinja::value::Kwargs::from_iter(pairs).into()];
                    let replaced = replaced(self, &Call::of("relation", "incorporate", &named));
                    if let Some(replaced) = replaced.downcast_object_ref::<RelationObject>() {
                        other = replaced.clone();
                    }
                }
                if let Some(kind) = call.get(9, "type") {
                    other.kind = (!kind.is_none()).then(|| kind.to_string());
                }
                Value::from_object(other)
            }
            "information_schema" | "information_schema_only" => {
                let view = call.text(0, "view_name")?.unwrap_or_default();
                let mut other = RelationObject::clone(self);
                other.mark = None;
                other.relation.schema = Some("INFORMATION_SCHEMA".to_string());
                other.relation.style.included = [true; 3];
                other.relation.style.quoted = [other.relation.style.quoted[0], false, false];
                other.relation.style.included[2] = !view.is_empty();
                other.relation.identifier = view;
                Value::from_object(other)
            }
            "matches" => {
                let [database, schema, identifier] = parts(&call);
                if [&database, &schema, &identifier]
                    .iter()
                    .all(|part| part.as_ref().is_none_or(Value::is_none))
                {
                    return Err(
                        call.error("needs a database, a schema or an identifier to compare")
                    );
                }
                let same = |requested: Option<Value>, actual: Option<&str>| match requested
                    .filter(|requested| !requested.is_none())
                {
                    Some(requested) => actual
                        .is_some_and(|actual| actual.eq_ignore_ascii_case(&unmarked(&requested))),
                    None => true,
                };
                let relation = &self.relation;
                let all = same(database, relation.database.as_deref())
                    && same(schema, relation.schema.as_deref())
                    && same(identifier, Some(&relation.identifier));
                Value::from(all)
            }
            "get" => call
                .get(0, "key")
                .and_then(|key| self.get_value(&key))
                .or_else(|| call.get(1, "default"))
                .unwrap_or(Value::from(())),
            "quoted" => {
                Value::from(format!("{0}{1}{0}", style.quote, call.needs_text(0, "identifier")?))
            }
            _ => return Err(Error::from(ErrorKind::UnknownMethod)),
        })
    }
}
