//! Whether a client's program is there, asked before a run begins: a mistyped name is a wrong request and no failed run.

use std::io;
use std::path::Path;

use rustix::fs::{Access, access};

use super::process::not_started;
use crate::diagnostics::Diagnostic;

/// Refuses a program that is not found, or that is no program. `path` is the variable `PATH`.
pub fn refuse_missing(program: &str, path: &str) -> Result<(), Diagnostic> {
    let refused = |kind: io::ErrorKind| Err(not_started(program, &io::Error::from(kind)));
    let places: Vec<_> = match program.contains('/') {
        true => vec![Path::new(program).to_path_buf()],
        false => std::env::split_paths(path).map(|folder| folder.join(program)).collect(),
    };
    let files: Vec<_> = places.into_iter().filter(|place| place.exists()).collect();
    match files.iter().any(|file| file.is_file() && access(file, Access::EXEC_OK).is_ok()) {
        true => Ok(()),
        false => refused(if files.is_empty() { io::ErrorKind::NotFound } else { io::ErrorKind::PermissionDenied }),
    }
}
