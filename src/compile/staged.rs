//! `--staged`: a backfill that is written next to the tables and published at the end. Takes the
//! selected models; returns their tables and files. A staged model reads the staged rows of other
//! staged models. Rejects models that cannot be staged.

use std::collections::{BTreeMap, BTreeSet};

use super::microbatch::{MicrobatchModel, batch_settings};
use super::{Context, Request, audits};
use crate::calendar::{Window, display_instant};
use crate::codegen::{self, BackfillIdentity, StagedBackfill, StagedTables};
use crate::config::{Materialization, Node, OutsideWindow, SchemaChange, keys};
use crate::diagnostics::{Diagnostic, Diagnostics, Level, collect};
use crate::dialect::{Dialect, Sql};
use crate::graph::Graph;
use crate::inject::{Filter, ResultColumn};
use crate::plan::manifest::{FileEntry, InputEntry, NOT_READ, READ_BY_HOOK, StagedEntry};
use crate::plan::{ExtraFile, StaticStep, StepKind};
use crate::window;

/// The models of a staged backfill: their tables, by unique id.
pub(super) struct StagedModels(BTreeMap<String, StagedTables>);

/// The folders of the files that are not steps.
pub(super) const FOLDERS: [&str; 2] = ["undo", "cleanup"];

/// Returns the tables of the models. Rejects models that cannot be staged.
pub(super) fn stage(
    dialect: &Dialect,
    graph: &Graph,
    selected: &[&Node],
    request: &Request,
) -> Result<StagedModels, Diagnostics> {
    if request.windows.bounds.is_none() {
        return Err(Diagnostic::error("`--staged` needs bounds")
            .hint("add `--event-time-start` and `--event-time-end`")
            .into());
    }
    const WITHOUT: &str = "compile the plan without `--staged`";
    if let Some(reason) = codegen::not_staged(dialect, None) {
        return Err(Diagnostic::error(format!(
            "a backfill cannot be staged on {}: {reason}",
            dialect.name
        ))
        .hint(WITHOUT)
        .into());
    }
    let all = collect(selected.iter(), |node| match &node.materialization {
        Materialization::Ephemeral => Ok(None),
        Materialization::Microbatch(_) => {
            if let Some(reason) = codegen::not_staged(dialect, Some(node)) {
                return Err(refuse(node, reason.to_string()).hint(WITHOUT).into());
            }
            let tables = codegen::staged_tables(dialect, node)?;
            taken(graph, node, &tables)?;
            Ok(Some((node.unique_id.clone(), tables)))
        }
        _ => Err(Diagnostic::error(format!(
            "`{}` cannot be staged: it is not a microbatch model",
            node.name
        ))
        .at(node.file.line(1))
        .hint(format!("exclude it with `--exclude {}`, and build it after publishing", node.name))
        .into()),
    })?;
    Ok(StagedModels(all.into_iter().flatten().collect()))
}

/// A model with the settings of a staged backfill: a column that is no longer in the query stays in
/// the table, since dropping it could not be undone.
pub(super) fn without_drops(node: &Node) -> Node {
    let mut node = node.clone();
    if node.schema_change() == SchemaChange::SyncAllColumns
        && let Some(setting) = node.config.get_mut(keys::ON_SCHEMA_CHANGE.name)
    {
        setting.value = SchemaChange::AppendNewColumns.as_str().into();
    }
    node
}

/// Rejects names of tables that another node of the project has.
fn taken(graph: &Graph, node: &Node, tables: &StagedTables) -> Result<(), Diagnostic> {
    for relation in [&tables.staged, &tables.before, &tables.approved, &tables.published] {
        let name = relation.to_string().to_lowercase();
        let other =
            graph.nodes.values().find(|other| other.relation.to_string().to_lowercase() == name);
        if let Some(other) = other {
            return Err(Diagnostic::error(format!(
                "`{}` cannot be staged: its table `{relation}` is that of `{}`",
                node.name, other.unique_id
            ))
            .at(other.file.line(1))
            .hint("set another `alias` for one of them"));
        }
    }
    Ok(())
}

impl StagedModels {
    pub fn tables(&self, node: &Node) -> Option<&StagedTables> {
        self.0.get(&node.unique_id)
    }

