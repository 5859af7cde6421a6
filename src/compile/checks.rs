//! What `check` finds in models: on its own, going on past a broken model, and as a part of a plan.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use chrono::Duration;

use super::causes::Causes;
use super::query::{Filtered, query};
use super::{Context, LoadedProject, Request, batches, inputs, open, selected, with_broken};
use crate::check::{self, ALLOW, CheckContext, DATE_BY_HOURS, Engine, Finding, NO_EVENT_TIME};
use crate::codegen;
use crate::config::{Microbatch, Node};
use crate::diagnostics::{Diagnostic, Diagnostics, Level};
use crate::inject;
use crate::limits;
use crate::plan::manifest::InputEntry;
use crate::render::{self, RenderContext, RenderedModel};

/// What was found, and what could not be looked at.
#[derive(Default)]
pub struct Checked {
    pub findings: Vec<Finding>,
    /// How many models were looked at.
    pub models: usize,
    pub errors: Vec<Diagnostic>,
    /// About the selection.
    pub warnings: Vec<Diagnostic>,
}

/// Looks at the selected microbatch models.
pub fn check(request: &Request) -> Result<Checked, Diagnostics> {
    let LoadedProject { project, graph, dialect, columns, broken, .. } = open(&request.open)?;
    let everything = request.selection.select.is_empty() && request.selection.selector.is_none();
    let mut checked = Checked::default();
    let mut errors = Causes::default();
    // A selected model that is broken is no model that is missing.
    let (models, warnings) = match selected(&graph, &project, &request.selection) {
        Err(_) if !broken.is_empty() => {
            return Ok(Checked { errors: with_broken(errors, &broken).0, ..checked });
        }
        selected => selected?,
    };
    if everything {
        broken
            .iter()
            .for_each(|node| errors.extend(Some(&node.name), node.errors.0.iter().cloned()));
    }
    checked.warnings = warnings;
    let folders = super::folders::of(&models);
    let context = Context::new(&project, &graph, &dialect, &columns, &folders);
    for node in models {
        let Some(settings) = node.microbatch() else { continue };
        match limits::guarded(&node.file, || alone(&context, node, settings, request)) {
            Ok(found) => {
                // A folder's setting is one for all of its models.
                let known = |finding: &Finding| {
                    checked
                        .findings
                        .iter()
                        .any(|other| other.diagnostic.message == finding.diagnostic.message)
                };
                let new: Vec<Finding> = found
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

/// What is found in one model, looked at in the batch of its `begin`.
fn alone(
    context: &Context,
    node: &Node,
    settings: &Microbatch,
    request: &Request,
) -> Result<Vec<Finding>, Diagnostics> {
    let cover = batches::first_ever(node, settings)?;
    let moment = RenderContext {
        batch: Some(batches::batch(&cover.ends().0)),
        incremental: true,
        this: node.relation.clone(),
    };
    let query = query(context, node, &moment)?;
    let entries = inputs::entries(context.graph, context.dialect, node, &query.injected)?;
    let no_time =
        batches::says_its_event_time(context, node, settings, query.injected.columns.as_deref())
            .map_err(Diagnostics::from);
    let by_hours = batches::dates_are_whole(context, node, settings, &query, &cover);
    let refused = [(NO_EVENT_TIME, no_time), (DATE_BY_HOURS, by_hours)].into_iter();
    let refused = refused
        .flat_map(|(rule, done)| {
            done.err().unwrap_or_default().0.into_iter().map(move |diagnostic| (rule, diagnostic))
        })
        .collect();
    found(context, node, settings, &query, &entries, refused, request)
}

/// What is found in a model whose query is at hand, `refused` being what stops its compilation.
pub(super) fn found(
    context: &Context,
    node: &Node,
    settings: &Microbatch,
    query: &Filtered,
    entries: &[InputEntry],
    refused: Vec<(check::Rule, Diagnostic)>,
    request: &Request,
) -> Result<Vec<Finding>, Diagnostics> {
    let opted_out: Vec<String> =
        query.injected.ids(|access| *access == inject::Access::OptedOut).into_iter().collect();
    asked(context, node, settings, &query.text, &opted_out, |asked| {
        let from = request.windows.bounds.as_ref().map(|(start, _)| start.at.at(settings.timezone));
        let partition = codegen::partition(context.dialect, node, settings, &query.text.sql)?;
        let times = times(context, node, settings, &query.text)?;
        Ok(check::check(&CheckContext {
            entries,
            from,
            refused,
            times,
            partition: partition.as_ref(),
            ..asked
        }))
    })?
}

/// What `check` is asked of a model, without what the request adds.
fn asked<T>(
    context: &Context,
    node: &Node,
    settings: &Microbatch,
    text: &RenderedModel,
    opted_out: &[String],
    ask: impl FnOnce(CheckContext) -> T,
) -> Result<T, Diagnostics> {
    let parser = inject::parser(&context.dialect.property::<String>("parser")?);
    let pinned = |id: &str| pinned(context, id, settings);
    let inputs = inputs::of(context.graph, node, context.database);
    Ok(ask(CheckContext {
        node,
        settings,
        graph: context.graph,
        text,
        inputs: &inputs,
        entries: &[],
        opted_out,
        parser: &*parser,
        engine: Engine {
            zones_show: context.dialect.property("time_zone_shows")?,
            elapsed: context.dialect.property("difference_elapses")?,
        },
        window_keys: &pinned,
        from: None,
        partition: None,
        times: None,
        refused: Vec::new(),
    }))
}

/// The text of the batch of `begin` now and at a later time, for a query that reads the clock. One
/// that fails later is empty.
fn times(
    context: &Context,
    node: &Node,
    settings: &Microbatch,
    text: &RenderedModel,
) -> Result<Option<(RenderedModel, RenderedModel)>, Diagnostics> {
    if !text.reads_clock {
        return Ok(None);
    }
    let cover = batches::first_ever(node, settings)?;
    let moment = RenderContext {
        batch: Some(batches::batch(&cover.ends().0)),
        incremental: true,
        this: node.relation.clone(),
    };
    let now = render::model(context.jinja, context.graph, node, &moment)?;
    // Year, month, day, weekday, hour, minute and second are others.
    let after = Duration::days(401) + Duration::seconds(3600 + 60 + 1);
    let later =
        render::model(&context.jinja.at(context.jinja.now() + after), context.graph, node, &moment);
    let later = later.unwrap_or_else(|_| RenderedModel { sql: String::new(), ..now.clone() });
    Ok(Some((now, later)))
}

/// What is known of the columns of inputs, by their unique ids.
pub(super) type Pinned = Mutex<BTreeMap<String, check::WindowKeys>>;

/// The columns of an input of which rows of different batches of its reader never share a value.
/// What its own query shows of its own batches holds for those of a reader that are as large or
/// larger.
fn pinned(context: &Context, id: &str, reader: &Microbatch) -> check::WindowKeys {
    let node = &context.graph.nodes[id];
    let fits =
        |own: &&Microbatch| own.batch_size <= reader.batch_size && own.timezone == reader.timezone;
    let Some(settings) = node.microbatch().filter(fits) else { return check::WindowKeys::new() };
    let lock = || context.pinned.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = lock().get(id) {
        return known.clone();
    }
    let found = batches::first_ever(node, settings).and_then(|cover| {
        let moment = RenderContext {
            batch: Some(batches::batch(&cover.ends().0)),
            incremental: true,
            this: node.relation.clone(),
        };
        let text = render::model(context.jinja, context.graph, node, &moment)?;
        asked(context, node, settings, &text, &[], |asked| check::window_keys(&asked))
    });
    let found = found.unwrap_or_default();
    lock().insert(id.to_string(), found.clone());
    found
}

/// The findings that stop a compilation.
pub(super) fn refuse(findings: &[Finding]) -> Result<(), Diagnostics> {
    let errors = findings
        .iter()
        .filter(|finding| finding.counts() && finding.diagnostic.level == Level::Error);
    let errors: Vec<Diagnostic> = errors.map(|finding| finding.diagnostic.clone()).collect();
    if errors.is_empty() { Ok(()) } else { Err(Diagnostics(errors)) }
}
