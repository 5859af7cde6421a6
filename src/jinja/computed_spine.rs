//! A date spine whose bounds the engine computes. Takes the macro calls of a spine; gives its
//! series with as many rows as it may have at most, cut by the engine's own count of periods. dbt
//! asks the warehouse for that count when it compiles.

use std::fmt;
use std::sync::Arc;

use minijinja::value::{Object, ObjectRepr, Value};
use minijinja::{Error, ErrorKind, State};

use super::call::Call;
use super::macro_registry::DBT;
use super::macros::MacroRef;
use super::marks;
use super::session::Session;

/// The number of periods between two dates as the engine counts it, and its greatest value.
struct Periods {
    most: i64,
    sql: String,
}

impl fmt::Debug for Periods {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sql)
    }
}

impl Object for Periods {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sql)
    }
}

/// The periods of a spine by their length, at most: 179 years of days, 119 of hours. Primes, which
/// no macro writes by chance.
fn most(datepart: &str) -> Option<i64> {
    match datepart {
        "year" | "quarter" | "month" | "week" => Some(16_381),
        "day" => Some(65_521),
        "hour" => Some(1_048_573),
        _ => None,
    }
}

/// What `get_intervals_between` gives within a spine; nothing where its length is not bounded, or
/// recorded answers are at hand.
pub(super) fn intervals(
    session: &Arc<Session>,
    state: &mut State,
    call: &Call,
) -> Result<Option<Value>, Error> {
    let is_spine = session.running().stack.iter().any(|(_, name)| name.ends_with("date_spine"));
    if !is_spine || !session.settings().answers.is_empty() {
        return Ok(None);
    }
    let (Some(start), Some(end), Some(datepart)) =
        (call.get(0, "start_date"), call.get(1, "end_date"), call.get(2, "datepart"))
    else {
        return Ok(None);
    };
    let Some(most) = most(&marks::plain(&datepart).to_lowercase()) else { return Ok(None) };
    let sql = MacroRef::value(session, DBT, "datediff").call(state, &[start, end, datepart])?;
    Ok(Some(Value::from_object(Periods { most, sql: format!("({})", sql.to_string().trim()) })))
}

/// What `generate_series` gives for such a number: `series` makes the text of one with the greatest
/// value.
pub(super) fn series(
    call: &Call,
    series: impl FnOnce(Value) -> Result<Value, Error>,
) -> Result<Option<Value>, Error> {
    let bound = call.get(0, "upper_bound");
    let Some(periods) = bound.as_ref().and_then(|bound| bound.downcast_object_ref::<Periods>())
    else {
        return Ok(None);
    };
    let text = series(Value::from(periods.most))?.to_string();
    let number = periods.most.to_string();
    if text.matches(&number).count() != 1 {
        let message = "a date spine whose bounds are computed needs a `generate_series` that \
            writes its upper bound once";
        return Err(Error::new(ErrorKind::InvalidOperation, message));
    }
    Ok(Some(Value::from(text.replace(&number, &periods.sql))))
}
