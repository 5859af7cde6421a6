//! dbt's Column, and the names of its types on each engine.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use minijinja::value::{DynObject, Object, ObjectRepr, Value};
use minijinja::{Error, ErrorKind, State};

use super::macro_registry::DBT;
use super::macros::MacroRef;
use super::session::Session;
use crate::diagnostics::Diagnostic;
use crate::jinja::errors;
use crate::jinja::python::call::Call;
use crate::jinja::python::text::unmarked;

/// The result of a macro in `columns.sql`, which contains the engines' types of texts and numbers.
fn column_macro(
    session: &Arc<Session>,
    state: &mut State,
    name: &str,
    args: &[Value],
) -> Result<Value, Error> {
    MacroRef::value(session, DBT, name).call(state, args)
}

/// How an adapter writes columns: the quotes of their names (`adapter.quote`, `quote_seed_column`,
/// `column.quoted`) and the names of their types.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnStyle {
    pub quote: char,
    /// Whether `adapter.get_columns_in_relation` calls the macro of this name.
    pub read_by_macro: bool,
    /// Whether columns of seeds are quoted if the seed does not set `quote_columns`.
    pub seeds: bool,
    /// Whether a name that contains the quote counts as quoted.
    pub once: bool,
    /// The engine's names of types (dbt's `TYPE_LABELS`), by a name in upper case.
    pub types: BTreeMap<String, String>,
    /// Whether names of types are written in lower case.
    pub lower_types: bool,
}

impl ColumnStyle {
    /// The style of an adapter that has no names of types of its own.
    #[cfg(test)]
    pub fn plain(quote: char) -> ColumnStyle {
        ColumnStyle {
            quote,
            read_by_macro: true,
            seeds: true,
            once: false,
            types: BTreeMap::new(),
            lower_types: false,
        }
    }

    /// A name of a column with quotes, as `adapter.quote` gives it.
    pub fn quoted(&self, name: &str) -> String {
        let close = if self.quote == '[' { ']' } else { self.quote };
        if self.once && name.contains(self.quote) {
            name.to_string()
        } else {
            format!("{}{name}{close}", self.quote)
        }
    }

    /// The engine's name of a type, as dbt's `Column.translate_type` gives it.
    pub fn translated_type(&self, data_type: &str) -> String {
        let name = self.types.get(&data_type.to_uppercase()).map_or(data_type, |name| name);
        if self.lower_types { name.to_lowercase() } else { name.to_string() }
    }

    /// Translates the types of a node's columns, as dbt does in `model` but not in `graph`, unless
    /// the node's contract has `alias_types: false`. Seeds and sources have no contract.
    pub fn translate_types(&self, node: &mut serde_json::Value) {
        if node.pointer("/contract/alias_types") != Some(&serde_json::Value::Bool(true)) {
            return;
        }
        let columns = node.get_mut("columns").and_then(serde_json::Value::as_object_mut);
        for column in columns.into_iter().flat_map(|columns| columns.values_mut()) {
            if let Some(data_type) = column.get_mut("data_type")
                && let Some(name) = data_type.as_str()
            {
                *data_type = self.translated_type(name).into();
            }
        }
    }
}

pub struct ColumnObject {
    pub name: String,
    pub data_type: String,
    pub char_size: Option<i64>,
    pub numeric_precision: Option<i64>,
    pub numeric_scale: Option<i64>,
    session: Arc<Session>,
}

impl ColumnObject {
    /// A column with a name and an optional type.
    pub fn plain(name: String, data_type: Option<String>, session: &Arc<Session>) -> ColumnObject {
        let session = session.clone();
        ColumnObject {
            name,
            data_type: data_type.unwrap_or_default(),
            char_size: None,
            numeric_precision: None,
            numeric_scale: None,
            session,
        }
    }

    /// Returns an error if the type is unknown, since an empty type would be written into the SQL.
    fn typed(&self) -> Result<(), Error> {
        if !self.data_type.is_empty() {
            return Ok(());
        }
        let error = Diagnostic::error(format!(
            "the type of column `{}` is unknown without a warehouse",
            self.name
        ));
        Err(errors::to_error(error.hint(
            "declare its `data_type` in the properties file, or pass dbt's catalog: `--catalog \
            target/catalog.json`",
        )))
    }

    fn is(&self, types: &[&str]) -> bool {
        types.contains(&&*self.data_type.to_lowercase())
    }

    fn is_text(&self) -> bool {
        self.is(&[
            "text",
            "character varying",
            "character",
            "varchar",
            "string",
            "char",
            "nvarchar",
        ])
    }

    fn text_size(&self) -> i64 {
        self.char_size.unwrap_or(256)
    }

    fn is_numeric(&self) -> bool {
        self.is(&["numeric", "decimal", "number"])
    }

    fn is_float(&self) -> bool {
        self.is(&["real", "float4", "float", "double precision", "float8", "double", "float64"])
    }

    fn is_integer(&self) -> bool {
        self.is(&[
            "smallint",
            "integer",
            "bigint",
            "smallserial",
            "serial",
            "bigserial",
            "int2",
            "int4",
            "int8",
            "int",
            "int64",
            "long",
        ])
    }

