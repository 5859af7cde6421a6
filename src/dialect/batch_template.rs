//! A statement with holes for the window, and the filling of them. Only the window differs between
//! the batches of a model, so a statement is rendered once with a slot (one private-use character)
//! at each place of it, and stamped for each batch.

use std::fmt::{self, Write};
use std::ops::Range;

use chrono_tz::Tz;

use super::time_format;
use crate::calendar::{Grain, Instant, Window};
use crate::diagnostics::Diagnostic;

/// A place in a statement that differs from batch to batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Slot {
    /// `2024-09-01`, in the model's time zone.
    StartDate,
    EndDate,
    /// `2024-09-01 00:00:00`, UTC.
    StartTime,
    EndTime,
    /// Whole seconds since 1970.
    StartEpoch,
    EndEpoch,
    /// `2024-09-01T05`: what the batch is called.
    Label,
    /// The label as a part of a name: `2024_09_01T05`.
    Name,
    /// `20240901`, UTC: the days, months, hours and years by which engines name partitions.
    StartDay,
    EndDay,
    StartMonth,
    EndMonth,
    StartHour,
    EndHour,
    StartYear,
    EndYear,
    /// `2024-09-01T00:00:00`, UTC.
    StartIso,
    EndIso,
    /// `2024-09`, UTC.
    StartYearMonth,
    EndYearMonth,
    /// From here to `FormatEnd` stands a `strftime` format in which the time is written: UTC's, or
    /// the model's time zone's.
    StartFormat,
    EndFormat,
    StartLocalFormat,
    EndLocalFormat,
    FormatEnd,
    /// From here to `EachEnd` once for each hour, day, month or year of the window, which is the
    /// window there.
    EachHour,
    EachDay,
    EachMonth,
    EachYear,
    EachEnd,
    /// From here to `EachEnd` once for each batch of a list, whose window and label it is there;
    /// what stands behind `Between` comes between two of them.
    EachBatch,
    Between,
    /// From here to `TypeCheckEnd` a condition that the engine refuses for a column of the wrong
    /// type; only [`BatchTemplate::with_type_checks`] keeps it.
    TypeCheck,
    TypeCheckEnd,
}

const SLOTS: [Slot; 34] = {
    use Slot::*;
    [
        StartDate,
        EndDate,
        StartTime,
        EndTime,
        StartEpoch,
        EndEpoch,
        Label,
        Name,
        StartDay,
        EndDay,
        StartMonth,
        EndMonth,
        StartHour,
        EndHour,
        StartYear,
        EndYear,
        StartIso,
        EndIso,
        StartYearMonth,
        EndYearMonth,
        StartFormat,
        EndFormat,
        StartLocalFormat,
        EndLocalFormat,
        FormatEnd,
        EachHour,
        EachDay,
        EachMonth,
        EachYear,
        EachEnd,
        EachBatch,
        Between,
        TypeCheck,
        TypeCheckEnd,
    ]
};
const FIRST: u32 = 0xF_1000;
/// The first one in UTF-8, in which none begins with another byte or is longer.
const BYTES: [u8; 4] = [0xF3, 0xB1, 0x80, 0x80];

impl fmt::Display for Slot {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let char = char::from_u32(FIRST + *self as u32).expect("all of plane 15 are characters");
        write!(out, "{char}")
    }
}

/// A text with slots.
#[derive(Clone, Debug, PartialEq, Hash)]
pub struct BatchTemplate {
    /// Text, then a slot, then text …: a slot after each but the last.
    texts: Vec<String>,
    slots: Vec<Slot>,
    timezone: Tz,
}

impl BatchTemplate {
    /// Cuts the text at its slots and leaves out type checks. Dates are those of `timezone`.
    pub fn new(text: &str, timezone: Tz) -> BatchTemplate {
        BatchTemplate::cut(text, timezone, false)
    }

    /// The same with type checks.
    pub fn with_type_checks(text: &str, timezone: Tz) -> BatchTemplate {
        BatchTemplate::cut(text, timezone, true)
    }

    fn cut(text: &str, timezone: Tz, type_checks: bool) -> BatchTemplate {
        let mut stamp = BatchTemplate { texts: Vec::new(), slots: Vec::new(), timezone };
        let mut current = String::new();
        let mut start = 0;
        for (at, slot) in slots(text) {
            let is_kept = slot != Slot::TypeCheckEnd || type_checks;
            current.push_str(if is_kept { &text[start..at] } else { "" });
            start = at + BYTES.len();
            if !matches!(slot, Slot::TypeCheck | Slot::TypeCheckEnd) {
                stamp.texts.push(std::mem::take(&mut current));
                stamp.slots.push(slot);
            }
        }
        stamp.texts.push(current + &text[start..]);
        stamp
    }

    /// The text for one window.
    pub fn fill(&self, window: &Window, label: &str) -> String {
        let mut filled = String::with_capacity(
            self.texts.iter().map(String::len).sum::<usize>() + 20 * self.slots.len(),
        );
        self.part(0..self.texts.len() - 1, &mut Values::of(window, label), &[], &mut filled);
        filled
    }

