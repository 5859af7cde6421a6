//! Audits as steps of a run. Adds to a manifest a step for each audit, after the last step of its
//! model: it runs when all steps of the model are done, and models that read the complete model
//! wait for it.

use std::collections::{BTreeMap, BTreeSet};

use super::history::History;
use crate::codegen::audit;
use crate::config::{VERDICTS, name_of};
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
    let name = name_of(&step.model);
    audit::failing_audit(dialect, name, &String::from_utf8_lossy(text), allow)
}

/// How many batches failed, what their verdicts mean, and where all rows are shown, from the output
/// of a client that stopped at an audit; `None` if it has no verdict. `batches` is their number.
pub fn explain_verdicts(model: &str, output: &str, batches: usize) -> Option<String> {
    let named = VERDICTS.iter().filter(|(verdict, _)| output.contains(&format!("{verdict}: ")));
    let named: Vec<_> = named.collect();
    let meanings: Vec<String> =
        named.iter().map(|(verdict, meaning)| format!("{verdict}: {meaning}")).collect();
    if meanings.is_empty() {
        return None;
    }
    let name = name_of(model);
    let more = format!(
        "all batches: `batchwright audit -s {name} --run`; what to do: `batchwright audit --help`"
    );
    let failed = failed_batches(name, output).filter(|(failed, ..)| *failed <= batches);
    let sentence = match failed {
        Some((failed, first, verdict)) => {
            format!("audit failed in {failed} of {batches} batches, first {first} ({verdict})")
        }
        None => "the audit does not accept the table".to_string(),
    };
    Some(format!("{sentence}\n{}\n{more}", meanings.join("\n")))
}

/// The number of batches, the first one and its verdict, in a list such as `edge: 2024-09-01;
/// missing rows: 2 batches from 2024-09-03 to 2024-09-05`.
fn failed_batches(name: &str, output: &str) -> Option<(usize, String, String)> {
    let mut failed = 0;
    let mut first: Option<(String, String)> = None;
    for part in failure_list(name, output)?.split("; ") {
        let (verdict, batches) = part.split_once(": ")?;
        let (count, from) = match batches.split_once(" batches from ") {
            Some((count, range)) => (count.parse().ok()?, range.split(" to ").next()?),
            None => (1, batches),
        };
        failed += if audit::NO_BATCH.contains(&from) && count == 1 { 0 } else { count };
        if first.as_ref().is_none_or(|(earlier, _)| from < earlier.as_str()) {
            first = Some((from.to_string(), verdict.to_string()));
        }
    }
    first.map(|(first, verdict)| (failed, first, verdict))
}

/// The list of verdicts in the message with which a statement of the audit failed.
fn failure_list<'o>(name: &str, output: &'o str) -> Option<&'o str> {
    let list = output.split_once(&format!("audit of {name}: "))?.1;
    // Clients quote the list, or put the rest of their message behind it.
    let end = |char: char| matches!(char, '\'' | '"' | '`' | ')' | '\n' | '\r');
    Some(list.split(end).next().unwrap_or_default().trim_end_matches(['.', ',', ' ']))
}

/// The labels of the batches that an audit rejects, as far as the output names them: of a range
/// that has other batches too, only the first and the last are certain. `labels` are the model's
/// batches, oldest first.
pub fn rejected(model: &str, output: &str, labels: &[&str]) -> Vec<String> {
    let name = name_of(model);
    let Some(list) = failure_list(name, output) else { return Vec::new() };
    let position = |label: &str| labels.iter().position(|other| *other == label);
    let mut rejected = Vec::new();
    for part in list.split("; ") {
        let Some((_, batches)) = part.split_once(": ") else { continue };
        match batches
            .split_once(" batches from ")
            .map(|(count, range)| (count, range.split_once(" to ")))
        {
            Some((count, Some((from, to)))) => {
                let (Some(from), Some(to)) = (position(from), position(to)) else {
                    continue;
                };
                let is_complete = count.parse() == Ok(to.saturating_sub(from) + 1);
                let named = if is_complete { (from..=to).collect() } else { vec![from, to] };
                rejected.extend(named.into_iter().map(|index| labels[index].to_string()));
            }
            _ => rejected.extend(position(batches).map(|index| labels[index].to_string())),
        }
    }
    rejected
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

/// The number of batches of a model.
pub fn batches(manifest: &Manifest, model: &str) -> usize {
    let steps = manifest.steps.iter();
    steps.filter(|step| *step.model == *model && step.kind == StepKind::Batch).count()
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
        statement_sha256: None,
        event_time_start: None,
        event_time_end: None,
        chunk: None,
        changes_session: false,
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
    fn rejected_batches_are_those_that_the_output_names() {
        let labels = ["2024-09-01", "2024-09-02", "2024-09-03", "2024-09-04", "2024-09-05"];
        let rejected = |list: &str| {
            rejected(
                "model.shop.orders",
                &format!("'audit of orders: {list}' to INT32\nmore"),
                &labels,
            )
        };
        assert_eq!(rejected("edge: 2024-09-02"), [labels[1]]);
        assert_eq!(
            rejected("edge: 2024-09-01; empty: 2 batches from 2024-09-03 to 2024-09-04"),
            [labels[0], labels[2], labels[3]]
        );
        assert_eq!(
            rejected("edge: 2 batches from 2024-09-01 to 2024-09-05"),
            [labels[0], labels[4]]
        );
        assert_eq!(rejected("no event time: no event time"), [""; 0]);
    }

    #[test]
    fn verdicts_are_explained() {
        let explanation = explain_verdicts(
            "model.shop.orders",
            "Conversion Error: 'audit of orders: edge: 2024-09-01; missing rows: 2 batches from \
             2024-09-03 to 2024-09-04'",
            14,
        )
        .unwrap();
        assert!(
            explanation.starts_with("audit failed in 3 of 14 batches, first 2024-09-01 (edge)\n")
                && explanation.contains("missing rows: the query yields rows that the table lacks")
                && explanation.contains("-s orders"),
            "{explanation}"
        );
        assert_eq!(explain_verdicts("model.shop.orders", "connection refused", 14), None);
    }
}
