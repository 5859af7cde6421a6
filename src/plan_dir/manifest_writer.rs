//! Streams the manifest as indented JSON with a final line break, so that a large plan is not
//! copied in memory.

use std::cell::RefCell;
use std::io::{self, Write};

use serde::{Serialize, Serializer};

use super::Sha256;
use crate::calendar::format_instant;
use crate::plan::manifest::{About, ModelEntry, StepEntry};
use crate::plan::{Dependencies, Plan, StepBody};

/// Writes the manifest of a plan. `others` and `steps` are the hashes of the files, in their order;
/// `steps` is consumed while the files are written.
pub fn write(
    plan: &Plan,
    others: &[Sha256],
    steps: &mut dyn Iterator<Item = Sha256>,
    mut out: impl Write,
) -> io::Result<()> {
    #[derive(Serialize)]
    struct Document<'a> {
        #[serde(flatten)]
        about: &'a About,
        models: Vec<ModelEntry>,
        steps: Entries<'a>,
    }
    let mut models = plan.models.clone();
    let audits = models.iter().filter(|model| model.audit.is_some()).count();
    let (audits, extra) = others.split_at(audits.min(others.len()));
    for (entry, sha256) in models.iter_mut().filter_map(|model| model.audit.as_mut()).zip(audits) {
        entry.sha256 = sha256.to_string();
    }
    let staged = models.iter_mut().filter_map(|model| model.staged.as_mut());
    let files = staged.flat_map(|staged| [&mut staged.undo, &mut staged.cleanup]);
    for (entry, sha256) in files.zip(extra) {
        entry.sha256 = sha256.to_string();
    }
    let document = Document {
        about: &plan.about,
        models,
        steps: Entries { plan, hashes: RefCell::new(steps) },
    };
    serde_json::to_writer_pretty(&mut out, &document)?;
    out.write_all(b"\n")?;
    out.flush()
}

struct Entries<'a> {
    plan: &'a Plan,
    /// Consumed one by one.
    hashes: RefCell<&'a mut dyn Iterator<Item = Sha256>>,
}

impl Serialize for Entries<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let dependencies = Dependencies::new(self.plan);
        let has_ledger = self.plan.about.ledger.is_some();
        serializer.collect_seq(self.plan.all().zip(&mut **self.hashes.borrow_mut()).map(
            |(step, sha256)| {
                let span = match &step.body {
                    StepBody::Batch(span, ..) => Some(span),
                    StepBody::Static(_) => None,
                };
                StepEntry {
                    id: step.id(),
                    model: step.parent.model.clone(),
                    kind: step.kind(),
                    file: step.file(),
                    sha256: sha256.to_string(),
                    statement_sha256: has_ledger.then(|| step.statement_sha256().to_string()),
                    event_time_start: span.map(|span| format_instant(span.window.start)),
                    event_time_end: span.map(|span| format_instant(span.window.end)),
                    chunk: span.and_then(|span| span.chunk.clone()),
                    changes_session: step.changes_session(),
                    depends_on: dependencies.depends_on(&step),
                }
            },
        ))
    }
}
