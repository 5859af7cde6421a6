//! The rows of a table, a CTE or a sub-query: their columns, and the filtered inputs from which
//! they come.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Deref, Range};
use std::rc::Rc;

use super::colocation::{Colocation, colocation};
use super::derived_time::TimeKind;
use super::time_names::may_match_event_time;
use super::unit::BatchWindows;
use super::value::{NullReason, Time, Value};

/// Columns whose values occur in one window only, with the input column each one copies, if any.
pub type WindowKeys = BTreeMap<String, Option<(String, String)>>;

/// The known properties of an input.
#[derive(Clone, Debug)]
pub struct FlowInput {
    pub unique_id: String,
    pub event_time: Option<String>,
    /// Columns that are unique according to the project.
    pub unique: BTreeSet<String>,
    /// Columns in which only null may be repeated.
    pub unique_or_null: BTreeSet<String>,
    /// Columns that are unique in the rows that a test reads.
    pub unique_in_part: BTreeSet<String>,
    /// Columns that are window keys according to the input's query.
    pub window_keys: WindowKeys,
    /// The columns of a composite unique key.
    pub key: Vec<String>,
    /// Columns that are dates according to the project.
    pub dates: BTreeSet<String>,
    /// The type of the event time according to the project.
    pub kind: TimeKind,
}

/// The filtered inputs from which rows come.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Origin {
    /// Their unique ids; empty if every batch reads the same rows.
    pub inputs: BTreeSet<String>,
    /// Whether rows of the model's table are among them, which may compensate for the rows that a
    /// batch does not read.
    pub own_table: bool,
}

impl Origin {
    pub fn is_empty(&self) -> bool {
        self.inputs.is_empty()
    }

    /// The union of several origins.
    pub fn of<'o>(all: impl IntoIterator<Item = &'o Origin>) -> Origin {
        let mut both = Origin::default();
        for one in all {
            both.inputs.extend(one.inputs.iter().cloned());
            both.own_table |= one.own_table;
        }
        both
    }
}

/// The rows of a relation.
#[derive(Debug)]
pub struct Rows {
    pub shape: RowShape,
    pub windowed: Origin,
    /// The inputs of the first table, from which the rows come.
    pub driving: BTreeSet<String>,
    /// Whether operations on them are not reported: the outer query restricts them to one window,
    /// or an operation on them is already reported.
    pub exempt: bool,
    /// The offset of the aggregate, if the rows are only the first and the last event time.
    pub bounds: Option<usize>,
    pub memo: Memo,
}

/// What is known of rows already. Rows can be read several times at each level of a query, so
/// without it the time would double with each level.
#[derive(Debug, Default)]
pub struct Memo {
    columns: RefCell<BTreeMap<String, Option<Value>>>,
    at: RefCell<BTreeMap<usize, Option<Value>>>,
    colocation: RefCell<BTreeMap<Vec<String>, Colocation>>,
    window_keys: OnceCell<WindowKeys>,
    names: OnceCell<Vec<String>>,
}

/// The value of a key, computed once.
fn memoized<K: Ord + Clone, V: Clone>(
    memo: &RefCell<BTreeMap<K, V>>,
    key: K,
    compute: impl FnOnce() -> V,
) -> V {
    if let Some(known) = memo.borrow().get(&key) {
        return known.clone();
    }
    let value = compute();
    memo.borrow_mut().insert(key, value.clone());
    value
}

/// The columns of rows.
#[derive(Debug)]
pub enum RowShape {
    Input {
        input: FlowInput,
        filtered: bool,
    },
    Columns(Items),
    /// The rows of both, matched by position or by name.
    Union {
        left: Rc<Rows>,
        right: Rc<Rows>,
        by_name: bool,
    },
    Unknown,
}

/// The items of a projection, with an index of the columns by their names in lower case.
#[derive(Debug)]
pub struct Items {
    list: Vec<Item>,
    by_name: OnceCell<BTreeMap<String, usize>>,
}

impl From<Vec<Item>> for Items {
    fn from(list: Vec<Item>) -> Items {
        Items { list, by_name: OnceCell::new() }
    }
}

impl Deref for Items {
    type Target = [Item];

    fn deref(&self) -> &[Item] {
        &self.list
    }
}

impl Items {
    /// The index of the first column of a name.
    fn position(&self, name: &str) -> Option<usize> {
        let by_name = self.by_name.get_or_init(|| {
            let mut by_name = BTreeMap::new();
            for (index, item) in self.list.iter().enumerate() {
                if let Item::Column { name: Some(name), .. } = item {
                    by_name.entry(name.to_ascii_lowercase()).or_insert(index);
                }
            }
            by_name
        });
        by_name.get(&name.to_ascii_lowercase()).copied()
    }
}

/// A column, or all columns of other rows, as in `*`.
#[derive(Debug)]
pub enum Item {
    Column { name: Option<String>, value: Value },
    Rest { of: Rc<Rows>, without: Vec<String>, outer: Option<(NullReason, Range<usize>)> },
}

