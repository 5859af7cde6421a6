//! The steps of a plan: the files in a valid order, with their names and texts. The batches of a
//! model are stored as windows and one template, and expanded to steps on demand, so that a million
//! batches need little more memory than their windows.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use super::{Plan, StepKind};
use crate::codegen::AuditFile;
use crate::dialect::BatchTemplate;
use crate::window::{Cover, Span};

impl Plan {
    /// Number of files without the manifest.
    pub fn count(&self) -> usize {
        self.steps.iter().map(|steps| steps.count() + steps.publish.len()).sum()
    }

    /// All steps, in a valid order.
    pub fn all(&self) -> impl Iterator<Item = Step<'_>> {
        self.range(0..self.count())
    }

    /// The audits, each with the steps and the windows of its model.
    pub fn audits(&self) -> impl Iterator<Item = (&ModelSteps, &AuditFile, &Cover)> {
        let batches = self.steps.iter().filter_map(|steps| Some((steps, steps.batches.as_ref()?)));
        batches
            .filter_map(|(steps, batches)| Some((steps, batches.audit.as_ref()?, &batches.cover)))
    }

    /// The files of models that are neither steps nor audits.
    pub fn extra_files(&self) -> impl Iterator<Item = (&ModelSteps, &ExtraFile)> {
        self.steps.iter().flat_map(|steps| steps.extra.iter().map(move |file| (steps, file)))
    }

    /// The steps in a range of that order. The steps that publish models are last.
    pub fn range(&self, range: Range<usize>) -> impl Iterator<Item = Step<'_>> {
        let parts = self.steps.iter().map(|steps| (steps, 0..steps.count()));
        let publish = self.steps.iter().map(|steps| {
            let count = steps.count();
            (steps, count..count + steps.publish.len())
        });
        let mut end = 0;
        parts.chain(publish).flat_map(move |(steps, part)| {
            let start = end;
            end += part.len();
            let indices = range.start.max(start)..range.end.min(end);
            indices.filter_map(move |nth| steps.step(nth - start + part.start))
        })
    }
}

/// The other models that a model reads.
#[derive(Clone, Debug, Default, Hash)]
pub struct ReadSet {
    /// Microbatch models whose rows are read only in the window of the batch.
    pub by_window: BTreeSet<String>,
    /// All other models that are read; a batch depends on all of their steps.
    pub whole: BTreeSet<String>,
    /// Models that a hook references. They are built before the hook runs.
    pub hooks: BTreeSet<String>,
    /// Whether each batch depends on the one before it.
    pub in_order: bool,
}

impl ReadSet {
    /// The unique ids of all models in the set.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        let ids = self.by_window.iter().chain(&self.whole).chain(&self.hooks);
        ids.map(String::as_str)
    }
}

/// The values that the ledger rows of a model take from its plan.
#[derive(Clone, Debug, Hash)]
pub struct LedgerStamp {
    pub plan_fingerprint: Arc<str>,
    /// The table that the batches write instead of the model's table, and the model's table: the
    /// hash of a statement is the same for both.
    pub renamed: Option<(String, String)>,
}

/// The steps of one model.
#[derive(Clone, Debug, Hash)]
pub struct ModelSteps {
    /// The model's unique id.
    pub model: String,
    /// The folder of the model's files in the plan.
    pub folder: String,
    /// The steps before its batches; all steps of a model without batches.
    pub first: Vec<StaticStep>,
    pub batches: Option<BatchSteps>,
    /// The steps after its batches.
    pub last: Vec<StaticStep>,
    /// The steps that publish a staged backfill, and those after them.
    pub publish: Vec<StaticStep>,
    pub extra: Vec<ExtraFile>,
    /// The kinds of steps whose statements change the session of their client.
    pub session_changes: BTreeSet<StepKind>,
    pub reads: ReadSet,
    /// Set in a plan with a ledger.
    pub ledger: Option<LedgerStamp>,
}

/// A file of the plan that is not a step: it runs only on request.
#[derive(Clone, Debug, Hash)]
pub struct ExtraFile {
    /// Relative to the plan's folder.
    pub file: String,
    pub text: String,
}

/// A step that is not a batch.
#[derive(Clone, Debug, Hash)]
pub struct StaticStep {
    pub kind: StepKind,
    pub text: String,
}

/// The batches of a model.
#[derive(Clone, Debug, Hash)]
pub struct BatchSteps {
    pub cover: Cover,
    pub text: BatchText,
    /// Read-only SQL that compares the table with the query.
    pub audit: Option<AuditFile>,
}

/// The texts of the batches.
#[derive(Clone, Debug, Hash)]
pub enum BatchText {
    /// One template for all batches.
    Template(Arc<BatchTemplate>),
    /// One for each batch.
    Rendered(Vec<String>),
}

/// One file of the plan.
#[derive(Clone, Debug)]
pub struct Step<'a> {
    pub parent: &'a ModelSteps,
    pub body: StepBody<'a>,
}

