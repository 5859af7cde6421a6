//! Whether rows with equal values are in the same window.

use chrono_tz::Tz;

use super::calendar_parts::CalendarParts;
use super::time_names::is_named_like_time;
use super::unit::BatchWindows;
use super::value::Value;

/// Whether rows with equal keys are always in one window.
#[derive(Clone, Debug, PartialEq)]
pub enum Colocation {
    Always,
    /// Not proven, but this key may determine the window.
    Possible(String),
    No,
}

/// Whether rows with equal values of all `keys` are always in one window.
pub fn colocation<'a>(
    keys: impl IntoIterator<Item = &'a Value>,
    windows: BatchWindows,
) -> Colocation {
    let mut possible = Colocation::No;
    let mut parts: Vec<(Tz, CalendarParts)> = Vec::new();
    for key in keys {
        match &key.possible_key {
            _ if key.determines_window(windows) => return Colocation::Always,
            Some(name) if possible == Colocation::No || is_named_like_time(name) => {
                possible = Colocation::Possible(name.clone())
            }
            _ => {}
        }
        if key.null.is_none() && !key.parts.is_none() {
            match parts.iter_mut().find(|(zone, _)| *zone == key.zone) {
                Some((_, known)) => *known = *known | key.parts,
                None => parts.push((key.zone, key.parts)),
            }
        }
    }
    if parts.iter().any(|(zone, parts)| parts.determine_window(windows, *zone)) {
        Colocation::Always
    } else {
        possible
    }
}
