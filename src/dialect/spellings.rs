//! The texts that represent a window in statements, for the comparison of statements.

use chrono_tz::Tz;

use super::batch_template::BatchTemplate;
use super::slot::Slot;
use crate::calendar::Window;

/// The name that replaces the value of each slot. Each slot has its own name, so different
/// spellings stay different.
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

/// Each spelling of the window with its name. For equal spellings the first name applies.
pub fn spellings(window: &Window, label: &str, timezone: Tz) -> Vec<(String, &'static str)> {
    let spelled = |slot: Slot| BatchTemplate::new(&slot.to_string(), timezone).fill(window, label);
    let label = [(Slot::Name, "<batch_name>"), (Slot::Label, "<batch>")];
    NAMES.into_iter().chain(label).map(|(slot, name)| (spelled(slot), name)).collect()
}
