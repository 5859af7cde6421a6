//! The only reader of project files. Takes paths below the project's folder; returns text with the
//! path that messages show (relative to the project, separated by `/`). Rejects unreadable files,
//! text that is not UTF-8, pipes and devices, files that are too large, and files outside of the
//! project's sandbox. Follows links as dbt does, but not links that form a loop or lead out of the
//! sandbox.

use std::fs;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use crate::diagnostics::{Diagnostic, Diagnostics, SourceFile};

use super::content_hash::hash;
use super::ignored::Ignored;
use super::sandbox::Sandbox;

/// The folder of a project.
pub struct Files {
    root: PathBuf,
    sandbox: Sandbox,
}

impl Files {
    /// Opens the folder. Returns an error if it cannot be read or is not a folder.
    pub fn open(root: &Path) -> Result<Files, Diagnostic> {
        match fs::read_dir(root) {
            Ok(_) => Ok(Files { root: root.to_path_buf(), sandbox: Sandbox::around(root) }),
            Err(error) => Err(unreadable(&root.display().to_string(), &error)),
        }
    }

    /// The files that the project may read.
    pub fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }

    /// The text of a file, or `None` if there is no such file.
    pub fn read(&self, path: &str) -> Result<Option<SourceFile>, Diagnostic> {
        let limit =
            if path.to_ascii_lowercase().ends_with(".csv") { MAX_DATA_BYTES } else { MAX_BYTES };
        self.sandbox.resolve(path)?.map_or(Ok(None), |real| read_text(&real, path, limit))
    }

    /// The first line of a data file, however large it is, and a hash: dbt's own, of the whole
    /// file; for a file of more than 1 MiB, of its first MiB and its length.
    pub fn first_line(&self, path: &str) -> Result<(SourceFile, String), Diagnostic> {
        const HASHED_BYTES: u64 = 1 << 20;
        let mut bytes = Vec::new();
        let real = self.sandbox.resolve(path)?.unwrap_or_else(|| self.root.join(path));
        let (file, length) = open_regular_file(&real, path)?;
        file.take(HASHED_BYTES)
            .read_to_end(&mut bytes)
            .map_err(|error| unreadable(path, &error))?;
        let text = String::from_utf8_lossy(&bytes);
        let plain = text.trim().replace("\r\n", "\n");
        let hash = if length > HASHED_BYTES {
            hash([&*plain, &length.to_string()])
        } else {
            hash([&*plain])
        };
        Ok((
            SourceFile::new(
                path,
                without_byte_order_mark(text.split('\n').next().unwrap_or_default()),
            ),
            hash,
        ))
    }

    /// The paths of all files below `folder`, sorted, without those that `ignored` matches. Empty
    /// if the folder does not exist.
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
            // A folder outside of the sandbox is not walked, since it may be of any size.
            let may_lead_out =
                entry.file_type().is_dir() && (entry.depth() == 0 || entry.path_is_symlink());
            linked += usize::from(may_lead_out);
            if linked > MAX_LINKS {
                return false;
            }
            let resolved =
                if may_lead_out { self.sandbox.resolve(&path).map(drop) } else { Ok(()) };
            resolved.map_err(|error| outside.push(error)).is_ok()
        });
        for entry in seen {
            match entry {
                Ok(entry) if entry.file_type().is_file() => {
                    let below = entry.path().strip_prefix(&start).unwrap_or(entry.path());
                    if below.to_str().is_none() && is_read(below) {
                        report_non_utf8_name(&joined(folder, entry.path(), &start), errors);
                    // Editors write such files, and dbt ignores them.
                    } else if !entry.file_name().to_string_lossy().starts_with(['.', '#', '~']) {
                        paths.push(joined(folder, entry.path(), &start));
                    }
                }
                Ok(entry) if !entry.file_type().is_dir() && is_read(entry.path()) => {
                    errors.0.push(not_a_file(&joined(folder, entry.path(), &start)));
                }
                Ok(_) => {}
                Err(error) => errors.0.extend(self.walk_error(&error)),
            }
        }
        if linked > MAX_LINKS {
            let error =
                Diagnostic::error(format!("`{folder}` has more than {MAX_LINKS} links to folders"));
            errors.0.push(error.hint("remove links that lead to folders with further links"));
        }
        errors.0.extend(outside);
        paths
    }

    /// The folders directly below `folder` that contain a file called `name`, sorted.
    pub fn folders_with(&self, folder: &str, name: &str) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.root.join(folder)) else {
            return Vec::new();
        };
        let is_plain = |path: PathBuf| fs::metadata(path).is_ok_and(|metadata| metadata.is_file());
        let names = entries
            .flatten()
            .filter(|entry| is_plain(entry.path().join(name)))
            .map(|entry| entry.file_name());
        let mut paths: Vec<String> =
            names.map(|name| format!("{folder}/{}", name.to_string_lossy())).collect();
        paths.sort();
        paths
    }

    fn walk_error(&self, error: &walkdir::Error) -> Option<Diagnostic> {
        let name =
            |path: &Path| path.strip_prefix(&self.root).unwrap_or(path).display().to_string();
        let path = error.path().map(name).unwrap_or_default();
        if let Some(above) = error.loop_ancestor() {
            let message = format!("`{path}` links back to `{}`, and is ignored", name(above));
            return Some(Diagnostic::warning(message).hint("remove the link"));
        }
        match error.io_error() {
            // A broken link: dbt ignores it as well.
            Some(error) if error.kind() == ErrorKind::NotFound => None,
            Some(error) => Some(unreadable(&path, error)),
            None => None,
        }
    }
}

