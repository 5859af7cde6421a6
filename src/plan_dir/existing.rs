//! The plan that is already in the folder. Rejects a folder that is not a plan; determines the
//! files that are unchanged and need not be written.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::panic::resume_unwind;
use std::path::Path;
use std::thread;

use serde::Deserialize;
use serde::de::{Deserializer, SeqAccess, Visitor};

use super::walk::{PlanDirEntry, walk};
use super::{Fingerprint, GENERATOR, MANIFEST, PlanHashes, Sha256, WrittenFile, manifest_writer};
use crate::diagnostics::Diagnostic;
use crate::plan::Plan;
use crate::plan::manifest_reader::broken_manifest;
use crate::project::STATE;

/// The existing plan; empty if there is none.
#[derive(Default)]
pub struct ExistingPlan {
    /// The files by name, sorted.
    files: Vec<(Box<str>, ExistingFile)>,
    /// The folders of models that have the same files in the plan to be written, unless they were
    /// modified.
    same: BTreeSet<String>,
}

/// A file of the existing plan.
#[derive(Clone, Copy)]
struct ExistingFile {
    /// Its hash in the manifest.
    sha256: Sha256,
    /// Its length in bytes.
    length: u64,
    /// Whether neither it nor the manifest changed since the fingerprint was set.
    untouched: bool,
}

/// The part of a manifest that all versions have.
#[derive(Deserialize)]
struct OldManifest {
    generator: String,
    #[serde(default)]
    models: Vec<OldModel>,
    #[serde(deserialize_with = "hashes")]
    steps: Vec<(Box<str>, Sha256)>,
}

#[derive(Deserialize)]
struct OldModel {
    audit: Option<OldFile>,
    staged: Option<OldStaged>,
}

#[derive(Deserialize)]
struct OldStaged {
    undo: OldFile,
    cleanup: OldFile,
}

