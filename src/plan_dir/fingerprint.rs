//! Detects whether a plan's folder is unchanged, without reading its files. Writing a plan sets an
//! extended attribute of the folder with the hash of the plan and the time. A file whose `ctime` is
//! later has changed; programs cannot set the `ctime`. A copy, a checkout, or a folder on a file
//! system without extended attributes has no fingerprint: its files are read and compared. Each
//! model's folder has a hash too, so that only the files of changed models are generated again.

use std::collections::BTreeSet;
use std::env;
use std::fs::{self, File};
use std::hash::Hash;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::thread;
use std::time::Duration;

use rustix::fs::{XattrFlags, fsetxattr, getxattr, setxattr};
use xxhash_rust::xxh3::Xxh3;

use super::walk::{FileTime, PlanDirEntry, walk};
use crate::diagnostics::par_map;
use crate::plan::Plan;

const ATTRIBUTE: &str = "user.batchwright";

/// Identifies a plan, or the steps of a model; 128 bits make collisions improbable.
type ContentHash = u128;

/// The plan and the time with which a folder was written.
pub struct Fingerprint {
    plan: ContentHash,
    /// The time at which all files were written.
    made: FileTime,
    /// The time at which the previous plan was removed, which modifies shared files.
    at: FileTime,
}

/// Hashes of everything that determines the bytes of a plan: its data, and the program that writes
/// it.
pub struct PlanHashes {
    pub plan: ContentHash,
    /// One for each model with steps, in the order of the plan.
    models: Vec<ContentHash>,
}

impl PlanHashes {
    pub fn of(plan: &Plan) -> PlanHashes {
        let Plan { about, models, steps, state } = plan;
        let program = env::current_exe()
            .and_then(fs::metadata)
            .map(|file| (file.len(), file.mtime(), file.mtime_nsec()))
            .ok();
        let of_steps = par_map(steps, |steps| digest(&(program, steps)));
        let plan = digest(&(program, about, models, &of_steps, state));
        PlanHashes { plan, models: of_steps }
    }

    /// The folders of models that were written with the same steps as in this plan.
    pub fn same<'p>(&self, plan: &'p Plan, folder: &Path) -> BTreeSet<&'p str> {
        let marked = plan.steps.iter().zip(&self.models);
        let same = marked.filter(|(steps, hash)| {
            attribute(&folder.join(&steps.folder)).is_some_and(|value| value == hash.to_string())
        });
        same.map(|(steps, _)| steps.folder.as_str()).collect()
    }
}

fn digest(of: &impl Hash) -> ContentHash {
    let mut hasher = Xxh3::new();
    of.hash(&mut hasher);
    hasher.digest128()
}

fn attribute(folder: &Path) -> Option<String> {
    let mut value = [0; 128];
    let length = getxattr(folder, ATTRIBUTE, &mut value).ok()?;
    Some(std::str::from_utf8(&value[..length]).ok()?.to_string())
}

/// Writes the fingerprint of a folder. It keeps the folder open, so that a concurrent replacement
/// does not receive the fingerprint.
pub struct FingerprintWriter {
    folder: File,
    made: FileTime,
}

/// Sets the hashes of the models' folders of a written plan; `None` if the file system does not
/// support it.
pub fn prepare(folder: &Path, plan: &Plan, hashes: &PlanHashes) -> Option<FingerprintWriter> {
    for (steps, hash) in plan.steps.iter().zip(&hashes.models) {
        setxattr(
            folder.join(&steps.folder),
            ATTRIBUTE,
            hash.to_string().as_bytes(),
            XattrFlags::empty(),
        )
        .ok()?;
    }
    let folder = File::open(folder).ok()?;
    let made = next_ctime_tick(&folder)?;
    Some(FingerprintWriter { folder, made })
}

impl FingerprintWriter {
    /// Sets the fingerprint. Must be called after the previous plan is removed: its removal changes
    /// the `ctime` of files that both plans share.
    pub fn finish(self, hashes: &PlanHashes) {
        if let Some(at) = next_ctime_tick(&self.folder) {
            let made = self.made;
            set(&self.folder, &format!("{} {} {} {} {}", hashes.plan, made.0, made.1, at.0, at.1));
        }
    }
}

fn set(folder: &File, value: &str) -> bool {
    fsetxattr(folder, ATTRIBUTE, value.as_bytes(), XattrFlags::empty()).is_ok()
}

