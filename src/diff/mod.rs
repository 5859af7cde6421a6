//! The difference of two plans for review: added, removed and changed models, windows as ranges,
//! and one diff per set of batches with the same change. Files with equal hashes are not read.

mod batches;
mod causes;
mod git;
pub mod markdown;
mod metadata;
mod normalize;
mod plan_source;
mod ranges;
mod stale;
pub mod text;
mod unified;

use std::collections::BTreeMap;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Serialize;

use crate::diagnostics::Diagnostic;
use crate::plan::StepKind;
use crate::plan::manifest::{Manifest, ModelEntry, PlannedStep};
use crate::plan::planned::StepFile;
use batches::batches;
use causes::States;
use plan_source::PlanFiles;
pub use plan_source::{PlanSource, open};
use ranges::ranges;
pub use stale::StaleModel;

/// Compares two plans.
pub fn diff(mut old: PlanSource, mut new: PlanSource) -> Result<Difference, Diagnostic> {
    let (mut old_models, new_models) = (models(&old.manifest), models(&new.manifest));
    let (from, to) = (&mut old.files, &mut new.files);
    let mut changed = Vec::new();
    for (id, model) in &new_models {
        let change = match old_models.shift_remove(id) {
            Some(before) => compare(&before, model, from, to)?,
            None => Some(added(model, to)?),
        };
        changed.extend(change);
    }
    changed.extend(old_models.values().map(removed));
    let states = States::of(from.state(), to.state());
    let macros_changed = states.as_ref().map(States::changed_macros).unwrap_or_default();
    for model in changed.iter_mut().filter(|model| model.is_rewritten_only()) {
        model.cause =
            states.as_ref().and_then(|states| states.cause(&model.unique_id, &macros_changed));
    }
    let stale = stale::stale_models(&old.manifest, &new.manifest, &changed);
    Ok(Difference {
        summary: stale::summary(&changed, &stale),
        stale,
        macros_changed,
        plan: metadata::differing(
            &metadata::of_plan(&old.manifest.about),
            &metadata::of_plan(&new.manifest.about),
        ),
        unchanged: new_models.len()
            - changed.iter().filter(|model| model.change != ChangeKind::Removed).count(),
        models: changed,
        old: old.name,
        new: new.name,
    })
}

/// The difference of two plans.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Difference {
    pub old: String,
    pub new: String,
    /// One sentence: the number of changed models and of stale batches, and the command that
    /// backfills them.
    pub summary: String,
    /// The models whose rows are not those of the new plan's queries.
    pub stale: Vec<StaleModel>,
    /// The macros of the project that differ.
    pub macros_changed: Vec<String>,
    /// The differences in the project, the target and the request.
    pub plan: Vec<Fact>,
    /// In the order of the new plan, then the removed models.
    pub models: Vec<ModelChange>,
    /// The number of models that are in both plans without a change.
    pub unchanged: usize,
}

/// A value in the manifest, in the old and in the new plan; absent in a plan that does not have it.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Fact {
    pub name: String,
    pub old: Option<String>,
    pub new: Option<String>,
}

/// Whether a model or a file was added, removed or changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ChangeKind {
    Added,
    Removed,
    Changed,
}

/// An added, removed or changed model.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ModelChange {
    pub unique_id: String,
    pub change: ChangeKind,
    /// Why its SQL changed although its own text did not.
    pub cause: Option<String>,
    pub columns_added: Vec<String>,
    pub columns_removed: Vec<String>,
    /// What happens to the table because of its columns.
    pub alter: Option<String>,
    pub facts: Vec<Fact>,
    pub windows_added: Vec<WindowRange>,
    pub windows_removed: Vec<WindowRange>,
    /// Files of other steps than batches; for an added model also the first batch, as an example.
    pub files: Vec<FileChange>,
    /// The number of batches that are in both plans with different SQL.
    pub batches_changed: usize,
    /// The changes of these batches, the most frequent first.
    pub changes: Vec<BatchChange>,
}

/// Consecutive windows without a gap.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct WindowRange {
    /// The label of the first batch.
    pub first: String,
    /// The label of the last batch.
    pub last: String,
    /// UTC, RFC 3339.
    pub event_time_start: String,
    /// Exclusive; UTC, RFC 3339.
    pub event_time_end: String,
    pub batches: usize,
}

/// An added, removed or changed file of a step that is not a batch.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct FileChange {
    pub file: String,
    pub change: ChangeKind,
    /// The unified diff; absent for a removed file.
    pub diff: Option<String>,
}

/// A change of one or more batches. In the diff, `<start>`, `<end date>` and similar are
/// placeholders for the window.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct BatchChange {
    pub batches: usize,
    pub windows: Vec<WindowRange>,
    /// The compared files: the same batch of both plans, or the first batches if no window is in
    /// both.
    pub old_file: String,
    pub new_file: String,
    pub diff: String,
}

impl ModelChange {
    /// Whether the SQL of a model that is in both plans changed.
    fn is_rewritten_only(&self) -> bool {
        self.change == ChangeKind::Changed && self.changes.len() + self.files.len() > 0
    }
}

impl Difference {
    pub fn is_empty(&self) -> bool {
        self.plan.is_empty() && self.models.is_empty()
    }
}

/// A model in the manifest, with its steps.
pub struct PlannedModel<'a> {
    entry: &'a ModelEntry,
    fixed: Vec<&'a PlannedStep>,
    batches: Vec<&'a PlannedStep>,
}

