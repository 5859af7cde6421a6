//! The metadata of a plan and of a model in the manifest, as names and values that can be compared.

use std::collections::BTreeSet;

use indexmap::IndexMap;

use super::{Fact, PlannedModel};
use crate::codegen::describe_input;
use crate::plan::manifest::{About, InputEntry};

type Facts = Vec<(String, String)>;

/// The facts that differ. A fact that only one plan has is absent (`None`) in the other.
pub fn differing(old: &[(String, String)], new: &[(String, String)]) -> Vec<Fact> {
    let mut old_facts: IndexMap<&str, &str> =
        old.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let mut facts = Vec::new();
    for (name, value) in new {
        let before = old_facts.shift_remove(name.as_str());
        if before != Some(value) {
            facts.push(Fact {
                name: name.clone(),
                old: before.map(str::to_string),
                new: Some(value.clone()),
            });
        }
    }
    facts.extend(old_facts.into_iter().map(|(name, value)| Fact {
        name: name.to_string(),
        old: Some(value.to_string()),
        new: None,
    }));
    facts
}

/// The facts of a plan: its project, target and request.
pub fn of_plan(about: &About) -> Facts {
    let request = &about.request;
    let words = |list: &[String]| (!list.is_empty()).then(|| list.join(" "));
    let excluded: Vec<String> = request
        .excluded_windows
        .iter()
        .map(|range| format!("{} until {}", range.event_time_start, range.event_time_end))
        .collect();
    let facts = [
        ("project", Some(about.project.clone())),
        ("target", Some(about.target.clone())),
        ("dialect", Some(about.dialect.clone())),
        ("now", request.now.clone()),
        ("--event-time-start", request.event_time_start.clone()),
        ("--event-time-end", request.event_time_end.clone()),
        ("reason", request.backfill.as_ref().map(|backfill| backfill.reason.clone())),
        ("exclude_windows", (!excluded.is_empty()).then(|| excluded.join(", "))),
        ("--full-refresh", request.full_refresh.then(yes)),
        ("--batch-size", request.batch_size.clone()),
        ("--chunk", request.chunk.clone()),
        ("--complete-only", request.complete_only.then(yes)),
        ("--select", words(&request.select)),
        ("--exclude", words(&request.exclude)),
        ("--selector", request.selector.clone()),
    ];
    present(facts)
}

/// The facts of a model: settings, inputs, dependencies, audit, warnings and findings.
pub fn of_model(model: &PlannedModel) -> Facts {
    let entry = model.entry;
    let mut facts = present([
        ("relation", Some(entry.relation.clone())),
        ("materialized", Some(entry.materialized.clone())),
        ("strategy", Some(entry.strategy.clone())),
        ("atomic", Some(entry.atomic.to_string())),
    ]);
    if let Some(microbatch) = &entry.microbatch {
        facts.extend(present([
            ("event_time", Some(microbatch.event_time.clone())),
            ("batch_size", Some(microbatch.batch_size.clone())),
            ("begin", Some(microbatch.begin.clone())),
            ("lookback", Some(microbatch.lookback.to_string())),
            ("timezone", Some(microbatch.timezone.clone())),
            ("outside_window", Some(microbatch.outside_window.clone())),
            (
                "unique_key",
                (!microbatch.unique_key.is_empty()).then(|| microbatch.unique_key.join(", ")),
            ),
            ("batches run one after the other", microbatch.in_order.then(yes)),
        ]));
    }
    let mut inputs: IndexMap<String, Vec<String>> = IndexMap::new();
    for (name, how) in entry.inputs.iter().map(input_fact) {
        inputs.entry(name).or_default().push(how);
    }
    facts.extend(inputs.into_iter().map(|(name, how)| (name, how.join("; "))));
    // Models only: the batches follow from the windows.
    let steps = model.fixed.iter().chain(&model.batches);
    let needed: BTreeSet<&str> = steps
        .flat_map(|step| &step.depends_on)
        .map(|id| id.split('@').next().unwrap_or(id))
        .collect();
    facts.extend(
        needed
            .into_iter()
            .filter(|id| *id != entry.unique_id)
            .map(|id| (format!("depends on {id}"), yes())),
    );
    if let Some(audit) = &entry.audit {
        facts.push(("audit compares".to_string(), audit.compares.clone()));
        facts.extend(audit.allow.iter().map(|verdict| (format!("audit allows {verdict}"), yes())));
    }
    facts.extend(entry.warnings.iter().map(|warning| (format!("warning: {warning}"), yes())));
    facts.extend(entry.findings.iter().map(|finding| {
        (
            format!("{} in {}: {}", finding.code, finding.path, finding.message),
            finding.level.clone(),
        )
    }));
    facts
}

/// The columns of a new model.
pub fn columns(model: &PlannedModel) -> Option<(String, String)> {
    let columns = model.entry.columns.as_ref()?;
    Some(("columns".to_string(), columns.join(", ")))
}

/// The relation of an input, and how it is read.
fn input_fact(input: &InputEntry) -> (String, String) {
    let words = describe_input(input);
    let how = words
        .strip_prefix(&input.relation)
        .map_or(words.as_str(), |rest| rest.trim_start_matches(", "));
    (format!("input {}", input.relation), if how.is_empty() { yes() } else { how.to_string() })
}

fn present<const N: usize>(facts: [(&str, Option<String>); N]) -> Facts {
    facts.into_iter().filter_map(|(name, value)| Some((name.to_string(), value?))).collect()
}

/// The value of a fact that is present or absent.
const YES: &str = "yes";

fn yes() -> String {
    YES.to_string()
}

impl Fact {
    /// Formats a fact of a new model: `lookback: 1`.
    pub fn plain(&self) -> String {
        match self.new.as_deref() {
            None | Some(YES) => self.name.clone(),
            Some(new) => format!("{}: {new}", self.name),
        }
    }

    /// Formats a changed fact: `lookback: 1, was 3`.
    pub fn words(&self) -> String {
        match (self.old.as_deref(), self.new.as_deref()) {
            (None, Some(YES)) => format!("{}: new", self.name),
            (Some(YES), None) => format!("{}: gone", self.name),
            (None, Some(new)) => format!("{}: {new}, new", self.name),
            (Some(old), None) => format!("{}: gone, was {old}", self.name),
            (old, new) => format!(
                "{}: {}, was {}",
                self.name,
                new.unwrap_or_default(),
                old.unwrap_or_default()
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_added_changed_and_removed() {
        let facts = |list: &[(&str, &str)]| {
            list.iter()
                .map(|(name, value)| (name.to_string(), value.to_string()))
                .collect::<Vec<_>>()
        };
        let old = facts(&[
            ("lookback", "1"),
            ("begin", "2024"),
            ("unique_key", "id"),
            ("warning: w", "yes"),
        ]);
        let new = facts(&[("lookback", "3"), ("begin", "2024"), ("input t", "t, whole")]);
        let words: Vec<String> = differing(&old, &new).iter().map(Fact::words).collect();
        assert_eq!(
            words,
            [
                "lookback: 3, was 1",
                "input t: t, whole, new",
                "unique_key: gone, was id",
                "warning: w: gone"
            ]
        );
    }
}
