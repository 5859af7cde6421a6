//! The rows of a query: CTEs, set operations, limits.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::ops::Range;
use std::rc::Rc;

use sqlparser::ast::{
    Expr, LimitClause, Query, SetExpr, SetOperator, SetQuantifier, TableAlias, Value as Literal,
};
use sqlparser::keywords::Keyword;

use super::colocation::Colocation;
use super::rows::{Item, Memo, Origin, RowShape, Rows};
use super::scope::{Cte, CteScope, Scope, find_cte};
use super::value::Value;
use super::{CrossWindowKind, Flow, FlowNotes, UnanalysedForm};

impl Flow<'_> {
    /// Analyses a query in the scope of CTEs; `outer` is the scope around a sub-query.
    pub(super) fn query(&self, query: &Query, ctes: &CteScope, outer: Option<&Scope>) -> Rc<Rows> {
        let mut ctes = ctes.clone();
        let recursive = query.with.as_ref().is_some_and(|with| with.recursive);
        for cte in query.with.iter().flat_map(|with| &with.cte_tables) {
            let cte_scope = |rows, notes| {
                let (name, around) = (cte.alias.name.value.clone(), ctes.clone());
                Some(Rc::new(Cte { name, rows, notes: RefCell::new(notes), around }))
            };
            let before = self.notes.take();
            let inner = if recursive {
                cte_scope(self.anchor(cte, &ctes), FlowNotes::default())
            } else {
                ctes.clone()
            };
            self.notes.take();
            let rows = renamed(self.query(&cte.query, &inner, None), &names(&cte.alias));
            let notes = self.notes.replace(before);
            ctes = cte_scope(rows, notes);
        }
        if !query.pipe_operators.is_empty() {
            self.body(&query.body, &ctes, outer);
            return self.not_analysed(UnanalysedForm::Pipe, self.first_span(&query.body));
        }
        let rows = self.body(&query.body, &ctes, outer);
        self.check_limit(query, rows, outer)
    }

    /// The rows of the anchor of a recursive CTE, which represent its rows where it reads itself.
    fn anchor(&self, cte: &sqlparser::ast::Cte, ctes: &CteScope) -> Rc<Rows> {
        match &*cte.query.body {
            SetExpr::SetOperation { left, .. } => {
                renamed(self.body(left, ctes, None), &names(&cte.alias))
            }
            _ => Rows::unknown(),
        }
    }

    /// The rows of a CTE; adds its findings to those of the current query.
    pub(super) fn cte(&self, cte: &Cte) -> Rc<Rows> {
        let of_cte = cte.notes.take();
        let mut notes = self.notes.borrow_mut();
        notes.operations.extend(of_cte.operations);
        notes.calls.extend(of_cte.calls);
        notes.bounding.extend(of_cte.bounding);
        cte.rows.clone()
    }

    fn body(&self, body: &SetExpr, ctes: &CteScope, outer: Option<&Scope>) -> Rc<Rows> {
        match body {
            SetExpr::Select(select) => self.select(select, ctes, outer),
            SetExpr::Query(query) => self.query(query, ctes, outer),
            SetExpr::SetOperation { left, op, set_quantifier, right } => {
                let one = self.body(left, ctes, outer);
                let other = self.body(right, ctes, outer);
                let both = |one: &BTreeSet<String>, other: &BTreeSet<String>| {
                    one.union(other).cloned().collect()
                };
                let windowed = Origin::of([&one.windowed, &other.windowed]);
                let driving = both(&one.driving, &other.driving);
                let exempt = one.exempt && other.exempt;
                let by_name = matches!(
                    set_quantifier,
                    SetQuantifier::ByName
                        | SetQuantifier::AllByName
                        | SetQuantifier::DistinctByName
                );
                let shape = RowShape::Union { left: one.clone(), right: other.clone(), by_name };
                let memo = Memo::default();
                let union = Rc::new(Rows { shape, windowed, driving, exempt, bounds: None, memo });
                let result = match op {
                    SetOperator::Union | SetOperator::Intersect => union.clone(),
                    // The rows of the right side decide which rows are left.
                    SetOperator::Except | SetOperator::Minus => with_origin(&one, &union.windowed),
                };
                let keeps_all =
                    matches!(set_quantifier, SetQuantifier::All | SetQuantifier::AllByName)
                        && *op == SetOperator::Union;
                if keeps_all || union.windowed.is_empty() || exempt {
                    return result;
                }
                let (kind, word) = match op {
                    SetOperator::Union => (CrossWindowKind::Distinct, Keyword::UNION),
                    SetOperator::Except => (CrossWindowKind::SetOperation, Keyword::EXCEPT),
                    SetOperator::Intersect => (CrossWindowKind::SetOperation, Keyword::INTERSECT),
                    SetOperator::Minus => (CrossWindowKind::SetOperation, Keyword::MINUS),
                };
                let at = self.view.word(word, self.first_span(right));
                self.report_unless(union.colocation(&[], self.windows), kind, at, &union.windowed);
                result
            }
            SetExpr::Values(values) => {
                self.subqueries(values, ctes, &Scope { outer, ..Scope::default() });
                Rows::unknown()
            }
            SetExpr::Table(table) => {
                let cte = table.table_name.as_ref().and_then(|name| find_cte(ctes, name));
                match cte.filter(|_| table.schema_name.is_none()) {
                    Some(cte) => self.cte(cte),
                    None => {
                        let name = table.table_name.as_ref();
                        let at = name.and_then(|name| self.view.bytes(name.span)).unwrap_or(0..0);
                        self.not_analysed(UnanalysedForm::TableStatement, at)
                    }
                }
            }
            _ => Rows::unknown(),
        }
    }

    /// Reports a form of query whose rows are not analysed.
    pub(super) fn not_analysed(&self, form: UnanalysedForm, at: Range<usize>) -> Rc<Rows> {
        self.report(CrossWindowKind::NotAnalysed(form), at, &Origin::default(), None);
        Rows::unknown()
    }

    /// Reports an operation, unless the combined rows are always in one window.
    pub(super) fn report_unless(
        &self,
        colocation: Colocation,
        kind: CrossWindowKind,
        at: Range<usize>,
        windowed: &Origin,
    ) {
        match colocation {
            Colocation::Always => {}
            Colocation::Possible(name) => self.report(kind, at, windowed, Some(name)),
            Colocation::No => self.report(kind, at, windowed, None),
        }
    }

    /// The first `select` of a body.
    pub(super) fn first_span(&self, body: &SetExpr) -> Range<usize> {
        match body {
            SetExpr::Select(select) => self.view.bytes(select.select_token.0.span).unwrap_or(0..0),
            SetExpr::Query(query) => self.first_span(&query.body),
            SetExpr::SetOperation { left, .. } => self.first_span(left),
            _ => 0..0,
        }
    }

    fn check_limit(&self, query: &Query, rows: Rc<Rows>, outer: Option<&Scope>) -> Rc<Rows> {
        if rows.windowed.is_empty() || rows.exempt {
            return rows;
        }
        if let Some(LimitClause::LimitOffset { limit_by, .. }) = &query.limit_clause
            && !limit_by.is_empty()
        {
            let scope = Scope { named: named(&rows), outer, ..Scope::default() };
            let keys: Vec<_> = limit_by.iter().map(|key| self.value(key, &scope)).collect();
            let at = self.view.from_word(Keyword::LIMIT, self.span(&limit_by[0]));
            self.report_unless(
                self.colocation(&keys),
                CrossWindowKind::OneRowPerKey { keys: self.texts(limit_by) },
                at,
                &rows.windowed,
            );
            return rows;
        }
        let (limit, word) = match (&query.limit_clause, &query.fetch) {
            (
                Some(
                    LimitClause::LimitOffset { limit: Some(limit), .. }
                    | LimitClause::OffsetCommaLimit { limit, .. },
                ),
                _,
            ) => (Some(limit), Keyword::LIMIT),
            (_, Some(fetch)) => (fetch.quantity.as_ref(), Keyword::FETCH),
            (Some(LimitClause::LimitOffset { limit: None, offset: Some(offset), .. }), _)
                if !is_zero(&offset.value) =>
            {
                (Some(&offset.value), Keyword::OFFSET)
            }
            _ => return rows,
        };
        // `limit 0` and `limit null` have the same effect in a batch.
        if limit.is_some_and(|limit| is_zero(limit) || is_null(limit)) {
            return rows;
        }
        let at = limit.map_or_else(|| self.first_span(&query.body), |limit| self.span(limit));
        self.report(CrossWindowKind::Limit, self.view.from_word(word, at), &rows.windowed, None);
        already_reported(&rows, None)
    }
}

