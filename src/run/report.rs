//! Reports for other programs: written as a whole where the path is a plain file or nothing,
//! written through where it is a device or a pipe. Takes a path that the user names; creates no
//! folder.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::journal::{cannot, folder_of};
use crate::diagnostics::Diagnostic;

/// Refuses a path at which no report can be written, before any work is done for it.
pub fn check(path: &Path) -> Result<(), Diagnostic> {
    if path.is_dir() {
        return Err(Diagnostic::error(format!(
            "`{}` is a folder, and a report is a file",
            path.display()
        ))
        .hint("name a file in it"));
    }
    let folder = folder_of(path);
    if !folder.is_dir() {
        return Err(Diagnostic::error(format!(
            "cannot write `{}`: there is no folder `{}`",
            path.display(),
            folder.display()
        ))
        .hint(format!("`mkdir -p {}`, or name another file", folder.display())));
    }
    Ok(())
}

/// Writes a report. A reader never sees a part of it, unless it reads from a device or a pipe.
pub fn write(path: &Path, text: &str) -> Result<(), Diagnostic> {
    check(path)?;
    write_to(path, text).map_err(|error| cannot("write", path, &error))
}

/// Writes a report at a path that the user has not named: a link there is replaced and not
/// followed, since it may have come with the plan.
pub fn replace(path: &Path, text: &str) -> Result<(), Diagnostic> {
    replace_with(path, |file| file.write_all(text.as_bytes()))
}

/// The same, of a report that is written part by part.
pub fn replace_with(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Diagnostic> {
    check(path)
        .and_then(|()| place_with(path, write).map_err(|error| cannot("write", path, &error)))
}

fn write_to(path: &Path, text: &str) -> io::Result<()> {
    let path = &target(path);
    if fs::metadata(path).is_ok_and(|file| !file.is_file()) {
        return OpenOptions::new().write(true).open(path)?.write_all(text.as_bytes());
    }
    place(path, text)
}

fn place(path: &Path, text: &str) -> io::Result<()> {
    place_with(path, |file| file.write_all(text.as_bytes()))
}

fn place_with(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    // The mode of a new file, which the user's umask narrows.
    let file = tempfile::Builder::new()
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(folder_of(path))?;
    let mut out = BufWriter::new(file);
    write(&mut out)?;
    let file = out.into_inner().map_err(|error| error.into_error())?;
    file.persist(path).map(drop).map_err(|error| error.error)
}

/// Where a symbolic link leads, so that it is kept: its file is replaced, or made if the link
/// dangles.
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
    fn a_link_stays_and_its_file_is_replaced() {
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
    fn a_device_is_written_to_and_stays() {
        let folder = tempfile::TempDir::new().unwrap();
        let link = folder.path().join("null");
        symlink("/dev/null", &link).unwrap();
        write(&link, "text").unwrap();
        assert!(link.is_symlink() && !fs::metadata("/dev/null").unwrap().is_file());
    }

    #[test]
    fn folders_are_neither_replaced_nor_made() {
        let folder = tempfile::TempDir::new().unwrap();
        assert!(
            check(folder.path())
                .unwrap_err()
                .message
                .ends_with("is a folder, and a report is a file")
        );
        assert!(
            check(&folder.path().join("no/report.xml"))
                .unwrap_err()
                .message
                .contains("there is no folder")
        );
        assert!(check("report.xml".as_ref()).is_ok());
    }

    #[test]
    fn others_may_read_it_as_the_umask_says() {
        let folder = tempfile::TempDir::new().unwrap();
        let (report, plain) = (folder.path().join("report"), folder.path().join("plain"));
        write(&report, "text").unwrap();
        fs::write(&plain, "text").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&report), mode(&plain));
    }
}
