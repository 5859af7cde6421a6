//! The statements after a model's rows are written and before its post-hooks: grants, and
//! descriptions for `persist_docs`. Warns if the engine has no statement for them.

use serde_json::{Map, Value};

use super::relation_name::relation_sql;
use crate::config::{Materialization, Node, keys};
use crate::diagnostics::Diagnostic;
use crate::dialect::{Dialect, Sql};
use crate::inject::ResultColumn;

/// The statements, and warnings about missing ones.
#[derive(Default)]
pub struct FinalStatements {
    pub statements: Vec<Sql>,
    pub diagnostics: Vec<Diagnostic>,
}

/// Grants, then comments. `kind`: `table`, `view` or `materialized view`. If the columns of the
/// result are known, only those are described.
pub fn grants_and_comments(
    dialect: &Dialect,
    node: &Node,
    kind: &str,
    columns: Option<&[ResultColumn]>,
) -> Result<FinalStatements, Diagnostic> {
    let mut final_statements = FinalStatements::default();
    grants(dialect, node, kind, &mut final_statements)?;
    comments(dialect, node, kind, columns, &mut final_statements)?;
    Ok(final_statements)
}

fn grants(
    dialect: &Dialect,
    node: &Node,
    kind: &str,
    final_statements: &mut FinalStatements,
) -> Result<(), Diagnostic> {
    let Some(setting) = node.set(keys::GRANTS) else { return Ok(()) };
    let Value::Object(grants) = &setting.value else { return Ok(()) };
    if grants.is_empty() {
        return Ok(());
    }
    let all = pairs(grants);
    if !all.is_empty() && !dialect.metadata.grants {
        final_statements.diagnostics.push(
            Diagnostic::warning(format!(
                "the grants of `{}` are omitted: {} has no grants",
                node.name, dialect.name
            ))
            .at(setting.at.clone()),
        );
        return Ok(());
    }
    if dialect.metadata.grants_revoked {
        final_statements.statements.push(revoke_others(dialect, node, &all)?);
    } else if is_persistent(node) && dialect.metadata.grants {
        let message = format!(
            "a grant that is removed from the configuration of `{}` is not revoked: no statement \
            reads the existing grants",
            node.name
        );
        final_statements.diagnostics.push(
            Diagnostic::warning(message)
                .at(setting.at.clone())
                .hint("revoke it manually, for example in a post-hook"),
        );
    }
    for (privilege, grantee) in all {
        let arguments = [
            ("privilege", Sql(privilege.trim_start_matches('+').to_string()).value()),
            ("kind", Sql(kind.to_string()).value()),
            ("target", relation_sql(&node.relation)),
            ("grantee", Sql(grantee.clone()).value()),
            ("quoted", dialect.quoted(&grantee).value()),
            ("string", dialect.string(&grantee).value()),
        ];
        final_statements.statements.push(dialect.sql("grant", &arguments)?);
    }
    Ok(())
}

/// Whether the relation and its grants persist across runs.
fn is_persistent(node: &Node) -> bool {
    matches!(
        node.materialization,
        Materialization::Microbatch(_) | Materialization::Incremental(_) | Materialization::Seed
    )
}

/// The statement that revokes all other grants, as dbt does.
fn revoke_others(
    dialect: &Dialect,
    node: &Node,
    grants: &[(&String, String)],
) -> Result<Sql, Diagnostic> {
    let arguments = [
        ("target_text", dialect.string(&node.relation.to_string()).value()),
        ("grants", listed(dialect, grants).value()),
    ];
    dialect.sql("revoke_others", &arguments)
}

/// The configured grants of a node as texts like `select reporter`, separated by commas.
pub fn listed_grants(dialect: &Dialect, node: &Node) -> Sql {
    let Some(Value::Object(grants)) = node.set(keys::GRANTS).map(|setting| &setting.value) else {
        return Sql::default();
    };
    listed(dialect, &pairs(grants))
}

fn listed(dialect: &Dialect, grants: &[(&String, String)]) -> Sql {
    let texts = grants.iter().map(|(privilege, grantee)| {
        let grant = format!("{} {}", privilege.trim_start_matches('+'), grantee.trim_matches('"'))
            .to_lowercase();
        dialect.string(&grant).0
    });
    Sql(texts.collect::<Vec<_>>().join(", "))
}

/// Each privilege with each of its grantees.
fn pairs(grants: &Map<String, Value>) -> Vec<(&String, String)> {
    let pairs = grants.iter().flat_map(|(privilege, grantees)| {
        grantees_of(grantees).into_iter().map(move |grantee| (privilege, grantee))
    });
    pairs.collect()
}

fn comments(
    dialect: &Dialect,
    node: &Node,
    kind: &str,
    columns: Option<&[ResultColumn]>,
    final_statements: &mut FinalStatements,
) -> Result<(), Diagnostic> {
    let Some(setting) = node.set(keys::PERSIST_DOCS) else { return Ok(()) };
    let is_set = |part: &str| setting.value.get(part) == Some(&Value::Bool(true));
    let can = &dialect.metadata.docs;
    let can = |part: &str| can.iter().any(|known| known == part);
    let view = kind != "table";
    let mut missing = false;
    if is_set("relation") && !node.description.trim().is_empty() {
        if can(if view { "view" } else { "table" }) {
            let text = dialect.text(node.description.trim_end());
            let arguments = [
                ("kind", Sql(kind.to_string()).value()),
                ("target", relation_sql(&node.relation)),
                ("text", text.value()),
            ];
            final_statements.statements.push(dialect.sql("comment_relation", &arguments)?);
        } else {
            missing = true;
        }
    }
    if is_set("columns") {
        for column in node.columns.iter().filter(|column| !column.description.trim().is_empty()) {
            if !can("columns") || (view && !can("view_columns")) {
                missing = true;
                continue;
            }
            let is_same = |known: &&ResultColumn| {
                known.name == column.name
                    || dialect
                        .same_column((&known.name, known.quoted), (&column.name, column.quote))
            };
            // The column of a seed may be quoted where the properties file does not say so.
            let quoted = match columns {
                Some(columns) => match columns.iter().find(is_same) {
                    Some(known) => column.quote || (known.quoted && known.name == column.name),
                    None => continue,
                },
                None => column.quote,
            };
            let text = dialect.text(column.description.trim_end());
            let arguments = [
                ("kind", Sql(kind.to_string()).value()),
                ("target", relation_sql(&node.relation)),
                ("column", dialect.column(&column.name, quoted).value()),
                ("text", text.value()),
            ];
            final_statements.statements.push(dialect.sql("comment_column", &arguments)?);
        }
    }
    if missing {
        let message = format!(
            "some descriptions of `{}` are omitted: {} has no statement for them",
            node.name, dialect.name
        );
        final_statements.diagnostics.push(Diagnostic::warning(message).at(setting.at.clone()));
    }
    Ok(())
}

fn grantees_of(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().filter_map(Value::as_str).map(str::to_string).collect(),
        _ => Vec::new(),
    }
}
