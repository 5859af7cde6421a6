//! The difference as a comment on a pull request: a table of the models, then each model's changes, folded. It never grows
//! beyond what a comment may hold: what does not fit is counted.

use super::text::{FEW, facts, heading, likewise, more, title, unshared, windows, word};
use super::{Change, Difference, ModelChange, unified};

/// In bytes. GitHub takes 65,536 characters.
pub const LIMIT: usize = 60_000;
/// What the table of models may take of it, and the diff of one file or batch.
const TABLE: usize = 15_000;
const DIFF: usize = 10_000;
/// Kept for what is said at the end.
const CLOSING: usize = 500;
/// Longer lines are cut.
const LINE: usize = 400;

/// The comment.
pub fn markdown(difference: &Difference) -> String {
    let count = |change| difference.models.iter().filter(|model| model.change == change).count();
    let counted = [(Change::Added, "added"), (Change::Removed, "removed"), (Change::Changed, "changed")];
    let counted: Vec<String> = counted.into_iter().map(|(change, word)| format!("{} {word}", count(change))).collect();
    let mut out = Comment { text: String::new(), left_out: 0 };
    out.text.push_str(&format!(
        "### batchwright: the plan's models: {}, {} unchanged\n\n{} → {}\n\n",
        counted.join(", "),
        difference.unchanged,
        code(&difference.old),
        code(&difference.new)
    ));
    if difference.is_empty() {
        out.text.push_str("The plans are the same.\n");
        return out.text;
    }
    for fact in &difference.plan {
        out.add(&format!("- plan: {}\n", prose(&fact.words())));
    }
    out.text.push('\n');
    table(&difference.models, &mut out);
    for model in &difference.models {
        section(model, &mut out);
    }
    if out.left_out > 0 {
        let parts = if out.left_out == 1 { "1 part is".to_string() } else { format!("{} parts are", out.left_out) };
        out.text.push_str(&format!("\n_{parts} left out, since a comment holds no more. The whole of it:_ `batchwright diff OLD NEW`\n"));
    }
    out.text
}

/// The text so far, and how much did not fit.
struct Comment {
    text: String,
    left_out: usize,
}

impl Comment {
    /// Adds the part, or counts it.
    fn add(&mut self, part: &str) -> bool {
        let fits = self.text.len() + part.len() + CLOSING <= LIMIT;
        if fits {
            self.text.push_str(part);
        } else {
            self.left_out += 1;
        }
        fits
    }
}

fn table(models: &[ModelChange], out: &mut Comment) {
    if models.is_empty() {
        return;
    }
    out.text.push_str("| model | | batches new | gone | changed | other files |\n|---|---|--:|--:|--:|--:|\n");
    let start = out.text.len();
    for (nth, model) in models.iter().enumerate() {
        let batches = |ranges: &[super::Range]| number(ranges.iter().map(|range| range.batches).sum());
        let (added, removed) = (batches(&model.windows_added), batches(&model.windows_removed));
        let name = code(name(model)).replace('|', "\\|");
        let (changed, files) = (number(model.batches_changed), number(model.files.len()));
        let row = format!("| {name} | {} | {added} | {removed} | {changed} | {files} |\n", word(model.change));
        if out.text.len() - start + row.len() > TABLE {
            out.text.push_str(&format!("\nand {} more models\n", models.len() - nth));
            break;
        }
        out.text.push_str(&row);
    }
    out.text.push('\n');
}

fn section(model: &ModelChange, out: &mut Comment) {
    let mut lines = vec![format!("#### {} {}\n", code(name(model)), word(model.change))];
    lines.extend(facts(model).map(|fact| format!("- {}", prose(&fact))));
    lines.extend(windows(model).into_iter().map(|windows| format!("- {windows}")));
    for file in model.files.iter().filter(|file| file.diff.is_none() || likewise(model, file)) {
        lines.push(format!("- {}", prose(&title(model, file))));
    }
    lines.extend(unshared(model).map(|said| format!("- {said}")));
    lines.extend(more(model).map(|said| format!("- {}", prose(&said))));
    if model.change == Change::Removed && lines.len() == 1 || !out.add(&format!("{}\n\n", lines.join("\n"))) {
        return;
    }
    for change in model.changes.iter().take(FEW) {
        out.add(&folded(&heading(model, change), &change.diff));
    }
    for file in model.files.iter().filter(|file| !likewise(model, file)) {
        if let Some(diff) = &file.diff {
            out.add(&folded(&title(model, file), diff));
        }
    }
}

/// A diff that is unfolded by a click.
fn folded(title: &str, diff: &str) -> String {
    let (plus, minus) = unified::counts(diff);
    let mut shown = String::new();
    let mut lines = diff.lines();
    for line in lines.by_ref() {
        let line = cut(line);
        if shown.len() + line.len() > DIFF {
            shown.push_str(&format!("… {} more lines\n", lines.count() + 1));
            break;
        }
        shown.push_str(&line);
        shown.push('\n');
    }
    let longest = shown.split(|char| char != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest.max(2) + 1);
    format!("<details><summary>{} <code>+{plus} −{minus}</code></summary>\n\n{fence}diff\n{shown}{fence}\n\n</details>\n\n", html(title))
}

fn name(model: &ModelChange) -> &str {
    model.unique_id.strip_prefix("model.").unwrap_or(&model.unique_id)
}

fn number(count: usize) -> String {
    if count == 0 { String::new() } else { count.to_string() }
}

/// A line that is not longer than a comment should show.
fn cut(line: &str) -> String {
    match line.char_indices().nth(LINE) {
        Some((end, _)) => format!("{} …", &line[..end]),
        None => line.to_string(),
    }
}

fn code(text: &str) -> String {
    format!("`{}`", cut(&text.replace('`', "'").replace(['\n', '\r'], " ")))
}

/// Text of which nothing is markup.
fn prose(text: &str) -> String {
    let mut prose = String::new();
    for char in cut(&text.replace(['\n', '\r'], " ")).chars() {
        if "`*_<>|[]#\\".contains(char) {
            prose.push('\\');
        }
        prose.push(char);
    }
    prose
}

fn html(text: &str) -> String {
    cut(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
