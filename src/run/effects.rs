//! Checks, before steps run, which tables exist: those of finished create steps when a run is
//! continued, and those of the old rows before a backfill is undone. A table is missing only if the
//! client says so; another error of the query stops the command.

use std::sync::LazyLock;

use minijinja::Value;

use super::client::{Client, ClientSession};
use super::error_patterns::ErrorPatterns;
use super::history::History;
use super::journal;
use crate::config::name_of;
use crate::diagnostics::{Diagnostic, Diagnostics, Level};
use crate::plan::StepKind;
use crate::plan::manifest::{Manifest, ModelEntry, PlannedStep};

/// Why the steps cannot run.
pub enum EffectsError {
    /// A table is missing, so the request cannot be carried out.
    Missing(Diagnostics),
    /// A query failed in another way, so it is unknown whether a table exists.
    Unknown(Diagnostic),
}

impl From<Diagnostic> for EffectsError {
    fn from(error: Diagnostic) -> EffectsError {
        EffectsError::Unknown(error)
    }
}

/// The result of a query on a relation.
#[derive(Debug, PartialEq, Eq)]
pub enum RelationLookup {
    Exists,
    /// The client's message that the relation does not exist.
    Missing(String),
    /// The client's message about another error.
    Failed(String),
}

impl RelationLookup {
    /// The message if the relation is missing; an error if that is unknown.
    fn missing(self, relation: &str) -> Result<Option<String>, Diagnostic> {
        match self {
            RelationLookup::Exists => Ok(None),
            RelationLookup::Missing(message) => Ok(Some(message)),
            RelationLookup::Failed(message) => Err(unknown_relation(relation, &message)),
        }
    }
}

/// The error for a relation that may exist or not.
fn unknown_relation(relation: &str, message: &str) -> Diagnostic {
    let error = Diagnostic::error(format!(
        "the client did not answer whether table `{relation}` exists, so no step was run"
    ));
    message
        .lines()
        .take(6)
        .fold(error, Diagnostic::note)
        .hint("correct the error, and run the same command again")
}

/// Refuses to continue if a table is missing. Runs one query for each model that has steps to run
/// and a finished create step.
pub fn check(
    client: &Client,
    manifest: &Manifest,
    selected: &[bool],
    history: &History,
    session: &mut Option<ClientSession>,
) -> Result<(), EffectsError> {
    let mut errors = Diagnostics::default();
    for model in &manifest.models {
        let mut steps =
            manifest.steps.iter().zip(selected).filter(|(step, _)| *step.model == *model.unique_id);
        let create =
            steps.clone().find(|(step, selected)| step.kind == StepKind::Create && !**selected);
        let Some((create, _)) = create.filter(|_| steps.any(|(_, selected)| *selected)) else {
            continue;
        };
        // An interrupted swap may have renamed the table. Either name is correct, and the swap can
        // be repeated.
        if manifest.steps.iter().any(|step| is_swap(step, model) && history.uncertain(step)) {
            continue;
        }
        let swapped = manifest
            .steps
            .iter()
            .zip(selected)
            .any(|(step, selected)| is_swap(step, model) && !selected);
        let shadow = model
            .microbatch
            .as_ref()
            .and_then(|microbatch| microbatch.shadow.as_deref())
            .filter(|_| !swapped);
        let relation = shadow.unwrap_or(&model.relation);
        if let Some(output) = lookup(client, relation, session)?.missing(relation)? {
            let mut error = Diagnostic::error(format!(
                "table `{relation}` not found, although `{}` is done",
                create.id
            ));
            for line in output.lines().take(6) {
                error = error.note(line);
            }
            errors.0.push(error.hint(format!(
                "to create it again and run all of its steps: `batchwright retry --from {}`",
                create.id
            )));
        }
    }
    if errors.0.is_empty() { Ok(()) } else { Err(EffectsError::Missing(errors)) }
}

