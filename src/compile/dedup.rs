//! Removes duplicate diagnostics: those of several models with the same cause are reported once,
//! with the names of the models.

use std::collections::BTreeMap;

use crate::diagnostics::{Diagnostic, Level, counted};

/// Maximum number of model names that a merged diagnostic lists.
const MAX_LISTED: usize = 20;

/// Diagnostics in the order in which they are added. Two that differ only in the name of the model
/// are merged.
#[derive(Default)]
pub struct DedupedDiagnostics {
    merged: Vec<MergedDiagnostic>,
    known: BTreeMap<Cause, usize>,
}

struct MergedDiagnostic {
    diagnostic: Diagnostic,
    count: usize,
    models: Vec<String>,
}

/// The key by which diagnostics are merged: level, code, file and byte, and the texts without the
/// name of the model; of an error with a location, without its notes.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Cause {
    level: Level,
    code: Option<&'static str>,
    at: Option<(String, usize)>,
    texts: Vec<String>,
}

impl DedupedDiagnostics {
    /// Adds a diagnostic of a model, or of the whole project.
    pub fn add(&mut self, model: Option<&str>, diagnostic: Diagnostic) {
        let key = cause(model, &diagnostic);
        let at = *self.known.entry(key).or_insert(self.merged.len());
        if at == self.merged.len() {
            self.merged.push(MergedDiagnostic { diagnostic, count: 0, models: Vec::new() });
        }
        let merged = &mut self.merged[at];
        match model {
            // Diagnostics of one model are added one after the other.
            Some(model) if merged.models.last().is_some_and(|last| last == model) => {}
            Some(model) => {
                merged.models.push(model.to_string());
                merged.count += 1;
            }
            None => merged.count += 1,
        }
    }

    pub fn extend(
        &mut self,
        model: Option<&str>,
        diagnostics: impl IntoIterator<Item = Diagnostic>,
    ) {
        diagnostics.into_iter().for_each(|diagnostic| self.add(model, diagnostic));
    }

    /// Starts with diagnostics of the whole project.
    pub fn of_project(diagnostics: impl IntoIterator<Item = Diagnostic>) -> DedupedDiagnostics {
        let mut deduped = DedupedDiagnostics::default();
        deduped.extend(None, diagnostics);
        deduped
    }

    /// Whether no diagnostic was added.
    pub fn is_empty(&self) -> bool {
        self.merged.is_empty()
    }

    pub fn finish(self) -> Vec<Diagnostic> {
        self.merged.into_iter().map(MergedDiagnostic::finish).collect()
    }
}

impl MergedDiagnostic {
    fn finish(self) -> Diagnostic {
        let MergedDiagnostic { diagnostic, count, models } = self;
        let Some((_, others)) = models.split_first().filter(|(_, others)| !others.is_empty())
        else {
            // Equal warnings about the project itself.
            return if count > 1 && models.len() < count {
                diagnostic.note(format!("reported {count} times"))
            } else {
                diagnostic
            };
        };
        let names: Vec<String> =
            others.iter().take(MAX_LISTED).map(|name| format!("`{name}`")).collect();
        let more = if others.len() > MAX_LISTED {
            format!(" and {} more", others.len() - MAX_LISTED)
        } else {
            String::new()
        };
        let models = counted(others.len(), "more model");
        diagnostic.note(format!("and {models}: {}{more}", names.join(", ")))
    }
}

fn cause(model: Option<&str>, diagnostic: &Diagnostic) -> Cause {
    let name = model.map(|model| format!("`{model}`"));
    let without_name = |text: &String| match &name {
        Some(name) => text.replace(name, "``"),
        None => text.clone(),
    };
    // The note of an error with a location may say by which path a model reads that file.
    let is_located = diagnostic.level == Level::Error && diagnostic.at.is_some();
    let notes = diagnostic.notes.iter().filter(|_| !is_located);
    let texts = std::iter::once(&diagnostic.message)
        .chain(notes)
        .chain(&diagnostic.hints)
        .map(without_name)
        .collect();
    let at = diagnostic.at.as_ref().map(|at| (at.file.path.to_string(), at.span.start));
    // Warnings that do not name their model are merged across locations.
    let at = at.filter(|_| {
        diagnostic.level == Level::Error || without_name(&diagnostic.message) != diagnostic.message
    });
    Cause { level: diagnostic.level, code: diagnostic.code, at, texts }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::SourceFile;

    fn merged(
        diagnostics: impl IntoIterator<Item = (&'static str, Diagnostic)>,
    ) -> Vec<(String, Vec<String>)> {
        let mut deduped = DedupedDiagnostics::default();
        diagnostics
            .into_iter()
            .for_each(|(model, diagnostic)| deduped.add(Some(model), diagnostic));
        deduped
            .finish()
            .into_iter()
            .map(|diagnostic| (diagnostic.message, diagnostic.notes))
            .collect()
    }

    #[test]
    fn one_cause_is_one_error() {
        let file = SourceFile::new("dbt_project.yml", "begin: 1\nend: 2\n");
        let error = |model: &str, line| {
            Diagnostic::error(format!("`{model}` ends before `begin`")).at(file.line(line))
        };
        let done = merged([
            ("a", error("a", 1)),
            ("b", error("b", 1)),
            ("c", error("c", 2)),
            ("d", error("d", 1)),
        ]);
        assert_eq!(
            done,
            [
                (
                    "`a` ends before `begin`".to_string(),
                    vec!["and 2 more models: `b`, `d`".to_string()]
                ),
                ("`c` ends before `begin`".to_string(), vec![]),
            ]
        );
    }

    #[test]
    fn an_error_of_another_model_is_reported_once() {
        let error = || Diagnostic::error("`sessions` is broken");
        assert_eq!(
            merged([("a", error()), ("a", error())]),
            [("`sessions` is broken".to_string(), vec![])]
        );
    }

    #[test]
    fn many_names_are_counted() {
        let names: Vec<&'static str> =
            (0..25).map(|nth| format!("m{nth}").leak() as &str).collect();
        let done = merged(
            names.into_iter().map(|name| (name, Diagnostic::warning(format!("`{name}` is late")))),
        );
        assert!(
            done[0].1[0].starts_with("and 24 more models: `m1`, `m2`")
                && done[0].1[0].ends_with("`m20` and 4 more"),
            "{done:?}"
        );
    }
}
