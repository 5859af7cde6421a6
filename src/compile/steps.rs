//! The files of a microbatch model, in their order: hooks, create, one batch per window, the swap
//! of a full refresh, hooks.

use super::batches::batch;
use super::hooks;
use super::query::{Filtered, query};
use super::schema_changes::{self, Changed, TableChange};
use super::strategy_macros::StrategyCall;
use super::{Context, dependents, staged};
use crate::codegen;
use crate::codegen::{Audit, Batches, StagedTables, Strategy};
use crate::config::{Microbatch, Node, OutsideWindow, SchemaChange};
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::dialect::{BatchTemplate, Sql};
use crate::jinja::StrategyMacro;
use crate::plan::manifest::{InputEntry, StagedEntry};
use crate::plan::{BatchSteps, Kind, Reads, StaticStep, Steps, Text};
use crate::render::RenderContext;
use crate::window::{Cover, Span};

/// What the steps of one model are made from.
pub(super) struct MicrobatchModel<'a> {
    pub context: &'a Context<'a>,
    pub node: &'a Node,
    pub settings: &'a Microbatch,
    /// The first batch's moment; its `this` is the table that is written.
    pub moment: &'a RenderContext,
    pub query: &'a Filtered,
    pub entries: &'a [InputEntry],
    pub mode: OutsideWindow,
    pub strategy: &'a Strategy,
    /// The macro of the project that writes the batches.
    pub strategy_macro: Option<&'a StrategyMacro>,
    pub rebuilds: bool,
    /// The tables of a staged backfill.
    pub staged: Option<&'a StagedTables>,
}

