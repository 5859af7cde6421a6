//! Compiles a microbatch model: windows, query, validation, strategy, steps, and its entry in the
//! manifest.

use std::collections::BTreeSet;

use super::query::{FilteredQuery, query};
use super::steps::MicrobatchModel;
use super::{
    BatchRange, Context, ModelOutput, ReportRow, Request, builds, checks, dependents, inputs,
    missing, refresh, schema_changes, staged, strategy_macros, warnings,
};
use crate::calendar::{Instant, format_instant};
use crate::check::{Finding, READ_WHOLE};
use crate::codegen;
use crate::config::{EventTime, Microbatch, Node};
use crate::diagnostics::{Diagnostic, Diagnostics, collect};
use crate::dialect::{BatchTemplate, Precision, TimeType};
use crate::inject::ResultColumn;
use crate::jinja::Batch;
use crate::plan::manifest::{MicrobatchEntry, ModelEntry};
use crate::plan::{ModelSteps, Sha256, StepKind};
use crate::render::RenderContext;
use crate::window::{self, BatchSettings, Cover, Span};

/// Compiles one microbatch model. None if no batch is missing.
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
        return compile_windows(context, node, settings, request, cover).map(Some);
    };
    let all = missing::all_windows(&request.windows);
    let cover = window::cover(&batch_settings(node, settings, true), &all)?;
    let (query, _) = first_query(context, node, &cover, false)?;
    let statements = match missing.changed {
        true => {
            Some(statements(&compile_windows(context, node, settings, request, cover.clone())?))
        }
        false => None,
    };
    let cover = missing::missing_windows(
        missing,
        node,
        settings,
        request,
        &cover,
        statements.as_deref(),
        query.reads_self,
    )?;
    cover.map(|cover| compile_windows(context, node, settings, request, cover)).transpose()
}

/// The hashes of the batches.
fn statements(output: &ModelOutput) -> Vec<Sha256> {
    let steps = output.steps.iter().flat_map(ModelSteps::all);
    let batches = steps.filter(|step| step.kind() == StepKind::Batch);
    batches.map(|step| step.statement_sha256()).collect()
}

