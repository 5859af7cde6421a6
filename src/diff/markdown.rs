//! The difference as a comment on a pull request: a table of the models, then each model's changes,
//! collapsed. Its size is limited to that of a comment: parts that do not fit are counted.

use super::text::{
    MAX_CHANGES, effects, facts, heading, more, no_common_window, same_lines, title, windows, word,
};
use super::{ChangeKind, Difference, ModelChange, unified};
use crate::diagnostics::counted;

/// The maximum size in bytes. GitHub accepts 65,536 characters.
pub const MAX_BYTES: usize = 60_000;
/// The maximum size of the table of models, and of the diff of one file or batch, in bytes.
const MAX_TABLE_BYTES: usize = 15_000;
const MAX_DIFF_BYTES: usize = 10_000;
/// Reserved for the closing line, in bytes.
const CLOSING_BYTES: usize = 500;
/// The maximum length of a line, in characters.
const MAX_LINE: usize = 400;

/// Renders the comment.
pub fn markdown(difference: &Difference) -> String {
    let count = |change| difference.models.iter().filter(|model| model.change == change).count();
    let kinds = [
        (ChangeKind::Added, "added"),
        (ChangeKind::Removed, "removed"),
        (ChangeKind::Changed, "changed"),
    ];
    let kinds: Vec<String> =
        kinds.into_iter().map(|(change, word)| format!("{} {word}", count(change))).collect();
    let mut out = Comment { text: String::new(), left_out: 0 };
    out.text.push_str(&format!(
        "### batchwright: the plan's models: {}, {} unchanged\n\n{} → {}\n\n",
        kinds.join(", "),
        difference.unchanged,
        code(&difference.old),
        code(&difference.new)
    ));
    if difference.is_empty() {
        out.text.push_str("The plans are the same.\n");
        return out.text;
    }
    if !difference.models.is_empty() {
        out.add(&format!("{}\n\n", difference.summary));
    }
    for model in &difference.stale {
        out.add(&format!("- stale: {}\n", prose(&model.words())));
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
        let parts = counted(out.left_out, "part");
        let are = if out.left_out == 1 { "is" } else { "are" };
        out.text.push_str(&format!(
            "\n_{parts} {are} left out: a comment cannot be longer. For all of \
            it:_ `batchwright diff OLD NEW`\n"
        ));
    }
    out.text
}

/// The text so far, and the number of parts that did not fit.
struct Comment {
    text: String,
    left_out: usize,
}

impl Comment {
    /// Adds the part if it fits, else counts it.
    fn add(&mut self, part: &str) -> bool {
        let fits = self.text.len() + part.len() + CLOSING_BYTES <= MAX_BYTES;
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
    out.text.push_str(
        "| model | | batches added | removed | changed | other files \
        |\n|---|---|--:|--:|--:|--:|\n",
    );
    let start = out.text.len();
    for (nth, model) in models.iter().enumerate() {
        let batches =
            |ranges: &[super::WindowRange]| number(ranges.iter().map(|range| range.batches).sum());
        let (added, removed) = (batches(&model.windows_added), batches(&model.windows_removed));
        let name = code(name(model)).replace('|', "\\|");
        let (changed, files) = (number(model.batches_changed), number(model.files.len()));
        let row = format!(
            "| {name} | {} | {added} | {removed} | {changed} | {files} |\n",
            word(model.change)
        );
        if out.text.len() - start + row.len() > MAX_TABLE_BYTES {
            out.text.push_str(&format!("\nand {} more models\n", models.len() - nth));
            break;
        }
        out.text.push_str(&row);
    }
    out.text.push('\n');
}

fn section(model: &ModelChange, out: &mut Comment) {
    let mut lines = vec![format!("#### {} {}\n", code(name(model)), word(model.change))];
    lines.extend(effects(model).map(|line| format!("- {}", prose(&line))));
    lines.extend(facts(model).map(|fact| format!("- {}", prose(&fact))));
    lines.extend(windows(model).into_iter().map(|windows| format!("- {windows}")));
    for file in model.files.iter().filter(|file| file.diff.is_none() || same_lines(model, file)) {
        lines.push(format!("- {}", prose(&title(model, file))));
    }
    lines.extend(no_common_window(model).map(|line| format!("- {line}")));
    lines.extend(more(model).map(|line| format!("- {}", prose(&line))));
    if model.change == ChangeKind::Removed && lines.len() == 1
        || !out.add(&format!("{}\n\n", lines.join("\n")))
    {
        return;
    }
    for change in model.changes.iter().take(MAX_CHANGES) {
        out.add(&collapsed(&heading(model, change), &change.diff));
    }
    for file in model.files.iter().filter(|file| !same_lines(model, file)) {
        if let Some(diff) = &file.diff {
            out.add(&collapsed(&title(model, file), diff));
        }
    }
}

/// A collapsed diff.
fn collapsed(title: &str, diff: &str) -> String {
    let (plus, minus) = unified::counts(diff);
    let mut shown = String::new();
    let mut lines = diff.lines();
    for line in lines.by_ref() {
        let line = shorten(line);
        if shown.len() + line.len() > MAX_DIFF_BYTES {
            shown.push_str(&format!("… {} more lines\n", lines.count() + 1));
            break;
        }
        shown.push_str(&line);
        shown.push('\n');
    }
    let longest = shown.split(|char| char != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest.max(2) + 1);
    format!(
        "<details><summary>{} <code>+{plus} \
         −{minus}</code></summary>\n\n{fence}diff\n{shown}{fence}\n\n</details>\n\n",
        html(title)
    )
}

fn name(model: &ModelChange) -> &str {
    model.unique_id.strip_prefix("model.").unwrap_or(&model.unique_id)
}

fn number(count: usize) -> String {
    if count == 0 { String::new() } else { count.to_string() }
}

/// The line, cut to the maximum length.
fn shorten(line: &str) -> String {
    match line.char_indices().nth(MAX_LINE) {
        Some((end, _)) => format!("{} …", &line[..end]),
        None => line.to_string(),
    }
}

fn code(text: &str) -> String {
    format!("`{}`", shorten(&text.replace('`', "'").replace(['\n', '\r'], " ")))
}

/// Text with all markup escaped.
fn prose(text: &str) -> String {
    let mut prose = String::new();
    for char in shorten(&text.replace(['\n', '\r'], " ")).chars() {
        if "`*_<>|[]#\\".contains(char) {
            prose.push('\\');
        }
        prose.push(char);
    }
    prose
}

fn html(text: &str) -> String {
    shorten(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
