//! The table factors of a parsed query with their scope: whether a CTE has the name, the enclosing
//! `select`s, and operators around it.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use sqlparser::ast::{
    Ident, JoinOperator, ObjectName, ObjectNamePart, Query, Select, Statement, TableAlias,
    TableFactor, TableInheritance, TableWithJoins,
};
use sqlparser::tokenizer::Location;

use super::walk::{self, Nodes};

/// A named table in a table position.
pub struct Factor {
    /// Its index among all table factors, in post-order.
    pub number: usize,
    pub name: ObjectName,
    /// The start of its name.
    pub at: Location,
    pub alias: Option<TableAlias>,
    /// `only` before the name, or `*` after it.
    pub inheritance: Option<TableInheritance>,
    /// Whether arguments follow, so that it is a function.
    pub is_call: bool,
    /// Whether a path into it follows (`t[0].x`).
    pub has_path: bool,
    /// Whether it can only be an array column.
    pub is_array: bool,
    /// Whether `pivot`, `unpivot` or `match_recognize` follows.
    pub is_wrapped: bool,
    /// Whether its `select` has a `prewhere`, which is only valid after tables.
    pub has_prewhere: bool,
    /// Whether the name is that of a visible CTE.
    pub is_cte: bool,
    /// The enclosing `select`s, the outermost first.
    pub selects: Vec<usize>,
}

impl Factor {
    /// The name by which columns of it are qualified.
    pub fn exposed(&self) -> Option<&Ident> {
        self.alias.as_ref().map_or_else(|| last(&self.name), |alias| Some(&alias.name))
    }
}

/// All named tables in a statement.
pub fn factors(statement: &Statement) -> Vec<Factor> {
    let mut walk = Walk::default();
    let _ = walk::walk(statement, &mut walk);
    walk.factors
}

/// Whether two names are equal, ignoring case unless both are quoted.
pub fn same(a: &Ident, b: &Ident) -> bool {
    a.value == b.value
        || ((a.quote_style.is_none() || b.quote_style.is_none())
            && a.value.eq_ignore_ascii_case(&b.value))
}

pub fn last(name: &ObjectName) -> Option<&Ident> {
    name.0.last().and_then(ObjectNamePart::as_ident)
}

/// The CTEs of one query, and the number of those that are visible at the current position.
struct Frame {
    names: Vec<Ident>,
    bodies: Vec<*const Query>,
    recursive: bool,
    visible: usize,
    /// The index of this query among the CTEs of the enclosing query.
    is_body: Option<usize>,
}

#[derive(Default)]
struct Walk {
    frames: Vec<Frame>,
    selects: Vec<usize>,
    prewheres: Vec<bool>,
    selects_seen: usize,
    arrays: BTreeSet<*const TableFactor>,
    wrapped: BTreeSet<*const TableFactor>,
    number: usize,
    factors: Vec<Factor>,
}

impl Walk {
    fn note_arrays(&mut self, from: &TableWithJoins) {
        for join in &from.joins {
            if matches!(
                join.join_operator,
                JoinOperator::ArrayJoin
                    | JoinOperator::LeftArrayJoin
                    | JoinOperator::InnerArrayJoin
            ) {
                self.arrays.insert(&raw const join.relation);
            }
        }
    }

    fn is_cte(&self, name: &ObjectName) -> bool {
        match name.0.as_slice() {
            [ObjectNamePart::Identifier(name)] => self
                .frames
                .iter()
                .any(|frame| frame.names[..frame.visible].iter().any(|known| same(known, name))),
            _ => false,
        }
    }
}

impl Nodes for Walk {
    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        let mut is_body = None;
        if let Some(around) = self.frames.last_mut()
            && let Some(body) = around.bodies.iter().position(|body| std::ptr::eq(*body, query))
        {
            is_body = Some(body);
            // A recursive `with` lets its CTEs see each other and themselves.
            around.visible = if around.recursive { around.names.len() } else { body };
        }
        let ctes = query.with.iter().flat_map(|with| &with.cte_tables);
        self.frames.push(Frame {
            names: ctes.clone().map(|cte| cte.alias.name.clone()).collect(),
            bodies: ctes.map(|cte| &raw const *cte.query).collect(),
            recursive: query.with.as_ref().is_some_and(|with| with.recursive),
            visible: 0,
            is_body,
        });
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _query: &Query) -> ControlFlow<()> {
        if let Some(body) = self.frames.pop().and_then(|frame| frame.is_body)
            && let Some(around) = self.frames.last_mut()
        {
            around.visible = body + 1;
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        self.selects.push(self.selects_seen);
        self.prewheres.push(select.prewhere.is_some());
        self.selects_seen += 1;
        select.from.iter().for_each(|from| self.note_arrays(from));
        ControlFlow::Continue(())
    }

    fn post_visit_select(&mut self, _select: &Select) -> ControlFlow<()> {
        self.selects.pop();
        self.prewheres.pop();
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        match factor {
            TableFactor::NestedJoin { table_with_joins, .. } => self.note_arrays(table_with_joins),
            TableFactor::Pivot { table, .. }
            | TableFactor::Unpivot { table, .. }
            | TableFactor::MatchRecognize { table, .. } => {
                self.wrapped.insert(&raw const **table);
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn post_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        let number = self.number;
        self.number += 1;
        if let TableFactor::Table { name, alias, args, json_path, inheritance, .. } = factor
            && let Some(ObjectNamePart::Identifier(first)) = name.0.first()
        {
            self.factors.push(Factor {
                number,
                name: name.clone(),
                at: first.span.start,
                alias: alias.clone(),
                inheritance: *inheritance,
                is_call: args.is_some(),
                has_path: json_path.is_some(),
                is_array: self.arrays.contains(&(&raw const *factor)),
                is_wrapped: self.wrapped.contains(&(&raw const *factor)),
                has_prewhere: self.prewheres.last() == Some(&true),
                is_cte: self.is_cte(name),
                selects: self.selects.clone(),
            });
        }
        ControlFlow::Continue(())
    }
}
