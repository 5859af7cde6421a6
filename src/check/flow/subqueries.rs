//! The sub-queries in the clauses of a `select`, and the functions in them whose value depends on when, or how often, they run.

use sqlparser::ast::{BinaryOperator, Expr, FunctionArguments, Query, SelectItem, SetExpr, Visit};

use super::each::each;
use super::rows::Origin;
use super::scope::{Scope, Sight};
use super::ties::{Tie, Ties};
use super::value::Time;
use super::{Call, CallKind, Flow, How, call, names};

impl Flow<'_> {
    /// Looks at the sub-queries in a clause. Gives the inputs of those that stand for a value.
    pub(super) fn subqueries(&self, clause: &impl Visit, sight: &Sight, scope: &Scope) -> Origin {
        let mut values = Origin::default();
        let windowed = Origin::of(scope.tables.iter().map(|table| &table.rows.windowed));
        // The sub-queries of `= any (…)` and `>= all (…)`, which are no values.
        let mut of_comparisons: Vec<*const Query> = Vec::new();
        each(clause, |expr| match expr {
            Expr::Exists { subquery, .. } => self.lookup(subquery, None, sight, scope, &windowed),
            Expr::InSubquery { subquery, expr, .. } => self.lookup(subquery, Some(expr), sight, scope, &windowed),
            Expr::AnyOp { left, compare_op, right, .. } | Expr::AllOp { left, compare_op, right } => {
                if let Some(subquery) = inner(right) {
                    let equal = *compare_op == BinaryOperator::Eq && matches!(expr, Expr::AnyOp { .. });
                    of_comparisons.push(std::ptr::from_ref(subquery));
                    self.lookup(subquery, equal.then_some(&**left), sight, scope, &windowed);
                }
            }
            Expr::Subquery(subquery) if of_comparisons.contains(&std::ptr::from_ref(&**subquery)) => {}
            Expr::Subquery(subquery) => values = Origin::of([&values, &self.lookup_value(subquery, sight, scope, &windowed)]),
            Expr::Function(function) => {
                // `array(select …)`
                if let FunctionArguments::Subquery(subquery) = &function.args {
                    values = Origin::of([&values, &self.lookup_value(subquery, sight, scope, &windowed)]);
                }
            }
            _ => {}
        });
        values
    }

    /// A sub-query that stands for a value. Gives the inputs that it is of.
    fn lookup_value(&self, subquery: &Query, sight: &Sight, scope: &Scope, windowed: &Origin) -> Origin {
        let rows = self.query(subquery, sight, Some(scope));
        if !rows.windowed.is_empty() && !rows.tied {
            self.crossing(How::Lookup { other: rows.windowed.inputs.clone() }, self.body_place(subquery), windowed, None);
        }
        rows.windowed.clone()
    }

    /// A sub-query among whose rows something is looked up, perhaps by its event time.
    fn lookup(&self, subquery: &Query, compared: Option<&Expr>, sight: &Sight, scope: &Scope, windowed: &Origin) {
        let rows = self.query(subquery, sight, Some(scope));
        let mut ties = Ties::default();
        let columns: Vec<&Expr> = match compared {
            Some(Expr::Tuple(columns)) => columns.iter().collect(),
            other => other.into_iter().collect(),
        };
        for (place, column) in columns.into_iter().enumerate() {
            if let Some(value) = rows.at(place) {
                ties.equal(&self.value(column, scope), &value, self);
            }
        }
        if rows.windowed.is_empty() || rows.tied {
            return;
        }
        let unless = match ties.tie(self) {
            Tie::Sure => return,
            Tie::Perhaps(name) => Some(name),
            Tie::No => None,
        };
        self.crossing(How::Lookup { other: rows.windowed.inputs.clone() }, self.body_place(subquery), windowed, unless);
    }

    /// Where the first table of a query stands.
    fn body_place(&self, query: &Query) -> std::ops::Range<usize> {
        match &*query.body {
            SetExpr::Select(select) => {
                select.from.first().map_or_else(|| self.first_place(&query.body), |from| self.factor_place(&from.relation))
            }
            _ => self.first_place(&query.body),
        }
    }

    /// Notes the functions in a clause that tell the time or differ at each run.
    pub(super) fn calls(&self, clause: &impl Visit, scope: &Scope, clock: CallKind) {
        let note = |name: &str, kind, at| self.found.borrow_mut().calls.push(Call { name: name.to_string(), kind, at, more: 0 });
        each(clause, |expr| match expr {
            Expr::Function(function) => {
                let name = call::name(function);
                // With an argument it may be another function: `unix_timestamp(at)`.
                let bare = call::arguments(function).iter().all(|argument| matches!(self.value(argument, scope).time, Time::Fixed));
                if names::is_chance(&name) && bare {
                    note(&name, CallKind::Chance, self.place(&function.name));
                } else if names::is_clock(&name) && bare {
                    note(&name, clock, self.place(&function.name));
                }
            }
            Expr::Identifier(name) if self.value(expr, scope).time == Time::Clock => {
                note(&name.value.to_lowercase(), clock, self.place(expr));
            }
            _ => {}
        });
    }

    /// Whether a column only tells when the row was written: the clock, in whatever type or zone.
    pub(super) fn is_stamp(&self, item: &SelectItem, scope: &Scope) -> bool {
        let mut expr = match item {
            SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => expr,
            _ => return false,
        };
        loop {
            expr = match expr {
                Expr::Cast { expr, .. } | Expr::Nested(expr) | Expr::AtTimeZone { timestamp: expr, .. } => expr,
                Expr::Function(function) if !names::is_clock(&call::name(function)) => {
                    match call::arguments(function).into_iter().find(|argument| !matches!(self.value(argument, scope).time, Time::Fixed)) {
                        Some(argument) if self.value(argument, scope).time == Time::Clock => argument,
                        _ => return false,
                    }
                }
                other => return self.value(other, scope).time == Time::Clock,
            };
        }
    }
}

/// The sub-query that an expression is.
fn inner(expr: &Expr) -> Option<&Query> {
    match expr {
        Expr::Subquery(query) => Some(query),
        Expr::Nested(inner_expr) => inner(inner_expr),
        _ => None,
    }
}
