//! The journal of a plan's runs. A finished step is flushed to the disk before its worker starts
//! another one, so neither a crash nor a power failure loses it. Refuses a second concurrent run;
//! ignores a last line that a crash has truncated.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use memchr::memmem;

use super::entry::{self, Entry, RunEntry};
use super::history::{History, HistoryReader};
use super::lock;
use super::plan_paths::PlanPaths;
use super::written_file::{cannot, folder_of, refuse_link, unwritable};
use crate::diagnostics::Diagnostic;
use crate::plan::Sha256;
use crate::plan::manifest::Manifest;
use crate::plan::manifest_reader::{self, ManifestHead};
use crate::plan::planned::{PlanFingerprint, PlannedStep};
use crate::plan_dir::MANIFEST;

impl PlanPaths {
    /// Whether there is a plan.
    pub fn has_manifest(&self) -> bool {
        self.plan.join(MANIFEST).is_file()
    }

    /// The plan's manifest.
    pub fn manifest(&self) -> Result<Manifest, Diagnostic> {
        let (file, name) = self.open_manifest()?;
        manifest_reader::read(file, &name)
    }

    /// The bytes of the manifest.
    pub fn manifest_bytes(&self) -> Result<Vec<u8>, Diagnostic> {
        let path = self.plan.join(MANIFEST);
        fs::read(&path).map_err(|error| cannot("read", &path, &error))
    }

    /// Reads the manifest, and calls `take` for each step.
    pub fn each_step(&self, take: &mut dyn FnMut(PlannedStep)) -> Result<ManifestHead, Diagnostic> {
        let (file, name) = self.open_manifest()?;
        manifest_reader::each_step(file, &name, take)
    }

    fn open_manifest(&self) -> Result<(BufReader<File>, String), Diagnostic> {
        let path = self.plan.join(MANIFEST);
        match File::open(&path) {
            Ok(file) => {
                Ok((BufReader::with_capacity(READ_AHEAD, file), path.display().to_string()))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Diagnostic::error(
                format!(
                    "no plan found in `{}`",
                    self.plan.strip_prefix(".").unwrap_or(&self.plan).display()
                ),
            )
            .hint(
                "to write one: `batchwright compile`; for a plan in another folder: `--plan DIR`",
            )),
            Err(error) => Err(cannot("read", &path, &error)),
        }
    }

    /// The bytes of a file of the plan; an error if its hash is not the one in the manifest.
    pub fn text(&self, file: &str, sha256: Option<Sha256>) -> Result<Vec<u8>, String> {
        let path = self.plan.join(file);
        match fs::read(&path) {
            Ok(bytes) if Some(Sha256::of(&bytes)) == sha256 => Ok(bytes),
            Ok(_) => Err(format!(
                "`{}` was changed after the plan was written: compile the plan again",
                path.display()
            )),
            Err(error) => Err(format!("cannot read `{}`: {error}", path.display())),
        }
    }

    /// Calls `take` for each entry of the journals. Ignores lines that a crash has truncated.
    pub fn each_entry(&self, mut take: impl FnMut(Entry)) -> Result<(), Diagnostic> {
        self.journals().iter().try_for_each(|journal| self.each_entry_of(journal, &mut take))
    }

    /// Calls `take` for each entry of the journals of this plan and of other plans in the same
    /// folders, journal by journal.
    pub fn each_entry_of_all_plans(&self, mut take: impl FnMut(Entry)) -> Result<(), Diagnostic> {
        self.each_entry(&mut take)?;
        let others = self.journals_of_other_plans();
        others.iter().try_for_each(|journal| self.each_entry_of(journal, &mut take))
    }

    /// The last run in a target of this name: of this plan, else of another plan in the same
    /// folders.
    pub fn last_run(&self, target: &str) -> Result<Option<RunEntry>, Diagnostic> {
        for journals in [self.journals(), self.journals_of_other_plans()] {
            let mut last: Option<RunEntry> = None;
            for journal in &journals {
                self.each_line_of(journal, &mut |line| {
                    if memmem::find(line, b"\"event\":\"run\"").is_some()
                        && let Ok(Entry::Run(run)) = serde_json::from_slice(line)
                        && run.target.as_ref().is_some_and(|of_run| of_run.target == target)
                        && last.as_ref().is_none_or(|last| last.at <= run.at)
                    {
                        last = Some(run);
                    }
                })?;
            }
            if last.is_some() {
                return Ok(last);
            }
        }
        Ok(None)
    }

