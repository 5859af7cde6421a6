//! The macros of a project by package and name, and dbt's search orders. Rejects two macros of the
//! same name in a package.

use std::collections::{BTreeMap, BTreeSet};

use super::builtin_macros;
use crate::diagnostics::{Diagnostic, Diagnostics, Location, SourceFile};
use crate::jinja::Settings;
use crate::jinja::syntax::transpile::{self, MacroHeader, TranspiledTemplate};

/// The name of dbt's own package.
pub const DBT: &str = "dbt";

pub struct MacroLibrary {
    pub files: Vec<File>,
    /// Package to name to macro.
    pub packages: BTreeMap<String, BTreeMap<String, MacroDefinition>>,
    /// The project's own package.
    pub root: String,
    by_template: BTreeMap<String, usize>,
}

pub struct File {
    pub package: String,
    pub source: SourceFile,
    pub prepared: TranspiledTemplate,
    /// Its template name in minijinja.
    pub template: String,
}

pub struct MacroDefinition {
    pub file: usize,
    pub header: MacroHeader,
}

impl MacroLibrary {
    pub fn new(settings: &Settings) -> Result<MacroLibrary, Diagnostics> {
        let root =
            settings.packages.first().map(|package| package.name.clone()).unwrap_or_default();
        let mut library = MacroLibrary {
            files: Vec::new(),
            packages: BTreeMap::new(),
            root,
            by_template: BTreeMap::new(),
        };
        let mut errors = Diagnostics::default();
        for package in &settings.packages {
            library.packages.entry(package.name.clone()).or_default();
            for file in &package.files {
                library.add(&package.name, file.clone(), &mut errors);
            }
        }
        for (path, text) in builtin_macros::FILES {
            library.add(DBT, SourceFile::new(*path, *text), &mut errors);
        }
        if errors.0.is_empty() { Ok(library) } else { Err(errors) }
    }

    fn add(&mut self, package: &str, source: SourceFile, errors: &mut Diagnostics) {
        let prepared = transpile::macro_file(&source.text);
        let file = self.files.len();
        for header in &prepared.macros {
            let macros = self.packages.entry(package.to_string()).or_default();
            if let Some(first) = macros.get(&header.name).filter(|first| first.file != file) {
                let first = &self.files[first.file];
                errors.0.push(
                    Diagnostic::error(format!(
                        "duplicate macro `{}` in package `{package}`",
                        header.name
                    ))
                    .at(source.at(header.at.clone()))
                    .note(format!("the other one is in {}", first.source.path))
                    .hint("rename one of them or delete it"),
                );
                continue;
            }
            macros.insert(header.name.clone(), MacroDefinition { file, header: header.clone() });
        }
        let template = format!("{package}::{}", source.path);
        self.by_template.insert(template.clone(), file);
        self.files.push(File { package: package.to_string(), source, prepared, template });
    }

    pub fn file(&self, template: &str) -> Option<&File> {
        self.by_template.get(template).map(|file| &self.files[*file])
    }

    pub fn get(&self, package: &str, name: &str) -> Option<&MacroDefinition> {
        self.packages.get(package)?.get(name)
    }

    /// The package to which a plain macro name resolves in a template of `packages`; dbt's macros
    /// come last.
    pub fn resolve<'a>(&'a self, packages: &[&'a str], name: &str) -> Option<&'a str> {
        packages
            .iter()
            .copied()
            .chain([&*self.root])
            .find(|package| self.get(package, name).is_some())
    }

    /// The package and name of the macro that `adapter.dispatch` resolves to in a template of
    /// `package`, or the searched names. A namespace that is neither in the project's `dispatch:`
    /// nor a package is ignored.
    pub fn dispatch(
        &self,
        settings: &Settings,
        package: &str,
        name: &str,
        namespace: Option<&str>,
    ) -> Result<(String, String), Vec<String>> {
        let prefixes = settings.adapters.iter().map(|adapter| &**adapter).chain(["default"]);
        let names: Vec<String> = prefixes.map(|prefix| format!("{prefix}__{name}")).collect();
        let order = namespace.and_then(|namespace| self.search_order(settings, namespace));
        let candidates: Vec<(&str, &String)> = match &order {
            Some(order) => order
                .iter()
                .flat_map(|package| names.iter().map(move |name| (&**package, name)))
                .collect(),
            None => names
                .iter()
                .flat_map(|name| [package, &self.root, DBT].map(|package| (package, name)))
                .collect(),
        };
        let candidate = candidates.iter().find(|(package, name)| self.get(package, name).is_some());
        match candidate {
            Some((package, name)) => Ok((package.to_string(), name.to_string())),
            None => {
                let searched: BTreeSet<String> =
                    candidates.iter().map(|(package, name)| format!("{package}.{name}")).collect();
                Err(searched.into_iter().collect())
            }
        }
    }

    /// The packages that the dispatch of a namespace searches, if the namespace is one.
    fn search_order(&self, settings: &Settings, namespace: &str) -> Option<Vec<String>> {
        let configured =
            settings.dispatch.get(namespace).filter(|order| !order.is_empty()).cloned();
        let known = || {
            self.packages
                .contains_key(namespace)
                .then(|| vec![self.root.clone(), namespace.to_string()])
        };
        configured.or_else(known)
    }

    /// The package whose macro of that name (`generate_schema_name` …) names the nodes of
    /// `package`: its own, else the root project's, else dbt's. `None` for dbt's default.
    pub fn naming<'a>(
        &'a self,
        settings: &Settings,
        package: &'a str,
        name: &str,
    ) -> Option<&'a str> {
        if let Some(package) =
            [package, &self.root].into_iter().find(|package| self.get(package, name).is_some())
        {
            return Some(package);
        }
        let (package, resolved) = self.dispatch(settings, &self.root, name, Some(DBT)).ok()?;
        (package != DBT || !resolved.starts_with("default__")).then_some(DBT)
    }

    /// The package and name of the macro that overrides a macro of dbt in models of `package`, if
    /// there is one.
    pub fn overriding(
        &self,
        settings: &Settings,
        package: &str,
        name: &str,
    ) -> Option<(String, String)> {
        let plain = [package, &self.root]
            .into_iter()
            .find(|package| *package != DBT && self.get(package, name).is_some());
        match plain {
            Some(package) => Some((package.to_string(), name.to_string())),
            None => self
                .dispatch(settings, DBT, name, Some(DBT))
                .ok()
                .filter(|(package, _)| package != DBT),
        }
    }

    /// The macros that override dbt's macros: those of the project, and those of packages before
    /// `dbt` in its `dispatch:`, with their names without the adapter's prefix.
    pub fn dispatched(&self, settings: &Settings) -> Vec<(String, Location)> {
        let order = self.search_order(settings, DBT).unwrap_or_default();
        let before = order.iter().take_while(|package| *package != DBT);
        let packages: BTreeSet<&String> = before.chain([&self.root]).collect();
        let prefixes: Vec<String> = settings
            .adapters
            .iter()
            .map(|adapter| format!("{adapter}__"))
            .chain(["default__".into()])
            .collect();
        let mut overrides = Vec::new();
        for (name, known) in
            packages.into_iter().filter_map(|package| self.packages.get(package)).flatten()
        {
            let short = prefixes
                .iter()
                .find_map(|prefix| name.strip_prefix(prefix.as_str()))
                .unwrap_or(name);
            overrides.push((
                short.to_string(),
                self.files[known.file].source.at(known.header.at.clone()),
            ));
        }
        overrides
    }
}
