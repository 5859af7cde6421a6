//! The parts of a statement that differ from batch to batch. In the text of a statement a slot is
//! one private-use character.

use std::fmt;

use super::ledger_text;
use crate::calendar::Grain;
use crate::diagnostics::Diagnostic;

/// Defines the slots once, as an enum and as a list in the same order.
macro_rules! slots {
    ($($(#[$doc:meta])* $slot:ident,)*) => {
        /// A part of a statement that differs from batch to batch.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Slot {
            $($(#[$doc])* $slot,)*
        }

        /// All slots in the order of their characters.
        pub(super) const SLOTS: &[Slot] = &[$(Slot::$slot,)*];
    };
}

slots! {
    /// `2024-09-01`, in the model's time zone.
    StartDate,
    EndDate,
    /// `2024-09-01 00:00:00`, UTC.
    StartTime,
    EndTime,
    /// Whole seconds since 1970.
    StartEpoch,
    EndEpoch,
    /// The label of the batch: `2024-09-01T05`.
    Label,
    /// The label as a part of a name: `2024_09_01T05`.
    Name,
    /// `20240901`, UTC. Engines name partitions by days, months, hours and years.
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
    /// The text up to `FormatEnd` is a `strftime` format. The time is written in it, in UTC or in
    /// the model's time zone.
    StartFormat,
    EndFormat,
    StartLocalFormat,
    EndLocalFormat,
    FormatEnd,
    /// The text up to `EachEnd` is repeated for each hour, day, month or year of the window, with
    /// that hour, day, month or year as its window.
    EachHour,
    EachDay,
    EachMonth,
    EachYear,
    EachEnd,
    /// The text up to `EachEnd` is repeated for each batch of a list, with the window and the
    /// label of that batch. The text after `Between` separates the repetitions.
    EachBatch,
    Between,
    /// The text up to `TypeCheckEnd` is a condition that the engine rejects for a column of another
    /// type. Only `BatchTemplate::with_type_checks` includes it.
    TypeCheck,
    TypeCheckEnd,
}

const FIRST: u32 = 0xF_1000;
/// The first slot in UTF-8. All slots begin with its first byte and have its length.
pub(super) const BYTES: [u8; 4] = [0xF3, 0xB1, 0x80, 0x80];

impl fmt::Display for Slot {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let char = char::from_u32(FIRST + *self as u32).expect("all of plane 15 are characters");
        write!(out, "{char}")
    }
}

pub(super) fn is_format(slot: Slot) -> bool {
    matches!(
        slot,
        Slot::StartFormat | Slot::EndFormat | Slot::StartLocalFormat | Slot::EndLocalFormat
    )
}

/// The grain for which a slot repeats its text.
pub(super) fn repeated_grain(slot: Slot) -> Option<Grain> {
    Some(match slot {
        Slot::EachHour => Grain::Hour,
        Slot::EachDay => Grain::Day,
        Slot::EachMonth => Grain::Month,
        Slot::EachYear => Grain::Year,
        _ => return None,
    })
}

/// The slot that repeats a text for each `grain` of the window.
pub fn for_each(grain: Grain) -> Slot {
    match grain {
        Grain::Hour => Slot::EachHour,
        Grain::Day => Slot::EachDay,
        Grain::Month => Slot::EachMonth,
        Grain::Year => Slot::EachYear,
    }
}

/// An error if the author's text contains a character that represents a slot or a part for the
/// ledger.
pub fn reject_slots(text: &str) -> Result<(), Diagnostic> {
    let slot = slots(text).next().map(|(_, slot)| FIRST + slot as u32);
    match slot.or_else(|| ledger_text::mark(text).map(u32::from)) {
        Some(char) => Err(Diagnostic::error(format!(
            "the query contains the private-use character U+{char:X}, which batchwright reserves"
        ))
        .hint("write it as an escape sequence of the engine")),
        None => Ok(()),
    }
}

/// The slots of a text, each with its byte offset.
pub(super) fn slots(text: &str) -> impl Iterator<Item = (usize, Slot)> {
    memchr::memchr_iter(BYTES[0], text.as_bytes()).filter_map(|at| {
        let char = text[at..].chars().next()?;
        Some((at, *SLOTS.get((char as u32).checked_sub(FIRST)? as usize)?))
    })
}
