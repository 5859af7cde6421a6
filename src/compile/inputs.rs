//! What a model reads: which relations the injector shall look for, what the manifest says of each,
//! and which other models of the plan must have run before.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::config::{EventTime, Kind, Materialization, Node};
use crate::diagnostics::Diagnostic;
use crate::dialect::{BatchTemplate, Dialect, Sql};
use crate::graph::Graph;
use crate::inject::{Access, Filter, Input, Occurrence, Query, ResultColumn, Time};
use crate::jinja::{Lookup, Referent, Relation};
use crate::plan::Reads;
use crate::plan::manifest::{
    BY_NAME, InputEntry, NO_EVENT_TIME, NOT_READ, OUT_OF_REACH, READ_BY_HOOK,
};

/// The relations that a query may read: the node's inputs, through ephemeral models too, and every
/// source by its plain name. A plain name without a database is looked for in `database`, the
/// target's.
pub fn of(graph: &Graph, node: &Node, database: Option<&str>) -> Vec<Input> {
    let read = reads_through(graph, node);
    let sources = graph.sources().filter(|source| !read.contains(&source.unique_id));
    let read = read.iter().map(|id| Input {
        referred: parts(&graph.nodes[id].relation),
        ..input(&graph.nodes[id], database)
    });
    read.chain(sources.map(|node| input(node, database))).collect()
}

