//! A filter by the newest row of the model's own table: `where at > (select max(at) from {{ this
//! }})`. Finds the comparison in the query's tree. Such a filter empties the batches of a new
//! table, and each batch that is older than the newest row.

use std::collections::BTreeSet;
use std::ops::{ControlFlow, Range};

use sqlparser::ast::{
    BinaryOperator, Expr, Function, InTarget, JoinConstraint, JoinOperator, ObjectName, Query,
    Select, SelectItem, SetExpr, Spanned, TableFactor,
};

use crate::inject::{Nodes, QueryView, walk};

/// The first comparison with the newest row of the own table that filters the rows of the result.
pub fn compared_with_newest(view: &QueryView) -> Option<Range<usize>> {
    let mut names = Names { view, relations: BTreeSet::new(), columns: BTreeSet::new() };
    let _: ControlFlow<()> = walk(view.query, &mut names);
    let mut filters = Filters { names: &names, at: None };
    let _: ControlFlow<()> = walk(view.query, &mut filters);
    filters.at.and_then(|span| view.bytes(span))
}

/// CTEs and derived tables that contain the newest row of the own table, and the names of their
/// columns.
struct Names<'a> {
    view: &'a QueryView<'a>,
    relations: BTreeSet<String>,
    columns: BTreeSet<String>,
}

impl Names<'_> {
    /// Whether the query returns only the newest row of the own table.
    fn is_newest(&self, query: &Query) -> bool {
        let SetExpr::Select(select) = query.body.as_ref() else { return false };
        let [from] = select.from.as_slice() else { return false };
        let TableFactor::Table { name, .. } = &from.relation else { return false };
        if !from.joins.is_empty() {
            return false;
        }
        if !self.view.self_reads.contains(&name.span().start) {
            return self.is_known(name);
        }
        // A condition may bound the rows to those before the batch, which is not a filter by the
        // newest row.
        let is_cut = select.selection.is_some();
        let takes_first = query.order_by.is_some()
            && (query.limit_clause.is_some() || query.fetch.is_some() || select.top.is_some());
        !is_cut && (takes_first || select.projection.iter().any(has_max))
    }

    fn is_known(&self, name: &ObjectName) -> bool {
        let last = name.0.last().and_then(|part| part.as_ident());
        last.is_some_and(|ident| self.relations.contains(&ident.value.to_lowercase()))
    }

    fn add(&mut self, name: &str, query: &Query) {
        if !self.is_newest(query) {
            return;
        }
        self.relations.insert(name.to_lowercase());
        let SetExpr::Select(select) = query.body.as_ref() else { return };
        for item in &select.projection {
            if let SelectItem::ExprWithAlias { alias, .. } = item {
                self.columns.insert(alias.value.to_lowercase());
            }
        }
    }

    /// Whether the expression is computed from the newest row.
    fn reads_newest(&self, expr: &Expr) -> bool {
        let mut reads = Reads { names: self };
        walk(expr, &mut reads).is_break()
    }
}

impl Nodes for Names<'_> {
    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        for cte in query.with.iter().flat_map(|with| &with.cte_tables) {
            self.add(&cte.alias.name.value, &cte.query);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        if let TableFactor::Derived { subquery, alias: Some(alias), .. } = factor {
            self.add(&alias.name.value, subquery);
        }
        ControlFlow::Continue(())
    }
}

/// Breaks at the first part of an expression that reads the newest row.
struct Reads<'a> {
    names: &'a Names<'a>,
}

impl Nodes for Reads<'_> {
    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        let names = self.names;
        let reads = match expr {
            Expr::Subquery(query) => names.is_newest(query),
            Expr::In { target: InTarget::Subquery(subquery), .. } => names.is_newest(subquery),
            Expr::Identifier(column) => names.columns.contains(&column.value.to_lowercase()),
            Expr::CompoundIdentifier(parts) => {
                let part = |nth: usize| {
                    parts.get(nth).map(|part| part.value.to_lowercase()).unwrap_or_default()
                };
                names.columns.contains(&part(parts.len() - 1))
                    || (parts.len() == 2 && names.relations.contains(&part(0)))
            }
            _ => false,
        };
        if reads { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

/// Visits the conditions of each select.
struct Filters<'a> {
    names: &'a Names<'a>,
    at: Option<sqlparser::tokenizer::Span>,
}

impl Nodes for Filters<'_> {
    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        let conditions = [&select.selection, &select.having, &select.qualify].into_iter().flatten();
        let joins = select
            .from
            .iter()
            .flat_map(|from| &from.joins)
            .filter_map(|join| condition(&join.join_operator));
        for condition in conditions.chain(joins) {
            let mut compared = Compared { names: self.names, at: None };
            let _: ControlFlow<()> = walk(condition, &mut compared);
            self.at = compared.at;
            if self.at.is_some() {
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    }
}

/// Finds a comparison with the newest row on one of its sides.
struct Compared<'a> {
    names: &'a Names<'a>,
    at: Option<sqlparser::tokenizer::Span>,
}

impl Nodes for Compared<'_> {
    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        use BinaryOperator::{Eq, Gt, GtEq, Lt, LtEq};
        let sides: &[&Expr] = match expr {
            Expr::BinaryOp { left, op: Gt | GtEq | Lt | LtEq | Eq, right } => &[left, right],
            Expr::AnyOp { left, right, .. } | Expr::AllOp { left, right, .. } => &[left, right],
            Expr::Between { expr, low, high, .. } => &[expr, low, high],
            Expr::In { target: InTarget::Subquery(_), .. } => &[expr],
            _ => &[],
        };
        if sides.iter().any(|side| self.names.reads_newest(side)) {
            self.at = Some(expr.span());
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }
}

fn condition(operator: &JoinOperator) -> Option<&Expr> {
    use JoinOperator::*;
    match operator {
        Join(on) | Inner(on) | Left(on) | LeftOuter(on) | Right(on) | RightOuter(on)
        | FullOuter(on) | Semi(on) | LeftSemi(on) | Anti(on) | LeftAnti(on) => match on {
            JoinConstraint::On(condition) => Some(condition),
            _ => None,
        },
        _ => None,
    }
}

/// Whether an aggregate `max` (or `max_by`, `arg_max`) is in the item.
fn has_max(item: &SelectItem) -> bool {
    struct Max;
    impl Nodes for Max {
        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
            match expr {
                Expr::Function(Function { name, .. }) if is_max(name) => ControlFlow::Break(()),
                _ => ControlFlow::Continue(()),
            }
        }
    }
    walk(item, &mut Max).is_break()
}

fn is_max(name: &ObjectName) -> bool {
    let last =
        name.0.last().and_then(|part| part.as_ident()).map(|ident| ident.value.to_lowercase());
    last.is_some_and(|name| {
        ["max", "max_by", "arg_max", "argmax", "last", "maxif", "anylast"].contains(&name.as_str())
    })
}
