//! The columns of relations, without a warehouse: from dbt's catalog, else from the project: an
//! enforced contract, the header of a seed, the projection of a model's query, or the declared
//! columns.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::ThreadId;

use crate::codegen;
use crate::config::{Kind, Materialization, Node, SchemaChange, keys};
use crate::diagnostics::Diagnostic;
use crate::dialect::{Case, Dialect, fold_case};
use crate::graph::Graph;
use crate::inject::{self, ResultColumn};
use crate::jinja::{CatalogColumn, Jinja, Relation, RelationCatalog};
use crate::project::{self, Catalog, Project};
use crate::render::{self, RenderContext};

use super::inputs;

/// The columns of the relations of a project.
pub struct Columns {
    catalog: Catalog,
    /// Whether the project has recorded query results of a warehouse. Then its relations count as
    /// existing.
    recorded: bool,
    graph: Arc<Graph>,
    /// Weak, since the Jinja environment holds a reference to this.
    jinja: Weak<Jinja>,
    /// The database of the target, which applies to plain names without one.
    database: Option<String>,
    parser: String,
    case: Case,
    /// Whether the names of a seed's columns keep their case if it does not set `quote_columns`.
    seeds_keep_case: bool,
    by_relation: BTreeMap<[String; 3], String>,
    /// Results, so that each model is rendered and parsed once for each purpose.
    cache: Mutex<BTreeMap<ProjectionKey, Option<Vec<ResultColumn>>>>,
    /// Projections that are being computed. A model that depends on its own columns has none.
    in_progress: Mutex<Vec<InProgress>>,
}

/// The purpose of a projection, and the unique id of the model.
type ProjectionKey = (Purpose, String);

struct InProgress {
    thread: ThreadId,
    key: ProjectionKey,
    /// Whether the result is incomplete because it depends on itself. Such a result is not cached.
    is_incomplete: bool,
}

/// The purpose of columns. A template uses the best available information; a statement that lists
/// columns uses only certain information.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Purpose {
    Template,
    Statement,
}