/// Compiles the batches of these windows.
fn compile_windows(
    context: &Context,
    node: &Node,
    settings: &Microbatch,
    request: &Request,
    cover: Cover,
) -> Result<ModelOutput, Diagnostics> {
    let rebuilds = refresh::rebuilds(settings, request);
    let tables = context.staged.and_then(|models| models.tables(node));
    let (query, render_context) = first_query(context, node, &cover, rebuilds)?;
    let mut entries = inputs::input_entries(context.graph, context.dialect, node, &query.injected);
    if let Some(models) = context.staged {
        models.redirect(&mut entries);
    }
    require_event_time_column(context, node, settings, query.injected.columns.as_deref())?;
    reject_subdaily_date_batches(context, node, settings, &query, &cover)?;
    let findings =
        checks::run_checks(context, node, settings, &query, &entries, Vec::new(), request)?;
    checks::reject_errors(&findings)?;
    let begin = begin_window(node, settings)?.ends().0;
    let mut diagnostics = cover.notes.clone();
    let dependent_views =
        if rebuilds { dependents::dependent_views(context, node) } else { Vec::new() };
    diagnostics.extend(dependents::dropped_views_warning(context, node, &dependent_views));
    diagnostics.extend(batch_warnings(
        context,
        node,
        settings,
        &query,
        &findings,
        cover.windows.len(),
        request.windows.strict,
    )?);

    let mode = codegen::outside_window(
        context.dialect,
        node,
        settings,
        !query.injected.filters.is_empty(),
    )?;
    if let Some(models) = context.staged {
        let reads_self = query.reads_self || query.text.reads_this;
        models.check_rows(node, reads_self, mode)?;
        models.check_reads(context, node, &entries, &cover, request)?;
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
    let steps = MicrobatchModel {
        context,
        node,
        settings,
        render_context: &render_context,
        query: &query,
        entries: &entries,
        mode,
        strategy: &strategy,
        strategy_macro: strategy_macro.as_ref(),
        rebuilds,
        staged: tables,
        in_order,
    };
    let change = steps.schema_change(&begin)?;
    diagnostics.extend(change.iter().flat_map(|change| change.diagnostics.iter().cloned()));
    let begin_of_first = settings.batch_size.floor(settings.begin, settings.timezone);
    let starts_after_begin = request.windows.bounds.is_none()
        && request.missing.is_none()
        && cover.windows[0].start > begin_of_first;
    let row = ReportRow {
        model: node.name.clone(),
        strategy: strategy.label.clone(),
        atomic: strategy.atomic,
        batches: Some(BatchRange::of(&cover)),
        chunks: BatchRange::of_chunks(&cover),
        refresh: refresh::effect(settings, request),
        starts_after_begin,
        ..ReportRow::default()
    };
    let batches = cover.windows.len();
    let batch_size = cover.naming.batch_size;
    let reads = inputs::read_set(&entries, context.graph, node, in_order);
    let audit = match tables {
        Some(_) => None,
        None => super::audits::audit(&steps, &cover, &begin)?,
    };
    let audit_entry = audit.as_ref().map(codegen::AuditFile::entry);
    let columns_dropped = change.iter().flat_map(|change| change.dropped.iter().cloned()).collect();
    let (steps, staged) = steps.steps(cover, &begin, change, audit, reads)?;
    let counted = findings.iter().filter(|finding| finding.allowed.is_none());
    let entry = ModelEntry {
        audit: audit_entry,
        staged,
        microbatch: Some(MicrobatchEntry {
            event_time: settings.event_time.column.clone(),
            batch_size: batch_size.as_str().to_string(),
            begin: format_instant(settings.begin),
            lookback: settings.lookback,
            timezone: settings.timezone.name().to_string(),
            outside_window: mode.as_str().to_string(),
            unique_key: settings.unique_key.clone(),
            in_order,
            shadow: rebuilds.then(|| render_context.this.to_string()),
            batches,
        }),
        strategy: strategy.label.clone(),
        atomic: strategy.atomic,
        columns_from: query.injected.columns.as_ref().map(|_| "projection".to_string()),
        columns: query
            .injected
            .columns
            .as_ref()
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
        ..row
    };
    Ok(ModelOutput {
        entry: ModelEntry { inputs: entries, ..entry },
        steps: Some(steps),
        row,
        diagnostics,
    })
}

/// The query of the first batch and its render context. All other batches use the same template,
/// unless the query reads properties of its batch.
fn first_query(
    context: &Context,
    node: &Node,
    cover: &Cover,
    rebuilds: bool,
) -> Result<(FilteredQuery, RenderContext), Diagnostic> {
    let (first, last) = cover.ends();
    let render_context = RenderContext {
        batch: Some(batch(&first)),
        incremental: !rebuilds,
        this: node.relation.clone(),
    };
    let filtered = query(context, node, &render_context)?;
    if let Some(tables) = context.staged.and_then(|models| models.tables(node)) {
        return Ok((filtered, RenderContext { this: tables.staged.clone(), ..render_context }));
    }
    if !rebuilds {
        return Ok((filtered, render_context));
    }
    let shadow = refresh::shadow_relation(
        context.dialect,
        node,
        &filtered.text.sql,
        (&first.label, &last.label),
    );
    let render_context = RenderContext { this: shadow, ..render_context };
    let filtered =
        if filtered.text.reads_this { query(context, node, &render_context)? } else { filtered };
    Ok((filtered, render_context))
}

pub(super) fn batch_settings<'a>(
    node: &'a Node,
    settings: &Microbatch,
    from_begin: bool,
) -> BatchSettings<'a> {
    BatchSettings {
        model: &node.name,
        begin: settings.begin,
        batch_size: settings.batch_size,
        lookback: settings.lookback,
        timezone: settings.timezone,
        from_begin,
    }
}

