//! The ledger of a plan: adds the step that creates its table, and stamps the files with the
//! fingerprint of the plan. The fingerprint does not cover the ledger rows, so it does not depend
//! on itself.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::manifest::{LedgerEntry, ModelEntry};
use super::planned::PlanFingerprint;
use super::steps::LedgerStamp;
use super::{ModelSteps, Plan, Sha256, StaticStep, Step, StepKind};
use crate::dialect::ledger_text;

impl Plan {
    /// Adds the step that creates the table of the ledger, on which all other steps depend, and
    /// stamps the files. `folder` is the folder of that step.
    pub fn add_ledger(&mut self, table: String, create: String, folder: String) {
        let model = format!("ledger.{}.ledger", self.about.project);
        let entries: BTreeMap<&str, &ModelEntry> =
            self.models.iter().map(|entry| (entry.unique_id.as_str(), entry)).collect();
        let mut modes = BTreeMap::new();
        for steps in &mut self.steps {
            steps.reads.whole.insert(model.clone());
            modes.insert(steps.model.clone(), steps.ledger_mode().map(str::to_string));
            let renamed = entries.get(steps.model.as_str()).and_then(|entry| renamed(entry));
            steps.ledger = Some(LedgerStamp { plan_fingerprint: "".into(), renamed });
        }
        for entry in &mut self.models {
            entry.ledger = modes.remove(&entry.unique_id).flatten();
        }
        let create = StaticStep { kind: StepKind::Create, text: create };
        self.steps.insert(0, ModelSteps::new(&model, &folder, vec![create]));
        self.models.push(ModelEntry {
            relation: table.clone(),
            ..ModelEntry::of_ledger(model.clone(), folder)
        });
        let plan_fingerprint = self.fingerprint_without_ledger();
        let shared: Arc<str> = plan_fingerprint.as_str().into();
        for steps in &mut self.steps {
            if let Some(stamp) = &mut steps.ledger {
                stamp.plan_fingerprint = shared.clone();
            }
        }
        self.about.ledger = Some(LedgerEntry { table, model, plan_fingerprint });
    }

    /// The fingerprint of the plan as if it had no ledger.
    fn fingerprint_without_ledger(&self) -> String {
        let mut fingerprint = PlanFingerprint::default();
        self.all().for_each(|step| fingerprint.add_step(&step.id(), step.statement_sha256()));
        fingerprint.finish()
    }
}

/// The table that the batches of a model write instead of the model's table, and the model's table.
fn renamed(entry: &ModelEntry) -> Option<(String, String)> {
    let shadow = entry.microbatch.as_ref().and_then(|batches| batches.shadow.clone());
    let other = shadow.or_else(|| Some(entry.staged.as_ref()?.table.clone()))?;
    Some((other, entry.relation.clone()))
}

impl ModelSteps {
    /// The text of a file with its ledger row, if it has one.
    pub(super) fn with_ledger<'t>(&self, text: Cow<'t, str>) -> Cow<'t, str> {
        match &self.ledger {
            Some(stamp) if ledger_text::has_part(&text) => Cow::Owned(ledger_text::with_parts(
                &text,
                &self.statement_sha256(&text).to_string(),
                &stamp.plan_fingerprint,
            )),
            _ => text,
        }
    }

    /// The hash of a file without its ledger row, as if it wrote the model's table.
    fn statement_sha256(&self, text: &str) -> Sha256 {
        let plain = ledger_text::without_parts(text);
        match self.ledger.as_ref().and_then(|stamp| stamp.renamed.as_ref()) {
            Some((other, table)) => Sha256::of(plain.replace(other.as_str(), table).as_bytes()),
            None => Sha256::of(plain.as_bytes()),
        }
    }

    /// When the ledger row is written: `transaction` or `after`; `None` if no file has one.
    fn ledger_mode(&self) -> Option<&'static str> {
        let texts = self
            .all()
            .filter(|step| !matches!(step.kind(), StepKind::Batch) || step.is_first_batch());
        let mut mode = None;
        for text in texts.map(|step| step.raw_text().into_owned()) {
            if text.contains(ledger_text::PART_AFTER) {
                return Some("after");
            }
            mode = mode.or(ledger_text::has_part(&text).then_some("transaction"));
        }
        mode
    }
}

impl Step<'_> {
    /// The hash of the file without its ledger row.
    pub fn statement_sha256(&self) -> Sha256 {
        self.parent.statement_sha256(&self.raw_text())
    }
}