/// The parts of a relation's name in lower case.
fn relation_key(relation: &Relation) -> [String; 3] {
    let part = |part: &Option<String>| part.as_deref().unwrap_or_default().to_lowercase();
    [part(&relation.database), part(&relation.schema), relation.identifier.to_lowercase()]
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl RelationCatalog for Columns {
    fn columns(&self, relation: &Relation) -> Result<Vec<CatalogColumn>, Diagnostic> {
        let key = relation_key(relation);
        if let Some(columns) =
            self.catalog.relations.get(&key).filter(|columns| !columns.is_empty())
        {
            return Ok(columns
                .iter()
                .map(|(name, data_type)| CatalogColumn {
                    name: name.clone(),
                    data_type: data_type.clone(),
                })
                .collect());
        }
        let node = self.by_relation.get(&key).and_then(|id| self.graph.nodes.get(id));
        if let Some(node) = node
            && let Some(columns) = self.columns_of(Purpose::Template, node)
        {
            let name_of = |column: &ResultColumn| {
                if column.quoted { column.name.clone() } else { fold_case(self.case, &column.name) }
            };
            let known = columns.iter().map(|column| {
                let declared = node
                    .columns
                    .iter()
                    .find(|declared| declared.identifier().0.eq_ignore_ascii_case(&column.name));
                let declared = declared.and_then(|declared| declared.data_type.clone());
                let data_type = declared
                    .or_else(|| node.configured_type(&column.name).map(str::to_string))
                    .or_else(|| column.data_type.clone());
                CatalogColumn { name: name_of(column), data_type }
            });
            return Ok(known.collect());
        }
        Err(self.unknown(relation, node))
    }

    fn exists(&self, relation: &Relation) -> bool {
        let key = relation_key(relation);
        self.catalog.relations.contains_key(&key)
            || (self.recorded && self.by_relation.contains_key(&key))
    }
}

impl Columns {
    /// Collects the sources of columns of a project.
    pub fn new(project: &Project, graph: &Arc<Graph>, dialect: &Dialect) -> Columns {
        let by_relation = graph
            .nodes
            .values()
            .map(|node| (relation_key(&node.relation), node.unique_id.clone()))
            .collect();
        Columns {
            catalog: project.catalog.clone(),
            recorded: project.has_recorded_results,
            graph: graph.clone(),
            jinja: Arc::downgrade(&project.jinja),
            database: project.target.database.clone(),
            parser: dialect.syntax.parser.clone(),
            case: dialect.names.case,
            seeds_keep_case: dialect.names.seed_columns_quoted
                && !dialect.catalog.columns_in_lower_case,
            by_relation,
            cache: Mutex::default(),
            in_progress: Mutex::default(),
        }
    }

    /// The columns of a model's query, if they are known.
    pub fn projection(&self, node: &Node) -> Option<Vec<ResultColumn>> {
        self.projected(Purpose::Statement, node)
    }

    /// The columns of a model's query if `is_incremental()` is true.
    pub fn incremental_projection(&self, node: &Node) -> Option<Vec<ResultColumn>> {
        self.parsed(Purpose::Statement, node, true)
    }

    /// The columns of a node's table in dbt's catalog or the file of `--columns`.
    pub fn catalogued(&self, node: &Node) -> Option<Vec<ResultColumn>> {
        let columns = self
            .catalog
            .relations
            .get(&relation_key(&node.relation))
            .filter(|columns| !columns.is_empty())?;
        let column = |(name, data_type): &(String, Option<String>)| ResultColumn {
            data_type: data_type.clone(),
            ..ResultColumn::named(name, fold_case(self.case, name) != *name)
        };
        Some(columns.iter().map(column).collect())
    }

    /// Whether the file of `--columns` says that a node's table does not exist.
    pub fn is_missing(&self, node: &Node) -> bool {
        self.catalog.missing.contains(&relation_key(&node.relation))
    }

    /// The columns of a model's query over the declared columns of its inputs, or the declared
    /// columns of the model.
    pub fn declared(&self, node: &Node) -> Option<Vec<ResultColumn>> {
        self.columns_of(Purpose::Template, node)
    }

    /// The columns of a relation, for `select *` over it.
    pub fn certain(&self, id: &str) -> Option<Vec<ResultColumn>> {
        self.columns_of(Purpose::Statement, self.graph.nodes.get(id)?)
    }

    /// The columns of a node, in order: the declared ones under an enforced contract, else the
    /// projection of its query. Declared columns without a contract may be incomplete, and an
    /// incremental table may have more columns than its query: both are used only for templates.
    fn columns_of(&self, purpose: Purpose, node: &Node) -> Option<Vec<ResultColumn>> {
        let enforced = node.enforced_contract().is_some();
        let declared = || {
            node.columns
                .iter()
                .map(|column| ResultColumn::named(&column.name, column.quote))
                .collect()
        };
        let declared =
            || Some(declared()).filter(|columns: &Vec<ResultColumn>| !columns.is_empty());
        match purpose {
            Purpose::Template if node.kind == Kind::Source && self.catalogued(node).is_some() => {
                self.catalogued(node)
            }
            Purpose::Statement if enforced && !node.columns.is_empty() => declared(),
            Purpose::Statement
                if !matches!(
                    node.materialization,
                    Materialization::View | Materialization::Table
                ) =>
            {
                None
            }
            Purpose::Statement => self.projected(purpose, node),
            Purpose::Template if node.kind == Kind::Seed => self.of_seed(node),
            Purpose::Template if enforced || node.kind != Kind::Model => declared(),
            Purpose::Template => self.projected(purpose, node).or_else(declared),
        }
    }

    /// The columns in the first line of a seed's file.
    fn of_seed(&self, node: &Node) -> Option<Vec<ResultColumn>> {
        let delimiter = codegen::seed_delimiter(node).ok()?;
        let quoted = node.get(keys::QUOTE_COLUMNS).unwrap_or(self.seeds_keep_case);
        let names = project::header(&node.file.text, delimiter);
        let names = names.into_iter().map(|name| ResultColumn::named(name, quoted));
        Some(names.collect()).filter(|names: &Vec<_>| !names.is_empty())
    }

    fn projected(&self, purpose: Purpose, node: &Node) -> Option<Vec<ResultColumn>> {
        let key = (purpose, node.unique_id.clone());
        if let Some(columns) = lock(&self.cache).get(&key) {
            return columns.clone();
        }
        if !self.begin(&key) {
            return None;
        }
        let columns = self.parsed(purpose, node, false);
        if self.end(&key) {
            lock(&self.cache).insert(key, columns.clone());
        }
        columns
    }

    /// Marks a projection as in progress on this thread. Returns false if it already is.
    fn begin(&self, key: &(Purpose, String)) -> bool {
        let thread = std::thread::current().id();
        let mut open = lock(&self.in_progress);
        let mut from_key = open
            .iter_mut()
            .filter(|open| open.thread == thread)
            .skip_while(|open| open.key != *key);
        if from_key.next().is_some() {
            from_key.for_each(|open| open.is_incomplete = true);
            return false;
        }
        open.push(InProgress { thread, key: key.clone(), is_incomplete: false });
        true
    }

    /// Removes the mark. Returns true if the result is complete.
    fn end(&self, key: &(Purpose, String)) -> bool {
        let thread = std::thread::current().id();
        let mut open = lock(&self.in_progress);
        let index = open.iter().rposition(|open| open.thread == thread && open.key == *key);
        index.is_some_and(|index| !open.remove(index).is_incomplete)
    }

    fn parsed(
        &self,
        purpose: Purpose,
        node: &Node,
        incremental: bool,
    ) -> Option<Vec<ResultColumn>> {
        let jinja = self.jinja.upgrade()?;
        let render_context =
            RenderContext { batch: None, incremental, this: node.relation.clone() };
        let text = render::model(&jinja, &self.graph, node, &render_context).ok()?;
        let inputs = inputs::query_inputs(&self.graph, node, self.database.as_deref());
        let inputs: Vec<_> =
            inputs.into_iter().map(|input| inject::Input { filtered: false, ..input }).collect();
        let within = |filter: &inject::Filter| filter.relation.clone();
        let columns =
            |id: &str| self.graph.nodes.get(id).and_then(|node| self.columns_of(purpose, node));
        let (sql, marks) = (&text.sql, &text.marks);
        let unfiltered = inject::Injection {
            sql,
            marks,
            inputs: &inputs,
            columns: &columns,
            within: &within,
            hidden: &[],
            types: purpose == Purpose::Template || node.schema_change() != SchemaChange::Ignore,
        };
        inject::filters(&unfiltered, &*inject::parser(&self.parser)).ok()?.columns
    }

    fn unknown(&self, relation: &Relation, node: Option<&Node>) -> Diagnostic {
        let error = Diagnostic::error(format!(
            "the columns of `{relation}` are unknown without a warehouse"
        ));
        let catalog = if self.catalog.is_given {
            "the catalog does not contain them"
        } else {
            "or pass dbt's catalog: `--catalog target/catalog.json`"
        };
        match node {
            Some(node) if node.kind == Kind::Source => error.hint(format!(
                "list them under `columns:` of table `{}` in {}, {catalog}",
                node.name, node.file.path
            )),
            Some(node) => error
                .note(format!("they cannot be derived from the query of `{}`", node.name))
                .hint(format!(
                    "list them under `columns:` of `{}` in a properties file, {catalog}",
                    node.name
                )),
            None => error
                .note("it is not a model, seed, snapshot or source of this project")
                .hint(format!("declare it as a source, {catalog}")),
        }
    }
}
