//! Which macros a text may call, by the words in its tags and in those of the macros it calls: seen
//! without rendering, as dbt does, so a macro behind an `if` counts. dbt's own macros do not.

use std::collections::{BTreeMap, BTreeSet};

use super::Jinja;
use super::lexer::{Kind, tags};
use super::macro_registry::{DBT, Library};

/// The macros of a project, by the words that mean them.
pub struct Uses<'a> {
    library: &'a Library,
    /// A macro's own name, and the name that `adapter.dispatch` finds it by, to its package and
    /// name.
    by_word: BTreeMap<&'a str, Vec<(&'a str, &'a str)>>,
}

impl Jinja {
    pub fn uses(&self) -> Uses<'_> {
        let library = &*self.shared.library;
        let mut by_word: BTreeMap<&str, Vec<_>> = BTreeMap::new();
        for (package, name) in own(library) {
            let dispatched = name.split_once("__").map(|(_, dispatched)| dispatched);
            for word in std::iter::once(name).chain(dispatched) {
                by_word.entry(word).or_default().push((package, name));
            }
        }
        Uses { library, by_word }
    }

    /// The text of each macro of the project and its packages, by dbt's id.
    pub fn macros(&self) -> impl Iterator<Item = (String, &str)> {
        let library = &self.shared.library;
        own(library).map(|(package, name)| (id(package, name), text(library, package, name)))
    }
}

impl Uses<'_> {
    /// The ids of the macros that the texts may call, and of those that these call.
    pub fn of<'t>(&self, texts: impl IntoIterator<Item = &'t str>) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let mut open: Vec<_> = texts.into_iter().flat_map(|text| self.called(text)).collect();
        while let Some((package, name)) = open.pop() {
            if found.insert(id(package, name)) {
                open.extend(self.called(text(self.library, package, name)));
            }
        }
        found
    }

    fn called(&self, text: &str) -> Vec<(&str, &str)> {
        let tags = tags(text);
        let words = tags.iter().flat_map(|tag| &tag.tokens).filter_map(|token| match token.kind {
            Kind::Name => Some(&text[token.span.clone()]),
            Kind::Text => Some(text[token.span.clone()].trim_matches(['\'', '"'])),
            _ => None,
        });
        words.filter_map(|word| self.by_word.get(word)).flatten().copied().collect()
    }
}

fn own(library: &Library) -> impl Iterator<Item = (&str, &str)> {
    let packages = library.packages.iter().filter(|(package, _)| *package != DBT);
    packages
        .flat_map(|(package, macros)| macros.keys().map(|name| (package.as_str(), name.as_str())))
}

fn id(package: &str, name: &str) -> String {
    format!("macro.{package}.{name}")
}

fn text<'a>(library: &'a Library, package: &str, name: &str) -> &'a str {
    library.get(package, name).map_or("", |found| {
        library.files[found.file].source.text[found.header.whole.clone()].trim()
    })
}
