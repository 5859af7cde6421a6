//! The steps of a written plan, as in its manifest, and stored compactly: a plan may have a million
//! steps.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

use super::{Sha256, StepKind};
use crate::calendar::{Instant, parse_instant};

/// One file of the plan.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct StepEntry {
    pub id: String,
    pub model: String,
    pub kind: StepKind,
    /// Relative to the manifest.
    pub file: String,
    /// SHA-256 of the file in hexadecimal digits.
    pub sha256: String,
    /// SHA-256 of the file without its ledger row, as in the row; only in a plan with a ledger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement_sha256: Option<String>,
    /// UTC, RFC 3339; only for a batch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_time_start: Option<String>,
    /// Exclusive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_time_end: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chunk: Option<String>,
    /// Whether its statements change the session of its client, so that no other step may run in
    /// this session.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub changes_session: bool,
    /// Ids of steps, or a model's unique id for all of its steps.
    pub depends_on: Vec<String>,
}

/// A step of a plan. Repeated names are shared.
#[derive(Clone, Debug)]
pub struct PlannedStep {
    pub id: Arc<str>,
    pub model: Arc<str>,
    pub kind: StepKind,
    pub file: StepFile,
    pub sha256: Sha256,
    /// The hash of the file without its ledger row, in a plan with a ledger.
    pub statement_sha256: Option<Sha256>,
    /// Only for a batch.
    pub event_time_start: Option<Instant>,
    /// Exclusive.
    pub event_time_end: Option<Instant>,
    pub chunk: Option<Arc<str>>,
    pub changes_session: bool,
    pub depends_on: Box<[Arc<str>]>,
}

/// The path of a step's file, relative to the plan's folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StepFile {
    /// The folder and the id of the step; the part after `@` is the file's name.
    Named(Arc<str>, Arc<str>),
    Path(Box<str>),
}

impl fmt::Display for StepFile {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StepFile::Named(folder, id) => write!(out, "{folder}/{}.sql", label(id)),
            StepFile::Path(path) => out.write_str(path),
        }
    }
}

/// The part of a step's id after the model: `2024-09-01`, `create`.
pub fn label(id: &str) -> &str {
    id.rsplit_once('@').map_or(id, |(_, label)| label)
}

/// Interned names.
#[derive(Default)]
pub struct SharedNames(BTreeSet<Arc<str>>);

impl SharedNames {
    pub fn share(&mut self, name: &str) -> Arc<str> {
        match self.0.get(name) {
            Some(known) => known.clone(),
            None => {
                let name: Arc<str> = name.into();
                self.0.insert(name.clone());
                name
            }
        }
    }
}

impl PlannedStep {
    /// Whether the files of two steps are equal, without their ledger rows if both have one.
    pub fn has_equal_file(&self, other: &PlannedStep) -> bool {
        match self.statement_sha256.is_some() == other.statement_sha256.is_some() {
            true => self.statement_sha256() == other.statement_sha256(),
            false => self.sha256 == other.sha256,
        }
    }

    /// The hash of the file without its ledger row.
    pub fn statement_sha256(&self) -> Sha256 {
        self.statement_sha256.unwrap_or(self.sha256)
    }

    /// Converts an entry of the manifest. `shares_ids`: whether other steps refer to this one.
    pub(super) fn new(
        entry: &StepEntry,
        names: &mut SharedNames,
        shares_ids: bool,
    ) -> Result<PlannedStep, String> {
        let time = |text: &Option<String>| match text {
            None => Ok(None),
            Some(text) => match parse_instant(text) {
                Some(at) => Ok(Some(at)),
                None => Err(format!("`{text}` is not an RFC 3339 time")),
            },
        };
        let id: Arc<str> =
            if shares_ids { names.share(&entry.id) } else { entry.id.as_str().into() };
        let mut shared =
            |name: &String| if shares_ids { names.share(name) } else { name.as_str().into() };
        let depends_on = entry.depends_on.iter().map(&mut shared).collect();
        let by_id = entry
            .file
            .strip_suffix(".sql")
            .and_then(|path| path.rsplit_once('/'))
            .filter(|(_, name)| *name == label(&id));
        let file = match by_id {
            Some((folder, _)) => StepFile::Named(names.share(folder), id.clone()),
            None => StepFile::Path(entry.file.as_str().into()),
        };
        Ok(PlannedStep {
            model: names.share(&entry.model),
            kind: entry.kind,
            file,
            sha256: Sha256::parse(&entry.sha256).ok_or_else(|| {
                format!("`{}` of `{}` is not a SHA-256 hash", entry.sha256, entry.id)
            })?,
            statement_sha256: entry.statement_sha256.as_deref().and_then(Sha256::parse),
            event_time_start: time(&entry.event_time_start)?,
            event_time_end: time(&entry.event_time_end)?,
            chunk: entry.chunk.as_ref().map(|chunk| names.share(chunk)),
            changes_session: entry.changes_session,
            depends_on,
            id,
        })
    }
}

/// The fingerprint of a plan: a hash of the ids and the contents of its steps in their order,
/// without ledger rows. It does not depend on the request.
#[derive(Default)]
pub struct PlanFingerprint(Xxh3);

impl PlanFingerprint {
    pub fn of(steps: &[PlannedStep]) -> String {
        let mut fingerprint = PlanFingerprint::default();
        steps.iter().for_each(|step| fingerprint.add(step));
        fingerprint.finish()
    }

    pub fn add(&mut self, step: &PlannedStep) {
        self.add_step(&step.id, step.statement_sha256());
    }

    /// Adds a step. `statement_sha256` is the hash of its file without its ledger row.
    pub fn add_step(&mut self, id: &str, statement_sha256: Sha256) {
        self.0.update(id.as_bytes());
        self.0.update(statement_sha256.bytes());
    }

    pub fn finish(&self) -> String {
        format!("{:032x}", self.0.digest128())
    }
}
