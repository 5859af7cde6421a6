//! A statement with slots for the window. Only the window differs between the batches of a model,
//! so a statement is rendered once with a slot (one private-use character) wherever a part of the
//! window is written, and the slots are filled for each batch.

use std::fmt::{self, Write};
use std::ops::Range;

use chrono_tz::Tz;

use super::slot::{BYTES, SLOTS, Slot, is_format, repeated_grain, slots};
use super::time_format;
use crate::calendar::{Grain, Instant, Window};

/// A text with slots.
#[derive(Clone, Debug, PartialEq, Hash)]
pub struct BatchTemplate {
    /// A slot follows each text except the last one.
    texts: Vec<String>,
    slots: Vec<Slot>,
    timezone: Tz,
}

impl BatchTemplate {
    /// Splits the text at its slots and removes type checks. Dates are in `timezone`.
    pub fn new(text: &str, timezone: Tz) -> BatchTemplate {
        BatchTemplate::split(text, timezone, false)
    }

    /// Like [`BatchTemplate::new`], with type checks.
    pub fn with_type_checks(text: &str, timezone: Tz) -> BatchTemplate {
        BatchTemplate::split(text, timezone, true)
    }

    fn split(text: &str, timezone: Tz, type_checks: bool) -> BatchTemplate {
        let mut template = BatchTemplate { texts: Vec::new(), slots: Vec::new(), timezone };
        let mut current = String::new();
        let mut start = 0;
        for (at, slot) in slots(text) {
            let is_included = slot != Slot::TypeCheckEnd || type_checks;
            current.push_str(if is_included { &text[start..at] } else { "" });
            start = at + BYTES.len();
            if !matches!(slot, Slot::TypeCheck | Slot::TypeCheckEnd) {
                template.texts.push(std::mem::take(&mut current));
                template.slots.push(slot);
            }
        }
        template.texts.push(current + &text[start..]);
        template
    }

    /// The text for one window.
    pub fn fill(&self, window: &Window, label: &str) -> String {
        let mut filled = String::with_capacity(
            self.texts.iter().map(String::len).sum::<usize>() + 20 * self.slots.len(),
        );
        let values = &mut SlotValues::of(window, label);
        self.fill_texts(0..self.texts.len() - 1, values, &[], &mut filled);
        filled
    }

    /// The text for a range. Its `EachBatch` parts are repeated for each of the batches.
    pub fn fill_range(&self, range: &Window, batches: &[(Window, String)]) -> String {
        let mut filled = String::new();
        let values = &mut SlotValues::of(range, "");
        self.fill_texts(0..self.texts.len() - 1, values, batches, &mut filled);
        filled
    }

    /// Appends a range of the texts with the slots between them.
    fn fill_texts(
        &self,
        texts: Range<usize>,
        values: &mut SlotValues,
        batches: &[(Window, String)],
        filled: &mut String,
    ) {
        let Range { start: first, end: last } = texts;
        let mut at = first;
        while at < last {
            filled.push_str(&self.texts[at]);
            let slot = self.slots[at];
            let end =
                || (at + 1..last).find(|end| self.slots[*end] == Slot::EachEnd).unwrap_or(last);
            match repeated_grain(slot) {
                None if slot == Slot::EachBatch => {
                    let end = end();
                    let between = (at + 1..end)
                        .find(|between| self.slots[*between] == Slot::Between)
                        .unwrap_or(end);
                    for (number, (window, label)) in batches.iter().enumerate() {
                        let mut values = SlotValues::of(window, label);
                        if number > 0 && between < end {
                            self.fill_texts(between + 1..end, &mut values, &[], filled);
                        }
                        self.fill_texts(at + 1..between, &mut values, &[], filled);
                    }
                    at = end;
                }
                None if is_format(slot) => {
                    self.write_formatted(slot, values.window, &self.texts[at + 1], filled)
                        .expect("writing to a string succeeds");
                    // Skips the format and `FormatEnd`.
                    at += 1;
                }
                None => match values.written[slot as usize] {
                    Some((start, end)) => filled.extend_from_within(start..end),
                    None => {
                        let start = filled.len();
                        self.write_value(slot, values.window, values.label, filled)
                            .expect("writing to a string succeeds");
                        values.written[slot as usize] = Some((start, filled.len()));
                    }
                },
                Some(grain) => {
                    let end = end();
                    for window in split_window(values.window, grain) {
                        let values = &mut SlotValues::of(&window, values.label);
                        self.fill_texts(at + 1..end, values, &[], filled);
                    }
                    at = end;
                }
            }
            at += 1;
        }
        if let Some(text) = self.texts.get(last).filter(|_| at == last) {
            filled.push_str(text);
        }
    }