/// Waits for the next tick of the file system's clock, and returns its time: later than every
/// change below the folder so far. The clock ticks every few milliseconds, and changes within one
/// tick have the same time.
fn next_ctime_tick(folder: &File) -> Option<FileTime> {
    let mut first = None;
    for attempt in 0..20 {
        // Setting an attribute to its current value would not update the `ctime`.
        let at = set(folder, &attempt.to_string())
            .then(|| folder.metadata().ok())?
            .as_ref()
            .map(changed)?;
        if *first.get_or_insert(at) < at {
            return Some(at);
        }
        thread::sleep(Duration::from_millis(1));
    }
    None
}

impl Fingerprint {
    /// Reads the fingerprint of a folder.
    pub fn of(folder: &Path) -> Option<Fingerprint> {
        let value = attribute(folder)?;
        let mut words = value.split(' ');
        let plan = words.next()?.parse().ok()?;
        let mut time = || Some((words.next()?.parse().ok()?, words.next()?.parse().ok()?));
        Some(Fingerprint { plan, made: time()?, at: time()? })
    }

    /// Whether the entry is unchanged since the fingerprint was set.
    pub fn is_unchanged(&self, entry: &PlanDirEntry) -> bool {
        entry.changed() < self.at && entry.written() < self.made
    }

    /// Whether the folder is unchanged and has the plan with this hash, of `files` files.
    pub fn is_intact(&self, folder: &Path, plan: ContentHash, files: usize) -> bool {
        let see = |(count, touched): &mut (usize, bool), entry: &PlanDirEntry| {
            *count += usize::from(!entry.is_folder());
            *touched |= !self.is_unchanged(entry);
        };
        let is_all = |parts: Vec<(usize, bool)>| {
            parts.iter().map(|(count, _)| count).sum::<usize>() == files
                && parts.iter().all(|(_, touched)| !touched)
        };
        self.plan == plan && walk(folder, see).is_ok_and(is_all)
    }
}

fn changed(about: &fs::Metadata) -> FileTime {
    (about.ctime(), about.ctime_nsec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::manifest::{About, RequestEntry};
    use crate::plan::{ModelSteps, StaticStep, StepKind};
    use crate::project::State;

    fn plan(texts: [&str; 2]) -> Plan {
        let request = RequestEntry {
            now: None,
            event_time_start: None,
            event_time_end: None,
            full_refresh: false,
            staged: false,
            batch_size: None,
            chunk: None,
            excluded_windows: Vec::new(),
            backfill: None,
            complete_only: false,
            select: Vec::new(),
            exclude: Vec::new(),
            selector: None,
        };
        let word = String::new;
        let about = About {
            schema_version: 1,
            generator: word(),
            project: word(),
            target: word(),
            profile: None,
            profiles_dir: None,
            dialect: word(),
            request,
            shards: None,
            ledger: None,
        };
        let steps = ["a", "b"].into_iter().zip(texts).map(|(name, text)| {
            let build = StaticStep { kind: StepKind::Build, text: text.into() };
            ModelSteps::new(name, name, vec![build])
        });
        Plan {
            about,
            models: Vec::new(),
            steps: steps.collect(),
            state: State::new(Default::default(), Default::default()),
        }
    }

    #[test]
    fn a_fingerprint_detects_touched_files_and_changed_models() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let (old, new) = (plan(["select 1", "select 2"]), plan(["select 1", "select 3"]));
        for name in ["a", "b"] {
            fs::create_dir(folder.join(name)).unwrap();
            fs::write(folder.join(name).join("build.sql"), "").unwrap();
        }
        fs::write(folder.join("manifest.json"), "").unwrap();
        // A file system may not support extended attributes.
        let Some(writer) = prepare(folder, &old, &PlanHashes::of(&old)) else {
            return assert_eq!(attribute(folder), None);
        };
        writer.finish(&PlanHashes::of(&old));
        let fingerprint = Fingerprint::of(folder).unwrap();
        assert!(
            fingerprint.is_intact(folder, PlanHashes::of(&old).plan, 3)
                && !fingerprint.is_intact(folder, PlanHashes::of(&new).plan, 3)
        );
        assert_eq!(PlanHashes::of(&new).same(&new, folder), BTreeSet::from(["a"]));
        fs::write(folder.join("b/build.sql"), "").unwrap();
        assert!(!fingerprint.is_intact(folder, PlanHashes::of(&old).plan, 3));
    }
}
