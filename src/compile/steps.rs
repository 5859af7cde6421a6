//! Generates the steps of a microbatch model in their order: hooks, create, one batch per window,
//! the swap of a full refresh, hooks.

use std::collections::BTreeSet;

use super::hooks;
use super::microbatch::MicrobatchModel;
use super::query::{FilteredQuery, query};
use super::schema_changes::{self, ChangeInput, TableChange};
use super::strategy_macros::StrategyCall;
use super::{dependents, inputs, staged};
use crate::calendar::Window;
use crate::codegen;
use crate::codegen::ledger::RowKind;
use crate::codegen::{AuditFile, Batches, RenderedHooks, Strategy};
use crate::config::{OutsideWindow, SchemaChange};
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::dialect::{BatchTemplate, Sql};
use crate::jinja::StrategyMacro;
use crate::plan::manifest::StagedEntry;
use crate::plan::{BatchSteps, BatchText, ModelSteps, StaticStep, StepKind};
use crate::render::RenderContext;
use crate::window::Span;

/// What the steps of a model are generated from.
pub(super) struct MicrobatchSteps<'a> {
    pub model: &'a MicrobatchModel<'a>,
    pub mode: OutsideWindow,
    pub strategy: &'a Strategy,
    /// The strategy macro of the project that generates the statements, if any.
    pub strategy_macro: Option<&'a StrategyMacro>,
    /// Whether each batch runs after the one before it.
    pub in_order: bool,
}

/// The steps whose files contain the model's header.
const WITH_HEADER: [StepKind; 4] =
    [StepKind::Create, StepKind::Batch, StepKind::StagedAudit, StepKind::Publish];

