//! Tables after `in`, as in SQLite's `x in orders`. The tree has them outside of every `from`,
//! where a filter is not inserted, so a parse with one of them is not used: the table is masked if
//! the dialect supports it, and otherwise its filter is inserted at its `ref()`.

use std::ops::ControlFlow;

use sqlparser::ast::{Expr, InTarget, ObjectName, ObjectNamePart, Statement};
use sqlparser::dialect::Dialect as Parser;

use super::tokens::{ParseError, TokenStream};
use super::walk::{Nodes, walk};

/// Returns an error at the first table after `in`.
pub fn reject(
    statement: &Statement,
    text: &TokenStream,
    parser: &dyn Parser,
) -> Result<(), ParseError> {
    if !parser.supports_in_table_expression() {
        return Ok(());
    }
    let mut first = FirstOperand(None);
    let _ = walk(statement, &mut first);
    let Some(name) = first.0 else { return Ok(()) };
    let start = name.0.first().and_then(ObjectNamePart::as_ident).map(|part| part.span.start);
    let at = start.and_then(|start| text.starting_at(start)).map(|token| text.spans[token].start);
    Err(ParseError { message: format!("expected: (, found: {name}"), at })
}

struct FirstOperand(Option<ObjectName>);

impl Nodes for FirstOperand {
    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        match expr {
            Expr::In { target: InTarget::Table { name, .. }, .. } => {
                self.0 = Some(name.clone());
                ControlFlow::Break(())
            }
            _ => ControlFlow::Continue(()),
        }
    }
}
