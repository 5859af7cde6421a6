//! The project's folder: the one that is named, else the current folder or its nearest parent with
//! a dbt_project.yml, as in dbt.

use std::path::{Path, PathBuf};

use clap::builder::{OsStringValueParser, TypedValueParser};

use super::flag_values::path_option;
use crate::project::PROJECT_FILE;

/// The project's folder, relative to the current one; `.` if no parent has a project.
pub fn nearest() -> PathBuf {
    match std::env::current_dir() {
        Ok(current) => nearest_from(&current, &|folder| folder.join(PROJECT_FILE).is_file()),
        Err(_) => PathBuf::from("."),
    }
}

fn nearest_from(current: &Path, has_project: &dyn Fn(&Path) -> bool) -> PathBuf {
    match current.ancestors().position(has_project) {
        None | Some(0) => PathBuf::from("."),
        Some(levels) => std::iter::repeat_n("..", levels).collect(),
    }
}

/// Parses the folder of a project; without one it is that of the environment, or the nearest one.
pub fn parser() -> impl TypedValueParser<Value = PathBuf> {
    OsStringValueParser::new()
        .map(|text| path_option(Some(PathBuf::from(text)), "PROJECT_DIR").unwrap_or_else(nearest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_is_found_in_parent_folders() {
        let from = |current: &str| {
            nearest_from(Path::new(current), &|folder| folder == Path::new("/home/ann/shop"))
        };
        assert_eq!(from("/home/ann/shop"), Path::new("."));
        assert_eq!(from("/home/ann/shop/models/marts"), Path::new("../.."));
        assert_eq!(from("/home/bob"), Path::new("."));
    }
}