/// Unique ids of what a node reads, and of what its ephemeral inputs read.
fn reads_through(graph: &Graph, node: &Node) -> BTreeSet<String> {
    let mut read = BTreeSet::new();
    let mut open: Vec<&str> = vec![&node.unique_id];
    while let Some(id) = open.pop() {
        for parent in graph.parents.get(id).into_iter().flatten() {
            if read.insert(parent.clone())
                && matches!(graph.nodes[parent].materialization, Materialization::Ephemeral)
            {
                open.push(parent);
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

fn time(event_time: &EventTime) -> Time {
    let column = ResultColumn::named(&event_time.column, event_time.quote);
    Time { column, literals: event_time.time_type().ok().cloned() }
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

/// The parts of a relation's name that the engine writes.
fn parts(relation: &Relation) -> Vec<String> {
    let parts = [relation.database.as_ref(), relation.schema.as_ref(), Some(&relation.identifier)];
    let written =
        parts.into_iter().enumerate().filter(|(place, _)| relation.style.included[*place]);
    written.filter_map(|(_, part)| part.cloned()).collect()
}

/// What the manifest and a file's header say of the inputs: one entry for each way in which the
/// query reads an input, and one for each input that the templates refer to and no table of the
/// query is.
pub fn entries(
    graph: &Arc<Graph>,
    dialect: &Dialect,
    node: &Node,
    query: &Query,
) -> Result<Vec<InputEntry>, Diagnostic> {
    let mut entries: Vec<InputEntry> = Vec::new();
    let of_hooks = read_by_hooks(graph, node);
    let ids: BTreeSet<String> =
        query.ids(|_| true).into_iter().chain(reads_through(graph, node)).collect();
    for id in &ids {
        let input = &graph.nodes[id];
        let event_time = input
            .event_time
            .as_ref()
            .map(|time| dialect.event_time(&time.column, time.quote))
            .transpose()?;
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
            let why = if of_hooks.contains(id) { READ_BY_HOOK } else { NOT_READ };
            entries.push(entry(input.relation.to_string(), false, Some(why.to_string())));
        }
        for read in reads.filter(|read| !is_ephemeral || read.access == Access::Filtered) {
            let new = entry(
                shown(input, read),
                read.access == Access::Filtered,
                whole_because(&read.access),
            );
            if !entries.contains(&new) {
                entries.push(new);
            }
        }
    }
    Ok(entries)
}

/// Unique ids of what the hooks of a node refer to.
fn read_by_hooks(graph: &Arc<Graph>, node: &Node) -> BTreeSet<String> {
    let lookup = graph.seen_from(&node.package);
    let reads = &node.hook_reads;
    let refs = reads
        .refs
        .iter()
        .map(|call| lookup.reference(call.package.as_deref(), &call.name, call.version.as_deref()));
    let tables = reads.sources.iter().map(|(source, table)| lookup.source(source, table));
    let ids = refs.chain(tables).flatten().map(|referent| match referent {
        Referent::Relation { unique_id, .. } | Referent::Cte { unique_id, .. } => unique_id,
    });
    ids.collect()
}

/// The relation that an occurrence reads: the node's own, unless a macro gave it another path.
fn shown(input: &Node, read: &Occurrence) -> String {
    let plain = |name: &str| {
        name.replace(['"', '`', '[', ']'], "").split_whitespace().collect::<String>().to_lowercase()
    };
    let own = input.relation.to_string();
    let (known, written) = (plain(&own), plain(&read.name));
    let is_tail = |long: &str, short: &str| {
        long == short || long.strip_suffix(short).is_some_and(|rest| rest.ends_with('.'))
    };
    if is_tail(&known, &written) { own } else { read.name.clone() }
}

fn whole_because(access: &Access) -> Option<String> {
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

/// Which other models must have run before, and how much of them.
pub fn reads(entries: &[InputEntry], graph: &Arc<Graph>, node: &Node, in_order: bool) -> Reads {
    let mut reads = Reads { in_order, hooks: read_by_hooks(graph, node), ..Reads::default() };
    for entry in entries {
        let by_window =
            entry.whole_because.is_none() && graph.nodes[&entry.unique_id].microbatch().is_some();
        if by_window { &mut reads.by_window } else { &mut reads.whole }
            .insert(entry.unique_id.clone());
    }
    reads
}

/// What a model waits for where a model between it and the plan was not selected: the planned
/// models behind that one, whole, since how its rows follow from theirs is not looked at.
pub fn wait_through(reads: &mut Reads, graph: &Graph, planned: &BTreeSet<String>) {
    let hooks = behind(&reads.hooks, graph, planned);
    reads.hooks.extend(hooks);
    let whole = behind(reads.whole.iter().chain(&reads.by_window), graph, planned);
    reads.whole.extend(whole);
}

/// The planned models behind those of `read` that are not planned.
fn behind<'a>(
    read: impl IntoIterator<Item = &'a String>,
    graph: &'a Graph,
    planned: &BTreeSet<String>,
) -> Vec<String> {
    let mut open: Vec<&String> = read.into_iter().filter(|id| !planned.contains(*id)).collect();
    let mut seen = BTreeSet::new();
    let mut behind = Vec::new();
    while let Some(id) = open.pop() {
        for parent in
            graph.parents.get(id).into_iter().flatten().filter(|parent| seen.insert(*parent))
        {
            if planned.contains(parent) { behind.push(parent.clone()) } else { open.push(parent) }
        }
    }
    behind
}

/// A warning for each input that every batch reads whole because it has no `event_time`.
pub fn unfiltered(graph: &Graph, node: &Node, entries: &[InputEntry]) -> Vec<Diagnostic> {
    let mut named = BTreeSet::new();
    let unfiltered = entries.iter().filter(|entry| entry.lacks_event_time());
    unfiltered
        .filter(|entry| named.insert(&entry.unique_id))
        .map(|entry| {
            let input = &graph.nodes[&entry.unique_id];
            let name = input
                .source_name
                .as_ref()
                .map_or(input.name.clone(), |source| format!("{source}.{}", input.name));
            Diagnostic::warning(format!(
                "every batch of `{}` reads `{name}` whole: it has no \
                `event_time`",
                node.name
            ))
            .at(node.file.find(&input.name))
            .hint(format!(
                "give `{}` an `event_time`, or write `.render()` behind it if it is \
                    meant to be read whole",
                input.name
            ))
        })
        .collect()
}

/// A relation with its filter, slots for the window in it, the alias behind. Columns that `*`
/// leaves out are selected by name where the query reads them.
pub fn within(dialect: &Dialect, window: &Sql, filter: &Filter) -> Result<String, Diagnostic> {
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

/// The same with some window filled in, for the injector to parse.
pub fn sample(text: &str) -> String {
    let window = crate::calendar::Window { start: Default::default(), end: Default::default() };
    BatchTemplate::new(text, chrono_tz::UTC).fill(&window, "1970")
}
