//! The `event_time` of a node: its column, whether it is quoted, and the literal for its type.
//! Takes a node with its merged configuration; returns the column with its literal, or the reason
//! why no literal is correct.

use serde_json::Value;

use super::column::{unquoted, unquoted_name};
use super::layers::{batchwright_setting, kind, text};
use super::resolver::Resolver;
use super::{Column, EventTime, Kind, Node, seed_types};
use crate::diagnostics::{Diagnostic, Diagnostics, Location};
use crate::dialect::{Dialect, TimeFormat, TimeType, TypeClass};
use crate::project::{Catalog, SeedRows, full_text};

/// The node's `event_time`; `None` if it is empty, or not a text: a microbatch model and its
/// inputs get an error elsewhere, and other nodes may have any value, as in dbt.
pub fn event_time(
    node: &Node,
    resolver: &Resolver,
    quote_columns: bool,
) -> Result<Option<EventTime>, Diagnostics> {
    let dialect = resolver.dialect;
    let Some(setting) = node.config.get("event_time").filter(|setting| !setting.value.is_null())
    else {
        return Ok(None);
    };
    let Value::String(setting_text) = &setting.value else { return Ok(None) };
    if setting_text.trim().is_empty() {
        return Ok(None);
    }
    let (column, is_quoted) = match unquoted(setting_text.trim()) {
        Some(name) => (name, true),
        None => (setting_text.clone(), false),
    };
    let declared = declared_column(node, dialect, &column, is_quoted);
    let data_type = match node.kind {
        Kind::Seed => seed_type(node, resolver, &column)?,
        _ => declared.and_then(|declared| declared.data_type.clone()),
    };
    let data_type = data_type
        .filter(|data_type| !data_type.trim().is_empty())
        .or_else(|| partitioned_type(node, &column))
        .or_else(|| catalog_type(node, resolver.catalog, &column));
    let time =
        Declaration { node, column: &column, data_type: data_type.as_deref(), at: &setting.at }
            .time_type(dialect)?;
    Ok(Some(EventTime {
        quote: is_quoted || declared.map_or(quote_columns, |declared| declared.identifier().1),
        column,
        data_type,
        time,
        at: setting.at.clone(),
    }))
}

/// The declared column with this name. dbt compares names exactly; the engine folds their case.
fn declared_column<'n>(
    node: &'n Node,
    dialect: &Dialect,
    name: &str,
    is_quoted: bool,
) -> Option<&'n Column> {
    let exact = node.columns.iter().find(|column| column.name == name);
    if let (Some(exact), false) = (exact, is_quoted) {
        return Some(exact);
    }
    for column in &node.columns {
        let (column_name, quoted) = column.identifier();
        if dialect.same_column((&column_name, quoted), (name, is_quoted)) {
            return Some(column);
        }
    }
    exact.or_else(|| node.columns.iter().find(|column| column.identifier().0 == name))
}

/// The type of a seed's column: in `column_types`, in the properties file, or inferred from its
/// values.
fn seed_type(node: &Node, resolver: &Resolver, column: &str) -> Result<Option<String>, Diagnostic> {
    let file = full_text(resolver.root, &node.file)?;
    let rows = SeedRows::of(&file, seed_types::delimiter(&node.config));
    seed_types::column_type(resolver.dialect, node, column, &rows)
}

/// The type that `partition_by` declares for the column, if the table is partitioned by it; dbt's
/// default is a date.
fn partitioned_type(node: &Node, column: &str) -> Option<String> {
    let partition = node.config.get("partition_by")?.value.as_object()?;
    let field = partition.get("field")?.as_str()?;
    let data_type = partition.get("data_type").and_then(Value::as_str).unwrap_or("date");
    unquoted_name(field).eq_ignore_ascii_case(column).then(|| data_type.to_string())
}

/// The column's type in dbt's catalog.
fn catalog_type(node: &Node, catalog: &Catalog, column: &str) -> Option<String> {
    let relation = &node.relation;
    let part = |part: &Option<String>| part.as_deref().unwrap_or_default().to_lowercase();
    let key =
        [part(&relation.database), part(&relation.schema), relation.identifier.to_lowercase()];
    let columns = catalog.relations.get(&key)?;
    columns.iter().find(|(name, _)| name.eq_ignore_ascii_case(column))?.1.clone()
}

/// The declaration of the column in the project.
struct Declaration<'a> {
    node: &'a Node,
    column: &'a str,
    data_type: Option<&'a str>,
    at: &'a Location,
}

