//! Python's `strftime`.

use std::fmt::Write;

use chrono::format::{Item, StrftimeItems};
use chrono::{NaiveDate, NaiveTime, Timelike};
use minijinja::{Error, ErrorKind};

use super::{Moment, offset_text};

/// The valid characters after `%` in a format.
const FORMAT_CHARS: &str = "aAbBcCdDeFgGhHIjklmMnpPrRsStTuUVwWxXyY%-_0^#";

impl Moment {
    /// Python's `strftime`.
    pub fn format(&self, pattern: &str) -> Result<String, Error> {
        let (at, zone) = match self {
            Moment::Time(at, zone) => (*at, *zone),
            Moment::Date(date) => (date.and_time(NaiveTime::MIN), None),
            Moment::Clock(time) => {
                (NaiveDate::from_ymd_opt(1900, 1, 1).unwrap_or_default().and_time(*time), None)
            }
            _ => return Err(Error::from(ErrorKind::UnknownMethod)),
        };
        let mut ours = String::with_capacity(pattern.len());
        let mut signs = pattern.chars();
        while let Some(c) = signs.next() {
            if c != '%' {
                ours.push(c);
                continue;
            }
            match signs.next() {
                Some('f') => {
                    let _ = write!(ours, "{:06}", at.nanosecond() / 1000);
                }
                Some('z') => ours
                    .push_str(&zone.map(|zone| offset_text(zone.offset(), "")).unwrap_or_default()),
                Some('Z') => {
                    ours.push_str(&zone.and_then(|zone| zone.abbreviation(at)).unwrap_or_default())
                }
                // Unknown directives of `strftime` are unchanged.
                Some(other) if !FORMAT_CHARS.contains(other) => {
                    ours.push_str("%%");
                    ours.push(other);
                }
                Some(other) => {
                    ours.push('%');
                    ours.push(other);
                }
                None => ours.push_str("%%"),
            }
        }
        let items: Vec<Item> = StrftimeItems::new(&ours).collect();
        if items.iter().any(|item| matches!(item, Item::Error)) {
            return Err(Error::new(
                ErrorKind::InvalidOperation,
                format!("`{pattern}` is not a format of dates"),
            ));
        }
        let mut text = String::new();
        write!(text, "{}", at.format_with_items(items.iter())).map_err(|_| {
            Error::new(ErrorKind::InvalidOperation, format!("`{pattern}` is not a format of dates"))
        })?;
        Ok(text)
    }
}
