//! The plan's folder: replaced as a whole or not at all, never anything that is not a plan. A file that is already there with
//! the same bytes is kept. The only writer of plans.

mod differs;
mod earlier;
mod files;
mod listed;
mod seal;
mod sha256;
mod staging;
mod there;
mod walk;

use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use chrono::SecondsFormat;

use super::Plan;
use crate::calendar::Instant;
use crate::diagnostics::Diagnostic;
use crate::project::STATE;
pub use differs::{Differs, differs};
pub use earlier::{EarlierColumns, earlier_columns};
use files::Files;
use seal::{Marks, Seal};
use sha256::Sha256;
use staging::Staging;

const MANIFEST: &str = "manifest.json";
/// How many files a plan has beside those of its steps and audits: the manifest and the state.
const BESIDES: usize = 2;

/// What writing a plan changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    pub files: usize,
    /// How many of them were there already, with the same bytes.
    pub unchanged: usize,
}

/// The word in the manifest by which a plan is known.
pub const GENERATOR: &str = "batchwright";

/// Writes the plan. On an error the folder is as it was.
pub fn write(plan: &Plan, folder: &Path) -> Result<Written, Diagnostic> {
    // A link is followed: what it leads to is replaced, and not the link.
    let linked = fs::symlink_metadata(folder).is_ok_and(|about| about.is_symlink()).then(|| fs::canonicalize(folder).ok()).flatten();
    let folder = linked.as_deref().unwrap_or(folder);
    let marks = Marks::of(plan);
    // What is compared and kept here, no other compile may replace meanwhile.
    let _turn = staging::turn(folder);
    let files = Files::of(plan);
    if Seal::of(folder).is_some_and(|seal| seal.is_whole(folder, marks.plan, files.count() + BESIDES)) {
        return Ok(Written { files: files.count(), unchanged: files.count() });
    }
    let there = there::look(folder, plan, &marks)?;
    let kept = if there.is_empty() { Vec::new() } else { files.each(|_, file| Ok(there.holds(folder, file)))? };
    let written = Written { files: files.count(), unchanged: kept.iter().flatten().count() };
    let state = plan.state.text();
    if written.unchanged == written.files
        && there::is_manifest(folder, plan, &kept.iter().copied().flatten().collect::<Vec<Sha256>>())
        && fs::read(folder.join(STATE)).is_ok_and(|there| there == state.as_bytes())
    {
        if let Some(sealing) = seal::mark(folder, plan, &marks) {
            sealing.seal(&marks);
        }
        return Ok(written);
    }

    let staging = Staging::beside(folder)?;
    let fresh = &staging.fresh;
    let put = |nth: usize, file: &files::File| {
        let name = file.name();
        let path = fresh.join(&name);
        let kept = kept.get(nth).copied().flatten();
        match kept.filter(|_| in_folder(&path, || fs::hard_link(folder.join(&name), &path)).is_ok()) {
            Some(sha256) => Ok(sha256),
            None => {
                let text = file.text();
                in_folder(&path, || fs::write(&path, &*text)).map_err(|wrong| cannot("write", &folder.join(&name), &wrong))?;
                Ok(Sha256::of(text.as_bytes()))
            }
        }
    };
    let unwritten = |wrong: io::Error| cannot("write", &folder.join(MANIFEST), &wrong);
    let manifest = File::create(fresh.join(MANIFEST)).map(BufWriter::new).map_err(unwritten)?;
    let audits = files.stream(files.audits(), put, |hashes| hashes.collect::<Vec<Sha256>>())?;
    files.stream(files.steps(), put, |hashes| listed::write(plan, &audits, hashes, manifest))?.map_err(unwritten)?;
    fs::write(fresh.join(STATE), &state).map_err(|wrong| cannot("write", &folder.join(STATE), &wrong))?;
    let sealing = seal::mark(fresh, plan, &marks);
    staging.put(folder)?;
    if let Some(sealing) = sealing {
        sealing.seal(&marks);
    }
    Ok(written)
}

/// Does what makes a file; its folder is made where there is none yet. To make all folders before would keep the files waiting.
fn in_folder(path: &Path, make: impl Fn() -> io::Result<()>) -> io::Result<()> {
    match make() {
        Err(wrong) if wrong.kind() == io::ErrorKind::NotFound => {
            fs::create_dir_all(path.parent().unwrap_or(path))?;
            make()
        }
        made => made,
    }
}

/// Writes texts to paths below a folder, which may hold other things: queries to look at, no plan.
pub fn loose<'a>(folder: &Path, files: impl Iterator<Item = (PathBuf, &'a str)>) -> Result<(), Diagnostic> {
    for (path, text) in files {
        let path = folder.join(path);
        let parent = path.parent().unwrap_or(folder);
        fs::create_dir_all(parent).map_err(|wrong| cannot("make", parent, &wrong))?;
        fs::write(&path, text).map_err(|wrong| cannot("write", &path, &wrong))?;
    }
    Ok(())
}

/// An instant as the manifest writes it.
pub fn instant(at: Instant) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// In hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::of(bytes).to_string()
}

fn cannot(verb: &str, path: &Path, wrong: &io::Error) -> Diagnostic {
    Diagnostic::error(format!("cannot {verb} `{}`: {wrong}", path.display()))
}
