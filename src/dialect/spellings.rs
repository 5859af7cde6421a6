//! The ways in which a window is spelled in statements: the reverse of stamping it in.

use chrono_tz::Tz;

use super::batch_template::{BatchTemplate, Slot};
use crate::calendar::Window;

/// What is told apart by a name of its own, so that no two spellings of a window are taken for each
/// other.
const NAMES: [(Slot, &str); 18] = {
    use Slot::*;
    [
        (StartTime, "<start>"),
        (EndTime, "<end>"),
        (StartDate, "<start date>"),
        (EndDate, "<end date>"),
        (StartIso, "<start iso>"),
        (EndIso, "<end iso>"),
        (StartEpoch, "<start epoch>"),
        (EndEpoch, "<end epoch>"),
        (StartHour, "<start yyyymmddhh>"),
        (EndHour, "<end yyyymmddhh>"),
        (StartDay, "<start yyyymmdd>"),
        (EndDay, "<end yyyymmdd>"),
        (StartMonth, "<start yyyymm>"),
        (EndMonth, "<end yyyymm>"),
        (StartYear, "<start yyyy>"),
        (EndYear, "<end yyyy>"),
        (StartYearMonth, "<start yyyy-mm>"),
        (EndYearMonth, "<end yyyy-mm>"),
    ]
};

/// Each spelling with a name for it. Of names with the same spelling the first one is meant.
pub fn spellings(window: &Window, label: &str, timezone: Tz) -> Vec<(String, &'static str)> {
    let spelled = |slot: Slot| BatchTemplate::new(&slot.to_string(), timezone).fill(window, label);
    let label = [(Slot::Name, "<batch_name>"), (Slot::Label, "<batch>")];
    NAMES.into_iter().chain(label).map(|(slot, name)| (spelled(slot), name)).collect()
}
