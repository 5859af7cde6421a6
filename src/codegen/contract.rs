//! An enforced contract: the declared columns of a create statement, with the constraints that the
//! engine supports there.

use serde_json::Value;

use super::query_text::author_query;
use crate::config::{Column, Node, keys};
use crate::diagnostics::Diagnostic;
use crate::dialect::{Dialect, Sql};
use crate::inject::ResultColumn;
use crate::project::Setting;

/// The declared columns.
pub struct Contract {
    /// Names with types and constraints, for the create statement.
    pub spec: Sql,
    /// Names only.
    pub names: Sql,
    /// Each column cast to its type.
    pub casts: Sql,
    /// Names with types only.
    pub types: Sql,
    /// A null of each type, with the column's name.
    pub nulls: Sql,
    /// The names of constraints that the engine enforces by an index.
    pub indexed: Vec<String>,
    /// Warnings about omitted constraints.
    pub diagnostics: Vec<Diagnostic>,
}

/// The enforced contract of a node, if there is one. Rejects a column without a type, as dbt does.
pub fn contract(dialect: &Dialect, node: &Node) -> Result<Option<Contract>, Diagnostic> {
    let Some(setting) = node.enforced_contract() else { return Ok(None) };
    if node.columns.is_empty() {
        return Err(Diagnostic::error(format!(
            "the contract of `{}` is enforced, but no column is declared",
            node.name
        ))
        .at(setting.at.clone())
        .hint("declare each column with its `data_type` under `columns:`"));
    }
    let mut lines = Vec::new();
    let mut names = Vec::new();
    let mut casts = Vec::new();
    let mut types = Vec::new();
    let mut nulls = Vec::new();
    let mut table_constraints = Vec::new();
    let mut indexed = Vec::new();
    let mut diagnostics = Vec::new();
    let style = dialect.column_style();
    let aliased = setting.value.get("alias_types") != Some(&Value::Bool(false));
    for column in &node.columns {
        let declared = column.data_type.as_deref().map(str::trim);
        let Some(declared) = declared.filter(|data_type| !data_type.is_empty()) else {
            return Err(Diagnostic::error(format!(
                "the contract of `{}` is enforced, but its column `{}` has no `data_type`",
                node.name, column.name
            ))
            .at(setting.at.clone())
            .hint(format!("add `data_type: …` to the column `{}`", column.name)));
        };
        let data_type =
            if aliased { style.translated_type(declared) } else { declared.to_string() };
        let name = dialect.column(&column.name, column.quote);
        let inline = match has_constraint(column, "not_null") {
            true if is_supported(dialect, "not_null") => {
                format!(" {}", dialect.sql("constraint_not_null", &[])?)
            }
            true => {
                diagnostics.push(omitted_constraint(dialect, node, "not_null", setting));
                String::new()
            }
            false => String::new(),
        };
        lines.push(format!("{name} {data_type}{inline}"));
        for constraint in
            column.constraints.iter().filter(|constraint| kind(constraint) != "not_null")
        {
            table_constraints.push((constraint, name.0.clone()));
        }
        casts.push(format!("cast({name} as {data_type}) as {name}"));
        types.push(format!("{name} {data_type}"));
        nulls.push(format!("cast(null as {data_type}) as {name}"));
        names.push(name.0);
    }
    let of_node = node.constraints.iter();
    table_constraints.extend(
        of_node.map(|constraint| (constraint, constraint_columns(dialect, node, constraint))),
    );
    for (constraint, columns) in table_constraints {
        match constraint_line(dialect, constraint, &columns)? {
            Some(line) => {
                let name = string_field(constraint, "name");
                if matches!(kind(constraint), "unique" | "primary_key") && !name.is_empty() {
                    indexed.push(name.to_string());
                }
                lines.push(line.0);
            }
            None => diagnostics.push(omitted_constraint(dialect, node, kind(constraint), setting)),
        }
    }
    diagnostics.dedup();
    Ok(Some(Contract {
        spec: Sql(lines.join(",\n  ")),
        names: Sql(names.join(", ")),
        casts: Sql(casts.join(",\n  ")),
        types: Sql(types.join(",\n  ")),
        nulls: Sql(nulls.join(", ")),
        indexed,
        diagnostics,
    }))
}

