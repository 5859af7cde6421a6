//! The closing table of a compile: one row per model, and one per chunk.

use crate::calendar::Grain;
use crate::diagnostics::counted;
use crate::window::{Cover, Span};

/// The minimum space between two columns.
const GAP: usize = 2;
/// A model with more chunks shows only the first and the last ones.
const MAX_CHUNKS: usize = 24;
const REMARK_INDENT: &str = "  ";

/// One model in the table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReportRow {
    pub model: String,
    /// The strategy of the manifest, which [`render_table`] shortens.
    pub strategy: String,
    /// Whether a batch is written atomically.
    pub atomic: bool,
    pub batches: Option<BatchRange>,
    /// The label of each chunk, with its batches.
    pub chunks: Vec<(String, BatchRange)>,
    /// The effect of a full refresh or a staged backfill.
    pub refresh: Option<&'static str>,
    pub warnings: usize,
    /// The findings of `check`, without notes.
    pub findings: usize,
    /// Whether the first batch starts after the model's `begin`.
    pub starts_after_begin: bool,
}

/// Successive batches.
#[derive(Clone, Debug, PartialEq)]
pub struct BatchRange {
    pub count: usize,
    /// The size of each batch, if all have one.
    pub size: Option<Grain>,
    /// The label of the first batch.
    pub first: String,
    pub last: String,
}

impl BatchRange {
    /// All batches of a model.
    pub fn of(cover: &Cover) -> BatchRange {
        let (first, last) = cover.ends();
        let (size, zone) = (cover.naming.batch_size, cover.naming.timezone);
        let is_full = |span: &Span| size.is_period(span.window, zone);
        BatchRange {
            count: cover.windows.len(),
            size: (is_full(&first) && is_full(&last)).then_some(size),
            first: first.label,
            last: last.label,
        }
    }

    /// The batches by chunk, oldest first.
    pub fn of_chunks(cover: &Cover) -> Vec<(String, BatchRange)> {
        let (size, zone) = (cover.naming.batch_size, cover.naming.timezone);
        let mut chunks: Vec<(String, BatchRange)> = Vec::new();
        for span in cover.spans() {
            let Some(chunk) = span.chunk else { return chunks };
            let size = size.is_period(span.window, zone).then_some(size);
            match chunks.last_mut().filter(|(label, _)| *label == chunk) {
                Some((_, range)) => {
                    range.count += 1;
                    range.size = range.size.and(size);
                    range.last = span.label;
                }
                None => {
                    let (first, last) = (span.label.clone(), span.label);
                    chunks.push((chunk, BatchRange { count: 1, size, first, last }));
                }
            }
        }
        chunks
    }

    /// `3 days`, or `3 batches` if their sizes differ.
    fn amount(&self) -> String {
        let unit = self.size.map_or("batch", Grain::as_str);
        match (self.count, unit) {
            (1, _) => format!("1 {unit}"),
            (count, "batch") => format!("{count} batches"),
            (count, _) => format!("{count} {unit}s"),
        }
    }

    /// The labels of the first and the last batch. `is_short` omits the part that the last label
    /// repeats: `2024-09-01…03`.
    fn labels(&self, is_short: bool) -> String {
        let (first, last) = (&self.first, &self.last);
        if first == last {
            return first.clone();
        }
        if !is_short || first.len() != last.len() || first.contains('_') {
            return format!("{first} … {last}");
        }
        let common = first.bytes().zip(last.bytes()).take_while(|(one, other)| one == other);
        let common = &last[..common.count()];
        let rest = &last[common.rfind(['-', 'T']).map_or(0, |at| at + 1)..];
        format!("{first}…{rest}")
    }
}

/// The rows as a table of at most `width` columns, if the names of models allow it. In a narrow
/// table labels are shortened, and remarks are on the line below their row.
pub fn render_table(rows: &[ReportRow], width: usize) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let forms = [(false, false), (true, false), (false, true), (true, true)];
    let drawn = forms.into_iter().map(|(is_short, is_below)| {
        let lines = lines(rows, is_short);
        (draw(&lines, is_below, usize::MAX), is_below, lines)
    });
    let mut narrowest = String::new();
    for (text, is_below, lines) in drawn {
        let widest = text.lines().map(length).max().unwrap_or_default();
        if widest <= width {
            return text;
        }
        if is_below {
            let names = lines.iter().map(|line| length(&line.cells[0])).max().unwrap_or_default();
            let others = names_excluded(&lines);
            narrowest = draw(&lines, is_below, width.saturating_sub(others).max(12).min(names));
        }
    }
    narrowest
}

