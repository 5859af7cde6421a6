//! The difference as a terminal shows it: `+` came, `-` went, `~` changed.

use super::{BatchChange, Change, Difference, FileChange, ModelChange, Range};
use crate::diagnostics::printable;

/// How many ways in which batches changed are shown of each model.
pub const FEW: usize = 3;

/// The whole of it, in colours if wanted; nothing where nothing differs.
pub fn text(difference: &Difference, color: bool) -> String {
    let mut lines: Vec<String> = difference.plan.iter().map(|fact| format!("plan  {}", fact.words())).collect();
    for change in &difference.models {
        if !lines.is_empty() {
            lines.push(String::new());
        }
        model(change, &mut lines);
    }
    let paint = |line: String| if color { painted(&printable(&line)) } else { printable(&line).into_owned() };
    lines.into_iter().map(|line| paint(line) + "\n").collect()
}

fn model(model: &ModelChange, lines: &mut Vec<String>) {
    let sign = sign(model.change);
    lines.push(format!("{sign} {} {}", model.unique_id, word(model.change)));
    lines.extend(facts(model).map(|fact| format!("    {fact}")));
    lines.extend(windows(model).into_iter().map(|windows| format!("    {windows}")));
    lines.extend(unshared(model).map(|said| format!("    {said}")));
    for change in model.changes.iter().take(FEW) {
        lines.push(format!("    ~ {}", heading(model, change)));
        lines.extend(indented(&change.diff));
    }
    lines.extend(more(model).map(|more| format!("    {more}")));
    for file in &model.files {
        let (sign, title) = (self::sign(file.change), title(model, file));
        lines.push(format!("    {sign} {title}"));
        // What is all new is read in its folder.
        if file.change == Change::Changed && !likewise(model, file) {
            lines.extend(indented(file.diff.as_deref().unwrap_or_default()));
        }
    }
}

pub fn facts(model: &ModelChange) -> impl Iterator<Item = String> {
    model.facts.iter().map(|fact| if model.change == Change::Added { fact.plain() } else { fact.words() })
}

/// `windows added: 2024-09-01 to 2024-09-30 (30 batches)`
pub fn windows(model: &ModelChange) -> Vec<String> {
    let mut lines = Vec::new();
    for (what, windows) in [("added", &model.windows_added), ("removed", &model.windows_removed)] {
        let count: usize = windows.iter().map(|range| range.batches).sum();
        if count > 0 {
            lines.push(format!("windows {what}: {} ({})", shortened(windows), batches(count)));
        }
    }
    lines
}

/// At most so many ranges, and how many are left out.
fn shortened(windows: &[Range]) -> String {
    const MOST: usize = 6;
    let mut words: Vec<String> = windows.iter().take(MOST).map(Range::words).collect();
    if windows.len() > MOST {
        words.push(format!("and {} more ranges", windows.len() - MOST));
    }
    words.join(", ")
}

/// Whether a file changed by the same lines as most batches did, as the create does whose query is theirs.
pub fn likewise(model: &ModelChange, file: &FileChange) -> bool {
    let lines = |diff: &str| diff.lines().filter(|line| line.starts_with(['+', '-'])).map(str::to_string).collect::<Vec<_>>();
    let (Some(change), Some(diff)) = (model.changes.first(), &file.diff) else { return false };
    file.change == Change::Changed && lines(&change.diff) == lines(diff)
}

/// `int__sessions_aggregated/01_create.sql changed`
pub fn title(model: &ModelChange, file: &FileChange) -> String {
    let how = if likewise(model, file) { "changed by the same lines" } else { word(file.change) };
    format!("{} {how}", file.file)
}

/// What is to be said where the SQL of two different windows is compared.
pub fn unshared(model: &ModelChange) -> Option<String> {
    let alone = model.batches_changed == 0 && !model.changes.is_empty();
    alone.then(|| "no window is in both plans: the first batches are compared, without their windows".to_string())
}

/// `30 batches changed alike: 2024-09-01 to 2024-09-30`
pub fn heading(model: &ModelChange, change: &BatchChange) -> String {
    let windows = shortened(&change.windows);
    match change.batches {
        _ if model.batches_changed == 0 => format!("{} and {}", change.old_file, change.new_file),
        1 => format!("1 batch changed: {windows}"),
        many => format!("{many} batches changed alike: {windows}"),
    }
}

fn batches(count: usize) -> String {
    if count == 1 { "1 batch".to_string() } else { format!("{count} batches") }
}

/// What is said of the changes that are not shown.
pub fn more(model: &ModelChange) -> Option<String> {
    let rest = model.changes.get(FEW..).filter(|rest| !rest.is_empty())?;
    let count = rest.iter().map(|change| change.batches).sum();
    Some(format!("{} more changed in {} other ways; `--format json` has them all", batches(count), rest.len()))
}

pub fn word(change: Change) -> &'static str {
    match change {
        Change::Added => "added",
        Change::Removed => "removed",
        Change::Changed => "changed",
    }
}

fn sign(change: Change) -> char {
    match change {
        Change::Added => '+',
        Change::Removed => '-',
        Change::Changed => '~',
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
