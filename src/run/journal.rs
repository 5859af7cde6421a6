//! What a run reads and writes: the plan's files, the journal beside the plan, its lock, the
//! reports. A finished step is on the disk before its worker is handed another one, so that neither
//! the end of this process nor a power cut forgets it. Refuses a second run at once; forgives a
//! last line that a crash tore.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use memchr::memmem;

use super::entry::{self, Entry};
use super::history::{History, HistoryReader};
use super::lock;
use crate::diagnostics::Diagnostic;
use crate::plan::Sha256;
use crate::plan::manifest::Manifest;
use crate::plan::planned::{self, ManifestHead, PlanFingerprint, PlannedStep};

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
        let plan = if plan.file_name().is_some() {
            plan.to_path_buf()
        } else {
            fs::canonicalize(plan).unwrap_or(plan.to_path_buf())
        };
        let name =
            plan.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
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
        let (file, name) = self.open_manifest()?;
        planned::read(file, &name)
    }

    /// The same, its steps one by one: for what looks at each of them once.
    pub fn each_step(&self, take: &mut dyn FnMut(PlannedStep)) -> Result<ManifestHead, Diagnostic> {
        let (file, name) = self.open_manifest()?;
        planned::each_step(file, &name, take)
    }

    fn open_manifest(&self) -> Result<(BufReader<File>, String), Diagnostic> {
        let path = self.plan.join("manifest.json");
        match File::open(&path) {
            Ok(file) => {
                Ok((BufReader::with_capacity(READ_AHEAD, file), path.display().to_string()))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(Diagnostic::error(format!(
                    "there is no plan in `{}`",
                    self.plan.strip_prefix(".").unwrap_or(&self.plan).display()
                ))
                .hint("`batchwright compile` writes one; `--plan DIR` names another folder"))
            }
            Err(error) => Err(cannot("read", &path, &error)),
        }
    }

    /// The bytes of a file of the plan, which must be those that the manifest was written with.
    pub fn text(&self, file: &str, sha256: Option<Sha256>) -> Result<Vec<u8>, String> {
        let path = self.plan.join(file);
        match fs::read(&path) {
            Ok(bytes) if Some(Sha256::of(&bytes)) == sha256 => Ok(bytes),
            Ok(_) => Err(format!(
                "`{}` is not the file that the manifest was written with: compile the plan again",
                path.display()
            )),
            Err(error) => Err(format!("cannot read `{}`: {error}", path.display())),
        }
    }

    /// Hands over the journal's entries, one by one. A line that is no entry is one that a crash
    /// tore.
    pub fn each_entry(&self, mut take: impl FnMut(Entry)) -> Result<(), Diagnostic> {
        let about = match fs::metadata(&self.journal) {
            Ok(about) => about,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(cannot("read", &self.journal, &error)),
        };
        // A device has no end to read to.
        if !about.is_file() {
            return Ok(());
        }
        let unreadable = |error: io::Error| cannot("read", &self.journal, &error);
        let mut lines =
            BufReader::with_capacity(READ_AHEAD, File::open(&self.journal).map_err(unreadable)?);
        let mut line = Vec::new();
        while lines.read_until(b'\n', &mut line).map_err(unreadable)? > 0 {
            self.refuse_newer(&line)?;
            serde_json::from_slice(&line).ok().into_iter().for_each(&mut take);
            line.clear();
        }
        Ok(())
    }

    /// Whether there is no journal, or its last line is the end of a complete run.
    pub fn ends_complete(&self) -> bool {
        let tail = || {
            let mut file = File::open(&self.journal)?;
            let length = file.metadata()?.len();
            file.seek(SeekFrom::Start(length.saturating_sub(4096)))?;
            let mut tail = Vec::new();
            file.take(4096).read_to_end(&mut tail)?;
            Ok::<_, io::Error>(tail)
        };
        let Ok(tail) = tail() else { return true };
        let last = tail.trim_ascii_end().rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
        matches!(serde_json::from_slice(last), Ok(Entry::End(end)) if end.failed + end.open == 0)
    }

    /// What the journal tells of the steps of the plan with this fingerprint.
    pub fn history(&self, plan: &str) -> Result<History, Diagnostic> {
        let mut reader = HistoryReader::new(plan.to_string());
        self.each_entry(|entry| reader.add(entry))?;
        Ok(reader.finish())
    }

    /// The fingerprint of the plan.
    pub fn fingerprint(&self) -> Result<String, Diagnostic> {
        let mut fingerprint = PlanFingerprint::default();
        self.each_step(&mut |step| fingerprint.add(&step))?;
        Ok(fingerprint.finish())
    }

    /// Refuses a line of a version that this program does not know, which it would take for a torn
    /// one.
    fn refuse_newer(&self, line: &[u8]) -> Result<(), Diagnostic> {
        #[derive(serde::Deserialize)]
        struct Version {
            schema_version: u32,
        }
        if memmem::find(line, b"\"schema_version\"").is_none() {
            return Ok(());
        }
        let version = serde_json::from_slice::<Version>(line).map_or(0, |line| line.schema_version);
        if version <= entry::SCHEMA_VERSION {
            return Ok(());
        }
        Err(Diagnostic::error(format!(
            "the journal `{}` has the version {version}, and this batchwright knows {}",
            self.journal.display(),
            entry::SCHEMA_VERSION
        ))
        .hint(
            "use the batchwright that wrote it; or, to run the plan from its start, move the \
            journal away",
        ))
    }
}

