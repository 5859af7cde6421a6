//! What is in the plan's folder already. Refuses a folder that holds anything but a plan; knows which files need not be written again.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::Path;

use serde::Deserialize;
use serde::de::{Deserializer, SeqAccess, Visitor};

use super::{GENERATOR, MANIFEST, Marks, Seal, Sha256, files, listed};
use crate::diagnostics::Diagnostic;
use crate::plan::Plan;
use crate::project::STATE;

/// The plan that is there, or none.
#[derive(Default)]
pub struct There {
    /// The files' hashes by their names, in the order of these.
    shas: Vec<(Box<str>, Sha256)>,
    /// If nobody has touched the manifest since it was sealed.
    seal: Option<Seal>,
    /// The folders of models that are just those of the plan that is to be written, as far as nobody has touched their files.
    same: BTreeSet<String>,
}

/// What must be known of an old manifest, whatever its version.
#[derive(Deserialize)]
struct Old {
    generator: String,
    #[serde(default)]
    models: Vec<OldModel>,
    #[serde(deserialize_with = "hashes")]
    steps: Vec<(Box<str>, Sha256)>,
}

#[derive(Deserialize)]
struct OldModel {
    audit: Option<OldFile>,
}

#[derive(Deserialize)]
struct OldFile {
    file: String,
    sha256: String,
}

impl OldFile {
    fn hash(self) -> (Box<str>, Sha256) {
        (self.file.into_boxed_str(), Sha256::parse(&self.sha256).unwrap_or_default())
    }
}

/// The steps one after the other, none of them kept.
fn hashes<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<(Box<str>, Sha256)>, D::Error> {
    struct Each;
    impl<'de> Visitor<'de> for Each {
        type Value = Vec<(Box<str>, Sha256)>;

        fn expecting(&self, out: &mut std::fmt::Formatter) -> std::fmt::Result {
            out.write_str("a list of steps")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut steps: A) -> Result<Self::Value, A::Error> {
            let mut shas = Vec::new();
            while let Some(step) = steps.next_element::<OldFile>()? {
                shas.push(step.hash());
            }
            Ok(shas)
        }
    }
    from.deserialize_seq(Each)
}

/// Looks at the folder in which a plan is to be.
pub fn look(folder: &Path, plan: &Plan, marks: &Marks) -> Result<There, Diagnostic> {
    let said = |what: String| {
        Err(Diagnostic::error(format!("`{}` {what}, so it is not replaced", folder.display()))
            .hint("name another folder with `--plan`, or empty this one yourself"))
    };
    let first = match fs::read_dir(folder) {
        Ok(entries) => entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).min(),
        Err(wrong) if wrong.kind() == io::ErrorKind::NotFound => None,
        Err(wrong) => return said(format!("cannot be read ({wrong})")),
    };
    let Some(first) = first else { return Ok(There::default()) };
    let Ok(manifest) = File::open(folder.join(MANIFEST)) else {
        return said(format!("is not a plan: it holds `{first}` and no `{MANIFEST}`"));
    };
    let seal = Seal::of(folder).filter(|seal| manifest.metadata().is_ok_and(|about| seal.holds(&about)));
    let old: Old = match read(manifest) {
        Ok(old) if old.generator == GENERATOR => old,
        _ => return said(format!("is not a plan: its `{MANIFEST}` was not written by batchwright")),
    };
    let mut shas = old.steps;
    shas.extend(old.models.into_iter().filter_map(|model| model.audit).map(OldFile::hash));
    shas.sort_unstable();
    let same = if seal.is_some() { marks.same(plan, folder).into_iter().map(String::from).collect() } else { BTreeSet::new() };
    let there = There { shas, seal, same };
    for path in paths(folder) {
        if path != MANIFEST && path != STATE && there.sha256(&path).is_none() {
            return said(format!("holds `{path}`, which is not of its plan"));
        }
    }
    Ok(there)
}

/// Reads a manifest: at once, which is faster, unless it is so large that it had better not be in memory.
fn read(manifest: File) -> serde_json::Result<Old> {
    const LARGE: u64 = 64 << 20;
    match manifest.metadata() {
        Ok(about) if about.len() < LARGE => {
            io::read_to_string(manifest).map_err(serde_json::Error::io).and_then(|text| serde_json::from_str(&text))
        }
        _ => serde_json::from_reader(BufReader::new(manifest)),
    }
}

/// What is below the folder, by its path in it.
pub fn paths(folder: &Path) -> impl Iterator<Item = String> {
    let entries = walkdir::WalkDir::new(folder).into_iter().flatten().filter(|entry| !entry.file_type().is_dir());
    entries.map(move |entry| entry.path().strip_prefix(folder).unwrap_or(entry.path()).to_string_lossy().replace('\\', "/"))
}

impl There {
    /// Whether there is no plan.
    pub fn is_empty(&self) -> bool {
        self.shas.is_empty()
    }

    /// What the old manifest says of a file.
    fn sha256(&self, file: &str) -> Option<Sha256> {
        self.shas.binary_search_by(|(name, _)| (**name).cmp(file)).ok().map(|place| self.shas[place].1)
    }

    /// The hash of a file, if it is there as it would be written. It is not read if the manifest says so and nobody has touched it since.
    pub fn holds(&self, folder: &Path, file: &files::File) -> Option<Sha256> {
        let name = file.name();
        let known = self.sha256(&name)?;
        let path = folder.join(name);
        let about = fs::symlink_metadata(&path).ok().filter(fs::Metadata::is_file)?;
        let untouched = self.seal.as_ref().is_some_and(|seal| seal.holds(&about));
        if untouched && self.same.contains(&file.of().folder) {
            return Some(known);
        }
        let text = file.text();
        if about.len() != text.len() as u64 {
            return None;
        }
        let sha256 = Sha256::of(text.as_bytes());
        ((untouched && sha256 == known) || fs::read(&path).is_ok_and(|there| there == text.as_bytes())).then_some(sha256)
    }
}

/// Whether the folder's manifest is that of this plan, whose files have these hashes.
pub fn is_manifest(folder: &Path, plan: &Plan, hashes: &[Sha256]) -> bool {
    let mut compared = Compared::with(&folder.join(MANIFEST));
    let (steps, audits) = hashes.split_at(plan.count());
    let out = BufWriter::with_capacity(1 << 16, &mut compared);
    listed::write(plan, audits, &mut steps.iter().copied(), out).is_ok() && compared.same()
}

/// A writer that only looks whether a file holds what is written to it.
struct Compared {
    file: Option<BufReader<File>>,
}

impl Compared {
    fn with(path: &Path) -> Compared {
        Compared { file: File::open(path).ok().map(BufReader::new) }
    }

    /// Whether all that was written is what the file holds, and no more.
    fn same(mut self) -> bool {
        self.file.as_mut().is_some_and(|file| matches!(file.read(&mut [0]), Ok(0)))
    }
}

impl Write for Compared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut there = vec![0; bytes.len()];
        if self.file.as_mut().is_some_and(|file| file.read_exact(&mut there).is_err() || there != bytes) {
            self.file = None;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
