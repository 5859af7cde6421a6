//! Compiles a microbatch model: windows, query, validation, strategy, steps, and its entry in the
//! manifest.

use super::microbatch::{MicrobatchModel, batch_settings};
use super::steps::MicrobatchSteps;
use super::{
    BatchRange, Context, ModelOutput, ReportRow, Request, audits, builds, checks, dependents,
    hooks, missing, refresh, staged, strategy_macros, validate, warnings,
};
use crate::calendar::format_instant;
use crate::check::Finding;
use crate::codegen::{self, Strategy};
use crate::config::{Microbatch, Node, OutsideWindow};
use crate::diagnostics::Diagnostics;
use crate::plan::manifest::{MicrobatchEntry, ModelEntry};
use crate::plan::{ModelSteps, Sha256, StepKind};
use crate::window;

/// Compiles one microbatch model. `None` if no batch is missing.
pub(super) fn compile_model(
    context: &Context,
    node: &Node,
    settings: &Microbatch,
    request: &Request,
) -> Result<Option<ModelOutput>, Diagnostics> {
    let rebuilds = refresh::rebuilds(settings, request);
    let Some(missing) = request.missing.as_ref().filter(|_| !rebuilds) else {
        let from_begin = rebuilds || refresh::is_first_run(node, request);
        let cover = window::cover(&batch_settings(node, settings, from_begin), &request.windows)?;
        let model = MicrobatchModel::new(context, node, settings, request, cover, rebuilds)?;
        return compile_windows(&model).map(Some);
    };
    let model = model_of_all_windows(context, node, settings, request)?;
    if missing.changed && !context.changed.contains_key(&node.unique_id) {
        // Its batches could not be compiled: this reports the error.
        compile_windows(&model)?;
    }
    match missing::missing_windows(missing, &model)? {
        Some(cover) => compile_windows(&model.with_windows(cover)?).map(Some),
        None => Ok(None),
    }
}

/// The model with all of its windows since `begin` or in the bounds.
pub(super) fn model_of_all_windows<'a>(
    context: &'a Context<'a>,
    node: &'a Node,
    settings: &'a Microbatch,
    request: &'a Request,
) -> Result<MicrobatchModel<'a>, Diagnostics> {
    let all = missing::all_windows(&request.windows);
    let cover = window::cover(&batch_settings(node, settings, true), &all)?;
    MicrobatchModel::new(context, node, settings, request, cover, false)
}

/// The hash of the statement of each window.
pub(super) fn statements(model: &MicrobatchModel) -> Result<Vec<Sha256>, Diagnostics> {
    let output = compile_windows(model)?;
    let steps = output.steps.iter().flat_map(ModelSteps::all);
    let batches = steps.filter(|step| step.kind() == StepKind::Batch);
    Ok(batches.map(|step| step.statement_sha256()).collect())
}

