//! Reads `manifest.json` for a run, a page or a comparison. Streams its steps and stores each
//! compactly, since a plan may have a million steps.

use std::collections::BTreeSet;
use std::fmt;
use std::io::Read;
use std::sync::Arc;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use xxhash_rust::xxh3::Xxh3;

use super::Sha256;
use super::StepKind;
use super::manifest::{About, Manifest, ModelEntry, SCHEMA_VERSION, StepEntry};
use crate::calendar::{Instant, parse_instant};
use crate::diagnostics::Diagnostic;

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
    fn new(
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

/// The manifest without its steps.
#[derive(Clone, Debug)]
pub struct ManifestHead {
    pub about: About,
    pub models: Vec<ModelEntry>,
}

/// Reads a manifest; `name` is the name of its file in messages.
pub fn read(input: impl Read, name: &str) -> Result<Manifest, Diagnostic> {
    let mut steps = Vec::new();
    let mut names = SharedNames::default();
    let mut each =
        |entry: &StepEntry| PlannedStep::new(entry, &mut names, true).map(|step| steps.push(step));
    let ManifestHead { about, models } = stream(input, name, &mut each)?;
    steps.shrink_to_fit();
    Ok(Manifest { about, models, steps })
}

/// Reads a manifest and passes each step to `take`, without storing the steps.
pub fn each_step(
    input: impl Read,
    name: &str,
    take: &mut dyn FnMut(PlannedStep),
) -> Result<ManifestHead, Diagnostic> {
    let mut names = SharedNames::default();
    stream(input, name, &mut |entry| PlannedStep::new(entry, &mut names, false).map(&mut *take))
}

/// The error for an invalid `manifest.json`, which all commands share.
pub fn broken_manifest(name: &str, error: &serde_json::Error) -> Diagnostic {
    let folder = folder_of(name);
    Diagnostic::error(format!("`{name}` is not a plan's manifest: {error}")).hint(format!(
        "if `{folder}` has a plan, remove the folder and compile again; if not, use another \
         folder with `--plan DIR`"
    ))
}

type Take<'t> = &'t mut dyn FnMut(&StepEntry) -> Result<(), String>;

fn stream(input: impl Read, name: &str, take: Take) -> Result<ManifestHead, Diagnostic> {
    let mut json = serde_json::Deserializer::from_reader(input);
    let head = HeadSeed(take).deserialize(&mut json).and_then(|head| json.end().map(|()| head));
    let head = head.map_err(|error| broken_manifest(name, &error))?;
    match head.about.schema_version {
        SCHEMA_VERSION => Ok(head),
        other => Err(Diagnostic::error(format!(
            "the plan has manifest version {other}, but this batchwright supports version \
            {SCHEMA_VERSION}"
        ))
        .fact(format!("the version is in `{name}`"))
        .hint("compile the plan again")),
    }
}

fn folder_of(manifest: &str) -> &str {
    manifest.rsplit_once('/').map_or(".", |(folder, _)| folder)
}

struct HeadSeed<'t>(Take<'t>);

impl<'de> DeserializeSeed<'de> for HeadSeed<'_> {
    type Value = ManifestHead;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<ManifestHead, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for HeadSeed<'_> {
    type Value = ManifestHead;

    fn expecting(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.write_str("a manifest")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ManifestHead, A::Error> {
        let mut about = serde_json::Map::new();
        let (mut models, mut has_steps) = (None, false);
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "models" => models = Some(map.next_value()?),
                "steps" => {
                    // Skip the steps of another version, which may have another schema. The version
                    // comes first.
                    let version = about.get("schema_version").and_then(serde_json::Value::as_u64);
                    if version.is_some_and(|version| version != u64::from(SCHEMA_VERSION)) {
                        map.next_value::<IgnoredAny>()?;
                    } else {
                        map.next_value_seed(StepsSeed(&mut *self.0))?;
                    }
                    has_steps = true;
                }
                _ => drop(about.insert(key, map.next_value()?)),
            }
        }
        if !has_steps {
            return Err(A::Error::missing_field("steps"));
        }
        let about = serde_json::from_value(about.into()).map_err(A::Error::custom)?;
        Ok(ManifestHead { about, models: models.ok_or_else(|| A::Error::missing_field("models"))? })
    }
}

struct StepsSeed<'t, 'f>(&'t mut (dyn FnMut(&StepEntry) -> Result<(), String> + 'f));

impl<'de> DeserializeSeed<'de> for StepsSeed<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for StepsSeed<'_, '_> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.write_str("a list of steps")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut steps: A) -> Result<(), A::Error> {
        while let Some(entry) = steps.next_element::<StepEntry>()? {
            (self.0)(&entry).map_err(A::Error::custom)?;
        }
        Ok(())
    }
}
