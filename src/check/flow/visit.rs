//! Visits the expressions of a clause, except those of its sub-queries, which are analysed as
//! queries.

use std::ops::ControlFlow;

use sqlparser::ast::{BinaryOperator, Expr, Query, Visit};

use crate::inject::{Nodes, walk};

/// Calls `look` for each expression in `of`, outer ones first.
pub fn visit_exprs(of: &impl Visit, mut visitor: impl FnMut(&Expr)) {
    let _ = walk(of, &mut ExprVisitor { depth: 0, visitor: &mut visitor });
}

/// Splits conditions at `and`.
pub fn conditions<'e>(of: impl IntoIterator<Item = &'e Expr>) -> Vec<&'e Expr> {
    let mut open: Vec<&Expr> = of.into_iter().collect();
    let mut all = Vec::new();
    while let Some(expr) = open.pop() {
        match expr {
            Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
                open.extend([&**left, &**right])
            }
            Expr::Nested(inner) => open.push(inner),
            other => all.push(other),
        }
    }
    all
}

struct ExprVisitor<'a> {
    depth: usize,
    visitor: &'a mut dyn FnMut(&Expr),
}

impl Nodes for ExprVisitor<'_> {
    fn pre_visit_query(&mut self, _query: &Query) -> ControlFlow<()> {
        self.depth += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _query: &Query) -> ControlFlow<()> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        if self.depth == 0 {
            (self.visitor)(expr);
        }
        ControlFlow::Continue(())
    }
}
