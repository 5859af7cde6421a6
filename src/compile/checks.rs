//! Runs `check` on models: separately (`batchwright check` continues after a broken model) or as a
//! part of a compilation.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use chrono::Duration;

use super::dedup::DedupedDiagnostics;
use super::microbatch::{MicrobatchModel, batch, begin_window};
use super::{Context, Request, inputs, open, selects_everything, validate};
use crate::check::{self, ALLOW, CheckContext, DATE_BY_HOURS, Engine, Finding, NO_EVENT_TIME};
use crate::codegen;
use crate::config::{Microbatch, Node};
use crate::diagnostics::{Diagnostic, Diagnostics, Level};
use crate::inject;
use crate::limits;
use crate::render::{self, RenderContext, RenderedModel};

/// The findings, and the errors of models that could not be checked.
#[derive(Default)]
pub struct Checked {
    pub findings: Vec<Finding>,
    /// Number of checked models.
    pub models: usize,
    pub errors: Vec<Diagnostic>,
    /// About the selection.
    pub warnings: Vec<Diagnostic>,
}

/// Checks the selected microbatch models.
pub fn check(request: &Request) -> Result<Checked, Diagnostics> {
    let loaded = open(&request.open)?;
    let broken = &loaded.broken;
    let mut checked = Checked::default();
    let mut errors = DedupedDiagnostics::default();
    let (models, warnings) = match loaded.select(&request.selection) {
        Err(errors) if !broken.is_empty() => {
            return Ok(Checked { errors: errors.0, ..checked });
        }
        selected => selected?,
    };
    if selects_everything(&request.selection) {
        broken
            .iter()
            .for_each(|node| errors.extend(Some(&node.name), node.errors.0.iter().cloned()));
    }
    checked.warnings = warnings;
    let folders = super::folders::assign(&models);
    let context = loaded.context(&folders);
    for node in models {
        let Some(settings) = node.microbatch() else { continue };
        match limits::guarded(&node.file, || check_model(&context, node, settings, request)) {
            Ok(findings) => {
                // An `allow` in the settings of a folder applies to all of its models; report it
                // once.
                let known = |finding: &Finding| {
                    checked
                        .findings
                        .iter()
                        .any(|other| other.diagnostic.message == finding.diagnostic.message)
                };
                let new: Vec<Finding> = findings
                    .into_iter()
                    .filter(|finding| finding.rule != ALLOW || !known(finding))
                    .collect();
                checked.findings.extend(new);
                checked.models += 1;
            }
            Err(more) => errors.extend(Some(&node.name), more.0),
        }
    }
    checked.errors = errors.finish();
    Ok(checked)
}

/// Checks one model, in the batch of its `begin`.
fn check_model(
    context: &Context,
    node: &Node,
    settings: &Microbatch,
    request: &Request,
) -> Result<Vec<Finding>, Diagnostics> {
    let cover = begin_window(node, settings)?;
    let model = MicrobatchModel::new(context, node, settings, request, cover, false)?;
    let no_time = validate::require_event_time_column(&model).map_err(Diagnostics::from);
    let by_hours = validate::reject_subdaily_date_batches(&model);
    let refused = [(NO_EVENT_TIME, no_time), (DATE_BY_HOURS, by_hours)].into_iter();
    let refused = refused
        .flat_map(|(rule, done)| {
            done.err().unwrap_or_default().0.into_iter().map(move |diagnostic| (rule, diagnostic))
        })
        .collect();
    run_checks(&model, refused)
}

/// Checks a model with its query. `refused` has the errors that stop its compilation.
pub(super) fn run_checks(
    model: &MicrobatchModel,
    refused: Vec<(check::Rule, Diagnostic)>,
) -> Result<Vec<Finding>, Diagnostics> {
    let MicrobatchModel { context, node, settings, request, query, .. } = model;
    let opted_out: Vec<String> =
        query.injected.ids(|access| *access == inject::Access::OptedOut).into_iter().collect();
    with_check_input(context, node, settings, &query.text, &opted_out, |input| {
        let from = request.windows.bounds.as_ref().map(|(start, _)| start.at.at(settings.timezone));
        let partition =
            codegen::aligned_partition(context.dialect, node, settings, &query.text.sql)?;
        let times = clock_renders(model)?;
        Ok(check::check(&CheckContext {
            entries: &model.entries,
            from,
            refused,
            times,
            partition: partition.as_ref(),
            ..input
        }))
    })
}

