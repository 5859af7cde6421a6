//! A model's query. Takes a node and the moment it is rendered for; gives the text as dbt compiles it, the ephemeral models it
//! reads put before it as CTEs, and where Jinja wrote each relation. No filter is in it yet.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use crate::config::{Node, config_json, node_json};
use crate::diagnostics::{Diagnostic, SourceFile};
use crate::graph::Graph;
use crate::jinja::{
    Batch, Covered, Jinja, Lookup, Mark, MarkKind, Referent, Relation, Rendered, Scope, StrategyArguments, StrategyMacro, late,
};

/// What a rendering may know of the run it is for.
#[derive(Clone)]
pub struct Moment {
    pub batch: Option<Batch>,
    /// What `is_incremental()` answers.
    pub incremental: bool,
    /// What `{{ this }}` is: the model's own table, or the one beside it that a full refresh builds.
    pub this: Relation,
}

/// A model's query and what it said of itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Text {
    pub sql: String,
    pub marks: Vec<Mark>,
    /// Which file's rendering each part of the text is, in the order of the text.
    pub parts: Vec<Part>,
    pub reads_batch: bool,
    pub reads_this: bool,
    /// Whether the model itself, and none that it reads, asks `is_incremental()`.
    pub asks_incremental: bool,
    /// Whether the text or its configuration may depend on now.
    pub reads_clock: bool,
    /// What the model itself says that its `begin` is.
    pub begin: Option<serde_json::Value>,
    pub warnings: Vec<Diagnostic>,
}

/// What came of one file.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    pub span: Range<usize>,
    pub file: SourceFile,
}

/// Renders the model, its ephemeral inputs before it.
pub fn model(jinja: &Jinja, graph: &Arc<Graph>, node: &Node, moment: &Moment) -> Result<Text, Diagnostic> {
    let own = one(jinja, graph, node, moment)?;
    let mut inputs = Inputs { jinja, graph, moment, ctes: Vec::new(), seen: BTreeSet::new() };
    inputs.gather(node, &own)?;
    let rendered = || [&own].into_iter().chain(inputs.ctes.iter().map(|cte| &cte.rendered));
    let (reads_batch, reads_this) = (rendered().any(|part| part.reads_batch), rendered().any(|part| part.reads_this));
    let warnings = rendered().flat_map(|part| part.warnings.iter().cloned()).collect();
    let reads_clock = rendered().any(|part| part.reads_clock);
    let asks_incremental = own.asks_incremental;
    let begin = own.config.iter().rev().find_map(|config| config.get("begin").cloned());
    cover(graph, &own, &mut inputs.ctes);
    let (sql, marks, parts) = with_ctes(own, &node.file, inputs.ctes);
    Ok(Text { sql, marks, parts, reads_batch, reads_this, asks_incremental, reads_clock, begin, warnings })
}

/// A hook's text: Jinja of its own, rendered when the plan is made, as dbt renders it when it runs.
pub fn hook(jinja: &Jinja, graph: &Arc<Graph>, node: &Node, text: &str, moment: &Moment) -> Result<String, Diagnostic> {
    let file = SourceFile::new(node.file.path.clone(), text);
    Ok(jinja.render(&file, &scope(graph, node, moment))?.text)
}

/// The statements that a macro of the project makes for an incremental model.
pub fn strategy(
    jinja: &Jinja,
    graph: &Arc<Graph>,
    node: &Node,
    strategy_macro: &StrategyMacro,
    given: &StrategyArguments,
    moment: &Moment,
) -> Result<String, Diagnostic> {
    jinja.strategy_statements(strategy_macro, given, &scope(graph, node, moment))
}

/// One ephemeral model as a CTE.
struct Cte {
    unique_id: String,
    name: String,
    rendered: Rendered,
    file: SourceFile,
}

fn one(jinja: &Jinja, graph: &Arc<Graph>, node: &Node, moment: &Moment) -> Result<Rendered, Diagnostic> {
    jinja.render(&node.file, &scope(graph, node, moment))
}

fn scope(graph: &Arc<Graph>, node: &Node, moment: &Moment) -> Scope {
    let mut config = config_json(node);
    for (key, hooks) in [("pre_hook", "pre-hook"), ("post_hook", "post-hook")] {
        config.insert(key.to_string(), config.get(hooks).cloned().unwrap_or_default());
    }
    let (all, id) = (graph.clone(), node.unique_id.clone());
    Scope {
        package: node.package.clone(),
        execute: true,
        model: late(move || {
            let reads: Vec<String> = all.parents[&id].iter().cloned().collect();
            node_json(&all.nodes[&id], &reads)
        }),
        config,
        this: Some(moment.this.clone()),
        batch: moment.batch.clone(),
        incremental: moment.incremental,
        lookup: Arc::new(graph.seen_from(&node.package)),
    }
}

/// The ephemeral models that a query reads, each once, inputs before their readers.
struct Inputs<'a> {
    jinja: &'a Jinja,
    graph: &'a Arc<Graph>,
    moment: &'a Moment,
    ctes: Vec<Cte>,
    seen: BTreeSet<String>,
}

impl Inputs<'_> {
    /// Those that the rendered text of a node reads, and those that they read.
    fn gather(&mut self, node: &Node, rendered: &Rendered) -> Result<(), Diagnostic> {
        let lookup = self.graph.seen_from(&node.package);
        for call in &rendered.refs {
            let referent = lookup.reference(call.package.as_deref(), &call.name, call.version.as_deref());
            let Ok(Referent::Cte { unique_id, name }) = referent else { continue };
            if !self.seen.insert(unique_id.clone()) {
                continue;
            }
            let input = &self.graph.nodes[&unique_id];
            let rendered = one(self.jinja, self.graph, input, &Moment { this: input.relation.clone(), ..self.moment.clone() })?;
            self.gather(input, &rendered)?;
            self.ctes.push(Cte { unique_id, name, rendered, file: input.file.clone() });
        }
        Ok(())
    }
}

