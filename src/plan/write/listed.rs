//! The manifest as it is written: JSON, indented, with a line break at its end. Step by step, so that a large plan needs no copy
//! of itself.

use std::cell::RefCell;
use std::io::{self, Write};

use serde::{Serialize, Serializer};

use super::{Sha256, instant};
use crate::plan::manifest::{About, ModelEntry, StepEntry};
use crate::plan::{Plan, Waits, What};

/// Writes the manifest of a plan whose files have these hashes: its audits, and its steps in their order, which may be taken while
/// they are made.
pub fn write(plan: &Plan, audits: &[Sha256], steps: &mut dyn Iterator<Item = Sha256>, mut out: impl Write) -> io::Result<()> {
    #[derive(Serialize)]
    struct Whole<'a> {
        #[serde(flatten)]
        about: &'a About,
        models: Vec<ModelEntry>,
        steps: Entries<'a>,
    }
    let mut models = plan.models.clone();
    for (entry, sha256) in models.iter_mut().filter_map(|model| model.audit.as_mut()).zip(audits) {
        entry.sha256 = sha256.to_string();
    }
    let whole = Whole { about: &plan.about, models, steps: Entries { plan, hashes: RefCell::new(steps) } };
    serde_json::to_writer_pretty(&mut out, &whole)?;
    out.write_all(b"\n")?;
    out.flush()
}

struct Entries<'a> {
    plan: &'a Plan,
    /// Taken one by one as they are written.
    hashes: RefCell<&'a mut dyn Iterator<Item = Sha256>>,
}

impl Serialize for Entries<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let waits = Waits::of(self.plan);
        serializer.collect_seq(self.plan.all().zip(&mut **self.hashes.borrow_mut()).map(|(step, sha256)| {
            let span = match &step.what {
                What::Batch(span, ..) => Some(span),
                What::Fixed(_) => None,
            };
            StepEntry {
                id: step.id(),
                model: step.of.model.clone(),
                kind: step.kind(),
                file: step.file(),
                sha256: sha256.to_string(),
                event_time_start: span.map(|span| instant(span.window.start)),
                event_time_end: span.map(|span| instant(span.window.end)),
                chunk: span.and_then(|span| span.chunk.clone()),
                depends_on: waits.depends_on(&step),
            }
        }))
    }
}
