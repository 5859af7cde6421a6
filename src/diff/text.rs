//! The difference as text for a terminal: `+` added, `-` removed, `~` changed.

use super::{BatchChange, ChangeKind, Difference, FileChange, ModelChange, WindowRange};
use crate::diagnostics::{counted, printable};

/// The maximum number of batch changes that are shown per model.
pub const MAX_CHANGES: usize = 3;

/// Renders the difference, with ANSI colours if `color`; empty if the plans are equal.
pub fn text(difference: &Difference, color: bool) -> String {
    let mut lines = overview(difference);
    let facts = difference.plan.iter().map(|fact| format!("plan  {}", fact.words()));
    lines.extend(facts);
    for change in &difference.models {
        if !lines.is_empty() {
            lines.push(String::new());
        }
        model(change, &mut lines);
    }
    let paint = |line: String| {
        if color { painted(&printable(&line)) } else { printable(&line).into_owned() }
    };
    lines.into_iter().map(|line| paint(line) + "\n").collect()
}

/// The summary, and a line for each stale model.
fn overview(difference: &Difference) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    if !difference.models.is_empty() {
        lines.push(difference.summary.clone());
    }
    lines.extend(difference.stale.iter().map(|model| format!("stale  {}", model.words())));
    lines
}

fn model(model: &ModelChange, lines: &mut Vec<String>) {
    let sign = sign(model.change);
    lines.push(format!("{sign} {} {}", model.unique_id, word(model.change)));
    lines.extend(effects(model).map(|line| format!("    {line}")));
    lines.extend(facts(model).map(|fact| format!("    {fact}")));
    lines.extend(windows(model).into_iter().map(|windows| format!("    {windows}")));
    lines.extend(no_common_window(model).map(|line| format!("    {line}")));
    for change in model.changes.iter().take(MAX_CHANGES) {
        lines.push(format!("    ~ {}", heading(model, change)));
        lines.extend(indented(&change.diff));
    }
    lines.extend(more(model).map(|more| format!("    {more}")));
    for file in &model.files {
        let (sign, title) = (self::sign(file.change), title(model, file));
        lines.push(format!("    {sign} {title}"));
        // New files are not shown: they can be read in the folder.
        if file.change == ChangeKind::Changed && !same_lines(model, file) {
            lines.extend(indented(file.diff.as_deref().unwrap_or_default()));
        }
    }
}

/// The cause of a change, and its columns: `+ tax`, `- amount`.
pub fn effects(model: &ModelChange) -> impl Iterator<Item = String> {
    let columns = |sign: char, columns: &[String]| {
        columns.iter().map(move |column| format!("{sign} column {column}")).collect::<Vec<_>>()
    };
    let (added, removed) =
        (columns('+', &model.columns_added), columns('-', &model.columns_removed));
    model.cause.iter().cloned().chain(added).chain(removed).chain(model.alter.iter().cloned())
}

/// The lines of the facts of a model.
pub fn facts(model: &ModelChange) -> impl Iterator<Item = String> {
    model
        .facts
        .iter()
        .map(|fact| if model.change == ChangeKind::Added { fact.plain() } else { fact.words() })
}

/// The lines of the windows: `windows added: 2024-09-01 to 2024-09-30 (30 batches)`.
pub fn windows(model: &ModelChange) -> Vec<String> {
    let mut lines = Vec::new();
    for (what, windows) in [("added", &model.windows_added), ("removed", &model.windows_removed)] {
        let count: usize = windows.iter().map(|range| range.batches).sum();
        if count > 0 {
            lines.push(format!(
                "windows {what}: {} ({})",
                shortened(windows),
                counted(count, "batch")
            ));
        }
    }
    lines
}

/// The first ranges, and the number of the others.
fn shortened(windows: &[WindowRange]) -> String {
    const MAX_RANGES: usize = 6;
    let mut words: Vec<String> = windows.iter().take(MAX_RANGES).map(WindowRange::words).collect();
    if windows.len() > MAX_RANGES {
        words.push(format!("and {} more ranges", windows.len() - MAX_RANGES));
    }
    words.join(", ")
}

/// Whether a file has the same changed lines as most batches: so has the create step, which
/// contains their query.
pub fn same_lines(model: &ModelChange, file: &FileChange) -> bool {
    let lines = |diff: &str| {
        diff.lines()
            .filter(|line| line.starts_with(['+', '-']))
            .map(str::to_string)
            .collect::<Vec<_>>()
    };
    let (Some(change), Some(diff)) = (model.changes.first(), &file.diff) else { return false };
    file.change == ChangeKind::Changed && lines(&change.diff) == lines(diff)
}

/// The title of a file: `int__sessions_aggregated/01_create.sql changed`.
pub fn title(model: &ModelChange, file: &FileChange) -> String {
    let how = if same_lines(model, file) { "changed by the same lines" } else { word(file.change) };
    format!("{} {how}", file.file)
}

/// A note if the SQL of two different windows is compared.
pub fn no_common_window(model: &ModelChange) -> Option<String> {
    let differ = model.batches_changed == 0 && !model.changes.is_empty();
    differ.then(|| {
        "the plans have no common window: the first batches are compared, ignoring \
        their windows"
            .to_string()
    })
}

/// The title of a change: `same change in 30 batches: 2024-09-01 to 2024-09-30`.
pub fn heading(model: &ModelChange, change: &BatchChange) -> String {
    let windows = shortened(&change.windows);
    match change.batches {
        _ if model.batches_changed == 0 => format!("{} and {}", change.old_file, change.new_file),
        1 => format!("1 batch changed: {windows}"),
        count => format!("same change in {count} batches: {windows}"),
    }
}

/// The line about changes that are not shown.
pub fn more(model: &ModelChange) -> Option<String> {
    let rest = model.changes.get(MAX_CHANGES..).filter(|rest| !rest.is_empty())?;
    let count: usize = rest.iter().map(|change| change.batches).sum();
    Some(format!(
        "{} with {} other changes; `--format json` has all of them",
        counted(count, "batch"),
        rest.len()
    ))
}

/// `added`, `removed` or `changed`.
pub fn word(change: ChangeKind) -> &'static str {
    match change {
        ChangeKind::Added => "added",
        ChangeKind::Removed => "removed",
        ChangeKind::Changed => "changed",
    }
}

fn sign(change: ChangeKind) -> char {
    match change {
        ChangeKind::Added => '+',
        ChangeKind::Removed => '-',
        ChangeKind::Changed => '~',
    }
}

fn indented(diff: &str) -> impl Iterator<Item = String> {
    diff.lines().map(|line| format!("      {line}"))
}

fn painted(line: &str) -> String {
    let paint = |code: &str| format!("\x1b[{code}m{line}\x1b[0m");
    match line.trim_start().chars().next() {
        Some('+') => paint("32"),
        Some('-') => paint("31"),
        Some('@') => paint("36"),
        Some('~') => paint("33"),
        _ => line.to_string(),
    }
}
