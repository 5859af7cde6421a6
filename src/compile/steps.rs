//! Generates the steps of a microbatch model in their order: hooks, create, one batch per window,
//! the swap of a full refresh, hooks.

use super::batches::batch;
use super::hooks;
use super::query::{FilteredQuery, query};
use super::schema_changes::{self, ChangeInput, TableChange};
use super::strategy_macros::StrategyCall;
use super::{Context, dependents, staged};
use crate::calendar::Window;
use crate::codegen;
use crate::codegen::ledger::RowKind;
use crate::codegen::{AuditFile, Batches, StagedTables, Strategy};
use crate::config::{Microbatch, Node, OutsideWindow, SchemaChange};
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::dialect::{BatchTemplate, Sql};
use crate::jinja::StrategyMacro;
use crate::plan::manifest::{InputEntry, StagedEntry};
use crate::plan::{BatchSteps, BatchText, ModelSteps, ReadSet, StaticStep, StepKind};
use crate::render::RenderContext;
use crate::window::{Cover, Span};

/// A microbatch model with everything that its steps are generated from.
pub(super) struct MicrobatchModel<'a> {
    pub context: &'a Context<'a>,
    pub node: &'a Node,
    pub settings: &'a Microbatch,
    /// Of the first batch. Its `this` is the table that is written: in a full refresh the shadow
    /// table.
    pub render_context: &'a RenderContext,
    pub query: &'a FilteredQuery,
    pub entries: &'a [InputEntry],
    pub mode: OutsideWindow,
    pub strategy: &'a Strategy,
    /// The strategy macro of the project that generates the statements, if any.
    pub strategy_macro: Option<&'a StrategyMacro>,
    pub rebuilds: bool,
    /// The tables of a staged backfill.
    pub staged: Option<&'a StagedTables>,
    /// Whether each batch runs after the one before it.
    pub in_order: bool,
}

