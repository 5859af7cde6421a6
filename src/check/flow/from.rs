//! The tables of a `from` and how they are joined.

use std::collections::BTreeSet;
use std::ops::Range;
use std::rc::Rc;

use sqlparser::ast::{BinaryOperator, Expr, Join, JoinConstraint, JoinOperator, ObjectName, ObjectNamePart, TableFactor, TableWithJoins};

use super::each::conditions;
use super::query::{names, renamed};
use super::rows::{Origin, Rows, Shape};
use super::scope::{Scope, Sight, Table, find};
use super::value::{Time, Value};
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
                self.met(scope, 0..before, also, Tie::No, Keeps::Both, self.factor_place(&tables.relation));
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
                let ties = columns.iter().filter_map(last).map(|name| match (side(one, name), side(two, name)) {
                    (Some(one), Some(two)) => self.tied(&one, &two),
                    _ => Tie::No,
                });
                ties.fold(Tie::No, Tie::or)
            }
            Some(JoinConstraint::Natural) => Tie::Sure,
            _ => Tie::No,
        };
        self.met(scope, begin..middle, &all, by_name, keeps, at.clone());
        let missing = match keeps {
            Keeps::Left => middle..scope.tables.len(),
            Keeps::Right => begin..middle,
            Keeps::All => begin..scope.tables.len(),
            Keeps::Both | Keeps::Filter => 0..0,
        };
        scope.tables[missing].iter_mut().for_each(|table| table.outer = Some(at.clone()));
        if keeps == Keeps::Filter {
            scope.tables.truncate(middle);
        }
    }

    /// Judges how the tables before meet those behind them. `by_name` is what the columns that they have in common say.
    fn met(&self, scope: &Scope, before: Range<usize>, conditions: &[&Expr], by_name: Tie, keeps: Keeps, at: Range<usize>) {
        let Range { start: begin, end: middle } = before;
        let windowed = |tables: &[Table]| Origin::of(tables.iter().map(|table| &table.rows.windowed));
        let (left, right) = (windowed(&scope.tables[begin..middle]), windowed(&scope.tables[middle..]));
        let all_tied = |tables: &[Table]| tables.iter().filter(|table| !table.rows.windowed.is_empty()).all(|table| table.rows.tied);
        let known = |tables: &[Table]| tables.iter().any(|table| !matches!(table.rows.shape, Shape::Unknown));
        match (left.is_empty(), right.is_empty()) {
            (false, false) if !all_tied(&scope.tables[begin..middle]) && !all_tied(&scope.tables[middle..]) => {
                let ties = conditions.iter().map(|condition| self.ties(condition, scope, middle));
                let how = How::Join { other: right.inputs };
                match ties.fold(by_name, Tie::or) {
                    Tie::Sure => {}
                    Tie::Perhaps(name) => self.crossing(how, at, &left, Some(name)),
                    Tie::No => self.crossing(how, at, &left, None),
                }
            }
            // Rows of an input that is read whole stay even where this batch has nothing for them.
            (true, false) if matches!(keeps, Keeps::Left | Keeps::All) && known(&scope.tables[begin..middle]) => {
                self.crossing(How::Kept, at, &right, None);
            }
            (false, true) if matches!(keeps, Keeps::Right | Keeps::All) && known(&scope.tables[middle..]) => {
                self.crossing(How::Kept, at, &left, None);
            }
            _ => {}
        }
    }

    /// Whether a condition lets only rows of one window meet: it compares their event times.
    fn ties(&self, condition: &Expr, scope: &Scope, middle: usize) -> Tie {
        let Expr::BinaryOp { left, op: BinaryOperator::Eq | BinaryOperator::Spaceship, right } = condition else { return Tie::No };
        if let (Expr::Tuple(left), Expr::Tuple(right)) = (&**left, &**right) {
            let each = left.iter().zip(right).map(|(left, right)| self.tie(left, right, scope, middle));
            return each.fold(Tie::No, Tie::or);
        }
        self.tie(left, right, scope, middle)
    }

    fn tie(&self, left: &Expr, right: &Expr, scope: &Scope, middle: usize) -> Tie {
        let of = |tables: &[Table]| {
            let inner = |table: &Table| Table { outer: None, ..table.clone() };
            Scope { tables: tables.iter().map(inner).collect(), named: Vec::new(), outer: None }
        };
        let (one, two) = (of(&scope.tables[..middle]), of(&scope.tables[middle..]));
        let pairs = [(self.value(left, &one), self.value(right, &two)), (self.value(right, &one), self.value(left, &two))];
        pairs.iter().map(|(one, two)| self.tied(one, two)).fold(Tie::No, Tie::or)
    }

    /// What it says of the windows of two rows that two values of theirs are equal.
    fn tied(&self, one: &Value, two: &Value) -> Tie {
        if same_window(one, two) {
            return Tie::Sure;
        }
        // A time, and something that may be the same time.
        let named = |value: &Value| value.may_pin.clone().or_else(|| value.is_inside().then(|| self.seen.said(&value.at)));
        let may_be = |value: &Value| named(value).is_some() || matches!(value.time, Time::Unknown | Time::Whole) && value.at != (0..0);
        if may_be(one) && may_be(two) { named(one).or_else(|| named(two)).map_or(Tie::No, Tie::Perhaps) } else { Tie::No }
    }

    fn factor(&self, factor: &TableFactor, sight: &Sight, scope: &mut Scope) {
        let (rows, alias) = match factor {
            TableFactor::Table { name, alias, args: None, sample, .. } => {
                if sample.is_some() {
                    self.sampled(name);
                }
                (self.table(name, sight), alias)
            }
            TableFactor::Derived { subquery, alias, .. } => (self.query(subquery, sight, Some(&*scope)), alias),
            TableFactor::NestedJoin { table_with_joins, alias: None } => return self.tables(table_with_joins, &[], sight, scope),
            TableFactor::Pivot { table, alias, .. } | TableFactor::Unpivot { table, alias, .. } => {
                let mut inner = Scope::default();
                self.factor(table, sight, &mut inner);
                let windowed = Origin::of(inner.tables.iter().map(|table| &table.rows.windowed));
                let driving = inner.tables.iter().flat_map(|table| table.rows.driving.clone()).collect();
                (Rc::new(Rows { shape: Shape::Unknown, windowed, driving, tied: true }), alias)
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
            return Rc::new(Rows { shape: Shape::Unknown, windowed, driving: BTreeSet::new(), tied: false });
        }
        let Some((id, filtered)) = self.seen.inputs.get(&head.span.start) else { return Rows::unknown() };
        let windowed = Origin { inputs: filtered.then(|| id.clone()).into_iter().collect(), own_table: false };
        let shape = Shape::Input { input: (self.inputs)(id), filtered: *filtered };
        Rc::new(Rows { shape, windowed, driving: BTreeSet::from([id.clone()]), tied: false })
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

/// What a condition says of the windows of the rows that meet by it.
enum Tie {
    Sure,
    Perhaps(String),
    No,
}

impl Tie {
    fn or(self, other: Tie) -> Tie {
        match (self, other) {
            (Tie::Sure, _) | (_, Tie::Sure) => Tie::Sure,
            (Tie::No, other) => other,
            (perhaps, _) => perhaps,
        }
    }
}

/// Whether two values that are equal belong to one window.
pub(super) fn same_window(one: &Value, two: &Value) -> bool {
    let one_row = one.column.is_some() && one.column == two.column && one.pins && two.pins;
    (one.is_inside() && two.is_inside()) || one_row
}

fn last(name: &ObjectName) -> Option<&str> {
    name.0.last().and_then(ObjectNamePart::as_ident).map(|name| name.value.as_str())
}
