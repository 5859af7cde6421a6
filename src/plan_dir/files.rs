//! The files of a plan without the manifest: its steps in order, then its audits and other files.
//! Threads share the work; the results are consumed in the order of the files while the work
//! continues.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::num::NonZero;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread;

use crate::codegen::AuditFile;
use crate::diagnostics::Diagnostic;
use crate::plan::{ExtraFile, ModelSteps, Plan, Step};
use crate::window::Cover;

/// The steps, audits and extra files of a plan.
pub struct WrittenFiles<'a> {
    plan: &'a Plan,
    steps: usize,
    others: Vec<OtherFile<'a>>,
}

/// A file that is not a step.
#[derive(Clone, Copy)]
enum OtherFile<'a> {
    Audit(&'a ModelSteps, &'a AuditFile, &'a Cover),
    Extra(&'a ModelSteps, &'a ExtraFile),
}

/// A step, an audit or an extra file.
pub enum WrittenFile<'a> {
    Step(Step<'a>),
    /// An audit, with the steps and the windows of its model.
    Audit(&'a ModelSteps, &'a AuditFile, &'a Cover),
    Extra(&'a ModelSteps, &'a ExtraFile),
}

/// The number of files that a worker claims at a time.
const CHUNK: usize = 64;
/// The maximum number of chunks with unconsumed results (back-pressure).
const MAX_PENDING_CHUNKS: usize = 64;

impl<'a> WrittenFiles<'a> {
    pub fn of(plan: &'a Plan) -> WrittenFiles<'a> {
        let audits =
            plan.audits().map(|(steps, audit, cover)| OtherFile::Audit(steps, audit, cover));
        let extra = plan.extra_files().map(|(steps, file)| OtherFile::Extra(steps, file));
        WrittenFiles { plan, steps: plan.count(), others: audits.chain(extra).collect() }
    }

    pub fn count(&self) -> usize {
        self.steps + self.others.len()
    }

    /// The indices of the steps among the files.
    pub fn steps(&self) -> Range<usize> {
        0..self.steps
    }

    /// The indices of the files that are not steps.
    pub fn others(&self) -> Range<usize> {
        self.steps..self.count()
    }

    /// Calls `work` for every file; the results are in the order of the files.
    pub fn each<T: Send>(
        &self,
        work: impl Fn(usize, &WrittenFile) -> Result<T, Diagnostic> + Sync,
    ) -> Result<Vec<T>, Diagnostic> {
        self.stream(0..self.count(), work, |results| results.collect())
    }

    /// Calls `work` for the files at `indices`, with the index of each, and passes the results to
    /// `take` in their order. If `work` fails, the results end early and the error is returned.
    pub fn stream<T: Send, R>(
        &self,
        indices: Range<usize>,
        work: impl Fn(usize, &WrittenFile) -> Result<T, Diagnostic> + Sync,
        take: impl FnOnce(&mut dyn Iterator<Item = T>) -> R,
    ) -> Result<R, Diagnostic> {
        let next = AtomicUsize::new(indices.start);
        let (send, receive) = mpsc::sync_channel(MAX_PENDING_CHUNKS);
        let worker = |send: SyncSender<(usize, Vec<T>)>| {
            loop {
                let start = next.fetch_add(CHUNK, Ordering::Relaxed);
                if start >= indices.end {
                    return Ok(());
                }
                let chunk = start..indices.end.min(start + CHUNK);
                let results =
                    self.range(chunk.clone()).zip(chunk).map(|(file, index)| work(index, &file));
                // The receiver is closed if another worker failed.
                if send.send((start, results.collect::<Result<Vec<T>, Diagnostic>>()?)).is_err() {
                    return Ok(());
                }
            }
        };
        let threads = thread::available_parallelism()
            .map_or(1, NonZero::get)
            .min(indices.len().div_ceil(CHUNK));
        thread::scope(|scope| {
            let workers: Vec<_> = (0..threads)
                .map(|_| {
                    scope.spawn({
                        let send = send.clone();
                        || worker(send)
                    })
                })
                .collect();
            drop(send);
            let result = take(&mut in_order(receive, indices.start));
            for worker in workers {
                worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
            }
            Ok(result)
        })
    }

    fn range(&self, part: Range<usize>) -> impl Iterator<Item = WrittenFile<'a>> {
        let others = part.start.max(self.steps) - self.steps..part.end.max(self.steps) - self.steps;
        let steps = self.plan.range(part.start.min(self.steps)..part.end.min(self.steps));
        steps.map(WrittenFile::Step).chain(self.others[others].iter().map(|file| match file {
            OtherFile::Audit(steps, audit, cover) => WrittenFile::Audit(steps, audit, cover),
            OtherFile::Extra(steps, file) => WrittenFile::Extra(steps, file),
        }))
    }
}

/// Sorts chunks of results, which arrive in any order, by their start; `first` is the start of the
/// first chunk.
fn in_order<T>(receiver: Receiver<(usize, Vec<T>)>, first: usize) -> impl Iterator<Item = T> {
    let mut waiting = BTreeMap::new();
    let mut next = first;
    let parts = std::iter::from_fn(move || {
        while !waiting.contains_key(&next) {
            let (start, part) = receiver.recv().ok()?;
            waiting.insert(start, part);
        }
        let part = waiting.remove(&next)?;
        next += part.len();
        Some(part)
    });
    parts.flatten()
}

impl WrittenFile<'_> {
    /// The steps of its model.
    pub fn parent(&self) -> &ModelSteps {
        match self {
            WrittenFile::Step(step) => step.parent,
            WrittenFile::Audit(steps, ..) | WrittenFile::Extra(steps, _) => steps,
        }
    }

    /// Its path relative to the plan's folder.
    pub fn name(&self) -> String {
        match self {
            WrittenFile::Step(step) => step.file(),
            WrittenFile::Audit(_, audit, _) => audit.file.clone(),
            WrittenFile::Extra(_, file) => file.file.clone(),
        }
    }

    /// Its content, which ends with a line break.
    pub fn text(&self) -> Cow<'_, str> {
        match self {
            WrittenFile::Step(step) => step.text(),
            WrittenFile::Audit(_, audit, cover) => Cow::Owned(audit.text(cover)),
            WrittenFile::Extra(steps, file) => file.text(steps),
        }
    }
}
