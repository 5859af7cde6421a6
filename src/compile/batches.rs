//! The steps of a microbatch model: hooks, create, one batch per window, the swap of a full refresh.

use super::inputs;
use super::query::{Filtered, query};
use super::{Part, Request, Row, Shop, refresh, warnings};
use crate::calendar::Window;
use crate::config::{Microbatch, Node, OutsideWindow};
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::dialect::Stamp;
use crate::inject::ResultColumn;
use crate::jinja::{Batch, Relation};
use crate::plan::manifest::{InputEntry, MicrobatchEntry, ModelEntry};
use crate::plan::write::instant;
use crate::plan::{self, Batches, Kind, Step, Strategy, Text};
use crate::render::{self, Moment};
use crate::window::{self, Calendar, Cover, Span};

/// The steps of the model.
pub(super) fn part(shop: &Shop, node: &Node, settings: &Microbatch, request: &Request) -> Result<Part, Diagnostics> {
    let rebuilds = refresh::rebuilds(settings, request);
    let cover = window::cover(&calendar(node, settings, rebuilds), &request.windows)?;
    let begin = first_ever(node, settings)?;

    let mut said = cover.notes.clone();
    let plain = Moment { batch: Some(batch(&cover.batches[0])), incremental: !rebuilds, this: node.relation.clone() };
    let first = query(shop, node, &plain)?;
    let target = match rebuilds {
        true => refresh::beside(shop.dialect, node, &first.text.sql, (&begin.label, &cover.batches[cover.batches.len() - 1].label))?,
        false => node.relation.clone(),
    };
    let moment = Moment { this: target.clone(), ..plain };
    let first = if rebuilds && first.text.reads_this { query(shop, node, &moment)? } else { first };
    let entries = inputs::entries(shop.graph, shop.dialect, node, &first.injected)?;
    let columns = first.injected.columns.as_deref();
    says_its_event_time(shop, node, settings, columns)?;
    said.extend(remarks(shop, node, &first, &entries, cover.batches.len(), request.windows.strict)?);

    let any_filtered = !first.injected.filters.is_empty();
    let mode = plan::mode(shop.dialect, node, settings, any_filtered)?;
    let windows: Vec<Window> = cover.batches.iter().map(|span| span.window).collect();
    let about = plan::About { node, settings, mode, windows: &windows, query: &first.text.sql };
    let strategy = plan::strategy(shop.dialect, &about)?;
    let label_length = cover.batches.iter().map(|span| span.label.len()).max().unwrap_or_default();
    let statement = |query: &Filtered| {
        plan::overwrite(&Batches {
            dialect: shop.dialect,
            node,
            settings,
            target: &target,
            query: &query.sql,
            columns: query.injected.columns.as_deref(),
            mode,
            strategy: &strategy,
            inputs: &entries,
            label_length,
        })
    };

    let mut steps = Steps { shop, node, steps: Vec::new() };
    let own = Moment { this: node.relation.clone(), batch: None, ..moment.clone() };
    steps.hooks(Kind::Before, "before the model's first batch, once", &node.pre_hooks, &own)?;
    // Before the table is there, the query must not read it.
    let anew = first.text.reads_batch || first.text.reads_this;
    let of_begin = match anew {
        true => query(shop, node, &Moment { batch: Some(batch(&begin)), incremental: false, ..moment.clone() })?.sql,
        false => first.sql.clone(),
    };
    let shape = Stamp::new(&of_begin, settings.timezone).fill(&begin.window, &begin.label);
    let create = plan::create(shop.dialect, node, &target, &shape)?;
    steps.push(Kind::Create, "create", "01_create", Text::Whole(create));
    let stamp = statement(&first)?;
    for span in &cover.batches {
        let text = match first.text.reads_batch {
            false => Text::Stamped { stamp: stamp.clone(), label: span.label.clone() },
            true => {
                let query = query(shop, node, &Moment { batch: Some(batch(span)), ..moment.clone() })?;
                Text::Whole(statement(&query)?.fill(&span.window, &span.label))
            }
        };
        steps.batch(span, text);
    }
    if rebuilds {
        steps.push(Kind::Swap, "swap", "98_swap", Text::Whole(plan::swap(shop.dialect, node, &target)?));
    }
    steps.hooks(Kind::After, "after all of the model's batches, once", &node.post_hooks, &own)?;

    let in_order = settings.concurrent_batches == Some(false) || (first.text.reads_this && settings.concurrent_batches.is_none());
    Ok(Part {
        row: row(node, &strategy, &cover, warnings(&said).count()),
        reads: inputs::reads(&entries, shop.graph, in_order),
        entry: entry(shop, node, settings, &strategy, &cover, mode, in_order, rebuilds.then_some(&target), entries, columns, &said)?,
        steps: steps.steps,
        said,
    })
}

