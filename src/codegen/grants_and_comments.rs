//! What follows when a model's rows are there, before its post-hooks: grants, and the descriptions
//! that `persist_docs` asks for. What the engine has no statement for is a warning.

use serde_json::Value;

use super::create_table::sql;
use crate::config::{Materialization, Node};
use crate::diagnostics::Diagnostic;
use crate::dialect::{Dialect, Sql};
use crate::inject::ResultColumn;

/// The statements, and what is said of those that are missing.
#[derive(Default)]
pub struct Closing {
    pub statements: Vec<Sql>,
    pub diagnostics: Vec<Diagnostic>,
}

/// Grants, then comments. `kind`: `table`, `view` or `materialized view`. Only columns that the
/// result has are described, where it is known.
pub fn closing(
    dialect: &Dialect,
    node: &Node,
    kind: &str,
    columns: Option<&[ResultColumn]>,
) -> Result<Closing, Diagnostic> {
    let mut closing = Closing::default();
    grants(dialect, node, kind, &mut closing)?;
    docs(dialect, node, kind, columns, &mut closing)?;
    Ok(closing)
}

fn grants(
    dialect: &Dialect,
    node: &Node,
    kind: &str,
    closing: &mut Closing,
) -> Result<(), Diagnostic> {
    let Some(setting) = node.config.get("grants") else { return Ok(()) };
    let Value::Object(grants) = &setting.value else { return Ok(()) };
    if grants.is_empty() {
        return Ok(());
    }
    let all = grants.iter().flat_map(|(privilege, grantees)| {
        texts(grantees).into_iter().map(move |grantee| (privilege, grantee))
    });
    let all: Vec<(&String, String)> = all.collect();
    if !all.is_empty() && !dialect.property::<bool>("grants")? {
        closing.diagnostics.push(
            Diagnostic::warning(format!(
                "the grants of `{}` are left out: {} has none",
                node.name, dialect.name
            ))
            .at(setting.at.clone()),
        );
        return Ok(());
    }
    if dialect.property::<bool>("grants_revoked")? {
        closing.statements.push(revoke_others(dialect, node, &all)?);
    } else if lives_on(node) && dialect.property::<bool>("grants")? {
        let message = format!(
            "a grant that leaves the configuration of `{}` is not revoked: no statement reads \
             what is granted",
            node.name
        );
        closing.diagnostics.push(
            Diagnostic::warning(message)
                .at(setting.at.clone())
                .hint("revoke it yourself, for instance in a post-hook"),
        );
    }
    for (privilege, grantee) in all {
        let arguments = [
            ("privilege", Sql(privilege.trim_start_matches('+').to_string()).value()),
            ("kind", Sql(kind.to_string()).value()),
            ("target", sql(&node.relation)),
            ("grantee", Sql(grantee.clone()).value()),
            ("quoted", dialect.quoted(&grantee)?.value()),
            ("string", dialect.string(&grantee)?.value()),
        ];
        closing.statements.push(dialect.sql("grant", &arguments)?);
    }
    Ok(())
}

/// Whether the relation outlives a run, and with it the grants that it has.
fn lives_on(node: &Node) -> bool {
    matches!(
        node.materialization,
        Materialization::Microbatch(_) | Materialization::Incremental(_) | Materialization::Seed
    )
}

/// The statement that takes back all grants but these, as dbt does.
fn revoke_others(
    dialect: &Dialect,
    node: &Node,
    grants: &[(&String, String)],
) -> Result<Sql, Diagnostic> {
    let listed = grants.iter().map(|(privilege, grantee)| {
        let grant = format!("{} {}", privilege.trim_start_matches('+'), grantee.trim_matches('"'))
            .to_lowercase();
        Ok(dialect.string(&grant)?.0)
    });
    let listed = listed.collect::<Result<Vec<_>, Diagnostic>>()?.join(", ");
    let arguments = [
        ("target_text", dialect.string(&node.relation.to_string())?.value()),
        ("grants", Sql(listed).value()),
    ];
    dialect.sql("revoke_others", &arguments)
}

fn docs(
    dialect: &Dialect,
    node: &Node,
    kind: &str,
    columns: Option<&[ResultColumn]>,
    closing: &mut Closing,
) -> Result<(), Diagnostic> {
    let Some(setting) = node.config.get("persist_docs") else { return Ok(()) };
    let asked = |part: &str| setting.value.get(part) == Some(&Value::Bool(true));
    let can: Vec<String> = dialect.property("docs")?;
    let can = |part: &str| can.iter().any(|known| known == part);
    let view = kind != "table";
    let mut missing = false;
    if asked("relation") && !node.description.trim().is_empty() {
        if can(if view { "view" } else { "table" }) {
            let text = dialect.text(node.description.trim_end())?;
            let arguments = [
                ("kind", Sql(kind.to_string()).value()),
                ("target", sql(&node.relation)),
                ("text", text.value()),
            ];
            closing.statements.push(dialect.sql("comment_relation", &arguments)?);
        } else {
            missing = true;
        }
    }
    if asked("columns") {
        for column in node.columns.iter().filter(|column| !column.description.trim().is_empty()) {
            if !can("columns") || (view && !can("view_columns")) {
                missing = true;
                continue;
            }
            let mut there = columns.is_none();
            for known in columns.into_iter().flatten() {
                there |= dialect
                    .same_column((&known.name, known.quoted), (&column.name, column.quote))?;
            }
            if there {
                let text = dialect.text(column.description.trim_end())?;
                let arguments = [
                    ("kind", Sql(kind.to_string()).value()),
                    ("target", sql(&node.relation)),
                    ("column", dialect.column(&column.name, column.quote)?.value()),
                    ("text", text.value()),
                ];
                closing.statements.push(dialect.sql("comment_column", &arguments)?);
            }
        }
    }
    if missing {
        let what = format!(
            "not all descriptions of `{}` are kept: {} has no statement for them",
            node.name, dialect.name
        );
        closing.diagnostics.push(Diagnostic::warning(what).at(setting.at.clone()));
    }
    Ok(())
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().filter_map(Value::as_str).map(str::to_string).collect(),
        _ => Vec::new(),
    }
}
