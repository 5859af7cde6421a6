//! A plan as one self-contained HTML file. Takes the manifest, the journal, the ledger, the shards,
//! the steps' texts and now; returns a page with a calendar of batches for each model, the graph,
//! the SQL of every file, failures and missing batches. `page.html` has the content that needs no
//! JavaScript, `script/` the interactive part.
//!
//! The content of a plan is data: the template escapes each value, the script reads JSON and sets
//! text, and the page's policy allows only this script and this style sheet, by their hashes, and
//! no network access.

mod blockers;
mod calendar;
mod data;
mod graph;
mod ledger;
mod page_step;
mod rule_pages;
mod shards;
mod state;
mod summary;
mod text_dedup;

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono_tz::Tz;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value};
use minijinja::{AutoEscape, Environment, UndefinedBehavior, context};
use sha2::{Digest, Sha256};

use crate::calendar::{Instant, Window, display_instant};
use crate::diagnostics::printable;
use crate::dialect;
use crate::plan::StepKind;
use crate::plan::coverage::{FinishedBatches, table_of};
use crate::plan::manifest::{Manifest, ModelEntry, PlannedStep};
use crate::plan::planned::label;
use crate::run::audits;
use crate::run::history::History;
use crate::run::ledger_steps::LedgerSteps;
use crate::run::status::ModelCalendar;
use blockers::blockers;
use calendar::{Cell, cells};
use data::{PageData, StepContent};
use page_step::PageStep;
pub use shards::PageShards;
use shards::ShardCounts;
use state::{BatchState, Counts, LastAudit};
use summary::ModelSummary;
use text_dedup::NumberColumns;

const HTML: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = concat!(
    include_str!("script/data.js"),
    include_str!("script/timeline.js"),
    include_str!("script/calendar.js"),
    include_str!("script/range.js"),
    include_str!("script/difference.js"),
    include_str!("script/batch.js"),
    include_str!("script/models.js"),
    include_str!("script/main.js"),
);

/// What the page shows of a plan.
pub struct PageInput<'a> {
    /// With the steps of the last run.
    pub manifest: &'a Manifest,
    pub history: &'a History,
    /// The batches that runs of any plan have finished.
    pub finished: &'a FinishedBatches,
    /// The rows of the ledger, if they were read.
    pub ledger: Option<&'a LedgerSteps>,
    /// The shards, if the plan has any.
    pub shards: &'a PageShards,
    pub now: Instant,
}

/// Renders the page. `sql` returns the text of a step's file, or `None` if the file differs from
/// the one in the manifest.
pub fn page(input: &PageInput, sql: &mut dyn FnMut(&PlannedStep) -> Option<String>) -> String {
    let PageInput { manifest, history, shards, now, .. } = *input;
    let ledger = ledger::PageLedger::new(manifest, input.ledger);
    let mut steps: BTreeMap<&str, Vec<&PlannedStep>> = BTreeMap::new();
    for step in &manifest.steps {
        steps.entry(&step.model).or_default().push(step);
    }
    let blockers = blockers(&manifest.steps, history);
    let mut columns = NumberColumns::new();
    let (mut models, mut summaries) = (Vec::new(), Vec::new());
    let mut all = Counts::default();
    let mut shard_counts = ShardCounts::new(shards);
    for entry in &manifest.models {
        let calendar = ModelCalendar::of(entry);
        let steps = steps.remove(entry.unique_id.as_str()).unwrap_or_default();
        let state_context = StateContext {
            has_batches: calendar.is_some(),
            audit: last_audit(&steps, history),
            is_published: is_published(&steps, history),
        };
        let mut steps: Vec<PageStep> = steps
            .into_iter()
            .map(|step| with_state(step, &state_context, &blockers, history))
            .collect();
        steps.sort_by_key(|step| (!step.is_batch(), step.window));
        let cells = calendar
            .as_ref()
            .map_or_else(Vec::new, |calendar| calendar_cells(entry, calendar, input, &steps));
        shard_counts.add(&steps, shards);
        let mut counts = Counts::of(cells.iter().map(|cell| cell.state));
        counts.add(steps.iter().filter(|step| !step.is_batch()).map(|step| step.state));
        all.join(&counts);
        let planned = || steps.iter().filter_map(|step| step.window);
        let zone = calendar.as_ref().map_or(Tz::UTC, |calendar| calendar.zone);
        let show = |at: Instant| display_instant(at, zone);
        let (failures, more_failures) = summary::failures(&steps);
        let (first, last) = (
            planned().next().map(|window| show(window.start)),
            planned().next_back().map(|window| show(window.end)),
        );
        summaries.push(ModelSummary {
            counts,
            first,
            last,
            batches: planned().count(),
            failures,
            more_failures,
            is_published: state_context.is_published,
        });
        let mut content = StepContent { sql, ledger: &ledger, shards };
        models.push(data::model(
            entry,
            calendar.as_ref(),
            &cells,
            &steps,
            &mut content,
            &mut columns,
        ));
    }
    let data = PageData { models, columns: columns.into_iter().collect() };
    let planned = manifest.models.iter().map(|model| model.unique_id.as_str()).collect();
    let dialect = dialect::named(&manifest.about.dialect);
    let models: Vec<_> = manifest
        .models
        .iter()
        .zip(&summaries)
        .map(|(entry, summary)| summary::model(entry, summary, &planned))
        .collect();
    fill(context! {
        about => Value::from(Serde(&manifest.about)),
        now => display_instant(now, Tz::UTC),
        last_run => history.last.as_ref().map(|run| run.at.clone()),
        legend => Value::from(Serde(summary::legend(&all))),
        models => Value::from(Serde(models)),
        graph => Value::from(Serde(summary::graph(manifest, &summaries))),
        ledger => ledger.summary(),
        readers => dialect.ok().and_then(|dialect| dialect.builds.readers.clone()),
        shards => Value::from(Serde(shards.table(&shard_counts))),
        data => Value::from_safe_string(data.to_json()),
    })
}

