//! The macros of a project: which package has which, in which file. Takes the files; gives a place for every name, and dbt's
//! search orders. Refuses two macros of one name in one package.

use std::collections::{BTreeMap, BTreeSet};

use super::prepare::{self, Header, Prepared};
use super::{Settings, builtin_macros};
use crate::diagnostics::{Diagnostic, Diagnostics, SourceFile};

/// The name of dbt's own package.
pub(super) const DBT: &str = "dbt";

pub(super) struct Library {
    pub files: Vec<File>,
    /// Package to name to macro.
    pub packages: BTreeMap<String, BTreeMap<String, Macro>>,
    /// The project's own package.
    pub root: String,
    by_template: BTreeMap<String, usize>,
}

pub(super) struct File {
    pub package: String,
    pub source: SourceFile,
    pub prepared: Prepared,
    /// What minijinja calls it.
    pub template: String,
}

pub(super) struct Macro {
    pub file: usize,
    pub header: Header,
}

impl Library {
    pub fn new(settings: &Settings) -> Result<Library, Diagnostics> {
        let root = settings.packages.first().map(|package| package.name.clone()).unwrap_or_default();
        let mut library = Library { files: Vec::new(), packages: BTreeMap::new(), root, by_template: BTreeMap::new() };
        let mut wrong = Diagnostics::default();
        for package in &settings.packages {
            library.packages.entry(package.name.clone()).or_default();
            for file in &package.files {
                library.add(&package.name, file.clone(), &mut wrong);
            }
        }
        for (path, text) in builtin_macros::FILES {
            library.add(DBT, SourceFile::new(*path, *text), &mut wrong);
        }
        if wrong.0.is_empty() { Ok(library) } else { Err(wrong) }
    }

    fn add(&mut self, package: &str, source: SourceFile, wrong: &mut Diagnostics) {
        let prepared = prepare::macro_file(&source.text);
        let file = self.files.len();
        for header in &prepared.macros {
            let macros = self.packages.entry(package.to_string()).or_default();
            if let Some(first) = macros.get(&header.name).filter(|first| first.file != file) {
                let first = &self.files[first.file];
                wrong.0.push(
                    Diagnostic::error(format!("two macros of package `{package}` are named `{}`", header.name))
                        .at(source.at(header.at.clone()))
                        .fact(format!("the other one is in {}", first.source.path))
                        .hint("rename one of them or delete it"),
                );
                continue;
            }
            macros.insert(header.name.clone(), Macro { file, header: header.clone() });
        }
        let template = format!("{package}::{}", source.path);
        self.by_template.insert(template.clone(), file);
        self.files.push(File { package: package.to_string(), source, prepared, template });
    }

    pub fn file(&self, template: &str) -> Option<&File> {
        self.by_template.get(template).map(|file| &self.files[*file])
    }

    pub fn get(&self, package: &str, name: &str) -> Option<&Macro> {
        self.packages.get(package)?.get(name)
    }

    /// The package whose macro a plain name means, for a template of `package`; dbt's own come last.
    pub fn resolve<'a>(&'a self, packages: &[&'a str], name: &str) -> Option<&'a str> {
        packages.iter().copied().chain([&*self.root]).find(|package| self.get(package, name).is_some())
    }

    /// The package and name of the macro that `adapter.dispatch` means, or the names that were looked for.
    /// Without a namespace the `packages` are searched.
    pub fn dispatch(
        &self,
        settings: &Settings,
        packages: &[&str],
        name: &str,
        namespace: Option<&str>,
    ) -> Result<(String, String), Vec<String>> {
        let mut searched = BTreeSet::new();
        let mut order: Vec<String> = match namespace {
            None => packages.iter().copied().chain([&*self.root, DBT]).map(str::to_string).collect(),
            Some(namespace) => match settings.dispatch.get(namespace) {
                Some(order) => order.clone(),
                None => vec![self.root.clone(), namespace.to_string()],
            },
        };
        // A namespace that its own search order forgets is still where the macro lives.
        order.extend(namespace.map(str::to_string));
        let prefixes: Vec<&str> = settings.adapters.iter().map(|adapter| &**adapter).chain(["default"]).collect();
        for package in &order {
            for prefix in &prefixes {
                let full = format!("{prefix}__{name}");
                if self.get(package, &full).is_some() {
                    return Ok((package.clone(), full));
                }
                searched.insert(format!("{package}.{full}"));
            }
        }
        Err(searched.into_iter().collect())
    }
}
