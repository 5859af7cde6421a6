//! The parts of Python's `itertools` in dbt. Each function returns an iterator, which is read once.

use minijinja::value::{Tuple, Value};
use minijinja::{Error, State};

use super::call::Call;
use super::iterator::ReadOnce;
use super::{items, operators};

/// Maximum number of rows.
const MAX_ROWS: usize = 1_000_000;

pub fn function(state: &mut State, method: &str, call: &Call) -> Result<Option<Value>, Error> {
    let columns = || call.args.iter().map(items).collect::<Result<Vec<_>, _>>();
    let first = |name: &str| items(&call.needs(0, name)?);
    Ok(Some(match method {
        "chain" => ReadOnce::value("itertools.chain", columns()?.into_iter().flatten()),
        "product" => {
            let repeat = call.by_name("repeat").and_then(|count| count.as_usize()).unwrap_or(1);
            tuples("itertools.product", product(call, &columns()?, repeat)?)
        }
        "combinations" | "combinations_with_replacement" => {
            let size = call
                .needs(1, "r")?
                .as_usize()
                .ok_or_else(|| call.error("needs a number that is not negative"))?;
            let kind = if method == "combinations" {
                "itertools.combinations"
            } else {
                "itertools.combinations_with_replacement"
            };
            tuples(kind, arranged(call, method, first("iterable")?, size)?)
        }
        "permutations" => {
            let all = first("iterable")?;
            let size =
                call.integer(1, "r")?.map_or(Some(all.len()), |size| usize::try_from(size).ok());
            let size = size.ok_or_else(|| call.error("needs a number that is not negative"))?;
            tuples("itertools.permutations", arranged(call, method, all, size)?)
        }
        "zip_longest" => {
            let fill = call.by_name("fillvalue").unwrap_or(Value::from(()));
            let columns = columns()?;
            let rows = 0..columns.iter().map(Vec::len).max().unwrap_or(0);
            let row = |row: usize| {
                columns
                    .iter()
                    .map(|column| column.get(row).cloned().unwrap_or_else(|| fill.clone()))
                    .collect()
            };
            tuples("itertools.zip_longest", rows.map(row).collect())
        }
        "repeat" => {
            let value = call.needs(0, "object")?;
            match call.integer(1, "times")? {
                Some(times) => ReadOnce::value(
                    "itertools.repeat",
                    std::iter::repeat_n(value, usize::try_from(times).unwrap_or(0).min(MAX_ROWS)),
                ),
                None => ReadOnce::endless("itertools.repeat", std::iter::repeat(value)),
            }
        }
        "count" => {
            let (start, step) =
                (call.integer(0, "start")?.unwrap_or(0), call.integer(1, "step")?.unwrap_or(1));
            ReadOnce::endless(
                "itertools.count",
                (0..).map(move |nth: i64| {
                    Value::from(start.saturating_add(step.saturating_mul(nth)))
                }),
            )
        }
        "cycle" => {
            let all = first("iterable")?;
            match all.is_empty() {
                true => ReadOnce::value("itertools.cycle", all.into_iter()),
                false => ReadOnce::endless("itertools.cycle", all.into_iter().cycle()),
            }
        }
        "accumulate" => {
            let by = call.get(1, "func").filter(|by| !by.is_none());
            let mut all = first("iterable")?.into_iter();
            let mut sums: Vec<Value> = call
                .by_name("initial")
                .filter(|start| !start.is_none())
                .or_else(|| all.next())
                .into_iter()
                .collect();
            for item in all {
                let sum = sums.last().cloned().unwrap_or_default();
                sums.push(match &by {
                    Some(by) => by.call(state, &[sum, item])?,
                    None => operators::add(state, sum, item)?,
                });
            }
            ReadOnce::value("itertools.accumulate", sums.into_iter())
        }
        "islice" => {
            let bounds: Vec<Option<usize>> =
                call.args.iter().skip(1).map(Value::as_usize).collect();
            let (start, stop, step) = match bounds[..] {
                [stop] => (0, stop, 1),
                [start, stop] => (start.unwrap_or(0), stop, 1),
                [start, stop, step] => (start.unwrap_or(0), stop, step.unwrap_or(1)),
                _ => return Err(call.error("needs the argument `stop`")),
            };
            if step == 0 {
                return Err(call.error("the step must be 1 or more"));
            }
            // Does not read ahead.
            let read = call.needs(0, "iterable")?.try_iter()?.take(stop.unwrap_or(usize::MAX));
            ReadOnce::value(
                "itertools.islice",
                read.skip(start).step_by(step).collect::<Vec<_>>().into_iter(),
            )
        }
        "compress" => {
            let chosen = items(&call.needs(1, "selectors")?)?;
            let all = first("data")?.into_iter().zip(chosen);
            ReadOnce::value(
                "itertools.compress",
                all.filter(|(_, chosen)| chosen.is_true()).map(|(item, _)| item),
            )
        }
        "starmap" => {
            let by = call.needs(0, "function")?;
            let mut made = Vec::new();
            for args in items(&call.needs(1, "iterable")?)? {
                made.push(by.call(state, &items(&args)?)?);
            }
            ReadOnce::value("itertools.starmap", made.into_iter())
        }
        "tee" => {
            let (all, count) = (first("iterable")?, call.integer(1, "n")?.unwrap_or(2));
            let copy = |_| ReadOnce::value("itertools._tee", all.clone().into_iter());
            Value::from(Tuple::new((0..count.clamp(0, 1000)).map(copy).collect()))
        }
        _ => return Ok(None),
    }))
}

fn tuples(kind: &'static str, rows: Vec<Vec<Value>>) -> Value {
    ReadOnce::value(kind, rows.into_iter().map(|row| Value::from(Tuple::new(row))))
}

fn product(call: &Call, columns: &[Vec<Value>], repeat: usize) -> Result<Vec<Vec<Value>>, Error> {
    let mut rows: Vec<Vec<Value>> = vec![Vec::new()];
    for column in std::iter::repeat_n(columns, repeat).flatten() {
        if rows.len().saturating_mul(column.len()) > MAX_ROWS {
            return Err(call.error(format!("makes more than {MAX_ROWS} rows")));
        }
        rows = rows
            .iter()
            .flat_map(|row| {
                column.iter().map(move |item| row.iter().chain([item]).cloned().collect())
            })
            .collect();
    }
    Ok(rows)
}

/// Each choice of `size` items, in the order of the items.
fn arranged(
    call: &Call,
    method: &str,
    all: Vec<Value>,
    size: usize,
) -> Result<Vec<Vec<Value>>, Error> {
    let mut rows: Vec<Vec<usize>> = vec![Vec::new()];
    for _ in 0..size {
        let fits = |row: &Vec<usize>, next: usize| match (method, row.last()) {
            ("permutations", _) => !row.contains(&next),
            ("combinations", Some(last)) => next > *last,
            (_, Some(last)) => next >= *last,
            (_, None) => true,
        };
        rows = rows
            .iter()
            .flat_map(|row| {
                (0..all.len())
                    .filter(|next| fits(row, *next))
                    .map(|next| [&row[..], &[next]].concat())
            })
            .take(MAX_ROWS + 1)
            .collect();
        if rows.len() > MAX_ROWS {
            return Err(call.error(format!("makes more than {MAX_ROWS} rows")));
        }
    }
    Ok(rows
        .into_iter()
        .map(|row| row.into_iter().map(|position| all[position].clone()).collect())
        .collect())
}