/// Marks the ephemeral models whose inputs are read whole. As in dbt, the event time of an ephemeral model filters the `ref()` to it.
/// Inputs inside of it get the window only where nothing that reads it is filtered itself: rows that its filter keeps may come from
/// rows of the inputs that lie in other windows.
fn cover(graph: &Graph, own: &Rendered, ctes: &mut [Cte]) {
    let mut covered: BTreeMap<String, Covered> = BTreeMap::new();
    let note = |covered: &mut BTreeMap<String, Covered>, rendered: &Rendered, reader: Option<Covered>| {
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
    note(&mut covered, own, None);
    // Readers stand behind what they read.
    for cte in ctes.iter_mut().rev() {
        let filtered = graph.nodes.get(&cte.unique_id).filter(|node| node.event_time.is_some());
        let why = covered.get(&cte.unique_id).cloned().or_else(|| filtered.map(|node| Covered::Filtered(node.name.clone())));
        note(&mut covered, &cte.rendered, why.clone());
        if let Some(why) = why {
            cte.rendered.marks.push(Mark { span: 0..cte.rendered.text.len(), kind: MarkKind::Whole(why) });
        }
    }
}

/// Puts the CTEs before the query: into its own `with`, if it begins with one.
fn with_ctes(own: Rendered, file: &SourceFile, ctes: Vec<Cte>) -> (String, Vec<Mark>, Vec<Part>) {
    let part = |span: Range<usize>, file: &SourceFile| Part { span, file: file.clone() };
    if ctes.is_empty() {
        let whole = part(0..own.text.len(), file);
        return (own.text, own.marks, vec![whole]);
    }
    let (at, has_with) = match leading_with(&own.text) {
        Some(with) => (with.end, true),
        None => (own.text.len() - own.text.trim_start().len(), false),
    };
    let mut sql = own.text[..at].to_string();
    let mut parts = vec![part(0..at, file)];
    if !has_with {
        sql.push_str("with");
    }
    let mut marks: Vec<Mark> = own.marks.iter().filter(|mark| mark.span.end <= at).cloned().collect();
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
    marks.extend(moved(own.marks.into_iter().filter(|mark| mark.span.end > at), by));
    parts.push(part(sql.len()..sql.len() + own.text.len() - at, file));
    sql.push_str(&own.text[at..]);
    (sql, marks, parts)
}

fn moved(marks: impl IntoIterator<Item = Mark>, by: isize) -> impl Iterator<Item = Mark> {
    marks
        .into_iter()
        .map(move |mark| Mark { span: mark.span.start.saturating_add_signed(by)..mark.span.end.saturating_add_signed(by), kind: mark.kind })
}

/// The query's own `with` (or `with recursive`), if it is its first word behind white space and comments.
fn leading_with(sql: &str) -> Option<Range<usize>> {
    let start = skip_blank(sql, 0);
    let with = word(sql, start, "with")?;
    let next = skip_blank(sql, with.end);
    Some(word(sql, next, "recursive").map_or(with.clone(), |recursive| start..recursive.end))
}

fn word(sql: &str, start: usize, word: &str) -> Option<Range<usize>> {
    let end = start + word.len();
    let found = sql.get(start..end)?.eq_ignore_ascii_case(word);
    let ends = sql[end..].chars().next().is_none_or(|next| !next.is_alphanumeric() && next != '_');
    (found && ends).then_some(start..end)
}

/// The first byte at or after `at` that is neither white space nor in a comment.
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
        let mark = Mark { span: start..start + marked.len(), kind: MarkKind::Input(marked.to_string()) };
        Rendered { text: text.to_string(), marks: vec![mark], ..Rendered::default() }
    }

    fn joined(text: &str) -> String {
        let (own, other) = (SourceFile::new("own.sql", ""), SourceFile::new("e.sql", ""));
        let cte = Cte {
            unique_id: "model.p.e".into(),
            name: "__dbt__cte__e".into(),
            rendered: rendered("select 1 from raw", "raw"),
            file: other,
        };
        let (sql, marks, parts) = with_ctes(rendered(text, "orders"), &own, vec![cte]);
        let of = |path: &str| parts.iter().filter(|part| &*part.file.path == path).map(|part| &sql[part.span.clone()]).collect::<String>();
        assert_eq!((of("own.sql").as_str(), of("e.sql").as_str()), (text, "select 1 from raw"));
        let found: Vec<&str> = marks.iter().map(|mark| &sql[mark.span.clone()]).collect();
        assert!(found.contains(&"raw") && found.contains(&"orders"), "{found:?}");
        sql
    }

    #[test]
    fn ephemeral_models_come_first() {
        assert_eq!(joined("\nselect * from orders"), "\nwith __dbt__cte__e as (\nselect 1 from raw\n) select * from orders");
        assert_eq!(
            joined("-- x\nWITH RECURSIVE a as (select * from orders) select 1"),
            "-- x\nWITH RECURSIVE __dbt__cte__e as (\nselect 1 from raw\n), a as (select * from orders) select 1"
        );
        assert!(joined("withdrawals as orders").starts_with("with __dbt__cte__e as"));
    }
}
