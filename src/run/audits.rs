//! The audits of a plan as steps of a run. Takes a manifest; gives it with a step for each audit,
//! behind its model's last one: it runs when all of the model is done, and what reads the model as
//! a whole waits for it.

use std::collections::{BTreeMap, BTreeSet};

use super::history::History;
use crate::codegen::audit;
use crate::config::VERDICTS;
use crate::diagnostics::Diagnostic;
use crate::dialect::Dialect;
use crate::plan::Kind;
use crate::plan::Sha256;
use crate::plan::manifest::{Manifest, ModelEntry, PlannedStep};
use crate::plan::planned::StepFile;

/// The manifest of a run that audits.
pub fn with_audits(manifest: Manifest) -> Manifest {
    let mut steps = Vec::with_capacity(manifest.steps.len() + manifest.models.len());
    let mut last: Vec<(usize, PlannedStep)> =
        manifest.models.iter().filter_map(|model| step(model, &manifest.steps)).collect();
    last.sort_by_key(|(place, _)| *place);
    let mut audits = last.into_iter().peekable();
    for (place, step) in manifest.steps.into_iter().enumerate() {
        steps.push(step);
        steps.extend(audits.next_if(|(last, _)| *last == place).map(|(_, audit)| audit));
    }
    Manifest { steps, ..manifest }
}

/// The manifest as the last run saw it.
pub fn as_last_run(manifest: Manifest, history: &History) -> Manifest {
    if history.last.as_ref().is_some_and(|last| last.audit) {
        with_audits(manifest)
    } else {
        manifest
    }
}

/// The audit that a step hands over; none where the file does not end as an audit does.
pub fn stopping(
    dialect: &Dialect,
    manifest: &Manifest,
    step: &PlannedStep,
    text: &[u8],
) -> Result<Option<String>, Diagnostic> {
    let model = manifest.models.iter().find(|model| model.unique_id == *step.model);
    let allow = model.and_then(|model| model.audit.as_ref()).map_or(&[][..], |audit| &audit.allow);
    let name = step.model.splitn(3, '.').nth(2).unwrap_or(&step.model);
    audit::stopping(dialect, name, &String::from_utf8_lossy(text), allow)
}

/// What the verdicts in a client's words mean, and where all rows are shown; nothing if it says
/// none.
pub fn explained(model: &str, output: &str) -> Option<String> {
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

/// The verdict of each batch in a table that a client printed, by the batch's name, whatever the
/// client draws between the columns.
pub fn verdicts(output: &str, batches: &BTreeSet<&str>) -> BTreeMap<String, String> {
    let known = |cell: &&str| {
        audit::GOOD.contains(cell) || VERDICTS.iter().any(|(verdict, _)| verdict == cell)
    };
    let mut verdicts = BTreeMap::new();
    for line in output.lines() {
        let cells: Vec<&str> = line
            .split(['|', '│', ',', '\t'])
            .flat_map(|cell| cell.split("  "))
            .map(|cell| cell.trim().trim_matches('"'))
            .collect();
        let batch = cells.iter().position(|cell| batches.contains(cell));
        // The verdict follows the batch; a batch and a verdict may have one name.
        if let Some(batch) = batch
            && let Some(verdict) = cells[batch + 1..].iter().find(|cell| known(cell))
        {
            verdicts.insert(cells[batch].to_string(), verdict.to_string());
        }
    }
    verdicts
}

/// The names of the lines of a model's audit: its batches, and two for rows that are of none.
pub fn lines<'a>(manifest: &'a Manifest, model: &str) -> BTreeSet<&'a str> {
    let batches =
        manifest.steps.iter().filter(|step| *step.model == *model && step.kind == Kind::Batch);
    let names = batches.filter_map(|step| step.id.rsplit_once('@').map(|(_, name)| name));
    names.chain(audit::NO_BATCH).collect()
}

/// The audit of a model, and the place of the step that it follows.
fn step(model: &ModelEntry, steps: &[PlannedStep]) -> Option<(usize, PlannedStep)> {
    let own = || steps.iter().enumerate().filter(|(_, step)| *step.model == *model.unique_id);
    let (last, _) = own().next_back()?;
    let needed: BTreeSet<&str> =
        own().flat_map(|(_, step)| &step.depends_on).map(|id| &**id).collect();
    let ends = own().map(|(_, step)| &step.id).filter(|id| !needed.contains(&***id));
    let step = PlannedStep { depends_on: ends.cloned().collect(), ..alone(model)? };
    Some((last, step))
}

/// The audit of a model as a step that waits for nothing.
pub fn alone(model: &ModelEntry) -> Option<PlannedStep> {
    let audit = model.audit.as_ref()?;
    Some(PlannedStep {
        id: format!("{}@audit", model.unique_id).into(),
        model: model.unique_id.as_str().into(),
        kind: Kind::Audit,
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
    fn verdicts_are_read_in_what_any_client_prints() {
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
    fn a_failure_is_explained() {
        let said = explained(
            "model.shop.orders",
            "audit of orders: edge: 2024-09-01; missing rows: 2 batches from a to b",
        )
        .unwrap();
        assert!(
            said.contains("missing rows: the query yields rows that the table lacks")
                && said.contains("-s orders"),
            "{said}"
        );
        assert_eq!(explained("model.shop.orders", "connection refused"), None);
    }
}
