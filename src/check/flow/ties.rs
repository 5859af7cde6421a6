//! What the conditions of a join say of the windows of the rows that meet by them.

use sqlparser::ast::{BinaryOperator, Expr};

use super::Flow;
use super::call;
use super::literal::{integer, unit};
use super::moment::Moment;
use super::parts::Parts;
use super::scope::{Scope, Table};
use super::unit::Unit;
use super::value::{Time, Value};

/// What is known of the windows of rows that meet.
#[derive(Clone, Debug, Default)]
pub struct Ties {
    /// They are of one window, whatever else is known.
    sure: bool,
    /// What their event times have in common, by zone.
    parts: Vec<(chrono_tz::Tz, Parts)>,
    /// The moments that bound the event time of one of them by that of the other: from below, from above.
    from: Vec<Moment>,
    until: Vec<(Moment, bool)>,
    /// A condition that may say it.
    perhaps: Option<String>,
}

/// How they stand to each other.
pub enum Tie {
    Sure,
    Perhaps(String),
    No,
}

impl Flow<'_> {
    /// What the conditions say, which compare tables before `middle` with those behind it.
    pub(super) fn ties(&self, conditions: &[&Expr], scope: &Scope, middle: usize) -> Ties {
        let of = |tables: &[Table]| {
            let inner = |table: &Table| Table { outer: None, ..table.clone() };
            Scope { tables: tables.iter().map(inner).collect(), named: Default::default(), outer: None }
        };
        self.ties_between(conditions, &of(&scope.tables[..middle]), &of(&scope.tables[middle..]))
    }

    /// What the conditions say, which compare the tables of two scopes.
    pub(super) fn ties_between(&self, conditions: &[&Expr], one: &Scope, two: &Scope) -> Ties {
        let mut ties = Ties::default();
        conditions.iter().for_each(|condition| self.tie(condition, one, two, &mut ties));
        ties
    }

    fn tie(&self, condition: &Expr, one: &Scope, two: &Scope, ties: &mut Ties) {
        use BinaryOperator::{Eq, Gt, GtEq, Lt, LtEq, Spaceship};
        match condition {
            Expr::BinaryOp { left, op: Eq | Spaceship, right } => self.equal(left, right, one, two, ties),
            Expr::IsNotDistinctFrom(left, right) => self.equal(left, right, one, two, ties),
            Expr::BinaryOp { left, op: op @ (Gt | GtEq), right } => self.ordered(right, left, *op == Gt, one, two, ties),
            Expr::BinaryOp { left, op: op @ (Lt | LtEq), right } => self.ordered(left, right, *op == Lt, one, two, ties),
            Expr::Between { expr, negated: false, low, high } => {
                self.ordered(low, expr, false, one, two, ties);
                self.ordered(expr, high, false, one, two, ties);
            }
            _ => {}
        }
    }

    fn equal(&self, left: &Expr, right: &Expr, one: &Scope, two: &Scope, ties: &mut Ties) {
        match (left, right) {
            (Expr::Nested(left), right) | (right, Expr::Nested(left)) => return self.equal(left, right, one, two, ties),
            (Expr::Tuple(left), Expr::Tuple(right)) => {
                left.iter().zip(right).for_each(|(left, right)| self.equal(left, right, one, two, ties));
                return;
            }
            // No edge of the unit is between them.
            (Expr::Function(function), zero) | (zero, Expr::Function(function))
                if integer(zero) == Some(0) && call::is_difference(&call::name(function)) =>
            {
                let arguments = call::arguments(function);
                let unit = arguments.iter().find_map(|argument| unit(argument)).unwrap_or(Unit::Day);
                let times: Vec<&Expr> = arguments.into_iter().filter(|argument| super::literal::unit(argument).is_none()).collect();
                if let [start, end] = times.as_slice() {
                    let cut = |value: Value| match value.moment {
                        Some(moment) if moment.unit < unit && self.engine.elapsed => value.lost(),
                        _ => value.cut(unit, self.windows, 0..0),
                    };
                    for (first, second) in [(start, end), (end, start)] {
                        ties.equal(&cut(self.value(first, one)), &cut(self.value(second, two)), self);
                    }
                }
                return;
            }
            _ => {}
        }
        for (first, second) in [(left, right), (right, left)] {
            ties.equal(&self.value(first, one), &self.value(second, two), self);
        }
    }

    /// `early < late`, or `<=` where it is not strict: one of them a time of one side, the other what is made of a time of the other side.
    fn ordered(&self, early: &Expr, late: &Expr, strict: bool, one: &Scope, two: &Scope, ties: &mut Ties) {
        let uncut =
            |value: &Value| value.moment.is_some_and(|moment| moment.unit == Unit::Instant && moment.micros == 0 && moment.months == 0);
        for (here, there) in [(one, two), (two, one)] {
            let (lower, upper) = (self.value(early, here), self.value(late, there));
            if let Some(moment) = lower.moment
                && uncut(&upper)
            {
                ties.from.push(moment);
            }
            if let Some(moment) = upper.moment
                && uncut(&lower)
            {
                ties.until.push((moment, strict));
            }
        }
    }
}

