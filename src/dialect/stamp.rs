//! A statement with holes for the window, and the filling of them. Only the window differs between the batches of a model, so
//! a statement is rendered once with a slot (one private-use character) at each place of it, and stamped for each batch.

use chrono_tz::Tz;

use crate::calendar::{Instant, Window};
use crate::diagnostics::Diagnostic;

/// A place in a statement that differs from batch to batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
}

const SLOTS: [Slot; 8] =
    [Slot::StartDate, Slot::EndDate, Slot::StartTime, Slot::EndTime, Slot::StartEpoch, Slot::EndEpoch, Slot::Label, Slot::Name];
const FIRST: u32 = 0xF_1000;

impl std::fmt::Display for Slot {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let char = char::from_u32(FIRST + *self as u32).expect("all of plane 15 are characters");
        write!(out, "{char}")
    }
}

/// A text with slots.
#[derive(Clone, Debug, PartialEq)]
pub struct Stamp {
    /// Text, then a slot, then text …: a slot after each but the last.
    texts: Vec<String>,
    slots: Vec<Slot>,
    timezone: Tz,
}

impl Stamp {
    /// Cuts the text at its slots. Dates are those of `timezone`.
    pub fn new(text: &str, timezone: Tz) -> Stamp {
        let mut stamp = Stamp { texts: vec![String::new()], slots: Vec::new(), timezone };
        for char in text.chars() {
            match slot(char) {
                Some(slot) => {
                    stamp.slots.push(slot);
                    stamp.texts.push(String::new());
                }
                None => stamp.texts.last_mut().expect("it begins with one text").push(char),
            }
        }
        stamp
    }

    /// The text for one window.
    pub fn fill(&self, window: &Window, label: &str) -> String {
        let mut filled = String::with_capacity(self.texts.iter().map(String::len).sum::<usize>() + 20 * self.slots.len());
        let values: [String; SLOTS.len()] = [
            self.date(window.start),
            self.date(window.end),
            time(window.start),
            time(window.end),
            window.start.timestamp().to_string(),
            window.end.timestamp().to_string(),
            label.to_string(),
            label.chars().map(|char| if char.is_ascii_alphanumeric() { char } else { '_' }).collect(),
        ];
        for (text, slot) in self.texts.iter().zip(&self.slots) {
            filled.push_str(text);
            filled.push_str(&values[*slot as usize]);
        }
        filled.push_str(self.texts.last().map(String::as_str).unwrap_or_default());
        filled
    }

    fn date(&self, at: Instant) -> String {
        at.with_timezone(&self.timezone).format("%Y-%m-%d").to_string()
    }
}

/// Refuses a text of the author's that holds a character which means a slot here.
pub fn refuse_slots(text: &str) -> Result<(), Diagnostic> {
    match text.chars().find(|char| slot(*char).is_some()) {
        Some(char) => Err(Diagnostic::error(format!(
            "the query holds the private-use character U+{:X}, which batchwright keeps for itself",
            char as u32
        ))
        .hint("write it as an escape of the engine's instead")),
        None => Ok(()),
    }
}

fn slot(char: char) -> Option<Slot> {
    SLOTS.get((char as u32).checked_sub(FIRST)? as usize).copied()
}

fn time(at: Instant) -> String {
    at.format("%Y-%m-%d %H:%M:%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeZone;

    #[test]
    fn slots_are_filled() {
        let day = |day| chrono::Utc.with_ymd_and_hms(2024, 9, day, 22, 0, 0).unwrap();
        let stamp = Stamp::new(&format!("from {} to {}, {}", Slot::StartTime, Slot::EndDate, Slot::Name), chrono_tz::Europe::Paris);
        assert_eq!(stamp.fill(&Window { start: day(1), end: day(2) }, "2024-09-02"), "from 2024-09-01 22:00:00 to 2024-09-03, 2024_09_02");
    }
}
