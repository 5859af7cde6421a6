//! What changed between two plans, as a person reviews it. Takes two plans; gives the models that came, went or changed, the windows
//! as ranges, and for the batches that changed one diff for all that changed alike. Files whose hashes are equal are not read.

mod batches;
mod facts;
mod fold;
mod git;
pub mod markdown;
mod ranges;
mod side;
pub mod text;
mod unified;

use std::collections::BTreeMap;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Serialize;

use crate::diagnostics::Diagnostic;
use crate::plan::Kind;
use crate::plan::manifest::{Manifest, ModelEntry, PlannedStep};
use crate::plan::planned::StepFile;
use batches::batches;
use ranges::ranges;
use side::Files;
pub use side::{Side, open};

/// Compares two plans.
pub fn diff(mut old: Side, mut new: Side) -> Result<Difference, Diagnostic> {
    let (mut was, is) = (models(&old.manifest), models(&new.manifest));
    let (from, to) = (&mut old.files, &mut new.files);
    let mut changed = Vec::new();
    for (id, one) in &is {
        let model = match was.shift_remove(id) {
            Some(other) => compared(&other, one, from, to)?,
            None => Some(added(one, to)?),
        };
        changed.extend(model);
    }
    changed.extend(was.values().map(removed));
    Ok(Difference {
        plan: facts::differing(&facts::of_plan(&old.manifest.about), &facts::of_plan(&new.manifest.about)),
        unchanged: is.len() - changed.iter().filter(|model| model.change != Change::Removed).count(),
        models: changed,
        old: old.name,
        new: new.name,
    })
}

/// How two plans differ.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Difference {
    pub old: String,
    pub new: String,
    /// What was asked, and of which project.
    pub plan: Vec<Fact>,
    /// In the new plan's order; those that are gone stand last.
    pub models: Vec<ModelChange>,
    /// How many models are in both plans, without a change.
    pub unchanged: usize,
}

/// Something that the manifest says, and what it said before; absent where it did not say it.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Fact {
    pub name: String,
    pub old: Option<String>,
    pub new: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    Added,
    Removed,
    Changed,
}

/// One model that came, went or changed.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ModelChange {
    pub unique_id: String,
    pub change: Change,
    pub facts: Vec<Fact>,
    pub windows_added: Vec<Range>,
    pub windows_removed: Vec<Range>,
    /// Files that are no batch. Of a new model also its first batch, to be read for all of them.
    pub files: Vec<FileChange>,
    /// How many batches are in both plans, with other SQL.
    pub batches_changed: usize,
    /// These, by how they changed: the change that most of them share first.
    pub changes: Vec<BatchChange>,
}

/// Windows one after the other, without a gap.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Range {
    /// What the first and the last batch are called.
    pub first: String,
    pub last: String,
    /// UTC, RFC 3339.
    pub event_time_start: String,
    /// Excluded.
    pub event_time_end: String,
    pub batches: usize,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct FileChange {
    pub file: String,
    pub change: Change,
    /// Unified; absent where the file is gone.
    pub diff: Option<String>,
}

/// A change that batches share. In the diff `<start>`, `<end date>` and their like stand for the window, as it is spelled there.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct BatchChange {
    pub batches: usize,
    pub windows: Vec<Range>,
    /// What was compared: the same batch of both plans, but for plans that have no window in common.
    pub old_file: String,
    pub new_file: String,
    pub diff: String,
}

impl Difference {
    pub fn is_empty(&self) -> bool {
        self.plan.is_empty() && self.models.is_empty()
    }
}

/// A model with its steps.
pub struct Model<'a> {
    entry: &'a ModelEntry,
    fixed: Vec<&'a PlannedStep>,
    batches: Vec<&'a PlannedStep>,
}

impl Model<'_> {
    fn timezone(&self) -> chrono_tz::Tz {
        self.entry.microbatch.as_ref().and_then(|microbatch| microbatch.timezone.parse().ok()).unwrap_or_default()
    }
}

fn models(manifest: &Manifest) -> IndexMap<&str, Model<'_>> {
    let model = |entry| Model { entry, fixed: Vec::new(), batches: Vec::new() };
    let mut models: IndexMap<&str, Model> = manifest.models.iter().map(|entry| (entry.unique_id.as_str(), model(entry))).collect();
    for step in &manifest.steps {
        if let Some(model) = models.get_mut(&*step.model) {
            if step.kind == Kind::Batch { &mut model.batches } else { &mut model.fixed }.push(step);
        }
    }
    models
}

fn compared(before: &Model, after: &Model, old: &mut Files, new: &mut Files) -> Result<Option<ModelChange>, Diagnostic> {
    let facts = facts::differing(&facts::of_model(before), &facts::of_model(after));
    let mut files = Vec::new();
    let mut gone: BTreeMap<&StepFile, &PlannedStep> = before.fixed.iter().map(|step| (&step.file, *step)).collect();
    for step in &after.fixed {
        let (change, was) = match gone.remove(&step.file) {
            Some(same) if same.sha256 == step.sha256 => continue,
            Some(other) => (Change::Changed, old.text(other)?),
            None => (Change::Added, String::new()),
        };
        files.push(FileChange { file: step.file.to_string(), change, diff: Some(unified::diff(&was, &new.text(step)?)) });
    }
    files.extend(gone.keys().map(|file| FileChange { file: file.to_string(), change: Change::Removed, diff: None }));
    let batches = batches(before, after, old, new)?;
    let model = ModelChange {
        unique_id: after.entry.unique_id.clone(),
        change: Change::Changed,
        facts,
        windows_added: batches.added,
        windows_removed: batches.removed,
        files,
        batches_changed: batches.changed,
        changes: batches.changes,
    };
    let windows = model.windows_added.len() + model.windows_removed.len();
    let any = windows + model.facts.len() + model.files.len() + model.changes.len() > 0;
    Ok(any.then_some(model))
}

fn added(model: &Model, new: &mut Files) -> Result<ModelChange, Diagnostic> {
    let mut files = Vec::new();
    for step in model.fixed.iter().chain(model.batches.first()) {
        files.push(FileChange { file: step.file.to_string(), change: Change::Added, diff: Some(unified::diff("", &new.text(step)?)) });
    }
    Ok(ModelChange {
        unique_id: model.entry.unique_id.clone(),
        change: Change::Added,
        facts: facts::differing(&[], &facts::of_model(model)),
        windows_added: ranges(&model.batches),
        windows_removed: Vec::new(),
        files,
        batches_changed: 0,
        changes: Vec::new(),
    })
}

fn removed(model: &Model) -> ModelChange {
    ModelChange {
        unique_id: model.entry.unique_id.clone(),
        change: Change::Removed,
        facts: Vec::new(),
        windows_added: Vec::new(),
        windows_removed: ranges(&model.batches),
        files: Vec::new(),
        batches_changed: 0,
        changes: Vec::new(),
    }
}
