//! What is known of the rows of a table, a CTE or a sub-query: their columns, and which filtered inputs they come from.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::rc::Rc;

use super::moment::Kind;
use super::unit::Windows;
use super::value::{Null, Time, Together, Value, together};

/// Columns of which rows of different windows never share a value, each with the column of an input that it is, if it is one.
pub type Pinned = BTreeMap<String, Option<(String, String)>>;

/// An input, as far as rows are judged by it.
#[derive(Clone, Debug)]
pub struct Input {
    pub unique_id: String,
    pub event_time: Option<String>,
    /// Columns of which the project says that no two rows share a value.
    pub unique: BTreeSet<String>,
    /// Columns of which the input's own query shows the same.
    pub pinned: Pinned,
    /// Columns that are unique together.
    pub key: Vec<String>,
    /// Columns of which the project says that they are dates.
    pub dates: BTreeSet<String>,
    /// What the project says of the event time's type.
    pub kind: Kind,
}

/// The filtered inputs that rows come from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Origin {
    /// By unique id. None: every batch sees the same rows.
    pub inputs: BTreeSet<String>,
    /// Whether rows of the model's own table are among them, by which its author may make up for what a batch does not see.
    pub own_table: bool,
}

impl Origin {
    pub fn is_empty(&self) -> bool {
        self.inputs.is_empty()
    }

    /// Where the rows of several tables come from.
    pub fn of<'o>(all: impl IntoIterator<Item = &'o Origin>) -> Origin {
        let mut both = Origin::default();
        for one in all {
            both.inputs.extend(one.inputs.iter().cloned());
            both.own_table |= one.own_table;
        }
        both
    }
}

/// Rows.
#[derive(Debug)]
pub struct Rows {
    pub shape: Shape,
    pub windowed: Origin,
    /// The inputs that stand first, so that the rows come from them.
    pub driving: BTreeSet<String>,
    /// Whether they are those of one window because the query around asks for it, or something was already found that makes
    /// them other rows in each batch.
    pub tied: bool,
    /// Where they are the first and the last event time of other rows, and nothing else.
    pub bounds: Option<usize>,
}

#[derive(Debug)]
pub enum Shape {
    Input {
        input: Input,
        filtered: bool,
    },
    Columns(Vec<Item>),
    /// The rows of both, whose columns have the same places, or the same names.
    Union {
        left: Rc<Rows>,
        right: Rc<Rows>,
        by_name: bool,
    },
    Unknown,
}

/// A column, or all columns of other rows.
#[derive(Debug)]
pub enum Item {
    Column { name: Option<String>, value: Value },
    Rest { of: Rc<Rows>, without: Vec<String>, outer: Option<(Null, Range<usize>)> },
}

impl Rows {
    pub fn unknown() -> Rc<Rows> {
        Rc::new(Rows { shape: Shape::Unknown, windowed: Origin::default(), driving: BTreeSet::new(), tied: false, bounds: None })
    }

    /// The value of a column; `None` if there surely is none of that name.
    pub fn column(&self, name: &str) -> Option<Value> {
        match &self.shape {
            Shape::Input { input, filtered } => Some(of_input(input, *filtered, name)),
            Shape::Unknown => Some(Value::unknown(0..0)),
            Shape::Columns(items) => {
                let named = |item: &&Item| matches!(item, Item::Column { name: Some(own), .. } if own.eq_ignore_ascii_case(name));
                if let Some(Item::Column { value, .. }) = items.iter().find(named) {
                    return Some(value.clone());
                }
                let rest = items.iter().filter_map(|item| match item {
                    Item::Rest { of, without, outer } if !has(without, name) => {
                        of.column(name).map(|value| outer_joined(value, outer.as_ref()))
                    }
                    _ => None,
                });
                one_of_tables(rest.collect())
            }
            Shape::Union { left, right, by_name } => {
                let one = left.column(name)?;
                let place = if *by_name { None } else { left.position(name) };
                let other = match place.and_then(|place| right.at(place)) {
                    Some(other) => other,
                    None => right.column(name).unwrap_or_else(|| Value::unknown(0..0)),
                };
                Some(self.either(left, right, one, &other))
            }
        }
    }

    /// A column of a union. Rows that are the same in every batch meet no others in it that they would not meet in all batches.
    fn either(&self, left: &Rows, right: &Rows, one: Value, other: &Value) -> Value {
        let both = one.clone().or(other);
        match (left.windowed.is_empty(), right.windowed.is_empty()) {
            (false, true) => Value { unique: one.unique, parts: one.parts, zone: one.zone, ..both },
            (true, false) => Value { unique: other.unique, parts: other.parts, zone: other.zone, ..both },
            _ => both,
        }
    }

