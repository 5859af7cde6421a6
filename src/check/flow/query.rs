//! The rows of a query: its CTEs, its set operations, its limit.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::ops::Range;
use std::rc::Rc;

use sqlparser::ast::{Expr, LimitClause, Query, SetExpr, SetOperator, SetQuantifier, TableAlias, Value as Literal};
use sqlparser::keywords::Keyword;

use super::rows::{Item, Origin, Rows, Shape};
use super::scope::{Cte, Scope, Sight};
use super::value::{Together, Value};
use super::{Flow, Found, How};

impl Flow<'_> {
    /// The rows of a query among the CTEs in sight; `outer` is the query around a sub-query.
    pub(super) fn query(&self, query: &Query, sight: &Sight, outer: Option<&Scope>) -> Rc<Rows> {
        let mut sight = sight.clone();
        let recursive = query.with.as_ref().is_some_and(|with| with.recursive);
        for cte in query.with.iter().flat_map(|with| &with.cte_tables) {
            let named = |rows, found| {
                let (name, around) = (cte.alias.name.value.clone(), sight.clone());
                Some(Rc::new(Cte { name, rows, found: RefCell::new(found), around }))
            };
            let before = self.found.take();
            let own = if recursive { named(self.anchor(cte, &sight), Found::default()) } else { sight.clone() };
            self.found.take();
            let rows = renamed(self.query(&cte.query, &own, None), &names(&cte.alias));
            let found = self.found.replace(before);
            sight = named(rows, found);
        }
        if !query.pipe_operators.is_empty() {
            return Rows::unknown();
        }
        let rows = self.body(&query.body, &sight, outer);
        self.limited(query, rows, outer)
    }

    /// The rows that a recursive CTE begins with, which stand for all of its rows where it reads itself.
    fn anchor(&self, cte: &sqlparser::ast::Cte, sight: &Sight) -> Rc<Rows> {
        match &*cte.query.body {
            SetExpr::SetOperation { left, .. } => renamed(self.body(left, sight, None), &names(&cte.alias)),
            _ => Rows::unknown(),
        }
    }

    /// The rows of a CTE that is read here.
    pub(super) fn cte(&self, cte: &Cte) -> Rc<Rows> {
        let found = cte.found.take();
        let mut own = self.found.borrow_mut();
        own.crossings.extend(found.crossings);
        own.calls.extend(found.calls);
        own.bounding.extend(found.bounding);
        cte.rows.clone()
    }

    fn body(&self, body: &SetExpr, sight: &Sight, outer: Option<&Scope>) -> Rc<Rows> {
        match body {
            SetExpr::Select(select) => self.select(select, sight, outer),
            SetExpr::Query(query) => self.query(query, sight, outer),
            SetExpr::SetOperation { left, op, set_quantifier, right } => {
                let one = self.body(left, sight, outer);
                let other = self.body(right, sight, outer);
                let both = |one: &BTreeSet<String>, other: &BTreeSet<String>| one.union(other).cloned().collect();
                let windowed = Origin::of([&one.windowed, &other.windowed]);
                let driving = both(&one.driving, &other.driving);
                let tied = one.tied && other.tied;
                let by_name = matches!(set_quantifier, SetQuantifier::ByName | SetQuantifier::AllByName | SetQuantifier::DistinctByName);
                let shape = Shape::Union { left: one.clone(), right: other.clone(), by_name };
                let union = Rc::new(Rows { shape, windowed, driving, tied, bounds: None });
                let result = if *op == SetOperator::Union { union.clone() } else { one };
                let keeps_all = matches!(set_quantifier, SetQuantifier::All | SetQuantifier::AllByName) && *op == SetOperator::Union;
                if keeps_all || union.windowed.is_empty() || tied {
                    return result;
                }
                let (how, word) = match op {
                    SetOperator::Union => (How::Distinct, Keyword::UNION),
                    SetOperator::Except => (How::SetOperation, Keyword::EXCEPT),
                    SetOperator::Intersect => (How::SetOperation, Keyword::INTERSECT),
                    SetOperator::Minus => (How::SetOperation, Keyword::MINUS),
                };
                let at = self.seen.word(word, self.first_place(right));
                self.unless(union.together(&[], self.windows), how, at, &union.windowed);
                result
            }
            _ => Rows::unknown(),
        }
    }

    /// Notes that rows meet, unless what they have in common keeps them in one window.
    pub(super) fn unless(&self, together: Together, how: How, at: Range<usize>, windowed: &Origin) {
        match together {
            Together::Always => {}
            Together::Perhaps(name) => self.crossing(how, at, windowed, Some(name)),
            Together::Not => self.crossing(how, at, windowed, None),
        }
    }

    /// Where the first `select` of a body begins.
    pub(super) fn first_place(&self, body: &SetExpr) -> Range<usize> {
        match body {
            SetExpr::Select(select) => self.seen.bytes(select.select_token.0.span).unwrap_or(0..0),
            SetExpr::Query(query) => self.first_place(&query.body),
            SetExpr::SetOperation { left, .. } => self.first_place(left),
            _ => 0..0,
        }
    }

    fn limited(&self, query: &Query, rows: Rc<Rows>, outer: Option<&Scope>) -> Rc<Rows> {
        if rows.windowed.is_empty() || rows.tied {
            return rows;
        }
        if let Some(LimitClause::LimitOffset { limit_by, .. }) = &query.limit_clause
            && !limit_by.is_empty()
        {
            let scope = Scope { tables: Vec::new(), named: named(&rows), outer };
            let keys: Vec<_> = limit_by.iter().map(|key| self.value(key, &scope)).collect();
            let at = self.seen.from_word(Keyword::LIMIT, self.place(&limit_by[0]));
            self.unless(self.together(&keys), How::OneOfEach { keys: self.texts(limit_by) }, at, &rows.windowed);
            return rows;
        }
        let (limit, word) = match (&query.limit_clause, &query.fetch) {
            (Some(LimitClause::LimitOffset { limit: Some(limit), .. } | LimitClause::OffsetCommaLimit { limit, .. }), _) => {
                (Some(limit), Keyword::LIMIT)
            }
            (_, Some(fetch)) => (fetch.quantity.as_ref(), Keyword::FETCH),
            (Some(LimitClause::LimitOffset { limit: None, offset: Some(offset), .. }), _) if !is_zero(&offset.value) => {
                (Some(&offset.value), Keyword::OFFSET)
            }
            _ => return rows,
        };
        // `limit 0` yields nothing in either, `limit null` everything.
        if limit.is_some_and(|limit| is_zero(limit) || is_null(limit)) {
            return rows;
        }
        let at = limit.map_or_else(|| self.first_place(&query.body), |limit| self.place(limit));
        self.crossing(How::Limit, self.seen.from_word(word, at), &rows.windowed, None);
        told(&rows, None)
    }
}

