//! Reads `manifest.json` for a run, a page or a comparison. Streams its steps, since a plan may
//! have a million steps.

use std::fmt;
use std::io::Read;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::manifest::{About, Manifest, ModelEntry, SCHEMA_VERSION};
use super::planned::{PlannedStep, SharedNames, StepEntry};
use crate::diagnostics::Diagnostic;

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
        .note(format!("the version is in `{name}`"))
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
