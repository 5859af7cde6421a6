//! The temporary folder, next to a plan's folder, in which the next plan is written. Its process
//! holds a lock on it; the next compile removes unlocked ones, which killed processes left.

use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use rustix::fs::{CWD, RenameFlags, renameat_with};
use tempfile::TempDir;

use super::cannot;
use crate::diagnostics::{Diagnostic, par_map};

const PREFIX: &str = ".batchwright-";

/// A temporary folder, which is removed at the end.
pub struct Staging {
    /// The folder in which the plan is written.
    pub new_plan: PathBuf,
    folder: TempDir,
    _lock: File,
}

impl Staging {
    /// Creates one next to a plan's folder.
    pub fn next_to(plan: &Path) -> Result<Staging, Diagnostic> {
        let parent = parent(plan);
        fs::create_dir_all(parent).map_err(|error| cannot("make", parent, &error))?;
        remove_stale(parent);
        let create = || {
            let folder = tempfile::Builder::new().prefix(PREFIX).tempdir_in(parent)?;
            let lock = File::open(folder.path())?;
            // If the file system does not support locks, no stale folder is removed either.
            let _ = lock.lock();
            // From here on, it is removed if its process is killed.
            let new_plan = folder.path().join("plan");
            fs::create_dir(&new_plan)?;
            Ok(Staging { new_plan, folder, _lock: lock })
        };
        create().map_err(|error| cannot("write into", parent, &error))
    }

    /// Replaces the old plan by the new one in a single step, so that readers never see a partial
    /// plan, even after a crash.
    pub fn replace(self, folder: &Path) -> Result<(), Diagnostic> {
        let exchanged = folder.exists()
            && renameat_with(CWD, &self.new_plan, CWD, folder, RenameFlags::EXCHANGE).is_ok();
        if !exchanged {
            self.replace_by_renames(folder)?;
        }
        // The next compile removes what cannot be removed now.
        let folders: Vec<PathBuf> = fs::read_dir(&self.new_plan)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
            .collect();
        par_map(&folders, |folder| fs::remove_dir_all(folder));
        let _ = self.folder.close();
        Ok(())
    }

    /// Replaces the old plan on a file system that cannot exchange two folders: moves the old plan
    /// away, and back if the new one cannot be moved.
    fn replace_by_renames(&self, folder: &Path) -> Result<(), Diagnostic> {
        let backup = self.folder.path().join("old");
        let existed = folder.exists();
        if existed {
            fs::rename(folder, &backup).map_err(|error| {
                let is_mounted =
                    matches!(error.kind(), ErrorKind::ResourceBusy | ErrorKind::CrossesDevices);
                let diagnostic = cannot("replace", folder, &error);
                if is_mounted {
                    diagnostic.hint("it is a mount point: use a folder in it, with `--plan DIR`")
                } else {
                    diagnostic
                }
            })?;
        }
        fs::rename(&self.new_plan, folder).map_err(|error| {
            let error = cannot(if existed { "replace" } else { "make" }, folder, &error);
            if !existed || fs::rename(&backup, folder).is_ok() {
                return error;
            }
            error.hint(format!("the previous plan is in `{}`", backup.display()))
        })
    }
}

/// Serializes concurrent compiles by locking the parent folder; closing the file releases the lock.
/// Proceeds without the lock if the folder does not exist or cannot be locked, and after one
/// minute, since another program may have locked it for another purpose.
pub fn lock_plan_dir(plan: &Path) -> Option<File> {
    const POLL_INTERVAL: Duration = Duration::from_millis(5);
    let parent = File::open(parent(plan)).ok()?;
    for _ in 0..60_000 / 5 {
        match parent.try_lock() {
            Ok(()) => return Some(parent),
            Err(TryLockError::WouldBlock) => thread::sleep(POLL_INTERVAL),
            Err(TryLockError::Error(_)) => return None,
        }
    }
    None
}

fn parent(plan: &Path) -> &Path {
    plan.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Removes the temporary folders of processes that have ended.
fn remove_stale(parent: &Path) {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    for entry in entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(PREFIX)) {
        let path = entry.path();
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let is_stale = || {
            File::open(&path)
                .is_ok_and(|folder| folder.try_lock().is_ok() && path.join("plan").is_dir())
        };
        if is_folder && is_stale() {
            let _ = fs::remove_dir_all(&path);
        }
    }
}