/// The rows after something was found that makes them other rows in each batch: what is done with them is not told again.
pub(super) fn told(rows: &Rc<Rows>, bounds: Option<usize>) -> Rc<Rows> {
    let shape = Shape::Columns(vec![Item::Rest { of: rows.clone(), without: Vec::new(), outer: None }]);
    Rc::new(Rows { shape, windowed: rows.windowed.clone(), driving: rows.driving.clone(), tied: true, bounds })
}

fn is_zero(expr: &Expr) -> bool {
    matches!(expr, Expr::Value(value) if matches!(&value.value, Literal::Number(number, _) if *number == "0"))
}

fn is_null(expr: &Expr) -> bool {
    matches!(expr, Expr::Value(value) if value.value == Literal::Null)
}

/// The columns of rows by name, for a clause that sees the projection.
fn named(rows: &Rows) -> BTreeMap<String, Value> {
    let mut named = BTreeMap::new();
    let Shape::Columns(items) = &rows.shape else { return named };
    for item in items {
        if let Item::Column { name: Some(name), value } = item {
            named.entry(name.to_ascii_lowercase()).or_insert_with(|| value.clone());
        }
    }
    named
}

/// The names after `t (a, b)`.
pub(super) fn names(alias: &TableAlias) -> Vec<String> {
    alias.columns.iter().map(|column| column.name.value.clone()).collect()
}

/// Rows whose first columns get other names.
pub(super) fn renamed(rows: Rc<Rows>, names: &[String]) -> Rc<Rows> {
    if names.is_empty() {
        return rows;
    }
    let column = |(place, name): (usize, &String)| {
        let value = rows.at(place).unwrap_or_else(|| Value::unknown(0..0));
        Item::Column { name: Some(name.clone()), value }
    };
    let shape = Shape::Columns(names.iter().enumerate().map(column).collect());
    Rc::new(Rows { shape, windowed: rows.windowed.clone(), driving: rows.driving.clone(), tied: rows.tied, bounds: rows.bounds })
}
