//! Settings whose text is written into statements verbatim. Rejects a value that does not have the
//! syntax of its key: a column, an expression, a name, a type. The property `fragments` of
//! `ansi.sql` lists the syntax of each key.

use serde_json::{Map, Value};

use crate::config::{EventTime, Node};
use crate::diagnostics::{Diagnostic, Diagnostics, Location};
use crate::dialect::{Dialect, SettingSyntax};
use crate::inject::{self, Fragment};

/// Rejects the invalid settings of a node.
pub fn reject_unsafe_settings(dialect: &Dialect, node: &Node) -> Result<(), Diagnostics> {
    let parser = &dialect.syntax.parser;
    let grantees = dialect.keys.grantees;
    let fragments = &dialect.keys.fragments;
    let mut errors = Diagnostics::default();
    let mut check = |syntax: SettingSyntax, key: &str, value: &Value, at: &Location| {
        let setting = RawSetting { parser, grantees, node, key, at };
        errors.0.extend(setting.errors(syntax, value));
    };
    for (key, setting) in &node.config {
        if let Some(syntax) = fragments.get(key) {
            check(*syntax, key, &setting.value, &setting.at);
        }
    }
    let at = node.file.line(1);
    for column in &node.columns {
        if let Some(data_type) = &column.data_type {
            check(
                SettingSyntax::Type,
                &format!("data_type` of the column `{}", column.name),
                &Value::String(data_type.clone()),
                &at,
            );
        }
        column.constraints.iter().for_each(|constraint| {
            check(SettingSyntax::Constraint, "constraints", constraint, &at)
        });
    }
    node.constraints
        .iter()
        .for_each(|constraint| check(SettingSyntax::Constraint, "constraints", constraint, &at));
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
        .note(reason)
        .hint("use the name of a column, or an expression such as `cast(sent_at as timestamp)`")),
    }
}

struct RawSetting<'a> {
    parser: &'a str,
    /// The syntax of a grantee in a `grant`.
    grantees: SettingSyntax,
    node: &'a Node,
    key: &'a str,
    at: &'a Location,
}

impl RawSetting<'_> {
    /// The errors of a value, or of the values in a list or a dict.
    fn errors(&self, syntax: SettingSyntax, value: &Value) -> Vec<Diagnostic> {
        use SettingSyntax::*;
        let nested = |syntax: SettingSyntax, value: &Value| self.errors(syntax, value);
        match (syntax, value) {
            (Text, _) | (_, Value::Null | Value::Bool(_) | Value::Number(_)) => Vec::new(),
            (_, Value::Array(items)) => {
                items.iter().flat_map(|item| nested(syntax, item)).collect()
            }
            (Partition, Value::String(_)) => nested(Expressions, value),
            (Partition | Index | Constraint, Value::Object(parts)) => {
                let of_part = |(key, part): (&String, &Value)| {
                    nested(syntax_of_part(syntax, key, parts), part)
                };
                parts.iter().flat_map(of_part).collect()
            }
            (Grants, Value::Object(grants)) => {
                let of_privilege = |(privilege, grantees): (&String, &Value)| {
                    let privilege = Value::String(privilege.trim_start_matches('+').to_string());
                    nested(Clause, &privilege).into_iter().chain(nested(self.grantees, grantees))
                };
                grants.iter().flat_map(of_privilege).collect()
            }
            (Types, Value::Object(pairs)) => {
                pairs.values().flat_map(|value| nested(Type, value)).collect()
            }
            (_, Value::Object(pairs)) => {
                let names =
                    pairs.keys().flat_map(|name| nested(Name, &Value::String(name.clone())));
                names.chain(pairs.values().flat_map(|value| nested(Expression, value))).collect()
            }
            (syntax, Value::String(text)) => self.text_error(syntax, text).into_iter().collect(),
        }
    }

    fn text_error(&self, syntax: SettingSyntax, text: &str) -> Option<Diagnostic> {
        let fragment = match syntax {
            SettingSyntax::Expression | SettingSyntax::Pairs => Fragment::Expression,
            SettingSyntax::Expressions => Fragment::Expressions,
            SettingSyntax::Name => Fragment::Name,
            SettingSyntax::Type => Fragment::Type,
            SettingSyntax::Enclosed => Fragment::Enclosed,
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
            .note(reason)
            .hint(
                "the text is written verbatim, so it must be only the value of the setting; put \
                statements into hooks",
            ),
        )
    }
}

/// The syntax of a part of a dict.
fn syntax_of_part(syntax: SettingSyntax, key: &str, parts: &Map<String, Value>) -> SettingSyntax {
    use SettingSyntax::*;
    let is_check = || parts.get("type").and_then(Value::as_str) == Some("check");
    match (syntax, key) {
        (Partition, "range") => Pairs,
        (Partition, "data_type" | "granularity") => Name,
        (Index, "columns") => Expressions,
        (Index, "type" | "definition") => Clause,
        (Index, "query") => Enclosed,
        (Constraint, "expression") if is_check() => Enclosed,
        (Constraint, "expression") => Clause,
        _ => Text,
    }
}
