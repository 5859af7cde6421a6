//! The steps of a plan: which files there are, in a valid order, what each is called and holds. A
//! model's batches are kept as windows and one statement, and become steps when they are asked for:
//! a million of them need no more memory than their windows.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use super::{Kind, Plan, Reads};
use crate::codegen::Audit;
use crate::dialect::BatchTemplate;
use crate::window::{Cover, Span};

impl Plan {
    /// How many files there are, the manifest aside.
    pub fn count(&self) -> usize {
        self.steps.iter().map(|steps| steps.count() + steps.publish.len()).sum()
    }

    /// All steps, in a valid order.
    pub fn all(&self) -> impl Iterator<Item = Step<'_>> {
        self.some(0..self.count())
    }

    /// The audits, each with the steps of its model and the windows that it is of.
    pub fn audits(&self) -> impl Iterator<Item = (&Steps, &Audit, &Cover)> {
        let batches = self.steps.iter().filter_map(|steps| Some((steps, steps.batches.as_ref()?)));
        batches
            .filter_map(|(steps, batches)| Some((steps, batches.audit.as_ref()?, &batches.cover)))
    }

    /// The files of models that are neither steps nor audits.
    pub fn extra_files(&self) -> impl Iterator<Item = (&Steps, &ExtraFile)> {
        self.steps.iter().flat_map(|steps| steps.extra.iter().map(move |file| (steps, file)))
    }

    /// Those at some places of that order. What publishes the models follows all that they are made
    /// from.
    pub fn some(&self, places: Range<usize>) -> impl Iterator<Item = Step<'_>> {
        let parts = self.steps.iter().map(|steps| (steps, 0..steps.count()));
        let publish = self.steps.iter().map(|steps| {
            let count = steps.count();
            (steps, count..count + steps.publish.len())
        });
        let mut end = 0;
        parts.chain(publish).flat_map(move |(steps, part)| {
            let start = end;
            end += part.len();
            let range = places.start.max(start)..places.end.min(end);
            range.filter_map(move |nth| steps.step(nth - start + part.start))
        })
    }
}

/// The steps of one model.
#[derive(Clone, Debug, Hash)]
pub struct Steps {
    /// The model's unique id.
    pub model: String,
    /// The plan's folder of the model's files.
    pub folder: String,
    /// Before its batches; all of them for a model without batches.
    pub first: Vec<StaticStep>,
    pub batches: Option<BatchSteps>,
    /// After its batches.
    pub last: Vec<StaticStep>,
    /// What publishes a staged backfill, and what follows that.
    pub publish: Vec<StaticStep>,
    pub extra: Vec<ExtraFile>,
    pub reads: Reads,
}

/// A file of the plan that is no step: it runs on request only.
#[derive(Clone, Debug, Hash)]
pub struct ExtraFile {
    /// Relative to the plan's folder.
    pub file: String,
    pub text: String,
}

/// A step that is no batch.
#[derive(Clone, Debug, Hash)]
pub struct StaticStep {
    pub kind: Kind,
    pub text: String,
}

/// The batches of a model.
#[derive(Clone, Debug, Hash)]
pub struct BatchSteps {
    pub cover: Cover,
    pub text: Text,
    /// Read-only SQL that tells whether the table is what it should be.
    pub audit: Option<Audit>,
}

/// The batches' texts.
#[derive(Clone, Debug, Hash)]
pub enum Text {
    /// The same for every batch but for its window.
    Stamped(Arc<BatchTemplate>),
    /// One for each batch.
    Whole(Vec<String>),
}

/// One file of the plan.
#[derive(Clone, Debug)]
pub struct Step<'a> {
    pub of: &'a Steps,
    pub what: StepBody<'a>,
}

