//! What `script/data.js` works with: for each model its calendar and its files, small. Takes the
//! steps with their texts, and what the journal tells of them; gives JSON that can stand in HTML.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use chrono_tz::Tz;
use serde::Serialize;

use super::calendar::{Cell, runs};
use super::state::{State, letters};
use super::texts::{Columns, Packed, Texts};
use crate::calendar::{Grain, Window};
use crate::plan::manifest::{ModelEntry, StepEntry};
use crate::run::entry::StepEntry as Ended;

/// All models. The columns are those of all packed texts.
#[derive(Serialize)]
pub struct Data<'a> {
    pub models: Vec<ModelData<'a>>,
    pub columns: Vec<String>,
}

#[derive(Serialize)]
pub struct ModelData<'a> {
    id: &'a str,
    /// Absent where the model has no batches.
    grain: Option<&'static str>,
    /// The model's own, then those of its filtered inputs: `[relation, event_time]`.
    event_time: Option<&'a str>,
    inputs: Vec<(&'a str, &'a str)>,
    cells: Vec<[i64; 3]>,
    states: String,
    labels: Packed,
    /// The first so many steps are the batches of the plan, in the order of the calendar.
    batches: usize,
    steps: StepsData,
}

/// The files of a model. What a step does not have is an empty text.
#[derive(Serialize)]
struct StepsData {
    states: String,
    ids: Packed,
    files: Packed,
    needs: Packed,
    sql: Packed,
    /// The steps whose file cannot be shown.
    unreadable: Vec<usize>,
    started: Packed,
    seconds: Packed,
    words: Packed,
    /// Each in 43 letters of base 64; blanks for what is no SHA-256.
    sha256: String,
}

/// A step of the plan with what the journal tells of it.
pub struct Step<'a> {
    pub planned: &'a StepEntry,
    /// Of a batch.
    pub window: Option<Window>,
    pub state: State,
    /// How its last run ended.
    pub ended: Option<&'a Ended>,
}

/// One model. The steps are the batches, in order, and then all others; `sql` gives a step's text,
/// or none where the file is not the one that the manifest was written with.
pub fn model<'a>(
    entry: &'a ModelEntry,
    days: Option<(Grain, Tz)>,
    cells: &[Cell],
    steps: &[Step],
    sql: &mut dyn FnMut(&StepEntry) -> Option<String>,
    columns: &mut Columns,
) -> ModelData<'a> {
    let mut labels = Texts::default();
    for cell in cells {
        labels.push(&days.map_or_else(String::new, |(grain, zone)| grain.label(cell.window.start, zone)));
    }
    let filtered = entry.inputs.iter().filter(|input| input.filtered);
    ModelData {
        id: &entry.unique_id,
        grain: days.map(|(grain, _)| grain.as_str()),
        event_time: entry.microbatch.as_ref().map(|microbatch| microbatch.event_time.as_str()),
        inputs: filtered.filter_map(|input| Some((input.relation.as_str(), input.event_time.as_deref()?))).collect(),
        cells: runs(cells),
        states: letters(cells.iter().map(|cell| cell.state)),
        labels: labels.pack(columns),
        batches: steps.iter().take_while(|step| step.is_batch()).count(),
        steps: files(steps, sql, columns),
    }
}

fn files(steps: &[Step], sql: &mut dyn FnMut(&StepEntry) -> Option<String>, columns: &mut Columns) -> StepsData {
    let mut fields: [Texts; 7] = Default::default();
    let mut unreadable = Vec::new();
    for (index, step) in steps.iter().enumerate() {
        let text = sql(step.planned);
        if text.is_none() {
            unreadable.push(index);
        }
        let (started, seconds, words) = match step.ended {
            Some(ended) => (ended.started.as_str(), format!("{:.2}", ended.seconds), ended.words()),
            None => Default::default(),
        };
        let texts = [&step.planned.id, &step.planned.file, &needs(step.planned), &text.unwrap_or_default(), started, &seconds, &words];
        for (field, text) in fields.iter_mut().zip(texts) {
            field.push(text);
        }
    }
    let [ids, files, needs, sql, started, seconds, words] = fields.map(|field| field.pack(columns));
    StepsData {
        states: letters(steps.iter().map(|step| step.state)),
        ids,
        files,
        needs,
        sql,
        unreadable,
        started,
        seconds,
        words,
        sha256: steps.iter().map(|step| short(&step.planned.sha256)).collect(),
    }
}

/// A line for each step or model that must run before; a swap waits for more than anybody reads.
fn needs(step: &StepEntry) -> String {
    const MOST: usize = 32;
    let mut lines: Vec<String> = step.depends_on.iter().take(MOST).cloned().collect();
    if step.depends_on.len() > MOST {
        lines.push(format!("and {} more", step.depends_on.len() - MOST));
    }
    lines.join("\n")
}

fn short(sha256: &str) -> String {
    let byte = |index: usize| sha256.get(index * 2..index * 2 + 2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
    let bytes: Option<Vec<u8>> = (0..32).map(byte).collect();
    bytes.map_or_else(|| " ".repeat(43), |bytes| STANDARD_NO_PAD.encode(bytes))
}

impl Step<'_> {
    pub fn is_batch(&self) -> bool {
        self.window.is_some()
    }
}

impl Data<'_> {
    /// As JSON that can stand in HTML: without a `<`, no tag and no comment begins.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("strings and numbers are JSON").replace('<', "\\u003c")
    }
}