    /// The filter in the query of a staged model, which reads the staged rows.
    pub fn redirected(&self, filter: &Filter) -> Result<Filter, Diagnostic> {
        let Some(StagedTables { target, staged, .. }) = self.0.get(&filter.unique_id) else {
            return Ok(filter.clone());
        };
        let (target, staged) = (target.to_string(), staged.to_string());
        if !filter.relation.contains(&target) {
            return Err(Diagnostic::error(format!(
                "a staged model reads `{target}` by another name, `{}`, so that its staged rows \
                 would not be read",
                filter.relation
            ))
            .hint("use only `ref()`, or compile the models in separate plans"));
        }
        Ok(Filter { relation: filter.relation.replacen(&target, &staged, 1), ..filter.clone() })
    }

    /// The inputs of a staged model, with the staged tables.
    pub fn redirect(&self, entries: &mut [InputEntry]) {
        for entry in entries.iter_mut().filter(|entry| entry.filtered) {
            if let Some(tables) = self.0.get(&entry.unique_id) {
                entry.relation = tables.staged.to_string();
            }
        }
    }

    /// Refuses a model whose query reads its own table, or a staged model outside of the staged
    /// windows, or whose rows outside of the window stay.
    pub fn check(&self, model: &MicrobatchModel, mode: OutsideWindow) -> Result<(), Diagnostics> {
        let MicrobatchModel { node, query, .. } = model;
        if query.reads_self || query.text.reads_this {
            return Err(refuse(node, "its query reads its own table".to_string())
                .hint("compile it in a plan without `--staged`")
                .into());
        }
        if mode == OutsideWindow::Keep {
            return Err(refuse(
                node,
                "it keeps rows outside of the window, but only the windows are published"
                    .to_string(),
            )
            .hint("set `outside_window` to `error` or `drop`")
            .into());
        }
        self.check_indirect_reads(model)?;
        self.check_reads(model)
    }

    /// Refuses a model that reads a staged one through a model that is not staged, or by another
    /// name of its table: it would read the rows that are not yet replaced.
    fn check_indirect_reads(&self, model: &MicrobatchModel) -> Result<(), Diagnostics> {
        let MicrobatchModel { context, node, .. } = model;
        let others = model.entries.iter().filter(|entry| !self.0.contains_key(&entry.unique_id));
        for entry in others.filter(|entry| is_read(entry)) {
            let named =
                self.0.iter().find(|(_, tables)| tables.target.to_string() == entry.relation);
            if let Some((id, tables)) = named {
                return Err(refuse(
                    node,
                    format!(
                        "it reads the table {} as `{}`, so that its staged rows would not be read",
                        tables.target, entry.unique_id
                    ),
                )
                .hint(format!("read it by `ref('{}')`", context.graph.nodes[id].name))
                .into());
            }
            if let Some(staged) = self.staged_ancestor(context.graph, &entry.unique_id) {
                let (input, staged) =
                    (&context.graph.nodes[&entry.unique_id], &context.graph.nodes[staged]);
                return Err(refuse(
                    node,
                    format!(
                        "it reads `{}`, which reads `{}` and is not staged, so that the staged \
                         rows would not be read",
                        input.name, staged.name
                    ),
                )
                .hint(format!("publish `{}` first, in a plan without `{}`", staged.name, node.name))
                .into());
            }
        }
        Ok(())
    }

    /// A staged model that a node reads, directly or not.
    fn staged_ancestor<'b>(&self, graph: &'b Graph, id: &str) -> Option<&'b str> {
        let mut open = vec![id];
        let mut seen = BTreeSet::new();
        while let Some(id) = open.pop() {
            for parent in graph.parents.get(id).into_iter().flatten() {
                if self.0.contains_key(parent) {
                    return Some(parent);
                }
                if seen.insert(parent) {
                    open.push(parent);
                }
            }
        }
        None
    }

    fn check_reads(&self, model: &MicrobatchModel) -> Result<(), Diagnostics> {
        let MicrobatchModel { context, node, request, cover, .. } = model;
        let staged = model.entries.iter().filter(|entry| self.0.contains_key(&entry.unique_id));
        for entry in staged.filter(|entry| is_read(entry)) {
            let input = &context.graph.nodes[&entry.unique_id];
            let alone =
                format!("publish `{}` first, in a plan without `{}`", input.name, node.name);
            if !entry.filtered {
                return Err(refuse(
                    node,
                    format!(
                        "it reads all of `{}`, of which only the windows of this plan are staged",
                        input.name
                    ),
                )
                .hint(alone)
                .into());
            }
            let Some(settings) = input.microbatch() else { continue };
            let other = window::cover(&batch_settings(input, settings, false), &request.windows)?;
            let staged: Vec<Window> = other.runs().iter().map(|run| other.range(run)).collect();
            let is_staged = |window: &&Window| {
                staged.iter().any(|run| run.start <= window.start && window.end <= run.end)
            };
            if let Some(window) = cover.windows.iter().find(|window| !is_staged(window)) {
                let display = |at| display_instant(at, settings.timezone);
                let runs = staged
                    .iter()
                    .map(|run| format!("{} until {}", display(run.start), display(run.end)));
                return Err(refuse(
                    node,
                    format!(
                        "a batch reads `{}` from {} until {}, but only {} is staged",
                        input.name,
                        display(window.start),
                        display(window.end),
                        runs.collect::<Vec<_>>().join(", ")
                    ),
                )
                .hint(format!("use bounds that are whole batches of `{}`", node.name))
                .hint(alone)
                .into());
            }
        }
        Ok(())
    }
}

