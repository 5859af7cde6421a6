//! Selects models of a plan in dbt's selection grammar. Takes a manifest and the arguments of
//! `--select` and `--exclude`; returns the unique ids. Refuses methods that need the project.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::name_of;
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::graph::{Graph, PlanModel, PreviousState, Selection};
use crate::plan::StepKind;
use crate::plan::manifest::{ModelEntry, PlannedStep};

/// The methods that a plan can answer.
const METHODS: [&str; 6] =
    ["fqn", "path", "file", "package", "resource_type", "config.materialized"];

/// The selected models, and warnings about the selection.
pub fn select(
    models: &[ModelEntry],
    steps: &[PlannedStep],
    select: &[String],
    exclude: &[String],
) -> Result<(BTreeSet<String>, Vec<Diagnostic>), Diagnostics> {
    if select.is_empty() && exclude.is_empty() {
        return Ok((models.iter().map(|model| model.unique_id.clone()).collect(), Vec::new()));
    }
    let by_name = |arguments: &[String]| -> Result<Vec<String>, Diagnostic> {
        arguments.iter().map(|argument| criterion(argument, models)).collect()
    };
    let (select, exclude) = (by_name(select)?, by_name(exclude)?);
    let graph = Graph::of_plan(plan_models(models, steps))?;
    let selection = Selection { select, exclude, ..Selection::default() };
    let selected = graph.select(&selection, None, &PreviousState::default())?;
    let ids = selected.nodes.iter().map(|node| node.unique_id.clone()).collect();
    Ok((ids, selected.warnings))
}

/// An argument in dbt's grammar, in which a unique id has no meaning.
fn criterion(argument: &str, models: &[ModelEntry]) -> Result<String, Diagnostic> {
    refuse_project_methods(argument)?;
    let is_id = models.iter().any(|model| model.unique_id == argument);
    Ok(if is_id { name_of(argument) } else { argument }.to_string())
}

/// The models with the models that their steps depend on.
fn plan_models(models: &[ModelEntry], steps: &[PlannedStep]) -> Vec<PlanModel> {
    let of_step: BTreeMap<&str, &str> =
        steps.iter().map(|step| (&*step.id, &*step.model)).collect();
    let ids: BTreeSet<&str> = models.iter().map(|model| &*model.unique_id).collect();
    let mut depends_on: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    // A publication waits for the audits of all models, which is no dependency of models.
    for step in steps.iter().filter(|step| step.kind != StepKind::Publish) {
        let read = step.depends_on.iter().map(|id| of_step.get(&**id).copied().unwrap_or(id));
        let read = read.filter(|model| **model != *step.model && ids.contains(model));
        depends_on.entry(&step.model).or_default().extend(read);
    }
    let plan_model = |model: &ModelEntry| PlanModel {
        unique_id: model.unique_id.clone(),
        path: model.path.clone(),
        materialized: model.materialized.clone(),
        depends_on: depends_on
            .get(&*model.unique_id)
            .into_iter()
            .flatten()
            .map(|id| (*id).to_string())
            .collect(),
    };
    models.iter().map(plan_model).collect()
}

/// Refuses a method such as `tag:`, which the plan does not know.
fn refuse_project_methods(argument: &str) -> Result<(), Diagnostic> {
    let criteria = argument.split_whitespace().flat_map(|union| union.split(','));
    let methods = criteria.filter_map(|criterion| {
        let criterion = criterion.trim_start_matches(|letter: char| {
            letter == '@' || letter == '+' || letter.is_ascii_digit()
        });
        criterion.split_once(':').map(|(method, _)| method)
    });
    for method in methods {
        if !METHODS.contains(&method) {
            return Err(Diagnostic::error(format!(
                "the plan does not have what `{method}:` of `{argument}` selects by"
            ))
            .note(format!(
                "it can be selected by {}",
                METHODS.map(|name| format!("`{name}:`")).join(", ")
            ))
            .hint(format!(
                "resolve it in the project: `--select $(batchwright list --select {argument})`"
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_of_the_project_are_refused() {
        assert!(refuse_project_methods("+orders,path:models/marts 2+fqn:shop.*").is_ok());
        let error = refuse_project_methods("+orders,tag:daily").unwrap_err();
        assert!(error.message.contains("`tag:`"), "{}", error.message);
    }
}
