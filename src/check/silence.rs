//! What an author allows: in the SQL, `-- batchwright: allow BW004 (a reason)` in the line of a
//! finding or the line before, or `meta.batchwright.allow` for the whole model. One without a
//! reason does not count, and one that silences nothing is told.

use super::{Finding, unknown};
use crate::config::Microbatch;
use crate::diagnostics::{Diagnostic, Location, SourceFile};
use crate::render::RenderedModel;

/// One code of an `allow` in a file.
struct Comment {
    code: String,
    reason: Option<String>,
    at: Location,
    line: usize,
    /// The line that it speaks of, beside its own.
    next: usize,
    used: bool,
}

/// Marks the findings that are allowed; gives what is said of the rest of the `allow`s.
pub fn silence(settings: &Microbatch, text: &RenderedModel, findings: &mut [Finding]) -> Vec<Diagnostic> {
    let mut said = Vec::new();
    let mut files: Vec<&SourceFile> = Vec::new();
    for part in &text.parts {
        if !files.contains(&&part.file) {
            files.push(&part.file);
        }
    }
    // The model's own part is the last one.
    let own = text.parts.last().map(|part| &part.file);
    for file in files {
        let mut comments = comments(file);
        for finding in findings.iter_mut() {
            let Some(at) = finding.said.at.as_ref().filter(|at| at.file == *file) else { continue };
            let lines = at.begins().0..=at.ends().0;
            let is_it = |comment: &&mut Comment| {
                let there = lines.contains(&comment.line) || *lines.start() == comment.next;
                comment.code.eq_ignore_ascii_case(finding.rule.code) && there
            };
            if let Some(comment) = comments.iter_mut().find(is_it) {
                comment.used = true;
                finding.allowed = comment.reason.clone();
            }
        }
        // An ephemeral model may be read by others, of which it speaks.
        said.extend(comments.into_iter().filter_map(|comment| of_comment(comment, Some(file) == own)));
    }
    for allow in &settings.check.allow {
        let mut used = false;
        for finding in findings.iter_mut().filter(|finding| finding.rule.code.eq_ignore_ascii_case(&allow.code)) {
            used = true;
            finding.allowed.get_or_insert_with(|| allow.reason.clone());
        }
        let idle = || (!used).then(|| nothing(&allow.code));
        said.extend(unknown(&allow.code).or_else(idle).map(|said| said.at(allow.at.clone())));
    }
    said
}

fn of_comment(comment: Comment, own: bool) -> Option<Diagnostic> {
    let said = match (unknown(&comment.code), comment.reason) {
        (Some(unknown), _) => unknown,
        (None, None) => Diagnostic::warning(format!("`{}` is allowed without a reason, which does not count", comment.code))
            .hint(format!("say why: `batchwright: allow {} (each user has one row a day)`", comment.code)),
        (None, Some(_)) if !comment.used && own => nothing(&comment.code),
        _ => return None,
    };
    Some(said.at(comment.at))
}

fn nothing(code: &str) -> Diagnostic {
    Diagnostic::note(format!("`{code}` is allowed, and there is nothing to allow")).hint("take it out")
}

fn comments(file: &SourceFile) -> Vec<Comment> {
    const WORDS: &str = "batchwright: allow ";
    let is_allow = |line: &str| line.contains(WORDS);
    let lines: Vec<&str> = file.text.split('\n').collect();
    let mut found = Vec::new();
    let mut start = 0;
    for (nth, line) in lines.iter().enumerate() {
        let begin = start;
        start += line.len() + 1;
        let Some(words) = line.find(WORDS) else { continue };
        let rest = &line[words + WORDS.len()..];
        let (codes, reason) =
            rest.split_once('(').map_or((rest, None), |(codes, reason)| (codes, reason.rsplit_once(')').map(|(reason, _)| reason)));
        let reason = reason.map(str::trim).filter(|reason| !reason.is_empty());
        // Several that stand below each other speak of the line below them.
        let next = (nth + 1..lines.len()).find(|line| !is_allow(lines[*line])).map_or(nth, |line| line) + 1;
        let mut at = begin + words + WORDS.len();
        for code in codes.split([',', ' ', '\t', '\r']) {
            if code.starts_with(|letter: char| letter.is_ascii_alphabetic()) {
                let place = file.at(at..at + code.len());
                let reason = reason.map(str::to_string);
                found.push(Comment { code: code.to_string(), reason, at: place, line: nth + 1, next, used: false });
            }
            at += code.len() + 1;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_have_codes_reasons_and_lines() {
        let text = "select 1 -- batchwright: allow BW001, BW002 (each (really) is fine) so\n{# batchwright: allow BW003 #}\n\n-- batchwright: allow BW004 (a)\n-- batchwright: allow BW005 (b)\nlag(x)";
        let found = comments(&SourceFile::new("a.sql", text));
        let told: Vec<_> = found.iter().map(|one| (one.code.as_str(), one.reason.as_deref(), one.line, one.next)).collect();
        let fine = Some("each (really) is fine");
        let expected =
            [("BW001", fine, 1, 3), ("BW002", fine, 1, 3), ("BW003", None, 2, 3), ("BW004", Some("a"), 4, 6), ("BW005", Some("b"), 5, 6)];
        assert_eq!(told, expected);
        assert!(found.iter().all(|one| one.at.file.text[one.at.span.clone()] == one.code));
    }
}