    /// The text for a range of windows: some of it once, some of it once for each batch.
    pub fn over(&self, range: &Window, batches: &[(Window, String)]) -> String {
        let mut filled = String::new();
        self.part(0..self.texts.len() - 1, &mut Values::of(range, ""), batches, &mut filled);
        filled
    }

    /// The texts of a part, with the slots between them.
    fn part(
        &self,
        part: Range<usize>,
        values: &mut Values,
        batches: &[(Window, String)],
        filled: &mut String,
    ) {
        let Range { start: first, end: last } = part;
        let mut at = first;
        while at < last {
            filled.push_str(&self.texts[at]);
            let slot = self.slots[at];
            let end =
                || (at + 1..last).find(|end| self.slots[*end] == Slot::EachEnd).unwrap_or(last);
            match each(slot) {
                None if slot == Slot::EachBatch => {
                    let end = end();
                    let between = (at + 1..end)
                        .find(|between| self.slots[*between] == Slot::Between)
                        .unwrap_or(end);
                    for (number, (window, label)) in batches.iter().enumerate() {
                        let mut values = Values::of(window, label);
                        if number > 0 && between < end {
                            self.part(between + 1..end, &mut values, &[], filled);
                        }
                        self.part(at + 1..between, &mut values, &[], filled);
                    }
                    at = end;
                }
                None if is_format(slot) => {
                    self.formatted(slot, values.window, &self.texts[at + 1], filled)
                        .expect("a string takes all that is written to it");
                    // The format's end; the text before it is the format.
                    at += 1;
                }
                None => match values.written[slot as usize] {
                    Some((start, end)) => filled.extend_from_within(start..end),
                    None => {
                        let start = filled.len();
                        self.value(slot, values.window, values.label, filled)
                            .expect("a string takes all that is written to it");
                        values.written[slot as usize] = Some((start, filled.len()));
                    }
                },
                Some(grain) => {
                    let end = end();
                    for window in tiles(values.window, grain) {
                        self.part(at + 1..end, &mut Values::of(&window, values.label), &[], filled);
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

    /// An end of the window in a format.
    fn formatted(
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

    /// What the slot stands for.
    fn value(&self, slot: Slot, window: &Window, label: &str, out: &mut String) -> fmt::Result {
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
            // `new` leaves them out.
            Slot::TypeCheck | Slot::TypeCheckEnd => Ok(()),
            // Each of them is written with its format.
            Slot::StartFormat
            | Slot::EndFormat
            | Slot::StartLocalFormat
            | Slot::EndLocalFormat
            | Slot::FormatEnd => Ok(()),
        }
    }
}

/// What slots stand for in one window, and where in the text that is filled each was written first.
struct Values<'w> {
    window: &'w Window,
    label: &'w str,
    written: [Option<(usize, usize)>; SLOTS.len()],
}

impl<'w> Values<'w> {
    fn of(window: &'w Window, label: &'w str) -> Values<'w> {
        Values { window, label, written: [None; SLOTS.len()] }
    }
}

fn is_format(slot: Slot) -> bool {
    matches!(
        slot,
        Slot::StartFormat | Slot::EndFormat | Slot::StartLocalFormat | Slot::EndLocalFormat
    )
}

/// The grain of the windows that a slot begins to repeat for.
fn each(slot: Slot) -> Option<Grain> {
    Some(match slot {
        Slot::EachHour => Grain::Hour,
        Slot::EachDay => Grain::Day,
        Slot::EachMonth => Grain::Month,
        Slot::EachYear => Grain::Year,
        _ => return None,
    })
}

/// The slot at which a text is repeated for each `grain` of the window.
pub fn for_each(grain: Grain) -> Slot {
    match grain {
        Grain::Hour => Slot::EachHour,
        Grain::Day => Slot::EachDay,
        Grain::Month => Slot::EachMonth,
        Grain::Year => Slot::EachYear,
    }
}

/// The grains of UTC that a window is made of.
fn tiles(window: &Window, grain: Grain) -> Vec<Window> {
    let mut tiles = Vec::new();
    let mut start = window.start;
    while start < window.end {
        let end = grain.next(start, Tz::UTC).map_or(window.end, |end| end.min(window.end));
        tiles.push(Window { start, end });
        start = end;
    }
    tiles
}

/// Refuses a text of the author's that holds a character which means a slot here.
pub fn refuse_slots(text: &str) -> Result<(), Diagnostic> {
    match slots(text).next() {
        Some((_, slot)) => Err(Diagnostic::error(format!(
            "the query holds the private-use character U+{:X}, which batchwright keeps for itself",
            FIRST + slot as u32
        ))
        .hint("write it as an escape of the engine's instead")),
        None => Ok(()),
    }
}

/// The slots of a text, each with the byte at which it begins.
fn slots(text: &str) -> impl Iterator<Item = (usize, Slot)> {
    memchr::memchr_iter(BYTES[0], text.as_bytes()).filter_map(|at| {
        let char = text[at..].chars().next()?;
        Some((at, *SLOTS.get((char as u32).checked_sub(FIRST)? as usize)?))
    })
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
    fn type_checks_are_left_out_unless_wanted() {
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
        let over = BatchTemplate::new(&text, Tz::UTC)
            .over(&Window { start: day(1), end: day(3) }, &batches);
        assert_eq!(over, "b1: 20240901; b2: 20240902 until 2024-09-03");
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