    /// The value of the column at a place, where all before it are known.
    pub fn at(&self, place: usize) -> Option<Value> {
        match &self.shape {
            Shape::Columns(items) => match items.get(place)? {
                Item::Column { value, .. } if items[..place].iter().all(is_column) => Some(value.clone()),
                _ => None,
            },
            Shape::Union { left, right, .. } => Some(self.either(left, right, left.at(place)?, &right.at(place)?)),
            _ => None,
        }
    }

    /// The columns by name of which rows of different windows never share a value.
    pub fn pinned(&self, windows: Windows) -> Pinned {
        match &self.shape {
            Shape::Input { input, filtered: true } => {
                let names = input.event_time.iter().chain(&input.unique);
                names.map(|name| (name.clone(), of_input(input, true, name).column)).collect()
            }
            Shape::Input { .. } | Shape::Unknown => Pinned::new(),
            Shape::Columns(items) => {
                let each = items.iter().map(|item| match item {
                    Item::Column { name: Some(name), value } if value.pins(windows) => Pinned::from([(name.clone(), value.column.clone())]),
                    Item::Column { .. } => Pinned::new(),
                    Item::Rest { of, without, .. } => of.pinned(windows).into_iter().filter(|(name, _)| !has(without, name)).collect(),
                });
                each.flatten().collect()
            }
            Shape::Union { left, .. } => {
                let names = left.pinned(windows).into_keys().filter_map(|name| Some((self.column(&name)?, name)));
                names.filter(|(value, _)| value.pins(windows)).map(|(value, name)| (name, value.column)).collect()
            }
        }
    }

    /// The names of columns that are known to be there.
    pub fn names(&self) -> Vec<String> {
        match &self.shape {
            Shape::Input { input, .. } => input.event_time.iter().map(|name| name.to_lowercase()).collect(),
            Shape::Unknown => Vec::new(),
            Shape::Columns(items) => {
                let each = items.iter().map(|item| match item {
                    Item::Column { name, .. } => name.iter().map(|name| name.to_lowercase()).collect(),
                    Item::Rest { of, without, .. } => of.names().into_iter().filter(|name| !has(without, name)).collect::<Vec<_>>(),
                });
                each.flatten().collect()
            }
            Shape::Union { left, .. } => left.names(),
        }
    }

    fn position(&self, name: &str) -> Option<usize> {
        match &self.shape {
            Shape::Columns(items) => items
                .iter()
                .take_while(|item| is_column(item))
                .position(|item| matches!(item, Item::Column { name: Some(own), .. } if own.eq_ignore_ascii_case(name))),
            Shape::Union { left, .. } => left.position(name),
            _ => None,
        }
    }

    /// Whether rows that are alike are always of one window. Rows of which nobody knows the columns are not judged.
    pub fn together(&self, without: &[String], windows: Windows) -> Together {
        match &self.shape {
            Shape::Unknown => Together::Always,
            Shape::Input { input, filtered } => {
                let there = |name: &String| !has(without, name);
                let pins = *filtered && (input.event_time.as_ref().is_some_and(there) || input.unique.iter().any(there));
                if pins { Together::Always } else { Together::Not }
            }
            Shape::Columns(items) => {
                let mut found = Together::Not;
                for item in items {
                    let one = match item {
                        Item::Column { name: Some(name), .. } if has(without, name) => continue,
                        Item::Column { value, .. } => together([value], windows),
                        Item::Rest { of, without, .. } => of.together(without, windows),
                    };
                    found = match (found, one) {
                        (_, Together::Always) => return Together::Always,
                        (Together::Not, one) => one,
                        (found, _) => found,
                    };
                }
                found
            }
            // Rows of both sides may be alike, so the same column must tell both apart.
            Shape::Union { left, right, .. } => match (&left.shape, &right.shape) {
                (Shape::Columns(one), Shape::Columns(two)) if one.iter().chain(two).all(is_column) => {
                    let both: Vec<Value> = (0..one.len()).filter_map(|place| self.at(place)).collect();
                    together(&both, windows)
                }
                _ => match (left.together(without, windows), right.together(without, windows)) {
                    (Together::Always, other) | (other, Together::Always) => other,
                    (Together::Not, _) | (_, Together::Not) => Together::Not,
                    (perhaps, _) => perhaps,
                },
            },
        }
    }
}

/// The value of a column that one of several tables has. Of tables whose columns nobody knows, the one whose event time has the
/// name has the column; else nobody knows which one, unless all would say the same.
pub fn one_of_tables(values: Vec<Value>) -> Option<Value> {
    let sure = values.iter().position(|value| value.is_of_time() || value.unique);
    match (sure, values.len()) {
        (Some(at), _) => values.into_iter().nth(at),
        (None, 0 | 1) => values.into_iter().next(),
        (None, _) if values.iter().all(|value| value.time == values[0].time) => Some(Value { column: None, ..values[0].clone() }),
        (None, _) => Some(Value { may_pin: values.iter().find_map(|value| value.may_pin.clone()), ..Value::unknown(0..0) }),
    }
}

