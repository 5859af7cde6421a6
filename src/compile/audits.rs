//! The audit of a microbatch model: what the comparison needs to know of its query, its inputs and
//! its windows.

use super::Context;
use super::batches::batch;
use super::query::{Filtered, own_table_before, query};
use super::steps::MicrobatchModel;
use crate::codegen;
use crate::codegen::{Audit, Audited, Content, QueryReuse, StagedTables};
use crate::config::{EventTime, Materialization};
use crate::diagnostics::Diagnostic;
use crate::dialect::BatchTemplate;
use crate::inject::ResultColumn;
use crate::jinja::Relation;
use crate::render::RenderContext;
use crate::window::{Cover, Span};

/// The audit of the model whose steps these are. `begin` is its first window ever.
pub(super) fn audit(
    steps: &MicrobatchModel,
    cover: &Cover,
    begin: &Span,
) -> Result<Option<Audit>, Diagnostic> {
    audited(steps, cover, begin, &steps.node.relation, codegen::audit)
}

/// The audit of the staged rows: `97_audit.sql`.
pub(super) fn staged_audit(
    steps: &MicrobatchModel,
    cover: &Cover,
    begin: &Span,
    tables: &StagedTables,
) -> Result<String, Diagnostic> {
    audited(steps, cover, begin, &tables.staged, |audited| {
        codegen::audit_of_staged_rows(audited, &tables.target)
    })
}

/// Calls `then` with what is audited.
fn audited<T>(
    steps: &MicrobatchModel,
    cover: &Cover,
    begin: &Span,
    relation: &Relation,
    then: impl FnOnce(&Audited) -> Result<T, Diagnostic>,
) -> Result<T, Diagnostic> {
    let (context, node) = (steps.context, steps.node);
    let reads_own = steps.query.reads_own;
    // A query that reads its own table is evaluated as it was when its batches ran from the oldest
    // one on.
    let cut =
        if reads_own { own_table_before(context, node, &audit_moment(steps, None))? } else { None };
    let texts = if steps.query.text.reads_batch { texts(steps, cover)? } else { Some(Vec::new()) };
    let own = match (&cut, &texts) {
        (None, _) | (_, None) if reads_own => QueryReuse::Unknown(
            "the query reads its own table in a place that cannot be cut to the rows before a \
             batch",
        ),
        (_, Some(texts)) if steps.query.text.reads_batch => QueryReuse::Texts(texts),
        _ => QueryReuse::Stamped,
    };
    let (columns, complete) = columns(steps);
    // A row that is one value can neither leave out a column nor be known by its table's name in a
    // predicate.
    let by_row = context.dialect.property::<bool>("row_as_value")?
        && steps.settings.incremental_predicates.is_empty()
        && steps.settings.audit.ignore.is_empty();
    let content = match (&columns, complete) {
        (Some(columns), true) => Content::Columns(columns),
        _ if by_row => Content::Row,
        (Some(columns), false) => Content::Declared(columns),
        (None, _) => Content::Counts,
    };
    then(&Audited {
        dialect: context.dialect,
        node,
        relation,
        settings: steps.settings,
        query: cut.as_ref().map_or(&steps.query.sql, |cut| &cut.sql),
        filtered: !steps.query.injected.filters.is_empty(),
        own,
        reads_own,
        content,
        mode: steps.mode,
        inputs: &inputs(context, steps),
        cover,
        begin,
        folder: &context.folders[&node.unique_id],
    })
}

/// The columns of the table as far as they are known, and whether they are all: those of the query,
/// or of the catalog; else those that the query has if its inputs have what is declared, or that
/// are declared for the model.
pub(super) fn columns(steps: &MicrobatchModel) -> (Option<Vec<ResultColumn>>, bool) {
    let (context, node) = (steps.context, steps.node);
    let complete =
        steps.query.injected.columns.clone().or_else(|| context.columns.catalogued(node));
    match complete {
        Some(columns) => (Some(columns), true),
        None => (context.columns.declared(node), false),
    }
}

/// The moment of a batch whose query is evaluated again: the table is the model's own, and is
/// there.
fn audit_moment(steps: &MicrobatchModel, span: Option<&Span>) -> RenderContext {
    let this = steps.node.relation.clone();
    RenderContext {
        batch: span.map(batch).or_else(|| steps.moment.batch.clone()),
        incremental: steps.query.reads_own || steps.moment.incremental,
        this,
    }
}

/// The query of each batch, where it looks at its batch; none if its own table cannot be cut.
fn texts(steps: &MicrobatchModel, cover: &Cover) -> Result<Option<Vec<String>>, Diagnostic> {
    let text = |span: Span| {
        let filtered: Option<Filtered> = match steps.query.reads_own {
            true => own_table_before(steps.context, steps.node, &audit_moment(steps, Some(&span)))?,
            false => Some(query(
                steps.context,
                steps.node,
                &RenderContext { batch: Some(batch(&span)), ..steps.moment.clone() },
            )?),
        };
        let fill = |own: Filtered| {
            BatchTemplate::new(&own.sql, steps.settings.timezone).fill(&span.window, &span.label)
        };
        Ok(filtered.map(fill))
    };
    cover.spans().map(text).collect()
}

/// The relations that are cut to the window; an ephemeral model is none.
fn inputs(context: &Context, steps: &MicrobatchModel) -> Vec<(String, EventTime)> {
    let filtered = steps.entries.iter().filter(|entry| entry.filtered);
    let nodes =
        filtered.filter_map(|entry| Some((entry, context.graph.nodes.get(&entry.unique_id)?)));
    let relations =
        nodes.filter(|(_, input)| !matches!(input.materialization, Materialization::Ephemeral));
    relations
        .filter_map(|(entry, input)| Some((entry.relation.clone(), input.event_time.clone()?)))
        .collect()
}
