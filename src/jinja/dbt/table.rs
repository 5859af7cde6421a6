//! The result of a query as a template value: rows and columns by position and by name, as in
//! agate.

use std::fmt;
use std::sync::Arc;

use minijinja::value::{Enumerator, Object, ObjectRepr, Tuple, Value};
use minijinja::{Error, ErrorKind, State};

use super::json;
use super::recorded_results::RecordedResult;
use crate::jinja::python::call::Call;
use crate::jinja::python::collections;

/// A table of values.
#[derive(Clone, Debug)]
pub struct ResultTable {
    columns: Arc<Vec<String>>,
    rows: Vec<Vec<Value>>,
}

impl ResultTable {
    /// Columns without a name are named as in agate: `a`, `b`, `c`.
    pub fn new(answer: &RecordedResult) -> ResultTable {
        let width = answer.rows.iter().map(Vec::len).max().unwrap_or(0).max(answer.columns.len());
        let name = |position: usize| {
            answer
                .columns
                .get(position)
                .cloned()
                .unwrap_or_else(|| char::from(b'a' + (position % 26) as u8).to_string())
        };
        ResultTable {
            columns: Arc::new((0..width).map(name).collect()),
            rows: answer.rows.iter().map(|row| row.iter().map(json::value).collect()).collect(),
        }
    }

    /// An empty table, as in dbt's parse pass.
    pub fn empty() -> ResultTable {
        ResultTable::new(&RecordedResult::default())
    }

    fn rows(&self) -> Vec<Value> {
        let row = |values: &Vec<Value>| {
            Value::from_object(Line { names: self.columns.clone(), values: values.clone() })
        };
        self.rows.iter().map(row).collect()
    }

    fn column(&self, position: usize) -> Value {
        let values = self
            .rows
            .iter()
            .map(|row| row.get(position).cloned().unwrap_or(Value::from(())))
            .collect();
        Value::from_object(Line { names: Arc::new(vec![self.columns[position].clone()]), values })
    }

    fn columns(&self) -> Value {
        let values = (0..self.columns.len()).map(|position| self.column(position)).collect();
        Value::from_object(Line { names: self.columns.clone(), values })
    }

    /// The value of `load_result()`.
    pub fn result(self) -> Value {
        let data =
            collections::list(self.rows.iter().map(|row| Value::from(Tuple::new(row.clone()))));
        collections::dict([
            (Value::from("response"), Value::from("OK")),
            (Value::from("data"), data),
            (Value::from("table"), Value::from_object(self)),
        ])
    }
}

impl Object for ResultTable {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Seq
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        if let Some(position) = key.as_usize() {
            return self.rows().get(position).cloned();
        }
        Some(match key.as_str()? {
            "rows" => collections::list(self.rows()),
            "columns" => self.columns(),
            "column_names" => {
                collections::list(self.columns.iter().map(|name| Value::from(&**name)))
            }
            _ => return None,
        })
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.rows())
    }

    fn call_method(
        self: &Arc<Self>,
        _: &mut State,
        method: &str,
        args: &[Value],
    ) -> Result<Value, Error> {
        match method {
            "print_table" | "print_json" | "print_csv" => Ok(Value::from("")),
            "rename" => {
                let call = Call::of("table", method, args);
                let names: Vec<String> = call
                    .needs(0, "column_names")?
                    .try_iter()?
                    .map(|name| name.to_string())
                    .collect();
                Ok(Value::from_object(ResultTable {
                    columns: Arc::new(names),
                    rows: self.rows.clone(),
                }))
            }
            _ => Err(Error::from(ErrorKind::UnknownMethod)),
        }
    }
}

/// A row, a column, or the list of columns: values by position, and by name if each has one.
struct Line {
    names: Arc<Vec<String>>,
    values: Vec<Value>,
}

impl Line {
    fn named(&self, name: &str) -> Option<Value> {
        let position = self.names.iter().position(|known| known == name);
        // The spelling in the warehouse often differs from the template's.
        let position = position
            .or_else(|| self.names.iter().position(|known| known.eq_ignore_ascii_case(name)))?;
        self.values.get(position).cloned()
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.values).finish()
    }
}

impl Object for Line {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Seq
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        match (key.as_usize(), key.as_str()) {
            (Some(position), _) => self.values.get(position).cloned(),
            (None, Some(name)) => self.named(name).or_else(|| {
                (name == "name").then(|| self.names.first().map(|name| Value::from(&**name)))?
            }),
            (None, None) => None,
        }
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.values.clone())
    }

    fn call_method(
        self: &Arc<Self>,
        _: &mut State,
        method: &str,
        args: &[Value],
    ) -> Result<Value, Error> {
        let pairs =
            || self.names.iter().map(|name| Value::from(&**name)).zip(self.values.iter().cloned());
        match method {
            "values" => Ok(collections::list(self.values.clone())),
            "values_distinct" => {
                let mut distinct: Vec<Value> = Vec::new();
                for value in &self.values {
                    if !distinct.contains(value) {
                        distinct.push(value.clone());
                    }
                }
                Ok(collections::list(distinct))
            }
            "keys" => Ok(collections::list(self.names.iter().map(|name| Value::from(&**name)))),
            "items" => Ok(collections::list(
                pairs().map(|(name, value)| Value::from(Tuple::from([name, value]))),
            )),
            "dict" => Ok(collections::dict(pairs().collect::<Vec<_>>())),
            "get" => {
                let call = Call::of("row", method, args);
                Ok(self
                    .get_value(&call.needs(0, "key")?)
                    .or_else(|| call.get(1, "default"))
                    .unwrap_or(Value::from(())))
            }
            _ => Err(Error::from(ErrorKind::UnknownMethod)),
        }
    }
}