/// Renders the query of the batch with this label, with its filters.
pub(super) fn render_batch(
    context: &Context,
    node: &Node,
    settings: &Microbatch,
    label: &str,
) -> Result<String, Diagnostics> {
    let span = window::batch_by_label(&batch_settings(node, settings, false), label)?;
    let render_context =
        RenderContext { batch: Some(batch(&span)), incremental: true, this: node.relation.clone() };
    let query = query(context, node, &render_context)?;
    Ok(BatchTemplate::new(&query.sql, settings.timezone).fill(&span.window, &span.label))
}

/// The window that contains `begin`. The create statement uses it, so that its file is the same in
/// every plan.
pub(super) fn begin_window(node: &Node, settings: &Microbatch) -> Result<Cover, Diagnostics> {
    window::first_window(&batch_settings(node, settings, true))
}

pub(super) fn batch(span: &Span) -> Batch {
    Batch { id: span.id(), start: span.window.start, end: span.window.end }
}

/// Requires the event time among the columns of the query, since the overwrite filters by it.
pub(super) fn require_event_time_column(
    context: &Context,
    node: &Node,
    settings: &Microbatch,
    columns: Option<&[ResultColumn]>,
) -> Result<(), Diagnostic> {
    let event_time = &settings.event_time;
    let Some(columns) = columns else { return Ok(()) };
    if event_time.column.contains(|char: char| !char.is_alphanumeric() && char != '_')
        && !event_time.quote
    {
        return Ok(());
    }
    for column in columns {
        if context
            .dialect
            .same_column((&column.name, column.quoted), (&event_time.column, event_time.quote))
        {
            return Ok(());
        }
    }
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    let error = Diagnostic::error(format!(
        "the query of `{}` has no column `{}`, its `event_time`",
        node.name, event_time.column
    ));
    Err(error
        .at(event_time.at.clone())
        .hint(format!("select it, or set `event_time` to one of `{}`", names.join("`, `"))))
}

/// Rejects windows that are finer than the event time: a predicate on a column of dates is never
/// true within a day. The same holds for text and numbers whose format ends at the day.
pub(super) fn reject_subdaily_date_batches(
    context: &Context,
    node: &Node,
    settings: &Microbatch,
    query: &FilteredQuery,
    cover: &Cover,
) -> Result<(), Diagnostics> {
    let read = filtered_inputs(context, query);
    let columns = read.chain([(node, &settings.event_time)]);
    let checked = collect(columns, |(owner, event_time)| {
        let Some((precision, is_local)) = event_time.time_type()?.precision() else {
            return Ok(());
        };
        let clock = |at: Instant| {
            if is_local {
                at.with_timezone(&settings.timezone).naive_local()
            } else {
                at.naive_utc()
            }
        };
        if cover.windows.iter().all(|window| {
            precision.is_boundary(clock(window.start)) && precision.is_boundary(clock(window.end))
        }) {
            return Ok(());
        }
        let batches = format!("`{}` has batches of one {}", node.name, cover.naming.batch_size);
        let column = format!("`{}` of `{}`", event_time.column, owner.name);
        let error = match event_time.time_type()? {
            TimeType::Date => Diagnostic::error(format!("{column} is a date, and {batches}")),
            _ => Diagnostic::error(format!(
                "the format of {column} ends at the {}, and {batches}",
                precision.as_str()
            )),
        };
        let day = if precision == Precision::Day { "batches of one day" } else { "larger batches" };
        Err(error
            .at(event_time.at.clone())
            .hint(format!("use a column with a time of day, or {day}"))
            .into())
    });
    checked.map(drop)
}

/// The filtered inputs, each with its event time.
fn filtered_inputs<'a>(
    context: &'a Context,
    query: &'a FilteredQuery,
) -> impl Iterator<Item = (&'a Node, &'a EventTime)> {
    let ids: BTreeSet<&String> =
        query.injected.filters.iter().map(|filter| &filter.unique_id).collect();
    let nodes = ids.into_iter().filter_map(|id| context.graph.nodes.get(id));
    nodes.filter_map(|input| Some((input, input.event_time.as_ref()?)))
}