    fn full_type(&self) -> String {
        match (self.char_size, self.numeric_precision, self.numeric_scale) {
            (Some(size), ..) if self.is_text() => format!("character varying({size})"),
            (_, Some(precision), Some(scale)) if self.is_numeric() => {
                format!("{}({precision},{scale})", self.data_type)
            }
            _ => self.data_type.clone(),
        }
    }
}

impl fmt::Debug for ColumnObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<Column {} ({})>", self.name, self.full_type())
    }
}

impl Object for ColumnObject {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        Some(match key.as_str()? {
            "name" | "column" => Value::from(&*self.name),
            "quoted" => Value::from(self.session.settings().columns.quoted(&self.name)),
            "dtype" | "data_type" if self.typed().is_err() => {
                self.typed().err().map(Value::from)?
            }
            "dtype" => Value::from(&*self.data_type),
            "data_type" => Value::from(self.full_type()),
            "char_size" => Value::from(self.char_size),
            "numeric_precision" => Value::from(self.numeric_precision),
            "numeric_scale" => Value::from(self.numeric_scale),
            _ => return None,
        })
    }

    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn custom_cmp(self: &Arc<Self>, other: &DynObject) -> Option<Ordering> {
        let other = other.downcast_ref::<Self>()?;
        let parts = |column: &ColumnObject| {
            (
                column.name.clone(),
                column.data_type.clone(),
                column.char_size,
                column.numeric_precision,
                column.numeric_scale,
            )
        };
        Some(parts(self).cmp(&parts(other)))
    }

    fn call_method(
        self: &Arc<Self>,
        state: &mut State,
        method: &str,
        args: &[Value],
    ) -> Result<Value, Error> {
        let call = Call::of("column", method, args);
        if matches!(method, "create" | "translate_type" | "string_type" | "numeric_type") {
            return ColumnClass(self.session.clone()).method(state, method, &call);
        }
        self.typed()?;
        Ok(match method {
            "is_string" => Value::from(self.is_text()),
            "is_numeric" => Value::from(self.is_numeric()),
            "is_float" => Value::from(self.is_float()),
            "is_integer" => Value::from(self.is_integer()),
            "is_number" => Value::from(self.is_float() || self.is_integer() || self.is_numeric()),
            "string_size" if !self.is_text() => return Err(call.error("the column is not text")),
            "string_size" => Value::from(self.text_size()),
            "can_expand_to" => {
                let other = call.needs(0, "other_column")?;
                let Some(other) = other.downcast_object_ref::<ColumnObject>() else {
                    return Err(call.error("needs a column"));
                };
                Value::from(
                    self.is_text() && other.is_text() && other.text_size() > self.text_size(),
                )
            }
            "literal" => {
                Value::from(format!("{}::{}", call.needs_text(0, "value")?, self.full_type()))
            }
            _ => return Err(Error::from(ErrorKind::UnknownMethod)),
        })
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

/// `api.Column`.
pub struct ColumnClass(pub Arc<Session>);

impl fmt::Debug for ColumnClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<class Column>")
    }
}

impl ColumnClass {
    fn column(&self, call: &Call) -> Result<Value, Error> {
        let name = unmarked(&call.needs(0, "column")?);
        Ok(Value::from_object(ColumnObject {
            name,
            data_type: call.text(1, "dtype")?.unwrap_or_default(),
            char_size: call.integer(2, "char_size")?,
            numeric_precision: call.integer(3, "numeric_precision")?,
            numeric_scale: call.integer(4, "numeric_scale")?,
            session: self.0.clone(),
        }))
    }

    /// A method of the class, which its columns have too.
    fn method(&self, state: &mut State, method: &str, call: &Call) -> Result<Value, Error> {
        let maybe = |position, name| Ok::<_, Error>(Value::from(call.integer(position, name)?));
        Ok(match method {
            "create" => {
                let label = call.needs_text(1, "label_or_dtype")?;
                let data_type = self.0.settings().columns.translated_type(&label);
                let args = [call.needs(0, "name")?, Value::from(data_type)];
                self.column(&Call::of("api.Column", method, &args))?
            }
            "translate_type" => {
                let label = call.needs_text(0, "dtype")?;
                Value::from(self.0.settings().columns.translated_type(&label))
            }
            "string_type" => {
                return column_macro(&self.0, state, "api_column_text", &[maybe(0, "size")?]);
            }
            "numeric_type" => {
                let name = Value::from(call.needs_text(0, "dtype")?);
                let args = [name, maybe(1, "precision")?, maybe(2, "scale")?];
                return column_macro(&self.0, state, "api_column_number", &args);
            }
            _ => return Err(Error::from(ErrorKind::UnknownMethod)),
        })
    }
}

impl Object for ColumnClass {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn call(self: &Arc<Self>, _: &mut State, args: &[Value]) -> Result<Value, Error> {
        self.column(&Call::of("api", "Column", args))
    }

    fn call_method(
        self: &Arc<Self>,
        state: &mut State,
        method: &str,
        args: &[Value],
    ) -> Result<Value, Error> {
        self.method(state, method, &Call::of("api.Column", method, args))
    }
}