    /// Writes a bound of the window in a format.
    fn write_formatted(
        &self,
        slot: Slot,
        window: &Window,
        format: &str,
        out: &mut String,
    ) -> fmt::Result {
        let at = if matches!(slot, Slot::StartFormat | Slot::StartLocalFormat) {
            window.start
        } else {
            window.end
        };
        let is_local = matches!(slot, Slot::StartLocalFormat | Slot::EndLocalFormat);
        let clock =
            if is_local { at.with_timezone(&self.timezone).naive_local() } else { at.naive_utc() };
        time_format::write(format, clock, out)
    }

    /// Writes the slot's value.
    fn write_value(
        &self,
        slot: Slot,
        window: &Window,
        label: &str,
        out: &mut String,
    ) -> fmt::Result {
        let Window { start, end } = window;
        let as_name = |char: char| if char.is_ascii_alphanumeric() { char } else { '_' };
        let date = |at: &Instant| at.with_timezone(&self.timezone).date_naive();
        match slot {
            Slot::StartDate => write!(out, "{}", date(start)),
            Slot::EndDate => write!(out, "{}", date(end)),
            Slot::StartTime => write!(out, "{}", start.naive_utc()),
            Slot::EndTime => write!(out, "{}", end.naive_utc()),
            Slot::StartIso => write!(out, "{:?}", start.naive_utc()),
            Slot::EndIso => write!(out, "{:?}", end.naive_utc()),
            Slot::StartEpoch => write!(out, "{}", start.timestamp()),
            Slot::EndEpoch => write!(out, "{}", end.timestamp()),
            Slot::StartDay => write!(out, "{}", start.format("%Y%m%d")),
            Slot::EndDay => write!(out, "{}", end.format("%Y%m%d")),
            Slot::StartMonth => write!(out, "{}", start.format("%Y%m")),
            Slot::EndMonth => write!(out, "{}", end.format("%Y%m")),
            Slot::StartHour => write!(out, "{}", start.format("%Y%m%d%H")),
            Slot::EndHour => write!(out, "{}", end.format("%Y%m%d%H")),
            Slot::StartYear => write!(out, "{}", start.format("%Y")),
            Slot::EndYear => write!(out, "{}", end.format("%Y")),
            Slot::StartYearMonth => write!(out, "{}", start.format("%Y-%m")),
            Slot::EndYearMonth => write!(out, "{}", end.format("%Y-%m")),
            Slot::Label => out.write_str(label),
            Slot::Name => label.chars().try_for_each(|char| out.write_char(as_name(char))),
            Slot::EachHour
            | Slot::EachDay
            | Slot::EachMonth
            | Slot::EachYear
            | Slot::EachEnd
            | Slot::EachBatch
            | Slot::Between => Ok(()),
            // `split` removes them.
            Slot::TypeCheck | Slot::TypeCheckEnd => Ok(()),
            // `write_formatted` writes them.
            Slot::StartFormat
            | Slot::EndFormat
            | Slot::StartLocalFormat
            | Slot::EndLocalFormat
            | Slot::FormatEnd => Ok(()),
        }
    }
}

/// The values of the slots in one window.
struct SlotValues<'w> {
    window: &'w Window,
    label: &'w str,
    /// For each slot, the range of the filled text where its value was first written.
    written: [Option<(usize, usize)>; SLOTS.len()],
}

