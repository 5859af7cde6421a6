//! The rows of one `select`: its groups, its `distinct`, and the sub-queries in its clauses.

use std::rc::Rc;

use sqlparser::ast::{BinaryOperator, Distinct, Expr, Function, GroupByExpr, Select, SelectItem, Value as Literal, Visit};
use sqlparser::keywords::Keyword;

use super::each::{conditions, each};
use super::rows::{Item, Origin, Rows, Shape};
use super::scope::{Scope, Sight};
use super::ties::Tie;
use super::value::{Time, Value};
use super::{CallKind, Flow, How, call, names};

impl Flow<'_> {
    pub(super) fn select(&self, select: &Select, sight: &Sight, outer: Option<&Scope>) -> Rc<Rows> {
        let mut scope = Scope { outer, ..Scope::default() };
        let filters = conditions(select.selection.iter().chain(&select.prewhere));
        self.from(&select.from, &filters, sight, &mut scope);
        let mut windowed = Origin::of(scope.tables.iter().map(|table| &table.rows.windowed));
        // Rows of an input that is read whole, bounded by those of the window, are of the window too.
        if let Some(clause) = &select.selection {
            windowed = Origin::of([&windowed, &self.subqueries(clause, sight, &scope)]);
        }
        let driving = scope.tables.first().map(|table| table.rows.driving.clone()).unwrap_or_default();
        let mut sources = scope.tables.iter().filter(|table| !table.rows.windowed.is_empty()).map(|table| table.rows.tied).peekable();
        let all_tied = sources.peek().is_some() && sources.all(|tied| tied);
        let tied = all_tied
            || match self.ties_to_outer(&filters, &scope) {
                Tie::Sure => true,
                Tie::No => false,
                Tie::Perhaps(name) if windowed.is_empty() => name.is_empty(),
                // What else is done with the rows stands or falls with that.
                Tie::Perhaps(name) => {
                    let at = select.from.first().map_or(0..0, |from| self.factor_place(&from.relation));
                    self.crossing(How::Lookup { other: windowed.inputs.clone() }, at, &windowed, Some(name));
                    true
                }
            };
        known_not_null(&filters, &mut scope);

        let items = self.projection(select, &mut scope);
        for clause in select.prewhere.iter().chain(&select.having).chain(&select.qualify) {
            self.subqueries(clause, sight, &scope);
        }
        for clause in select.selection.iter().chain(&select.prewhere).chain(&select.having).chain(&select.qualify) {
            self.calls(clause, &scope, CallKind::ClockInCondition);
        }
        for item in &select.projection {
            self.subqueries(item, sight, &scope);
            self.calls(item, &scope, if self.is_stamp(item, &scope) { CallKind::Stamp } else { CallKind::ClockInValue });
        }
        let mut rows = Rc::new(Rows { shape: Shape::Columns(items), windowed, driving, tied, bounds: None });
        if rows.windowed.is_empty() || tied {
            return rows;
        }
        self.windows_of(select, &scope, &rows.windowed);
        let mut bounds = None;
        let whole = self.groups(select, &scope, &rows, &mut bounds);
        self.distinct(select, &scope, &rows);
        if select.top.is_some() {
            let at = self.seen.bytes(select.select_token.0.span).unwrap_or(0..0);
            self.crossing(How::Limit, at, &rows.windowed, None);
        }
        if whole {
            rows = super::query::told(&rows, bounds);
        }
        rows
    }

    /// Whether the conditions of a sub-query ask for the window of the row around it.
    fn ties_to_outer(&self, conditions: &[&Expr], scope: &Scope) -> Tie {
        let Some(outer) = scope.outer else { return Tie::No };
        let own = Scope { outer: None, tables: scope.tables.clone(), named: Default::default() };
        self.ties_between(conditions, &own, outer).tie(self)
    }

    /// Judges the groups. Whether what was found makes the rows others in each batch.
    fn groups(&self, select: &Select, scope: &Scope, rows: &Rows, bounds: &mut Option<usize>) -> bool {
        let windowed = &rows.windowed;
        let select_at = self.seen.bytes(select.select_token.0.span).unwrap_or(0..0);
        let (keys, texts, at) = match &select.group_by {
            GroupByExpr::Expressions(exprs, modifiers) if !exprs.is_empty() => {
                let at = self.place(&exprs[0]).start..exprs.last().map_or(0, |last| self.place(last).end);
                let keys = if modifiers.is_empty() {
                    exprs.iter().filter_map(|expr| self.group_key(expr, select, scope)).collect()
                } else {
                    Vec::new()
                };
                let texts = exprs.iter().map(|expr| self.key_text(expr, select)).collect();
                (keys, texts, self.seen.from_word(Keyword::GROUP, at))
            }
            GroupByExpr::All(_) if self.star_tells(rows) => return false,
            GroupByExpr::All(_) => {
                let own = select.projection.iter().filter_map(|item| match item {
                    SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } if self.first_aggregate(expr).is_none() => {
                        Some(self.value(expr, scope))
                    }
                    _ => None,
                });
                (own.collect(), vec!["all".to_string()], select_at)
            }
            GroupByExpr::Expressions(..) => {
                let clauses = select.projection.iter().filter_map(|item| self.first_aggregate(item));
                let Some(at) = clauses.chain(select.having.iter().filter_map(|having| self.first_aggregate(having))).next() else {
                    return false;
                };
                if self.are_bounds(select, scope) {
                    let of_whole = scope
                        .outer
                        .is_some_and(|outer| !outer.tables.is_empty() && outer.tables.iter().all(|table| table.rows.windowed.is_empty()));
                    if of_whole {
                        self.found.borrow_mut().bounding.push(at.start);
                    }
                    *bounds = Some(at.start);
                    self.crossing(How::Bounds { of_whole }, at, windowed, None);
                    return true;
                }
                (Vec::new(), Vec::new(), at)
            }
        };
        let together = self.together(&keys);
        let crosses = together == super::value::Together::Not;
        self.unless(together, How::Groups { keys: texts }, at, windowed);
        crosses
    }

    /// Whether a column that `*` gives, which `group by all` groups by, keeps groups in one window.
    fn star_tells(&self, rows: &Rows) -> bool {
        let Shape::Columns(items) = &rows.shape else { return false };
        items.iter().any(|item| match item {
            Item::Rest { of, without, outer: None } => {
                !of.windowed.is_empty() && of.together(without, self.windows) == super::value::Together::Always
            }
            _ => false,
        })
    }

    /// Whether a query asks for the first and the last event time and nothing else.
    fn are_bounds(&self, select: &Select, scope: &Scope) -> bool {
        select.projection.iter().all(|item| match item {
            SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => self.value(expr, scope).is_inside(),
            _ => false,
        })
    }

    /// A key as its author would name it: what `1` stands for.
    fn key_text(&self, expr: &Expr, select: &Select) -> String {
        match nth(expr).and_then(|place| select.projection.get(place)) {
            Some(SelectItem::ExprWithAlias { alias, .. }) => alias.value.clone(),
            Some(SelectItem::UnnamedExpr(expr)) => self.seen.said(&self.place(expr)),
            _ => self.seen.said(&self.place(expr)),
        }
    }

    /// The value of a key of `group by`; of several sets of keys, what all of them have.
    fn group_key(&self, expr: &Expr, select: &Select, scope: &Scope) -> Option<Value> {
        if let Some(item) = nth(expr).and_then(|place| select.projection.get(place)) {
            return match item {
                SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => Some(self.value(expr, scope)),
                _ => None,
            };
        }
        let pinning =
            |keys: &[Expr]| keys.iter().filter_map(|key| self.group_key(key, select, scope)).find(|value| value.pins(self.windows));
        match expr {
            Expr::GroupingSets(sets) => sets.iter().map(|set| pinning(set)).collect::<Option<Vec<_>>>()?.into_iter().next(),
            // One of their groups is all rows.
            Expr::Rollup(_) | Expr::Cube(_) => None,
            Expr::Tuple(exprs) => pinning(exprs),
            other => Some(self.value(other, scope)),
        }
    }

    fn distinct(&self, select: &Select, scope: &Scope, rows: &Rows) {
        let at = self.seen.bytes(select.select_token.0.span).unwrap_or(0..0);
        // Groups are told already, and no two of them are alike.
        let grouped = !matches!(&select.group_by, GroupByExpr::Expressions(exprs, _) if exprs.is_empty());
        match &select.distinct {
            Some(Distinct::Distinct) if !grouped => self.unless(rows.together(&[], self.windows), How::Distinct, at, &rows.windowed),
            Some(Distinct::On(keys)) => {
                let values: Vec<Value> = keys.iter().map(|key| self.value(key, scope)).collect();
                let end = keys.last().map_or(at.end, |key| self.place(key).end);
                self.unless(self.together(&values), How::OneOfEach { keys: self.texts(keys) }, at.start..end, &rows.windowed);
            }
            _ => {}
        }
    }

    /// Where the first aggregate function in a clause stands, of those that make one row of many.
    fn first_aggregate(&self, of: &impl Visit) -> Option<std::ops::Range<usize>> {
        let mut found = None;
        let gathers = |function: &Function| function.over.is_none() && names::is_aggregate(&call::name(function));
        each(of, |expr| match expr {
            Expr::Function(function) if found.is_none() && gathers(function) => found = Some(self.place(&function.name)),
            _ => {}
        });
        found
    }
}