/// The models whose old rows do not exist since they were never published, with a warning for
/// each. An error if that is true of all models, and if the journal does not show it of one: then
/// only a part of the backfill would be taken back.
pub fn without_old_rows(
    client: &Client,
    manifest: &Manifest,
    history: &History,
    session: &mut Option<ClientSession>,
) -> Result<Vec<(String, Diagnostic)>, EffectsError> {
    let mut unpublished = Vec::new();
    let mut lost = Vec::new();
    let mut is_any_published = false;
    for model in &manifest.models {
        let Some(staged) = &model.staged else { continue };
        let output = lookup(client, &staged.before, session)?.missing(&staged.before)?;
        let Some(output) = output else {
            is_any_published = true;
            continue;
        };
        let (name, before) = (name_of(&model.unique_id), &staged.before);
        let error = |message: String| {
            output.lines().take(6).fold(Diagnostic::error(message), Diagnostic::note)
        };
        if history.is_published(&model.unique_id) {
            lost.push(error(format!(
                "`{name}` is published and cannot be undone: `{before}`, the table of its old \
                 rows, is missing"
            )));
            continue;
        }
        let error = error(format!(
            "nothing to undo of `{name}`: `{before}`, the table of the old rows, is missing"
        ));
        match history.first.is_some() {
            true => unpublished.push((model.unique_id.clone(), error)),
            false => lost.push(
                error.note("the journal has no run of this plan, so it may have been published"),
            ),
        }
    }
    if is_any_published && lost.is_empty() {
        let warning = |(model, error)| (model, Diagnostic { level: Level::Warning, ..error });
        return Ok(unpublished.into_iter().map(warning).collect());
    }
    if is_any_published {
        let errors = lost.into_iter().map(|error| {
            error
                .note("no other model was undone either, since it would not fit this one")
                .hint("to keep what is published: `batchwright cleanup`")
                .hint("to write other rows: `batchwright compile --staged`, run and publish again")
        });
        return Err(EffectsError::Missing(Diagnostics(errors.collect())));
    }
    let errors = unpublished.into_iter().map(|(_, error)| error).chain(lost).map(|error| {
        error
            .hint(
                "`batchwright publish` makes it, and `batchwright cleanup` drops it: after that \
                 the old rows cannot be put back",
            )
            .hint("to write other rows: `batchwright compile --staged`, run and publish again")
    });
    Err(EffectsError::Missing(Diagnostics(errors.collect())))
}

/// Queries a relation.
pub fn lookup(
    client: &Client,
    relation: &str,
    session: &mut Option<ClientSession>,
) -> Result<RelationLookup, Diagnostic> {
    let query = client
        .dialect
        .sql("probe_relation", &[("relation", Value::from_safe_string(relation.to_string()))])?
        .0;
    let file = journal::scratch(&query)?;
    let result = client.run_step(file.path(), query.as_bytes(), session)?;
    if result.done {
        return Ok(RelationLookup::Exists);
    }
    let message = super::entry::words(result.reason.as_deref(), &result.stderr, &result.stdout);
    Ok(match MISSING.matches(&client.argv, client.dialect, &message) {
        true => RelationLookup::Missing(message),
        false => RelationLookup::Failed(message),
    })
}

/// The messages that say that a relation does not exist.
static MISSING: LazyLock<ErrorPatterns> =
    LazyLock::new(|| ErrorPatterns::read(include_str!("missing_relations.txt")));

fn is_swap(step: &PlannedStep, model: &ModelEntry) -> bool {
    step.kind == StepKind::Swap && *step.model == *model.unique_id
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect;

    #[test]
    fn only_the_client_says_that_a_relation_is_missing() {
        let is_missing = |client: &str, dialect: &str, message: &str| {
            MISSING.matches(&[client.to_string()], &dialect::named(dialect).unwrap(), message)
        };
        for (client, dialect, message) in [
            ("psql", "postgres", "exit code 3\nERROR:  relation \"a.b\" does not exist\nLINE 1:"),
            ("duckdb", "duckdb", "Catalog Error:\nTable with name b does not exist!"),
            ("sqlite3", "sqlite", "Parse error near line 1: no such table: analytics.b"),
            ("mariadb", "mariadb", "ERROR 1146 (42S02) at line 1: Table 'a.b' doesn't exist"),
            ("my-client", "postgres", "ERROR:  relation \"b\" does not exist"),
        ] {
            assert!(is_missing(client, dialect, message), "{message}");
        }
        for (client, dialect, message) in [
            ("psql", "postgres", "ERROR:  canceling statement due to lock timeout"),
            ("psql", "postgres", "ERROR:  permission denied for table b"),
            ("psql", "postgres", "FATAL:  database \"shop\" does not exist"),
            ("psql", "postgres", "no such table: b"),
            ("mariadb", "mariadb", "ERROR 1049 (42000): Unknown database 'shop'"),
            ("duckdb", "duckdb", "IO Error: Could not set lock on file"),
            ("psql", "postgres", ""),
        ] {
            assert!(!is_missing(client, dialect, message), "{message}");
        }
    }
}
