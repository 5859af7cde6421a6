//! The summary of audits: a table by model and verdict, and what the verdicts that are not accepted
//! mean.

use std::collections::{BTreeMap, BTreeSet};

use crate::codegen::audit::{GOOD_VERDICTS, NO_BATCH};
use crate::config::{VERDICTS, name_of};
use crate::diagnostics::{Diagnostic, counted};
use crate::plan::manifest::{AuditEntry, Manifest, ModelEntry};
use crate::run::audits;

/// The verdicts of one model.
pub struct AuditResult {
    model: String,
    /// The number of batches, without the lines for rows of no batch.
    batches: usize,
    /// The lines of each verdict, by label.
    lines: BTreeMap<String, Vec<String>>,
    allow: Vec<String>,
    /// The labels of the batches that no run has done, by the journals and the ledger.
    pub open: BTreeSet<String>,
}

impl AuditResult {
    /// Reads the verdicts in the output of a client, which must have one for each batch.
    pub fn of(
        manifest: &Manifest,
        model: &ModelEntry,
        audit: &AuditEntry,
        output: &str,
    ) -> Result<AuditResult, Diagnostic> {
        let expected = audits::lines(manifest, &model.unique_id);
        let verdicts = audits::verdicts(output, &expected);
        if let Some(missing) = expected.iter().find(|batch| !verdicts.contains_key(**batch)) {
            let error = Diagnostic::error(format!("the client printed no verdict of `{missing}`"));
            return Err(error.hint(
                "make it print all rows, one per line: `duckdb -csv`, `psql -A`, `mariadb --batch`",
            ));
        }
        let mut lines: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (batch, verdict) in verdicts {
            lines.entry(verdict).or_default().push(batch);
        }
        Ok(AuditResult {
            model: name_of(&model.unique_id).to_string(),
            batches: expected.iter().filter(|line| !NO_BATCH.contains(line)).count(),
            lines,
            allow: audit.allow.clone(),
            open: BTreeSet::new(),
        })
    }

    fn accepts(&self, verdict: &str) -> bool {
        GOOD_VERDICTS.contains(&verdict) || self.allow.iter().any(|allowed| allowed == verdict)
    }

    pub fn is_accepted(&self) -> bool {
        self.lines.keys().all(|verdict| self.accepts(verdict))
    }

    /// The batches whose verdict is not accepted.
    fn rejected(&self) -> impl Iterator<Item = (&str, &str)> {
        let lines = self.lines.iter().filter(|(verdict, _)| !self.accepts(verdict));
        lines.flat_map(|(verdict, batches)| {
            batches.iter().map(move |batch| (batch.as_str(), verdict.as_str()))
        })
    }
}

/// The table, and the sentence that closes it.
pub fn summary(results: &[AuditResult]) -> String {
    if results.is_empty() {
        return String::new();
    }
    let mut rows = vec![["model", "verdict", "batches", "first … last"].map(String::from)];
    for result in results {
        for (verdict, batches) in &result.lines {
            let real: Vec<&String> =
                batches.iter().filter(|batch| !NO_BATCH.contains(&batch.as_str())).collect();
            // The lines of rows without a batch are worth a row if they are rejected.
            let named = if result.accepts(verdict) { real } else { batches.iter().collect() };
            let range = match named.as_slice() {
                [] => continue,
                [only] => only.to_string(),
                [first, .., last] => format!("{first} … {last}"),
            };
            let verdict = if GOOD_VERDICTS.contains(&verdict.as_str()) || !result.accepts(verdict) {
                verdict.clone()
            } else {
                format!("{verdict} (allowed)")
            };
            rows.push([result.model.clone(), verdict, named.len().to_string(), range]);
        }
    }
    let widths = [0, 1, 2]
        .map(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default());
    let line = |row: &[String; 4]| {
        let [model, verdict, batches, range] = row;
        let [first, second, third] = widths;
        format!("{model:first$}  {verdict:second$}  {batches:third$}  {range}\n")
    };
    let table: String = rows.iter().map(line).collect();
    format!("\n{table}{}", closing(results))
}

