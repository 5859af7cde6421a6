//! The columns of `using` and of natural joins. Without a qualifier, such a column is one of both
//! sides.

use std::collections::BTreeSet;
use std::ops::Range;

use sqlparser::ast::JoinConstraint;

use super::call_syntax::last_part;
use super::coalesce::coalesce;
use super::rows::{one_of_tables, outer_joined};
use super::scope::{JoinSide, Scope, ScopedTable};
use super::value::{NullReason, Value};

/// A column by which two sides are joined.
pub struct CommonColumn {
    name: String,
    left: Value,
    right: Value,
}

impl CommonColumn {
    /// The values of joined rows, which are not null.
    pub fn joined(&self) -> [Value; 2] {
        [&self.left, &self.right].map(|value| Value { null: None, ..value.clone() })
    }

    /// The value of the column in all rows of the join at `at`.
    fn merged(&self, preserved_side: JoinSide, at: Range<usize>) -> Value {
        let CommonColumn { left, right, .. } = self;
        match preserved_side {
            JoinSide::Both => {
                let [left, right] = self.joined();
                one_of_tables(vec![left, right]).unwrap_or_else(|| Value::unknown(at))
            }
            JoinSide::Left | JoinSide::Filter => left.clone(),
            JoinSide::Right => right.clone(),
            JoinSide::All => {
                let side =
                    |value: &Value, side| outer_joined(value.clone(), Some(&(side, at.clone())));
                let left = side(left, NullReason::LeftOfFull);
                coalesce(vec![left, side(right, NullReason::RightOfFull)], at)
            }
        }
    }
}

/// The columns by which the tables in `before` are joined to the following ones, as far as both
/// sides are known to have them.
pub fn common_columns(
    scope: &Scope,
    constraint: Option<&JoinConstraint>,
    before: Range<usize>,
) -> Vec<CommonColumn> {
    let (left, right) = (&scope.tables[before.clone()], &scope.tables[before.end..]);
    let names: Vec<String> = match constraint {
        Some(JoinConstraint::Using(columns) | JoinConstraint::UsingAlias(columns, _)) => {
            columns.iter().filter_map(last_part).map(str::to_ascii_lowercase).collect()
        }
        Some(JoinConstraint::Natural) => {
            let names = |tables: &[ScopedTable]| {
                tables.iter().flat_map(|table| table.rows.names()).collect::<BTreeSet<String>>()
            };
            names(left).intersection(&names(right)).cloned().collect()
        }
        _ => return Vec::new(),
    };
    let column =
        |tables: &[ScopedTable], name: &str| tables.iter().find_map(|table| table.column(name));
    let common = |name: String| {
        let merged = scope.merged.get(&name).cloned();
        let left = merged.or_else(|| column(left, &name))?;
        Some(CommonColumn { left, right: column(right, &name)?, name })
    };
    names.into_iter().filter_map(common).collect()
}

/// Adds the common columns of the join at `at` to the scope. Those of earlier joins are null where
/// their side is missing.
pub fn merge_columns(
    scope: &mut Scope,
    common: &[CommonColumn],
    preserved_side: JoinSide,
    at: Range<usize>,
) {
    let missing = match preserved_side {
        JoinSide::Right => Some((NullReason::OuterJoin, at.clone())),
        JoinSide::All => Some((NullReason::LeftOfFull, at.clone())),
        JoinSide::Both | JoinSide::Left | JoinSide::Filter => None,
    };
    for value in scope.merged.values_mut() {
        *value = outer_joined(value.clone(), missing.as_ref());
    }
    for column in common {
        scope.merged.insert(column.name.clone(), column.merged(preserved_side, at.clone()));
    }
}
