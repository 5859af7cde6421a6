//! The columns of relations, without a warehouse: from dbt's catalog, else from what the project shows: an enforced contract, a
//! seed's header, the projection of a model's own query, and, where that cannot be seen, the columns that are declared.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use crate::config::{Kind, Node};
use crate::diagnostics::Diagnostic;
use crate::dialect::{Case, Dialect, folded};
use crate::graph::Graph;
use crate::inject::{self, ResultColumn};
use crate::jinja::{Jinja, Known, KnownColumn, Relation};
use crate::project::{Catalog, Project};
use crate::render::{self, Moment};

use super::inputs;

/// Who answers templates that ask for columns.
pub fn known(project: &Project, graph: &Arc<Graph>, dialect: &Dialect) -> Result<Arc<dyn Known>, Diagnostic> {
    let key = |relation: &Relation| place(relation);
    let by_place = graph.nodes.values().map(|node| (key(&node.relation), node.unique_id.clone())).collect();
    Ok(Arc::new(Columns {
        catalog: project.catalog.clone(),
        recorded: project.has_answers,
        graph: graph.clone(),
        jinja: Arc::downgrade(&project.jinja),
        parser: dialect.fact("parser")?,
        case: dialect.fact("case")?,
        by_place,
        seen: Mutex::default(),
        open: Mutex::default(),
    }))
}

struct Columns {
    catalog: Catalog,
    /// Whether answers of a warehouse are at hand, in which the project's relations count as built.
    recorded: bool,
    graph: Arc<Graph>,
    /// Not kept alive: it is the one that asks.
    jinja: Weak<Jinja>,
    parser: String,
    case: Case,
    by_place: BTreeMap<[String; 3], String>,
    seen: Mutex<BTreeMap<String, Option<Vec<ResultColumn>>>>,
    /// Models whose projection is being looked for: one that asks for its own columns has none to tell.
    open: Mutex<BTreeSet<String>>,
}

/// The type that a seed's column is loaded as, if its config says so.
fn loaded_as(node: &Node, column: &str) -> Option<String> {
    let types = node.setting("column_types")?.as_object()?;
    types.iter().find(|(name, _)| name.eq_ignore_ascii_case(column)).and_then(|(_, data_type)| data_type.as_str().map(str::to_string))
}

/// Where a relation is, whatever the case of its name.
fn place(relation: &Relation) -> [String; 3] {
    let part = |part: &Option<String>| part.as_deref().unwrap_or_default().to_lowercase();
    [part(&relation.database), part(&relation.schema), relation.identifier.to_lowercase()]
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Known for Columns {
    fn columns(&self, relation: &Relation) -> Result<Vec<KnownColumn>, Diagnostic> {
        let place = place(relation);
        if let Some(columns) = self.catalog.relations.get(&place).filter(|columns| !columns.is_empty()) {
            return Ok(columns.iter().map(|(name, data_type)| KnownColumn { name: name.clone(), data_type: data_type.clone() }).collect());
        }
        let node = self.by_place.get(&place).and_then(|id| self.graph.nodes.get(id));
        if let Some(node) = node
            && let Some(columns) = self.of(node)
        {
            let spelled = |column: &ResultColumn| if column.quoted { column.name.clone() } else { folded(self.case, &column.name) };
            let known = columns.iter().map(|column| {
                let declared = node.columns.iter().find(|declared| declared.name.eq_ignore_ascii_case(&column.name));
                let declared = declared.and_then(|declared| declared.data_type.clone());
                KnownColumn { name: spelled(column), data_type: declared.or_else(|| loaded_as(node, &column.name)) }
            });
            return Ok(known.collect());
        }
        Err(self.unknown(relation, node))
    }

    fn exists(&self, relation: &Relation) -> bool {
        let place = place(relation);
        self.catalog.relations.contains_key(&place) || (self.recorded && self.by_place.contains_key(&place))
    }
}

impl Columns {
    /// The columns of a node, in order.
    fn of(&self, node: &Node) -> Option<Vec<ResultColumn>> {
        let enforced = node.setting("contract").and_then(|contract| contract.get("enforced")) == Some(&true.into());
        let declared = || node.columns.iter().map(|column| ResultColumn { name: column.name.clone(), quoted: column.quote }).collect();
        let declared = || Some(declared()).filter(|columns: &Vec<ResultColumn>| !columns.is_empty());
        if enforced || node.kind != Kind::Model {
            return declared();
        }
        // Documented columns may be a part of the model's.
        self.projection(node).or_else(declared)
    }

    fn projection(&self, node: &Node) -> Option<Vec<ResultColumn>> {
        let id = &node.unique_id;
        if let Some(seen) = lock(&self.seen).get(id) {
            return seen.clone();
        }
        if !lock(&self.open).insert(id.clone()) {
            return None;
        }
        let columns = self.parsed(node);
        lock(&self.open).remove(id);
        lock(&self.seen).insert(id.clone(), columns.clone());
        columns
    }

    fn parsed(&self, node: &Node) -> Option<Vec<ResultColumn>> {
        let jinja = self.jinja.upgrade()?;
        let moment = Moment { batch: None, incremental: false, this: node.relation.clone() };
        let text = render::model(&jinja, &self.graph, node, &moment).ok()?;
        let inputs: Vec<_> =
            inputs::of(&self.graph, node, None).into_iter().map(|input| inject::Input { filtered: false, ..input }).collect();
        let unfiltered = |relation: &str, _: &str, _: Option<&str>| relation.to_string();
        let columns = |id: &str| self.graph.nodes.get(id).and_then(|node| self.of(node));
        inject::filters(&text.sql, &text.marks, &inputs, &*inject::parser(&self.parser), &columns, &unfiltered).ok()?.columns
    }

    fn unknown(&self, relation: &Relation, node: Option<&Node>) -> Diagnostic {
        let wrong = Diagnostic::error(format!("the columns of `{relation}` are not known without a warehouse"));
        let catalog =
            if self.catalog.given { "the catalog does not hold them" } else { "or give dbt's catalog: `--catalog target/catalog.json`" };
        match node {
            Some(node) if node.kind == Kind::Source => {
                wrong.hint(format!("list them under `columns:` of table `{}` in {}, {catalog}", node.name, node.file.path))
            }
            Some(node) => wrong
                .fact(format!("the query of `{}` does not show them", node.name))
                .hint(format!("list them under `columns:` of `{}` in a properties file, {catalog}", node.name)),
            None => {
                wrong.fact("it is no model, seed, snapshot or source of this project").hint(format!("declare it as a source, {catalog}"))
            }
        }
    }
}
