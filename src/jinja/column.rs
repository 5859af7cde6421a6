//! dbt's Column, and what its types are called on each engine.

use std::fmt;
use std::sync::Arc;

use minijinja::value::{Enumerator, Object, Value};
use minijinja::{Error, ErrorKind, State};

use super::call::Call;
use super::errors;
use crate::diagnostics::Diagnostic;

/// dbt's words for types, and each engine's. An engine that is not listed speaks as the first one does.
const LABELS: &[(&str, &[(&str, &str)])] = &[
    ("default", &[("STRING", "TEXT")]),
    ("bigquery", &[("TEXT", "STRING"), ("FLOAT", "FLOAT64"), ("INTEGER", "INT64")]),
    ("databricks", &[("LONG", "bigint")]),
    ("spark", &[]),
    ("athena", &[("STRING", "VARCHAR"), ("TEXT", "VARCHAR")]),
    ("trino", &[("STRING", "VARCHAR"), ("FLOAT", "DOUBLE")]),
    ("clickhouse", &[("STRING", "String"), ("TIMESTAMP", "DateTime"), ("FLOAT", "Float32"), ("INTEGER", "Int32")]),
    (
        "fabric",
        &[
            ("STRING", "VARCHAR(MAX)"),
            ("VARCHAR", "VARCHAR(MAX)"),
            ("NVARCHAR", "VARCHAR(MAX)"),
            ("CHAR", "CHAR(1)"),
            ("NCHAR", "CHAR(1)"),
            ("TIMESTAMP", "DATETIME2(6)"),
            ("DATETIME2", "DATETIME2(6)"),
            ("TIME", "TIME(6)"),
            ("INTEGER", "INT"),
            ("TINYINT", "SMALLINT"),
            ("BOOLEAN", "BIT"),
            ("MONEY", "DECIMAL"),
        ],
    ),
    (
        "sqlserver",
        &[
            ("STRING", "VARCHAR(8000)"),
            ("VARCHAR", "VARCHAR(8000)"),
            ("NVARCHAR", "VARCHAR(8000)"),
            ("CHAR", "CHAR(1)"),
            ("NCHAR", "CHAR(1)"),
            ("TIMESTAMP", "DATETIME2(6)"),
            ("DATETIME2", "DATETIME2(6)"),
            ("DATE", "DATE"),
            ("TIME", "TIME(6)"),
            ("FLOAT", "FLOAT"),
            ("INT", "INT"),
            ("INTEGER", "INT"),
            ("BIGINT", "BIGINT"),
            ("BOOLEAN", "BIT"),
        ],
    ),
];

/// The engine's word for a type of dbt's; a type that dbt has no word for stays as it is.
pub(super) fn translated(adapters: &[String], name: &str) -> String {
    let (engine, labels) = adapters.iter().find_map(|adapter| LABELS.iter().find(|(known, _)| known == adapter)).unwrap_or(&LABELS[0]);
    let upper = name.to_uppercase();
    match labels.iter().find(|(known, _)| *known == upper) {
        Some((_, label)) => label.to_string(),
        None if *engine == "databricks" => name.to_lowercase(),
        None => name.to_string(),
    }
}

fn first(adapters: &[String]) -> &str {
    adapters.first().map_or("", |adapter| &**adapter)
}

pub(super) fn text_type(adapters: &[String], size: Option<i64>) -> String {
    match (first(adapters), size) {
        ("bigquery", _) => "string".to_string(),
        ("databricks" | "spark", _) => "string".to_string(),
        ("clickhouse", _) => "String".to_string(),
        ("sqlserver", size) => format!("varchar({})", size.filter(|size| *size > 0).unwrap_or(8000)),
        ("fabric", size) => size.filter(|size| *size > 0).map_or_else(|| "varchar(max)".to_string(), |size| format!("varchar({size})")),
        ("trino" | "athena", Some(size)) => format!("varchar({size})"),
        ("trino" | "athena", None) => "varchar".to_string(),
        (_, Some(size)) => format!("character varying({size})"),
        (_, None) => "character varying".to_string(),
    }
}

pub(super) fn numeric_type(adapters: &[String], name: &str, precision: Option<i64>, scale: Option<i64>) -> String {
    match (first(adapters), precision, scale) {
        ("bigquery", ..) => name.to_string(),
        ("spark" | "databricks", Some(precision), Some(scale)) => format!("decimal({precision},{scale})"),
        ("spark" | "databricks", ..) => "decimal".to_string(),
        ("clickhouse", Some(precision), Some(scale)) => format!("Decimal({precision}, {scale})"),
        (_, Some(precision), Some(scale)) => format!("{name}({precision},{scale})"),
        _ => name.to_string(),
    }
}

pub(super) struct Column {
    pub name: String,
    pub data_type: String,
    pub char_size: Option<i64>,
    pub numeric_precision: Option<i64>,
    pub numeric_scale: Option<i64>,
    pub quote: char,
}

impl Column {
    /// A column of which no more is known than its name, and perhaps its type.
    pub fn plain(name: String, data_type: Option<String>, quote: char) -> Column {
        Column { name, data_type: data_type.unwrap_or_default(), char_size: None, numeric_precision: None, numeric_scale: None, quote }
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
            "quoted" => Value::from(format!("{0}{1}{0}", self.quote, self.name)),
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
