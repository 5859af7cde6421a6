//! A model's query. Takes a node and its render context; returns the text as dbt compiles it, with
//! its ephemeral inputs as leading CTEs, and the span of each relation that Jinja wrote. The text
//! has no filters yet.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use crate::config::{Node, config_json, node_json};
use crate::diagnostics::{Diagnostic, SourceFile};
use crate::graph::Graph;
use crate::jinja::{
    Batch, Covered, Jinja, Lookup, Mark, MarkKind, Referent, Relation, Rendered, StrategyArguments,
    StrategyMacro, TemplateScope, lazy,
};

/// The state of the run that Jinja can read.
#[derive(Clone)]
pub struct RenderContext {
    pub batch: Option<Batch>,
    /// The value of `is_incremental()`.
    pub incremental: bool,
    /// The value of `{{ this }}`: the model's table, or the shadow table of a full refresh.
    pub this: Relation,
}

/// A model's query, and the data that its rendering read and set.
#[derive(Clone, Debug, PartialEq)]
pub struct RenderedModel {
    pub sql: String,
    pub marks: Vec<Mark>,
    /// The source file of each part of the text, in the order of the text.
    pub parts: Vec<RenderedPart>,
    pub reads_batch: bool,
    pub reads_this: bool,
    /// Whether the model calls `is_incremental()`; its ephemeral inputs do not count.
    pub asks_incremental: bool,
    /// Whether the text or its configuration may depend on the current time.
    pub reads_clock: bool,
    /// The `begin` that the model's `config()` call sets.
    pub begin: Option<serde_json::Value>,
    pub warnings: Vec<Diagnostic>,
}

/// The part of the text that one file rendered to.
#[derive(Clone, Debug, PartialEq)]
pub struct RenderedPart {
    pub span: Range<usize>,
    pub file: SourceFile,
}

/// Renders the model, with its ephemeral inputs as leading CTEs.
pub fn model(
    jinja: &Jinja,
    graph: &Arc<Graph>,
    node: &Node,
    context: &RenderContext,
) -> Result<RenderedModel, Diagnostic> {
    let model = render_node(jinja, graph, node, context)?;
    let mut inputs = Inputs { jinja, graph, context, ctes: Vec::new(), visited: BTreeSet::new() };
    inputs.gather(node, &model)?;
    let rendered = || [&model].into_iter().chain(inputs.ctes.iter().map(|cte| &cte.rendered));
    let (reads_batch, reads_this) =
        (rendered().any(|part| part.reads_batch), rendered().any(|part| part.reads_this));
    let warnings = rendered().flat_map(|part| part.warnings.iter().cloned()).collect();
    let reads_clock = rendered().any(|part| part.reads_clock);
    let asks_incremental = model.asks_incremental;
    let begin = model.config.iter().rev().find_map(|config| config.get("begin").cloned());
    cover(graph, &model, &mut inputs.ctes);
    let (sql, marks, parts) = with_ctes(model, &node.file, inputs.ctes);
    Ok(RenderedModel {
        sql,
        marks,
        parts,
        reads_batch,
        reads_this,
        asks_incremental,
        reads_clock,
        begin,
        warnings,
    })
}

/// Renders the text of a hook. dbt renders it when the hook runs; a plan contains the result of one
/// rendering.
pub fn hook(
    jinja: &Jinja,
    graph: &Arc<Graph>,
    node: &Node,
    text: &str,
    context: &RenderContext,
) -> Result<String, Diagnostic> {
    let file = SourceFile::new(node.file.path.clone(), text);
    Ok(jinja.render(&file, &scope(graph, node, context))?.text)
}

/// Renders the statements that a macro of the project returns for an incremental model.
pub fn strategy(
    jinja: &Jinja,
    graph: &Arc<Graph>,
    node: &Node,
    strategy_macro: &StrategyMacro,
    arguments: &StrategyArguments,
    context: &RenderContext,
) -> Result<String, Diagnostic> {
    jinja.strategy_statements(strategy_macro, arguments, &scope(graph, node, context))
}

/// One ephemeral model as a CTE.
struct Cte {
    unique_id: String,
    name: String,
    rendered: Rendered,
    file: SourceFile,
}

fn render_node(
    jinja: &Jinja,
    graph: &Arc<Graph>,
    node: &Node,
    context: &RenderContext,
) -> Result<Rendered, Diagnostic> {
    jinja.render(&node.file, &scope(graph, node, context))
}