impl PlannedModel<'_> {
    fn timezone(&self) -> chrono_tz::Tz {
        self.entry
            .microbatch
            .as_ref()
            .and_then(|microbatch| microbatch.timezone.parse().ok())
            .unwrap_or_default()
    }
}

fn models(manifest: &Manifest) -> IndexMap<&str, PlannedModel<'_>> {
    let model = |entry| PlannedModel { entry, fixed: Vec::new(), batches: Vec::new() };
    let mut models: IndexMap<&str, PlannedModel> =
        manifest.models.iter().map(|entry| (entry.unique_id.as_str(), model(entry))).collect();
    for step in &manifest.steps {
        if let Some(model) = models.get_mut(&*step.model) {
            if step.kind == StepKind::Batch { &mut model.batches } else { &mut model.fixed }
                .push(step);
        }
    }
    models
}

fn compare(
    before: &PlannedModel,
    after: &PlannedModel,
    old: &mut PlanFiles,
    new: &mut PlanFiles,
) -> Result<Option<ModelChange>, Diagnostic> {
    let facts = metadata::differing(&metadata::of_model(before), &metadata::of_model(after));
    let mut files = Vec::new();
    let mut removed: BTreeMap<&StepFile, &PlannedStep> =
        before.fixed.iter().map(|step| (&step.file, *step)).collect();
    for step in &after.fixed {
        let (change, old_text) = match removed.remove(&step.file) {
            Some(same) if same.has_equal_file(step) => continue,
            Some(other) => (ChangeKind::Changed, old.text(other)?),
            None => (ChangeKind::Added, String::new()),
        };
        files.push(FileChange {
            file: step.file.to_string(),
            change,
            diff: Some(unified::diff(&old_text, &new.text(step)?)),
        });
    }
    files.extend(removed.keys().map(|file| FileChange {
        file: file.to_string(),
        change: ChangeKind::Removed,
        diff: None,
    }));
    let batches = batches(before, after, old, new)?;
    let columns_added = lacking(after, before);
    let columns_removed = lacking(before, after);
    let model = ModelChange {
        unique_id: after.entry.unique_id.clone(),
        change: ChangeKind::Changed,
        cause: None,
        alter: alter(after, &columns_added, &columns_removed),
        columns_added,
        columns_removed,
        facts,
        windows_added: batches.added,
        windows_removed: batches.removed,
        files,
        batches_changed: batches.changed,
        changes: batches.changes,
    };
    let windows = model.windows_added.len() + model.windows_removed.len();
    let columns = model.columns_added.len() + model.columns_removed.len();
    let is_changed =
        windows + columns + model.facts.len() + model.files.len() + model.changes.len() > 0;
    Ok(is_changed.then_some(model))
}

/// The columns of one plan that the other lacks, where both know them.
fn lacking(of: &PlannedModel, other: &PlannedModel) -> Vec<String> {
    let (Some(columns), Some(others)) = (&of.entry.columns, &other.entry.columns) else {
        return Vec::new();
    };
    columns.iter().filter(|column| !others.contains(column)).cloned().collect()
}

/// What happens to a table whose query has other columns.
fn alter(model: &PlannedModel, added: &[String], removed: &[String]) -> Option<String> {
    let keeps_table = model.entry.microbatch.as_ref().is_some_and(|model| model.shadow.is_none());
    if !keeps_table || added.len() + removed.len() == 0 {
        return None;
    }
    let step = model.fixed.iter().find(|step| step.kind == StepKind::Alter);
    match step {
        Some(step) => Some(format!("`{}` alters the table", step.file)),
        None if model.entry.staged.is_some() => None,
        None if added.is_empty() => {
            Some("no step drops the column from the table: new rows have a null there".to_string())
        }
        None => Some(
            "no step adds the column to the table, so the batches fail: set \
             `on_schema_change: append_new_columns`, or rebuild with `--full-refresh`"
                .to_string(),
        ),
    }
}

fn added(model: &PlannedModel, new: &mut PlanFiles) -> Result<ModelChange, Diagnostic> {
    let mut facts = metadata::of_model(model);
    facts.extend(metadata::columns(model));
    let mut files = Vec::new();
    for step in model.fixed.iter().chain(model.batches.first()) {
        files.push(FileChange {
            file: step.file.to_string(),
            change: ChangeKind::Added,
            diff: Some(unified::diff("", &new.text(step)?)),
        });
    }
    Ok(ModelChange {
        unique_id: model.entry.unique_id.clone(),
        change: ChangeKind::Added,
        cause: None,
        columns_added: Vec::new(),
        columns_removed: Vec::new(),
        alter: None,
        facts: metadata::differing(&[], &facts),
        windows_added: ranges(&model.batches),
        windows_removed: Vec::new(),
        files,
        batches_changed: 0,
        changes: Vec::new(),
    })
}

fn removed(model: &PlannedModel) -> ModelChange {
    ModelChange {
        unique_id: model.entry.unique_id.clone(),
        change: ChangeKind::Removed,
        cause: None,
        columns_added: Vec::new(),
        columns_removed: Vec::new(),
        alter: None,
        facts: Vec::new(),
        windows_added: Vec::new(),
        windows_removed: ranges(&model.batches),
        files: Vec::new(),
        batches_changed: 0,
        changes: Vec::new(),
    }
}
