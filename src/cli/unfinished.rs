//! Detects that `compile` replaces a plan whose run is not complete. Returns a warning with the
//! command that continues the run.

use crate::diagnostics::Diagnostic;
use crate::run::plan_paths::PlanPaths;

/// The unfinished run of a plan on disk.
pub struct UnfinishedRun {
    fingerprint: String,
    done: usize,
    steps: usize,
}

/// The unfinished run, if there is one; none if the plan or the journal cannot be read, which other
/// messages report.
pub fn unfinished(paths: &PlanPaths) -> Option<UnfinishedRun> {
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
    /// A warning, if the folder now has another plan.
    pub fn warning(&self, paths: &PlanPaths) -> Option<Diagnostic> {
        let is_replaced =
            paths.fingerprint().is_ok_and(|fingerprint| fingerprint != self.fingerprint);
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
