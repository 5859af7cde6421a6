//! Audits as steps of a run. Adds to a manifest a step for each audit, after the last step of its
//! model: it runs when all steps of the model are done, and models that read the complete model wait
//! for it.

use std::collections::{BTreeMap, BTreeSet};

use super::history::History;
use crate::codegen::audit;
use crate::config::VERDICTS;
use crate::diagnostics::Diagnostic;
use crate::dialect::Dialect;
use crate::plan::Sha256;
use crate::plan::StepKind;
use crate::plan::manifest::{Manifest, ModelEntry, PlannedStep};
use crate::plan::planned::StepFile;

/// Adds a step for each audit.
pub fn add_audits(manifest: &mut Manifest) {
    let mut steps = Vec::with_capacity(manifest.steps.len() + manifest.models.len());
    let mut last: Vec<(usize, PlannedStep)> =
        manifest.models.iter().filter_map(|model| step(model, &manifest.steps)).collect();
    last.sort_by_key(|(index, _)| *index);
    let mut audits = last.into_iter().peekable();
    for (index, step) in std::mem::take(&mut manifest.steps).into_iter().enumerate() {
        steps.push(step);
        steps.extend(audits.next_if(|(last, _)| *last == index).map(|(_, audit)| audit));
    }
    manifest.steps = steps;
}

/// The manifest with the steps of the last run: with audits if it had audits.
pub fn as_last_run(mut manifest: Manifest, history: &History) -> Manifest {
    if history.last.as_ref().is_some_and(|last| last.audit) {
        add_audits(&mut manifest);
    }
    manifest
}

/// The audit of a step in the form that fails unless all verdicts are accepted; `None` if the file
/// does not have the form of an audit.
pub fn failing_audit(
    dialect: &Dialect,
    manifest: &Manifest,
    step: &PlannedStep,
    text: &[u8],
) -> Result<Option<String>, Diagnostic> {
    let model = manifest.models.iter().find(|model| model.unique_id == *step.model);
    let allow = model.and_then(|model| model.audit.as_ref()).map_or(&[][..], |audit| &audit.allow);
    let name = step.model.splitn(3, '.').nth(2).unwrap_or(&step.model);
    audit::failing_audit(dialect, name, &String::from_utf8_lossy(text), allow)
}

/// Explains the verdicts in the output of a client; `None` if there are none.
pub fn explain_verdicts(model: &str, output: &str) -> Option<String> {
    let named = VERDICTS.iter().filter(|(verdict, _)| output.contains(&format!("{verdict}: ")));
    let meanings: Vec<String> =
        named.map(|(verdict, meaning)| format!("{verdict}: {meaning}")).collect();
    if meanings.is_empty() {
        return None;
    }
    let name = model.splitn(3, '.').nth(2).unwrap_or(model);
    let more = format!(
        "all batches: `batchwright audit -s {name} --run`; what to do: `batchwright audit --help`"
    );
    Some(format!("the audit does not accept the table\n{}\n{more}", meanings.join("\n")))
}

/// The verdict of each batch, by the batch's name, in a table that a client printed with any column
/// separator.
pub fn verdicts(output: &str, batches: &BTreeSet<&str>) -> BTreeMap<String, String> {
    let is_verdict = |cell: &&str| {
        audit::GOOD_VERDICTS.contains(cell) || VERDICTS.iter().any(|(verdict, _)| verdict == cell)
    };
    let mut verdicts = BTreeMap::new();
    for line in output.lines() {
        let cells: Vec<&str> = line
            .split(['|', '│', ',', '\t'])
            .flat_map(|cell| cell.split("  "))
            .map(|cell| cell.trim().trim_matches('"'))
            .collect();
        let batch = cells.iter().position(|cell| batches.contains(cell));
        // The verdict follows the batch, which may have the same name as a verdict.
        if let Some(batch) = batch
            && let Some(verdict) = cells[batch + 1..].iter().find(|cell| is_verdict(cell))
        {
            verdicts.insert(cells[batch].to_string(), verdict.to_string());
        }
    }
    verdicts
}

/// The names of the rows of a model's audit: its batches, and two for rows outside all batches.
pub fn lines<'a>(manifest: &'a Manifest, model: &str) -> BTreeSet<&'a str> {
    let batches =
        manifest.steps.iter().filter(|step| *step.model == *model && step.kind == StepKind::Batch);
    let names = batches.filter_map(|step| step.id.rsplit_once('@').map(|(_, name)| name));
    names.chain(audit::NO_BATCH).collect()
}

/// The audit of a model, and the index of the step that it follows.
fn step(model: &ModelEntry, steps: &[PlannedStep]) -> Option<(usize, PlannedStep)> {
    let in_model = || steps.iter().enumerate().filter(|(_, step)| *step.model == *model.unique_id);
    let (last, _) = in_model().next_back()?;
    let needed: BTreeSet<&str> =
        in_model().flat_map(|(_, step)| &step.depends_on).map(|id| &**id).collect();
    let ends = in_model().map(|(_, step)| &step.id).filter(|id| !needed.contains(&***id));
    let step = PlannedStep { depends_on: ends.cloned().collect(), ..independent_step(model)? };
    Some((last, step))
}

/// The audit of a model as a step without dependencies.
pub fn independent_step(model: &ModelEntry) -> Option<PlannedStep> {
    let audit = model.audit.as_ref()?;
    Some(PlannedStep {
        id: format!("{}@audit", model.unique_id).into(),
        model: model.unique_id.as_str().into(),
        kind: StepKind::Audit,
        file: StepFile::Path(audit.file.as_str().into()),
        sha256: Sha256::parse(&audit.sha256)?,
        event_time_start: None,
        event_time_end: None,
        chunk: None,
        depends_on: Box::default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts_are_read_from_the_output_of_any_client() {
        let batches = BTreeSet::from(["2024-09-01", "2024-09-02", "no event time"]);
        let prints = [
            "model|batch|verdict\norders|2024-09-01|ok|3\norders|2024-09-02|missing \
             rows|2\norders|no event time|no event time|1",
            "orders,2024-09-01,ok,3\norders,2024-09-02,missing rows,2\n\"orders\",\"no event \
             time\",\"no event time\",1\n",
            " orders | 2024-09-01    | ok            | 3 \n orders | 2024-09-02 | missing rows  | \
             2 \n orders | no event time | no event time | 1",
            "orders\t2024-09-01\tok\t3\norders\t2024-09-02\tmissing rows\t2\norders\tno event \
             time\tno event time\t1",
            "│ orders │ 2024-09-01 │ ok │\n│ orders │ 2024-09-02 │ missing rows │\n│ orders │ no \
             event time │ no event time │",
            "orders  2024-09-01     ok\norders  2024-09-02     missing rows\norders  no event \
             time  no event time",
        ];
        let expected = [
            ("2024-09-01", "ok"),
            ("2024-09-02", "missing rows"),
            ("no event time", "no event time"),
        ];
        let expected: BTreeMap<String, String> =
            expected.map(|(batch, verdict)| (batch.to_string(), verdict.to_string())).into();
        for print in prints {
            assert_eq!(verdicts(print, &batches), expected, "{print}");
        }
    }

    #[test]
    fn verdicts_are_explained() {
        let explanation = explain_verdicts(
            "model.shop.orders",
            "audit of orders: edge: 2024-09-01; missing rows: 2 batches from a to b",
        )
        .unwrap();
        assert!(
            explanation.contains("missing rows: the query yields rows that the table lacks")
                && explanation.contains("-s orders"),
            "{explanation}"
        );
        assert_eq!(explain_verdicts("model.shop.orders", "connection refused"), None);
    }
}
