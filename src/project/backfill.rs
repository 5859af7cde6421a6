//! A backfill as a file, `backfills/*.yml`: why and how the rows of a range are rewritten. Takes
//! the project's folder and the path of the file; returns what it requests. Refuses an unknown key
//! and a value of another type, with the line.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::files::Files;
use crate::diagnostics::{Diagnostic, Diagnostics, SourceFile};

/// The folder of the backfills in a project.
pub const FOLDER: &str = "backfills";

/// A backfill, as its file has it.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mapping")]
pub struct Backfill {
    /// Why the rows are rewritten.
    pub reason: String,
    /// The person or team responsible for it.
    pub owner: Option<String>,
    /// The models, in dbt's selection grammar.
    #[serde(default)]
    pub select: Vec<String>,
    #[serde(default)]
    pub exclude: Vec<String>,
    /// Select the models that have changed since the plan of `state`, and the models that read
    /// them: `state:modified+`.
    #[serde(default)]
    pub changed: bool,
    /// The folder of an earlier plan, relative to the project.
    pub state: Option<PathBuf>,
    /// The start of the range: `2024-10-01` or `2024-10-01T05:00`, in the `timezone` of the model
    /// (default: UTC), or with an offset.
    pub event_time_start: String,
    /// The end of the range, exclusive.
    pub event_time_end: String,
    /// The ranges whose batches are not planned.
    #[serde(default)]
    pub exclude_windows: Vec<ExcludedRange>,
    /// Larger or smaller batches than the models set: `hour`, `day`, `month`, `year`.
    pub batch_size: Option<String>,
    /// Label batches by their month (day, year).
    pub chunk: Option<String>,
    /// Render the models as in a full refresh; only the range is rewritten.
    #[serde(default)]
    pub full_refresh: bool,
    /// Write the batches to a second table, whose rows `batchwright publish` moves to the target.
    #[serde(default)]
    pub staged: bool,
    #[serde(default)]
    pub audit: AuditRules,
}

/// A range whose batches are not planned.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mapping")]
pub struct ExcludedRange {
    pub event_time_start: String,
    /// Exclusive.
    pub event_time_end: String,
}

/// The rules of the audits of this backfill, instead of those of the models.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mapping")]
pub struct AuditRules {
    /// The verdicts that do not fail the audit.
    pub allow: Option<Vec<String>>,
    /// The share of its rows, or of their keys, by which a staged batch may differ from what it
    /// replaces: 0.05 for a twentieth.
    pub max_change: Option<f64>,
}

/// A backfill and its file.
#[derive(Clone, Debug)]
pub struct BackfillFile {
    /// Relative to the project, with `/` separators.
    pub path: String,
    pub backfill: Backfill,
    file: SourceFile,
}

impl BackfillFile {
    /// Reads the file; `path` is relative to the current folder. Returns an error for a file
    /// outside of the project.
    pub fn read(root: &Path, path: &Path) -> Result<BackfillFile, Diagnostic> {
        let shown = path.display();
        let not_found = || {
            Diagnostic::error(format!("backfill `{shown}` not found"))
                .hint(format!("write the backfill to a file below `{FOLDER}/`"))
        };
        let (Ok(root), Ok(real)) = (root.canonicalize(), path.canonicalize()) else {
            return Err(not_found());
        };
        let Ok(relative) = real.strip_prefix(&root) else {
            return Err(Diagnostic::error(format!("backfill `{shown}` is outside of the project"))
                .hint(format!("move it below `{}`", root.join(FOLDER).display())));
        };
        let names: Vec<_> = relative.iter().map(|name| name.to_string_lossy()).collect();
        let files = Files::open(&root)?;
        let path = names.join("/");
        let file = parse(files.read(&path)?.ok_or_else(not_found)?)?;
        let paths = paths(&files, &mut Diagnostics::default());
        if let Some(other) =
            paths.iter().find(|other| **other != path && name(other) == file.name())
        {
            return Err(Diagnostic::error(format!(
                "backfills `{path}` and `{other}` have the same name, and would write to the same \
                 plan"
            ))
            .hint("rename one of the files"));
        }
        Ok(file)
    }

