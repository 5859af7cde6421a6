//! The data for `script/data.js`: each model's calendar and files, compressed. Takes the steps with
//! their texts and their journal entries; returns JSON that is safe in HTML.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use chrono_tz::Tz;
use serde::Serialize;

use super::calendar::{Cell, runs};
use super::ledger::PageLedger;
use super::page_step::PageStep;
use super::shards::PageShards;
use super::state::letters;
use super::text_dedup::{NumberColumns, Packed, Texts};
use crate::plan::manifest::{ModelEntry, PlannedStep};
use crate::run::status::ModelCalendar;

/// All models, and the number columns that their packed texts share.
#[derive(Serialize)]
pub struct PageData<'a> {
    pub models: Vec<ModelData<'a>>,
    pub columns: Vec<String>,
}

/// One model.
#[derive(Serialize)]
pub struct ModelData<'a> {
    id: &'a str,
    /// Absent if the model has no batches.
    grain: Option<&'static str>,
    /// Whether its time zone is UTC.
    utc: bool,
    /// The event time of the model.
    event_time: Option<&'a str>,
    /// The filtered inputs: `[relation, event_time]`.
    inputs: Vec<(&'a str, &'a str)>,
    cells: Vec<[i64; 3]>,
    states: String,
    labels: Packed,
    /// The number of leading steps that are batches, in the order of the calendar.
    batches: usize,
    steps: StepsData,
}

/// The files of a model. A missing value is an empty text.
#[derive(Serialize)]
struct StepsData {
    states: String,
    ids: Packed,
    files: Packed,
    needs: Packed,
    sql: Packed,
    /// The indices of the steps whose file cannot be shown.
    unreadable: Vec<usize>,
    started: Packed,
    seconds: Packed,
    words: Packed,
    /// The failed step that blocks the step.
    blockers: Packed,
    /// The row of the ledger.
    ledger: Packed,
    /// The numbers of the shards, run-length encoded: `1*2 3`. Empty if the plan is not cut.
    shards: String,
    /// 43 characters of base 64 per step.
    sha256: String,
}

/// The content of steps that is neither in the manifest nor in the journal.
pub struct StepContent<'a> {
    /// Returns the text of a step, or `None` if the file differs from the one in the manifest.
    pub sql: &'a mut dyn FnMut(&PlannedStep) -> Option<String>,
    pub ledger: &'a PageLedger<'a>,
    pub shards: &'a PageShards,
}

/// The data of one model. `steps` has the batches, in order, and then the other steps.
pub fn model<'a>(
    entry: &'a ModelEntry,
    calendar: Option<&ModelCalendar>,
    cells: &[Cell],
    steps: &[PageStep],
    content: &mut StepContent,
    columns: &mut NumberColumns,
) -> ModelData<'a> {
    let mut labels = Texts::default();
    for cell in cells {
        let label =
            |calendar: &ModelCalendar| calendar.grain.label(cell.window.start, calendar.zone);
        labels.push(&calendar.map_or_else(String::new, label));
    }
    let filtered = entry.inputs.iter().filter(|input| input.filtered);
    ModelData {
        id: &entry.unique_id,
        grain: calendar.map(|calendar| calendar.grain.as_str()),
        utc: calendar.is_some_and(|calendar| calendar.zone == Tz::UTC),
        event_time: entry.microbatch.as_ref().map(|microbatch| microbatch.event_time.as_str()),
        inputs: filtered
            .filter_map(|input| Some((input.relation.as_str(), input.event_time.as_deref()?)))
            .collect(),
        cells: runs(cells),
        states: letters(cells.iter().map(|cell| cell.state)),
        labels: labels.pack(columns),
        batches: steps.iter().take_while(|step| step.is_batch()).count(),
        steps: files(steps, content, columns),
    }
}

fn files(steps: &[PageStep], content: &mut StepContent, columns: &mut NumberColumns) -> StepsData {
    let mut fields: [Texts; 9] = Default::default();
    let mut unreadable = Vec::new();
    for (index, step) in steps.iter().enumerate() {
        let text = (content.sql)(step.planned);
        if text.is_none() {
            unreadable.push(index);
        }
        let (started, seconds, words) = match step.ended {
            Some(ended) if !ended.of_ledger => {
                (ended.started(), format!("{:.2}", ended.seconds), ended.words())
            }
            _ => Default::default(),
        };
        let (file, text) = (step.planned.file.to_string(), text.unwrap_or_default());
        let texts = [
            &*step.planned.id,
            &file,
            &needs(step.planned),
            &text,
            &started,
            &seconds,
            words,
            step.blocker.unwrap_or_default(),
            &content.ledger.of_step(step.planned),
        ];
        for (field, text) in fields.iter_mut().zip(texts) {
            field.push(text);
        }
    }
    let [ids, files, needs, sql, started, seconds, words, blockers, ledger] =
        fields.map(|field| field.pack(columns));
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
        blockers,
        ledger,
        shards: runs_of(steps.iter().map(|step| content.shards.number(step.planned))),
        sha256: steps
            .iter()
            .map(|step| STANDARD_NO_PAD.encode(step.planned.sha256.bytes()))
            .collect(),
    }
}

/// Run-length encodes the numbers: `1*2 3`. Empty if all are 0.
fn runs_of(numbers: impl Iterator<Item = usize>) -> String {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for number in numbers {
        match runs.last_mut() {
            Some((last, count)) if *last == number => *count += 1,
            _ => runs.push((number, 1)),
        }
    }
    if runs.iter().all(|(number, _)| *number == 0) {
        return String::new();
    }
    let run = |(number, count): &(usize, usize)| match count {
        1 => number.to_string(),
        count => format!("{number}*{count}"),
    };
    runs.iter().map(run).collect::<Vec<_>>().join(" ")
}

/// One line per dependency. Successive batches of one model are one line: their number, the first
/// id and the last one, separated by tabs.
fn needs(step: &PlannedStep) -> String {
    const MIN_COLLAPSED: usize = 3;
    let model = |id: &str| id.split('@').next().map(str::to_string);
    let mut lines: Vec<String> = Vec::new();
    for group in step.depends_on.chunk_by(|one, other| model(one) == model(other)) {
        match group {
            [first, .., last] if group.len() >= MIN_COLLAPSED => {
                lines.push(format!("{}\t{first}\t{last}", group.len()));
            }
            few => lines.extend(few.iter().map(ToString::to_string)),
        }
    }
    lines.join("\n")
}

impl PageData<'_> {
    /// Serializes to JSON that is safe in HTML: without `<`, no tag or comment can begin.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("strings and numbers are JSON").replace('<', "\\u003c")
    }
}
