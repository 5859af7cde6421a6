//! The folder beside a plan in which the next one is written. It is locked for as long as its process lives, so that what a
//! killed one left behind is known, and goes when the next plan is written.

use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use rustix::fs::{CWD, RenameFlags, renameat_with};
use tempfile::TempDir;

use super::cannot;
use crate::diagnostics::{Diagnostic, wide};

const PREFIX: &str = ".batchwright-";

pub struct Staging {
    /// Where the plan is written.
    pub fresh: PathBuf,
    folder: TempDir,
    _lock: File,
}

impl Staging {
    /// Makes one beside a plan's folder.
    pub fn beside(plan: &Path) -> Result<Staging, Diagnostic> {
        let parent = parent(plan);
        fs::create_dir_all(parent).map_err(|wrong| cannot("make", parent, &wrong))?;
        sweep(parent);
        let made = || {
            let folder = tempfile::Builder::new().prefix(PREFIX).tempdir_in(parent)?;
            let lock = File::open(folder.path())?;
            // Where nothing can be locked, nothing is swept either.
            let _ = lock.lock();
            // Only now is it one that could be swept.
            let fresh = folder.path().join("plan");
            fs::create_dir(&fresh)?;
            Ok(Staging { fresh, folder, _lock: lock })
        };
        made().map_err(|wrong| cannot("write into", parent, &wrong))
    }

    /// Puts the fresh plan into the place of the old one in a single step, so that no reader and no crash finds half of it.
    pub fn put(self, folder: &Path) -> Result<(), Diagnostic> {
        let exchanged = folder.exists() && renameat_with(CWD, &self.fresh, CWD, folder, RenameFlags::EXCHANGE).is_ok();
        if !exchanged {
            self.put_aside(folder)?;
        }
        // What cannot be removed now is swept by the next compile.
        let folders: Vec<PathBuf> = fs::read_dir(&self.fresh).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
        wide(&folders, |folder| fs::remove_dir_all(folder));
        let _ = self.folder.close();
        Ok(())
    }

    /// On a file system that cannot exchange the old plan goes aside, and comes back if the new one cannot take its place.
    fn put_aside(&self, folder: &Path) -> Result<(), Diagnostic> {
        let aside = self.folder.path().join("old");
        let was_there = folder.exists();
        if was_there {
            fs::rename(folder, &aside).map_err(|wrong| {
                let said = cannot("replace", folder, &wrong);
                let is_mounted = matches!(wrong.kind(), ErrorKind::ResourceBusy | ErrorKind::CrossesDevices);
                if is_mounted { said.hint("it is a mount point: name a folder in it, with `--plan DIR`") } else { said }
            })?;
        }
        fs::rename(&self.fresh, folder).map_err(|wrong| {
            let said = cannot(if was_there { "replace" } else { "make" }, folder, &wrong);
            if !was_there || fs::rename(&aside, folder).is_ok() {
                return said;
            }
            said.hint(format!("the plan that was there is in `{}`", aside.display()))
        })
    }
}

/// Waits for those that write a plan beside this one, or this one itself; the turn is over when the file is closed. Where nothing is
/// there yet, or nothing can be locked, nobody is waited for, and nobody longer than a minute: somebody else may have locked the folder
/// for reasons of his own.
pub fn turn(plan: &Path) -> Option<File> {
    const MOMENT: Duration = Duration::from_millis(5);
    let parent = File::open(parent(plan)).ok()?;
    for _ in 0..60_000 / 5 {
        match parent.try_lock() {
            Ok(()) => return Some(parent),
            Err(TryLockError::WouldBlock) => thread::sleep(MOMENT),
            Err(TryLockError::Error(_)) => return None,
        }
    }
    None
}

fn parent(plan: &Path) -> &Path {
    plan.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Removes the folders that were left by processes which are no more.
fn sweep(parent: &Path) {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    for entry in entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(PREFIX)) {
        let path = entry.path();
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let is_left = || File::open(&path).is_ok_and(|folder| folder.try_lock().is_ok() && path.join("plan").is_dir());
        if is_folder && is_left() {
            let _ = fs::remove_dir_all(&path);
        }
    }
}
