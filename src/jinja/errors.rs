//! Diagnostics as minijinja's errors, and the limits of a rendering.

use std::fmt;

use minijinja::{Error, ErrorKind};

use crate::diagnostics::Diagnostic;
use crate::limits;

/// A diagnostic as the source of a minijinja error.
#[derive(Debug)]
pub(super) struct DiagnosticError(pub Diagnostic);

impl fmt::Display for DiagnosticError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for DiagnosticError {}

/// An error in a macro.
#[derive(Debug)]
pub(super) struct MacroError {
    pub package: String,
    pub name: String,
    pub error: Error,
}

impl fmt::Display for MacroError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "in macro {}.{}", self.package, self.name)
    }
}

impl std::error::Error for MacroError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

/// Fails if the rendering exceeded its limits.
pub(super) fn check_limits() -> Result<(), Error> {
    reserve(0)
}

/// Fails if allocating this many bytes would exceed the limits.
pub(super) fn reserve(bytes: usize) -> Result<(), Error> {
    limits::check_allocation(bytes).map_err(|exceeded| to_error(exceeded.diagnostic()))
}

/// Wraps a diagnostic in a minijinja error.
pub(super) fn to_error(diagnostic: Diagnostic) -> Error {
    Error::new(ErrorKind::InvalidOperation, diagnostic.message.clone())
        .with_source(DiagnosticError(diagnostic))
}

/// Adds the macro that failed to an error.
pub(super) fn in_macro(error: Error, package: &str, name: &str) -> Error {
    let kind = error.kind();
    Error::new(kind, "in a macro").with_source(MacroError {
        package: package.to_string(),
        name: name.to_string(),
        error,
    })
}
