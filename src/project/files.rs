//! The only reader of project files. Takes paths below the project's folder; gives text with its
//! name as the user knows it (relative to the project, `/` between the parts). Refuses, with the
//! file's name and the cure, what cannot be read, what is not UTF-8, a pipe or a device, what is
//! too large, and what lies beyond the project's fence. Follows links as dbt does, and stops at
//! those that lead back or out.

use std::fs;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use crate::diagnostics::{Diagnostic, Diagnostics, SourceFile};

use super::ignored::Ignored;
use super::sandbox::Sandbox;
use super::state::hash;

/// The folder of a project.
pub struct Files {
    root: PathBuf,
    fence: Sandbox,
}

impl Files {
    /// The folder, if it is one and can be read.
    pub fn open(root: &Path) -> Result<Files, Diagnostic> {
        match fs::read_dir(root) {
            Ok(_) => Ok(Files { root: root.to_path_buf(), fence: Sandbox::around(root) }),
            Err(error) => Err(unreadable(&root.display().to_string(), &error)),
        }
    }

    /// What the project may read.
    pub fn fence(&self) -> &Sandbox {
        &self.fence
    }

    /// A file's text, or `None` if there is no such file.
    pub fn read(&self, path: &str) -> Result<Option<SourceFile>, Diagnostic> {
        let limit =
            if path.to_ascii_lowercase().ends_with(".csv") { LARGEST_DATA } else { LARGEST };
        self.fence.resolve(path)?.map_or(Ok(None), |real| read_text(&real, path, limit))
    }

    /// The first line of a file of data, however large the file is, and a hash of the whole: dbt's
    /// own, or of a large file of its beginning and its length.
    pub fn beginning(&self, path: &str) -> Result<(SourceFile, String), Diagnostic> {
        const ENOUGH: u64 = 1 << 20;
        let mut bytes = Vec::new();
        let real = self.fence.resolve(path)?.unwrap_or_else(|| self.root.join(path));
        let (file, length) = open_plain(&real, path)?;
        file.take(ENOUGH).read_to_end(&mut bytes).map_err(|error| unreadable(path, &error))?;
        let text = String::from_utf8_lossy(&bytes);
        let plain = text.trim().replace("\r\n", "\n");
        let hash =
            if length > ENOUGH { hash([&*plain, &length.to_string()]) } else { hash([&*plain]) };
        Ok((SourceFile::new(path, without_mark(text.split('\n').next().unwrap_or_default())), hash))
    }

    /// The paths of all files below `folder`, in order, without those that `ignored` names.
    /// A folder that is not there holds none.
    pub fn below(&self, folder: &str, ignored: &Ignored, errors: &mut Diagnostics) -> Vec<String> {
        let mut paths = Vec::new();
        let start = self.root.join(folder);
        if !start.is_dir() {
            return paths;
        }
        let mut outside = Vec::new();
        let mut linked = 0_usize;
        let entries = WalkDir::new(&start).follow_links(true).sort_by_file_name().into_iter();
        let seen = entries.filter_entry(|entry| {
            let path = joined(folder, entry.path(), &start);
            if entry.depth() > 0 && ignored.matches(&path) {
                return false;
            }
            // A folder that leads out is not walked, however much there is.
            let may_lead_out =
                entry.file_type().is_dir() && (entry.depth() == 0 || entry.path_is_symlink());
            linked += usize::from(may_lead_out);
            if linked > MOST_LINKS {
                return false;
            }
            let led = if may_lead_out { self.fence.resolve(&path).map(drop) } else { Ok(()) };
            led.map_err(|error| outside.push(error)).is_ok()
        });
        for entry in seen {
            match entry {
                Ok(entry) if entry.file_type().is_file() => {
                    let below = entry.path().strip_prefix(&start).unwrap_or(entry.path());
                    if below.to_str().is_none() && is_read(below) {
                        outside_of_utf8(&joined(folder, entry.path(), &start), errors);
                    // Editors leave such files behind, and dbt passes them by.
                    } else if !entry.file_name().to_string_lossy().starts_with(['.', '#', '~']) {
                        paths.push(joined(folder, entry.path(), &start));
                    }
                }
                Ok(entry) if !entry.file_type().is_dir() && is_read(entry.path()) => {
                    errors.0.push(not_plain(&joined(folder, entry.path(), &start)));
                }
                Ok(_) => {}
                Err(odd) => errors.0.extend(self.odd_entry(&odd)),
            }
        }
        if linked > MOST_LINKS {
            let error = Diagnostic::error(format!(
                "`{folder}` has more than {MOST_LINKS} links to folders"
            ));
            errors.0.push(error.hint("links that lead to folders of links multiply: remove some"));
        }
        errors.0.extend(outside);
        paths
    }

    /// The folders below `folder` that hold a file called `name`, one level deep, in order.
    pub fn folders_with(&self, folder: &str, name: &str) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.root.join(folder)) else {
            return Vec::new();
        };
        let is_plain = |path: PathBuf| fs::metadata(path).is_ok_and(|about| about.is_file());
        let names = entries
            .flatten()
            .filter(|entry| is_plain(entry.path().join(name)))
            .map(|entry| entry.file_name());
        let mut paths: Vec<String> =
            names.map(|name| format!("{folder}/{}", name.to_string_lossy())).collect();
        paths.sort();
        paths
    }

    fn odd_entry(&self, odd: &walkdir::Error) -> Option<Diagnostic> {
        let name =
            |path: &Path| path.strip_prefix(&self.root).unwrap_or(path).display().to_string();
        let path = odd.path().map(name).unwrap_or_default();
        if let Some(above) = odd.loop_ancestor() {
            let message = format!("`{path}` links back to `{}`, and is left out", name(above));
            return Some(Diagnostic::warning(message).hint("remove the link"));
        }
        match odd.io_error() {
            // A link to nothing: dbt passes it by as well.
            Some(error) if error.kind() == ErrorKind::NotFound => None,
            Some(error) => Some(unreadable(&path, error)),
            None => None,
        }
    }
}

