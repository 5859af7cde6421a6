//! Writes a plan to its folder, the only module that does. The folder is replaced completely or not
//! at all, and only if it is a plan. Existing files with the same content are reused.

mod dry_run;
mod earlier;
mod existing;
mod files;
mod fingerprint;
mod manifest_writer;
mod staging;
mod walk;

use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use crate::diagnostics::Diagnostic;
use crate::plan::Plan;
use crate::plan::Sha256;
use crate::project::STATE;
pub use dry_run::{PlanChanges, dry_run};
pub use earlier::{EarlierColumns, earlier_columns, earlier_messages};
use files::{WrittenFile, WrittenFiles};
use fingerprint::{Fingerprint, PlanHashes};
use staging::Staging;

pub const MANIFEST: &str = "manifest.json";
/// The number of files other than steps, audits and extra files: the manifest and the state.
const EXTRA_FILES: usize = 2;

/// The result of writing a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// The number of steps, audits and extra files.
    pub files: usize,
    /// The number of these that existed with the same content.
    pub unchanged: usize,
}

/// The `generator` in the manifest, which identifies a plan.
pub const GENERATOR: &str = "batchwright";

/// Writes the plan. After an error the folder is unchanged.
pub fn write(plan: &Plan, folder: &Path) -> Result<Written, Diagnostic> {
    // A symbolic link is followed: its target is replaced, not the link.
    let link_target = fs::symlink_metadata(folder)
        .is_ok_and(|about| about.is_symlink())
        .then(|| fs::canonicalize(folder).ok())
        .flatten();
    let folder = link_target.as_deref().unwrap_or(folder);
    let hashes = PlanHashes::of(plan);
    // No other compile may replace the files that are compared and reused here.
    let _lock = staging::lock_plan_dir(folder);
    let files = WrittenFiles::of(plan);
    let is_intact =
        |mark: Fingerprint| mark.is_intact(folder, hashes.plan, files.count() + EXTRA_FILES);
    if Fingerprint::of(folder).is_some_and(is_intact) {
        return Ok(Written { files: files.count(), unchanged: files.count() });
    }
    let existing = existing::inspect(folder, plan, &hashes)?;
    let unchanged = match existing.is_empty() {
        true => Vec::new(),
        false => files.each(|_, file| Ok(existing.unchanged(folder, file)))?,
    };
    let written = Written { files: files.count(), unchanged: unchanged.iter().flatten().count() };
    let state = plan.state.text();
    if written.unchanged == written.files
        && existing::is_manifest(
            folder,
            plan,
            &unchanged.iter().copied().flatten().collect::<Vec<Sha256>>(),
        )
        && fs::read(folder.join(STATE)).is_ok_and(|bytes| bytes == state.as_bytes())
    {
        if let Some(writer) = fingerprint::prepare(folder, plan, &hashes) {
            writer.finish(&hashes);
        }
        return Ok(written);
    }

    let staging = Staging::next_to(folder)?;
    let new_plan = &staging.new_plan;
    let put = |index: usize, file: &WrittenFile| {
        let name = file.name();
        let path = new_plan.join(&name);
        let reused = unchanged.get(index).copied().flatten();
        match reused
            .filter(|_| in_folder(&path, || fs::hard_link(folder.join(&name), &path)).is_ok())
        {
            Some(sha256) => Ok(sha256),
            None => {
                let text = file.text();
                in_folder(&path, || fs::write(&path, &*text))
                    .map_err(|error| cannot("write", &folder.join(&name), &error))?;
                Ok(Sha256::of(text.as_bytes()))
            }
        }
    };
    let unwritten = |error: io::Error| cannot("write", &folder.join(MANIFEST), &error);
    let manifest = File::create(new_plan.join(MANIFEST)).map(BufWriter::new).map_err(unwritten)?;
    let others = files.stream(files.others(), put, |hashes| hashes.collect::<Vec<Sha256>>())?;
    files
        .stream(files.steps(), put, |hashes| {
            manifest_writer::write(plan, &others, hashes, manifest)
        })?
        .map_err(unwritten)?;
    fs::write(new_plan.join(STATE), &state)
        .map_err(|error| cannot("write", &folder.join(STATE), &error))?;
    let fingerprint = fingerprint::prepare(new_plan, plan, &hashes);
    staging.replace(folder)?;
    if let Some(writer) = fingerprint {
        writer.finish(&hashes);
    }
    Ok(written)
}

/// Calls `make`, which creates a file; creates its folder first if that is missing. Creating all
/// folders in advance would delay the files.
fn in_folder(path: &Path, make: impl Fn() -> io::Result<()>) -> io::Result<()> {
    match make() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            fs::create_dir_all(path.parent().unwrap_or(path))?;
            make()
        }
        result => result,
    }
}

/// Writes texts to paths below a folder that is not a plan and may have other files.
pub fn write_files<'a>(
    folder: &Path,
    files: impl Iterator<Item = (PathBuf, &'a str)>,
) -> Result<(), Diagnostic> {
    for (path, text) in files {
        let path = folder.join(path);
        let parent = path.parent().unwrap_or(folder);
        fs::create_dir_all(parent).map_err(|error| cannot("make", parent, &error))?;
        fs::write(&path, text).map_err(|error| cannot("write", &path, &error))?;
    }
    Ok(())
}

/// The SHA-256 of the bytes in hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::of(bytes).to_string()
}

fn cannot(verb: &str, path: &Path, error: &io::Error) -> Diagnostic {
    Diagnostic::error(format!("cannot {verb} `{}`: {error}", path.display()))
}
