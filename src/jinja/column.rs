//! dbt's Column, and what its types are called on each engine.

use std::fmt;
use std::sync::Arc;

use minijinja::value::{Enumerator, Object, Value};
use minijinja::{Error, ErrorKind, State};

use super::call::Call;
use super::errors;
use super::library::DBT;
use super::macros::MacroRef;
use super::session::Session;
use crate::diagnostics::Diagnostic;

/// What one of the macros in `columns.sql` says, which know the engines' words for types.
pub(super) fn said(session: &Arc<Session>, state: &mut State, name: &str, args: &[Value]) -> Result<Value, Error> {
    MacroRef::value(session, DBT, name).call(state, args)
}

/// How an adapter writes names of columns in quotes: `adapter.quote`, `quote_seed_column`, `column.quoted`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ColumnQuoting {
    pub quote: char,
    /// Whether columns of seeds are quoted where the seed does not set `quote_columns`.
    pub seeds: bool,
    /// Whether a name that has the quote in it counts as quoted.
    pub once: bool,
}

impl ColumnQuoting {
    pub(super) fn quoted(&self, name: &str) -> String {
        let close = if self.quote == '[' { ']' } else { self.quote };
        if self.once && name.contains(self.quote) { name.to_string() } else { format!("{}{name}{close}", self.quote) }
    }
}

pub(super) struct Column {
    pub name: String,
    pub data_type: String,
    pub char_size: Option<i64>,
    pub numeric_precision: Option<i64>,
    pub numeric_scale: Option<i64>,
    pub quoting: ColumnQuoting,
}

impl Column {
    /// A column of which no more is known than its name, and perhaps its type.
    pub fn plain(name: String, data_type: Option<String>, quoting: ColumnQuoting) -> Column {
        Column { name, data_type: data_type.unwrap_or_default(), char_size: None, numeric_precision: None, numeric_scale: None, quoting }
    }

    /// Nothing where the type is known. An empty one would go into the SQL unseen.
    fn typed(&self) -> Result<(), Error> {
        if !self.data_type.is_empty() {
            return Ok(());
        }
        let wrong = Diagnostic::error(format!("the type of column `{}` is not known without a warehouse", self.name));
        Err(errors::said(
            wrong.hint("give it a `data_type` in the properties file, or give dbt's catalog: `--catalog target/catalog.json`"),
        ))
    }

    fn is(&self, types: &[&str]) -> bool {
        types.contains(&self.data_type.to_lowercase().split('(').next().unwrap_or_default().trim())
    }

    fn is_text(&self) -> bool {
        self.is(&["text", "character varying", "character", "varchar", "string", "char", "nvarchar"])
    }

    fn is_numeric(&self) -> bool {
        self.is(&["numeric", "decimal", "number"])
    }

    fn is_float(&self) -> bool {
        self.is(&["real", "float4", "float", "double precision", "float8", "double", "float64"])
    }

    fn is_integer(&self) -> bool {
        self.is(&["smallint", "integer", "bigint", "smallserial", "serial", "bigserial", "int2", "int4", "int8", "int", "int64", "long"])
    }

    fn full_type(&self) -> String {
        match (self.char_size, self.numeric_precision, self.numeric_scale) {
            (Some(size), ..) if self.is_text() => format!("character varying({size})"),
            (_, Some(precision), Some(scale)) if self.is_numeric() => format!("{}({precision},{scale})", self.data_type),
            _ => self.data_type.clone(),
        }
    }
}

impl fmt::Debug for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<Column {} ({})>", self.name, self.full_type())
    }
}

impl Object for Column {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        Some(match key.as_str()? {
            "name" | "column" => Value::from(&*self.name),
            "quoted" => Value::from(self.quoting.quoted(&self.name)),
            "dtype" | "data_type" if self.typed().is_err() => self.typed().err().map(Value::from)?,
            "dtype" => Value::from(&*self.data_type),
            "data_type" => Value::from(self.full_type()),
            "char_size" => Value::from(self.char_size),
            "numeric_precision" => Value::from(self.numeric_precision),
            "numeric_scale" => Value::from(self.numeric_scale),
            _ => return None,
        })
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Str(&["column", "dtype", "char_size", "numeric_precision", "numeric_scale"])
    }

    fn call_method(self: &Arc<Self>, _: &mut State, method: &str, args: &[Value]) -> Result<Value, Error> {
        let call = Call::of("column", method, args);
        self.typed()?;
        Ok(match method {
            "is_string" => Value::from(self.is_text()),
            "is_numeric" => Value::from(self.is_numeric()),
            "is_float" => Value::from(self.is_float()),
            "is_integer" => Value::from(self.is_integer()),
            "is_number" => Value::from(self.is_float() || self.is_integer() || self.is_numeric()),
            "string_size" => Value::from(self.char_size.unwrap_or(256)),
            "literal" => Value::from(format!("{}::{}", call.needs_text(0, "value")?, self.full_type())),
            _ => return Err(Error::from(ErrorKind::UnknownMethod)),
        })
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}
