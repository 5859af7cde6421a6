//! Whether a plan's folder is just as it was left, told without reading it. A written plan is sealed: an attribute of the folder
//! says which plan it is, and when that was. A file has been touched since if the kernel changed its entry then (`ctime`, which
//! no program can set). A copy, a checkout, or a file system without attributes has no seal: its files are read and compared.

use std::env;
use std::fmt::Write;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::thread;
use std::time::Duration;

use rustix::fs::{XattrFlags, getxattr, setxattr};
use walkdir::WalkDir;

use super::MANIFEST;
use super::sha256::{Hasher, Sha256};
use crate::plan::Plan;

const ATTRIBUTE: &str = "user.batchwright";

/// Which plan a folder was left with, and when.
pub struct Seal {
    plan: Sha256,
    at: Time,
}

/// Seconds since 1970, and nanoseconds.
type Time = (i64, i64);

/// What a plan's bytes follow from: what is known of it, and the program that writes it.
pub fn hash(plan: &Plan) -> Sha256 {
    let mut hasher = Hasher::default();
    let program = env::current_exe().and_then(fs::metadata).map(|about| (about.len(), about.mtime(), about.mtime_nsec()));
    let Plan { about, models, steps, state } = plan;
    write!(hasher, "{program:?}{about:?}{models:?}{steps:?}{state:?}").expect("a hasher takes all that is written to it");
    hasher.end()
}

/// Seals a folder. Where that cannot be done it is left without.
pub fn seal(folder: &Path, plan: Sha256) {
    // The time is the file system's own, that of the folder's last change, which is this one. Its clock ticks every few
    // milliseconds, and what was written in a tick cannot be told from what will be: the seal is of the next one.
    let written = fs::metadata(folder.join(MANIFEST)).map(|about| changed(&about));
    for _ in 0..20 {
        let set = |value: &str| setxattr(folder, ATTRIBUTE, value.as_bytes(), XattrFlags::empty()).is_ok();
        let (true, Ok(at)) = (set(""), fs::metadata(folder).map(|about| changed(&about))) else { return };
        if written.as_ref().is_ok_and(|written| *written < at) {
            set(&format!("{plan} {} {}", at.0, at.1));
            return;
        }
        thread::sleep(Duration::from_millis(1));
    }
}

impl Seal {
    /// The seal of a folder.
    pub fn of(folder: &Path) -> Option<Seal> {
        let mut value = [0; 128];
        let length = getxattr(folder, ATTRIBUTE, &mut value).ok()?;
        let mut words = std::str::from_utf8(&value[..length]).ok()?.split(' ');
        let plan = Sha256::parse(words.next()?)?;
        Some(Seal { plan, at: (words.next()?.parse().ok()?, words.next()?.parse().ok()?) })
    }

    /// Whether the entry is as it was when the folder was sealed.
    pub fn holds(&self, about: &fs::Metadata) -> bool {
        changed(about) < self.at
    }

    /// Whether the folder is as it was, and holds the plan of this hash, of so many files.
    pub fn is_whole(&self, folder: &Path, plan: Sha256, files: usize) -> bool {
        let mut found = 0;
        self.plan == plan
            && WalkDir::new(folder).min_depth(1).into_iter().all(|entry| {
                entry.and_then(|entry| entry.metadata()).is_ok_and(|about| {
                    found += usize::from(!about.is_dir());
                    self.holds(&about)
                })
            })
            && found == files
    }
}

fn changed(about: &fs::Metadata) -> Time {
    (about.ctime(), about.ctime_nsec())
}