/// Reads a file that the user names, which may be anywhere. Rejects a link in the repository that
/// leads out of it. `name` is the path that messages show.
pub fn read_named(
    sandbox: &Sandbox,
    path: &Path,
    name: &str,
    trusted: &[PathBuf],
) -> Result<Option<SourceFile>, Diagnostic> {
    sandbox
        .resolve_named(path, name, trusted)?
        .map_or(Ok(None), |real| read_text(&real, name, MAX_DATA_BYTES))
}

/// The maximum size in bytes of a file that is not data.
const MAX_BYTES: u64 = 16 << 20;

/// The maximum size in bytes of data: seeds, dbt's manifest and its catalog.
const MAX_DATA_BYTES: u64 = 1 << 30;

/// The maximum number of links to folders.
const MAX_LINKS: usize = 10_000;

/// The text of a file. Returns an error if it has more than `limit` bytes.
fn read_text(real: &Path, name: &str, limit: u64) -> Result<Option<SourceFile>, Diagnostic> {
    let (file, length) = open_regular_file(real, name)?;
    let mut bytes = Vec::with_capacity(usize::try_from(length.min(limit)).unwrap_or(0) + 1);
    // A file may grow while it is read.
    file.take(limit + 1).read_to_end(&mut bytes).map_err(|error| unreadable(name, &error))?;
    if bytes.len() as u64 > limit {
        return Err(Diagnostic::error(format!("`{name}` is larger than {} MiB", limit >> 20))
            .hint("split it, or move it out of the project"));
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Some(SourceFile::new(name, without_byte_order_mark(&text)))),
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

/// Opens a regular file, and returns its length in bytes too. Rejects a pipe, which may block, and
/// a device, which may not end.
fn open_regular_file(real: &Path, name: &str) -> Result<(fs::File, u64), Diagnostic> {
    // The type is checked first: opening a pipe may block.
    let metadata = fs::metadata(real).map_err(|error| unreadable(name, &error))?;
    if metadata.is_dir() {
        return Err(unreadable(name, &ErrorKind::IsADirectory.into()));
    }
    if !metadata.is_file() {
        return Err(not_a_file(name));
    }
    let file = fs::File::open(real).map_err(|error| unreadable(name, &error))?;
    Ok((file, metadata.len()))
}

fn not_a_file(name: &str) -> Diagnostic {
    let error = Diagnostic::error(format!("`{name}` is a pipe, a socket or a device, not a file"));
    error.hint("move it out of the project, or name another file")
}

/// Whether dbt reads files with this extension.
fn is_read(path: &Path) -> bool {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    ending.is_some_and(|ending| ["sql", "py", "yml", "yaml", "csv", "md"].contains(&&*ending))
}

fn report_non_utf8_name(path: &str, errors: &mut Diagnostics) {
    let error = Diagnostic::error(format!("the name of `{path}` is not UTF-8"));
    errors.0.push(error.hint("rename the file, or its folder"));
}

/// The text without the byte order mark that some editors write.
fn without_byte_order_mark(text: &str) -> String {
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
        ErrorKind::IsADirectory => ("is a folder, not a file", "move the folder out of the way"),
        ErrorKind::NotADirectory => {
            ("is not a folder", "name the folder that holds `dbt_project.yml`")
        }
        _ => return Diagnostic::error(format!("`{name}` cannot be read")).note(error.to_string()),
    };
    Diagnostic::error(format!("`{name}` {why}")).hint(hint)
}

/// A file name without folders and extension.
pub fn file_stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or_default();
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
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
    fn a_link_to_a_parent_folder_is_a_warning() {
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
        assert_eq!(errors.0[0].message, "`models/deep/up` links back to `models`, and is ignored");
    }
}
