//! Ephemeral models that pass through the event time of their only input row by row: the filter of
//! a `ref()` to such a model selects the same rows as a filter of the input, so the input is
//! filtered too, and only its window is read.

use std::ops::ControlFlow;

use sqlparser::ast::{
    Distinct, Expr, Function, GroupByExpr, Ident, ObjectNamePart, Query, Select, SelectItem,
    SetExpr, TableFactor, WildcardAdditionalOptions,
};
use sqlparser::tokenizer::Location;

use super::relations::Read;
use super::scope::last;
use super::walk::{Nodes, walk};
use super::{Access, Input, InputTime, ResultColumn};

/// Filters the inputs of such models.
pub fn filter(query: &Query, inputs: &[Input], reads: &mut [Read]) {
    if !reads.iter().any(|read| matches!(read.access, Access::Covered(_))) {
        return;
    }
    for cte in query.with.iter().flat_map(|with| &with.cte_tables) {
        let name = [cte.alias.name.value.clone()];
        let ephemeral = inputs
            .iter()
            .find(|input| input.is_cte && input.plain_names.iter().any(|known| *known == name));
        let Some(model) = ephemeral.and_then(|input| input.time.as_ref()) else { continue };
        // A model that is also read whole, by `.render()` or in another ephemeral model, must stay
        // whole.
        let mut readers = reads
            .iter()
            .filter(|read| ephemeral.is_some_and(|input| input.unique_id == read.unique_id))
            .peekable();
        if readers.peek().is_none() || readers.any(|read| read.access != Access::Filtered) {
            continue;
        }
        let Some((select, table)) = row_by_row(&cte.query) else { continue };
        for read in reads.iter_mut().filter(|read| matches!(read.access, Access::Covered(_))) {
            let input = inputs.iter().find(|input| input.unique_id == read.unique_id);
            let time = input.and_then(|input| input.time.as_ref());
            let is_table = read.factor.at == table && !read.factor.is_cte && !read.factor.has_path;
            if is_table
                && time.is_some_and(|time| {
                    time.literals == model.literals
                        && passes_time_through(select, read, time, model)
                })
            {
                read.access = Access::Filtered;
            }
        }
    }
}

/// The `select` of a query that yields at most one row for each row of its only table, independent
/// of its other rows; and the start of the table's name.
fn row_by_row(query: &Query) -> Option<(&Select, Location)> {
    let plain = query.with.is_none()
        && query.limit_clause.is_none()
        && query.fetch.is_none()
        && query.pipe_operators.is_empty();
    let SetExpr::Select(select) = &*query.body else { return None };
    let grouped = match &select.group_by {
        GroupByExpr::Expressions(by, modifiers) => !by.is_empty() || !modifiers.is_empty(),
        GroupByExpr::All(_) => true,
    };
    let [from] = select.from.as_slice() else { return None };
    let TableFactor::Table { name, args: None, sample: None, .. } = &from.relation else {
        return None;
    };
    let ObjectNamePart::Identifier(first) = name.0.first()? else { return None };
    let simple = plain
        && !grouped
        && matches!(select.distinct, None | Some(Distinct::All))
        && select.top.is_none()
        && select.having.is_none()
        && select.qualify.is_none()
        && select.lateral_views.is_empty()
        && select.connect_by.is_empty()
        && select.value_table_mode.is_none()
        && from.joins.is_empty();
    let mut calls = Calls { of_one_row: true };
    let _ = walk(select, &mut calls);
    (simple && calls.of_one_row).then_some((select, first.span.start))
}

/// Whether the model's event time is the input's, unchanged.
fn passes_time_through(select: &Select, read: &Read, time: &InputTime, model: &InputTime) -> bool {
    let is = |ident: &Ident, column: &ResultColumn| {
        ident.value == column.name
            || (!column.quoted
                && ident.quote_style.is_none()
                && ident.value.eq_ignore_ascii_case(&column.name))
    };
    let is_plain =
        |options: &WildcardAdditionalOptions| *options == WildcardAdditionalOptions::default();
    let all = time.column == model.column;
    let mut matches = select.projection.iter().filter_map(|item| match item {
        SelectItem::Wildcard(options) => Some(is_plain(options) && all),
        SelectItem::QualifiedWildcard(_, options) => Some(is_plain(options) && all),
        SelectItem::UnnamedExpr(Expr::Identifier(name)) => {
            is(name, &model.column).then_some(is(name, &time.column))
        }
        SelectItem::UnnamedExpr(Expr::CompoundIdentifier(parts)) => {
            let name = parts.last().filter(|name| is(name, &model.column))?;
            Some(
                parts.len() == 2
                    && read.factor.exposed().is_some_and(|exposed| exposed.value == parts[0].value)
                    && is(name, &time.column),
            )
        }
        SelectItem::ExprWithAlias { expr, alias } if is(alias, &model.column) => {
            Some(matches!(expr, Expr::Identifier(name) if is(name, &time.column)))
        }
        _ => None,
    });
    // Two columns of the same name, ignoring case, are ambiguous.
    matches.next() == Some(true) && matches.next().is_none()
}

/// Checks that all functions compute a value from one row.
struct Calls {
    of_one_row: bool,
}

/// Functions of one row in every dialect. Any other function may be an aggregate, or yield more
/// rows.
const ROW_FUNCTIONS: &[&str] = &[
    "abs",
    "cast",
    "ceil",
    "coalesce",
    "concat",
    "date",
    "date_add",
    "date_diff",
    "date_part",
    "date_sub",
    "date_trunc",
    "datediff",
    "dateadd",
    "day",
    "floor",
    "greatest",
    "if",
    "iff",
    "ifnull",
    "isnull",
    "least",
    "left",
    "length",
    "lower",
    "ltrim",
    "md5",
    "month",
    "nullif",
    "nvl",
    "replace",
    "right",
    "round",
    "rtrim",
    "safe_cast",
    "split_part",
    "substr",
    "substring",
    "to_date",
    "to_timestamp",
    "trim",
    "try_cast",
    "upper",
    "year",
];

impl Nodes for Calls {
    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        let known = |function: &Function| {
            let name = last(&function.name).filter(|_| function.name.0.len() == 1);
            function.over.is_none()
                && name
                    .is_some_and(|name| ROW_FUNCTIONS.contains(&name.value.to_lowercase().as_str()))
        };
        if matches!(expr, Expr::Function(function) if !known(function)) {
            self.of_one_row = false;
        }
        ControlFlow::Continue(())
    }
}