impl MicrobatchModel<'_> {
    /// All steps. `begin` is the model's first window ever.
    pub fn steps(
        &self,
        cover: Cover,
        begin: &Span,
        change: Option<TableChange>,
        audit: Option<AuditFile>,
        reads: ReadSet,
    ) -> Result<(ModelSteps, Option<StagedEntry>), Diagnostics> {
        let dialect = self.context.dialect;
        let final_statements = codegen::grants_and_comments(
            dialect,
            self.node,
            "table",
            self.query.injected.columns.as_deref(),
        )?
        .statements;
        hooks::check_header(self.context, self.node)?;
        let (first_batch, last_batch) = cover.ends();
        let mut first = Vec::new();
        first.extend(self.hooks(
            StepKind::Before,
            "before the model's first batch, once",
            &[],
            "pre_hook",
            &first_batch,
        )?);
        let mut last = Vec::new();
        let (mut publish, mut extra) = (Vec::new(), Vec::new());
        let mut entry = None;
        if let Some(tables) = self.staged {
            let alter = change.map(|change| change.statements).unwrap_or_default();
            let files = staged::files(self, tables, &cover, &self.shape(begin)?, &alter)?;
            first.push(StaticStep { kind: StepKind::Create, text: files.create });
            last.push(files.audit);
            publish.push(files.publish);
            extra = files.extra;
            entry = Some(files.entry);
        } else {
            first.push(StaticStep { kind: StepKind::Create, text: self.create(begin)? });
            first.extend(
                change.map(|change| StaticStep { kind: StepKind::Alter, text: change.file }),
            );
        }
        let text = self.batches(&cover)?;
        if self.rebuilds {
            last.push(StaticStep { kind: StepKind::Swap, text: self.swap(&cover)? });
        }
        let when =
            if self.node.post_hooks.is_empty() { "grants and comments after" } else { "after" };
        let after = self.hooks(
            StepKind::After,
            &format!("{when} all of the model's batches, once"),
            &final_statements,
            "post_hook",
            &last_batch,
        )?;
        if self.staged.is_some() { &mut publish } else { &mut last }.extend(after);
        let model = &self.node.unique_id;
        let steps = ModelSteps {
            batches: Some(BatchSteps { cover, text, audit }),
            last,
            publish,
            extra,
            reads,
            ..ModelSteps::new(model, &self.context.folders[model], first)
        };
        Ok((steps, entry))
    }

    /// The statements that adapt the table to the query; none if the table is rebuilt.
    pub fn schema_change(&self, begin: &Span) -> Result<Option<TableChange>, Diagnostic> {
        let MicrobatchModel { context, node, query, .. } = self;
        if self.rebuilds || node.schema_change() == SchemaChange::Ignore {
            return Ok(None);
        }
        let sql = match query.text.reads_batch {
            true => {
                self::query(
                    context,
                    node,
                    &RenderContext { batch: Some(batch(begin)), ..self.render_context.clone() },
                )?
                .sql
            }
            false => query.sql.clone(),
        };
        let sql =
            BatchTemplate::new(&sql, self.settings.timezone).fill(&begin.window, &begin.label);
        schema_changes::table_change(&ChangeInput {
            context,
            node,
            query: &sql,
            columns: query.injected.columns.as_deref(),
            first: None,
        })
    }

    fn batches(&self, cover: &Cover) -> Result<BatchText, Diagnostic> {
        let label_length = cover.naming.max_label_len(&cover.windows);
        if let Some(strategy_macro) = self.strategy_macro {
            let texts =
                cover.spans().map(|span| self.batch_by_macro(strategy_macro, &span, label_length));
            return texts.collect::<Result<_, _>>().map(BatchText::Rendered);
        }
        if !self.query.text.reads_batch {
            return Ok(BatchText::Template(self.overwrite(self.query, label_length)?));
        }
        let texts = cover.spans().map(|span| {
            let query = query(
                self.context,
                self.node,
                &RenderContext { batch: Some(batch(&span)), ..self.render_context.clone() },
            )?;
            Ok(self.overwrite(&query, label_length)?.fill(&span.window, &span.label))
        });
        texts.collect::<Result<_, _>>().map(BatchText::Rendered)
    }

    fn create(&self, begin: &Span) -> Result<String, Diagnostic> {
        let shape = self.shape(begin)?;
        codegen::create(self.context.dialect, self.node, &self.render_context.this, &shape)
    }

    /// The query in whose shape the table is made: cut to the first window ever, so that the file
    /// is the same in every plan.
    fn shape(&self, begin: &Span) -> Result<String, Diagnostic> {
        // The query must not read the table before it exists.
        let renders_again = self.query.text.reads_batch || self.query.text.reads_this;
        let render_context = RenderContext {
            batch: Some(batch(begin)),
            incremental: false,
            this: self.render_context.this.clone(),
        };
        let sql = match renders_again {
            true => query(self.context, self.node, &render_context)?.sql,
            false => self.query.sql.clone(),
        };
        let mut shape = BatchTemplate::with_type_checks(&sql, self.settings.timezone)
            .fill(&begin.window, &begin.label);
        if let Some(columns) =
            self.query.injected.columns.as_deref().filter(|_| !self.query.left_out.is_empty())
        {
            shape = codegen::select_columns(self.context.dialect, &shape, columns)?;
        }
        Ok(shape)
    }

    fn swap(&self, cover: &Cover) -> Result<String, Diagnostic> {
        let (first, last) = cover.ends();
        let range = Window { start: first.window.start, end: last.window.end };
        let views = dependents::dependent_views(self.context, self.node);
        codegen::swap(
            self.context.dialect,
            self.node,
            &self.render_context.this,
            dependents::header_line(self.context, &views),
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
        let MicrobatchModel { context, node, render_context, .. } = self;
        let render_context =
            RenderContext { batch: Some(batch(span)), ..(*render_context).clone() };
        let rendered = if self.query.text.reads_batch {
            Some(query(context, node, &render_context)?)
        } else {
            None
        };
        let query = rendered.as_ref().unwrap_or(self.query);
        let batch_parts = self.batch_parts(query, label_length);
        let fill = |text: &BatchTemplate| text.fill(&span.window, &span.label);
        let stage = fill(&BatchTemplate::new(
            &codegen::batch_stage(&batch_parts).0,
            self.settings.timezone,
        ));
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
        Batches {
            dialect: self.context.dialect,
            node: self.node,
            settings: self.settings,
            target: &self.render_context.this,
            query: &query.sql,
            columns: query.injected.columns.as_deref(),
            mode: self.mode,
            strategy: self.strategy,
            inputs: self.entries,
            label_length,
            row_kind: match self.staged {
                Some(_) => RowKind::Staged,
                None if self.rebuilds => RowKind::Rebuild,
                None => RowKind::Batch,
            },
            in_order: self.in_order,
        }
    }

    /// `span`: the batch in whose context dbt runs the hooks.
    fn hooks(
        &self,
        kind: StepKind,
        when: &str,
        final_statements: &[Sql],
        key: &str,
        span: &Span,
    ) -> Result<Option<StaticStep>, Diagnostic> {
        let render_context = RenderContext {
            this: self.node.relation.clone(),
            batch: Some(batch(span)),
            incremental: self.render_context.incremental,
        };
        let rendered = hooks::hooks(self.context, self.node, key, &render_context)?;
        if final_statements.is_empty() && rendered.iter().all(|hook| hook.trim().is_empty()) {
            return Ok(None);
        }
        Ok(Some(StaticStep {
            kind,
            text: codegen::hooks(
                self.context.dialect,
                self.node,
                when,
                final_statements,
                &rendered,
            ),
        }))
    }
}
