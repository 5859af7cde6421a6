//! What a run reads and writes: the plan's files, the journal beside the plan, its lock, the reports. A finished step is on the
//! disk before its worker is handed another one, so that neither the end of this process nor a power cut forgets it. Refuses
//! a second run at once; forgives a last line that a crash tore.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::io::{FdFlags, fcntl_setfd};
use rustix::process::{Pid, test_kill_process};

use super::entry::Entry;
use crate::diagnostics::Diagnostic;
use crate::plan::manifest::{self, Manifest};
use crate::plan::write;

/// The files of a plan's runs: all beside its folder, since the folder is replaced as a whole.
#[derive(Clone, Debug)]
pub struct Places {
    pub plan: PathBuf,
    pub journal: PathBuf,
    pub lock: PathBuf,
    pub run_results: PathBuf,
    pub page: PathBuf,
}

impl Places {
    pub fn beside(plan: &Path) -> Places {
        // `.` and `..` have no name of their own.
        let plan = if plan.file_name().is_some() { plan.to_path_buf() } else { fs::canonicalize(plan).unwrap_or(plan.to_path_buf()) };
        let name = plan.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let beside = |ending: &str| plan.with_file_name(format!("{name}.{ending}"));
        Places {
            journal: beside("journal.jsonl"),
            lock: beside("lock"),
            run_results: beside("run_results.json"),
            page: beside("page.html"),
            plan,
        }
    }

    /// The plan's manifest.
    pub fn manifest(&self) -> Result<Manifest, Diagnostic> {
        let path = self.plan.join("manifest.json");
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(wrong) if wrong.kind() == io::ErrorKind::NotFound => {
                return Err(Diagnostic::error(format!(
                    "there is no plan in `{}`",
                    self.plan.strip_prefix(".").unwrap_or(&self.plan).display()
                ))
                .hint("`batchwright compile` writes one; `--plan DIR` names another folder"));
            }
            Err(wrong) => return Err(cannot("read", &path, &wrong)),
        };
        manifest::read(&bytes, &path.display().to_string())
    }

    /// The bytes of a step's file, which must be those that the manifest was written with.
    pub fn text(&self, file: &str, sha256: &str) -> Result<Vec<u8>, String> {
        let path = self.plan.join(file);
        match fs::read(&path) {
            Ok(bytes) if write::sha256(&bytes) == sha256 => Ok(bytes),
            Ok(_) => Err(format!("`{}` is not the file that the manifest was written with: compile the plan again", path.display())),
            Err(wrong) => Err(format!("cannot read `{}`: {wrong}", path.display())),
        }
    }

    /// What the journal holds. A line that is no entry is one that a crash tore.
    pub fn entries(&self) -> Result<Vec<Entry>, Diagnostic> {
        let about = match fs::metadata(&self.journal) {
            Ok(about) => about,
            Err(wrong) if wrong.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(wrong) => return Err(cannot("read", &self.journal, &wrong)),
        };
        // A device has no end to read to.
        if !about.is_file() {
            return Ok(Vec::new());
        }
        let bytes = fs::read(&self.journal).map_err(|wrong| cannot("read", &self.journal, &wrong))?;
        Ok(bytes.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect())
    }

    /// Writes a report as a whole.
    pub fn report(path: &Path, text: &str) -> Result<(), Diagnostic> {
        let folder = folder_of(path);
        let written = || {
            fs::create_dir_all(folder)?;
            let mut file = tempfile::NamedTempFile::new_in(folder)?;
            file.write_all(text.as_bytes())?;
            file.persist(path).map_err(|wrong| wrong.error)
        };
        written().map(drop).map_err(|wrong: io::Error| cannot("write", path, &wrong))
    }
}

/// SQL in a file of its own, for a client that wants one. The file goes with the value.
pub fn scratch(sql: &str) -> Result<tempfile::NamedTempFile, Diagnostic> {
    let written = || {
        let mut file = tempfile::Builder::new().prefix("batchwright-").suffix(".sql").tempfile()?;
        file.write_all(sql.as_bytes())?;
        Ok(file)
    };
    written().map_err(|wrong: io::Error| cannot("write", &std::env::temp_dir(), &wrong))
}

/// The journal of the one run that may write to it.
pub struct Journal {
    path: PathBuf,
    lines: Mutex<Lines>,
    /// The same file again, so that lines can be written while the disk is waited for.
    disk: File,
    /// How many lines the disk has for certain.
    synced: Mutex<u64>,
    /// Held as long as this process lives, and as long as one of its clients does.
    _lock: File,
}