impl MicrobatchModel<'_> {
    /// All of them. `begin` is the model's first window ever.
    pub fn all(
        &self,
        cover: Cover,
        begin: &Span,
        change: Option<TableChange>,
        audit: Option<Audit>,
        reads: Reads,
    ) -> Result<(Steps, Option<StagedEntry>), Diagnostics> {
        let dialect = self.context.dialect;
        let closes =
            codegen::closing(dialect, self.node, "table", self.query.injected.columns.as_deref())?
                .statements;
        hooks::check_header(self.context, self.node)?;
        let (first_batch, last_batch) = cover.ends();
        let mut first = Vec::new();
        first.extend(self.hooks(
            Kind::Before,
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
            first.push(StaticStep { kind: Kind::Create, text: files.create });
            last.push(files.audit);
            publish.push(files.publish);
            extra = files.extra;
            entry = Some(files.entry);
        } else {
            first.push(StaticStep { kind: Kind::Create, text: self.create(begin)? });
            first.extend(change.map(|change| StaticStep { kind: Kind::Alter, text: change.file }));
        }
        let text = self.batches(&cover)?;
        if self.rebuilds {
            last.push(StaticStep { kind: Kind::Swap, text: self.swap()? });
        }
        let when =
            if self.node.post_hooks.is_empty() { "grants and comments after" } else { "after" };
        let after = self.hooks(
            Kind::After,
            &format!("{when} all of the model's batches, once"),
            &closes,
            "post_hook",
            &last_batch,
        )?;
        if self.staged.is_some() { &mut publish } else { &mut last }.extend(after);
        let (model, folder) =
            (self.node.unique_id.clone(), self.context.folders[&self.node.unique_id].clone());
        let steps = Steps {
            model,
            folder,
            first,
            batches: Some(BatchSteps { cover, text, audit }),
            last,
            publish,
            extra,
            reads,
        };
        Ok((steps, entry))
    }

    /// What brings the table in line with the query; nothing where it is made again.
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
                    &RenderContext { batch: Some(batch(begin)), ..self.moment.clone() },
                )?
                .sql
            }
            false => query.sql.clone(),
        };
        let sql =
            BatchTemplate::new(&sql, self.settings.timezone).fill(&begin.window, &begin.label);
        schema_changes::change(&Changed {
            context,
            node,
            query: &sql,
            columns: query.injected.columns.as_deref(),
            first: None,
        })
    }

    fn batches(&self, cover: &Cover) -> Result<Text, Diagnostic> {
        let label_length = cover.naming.max_label_len(&cover.windows);
        if let Some(strategy_macro) = self.strategy_macro {
            let texts =
                cover.spans().map(|span| self.by_macro(strategy_macro, &span, label_length));
            return texts.collect::<Result<_, _>>().map(Text::Whole);
        }
        if !self.query.text.reads_batch {
            return Ok(Text::Stamped(self.overwrite(self.query, label_length)?));
        }
        let whole = cover.spans().map(|span| {
            let own = query(
                self.context,
                self.node,
                &RenderContext { batch: Some(batch(&span)), ..self.moment.clone() },
            )?;
            Ok(self.overwrite(&own, label_length)?.fill(&span.window, &span.label))
        });
        whole.collect::<Result<_, _>>().map(Text::Whole)
    }

    fn create(&self, begin: &Span) -> Result<String, Diagnostic> {
        let shape = self.shape(begin)?;
        codegen::create(self.context.dialect, self.node, &self.moment.this, &shape)
    }

    /// The query in whose shape the table is made: cut to the first window ever, so that the file
    /// is the same in every plan.
    fn shape(&self, begin: &Span) -> Result<String, Diagnostic> {
        // Before the table is there, the query must not read it.
        let anew = self.query.text.reads_batch || self.query.text.reads_this;
        let moment = RenderContext {
            batch: Some(batch(begin)),
            incremental: false,
            this: self.moment.this.clone(),
        };
        let sql = match anew {
            true => query(self.context, self.node, &moment)?.sql,
            false => self.query.sql.clone(),
        };
        let mut shape = BatchTemplate::with_type_checks(&sql, self.settings.timezone)
            .fill(&begin.window, &begin.label);
        if let Some(columns) =
            self.query.injected.columns.as_deref().filter(|_| !self.query.left_out.is_empty())
        {
            shape = codegen::narrowed(self.context.dialect, &shape, columns)?;
        }
        Ok(shape)
    }

    fn swap(&self) -> Result<String, Diagnostic> {
        let views = dependents::dependent_views(self.context, self.node)?;
        codegen::swap(
            self.context.dialect,
            self.node,
            &self.moment.this,
            dependents::line(self.context, &views)?,
        )
    }

    fn overwrite(
        &self,
        query: &Filtered,
        label_length: usize,
    ) -> Result<std::sync::Arc<BatchTemplate>, Diagnostic> {
        codegen::overwrite(&self.parts(query, label_length))
    }

    /// The file of one batch whose statements the macro returns.
    fn by_macro(
        &self,
        strategy_macro: &StrategyMacro,
        span: &Span,
        label_length: usize,
    ) -> Result<String, Diagnostic> {
        let MicrobatchModel { context, node, moment, .. } = self;
        let moment = RenderContext { batch: Some(batch(span)), ..(*moment).clone() };
        let rendered =
            if self.query.text.reads_batch { Some(query(context, node, &moment)?) } else { None };
        let query = rendered.as_ref().unwrap_or(self.query);
        let parts = self.parts(query, label_length);
        let fill = |text: &BatchTemplate| text.fill(&span.window, &span.label);
        let stage =
            fill(&BatchTemplate::new(&codegen::batch_stage(&parts)?.0, self.settings.timezone));
        let columns = query.injected.columns.as_deref();
        let call = StrategyCall {
            context,
            node,
            strategy_macro,
            target: &moment.this,
            stage: &stage,
            columns,
        };
        Ok(fill(&*codegen::overwrite_by_macro(&parts, &call.statements(&moment)?)?))
    }

    fn parts<'b>(&'b self, query: &'b Filtered, label_length: usize) -> Batches<'b> {
        Batches {
            dialect: self.context.dialect,
            node: self.node,
            settings: self.settings,
            target: &self.moment.this,
            query: &query.sql,
            columns: query.injected.columns.as_deref(),
            mode: self.mode,
            strategy: self.strategy,
            inputs: self.entries,
            label_length,
        }
    }

    /// `span`: of the batch that dbt runs the hooks with.
    fn hooks(
        &self,
        kind: Kind,
        when: &str,
        closes: &[Sql],
        key: &str,
        span: &Span,
    ) -> Result<Option<StaticStep>, Diagnostic> {
        let moment = RenderContext {
            this: self.node.relation.clone(),
            batch: Some(batch(span)),
            incremental: self.moment.incremental,
        };
        let rendered = hooks::hooks(self.context, self.node, key, &moment)?;
        if closes.is_empty() && rendered.iter().all(|hook| hook.trim().is_empty()) {
            return Ok(None);
        }
        Ok(Some(StaticStep {
            kind,
            text: codegen::hooks(self.context.dialect, self.node, when, closes, &rendered),
        }))
    }
}