#[derive(Clone, Debug)]
pub enum StepBody<'a> {
    Static(&'a StaticStep),
    /// The batch, its index among those of the model, and the texts of all of them.
    Batch(Span, usize, &'a BatchText),
}

impl ModelSteps {
    /// Steps without batches, which read no other model.
    pub fn new(model: &str, folder: &str, first: Vec<StaticStep>) -> ModelSteps {
        ModelSteps {
            model: model.to_string(),
            folder: folder.to_string(),
            first,
            batches: None,
            last: Vec::new(),
            publish: Vec::new(),
            extra: Vec::new(),
            session_changes: BTreeSet::new(),
            reads: ReadSet::default(),
            ledger: None,
        }
    }

    /// Number of steps, without those that publish.
    pub fn count(&self) -> usize {
        self.first.len()
            + self.batches.as_ref().map_or(0, |batches| batches.cover.windows.len())
            + self.last.len()
    }

    /// Whether its batches are written to a staging table and published by its last steps.
    pub fn is_staged(&self) -> bool {
        !self.publish.is_empty()
    }

    /// All steps in the order of the names of their files.
    pub fn all(&self) -> impl Iterator<Item = Step<'_>> {
        (0..self.count() + self.publish.len()).filter_map(|nth| self.step(nth))
    }

    fn step(&self, nth: usize) -> Option<Step<'_>> {
        let static_step = |step| Step { parent: self, body: StepBody::Static(step) };
        if let Some(first) = self.first.get(nth) {
            return Some(static_step(first));
        }
        let nth = nth - self.first.len();
        let last = |nth| self.last.iter().chain(&self.publish).nth(nth).map(static_step);
        let Some(BatchSteps { cover, text, .. }) = &self.batches else { return last(nth) };
        match cover.windows.get(nth) {
            Some(window) => Some(Step {
                parent: self,
                body: StepBody::Batch(cover.naming.span(*window), nth, text),
            }),
            None => last(nth - cover.windows.len()),
        }
    }
}

impl Step<'_> {
    pub fn kind(&self) -> StepKind {
        match self.body {
            StepBody::Static(step) => step.kind,
            StepBody::Batch(..) => StepKind::Batch,
        }
    }

    /// Whether its statements change the session of its client, so that no other step may run in
    /// this session.
    pub fn changes_session(&self) -> bool {
        self.parent.session_changes.contains(&self.kind())
    }

    /// `model.shop.sessions@2024-09-01`, `model.shop.sessions@create`.
    pub fn id(&self) -> String {
        match &self.body {
            StepBody::Static(step) => format!("{}@{}", self.parent.model, step.kind.as_str()),
            StepBody::Batch(span, ..) => format!("{}@{}", self.parent.model, span.label),
        }
    }

    /// Relative to the plan's folder: `sessions/2024-09-01.sql`.
    pub fn file(&self) -> String {
        match &self.body {
            StepBody::Static(step) => {
                format!(
                    "{}/{}{}.sql",
                    self.parent.folder,
                    step.kind.file_prefix(),
                    step.kind.file_stem()
                )
            }
            StepBody::Batch(span, ..) => format!("{}/{}.sql", self.parent.folder, span.label),
        }
    }

    /// The text of the file, with a line break at its end.
    pub fn text(&self) -> Cow<'_, str> {
        self.parent.with_ledger(self.raw_text())
    }

    /// Whether it is the model's first batch of this plan.
    pub(super) fn is_first_batch(&self) -> bool {
        matches!(self.body, StepBody::Batch(_, 0, _))
    }

    /// The text with the markers of its ledger row.
    pub(super) fn raw_text(&self) -> Cow<'_, str> {
        match &self.body {
            StepBody::Static(step) => Cow::Borrowed(&step.text),
            StepBody::Batch(_, nth, BatchText::Rendered(texts)) => Cow::Borrowed(&texts[*nth]),
            StepBody::Batch(span, _, BatchText::Template(template)) => {
                Cow::Owned(template.fill(&span.window, &span.label))
            }
        }
    }
}

impl ExtraFile {
    /// The text of the file of the model with these steps.
    pub fn text(&self, parent: &ModelSteps) -> Cow<'_, str> {
        parent.with_ledger(Cow::Borrowed(&self.text))
    }
}

impl StepKind {
    /// Whether steps of this kind are never in a plan: `undo` and `cleanup`.
    pub fn is_extra(self) -> bool {
        matches!(self, StepKind::Undo | StepKind::Cleanup)
    }

    /// The name of a step that is not a batch, in its id and, after the prefix, in its file name.
    pub fn as_str(self) -> &'static str {
        match self {
            StepKind::Before => "before",
            StepKind::Create => "create",
            StepKind::Alter => "alter",
            StepKind::Batch => "batch",
            StepKind::Swap => "swap",
            StepKind::StagedAudit => "staged_audit",
            StepKind::Publish => "publish",
            StepKind::After => "after",
            StepKind::Build => "build",
            StepKind::Audit => "audit",
            StepKind::Undo => "undo",
            StepKind::Cleanup => "cleanup",
        }
    }

    /// The file name without prefix and extension. The audit of staged rows is called `audit`; its
    /// id must differ from that of the model's audit.
    fn file_stem(self) -> &'static str {
        if self == StepKind::StagedAudit { "audit" } else { self.as_str() }
    }

    /// The prefix that sorts the names of the files.
    fn file_prefix(self) -> &'static str {
        match self {
            StepKind::Before => "00_",
            StepKind::Create => "01_",
            StepKind::Alter => "02_",
            StepKind::StagedAudit => "97_",
            StepKind::Swap | StepKind::Publish => "98_",
            StepKind::After => "99_",
            StepKind::Batch
            | StepKind::Build
            | StepKind::Audit
            | StepKind::Undo
            | StepKind::Cleanup => "",
        }
    }
}