fn scope(graph: &Arc<Graph>, node: &Node, context: &RenderContext) -> TemplateScope {
    let mut config = config_json(node);
    for (key, hooks) in [("pre_hook", "pre-hook"), ("post_hook", "post-hook")] {
        config.insert(key.to_string(), config.get(hooks).cloned().unwrap_or_default());
    }
    let (all, id) = (graph.clone(), node.unique_id.clone());
    TemplateScope {
        package: node.package.clone(),
        execute: true,
        model: lazy(move || node_json(&all.nodes[&id], &all.reads(&id))),
        config,
        this: Some(context.this.clone()),
        batch: context.batch.clone(),
        incremental: context.incremental,
        lookup: Arc::new(graph.seen_from(&node.package)),
    }
}

/// The ephemeral models that a query reads, each once, inputs before their readers.
struct Inputs<'a> {
    jinja: &'a Jinja,
    graph: &'a Arc<Graph>,
    context: &'a RenderContext,
    ctes: Vec<Cte>,
    visited: BTreeSet<String>,
}

impl Inputs<'_> {
    /// Adds the ephemeral models that the rendered text reads, and their ephemeral inputs.
    fn gather(&mut self, node: &Node, rendered: &Rendered) -> Result<(), Diagnostic> {
        let lookup = self.graph.seen_from(&node.package);
        for call in &rendered.refs {
            let referent =
                lookup.reference(call.package.as_deref(), &call.name, call.version.as_deref());
            let Ok(Referent::Cte { unique_id, name }) = referent else { continue };
            if !self.visited.insert(unique_id.clone()) {
                continue;
            }
            let input = &self.graph.nodes[&unique_id];
            let rendered = render_node(
                self.jinja,
                self.graph,
                input,
                &RenderContext { this: input.relation.clone(), ..self.context.clone() },
            )
            .map_err(|error| {
                let (input, reader) = (&input.name, &node.name);
                error.note(format!("in the ephemeral model `{input}`, which `{reader}` reads"))
            })?;
            self.gather(input, &rendered)?;
            self.ctes.push(Cte { unique_id, name, rendered, file: input.file.clone() });
        }
        Ok(())
    }
}

/// Marks the ephemeral models whose inputs are read without a filter. As in dbt, the event time of
/// an ephemeral model filters the `ref()` to it. Its inputs are filtered only if no reader of it is
/// filtered: a row that its filter selects may come from input rows of other windows.
fn cover(graph: &Graph, model: &Rendered, ctes: &mut [Cte]) {
    let mut covered: BTreeMap<String, Covered> = BTreeMap::new();
    let note =
        |covered: &mut BTreeMap<String, Covered>, rendered: &Rendered, reader: Option<Covered>| {
            for mark in &rendered.marks {
                let why = match &mark.kind {
                    MarkKind::Input(id) => (id, reader.clone()),
                    MarkKind::OptOut(id) => (id, reader.clone().or(Some(Covered::OptedOut))),
                    _ => continue,
                };
                if let (id, Some(why)) = why {
                    covered.entry(id.clone()).or_insert(why);
                }
            }
        };
    note(&mut covered, model, None);
    // Readers come after their inputs.
    for cte in ctes.iter_mut().rev() {
        let filtered = graph.nodes.get(&cte.unique_id).filter(|node| node.event_time.is_some());
        let why = covered
            .get(&cte.unique_id)
            .cloned()
            .or_else(|| filtered.map(|node| Covered::Filtered(node.name.clone())));
        note(&mut covered, &cte.rendered, why.clone());
        if let Some(why) = why {
            cte.rendered
                .marks
                .push(Mark { span: 0..cte.rendered.text.len(), kind: MarkKind::Whole(why) });
        }
    }
}