#[derive(Clone, Debug)]
pub enum StepBody<'a> {
    StaticStep(&'a StaticStep),
    /// The batch, which one of the model's it is, and the texts of all of them.
    Batch(Span, usize, &'a Text),
}

impl Steps {
    /// The number of its steps, without those that publish.
    pub fn count(&self) -> usize {
        self.first.len()
            + self.batches.as_ref().map_or(0, |batches| batches.cover.windows.len())
            + self.last.len()
    }

    /// Whether its batches are written beside the table and published by its last steps.
    pub fn is_staged(&self) -> bool {
        !self.publish.is_empty()
    }

    /// In the order of the files' names.
    pub fn all(&self) -> impl Iterator<Item = Step<'_>> {
        (0..self.count() + self.publish.len()).filter_map(|nth| self.step(nth))
    }

    fn step(&self, nth: usize) -> Option<Step<'_>> {
        let fixed = |fixed| Step { of: self, what: StepBody::StaticStep(fixed) };
        if let Some(first) = self.first.get(nth) {
            return Some(fixed(first));
        }
        let nth = nth - self.first.len();
        let last = |nth| self.last.iter().chain(&self.publish).nth(nth).map(fixed);
        let Some(BatchSteps { cover, text, .. }) = &self.batches else { return last(nth) };
        match cover.windows.get(nth) {
            Some(window) => Some(Step {
                of: self,
                what: StepBody::Batch(cover.naming.span(*window), nth, text),
            }),
            None => last(nth - cover.windows.len()),
        }
    }
}

impl Step<'_> {
    pub fn kind(&self) -> Kind {
        match self.what {
            StepBody::StaticStep(fixed) => fixed.kind,
            StepBody::Batch(..) => Kind::Batch,
        }
    }

    /// `model.shop.sessions@2024-09-01`, `model.shop.sessions@create`.
    pub fn id(&self) -> String {
        match &self.what {
            StepBody::StaticStep(fixed) => format!("{}@{}", self.of.model, fixed.kind.word()),
            StepBody::Batch(span, ..) => format!("{}@{}", self.of.model, span.label),
        }
    }

    /// Relative to the plan's folder: `sessions/2024-09-01.sql`.
    pub fn file(&self) -> String {
        match &self.what {
            StepBody::StaticStep(fixed) => {
                format!("{}/{}{}.sql", self.of.folder, fixed.kind.rank(), fixed.kind.file_stem())
            }
            StepBody::Batch(span, ..) => format!("{}/{}.sql", self.of.folder, span.label),
        }
    }

    /// The text of the file, with a line break at its end.
    pub fn text(&self) -> Cow<'_, str> {
        match &self.what {
            StepBody::StaticStep(fixed) => Cow::Borrowed(&fixed.text),
            StepBody::Batch(_, nth, Text::Whole(texts)) => Cow::Borrowed(&texts[*nth]),
            StepBody::Batch(span, _, Text::Stamped(stamp)) => {
                Cow::Owned(stamp.fill(&span.window, &span.label))
            }
        }
    }
}

impl Kind {
    /// What a step that is no batch is called in its id and, behind its rank, in its file's name.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Before => "before",
            Kind::Create => "create",
            Kind::Alter => "alter",
            Kind::Batch => "batch",
            Kind::Swap => "swap",
            Kind::StagedAudit => "staged_audit",
            Kind::Publish => "publish",
            Kind::After => "after",
            Kind::Build => "build",
            Kind::Audit => "audit",
            Kind::Undo => "undo",
            Kind::Cleanup => "cleanup",
        }
    }

    /// The name of its file behind the rank. An audit of staged rows is called `audit` there; its
    /// id must differ from that of the model's audit.
    fn file_stem(self) -> &'static str {
        if self == Kind::StagedAudit { "audit" } else { self.word() }
    }

    /// What puts the file's name in its place among the others.
    fn rank(self) -> &'static str {
        match self {
            Kind::Before => "00_",
            Kind::Create => "01_",
            Kind::Alter => "02_",
            Kind::StagedAudit => "97_",
            Kind::Swap | Kind::Publish => "98_",
            Kind::After => "99_",
            Kind::Batch | Kind::Build | Kind::Audit | Kind::Undo | Kind::Cleanup => "",
        }
    }
}