/// The statements that compare a query's columns with the declared ones, and fail if they differ.
/// They write nothing. Empty if the dialect has none.
pub fn contract_check(
    dialect: &Dialect,
    node: &Node,
    contract: &Contract,
    query: &str,
) -> Result<Sql, Diagnostic> {
    if !dialect.contracts.contract_checked {
        return Ok(Sql::default());
    }
    let name = |suffix: &str| {
        dialect.column(&dialect.limited_name(&node.relation.identifier, suffix, 0), false)
    };
    let (shape, declared) = (name("shape"), name("declared"));
    let arguments = [
        ("query", author_query(query)),
        ("shape_text", dialect.string(&shape.0).value()),
        ("shape", shape.value()),
        ("declared_text", dialect.string(&declared.0).value()),
        ("declared", declared.value()),
        ("types", contract.types.value()),
        ("nulls", contract.nulls.value()),
        ("message", dialect.string(&format!("the contract of {} is broken: ", node.name)).value()),
    ];
    Ok(Sql(format!("{}\n\n", dialect.sql("contract_check", &arguments)?)))
}

/// Rejects a query whose known columns differ from the declared ones. Warns if the types are not
/// compared.
pub fn compare_names(
    dialect: &Dialect,
    node: &Node,
    columns: Option<&[ResultColumn]>,
) -> Result<Option<Diagnostic>, Diagnostic> {
    let setting = node.set(keys::CONTRACT);
    let at = |diagnostic: Diagnostic| match setting {
        Some(setting) => diagnostic.at(setting.at.clone()),
        None => diagnostic,
    };
    if let Some(columns) = columns {
        let same = |known: &ResultColumn, column: &Column| {
            dialect.same_column((&known.name, known.quoted), (&column.name, column.quote))
        };
        let mut differences = Vec::new();
        for column in &node.columns {
            if !columns.iter().any(|known| same(known, column)) {
                differences.push(format!("the query lacks `{}`", column.name));
            }
        }
        for known in columns {
            if !node.columns.iter().any(|column| same(known, column)) {
                differences.push(format!("`{}` is not declared", known.name));
            }
        }
        if !differences.is_empty() {
            let message =
                format!("the contract of `{}` is broken: {}", node.name, differences.join(", "));
            return Err(
                at(Diagnostic::error(message)).hint("declare exactly the columns of the query")
            );
        }
    }
    let compared =
        dialect.contracts.contract_checked || dialect.contracts.contract_refused_by_engine;
    let message = format!(
        "the types of a query are not compared with its contract: {} may convert values",
        dialect.name
    );
    Ok((!compared).then(|| {
        at(Diagnostic::warning(message))
            .hint("cast the columns in the last `select` to the declared types")
    }))
}

/// A warning for an omitted constraint. Several of a kind are one warning.
fn omitted_constraint(
    dialect: &Dialect,
    node: &Node,
    kind: &str,
    contract: &Setting,
) -> Diagnostic {
    Diagnostic::warning(format!(
        "the constraint `{kind}` of `{}` is omitted from its table",
        node.name
    ))
    .at(contract.at.clone())
    .hint(format!("{} does not support it in a create statement; use a test instead", dialect.name))
}

/// A constraint as a line of the create statement. None for a reference to another model (`to`)
/// without `expression`.
fn constraint_line(
    dialect: &Dialect,
    constraint: &Value,
    columns: &str,
) -> Result<Option<Sql>, Diagnostic> {
    let expression = string_field(constraint, "expression");
    let kind = kind(constraint);
    let empty = if kind == "check" || kind == "foreign_key" {
        expression.is_empty()
    } else {
        columns.is_empty()
    };
    if empty || !is_supported(dialect, kind) {
        return Ok(None);
    }
    let arguments = [
        ("columns", Sql(columns.to_string()).value()),
        ("expression", Sql(expression.to_string()).value()),
    ];
    let line = dialect.sql(&format!("constraint_{kind}"), &arguments)?;
    match string_field(constraint, "name") {
        "" => Ok(Some(line)),
        name => dialect
            .sql(
                "constraint_named",
                &[("name", dialect.column(name, false).value()), ("constraint", line.value())],
            )
            .map(Some),
    }
}

fn constraint_columns(dialect: &Dialect, node: &Node, constraint: &Value) -> String {
    let names = constraint
        .get("columns")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str);
    let quoted = |name: &str| node.columns.iter().any(|column| column.name == name && column.quote);
    names.map(|name| dialect.column(name, quoted(name)).0).collect::<Vec<_>>().join(", ")
}

fn is_supported(dialect: &Dialect, kind: &str) -> bool {
    dialect.contracts.constraint_kinds.iter().any(|listed| listed == kind)
}

fn has_constraint(column: &Column, of_kind: &str) -> bool {
    column.constraints.iter().any(|constraint| kind(constraint) == of_kind)
}

fn kind(constraint: &Value) -> &str {
    string_field(constraint, "type")
}

fn string_field<'a>(constraint: &'a Value, key: &str) -> &'a str {
    constraint.get(key).and_then(Value::as_str).unwrap_or_default()
}
