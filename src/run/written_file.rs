//! The paths of files that a run writes: their folder, links, and errors.

use std::io;
use std::path::Path;

use crate::diagnostics::Diagnostic;

/// The folder of a file.
pub(super) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Refuses a link to a file: the link may be part of the repository, and writing would change an
/// unrelated file.
pub(super) fn refuse_link(path: &Path) -> Result<(), Diagnostic> {
    if path.is_symlink() && path.is_file() {
        return Err(Diagnostic::error(format!(
            "`{}` is a symbolic link, which is not followed",
            path.display()
        ))
        .hint("remove the link"));
    }
    Ok(())
}

pub(super) fn unwritable(path: &Path, error: &io::Error) -> Diagnostic {
    let diagnostic = cannot("write", path, error);
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => diagnostic
            .note("no further step was started, because its result could not be recorded")
            .hint("free some disk space, then continue: `batchwright retry`"),
        _ => diagnostic,
    }
}

pub(super) fn cannot(verb: &str, path: &Path, error: &io::Error) -> Diagnostic {
    Diagnostic::error(format!("cannot {verb} `{}`: {error}", path.display()))
}
