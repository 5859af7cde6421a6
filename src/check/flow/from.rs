//! The tables of a `from` and how they are joined.

use std::collections::BTreeSet;
use std::ops::Range;
use std::rc::Rc;

use sqlparser::ast::{
    BinaryOperator, Expr, ExprWithAlias, Join, JoinConstraint, JoinOperator, ObjectName,
    ObjectNamePart, TableAlias, TableFactor, TableWithJoins,
};

use super::call_syntax::{argument, arguments, column_name, function_name, last_part};
use super::colocation::Colocation;
use super::common_columns::{common_columns, merge_columns};
use super::derived_time::OutsideReason;
use super::join_conditions::{JoinConditions, JoinKeyRelation};
use super::query::{already_reported, names, renamed};
use super::rows::{Item, Memo, Origin, RowShape, Rows};
use super::scope::{CteScope, JoinSide, Scope, ScopedTable, find_cte};
use super::value::{NullReason, Value};
use super::visit::{conditions, visit_exprs};
use super::{CrossWindowKind, Flow, UnanalysedForm};

impl Flow<'_> {
    /// Adds the tables of a `from` to the scope. `filters` are the conditions of the `where`, which
    /// may join tables.
    pub(super) fn from(
        &self,
        from: &[TableWithJoins],
        filters: &[&Expr],
        ctes: &CteScope,
        scope: &mut Scope,
    ) {
        for (nth, tables) in from.iter().enumerate() {
            let before = scope.tables.len();
            self.tables(tables, filters, ctes, scope);
            if nth > 0 && before > 0 {
                self.check_join(
                    scope,
                    0..before,
                    filters,
                    JoinConditions::default(),
                    JoinSide::Both,
                    self.factor_span(&tables.relation),
                );
            }
        }
    }

    fn tables(
        &self,
        tables: &TableWithJoins,
        filters: &[&Expr],
        ctes: &CteScope,
        scope: &mut Scope,
    ) {
        let start = scope.tables.len();
        self.factor(&tables.relation, ctes, scope);
        for join in &tables.joins {
            self.join(join, start, filters, ctes, scope);
        }
    }

    fn join(
        &self,
        join: &Join,
        start: usize,
        filters: &[&Expr],
        ctes: &CteScope,
        scope: &mut Scope,
    ) {
        use JoinOperator::{
            Anti, ArrayJoin, AsOf, CrossApply, CrossJoin, FullOuter, Inner, InnerArrayJoin, Left,
            LeftAnti, LeftArrayJoin, LeftOuter, LeftSemi, OuterApply, Right, RightAnti, RightOuter,
            RightSemi, Semi, StraightJoin,
        };
        let (preserved_side, on) = match &join.join_operator {
            JoinOperator::Join(on) | Inner(on) | CrossJoin(on) | StraightJoin(on) => {
                (JoinSide::Both, Some(on))
            }
            Left(on) | LeftOuter(on) => (JoinSide::Left, Some(on)),
            Right(on) | RightOuter(on) => (JoinSide::Right, Some(on)),
            FullOuter(on) => (JoinSide::All, Some(on)),
            Semi(on) | LeftSemi(on) | RightSemi(on) | Anti(on) | LeftAnti(on) | RightAnti(on) => {
                (JoinSide::Filter, Some(on))
            }
            AsOf { constraint, .. } => (JoinSide::Both, Some(constraint)),
            CrossApply => (JoinSide::Both, None),
            OuterApply => (JoinSide::Left, None),
            // An array of the same row.
            ArrayJoin | LeftArrayJoin | InnerArrayJoin => return,
        };
        let middle = scope.tables.len();
        self.factor(&join.relation, ctes, scope);
        let at = self.factor_span(&join.relation);
        let mut all: Vec<&Expr> = Vec::new();
        if let Some(JoinConstraint::On(condition)) = on {
            self.subqueries(condition, ctes, scope);
            self.calls(condition, scope, super::VolatileKind::ClockInCondition);
            all = conditions([condition]);
        }
        match preserved_side {
            JoinSide::Both => all.extend(filters),
            // A comparison in the `where` removes rows without a match.
            JoinSide::Left | JoinSide::Right => {
                all.extend(filters.iter().filter(|filter| rejects_null(filter)));
            }
            JoinSide::All | JoinSide::Filter => {}
        }
        let common = common_columns(scope, on, start..middle);
        let mut by_name = JoinConditions::default();
        for column in &common {
            let [one, two] = column.joined();
            by_name.equal(&one, &two, self);
        }
        self.check_join(scope, start..middle, &all, by_name, preserved_side, at.clone());
        let missing = match preserved_side {
            JoinSide::Left => middle..scope.tables.len(),
            JoinSide::Right => start..middle,
            JoinSide::All => start..scope.tables.len(),
            JoinSide::Both | JoinSide::Filter => 0..0,
        };
        let sides = match preserved_side {
            JoinSide::All => [NullReason::LeftOfFull, NullReason::RightOfFull],
            _ => [NullReason::OuterJoin; 2],
        };
        for index in missing {
            let side = sides[usize::from(index >= middle)];
            scope.tables[index].outer = Some((side, at.clone()));
        }
        merge_columns(scope, &common, preserved_side, at);
        if preserved_side == JoinSide::Filter {
            scope.tables.truncate(middle);
        }
    }

    /// Whether one of the tables has the first and the last event time, which bound the others,
    /// which are not filtered.
    fn bounds(&self, tables: &[ScopedTable]) -> bool {
        let bounds: Vec<usize> = tables.iter().filter_map(|table| table.rows.bounds).collect();
        let others = tables
            .iter()
            .filter(|table| table.rows.bounds.is_none())
            .all(|table| table.rows.windowed.is_empty());
        let is_bounded = others && !bounds.is_empty();
        if is_bounded {
            self.notes.borrow_mut().bounding.extend(bounds);
        }
        is_bounded
    }

    /// Checks a join of the tables in `before` with the following ones. `by_name` has the
    /// conditions of common columns.
    fn check_join(
        &self,
        scope: &Scope,
        before: Range<usize>,
        conditions: &[&Expr],
        by_name: JoinConditions,
        preserved_side: JoinSide,
        at: Range<usize>,
    ) {
        let Range { start, end: middle } = before;
        let windowed =
            |tables: &[ScopedTable]| Origin::of(tables.iter().map(|table| &table.rows.windowed));
        let (left, right) =
            (windowed(&scope.tables[start..middle]), windowed(&scope.tables[middle..]));
        let all_exempt = |tables: &[ScopedTable]| {
            tables
                .iter()
                .filter(|table| !table.rows.windowed.is_empty())
                .all(|table| table.rows.exempt)
        };
        let known = |tables: &[ScopedTable]| {
            tables.iter().any(|table| !matches!(table.rows.shape, RowShape::Unknown))
        };
        match (left.is_empty(), right.is_empty()) {
            (false, false)
                if !all_exempt(&scope.tables[start..middle])
                    && !all_exempt(&scope.tables[middle..]) =>
            {
                let mut join_conditions = self.join_conditions(conditions, scope, middle);
                join_conditions.and(by_name);
                let kind = CrossWindowKind::Join { other: right.inputs };
                match join_conditions.relation(self) {
                    JoinKeyRelation::SameWindow => {}
                    JoinKeyRelation::Possible(name) => self.report(kind, at, &left, Some(name)),
                    JoinKeyRelation::Unrelated => self.report(kind, at, &left, None),
                }
            }
            // An outer join preserves rows of an unfiltered input in every batch, also if the batch
            // has no match.
            (true, false) | (false, true) if self.bounds(&scope.tables[start..]) => {}
            (true, false)
                if matches!(preserved_side, JoinSide::Left | JoinSide::All)
                    && known(&scope.tables[start..middle]) =>
            {
                self.report(CrossWindowKind::PreservedRows, at, &right, None);
            }
            (false, true)
                if matches!(preserved_side, JoinSide::Right | JoinSide::All)
                    && known(&scope.tables[middle..]) =>
            {
                self.report(CrossWindowKind::PreservedRows, at, &left, None);
            }
            _ => {}
        }
    }

    fn factor(&self, factor: &TableFactor, ctes: &CteScope, scope: &mut Scope) {
        let (rows, alias) = match factor {
            TableFactor::Table { name, alias, args: None, .. } => (self.table(name, ctes), alias),
            TableFactor::Derived { subquery, alias, .. } => {
                (self.query(subquery, ctes, Some(&*scope)), alias)
            }
            TableFactor::NestedJoin { table_with_joins, alias: None } => {
                return self.tables(table_with_joins, &[], ctes, scope);
            }
            TableFactor::Pivot { table, aggregate_functions, value_column, alias, .. } => {
                let rows = self.pivoted(table, aggregate_functions, value_column, ctes);
                (rows, alias)
            }
            TableFactor::Unpivot { table, value, name, columns, alias, .. } => {
                let new = [column_name(value), Some(name.value.clone())];
                let left_out = columns.iter().filter_map(|column| column_name(&column.expr));
                let rows = self.inner_rows(table, ctes);
                (without_columns(&rows, left_out.collect(), new.into_iter().flatten()), alias)
            }
            TableFactor::MatchRecognize { table, alias, .. } => {
                let rows = self.inner_rows(table, ctes);
                if !rows.windowed.is_empty() {
                    self.not_analysed(UnanalysedForm::MatchRecognize, self.factor_span(table));
                }
                (Rows::unknown(), alias)
            }
            TableFactor::Table { name, alias, args: Some(args), .. } => {
                self.subqueries(args, ctes, scope);
                let args = args.args.iter().filter_map(argument);
                (self.function_rows(last_part(name), args.collect(), alias, scope), alias)
            }
            TableFactor::Function { name, args, alias, .. } => {
                self.subqueries(args, ctes, scope);
                let args = args.iter().filter_map(argument);
                (self.function_rows(last_part(name), args.collect(), alias, scope), alias)
            }
            TableFactor::TableFunction { expr: Expr::Function(function), alias } => {
                self.subqueries(&function.args, ctes, scope);
                let name = function_name(function);
                (self.function_rows(Some(&name), arguments(function), alias, scope), alias)
            }
            TableFactor::UNNEST { array_exprs, alias, .. } => {
                self.subqueries(array_exprs, ctes, scope);
                // The elements of an array that is written out, or returned by a function.
                let rows = match array_exprs.as_slice() {
                    [Expr::Function(function)] => {
                        let name = function_name(function);
                        self.function_rows(Some(&name), arguments(function), alias, scope)
                    }
                    exprs => self.function_rows(None, exprs.iter().collect(), alias, scope),
                };
                (rows, alias)
            }
            TableFactor::TableFunction { alias, .. } => (Rows::unknown(), alias),
            _ => return scope.tables.push(ScopedTable::new(None, Rows::unknown())),
        };
        let table_name = match factor {
            TableFactor::Table { name, .. } => last_part(name),
            _ => None,
        };
        let rows = alias.as_ref().map_or(rows.clone(), |alias| renamed(rows, &names(alias)));
        let name = alias
            .as_ref()
            .map(|alias| alias.name.value.clone())
            .or_else(|| table_name.map(str::to_string));
        scope.tables.push(ScopedTable::new(name, rows));
    }

    /// The rows of the table of a `pivot`.
    fn inner_rows(&self, table: &TableFactor, ctes: &CteScope) -> Rc<Rows> {
        let mut inner = Scope::default();
        self.factor(table, ctes, &mut inner);
        inner.tables.first().map_or_else(Rows::unknown, |table| table.rows.clone())
    }

    /// The rows of a `pivot`, which groups by the columns that it does not name.
    fn pivoted(
        &self,
        table: &TableFactor,
        aggregates: &[ExprWithAlias],
        value_columns: &[Expr],
        ctes: &CteScope,
    ) -> Rc<Rows> {
        let rows = self.inner_rows(table, ctes);
        let mut named: Vec<String> = value_columns.iter().filter_map(column_name).collect();
        for aggregate in aggregates {
            visit_exprs(aggregate, |expr| named.extend(column_name(expr)));
        }
        if !rows.windowed.is_empty() && !rows.exempt {
            let colocation = rows.colocation(&named, self.windows);
            let is_reported = colocation == Colocation::No;
            let at = self.factor_span(table);
            self.report_unless(colocation, CrossWindowKind::Pivot, at, &rows.windowed);
            if is_reported {
                return already_reported(&without_columns(&rows, named, []), None);
            }
        }
        without_columns(&rows, named, [])
    }

    /// The rows of a table function. If an argument is derived from the event time, so are they.
    fn function_rows(
        &self,
        name: Option<&str>,
        args: Vec<&Expr>,
        alias: &Option<TableAlias>,
        scope: &Scope,
    ) -> Rc<Rows> {
        const SERIES: [&str; 6] = [
            "explode",
            "generate_date_array",
            "generate_series",
            "generate_timestamp_array",
            "range",
            "sequence",
        ];
        let mut values = args.iter().map(|arg| self.value(arg, scope));
        let Some(value) = values.find(Value::derives_from_event_time) else {
            return Rows::unknown();
        };
        let at = args.first().map_or(0..0, |arg| self.span(*arg));
        let is_series = name.is_some_and(|name| SERIES.contains(&name.to_lowercase().as_str()));
        let value = match is_series {
            true => value.moved(OutsideReason::Shifted, at).without_window(),
            false => value.opaque(self.windows, || self.view.text_at(&at), at.clone()),
        };
        let named = alias.iter().flat_map(|alias| {
            let columns = names(alias);
            if columns.is_empty() { vec![alias.name.value.clone()] } else { columns }
        });
        let column = |name: String| Item::Column { name: Some(name), value: value.clone() };
        let mut items: Vec<Item> = named.chain(name.map(str::to_string)).map(column).collect();
        items.push(Item::all_of(&Rows::unknown()));
        Rows::of(RowShape::Columns(items.into()), Origin::default())
    }

    /// The rows of a table by its name: a CTE, an input, or another table.
    fn table(&self, name: &ObjectName, ctes: &CteScope) -> Rc<Rows> {
        let Some(head) = name.0.first().and_then(ObjectNamePart::as_ident) else {
            return Rows::unknown();
        };
        // A filtered ephemeral model is an input like any other; an unfiltered one is analysed as a
        // query.
        if name.0.len() == 1
            && !self.view.inputs.contains_key(&head.span.start)
            && let Some(cte) = find_cte(ctes, head)
        {
            return self.cte(cte);
        }
        if self.view.self_reads.contains(&head.span.start) {
            let windowed = Origin { own_table: true, ..Origin::default() };
            return Rows::of(RowShape::Unknown, windowed);
        }
        let Some((id, filtered)) = self.view.inputs.get(&head.span.start) else {
            return Rows::unknown();
        };
        let windowed =
            Origin { inputs: filtered.then(|| id.clone()).into_iter().collect(), own_table: false };
        let shape = RowShape::Input { input: (self.inputs)(id), filtered: *filtered };
        Rc::new(Rows {
            shape,
            windowed,
            driving: BTreeSet::from([id.clone()]),
            exempt: false,
            bounds: None,
            memo: Memo::default(),
        })
    }

    pub(super) fn factor_span(&self, factor: &TableFactor) -> Range<usize> {
        match factor {
            TableFactor::Table { name, .. } => self.span(name),
            TableFactor::Derived { subquery, .. } => self.first_span(&subquery.body),
            TableFactor::NestedJoin { table_with_joins, .. } => {
                self.factor_span(&table_with_joins.relation)
            }
            TableFactor::Pivot { table, .. } | TableFactor::Unpivot { table, .. } => {
                self.factor_span(table)
            }
            other => self.span(other),
        }
    }
}

/// The rows without some columns, with new columns of unknown values.
fn without_columns(
    rows: &Rc<Rows>,
    without: Vec<String>,
    new: impl IntoIterator<Item = String>,
) -> Rc<Rows> {
    let mut items: Vec<Item> = new
        .into_iter()
        .map(|name| Item::Column { name: Some(name), value: Value::unknown(0..0) })
        .collect();
    items.push(Item::Rest { of: rows.clone(), without, outer: None });
    Rc::new(Rows { bounds: None, ..rows.reshaped(RowShape::Columns(items.into())) })
}

/// Whether a condition is not true if a compared value is null.
fn rejects_null(condition: &Expr) -> bool {
    use BinaryOperator::{Eq, Gt, GtEq, Lt, LtEq};
    matches!(
        condition,
        Expr::BinaryOp { op: Eq | Gt | GtEq | Lt | LtEq, .. }
            | Expr::Between { negated: false, .. }
    )
}
