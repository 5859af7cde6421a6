//! What `page.html` says without JavaScript: the plan's facts, each model's, and the graph. Takes the manifest, the states and
//! the failures; gives values for the template, which escapes every one of them.

use indexmap::IndexMap;
use serde::Serialize;
use serde_json::{Value, json};

use super::data::Step;
use super::graph::{Drawing, draw};
use super::state::{Counts, State};
use crate::plan::manifest::{Manifest, ModelEntry};

/// What is known of a model beside its entry.
pub struct Known {
    pub counts: Counts,
    pub first: Option<String>,
    pub last: Option<String>,
    pub batches: usize,
    pub failures: Vec<Value>,
    pub more_failures: usize,
}

#[derive(Serialize)]
struct Node<'a> {
    id: &'a str,
    name: &'a str,
    /// What fits into the box.
    label: String,
    kind: &'a str,
    href: Option<&'a str>,
    x: f64,
    y: f64,
    width: f64,
    height: f64,
    bars: Vec<Value>,
}

/// A model or an input without its type and its package.
pub fn name(unique_id: &str) -> &str {
    unique_id.splitn(3, '.').nth(2).unwrap_or(unique_id)
}

/// How many of each state there are, those that there are.
pub fn counts(counts: &Counts) -> Value {
    counts.each().filter(|(_, count)| *count > 0).map(|(state, count)| entry(state, count)).collect()
}

/// The same, with those that there are none of.
pub fn legend(counts: &Counts) -> Value {
    counts.each().map(|(state, count)| entry(state, count)).collect()
}

fn entry(state: State, count: usize) -> Value {
    json!({"class": state.class(), "word": state.word(), "count": count})
}

/// The failures that a page lists: the first of them, each with the client's words.
pub fn failures(steps: &[Step]) -> (Vec<Value>, usize) {
    const MOST: usize = 10;
    let failed = || steps.iter().filter(|step| step.state == State::Failed);
    let said = |step: &Step| {
        let words = step.ended.map(|ended| ended.words()).unwrap_or_default();
        json!({"id": step.planned.id, "file": step.planned.file, "words": words})
    };
    (failed().take(MOST).map(said).collect(), failed().count().saturating_sub(MOST))
}

/// A model's facts.
pub fn model(entry: &ModelEntry, known: &Known) -> Value {
    json!({
        "entry": entry,
        "findings": entry.findings,
        "name": name(&entry.unique_id),
        "counts": counts(&known.counts),
        "first": known.first,
        "last": known.last,
        "batches": known.batches,
        "failures": known.failures,
        "more_failures": known.more_failures,
    })
}

/// The graph of the plan's models and of what they read.
pub fn graph(manifest: &Manifest, known: &[Known]) -> Value {
    let mut ids: IndexMap<&str, Option<usize>> = IndexMap::new();
    for (index, model) in manifest.models.iter().enumerate() {
        ids.insert(&model.unique_id, Some(index));
    }
    for input in manifest.models.iter().flat_map(|model| &model.inputs) {
        ids.entry(&input.unique_id).or_insert(None);
    }
    let labels: Vec<String> = ids.keys().map(|id| shortened(name(id))).collect();
    let widths: Vec<f64> = labels.iter().map(|label| (label.chars().count() as f64 * 7.3 + 24.0).max(80.0)).collect();
    // One line for an input, filtered only where each way to read it is.
    let mut read: IndexMap<(usize, usize), bool> = IndexMap::new();
    for (to, model) in manifest.models.iter().enumerate() {
        for input in &model.inputs {
            let Some(from) = ids.get_index_of(input.unique_id.as_str()) else { continue };
            *read.entry((from, to)).or_insert(true) &= input.filtered;
        }
    }
    let lines: Vec<(usize, usize, bool)> = read.into_iter().map(|((from, to), filtered)| (from, to, filtered)).collect();
    let drawing = draw(&widths, &lines.iter().map(|(from, to, _)| (*from, *to)).collect::<Vec<_>>());
    let nodes: Vec<Node> = ids
        .iter()
        .enumerate()
        .map(|(index, (id, model))| node(&drawing, index, id, &labels[index], model.map(|model| (&manifest.models[model], &known[model]))))
        .collect();
    let paths = drawing.lines.iter().zip(&lines);
    let paths: Vec<Value> = paths.map(|(d, (from, to, filtered))| json!({"d": d, "filtered": filtered, "from": from, "to": to})).collect();
    json!({"width": drawing.width, "height": drawing.height, "nodes": nodes, "lines": paths})
}

fn node<'a>(drawing: &Drawing, index: usize, id: &'a str, label: &str, model: Option<(&'a ModelEntry, &'a Known)>) -> Node<'a> {
    let place = drawing.boxes[index];
    let all: usize = model.map_or(0, |(_, known)| known.counts.each().map(|(_, count)| count).sum());
    let mut x = place.x;
    let mut bars = Vec::new();
    for (state, count) in model.iter().flat_map(|(_, known)| known.counts.each()).filter(|(_, count)| *count > 0) {
        // What there is at all can be seen.
        let width = place.width * count as f64 / all as f64;
        bars.push(json!({"class": state.class(), "x": x, "width": width.max(2.0)}));
        x += width;
    }
    let kind = match model {
        Some((model, _)) => model.materialized.as_str(),
        None => id.split('.').next().unwrap_or_default(),
    };
    Node {
        id,
        name: name(id),
        label: label.to_string(),
        kind,
        href: model.map(|_| id),
        x: place.x,
        y: place.y,
        width: place.width,
        height: place.height,
        bars,
    }
}

/// A name's two ends, since names of one project often begin alike.
fn shortened(name: &str) -> String {
    const MOST: usize = 30;
    let letters: Vec<char> = name.chars().collect();
    if letters.len() <= MOST {
        return name.to_string();
    }
    let (head, tail) = (&letters[..MOST / 2], &letters[letters.len() - MOST / 2 + 1..]);
    format!("{}…{}", head.iter().collect::<String>(), tail.iter().collect::<String>())
}
