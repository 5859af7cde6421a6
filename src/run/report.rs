//! Writes reports for other programs: replaces a plain file atomically, writes to a device or pipe
//! directly. Creates no folders.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::written_file::{cannot, folder_of};
use crate::diagnostics::Diagnostic;

/// Refuses a path at which no report can be written.
pub fn check(path: &Path) -> Result<(), Diagnostic> {
    if path.is_dir() {
        return Err(Diagnostic::error(format!(
            "`{}` is a folder; expected the path of a file",
            path.display()
        ))
        .hint("for example `report.xml` in this folder"));
    }
    let folder = folder_of(path);
    if !folder.is_dir() {
        return Err(Diagnostic::error(format!(
            "cannot write `{}`: folder `{}` not found",
            path.display(),
            folder.display()
        ))
        .hint(format!("run `mkdir -p {}`, or use another path", folder.display())));
    }
    Ok(())
}

/// Writes a report, atomically unless the path is a device or a pipe.
pub fn write(path: &Path, text: &str) -> Result<(), Diagnostic> {
    check(path)?;
    write_to(path, text).map_err(|error| cannot("write", path, &error))
}

/// Writes a report at a default path. A link there is replaced and not followed, since it may be
/// part of the repository.
pub fn replace(path: &Path, text: &str) -> Result<(), Diagnostic> {
    replace_with(path, |file| file.write_all(text.as_bytes()))
}

/// Like [`replace`], for a report that is written in parts.
pub fn replace_with(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Diagnostic> {
    check(path).and_then(|()| {
        replace_file_with(path, write).map_err(|error| cannot("write", path, &error))
    })
}

fn write_to(path: &Path, text: &str) -> io::Result<()> {
    let path = &target(path);
    if fs::metadata(path).is_ok_and(|file| !file.is_file()) {
        return OpenOptions::new().write(true).open(path)?.write_all(text.as_bytes());
    }
    replace_file_with(path, |file| file.write_all(text.as_bytes()))
}

fn replace_file_with(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    // The mode of a new file before the umask.
    let file = tempfile::Builder::new()
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(folder_of(path))?;
    let mut out = BufWriter::new(file);
    write(&mut out)?;
    let file = out.into_inner().map_err(|error| error.into_error())?;
    file.persist(path).map(drop).map_err(|error| error.error)
}

/// The target of a symbolic link, or the path itself. The link is preserved, and its target is
/// replaced, or created if it is missing.
fn target(path: &Path) -> PathBuf {
    match (fs::canonicalize(path), fs::read_link(path)) {
        (Ok(target), _) => target,
        (Err(_), Ok(link)) => folder_of(path).join(link),
        _ => path.to_path_buf(),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_link_is_preserved_and_its_target_replaced() {
        let folder = tempfile::TempDir::new().unwrap();
        let at = |name: &str| folder.path().join(name);
        symlink("report.xml", at("link")).unwrap();
        for text in ["first", "second"] {
            write(&at("link"), text).unwrap();
            assert!(at("link").is_symlink());
            assert_eq!(fs::read_to_string(at("report.xml")).unwrap(), text);
        }
    }

    #[test]
    fn a_device_is_written_to() {
        let folder = tempfile::TempDir::new().unwrap();
        let link = folder.path().join("null");
        symlink("/dev/null", &link).unwrap();
        write(&link, "text").unwrap();
        assert!(link.is_symlink() && !fs::metadata("/dev/null").unwrap().is_file());
    }

    #[test]
    fn folders_are_neither_replaced_nor_created() {
        let folder = tempfile::TempDir::new().unwrap();
        assert!(
            check(folder.path())
                .unwrap_err()
                .message
                .ends_with("is a folder; expected the path of a file")
        );
        assert!(
            check(&folder.path().join("no/report.xml")).unwrap_err().message.contains("not found")
        );
        assert!(check("report.xml".as_ref()).is_ok());
    }

    #[test]
    fn the_umask_determines_the_mode() {
        let folder = tempfile::TempDir::new().unwrap();
        let (report, plain) = (folder.path().join("report"), folder.path().join("plain"));
        write(&report, "text").unwrap();
        fs::write(&plain, "text").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&report), mode(&plain));
    }
}
