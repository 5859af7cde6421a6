//! The finished batches of models, from the rows of a ledger or a journal. After a full refresh,
//! only its batches count, as soon as it is swapped in; the batches of a staged backfill count once
//! it is published, until that is undone.

use std::collections::BTreeMap;

use chrono_tz::Tz;

use super::Sha256;
use super::manifest::ModelEntry;
use crate::calendar::{Grain, Instant, Window};
use crate::codegen::ledger::RowKind;

/// The time after which a batch of the window is not rewritten by the lookback any more.
pub fn settled_after(window: Window, lookback: u32, batch_size: Grain, timezone: Tz) -> Instant {
    finished_since(window, lookback, batch_size, timezone, Instant::MAX_UTC)
}

/// The time since which a batch of the window must have been written to count as finished at `now`:
/// the end of the window, and then the start of each later window in which the lookback rewrites
/// it. An open window must have been written since its start.
pub fn finished_since(
    window: Window,
    lookback: u32,
    batch_size: Grain,
    timezone: Tz,
    now: Instant,
) -> Instant {
    let (mut since, mut end) = (window.start, window.end);
    for _ in 0..lookback.max(1) {
        if end > now {
            break;
        }
        since = end;
        end = batch_size.next(end, timezone).unwrap_or(end);
    }
    since
}

/// A row of a ledger or a journal about a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FinishedRow {
    /// The engine's or the journal's clock.
    pub at: Instant,
    pub kind: RowKind,
    /// `None` for a build, and for an undo of all publications.
    pub window: Option<Window>,
    /// The hash of the statement, if it is known.
    pub statement: Option<Sha256>,
}

/// A model and its table. The batches of another table, such as that of another target, do not
/// count.
pub type ModelTable = (String, String);

/// The table of a model of a plan.
pub fn table_of(model: &ModelEntry) -> ModelTable {
    (model.unique_id.clone(), model.relation.clone())
}

/// Collects rows in any order.
#[derive(Default)]
pub struct FinishedRows {
    rows: BTreeMap<ModelTable, Vec<FinishedRow>>,
    /// The number of rows of an unknown table.
    unknown: usize,
}

impl FinishedRows {
    /// Adds a row of a model's table; an empty `table` is unknown, and its rows do not count.
    pub fn add(&mut self, model: &str, table: &str, row: FinishedRow) {
        if table.is_empty() {
            self.unknown += 1;
            return;
        }
        self.rows.entry((model.to_string(), table.to_string())).or_default().push(row);
    }

    /// The finished batches of each model.
    pub fn finish(self) -> FinishedBatches {
        let of_table =
            |(table, rows): (ModelTable, Vec<FinishedRow>)| (table, ModelBatches::of(rows));
        FinishedBatches {
            tables: self.rows.into_iter().map(of_table).collect(),
            unknown: self.unknown,
        }
    }
}

/// The finished batches of each model's table.
#[derive(Clone, Debug, Default)]
pub struct FinishedBatches {
    tables: BTreeMap<ModelTable, ModelBatches>,
    /// The number of rows that do not count, since their table is unknown: an earlier version
    /// wrote them.
    pub unknown: usize,
}

/// Values of windows of different lengths, which may overlap.
#[derive(Clone, Debug)]
struct ByWindow<V> {
    values: BTreeMap<Window, V>,
    /// The length of the longest window.
    longest: chrono::TimeDelta,
}

impl<V> Default for ByWindow<V> {
    fn default() -> ByWindow<V> {
        ByWindow { values: BTreeMap::new(), longest: chrono::TimeDelta::zero() }
    }
}

impl<V> ByWindow<V> {
    /// The value of a window, inserted if it is missing.
    fn entry(&mut self, window: Window, value: V) -> &mut V {
        self.longest = self.longest.max(window.end - window.start);
        self.values.entry(window).or_insert(value)
    }