/// A line of a journal is a few hundred bytes, a step of a manifest as many.
const READ_AHEAD: usize = 1 << 16;

/// SQL in a file of its own, for a client that wants one. The file goes with the value.
pub fn scratch(sql: &str) -> Result<tempfile::NamedTempFile, Diagnostic> {
    let written = || {
        let mut file = tempfile::Builder::new().prefix("batchwright-").suffix(".sql").tempfile()?;
        file.write_all(sql.as_bytes())?;
        Ok(file)
    };
    written().map_err(|error: io::Error| cannot("write", &std::env::temp_dir(), &error))
}

/// The journal of the one run that may write to it.
pub struct Journal {
    path: PathBuf,
    lines: Mutex<Lines>,
    /// The same file again, so that lines can be written while the disk is waited for.
    disk: File,
    /// How many lines the disk has for certain.
    synced: Mutex<u64>,
    /// Held until this is dropped, or, if this process is killed, until its last client has ended.
    lock: File,
}

struct Lines {
    file: File,
    written: u64,
}

/// Takes the lock and opens the journal. `waits` hears why this takes longer, where it does.
pub fn open(places: &Places, waits: &dyn Fn(&str)) -> Result<Journal, Diagnostic> {
    let lock = lock::take(&places.lock, waits)?;
    refuse_link(&places.journal)?;
    let opened = || {
        let is_new = !places.journal.exists();
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&places.journal)?;
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
    let (disk, file) = opened().map_err(|error| unwritable(&places.journal, &error))?;
    let lines = Mutex::new(Lines { file, written: 0 });
    Ok(Journal { path: places.journal.clone(), lines, disk, synced: Mutex::new(0), lock })
}

impl Drop for Journal {
    fn drop(&mut self) {
        // For the processes that have inherited it too: what a client leaves behind after a run
        // that ended is not at work on it.
        let _ = self.lock.unlock();
    }
}

impl Journal {
    /// Appends a line. It survives any end of this process; if `durable`, the disk has it when this
    /// returns.
    pub fn append(&self, entry: &Entry, durable: bool) -> Result<(), Diagnostic> {
        let mut line = serde_json::to_vec(entry).expect("strings and numbers are JSON");
        line.push(b'\n');
        let appended =
            self.write(&line).and_then(|number| if durable { self.sync(number) } else { Ok(()) });
        appended.map_err(|error| unwritable(&self.path, &error))
    }

    /// Gives the line's number.
    fn write(&self, line: &[u8]) -> io::Result<u64> {
        let mut lines = held(&self.lines);
        lines.file.write_all(line)?;
        lines.written += 1;
        Ok(lines.written)
    }

    /// Returns when the disk has this line. Workers that wait meanwhile are served by one sync for
    /// all of their lines.
    fn sync(&self, number: u64) -> io::Result<()> {
        let mut synced = held(&self.synced);
        if *synced >= number {
            return Ok(());
        }
        let written = held(&self.lines).written;
        match self.disk.sync_data() {
            // A device that cannot sync has nothing to lose.
            Err(error) if error.kind() != io::ErrorKind::InvalidInput => return Err(error),
            _ => *synced = written,
        }
        Ok(())
    }
}

pub(super) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Refuses a link to a plain file: it may have come with the plan, and what it leads to is not ours
/// to write.
pub(super) fn refuse_link(path: &Path) -> Result<(), Diagnostic> {
    if path.is_symlink() && path.is_file() {
        return Err(Diagnostic::error(format!(
            "`{}` is a link, which is not followed",
            path.display()
        ))
        .hint("remove the link"));
    }
    Ok(())
}

pub(super) fn unwritable(path: &Path, error: &io::Error) -> Diagnostic {
    let said = cannot("write", path, error);
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => said
            .fact(
                "without a journal nothing that finishes would be remembered, so nothing more \
                is started",
            )
            .hint(
                "make room, then go on with `batchwright retry`: what the journal has stays \
                done",
            ),
        _ => said,
    }
}

pub(super) fn cannot(verb: &str, path: &Path, error: &io::Error) -> Diagnostic {
    Diagnostic::error(format!("cannot {verb} `{}`: {error}", path.display()))
}