/// Compiles the batches of the model's windows.
fn compile_windows(model: &MicrobatchModel) -> Result<ModelOutput, Diagnostics> {
    let MicrobatchModel { context, node, settings, cover, query, .. } = model;
    validate::require_event_time_column(model)?;
    validate::reject_subdaily_date_batches(model)?;
    let findings = checks::run_checks(model, Vec::new())?;
    checks::reject_errors(&findings)?;
    let mut diagnostics = cover.notes.clone();
    diagnostics.extend(hooks::ignored_hooks(context, node));
    let dependent_views =
        if model.rebuilds { dependents::dependent_views(context, node) } else { Vec::new() };
    diagnostics.extend(dependents::dropped_views_warning(context, node, &dependent_views));
    diagnostics.extend(validate::batch_warnings(model, &findings)?);

    let has_filters = !query.injected.filters.is_empty();
    let mode = codegen::outside_window(context.dialect, node, settings, has_filters)?;
    if let Some(models) = context.staged {
        models.check(model, mode)?;
        diagnostics.extend(staged::notes(context, node));
    }
    let input = codegen::StrategyInput {
        node,
        settings,
        mode,
        windows: &cover.windows,
        query: &query.text.sql,
    };
    let mut strategy = codegen::strategy(context.dialect, &input)?;
    let strategy_macro = strategy_macros::strategy_macro(context, node, Some("microbatch"));
    if let Some(strategy_macro) = &strategy_macro {
        strategy.label = format!("macro {}", strategy_macro.name);
        diagnostics.push(strategy_macros::generates_batches_warning(node, strategy_macro));
    }
    let in_order = settings.concurrent_batches == Some(false)
        || (query.reads_self && settings.concurrent_batches.is_none());
    let steps = MicrobatchSteps {
        model,
        mode,
        strategy: &strategy,
        strategy_macro: strategy_macro.as_ref(),
        in_order,
    };
    let change = steps.schema_change()?;
    diagnostics.extend(change.iter().flat_map(|change| change.diagnostics.iter().cloned()));
    let audit = match model.staged {
        Some(_) => None,
        None => audits::audit(model, mode)?,
    };
    let audit_entry = audit.as_ref().map(codegen::AuditFile::entry);
    let columns_dropped = change.iter().flat_map(|change| change.dropped.iter().cloned()).collect();
    let (steps, staged) = steps.steps(change, audit, &mut diagnostics)?;
    let counted = findings.iter().filter(|finding| finding.allowed.is_none());
    let entry = ModelEntry {
        audit: audit_entry,
        staged,
        inputs: model.entries.clone(),
        microbatch: Some(microbatch_entry(model, mode, in_order)),
        strategy: strategy.label.clone(),
        atomic: strategy.atomic,
        columns_from: model.columns().map(|_| "projection".to_string()),
        columns: model
            .columns()
            .map(|columns| columns.iter().map(|column| column.name.clone()).collect()),
        columns_dropped,
        warnings: warnings(&diagnostics).collect(),
        dependent_views: dependent_views.iter().map(|view| view.unique_id.clone()).collect(),
        findings: counted.map(Finding::entry).collect(),
        ..builds::entry(context, node)
    };
    let row = ReportRow {
        warnings: entry.warnings.len(),
        findings: findings.iter().filter(|finding| finding.counts()).count(),
        ..report_row(model, &strategy)
    };
    Ok(ModelOutput { entry, steps: Some(steps), row, diagnostics })
}

/// The model's row of the report, without the counts of messages.
fn report_row(model: &MicrobatchModel, strategy: &Strategy) -> ReportRow {
    let MicrobatchModel { node, settings, request, cover, .. } = model;
    let begin_of_first = settings.batch_size.floor(settings.begin, settings.timezone);
    let starts_after_begin = request.windows.bounds.is_none()
        && request.missing.is_none()
        && cover.windows[0].start > begin_of_first;
    ReportRow {
        model: node.name.clone(),
        strategy: strategy.label.clone(),
        atomic: strategy.atomic,
        batches: Some(BatchRange::of(cover)),
        chunks: BatchRange::of_chunks(cover),
        refresh: refresh::effect(settings, request),
        starts_after_begin,
        ..ReportRow::default()
    }
}

/// The settings of the batches in the manifest.
fn microbatch_entry(
    model: &MicrobatchModel,
    mode: OutsideWindow,
    in_order: bool,
) -> MicrobatchEntry {
    let MicrobatchModel { settings, cover, .. } = model;
    MicrobatchEntry {
        event_time: settings.event_time.column.clone(),
        batch_size: cover.naming.batch_size.as_str().to_string(),
        begin: format_instant(settings.begin),
        lookback: settings.lookback,
        timezone: settings.timezone.name().to_string(),
        outside_window: mode.as_str().to_string(),
        unique_key: settings.unique_key.clone(),
        in_order,
        shadow: model.rebuilds.then(|| model.render_context.this.to_string()),
        batches: cover.windows.len(),
    }
}
