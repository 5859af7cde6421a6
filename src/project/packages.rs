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
    let mut reader = PackageReader { files, folder, ignored, walked: BTreeMap::new(), errors };
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
    let seeds = reader.listed(&[seed_paths], &["csv"]);
    // Files in the folder `generic` are macros.
    let mut tests = reader.listed(&[test_paths], &["sql"]);
    tests.retain(|file| !file.is_in("generic") && !file.is_in(fixtures::FOLDER));
    let mut fixtures = reader.listed(&[test_paths], &["csv", "sql"]);
    fixtures.retain(|file| file.is_in(fixtures::FOLDER));
    PackageFiles {
        models: reader.read_all(&[model_paths], &["sql", "py"]),
        seeds: reader.read(&seeds, false),
        snapshots: reader.read_all(&[snapshot_paths], &["sql"]),
        properties: reader.read_all(&[model_paths, seed_paths, snapshot_paths], &["yml", "yaml"]),
        macros: texts(reader.read_all(&[macro_paths], &["sql"])),
        tests: texts(reader.read(&tests, true)),
        fixtures: fixtures.into_iter().map(|file| file.path).collect(),
        analyses: texts(reader.read_all(&[analysis_paths], &["sql"])),
        docs: texts(reader.read_all(&[docs_paths], &["md"])),
    }
}

/// Lists and reads the files of one package.
struct PackageReader<'a> {
    files: &'a Files,
    folder: &'a str,
    ignored: Ignored,
    /// The files below each folder: one folder may contain several kinds of files.
    walked: BTreeMap<String, Vec<String>>,
    errors: &'a mut Diagnostics,
}

/// A file that is not read.
struct ListedFile {
    path: String,
    /// Relative to the folder of models (seeds, tests).
    short: String,
}

impl ListedFile {
    /// Whether the file is below this folder of the folder of tests.
    fn is_in(&self, folder: &str) -> bool {
        self.short.split_once('/').is_some_and(|(first, _)| first == folder)
    }
}

impl PackageReader<'_> {
    /// The files below these folders with one of the extensions.
    fn listed(&mut self, paths: &[&Vec<String>], extensions: &[&str]) -> Vec<ListedFile> {
        let mut seen = BTreeSet::new();
        let mut listed = Vec::new();
        for start in paths.iter().flat_map(|paths| paths.iter()) {
            let start = joined(self.folder, start);
            let all = self
                .walked
                .entry(start.clone())
                .or_insert_with(|| self.files.below(&start, &self.ignored, self.errors));
            for path in all.iter().filter(|path| has_extension(path, extensions)) {
                let short =
                    path.strip_prefix(&start).unwrap_or(path).trim_start_matches('/').to_string();
                if seen.insert(path.clone()) {
                    listed.push(ListedFile { path: path.clone(), short });
                }
            }
        }
        listed
    }

    /// The files with their texts, or with their first line and their hash.
    fn read(&mut self, listed: &[ListedFile], is_read_fully: bool) -> Vec<PackageFile> {
        let read = par_map(listed, |ListedFile { path, short }| {
            let file = if is_read_fully {
                self.files.read(path)?.map(|file| (file, String::new()))
            } else {
                Some(self.files.first_line(path)?)
            };
            Ok(file.map(|(file, data)| PackageFile { file, data, path: short.clone() }))
        });
        let read = read.into_iter().filter_map(|read: Result<Option<PackageFile>, Diagnostic>| {
            read.map_err(|error| self.errors.0.push(error)).ok()
        });
        read.flatten().collect()
    }

    fn read_all(&mut self, paths: &[&Vec<String>], extensions: &[&str]) -> Vec<PackageFile> {
        let listed = self.listed(paths, extensions);
        self.read(&listed, true)
    }
}

fn texts(files: Vec<PackageFile>) -> Vec<SourceFile> {
    files.into_iter().map(|file| file.file).collect()
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