    /// The windows that overlap another one, in the order of their start.
    fn overlapping(&self, window: Window) -> impl Iterator<Item = (Window, &V)> {
        let first = window.start - self.longest;
        let range =
            Window { start: first, end: first }..Window { start: window.end, end: window.end };
        let values = self.values.range(range).map(|(other, value)| (*other, value));
        values.filter(move |(other, _)| other.end > window.start)
    }
}

/// The newest row of each window: when it was written, and its statement.
type ModelBatches = ByWindow<(Instant, Option<Sha256>)>;

impl ModelBatches {
    fn of(mut rows: Vec<FinishedRow>) -> ModelBatches {
        rows.sort_unstable();
        let newest = |kind: RowKind| rows.iter().rev().find(|row| row.kind == kind);
        let swap = newest(RowKind::Swap);
        let overlaps = |one: Option<Window>, other: Option<Window>| {
            let windows = one.zip(other);
            windows.is_none_or(|(one, other)| one.start < other.end && other.start < one.end)
        };
        let is_undone = |row: &FinishedRow| {
            let mut undone = rows.iter().filter(|undo| undo.kind == RowKind::Undo);
            undone.any(|undo| undo.at >= row.at && overlaps(undo.window, row.window))
        };
        let is_published = |row: &&FinishedRow| row.kind == RowKind::Publish && !is_undone(row);
        let published: Vec<&FinishedRow> = rows.iter().filter(is_published).collect();
        let is_in = |window: Window, other: &FinishedRow| {
            other.window.is_some_and(|outer| outer.start <= window.start && window.end <= outer.end)
        };
        let publication = |window: Window| {
            let newest = published.iter().rev().find(|publish| is_in(window, publish)).copied();
            newest.filter(|publish| swap.is_none_or(|swap| swap.at < publish.at))
        };
        let staged = rows.iter().filter(|row| row.kind == RowKind::Staged);
        let mut replaced: ByWindow<Instant> = ByWindow::default();
        for window in staged.filter_map(|row| row.window) {
            if let Some(publish) = publication(window) {
                replaced.entry(window, publish.at);
            }
        }
        let mut batches = ModelBatches::default();
        for row in &rows {
            let Some(window) = row.window else { continue };
            let container = match row.kind {
                RowKind::Batch if swap.is_none_or(|swap| row.at >= swap.at) => {
                    for left in parts_left(window, row.at, &replaced) {
                        let statement = row.statement.filter(|_| left == window);
                        batches.add(left, row.at, statement);
                    }
                    continue;
                }
                RowKind::Rebuild => swap.filter(|swap| is_in(window, swap)),
                RowKind::Staged => publication(window),
                _ => None,
            };
            // A row that is newer than its container belongs to a refresh or a backfill that has
            // not ended: the table still has an older batch, of an unknown statement.
            match container {
                Some(container) if row.at <= container.at => {
                    batches.add(window, row.at, row.statement)
                }
                Some(container) => batches.add(window, container.at, None),
                None => {}
            }
        }
        batches
    }

    fn add(&mut self, window: Window, at: Instant, statement: Option<Sha256>) {
        let newest = self.entry(window, (at, statement));
        if newest.0 <= at {
            *newest = (at, statement);
        }
    }
}

/// The parts of a window whose rows are still those of a batch that was written at `at`.
/// `replaced`: the windows whose rows a publication has replaced, with its time.
fn parts_left(window: Window, at: Instant, replaced: &ByWindow<Instant>) -> Vec<Window> {
    let mut left = Vec::new();
    let mut start = window.start;
    for (other, _) in replaced.overlapping(window).filter(|(_, published)| **published >= at) {
        if other.start > start {
            left.push(Window { start, end: other.start });
        }
        start = start.max(other.end);
    }
    if start < window.end {
        left.push(Window { start, end: window.end });
    }
    left
}