/// What a condition says is there is not null: `where at is not null`.
fn known_not_null(filters: &[&Expr], scope: &mut Scope) {
    for filter in filters {
        let told = match filter {
            Expr::IsNotNull(expr) | Expr::Between { expr, negated: false, .. } => &**expr,
            Expr::BinaryOp {
                left,
                op: BinaryOperator::Gt | BinaryOperator::GtEq | BinaryOperator::Lt | BinaryOperator::LtEq | BinaryOperator::Eq,
                ..
            } => &**left,
            _ => continue,
        };
        let (table, name) = match told {
            Expr::Identifier(name) => (None, &name.value),
            Expr::CompoundIdentifier(parts) => match parts.as_slice() {
                [.., table, name] => (Some(&table.value), &name.value),
                _ => continue,
            },
            _ => continue,
        };
        // A row of the missing side is null as a whole: one column that is there shows that the side is.
        for own in &mut scope.tables {
            let is_it = match (table, &own.name) {
                (Some(table), Some(own)) => own.eq_ignore_ascii_case(table),
                (Some(_), None) => false,
                (None, _) => own.rows.column(name).is_some_and(|value| value.time != Time::Unknown),
            };
            if is_it {
                own.outer = None;
                own.present.push(name.clone());
            }
        }
    }
}

/// The place in the projection that a number stands for.
fn nth(expr: &Expr) -> Option<usize> {
    let Expr::Value(value) = expr else { return None };
    let Literal::Number(number, _) = &value.value else { return None };
    number.to_string().parse::<usize>().ok()?.checked_sub(1)
}