pub(super) fn calendar<'a>(node: &'a Node, settings: &Microbatch, from_begin: bool) -> Calendar<'a> {
    Calendar {
        model: &node.name,
        begin: settings.begin,
        batch_size: settings.batch_size,
        lookback: settings.lookback,
        timezone: settings.timezone,
        from_begin,
    }
}

/// The query of one batch, by its label, with its filters.
pub(super) fn one(shop: &Shop, node: &Node, settings: &Microbatch, label: &str) -> Result<String, Diagnostics> {
    let span = window::named(&calendar(node, settings, false), label)?;
    let moment = Moment { batch: Some(batch(&span)), incremental: true, this: node.relation.clone() };
    let query = query(shop, node, &moment)?;
    Ok(Stamp::new(&query.sql, settings.timezone).fill(&span.window, &span.label))
}

/// The window of `begin`: the create statement's query is cut to it, so that the file is the same in every plan.
fn first_ever(node: &Node, settings: &Microbatch) -> Result<Span, Diagnostics> {
    let only_begin = window::Request {
        bounds: None,
        now: settings.begin,
        batch_size: None,
        chunk: None,
        complete_only: false,
        strict: false,
        max_batches: 1,
    };
    let cover: Cover = window::cover(&Calendar { from_begin: true, ..calendar(node, settings, true) }, &only_begin)?;
    Ok(cover.batches[0].clone())
}

fn batch(span: &Span) -> Batch {
    Batch { id: span.id.clone(), start: span.window.start, end: span.window.end }
}

/// The overwrite needs the event time among the result's columns.
fn says_its_event_time(shop: &Shop, node: &Node, settings: &Microbatch, columns: Option<&[ResultColumn]>) -> Result<(), Diagnostic> {
    let event_time = &settings.event_time;
    let Some(columns) = columns else { return Ok(()) };
    if event_time.column.contains(|char: char| !char.is_alphanumeric() && char != '_') && !event_time.quote {
        return Ok(());
    }
    for column in columns {
        if shop.dialect.same_column((&column.name, column.quoted), (&event_time.column, event_time.quote))? {
            return Ok(());
        }
    }
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    let wrong = Diagnostic::error(format!("the query of `{}` has no column `{}`, its `event_time`", node.name, event_time.column));
    Err(wrong.at(event_time.at.clone()).hint(format!("select it, or name one of `{}`", names.join("`, `"))))
}

/// What the user should know of the model's batches before running them.
fn remarks(
    shop: &Shop,
    node: &Node,
    query: &Filtered,
    entries: &[InputEntry],
    batches: usize,
    strict: bool,
) -> Result<Vec<Diagnostic>, Diagnostics> {
    let mut said = query.text.warnings.clone();
    for warning in &query.injected.warnings {
        let mut warning = warning.clone();
        if warning.at.is_none() {
            warning.at = Some(node.file.line(1));
        }
        if strict {
            warning.level = crate::diagnostics::Level::Error;
            return Err(warning.hint("leave out `--strict` to let the filter go in where `ref()` stands").into());
        }
        said.push(warning);
    }
    let unfiltered = inputs::unfiltered(shop.graph, node, entries);
    if query.injected.filters.is_empty() && !entries.is_empty() {
        let cost = format!("each of its {batches} batches reads all of them and keeps only its own window's rows");
        said.push(Diagnostic::warning(format!("no input of `{}` can be filtered: {cost}", node.name)).at(node.file.line(1)));
    }
    said.extend(unfiltered);
    if query.injected.columns.is_none() && !shop.dialect.fact::<bool>("by_name")? {
        said.push(
            Diagnostic::warning(format!("the columns of `{}` are not known, so its rows are inserted by position", node.name))
                .at(node.file.line(1))
                .hint("name the columns in the last `select` instead of `*`"),
        );
    }
    said.extend(plan::unknown_keys(shop.dialect, node)?);
    Ok(said)
}