fn closing(results: &[AuditResult]) -> String {
    let all: usize = results.iter().map(|result| result.batches).sum();
    let rejected = |result: &AuditResult| {
        result.rejected().filter(|(batch, _)| !NO_BATCH.contains(batch)).count()
    };
    let failed: usize = results.iter().map(rejected).sum();
    let first = results.iter().find_map(|result| {
        let first = result.rejected().min()?;
        Some((result, first))
    });
    let Some((result, (batch, verdict))) = first else {
        return format!("audit accepted: {}\n", counted(all, "batch"));
    };
    let mut text = format!(
        "audit failed in {failed} of {all} batches, first {batch} of {} ({verdict})\n",
        result.model
    );
    let is_rejected = |verdict: &str| {
        results.iter().any(|result| result.rejected().any(|(_, other)| other == verdict))
    };
    for (verdict, meaning) in VERDICTS.iter().filter(|(verdict, _)| is_rejected(verdict)) {
        text.push_str(&format!("  {verdict}: {meaning}\n"));
    }
    let open = results.iter().flat_map(|result| {
        let open = result.rejected().filter(|(batch, _)| result.open.contains(*batch));
        open.map(|(batch, _)| (result.model.as_str(), batch))
    });
    let open: BTreeSet<(&str, &str)> = open.collect();
    if let Some((model, first)) = open.first() {
        let of_these = if open.len() == failed {
            "these".to_string()
        } else {
            format!("{} of these", open.len())
        };
        let were = if open.len() == 1 { "was" } else { "were" };
        text.push_str(&format!(
            "{of_these} {were} not run yet, first {first} of {model}: `batchwright run \
             --continue`\n"
        ));
    }
    text + "what to do: `batchwright audit --help`\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(model: &str, lines: &[(&str, &[&str])], allow: &[&str]) -> AuditResult {
        let of = |(verdict, batches): &(&str, &[&str])| {
            (verdict.to_string(), batches.iter().map(ToString::to_string).collect())
        };
        AuditResult {
            model: model.to_string(),
            batches: 3,
            lines: lines.iter().map(of).collect(),
            allow: allow.iter().map(ToString::to_string).collect(),
            open: BTreeSet::new(),
        }
    }

    #[test]
    fn verdicts_are_counted_by_model() {
        let orders: &[(&str, &[&str])] = &[
            ("edge", &["2024-09-02"]),
            ("missing rows", &["2024-09-03"]),
            ("no event time", &["no event time"]),
            ("ok", &["2024-09-01", "before begin"]),
        ];
        let results = [result("orders", orders, &["edge"]), result("users", &orders[..1], &[])];
        assert!(!results[0].is_accepted());
        assert_eq!(
            summary(&results),
            "\nmodel   verdict         batches  first … last\n\
             orders  edge (allowed)  1        2024-09-02\n\
             orders  missing rows    1        2024-09-03\n\
             orders  no event time   1        no event time\n\
             orders  ok              1        2024-09-01\n\
             users   edge            1        2024-09-02\n\
             audit failed in 2 of 6 batches, first 2024-09-03 of orders (missing rows)\n\
             \u{20} missing rows: the query yields rows that the table lacks\n\
             \u{20} edge: the query yields other rows for the batch alone than for all batches at \
             once\n\
             \u{20} no event time: rows have no event time, so that they belong to no batch\n\
             what to do: `batchwright audit --help`\n"
        );
    }

    #[test]
    fn batches_that_were_not_run_are_counted() {
        let lines: &[(&str, &[&str])] =
            &[("empty", &["2024-09-02", "2024-09-03"]), ("ok", &["2024-09-01"])];
        let mut of_orders = result("orders", lines, &[]);
        let open = |days: &[&str]| days.iter().map(ToString::to_string).collect();
        of_orders.open = open(&["2024-09-03", "2024-09-04"]);
        let text = summary(&[of_orders]);
        let expected = "\n1 of these was not run yet, first 2024-09-03 of orders: \
            `batchwright run --continue`\n";
        assert!(text.contains(expected), "{text}");
        let mut of_orders = result("orders", lines, &[]);
        of_orders.open = open(&["2024-09-02", "2024-09-03"]);
        assert!(summary(&[of_orders]).contains("\nthese were not run yet, first 2024-09-02"));
    }

    #[test]
    fn an_accepted_audit_is_one_sentence() {
        let results =
            [result("orders", &[("ok", &["2024-09-01", "2024-09-02", "2024-09-03"])], &[])];
        assert!(results[0].is_accepted());
        assert!(summary(&results).ends_with("\naudit accepted: 3 batches\n"));
    }
}
