//! Whether a plan's folder is just as it was left, told without reading it. A written plan is
//! sealed: an attribute of the folder says which plan it is, and when that was. A file has been
//! touched since if the kernel changed its entry then (`ctime`, which no program can set). A copy,
//! a checkout, or a file system without attributes has no seal: its files are read and compared.
//! Each model's folder is marked in the same way, so that of a plan in which one model changed only
//! that one is made anew.

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

use super::walk::{Entry, walk};
use crate::diagnostics::par_map;
use crate::plan::Plan;

const ATTRIBUTE: &str = "user.batchwright";

/// Tells plans apart, and models: no two of a project's in its lifetime share one by chance.
type Mark = u128;

/// Which plan a folder was left with, and when.
pub struct Seal {
    plan: Mark,
    /// When its files had been written, and when they were left alone.
    made: Time,
    at: Time,
}

/// Seconds since 1970, and nanoseconds.
pub type Time = (i64, i64);

/// What the bytes of a plan follow from: what is known of it, and the program that writes it.
pub struct Marks {
    pub plan: Mark,
    /// Of the files of each model that has steps, in the plan's order.
    models: Vec<Mark>,
}

impl Marks {
    pub fn of(plan: &Plan) -> Marks {
        let Plan { about, models, steps, state } = plan;
        let program = env::current_exe().and_then(fs::metadata).map(|about| (about.len(), about.mtime(), about.mtime_nsec())).ok();
        let of_steps = par_map(steps, |steps| digest(&(program, steps)));
        let plan = digest(&(program, about, models, &of_steps, state));
        Marks { plan, models: of_steps }
    }

    /// The models whose folders, as they were left below `folder`, are just those of this plan.
    pub fn same<'p>(&self, plan: &'p Plan, folder: &Path) -> BTreeSet<&'p str> {
        let marked = plan.steps.iter().zip(&self.models);
        let same = marked.filter(|(steps, mark)| attribute(&folder.join(&steps.folder)).is_some_and(|found| found == mark.to_string()));
        same.map(|(steps, _)| steps.folder.as_str()).collect()
    }
}

fn digest(of: &impl Hash) -> Mark {
    let mut hasher = Xxh3::new();
    of.hash(&mut hasher);
    hasher.digest128()
}

fn attribute(folder: &Path) -> Option<String> {
    let mut value = [0; 128];
    let length = getxattr(folder, ATTRIBUTE, &mut value).ok()?;
    Some(std::str::from_utf8(&value[..length]).ok()?.to_string())
}

/// A folder that will be sealed: opened, so that it is this one even if another takes its place
/// meanwhile.
pub struct Sealing {
    folder: File,
    made: Time,
}

/// Marks the models' folders of a plan that was written. Where that cannot be done there will be no
/// seal.
pub fn mark(folder: &Path, plan: &Plan, marks: &Marks) -> Option<Sealing> {
    for (steps, mark) in plan.steps.iter().zip(&marks.models) {
        setxattr(folder.join(&steps.folder), ATTRIBUTE, mark.to_string().as_bytes(), XattrFlags::empty()).ok()?;
    }
    let folder = File::open(folder).ok()?;
    let made = tick(&folder)?;
    Some(Sealing { folder, made })
}

impl Sealing {
    /// Seals the folder, now that the plan before it is gone: a file that both had was touched when
    /// it went.
    pub fn seal(self, marks: &Marks) {
        if let Some(at) = tick(&self.folder) {
            let made = self.made;
            set(&self.folder, &format!("{} {} {} {} {}", marks.plan, made.0, made.1, at.0, at.1));
        }
    }
}

fn set(folder: &File, value: &str) -> bool {
    fsetxattr(folder, ATTRIBUTE, value.as_bytes(), XattrFlags::empty()).is_ok()
}