impl<'w> SlotValues<'w> {
    fn of(window: &'w Window, label: &'w str) -> SlotValues<'w> {
        SlotValues { window, label, written: [None; SLOTS.len()] }
    }
}

/// Splits a window at the boundaries of a grain, in UTC.
fn split_window(window: &Window, grain: Grain) -> Vec<Window> {
    let mut windows = Vec::new();
    let mut start = window.start;
    while start < window.end {
        let end = grain.next(start, Tz::UTC).map_or(window.end, |end| end.min(window.end));
        windows.push(Window { start, end });
        start = end;
    }
    windows
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeZone;

    #[test]
    fn slots_are_filled() {
        let day = |day| chrono::Utc.with_ymd_and_hms(2024, 9, day, 22, 0, 0).unwrap();
        let stamp = BatchTemplate::new(
            &format!("from {} to {}, {}", Slot::StartTime, Slot::EndDate, Slot::Name),
            chrono_tz::Europe::Paris,
        );
        assert_eq!(
            stamp.fill(&Window { start: day(1), end: day(2) }, "2024-09-02"),
            "from 2024-09-01 22:00:00 to 2024-09-03, 2024_09_02"
        );
    }

    #[test]
    fn type_checks_are_removed_by_default() {
        let text =
            format!("t >= {}{} and c{} or x", Slot::StartDate, Slot::TypeCheck, Slot::TypeCheckEnd);
        let start = chrono::Utc.with_ymd_and_hms(2024, 9, 1, 0, 0, 0).unwrap();
        let window = Window { start, end: start };
        assert_eq!(BatchTemplate::new(&text, Tz::UTC).fill(&window, ""), "t >= 2024-09-01 or x");
        assert_eq!(
            BatchTemplate::with_type_checks(&text, Tz::UTC).fill(&window, ""),
            "t >= 2024-09-01 and c or x"
        );
    }

    #[test]
    fn a_time_is_written_in_its_format() {
        let at = |day| chrono::Utc.with_ymd_and_hms(2024, 9, day, 22, 0, 0).unwrap();
        let text = format!(
            "{}%Y/%m/%d{} to {}%H%d{}.",
            Slot::StartLocalFormat,
            Slot::FormatEnd,
            Slot::EndFormat,
            Slot::FormatEnd
        );
        let stamp = BatchTemplate::new(&text, chrono_tz::Europe::Paris);
        assert_eq!(stamp.fill(&Window { start: at(1), end: at(2) }, ""), "2024/09/02 to 2202.");
    }

    #[test]
    fn a_part_is_repeated_for_each_batch() {
        let day = |day| chrono::Utc.with_ymd_and_hms(2024, 9, day, 0, 0, 0).unwrap();
        let text = format!(
            "{}{}: {}{}; {} until {}",
            Slot::EachBatch,
            Slot::Label,
            Slot::StartDay,
            Slot::Between,
            Slot::EachEnd,
            Slot::EndDate
        );
        let batches = [1, 2]
            .map(|start| (Window { start: day(start), end: day(start + 1) }, format!("b{start}")));
        let filled = BatchTemplate::new(&text, Tz::UTC)
            .fill_range(&Window { start: day(1), end: day(3) }, &batches);
        assert_eq!(filled, "b1: 20240901; b2: 20240902 until 2024-09-03");
    }

    #[test]
    fn a_part_is_repeated_for_each_day_of_the_window() {
        let day = |day| chrono::Utc.with_ymd_and_hms(2024, 9, day, 0, 0, 0).unwrap();
        let text = format!(
            "{}: {}drop {};{} of {}",
            Slot::Label,
            Slot::EachDay,
            Slot::StartDay,
            Slot::EachEnd,
            Slot::EndDate
        );
        let stamp = BatchTemplate::new(&text, Tz::UTC);
        assert_eq!(
            stamp.fill(&Window { start: day(1), end: day(3) }, "x"),
            "x: drop 20240901;drop 20240902; of 2024-09-03"
        );
    }
}
