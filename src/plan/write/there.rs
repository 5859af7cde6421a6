//! What is in the plan's folder already. Refuses a folder that holds anything but a plan; knows which files need not be written again.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::panic::resume_unwind;
use std::path::Path;
use std::thread;

use serde::Deserialize;
use serde::de::{Deserializer, SeqAccess, Visitor};

use super::walk::{Entry, walk};
use super::{GENERATOR, MANIFEST, Marks, Seal, Sha256, files, listed};
use crate::diagnostics::Diagnostic;
use crate::plan::Plan;
use crate::project::STATE;

/// The plan that is there, or none.
#[derive(Default)]
pub struct There {
    /// By their names, in the order of these.
    files: Vec<(Box<str>, Known)>,
    /// The folders of models that are just those of the plan that is to be written, as far as nobody has touched their files.
    same: BTreeSet<String>,
}

/// A file of the plan.
#[derive(Clone, Copy)]
struct Known {
    /// What the manifest says of it.
    sha256: Sha256,
    /// In bytes.
    length: u64,
    /// If neither it nor the manifest was touched since they were sealed.
    untouched: bool,
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
    if fs::symlink_metadata(folder).is_ok_and(|about| about.is_symlink()) && !folder.exists() {
        return said("is a link to nothing".to_string());
    }
    let first = match fs::read_dir(folder) {
        Ok(entries) => entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).min(),
        Err(wrong) if wrong.kind() == io::ErrorKind::NotFound => None,
        Err(wrong) => return said(format!("cannot be read ({wrong})")),
    };
    let Some(first) = first else { return Ok(There::default()) };
    let Ok(manifest) = File::open(folder.join(MANIFEST)) else {
        return said(format!("is not a plan: it holds `{first}` and no `{MANIFEST}`"));
    };
    let seal = Seal::of(folder);
    let (old, found) = thread::scope(|scope| {
        let old = scope.spawn(|| read(manifest));
        let found = found(folder, seal.as_ref());
        (old.join().unwrap_or_else(|panic| resume_unwind(panic)), found)
    });
    let old: Old = match old {
        Ok(old) if old.generator == GENERATOR => old,
        _ => return said(format!("is not a plan: its `{MANIFEST}` was not written by batchwright")),
    };
    let found = match found {
        Ok(found) => found,
        Err(wrong) => return said(format!("cannot be read ({wrong})")),
    };
    let mut shas = old.steps;
    shas.extend(old.models.into_iter().filter_map(|model| model.audit).map(OldFile::hash));
    shas.sort_unstable();
    let is_sealed = found.iter().any(|file| *file.path == *MANIFEST && file.untouched);
    let mut files = Vec::with_capacity(shas.len());
    for Found { path, length, untouched } in found {
        match shas.binary_search_by(|(name, _)| name.cmp(&path)) {
            Ok(place) => files.push((path, Known { sha256: shas[place].1, length, untouched: untouched && is_sealed })),
            Err(_) if *path == *MANIFEST || *path == *STATE => {}
            Err(_) => return said(format!("holds `{path}`, which is not of its plan")),
        }
    }
    let same = if is_sealed { marks.same(plan, folder).into_iter().map(String::from).collect() } else { BTreeSet::new() };
    Ok(There { files, same })
}

/// A file that lies in the folder.
struct Found {
    path: Box<str>,
    length: u64,
    untouched: bool,
}

/// The files below the folder by their names. What is no file is as good as touched.
fn found(folder: &Path, seal: Option<&Seal>) -> io::Result<Vec<Found>> {
    let see = |found: &mut Vec<Found>, entry: &Entry| {
        if !entry.is_folder() {
            let untouched = entry.is_file() && seal.is_some_and(|seal| seal.holds(entry));
            found.push(Found { path: entry.path.into(), length: entry.length(), untouched });
        }
    };
    let mut found: Vec<Found> = walk(folder, see)?.into_iter().flatten().collect();
    found.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
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

impl There {
    /// Whether there is no plan.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The names of the files.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(|(name, _)| &**name)
    }

    /// The hash of a file, if it is there as it would be written. It is not read if the manifest says so and nobody has touched it since.
    pub fn holds(&self, folder: &Path, file: &files::File) -> Option<Sha256> {
        let name = file.name();
        let place = self.files.binary_search_by(|(there, _)| (**there).cmp(&name)).ok()?;
        let known = self.files[place].1;
        if known.untouched && self.same.contains(&file.of().folder) {
            return Some(known.sha256);
        }
        let text = file.text();
        if known.length != text.len() as u64 {
            return None;
        }
        let sha256 = Sha256::of(text.as_bytes());
        let path = folder.join(name);
        let is_same = || {
            fs::symlink_metadata(&path).is_ok_and(|about| about.is_file()) && fs::read(&path).is_ok_and(|there| there == text.as_bytes())
        };
        ((known.untouched && sha256 == known.sha256) || is_same()).then_some(sha256)
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
