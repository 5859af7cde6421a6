//! The content of `page.html` without JavaScript: the summaries of the plan and the models, and the
//! graph. Takes the manifest, the states and the failures; returns values for the template, which
//! escapes all of them.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use serde::Serialize;
use serde_json::{Value, json};

use super::graph::{Drawing, draw};
use super::page_step::PageStep;
use super::rule_pages;
use super::state::{BatchState, Counts};
use crate::config::name_of;
use crate::plan::manifest::{FindingEntry, Manifest, ModelEntry};

/// The data of a model that are not in its manifest entry.
pub struct ModelSummary {
    pub counts: Counts,
    pub first: Option<String>,
    pub last: Option<String>,
    pub batches: usize,
    pub failures: Vec<Value>,
    pub more_failures: usize,
    /// Whether its batches write to the table, or were published to it.
    pub is_published: bool,
}

#[derive(Serialize)]
struct Node<'a> {
    id: &'a str,
    name: &'a str,
    /// The name, shortened to the width of the box.
    label: String,
    kind: &'a str,
    href: Option<&'a str>,
    x: f64,
    y: f64,
    width: f64,
    height: f64,
    bars: Vec<Value>,
}

/// The states with a count above zero.
pub fn counts(counts: &Counts) -> Value {
    counts
        .each()
        .filter(|(_, count)| *count > 0)
        .map(|(state, count)| entry(state, count))
        .collect()
}

/// All states with their counts; `staged` only in a plan that has such batches.
pub fn legend(counts: &Counts) -> Value {
    let is_shown =
        |(state, count): &(BatchState, usize)| *state != BatchState::Staged || *count > 0;
    counts.each().filter(is_shown).map(|(state, count)| entry(state, count)).collect()
}

fn entry(state: BatchState, count: usize) -> Value {
    json!({"class": state.class(), "word": state.label(), "count": count})
}

/// The first failures, each with the client's output, and the number of the others.
pub fn failures(steps: &[PageStep]) -> (Vec<Value>, usize) {
    const MAX_FAILURES: usize = 10;
    let failed = || steps.iter().filter(|step| step.state == BatchState::Failed);
    let failure = |step: &PageStep| {
        let words = step.ended.map(|ended| ended.words()).unwrap_or_default();
        json!({"id": *step.planned.id, "file": step.planned.file.to_string(), "words": words})
    };
    (
        failed().take(MAX_FAILURES).map(failure).collect(),
        failed().count().saturating_sub(MAX_FAILURES),
    )
}

/// The values of a model for the template. `planned` are the ids of the plan's models.
pub fn model(entry: &ModelEntry, summary: &ModelSummary, planned: &BTreeSet<&str>) -> Value {
    let view = |id: &String| {
        let is_planned = planned.contains(id.as_str());
        json!({"id": id, "name": name_of(id), "is_planned": is_planned})
    };
    let views: Vec<Value> = entry.dependent_views.iter().map(view).collect();
    json!({
        "views": views,
        "is_published": summary.is_published,
        "entry": entry,
        "findings": findings(entry),
        "name": name_of(&entry.unique_id),
        "counts": counts(&summary.counts),
        "first": summary.first,
        "last": summary.last,
        "batches": summary.batches,
        "failures": summary.failures,
        "more_failures": summary.more_failures,
    })
}

/// The findings, each with the page of its rule.
fn findings(entry: &ModelEntry) -> Vec<Value> {
    let finding = |finding: &FindingEntry| {
        let mut value = json!(finding);
        value["page"] = json!(rule_pages::page(&finding.code));
        value
    };
    entry.findings.iter().map(finding).collect()
}

/// The graph of the plan's models and their inputs.
pub fn graph(manifest: &Manifest, summaries: &[ModelSummary]) -> Value {
    let mut ids: IndexMap<&str, Option<usize>> = IndexMap::new();
    for (index, model) in manifest.models.iter().enumerate() {
        ids.insert(&model.unique_id, Some(index));
    }
    for input in manifest.models.iter().flat_map(|model| &model.inputs) {
        ids.entry(&input.unique_id).or_insert(None);
    }
    let labels: Vec<String> = ids.keys().map(|id| shortened(name_of(id))).collect();
    let widths: Vec<f64> =
        labels.iter().map(|label| (label.chars().count() as f64 * 7.3 + 24.0).max(80.0)).collect();
    // One line per input and reader; filtered only if each reference to the input is.
    let mut filtered_lines: IndexMap<(usize, usize), bool> = IndexMap::new();
    for (to, model) in manifest.models.iter().enumerate() {
        for input in &model.inputs {
            let Some(from) = ids.get_index_of(input.unique_id.as_str()) else { continue };
            *filtered_lines.entry((from, to)).or_insert(true) &= input.filtered;
        }
    }
    let lines: Vec<(usize, usize, bool)> =
        filtered_lines.into_iter().map(|((from, to), filtered)| (from, to, filtered)).collect();
    let drawing =
        draw(&widths, &lines.iter().map(|(from, to, _)| (*from, *to)).collect::<Vec<_>>());
    let nodes: Vec<Node> = ids
        .iter()
        .enumerate()
        .map(|(index, (id, model))| {
            node(
                &drawing,
                index,
                id,
                &labels[index],
                model.map(|model| (&manifest.models[model], &summaries[model])),
            )
        })
        .collect();
    let paths = drawing.lines.iter().zip(&lines);
    let paths: Vec<Value> = paths
        .map(|(d, (from, to, filtered))| {
            json!({
                "d": d, "filtered": filtered, "from": from, "to": to,
            })
        })
        .collect();
    json!({"width": drawing.width, "height": drawing.height, "nodes": nodes, "lines": paths})
}

fn node<'a>(
    drawing: &Drawing,
    index: usize,
    id: &'a str,
    label: &str,
    model: Option<(&'a ModelEntry, &'a ModelSummary)>,
) -> Node<'a> {
    let position = drawing.boxes[index];
    let all: usize =
        model.map_or(0, |(_, summary)| summary.counts.each().map(|(_, count)| count).sum());
    let mut x = position.x;
    let mut bars = Vec::new();
    for (state, count) in
        model.iter().flat_map(|(_, summary)| summary.counts.each()).filter(|(_, count)| *count > 0)
    {
        // The minimum width keeps rare states visible.
        let width = position.width * count as f64 / all as f64;
        bars.push(json!({"class": state.class(), "x": x, "width": width.max(2.0)}));
        x += width;
    }
    let kind = match model {
        Some((model, _)) => model.materialized.as_str(),
        None => id.split('.').next().unwrap_or_default(),
    };
    Node {
        id,
        name: name_of(id),
        label: label.to_string(),
        kind,
        href: model.map(|_| id),
        x: position.x,
        y: position.y,
        width: position.width,
        height: position.height,
        bars,
    }
}

/// Shortens a name in the middle, since names of one project often have the same prefix.
fn shortened(name: &str) -> String {
    const MAX_CHARS: usize = 30;
    let chars: Vec<char> = name.chars().collect();
    if chars.len() <= MAX_CHARS {
        return name.to_string();
    }
    let (head, tail) = (&chars[..MAX_CHARS / 2], &chars[chars.len() - MAX_CHARS / 2 + 1..]);
    format!("{}…{}", head.iter().collect::<String>(), tail.iter().collect::<String>())
}
