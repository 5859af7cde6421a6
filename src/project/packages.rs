//! The files of a package: the project itself, or one that `dbt deps` installed. Takes its folder
//! and settings; returns its models, seeds, snapshots, properties files and macros, each read once.
//! A file that cannot be read has an error of its own.

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostics::{Diagnostic, Diagnostics, SourceFile, par_map};
use crate::yaml;

use super::dbt_project::DbtProject;
use super::files::Files;
use super::fixtures;
use super::ignored::Ignored;

/// The files in a package's folders.
pub struct PackageFiles {
    pub models: Vec<PackageFile>,
    pub seeds: Vec<PackageFile>,
    pub snapshots: Vec<PackageFile>,
    pub properties: Vec<PackageFile>,
    pub macros: Vec<SourceFile>,
    pub tests: Vec<SourceFile>,
    /// The paths of fixture files.
    pub fixtures: Vec<String>,
    pub analyses: Vec<SourceFile>,
    /// Markdown files, which may have docs blocks.
    pub docs: Vec<SourceFile>,
}

/// A file, and its path relative to the folder of models (seeds, snapshots).
#[derive(Clone, Debug, PartialEq)]
pub struct PackageFile {
    pub file: SourceFile,
    /// The hash of a data file; empty for other files.
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
    // One folder may contain several kinds of files; each folder is walked once.
    let mut walked: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut below = |paths: &[&Vec<String>],
                     extensions: &[&str],
                     is_read_fully: bool|
     -> Vec<PackageFile> {
        let mut seen = BTreeSet::new();
        let mut listed: Vec<(String, String)> = Vec::new();
        for start in paths.iter().flat_map(|paths| paths.iter()) {
            let start = joined(folder, start);
            let all = walked
                .entry(start.clone())
                .or_insert_with(|| files.below(&start, &ignored, errors));
            for path in all.iter().filter(|path| has_extension(path, extensions)) {
                let short =
                    path.strip_prefix(&start).unwrap_or(path).trim_start_matches('/').to_string();
                if seen.insert(path.clone()) {
                    listed.push((path.clone(), short));
                }
            }
        }
        let read = par_map(&listed, |(path, short)| {
            let file = if is_read_fully {
                files.read(path)?.map(|file| (file, String::new()))
            } else {
                Some(files.first_line(path)?)
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
        // Files in the folder `generic` are macros.
        tests: below(&[test_paths], &["sql"], true)
            .into_iter()
            .filter(|file| !file.path.starts_with("generic/") && !is_fixture(&file.path))
            .map(|file| file.file)
            .collect(),
        fixtures: below(&[test_paths], &["csv", "sql"], false)
            .into_iter()
            .filter(|file| is_fixture(&file.path))
            .map(|file| file.file.path.to_string())
            .collect(),
        analyses: below(&[analysis_paths], &["sql"], true)
            .into_iter()
            .map(|file| file.file)
            .collect(),
        docs: below(&[docs_paths], &["md"], true).into_iter().map(|file| file.file).collect(),
    }
}

/// Whether the path, relative to a folder of tests, is that of a fixture.
fn is_fixture(path: &str) -> bool {
    path.split_once('/').is_some_and(|(folder, _)| folder == fixtures::FOLDER)
}

/// Whether a file has one of these extensions, in any case.
fn has_extension(path: &str, extensions: &[&str]) -> bool {
    path.rsplit_once('.').is_some_and(|(_, ending)| {
        extensions.iter().any(|known| ending.eq_ignore_ascii_case(known))
    })
}

/// `folder/path`; `path` alone in the root project.
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
    let message = format!("`{}` requires packages, but `{install_path}` has none", file.path);
    Some(Diagnostic::warning(message).at(packages_key.at.clone()).hint("run `dbt deps`"))
}