/// Whether the query reads the input, and not only a hook.
fn is_read(entry: &InputEntry) -> bool {
    ![Some(READ_BY_HOOK), Some(NOT_READ)].contains(&entry.whole_because.as_deref())
}

fn refuse(node: &Node, why: String) -> Diagnostic {
    Diagnostic::error(format!("`{}` cannot be staged: {why}", node.name)).at(node.file.line(1))
}

/// The files of a staged model other than its batches.
pub(super) struct StagedFiles {
    pub create: String,
    pub audit: StaticStep,
    pub publish: StaticStep,
    pub extra: Vec<ExtraFile>,
    pub entry: StagedEntry,
}

/// Generates them. `shape` is the query whose columns the table has; `alter` has the statements
/// that adapt the table's columns.
pub(super) fn files(
    model: &MicrobatchModel,
    mode: OutsideWindow,
    tables: &StagedTables,
    shape: &str,
    alter: &Sql,
) -> Result<StagedFiles, Diagnostics> {
    let MicrobatchModel { context, node, settings, cover, .. } = model;
    let dialect = context.dialect;
    let Some(columns) = known_columns(model) else {
        return Err(Diagnostic::error(format!(
            "`{}` cannot be staged: the columns of its query are unknown",
            node.name
        ))
        .at(node.file.line(1))
        .hint("name the columns in the last `select` instead of `*`, or give `--catalog`")
        .into());
    };
    let identity = BackfillIdentity {
        target: &tables.target,
        settings,
        mode,
        cover,
        columns: &columns,
        query: &model.query.sql,
    };
    let backfill = StagedBackfill { dialect, node, tables, columns: &columns, identity: &identity };
    let folder = &context.folders[&node.unique_id];
    let [undo, cleanup] = FOLDERS.map(|name| format!("{name}/{folder}.sql"));
    let entry = StagedEntry {
        table: tables.staged.to_string(),
        before: tables.before.to_string(),
        backfill: identity.undone_by(dialect)?,
        atomic: codegen::publish_is_atomic(dialect),
        undo: FileEntry::unhashed(&undo),
        cleanup: FileEntry::unhashed(&cleanup),
    };
    let step = |kind, text| StaticStep { kind, text };
    Ok(StagedFiles {
        create: backfill.create(shape, alter)?,
        audit: step(StepKind::StagedAudit, audits::staged_audit(model, mode, tables, &identity)?),
        publish: step(StepKind::Publish, backfill.publish()?),
        extra: vec![
            ExtraFile { file: undo, text: backfill.undo()? },
            ExtraFile { file: cleanup, text: backfill.cleanup()? },
        ],
        entry,
    })
}

fn known_columns(model: &MicrobatchModel) -> Option<Vec<ResultColumn>> {
    let (columns, is_complete) = audits::columns(model);
    columns.filter(|_| is_complete)
}

/// Notes about a staged model.
pub(super) fn notes(context: &Context, node: &Node) -> Option<Diagnostic> {
    let original = context.graph.nodes.get(&node.unique_id)?;
    (original.schema_change() == SchemaChange::SyncAllColumns).then(|| {
        Diagnostic::new(
            Level::Note,
            format!(
                "columns that the query of `{}` no longer has stay in its table: a staged backfill \
                 only adds columns",
                node.name
            ),
        )
    })
}
