//! The only reader of project files. Takes paths below the project's folder; gives text with its name as the user knows it
//! (relative to the project, `/` between the parts). Refuses, with the file's name and the cure, what can't be read, what is no
//! UTF-8 and what lies beyond the project's fence. Follows links as dbt does, and stops at those that lead back or out.

use std::fs;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use crate::diagnostics::{Diagnostic, Diagnostics, SourceFile};

use super::fence::Fence;
use super::ignored::Ignored;
use super::state::hash;

/// The folder of a project.
pub struct Files {
    root: PathBuf,
    fence: Fence,
}

impl Files {
    /// The folder, if it is one and can be read.
    pub fn open(root: &Path) -> Result<Files, Diagnostic> {
        match fs::read_dir(root) {
            Ok(_) => Ok(Files { root: root.to_path_buf(), fence: Fence::around(root) }),
            Err(wrong) => Err(unreadable(&root.display().to_string(), &wrong)),
        }
    }

    /// A file's text, or `None` if there is no such file.
    pub fn read(&self, path: &str) -> Result<Option<SourceFile>, Diagnostic> {
        self.fence.check(path)?;
        read_text(&self.root.join(path), path)
    }

    /// The first line of a file of data, however large the file is, and a hash of the whole: dbt's own, or of a large file of
    /// its beginning and its length.
    pub fn beginning(&self, path: &str) -> Result<(SourceFile, String), Diagnostic> {
        const ENOUGH: u64 = 1 << 20;
        self.fence.check(path)?;
        let mut bytes = Vec::new();
        let read = fs::File::open(self.root.join(path)).and_then(|file| {
            let length = file.metadata()?.len();
            file.take(ENOUGH).read_to_end(&mut bytes).map(|_| length)
        });
        let length = read.map_err(|wrong| unreadable(path, &wrong))?;
        let text = String::from_utf8_lossy(&bytes);
        let plain = text.trim().replace("\r\n", "\n");
        let hash = if length > ENOUGH { hash([&*plain, &length.to_string()]) } else { hash([&*plain]) };
        Ok((SourceFile::new(path, without_mark(text.split('\n').next().unwrap_or_default())), hash))
    }

    /// The paths of all files below `folder`, in order, without those that `ignored` names.
    /// A folder that is not there holds none.
    pub fn below(&self, folder: &str, ignored: &Ignored, wrong: &mut Diagnostics) -> Vec<String> {
        let mut found = Vec::new();
        let start = self.root.join(folder);
        if !start.is_dir() {
            return found;
        }
        let mut outside = Vec::new();
        let entries = WalkDir::new(&start).follow_links(true).sort_by_file_name().into_iter();
        let seen = entries.filter_entry(|entry| {
            let path = joined(folder, entry.path(), &start);
            if entry.depth() > 0 && ignored.matches(&path) {
                return false;
            }
            // A folder that leads out is not walked, however much there is.
            let may_lead_out = entry.file_type().is_dir() && (entry.depth() == 0 || entry.path_is_symlink());
            let led = if may_lead_out { self.fence.check(&path) } else { Ok(()) };
            led.map_err(|error| outside.push(error)).is_ok()
        });
        for entry in seen {
            match entry {
                Ok(entry) if entry.file_type().is_file() => {
                    // Editors leave such files behind, and dbt passes them by.
                    if !entry.file_name().to_string_lossy().starts_with(['.', '#', '~']) {
                        found.push(joined(folder, entry.path(), &start));
                    }
                }
                Ok(_) => {}
                Err(odd) => wrong.0.extend(self.odd_entry(&odd)),
            }
        }
        wrong.0.extend(outside);
        found
    }