impl Ties {
    /// What it says that two values are equal.
    pub(super) fn equal(&mut self, one: &Value, two: &Value, flow: &Flow) {
        let one_row = one.column.is_some() && one.column == two.column && one.unique && two.unique;
        self.sure |= one_row;
        let common = one.common(two);
        if !common.is_none() {
            match self.parts.iter_mut().find(|(zone, _)| *zone == one.zone) {
                Some((_, parts)) => *parts = *parts | common,
                None => self.parts.push((one.zone, common)),
            }
            return;
        }
        // A time, and something that may be the same time.
        let named = |value: &Value| value.may_pin.clone().or_else(|| value.tells(flow.windows).then(|| flow.seen.said(&value.at)));
        let may_be = |value: &Value| {
            let open = matches!(value.time, Time::Unknown | Time::Whole) && value.parts.is_none() && !value.unique && value.at != (0..0);
            value.may_pin.is_some() || value.moment.is_some() && value.tells(flow.windows) || open
        };
        let both_moments = one.moment.is_some() && two.moment.is_some();
        if self.perhaps.is_none() && may_be(one) && may_be(two) && !both_moments {
            self.perhaps = one.may_pin.clone().or_else(|| two.may_pin.clone()).or_else(|| named(one)).or_else(|| named(two));
        }
    }

    /// Adds what another condition says.
    pub(super) fn and(&mut self, other: Ties) {
        self.sure |= other.sure;
        for (zone, common) in other.parts {
            match self.parts.iter_mut().find(|(own, _)| *own == zone) {
                Some((_, parts)) => *parts = *parts | common,
                None => self.parts.push((zone, common)),
            }
        }
        self.from.extend(other.from);
        self.until.extend(other.until);
        self.perhaps = self.perhaps.take().or(other.perhaps);
    }

    /// What all of it says together.
    pub(super) fn tie(self, flow: &Flow) -> Tie {
        let windows = flow.windows;
        // Not before a unit of the other one's time begins, and not after it ends.
        let bounded = |from: &Moment, until: &Moment, strict: bool| {
            let unit = from.unit.max(until.unit);
            let nested = |moment: &Moment| moment.unit == unit || moment.unit != Unit::Week;
            let days: Vec<chrono_tz::Tz> =
                [from, until].into_iter().filter(|moment| moment.unit >= Unit::Day).map(|moment| moment.zone).collect();
            let zone = days.first().copied().unwrap_or(chrono_tz::Tz::UTC);
            let begins = from.months == 0 && from.micros >= 0;
            let within = until.months == 0 && (until.micros <= 0 || until.micros < until.unit.shortest());
            let at_its_end = strict && until.unit.length() == Some((until.months, until.micros));
            let fits = nested(from) && nested(until) && days.iter().all(|other| *other == zone);
            unit != Unit::Instant && fits && begins && (within || at_its_end) && windows.whole(unit, zone)
        };
        let sure = self.sure
            || self.parts.iter().any(|(zone, parts)| parts.tell(windows, *zone))
            || self.from.iter().any(|from| self.until.iter().any(|(until, strict)| bounded(from, until, *strict)));
        match self.perhaps {
            _ if sure => Tie::Sure,
            Some(name) => Tie::Perhaps(name),
            None => Tie::No,
        }
    }
}
