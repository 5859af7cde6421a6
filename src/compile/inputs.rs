//! The inputs of a model: the relations that its query may read, their entries in the manifest, and
//! the models that must run before it.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::config::{EventTime, Kind, Materialization, Node};
use crate::diagnostics::Diagnostic;
use crate::dialect::{BatchTemplate, Dialect, Sql};
use crate::graph::Graph;
use crate::inject::{Access, Filter, Input, InputTime, Occurrence, Query, ResultColumn};
use crate::jinja::{Lookup, Referent, Relation};
use crate::plan::ReadSet;
use crate::plan::manifest::{
    BY_NAME, InputEntry, NO_EVENT_TIME, NOT_READ, OUT_OF_REACH, READ_BY_HOOK,
};

/// The relations that a query may read: the node's inputs, also through ephemeral models, and every
/// source by its plain name. A plain name without a database is in `database`, that of the target.
pub fn query_inputs(graph: &Graph, node: &Node, database: Option<&str>) -> Vec<Input> {
    let read = reads_through(graph, node);
    let sources = graph.sources().filter(|source| !read.contains(&source.unique_id));
    let read = read.iter().map(|id| Input {
        referred: parts(&graph.nodes[id].relation),
        ..input(&graph.nodes[id], database)
    });
    read.chain(sources.map(|node| input(node, database))).collect()
}

/// Unique ids of the nodes that a node reads, and that its ephemeral inputs read.
fn reads_through(graph: &Graph, node: &Node) -> BTreeSet<String> {
    let mut read = BTreeSet::new();
    let mut pending: Vec<&str> = vec![&node.unique_id];
    while let Some(id) = pending.pop() {
        for parent in graph.parents.get(id).into_iter().flatten() {
            if read.insert(parent.clone())
                && matches!(graph.nodes[parent].materialization, Materialization::Ephemeral)
            {
                pending.push(parent);
            }
        }
    }
    read
}

fn input(node: &Node, database: Option<&str>) -> Input {
    let mut plain_names = Vec::new();
    if node.kind == Kind::Source {
        plain_names.push(parts(&node.relation));
        let included = &node.relation.style.included;
        if included[0]
            && included[1]
            && database.is_some()
            && node.relation.database.as_deref() == database
        {
            plain_names.push(parts(&Relation { database: None, ..node.relation.clone() }));
        }
    }
    let is_cte = matches!(node.materialization, Materialization::Ephemeral);
    if is_cte {
        plain_names.push(vec![node.cte_name()]);
    }
    Input {
        unique_id: node.unique_id.clone(),
        filtered: node.event_time.is_some(),
        time: node.event_time.as_ref().map(time),
        plain_names,
        is_cte,
        referred: Vec::new(),
        declared: node.columns.iter().map(|column| column.name.to_lowercase()).collect(),
    }
}

fn time(event_time: &EventTime) -> InputTime {
    let column = ResultColumn::named(&event_time.column, event_time.quote);
    InputTime { column, literals: event_time.time_type().ok().cloned() }
}

/// The model's own table as an input, also by its plain name.
pub fn own_table(node: &Node) -> Input {
    Input {
        unique_id: node.unique_id.clone(),
        filtered: true,
        time: node.event_time.as_ref().map(time),
        plain_names: vec![parts(&node.relation)],
        ..Input::default()
    }
}

/// The parts of a relation's name that are included in SQL.
fn parts(relation: &Relation) -> Vec<String> {
    let parts = [relation.database.as_ref(), relation.schema.as_ref(), Some(&relation.identifier)];
    let written =
        parts.into_iter().enumerate().filter(|(index, _)| relation.style.included[*index]);
    written.filter_map(|(_, part)| part.cloned()).collect()
}

/// The inputs for the manifest and for headers of files: one entry for each way in which the query
/// reads an input, and one for each input that a template refers to but no table of the query is.
pub fn input_entries(
    graph: &Arc<Graph>,
    dialect: &Dialect,
    node: &Node,
    query: &Query,
) -> Vec<InputEntry> {
    let mut entries: Vec<InputEntry> = Vec::new();
    let hook_inputs = read_by_hooks(graph, node);
    let ids: BTreeSet<String> =
        query.ids(|_| true).into_iter().chain(reads_through(graph, node)).collect();
    for id in &ids {
        let input = &graph.nodes[id];
        let event_time =
            input.event_time.as_ref().map(|time| dialect.event_time(&time.column, time.quote));
        let entry = |relation: String, filtered: bool, whole_because: Option<String>| InputEntry {
            unique_id: id.clone(),
            relation,
            event_time: event_time.as_ref().map(|column| column.0.clone()),
            filtered,
            whole_because,
        };
        let is_ephemeral = matches!(input.materialization, Materialization::Ephemeral);
        let mut reads = query.reads.iter().filter(|read| read.unique_id == *id).peekable();
        if reads.peek().is_none() && !is_ephemeral {
            let why = if hook_inputs.contains(id) { READ_BY_HOOK } else { NOT_READ };
            entries.push(entry(input.relation.to_string(), false, Some(why.to_string())));
        }
        for read in reads.filter(|read| !is_ephemeral || read.access == Access::Filtered) {
            let new = entry(
                displayed_relation(input, read),
                read.access == Access::Filtered,
                unfiltered_reason(&read.access),
            );
            if !entries.contains(&new) {
                entries.push(new);
            }
        }
    }
    entries
}