    /// The folders below `folder` that hold a file called `name`, one level deep, in order.
    pub fn folders_with(&self, folder: &str, name: &str) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.root.join(folder)) else {
            return Vec::new();
        };
        let names = entries.flatten().filter(|entry| entry.path().join(name).is_file()).map(|entry| entry.file_name());
        let mut found: Vec<String> = names.map(|name| format!("{folder}/{}", name.to_string_lossy())).collect();
        found.sort();
        found
    }

    fn odd_entry(&self, odd: &walkdir::Error) -> Option<Diagnostic> {
        let name = |path: &Path| path.strip_prefix(&self.root).unwrap_or(path).display().to_string();
        let path = odd.path().map(name).unwrap_or_default();
        if let Some(above) = odd.loop_ancestor() {
            let message = format!("`{path}` links back to `{}`, and is left out", name(above));
            return Some(Diagnostic::warning(message).hint("remove the link"));
        }
        match odd.io_error() {
            // A link to nothing: dbt passes it by as well.
            Some(wrong) if wrong.kind() == ErrorKind::NotFound => None,
            Some(wrong) => Some(unreadable(&path, wrong)),
            None => None,
        }
    }
}

/// The text of a file anywhere (`profiles.yml` lies outside of the project), named `name` in messages.
pub fn read_text(path: &Path, name: &str) -> Result<Option<SourceFile>, Diagnostic> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(wrong) if matches!(wrong.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
        Err(wrong) => return Err(unreadable(name, &wrong)),
    };
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Some(SourceFile::new(name, without_mark(&text)))),
        Err(wrong) => {
            let line = wrong.as_bytes()[..wrong.utf8_error().valid_up_to()].iter().filter(|byte| **byte == b'\n').count() + 1;
            Err(Diagnostic::error(format!("`{name}` is not UTF-8 on line {line}")).hint("save it as UTF-8"))
        }
    }
}

/// Some editors begin a file with a byte order mark.
fn without_mark(text: &str) -> String {
    text.strip_prefix('\u{feff}').unwrap_or(text).to_string()
}

fn joined(folder: &str, path: &Path, start: &Path) -> String {
    let below = path.strip_prefix(start).unwrap_or(path);
    let parts = below.components().map(|part| part.as_os_str().to_string_lossy().into_owned());
    let folder = folder.trim_start_matches("./").trim_end_matches('/');
    std::iter::once(folder.to_string()).filter(|folder| !folder.is_empty() && folder != ".").chain(parts).collect::<Vec<_>>().join("/")
}

fn unreadable(name: &str, wrong: &std::io::Error) -> Diagnostic {
    let (why, hint) = match wrong.kind() {
        ErrorKind::NotFound => ("does not exist", "name another folder with `--project-dir`"),
        ErrorKind::PermissionDenied => ("can't be read: permission denied", "allow yourself to read it"),
        ErrorKind::IsADirectory => ("is a folder, and a file is wanted", "move the folder out of the way"),
        ErrorKind::NotADirectory => ("is no folder", "name the folder that holds `dbt_project.yml`"),
        _ => return Diagnostic::error(format!("`{name}` can't be read")).fact(wrong.to_string()),
    };
    Diagnostic::error(format!("`{name}` {why}")).hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (path, bytes) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        folder
    }

    #[test]
    fn text_is_utf_8_without_a_mark() {
        let folder = folder(&[("a.sql", b"\xef\xbb\xbfselect 1\r\n"), ("b.sql", b"one\n\xff")]);
        let files = Files::open(folder.path()).unwrap();
        assert_eq!(&*files.read("a.sql").unwrap().unwrap().text, "select 1\r\n");
        assert_eq!(files.read("b.sql").unwrap_err().message, "`b.sql` is not UTF-8 on line 2");
        assert_eq!(files.read("c.sql").unwrap(), None);
        assert!(Files::open(&folder.path().join("no")).err().unwrap().message.contains("does not exist"));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_that_leads_back_is_a_warning() {
        let folder = folder(&[("models/a.sql", b""), ("models/deep/b.SQL", b""), ("models/c.yml", b""), ("models/.#a.sql", b"")]);
        std::os::unix::fs::symlink("..", folder.path().join("models/deep/up")).unwrap();
        std::os::unix::fs::symlink("nowhere", folder.path().join("models/gone")).unwrap();
        let mut wrong = Diagnostics::default();
        let found = Files::open(folder.path()).unwrap().below("models", &Ignored::default(), &mut wrong);
        assert_eq!(found, ["models/a.sql", "models/c.yml", "models/deep/b.SQL"]);
        assert_eq!(wrong.0.len(), 1);
        assert_eq!(wrong.0[0].message, "`models/deep/up` links back to `models`, and is left out");
    }
}
