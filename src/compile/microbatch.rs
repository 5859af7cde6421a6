//! A microbatch model in one request: its windows, the query of its first batch and its inputs,
//! each made once. Everything that a model's steps, checks and audit are made from.

use std::collections::BTreeSet;

use super::query::{FilteredQuery, query};
use super::{Context, Request, inputs, tables};
use crate::codegen::StagedTables;
use crate::config::{EventTime, Microbatch, Node};
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::dialect::BatchTemplate;
use crate::inject::ResultColumn;
use crate::jinja::Batch;
use crate::plan::manifest::InputEntry;
use crate::render::RenderContext;
use crate::window::{self, BatchSettings, Cover, Span};

pub(super) struct MicrobatchModel<'a> {
    pub context: &'a Context<'a>,
    pub node: &'a Node,
    pub settings: &'a Microbatch,
    pub request: &'a Request,
    pub cover: Cover,
    /// The model's first window ever.
    pub begin: Span,
    /// Whether the request builds the table again from `begin`.
    pub rebuilds: bool,
    /// The tables of a staged backfill.
    pub staged: Option<&'a StagedTables>,
    /// Of the first batch. Its `this` is the table that is written: in a full refresh the shadow
    /// table.
    pub render_context: RenderContext,
    /// The query of the first batch. All other batches use the same template, unless the query
    /// reads properties of its batch.
    pub query: FilteredQuery,
    pub entries: Vec<InputEntry>,
}

impl<'a> MicrobatchModel<'a> {
    pub fn new(
        context: &'a Context<'a>,
        node: &'a Node,
        settings: &'a Microbatch,
        request: &'a Request,
        cover: Cover,
        rebuilds: bool,
    ) -> Result<MicrobatchModel<'a>, Diagnostics> {
        let staged = context.staged.and_then(|models| models.tables(node));
        let (query, render_context) = first_query(context, node, &cover, rebuilds, staged)?;
        let mut entries =
            inputs::input_entries(context.graph, context.dialect, node, &query.injected);
        if let Some(models) = context.staged {
            models.redirect(&mut entries);
        }
        let begin = begin_window(node, settings)?.ends().0;
        Ok(MicrobatchModel {
            context,
            node,
            settings,
            request,
            cover,
            begin,
            rebuilds,
            staged,
            render_context,
            query,
            entries,
        })
    }

    /// The same model with other windows.
    pub fn with_windows(self, cover: Cover) -> Result<MicrobatchModel<'a>, Diagnostics> {
        let MicrobatchModel { context, node, settings, request, rebuilds, .. } = self;
        if self.query.text.reads_batch || rebuilds {
            return MicrobatchModel::new(context, node, settings, request, cover, rebuilds);
        }
        let render_context = self.render_context_of(&cover.ends().0);
        Ok(MicrobatchModel { cover, render_context, ..self })
    }

    /// The known columns of the query.
    pub fn columns(&self) -> Option<&[ResultColumn]> {
        self.query.injected.columns.as_deref()
    }

    /// The context in which the query of a batch is rendered.
    pub fn render_context_of(&self, span: &Span) -> RenderContext {
        RenderContext { batch: Some(batch(span)), ..self.render_context.clone() }
    }

    /// The query of a batch, rendered again.
    pub fn query_of(&self, span: &Span) -> Result<FilteredQuery, Diagnostic> {
        query(self.context, self.node, &self.render_context_of(span))
    }

    /// The filtered inputs, each with its event time.
    pub fn filtered_inputs(&self) -> impl Iterator<Item = (&Node, &EventTime)> {
        let filters = self.query.injected.filters.iter();
        let ids: BTreeSet<&String> = filters.map(|filter| &filter.unique_id).collect();
        let nodes = ids.into_iter().filter_map(|id| self.context.graph.nodes.get(id));
        nodes.filter_map(|input| Some((input, input.event_time.as_ref()?)))
    }
}

/// The query of the first batch and its render context.
fn first_query(
    context: &Context,
    node: &Node,
    cover: &Cover,
    rebuilds: bool,
    staged: Option<&StagedTables>,
) -> Result<(FilteredQuery, RenderContext), Diagnostic> {
    let (first, last) = cover.ends();
    let render_context = RenderContext {
        batch: Some(batch(&first)),
        incremental: !rebuilds,
        this: node.relation.clone(),
    };
    let filtered = query(context, node, &render_context)?;
    if let Some(tables) = staged {
        return Ok((filtered, RenderContext { this: tables.staged.clone(), ..render_context }));
    }
    if !rebuilds {
        return Ok((filtered, render_context));
    }
    let shadow = tables::shadow_relation(
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

/// The window that contains `begin`. The create statement uses it, so that its file is the same in
/// every plan.
pub(super) fn begin_window(node: &Node, settings: &Microbatch) -> Result<Cover, Diagnostics> {
    window::first_window(&batch_settings(node, settings, true))
}

pub(super) fn batch(span: &Span) -> Batch {
    Batch { id: span.id(), start: span.window.start, end: span.window.end }
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
