//! The calendar of a model: the batches of the plan, and every other batch from `begin` until now.
//! Takes whether a run has finished a window; returns cells, oldest first, without overlap.

use chrono_tz::Tz;

use super::state::BatchState;
use crate::calendar::{Grain, Instant, Window};

/// One batch, with or without a file in the plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    pub window: Window,
    pub state: BatchState,
}

/// The batches of the plan, and the batches between them. `batches` must be sorted; `is_finished`
/// returns whether a run of any plan has finished the batch of a window.
pub fn cells(
    grain: Grain,
    zone: Tz,
    begin: Instant,
    now: Instant,
    batches: &[Cell],
    is_finished: &dyn Fn(Window) -> bool,
) -> Vec<Cell> {
    let mut cells = batches.to_vec();
    let mut start = grain.floor(begin, zone);
    while start <= now {
        let Some(end) = grain.next(start, zone) else { break };
        let first_after = batches.partition_point(|cell| cell.window.end <= start);
        let planned = batches.get(first_after).is_some_and(|cell| cell.window.start < end);
        if !planned {
            let window = Window { start, end };
            let state = if is_finished(window) { BatchState::Earlier } else { BatchState::Missing };
            cells.push(Cell { window, state });
        }
        start = end;
    }
    cells.sort_by_key(|cell| cell.window);
    cells
}

/// Run-length encodes the windows: `[start, length, count]` for adjacent windows of one length, in
/// seconds since 1970.
pub fn runs(cells: &[Cell]) -> Vec<[i64; 3]> {
    let mut runs: Vec<[i64; 3]> = Vec::new();
    for Cell { window, .. } in cells {
        let (start, length) = (window.start.timestamp(), (window.end - window.start).num_seconds());
        match runs.last_mut() {
            Some([first, same, count]) if *same == length && *first + length * *count == start => {
                *count += 1
            }
            _ => runs.push([start, length, 1]),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;
    use chrono::Utc;

    use super::*;

    fn day(number: u32) -> Instant {
        Utc.with_ymd_and_hms(2024, 3, number, 0, 0, 0).unwrap()
    }

    #[test]
    fn batches_that_are_not_in_the_plan_are_done_before_or_missing() {
        let window = |first, last| Window { start: day(first), end: day(last) };
        let plan = [
            Cell { window: window(3, 4), state: BatchState::Failed },
            Cell { window: window(6, 8), state: BatchState::Planned },
        ];
        let is_finished = |other| [window(1, 2), window(4, 5)].contains(&other);
        let cells = cells(Grain::Day, Tz::UTC, day(1), day(9), &plan, &is_finished);
        let labels: String = cells
            .iter()
            .map(|cell| format!("{}{} ", cell.window.start.format("%d"), cell.state.letter()))
            .collect();
        assert_eq!(labels, "01e 02m 03f 04e 05m 06p 08m 09m ");
        assert_eq!(runs(&cells).iter().map(|run| run[2]).collect::<Vec<_>>(), [5, 1, 2]);
    }

    #[test]
    fn a_day_of_23_hours_is_a_separate_run() {
        let paris = chrono_tz::Europe::Paris;
        let cells = cells(
            Grain::Day,
            paris,
            day(30),
            Utc.with_ymd_and_hms(2024, 4, 2, 0, 0, 0).unwrap(),
            &[],
            &|_| false,
        );
        assert_eq!(
            runs(&cells).iter().map(|run| (run[1] / 3600, run[2])).collect::<Vec<_>>(),
            [(24, 1), (23, 1), (24, 2)]
        );
    }
}
