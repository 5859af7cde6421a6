//! The query of one model: rendered, its filters put in with slots for the window, its columns known as far as they can be.

use std::collections::BTreeMap;
use std::sync::Mutex;

use super::Shop;
use super::inputs::{self, sample, within};
use crate::config::{Materialization, Node};
use crate::diagnostics::Diagnostic;
use crate::dialect::refuse_slots;
use crate::inject::{self, Query, ResultColumn};
use crate::render::{self, Moment};

/// A model's query with its filters, slots for the window in them.
pub(super) struct Filtered {
    pub text: render::Text,
    pub injected: Query,
    pub sql: String,
}

/// Renders the model and puts the filters in.
pub(super) fn query(shop: &Shop, node: &Node, moment: &Moment) -> Result<Filtered, Diagnostic> {
    let place = |wrong: Diagnostic| if wrong.at.is_none() { wrong.at(node.file.line(1)) } else { wrong };
    let text = render::model(shop.jinja, shop.graph, node, moment)?;
    refuse_slots(&text.sql).map_err(place)?;
    let filtered = |relation: &str, id: &str, alias: Option<&str>| match &shop.graph.nodes[id].event_time {
        Some(event_time) => within(shop.dialect, event_time, relation, alias),
        None => Ok(relation.to_string()),
    };
    let parsable =
        |relation: &str, id: &str, alias: Option<&str>| filtered(relation, id, alias).map(|text| sample(&text)).unwrap_or_default();
    let known = |id: &str| columns_of(shop, id);
    let inputs = inputs::of(shop.graph, node, shop.database);
    for input in inputs.iter().filter(|input| input.filtered) {
        filtered("relation", &input.unique_id, None).map_err(place)?;
    }
    let parser = inject::parser(&shop.dialect.fact::<String>("parser")?);
    let injected = inject::filters(&text.sql, &text.marks, &inputs, &*parser, &known, &parsable).map_err(place)?;
    let edit = |filter: &inject::Filter| Ok((filter.span.clone(), filtered(&filter.relation, &filter.unique_id, filter.alias.as_deref())?));
    let edits: Result<Vec<_>, Diagnostic> = injected.filters.iter().map(edit).collect();
    let sql = inject::splice(&text.sql, edits?);
    Ok(Filtered { text, injected, sql })
}

/// The columns of models as far as they were asked for, so that each upstream model is parsed once.
pub(super) type Known = Mutex<BTreeMap<String, Option<Vec<ResultColumn>>>>;

/// The columns of a relation, for `select *` over it: of a model with an enforced contract the declared ones, of a view or a
/// table its own projection. Documented columns alone may be a part of a table's, and an incremental table may have more than its query gives.
fn columns_of(shop: &Shop, id: &str) -> Option<Vec<ResultColumn>> {
    let node = shop.graph.nodes.get(id)?;
    let enforced = node.setting("contract").and_then(|contract| contract.get("enforced")) == Some(&true.into());
    if enforced && !node.columns.is_empty() {
        return Some(node.columns.iter().map(|column| ResultColumn { name: column.name.clone(), quoted: column.quote }).collect());
    }
    if !matches!(node.materialization, Materialization::View | Materialization::Table) {
        return None;
    }
    let lock = || shop.known.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(known) = lock().get(id) {
        return known.clone();
    }
    let columns = projection(shop, node);
    lock().insert(id.to_string(), columns.clone());
    columns
}

/// The columns of a model's own query, where it shows them.
pub(super) fn projection(shop: &Shop, node: &Node) -> Option<Vec<ResultColumn>> {
    let moment = Moment { batch: None, incremental: false, this: node.relation.clone() };
    let text = render::model(shop.jinja, shop.graph, node, &moment).ok()?;
    let inputs: Vec<_> =
        inputs::of(shop.graph, node, shop.database).into_iter().map(|input| inject::Input { filtered: false, ..input }).collect();
    let parser = inject::parser(&shop.dialect.fact::<String>("parser").ok()?);
    let unfiltered = |relation: &str, _: &str, _: Option<&str>| relation.to_string();
    inject::filters(&text.sql, &text.marks, &inputs, &*parser, &|id| columns_of(shop, id), &unfiltered).ok()?.columns
}