/// A time that is later than all that was done below the folder, by the file system's own clock:
/// that of the folder's last change, which is this one. Its clock ticks every few milliseconds, and
/// what was done in a tick cannot be told from what will be: it is the next one.
fn tick(folder: &File) -> Option<Time> {
    let mut first = None;
    for attempt in 0..20 {
        // To set what is there already changes nothing, and no time.
        let at = set(folder, &attempt.to_string()).then(|| folder.metadata().ok())?.as_ref().map(changed)?;
        if *first.get_or_insert(at) < at {
            return Some(at);
        }
        thread::sleep(Duration::from_millis(1));
    }
    None
}

impl Seal {
    /// The seal of a folder.
    pub fn of(folder: &Path) -> Option<Seal> {
        let value = attribute(folder)?;
        let mut words = value.split(' ');
        let plan = words.next()?.parse().ok()?;
        let mut time = || Some((words.next()?.parse().ok()?, words.next()?.parse().ok()?));
        Some(Seal { plan, made: time()?, at: time()? })
    }

    /// Whether the entry is as it was when the folder was sealed.
    pub fn holds(&self, entry: &Entry) -> bool {
        entry.changed() < self.at && entry.written() < self.made
    }

    /// Whether the folder is as it was, and holds the plan of this hash, of so many files.
    pub fn is_whole(&self, folder: &Path, plan: Mark, files: usize) -> bool {
        let see = |(found, touched): &mut (usize, bool), entry: &Entry| {
            *found += usize::from(!entry.is_folder());
            *touched |= !self.holds(entry);
        };
        let is_all = |parts: Vec<(usize, bool)>| {
            parts.iter().map(|(found, _)| found).sum::<usize>() == files && parts.iter().all(|(_, touched)| !touched)
        };
        self.plan == plan && walk(folder, see).is_ok_and(is_all)
    }
}

fn changed(about: &fs::Metadata) -> Time {
    (about.ctime(), about.ctime_nsec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::manifest::{About, RequestEntry};
    use crate::plan::{Fixed, Kind, Reads, Steps};
    use crate::project::State;

    fn plan(texts: [&str; 2]) -> Plan {
        let request = RequestEntry {
            now: None,
            event_time_start: None,
            event_time_end: None,
            full_refresh: false,
            batch_size: None,
            chunk: None,
            complete_only: false,
            select: Vec::new(),
            exclude: Vec::new(),
            selector: None,
        };
        let word = String::new;
        let about = About { schema_version: 1, generator: word(), project: word(), target: word(), dialect: word(), request };
        let steps = ["a", "b"].into_iter().zip(texts).map(|(name, text)| Steps {
            model: name.into(),
            folder: name.into(),
            first: vec![Fixed { kind: Kind::Build, text: text.into() }],
            batches: None,
            last: Vec::new(),
            reads: Reads::default(),
        });
        Plan { about, models: Vec::new(), steps: steps.collect(), state: State::new(Default::default(), Default::default()) }
    }

    #[test]
    fn a_seal_tells_what_was_touched_and_which_model_changed() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let (old, new) = (plan(["select 1", "select 2"]), plan(["select 1", "select 3"]));
        for name in ["a", "b"] {
            fs::create_dir(folder.join(name)).unwrap();
            fs::write(folder.join(name).join("build.sql"), "").unwrap();
        }
        fs::write(folder.join("manifest.json"), "").unwrap();
        // A file system without attributes takes none.
        let Some(sealing) = mark(folder, &old, &Marks::of(&old)) else { return assert_eq!(attribute(folder), None) };
        sealing.seal(&Marks::of(&old));
        let seal = Seal::of(folder).unwrap();
        assert!(seal.is_whole(folder, Marks::of(&old).plan, 3) && !seal.is_whole(folder, Marks::of(&new).plan, 3));
        assert_eq!(Marks::of(&new).same(&new, folder), BTreeSet::from(["a"]));
        fs::write(folder.join("b/build.sql"), "").unwrap();
        assert!(!seal.is_whole(folder, Marks::of(&old).plan, 3));
    }
}
