//! A microbatch model: its windows, its query, what must hold before it is planned, and what the manifest says of it.

use super::query::{Filtered, query};
use super::steps::Files;
use super::{Context, Part, Request, Row, builds, checks, inputs, refresh, warnings};
use crate::calendar::{Grain, Instant};
use crate::check::Finding;
use crate::config::{Microbatch, Node};
use crate::diagnostics::{Diagnostic, Diagnostics, collect};
use crate::dialect::{Stamp, TimeType};
use crate::inject::ResultColumn;
use crate::jinja::Batch;
use crate::plan;
use crate::plan::manifest::{InputEntry, MicrobatchEntry, ModelEntry};
use crate::plan::write::instant;
use crate::render::Moment;
use crate::window::{self, Calendar, Cover, Span};

/// The steps of the model.
pub(super) fn part(context: &Context, node: &Node, settings: &Microbatch, request: &Request) -> Result<Part, Diagnostics> {
    let rebuilds = refresh::rebuilds(settings, request);
    let cover = window::cover(&calendar(node, settings, rebuilds), &request.windows)?;
    let (query, moment) = first_query(context, node, &cover, rebuilds)?;
    let entries = inputs::entries(context.graph, context.dialect, node, &query.injected)?;
    says_its_event_time(context, node, settings, query.injected.columns.as_deref())?;
    dates_are_whole(context, node, settings, &query, &cover)?;
    let findings = checks::found(context, node, settings, &query, &entries, Vec::new(), request)?;
    checks::refuse(&findings)?;
    let mut said = cover.notes.clone();
    said.extend(remarks(context, node, &query, &entries, cover.windows.len(), request.windows.strict)?);

    let mode = plan::mode(context.dialect, node, settings, !query.injected.filters.is_empty())?;
    let about = plan::About { node, settings, mode, windows: &cover.windows, query: &query.text.sql };
    let strategy = plan::strategy(context.dialect, &about)?;
    let in_order = settings.concurrent_batches == Some(false) || (query.text.reads_this && settings.concurrent_batches.is_none());
    let steps = Files { context, node, settings, moment: &moment, query: &query, entries: &entries, mode, strategy: &strategy, rebuilds };
    let row = row(node, &strategy.words, &cover);
    let batches = cover.windows.len();
    let batch_size = cover.names.batch_size;
    let reads = inputs::reads(&entries, context.graph, in_order);
    let begin = first_ever(node, settings)?.ends().0;
    let audit = super::audits::audit(&steps, &cover, &begin)?;
    let audit_entry = audit.as_ref().map(plan::Audit::entry);
    let steps = steps.all(cover, &begin, audit, reads)?;
    let counted = findings.iter().filter(|finding| finding.allowed.is_none());
    let entry = ModelEntry {
        audit: audit_entry,
        microbatch: Some(MicrobatchEntry {
            event_time: settings.event_time.column.clone(),
            batch_size: batch_size.word().to_string(),
            begin: instant(settings.begin),
            lookback: settings.lookback,
            timezone: settings.timezone.name().to_string(),
            outside_window: plan::word(mode).to_string(),
            unique_key: settings.unique_key.clone(),
            in_order,
            beside: rebuilds.then(|| moment.this.to_string()),
            batches,
        }),
        strategy: strategy.words.clone(),
        atomic: strategy.atomic,
        columns_from: query.injected.columns.as_ref().map(|_| "projection".to_string()),
        columns: query.injected.columns.as_ref().map(|columns| columns.iter().map(|column| column.name.clone()).collect()),
        warnings: warnings(&said).collect(),
        findings: counted.map(Finding::entry).collect(),
        ..builds::entry(context, node)
    };
    let row = Row { warnings: entry.warnings.len(), findings: findings.iter().filter(|finding| finding.counts()).count(), ..row };
    Ok(Part { entry: ModelEntry { inputs: entries, ..entry }, steps: Some(steps), row, said })
}

/// The query of the first batch, from which all others are stamped if it does not look at its batch, and the moment it is for.
fn first_query(context: &Context, node: &Node, cover: &Cover, rebuilds: bool) -> Result<(Filtered, Moment), Diagnostic> {
    let (first, last) = cover.ends();
    let moment = Moment { batch: Some(batch(&first)), incremental: !rebuilds, this: node.relation.clone() };
    let own = query(context, node, &moment)?;
    if !rebuilds {
        return Ok((own, moment));
    }
    let beside = refresh::beside(context.dialect, node, &own.text.sql, (&first.label, &last.label))?;
    let moment = Moment { this: beside, ..moment };
    let own = if own.text.reads_this { query(context, node, &moment)? } else { own };
    Ok((own, moment))
}

pub(super) fn calendar<'a>(node: &'a Node, settings: &Microbatch, from_begin: bool) -> Calendar<'a> {
    Calendar {
        model: &node.name,
        begin: settings.begin,
        batch_size: settings.batch_size,
        lookback: settings.lookback,
        timezone: settings.timezone,
        from_begin,
    }
}

/// The query of one batch, by its label, with its filters.
pub(super) fn one(context: &Context, node: &Node, settings: &Microbatch, label: &str) -> Result<String, Diagnostics> {
    let span = window::named(&calendar(node, settings, false), label)?;
    let moment = Moment { batch: Some(batch(&span)), incremental: true, this: node.relation.clone() };
    let query = query(context, node, &moment)?;
    Ok(Stamp::new(&query.sql, settings.timezone).fill(&span.window, &span.label))
}

