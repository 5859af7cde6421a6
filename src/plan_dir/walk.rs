//! Walks a plan's folder, its subfolders in parallel. Uses file descriptors instead of paths, which
//! the kernel would resolve again for each of 100,000 or more files.

use std::ffi::{CStr, CString};
use std::os::fd::AsFd;
use std::path::Path;

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat, openat, statat};
use rustix::io::Result;

use crate::diagnostics::par_map;

/// A time of a file: seconds since 1970, and nanoseconds.
pub type FileTime = (i64, i64);

/// A file, a folder, or something else.
pub struct PlanDirEntry<'a> {
    /// Relative to the plan's folder, with `/` separators.
    pub path: &'a str,
    stat: Stat,
}

impl PlanDirEntry<'_> {
    pub fn is_folder(&self) -> bool {
        FileType::from_raw_mode(self.stat.st_mode) == FileType::Directory
    }

    pub fn is_file(&self) -> bool {
        FileType::from_raw_mode(self.stat.st_mode) == FileType::RegularFile
    }

    /// Its length in bytes.
    pub fn length(&self) -> u64 {
        self.stat.st_size as u64
    }

    /// Its `ctime`: the time of the last change of its inode.
    pub fn changed(&self) -> FileTime {
        (self.stat.st_ctime, self.stat.st_ctime_nsec as i64)
    }

    /// Its `mtime`: the time of the last change of its content; programs can set it.
    pub fn written(&self) -> FileTime {
        (self.stat.st_mtime, self.stat.st_mtime_nsec as i64)
    }
}

/// Calls `see` for every entry below the folder, without following links. `see` collects a `T` for
/// each direct entry of the folder and its descendants. Returns an error if a folder cannot be
/// read.
pub fn walk<T: Default + Send>(
    folder: &Path,
    visitor: impl Fn(&mut T, &PlanDirEntry) + Sync,
) -> Result<Vec<T>> {
    let folder = openat(rustix::fs::CWD, folder, FOLDER, Mode::empty())?;
    let collected = par_map(&names(&folder)?, |name| {
        let mut collected = T::default();
        visit(&folder, name, &mut String::new(), &mut |entry| visitor(&mut collected, entry))
            .map(|()| collected)
    });
    collected.into_iter().collect()
}

const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

fn visit(
    folder: impl AsFd,
    name: &CStr,
    path: &mut String,
    visitor: &mut dyn FnMut(&PlanDirEntry),
) -> Result<()> {
    let stat = statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW)?;
    let parent_len = path.len();
    if parent_len > 0 {
        path.push('/');
    }
    path.push_str(&name.to_string_lossy());
    let entry = PlanDirEntry { path, stat };
    visitor(&entry);
    if entry.is_folder() {
        let below = openat(folder, name, FOLDER.union(OFlags::NOFOLLOW), Mode::empty())?;
        for name in names(&below)? {
            visit(&below, &name, path, visitor)?;
        }
    }
    path.truncate(parent_len);
    Ok(())
}

/// The names of the entries of a folder.
fn names(folder: impl AsFd) -> Result<Vec<CString>> {
    let names =
        Dir::read_from(folder)?.map(|entry| entry.map(|entry| entry.file_name().to_owned()));
    names.filter(|name| !matches!(name.as_deref().map(CStr::to_bytes), Ok(b"." | b".."))).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn all_entries_are_seen_and_links_are_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("a/b")).unwrap();
        fs::write(folder.path().join("a/b/c.sql"), "select 1").unwrap();
        std::os::unix::fs::symlink("..", folder.path().join("a/up")).unwrap();
        let seen = walk(folder.path(), |seen: &mut Vec<_>, entry| {
            seen.push((entry.path.to_string(), entry.is_file(), entry.is_folder()))
        });
        let mut seen = seen.unwrap().concat();
        seen.sort();
        let expected = [
            ("a", false, true),
            ("a/b", false, true),
            ("a/b/c.sql", true, false),
            ("a/up", false, false),
        ];
        assert_eq!(seen, expected.map(|(path, file, folder)| (path.to_string(), file, folder)));
        assert!(walk(&folder.path().join("no"), |_: &mut (), _| ()).is_err());
    }
}