impl Item {
    /// All columns of other rows.
    pub fn all_of(rows: &Rc<Rows>) -> Item {
        Item::Rest { of: rows.clone(), without: Vec::new(), outer: None }
    }
}

impl Rows {
    pub fn unknown() -> Rc<Rows> {
        Rows::of(RowShape::Unknown, Origin::default())
    }

    /// Rows that do not come from an input of the first table.
    pub fn of(shape: RowShape, windowed: Origin) -> Rc<Rows> {
        Rc::new(Rows {
            shape,
            windowed,
            driving: BTreeSet::new(),
            exempt: false,
            bounds: None,
            memo: Memo::default(),
        })
    }

    /// Other columns of the same rows.
    pub fn reshaped(&self, shape: RowShape) -> Rows {
        Rows {
            shape,
            windowed: self.windowed.clone(),
            driving: self.driving.clone(),
            exempt: self.exempt,
            bounds: self.bounds,
            memo: Memo::default(),
        }
    }

    /// The value of a column; `None` if it does not exist for certain.
    pub fn column(&self, name: &str) -> Option<Value> {
        let key = name.to_ascii_lowercase();
        memoized(&self.memo.columns, key, || self.column_of_shape(name))
    }

    fn column_of_shape(&self, name: &str) -> Option<Value> {
        match &self.shape {
            RowShape::Input { input, filtered } => Some(of_input(input, *filtered, name)),
            RowShape::Unknown => Some(Value::unknown(0..0)),
            RowShape::Columns(items) => {
                let named = items.position(name).and_then(|index| items.get(index));
                if let Some(Item::Column { value, .. }) = named {
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
            RowShape::Union { left, right, by_name } => {
                let one = left.column(name)?;
                let index = if *by_name { None } else { left.position(name) };
                let other = match index.and_then(|index| right.at(index)) {
                    Some(other) => other,
                    None => right.column(name).unwrap_or_else(|| Value::unknown(0..0)),
                };
                Some(self.either(left, right, one, &other))
            }
        }
    }

    /// A column of a union. Rows that are the same in every batch do not affect whether the others
    /// are in one window.
    fn either(&self, left: &Rows, right: &Rows, one: Value, other: &Value) -> Value {
        let both = one.clone().or(other);
        match (left.windowed.is_empty(), right.windowed.is_empty()) {
            (false, true) => Value { unique: one.unique, parts: one.parts, zone: one.zone, ..both },
            (true, false) => {
                Value { unique: other.unique, parts: other.parts, zone: other.zone, ..both }
            }
            _ => both,
        }
    }

    /// The value of the column at an index, if all columns before it are known.
    pub fn at(&self, index: usize) -> Option<Value> {
        memoized(&self.memo.at, index, || self.at_in_shape(index))
    }

    fn at_in_shape(&self, index: usize) -> Option<Value> {
        match &self.shape {
            RowShape::Columns(items) => match items.get(index)? {
                Item::Column { value, .. } if items[..index].iter().all(is_column) => {
                    Some(value.clone())
                }
                _ => None,
            },
            RowShape::Union { left, right, .. } => {
                Some(self.either(left, right, left.at(index)?, &right.at(index)?))
            }
            _ => None,
        }
    }

    /// The columns whose values occur in one window only.
    pub fn window_keys(&self, windows: BatchWindows) -> WindowKeys {
        self.memo.window_keys.get_or_init(|| self.window_keys_of_shape(windows)).clone()
    }

    fn window_keys_of_shape(&self, windows: BatchWindows) -> WindowKeys {
        match &self.shape {
            RowShape::Input { input, filtered: true } => {
                let names = input.event_time.iter().chain(&input.unique);
                names.map(|name| (name.clone(), of_input(input, true, name).column)).collect()
            }
            RowShape::Input { .. } | RowShape::Unknown => WindowKeys::new(),
            RowShape::Columns(items) => {
                let columns = items.iter().map(|item| match item {
                    Item::Column { name: Some(name), value }
                        if value.determines_window(windows) =>
                    {
                        WindowKeys::from([(name.clone(), value.column.clone())])
                    }
                    Item::Column { .. } => WindowKeys::new(),
                    Item::Rest { of, without, .. } => of
                        .window_keys(windows)
                        .into_iter()
                        .filter(|(name, _)| !has(without, name))
                        .collect(),
                });
                columns.flatten().collect()
            }
            RowShape::Union { left, .. } => {
                let names = left
                    .window_keys(windows)
                    .into_keys()
                    .filter_map(|name| Some((self.column(&name)?, name)));
                names
                    .filter(|(value, _)| value.determines_window(windows))
                    .map(|(value, name)| (name, value.column))
                    .collect()
            }
        }
    }

    /// The names of the known columns.
    pub fn names(&self) -> Vec<String> {
        self.memo.names.get_or_init(|| self.names_of_shape()).clone()
    }

    fn names_of_shape(&self) -> Vec<String> {
        match &self.shape {
            RowShape::Input { input, .. } => {
                input.event_time.iter().map(|name| name.to_lowercase()).collect()
            }
            RowShape::Unknown => Vec::new(),
            RowShape::Columns(items) => {
                let columns = items.iter().map(|item| match item {
                    Item::Column { name, .. } => {
                        name.iter().map(|name| name.to_lowercase()).collect()
                    }
                    Item::Rest { of, without, .. } => of
                        .names()
                        .into_iter()
                        .filter(|name| !has(without, name))
                        .collect::<Vec<_>>(),
                });
                columns.flatten().collect()
            }
            RowShape::Union { left, .. } => left.names(),
        }
    }

    fn position(&self, name: &str) -> Option<usize> {
        match &self.shape {
            RowShape::Columns(items) => {
                items.position(name).filter(|index| items[..*index].iter().all(is_column))
            }
            RowShape::Union { left, .. } => left.position(name),
            _ => None,
        }
    }

    /// Whether equal rows are always in one window. Rows with unknown columns are assumed to be.
    pub fn colocation(&self, without: &[String], windows: BatchWindows) -> Colocation {
        memoized(&self.memo.colocation, without.to_vec(), || {
            self.colocation_of_shape(without, windows)
        })
    }

    fn colocation_of_shape(&self, without: &[String], windows: BatchWindows) -> Colocation {
        match &self.shape {
            RowShape::Unknown => Colocation::Always,
            RowShape::Input { input, filtered } => {
                let is_included = |name: &String| !has(without, name);
                let has_key = *filtered
                    && (input.event_time.as_ref().is_some_and(is_included)
                        || input.unique.iter().any(is_included));
                if has_key { Colocation::Always } else { Colocation::No }
            }
            RowShape::Columns(items) => {
                let mut result = Colocation::No;
                for item in items.iter() {
                    let one = match item {
                        Item::Column { name: Some(name), .. } if has(without, name) => continue,
                        Item::Column { value, .. } => colocation([value], windows),
                        Item::Rest { of, without, .. } => of.colocation(without, windows),
                    };
                    result = match (result, one) {
                        (_, Colocation::Always) => return Colocation::Always,
                        (Colocation::No, one) => one,
                        (result, _) => result,
                    };
                }
                result
            }
            // Rows of both sides may be equal, so the same column must determine the window on
            // both.
            RowShape::Union { left, right, .. } => match (&left.shape, &right.shape) {
                (RowShape::Columns(one), RowShape::Columns(two))
                    if one.iter().chain(two.iter()).all(is_column) =>
                {
                    let both: Vec<Value> =
                        (0..one.len()).filter_map(|index| self.at(index)).collect();
                    colocation(&both, windows)
                }
                _ => {
                    match (left.colocation(without, windows), right.colocation(without, windows)) {
                        (Colocation::Always, other) | (other, Colocation::Always) => other,
                        (Colocation::No, _) | (_, Colocation::No) => Colocation::No,
                        (possible, _) => possible,
                    }
                }
            },
        }
    }
}

/// The value of an unqualified column in several tables. If their columns are unknown, it is that
/// of the table whose event time has the name; otherwise it is known only if it is equal in all
/// tables.
pub fn one_of_tables(values: Vec<Value>) -> Option<Value> {
    let sure = values.iter().position(|value| value.derives_from_event_time() || value.unique);
    match (sure, values.len()) {
        (Some(at), _) => values.into_iter().nth(at),
        (None, 0 | 1) => values.into_iter().next(),
        (None, _) if values.iter().all(|value| value.time == values[0].time) => {
            Some(Value { column: None, ..values[0].clone() })
        }
        (None, _) => Some(Value {
            possible_key: values.iter().find_map(|value| value.possible_key.clone()),
            ..Value::unknown(0..0)
        }),
    }
}

/// The value on the optional side of an outer join.
pub fn outer_joined(value: Value, join: Option<&(NullReason, Range<usize>)>) -> Value {
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

fn of_input(input: &FlowInput, filtered: bool, name: &str) -> Value {
    let among =
        |names: &BTreeSet<String>| names.iter().any(|other| other.eq_ignore_ascii_case(name));
    let window_keys = input.window_keys.iter().find(|(other, _)| other.eq_ignore_ascii_case(name));
    let input_column = || (input.unique_id.clone(), name.to_string());
    // If two inputs copy it from a third one, equal values come from one row of that.
    let column = window_keys.and_then(|(_, column)| column.clone()).unwrap_or_else(input_column);
    let event_time = input.event_time.as_deref().unwrap_or_default();
    if filtered && event_time.eq_ignore_ascii_case(name) {
        return Value { column: Some(column), ..Value::event_time(input.kind) };
    }
    let time = if filtered { Time::OtherColumn } else { Time::Unfiltered };
    let is_unique_or_null = filtered && among(&input.unique_or_null);
    let may_be_key = may_match_event_time(name, among(&input.dates), event_time)
        || filtered && (is_unique_or_null || among(&input.unique_in_part));
    let possible_key = may_be_key.then(|| name.to_string());
    Value {
        column: Some(column),
        unique: filtered && (window_keys.is_some() || among(&input.unique) || is_unique_or_null),
        null: is_unique_or_null.then_some((NullReason::Repeated, 0..0)),
        possible_key,
        ..Value::of(time, 0..0)
    }
}
