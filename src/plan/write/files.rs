//! The files of a plan, the manifest aside: its steps in their order, then its audits. Work on all of them is shared by threads,
//! and its results are handed over in the files' order while the work goes on.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::num::NonZero;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread;

use crate::diagnostics::Diagnostic;
use crate::plan::{Audit, Plan, Step, Steps};
use crate::window::Cover;

pub struct Files<'a> {
    plan: &'a Plan,
    steps: usize,
    audits: Vec<(&'a Steps, &'a Audit, &'a Cover)>,
}

/// One of them.
pub enum File<'a> {
    Step(Step<'a>),
    /// With the steps of its model.
    Audit(&'a Steps, &'a Audit, &'a Cover),
}

/// So many are taken at a time.
const SOME: usize = 64;
/// So many times as many may be done before their results are taken.
const AHEAD: usize = 64;

impl<'a> Files<'a> {
    pub fn of(plan: &'a Plan) -> Files<'a> {
        Files { plan, steps: plan.count(), audits: plan.audits().collect() }
    }

    pub fn count(&self) -> usize {
        self.steps + self.audits.len()
    }

    /// The places of the steps among the files.
    pub fn steps(&self) -> Range<usize> {
        0..self.steps
    }

    /// The places of the audits among the files.
    pub fn audits(&self) -> Range<usize> {
        self.steps..self.count()
    }

    /// Does `work` for every file; the results in their order.
    pub fn each<T: Send>(&self, work: impl Fn(usize, &File) -> Result<T, Diagnostic> + Sync) -> Result<Vec<T>, Diagnostic> {
        self.stream(0..self.count(), work, |results| results.collect())
    }

    /// Does `work` for the files at some places, with the place of each, and gives `take` the results in their order. They end
    /// early where work fails, which is what is returned then.
    pub fn stream<T: Send, R>(
        &self,
        places: Range<usize>,
        work: impl Fn(usize, &File) -> Result<T, Diagnostic> + Sync,
        take: impl FnOnce(&mut dyn Iterator<Item = T>) -> R,
    ) -> Result<R, Diagnostic> {
        let next = AtomicUsize::new(places.start);
        let (send, receive) = mpsc::sync_channel(AHEAD);
        let worker = |send: SyncSender<(usize, Vec<T>)>| {
            loop {
                let start = next.fetch_add(SOME, Ordering::Relaxed);
                if start >= places.end {
                    return Ok(());
                }
                let part = start..places.end.min(start + SOME);
                let results = self.some(part.clone()).zip(part).map(|(file, nth)| work(nth, &file));
                // Nobody listens any more where another one failed.
                if send.send((start, results.collect::<Result<Vec<T>, Diagnostic>>()?)).is_err() {
                    return Ok(());
                }
            }
        };
        let threads = thread::available_parallelism().map_or(1, NonZero::get).min(places.len().div_ceil(SOME));
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
            let taken = take(&mut in_order(receive, places.start));
            for worker in workers {
                worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
            }
            Ok(taken)
        })
    }

    fn some(&self, part: Range<usize>) -> impl Iterator<Item = File<'a>> {
        let audits = part.start.max(self.steps) - self.steps..part.end.max(self.steps) - self.steps;
        let steps = self.plan.some(part.start.min(self.steps)..part.end.min(self.steps));
        steps.map(File::Step).chain(self.audits[audits].iter().map(|(steps, audit, cover)| File::Audit(steps, audit, cover)))
    }
}

/// The results of parts that are done in any order, from the first place on.
fn in_order<T>(done: Receiver<(usize, Vec<T>)>, first: usize) -> impl Iterator<Item = T> {
    let mut waiting = BTreeMap::new();
    let mut next = first;
    let parts = std::iter::from_fn(move || {
        while !waiting.contains_key(&next) {
            let (start, part) = done.recv().ok()?;
            waiting.insert(start, part);
        }
        let part = waiting.remove(&next)?;
        next += part.len();
        Some(part)
    });
    parts.flatten()
}

impl File<'_> {
    /// The steps of the model that it is of.
    pub fn of(&self) -> &Steps {
        match self {
            File::Step(step) => step.of,
            File::Audit(steps, ..) => steps,
        }
    }

    /// Relative to the plan's folder.
    pub fn name(&self) -> String {
        match self {
            File::Step(step) => step.file(),
            File::Audit(_, audit, _) => audit.file.clone(),
        }
    }

    /// With a line break at its end.
    pub fn text(&self) -> Cow<'_, str> {
        match self {
            File::Step(step) => step.text(),
            File::Audit(_, audit, cover) => Cow::Owned(audit.text(cover)),
        }
    }
}