impl Declaration<'_> {
    /// The literal that fits the type. The inner error applies only where the column is compared
    /// with a window.
    fn time_type(
        &self,
        dialect: &Dialect,
    ) -> Result<Result<TimeType, Box<Diagnostic>>, Diagnostic> {
        let class = self.data_type.map(|data_type| dialect.type_class(data_type));
        let (unit, format) = (self.unit()?, self.format()?);
        let error = |message: String| {
            Diagnostic::error(format!("`event_time` of `{}` {message}", self.name()))
        };
        let declared = || format!("`{}` is `{}`", self.column, self.data_type.unwrap_or_default());
        if class == Some(TypeClass::Other) {
            let error = error(format!("cannot hold a time: {}", declared())).at(self.at.clone());
            return Ok(Err(Box::new(error.hint("name a column of dates or timestamps"))));
        }
        Ok(Ok(match (unit, format, class) {
            (Some(_), Some((_, at)), _) => {
                let error = error("has both a unit and a format".to_string()).at(at);
                return Err(error.hint(
                    "`event_time_unit` is for seconds since 1970, `event_time_format` \
                        for text and for digits such as `20240901`",
                ));
            }
            (
                Some((_, at)),
                _,
                Some(TypeClass::Date | TypeClass::Naive | TypeClass::Zoned | TypeClass::Text),
            ) => {
                let error =
                    error(format!("has a unit, but is not a number: {}", declared())).at(at);
                return Err(error.hint("remove `event_time_unit`, or correct the `data_type`"));
            }
            (_, Some((_, at)), Some(TypeClass::Date | TypeClass::Naive | TypeClass::Zoned)) => {
                let error = error(format!("has a format, but is not text: {}", declared())).at(at);
                return Err(error.hint("remove `event_time_format`, or correct the `data_type`"));
            }
            (_, Some((format, at)), Some(TypeClass::Number)) if !format.is_digits() => {
                let error = error(format!(
                    "is a number, but its format has more than digits: {}",
                    declared()
                ))
                .at(at);
                return Err(error.hint(
                    "write `%Y%m%d` for numbers such as 20240901, or declare `event_time_unit`",
                ));
            }
            (Some((unit, _)), None, _) => unit,
            (None, Some((format, _)), Some(TypeClass::Number)) => TimeType::Digits(format),
            (None, Some((format, _)), _) => TimeType::Text(format),
            (None, None, Some(TypeClass::Date)) => TimeType::Date,
            (None, None, Some(TypeClass::Naive)) => TimeType::Naive,
            (None, None, Some(TypeClass::Zoned)) => TimeType::Zoned,
            (None, None, Some(TypeClass::Text)) => {
                let error = error(format!("is text without a declared format: {}", declared()))
                    .at(self.at.clone());
                let name = self.name();
                let hint = format!(
                    "set `meta: {{batchwright: {{event_time_format: '%Y-%m-%d'}}}}` in the config \
                     of `{name}`, with the format of its values"
                );
                return Ok(Err(Box::new(
                    error.hint(hint).hint("or store it as a date or a timestamp"),
                )));
            }
            (None, None, Some(TypeClass::Number)) => {
                let error = error(format!("is a number without a declared unit: {}", declared()))
                    .at(self.at.clone());
                let name = self.name();
                let hint = format!(
                    "set `meta: {{batchwright: {{event_time_unit: seconds}}}}` in the config of \
                     `{name}` (or `milliseconds`, `microseconds`)"
                );
                return Ok(Err(Box::new(
                    error
                        .hint(hint)
                        .hint("for numbers such as 20240901 set `event_time_format: '%Y%m%d'`"),
                )));
            }
            (None, None, Some(TypeClass::Unknown)) => {
                let error = error(format!("has an unknown type: {}", declared()));
                return Ok(Err(Box::new(
                    error
                        .at(self.at.clone())
                        .hint("declare the type that its values have: `date`, `timestamp`")
                        .hint("for text set `event_time_format`, for numbers `event_time_unit`"),
                )));
            }
            (None, None, Some(TypeClass::Other) | None) => TimeType::Undeclared,
        }))
    }

    /// The node's name in messages.
    fn name(&self) -> String {
        self.node
            .source_name
            .as_ref()
            .map_or(self.node.name.clone(), |source| format!("{source}.{}", self.node.name))
    }

    /// The unit of an integer: `meta.batchwright.event_time_unit`.
    fn unit(&self) -> Result<Option<(TimeType, Location)>, Diagnostic> {
        let Some((unit, at)) = batchwright_setting(&self.node.config, "event_time_unit") else {
            return Ok(None);
        };
        let unit = match &*text(unit) {
            "seconds" => TimeType::Seconds,
            "milliseconds" => TimeType::Milliseconds,
            "microseconds" => TimeType::Microseconds,
            other => {
                let message = format!(
                    "`event_time_unit` of `{}` must be `seconds`, `milliseconds` or \
                     `microseconds`, but is `{other}`",
                    self.node.name
                );
                return Err(Diagnostic::error(message)
                    .at(at)
                    .hint("it is the unit of an integer in the column of `event_time`"));
            }
        };
        Ok(Some((unit, at)))
    }

    /// The format of a text: `meta.batchwright.event_time_format`.
    fn format(&self) -> Result<Option<(TimeFormat, Location)>, Diagnostic> {
        let Some((format, at)) = batchwright_setting(&self.node.config, "event_time_format") else {
            return Ok(None);
        };
        match TimeFormat::parse(&text(format)) {
            Ok(format) => Ok(Some((format, at))),
            Err(reason) => {
                let message = format!(
                    "`event_time_format` of `{}` is invalid: `{}`",
                    self.name(),
                    text(format)
                );
                let error = Diagnostic::error(message).at(at).note(reason);
                Err(error.hint(
                    "values are compared as text, so they must sort in the order of time: \
                     `%Y-%m-%d`, `%Y%m%d`, `%Y-%m-%dT%H:%M:%S`",
                ))
            }
        }
    }
}

/// The error of a microbatch model's input whose `event_time` is neither empty nor a text.
pub fn invalid_event_time(node: &Node, reader: &str) -> Option<Diagnostic> {
    let setting = node.config.get("event_time")?;
    let is_empty = match &setting.value {
        Value::Null | Value::Bool(false) => true,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::Array(items) => items.is_empty(),
        Value::Object(dict) => dict.is_empty(),
        Value::String(_) => true,
        Value::Bool(true) => false,
    };
    if is_empty {
        return None;
    }
    let message = format!(
        "`event_time` of `{}` must be the name of a column, but is {}",
        node.name,
        kind(&setting.value)
    );
    Some(
        Diagnostic::error(message)
            .at(setting.at.clone())
            .note(format!("the microbatch model `{reader}` reads it"))
            .hint("write the column's name in quotes"),
    )
}