/// Warnings about the batches of the model.
fn batch_warnings(
    context: &Context,
    node: &Node,
    settings: &Microbatch,
    query: &FilteredQuery,
    findings: &[Finding],
    batches: usize,
    strict: bool,
) -> Result<Vec<Diagnostic>, Diagnostics> {
    let mut diagnostics = query.text.warnings.clone();
    for warning in &query.injected.warnings {
        let mut warning = warning.clone();
        if warning.at.is_none() {
            warning.at = Some(node.file.line(1));
        }
        if strict {
            warning.level = crate::diagnostics::Level::Error;
            return Err(warning
                .hint("without `--strict` the filter is inserted at the `ref()`")
                .into());
        }
        diagnostics.push(warning);
    }
    if query.injected.filters.is_empty() && !query.injected.reads.is_empty() {
        let cost = format!(
            "each of its {batches} batches reads all inputs and keeps only the rows of its window"
        );
        diagnostics.push(
            Diagnostic::warning(format!("no input of `{}` can be filtered: {cost}", node.name))
                .at(node.file.line(1)),
        );
    }
    diagnostics.extend(read_whole(findings));
    if query.injected.columns.is_none() && !context.dialect.batches.by_name {
        diagnostics.push(
            Diagnostic::warning(format!(
                "the columns of `{}` are unknown, so its rows are inserted by position",
                node.name
            ))
            .at(node.file.line(1))
            .hint("name the columns in the last `select` instead of `*`"),
        );
    }
    diagnostics.extend(schema_changes::left_out_warning(node, &query.left_out));
    diagnostics.extend(undeclared_type_warning(context, node, settings, query));
    if let Some(contract) = codegen::contract(context.dialect, node)? {
        diagnostics.extend(contract.diagnostics);
        diagnostics.extend(codegen::compare_names(
            context.dialect,
            node,
            query.injected.columns.as_deref(),
        )?);
    }
    diagnostics.extend(codegen::adapter_key_warnings(context.dialect, node)?);
    diagnostics.extend(codegen::recommended_key_warnings(context.dialect, node));
    diagnostics.extend(
        codegen::grants_and_comments(
            context.dialect,
            node,
            "table",
            query.injected.columns.as_deref(),
        )?
        .diagnostics,
    );
    Ok(diagnostics)
}

/// The findings about inputs that every batch reads completely: what `check` reports is reported
/// here with the same words and level.
fn read_whole(findings: &[Finding]) -> impl Iterator<Item = Diagnostic> + '_ {
    let is_reported = |finding: &&Finding| finding.rule == READ_WHOLE && finding.allowed.is_none();
    findings.iter().filter(is_reported).map(|finding| finding.diagnostic.clone())
}

/// Warns about event times without a declared type, if the literal would be correct only for some
/// column types.
fn undeclared_type_warning(
    context: &Context,
    node: &Node,
    settings: &Microbatch,
    query: &FilteredQuery,
) -> Option<Diagnostic> {
    let utc_hint = "declare its `data_type`: dates would be days in UTC, not in the time zone of the \
        model";
    let hint = match &context.dialect.types.undeclared_hint {
        None if settings.timezone != chrono_tz::UTC => utc_hint.to_string(),
        None => return None,
        Some(hint) => hint.clone(),
    };
    let columns = filtered_inputs(context, query).chain([(node, &settings.event_time)]);
    let undeclared = columns.filter(|(_, event_time)| event_time.time == Ok(TimeType::Undeclared));
    let names: Vec<String> = undeclared
        .map(|(owner, event_time)| format!("`{}` of `{}`", event_time.column, owner.name))
        .collect();
    let warning = || {
        Diagnostic::warning(format!("no type is declared for {}", names.join(", ")))
            .at(settings.event_time.at.clone())
            .hint(hint)
    };
    (!names.is_empty()).then(warning)
}