struct Lines {
    file: File,
    written: u64,
}

/// Takes the lock and opens the journal. `waits` hears why this takes longer, where it does.
pub fn open(places: &Places, waits: &dyn Fn(&str)) -> Result<Journal, Diagnostic> {
    let lock = lock(places, waits)?;
    let opened = || {
        let is_new = !places.journal.exists();
        let mut file = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(&places.journal)?;
        if is_new {
            // A file whose name is not on the disk is lost with all that is in it.
            File::open(folder_of(&places.journal))?.sync_all()?;
        }
        if file.metadata()?.is_file() && file.seek(SeekFrom::End(0))? > 0 {
            file.seek(SeekFrom::End(-1))?;
            let mut last = [0];
            file.read_exact(&mut last)?;
            if last != *b"\n" {
                file.write_all(b"\n")?;
            }
        }
        Ok((file.try_clone()?, file))
    };
    let (disk, file) = opened().map_err(|wrong| unwritable(&places.journal, &wrong))?;
    let lines = Mutex::new(Lines { file, written: 0 });
    Ok(Journal { path: places.journal.clone(), lines, disk, synced: Mutex::new(0), _lock: lock })
}

impl Journal {
    /// Appends a line. It survives any end of this process; if `durable`, the disk has it when this returns.
    pub fn append(&self, entry: &Entry, durable: bool) -> Result<(), Diagnostic> {
        let mut line = serde_json::to_vec(entry).expect("strings and numbers are JSON");
        line.push(b'\n');
        let appended = self.write(&line).and_then(|number| if durable { self.sync(number) } else { Ok(()) });
        appended.map_err(|wrong| unwritable(&self.path, &wrong))
    }

    /// Gives the line's number.
    fn write(&self, line: &[u8]) -> io::Result<u64> {
        let mut lines = held(&self.lines);
        lines.file.write_all(line)?;
        lines.written += 1;
        Ok(lines.written)
    }

    /// Returns when the disk has this line. Workers that wait meanwhile are served by one sync for all of their lines.
    fn sync(&self, number: u64) -> io::Result<()> {
        let mut synced = held(&self.synced);
        if *synced >= number {
            return Ok(());
        }
        let written = held(&self.lines).written;
        match self.disk.sync_data() {
            // A device that cannot sync has nothing to lose.
            Err(wrong) if wrong.kind() != io::ErrorKind::InvalidInput => return Err(wrong),
            _ => *synced = written,
        }
        Ok(())
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The lock is the kernel's, so that it goes with its holders however they end. The clients inherit it: while a client of a run
/// that was killed is still at work, a second one beside it could write the same batch twice.
fn lock(places: &Places, waits: &dyn Fn(&str)) -> Result<File, Diagnostic> {
    let path = &places.lock;
    let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path);
    let mut file = opened.map_err(|wrong| cannot("write", path, &wrong))?;
    let mut waited = false;
    loop {
        match file.try_lock() {
            Ok(()) => break,
            Err(fs::TryLockError::Error(wrong)) => return Err(cannot("lock", path, &wrong)),
            Err(fs::TryLockError::WouldBlock) => {}
        }
        let mut holder = String::new();
        let _ = file.seek(SeekFrom::Start(0)).and_then(|_| file.read_to_string(&mut holder));
        let holder = holder.trim();
        let pid = holder.parse().ok().and_then(Pid::from_raw);
        if pid.is_none_or(|pid| test_kill_process(pid) != Err(rustix::io::Errno::SRCH)) {
            return Err(Diagnostic::error(format!("another run is at work on this plan: process {holder}"))
                .fact(format!("it holds `{}`", path.display()))
                .hint("wait for its end, or stop it with Ctrl-C; `batchwright status` shows how far it is"));
        }
        if !waited {
            waits(&format!("process {holder} is gone, but a client that it started is still at work: waiting for its end"));
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
    written().map_err(|wrong: io::Error| unwritable(path, &wrong))?;
    Ok(file)
}

fn unwritable(path: &Path, wrong: &io::Error) -> Diagnostic {
    let said = cannot("write", path, wrong);
    match wrong.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => said
            .fact("without a journal nothing that finishes would be remembered, so nothing more is started")
            .hint("make room, then go on with `batchwright retry`: what the journal has stays done"),
        _ => said,
    }
}

fn cannot(verb: &str, path: &Path, wrong: &io::Error) -> Diagnostic {
    Diagnostic::error(format!("cannot {verb} `{}`: {wrong}", path.display()))
}
