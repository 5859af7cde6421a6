//! A date spine whose bounds the engine computes. Generates a series with the maximum number of
//! rows, limited by the engine's count of periods. dbt queries the warehouse for that count when it
//! compiles.

use std::fmt;
use std::sync::Arc;

use minijinja::value::{Object, ObjectRepr, Value};
use minijinja::{Error, ErrorKind, State};

use super::session::Session;
use crate::jinja::python::call::Call;
use crate::jinja::python::text::unmarked;

/// The SQL expression for the number of periods between two dates, and its maximum.
struct Periods {
    max_periods: i64,
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

/// Maximum periods of a spine by their length: 179 years of days, 119 of hours. Primes are unlikely
/// to occur in a macro by chance.
fn max_periods(datepart: &str) -> Option<i64> {
    match datepart {
        "year" | "quarter" | "month" | "week" => Some(16_381),
        "day" => Some(65_521),
        "hour" => Some(1_048_573),
        _ => None,
    }
}

/// The result of `get_intervals_between` within a spine; `None` if its length is not bounded, or if
/// there are recorded results. `datediff` is dbt's macro of this name.
pub fn intervals(
    session: &Session,
    state: &mut State,
    call: &Call,
    datediff: &Value,
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
    let Some(max_periods) = max_periods(&unmarked(&datepart).to_lowercase()) else {
        return Ok(None);
    };
    let sql = datediff.call(state, &[start, end, datepart])?;
    Ok(Some(Value::from_object(Periods {
        max_periods,
        sql: format!("({})", sql.to_string().trim()),
    })))
}

/// The result of `generate_series` for such a number: `series` returns the text of a series with
/// the maximum.
pub fn series(
    call: &Call,
    series: impl FnOnce(Value) -> Result<Value, Error>,
) -> Result<Option<Value>, Error> {
    let bound = call.get(0, "upper_bound");
    let Some(periods) = bound.as_ref().and_then(|bound| bound.downcast_object_ref::<Periods>())
    else {
        return Ok(None);
    };
    let text = series(Value::from(periods.max_periods))?.to_string();
    let number = periods.max_periods.to_string();
    if text.matches(&number).count() != 1 {
        let message = "a date spine whose bounds are computed needs a `generate_series` that \
            writes its upper bound once";
        return Err(Error::new(ErrorKind::InvalidOperation, message));
    }
    Ok(Some(Value::from(text.replace(&number, &periods.sql))))
}
