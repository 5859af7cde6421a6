//! The files of a plan, the manifest aside: its steps in their order, then its audits. Work on all of them is shared by threads.

use std::borrow::Cow;
use std::num::NonZero;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::diagnostics::Diagnostic;
use crate::plan::{Audit, Plan, Step};
use crate::window::Cover;

pub struct Files<'a> {
    plan: &'a Plan,
    steps: usize,
    audits: Vec<(&'a Audit, &'a Cover)>,
}

/// One of them.
pub enum File<'a> {
    Step(Step<'a>),
    Audit(&'a Audit, &'a Cover),
}

/// So many are taken at a time.
const SOME: usize = 64;

impl<'a> Files<'a> {
    pub fn of(plan: &'a Plan) -> Files<'a> {
        Files { plan, steps: plan.count(), audits: plan.audits().collect() }
    }

    pub fn count(&self) -> usize {
        self.steps + self.audits.len()
    }

    pub fn audits(&self) -> bool {
        !self.audits.is_empty()
    }

    /// Does `work` for every file, with its place among them; the results in their order.
    pub fn each<T: Send>(&self, work: impl Fn(usize, &File) -> Result<T, Diagnostic> + Sync) -> Result<Vec<T>, Diagnostic> {
        let next = AtomicUsize::new(0);
        let some = || {
            let mut done = Vec::new();
            loop {
                let start = next.fetch_add(SOME, Ordering::Relaxed);
                if start >= self.count() {
                    return Ok(done);
                }
                let part = start..self.count().min(start + SOME);
                let results = self.some(part.clone()).zip(part).map(|(file, nth)| work(nth, &file));
                done.push((start, results.collect::<Result<Vec<T>, Diagnostic>>()?));
            }
        };
        let threads = thread::available_parallelism().map_or(1, NonZero::get).min(self.count().div_ceil(SOME));
        let mut done = thread::scope(|scope| {
            let others: Vec<_> = (1..threads).map(|_| scope.spawn(some)).collect();
            let mut done = some()?;
            for other in others {
                done.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
            }
            Ok(done)
        })?;
        done.sort_unstable_by_key(|(start, _)| *start);
        Ok(done.into_iter().flat_map(|(_, results)| results).collect())
    }

    fn some(&self, part: Range<usize>) -> impl Iterator<Item = File<'a>> {
        let audits = part.start.max(self.steps) - self.steps..part.end.max(self.steps) - self.steps;
        let steps = self.plan.some(part.start.min(self.steps)..part.end.min(self.steps));
        steps.map(File::Step).chain(self.audits[audits].iter().map(|(audit, cover)| File::Audit(audit, cover)))
    }
}

impl File<'_> {
    /// Relative to the plan's folder.
    pub fn name(&self) -> String {
        match self {
            File::Step(step) => step.file(),
            File::Audit(audit, _) => audit.file.clone(),
        }
    }

    /// With a line break at its end.
    pub fn text(&self) -> Cow<'_, str> {
        match self {
            File::Step(step) => step.text(),
            File::Audit(audit, cover) => Cow::Owned(audit.text(cover)),
        }
    }
}
