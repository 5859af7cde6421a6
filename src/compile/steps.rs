//! The files of a microbatch model, in their order: hooks, create, one batch per window, the swap of a full refresh, hooks.

use super::Shop;
use super::batches::batch;
use super::query::{Filtered, query};
use crate::config::{Microbatch, Node, OutsideWindow};
use crate::diagnostics::Diagnostic;
use crate::dialect::{Sql, Stamp};
use crate::plan::manifest::InputEntry;
use crate::plan::{self, Batches, Kind, Step, Strategy, Text};
use crate::render::{self, Moment};
use crate::window::{Cover, Span};

/// What the steps of one model are made from.
pub(super) struct Steps<'a> {
    pub shop: &'a Shop<'a>,
    pub node: &'a Node,
    pub settings: &'a Microbatch,
    /// The first batch's moment; its `this` is the table that is written.
    pub moment: &'a Moment,
    pub query: &'a Filtered,
    pub entries: &'a [InputEntry],
    pub mode: OutsideWindow,
    pub strategy: &'a Strategy,
    pub rebuilds: bool,
}

impl Steps<'_> {
    /// All of them. `begin` is the model's first window ever.
    pub fn all(&self, cover: &Cover, begin: &Span) -> Result<Vec<Step>, Diagnostic> {
        let dialect = self.shop.dialect;
        let closes = plan::closing(dialect, self.node, "table", self.query.injected.columns.as_deref())?.statements;
        let mut steps = Vec::with_capacity(cover.batches.len() + 4);
        steps.extend(self.hooks(Kind::Before, "before the model's first batch, once", &[], &self.node.pre_hooks)?);
        steps.push(self.step(Kind::Create, "create", "01_create", Text::Whole(self.create(begin)?)));
        let label_length = cover.batches.iter().map(|span| span.label.len()).max().unwrap_or_default();
        let stamp = self.overwrite(self.query, label_length)?;
        for span in &cover.batches {
            let text = match self.query.text.reads_batch {
                false => Text::Stamped { stamp: stamp.clone(), label: span.label.clone() },
                true => {
                    let own = query(self.shop, self.node, &Moment { batch: Some(batch(span)), ..self.moment.clone() })?;
                    Text::Whole(self.overwrite(&own, label_length)?.fill(&span.window, &span.label))
                }
            };
            let step = self.step(Kind::Batch, &span.label, &span.label, text);
            steps.push(Step { window: Some(span.window), chunk: span.chunk.clone(), ..step });
        }
        if self.rebuilds {
            let swap = plan::swap(self.shop.dialect, self.node, &self.moment.this)?;
            steps.push(self.step(Kind::Swap, "swap", "98_swap", Text::Whole(swap)));
        }
        let when = if self.node.post_hooks.is_empty() { "grants and comments after" } else { "after" };
        steps.extend(self.hooks(Kind::After, &format!("{when} all of the model's batches, once"), &closes, &self.node.post_hooks)?);
        Ok(steps)
    }

    /// The create statement's query is cut to the first window ever, so that the file is the same in every plan.
    fn create(&self, begin: &Span) -> Result<String, Diagnostic> {
        // Before the table is there, the query must not read it.
        let anew = self.query.text.reads_batch || self.query.text.reads_this;
        let moment = Moment { batch: Some(batch(begin)), incremental: false, this: self.moment.this.clone() };
        let sql = match anew {
            true => query(self.shop, self.node, &moment)?.sql,
            false => self.query.sql.clone(),
        };
        let shape = Stamp::new(&sql, self.settings.timezone).fill(&begin.window, &begin.label);
        plan::create(self.shop.dialect, self.node, &self.moment.this, &shape)
    }

    fn overwrite(&self, query: &Filtered, label_length: usize) -> Result<std::sync::Arc<Stamp>, Diagnostic> {
        plan::overwrite(&Batches {
            dialect: self.shop.dialect,
            node: self.node,
            settings: self.settings,
            target: &self.moment.this,
            query: &query.sql,
            columns: query.injected.columns.as_deref(),
            mode: self.mode,
            strategy: self.strategy,
            inputs: self.entries,
            label_length,
        })
    }

    fn hooks(&self, kind: Kind, when: &str, closes: &[Sql], hooks: &[String]) -> Result<Option<Step>, Diagnostic> {
        let moment = Moment { this: self.node.relation.clone(), batch: None, incremental: self.moment.incremental };
        let render = |hook: &String| render::hook(self.shop.jinja, self.shop.graph, self.node, hook, &moment);
        let rendered: Vec<String> = hooks.iter().map(render).collect::<Result<_, Diagnostic>>()?;
        if closes.is_empty() && rendered.iter().all(|hook| hook.trim().is_empty()) {
            return Ok(None);
        }
        let (id, file) = if kind == Kind::Before { ("before", "00_before") } else { ("after", "99_after") };
        Ok(Some(self.step(kind, id, file, Text::Whole(plan::hooks(self.node, when, closes, &rendered)))))
    }

    fn step(&self, kind: Kind, id: &str, file: &str, text: Text) -> Step {
        step(self.shop, self.node, kind, id, file, text)
    }
}

/// A step of the model, in its folder of the plan.
pub(super) fn step(shop: &Shop, node: &Node, kind: Kind, id: &str, file: &str, text: Text) -> Step {
    Step {
        id: format!("{}@{id}", node.unique_id),
        model: node.unique_id.clone(),
        kind,
        file: format!("{}/{file}.sql", shop.folders[&node.unique_id]),
        window: None,
        chunk: None,
        depends_on: Vec::new(),
        text,
    }
}
