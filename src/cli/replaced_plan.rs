//! Detects that `compile` replaces a plan that still has something to run: a run that is not
//! complete, or a published backfill whose old rows are not dropped yet. Returns warnings with the
//! commands that continue.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::diagnostics::Diagnostic;
use crate::plan::StepKind;
use crate::plan::manifest::ModelEntry;
use crate::run::plan_paths::PlanPaths;

/// What is left to run of a plan on disk.
pub struct ReplacedPlan {
    fingerprint: String,
    /// The number of finished steps and of all steps, if the last run is not complete.
    unfinished: Option<(usize, usize)>,
    /// The tables of a published backfill whose old rows were not dropped yet.
    published: Vec<PublishedTable>,
}

/// A table, and what identifies its backfill for the undo.
#[derive(PartialEq, Eq)]
struct PublishedTable {
    relation: String,
    backfill: String,
}

impl PublishedTable {
    fn of(model: &ModelEntry) -> Option<PublishedTable> {
        let backfill = model.staged.as_ref()?.backfill.clone();
        Some(PublishedTable { relation: model.relation.clone(), backfill })
    }
}

/// What is left to run; none if the plan or the journal cannot be read, which other messages
/// report.
pub fn replaced_plan(paths: &PlanPaths) -> Option<ReplacedPlan> {
    if paths.ends_complete() && !paths.has_undo_file() {
        return None;
    }
    let fingerprint = paths.fingerprint().ok()?;
    let history = paths.history(&fingerprint).ok()?;
    if !history.ran(&fingerprint) {
        return None;
    }
    let (mut done, mut steps) = (0, 0);
    let mut published = BTreeSet::<Arc<str>>::new();
    let head = paths
        .each_step(&mut |step| {
            steps += 1;
            done += usize::from(history.done(&step).is_some());
            if step.kind == StepKind::Publish && history.keeps_old_rows(&step) {
                published.insert(step.model);
            }
        })
        .ok()?;
    let is_published = |model: &&ModelEntry| published.contains(model.unique_id.as_str());
    let published = head.models.iter().filter(is_published);
    let published: Vec<PublishedTable> = published.filter_map(PublishedTable::of).collect();
    let unfinished = (!history.is_complete && done < steps).then_some((done, steps));
    let has_rest = unfinished.is_some() || !published.is_empty();
    has_rest.then_some(ReplacedPlan { fingerprint, unfinished, published })
}

impl ReplacedPlan {
    /// The warnings, if the folder now has another plan.
    pub fn warnings(&self, paths: &PlanPaths) -> Vec<Diagnostic> {
        if paths.fingerprint().is_ok_and(|fingerprint| fingerprint == self.fingerprint) {
            return Vec::new();
        }
        let unfinished = self.unfinished.map(unfinished_run);
        unfinished.into_iter().chain(self.lost_backfill(paths)).collect()
    }

    /// The warning about published tables whose backfill the new plan does not have.
    fn lost_backfill(&self, paths: &PlanPaths) -> Option<Diagnostic> {
        if self.published.is_empty() {
            return None;
        }
        let head = paths.each_step(&mut |_| {});
        let models = head.map(|head| head.models).unwrap_or_default();
        let tables: Vec<PublishedTable> = models.iter().filter_map(PublishedTable::of).collect();
        let lost = self.published.iter().filter(|table| !tables.contains(table));
        let lost: Vec<&str> = lost.map(|table| table.relation.as_str()).collect();
        (!lost.is_empty()).then(|| published_backfill(&lost))
    }
}

fn unfinished_run((done, steps): (usize, usize)) -> Diagnostic {
    Diagnostic::warning(format!(
        "this plan replaces one whose run is not complete: {done} of its {steps} steps are done"
    ))
    .hint(
        "`batchwright retry` runs what is new or changed in this plan and what was left of that \
         run",
    )
    .hint(
        "to finish the replaced plan, compile it again with the same flags, then `batchwright \
         retry`: what is done stays done",
    )
}

fn published_backfill(relations: &[&str]) -> Diagnostic {
    Diagnostic::warning(format!(
        "this plan replaces a published backfill, whose `undo.sql` and `cleanup.sql` are gone: {}",
        relations.join(", ")
    ))
    .hint(
        "the tables `…__before` still contain the old rows; the next backfill of these models can \
         be published only after a cleanup",
    )
    .hint(
        "to undo that backfill or to drop these tables, compile it again with the same flags, then \
         `batchwright undo` or `batchwright cleanup`",
    )
}
