//! Rejects relation names that cannot be written as an identifier of the dialect, before any SQL is
//! generated from them.

use crate::config::{Kind, Node};
use crate::diagnostics::Diagnostic;
use crate::dialect::Dialect;
use crate::inject;
use crate::jinja::{Relation, RelationStyle};

/// Rejects a node whose relation name would end the identifier or the statement too early.
pub(super) fn validate_relation_name(dialect: &Dialect, node: &Node) -> Result<(), Diagnostic> {
    let style = &node.relation.style;
    // A source that is a file: the identifier is a string or a call of a table function.
    if node.kind == Kind::Source && node.relation.schema.is_none() {
        let parser = inject::parser(&dialect.syntax.parser);
        return if inject::is_contained(&node.relation.identifier, &*parser) {
            Ok(())
        } else {
            Err(invalid_name(dialect, node, &node.relation.identifier))
        };
    }
    let parts = [
        node.relation.database.as_deref(),
        node.relation.schema.as_deref(),
        Some(&*node.relation.identifier),
    ];
    for (index, part) in
        parts.into_iter().enumerate().filter_map(|(index, part)| Some((index, part?)))
    {
        if !is_writable(dialect, style, index, part) {
            return Err(invalid_name(dialect, node, part));
        }
    }
    Ok(())
}

/// Whether a part of a name can be written; `index`: 0 database, 1 schema, 2 identifier.
pub(super) fn is_writable(
    dialect: &Dialect,
    style: &RelationStyle,
    index: usize,
    part: &str,
) -> bool {
    if !style.quoted[index] {
        return [";", "\n", "\r", "--", "/*", "'"].iter().all(|end| !part.contains(end));
    }
    // The name as `Relation` writes it, which ignores how the dialect escapes quotes.
    let all_quoted = RelationStyle { quoted: [true; 3], included: [true; 3], ..style.clone() };
    let relation =
        Relation { database: None, schema: None, identifier: part.to_string(), style: all_quoted };
    dialect.quoted(part).0 == relation.to_string()
}

fn invalid_name(dialect: &Dialect, node: &Node, part: &str) -> Diagnostic {
    let message = format!(
        "`{part}`, a part of the name of `{}`, cannot be written in {}",
        node.name, dialect.name
    );
    Diagnostic::error(message)
        .at(node.file.at(0..0))
        .hint("set an `alias` or `identifier` of letters, digits and `_`")
}