/// Calls `run` with the check input of a model, without the data of the request.
fn with_check_input<T>(
    context: &Context,
    node: &Node,
    settings: &Microbatch,
    text: &RenderedModel,
    opted_out: &[String],
    run: impl FnOnce(CheckContext) -> T,
) -> T {
    let parser = inject::parser(&context.dialect.syntax.parser);
    let window_keys = |id: &str| window_keys_of(context, id, settings);
    let inputs = inputs::query_inputs(context.graph, node, context.database);
    run(CheckContext {
        node,
        settings,
        graph: context.graph,
        text,
        inputs: &inputs,
        entries: &[],
        opted_out,
        parser: &*parser,
        engine: Engine {
            zones_show: context.dialect.types.time_zone_shows,
            elapsed: context.dialect.types.difference_elapses,
            casts_truncate: context.dialect.types.casts_truncate,
            casts_cut_text: context.dialect.types.casts_cut_text,
            times_are_text: context.dialect.types.times_are_text,
            divides_integers: context.dialect.types.divides_integers,
        },
        window_keys: &window_keys,
        from: None,
        partition: None,
        times: None,
        refused: Vec::new(),
    })
}

/// The query of the batch of `begin`, rendered for the current and for a later time, if it reads
/// the clock. If the later one fails, it is empty.
fn clock_renders(
    model: &MicrobatchModel,
) -> Result<Option<(RenderedModel, RenderedModel)>, Diagnostics> {
    let MicrobatchModel { context, node, begin, query, .. } = model;
    if !query.text.reads_clock {
        return Ok(None);
    }
    let render_context =
        RenderContext { batch: Some(batch(begin)), incremental: true, this: node.relation.clone() };
    let now = render::model(context.jinja, context.graph, node, &render_context)?;
    // Year, month, day, weekday, hour, minute and second all differ.
    let after = Duration::days(401) + Duration::seconds(3600 + 60 + 1);
    let later = render::model(
        &context.jinja.at(context.jinja.now() + after),
        context.graph,
        node,
        &render_context,
    );
    let later = later.unwrap_or_else(|_| RenderedModel { sql: String::new(), ..now.clone() });
    Ok(Some((now, later)))
}

/// Cached window keys of inputs, by unique id.
pub(super) type WindowKeysCache = Mutex<BTreeMap<String, check::WindowKeys>>;

/// The columns of an input whose values occur in only one batch of its reader. They are derived
/// from the input's own query and batches, and are valid for readers whose batches are as large or
/// larger.
fn window_keys_of(context: &Context, id: &str, reader: &Microbatch) -> check::WindowKeys {
    let node = &context.graph.nodes[id];
    let fits = |settings: &&Microbatch| {
        settings.batch_size <= reader.batch_size && settings.timezone == reader.timezone
    };
    let Some(settings) = node.microbatch().filter(fits) else { return check::WindowKeys::new() };
    let lock = || context.window_keys.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = lock().get(id) {
        return known.clone();
    }
    let keys = begin_window(node, settings).and_then(|cover| {
        let render_context = RenderContext {
            batch: Some(batch(&cover.ends().0)),
            incremental: true,
            this: node.relation.clone(),
        };
        let text = render::model(context.jinja, context.graph, node, &render_context)?;
        Ok(with_check_input(context, node, settings, &text, &[], |input| {
            check::window_keys(&input)
        }))
    });
    let keys = keys.unwrap_or_default();
    lock().insert(id.to_string(), keys.clone());
    keys
}

/// Rejects a model with findings that are errors.
pub(super) fn reject_errors(findings: &[Finding]) -> Result<(), Diagnostics> {
    let errors = findings
        .iter()
        .filter(|finding| finding.counts() && finding.diagnostic.level == Level::Error);
    let errors: Vec<Diagnostic> = errors.map(|finding| finding.diagnostic.clone()).collect();
    if errors.is_empty() { Ok(()) } else { Err(Diagnostics(errors)) }
}