/// A file that the user names, wherever it is, unless a link of the repository leads to it. `name`
/// is the path in messages.
pub fn read_named(
    fence: &Sandbox,
    path: &Path,
    name: &str,
    trusted: &[PathBuf],
) -> Result<Option<SourceFile>, Diagnostic> {
    fence
        .resolve_named(path, name, trusted)?
        .map_or(Ok(None), |real| read_text(&real, name, LARGEST_DATA))
}

/// More bytes than this are no file that a person wrote.
const LARGEST: u64 = 16 << 20;

/// The same for data: seeds, dbt's manifest and its catalog.
const LARGEST_DATA: u64 = 1 << 30;

/// More links to folders than this are a mistake.
const MOST_LINKS: usize = 10_000;

/// The text of a file that is not larger than `limit`.
fn read_text(real: &Path, name: &str, limit: u64) -> Result<Option<SourceFile>, Diagnostic> {
    let (file, length) = open_plain(real, name)?;
    let mut bytes = Vec::with_capacity(usize::try_from(length.min(limit)).unwrap_or(0) + 1);
    // A file may grow while it is read.
    file.take(limit + 1).read_to_end(&mut bytes).map_err(|error| unreadable(name, &error))?;
    if bytes.len() as u64 > limit {
        return Err(Diagnostic::error(format!("`{name}` is larger than {} MiB", limit >> 20))
            .hint("split it, or move it out of the project"));
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Some(SourceFile::new(name, without_mark(&text)))),
        Err(error) => {
            let line = error.as_bytes()[..error.utf8_error().valid_up_to()]
                .iter()
                .filter(|byte| **byte == b'\n')
                .count()
                + 1;
            Err(Diagnostic::error(format!("`{name}` is not UTF-8 on line {line}"))
                .hint("save it as UTF-8"))
        }
    }
}

/// Opens a plain file: reading a pipe waits, reading a device may not end. Gives its length too.
fn open_plain(real: &Path, name: &str) -> Result<(fs::File, u64), Diagnostic> {
    // A pipe is not even opened.
    let about = fs::metadata(real).map_err(|error| unreadable(name, &error))?;
    if about.is_dir() {
        return Err(unreadable(name, &ErrorKind::IsADirectory.into()));
    }
    if !about.is_file() {
        return Err(not_plain(name));
    }
    let file = fs::File::open(real).map_err(|error| unreadable(name, &error))?;
    Ok((file, about.len()))
}

fn not_plain(name: &str) -> Diagnostic {
    let error = Diagnostic::error(format!(
        "`{name}` is a pipe, a socket or a device, and a file is wanted"
    ));
    error.hint("move it out of the project, or name another file")
}

/// Whether dbt reads files of such a name.
fn is_read(path: &Path) -> bool {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    ending.is_some_and(|ending| ["sql", "py", "yml", "yaml", "csv", "md"].contains(&&*ending))
}

fn outside_of_utf8(path: &str, errors: &mut Diagnostics) {
    let error = Diagnostic::error(format!("the name of `{path}` is not UTF-8"));
    errors.0.push(error.hint("rename the file, or its folder"));
}

/// Some editors begin a file with a byte order mark.
fn without_mark(text: &str) -> String {
    text.strip_prefix('\u{feff}').unwrap_or(text).to_string()
}

fn joined(folder: &str, path: &Path, start: &Path) -> String {
    let below = path.strip_prefix(start).unwrap_or(path);
    let parts = below.components().map(|part| part.as_os_str().to_string_lossy().into_owned());
    let folder = folder.trim_start_matches("./").trim_end_matches('/');
    std::iter::once(folder.to_string())
        .filter(|folder| !folder.is_empty() && folder != ".")
        .chain(parts)
        .collect::<Vec<_>>()
        .join("/")
}

fn unreadable(name: &str, error: &std::io::Error) -> Diagnostic {
    let (why, hint) = match error.kind() {
        ErrorKind::NotFound => ("does not exist", "name another folder with `--project-dir`"),
        ErrorKind::PermissionDenied => {
            ("cannot be read: permission denied", "allow yourself to read it")
        }
        ErrorKind::IsADirectory => {
            ("is a folder, and a file is wanted", "move the folder out of the way")
        }
        ErrorKind::NotADirectory => {
            ("is no folder", "name the folder that holds `dbt_project.yml`")
        }
        _ => return Diagnostic::error(format!("`{name}` cannot be read")).fact(error.to_string()),
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
        assert!(
            Files::open(&folder.path().join("no"))
                .err()
                .unwrap()
                .message
                .contains("does not exist")
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_link_that_leads_back_is_a_warning() {
        let folder = folder(&[
            ("models/a.sql", b""),
            ("models/deep/b.SQL", b""),
            ("models/c.yml", b""),
            ("models/.#a.sql", b""),
        ]);
        std::os::unix::fs::symlink("..", folder.path().join("models/deep/up")).unwrap();
        std::os::unix::fs::symlink("nowhere", folder.path().join("models/gone")).unwrap();
        let mut errors = Diagnostics::default();
        let paths =
            Files::open(folder.path()).unwrap().below("models", &Ignored::default(), &mut errors);
        assert_eq!(paths, ["models/a.sql", "models/c.yml", "models/deep/b.SQL"]);
        assert_eq!(errors.0.len(), 1);
        assert_eq!(errors.0[0].message, "`models/deep/up` links back to `models`, and is left out");
    }
}
