//! The windows of joined rows, as far as the conditions of the join determine them.

use sqlparser::ast::{BinaryOperator, ConnectByKind, Expr, Select, UnaryOperator};

use super::calendar_parts::CalendarParts;
use super::call_syntax::{arguments, function_name};
use super::derived_time::DerivedTime;
use super::functions::counts_elapsed;
use super::literal::{integer, unit};
use super::rows::Origin;
use super::scope::{Scope, ScopedTable};
use super::unit::Unit;
use super::value::{Time, Value};
use super::visit::conditions;
use super::{CrossWindowKind, Flow, call};

/// What is proven about the windows of joined rows.
#[derive(Clone, Debug, Default)]
pub struct JoinConditions {
    /// They are in one window.
    is_same_window: bool,
    /// The calendar parts that their event times have in common, by zone.
    parts: Vec<(chrono_tz::Tz, CalendarParts)>,
    /// Lower bounds of the event time of one side by that of the other.
    from: Vec<(JoinedSide, DerivedTime)>,
    /// Upper bounds of the event time of one side by that of the other, and whether they are
    /// strict.
    until: Vec<(JoinedSide, DerivedTime, bool)>,
    /// A key that may prove that they are in one window.
    possible: Option<String>,
}

/// A side of a join.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum JoinedSide {
    One,
    Two,
}

/// Whether joined rows are in one window.
pub enum JoinKeyRelation {
    SameWindow,
    Possible(String),
    Unrelated,
}