/// The rows after an operation that is reported: later operations on them are not reported.
pub(super) fn already_reported(rows: &Rc<Rows>, bounds: Option<usize>) -> Rc<Rows> {
    let shape = RowShape::Columns(vec![Item::all_of(rows)].into());
    Rc::new(Rows { exempt: true, bounds, ..rows.reshaped(shape) })
}

/// The rows, which also depend on other inputs.
fn with_origin(rows: &Rc<Rows>, windowed: &Origin) -> Rc<Rows> {
    let shape = RowShape::Columns(vec![Item::all_of(rows)].into());
    Rc::new(Rows { windowed: windowed.clone(), ..rows.reshaped(shape) })
}

fn is_zero(expr: &Expr) -> bool {
    match expr {
        Expr::Value(value) => {
            matches!(&value.value, Literal::Number(number, _) if *number == "0")
        }
        _ => false,
    }
}

fn is_null(expr: &Expr) -> bool {
    matches!(expr, Expr::Value(value) if value.value == Literal::Null)
}

/// The named columns of rows, by name in lower case, for a clause that sees the projection.
fn named(rows: &Rows) -> BTreeMap<String, Value> {
    let mut named = BTreeMap::new();
    let RowShape::Columns(items) = &rows.shape else { return named };
    for item in items.iter() {
        if let Item::Column { name: Some(name), value } = item {
            named.entry(name.to_ascii_lowercase()).or_insert_with(|| value.clone());
        }
    }
    named
}

/// The column names of an alias: `t (a, b)`.
pub(super) fn names(alias: &TableAlias) -> Vec<String> {
    alias.columns.iter().map(|column| column.name.value.clone()).collect()
}

/// The rows with other names of the first columns.
pub(super) fn renamed(rows: Rc<Rows>, names: &[String]) -> Rc<Rows> {
    if names.is_empty() {
        return rows;
    }
    let column = |(index, name): (usize, &String)| {
        let value = rows.at(index).unwrap_or_else(|| Value::unknown(0..0));
        Item::Column { name: Some(name.clone()), value }
    };
    let columns: Vec<Item> = names.iter().enumerate().map(column).collect();
    Rc::new(rows.reshaped(RowShape::Columns(columns.into())))
}
