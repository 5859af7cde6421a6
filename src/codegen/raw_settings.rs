//! Settings whose text is written into statements as it is. Takes a node's configuration; refuses a
//! value that is not what the statement has a place for: a column, an expression, a name, a type,
//! as `fragments` of `ansi.sql` lists them by key.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::config::{EventTime, Node};
use crate::diagnostics::{Diagnostic, Diagnostics, Location};
use crate::dialect::Dialect;
use crate::inject::{self, Fragment};

/// Refuses the settings of a node that is written.
pub fn refuse_raw_settings(dialect: &Dialect, node: &Node) -> Result<(), Diagnostics> {
    let parser: String = dialect.property("parser")?;
    let grantees: String = dialect.property("grantees")?;
    let fragments: BTreeMap<String, String> = dialect.property("fragments")?;
    let mut refused = Diagnostics::default();
    let mut check = |fragment: &str, key: &str, value: &Value, at: &Location| {
        let settings = Settings { parser: &parser, grantees: &grantees, node, key, at };
        refused.0.extend(settings.refused(fragment, value));
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
    if refused.0.is_empty() { Ok(()) } else { Err(refused) }
}

/// Refuses an event time that is no column and no expression that can be compared.
pub fn refuse_event_time(dialect: &Dialect, event_time: &EventTime) -> Result<(), Diagnostic> {
    if event_time.quote {
        return Ok(());
    }
    let parser = inject::parser(&dialect.property::<String>("parser")?);
    match Fragment::Column.refused(&event_time.column, &*parser) {
        None => Ok(()),
        Some(reason) => Err(Diagnostic::error(format!(
            "`event_time` is no column: `{}`",
            event_time.column
        ))
        .at(event_time.at.clone())
        .fact(reason)
        .hint("write the name of a column, or an expression such as `cast(sent_at as timestamp)`")),
    }
}

struct Settings<'a> {
    parser: &'a str,
    /// What a grantee is in a `grant`.
    grantees: &'a str,
    node: &'a Node,
    key: &'a str,
    at: &'a Location,
}

impl Settings<'_> {
    /// What is refused of a value, or of the values in a list or a dict.
    fn refused(&self, fragment: &str, value: &Value) -> Vec<Diagnostic> {
        let within = |fragment: &str, value: &Value| self.refused(fragment, value);
        match (fragment, value) {
            ("text", _) | (_, Value::Null | Value::Bool(_) | Value::Number(_)) => Vec::new(),
            (_, Value::Array(items)) => {
                items.iter().flat_map(|item| within(fragment, item)).collect()
            }
            ("partition", Value::String(_)) => within("expressions", value),
            ("partition" | "index" | "constraint", Value::Object(parts)) => {
                let of_part =
                    |(key, part): (&String, &Value)| within(part_of(fragment, key, parts), part);
                parts.iter().flat_map(of_part).collect()
            }
            ("grants", Value::Object(grants)) => {
                let of_privilege = |(privilege, grantees): (&String, &Value)| {
                    let privilege = Value::String(privilege.trim_start_matches('+').to_string());
                    within("clause", &privilege).into_iter().chain(within(self.grantees, grantees))
                };
                grants.iter().flat_map(of_privilege).collect()
            }
            ("types", Value::Object(pairs)) => {
                pairs.values().flat_map(|value| within("type", value)).collect()
            }
            (_, Value::Object(pairs)) => {
                let names =
                    pairs.keys().flat_map(|name| within("name", &Value::String(name.clone())));
                names.chain(pairs.values().flat_map(|value| within("expression", value))).collect()
            }
            (fragment, Value::String(text)) => {
                self.refused_text(fragment, text).into_iter().collect()
            }
        }
    }

    fn refused_text(&self, fragment: &str, text: &str) -> Option<Diagnostic> {
        let fragment: Fragment = match fragment {
            "column" => Fragment::Column,
            "expression" | "pairs" => Fragment::Expression,
            "expressions" => Fragment::Expressions,
            "name" => Fragment::Name,
            "type" => Fragment::Type,
            "enclosed" => Fragment::Enclosed,
            _ => Fragment::Clause,
        };
        // An empty setting is none.
        let reason = fragment
            .refused(text, &*inject::parser(self.parser))
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
                "it is written as it is: write only what the setting stands for; statements \
                    belong into hooks",
            ),
        )
    }
}

/// What a part of a dict must be.
fn part_of(fragment: &str, key: &str, parts: &Map<String, Value>) -> &'static str {
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