/// The unique ids of the nodes that the hooks of a node reference.
fn read_by_hooks(graph: &Arc<Graph>, node: &Node) -> BTreeSet<String> {
    let lookup = graph.seen_from(&node.package);
    let read_set = &node.hook_reads;
    let refs = read_set
        .refs
        .iter()
        .map(|call| lookup.reference(call.package.as_deref(), &call.name, call.version.as_deref()));
    let tables = read_set.sources.iter().map(|(source, table)| lookup.source(source, table));
    let ids = refs.chain(tables).flatten().map(|referent| match referent {
        Referent::Relation { unique_id, .. } | Referent::Cte { unique_id, .. } => unique_id,
    });
    ids.collect()
}

/// The name of the relation that an occurrence reads: that of the node, unless a macro changed it.
fn displayed_relation(input: &Node, read: &Occurrence) -> String {
    let plain = |name: &str| {
        name.replace(['"', '`', '[', ']'], "").split_whitespace().collect::<String>().to_lowercase()
    };
    let relation = input.relation.to_string();
    let (known, written) = (plain(&relation), plain(&read.name));
    let is_tail = |long: &str, short: &str| {
        long == short || long.strip_suffix(short).is_some_and(|rest| rest.ends_with('.'))
    };
    if is_tail(&known, &written) { relation } else { read.name.clone() }
}

fn unfiltered_reason(access: &Access) -> Option<String> {
    Some(match access {
        Access::Filtered => return None,
        Access::NoEventTime => NO_EVENT_TIME.to_string(),
        Access::OptedOut => "the model asks for it with `.render()`".to_string(),
        Access::Covered(by) => {
            format!("the ephemeral model `{by}` that reads it is filtered by its own event_time")
        }
        Access::OutOfReach => OUT_OF_REACH.to_string(),
        Access::ByName => BY_NAME.to_string(),
    })
}

/// The models that must run before this one: all of their steps, or only the overlapping batches.
pub fn read_set(
    entries: &[InputEntry],
    graph: &Arc<Graph>,
    node: &Node,
    in_order: bool,
) -> ReadSet {
    let mut reads = ReadSet { in_order, hooks: read_by_hooks(graph, node), ..ReadSet::default() };
    for entry in entries {
        let by_window =
            entry.whole_because.is_none() && graph.nodes[&entry.unique_id].microbatch().is_some();
        if by_window { &mut reads.by_window } else { &mut reads.whole }
            .insert(entry.unique_id.clone());
    }
    reads
}

/// Adds the planned models that are reached through models that are not in the plan. A batch
/// depends on all of their steps, since the dependencies between the rows are unknown.
pub fn add_indirect_reads(reads: &mut ReadSet, graph: &Graph, planned: &BTreeSet<String>) {
    let hooks = planned_ancestors(&reads.hooks, graph, planned);
    reads.hooks.extend(hooks);
    let whole = planned_ancestors(reads.whole.iter().chain(&reads.by_window), graph, planned);
    reads.whole.extend(whole);
}

/// The planned models that are reached through those of `read` that are not in the plan.
fn planned_ancestors<'a>(
    read: impl IntoIterator<Item = &'a String>,
    graph: &'a Graph,
    planned: &BTreeSet<String>,
) -> Vec<String> {
    let mut pending: Vec<&String> = read.into_iter().filter(|id| !planned.contains(*id)).collect();
    let mut seen = BTreeSet::new();
    let mut ancestors = Vec::new();
    while let Some(id) = pending.pop() {
        for parent in
            graph.parents.get(id).into_iter().flatten().filter(|parent| seen.insert(*parent))
        {
            if planned.contains(parent) {
                ancestors.push(parent.clone())
            } else {
                pending.push(parent)
            }
        }
    }
    ancestors
}

/// A relation with its filter, with slots for the window, and an alias. Columns that `*` omits are
/// selected by name if the query reads them.
pub fn apply_filter(
    dialect: &Dialect,
    window: &Sql,
    filter: &Filter,
) -> Result<String, Diagnostic> {
    let relation = Sql(filter.relation.clone());
    let arguments = [("relation", relation.value()), ("window", window.value())];
    let filtered = if filter.hidden.is_empty() {
        dialect.sql("within", &arguments)?
    } else {
        let column = |name: &String| {
            Ok(dialect.sql("hidden_column", &[("column", Sql(name.clone()).value())])?.0)
        };
        let columns: Vec<String> =
            filter.hidden.iter().map(column).collect::<Result<_, Diagnostic>>()?;
        let [relation, window] = arguments;
        dialect.sql(
            "within_hidden",
            &[relation, window, ("columns", Sql(columns.join(", ")).value())],
        )?
    };
    Ok(match &filter.alias {
        Some(alias) => format!("{filtered} as {alias}"),
        None => filtered.0,
    })
}

/// The text with a sample window filled in, so that it can be parsed.
pub fn with_sample_window(text: &str) -> String {
    let window = crate::calendar::Window { start: Default::default(), end: Default::default() };
    BatchTemplate::new(text, chrono_tz::UTC).fill(&window, "1970")
}
