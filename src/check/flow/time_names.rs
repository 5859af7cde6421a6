//! What the name of a column says about its time: whether it is a time or a date, and whether it
//! may be that of the event.

/// Whether a column may be the date or the time of the event, by its name and declared type:
/// `order_date` next to `ordered_at`; `event_date` and `day` next to any event time. The time of
/// another event, such as `shipped_at`, is not.
pub fn may_match_event_time(name: &str, declared: bool, event_time: &str) -> bool {
    let stem_of = |name: &str| -> String {
        let is_time = |word: &&str| TIME_WORDS.contains(word) || DATE_WORDS.contains(word);
        let name = name.to_lowercase();
        let words: Vec<&str> = name.split('_').filter(|word| !is_time(word)).collect();
        let stem = words.join("_");
        ["timestamp", "datetime", "date", "time"]
            .iter()
            .find_map(|end| stem.strip_suffix(end))
            .unwrap_or(&stem)
            .to_string()
    };
    let (stem, other) = (stem_of(name), stem_of(event_time));
    let is_prefix = |one: &str, other: &str| one.len() > 2 && other.starts_with(one);
    let matches = stem.is_empty()
        || stem == "event"
        || stem == other
        || is_prefix(&stem, &other)
        || is_prefix(&other, &stem);
    matches && (declared || is_named_like_time(name))
}

/// Whether a column is probably the time of a row's last change, by its name.
pub fn is_named_like_change(name: &str) -> bool {
    let name = name.to_lowercase().replace('_', "");
    ["updated", "modified", "changed", "edited", "lastupdate", "modification", "lastseen"]
        .iter()
        .any(|word| name.contains(word))
}

/// Words in the names of time and date columns.
const TIME_WORDS: &[&str] =
    &["at", "datetime", "hour", "month", "on", "time", "timestamp", "ts", "tstamp", "utc"];
const DATE_WORDS: &[&str] = &["date", "day", "ds", "dt", "dte", "key", "ymd"];

/// Whether a column is probably a time, by its name.
pub fn is_named_like_time(name: &str) -> bool {
    is_named_like_date(name)
        || name.to_lowercase().split('_').any(|word| TIME_WORDS.contains(&word))
        || name.to_lowercase().ends_with("timestamp")
}

/// Whether a column is probably a date, by its name.
fn is_named_like_date(name: &str) -> bool {
    let name = name.to_lowercase().replace("update", "");
    name.split('_').any(|word| ["date", "day", "ds", "dt", "dte", "ymd"].contains(&word))
        || name.ends_with("date")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_dates() {
        for name in ["order_date", "event_date_dt", "date_day", "dt", "orderdate"] {
            assert!(is_named_like_date(name), "{name}");
        }
        for name in ["updated_at", "user_id", "last_update", "created_at", "dated"] {
            assert!(!is_named_like_date(name), "{name}");
        }
        assert!(
            is_named_like_time("created_at")
                && is_named_like_time("event_timestamp")
                && !is_named_like_time("user_id")
        );
    }

    #[test]
    fn names_of_changes() {
        for name in ["updated_at", "lastModifiedDate", "last_update", "status_changed_at"] {
            assert!(is_named_like_change(name), "{name}");
        }
        for name in ["created_at", "update_id", "at", "loaded_at"] {
            assert!(!is_named_like_change(name), "{name}");
        }
    }

    #[test]
    fn names_of_the_event_date() {
        for (name, event_time) in [
            ("order_date", "ordered_at"),
            ("SAMPLE_timestamp", "sample_date"),
            ("created_date", "created_at"),
            ("event_date", "at"),
            ("day", "visited_at"),
            ("date_day", "ts"),
            ("orderdate", "order_ts"),
        ] {
            assert!(may_match_event_time(name, false, event_time), "{name} next to {event_time}");
        }
        for (name, event_time) in [
            ("loaded_at", "sample_date"),
            ("shipped_at", "ordered_at"),
            ("updated_at", "created_at"),
            ("user_id", "at"),
            ("birth_date", "at"),
        ] {
            assert!(!may_match_event_time(name, false, event_time), "{name} next to {event_time}");
        }
        assert!(
            may_match_event_time("ordered", true, "ordered_at")
                && !may_match_event_time("shipped", true, "ordered_at")
        );
    }
}
