//! The checks before an undo. The file that undoes a model has statements that fail if it cannot be
//! undone. The first file that `batchwright undo` runs has those of all models, so that no model of
//! a chain is undone if one of them cannot be.

use super::{ModelSteps, Plan};
use crate::dialect::staged_text::{checks_of, with_checks};

const OTHERS: &str = "-- of another model: if it cannot be undone, no model is";

impl Plan {
    /// Adds the checks of all models to the file that is run first. The models are undone in the
    /// reverse of their order.
    pub fn check_all_before_undo(&mut self) {
        let staged = self.models.iter().rev().filter(|entry| entry.staged.is_some());
        let order: Vec<&str> = staged.map(|entry| entry.unique_id.as_str()).collect();
        let [first, others @ ..] = &*order else { return };
        let of_model = |model: &str| {
            let steps = self.steps.iter().find(|steps| steps.model == model)?;
            steps.extra.iter().find_map(|file| checks_of(&file.text))
        };
        let checks = |model: &&str| Some(format!("{OTHERS}\n{}\n\n", of_model(model)?));
        let others: String = others.iter().filter_map(checks).collect();
        let first = first.to_string();
        for ModelSteps { model, extra, .. } in &mut self.steps {
            let others = if *model == first { others.as_str() } else { "" };
            for file in extra {
                file.text = with_checks(&file.text, others);
            }
        }
    }
}
