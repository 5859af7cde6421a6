//! Settings whose text is written into statements verbatim. Rejects a value that is not the
//! expected fragment of SQL: a column, an expression, a name, a type, as listed by key in
//! `fragments` of `ansi.sql`.

use serde_json::{Map, Value};

use crate::config::{EventTime, Node};
use crate::diagnostics::{Diagnostic, Diagnostics, Location};
use crate::dialect::Dialect;
use crate::inject::{self, Fragment};

/// Rejects the invalid settings of a node.
pub fn reject_unsafe_settings(dialect: &Dialect, node: &Node) -> Result<(), Diagnostics> {
    let parser = &dialect.syntax.parser;
    let grantees = &dialect.keys.grantees;
    let fragments = &dialect.keys.fragments;
    let mut errors = Diagnostics::default();
    let mut check = |fragment: &str, key: &str, value: &Value, at: &Location| {
        let setting = RawSetting { parser, grantees, node, key, at };
        errors.0.extend(setting.errors(fragment, value));
    };
    for (key, setting) in &node.config {
        if let Some(fragment) = fragments.get(key) {
            check(fragment, key, &setting.value, &setting.at);
        }
    }
    let at = node.file.line(1);
    for column in &node.columns {
        if let Some(data_type) = &column.data_type {
            check(
                "type",
                &format!("data_type` of the column `{}", column.name),
                &Value::String(data_type.clone()),
                &at,
            );
        }
        column
            .constraints
            .iter()
            .for_each(|constraint| check("constraint", "constraints", constraint, &at));
    }
    node.constraints
        .iter()
        .for_each(|constraint| check("constraint", "constraints", constraint, &at));
    if errors.0.is_empty() { Ok(()) } else { Err(errors) }
}

/// Rejects an event time that is neither a column nor an expression.
pub fn reject_unsafe_event_time(
    dialect: &Dialect,
    event_time: &EventTime,
) -> Result<(), Diagnostic> {
    if event_time.quote {
        return Ok(());
    }
    let parser = inject::parser(&dialect.syntax.parser);
    match Fragment::Column.error(&event_time.column, &*parser) {
        None => Ok(()),
        Some(reason) => Err(Diagnostic::error(format!(
            "`event_time` is not a column: `{}`",
            event_time.column
        ))
        .at(event_time.at.clone())
        .fact(reason)
        .hint("use the name of a column, or an expression such as `cast(sent_at as timestamp)`")),
    }
}

struct RawSetting<'a> {
    parser: &'a str,
    /// The kind of fragment of a grantee in a `grant`.
    grantees: &'a str,
    node: &'a Node,
    key: &'a str,
    at: &'a Location,
}

impl RawSetting<'_> {
    /// The errors of a value, or of the values in a list or a dict.
    fn errors(&self, fragment: &str, value: &Value) -> Vec<Diagnostic> {
        let nested = |fragment: &str, value: &Value| self.errors(fragment, value);
        match (fragment, value) {
            ("text", _) | (_, Value::Null | Value::Bool(_) | Value::Number(_)) => Vec::new(),
            (_, Value::Array(items)) => {
                items.iter().flat_map(|item| nested(fragment, item)).collect()
            }
            ("partition", Value::String(_)) => nested("expressions", value),
            ("partition" | "index" | "constraint", Value::Object(parts)) => {
                let of_part = |(key, part): (&String, &Value)| {
                    nested(entry_fragment(fragment, key, parts), part)
                };
                parts.iter().flat_map(of_part).collect()
            }
            ("grants", Value::Object(grants)) => {
                let of_privilege = |(privilege, grantees): (&String, &Value)| {
                    let privilege = Value::String(privilege.trim_start_matches('+').to_string());
                    nested("clause", &privilege).into_iter().chain(nested(self.grantees, grantees))
                };
                grants.iter().flat_map(of_privilege).collect()
            }
            ("types", Value::Object(pairs)) => {
                pairs.values().flat_map(|value| nested("type", value)).collect()
            }
            (_, Value::Object(pairs)) => {
                let names =
                    pairs.keys().flat_map(|name| nested("name", &Value::String(name.clone())));
                names.chain(pairs.values().flat_map(|value| nested("expression", value))).collect()
            }
            (fragment, Value::String(text)) => {
                self.text_error(fragment, text).into_iter().collect()
            }
        }
    }

    fn text_error(&self, fragment: &str, text: &str) -> Option<Diagnostic> {
        let fragment: Fragment = match fragment {
            "column" => Fragment::Column,
            "expression" | "pairs" => Fragment::Expression,
            "expressions" => Fragment::Expressions,
            "name" => Fragment::Name,
            "type" => Fragment::Type,
            "enclosed" => Fragment::Enclosed,
            _ => Fragment::Clause,
        };
        // An empty setting counts as unset.
        let reason = fragment
            .error(text, &*inject::parser(self.parser))
            .filter(|_| !text.trim().is_empty())?;
        Some(
            Diagnostic::error(format!(
                "`{}` of `{}` cannot be written into a statement: \
                `{text}`",
                self.key, self.node.name
            ))
            .at(self.at.clone())
            .fact(reason)
            .hint(
                "the text is written verbatim, so it must be only the value of the setting; put \
                statements into hooks",
            ),
        )
    }
}

/// The kind of fragment of an entry of a dict.
fn entry_fragment(fragment: &str, key: &str, parts: &Map<String, Value>) -> &'static str {
    match (fragment, key) {
        ("partition", "range") => "pairs",
        ("partition", "data_type" | "granularity") => "name",
        ("index", "columns") => "expressions",
        ("index", "type" | "definition") => "clause",
        ("index", "query") => "enclosed",
        ("constraint", "expression")
            if parts.get("type").and_then(Value::as_str) == Some("check") =>
        {
            "enclosed"
        }
        ("constraint", "expression") => "clause",
        _ => "text",
    }
}