impl Flow<'_> {
    /// The conditions between the tables before `middle` and the others.
    pub(super) fn join_conditions(
        &self,
        conditions: &[&Expr],
        scope: &Scope,
        middle: usize,
    ) -> JoinConditions {
        let of = |tables: &[ScopedTable]| {
            let inner = |table: &ScopedTable| ScopedTable { outer: None, ..table.clone() };
            Scope { tables: tables.iter().map(inner).collect(), ..Scope::default() }
        };
        self.conditions_between(
            conditions,
            &of(&scope.tables[..middle]),
            &of(&scope.tables[middle..]),
        )
    }

    /// The conditions between the tables of two scopes.
    pub(super) fn conditions_between(
        &self,
        conditions: &[&Expr],
        one: &Scope,
        two: &Scope,
    ) -> JoinConditions {
        let mut result = JoinConditions::default();
        conditions
            .iter()
            .for_each(|condition| self.add_condition(condition, one, two, &mut result));
        result
    }

    fn add_condition(
        &self,
        condition: &Expr,
        one: &Scope,
        two: &Scope,
        join_conditions: &mut JoinConditions,
    ) {
        use BinaryOperator::{Eq, Gt, GtEq, Is, Lt, LtEq, NotEq, Spaceship};
        match condition {
            Expr::BinaryOp { left, op: Eq | Is | Spaceship, right } => {
                self.equal(left, right, one, two, join_conditions)
            }
            Expr::IsNotDistinctFrom(left, right) => {
                self.equal(left, right, one, two, join_conditions)
            }
            Expr::BinaryOp { left, op: op @ (Gt | GtEq), right } => {
                self.ordered(right, left, *op == Gt, one, two, join_conditions)
            }
            Expr::BinaryOp { left, op: op @ (Lt | LtEq), right } => {
                self.ordered(left, right, *op == Lt, one, two, join_conditions)
            }
            Expr::UnaryOp { op: UnaryOperator::Not, expr } => {
                if let Expr::BinaryOp { left, op: NotEq, right } = unnested(expr) {
                    self.equal(left, right, one, two, join_conditions);
                }
            }
            Expr::Between { expr, negated: false, low, high }
                if integer(low) == Some(0) && integer(high) == Some(0) =>
            {
                self.equal(expr, low, one, two, join_conditions);
            }
            Expr::Between { expr, negated: false, low, high } => {
                self.ordered(low, expr, false, one, two, join_conditions);
                self.ordered(expr, high, false, one, two, join_conditions);
            }
            _ => {}
        }
    }

    fn equal(
        &self,
        left: &Expr,
        right: &Expr,
        one: &Scope,
        two: &Scope,
        join_conditions: &mut JoinConditions,
    ) {
        match (left, right) {
            (Expr::Nested(left), right) | (right, Expr::Nested(left)) => {
                return self.equal(left, right, one, two, join_conditions);
            }
            (Expr::Tuple(left), Expr::Tuple(right)) => {
                left.iter()
                    .zip(right)
                    .for_each(|(left, right)| self.equal(left, right, one, two, join_conditions));
                return;
            }
            // The difference of two dates.
            (Expr::BinaryOp { left, op: BinaryOperator::Minus, right }, zero)
            | (zero, Expr::BinaryOp { left, op: BinaryOperator::Minus, right })
                if integer(zero) == Some(0) =>
            {
                return self.equal(left, right, one, two, join_conditions);
            }
            // A difference of 0: no unit boundary is between them.
            (Expr::Function(function), zero) | (zero, Expr::Function(function))
                if integer(zero) == Some(0) && call::is_difference(&function_name(function)) =>
            {
                let arguments = arguments(function);
                let named = arguments.iter().find_map(|argument| unit(argument));
                let elapses =
                    counts_elapsed(&function_name(function), named.is_some(), self.engine);
                let unit = named.unwrap_or(Unit::Day);
                let times: Vec<&Expr> = arguments
                    .into_iter()
                    .filter(|argument| super::literal::unit(argument).is_none())
                    .collect();
                if let [start, end] = times.as_slice() {
                    let cut = |value: Value| match value.derived_time {
                        Some(time) if elapses && time.unit_of_values() < unit => {
                            value.without_window()
                        }
                        _ => value.cut(unit, self.windows, 0..0),
                    };
                    for (first, second) in [(start, end), (end, start)] {
                        join_conditions.equal(
                            &cut(self.value(first, one)),
                            &cut(self.value(second, two)),
                            self,
                        );
                    }
                }
                return;
            }
            _ => {}
        }
        for (first, second) in [(left, right), (right, left)] {
            join_conditions.equal(&self.value(first, one), &self.value(second, two), self);
        }
    }

    /// Checks a `connect by`, which joins rows with their parents.
    pub(super) fn check_connect_by(&self, select: &Select, scope: &Scope, windowed: &Origin) {
        for clause in &select.connect_by {
            let ConnectByKind::ConnectBy { connect_token, relationships, .. } = clause else {
                continue;
            };
            let mut join_conditions = JoinConditions::default();
            for condition in conditions(relationships) {
                if let Expr::BinaryOp { left, op: BinaryOperator::Eq, right } = condition
                    && let (Expr::Prior(one), two) | (two, Expr::Prior(one)) = (&**left, &**right)
                {
                    join_conditions.equal(&self.value(one, scope), &self.value(two, scope), self);
                }
            }
            let kind = CrossWindowKind::Join { other: windowed.inputs.clone() };
            let at = self.view.bytes(connect_token.0.span).unwrap_or(0..0);
            match join_conditions.relation(self) {
                JoinKeyRelation::SameWindow => {}
                JoinKeyRelation::Possible(name) => self.report(kind, at, windowed, Some(name)),
                JoinKeyRelation::Unrelated => self.report(kind, at, windowed, None),
            }
        }
    }

    /// Adds `early < late`, or `<=` if not `strict`: an event time of one side, compared with a
    /// time derived from the other side's.
    fn ordered(
        &self,
        early: &Expr,
        late: &Expr,
        strict: bool,
        one: &Scope,
        two: &Scope,
        join_conditions: &mut JoinConditions,
    ) {
        let uncut = |value: &Value| {
            value.derived_time.is_some_and(|derived_time| {
                derived_time.unit == Unit::Instant
                    && derived_time.micros == 0
                    && derived_time.months == 0
            })
        };
        let sides = [(one, JoinedSide::One), (two, JoinedSide::Two)];
        for [(here, of_here), (there, of_there)] in [sides, [sides[1], sides[0]]] {
            let (lower, upper) = (self.value(early, here), self.value(late, there));
            if let Some(derived_time) = lower.derived_time
                && uncut(&upper)
            {
                join_conditions.from.push((of_there, derived_time));
            }
            if let Some(derived_time) = upper.derived_time
                && uncut(&lower)
            {
                join_conditions.until.push((of_here, derived_time, strict));
            }
        }
    }
}

