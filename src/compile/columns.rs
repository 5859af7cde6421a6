//! The columns of relations, without a warehouse: from dbt's catalog, else from what the project
//! shows: an enforced contract, a seed's header, the projection of a model's own query, and, where
//! that cannot be seen, the columns that are declared.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::ThreadId;

use crate::config::{Kind, Materialization, Node, SchemaChange};
use crate::diagnostics::Diagnostic;
use crate::dialect::{Case, Dialect, fold_case};
use crate::graph::Graph;
use crate::inject::{self, ResultColumn};
use crate::jinja::{Jinja, Known, KnownColumn, Relation};
use crate::project::{Catalog, Project};
use crate::render::{self, RenderContext};

use super::inputs;

/// What is known of the columns of a project's relations.
pub fn known(
    project: &Project,
    graph: &Arc<Graph>,
    dialect: &Dialect,
) -> Result<Arc<Columns>, Diagnostic> {
    let by_place =
        graph.nodes.values().map(|node| (place(&node.relation), node.unique_id.clone())).collect();
    Ok(Arc::new(Columns {
        catalog: project.catalog.clone(),
        recorded: project.has_answers,
        graph: graph.clone(),
        jinja: Arc::downgrade(&project.jinja),
        database: project.target.database.clone(),
        parser: dialect.property("parser")?,
        case: dialect.property("case")?,
        by_place,
        seen: Mutex::default(),
        open: Mutex::default(),
    }))
}

pub struct Columns {
    catalog: Catalog,
    /// Whether answers of a warehouse are at hand, in which the project's relations count as built.
    recorded: bool,
    graph: Arc<Graph>,
    /// Not kept alive: it is the one that asks.
    jinja: Weak<Jinja>,
    /// The target's, in which a plain name without one is looked for.
    database: Option<String>,
    parser: String,
    case: Case,
    by_place: BTreeMap<[String; 3], String>,
    /// So that each model is rendered and parsed once for each asker.
    seen: Mutex<BTreeMap<Asked, Option<Vec<ResultColumn>>>>,
    /// The models whose projection is being looked for: one that asks for its own columns has none
    /// to tell.
    open: Mutex<Vec<Open>>,
}

/// Who asks for a model's columns, and the model's unique id.
type Asked = (Asker, String);

struct Open {
    thread: ThreadId,
    asked: Asked,
    /// Whether it was told less than there is, because it was asked for on the way to itself:
    /// nothing to remember.
    cut: bool,
}

/// Who wants to know. A template takes the best that there is; a statement that lists columns only
/// what is sure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Asker {
    Template,
    Statement,
}

/// The type that a seed's column is loaded as, if its config says so.
fn loaded_as(node: &Node, column: &str) -> Option<String> {
    let types = node.setting("column_types")?.as_object()?;
    types
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(column))
        .and_then(|(_, data_type)| data_type.as_str().map(str::to_string))
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
        if let Some(columns) =
            self.catalog.relations.get(&place).filter(|columns| !columns.is_empty())
        {
            return Ok(columns
                .iter()
                .map(|(name, data_type)| KnownColumn {
                    name: name.clone(),
                    data_type: data_type.clone(),
                })
                .collect());
        }
        let node = self.by_place.get(&place).and_then(|id| self.graph.nodes.get(id));
        if let Some(node) = node
            && let Some(columns) = self.of(Asker::Template, node)
        {
            let spelled = |column: &ResultColumn| {
                if column.quoted { column.name.clone() } else { fold_case(self.case, &column.name) }
            };
            let known = columns.iter().map(|column| {
                let declared = node
                    .columns
                    .iter()
                    .find(|declared| declared.name.eq_ignore_ascii_case(&column.name));
                let declared = declared.and_then(|declared| declared.data_type.clone());
                let data_type = declared
                    .or_else(|| loaded_as(node, &column.name))
                    .or_else(|| column.data_type.clone());
                KnownColumn { name: spelled(column), data_type }
            });
            return Ok(known.collect());
        }
        Err(self.unknown(relation, node))
    }

    fn exists(&self, relation: &Relation) -> bool {
        let place = place(relation);
        self.catalog.relations.contains_key(&place)
            || (self.recorded && self.by_place.contains_key(&place))
    }
}

impl Columns {
    /// The columns of a model's own query, where it shows them.
    pub fn projection(&self, node: &Node) -> Option<Vec<ResultColumn>> {
        self.projected(Asker::Statement, node)
    }

    /// The columns of a model's own query where `is_incremental()` is true.
    pub fn incremental_projection(&self, node: &Node) -> Option<Vec<ResultColumn>> {
        self.parsed(Asker::Statement, node, true)
    }

    /// The columns that dbt's catalog has for a node's table.
    pub fn catalogued(&self, node: &Node) -> Option<Vec<ResultColumn>> {
        let columns = self
            .catalog
            .relations
            .get(&place(&node.relation))
            .filter(|columns| !columns.is_empty())?;
        let column = |(name, data_type): &(String, Option<String>)| ResultColumn {
            data_type: data_type.clone(),
            ..ResultColumn::named(name, fold_case(self.case, name) != *name)
        };
        Some(columns.iter().map(column).collect())
    }

