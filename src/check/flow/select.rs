//! The rows of one `select`: groups, `distinct`, and the sub-queries in its clauses.

use std::rc::Rc;

use sqlparser::ast::{
    BinaryOperator, Distinct, Expr, Function, GroupByExpr, Select, SelectItem, Value as Literal,
    Visit,
};
use sqlparser::keywords::Keyword;

use super::call_syntax::function_name;
use super::colocation::Colocation;
use super::join_conditions::JoinKeyRelation;
use super::rows::{Item, Memo, Origin, RowShape, Rows};
use super::scope::{CteScope, Scope, ScopedTable};
use super::value::Value;
use super::visit::{conditions, visit_exprs};
use super::{CrossWindowKind, Flow, VolatileKind, names};

impl Flow<'_> {
    /// Analyses a `select`.
    pub(super) fn select(
        &self,
        select: &Select,
        ctes: &CteScope,
        outer: Option<&Scope>,
    ) -> Rc<Rows> {
        let mut scope = Scope { outer, ..Scope::default() };
        let filters = conditions(select.selection.iter().chain(&select.prewhere));
        self.from(&select.from, &filters, ctes, &mut scope);
        let mut windowed = Origin::of(scope.tables.iter().map(|table| &table.rows.windowed));
        // Rows of an unfiltered input that are bounded by those of the window are in the window
        // too.
        if let Some(clause) = &select.selection {
            windowed = Origin::of([&windowed, &self.subqueries(clause, ctes, &scope)]);
        }
        let driving =
            scope.tables.first().map(|table| table.rows.driving.clone()).unwrap_or_default();
        let mut sources = scope
            .tables
            .iter()
            .filter(|table| !table.rows.windowed.is_empty())
            .map(|table| table.rows.exempt)
            .peekable();
        let all_exempt = sources.peek().is_some() && sources.all(|exempt| exempt);
        let exempt = all_exempt
            || match self.relation_to_outer(&filters, &scope) {
                JoinKeyRelation::SameWindow => true,
                JoinKeyRelation::Unrelated => false,
                JoinKeyRelation::Possible(name) if windowed.is_empty() => name.is_empty(),
                // Other operations on the rows have the same cause.
                JoinKeyRelation::Possible(name) => {
                    let at =
                        select.from.first().map_or(0..0, |from| self.factor_span(&from.relation));
                    self.report(
                        CrossWindowKind::Lookup { other: windowed.inputs.clone() },
                        at,
                        &windowed,
                        Some(name),
                    );
                    true
                }
            };
        mark_not_null(&filters, &mut scope);

        let items = self.projection(select, &mut scope);
        for clause in select.prewhere.iter().chain(&select.having).chain(&select.qualify) {
            self.subqueries(clause, ctes, &scope);
        }
        for clause in select
            .selection
            .iter()
            .chain(&select.prewhere)
            .chain(&select.having)
            .chain(&select.qualify)
        {
            self.calls(clause, &scope, VolatileKind::ClockInCondition);
        }
        self.subqueries(&select.group_by, ctes, &scope);
        self.subqueries(&select.named_window, ctes, &scope);
        self.subqueries(&select.distinct, ctes, &scope);
        for item in &select.projection {
            self.subqueries(item, ctes, &scope);
            self.calls(
                item,
                &scope,
                if self.is_stamp(item, &scope) {
                    VolatileKind::BatchTemplate
                } else {
                    VolatileKind::ClockInValue
                },
            );
        }
        let mut rows = Rc::new(Rows {
            shape: RowShape::Columns(items.into()),
            windowed,
            driving,
            exempt,
            bounds: None,
            memo: Memo::default(),
        });
        if rows.windowed.is_empty() || exempt {
            return rows;
        }
        self.check_window_functions(select, &scope, &rows.windowed);
        self.check_connect_by(select, &scope, &rows.windowed);
        let mut bounds = None;
        let is_reported = self.groups(select, &scope, &rows, &mut bounds);
        self.distinct(select, &scope, &rows);
        if select.top.is_some() {
            let at = self.view.bytes(select.select_token.0.span).unwrap_or(0..0);
            self.report(CrossWindowKind::Limit, at, &rows.windowed, None);
        }
        if is_reported {
            rows = super::query::already_reported(&rows, bounds);
        }
        rows
    }

    /// Whether the conditions of a sub-query restrict it to the window of the outer row.
    fn relation_to_outer(&self, conditions: &[&Expr], scope: &Scope) -> JoinKeyRelation {
        let Some(outer) = scope.outer else { return JoinKeyRelation::Unrelated };
        let (tables, merged) = (scope.tables.clone(), scope.merged.clone());
        let local = Scope { tables, merged, ..Scope::default() };
        self.conditions_between(conditions, &local, outer).relation(self)
    }

    /// Checks the groups. Returns whether an operation is reported that changes the rows in each
    /// batch.
    fn groups(
        &self,
        select: &Select,
        scope: &Scope,
        rows: &Rows,
        bounds: &mut Option<usize>,
    ) -> bool {
        let windowed = &rows.windowed;
        let select_at = self.view.bytes(select.select_token.0.span).unwrap_or(0..0);
        let (keys, texts, at) = match &select.group_by {
            GroupByExpr::Expressions(exprs, modifiers) if !exprs.is_empty() => {
                let at =
                    self.span(&exprs[0]).start..exprs.last().map_or(0, |last| self.span(last).end);
                let keys = if modifiers.is_empty() {
                    exprs.iter().filter_map(|expr| self.group_key(expr, select, scope)).collect()
                } else {
                    Vec::new()
                };
                let texts = exprs.iter().map(|expr| self.key_text(expr, select)).collect();
                (keys, texts, self.view.from_word(Keyword::GROUP, at))
            }
            GroupByExpr::All(_) if self.star_determines_window(rows) => return false,
            GroupByExpr::All(_) => {
                let keys = select.projection.iter().filter_map(|item| match item {
                    SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }
                        if self.first_aggregate(expr).is_none() =>
                    {
                        Some(self.value(expr, scope))
                    }
                    _ => None,
                });
                (keys.collect(), vec!["all".to_string()], select_at)
            }
            GroupByExpr::Expressions(..) => {
                let clauses =
                    select.projection.iter().filter_map(|item| self.first_aggregate(item));
                let Some(at) = clauses
                    .chain(select.having.iter().filter_map(|having| self.first_aggregate(having)))
                    .next()
                else {
                    return false;
                };
                if self.are_bounds(select, scope) {
                    let of_whole = scope.outer.is_some_and(|outer| {
                        !outer.tables.is_empty()
                            && outer.tables.iter().all(|table| table.rows.windowed.is_empty())
                    });
                    if of_whole {
                        self.notes.borrow_mut().bounding.push(at.start);
                    }
                    *bounds = Some(at.start);
                    self.report(CrossWindowKind::Bounds { of_whole }, at, windowed, None);
                    return true;
                }
                (Vec::new(), Vec::new(), at)
            }
        };
        let colocation = self.colocation(&keys);
        let is_reported = colocation == Colocation::No;
        self.report_unless(colocation, CrossWindowKind::Groups { keys: texts }, at, windowed);
        is_reported
    }

    /// Whether a column of `*`, by which `group by all` groups, keeps groups in one window.
    fn star_determines_window(&self, rows: &Rows) -> bool {
        let RowShape::Columns(items) = &rows.shape else { return false };
        items.iter().any(|item| match item {
            Item::Rest { of, without, outer: None } => {
                !of.windowed.is_empty()
                    && of.colocation(without, self.windows) == Colocation::Always
            }
            _ => false,
        })
    }

    /// Whether a query selects only the first and the last event time.
    fn are_bounds(&self, select: &Select, scope: &Scope) -> bool {
        select.projection.iter().all(|item| match item {
            SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => {
                self.value(expr, scope).is_inside()
            }
            _ => false,
        })
    }

    /// The text of a key, with an ordinal such as `1` resolved.
    fn key_text(&self, expr: &Expr, select: &Select) -> String {
        match ordinal(expr).and_then(|index| select.projection.get(index)) {
            Some(SelectItem::ExprWithAlias { alias, .. }) => alias.value.clone(),
            Some(SelectItem::UnnamedExpr(expr)) => self.view.text_at(&self.span(expr)),
            _ => self.view.text_at(&self.span(expr)),
        }
    }

    /// The value of a key of `group by`; for grouping sets, a value that all sets have.
    fn group_key(&self, expr: &Expr, select: &Select, scope: &Scope) -> Option<Value> {
        if let Some(item) = ordinal(expr).and_then(|index| select.projection.get(index)) {
            return match item {
                SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => {
                    Some(self.value(expr, scope))
                }
                _ => None,
            };
        }
        let window_key = |keys: &[Expr]| {
            keys.iter()
                .filter_map(|key| self.group_key(key, select, scope))
                .find(|value| value.determines_window(self.windows))
        };
        match expr {
            Expr::GroupingSets(sets) => sets
                .iter()
                .map(|set| window_key(set))
                .collect::<Option<Vec<_>>>()?
                .into_iter()
                .next(),
            // One of their groups has all rows.
            Expr::Rollup(_) | Expr::Cube(_) => None,
            Expr::Tuple(exprs) => window_key(exprs),
            other => Some(self.value(other, scope)),
        }
    }

    fn distinct(&self, select: &Select, scope: &Scope, rows: &Rows) {
        let at = self.view.bytes(select.select_token.0.span).unwrap_or(0..0);
        // Groups are reported already, and are distinct.
        let grouped =
            !matches!(&select.group_by, GroupByExpr::Expressions(exprs, _) if exprs.is_empty());
        match &select.distinct {
            Some(Distinct::Distinct) if !grouped => self.report_unless(
                rows.colocation(&[], self.windows),
                CrossWindowKind::Distinct,
                at,
                &rows.windowed,
            ),
            Some(Distinct::On(keys)) => {
                let values: Vec<Value> = keys.iter().map(|key| self.value(key, scope)).collect();
                let end = keys.last().map_or(at.end, |key| self.span(key).end);
                self.report_unless(
                    self.colocation(&values),
                    CrossWindowKind::OneRowPerKey { keys: self.texts(keys) },
                    at.start..end,
                    &rows.windowed,
                );
            }
            _ => {}
        }
    }

    /// The first aggregate function in a clause.
    fn first_aggregate(&self, of: &impl Visit) -> Option<std::ops::Range<usize>> {
        let mut first = None;
        let aggregates = |function: &Function| {
            function.over.is_none() && names::is_aggregate(&function_name(function))
        };
        visit_exprs(of, |expr| match expr {
            Expr::Function(function) if first.is_none() && aggregates(function) => {
                first = Some(self.span(&function.name))
            }
            _ => {}
        });
        first
    }
}