    fn each_entry_of(&self, journal: &Path, mut take: impl FnMut(Entry)) -> Result<(), Diagnostic> {
        self.each_line_of(journal, &mut |line| {
            serde_json::from_slice(line).ok().into_iter().for_each(&mut take);
        })
    }

    fn each_line_of(&self, journal: &Path, take: &mut dyn FnMut(&[u8])) -> Result<(), Diagnostic> {
        let metadata = match fs::metadata(journal) {
            Ok(metadata) => metadata,
            Err(error) if is_missing(&error) => return Ok(()),
            Err(error) => return Err(cannot("read", journal, &error)),
        };
        // A device may have no end.
        if !metadata.is_file() {
            return Ok(());
        }
        let unreadable = |error: io::Error| cannot("read", journal, &error);
        let mut lines =
            BufReader::with_capacity(READ_AHEAD, File::open(journal).map_err(unreadable)?);
        let mut line = Vec::new();
        while lines.read_until(b'\n', &mut line).map_err(unreadable)? > 0 {
            refuse_newer(journal, &line)?;
            take(&line);
            line.clear();
        }
        Ok(())
    }

    /// Whether each journal is missing or ends with the end of a complete run.
    pub fn ends_complete(&self) -> bool {
        let tail = |journal: &Path| {
            let mut file = File::open(journal)?;
            let length = file.metadata()?.len();
            file.seek(SeekFrom::Start(length.saturating_sub(4096)))?;
            let mut tail = Vec::new();
            file.take(4096).read_to_end(&mut tail)?;
            Ok::<_, io::Error>(tail)
        };
        self.journals().iter().all(|journal| {
            let Ok(tail) = tail(journal) else { return true };
            let last = tail.trim_ascii_end().rsplit(|byte| *byte == b'\n').next();
            let last = serde_json::from_slice::<Entry>(last.unwrap_or_default());
            matches!(last, Ok(Entry::End(end)) if end.failed + end.open == 0)
        })
    }

    /// The history of the plan with this fingerprint.
    pub fn history(&self, plan: &str) -> Result<History, Diagnostic> {
        self.history_with(plan, |_| {})
    }

    /// The history of the plan with this fingerprint; calls `take` for each entry.
    pub fn history_with(
        &self,
        plan: &str,
        mut take: impl FnMut(&Entry),
    ) -> Result<History, Diagnostic> {
        let mut histories: Vec<History> = Vec::new();
        for journal in self.journals() {
            let mut reader = HistoryReader::new(plan.to_string());
            self.each_entry_of(&journal, |entry| {
                take(&entry);
                reader.add(entry);
            })?;
            histories.push(reader.finish());
        }
        // Without a run of this plan, the last run of the main journal counts.
        match histories.iter().any(|history| history.ran(plan)) {
            true => histories.retain(|history| history.ran(plan)),
            false => histories.truncate(1),
        }
        Ok(if histories.len() == 1 { histories.remove(0) } else { History::merge(histories) })
    }

    /// The fingerprint of the plan.
    pub fn fingerprint(&self) -> Result<String, Diagnostic> {
        let mut fingerprint = PlanFingerprint::default();
        self.each_step(&mut |step| fingerprint.add(&step))?;
        Ok(fingerprint.finish())
    }
}

/// Refuses a line of a newer version, which would be mistaken for a truncated one.
fn refuse_newer(journal: &Path, line: &[u8]) -> Result<(), Diagnostic> {
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
        "the journal `{}` has version {version}, but this batchwright reads version {}",
        journal.display(),
        entry::SCHEMA_VERSION
    ))
    .hint(
        "use the batchwright that wrote it; or, to run the plan from the start, move the \
        journal away",
    ))
}

/// Whether a file or one of its folders does not exist.
fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// The buffer size of readers. A line has a few hundred bytes.
const READ_AHEAD: usize = 1 << 16;

/// Writes SQL to a temporary file, which is removed when the value is dropped.
pub fn scratch(sql: &str) -> Result<tempfile::NamedTempFile, Diagnostic> {
    let written = || {
        let mut file = tempfile::Builder::new().prefix("batchwright-").suffix(".sql").tempfile()?;
        file.write_all(sql.as_bytes())?;
        Ok(file)
    };
    written().map_err(|error: io::Error| cannot("write", &std::env::temp_dir(), &error))
}