    /// The columns that a model's query has if its inputs have those that are declared, or that are
    /// declared for the model itself.
    pub fn declared(&self, node: &Node) -> Option<Vec<ResultColumn>> {
        self.of(Asker::Template, node)
    }

    /// The columns of a relation, for `select *` over it.
    pub fn sure(&self, id: &str) -> Option<Vec<ResultColumn>> {
        self.of(Asker::Statement, self.graph.nodes.get(id)?)
    }

    /// The columns of a node, in order: of one with an enforced contract the declared ones, else
    /// its own projection. Documented columns alone may be a part of a table's, and an incremental
    /// table may have more than its query gives: that is good enough for a template only.
    fn of(&self, asker: Asker, node: &Node) -> Option<Vec<ResultColumn>> {
        let enforced = node.setting("contract").and_then(|contract| contract.get("enforced"))
            == Some(&true.into());
        let declared = || {
            node.columns
                .iter()
                .map(|column| ResultColumn::named(&column.name, column.quote))
                .collect()
        };
        let declared =
            || Some(declared()).filter(|columns: &Vec<ResultColumn>| !columns.is_empty());
        match asker {
            Asker::Template if node.kind == Kind::Source && self.catalogued(node).is_some() => {
                self.catalogued(node)
            }
            Asker::Statement if enforced && !node.columns.is_empty() => declared(),
            Asker::Statement
                if !matches!(
                    node.materialization,
                    Materialization::View | Materialization::Table
                ) =>
            {
                None
            }
            Asker::Statement => self.projected(asker, node),
            Asker::Template if enforced || node.kind != Kind::Model => declared(),
            Asker::Template => self.projected(asker, node).or_else(declared),
        }
    }

    fn projected(&self, asker: Asker, node: &Node) -> Option<Vec<ResultColumn>> {
        let asked = (asker, node.unique_id.clone());
        if let Some(seen) = lock(&self.seen).get(&asked) {
            return seen.clone();
        }
        if !self.begin(&asked) {
            return None;
        }
        let columns = self.parsed(asker, node, false);
        if self.end(&asked) {
            lock(&self.seen).insert(asked, columns.clone());
        }
        columns
    }

    /// Notes that this thread looks for a projection, unless it does already.
    fn begin(&self, asked: &(Asker, String)) -> bool {
        let thread = std::thread::current().id();
        let mut open = lock(&self.open);
        let mut own = open
            .iter_mut()
            .filter(|open| open.thread == thread)
            .skip_while(|open| open.asked != *asked);
        if own.next().is_some() {
            own.for_each(|open| open.cut = true);
            return false;
        }
        open.push(Open { thread, asked: asked.clone(), cut: false });
        true
    }

    /// Notes that it was found, and tells whether that is all there is.
    fn end(&self, asked: &(Asker, String)) -> bool {
        let thread = std::thread::current().id();
        let mut open = lock(&self.open);
        let place = open.iter().rposition(|open| open.thread == thread && open.asked == *asked);
        place.is_some_and(|place| !open.remove(place).cut)
    }

    fn parsed(&self, asker: Asker, node: &Node, incremental: bool) -> Option<Vec<ResultColumn>> {
        let jinja = self.jinja.upgrade()?;
        let moment = RenderContext { batch: None, incremental, this: node.relation.clone() };
        let text = render::model(&jinja, &self.graph, node, &moment).ok()?;
        let inputs = inputs::of(&self.graph, node, self.database.as_deref());
        let inputs: Vec<_> =
            inputs.into_iter().map(|input| inject::Input { filtered: false, ..input }).collect();
        let within = |filter: &inject::Filter| filter.relation.clone();
        let columns = |id: &str| self.graph.nodes.get(id).and_then(|node| self.of(asker, node));
        let (sql, marks) = (&text.sql, &text.marks);
        let unfiltered = inject::Injection {
            sql,
            marks,
            inputs: &inputs,
            columns: &columns,
            within: &within,
            hidden: &[],
            types: asker == Asker::Template || node.schema_change() != SchemaChange::Ignore,
        };
        inject::filters(&unfiltered, &*inject::parser(&self.parser)).ok()?.columns
    }

    fn unknown(&self, relation: &Relation, node: Option<&Node>) -> Diagnostic {
        let error = Diagnostic::error(format!(
            "the columns of `{relation}` are not known without a warehouse"
        ));
        let catalog = if self.catalog.given {
            "the catalog does not hold them"
        } else {
            "or give dbt's catalog: `--catalog target/catalog.json`"
        };
        match node {
            Some(node) if node.kind == Kind::Source => error.hint(format!(
                "list them under `columns:` of table `{}` in {}, {catalog}",
                node.name, node.file.path
            )),
            Some(node) => error
                .fact(format!("the query of `{}` does not show them", node.name))
                .hint(format!(
                    "list them under `columns:` of `{}` in a properties file, {catalog}",
                    node.name
                )),
            None => error
                .fact("it is no model, seed, snapshot or source of this project")
                .hint(format!("declare it as a source, {catalog}")),
        }
    }
}
