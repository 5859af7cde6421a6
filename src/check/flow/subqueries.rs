//! The sub-queries and the volatile functions in the clauses of a `select`.

use sqlparser::ast::{
    BinaryOperator, Expr, FunctionArguments, InTarget, Query, SelectItem, SetExpr, Visit,
};

use super::call_syntax::{arguments, function_name};
use super::clocks::{compared_with_word, is_clock_call, is_clock_function, is_clock_literal};
use super::join_conditions::{JoinConditions, JoinKeyRelation};
use super::rows::Origin;
use super::scope::{CteScope, Scope};
use super::value::Time;
use super::visit::visit_exprs;
use super::{CrossWindowKind, Flow, VolatileCall, VolatileKind, names};

impl Flow<'_> {
    /// Analyses the sub-queries in a clause. Returns the inputs of scalar sub-queries.
    pub(super) fn subqueries(&self, clause: &impl Visit, ctes: &CteScope, scope: &Scope) -> Origin {
        let mut values = Origin::default();
        let windowed = Origin::of(scope.tables.iter().map(|table| &table.rows.windowed));
        // The sub-queries of `= any (…)` and `>= all (…)`, which are not scalar.
        let mut of_comparisons: Vec<*const Query> = Vec::new();
        visit_exprs(clause, |expr| match expr {
            Expr::Exists { subquery, .. } => self.lookup(subquery, None, ctes, scope, &windowed),
            Expr::In { target: InTarget::Subquery(subquery), expr, .. } => {
                self.lookup(subquery, Some(expr), ctes, scope, &windowed)
            }
            Expr::AnyOp { left, compare_op, right, .. }
            | Expr::AllOp { left, compare_op, right } => {
                if let Some(subquery) = inner(right) {
                    let equal =
                        *compare_op == BinaryOperator::Eq && matches!(expr, Expr::AnyOp { .. });
                    of_comparisons.push(std::ptr::from_ref(subquery));
                    self.lookup(subquery, equal.then_some(&**left), ctes, scope, &windowed);
                }
            }
            Expr::Subquery(subquery)
                if of_comparisons.contains(&std::ptr::from_ref(&**subquery)) => {}
            Expr::Subquery(subquery) => {
                values = Origin::of([&values, &self.lookup_value(subquery, ctes, scope, &windowed)])
            }
            Expr::Function(function) => {
                // `array(select …)`.
                if let FunctionArguments::Subquery(subquery) = &function.args {
                    values =
                        Origin::of([&values, &self.lookup_value(subquery, ctes, scope, &windowed)]);
                }
            }
            _ => {}
        });
        values
    }

    /// Analyses a scalar sub-query. Returns its inputs.
    fn lookup_value(
        &self,
        subquery: &Query,
        ctes: &CteScope,
        scope: &Scope,
        windowed: &Origin,
    ) -> Origin {
        let rows = self.query(subquery, ctes, Some(scope));
        if !rows.windowed.is_empty() && !rows.exempt {
            self.report(
                CrossWindowKind::Lookup { other: rows.windowed.inputs.clone() },
                self.body_span(subquery),
                windowed,
                None,
            );
        }
        rows.windowed.clone()
    }

    /// Analyses a sub-query of `exists`, `in` or a comparison.
    fn lookup(
        &self,
        subquery: &Query,
        compared: Option<&Expr>,
        ctes: &CteScope,
        scope: &Scope,
        windowed: &Origin,
    ) {
        let rows = self.query(subquery, ctes, Some(scope));
        let mut join_conditions = JoinConditions::default();
        let columns: Vec<&Expr> = match compared {
            Some(Expr::Tuple(columns)) => columns.iter().collect(),
            other => other.into_iter().collect(),
        };
        for (index, column) in columns.into_iter().enumerate() {
            if let Some(value) = rows.at(index) {
                join_conditions.equal(&self.value(column, scope), &value, self);
            }
        }
        if rows.windowed.is_empty() || rows.exempt {
            return;
        }
        let possible_key = match join_conditions.relation(self) {
            JoinKeyRelation::SameWindow => return,
            JoinKeyRelation::Possible(name) => Some(name),
            JoinKeyRelation::Unrelated => None,
        };
        self.report(
            CrossWindowKind::Lookup { other: rows.windowed.inputs.clone() },
            self.body_span(subquery),
            windowed,
            possible_key,
        );
    }

    /// The first table of a query.
    fn body_span(&self, query: &Query) -> std::ops::Range<usize> {
        match &*query.body {
            SetExpr::Select(select) => select.from.first().map_or_else(
                || self.first_span(&query.body),
                |from| self.factor_span(&from.relation),
            ),
            _ => self.first_span(&query.body),
        }
    }

    /// Records the volatile functions in a clause.
    pub(super) fn calls(&self, clause: &impl Visit, scope: &Scope, clock: VolatileKind) {
        let note = |name: &str, kind, at| {
            self.notes.borrow_mut().calls.push(VolatileCall {
                name: name.to_string(),
                kind,
                at,
                more: 0,
            })
        };
        let note_text = |of: &Expr, kind| {
            let at = self.span(of);
            note(&self.view.text_at(&at), kind, at);
        };
        visit_exprs(clause, |expr| match expr {
            Expr::Function(function) => {
                let name = function_name(function);
                // With an argument that is not fixed it is another function: `unix_timestamp(at)`.
                let bare = arguments(function)
                    .iter()
                    .all(|argument| matches!(self.value(argument, scope).time, Time::Fixed));
                if names::is_random(&name) && bare {
                    note(&name, VolatileKind::Random, self.span(&function.name));
                } else if names::is_clock(&name) && bare {
                    note(&name, clock, self.span(&function.name));
                } else if is_clock_call(&name, &arguments(function)) {
                    note_text(expr, clock);
                }
            }
            // A sequence: `ids.nextval`.
            Expr::CompoundIdentifier(parts)
                if parts.last().is_some_and(|name| {
                    ["nextval", "currval"].contains(&name.value.to_lowercase().as_str())
                }) =>
            {
                note_text(expr, VolatileKind::Random);
            }
            // A variable of the session, which has its value from another row or statement.
            Expr::BinaryOp { left, op: BinaryOperator::Assignment, .. } => {
                note_text(left, VolatileKind::Random);
            }
            other if is_clock_literal(other) => note_text(other, clock),
            Expr::Identifier(name) if self.value(expr, scope).time == Time::Clock => {
                note(&name.value.to_lowercase(), clock, self.span(expr));
            }
            other => {
                if let Some((word, time)) = compared_with_word(other)
                    && self.value(time, scope).derived_time.is_some()
                {
                    note_text(word, clock);
                }
            }
        });
    }

    /// Whether a column is only the time of writing: the clock, in any type or zone.
    pub(super) fn is_stamp(&self, item: &SelectItem, scope: &Scope) -> bool {
        let mut expr = match item {
            SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => expr,
            _ => return false,
        };
        loop {
            expr = match expr {
                other if is_clock_literal(other) => return true,
                Expr::Cast { expr, .. }
                | Expr::Nested(expr)
                | Expr::AtTimeZone { timestamp: expr, .. } => expr,
                Expr::Function(function) if !is_clock_function(function) => {
                    match arguments(function)
                        .into_iter()
                        .find(|argument| !matches!(self.value(argument, scope).time, Time::Fixed))
                    {
                        Some(argument) if self.value(argument, scope).time == Time::Clock => {
                            argument
                        }
                        _ => return false,
                    }
                }
                other => return self.value(other, scope).time == Time::Clock,
            };
        }
    }
}

/// The sub-query of an expression, if it is one.
fn inner(expr: &Expr) -> Option<&Query> {
    match expr {
        Expr::Subquery(query) => Some(query),
        Expr::Nested(inner_expr) => inner(inner_expr),
        _ => None,
    }
}