impl JoinConditions {
    /// Adds the equality of two values.
    pub(super) fn equal(&mut self, one: &Value, two: &Value, flow: &Flow) {
        let one_row = one.column.is_some() && one.column == two.column && one.unique && two.unique;
        self.is_same_window |= one_row;
        let common = one.common(two);
        if !common.is_none() {
            match self.parts.iter_mut().find(|(zone, _)| *zone == one.zone) {
                Some((_, parts)) => *parts = *parts | common,
                None => self.parts.push((one.zone, common)),
            }
            return;
        }
        // A time, and a value that may be the same time.
        let named = |value: &Value| {
            value.possible_key.clone().or_else(|| {
                value
                    .determines_window_if_present(flow.windows)
                    .then(|| flow.view.text_at(&value.at))
            })
        };
        let may_be = |value: &Value| {
            let open = matches!(value.time, Time::Unknown | Time::Unfiltered)
                && value.parts.is_none()
                && !value.unique
                && value.at != (0..0);
            value.possible_key.is_some()
                || value.derived_time.is_some() && value.determines_window_if_present(flow.windows)
                || open
        };
        let both_derived = one.derived_time.is_some() && two.derived_time.is_some();
        if self.possible.is_none() && may_be(one) && may_be(two) && !both_derived {
            self.possible = one
                .possible_key
                .clone()
                .or_else(|| two.possible_key.clone())
                .or_else(|| named(one))
                .or_else(|| named(two));
        }
    }

    /// Adds other conditions.
    pub(super) fn and(&mut self, other: JoinConditions) {
        self.is_same_window |= other.is_same_window;
        for (zone, common) in other.parts {
            match self.parts.iter_mut().find(|(other, _)| *other == zone) {
                Some((_, parts)) => *parts = *parts | common,
                None => self.parts.push((zone, common)),
            }
        }
        self.from.extend(other.from);
        self.until.extend(other.until);
        self.possible = self.possible.take().or(other.possible);
    }

    /// Evaluates all conditions.
    pub(super) fn relation(self, flow: &Flow) -> JoinKeyRelation {
        let windows = flow.windows;
        // One time is between the start and the end of a unit of the other.
        let bounded = |from: &DerivedTime, until: &DerivedTime, strict: bool| {
            let unit = from.unit_of_values().max(until.unit_of_values());
            let nested = |derived_time: &DerivedTime| {
                derived_time.unit_of_values() == unit || derived_time.unit != Unit::Week
            };
            let days: Vec<chrono_tz::Tz> = [from, until]
                .into_iter()
                .filter(|derived_time| derived_time.unit_of_values() >= Unit::Day)
                .map(|derived_time| derived_time.zone)
                .collect();
            let zone = days.first().copied().unwrap_or(chrono_tz::Tz::UTC);
            let begins = from.months == 0 && from.micros >= 0;
            let within = until.months == 0
                && (until.micros <= 0 || until.micros < until.unit_of_values().min_micros());
            let at_its_end =
                strict && until.unit_of_values().length() == Some((until.months, until.micros));
            let fits = nested(from) && nested(until) && days.iter().all(|other| *other == zone);
            unit != Unit::Instant
                && fits
                && begins
                && (within || at_its_end)
                && windows.contain_full(unit, zone)
        };
        let is_same_window = self.is_same_window
            || self.parts.iter().any(|(zone, parts)| parts.determine_window(windows, *zone))
            || self.from.iter().any(|(side, from)| {
                let mut until = self.until.iter().filter(|(of, ..)| of == side);
                until.any(|(_, until, strict)| bounded(from, until, *strict))
            });
        match self.possible {
            _ if is_same_window => JoinKeyRelation::SameWindow,
            Some(name) => JoinKeyRelation::Possible(name),
            None => JoinKeyRelation::Unrelated,
        }
    }
}

fn unnested(expr: &Expr) -> &Expr {
    match expr {
        Expr::Nested(inner) => unnested(inner),
        other => other,
    }
}
