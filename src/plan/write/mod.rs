//! The plan's folder: replaced as a whole or not at all, never anything that is not a plan. A file that is already there with
//! the same bytes is kept. The only writer of plans.

mod differs;
mod sha256;
mod there;

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use chrono::SecondsFormat;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use serde::{Serialize, Serializer};

use super::audit::FOLDER as AUDITS;
use super::manifest::{About, ModelEntry, StepEntry};
use super::{Plan, Step, Waits, What};
use crate::calendar::Instant;
use crate::diagnostics::Diagnostic;
use crate::project::STATE;
pub use differs::{Differs, differs};
use sha256::Sha256;
use there::Compared;

const MANIFEST: &str = "manifest.json";

/// What writing a plan changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    pub files: usize,
    /// How many of them were there already, with the same bytes.
    pub unchanged: usize,
}

/// What is known of a step's file before it is written.
struct Seen {
    sha256: Sha256,
    /// Whether it is there already.
    same: bool,
}

/// The word in the manifest by which a plan is known.
pub const GENERATOR: &str = "batchwright";

/// Writes the plan. On an error the folder is as it was.
pub fn write(plan: &Plan, folder: &Path) -> Result<Written, Diagnostic> {
    let there = there::look(folder)?;
    let seen = each(plan, |_, step| {
        let text = step.text();
        let sha256 = Sha256::of(text.as_bytes());
        let same = there.is_plan() && there.holds(folder, &step.file(), text.as_bytes(), sha256);
        Ok(Seen { sha256, same })
    })?;
    let audits: Vec<(&str, String)> = plan.audits().collect();
    let audited = audits.iter().map(|(file, text)| {
        let sha256 = Sha256::of(text.as_bytes());
        Seen { sha256, same: there.is_plan() && there.holds(folder, file, text.as_bytes(), sha256) }
    });
    let audited: Vec<Seen> = audited.collect();
    let unchanged = seen.iter().chain(&audited).filter(|seen| seen.same).count();
    let written = Written { files: seen.len() + audited.len(), unchanged };
    let state = plan.state.text();
    if unchanged == written.files && fs::read(folder.join(STATE)).is_ok_and(|there| there == state.as_bytes()) {
        let mut compared = Compared::with(&folder.join(MANIFEST));
        let wrote = manifest(plan, &seen, &audited, BufWriter::with_capacity(1 << 16, &mut compared));
        if wrote.is_ok() && compared.same() {
            return Ok(written);
        }
    }

    let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(parent).map_err(|wrong| cannot("make", parent, &wrong))?;
    let staging =
        tempfile::Builder::new().prefix(".batchwright-").tempdir_in(parent).map_err(|wrong| cannot("write into", parent, &wrong))?;
    let fresh = staging.path().join("plan");
    let folders = plan.steps.iter().map(|steps| steps.folder.as_str()).chain((!audits.is_empty()).then_some(AUDITS)).chain([""]);
    for folder in folders.map(|folder| fresh.join(folder)) {
        fs::create_dir_all(&folder).map_err(|wrong| cannot("make", &folder, &wrong))?;
    }
    let kept = |file: &str, seen: &Seen| seen.same && fs::hard_link(folder.join(file), fresh.join(file)).is_ok();
    let put = |file: &str, text: &str| fs::write(fresh.join(file), text).map_err(|wrong| cannot("write", &folder.join(file), &wrong));
    each(plan, |nth, step| if kept(&step.file(), &seen[nth]) { Ok(()) } else { put(&step.file(), &step.text()) })?;
    for ((file, text), _) in audits.iter().zip(&audited).filter(|((file, _), seen)| !kept(file, seen)) {
        put(file, text)?;
    }
    put(STATE, &state)?;
    let file = File::create(fresh.join(MANIFEST)).map_err(|wrong| cannot("write", &folder.join(MANIFEST), &wrong))?;
    manifest(plan, &seen, &audited, BufWriter::new(file)).map_err(|wrong| cannot("write", &folder.join(MANIFEST), &wrong))?;
    replace(&fresh, folder)?;
    Ok(written)
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
fn manifest(plan: &Plan, seen: &[Seen], audited: &[Seen], mut out: impl Write) -> io::Result<()> {
    #[derive(Serialize)]
    struct Whole<'a> {
        #[serde(flatten)]
        about: &'a About,
        models: Vec<ModelEntry>,
        steps: Entries<'a>,
    }
    let mut models = plan.models.clone();
    for (entry, seen) in models.iter_mut().filter_map(|model| model.audit.as_mut()).zip(audited) {
        entry.sha256 = seen.sha256.to_string();
    }
    let whole = Whole { about: &plan.about, models, steps: Entries { plan, seen } };
    serde_json::to_writer_pretty(&mut out, &whole)?;
    out.write_all(b"\n")?;
    out.flush()
}

struct Entries<'a> {
    plan: &'a Plan,
    seen: &'a [Seen],
}

impl Serialize for Entries<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let waits = Waits::of(self.plan);
        serializer.collect_seq(self.plan.all().zip(self.seen).map(|(step, seen)| {
            let span = match &step.what {
                What::Batch(span, ..) => Some(span),
                What::Fixed(_) => None,
            };
            StepEntry {
                id: step.id(),
                model: step.of.model.clone(),
                kind: step.kind(),
                file: step.file(),
                sha256: seen.sha256.to_string(),
                event_time_start: span.map(|span| instant(span.window.start)),
                event_time_end: span.map(|span| instant(span.window.end)),
                chunk: span.and_then(|span| span.chunk.clone()),
                depends_on: waits.depends_on(&step),
            }
        }))
    }
}

/// An instant as the manifest writes it.
pub fn instant(at: Instant) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// In hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::of(bytes).to_string()
}

/// Does `work` for every step on two threads, the results in order.
fn each<T: Send>(plan: &Plan, work: impl Fn(usize, &Step) -> Result<T, Diagnostic> + Sync) -> Result<Vec<T>, Diagnostic> {
    const FEW: usize = 64;
    let some =
        |part: Range<usize>| plan.some(part.clone()).zip(part).map(|(step, nth)| work(nth, &step)).collect::<Result<Vec<T>, Diagnostic>>();
    let (half, all) = (plan.count() / 2, plan.count());
    if all < FEW {
        return some(0..all);
    }
    std::thread::scope(|scope| {
        let other = scope.spawn(|| some(half..all));
        let mut done = some(0..half);
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
