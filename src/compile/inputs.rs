//! What a model reads: which relations the injector shall look for, what the manifest says of each, and which other models of
//! the plan must have run before.

use std::collections::BTreeSet;

use crate::config::{EventTime, Kind, Materialization, Node};
use crate::diagnostics::Diagnostic;
use crate::dialect::{Dialect, Stamp, TimeType};
use crate::graph::Graph;
use crate::inject::{Input, Query};
use crate::jinja::Relation;
use crate::plan::Reads;
use crate::plan::manifest::InputEntry;

/// The relations that a query may read: the node's inputs, through ephemeral models too, and every source by its plain name.
/// A plain name without a database is looked for in `database`, the target's.
pub fn of(graph: &Graph, node: &Node, database: Option<&str>) -> Vec<Input> {
    let read = reads_through(graph, node);
    let sources = graph.sources().filter(|source| !read.contains(&source.unique_id));
    read.iter().map(|id| &graph.nodes[id]).chain(sources).map(|node| input(node, database)).collect()
}

/// Unique ids of what a node reads, and of what its ephemeral inputs read.
fn reads_through(graph: &Graph, node: &Node) -> BTreeSet<String> {
    let mut read = BTreeSet::new();
    let mut open: Vec<&str> = vec![&node.unique_id];
    while let Some(id) = open.pop() {
        for parent in graph.parents.get(id).into_iter().flatten() {
            if read.insert(parent.clone()) && matches!(graph.nodes[parent].materialization, Materialization::Ephemeral) {
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
        if included[0] && included[1] && database.is_some() && node.relation.database.as_deref() == database {
            plain_names.push(parts(&Relation { database: None, ..node.relation.clone() }));
        }
    }
    Input { unique_id: node.unique_id.clone(), filtered: node.event_time.is_some(), plain_names }
}

/// The parts of a relation's name that the engine writes.
fn parts(relation: &Relation) -> Vec<String> {
    let parts = [relation.database.as_ref(), relation.schema.as_ref(), Some(&relation.identifier)];
    let written = parts.into_iter().enumerate().filter(|(place, _)| relation.style.included[*place]);
    written.filter_map(|(_, part)| part.cloned()).collect()
}

const NO_EVENT_TIME: &str = "it has no event_time";

/// What the manifest and a file's header say of the inputs that the query reads.
pub fn entries(graph: &Graph, dialect: &Dialect, node: &Node, query: &Query) -> Result<Vec<InputEntry>, Diagnostic> {
    let filtered: BTreeSet<&String> = query.filters.iter().map(|filter| &filter.unique_id).collect();
    let mut ids: BTreeSet<&String> = query.read.iter().collect();
    let through = reads_through(graph, node);
    ids.extend(through.iter().filter(|id| !matches!(graph.nodes[*id].materialization, Materialization::Ephemeral)));
    let mut entries = Vec::new();
    for id in ids {
        let input = &graph.nodes[id];
        if matches!(input.materialization, Materialization::Ephemeral) && !filtered.contains(id) {
            continue;
        }
        let event_time = input.event_time.as_ref().map(|time| dialect.event_time(&time.column, time.quote)).transpose()?;
        let whole_because = if filtered.contains(id) && !query.opted_out.contains(id) {
            None
        } else if query.opted_out.contains(id) {
            Some("the model asks for it with `.render()`")
        } else if event_time.is_none() {
            Some(NO_EVENT_TIME)
        } else if !query.read.contains(id) {
            Some("no table of the query is it")
        } else {
            Some("its place in the query takes no filter")
        };
        entries.push(InputEntry {
            unique_id: id.clone(),
            relation: input.relation.to_string(),
            event_time: event_time.map(|column| column.0),
            filtered: filtered.contains(id),
            whole_because: whole_because.map(str::to_string),
        });
    }
    Ok(entries)
}

/// Which other models must have run before, and how much of them.
pub fn reads(entries: &[InputEntry], graph: &Graph, in_order: bool) -> Reads {
    let mut reads = Reads { in_order, ..Reads::default() };
    for entry in entries {
        let by_window = entry.whole_because.is_none() && graph.nodes[&entry.unique_id].microbatch().is_some();
        if by_window { &mut reads.by_window } else { &mut reads.whole }.insert(entry.unique_id.clone());
    }
    reads
}

/// What a model waits for where a model between it and the plan was not selected: the planned models behind that one, whole,
/// since how its rows follow from theirs is not looked at.
pub fn wait_through(reads: &mut Reads, graph: &Graph, planned: &BTreeSet<String>) {
    let mut open: Vec<&String> = reads.whole.iter().chain(&reads.by_window).filter(|id| !planned.contains(*id)).collect();
    let mut seen = BTreeSet::new();
    let mut behind = Vec::new();
    while let Some(id) = open.pop() {
        for parent in graph.parents.get(id).into_iter().flatten().filter(|parent| seen.insert(*parent)) {
            if planned.contains(parent) { behind.push(parent.clone()) } else { open.push(parent) }
        }
    }
    reads.whole.extend(behind);
}

/// A warning for each input that every batch reads whole because it has no `event_time`.
pub fn unfiltered(graph: &Graph, node: &Node, entries: &[InputEntry]) -> Vec<Diagnostic> {
    let unfiltered = entries.iter().filter(|entry| entry.whole_because.as_deref() == Some(NO_EVENT_TIME));
    unfiltered
        .map(|entry| {
            let input = &graph.nodes[&entry.unique_id];
            let name = input.source_name.as_ref().map_or(input.name.clone(), |source| format!("{source}.{}", input.name));
            Diagnostic::warning(format!("every batch of `{}` reads `{name}` whole: it has no `event_time`", node.name))
                .at(node.file.find(&input.name))
                .hint(format!("give `{}` an `event_time`, or write `.render()` behind it if it is meant to be read whole", input.name))
        })
        .collect()
}

/// A relation with its filter, slots for the window in it, the alias behind. A column that `*` leaves out is selected beside it where
/// the query has use for it: it cannot be stored under its own name.
pub fn within(
    dialect: &Dialect,
    event_time: &EventTime,
    kind: &TimeType,
    relation: &str,
    alias: Option<&str>,
    query: &str,
) -> Result<String, Diagnostic> {
    let window = dialect.window(&dialect.event_time(&event_time.column, event_time.quote)?, kind)?;
    let relation = crate::dialect::Sql(relation.to_string());
    let column = &event_time.column;
    let hidden = dialect.fact::<Vec<String>>("hidden_columns")?.iter().any(|hidden| hidden.eq_ignore_ascii_case(column));
    let named = hidden && query.to_lowercase().contains(&column.to_lowercase());
    let name = if named { "within_hidden" } else { "within" };
    let column = dialect.event_time(column, event_time.quote)?;
    let filtered = dialect.sql(name, &[("relation", relation.value()), ("window", window.value()), ("column", column.value())])?;
    Ok(match alias {
        Some(alias) => format!("{filtered} as {alias}"),
        None => filtered.0,
    })
}

/// The same with some window filled in, for the injector to parse.
pub fn sample(text: &str) -> String {
    let window = crate::calendar::Window { start: Default::default(), end: Default::default() };
    Stamp::new(text, chrono_tz::UTC).fill(&window, "1970")
}