/// The value as an outer join gives it, where its side may be missing.
pub fn outer_joined(value: Value, join: Option<&(Null, Range<usize>)>) -> Value {
    match join {
        Some(missing) if value.null.is_none() => Value { null: Some(missing.clone()), ..value },
        _ => value,
    }
}

fn is_column(item: &Item) -> bool {
    matches!(item, Item::Column { .. })
}

fn has(names: &[String], name: &str) -> bool {
    names.iter().any(|other| other.eq_ignore_ascii_case(name))
}

fn of_input(input: &Input, filtered: bool, name: &str) -> Value {
    let among = |names: &BTreeSet<String>| names.iter().any(|other| other.eq_ignore_ascii_case(name));
    let pinned = input.pinned.iter().find(|(other, _)| other.eq_ignore_ascii_case(name));
    let own = || (input.unique_id.clone(), name.to_string());
    // Of two inputs that have it from a third one, equal values are of one row of that.
    let column = pinned.and_then(|(_, column)| column.clone()).unwrap_or_else(own);
    let event_time = input.event_time.as_deref().unwrap_or_default();
    if filtered && event_time.eq_ignore_ascii_case(name) {
        return Value { column: Some(column), ..Value::event_time(input.kind) };
    }
    let time = if filtered { Time::Beside } else { Time::Whole };
    let may_pin = may_be_day_of(name, among(&input.dates), event_time).then(|| name.to_string());
    Value { column: Some(column), unique: filtered && (pinned.is_some() || among(&input.unique)), may_pin, ..Value::of(time, 0..0) }
}

/// Whether a column is named, or declared, as what may be the day or the moment of the event time: `order_date` beside `ordered_at`,
/// `event_date` and `day` beside any. A time of something else, such as `shipped_at`, is not.
fn may_be_day_of(name: &str, declared: bool, event_time: &str) -> bool {
    let apart = |name: &str| -> String {
        let is_time = |word: &&str| TIME_WORDS.contains(word) || DATE_WORDS.contains(word);
        let name = name.to_lowercase();
        let words: Vec<&str> = name.split('_').filter(|word| !is_time(word)).collect();
        let stem = words.join("_");
        ["timestamp", "datetime", "date", "time"].iter().find_map(|end| stem.strip_suffix(end)).unwrap_or(&stem).to_string()
    };
    let (own, other) = (apart(name), apart(event_time));
    let alike = |one: &str, other: &str| one.len() > 2 && other.starts_with(one);
    let stem = own.is_empty() || own == "event" || own == other || alike(&own, &other) || alike(&other, &own);
    stem && (declared || is_called_a_time(name))
}

/// Words of times, and of dates, in the names of columns.
const TIME_WORDS: &[&str] = &["at", "datetime", "hour", "month", "on", "time", "timestamp", "ts", "tstamp", "utc"];
const DATE_WORDS: &[&str] = &["date", "day", "ds", "dt", "dte", "key", "ymd"];

/// Whether a column's name says that it is a time: of the event, as likely as not.
pub fn is_called_a_time(name: &str) -> bool {
    is_called_a_date(name)
        || name.to_lowercase().split('_').any(|word| TIME_WORDS.contains(&word))
        || name.to_lowercase().ends_with("timestamp")
}

/// Whether a column's name says that it is a date: the day of the event time, as likely as not.
fn is_called_a_date(name: &str) -> bool {
    let name = name.to_lowercase().replace("update", "");
    name.split('_').any(|word| ["date", "day", "ds", "dt", "dte", "ymd"].contains(&word)) || name.ends_with("date")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_dates() {
        for name in ["order_date", "event_date_dt", "date_day", "dt", "orderdate"] {
            assert!(is_called_a_date(name), "{name}");
        }
        for name in ["updated_at", "user_id", "last_update", "created_at", "dated"] {
            assert!(!is_called_a_date(name), "{name}");
        }
        assert!(is_called_a_time("created_at") && is_called_a_time("event_timestamp") && !is_called_a_time("user_id"));
    }

    #[test]
    fn names_of_what_may_be_the_same_day() {
        for (name, event_time) in [
            ("order_date", "ordered_at"),
            ("SAMPLE_timestamp", "sample_date"),
            ("created_date", "created_at"),
            ("event_date", "at"),
            ("day", "visited_at"),
            ("date_day", "ts"),
            ("orderdate", "order_ts"),
        ] {
            assert!(may_be_day_of(name, false, event_time), "{name} beside {event_time}");
        }
        for (name, event_time) in [
            ("loaded_at", "sample_date"),
            ("shipped_at", "ordered_at"),
            ("updated_at", "created_at"),
            ("user_id", "at"),
            ("birth_date", "at"),
        ] {
            assert!(!may_be_day_of(name, false, event_time), "{name} beside {event_time}");
        }
        assert!(may_be_day_of("ordered", true, "ordered_at") && !may_be_day_of("shipped", true, "ordered_at"));
    }
}
