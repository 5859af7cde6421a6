//! The folders of a plan: one for each model, named after it.

use std::collections::BTreeMap;

use crate::config::Node;

/// Reserved names: those of the plan itself, and device names on Windows.
const RESERVED: [&str; 27] = [
    crate::codegen::audit::FOLDER,
    super::staged::FOLDERS[0],
    super::staged::FOLDERS[1],
    "manifest.json",
    crate::project::STATE,
    "con",
    "prn",
    "aux",
    "nul",
    "com1",
    "com2",
    "com3",
    "com4",
    "com5",
    "com6",
    "com7",
    "com8",
    "com9",
    "lpt1",
    "lpt2",
    "lpt3",
    "lpt4",
    "lpt5",
    "lpt6",
    "lpt7",
    "lpt8",
    "lpt9",
];

/// The folder of each model by unique id. Models with the same name (ignoring case) or a reserved
/// name get the package and version in the folder's name.
pub fn assign(selected: &[&Node]) -> BTreeMap<String, String> {
    let mut uses: BTreeMap<String, usize> =
        RESERVED.iter().map(|name| (name.to_string(), 1)).collect();
    for node in selected {
        *uses.entry(node.name.to_lowercase()).or_default() += 1;
    }
    let folder = |node: &Node| match uses[&node.name.to_lowercase()] {
        1 => node.name.clone(),
        // The unique id is unique except for case, so upper case is escaped.
        _ => node
            .unique_id
            .split_once('.')
            .map_or(&*node.unique_id, |(_, rest)| rest)
            .chars()
            .map(escape)
            .collect(),
    };
    selected.iter().map(|node| (node.unique_id.clone(), folder(node))).collect()
}

/// Escapes a character of a folder's name: separators of paths, which a package or a version may
/// contain, and upper case.
fn escape(char: char) -> String {
    match char {
        '/' | '\\' => "^".to_string(),
        char if char.is_uppercase() => format!("^{}", char.to_lowercase()),
        char => char.to_string(),
    }
}