impl FinishedBatches {
    /// Whether batches that were written at `since` or later cover the window.
    pub fn covers(&self, table: &ModelTable, window: Window, since: Instant) -> bool {
        let Some(batches) = self.tables.get(table) else { return false };
        if batches.values.get(&window).is_some_and(|(at, _)| *at >= since) {
            return true;
        }
        let mut covered = window.start;
        for (other, (at, _)) in batches.overlapping(window) {
            if other.start > covered {
                break;
            }
            if *at >= since {
                covered = covered.max(other.end);
            }
        }
        covered >= window.end
    }

    /// When the newest batch that overlaps the window was written.
    pub fn newest(&self, table: &ModelTable, window: Window) -> Option<Instant> {
        self.tables.get(table)?.overlapping(window).map(|(_, (at, _))| *at).max()
    }

    /// Whether the newest batch of exactly this window was written by the statement.
    pub fn is_written_by(&self, table: &ModelTable, window: Window, statement: Sha256) -> bool {
        let Some(batches) = self.tables.get(table) else { return false };
        batches.values.get(&window).is_some_and(|(at, hash)| {
            let mut others = batches.overlapping(window).filter(|(other, _)| *other != window);
            *hash == Some(statement) && !others.any(|(_, (later, _))| later > at)
        })
    }