/// One line of the table.
struct Line {
    /// Model, strategy, batches, labels.
    cells: [String; 4],
    remarks: String,
}

fn lines(rows: &[ReportRow], is_short: bool) -> Vec<Line> {
    let head = ["model", "strategy", "batches", "first … last"].map(String::from);
    let mut lines = vec![Line { cells: head, remarks: "remarks".to_string() }];
    for row in rows {
        let [amount, labels] = cells(row.batches.as_ref(), is_short);
        let cells_of_row = [row.model.clone(), row.short_strategy(), amount, labels];
        lines.push(Line { cells: cells_of_row, remarks: row.remarks() });
        let count = row.chunks.len();
        for (index, (chunk, range)) in row.chunks.iter().enumerate() {
            if count > MAX_CHUNKS && index == MAX_CHUNKS - 1 {
                let left_out = format!("{REMARK_INDENT}… {} more chunks", count - MAX_CHUNKS);
                lines.push(Line {
                    cells: [left_out, String::new(), String::new(), String::new()],
                    remarks: String::new(),
                });
            }
            if count <= MAX_CHUNKS || index < MAX_CHUNKS - 1 || index + 1 == count {
                let [amount, labels] = cells(Some(range), is_short);
                let name = format!("{REMARK_INDENT}{chunk}");
                lines.push(Line {
                    cells: [name, String::new(), amount, labels],
                    remarks: String::new(),
                });
            }
        }
    }
    lines
}

fn cells(range: Option<&BatchRange>, is_short: bool) -> [String; 2] {
    range.map(|range| [range.amount(), range.labels(is_short)]).unwrap_or_default()
}

impl ReportRow {
    /// The strategy without the staging method; for a microbatch model, followed by `atomic` if it
    /// is.
    fn short_strategy(&self) -> String {
        let short = self.strategy.trim_start_matches("staged, then ");
        let short = short.trim_start_matches("staged ").replace(" + ", "+");
        let short = short.trim_end_matches(" in one transaction");
        let is_atomic = self.batches.is_some() && self.atomic;
        if is_atomic { format!("{short}, atomic") } else { short.to_string() }
    }

