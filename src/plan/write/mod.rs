//! The plan's folder: replaced as a whole or not at all, never anything that is not a plan. A file that is already there with
//! the same bytes is kept. The only writer of plans.

mod there;

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use serde::{Serialize, Serializer};
use sha2::{Digest, Sha256};

use super::manifest::{About, ModelEntry, StepEntry};
use super::{Audit, Plan, Step};
use crate::calendar::Instant;
use crate::diagnostics::Diagnostic;
use there::Compared;

const MANIFEST: &str = "manifest.json";

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
    let there = there::look(folder)?;
    let pieces = pieces(plan);
    let looked = each(&pieces, |piece| {
        let text = piece.text();
        let sha256 = sha256(text.as_bytes());
        let same = there.is_plan() && there.holds(folder, piece.file(), text.as_bytes(), &sha256);
        Ok((sha256, same))
    })?;
    let (shas, same): (Vec<String>, Vec<bool>) = looked.into_iter().unzip();
    let unchanged = same.iter().filter(|same| **same).count();
    let written = Written { files: pieces.len(), unchanged };
    if unchanged == pieces.len() {
        let mut compared = Compared::with(&folder.join(MANIFEST));
        let wrote = manifest(plan, &shas, &mut compared);
        if wrote.is_ok() && compared.same() {
            return Ok(written);
        }
    }

    let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(parent).map_err(|wrong| cannot("make", parent, &wrong))?;
    let staging =
        tempfile::Builder::new().prefix(".batchwright-").tempdir_in(parent).map_err(|wrong| cannot("write into", parent, &wrong))?;
    let fresh = staging.path().join("plan");
    let folders: BTreeSet<PathBuf> = pieces.iter().filter_map(|piece| fresh.join(piece.file()).parent().map(Path::to_path_buf)).collect();
    for folder in folders.iter().chain([&fresh]) {
        fs::create_dir_all(folder).map_err(|wrong| cannot("make", folder, &wrong))?;
    }
    let work: Vec<(Piece, bool)> = pieces.into_iter().zip(same).collect();
    each(&work, |(piece, same)| {
        let path = fresh.join(piece.file());
        if *same && fs::hard_link(folder.join(piece.file()), &path).is_ok() {
            return Ok(());
        }
        fs::write(&path, piece.text()).map_err(|wrong| cannot("write", &folder.join(piece.file()), &wrong))
    })?;
    let file = File::create(fresh.join(MANIFEST)).map_err(|wrong| cannot("write", &folder.join(MANIFEST), &wrong))?;
    manifest(plan, &shas, BufWriter::new(file)).map_err(|wrong| cannot("write", &folder.join(MANIFEST), &wrong))?;
    replace(&fresh, folder)?;
    Ok(written)
}

/// A file of the plan beside its manifest.
#[derive(Clone, Copy)]
enum Piece<'a> {
    Step(&'a Step),
    Audit(&'a Audit),
}

/// The steps' files, then the audits'.
fn pieces(plan: &Plan) -> Vec<Piece<'_>> {
    plan.steps.iter().map(Piece::Step).chain(plan.audits.iter().map(Piece::Audit)).collect()
}

impl Piece<'_> {
    fn file(&self) -> &str {
        match self {
            Piece::Step(step) => &step.file,
            Piece::Audit(audit) => &audit.file,
        }
    }

    fn text(&self) -> String {
        match self {
            Piece::Step(step) => step.text(),
            Piece::Audit(audit) => audit.text(),
        }
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

/// Puts the fresh folder into the place of the old one in a single step, so that no reader and no crash finds half of it.
fn replace(fresh: &Path, folder: &Path) -> Result<(), Diagnostic> {
    if !folder.exists() {
        return fs::rename(fresh, folder).map_err(|wrong| cannot("make", folder, &wrong));
    }
    match renameat_with(CWD, fresh, CWD, folder, RenameFlags::EXCHANGE) {
        Ok(()) => Ok(()),
        // A file system that cannot exchange: the old plan goes aside and comes back if the new one cannot take its place.
        Err(_) => {
            let aside = fresh.with_file_name("old");
            fs::rename(folder, &aside).map_err(|wrong| cannot("replace", folder, &wrong))?;
            fs::rename(fresh, folder).map_err(|wrong| {
                let back = fs::rename(&aside, folder);
                let said = cannot("replace", folder, &wrong);
                if back.is_err() { said.hint(format!("the plan that was there is in `{}`", aside.display())) } else { said }
            })
        }
    }
}

/// Writes the manifest: JSON, indented, with a line break at its end. Step by step, so that a large plan needs no copy of itself.
fn manifest(plan: &Plan, shas: &[String], mut out: impl Write) -> io::Result<()> {
    #[derive(Serialize)]
    struct Whole<'a> {
        #[serde(flatten)]
        about: &'a About,
        models: &'a [ModelEntry],
        steps: Steps<'a>,
    }
    let whole = Whole { about: &plan.about, models: &plan.models, steps: Steps { steps: &plan.steps, shas } };
    serde_json::to_writer_pretty(&mut out, &whole)?;
    out.write_all(b"\n")?;
    out.flush()
}

struct Steps<'a> {
    steps: &'a [Step],
    shas: &'a [String],
}

impl Serialize for Steps<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.steps.iter().zip(self.shas).map(|(step, sha256)| StepEntry {
            id: step.id.clone(),
            model: step.model.clone(),
            kind: step.kind,
            file: step.file.clone(),
            sha256: sha256.clone(),
            event_time_start: step.window.map(|window| instant(window.start)),
            event_time_end: step.window.map(|window| instant(window.end)),
            chunk: step.chunk.clone(),
            depends_on: step.depends_on.clone(),
        }))
    }
}

/// An instant as the manifest writes it.
pub fn instant(at: Instant) -> String {
    at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// In hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Does `work` for every item on two threads, the results in order.
fn each<I: Sync, T: Send>(items: &[I], work: impl Fn(&I) -> Result<T, Diagnostic> + Sync) -> Result<Vec<T>, Diagnostic> {
    const FEW: usize = 64;
    if items.len() < FEW {
        return items.iter().map(work).collect();
    }
    let (first, second) = items.split_at(items.len() / 2);
    std::thread::scope(|scope| {
        let other = scope.spawn(|| second.iter().map(&work).collect::<Result<Vec<T>, Diagnostic>>());
        let mut done = first.iter().map(&work).collect::<Result<Vec<T>, Diagnostic>>();
        let other = other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        if let Ok(done) = &mut done {
            done.extend(other?);
        }
        done
    })
}

fn cannot(verb: &str, path: &Path, wrong: &io::Error) -> Diagnostic {
    Diagnostic::error(format!("cannot {verb} `{}`: {wrong}", path.display()))
}
