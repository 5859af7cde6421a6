//! Name scopes: the CTEs of a query, and the tables of a `from`.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;

use sqlparser::ast::Ident;

use super::FlowNotes;
use super::rows::{Rows, one_of_tables, outer_joined};
use super::value::{NullReason, Time, Value};

/// A CTE, and the scope of CTEs around it.
pub struct Cte {
    pub name: String,
    pub rows: Rc<Rows>,
    /// Its findings, which are reported if it is read.
    pub notes: RefCell<FlowNotes>,
    pub around: CteScope,
}

/// The innermost CTE in the scope.
pub type CteScope = Option<Rc<Cte>>;

/// Finds a CTE by its name.
pub fn find_cte<'s>(ctes: &'s CteScope, name: &Ident) -> Option<&'s Rc<Cte>> {
    let mut next = ctes;
    while let Some(cte) = next {
        if cte.name.eq_ignore_ascii_case(&name.value) {
            return Some(cte);
        }
        next = &cte.around;
    }
    None
}

/// The tables of one `from`.
#[derive(Default)]
pub struct Scope<'o> {
    pub tables: Vec<ScopedTable>,
    /// The columns of `using` and of natural joins, by name in lower case.
    pub merged: BTreeMap<String, Value>,
    /// The aliases of the projection, for engines in which other clauses can use them, by name in
    /// lower case.
    pub named: BTreeMap<String, Value>,
    /// The scope of the outer query, for a sub-query.
    pub outer: Option<&'o Scope<'o>>,
}

/// The rows that a join preserves.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum JoinSide {
    Both,
    Left,
    Right,
    All,
    /// Rows of the left side only: `semi`, `anti`.
    Filter,
}

/// A table of a `from`.
#[derive(Clone)]
pub struct ScopedTable {
    pub name: Option<String>,
    pub rows: Rc<Rows>,
    /// The outer join, if the table is on its optional side.
    pub outer: Option<(NullReason, Range<usize>)>,
    /// Columns that are not null because of a condition.
    pub present: Vec<String>,
}

impl ScopedTable {
    pub fn new(name: Option<String>, rows: Rc<Rows>) -> ScopedTable {
        ScopedTable { name, rows, outer: None, present: Vec::new() }
    }

    pub fn column(&self, name: &str) -> Option<Value> {
        let value = outer_joined(self.rows.column(name)?, self.outer.as_ref());
        let present = self.present.iter().any(|present| present.eq_ignore_ascii_case(name));
        Some(if present { Value { null: None, ..value } } else { value })
    }
}

impl Scope<'_> {
    /// The value of a column of this scope's tables; `None` if no table has it.
    pub fn local_column(&self, qualifier: Option<&str>, name: &str) -> Option<Value> {
        let merged = self.merged.get(&name.to_ascii_lowercase());
        if let Some(merged) = merged.filter(|_| qualifier.is_none()) {
            return Some(merged.clone());
        }
        let is_it = |table: &&ScopedTable| match (qualifier, &table.name) {
            (Some(qualifier), Some(table)) => qualifier.eq_ignore_ascii_case(table),
            (Some(_), None) => false,
            (None, _) => true,
        };
        let values = self.tables.iter().filter(is_it).filter_map(|table| table.column(name));
        one_of_tables(values.collect())
    }

    /// The value of a column of this scope, of the projection, or of an outer query.
    pub fn column(&self, qualifier: Option<&str>, name: &str) -> Option<Value> {
        let named = || self.named.get(&name.to_ascii_lowercase()).filter(|_| qualifier.is_none());
        match self.local_column(qualifier, name) {
            Some(value) if value.derives_from_event_time() || value.unique => Some(value),
            // A table with unknown columns may not have it.
            value => match named() {
                Some(named) => Some(named.clone()),
                None if value.as_ref().is_some_and(|value| value.time != Time::Unknown) => value,
                None => self.outer.and_then(|outer| outer.column(qualifier, name)).or(value),
            },
        }
    }
}
