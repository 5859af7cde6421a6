//! A plan whose run is not complete, and that a compile replaces. Takes the plan's folder; gives a
//! warning that says how to go on with it.

use std::path::Path;

use crate::diagnostics::Diagnostic;
use crate::run::journal::PlanPaths;

/// What is left of the last run of a plan on disk.
pub struct UnfinishedRun {
    fingerprint: String,
    done: usize,
    steps: usize,
}

/// The run that is not complete, if there is one. A plan or a journal that cannot be read has none:
/// other messages are about that.
pub fn unfinished(folder: &Path) -> Option<UnfinishedRun> {
    let paths = PlanPaths::new(folder);
    if paths.ends_complete() {
        return None;
    }
    let fingerprint = paths.fingerprint().ok()?;
    let history = paths.history(&fingerprint).ok()?;
    if history.is_complete || !history.ran(&fingerprint) {
        return None;
    }
    let (mut done, mut steps) = (0, 0);
    let mut count = |is_done: bool| {
        steps += 1;
        done += usize::from(is_done);
    };
    paths.each_step(&mut |step| count(history.done(&step).is_some())).ok()?;
    (done < steps).then_some(UnfinishedRun { fingerprint, done, steps })
}

impl UnfinishedRun {
    /// A warning, if the folder holds another plan now.
    pub fn warning(&self, folder: &Path) -> Option<Diagnostic> {
        let is_replaced = PlanPaths::new(folder)
            .fingerprint()
            .is_ok_and(|fingerprint| fingerprint != self.fingerprint);
        let warning =
            || {
                Diagnostic::warning(format!(
                "this plan replaces one whose run is not complete: {} of its {} steps are done",
                self.done, self.steps
            ))
            .hint("`batchwright retry` runs what is new or changed in this plan and what was left \
                of that run")
            .hint("to finish the replaced plan, compile it again with the same flags, then \
                `batchwright retry`: what is done stays done")
            };
        is_replaced.then(warning)
    }
}