/// Marks the columns that are not null because of a condition: `where at is not null`.
fn mark_not_null(filters: &[&Expr], scope: &mut Scope) {
    for filter in filters {
        let present = match filter {
            Expr::IsNotNull(expr) | Expr::Between { expr, negated: false, .. } => &**expr,
            Expr::BinaryOp {
                left,
                op:
                    BinaryOperator::Gt
                    | BinaryOperator::GtEq
                    | BinaryOperator::Lt
                    | BinaryOperator::LtEq
                    | BinaryOperator::Eq,
                ..
            } => &**left,
            _ => continue,
        };
        let (table, name) = match present {
            Expr::Identifier(name) => (None, &name.value),
            Expr::CompoundIdentifier(parts) => match parts.as_slice() {
                [.., table, name] => (Some(&table.value), &name.value),
                _ => continue,
            },
            _ => continue,
        };
        // A missing side is null in all columns, so one non-null column proves that the side is
        // present.
        if let Some(index) = table_of(scope, table, name) {
            let scoped = &mut scope.tables[index];
            scoped.outer = None;
            scoped.present.push(name.clone());
        }
    }
}

/// The index of the table that has a column. Without a qualifier it is the only table that may have
/// it, or the only one that is known to have it.
fn table_of(scope: &Scope, qualifier: Option<&String>, name: &str) -> Option<usize> {
    let only = |is_it: &dyn Fn(&ScopedTable) -> bool| {
        let mut tables = scope.tables.iter().enumerate().filter(|(_, table)| is_it(table));
        tables.next().filter(|_| tables.next().is_none()).map(|(index, _)| index)
    };
    match qualifier {
        Some(qualifier) => {
            let name = |table: &ScopedTable| table.name.clone().unwrap_or_default();
            scope.tables.iter().position(|table| name(table).eq_ignore_ascii_case(qualifier))
        }
        None => only(&|table| table.rows.column(name).is_some())
            .or_else(|| only(&|table| table.rows.names().contains(&name.to_lowercase()))),
    }
}

/// The index in the projection of an ordinal.
fn ordinal(expr: &Expr) -> Option<usize> {
    let Expr::Value(value) = expr else { return None };
    let Literal::Number(number, _) = &value.value else { return None };
    number.to_string().parse::<usize>().ok()?.checked_sub(1)
}
