//! Where the author wrote what stands in a rendered query. The words of the template and of its
//! rendering are laid beside each other; what Jinja wrote has no words of its own in the template,
//! and belongs to the tag between its neighbours.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;
use similar::{Algorithm, DiffOp, capture_diff_slices};

use crate::diagnostics::{Location, SourceFile};
use crate::render::RenderedModel;

/// The author's place of `span`, bytes of the rendered text.
pub fn author(text: &RenderedModel, span: &Range<usize>) -> Location {
    let inside = |at: usize| text.parts.iter().find(|part| part.span.start <= at && at < part.span.end);
    let Some(part) = inside(span.start).or(text.parts.last()) else { return SourceFile::new("", "").at(0..0) };
    let (rendered, span) = of_file(text, &part.file, span);
    written(&part.file, &rendered, &span)
}

/// All that a file rendered to, and the place in it.
fn of_file(text: &RenderedModel, file: &SourceFile, span: &Range<usize>) -> (String, Range<usize>) {
    let mut rendered = String::new();
    let mut place = 0..0;
    for part in text.parts.iter().filter(|part| part.file == *file) {
        if part.span.contains(&span.start) {
            let start = rendered.len() + span.start - part.span.start;
            place = start..(rendered.len() + span.end.min(part.span.end) - part.span.start).max(start);
        }
        rendered.push_str(&text.sql[part.span.clone()]);
    }
    (rendered, place)
}

/// A word, a sign, or a tag of a template.
fn words(text: &str, tags: bool) -> Vec<(Range<usize>, &str)> {
    static TEMPLATE: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"(?s)\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}|\w+|\S").expect("the pattern is valid"));
    static RENDERED: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\w+|\S").expect("the pattern is valid"));
    let pattern = if tags { &TEMPLATE } else { &RENDERED };
    pattern.find_iter(text).map(|word| (word.range(), word.as_str())).collect()
}

fn is_tag(word: &str) -> bool {
    word.len() > 2 && (word.starts_with("{{") || word.starts_with("{%") || word.starts_with("{#"))
}

/// The place in the template of a place in its rendering.
fn written(file: &SourceFile, rendered: &str, span: &Range<usize>) -> Location {
    let template = words(&file.text, true);
    let result = words(rendered, false);
    let first = result.partition_point(|(word, _)| word.end <= span.start);
    let last = result.partition_point(|(word, _)| word.start < span.end).saturating_sub(1).max(first);
    let ops = capture_diff_slices(Algorithm::Patience, &strings(&template), &strings(&result));
    let place = |word: usize| {
        let op = ops.iter().find(|op| op.new_range().contains(&word))?;
        if let DiffOp::Equal { old_index, new_index, .. } = op {
            return Some(template.get(old_index + word - new_index)?.0.clone());
        }
        // What a tag wrote: the tag in the gap, or beside it.
        let gap = op.old_range();
        let beside = gap.start.saturating_sub(1)..(gap.end + 1).min(template.len());
        let tag = |range: Range<usize>| template.get(range)?.iter().find(|(_, text)| is_tag(text));
        let found = tag(gap.clone()).or_else(|| tag(beside)).or_else(|| template.get(gap.start)).or_else(|| template.last())?;
        Some(found.0.clone())
    };
    let Some(begin) = place(first) else { return file.at(0..0) };
    let end = place(last).unwrap_or_else(|| begin.clone());
    // A tag may stand before the words that surround it, as a macro's call does that writes both
    // ends.
    file.at(begin.start..end.end.max(begin.end))
}

fn strings<'a>(words: &[(Range<usize>, &'a str)]) -> Vec<&'a str> {
    words.iter().map(|(_, word)| *word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::RenderedPart;

    /// What the author wrote for the first `what` of a rendering.
    fn author_of(template: &str, rendered: &str, what: &str) -> String {
        let file = SourceFile::new("a.sql", template);
        let before = "with e as (\n";
        let sql = format!("{before}{rendered}");
        let parts = vec![RenderedPart { span: before.len()..sql.len(), file: file.clone() }];
        let start = sql.find(what).unwrap();
        let text = RenderedModel {
            sql,
            marks: Vec::new(),
            parts,
            reads_batch: false,
            reads_this: false,
            asks_incremental: false,
            reads_clock: false,
            begin: None,
            warnings: Vec::new(),
        };
        let found = author(&text, &(start..start + what.len()));
        found.file.text[found.span].to_string()
    }

    #[test]
    fn what_the_author_wrote_is_found() {
        let template = "{{ config(x='select') }}\nselect {{ cut('day', 'at') }} as day,\n  row_number() over (partition by {{ key }} order by at) as n\nfrom {{ ref('e') }}";
        let rendered =
            "\nselect date_trunc('day', at) as day,\n  row_number() over (partition by user_id order by at) as n\nfrom \"db\".\"e\"";
        let author = |what| author_of(template, rendered, what);
        assert_eq!(
            author("row_number() over (partition by user_id order by at)"),
            "row_number() over (partition by {{ key }} order by at)"
        );
        assert_eq!(author("date_trunc('day', at)"), "{{ cut('day', 'at') }}");
        assert_eq!(author("\"e\""), "{{ ref('e') }}");
        assert_eq!(author("day,"), "day,");
    }

    #[test]
    fn a_loop_is_found_somewhere_in_it() {
        let template = "select {% for n in [1, 2] %}sum(a{{ n }}) as s{{ n }},{% endfor %} 1 from t";
        let author = |what| author_of(template, "select sum(a1) as s1,sum(a2) as s2, 1 from t", what);
        let found = author("sum(a2)");
        assert!("{% for n in [1, 2] %}sum(a{{ n }}) as s{{ n }},{% endfor %}".contains(&found), "{found}");
        assert_eq!(author("1 from t"), "1 from t");
    }
}