/// Fills the template with the values, the style sheet and the script.
fn fill(values: Value) -> String {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_syntax(
        SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .build()
            .expect("the default syntax is valid"),
    );
    let hash = |text: &str| format!("sha256-{}", STANDARD.encode(Sha256::digest(text)));
    let embedded = context! {
        style => Value::from_safe_string(STYLE.to_string()),
        style_hash => hash(STYLE),
        script => Value::from_safe_string(SCRIPT.to_string()),
        script_hash => hash(SCRIPT),
    };
    environment
        .render_str(HTML, context! { ..embedded, ..values })
        .map(|page| printable(&page).into_owned())
        .expect("the template only uses values that are defined")
}

/// What the states of a model's batches depend on, in addition to their steps.
struct StateContext<'a> {
    has_batches: bool,
    audit: Option<LastAudit<'a>>,
    is_published: bool,
}

/// Whether batches write to the model's table, or were published to it.
fn is_published(steps: &[&PlannedStep], history: &History) -> bool {
    let publish = steps.iter().find(|step| step.kind == StepKind::Publish);
    publish.is_none_or(|publish| history.done(publish).is_some())
}

/// A step with its state.
fn with_state<'a>(
    planned: &'a PlannedStep,
    state_context: &StateContext,
    blockers: &BTreeMap<&str, &'a str>,
    history: &'a History,
) -> PageStep<'a> {
    let is_batch = state_context.has_batches && planned.kind == StepKind::Batch;
    let window = if is_batch { window(planned) } else { None };
    let ended = history.failed(planned).or(history.done(planned));
    let blocker = blockers.get(&*planned.id).copied();
    let state = match blocker {
        Some(_) => BatchState::Blocked,
        None if window.is_none() => BatchState::of(planned, history),
        None => {
            let StateContext { audit, is_published, .. } = state_context;
            let label = label(&planned.id);
            BatchState::of_batch(planned, label, audit.as_ref(), *is_published, history)
        }
    };
    PageStep { planned, window, state, ended, blocker }
}

/// The last audit of a model, if a run had one.
fn last_audit<'a>(steps: &[&PlannedStep], history: &'a History) -> Option<LastAudit<'a>> {
    let step = steps.iter().find(|step| step.kind == StepKind::Audit)?;
    if let Some(attempt) = history.failed(step) {
        let batches = steps.iter().filter(|step| step.kind == StepKind::Batch);
        let labels: Vec<&str> = batches.map(|step| label(&step.id)).collect();
        let rejected = audits::rejected(&step.model, attempt.words(), &labels);
        return Some(LastAudit { attempt, rejected, is_accepted: false });
    }
    let attempt = history.done(step)?;
    Some(LastAudit { attempt, rejected: Vec::new(), is_accepted: true })
}

fn calendar_cells(
    entry: &ModelEntry,
    calendar: &ModelCalendar,
    input: &PageInput,
    steps: &[PageStep],
) -> Vec<Cell> {
    let batch = |step: &PageStep| Some(Cell { window: step.window?, state: step.state });
    let batches: Vec<Cell> = steps.iter().filter_map(batch).collect();
    let PageInput { finished, now, .. } = *input;
    let table = table_of(entry);
    let is_finished = |window| calendar.is_finished(&table, window, finished, now);
    let ModelCalendar { begin, grain, zone, .. } = *calendar;
    cells(grain, zone, begin, now, &batches, &is_finished)
}

fn window(step: &PlannedStep) -> Option<Window> {
    Some(Window { start: step.event_time_start?, end: step.event_time_end? })
}