    fn remarks(&self) -> String {
        let remark = |count: usize, noun: &str| (count > 0).then(|| counted(count, noun));
        let refresh = self.refresh.map(str::to_string);
        let remarks = [refresh, remark(self.warnings, "warning"), remark(self.findings, "finding")];
        remarks.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

/// Draws the lines; columns without content are omitted. A name that is longer than `max_name` has
/// its own line.
fn draw(lines: &[Line], is_below: bool, max_name: usize) -> String {
    let widths = widths(lines, max_name);
    let has_remarks = lines[1..].iter().any(|line| !line.remarks.is_empty());
    let mut text = String::new();
    for (index, line) in lines.iter().enumerate() {
        let mut drawn = String::new();
        for (cell, width) in line.cells.iter().zip(widths).filter(|(_, width)| *width > 0) {
            if length(cell) > width {
                text.push_str(&format!("{cell}\n"));
                drawn.push_str(&" ".repeat(width + GAP));
            } else {
                drawn.push_str(&format!("{cell:<width$}{}", " ".repeat(GAP)));
            }
        }
        if has_remarks && !is_below {
            drawn.push_str(&line.remarks);
        }
        if !drawn.trim_end().is_empty() {
            text.push_str(&format!("{}\n", drawn.trim_end()));
        }
        if is_below && index > 0 && !line.remarks.is_empty() {
            text.push_str(&format!("{REMARK_INDENT}{}\n", line.remarks));
        }
    }
    text
}

/// The width of each column; 0 for one without content.
fn widths(lines: &[Line], max_name: usize) -> [usize; 4] {
    [0, 1, 2, 3].map(|column| {
        let has_content = lines[1..].iter().any(|line| !line.cells[column].is_empty());
        let cells = lines.iter().map(|line| length(&line.cells[column]));
        let widest = cells.filter(|width| column > 0 || *width <= max_name).max();
        if has_content { widest.unwrap_or_default() } else { 0 }
    })
}

/// The width of all columns after the names.
fn names_excluded(lines: &[Line]) -> usize {
    let others = widths(lines, usize::MAX).into_iter().skip(1).filter(|width| *width > 0);
    others.map(|width| width + GAP).sum()
}

fn length(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(model: &str, range: Option<(usize, &str, &str)>) -> ReportRow {
        let batches = range.map(|(count, first, last)| BatchRange {
            count,
            size: Some(Grain::Day),
            first: first.to_string(),
            last: last.to_string(),
        });
        let strategy =
            if batches.is_some() { "delete + insert in one transaction" } else { "view" };
        ReportRow {
            model: model.into(),
            strategy: strategy.into(),
            atomic: true,
            batches,
            ..ReportRow::default()
        }
    }

    #[test]
    fn columns_are_aligned_and_empty_ones_are_omitted() {
        assert_eq!(
            render_table(&[row("a", None), row("long_name", None)], 80),
            "model      strategy\na          view\nlong_name  view\n"
        );
    }

    #[test]
    fn remarks_move_below_their_row_before_names_do() {
        let range = Some((3, "2024-09-01", "2024-09-03"));
        let rows =
            [ReportRow { warnings: 1, findings: 2, ..row("orders", range) }, row("users", None)];
        assert_eq!(
            render_table(&rows, 80),
            "model   strategy               batches  first … last   remarks\n\
             orders  delete+insert, atomic  3 days   2024-09-01…03  1 warning, 2 findings\n\
             users   view\n"
        );
        assert_eq!(
            render_table(&rows, 64),
            "model   strategy               batches  first … last\n\
             orders  delete+insert, atomic  3 days   2024-09-01 … 2024-09-03\n\
             \u{20} 1 warning, 2 findings\n\
             users   view\n"
        );
        let long = row("a_model_with_a_very_long_name_of_fifty_characters_", range);
        assert_eq!(
            render_table(&[rows[0].clone(), long], 60),
            "model   strategy               batches  first … last\n\
             orders  delete+insert, atomic  3 days   2024-09-01…03\n\
             \u{20} 1 warning, 2 findings\n\
             a_model_with_a_very_long_name_of_fifty_characters_\n\
             \u{20}       delete+insert, atomic  3 days   2024-09-01…03\n"
        );
    }

    #[test]
    fn labels_omit_repeated_parts() {
        let labels = |first: &str, last: &str| {
            let range = BatchRange { count: 2, size: None, first: first.into(), last: last.into() };
            range.labels(true)
        };
        assert_eq!(labels("2024-09-01T00", "2024-09-03T23"), "2024-09-01T00…03T23");
        assert_eq!(labels("2024-09-01T00", "2024-09-01T23"), "2024-09-01T00…23");
        assert_eq!(labels("2024-12-31", "2025-01-02"), "2024-12-31…2025-01-02");
        assert_eq!(labels("2023", "2024"), "2023…2024");
        assert_eq!(labels("2024-09-05_2024-10-01", "2024-10"), "2024-09-05_2024-10-01 … 2024-10");
    }

    #[test]
    fn many_chunks_are_counted() {
        let range = |label: &str| BatchRange {
            count: 30,
            size: Some(Grain::Day),
            first: label.into(),
            last: label.into(),
        };
        let chunks = (0..40).map(|year| format!("{}", 1990 + year));
        let chunks = chunks.map(|label| (label.clone(), range(&label))).collect();
        let text =
            render_table(&[ReportRow { chunks, ..row("m", Some((1200, "1990", "2029"))) }], 80);
        assert_eq!(text.lines().count(), 1 + 1 + 24 + 1);
        assert!(text.contains("\n  … 16 more chunks\n  2029"), "{text}");
    }
}
