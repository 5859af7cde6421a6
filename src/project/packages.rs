//! The files of a package: the project itself, or one that `dbt deps` installed. Takes its folder
//! and settings; gives its models, seeds, snapshots, properties files and macros, each read once. A
//! file that can't be read is an error of its own.

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostics::{Diagnostic, Diagnostics, SourceFile, par_map};
use crate::yaml;

use super::dbt_project::DbtProject;
use super::files::Files;
use super::ignored::Ignored;

/// What lies in a package's folders.
pub struct PackageFiles {
    pub models: Vec<PackageFile>,
    pub seeds: Vec<PackageFile>,
    pub snapshots: Vec<PackageFile>,
    pub properties: Vec<PackageFile>,
    pub macros: Vec<SourceFile>,
    pub tests: Vec<SourceFile>,
    pub analyses: Vec<SourceFile>,
    /// Markdown, in which docs blocks may be.
    pub docs: Vec<SourceFile>,
}

/// A file, and its path below the folder of models (seeds, snapshots) that it was found in.
#[derive(Clone, Debug, PartialEq)]
pub struct PackageFile {
    pub file: SourceFile,
    /// Of a file of data the hash of all of it; empty for one that was read whole.
    pub data: String,
    pub path: String,
}

/// Reads the files of the package in `folder` (`` for the project itself).
pub fn read(
    files: &Files,
    folder: &str,
    settings: &DbtProject,
    errors: &mut Diagnostics,
) -> PackageFiles {
    let ignored = match files.read(&joined(folder, ".dbtignore")) {
        Ok(file) => file.map(|file| Ignored::read(&file, folder)).unwrap_or_default(),
        Err(error) => {
            errors.0.push(error);
            Ignored::default()
        }
    };
    // Folders hold files of several kinds, and are gone through once.
    let mut walked: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut below = |paths: &[&Vec<String>], endings: &[&str], whole: bool| -> Vec<PackageFile> {
        let mut seen = BTreeSet::new();
        let mut listed: Vec<(String, String)> = Vec::new();
        for start in paths.iter().flat_map(|paths| paths.iter()) {
            let start = joined(folder, start);
            let all = walked
                .entry(start.clone())
                .or_insert_with(|| files.below(&start, &ignored, errors));
            for path in all.iter().filter(|path| ends(path, endings)) {
                let short =
                    path.strip_prefix(&start).unwrap_or(path).trim_start_matches('/').to_string();
                if seen.insert(path.clone()) {
                    listed.push((path.clone(), short));
                }
            }
        }
        let read = par_map(&listed, |(path, short)| {
            let file = if whole {
                files.read(path)?.map(|file| (file, String::new()))
            } else {
                Some(files.beginning(path)?)
            };
            Ok(file.map(|(file, data)| PackageFile { file, data, path: short.clone() }))
        });
        let read = read.into_iter().filter_map(|read: Result<Option<PackageFile>, Diagnostic>| {
            read.map_err(|error| errors.0.push(error)).ok()
        });
        read.flatten().collect()
    };
    let DbtProject {
        model_paths,
        seed_paths,
        snapshot_paths,
        macro_paths,
        docs_paths,
        test_paths,
        analysis_paths,
        ..
    } = settings;
    PackageFiles {
        models: below(&[model_paths], &["sql", "py"], true),
        seeds: below(&[seed_paths], &["csv"], false),
        snapshots: below(&[snapshot_paths], &["sql"], true),
        properties: below(&[model_paths, seed_paths, snapshot_paths], &["yml", "yaml"], true),
        macros: below(&[macro_paths], &["sql"], true).into_iter().map(|file| file.file).collect(),
        // Those in the folder `generic` are macros.
        tests: below(&[test_paths], &["sql"], true)
            .into_iter()
            .filter(|file| !file.path.starts_with("generic/"))
            .map(|file| file.file)
            .collect(),
        analyses: below(&[analysis_paths], &["sql"], true)
            .into_iter()
            .map(|file| file.file)
            .collect(),
        docs: below(&[docs_paths], &["md"], true).into_iter().map(|file| file.file).collect(),
    }
}

/// Whether a file's name ends so, in any case.
fn ends(path: &str, endings: &[&str]) -> bool {
    path.rsplit_once('.')
        .is_some_and(|(_, ending)| endings.iter().any(|known| ending.eq_ignore_ascii_case(known)))
}

/// `folder` and `path`, or `path` alone in the project itself.
pub fn joined(folder: &str, path: &str) -> String {
    match (folder, path) {
        ("", path) => path.to_string(),
        (folder, "" | ".") => folder.to_string(),
        (folder, path) => format!("{folder}/{path}"),
    }
}

/// A warning if the project requires packages and none is installed.
pub fn missing_packages(files: &Files, install_path: &str) -> Option<Diagnostic> {
    let file = ["packages.yml", "dependencies.yml"]
        .iter()
        .find_map(|name| files.read(name).ok().flatten())?;
    let (tree, _) = yaml::parse(&file).ok()?;
    let packages_key = tree.get("packages").filter(|packages| !packages.items().is_empty())?;
    let message = format!("`{}` asks for packages, and none is in `{install_path}`", file.path);
    Some(Diagnostic::warning(message).at(packages_key.at.clone()).hint("run `dbt deps`"))
}
