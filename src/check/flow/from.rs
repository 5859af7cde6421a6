//! The tables of a `from` and how they are joined.

use std::collections::BTreeSet;
use std::ops::Range;
use std::rc::Rc;

use sqlparser::ast::{Expr, Join, JoinConstraint, JoinOperator, ObjectName, ObjectNamePart, TableFactor, TableWithJoins};

use super::each::conditions;
use super::query::{names, renamed};
use super::rows::{Origin, Rows, Shape};
use super::scope::{Scope, Sight, Table, find};
use super::ties::{Tie, Ties};
use super::value::Null;
use super::{Flow, How};

/// What a join keeps.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keeps {
    Both,
    Left,
    Right,
    All,
    /// The rows of the left side alone: `semi`, `anti`.
    Filter,
}

impl Flow<'_> {
    /// Puts the tables of a `from` into the scope. `also`: conditions of the `where`, for tables that are joined there.
    pub(super) fn from(&self, from: &[TableWithJoins], also: &[&Expr], sight: &Sight, scope: &mut Scope) {
        for (nth, tables) in from.iter().enumerate() {
            let before = scope.tables.len();
            self.tables(tables, also, sight, scope);
            if nth > 0 && before > 0 {
                self.met(scope, 0..before, also, Ties::default(), Keeps::Both, self.factor_place(&tables.relation));
            }
        }
    }

    fn tables(&self, tables: &TableWithJoins, also: &[&Expr], sight: &Sight, scope: &mut Scope) {
        let begin = scope.tables.len();
        self.factor(&tables.relation, sight, scope);
        for join in &tables.joins {
            self.join(join, begin, also, sight, scope);
        }
    }

    fn join(&self, join: &Join, begin: usize, also: &[&Expr], sight: &Sight, scope: &mut Scope) {
        use JoinOperator::{
            Anti, ArrayJoin, AsOf, CrossApply, CrossJoin, FullOuter, Inner, InnerArrayJoin, Left, LeftAnti, LeftArrayJoin, LeftOuter,
            LeftSemi, OuterApply, Right, RightAnti, RightOuter, RightSemi, Semi, StraightJoin,
        };
        let (keeps, on) = match &join.join_operator {
            JoinOperator::Join(on) | Inner(on) | CrossJoin(on) | StraightJoin(on) => (Keeps::Both, Some(on)),
            Left(on) | LeftOuter(on) => (Keeps::Left, Some(on)),
            Right(on) | RightOuter(on) => (Keeps::Right, Some(on)),
            FullOuter(on) => (Keeps::All, Some(on)),
            Semi(on) | LeftSemi(on) | RightSemi(on) | Anti(on) | LeftAnti(on) | RightAnti(on) => (Keeps::Filter, Some(on)),
            AsOf { constraint, .. } => (Keeps::Both, Some(constraint)),
            CrossApply => (Keeps::Both, None),
            OuterApply => (Keeps::Left, None),
            // An array of the row's own.
            ArrayJoin | LeftArrayJoin | InnerArrayJoin => return,
        };
        let middle = scope.tables.len();
        self.factor(&join.relation, sight, scope);
        let at = self.factor_place(&join.relation);
        let mut all: Vec<&Expr> = Vec::new();
        if let Some(JoinConstraint::On(condition)) = on {
            self.subqueries(condition, sight, scope);
            self.calls(condition, scope, super::CallKind::ClockInCondition);
            all = conditions([condition]);
        }
        if keeps == Keeps::Both {
            all.extend(also);
        }
        let by_name = match on {
            Some(JoinConstraint::Using(columns)) => {
                let side = |tables: &[Table], name| tables.iter().find_map(|table| table.rows.column(name));
                let (one, two) = (&scope.tables[begin..middle], &scope.tables[middle..]);
                let mut ties = Ties::default();
                for name in columns.iter().filter_map(last) {
                    if let (Some(one), Some(two)) = (side(one, name), side(two, name)) {
                        ties.equal(&one, &two, self);
                    }
                }
                ties
            }
            Some(JoinConstraint::Natural) => self.natural(&scope.tables[begin..middle], &scope.tables[middle..]),
            _ => Ties::default(),
        };
        self.met(scope, begin..middle, &all, by_name, keeps, at.clone());
        let missing = match keeps {
            Keeps::Left => middle..scope.tables.len(),
            Keeps::Right => begin..middle,
            Keeps::All => begin..scope.tables.len(),
            Keeps::Both | Keeps::Filter => 0..0,
        };
        let sides = match keeps {
            Keeps::All => [Null::LeftOfFull, Null::RightOfFull],
            _ => [Null::OuterJoin; 2],
        };
        for place in missing {
            let side = sides[usize::from(place >= middle)];
            scope.tables[place].outer = Some((side, at.clone()));
        }
        if keeps == Keeps::Filter {
            scope.tables.truncate(middle);
        }
    }

    /// Whether one of the tables is the first and the last event time, which bound the others, that are read whole.
    fn bounds(&self, tables: &[Table]) -> bool {
        let bounds: Vec<usize> = tables.iter().filter_map(|table| table.rows.bounds).collect();
        let others = tables.iter().filter(|table| table.rows.bounds.is_none()).all(|table| table.rows.windowed.is_empty());
        let are = others && !bounds.is_empty();
        if are {
            self.found.borrow_mut().bounding.extend(bounds);
        }
        are
    }

    /// What a natural join says: by the columns that are known to be on both sides, or by the event time where inputs name it alike.
    fn natural(&self, before: &[Table], behind: &[Table]) -> Ties {
        let names = |tables: &[Table]| tables.iter().flat_map(|table| table.rows.names()).collect::<BTreeSet<String>>();
        let side = |tables: &[Table], name: &str| tables.iter().find_map(|table| table.rows.column(name));
        let mut ties = Ties::default();
        for name in names(before).intersection(&names(behind)) {
            if let (Some(one), Some(two)) = (side(before, name), side(behind, name)) {
                ties.equal(&one, &two, self);
            }
        }
        ties
    }

    /// Judges how the tables before meet those behind them. `by_name` is what the columns that they have in common say.
    fn met(&self, scope: &Scope, before: Range<usize>, conditions: &[&Expr], by_name: Ties, keeps: Keeps, at: Range<usize>) {
        let Range { start: begin, end: middle } = before;
        let windowed = |tables: &[Table]| Origin::of(tables.iter().map(|table| &table.rows.windowed));
        let (left, right) = (windowed(&scope.tables[begin..middle]), windowed(&scope.tables[middle..]));
        let all_tied = |tables: &[Table]| tables.iter().filter(|table| !table.rows.windowed.is_empty()).all(|table| table.rows.tied);
        let known = |tables: &[Table]| tables.iter().any(|table| !matches!(table.rows.shape, Shape::Unknown));
        match (left.is_empty(), right.is_empty()) {
            (false, false) if !all_tied(&scope.tables[begin..middle]) && !all_tied(&scope.tables[middle..]) => {
                let mut ties = self.ties(conditions, scope, middle);
                ties.and(by_name);
                let how = How::Join { other: right.inputs };
                match ties.tie(self) {
                    Tie::Sure => {}
                    Tie::Perhaps(name) => self.crossing(how, at, &left, Some(name)),
                    Tie::No => self.crossing(how, at, &left, None),
                }
            }
            // Rows of an input that is read whole stay even where this batch has nothing for them.
            (true, false) | (false, true) if self.bounds(&scope.tables[begin..]) => {}
            (true, false) if matches!(keeps, Keeps::Left | Keeps::All) && known(&scope.tables[begin..middle]) => {
                self.crossing(How::Kept, at, &right, None);
            }
            (false, true) if matches!(keeps, Keeps::Right | Keeps::All) && known(&scope.tables[middle..]) => {
                self.crossing(How::Kept, at, &left, None);
            }
            _ => {}
        }
    }

    fn factor(&self, factor: &TableFactor, sight: &Sight, scope: &mut Scope) {
        let (rows, alias) = match factor {
            TableFactor::Table { name, alias, args: None, .. } => (self.table(name, sight), alias),
            TableFactor::Derived { subquery, alias, .. } => (self.query(subquery, sight, Some(&*scope)), alias),
            TableFactor::NestedJoin { table_with_joins, alias: None } => return self.tables(table_with_joins, &[], sight, scope),
            TableFactor::Pivot { table, alias, .. } | TableFactor::Unpivot { table, alias, .. } => {
                let mut inner = Scope::default();
                self.factor(table, sight, &mut inner);
                let windowed = Origin::of(inner.tables.iter().map(|table| &table.rows.windowed));
                let driving = inner.tables.iter().flat_map(|table| table.rows.driving.clone()).collect();
                (Rc::new(Rows { shape: Shape::Unknown, windowed, driving, tied: true, bounds: None }), alias)
            }
            TableFactor::Table { alias, .. }
            | TableFactor::TableFunction { alias, .. }
            | TableFactor::Function { alias, .. }
            | TableFactor::UNNEST { alias, .. } => (Rows::unknown(), alias),
            _ => return scope.tables.push(Table::new(None, Rows::unknown())),
        };
        let own = match factor {
            TableFactor::Table { name, .. } => last(name),
            _ => None,
        };
        let rows = alias.as_ref().map_or(rows.clone(), |alias| renamed(rows, &names(alias)));
        let name = alias.as_ref().map(|alias| alias.name.value.clone()).or_else(|| own.map(str::to_string));
        scope.tables.push(Table::new(name, rows));
    }

    /// The rows of a table by its name: of a CTE, of an input, of somebody else's table.
    fn table(&self, name: &ObjectName, sight: &Sight) -> Rc<Rows> {
        let Some(head) = name.0.first().and_then(ObjectNamePart::as_ident) else { return Rows::unknown() };
        // An ephemeral model that is filtered itself is an input like any other; one that is not is its own query.
        if name.0.len() == 1
            && !self.seen.inputs.contains_key(&head.span.start)
            && let Some(cte) = find(sight, head)
        {
            return self.cte(cte);
        }
        if self.seen.own.contains(&head.span.start) {
            let windowed = Origin { own_table: true, ..Origin::default() };
            return Rc::new(Rows { shape: Shape::Unknown, windowed, driving: BTreeSet::new(), tied: false, bounds: None });
        }
        let Some((id, filtered)) = self.seen.inputs.get(&head.span.start) else { return Rows::unknown() };
        let windowed = Origin { inputs: filtered.then(|| id.clone()).into_iter().collect(), own_table: false };
        let shape = Shape::Input { input: (self.inputs)(id), filtered: *filtered };
        Rc::new(Rows { shape, windowed, driving: BTreeSet::from([id.clone()]), tied: false, bounds: None })
    }

    pub(super) fn factor_place(&self, factor: &TableFactor) -> Range<usize> {
        match factor {
            TableFactor::Table { name, .. } => self.place(name),
            TableFactor::Derived { subquery, .. } => self.first_place(&subquery.body),
            TableFactor::NestedJoin { table_with_joins, .. } => self.factor_place(&table_with_joins.relation),
            TableFactor::Pivot { table, .. } | TableFactor::Unpivot { table, .. } => self.factor_place(table),
            other => self.place(other),
        }
    }
}

fn last(name: &ObjectName) -> Option<&str> {
    name.0.last().and_then(ObjectNamePart::as_ident).map(|name| name.value.as_str())
}
