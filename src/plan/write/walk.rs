//! What lies below a plan's folder. It is gone through by descriptors and not by paths, which the
//! kernel would follow anew for each of some 100,000 files; and its folders side by side.

use std::ffi::{CStr, CString};
use std::os::fd::AsFd;
use std::path::Path;

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat, openat, statat};
use rustix::io::Result;

use super::seal::Time;
use crate::diagnostics::par_map;

/// A file, a folder, or something else.
pub struct Entry<'a> {
    /// Relative to the plan's folder, `/` between the parts.
    pub path: &'a str,
    about: Stat,
}

impl Entry<'_> {
    pub fn is_folder(&self) -> bool {
        FileType::from_raw_mode(self.about.st_mode) == FileType::Directory
    }

    pub fn is_file(&self) -> bool {
        FileType::from_raw_mode(self.about.st_mode) == FileType::RegularFile
    }

    /// In bytes.
    pub fn length(&self) -> u64 {
        self.about.st_size as u64
    }

    /// When the kernel last changed anything of it.
    pub fn changed(&self) -> Time {
        (self.about.st_ctime, self.about.st_ctime_nsec as i64)
    }

    /// When what it holds was last changed, as far as is said.
    pub fn written(&self) -> Time {
        (self.about.st_mtime, self.about.st_mtime_nsec as i64)
    }
}

/// Shows `see` all that lies below the folder. What it gathers is a `T` for each of the folder's
/// own entries, with all below it. No link is followed. An error is a folder that can't be read.
pub fn walk<T: Default + Send>(folder: &Path, see: impl Fn(&mut T, &Entry) + Sync) -> Result<Vec<T>> {
    let folder = openat(rustix::fs::CWD, folder, FOLDER, Mode::empty())?;
    let gathered = par_map(&names(&folder)?, |name| {
        let mut gathered = T::default();
        visit(&folder, name, &mut String::new(), &mut |entry| see(&mut gathered, entry)).map(|()| gathered)
    });
    gathered.into_iter().collect()
}

const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

fn visit(folder: impl AsFd, name: &CStr, path: &mut String, see: &mut dyn FnMut(&Entry)) -> Result<()> {
    let about = statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW)?;
    let above = path.len();
    if above > 0 {
        path.push('/');
    }
    path.push_str(&name.to_string_lossy());
    let entry = Entry { path, about };
    see(&entry);
    if entry.is_folder() {
        let below = openat(folder, name, FOLDER.union(OFlags::NOFOLLOW), Mode::empty())?;
        for name in names(&below)? {
            visit(&below, &name, path, see)?;
        }
    }
    path.truncate(above);
    Ok(())
}

/// The names of what is in a folder.
fn names(folder: impl AsFd) -> Result<Vec<CString>> {
    let names = Dir::read_from(folder)?.map(|entry| entry.map(|entry| entry.file_name().to_owned()));
    names.filter(|name| !matches!(name.as_deref().map(CStr::to_bytes), Ok(b"." | b".."))).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn all_is_seen_and_no_link_followed() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("a/b")).unwrap();
        fs::write(folder.path().join("a/b/c.sql"), "select 1").unwrap();
        std::os::unix::fs::symlink("..", folder.path().join("a/up")).unwrap();
        let seen = walk(folder.path(), |seen: &mut Vec<_>, entry| seen.push((entry.path.to_string(), entry.is_file(), entry.is_folder())));
        let mut seen = seen.unwrap().concat();
        seen.sort();
        let expected = [("a", false, true), ("a/b", false, true), ("a/b/c.sql", true, false), ("a/up", false, false)];
        assert_eq!(seen, expected.map(|(path, file, folder)| (path.to_string(), file, folder)));
        assert!(walk(&folder.path().join("no"), |_: &mut (), _| ()).is_err());
    }
}
