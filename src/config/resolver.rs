//! The parts of a project from which its nodes are resolved.

use std::path::Path;

use crate::calendar::Instant;
use crate::dialect::Dialect;
use crate::jinja::RelationStyle;
use crate::project::{Catalog, Flags, Package, SourceStyle, Target};

use super::naming_macros::NamingMacros;

/// The parts of a project that affect its nodes.
pub struct Resolver<'a> {
    pub root: &'a Path,
    /// The target's dialect, which defines types and the case of names.
    pub dialect: &'a Dialect,
    pub catalog: &'a Catalog,
    pub packages: &'a [Package],
    pub target: &'a Target,
    pub style: &'a RelationStyle,
    pub sources: &'a SourceStyle,
    pub now: Instant,
    pub flags: Flags,
    pub macros: &'a dyn NamingMacros,
}
