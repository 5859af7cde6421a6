//! Suppressions: `-- batchwright: allow BW004 (a reason)` in the line of a finding or the line
//! before, or `meta.batchwright.allow` for a model. One without a reason has no effect; one without
//! a finding is reported.

use super::{Finding, unknown};
use crate::config::Microbatch;
use crate::diagnostics::{Diagnostic, Level, Location, SourceFile};
use crate::render::RenderedModel;

/// One code of an `allow` in a file.
struct Comment {
    code: String,
    reason: Option<String>,
    at: Location,
    line: usize,
    /// The following line that it applies to, in addition to its own.
    next: usize,
    used: bool,
}

/// Marks the allowed findings; returns diagnostics about invalid and unused suppressions.
pub fn apply(
    settings: &Microbatch,
    text: &RenderedModel,
    findings: &mut [Finding],
) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    let mut files: Vec<&SourceFile> = Vec::new();
    for part in &text.parts {
        if !files.contains(&&part.file) {
            files.push(&part.file);
        }
    }
    // The last part is the model's.
    let model_file = text.parts.last().map(|part| &part.file);
    for file in files {
        let mut comments = comments(file);
        for finding in findings.iter_mut() {
            let Some(at) = finding.diagnostic.at.as_ref().filter(|at| at.file == *file) else {
                continue;
            };
            let lines = at.begins().0..=at.ends().0;
            let is_it = |comment: &&mut Comment| {
                let is_near = lines.contains(&comment.line) || *lines.start() == comment.next;
                comment.code.eq_ignore_ascii_case(finding.rule.code) && is_near
            };
            if let Some(comment) = comments.iter_mut().find(is_it) {
                comment.used = true;
                finding.allowed = comment.reason.clone();
            }
        }
        // An unused suppression in an ephemeral model may apply to another reader of it.
        diagnostics.extend(
            comments
                .into_iter()
                .filter_map(|comment| of_comment(comment, Some(file) == model_file)),
        );
    }
    for allow in &settings.check.allow {
        let mut used = false;
        for finding in findings
            .iter_mut()
            .filter(|finding| finding.rule.code.eq_ignore_ascii_case(&allow.code))
        {
            used = true;
            finding.allowed.get_or_insert_with(|| allow.reason.clone());
        }
        let unused = || (!used).then(|| unused_allow(&allow.code));
        diagnostics.extend(
            unknown(&allow.code)
                .or_else(unused)
                .map(|diagnostics| diagnostics.at(allow.at.clone())),
        );
    }
    diagnostics
}

fn of_comment(comment: Comment, in_model: bool) -> Option<Diagnostic> {
    let diagnostics = match (unknown(&comment.code), comment.reason) {
        (Some(unknown), _) => unknown,
        (None, None) => Diagnostic::warning(format!(
            "`{}` is allowed without a reason, which has no effect",
            comment.code
        ))
        .hint(format!(
            "add a reason: `batchwright: allow {} (each user has one row a day)`",
            comment.code
        )),
        (None, Some(_)) if !comment.used && in_model => unused_allow(&comment.code),
        _ => return None,
    };
    Some(diagnostics.at(comment.at))
}

fn unused_allow(code: &str) -> Diagnostic {
    Diagnostic::new(Level::Note, format!("`{code}` is allowed, but has no finding"))
        .hint("remove it")
}

fn comments(file: &SourceFile) -> Vec<Comment> {
    const WORDS: &str = "batchwright: allow ";
    let is_allow = |line: &str| line.contains(WORDS);
    let lines: Vec<&str> = file.text.split('\n').collect();
    let mut comments = Vec::new();
    let mut start = 0;
    for (nth, line) in lines.iter().enumerate() {
        let begin = start;
        start += line.len() + 1;
        let Some(words) = line.find(WORDS) else { continue };
        let rest = &line[words + WORDS.len()..];
        let (codes, reason) = rest.split_once('(').map_or((rest, None), |(codes, reason)| {
            (codes, reason.rsplit_once(')').map(|(reason, _)| reason))
        });
        let reason = reason.map(str::trim).filter(|reason| !reason.is_empty());
        // Several consecutive comments apply to the line after them.
        let next =
            (nth + 1..lines.len()).find(|line| !is_allow(lines[*line])).map_or(nth, |line| line)
                + 1;
        let mut at = begin + words + WORDS.len();
        for code in codes.split([',', ' ', '\t', '\r']) {
            if code.starts_with(|char: char| char.is_ascii_alphabetic()) {
                let location = file.at(at..at + code.len());
                let reason = reason.map(str::to_string);
                comments.push(Comment {
                    code: code.to_string(),
                    reason,
                    at: location,
                    line: nth + 1,
                    next,
                    used: false,
                });
            }
            at += code.len() + 1;
        }
    }
    comments
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_have_codes_reasons_and_lines() {
        let text = "select 1 -- batchwright: allow BW001, BW002 (each (really) is fine) \
            so\n{# batchwright: allow BW003 #}\n\n-- batchwright: allow BW004 (a)\n-- \
            batchwright: allow BW005 (b)\nlag(x)";
        let comments = comments(&SourceFile::new("a.sql", text));
        let parsed: Vec<_> = comments
            .iter()
            .map(|one| (one.code.as_str(), one.reason.as_deref(), one.line, one.next))
            .collect();
        let fine = Some("each (really) is fine");
        let expected = [
            ("BW001", fine, 1, 3),
            ("BW002", fine, 1, 3),
            ("BW003", None, 2, 3),
            ("BW004", Some("a"), 4, 6),
            ("BW005", Some("b"), 5, 6),
        ];
        assert_eq!(parsed, expected);
        assert!(comments.iter().all(|one| one.at.file.text[one.at.span.clone()] == one.code));
    }
}