impl OldModel {
    /// The files that are not steps.
    fn files(self) -> impl Iterator<Item = OldFile> {
        let staged = self.staged.into_iter().flat_map(|staged| [staged.undo, staged.cleanup]);
        self.audit.into_iter().chain(staged)
    }
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

/// Reads the hashes of the steps without storing the steps.
fn hashes<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<(Box<str>, Sha256)>, D::Error> {
    struct StepVisitor;
    impl<'de> Visitor<'de> for StepVisitor {
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
    from.deserialize_seq(StepVisitor)
}

/// Reads the existing plan in the folder. Returns an error if the folder has other files.
pub fn inspect(
    folder: &Path,
    plan: &Plan,
    hashes: &PlanHashes,
) -> Result<ExistingPlan, Diagnostic> {
    let refuse = |reason: String| {
        Err(Diagnostic::error(format!("`{}` is not replaced: {reason}", folder.display()))
            .hint("use another folder with `--plan`, or empty this one"))
    };
    if fs::symlink_metadata(folder).is_ok_and(|about| about.is_symlink()) && !folder.exists() {
        return refuse("it is a broken link".to_string());
    }
    let first = match fs::read_dir(folder) {
        Ok(entries) => {
            entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).min()
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return refuse(format!("it cannot be read ({error})")),
    };
    let Some(first) = first else { return Ok(ExistingPlan::default()) };
    let Ok(manifest) = File::open(folder.join(MANIFEST)) else {
        return refuse(format!("it is not a plan, since it has `{first}` but no `{MANIFEST}`"));
    };
    let fingerprint = Fingerprint::of(folder);
    let (old, files) = thread::scope(|scope| {
        let old = scope.spawn(|| read(manifest));
        let files = list(folder, fingerprint.as_ref());
        (old.join().unwrap_or_else(|panic| resume_unwind(panic)), files)
    });
    let old: OldManifest = match old {
        Ok(old) if old.generator == GENERATOR => old,
        Err(error) => {
            return Err(broken_manifest(&folder.join(MANIFEST).display().to_string(), &error));
        }
        Ok(_) => {
            return refuse(format!(
                "it is not a plan, since its `{MANIFEST}` was not written by batchwright"
            ));
        }
    };
    let listed = match files {
        Ok(files) => files,
        Err(error) => return refuse(format!("it cannot be read ({error})")),
    };
    let mut shas = old.steps;
    shas.extend(old.models.into_iter().flat_map(OldModel::files).map(OldFile::hash));
    shas.sort_unstable();
    let is_intact = listed.iter().any(|file| *file.path == *MANIFEST && file.untouched);
    let mut files = Vec::with_capacity(shas.len());
    for ListedFile { path, length, untouched } in listed {
        match shas.binary_search_by(|(name, _)| name.cmp(&path)) {
            Ok(index) => files.push((
                path,
                ExistingFile { sha256: shas[index].1, length, untouched: untouched && is_intact },
            )),
            Err(_) if *path == *MANIFEST || *path == *STATE => {}
            Err(_) => return refuse(format!("its file `{path}` is not part of its plan")),
        }
    }
    let same = if is_intact {
        hashes.same(plan, folder).into_iter().map(String::from).collect()
    } else {
        BTreeSet::new()
    };
    Ok(ExistingPlan { files, same })
}

/// A file in the folder.
struct ListedFile {
    path: Box<str>,
    length: u64,
    untouched: bool,
}

/// The files below the folder, sorted by name. An entry that is neither a file nor a folder counts
/// as modified.
fn list(folder: &Path, fingerprint: Option<&Fingerprint>) -> io::Result<Vec<ListedFile>> {
    let see = |files: &mut Vec<ListedFile>, entry: &PlanDirEntry| {
        if !entry.is_folder() {
            let untouched =
                entry.is_file() && fingerprint.is_some_and(|mark| mark.is_unchanged(entry));
            files.push(ListedFile { path: entry.path.into(), length: entry.length(), untouched });
        }
    };
    let mut files: Vec<ListedFile> = walk(folder, see)?.into_iter().flatten().collect();
    files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

/// Reads a manifest. Reading it into memory first is faster, except for a very large one.
fn read(manifest: File) -> serde_json::Result<OldManifest> {
    const LARGE: u64 = 64 << 20;
    match manifest.metadata() {
        Ok(file) if file.len() < LARGE => io::read_to_string(manifest)
            .map_err(serde_json::Error::io)
            .and_then(|text| serde_json::from_str(&text)),
        _ => serde_json::from_reader(BufReader::new(manifest)),
    }
}

impl ExistingPlan {
    /// Whether the folder has no plan.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The names of the files.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(|(name, _)| &**name)
    }

    /// The hash of a file, if the existing file has the content to be written. An unmodified file
    /// is not read.
    pub fn unchanged(&self, folder: &Path, file: &WrittenFile) -> Option<Sha256> {
        let name = file.name();
        let index = self.files.binary_search_by(|(other, _)| (**other).cmp(&name)).ok()?;
        let existing = self.files[index].1;
        if existing.untouched && self.same.contains(&file.parent().folder) {
            return Some(existing.sha256);
        }
        let text = file.text();
        if existing.length != text.len() as u64 {
            return None;
        }
        let sha256 = Sha256::of(text.as_bytes());
        let path = folder.join(name);
        let is_same = || {
            fs::symlink_metadata(&path).is_ok_and(|file| file.is_file())
                && fs::read(&path).is_ok_and(|bytes| bytes == text.as_bytes())
        };
        ((existing.untouched && sha256 == existing.sha256) || is_same()).then_some(sha256)
    }
}

/// Whether the folder's manifest is that of this plan with these hashes of its files.
pub fn is_manifest(folder: &Path, plan: &Plan, hashes: &[Sha256]) -> bool {
    let mut compared = ComparingWriter::new(&folder.join(MANIFEST));
    let (steps, others) = hashes.split_at(plan.count());
    let out = BufWriter::with_capacity(1 << 16, &mut compared);
    manifest_writer::write(plan, others, &mut steps.iter().copied(), out).is_ok() && compared.same()
}

/// A writer that compares the bytes with those of a file.
struct ComparingWriter {
    file: Option<BufReader<File>>,
}

impl ComparingWriter {
    fn new(path: &Path) -> ComparingWriter {
        ComparingWriter { file: File::open(path).ok().map(BufReader::new) }
    }

    /// Whether the written bytes are exactly those of the file.
    fn same(mut self) -> bool {
        self.file.as_mut().is_some_and(|file| matches!(file.read(&mut [0]), Ok(0)))
    }
}

impl Write for ComparingWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut expected = vec![0; bytes.len()];
        if self
            .file
            .as_mut()
            .is_some_and(|file| file.read_exact(&mut expected).is_err() || expected != bytes)
        {
            self.file = None;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