    /// The windows of a table, in chronological order.
    pub fn windows(&self, table: &ModelTable) -> impl Iterator<Item = Window> + '_ {
        self.tables.get(table).into_iter().flat_map(|batches| batches.values.keys().copied())
    }

    /// The number of finished windows.
    pub fn count(&self) -> usize {
        self.tables.values().map(|batches| batches.values.len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeZone;

    fn day(day: u32) -> Instant {
        chrono::Utc.with_ymd_and_hms(2024, 9, day, 0, 0, 0).unwrap()
    }

    fn days(start: u32, end: u32) -> Window {
        Window { start: day(start), end: day(end) }
    }

    fn row(kind: RowKind, window: Window, at: u32) -> FinishedRow {
        let statement = Some(Sha256::of(kind.as_str().as_bytes()));
        FinishedRow { at: day(at), kind, window: Some(window), statement }
    }

    fn table() -> ModelTable {
        ("m".to_string(), "t".to_string())
    }

    fn batches(rows: &[FinishedRow]) -> FinishedBatches {
        let mut all = FinishedRows::default();
        rows.iter().for_each(|row| all.add("m", "t", *row));
        all.finish()
    }

    fn covered(rows: &[FinishedRow]) -> Vec<u32> {
        let batches = batches(rows);
        (1..9).filter(|at| batches.covers(&table(), days(*at, at + 1), day(1))).collect()
    }

    #[test]
    fn a_batch_must_be_written_again_while_the_lookback_rewrites_it() {
        let since =
            |lookback, now| finished_since(days(2, 3), lookback, Grain::Day, Tz::UTC, day(now));
        assert_eq!([since(1, 2), since(1, 3), since(1, 9)], [day(2), day(3), day(3)]);
        assert_eq!([since(3, 3), since(3, 4), since(3, 5), since(3, 9)], [3, 4, 5, 5].map(day));
        for lookback in 0..4 {
            let settled = settled_after(days(2, 3), lookback, Grain::Day, Tz::UTC);
            assert_eq!(since(lookback, 9), settled);
        }
    }

    #[test]
    fn batches_of_other_sizes_cover_a_window_together() {
        let rows = [row(RowKind::Batch, days(1, 5), 10), row(RowKind::Batch, days(5, 6), 20)];
        assert_eq!(covered(&rows), [1, 2, 3, 4, 5]);
        let batches = batches(&rows);
        assert!(batches.covers(&table(), days(2, 6), day(10)));
        assert!(!batches.covers(&table(), days(2, 6), day(11)), "a part is older");
        assert!(!batches.covers(&table(), days(5, 7), day(1)));
        let other = |model: &str, table: &str| (model.to_string(), table.to_string());
        assert!(!batches.covers(&other("M", "t"), days(5, 6), day(1)), "another model");
        assert!(!batches.covers(&other("m", "u"), days(5, 6), day(1)), "another table");
    }

    #[test]
    fn the_batches_of_a_refresh_count_from_the_swap_on() {
        let mut rows =
            vec![row(RowKind::Batch, days(1, 2), 10), row(RowKind::Batch, days(7, 8), 10)];
        rows.extend([row(RowKind::Rebuild, days(1, 2), 11), row(RowKind::Rebuild, days(2, 3), 11)]);
        assert_eq!(covered(&rows), [1, 7], "without a swap");
        rows.push(row(RowKind::Swap, days(1, 3), 12));
        assert_eq!(covered(&rows), [1, 2], "the swap removes the rows of other windows");
        let hash = |kind: RowKind| Sha256::of(kind.as_str().as_bytes());
        assert!(batches(&rows).is_written_by(&table(), days(1, 2), hash(RowKind::Rebuild)));
        rows.push(row(RowKind::Rebuild, days(1, 2), 13));
        assert_eq!(covered(&rows), [1, 2], "a refresh that has not ended");
        rows.push(row(RowKind::Batch, days(7, 8), 14));
        assert_eq!(covered(&rows), [1, 2, 7]);
    }

    #[test]
    fn staged_batches_count_while_they_are_published() {
        let mut rows =
            vec![row(RowKind::Batch, days(1, 2), 10), row(RowKind::Staged, days(2, 3), 11)];
        assert_eq!(covered(&rows), [1]);
        rows.push(row(RowKind::Publish, days(2, 3), 12));
        assert_eq!(covered(&rows), [1, 2]);
        rows.push(row(RowKind::Undo, days(2, 3), 13));
        assert_eq!(covered(&rows), [1]);
        rows.extend([row(RowKind::Staged, days(4, 5), 9), row(RowKind::Publish, days(4, 5), 10)]);
        assert_eq!(covered(&rows), [1, 4], "the undo is of another publication");
        rows.push(FinishedRow { window: None, ..row(RowKind::Undo, days(2, 3), 14) });
        assert_eq!(covered(&rows), [1], "an undo without a range is of all");
    }

    #[test]
    fn a_publication_replaces_what_was_written_after_its_staged_rows() {
        let mut rows = vec![
            row(RowKind::Staged, days(2, 3), 9),
            row(RowKind::Staged, days(3, 4), 9),
            row(RowKind::Batch, days(1, 5), 10),
        ];
        let since = |rows: &[FinishedRow], day_of: u32, since: u32| {
            batches(rows).covers(&table(), days(day_of, day_of + 1), day(since))
        };
        assert!(since(&rows, 2, 10), "not published");
        rows.push(row(RowKind::Publish, days(2, 4), 11));
        assert_eq!([1, 2, 3, 4].map(|of| since(&rows, of, 10)), [true, false, false, true]);
        assert_eq!([1, 2, 3, 4].map(|of| since(&rows, of, 9)), [true; 4]);
        rows.push(row(RowKind::Batch, days(2, 3), 12));
        assert_eq!([2, 3].map(|of| since(&rows, of, 10)), [true, false]);
        rows.push(row(RowKind::Undo, days(2, 4), 13));
        assert!(since(&rows, 3, 10), "the undo puts the rows back");
    }

    #[test]
    fn the_newest_row_has_the_statement() {
        let old = Sha256::of(b"old");
        let first = FinishedRow { statement: Some(old), ..row(RowKind::Batch, days(1, 2), 10) };
        let batch = Sha256::of(b"batch");
        let both = batches(&[row(RowKind::Batch, days(1, 2), 11), first]);
        assert!(both.is_written_by(&table(), days(1, 2), batch));
        assert!(!both.is_written_by(&table(), days(1, 2), old));
        let larger = batches(&[first, row(RowKind::Batch, days(1, 5), 11)]);
        assert!(
            !larger.is_written_by(&table(), days(1, 2), old),
            "a larger batch was written later"
        );
    }
}
