//! Names that would end before their end: refused before any SQL is written with them.

use crate::config::{Kind, Node};
use crate::diagnostics::Diagnostic;
use crate::dialect::Dialect;
use crate::inject;
use crate::jinja::{Relation, RelationStyle};

/// Refuses a node whose relation cannot be written in this dialect without ending the name, or the
/// statement, too soon.
pub(super) fn refuse(dialect: &Dialect, node: &Node) -> Result<(), Diagnostic> {
    let style = &node.relation.style;
    // A source that is a file: its name as a text, or the call of a function that reads it.
    if node.kind == Kind::Source && node.relation.schema.is_none() {
        let parser = inject::parser(&dialect.property::<String>("parser")?);
        return if inject::is_contained(&node.relation.identifier, &*parser) {
            Ok(())
        } else {
            Err(error_of(dialect, node, &node.relation.identifier))
        };
    }
    // As relations write it, whatever the dialect says of quotes in names.
    let all = RelationStyle { quoted: [true; 3], included: [true; 3], ..style.clone() };
    let quoted = |part: &str| {
        Relation { database: None, schema: None, identifier: part.to_string(), style: all.clone() }
            .to_string()
    };
    let parts = [
        node.relation.database.as_deref(),
        node.relation.schema.as_deref(),
        Some(&*node.relation.identifier),
    ];
    for (place, part) in
        parts.into_iter().enumerate().filter_map(|(place, part)| Some((place, part?)))
    {
        let safe = match style.quoted[place] {
            true => dialect.quoted(part)?.0 == quoted(part),
            false => [";", "\n", "\r", "--", "/*", "'"].iter().all(|end| !part.contains(end)),
        };
        if !safe {
            return Err(error_of(dialect, node, part));
        }
    }
    Ok(())
}

fn error_of(dialect: &Dialect, node: &Node, part: &str) -> Diagnostic {
    let what = format!(
        "`{part}`, a part of the name of `{}`, cannot be written in {}",
        node.name, dialect.name
    );
    Diagnostic::error(what)
        .at(node.file.at(0..0))
        .hint("give it a name of letters, digits and `_`, as its `alias` or `identifier`")
}