/// The window of `begin`: the create statement's query is cut to it, so that the file is the same in every plan.
pub(super) fn first_ever(node: &Node, settings: &Microbatch) -> Result<Cover, Diagnostics> {
    let only_begin = window::Request {
        bounds: None,
        now: settings.begin,
        batch_size: None,
        chunk: None,
        complete_only: false,
        strict: false,
        max_batches: 1,
    };
    window::cover(&Calendar { from_begin: true, ..calendar(node, settings, true) }, &only_begin)
}

pub(super) fn batch(span: &Span) -> Batch {
    Batch { id: span.id(), start: span.window.start, end: span.window.end }
}

/// The overwrite needs the event time among the result's columns.
pub(super) fn says_its_event_time(
    context: &Context,
    node: &Node,
    settings: &Microbatch,
    columns: Option<&[ResultColumn]>,
) -> Result<(), Diagnostic> {
    let event_time = &settings.event_time;
    let Some(columns) = columns else { return Ok(()) };
    if event_time.column.contains(|char: char| !char.is_alphanumeric() && char != '_') && !event_time.quote {
        return Ok(());
    }
    for column in columns {
        if context.dialect.same_column((&column.name, column.quoted), (&event_time.column, event_time.quote))? {
            return Ok(());
        }
    }
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    let wrong = Diagnostic::error(format!("the query of `{}` has no column `{}`, its `event_time`", node.name, event_time.column));
    Err(wrong.at(event_time.at.clone()).hint(format!("select it, or name one of `{}`", names.join("`, `"))))
}

/// A column of dates cannot tell the hours of a day apart: the predicate of such a window would hold for no row.
pub(super) fn dates_are_whole(
    context: &Context,
    node: &Node,
    settings: &Microbatch,
    query: &Filtered,
    cover: &Cover,
) -> Result<(), Diagnostics> {
    if cover.names.batch_size > Grain::Hour && cover.names.own > Grain::Hour {
        return Ok(());
    }
    let is_midnight = |at: Instant| Grain::Day.floor(at, settings.timezone) == at;
    if cover.windows.iter().all(|window| is_midnight(window.start) && is_midnight(window.end)) {
        return Ok(());
    }
    let inputs = query.injected.filters.iter().filter_map(|filter| context.graph.nodes.get(&filter.unique_id));
    let read = inputs.filter_map(|input| Some((input, input.event_time.as_ref()?)));
    let wrong = collect(read.chain([(node, &settings.event_time)]), |(owner, event_time)| {
        if context.dialect.time_type(event_time.data_type.as_deref(), event_time.unit.as_deref())? != TimeType::Date {
            return Ok(());
        }
        let what = format!(
            "`{}` of `{}` is a date, and `{}` has batches of one {}",
            event_time.column, owner.name, node.name, cover.names.batch_size
        );
        Err(Diagnostic::error(what).at(event_time.at.clone()).hint("take a column that tells the time, or batches of one day").into())
    });
    wrong.map(drop)
}

/// What the user should know of the model's batches before running them.
fn remarks(
    context: &Context,
    node: &Node,
    query: &Filtered,
    entries: &[InputEntry],
    batches: usize,
    strict: bool,
) -> Result<Vec<Diagnostic>, Diagnostics> {
    let mut said = query.text.warnings.clone();
    for warning in &query.injected.warnings {
        let mut warning = warning.clone();
        if warning.at.is_none() {
            warning.at = Some(node.file.line(1));
        }
        if strict {
            warning.level = crate::diagnostics::Level::Error;
            return Err(warning.hint("leave out `--strict` to let the filter go in where `ref()` stands").into());
        }
        said.push(warning);
    }
    let unfiltered = inputs::unfiltered(context.graph, node, entries);
    if query.injected.filters.is_empty() && !entries.is_empty() {
        let cost = format!("each of its {batches} batches reads all of them and keeps only its own window's rows");
        said.push(Diagnostic::warning(format!("no input of `{}` can be filtered: {cost}", node.name)).at(node.file.line(1)));
    }
    said.extend(unfiltered);
    if query.injected.columns.is_none() && !context.dialect.fact::<bool>("by_name")? {
        said.push(
            Diagnostic::warning(format!("the columns of `{}` are not known, so its rows are inserted by position", node.name))
                .at(node.file.line(1))
                .hint("name the columns in the last `select` instead of `*`"),
        );
    }
    said.extend(undeclared(context, node)?);
    said.extend(plan::contract(context.dialect, node)?.into_iter().flat_map(|contract| contract.said));
    said.extend(plan::unknown_keys(context.dialect, node)?);
    said.extend(plan::wanted_keys(context.dialect, node)?);
    said.extend(plan::closing(context.dialect, node, "table", query.injected.columns.as_deref())?.said);
    Ok(said)
}

/// A warning where the literal of an event time without a declared type is right for some columns alone.
fn undeclared(context: &Context, node: &Node) -> Result<Option<Diagnostic>, Diagnostic> {
    let Some(event_time) = &node.event_time else { return Ok(None) };
    let Some(hint) = context.dialect.fact::<Option<String>>("undeclared_hint")? else { return Ok(None) };
    let kind = context.dialect.time_type(event_time.data_type.as_deref(), event_time.unit.as_deref())?;
    let warning = || {
        let what = format!("nothing says of which type `{}` of `{}` is", event_time.column, node.name);
        Diagnostic::warning(what).at(event_time.at.clone()).hint(hint)
    };
    Ok((kind == TimeType::Undeclared).then(warning))
}

fn row(node: &Node, strategy: &str, cover: &Cover) -> Row {
    let (first, last) = cover.ends();
    Row {
        model: node.name.clone(),
        strategy: strategy.to_string(),
        windows: Some(cover.windows.len()),
        end: last.window.end.format("%Y-%m-%d %H:%M").to_string(),
        first: first.label,
        last: last.label,
        warnings: 0,
        findings: 0,
    }
}
