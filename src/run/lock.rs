//! The lock of a plan's runs: one run at a time, and none while a client of a killed run is still
//! working. Errors name the process that holds the lock.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use rustix::io::{FdFlags, fcntl_setfd};
use rustix::process::{Pid, test_kill_process};

use super::written_file::{cannot, refuse_link, unwritable};
use crate::diagnostics::Diagnostic;

/// Takes the lock; calls `waits` if it must wait. It is a kernel lock, which is released when its
/// holders end in any way. Clients inherit it: while a client of a killed run is working, another
/// one could write the same batch again.
pub fn take(path: &Path, waits: &dyn Fn(&str)) -> Result<File, Diagnostic> {
    refuse_link(path)?;
    let opened = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path);
    let mut file = opened.map_err(|error| cannot("write", path, &error))?;
    let mut waited = false;
    loop {
        match file.try_lock() {
            Ok(()) => break,
            Err(fs::TryLockError::Error(error)) => return Err(cannot("lock", path, &error)),
            Err(fs::TryLockError::WouldBlock) => {}
        }
        let mut holder = String::new();
        let _ = file.seek(SeekFrom::Start(0)).and_then(|_| file.read_to_string(&mut holder));
        let holder = holder.trim();
        let pid = holder.parse().ok().and_then(Pid::from_raw);
        if pid.is_none_or(|pid| test_kill_process(pid) != Err(rustix::io::Errno::SRCH)) {
            return Err(Diagnostic::error(format!(
                "another run of this plan is working: process \
                {holder}"
            ))
            .note(format!("it has locked `{}`", path.display()))
            .hint(
                "wait until it ends, or stop it with Ctrl-C; for its progress: `batchwright \
                    status`",
            ));
        }
        if !waited {
            let clients: Vec<String> = holders(&file)
                .into_iter()
                .map(|(pid, name)| format!("process {pid} (`{name}`)"))
                .collect();
            let clients = if clients.is_empty() { "it".to_string() } else { clients.join(", ") };
            waits(&format!(
                "process {holder} has ended, but a client that it started is still working: \
                 waiting for {clients}; if that is not a working client, stop it"
            ));
            waited = true;
        }
        thread::sleep(Duration::from_millis(50));
    }
    let mut written = || {
        file.set_len(0)?;
        file.seek(SeekFrom::Start(0))?;
        writeln!(file, "{}", std::process::id())?;
        fcntl_setfd(&file, FdFlags::empty())?;
        Ok(())
    };
    written().map_err(|error: io::Error| unwritable(path, &error))?;
    Ok(file)
}

/// The processes that have a file open, with their program names, if the system provides them.
fn holders(file: &File) -> Vec<(u32, String)> {
    let same = |path: &Path| {
        let (one, other) = (fs::metadata(path), file.metadata());
        one.is_ok_and(|one| {
            other.is_ok_and(|other| (one.dev(), one.ino()) == (other.dev(), other.ino()))
        })
    };
    let entries = |path: PathBuf| fs::read_dir(path).into_iter().flatten().flatten();
    let pids = entries(PathBuf::from("/proc"))
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let holds = |pid: &u32| {
        *pid != std::process::id()
            && entries(PathBuf::from(format!("/proc/{pid}/fd"))).any(|open| same(&open.path()))
    };
    let name = |pid: u32| {
        fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default().trim().to_string()
    };
    pids.filter(holds).map(|pid| (pid, name(pid))).collect()
}