    /// The name of the backfill: the file name without its extension.
    pub fn name(&self) -> &str {
        name(&self.path)
    }

    /// Adds the line of the key to the error.
    pub fn error_at(&self, key: &str, error: Diagnostic) -> Diagnostic {
        let has_key = |line: &str| line.trim_start_matches([' ', '-']).starts_with(key);
        let line = self.file.text.lines().position(has_key);
        error.at(self.file.line(line.map_or(1, |line| line + 1)))
    }
}

/// The backfills of a project, ordered by name; an invalid file is an error in the list.
pub fn backfills(root: &Path) -> Result<Vec<Result<BackfillFile, Diagnostic>>, Diagnostic> {
    let files = Files::open(root)?;
    let mut errors = Diagnostics::default();
    let mut backfills = Vec::new();
    for path in &paths(&files, &mut errors) {
        match files.read(path) {
            Ok(file) => backfills.extend(file.map(parse)),
            Err(error) => backfills.push(Err(error)),
        }
    }
    backfills.extend(errors.0.into_iter().map(Err));
    Ok(backfills)
}

/// The paths of the backfills of the project.
fn paths(files: &Files, errors: &mut Diagnostics) -> Vec<String> {
    let is_yaml = |path: &String| path.ends_with(".yml") || path.ends_with(".yaml");
    files.below(FOLDER, &Default::default(), errors).into_iter().filter(is_yaml).collect()
}

/// The file name without its extension.
fn name(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    match name.rsplit_once('.') {
        Some((stem, _)) if !stem.is_empty() => stem,
        _ => name,
    }
}

fn parse(file: SourceFile) -> Result<BackfillFile, Diagnostic> {
    let error = |message: String, line: usize| {
        Diagnostic::error(message)
            .at(file.line(line))
            .hint("for the keys and their types: `batchwright schema backfill`")
    };
    let backfill: Backfill = serde_yaml::from_str(&file.text).map_err(|cause| {
        let line = cause.location().map_or(1, |location| location.line());
        let text = cause.to_string();
        // The line is shown below the message.
        let message = text.split(" at line ").next().unwrap_or(&text);
        error(format!("invalid backfill: {message}"), line)
    })?;
    if backfill.reason.trim().is_empty() {
        return Err(error("a backfill needs a `reason`".to_string(), 1));
    }
    if !backfill.changed && backfill.select.is_empty() {
        return Err(error("a backfill needs `select`, or `changed: true`".to_string(), 1));
    }
    if backfill.changed && backfill.state.is_none() {
        return Err(error(
            "`changed: true` needs `state`, the folder of the earlier plan".to_string(),
            1,
        ));
    }
    Ok(BackfillFile { path: file.path.to_string(), backfill, file })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Backfill, String> {
        let file = SourceFile::new("backfills/refunds.yml", text);
        parse(file).map(|file| file.backfill).map_err(|error| {
            let line = error.at.map_or(0, |at| at.file.text[..at.span.start].lines().count() + 1);
            format!("{line}: {}", error.message)
        })
    }

    const BOUNDS: &str = "event_time_start: 2024-10-01\nevent_time_end: 2024-11-01\n";

    #[test]
    fn dates_need_no_quotes() {
        let text = format!("reason: refunds\nselect: [orders+]\n{BOUNDS}");
        let backfill = parsed(&text).unwrap();
        assert_eq!(backfill.event_time_start, "2024-10-01");
        assert!(!backfill.staged && backfill.exclude_windows.is_empty());
    }

    #[test]
    fn errors_name_the_key_and_the_line() {
        let error = |text: String| parsed(&text).unwrap_err();
        assert!(
            error(format!("reason: a\nselekt: [orders]\n{BOUNDS}"))
                .starts_with("2: invalid backfill: unknown field `selekt`")
        );
        assert_eq!(
            error(format!("reason: a\n{BOUNDS}")),
            "1: a backfill needs `select`, or `changed: true`"
        );
        assert!(error("reason: a\nselect: [b]\n".into()).contains("missing field"));
        assert!(error(format!("reason: a\nselect: b\n{BOUNDS}")).contains("invalid type: string"));
    }
}
