//! Checks that a client's program exists before a run starts: a wrong name is an invalid request,
//! not a failed run.

use std::io;
use std::path::Path;

use rustix::fs::{Access, access};

use super::process::not_started;
use crate::diagnostics::Diagnostic;

/// Refuses a program that is not found or not executable. `path` is the variable `PATH`.
pub fn refuse_missing(program: &str, path: &str) -> Result<(), Diagnostic> {
    let error = |kind: io::ErrorKind| Err(not_started(program, &io::Error::from(kind)));
    let candidates: Vec<_> = match program.contains('/') {
        true => vec![Path::new(program).to_path_buf()],
        false => std::env::split_paths(path).map(|folder| folder.join(program)).collect(),
    };
    let files: Vec<_> = candidates.into_iter().filter(|path| path.exists()).collect();
    match files.iter().any(|file| file.is_file() && access(file, Access::EXEC_OK).is_ok()) {
        true => Ok(()),
        false => error(if files.is_empty() {
            io::ErrorKind::NotFound
        } else {
            io::ErrorKind::PermissionDenied
        }),
    }
}
