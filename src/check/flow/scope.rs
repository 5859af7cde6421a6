//! Which names are in sight: the CTEs around a query, and the tables of a `from`.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;

use sqlparser::ast::Ident;

use super::Found;
use super::rows::{Rows, one_of_tables, outer_joined};
use super::value::{Null, Time, Value};

/// The CTEs in sight, the nearest first.
pub struct Cte {
    pub name: String,
    pub rows: Rc<Rows>,
    /// What was found in it, which counts once somebody reads it.
    pub found: RefCell<Found>,
    pub around: Sight,
}

pub type Sight = Option<Rc<Cte>>;

/// The CTE of a name.
pub fn find<'s>(sight: &'s Sight, name: &Ident) -> Option<&'s Rc<Cte>> {
    let mut next = sight;
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
    pub tables: Vec<Table>,
    /// What the projection names, for engines in which other clauses see it, by the name in lower case.
    pub named: BTreeMap<String, Value>,
    /// The query around, for a sub-query.
    pub outer: Option<&'o Scope<'o>>,
}

#[derive(Clone)]
pub struct Table {
    pub name: Option<String>,
    pub rows: Rc<Rows>,
    /// The outer join on whose missing side it is.
    pub outer: Option<(Null, Range<usize>)>,
    /// Columns of which a condition says that they are not null.
    pub present: Vec<String>,
}

impl Table {
    pub fn new(name: Option<String>, rows: Rc<Rows>) -> Table {
        Table { name, rows, outer: None, present: Vec::new() }
    }

    fn column(&self, name: &str) -> Option<Value> {
        let value = outer_joined(self.rows.column(name)?, self.outer.as_ref());
        let present = self.present.iter().any(|present| present.eq_ignore_ascii_case(name));
        Some(if present { Value { null: None, ..value } } else { value })
    }
}

impl Scope<'_> {
    /// The value of a column; `None` where no table of this scope has it.
    pub fn own(&self, qualifier: Option<&str>, name: &str) -> Option<Value> {
        let is_it = |table: &&Table| match (qualifier, &table.name) {
            (Some(asked), Some(own)) => asked.eq_ignore_ascii_case(own),
            (Some(_), None) => false,
            (None, _) => true,
        };
        let values = self.tables.iter().filter(is_it).filter_map(|table| table.column(name));
        one_of_tables(values.collect())
    }

    /// The value of a column, here, in the projection, or in a query around.
    pub fn column(&self, qualifier: Option<&str>, name: &str) -> Option<Value> {
        let named = || self.named.get(&name.to_ascii_lowercase()).filter(|_| qualifier.is_none());
        match self.own(qualifier, name) {
            Some(value) if value.is_of_time() || value.unique => Some(value),
            // A table whose columns nobody knows may lack it.
            value => match named() {
                Some(named) => Some(named.clone()),
                None if value.as_ref().is_some_and(|value| value.time != Time::Unknown) => value,
                None => self.outer.and_then(|outer| outer.column(qualifier, name)).or(value),
            },
        }
    }
}
