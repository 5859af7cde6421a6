//! Maps a span of a rendered query to the template. Compares the tokens of both; text that Jinja
//! wrote is not in the template, and maps to the tag between its neighbours.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;
use similar::{Algorithm, DiffOp, TextDiff};

use crate::diagnostics::{Location, SourceFile};
use crate::render::RenderedModel;

/// The location in the template of `span` (bytes) of the rendered text.
pub fn author(text: &RenderedModel, span: &Range<usize>) -> Location {
    let inside =
        |at: usize| text.parts.iter().find(|part| part.span.start <= at && at < part.span.end);
    let Some(part) = inside(span.start).or(text.parts.last()) else {
        return SourceFile::new("", "").at(0..0);
    };
    let (rendered, span) = of_file(text, &part.file, span);
    map_span(&part.file, &rendered, &span)
}

/// The complete rendering of a file, and the span in it.
fn of_file(text: &RenderedModel, file: &SourceFile, span: &Range<usize>) -> (String, Range<usize>) {
    let mut rendered = String::new();
    let mut in_file = 0..0;
    for part in text.parts.iter().filter(|part| part.file == *file) {
        if part.span.contains(&span.start) {
            let start = rendered.len() + span.start - part.span.start;
            in_file =
                start..(rendered.len() + span.end.min(part.span.end) - part.span.start).max(start);
        }
        rendered.push_str(&text.sql[part.span.clone()]);
    }
    (rendered, in_file)
}

/// Splits a text into words, signs, and, with `tags`, tags of a template.
fn words(text: &str, tags: bool) -> Vec<(Range<usize>, &str)> {
    static TEMPLATE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?s)\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}|\w+|\S").expect("the pattern is valid")
    });
    static RENDERED: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"\w+|\S").expect("the pattern is valid"));
    let pattern = if tags { &TEMPLATE } else { &RENDERED };
    pattern.find_iter(text).map(|word| (word.range(), word.as_str())).collect()
}

fn is_tag(word: &str) -> bool {
    word.len() > 2 && (word.starts_with("{{") || word.starts_with("{%") || word.starts_with("{#"))
}

/// The location in the template of a span of its rendering.
fn map_span(file: &SourceFile, rendered: &str, span: &Range<usize>) -> Location {
    let template = words(&file.text, true);
    let result = words(rendered, false);
    let first = result.partition_point(|(word, _)| word.end <= span.start);
    let last =
        result.partition_point(|(word, _)| word.start < span.end).saturating_sub(1).max(first);
    let (before, after) = (strings(&template), strings(&result));
    let diff = TextDiff::configure().algorithm(Algorithm::Patience).diff_slices(&before, &after);
    let span_of = |word: usize| {
        let op = diff.ops().iter().find(|op| op.new_range().contains(&word))?;
        if let DiffOp::Equal { old_index, new_index, .. } = op {
            return Some(template.get(old_index + word - new_index)?.0.clone());
        }
        // Written by a tag: the one in the gap, or next to it.
        let gap = op.old_range();
        let around = gap.start.saturating_sub(1)..(gap.end + 1).min(template.len());
        let tag = |range: Range<usize>| template.get(range)?.iter().find(|(_, text)| is_tag(text));
        let origin = tag(gap.clone())
            .or_else(|| tag(around))
            .or_else(|| template.get(gap.start))
            .or_else(|| template.last())?;
        Some(origin.0.clone())
    };
    let Some(begin) = span_of(first) else { return file.at(0..0) };
    let end = span_of(last).unwrap_or_else(|| begin.clone());
    // A tag may come before the words around it, if a macro writes both ends.
    file.at(begin.start..end.end.max(begin.end))
}

fn strings<'a>(words: &[(Range<usize>, &'a str)]) -> Vec<&'a str> {
    words.iter().map(|(_, word)| *word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::RenderedPart;

    /// The text in the template for the first `what` of a rendering.
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
        let location = author(&text, &(start..start + what.len()));
        location.file.text[location.span].to_string()
    }

    #[test]
    fn spans_map_to_the_template() {
        let template = "{{ config(x='select') }}\nselect {{ cut('day', 'at') }} as day,\n  \
            row_number() over (partition by {{ key }} order by at) as n\nfrom {{ ref('e') }}";
        let rendered = "\nselect date_trunc('day', at) as day,\n  row_number() over (partition by \
            user_id order by at) as n\nfrom \"db\".\"e\"";
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
    fn a_loop_maps_to_its_body() {
        let template =
            "select {% for n in [1, 2] %}sum(a{{ n }}) as s{{ n }},{% endfor %} 1 from t";
        let author =
            |what| author_of(template, "select sum(a1) as s1,sum(a2) as s2, 1 from t", what);
        let text = author("sum(a2)");
        assert!(
            "{% for n in [1, 2] %}sum(a{{ n }}) as s{{ n }},{% endfor %}".contains(&text),
            "{text}"
        );
        assert_eq!(author("1 from t"), "1 from t");
    }
}