/// Inserts the CTEs before the query: into its `with` clause, if it begins with one.
fn with_ctes(
    model: Rendered,
    file: &SourceFile,
    ctes: Vec<Cte>,
) -> (String, Vec<Mark>, Vec<RenderedPart>) {
    let part = |span: Range<usize>, file: &SourceFile| RenderedPart { span, file: file.clone() };
    if ctes.is_empty() {
        let parts = vec![part(0..model.text.len(), file)];
        return (model.text, model.marks, parts);
    }
    let (at, has_with) = match leading_with(&model.text) {
        Some(with) => (with.end, true),
        None => (model.text.len() - model.text.trim_start().len(), false),
    };
    let mut sql = model.text[..at].to_string();
    let mut parts = vec![part(0..at, file)];
    if !has_with {
        sql.push_str("with");
    }
    let mut marks: Vec<Mark> =
        model.marks.iter().filter(|mark| mark.span.end <= at).cloned().collect();
    for (index, cte) in ctes.into_iter().enumerate() {
        sql.push_str(if index == 0 { " " } else { ",  " });
        sql.push_str(&format!("{} as (\n", cte.name));
        marks.extend(moved(cte.rendered.marks, sql.len() as isize));
        parts.push(part(sql.len()..sql.len() + cte.rendered.text.len(), &cte.file));
        sql.push_str(&cte.rendered.text);
        sql.push_str("\n)");
    }
    sql.push_str(if has_with { "," } else { " " });
    let by = sql.len() as isize - at as isize;
    marks.extend(moved(model.marks.into_iter().filter(|mark| mark.span.end > at), by));
    parts.push(part(sql.len()..sql.len() + model.text.len() - at, file));
    sql.push_str(&model.text[at..]);
    (sql, marks, parts)
}

fn moved(marks: impl IntoIterator<Item = Mark>, by: isize) -> impl Iterator<Item = Mark> {
    marks.into_iter().map(move |mark| Mark {
        span: mark.span.start.saturating_add_signed(by)..mark.span.end.saturating_add_signed(by),
        kind: mark.kind,
    })
}

/// The leading `with` or `with recursive` of the query, after white space and comments.
fn leading_with(sql: &str) -> Option<Range<usize>> {
    let start = skip_blank(sql, 0);
    let with = keyword(sql, start, "with")?;
    let next = skip_blank(sql, with.end);
    Some(keyword(sql, next, "recursive").map_or(with.clone(), |recursive| start..recursive.end))
}

fn keyword(sql: &str, start: usize, keyword: &str) -> Option<Range<usize>> {
    let end = start + keyword.len();
    let is_match = sql.get(start..end)?.eq_ignore_ascii_case(keyword);
    let ends = sql[end..].chars().next().is_none_or(|next| !next.is_alphanumeric() && next != '_');
    (is_match && ends).then_some(start..end)
}

/// The first byte at or after `at` that is neither white space nor part of a comment.
fn skip_blank(sql: &str, mut at: usize) -> usize {
    loop {
        let rest = &sql[at..];
        let blank = rest.len() - rest.trim_start().len();
        let rest = &rest[blank..];
        at += blank;
        let comment = if rest.starts_with("--") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else {
            return at;
        };
        at += comment;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jinja::MarkKind;

    fn rendered(text: &str, marked: &str) -> Rendered {
        let start = text.find(marked).unwrap();
        let mark =
            Mark { span: start..start + marked.len(), kind: MarkKind::Input(marked.to_string()) };
        Rendered { text: text.to_string(), marks: vec![mark], ..Rendered::default() }
    }

    fn joined(text: &str) -> String {
        let (file, other) = (SourceFile::new("own.sql", ""), SourceFile::new("e.sql", ""));
        let cte = Cte {
            unique_id: "model.p.e".into(),
            name: "__dbt__cte__e".into(),
            rendered: rendered("select 1 from raw", "raw"),
            file: other,
        };
        let (sql, marks, parts) = with_ctes(rendered(text, "orders"), &file, vec![cte]);
        let of = |path: &str| {
            parts
                .iter()
                .filter(|part| &*part.file.path == path)
                .map(|part| &sql[part.span.clone()])
                .collect::<String>()
        };
        assert_eq!((of("own.sql").as_str(), of("e.sql").as_str()), (text, "select 1 from raw"));
        let spans: Vec<&str> = marks.iter().map(|mark| &sql[mark.span.clone()]).collect();
        assert!(spans.contains(&"raw") && spans.contains(&"orders"), "{spans:?}");
        sql
    }

    #[test]
    fn ephemeral_models_come_first() {
        assert_eq!(
            joined("\nselect * from orders"),
            "\nwith __dbt__cte__e as (\nselect 1 from raw\n) select * from orders"
        );
        assert_eq!(
            joined("-- x\nWITH RECURSIVE a as (select * from orders) select 1"),
            "-- x\nWITH RECURSIVE __dbt__cte__e as (\nselect 1 from raw\n), a as (select * from \
             orders) select 1"
        );
        assert!(joined("withdrawals as orders").starts_with("with __dbt__cte__e as"));
    }
}
