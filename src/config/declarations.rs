//! What dbt rejects in the declarations of a node, whether it is selected, enabled or neither: its
//! constraints, and settings that contradict an enforced contract. Takes the merged configuration,
//! the columns and the constraints; returns the errors.

use indexmap::IndexMap;
use serde_json::Value;

use super::Kind;
use super::foreign_keys::ForeignKeyTarget;
use super::unresolved::{UnresolvedNode, constraints};
use crate::diagnostics::{Diagnostic, Location};
use crate::project::{Setting, constraint_type};

/// The values of `on_schema_change` that dbt accepts with an enforced contract.
const CONTRACT_CHANGES: [&str; 2] = ["append_new_columns", "fail"];

/// The errors in the declarations of a model; other nodes have none.
pub fn errors(unresolved: &UnresolvedNode, config: &IndexMap<String, Setting>) -> Vec<Diagnostic> {
    if unresolved.kind != Kind::Model {
        return Vec::new();
    }
    let at = unresolved.patch.map_or_else(|| unresolved.file.line(1), |patch| patch.at.clone());
    let mut errors = Vec::new();
    errors.extend(contract_error(unresolved, config));
    let of_model = constraints(unresolved.version, unresolved.patch);
    errors.extend(of_model.iter().filter_map(|of| constraint_type(of).err()));
    errors.extend(primary_key_error(unresolved, of_model));
    errors.extend(foreign_key_error(unresolved, of_model));
    errors.into_iter().map(|error| located(error, &at)).collect()
}

fn located(error: Diagnostic, at: &Location) -> Diagnostic {
    if error.at.is_some() { error } else { error.at(at.clone()) }
}

/// Rejects what contradicts an enforced contract: no columns in the properties, and an incremental
/// model whose table may get other columns than the declared ones.
fn contract_error(
    unresolved: &UnresolvedNode,
    config: &IndexMap<String, Setting>,
) -> Option<Diagnostic> {
    let name = &unresolved.name;
    let contract = config.get("contract")?;
    if contract.value.get("enforced") != Some(&Value::Bool(true)) {
        return None;
    }
    if unresolved.patch.is_some() && unresolved.columns.is_empty() {
        let message = format!("the contract of `{name}` is enforced, but no column is declared");
        return Some(
            Diagnostic::error(message)
                .at(contract.at.clone())
                .hint("declare each column with its `data_type` under `columns:`"),
        );
    }
    let text_of = |key: &str| config.get(key).and_then(|setting| setting.value.as_str());
    let change = match config.get("on_schema_change") {
        Some(_) => text_of("on_schema_change").unwrap_or_default(),
        None => "ignore",
    };
    if text_of("materialized") != Some("incremental") || CONTRACT_CHANGES.contains(&change) {
        return None;
    }
    let at = config.get("on_schema_change").map_or(&contract.at, |setting| &setting.at);
    let message = format!(
        "`{name}` has an enforced contract and `on_schema_change: {change}`, which exclude each \
         other"
    );
    Some(
        Diagnostic::error(message)
            .at(at.clone())
            .hint("set `on_schema_change` to `append_new_columns` or `fail`"),
    )
}

/// Rejects a primary key that is declared on two columns, or on a column and on the model.
fn primary_key_error(unresolved: &UnresolvedNode, of_model: &[Value]) -> Option<Diagnostic> {
    let is_key =
        |constraint: &&Value| constraint.get("type").and_then(Value::as_str) == Some("primary_key");
    let of_columns = unresolved.columns.iter().flat_map(|column| {
        column.constraints.iter().filter(is_key).map(|_| format!("`{}`", column.name))
    });
    let of_columns: Vec<String> = of_columns.collect();
    let name = &unresolved.name;
    let message = match (of_columns.len(), of_model.iter().any(|of| is_key(&of))) {
        (2.., _) => {
            format!("the primary key of `{name}` is declared on {}", of_columns.join(" and "))
        }
        (1, true) => {
            format!("the primary key of `{name}` is declared on {} and on the model", of_columns[0])
        }
        _ => return None,
    };
    Some(Diagnostic::error(message).hint(
        "declare it once: for several columns under `constraints:` of the model, with `columns`",
    ))
}

/// Rejects a foreign key whose `to` is not a reference.
fn foreign_key_error(unresolved: &UnresolvedNode, of_model: &[Value]) -> Option<Diagnostic> {
    let of_columns = unresolved.columns.iter().flat_map(|column| &column.constraints);
    let mut targets = of_model.iter().chain(of_columns).map(ForeignKeyTarget::of);
    let to = targets.find_map(Result::err)?;
    let message = format!(
        "a foreign key of `{}` references `{to}`, which is not a `ref()` or `source()`",
        unresolved.name
    );
    Some(
        Diagnostic::error(message)
            .hint("for example `to: ref('customers')` with `to_columns: [id]`"),
    )
}