impl MicrobatchSteps<'_> {
    /// All steps. Adds the warnings about their hooks to the diagnostics.
    pub fn steps(
        &self,
        change: Option<TableChange>,
        audit: Option<AuditFile>,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Result<(ModelSteps, Option<StagedEntry>), Diagnostics> {
        let model = self.model;
        let MicrobatchModel { context, node, cover, .. } = model;
        let final_statements =
            codegen::grants_and_comments(context.dialect, node, "table", model.columns())?
                .statements;
        hooks::check_header(context, node)?;
        let (first_batch, last_batch) = cover.ends();
        let mut first = Vec::new();
        let mut session_changes = BTreeSet::new();
        if hooks::header_changes_session(context, node) {
            session_changes.extend(WITH_HEADER);
        }
        let (pre_hooks, is_pre_later) = self.hooks("pre_hook", &first_batch)?;
        let (post_hooks, is_post_later) = self.hooks("post_hook", &last_batch)?;
        let changes = hooks::session_changes_of(context, &pre_hooks);
        session_changes.extend((!changes.is_empty()).then_some(StepKind::Before));
        diagnostics.extend(hooks::session_warnings(node, changes));
        let for_existing_table = is_pre_later || is_post_later;
        let before = codegen::before_file(context.dialect, node, &pre_hooks, for_existing_table)?;
        first.extend(before.map(|text| StaticStep { kind: StepKind::Before, text }));
        let mut last = Vec::new();
        let (mut publish, mut extra) = (Vec::new(), Vec::new());
        let mut entry = None;
        if let Some(tables) = model.staged {
            let alter = change.map(|change| change.statements).unwrap_or_default();
            let files = staged::files(model, self.mode, tables, &self.shape()?, &alter)?;
            first.push(StaticStep { kind: StepKind::Create, text: files.create });
            last.push(files.audit);
            publish.push(files.publish);
            extra = files.extra;
            entry = Some(files.entry);
        } else {
            let change = change.filter(|change| !change.file.is_empty());
            // The file that adds columns creates the indexes.
            let text = self.create(change.is_none())?;
            first.push(StaticStep { kind: StepKind::Create, text });
            first.extend(
                change.map(|change| StaticStep { kind: StepKind::Alter, text: change.file }),
            );
        }
        let text = self.batches()?;
        if model.rebuilds {
            last.push(StaticStep { kind: StepKind::Swap, text: self.swap()? });
        }
        let changes = hooks::session_changes_of(context, &post_hooks);
        session_changes.extend((!changes.is_empty()).then_some(StepKind::After));
        let after = codegen::after_file(context.dialect, node, &final_statements, &post_hooks)?;
        let after = after.map(|text| StaticStep { kind: StepKind::After, text });
        if model.staged.is_some() { &mut publish } else { &mut last }.extend(after);
        let steps = ModelSteps {
            batches: Some(BatchSteps { cover: cover.clone(), text, audit }),
            last,
            publish,
            extra,
            session_changes,
            reads: inputs::read_set(&model.entries, context.graph, node, self.in_order),
            ..ModelSteps::new(&node.unique_id, &context.folders[&node.unique_id], first)
        };
        Ok((steps, entry))
    }

    /// The statements that adapt the table to the query; none if the table is rebuilt.
    pub fn schema_change(&self) -> Result<Option<TableChange>, Diagnostic> {
        let MicrobatchModel { context, node, settings, query, begin, .. } = self.model;
        if self.model.rebuilds || node.schema_change() == SchemaChange::Ignore {
            return Ok(None);
        }
        let sql = match query.text.reads_batch {
            true => self.model.query_of(begin)?.sql,
            false => query.sql.clone(),
        };
        let sql = BatchTemplate::new(&sql, settings.timezone).fill(&begin.window, &begin.label);
        schema_changes::table_change(&ChangeInput {
            context,
            node,
            query: &sql,
            columns: self.model.columns(),
            first: None,
        })
    }

    fn batches(&self) -> Result<BatchText, Diagnostic> {
        let MicrobatchModel { cover, query, .. } = self.model;
        let label_length = cover.naming.max_label_len(&cover.windows);
        if let Some(strategy_macro) = self.strategy_macro {
            let texts =
                cover.spans().map(|span| self.batch_by_macro(strategy_macro, &span, label_length));
            return texts.collect::<Result<_, _>>().map(BatchText::Rendered);
        }
        if !query.text.reads_batch {
            return Ok(BatchText::Template(self.overwrite(query, label_length)?));
        }
        let texts = cover.spans().map(|span| {
            let query = self.model.query_of(&span)?;
            Ok(self.overwrite(&query, label_length)?.fill(&span.window, &span.label))
        });
        texts.collect::<Result<_, _>>().map(BatchText::Rendered)
    }

    fn create(&self, with_indexes: bool) -> Result<String, Diagnostic> {
        let MicrobatchModel { context, node, render_context, .. } = self.model;
        let target = &render_context.this;
        let indexes = match with_indexes {
            true => codegen::index_statements(context.dialect, node, &target.to_string())?,
            false => Sql::default(),
        };
        codegen::create(context.dialect, node, target, &self.shape()?, &indexes)
    }

    /// The query in whose shape the table is made: cut to the first window ever, so that the file
    /// is the same in every plan.
    fn shape(&self) -> Result<String, Diagnostic> {
        let MicrobatchModel { context, node, settings, query, begin, .. } = self.model;
        // The query must not read the table before it exists.
        let render_context =
            RenderContext { incremental: false, ..self.model.render_context_of(begin) };
        let sql = match query.text.reads_batch || query.text.reads_this {
            true => self::query(context, node, &render_context)?.sql,
            false => query.sql.clone(),
        };
        let shape = BatchTemplate::with_type_checks(&sql, settings.timezone)
            .fill(&begin.window, &begin.label);
        match self.model.columns().filter(|_| !query.left_out.is_empty()) {
            Some(columns) => codegen::select_columns(context.dialect, &shape, columns),
            None => Ok(shape),
        }
    }

    fn swap(&self) -> Result<String, Diagnostic> {
        let MicrobatchModel { context, node, cover, render_context, .. } = self.model;
        let (first, last) = cover.ends();
        let range = Window { start: first.window.start, end: last.window.end };
        let views = dependents::dependent_views(context, node);
        codegen::swap(
            context.dialect,
            node,
            &render_context.this,
            dependents::header_line(context, &views),
            range,
        )
    }

    fn overwrite(
        &self,
        query: &FilteredQuery,
        label_length: usize,
    ) -> Result<std::sync::Arc<BatchTemplate>, Diagnostic> {
        codegen::overwrite(&self.batch_parts(query, label_length))
    }

    /// The file of one batch whose statements the strategy macro returns.
    fn batch_by_macro(
        &self,
        strategy_macro: &StrategyMacro,
        span: &Span,
        label_length: usize,
    ) -> Result<String, Diagnostic> {
        let MicrobatchModel { context, node, settings, .. } = self.model;
        let render_context = self.model.render_context_of(span);
        let rendered = match self.model.query.text.reads_batch {
            true => Some(self.model.query_of(span)?),
            false => None,
        };
        let query = rendered.as_ref().unwrap_or(&self.model.query);
        let batch_parts = self.batch_parts(query, label_length);
        let fill = |text: &BatchTemplate| text.fill(&span.window, &span.label);
        let stage = &codegen::batch_stage(&batch_parts).0;
        let stage = fill(&BatchTemplate::new(stage, settings.timezone));
        let columns = query.injected.columns.as_deref();
        let call = StrategyCall {
            context,
            node,
            strategy_macro,
            target: &render_context.this,
            stage: &stage,
            columns,
        };
        Ok(fill(&*codegen::overwrite_by_macro(&batch_parts, &call.statements(&render_context)?)?))
    }

    fn batch_parts<'b>(&'b self, query: &'b FilteredQuery, label_length: usize) -> Batches<'b> {
        let model = self.model;
        Batches {
            dialect: model.context.dialect,
            node: model.node,
            settings: model.settings,
            batch_size: model.cover.naming.batch_size,
            target: &model.render_context.this,
            query: &query.sql,
            columns: query.injected.columns.as_deref(),
            mode: self.mode,
            strategy: self.strategy,
            inputs: &model.entries,
            label_length,
            row_kind: match model.staged {
                Some(_) => RowKind::Staged,
                None if model.rebuilds => RowKind::Rebuild,
                None => RowKind::Batch,
            },
            in_order: self.in_order,
            staged: model.staged,
        }
    }

    /// The hooks, and whether they are not those of a run that creates the table. `span`: the batch
    /// in whose context dbt runs them.
    fn hooks(&self, key: &str, span: &Span) -> Result<(RenderedHooks, bool), Diagnostic> {
        let MicrobatchModel { context, node, .. } = self.model;
        let render_context =
            RenderContext { this: node.relation.clone(), ..self.model.render_context_of(span) };
        let rendered = hooks::hooks(context, node, key, &render_context)?;
        let is_later =
            hooks::are_for_existing_table(context, node, key, &render_context, &rendered);
        Ok((rendered, is_later))
    }
}
