//! The rule about imports within a folder: its modules use each other in one direction.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::LazyLock;

use regex::Regex;

use super::{File, sources};

/// Folders whose modules still import each other in circles. Remove a folder when it has none;
/// never add one.
const NOT_YET_WITHOUT_CIRCLES: &[&str] = &["jinja/python"];

/// The names from the crate's root to a module.
type Path = Vec<String>;

/// The statements of a file that import names, and all paths in its code.
struct Module {
    /// The imported paths by the name that they have in the module.
    imports: Vec<(String, Path)>,
    paths: Vec<Path>,
}

struct Crate(BTreeMap<Path, Module>);

#[test]
fn modules_of_a_folder_import_each_other_in_one_direction() {
    let modules = Crate::read();
    let mut circles = Vec::new();
    let mut without = BTreeSet::from_iter(NOT_YET_WITHOUT_CIRCLES.iter().map(ToString::to_string));
    for (folder, imports) in modules.imports_by_folder() {
        let folder = folder.join("/");
        let Some(circle) = imports.keys().find_map(|module| circle(&imports, module)) else {
            continue;
        };
        if !without.remove(&folder) {
            circles.push(format!("src/{folder}: {}", circle.join(" -> ")));
        }
    }
    assert!(
        circles.is_empty(),
        "modules of one folder import each other in a circle; move the shared type or function to \
         the module that it belongs to:\n{}",
        circles.join("\n")
    );
    assert!(
        without.is_empty(),
        "folders without circles; remove them from the list: {}",
        without.into_iter().collect::<Vec<_>>().join(", ")
    );
}

/// The shortest circle of imports from a module back to it.
fn circle<'a>(
    imports: &'a BTreeMap<String, BTreeSet<String>>,
    start: &'a str,
) -> Option<Vec<&'a str>> {
    let mut paths = VecDeque::from([vec![start]]);
    let mut seen = BTreeSet::new();
    while let Some(path) = paths.pop_front() {
        for next in imports.get(*path.last()?).into_iter().flatten() {
            let longer: Vec<&str> = path.iter().copied().chain([next.as_str()]).collect();
            if next == start {
                return Some(longer);
            }
            if seen.insert(next) {
                paths.push_back(longer);
            }
        }
    }
    None
}

impl Crate {
    fn read() -> Crate {
        let mut modules = BTreeMap::new();
        for (path, text) in sources() {
            let file = File { path, text };
            let Some(module) = file.path.strip_prefix("src/").filter(|_| file.is_program()) else {
                continue;
            };
            let mut names: Path =
                module.trim_end_matches(".rs").split('/').map(str::to_string).collect();
            if names.last().is_some_and(|name| name == "mod") {
                names.pop();
            }
            if !["main", "lib"].contains(&names[0].as_str()) {
                modules.insert(names, Module::of(&file.text));
            }
        }
        Crate(modules)
    }

    /// For each folder, its modules and the modules of the folder that they import. A module is a
    /// file or a folder. Imports from and of the folder's own file do not count.
    fn imports_by_folder(&self) -> BTreeMap<Path, BTreeMap<String, BTreeSet<String>>> {
        let mut folders: BTreeMap<Path, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
        for (importer, module) in &self.0 {
            let imports = module.imports.iter().map(|(_, path)| path).chain(&module.paths);
            for imported in imports.filter_map(|path| self.definition(importer, path)) {
                let shared =
                    importer.iter().zip(&imported).take_while(|(one, other)| one == other).count();
                if let (Some(from), Some(to)) = (importer.get(shared), imported.get(shared)) {
                    let folder = folders.entry(importer[..shared].to_vec()).or_default();
                    folder.entry(from.clone()).or_default().insert(to.clone());
                }
            }
        }
        // The folders of the crate are stages, which have their own rule.
        folders.remove(&Path::new());
        folders
    }

    /// The module that defines what a path of another module names.
    fn definition(&self, module: &Path, path: &Path) -> Option<Path> {
        let mut names = path.iter();
        let mut current = match names.as_slice().first()?.as_str() {
            "crate" => {
                names.next();
                Path::new()
            }
            "self" | "super" => module.clone(),
            child if self.0.contains_key(&[module.as_slice(), &[child.to_string()]].concat()) => {
                module.clone()
            }
            _ => return None,
        };
        for name in names {
            match name.as_str() {
                "self" => continue,
                "super" => {
                    current.pop();
                    continue;
                }
                _ => {}
            }
            let child = [current.as_slice(), std::slice::from_ref(name)].concat();
            if self.0.contains_key(&child) {
                current = child;
                continue;
            }
            let imports = self.0.get(&current).map(|module| module.imports.as_slice());
            let import = imports.unwrap_or_default().iter().find(|(known, _)| known == name);
            return match import {
                Some((_, path)) => self.definition(&current, path).or(Some(current)),
                None => Some(current),
            };
        }
        Some(current)
    }
}

impl Module {
    fn of(text: &str) -> Module {
        static TESTS: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(r"(?s)#\[cfg\(test\)\]\s*(pub(\([^)]*\))? )?(mod \w+ \{.*|use [^;]*;)")
                .expect("a constant pattern")
        });
        static USE: LazyLock<Regex> =
            LazyLock::new(|| Regex::new(r"\buse\s+([^;]+);").expect("a constant pattern"));
        static PATH: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(r"\b(?:crate|super|self)(?:::\w+)+").expect("a constant pattern")
        });
        let code = super::words::without_texts(text);
        let code = TESTS.replace_all(&code, "");
        let mut imports = Vec::new();
        for tree in USE.captures_iter(&code) {
            add_imports(&[], &tree[1], &mut imports);
        }
        let code = USE.replace_all(&code, "");
        let paths = PATH.find_iter(&code).map(|path| segments(path.as_str())).collect();
        Module { imports, paths }
    }
}

/// Adds the paths of a `use` tree, each with the name that it gets.
fn add_imports(before: &[String], tree: &str, imports: &mut Vec<(String, Path)>) {
    let tree = tree.trim();
    let Some((start, rest)) = tree.split_once('{') else {
        let (path, alias) = tree.split_once(" as ").unwrap_or((tree, ""));
        let mut path = [before, &segments(path)].concat();
        if path.last().is_some_and(|last| last == "self") {
            path.pop();
        }
        let name = if alias.is_empty() { path.last().cloned() } else { Some(alias.to_string()) };
        imports.extend(name.map(|name| (name, path)));
        return;
    };
    let before = [before, &segments(start)].concat();
    let mut depth = 0;
    let branches = rest.trim_end().trim_end_matches('}').split(|letter| {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        letter == ',' && depth == 0
    });
    branches
        .filter(|branch| !branch.trim().is_empty())
        .for_each(|branch| add_imports(&before, branch, imports));
}

fn segments(path: &str) -> Path {
    path.split("::").map(str::trim).filter(|name| !name.is_empty()).map(str::to_string).collect()
}