/// The journal, open for writing by one run.
pub struct Journal {
    path: PathBuf,
    lines: Mutex<Lines>,
    /// A second handle of the file, so that lines can be written during a sync.
    disk: File,
    /// The number of lines that are on the disk.
    synced: Mutex<u64>,
    /// Locked until the value is dropped, or, if this process is killed, until its last client
    /// ends.
    lock: File,
}

struct Lines {
    file: File,
    written: u64,
}

/// Takes the lock and opens the journal. Calls `report` with the reason if it must wait, and if it
/// moves the journal of an earlier version.
pub fn open(paths: &PlanPaths, report: &dyn Fn(&str)) -> Result<Journal, Diagnostic> {
    create_state_dir(paths)?;
    let lock = lock::take(&paths.lock, report)?;
    refuse_link(&paths.journal)?;
    move_former_journal(paths, report)?;
    let opened = || {
        let is_new = !paths.journal.exists();
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&paths.journal)?;
        if is_new {
            // Until its folder is flushed, a power failure may lose the new file.
            File::open(folder_of(&paths.journal))?.sync_all()?;
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
    let (disk, file) = opened().map_err(|error| unwritable(&paths.journal, &error))?;
    let lines = Mutex::new(Lines { file, written: 0 });
    Ok(Journal { path: paths.journal.clone(), lines, disk, synced: Mutex::new(0), lock })
}

/// Creates the state folder, which git ignores.
fn create_state_dir(paths: &PlanPaths) -> Result<(), Diagnostic> {
    let folder = &paths.state_dir;
    if !paths.has_named_state_dir && folder.is_symlink() {
        return Err(Diagnostic::error(format!(
            "`{}` is a symbolic link, which is not followed",
            folder.display()
        ))
        .hint("remove the link, or name the folder of the journals: `--state-dir DIR`"));
    }
    let create = || {
        if folder.is_dir() {
            return Ok(());
        }
        fs::create_dir_all(folder)?;
        fs::write(folder.join(".gitignore"), "*\n")?;
        File::open(folder_of(folder))?.sync_all()
    };
    create().map_err(|error| unwritable(folder, &error))
}

/// Moves the journal of an earlier version, which is next to the plan, to the state folder.
fn move_former_journal(paths: &PlanPaths, report: &dyn Fn(&str)) -> Result<(), Diagnostic> {
    let former = &paths.former_journal;
    if paths.journal.exists() || !former.is_file() {
        return Ok(());
    }
    refuse_link(former)?;
    let moved = || match fs::rename(former, &paths.journal) {
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
            let partial = paths.journal.with_extension("partial");
            fs::copy(former, &partial)?;
            File::open(&partial)?.sync_all()?;
            fs::rename(&partial, &paths.journal)?;
            fs::remove_file(former)
        }
        renamed => renamed,
    };
    moved().map_err(|error| cannot("move", former, &error))?;
    report(&format!("moved the journal to `{}`", paths.journal.display()));
    Ok(())
}

impl Drop for Journal {
    fn drop(&mut self) {
        // Also for processes that have inherited the lock: a daemon that a client has started is
        // not part of the run.
        let _ = self.lock.unlock();
    }
}

impl Journal {
    /// Appends a line, which survives a crash of this process; if `durable`, it is on the disk when
    /// this function returns.
    pub fn append(&self, entry: &Entry, durable: bool) -> Result<(), Diagnostic> {
        let mut line = serde_json::to_vec(entry).expect("strings and numbers are JSON");
        line.push(b'\n');
        let appended =
            self.write(&line).and_then(|number| if durable { self.sync(number) } else { Ok(()) });
        appended.map_err(|error| unwritable(&self.path, &error))
    }

    /// Writes a line; returns its number.
    fn write(&self, line: &[u8]) -> io::Result<u64> {
        let mut lines = locked(&self.lines);
        lines.file.write_all(line)?;
        lines.written += 1;
        Ok(lines.written)
    }

    /// Flushes this line to the disk. One sync serves all workers that are waiting.
    fn sync(&self, number: u64) -> io::Result<()> {
        let mut synced = locked(&self.synced);
        if *synced >= number {
            return Ok(());
        }
        let written = locked(&self.lines).written;
        match self.disk.sync_data() {
            // A device cannot sync.
            Err(error) if error.kind() != io::ErrorKind::InvalidInput => return Err(error),
            _ => *synced = written,
        }
        Ok(())
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