fn row(node: &Node, strategy: &Strategy, cover: &Cover, warnings: usize) -> Row {
    let (first, last) = (&cover.batches[0], &cover.batches[cover.batches.len() - 1]);
    Row {
        model: node.name.clone(),
        strategy: strategy.words.clone(),
        windows: Some(cover.batches.len()),
        first: first.label.clone(),
        last: last.label.clone(),
        end: last.window.end.format("%Y-%m-%d %H:%M").to_string(),
        warnings,
    }
}

#[allow(clippy::too_many_arguments)]
fn entry(
    shop: &Shop,
    node: &Node,
    settings: &Microbatch,
    strategy: &Strategy,
    cover: &Cover,
    mode: OutsideWindow,
    in_order: bool,
    beside: Option<&Relation>,
    inputs: Vec<InputEntry>,
    columns: Option<&[ResultColumn]>,
    said: &[Diagnostic],
) -> Result<ModelEntry, Diagnostic> {
    Ok(ModelEntry {
        unique_id: node.unique_id.clone(),
        path: node.file.path.to_string(),
        folder: shop.folders[&node.unique_id].clone(),
        relation: node.relation.to_string(),
        materialized: "microbatch".to_string(),
        strategy: strategy.words.clone(),
        atomic: strategy.atomic,
        microbatch: Some(MicrobatchEntry {
            event_time: settings.event_time.column.clone(),
            batch_size: cover.batch_size.word().to_string(),
            begin: instant(settings.begin),
            lookback: settings.lookback,
            timezone: settings.timezone.name().to_string(),
            outside_window: plan::word(mode).to_string(),
            unique_key: settings.unique_key.clone(),
            in_order,
            beside: beside.map(ToString::to_string),
            batches: cover.batches.len(),
        }),
        inputs,
        columns_from: columns.map(|_| "projection".to_string()),
        columns: columns.map(|columns| columns.iter().map(|column| column.name.clone()).collect()),
        warnings: warnings(said).collect(),
    })
}

/// The steps of a model as they are made.
struct Steps<'a> {
    shop: &'a Shop<'a>,
    node: &'a Node,
    steps: Vec<Step>,
}

impl Steps<'_> {
    fn push(&mut self, kind: Kind, id: &str, file: &str, text: Text) {
        self.steps.push(step(self.shop, self.node, kind, id, file, text));
    }

    fn hooks(&mut self, kind: Kind, when: &str, hooks: &[String], moment: &Moment) -> Result<(), Diagnostic> {
        let rendered: Result<Vec<String>, Diagnostic> =
            hooks.iter().map(|hook| render::hook(self.shop.jinja, self.shop.graph, self.node, hook, moment)).collect();
        let rendered = rendered?;
        if rendered.iter().any(|hook| !hook.trim().is_empty()) {
            let (id, file) = if kind == Kind::Before { ("before", "00_before") } else { ("after", "99_after") };
            self.push(kind, id, file, Text::Whole(plan::hooks(self.node, when, &rendered)));
        }
        Ok(())
    }

    fn batch(&mut self, span: &Span, text: Text) {
        let step = step(self.shop, self.node, Kind::Batch, &span.label, &span.label, text);
        self.steps.push(Step { window: Some(span.window), chunk: span.chunk.clone(), ..step });
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
