//! The macros that a text may call, by the words in its tags and in those of the macros that it
//! calls. They are found without rendering, as in dbt, so a macro in a false `if` branch is
//! included. dbt's macros are not.

use std::collections::{BTreeMap, BTreeSet};

use super::macro_registry::{DBT, MacroLibrary};
use crate::jinja::Jinja;
use crate::jinja::syntax::lexer::{TokenKind, tags};

/// The macros of a project by the words that refer to them.
pub struct MacroDependencies<'a> {
    library: &'a MacroLibrary,
    /// The name of a macro, and its name for `adapter.dispatch`, to its package and name.
    by_word: BTreeMap<&'a str, Vec<(&'a str, &'a str)>>,
}

impl Jinja {
    pub fn macro_dependencies(&self) -> MacroDependencies<'_> {
        let library = &*self.shared.library;
        let mut by_word: BTreeMap<&str, Vec<_>> = BTreeMap::new();
        for (package, name) in project_macros(library) {
            let dispatched = name.split_once("__").map(|(_, dispatched)| dispatched);
            for word in std::iter::once(name).chain(dispatched) {
                by_word.entry(word).or_default().push((package, name));
            }
        }
        MacroDependencies { library, by_word }
    }

    /// The text of each macro of the project and its packages, by dbt's id.
    pub fn macros(&self) -> impl Iterator<Item = (String, &str)> {
        let library = &self.shared.library;
        project_macros(library)
            .map(|(package, name)| (id(package, name), text(library, package, name)))
    }
}

impl MacroDependencies<'_> {
    /// The ids of the macros that the texts may call, and of those that these call.
    pub fn of<'t>(&self, texts: impl IntoIterator<Item = &'t str>) -> BTreeSet<String> {
        let mut ids = BTreeSet::new();
        let mut open: Vec<_> = texts.into_iter().flat_map(|text| self.called(text)).collect();
        while let Some((package, name)) = open.pop() {
            if ids.insert(id(package, name)) {
                open.extend(self.called(text(self.library, package, name)));
            }
        }
        ids
    }

    fn called(&self, text: &str) -> Vec<(&str, &str)> {
        let tags = tags(text);
        let words = tags.iter().flat_map(|tag| &tag.tokens).filter_map(|token| match token.kind {
            TokenKind::Name => Some(&text[token.span.clone()]),
            TokenKind::Text => Some(text[token.span.clone()].trim_matches(['\'', '"'])),
            _ => None,
        });
        words.filter_map(|word| self.by_word.get(word)).flatten().copied().collect()
    }
}

fn project_macros(library: &MacroLibrary) -> impl Iterator<Item = (&str, &str)> {
    let packages = library.packages.iter().filter(|(package, _)| *package != DBT);
    packages
        .flat_map(|(package, macros)| macros.keys().map(|name| (package.as_str(), name.as_str())))
}

fn id(package: &str, name: &str) -> String {
    format!("macro.{package}.{name}")
}

fn text<'a>(library: &'a MacroLibrary, package: &str, name: &str) -> &'a str {
    library.get(package, name).map_or("", |definition| {
        library.files[definition.file].source.text[definition.header.whole.clone()].trim()
    })
}
