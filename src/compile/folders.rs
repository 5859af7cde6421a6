//! The folders of a plan: one for each model, named for it.

use std::collections::BTreeMap;

use crate::config::Node;

/// Taken before any model is: the plan's own names, and those that Windows keeps for devices.
const TAKEN: [&str; 27] = [
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

/// The folder of each model by unique id. Two models whose names differ by nothing, or only by
/// case, get their package and version too, and so does one whose name is taken.
pub fn of(selected: &[&Node]) -> BTreeMap<String, String> {
    let mut taken: BTreeMap<String, usize> =
        TAKEN.iter().map(|name| (name.to_string(), 1)).collect();
    for node in selected {
        *taken.entry(node.name.to_lowercase()).or_default() += 1;
    }
    let folder = |node: &Node| match taken[&node.name.to_lowercase()] {
        1 => node.name.clone(),
        // The rest of the unique id is unique but for case, so a letter's case is written out.
        _ => node
            .unique_id
            .split_once('.')
            .map_or(&*node.unique_id, |(_, rest)| rest)
            .chars()
            .map(spelled)
            .collect(),
    };
    selected.iter().map(|node| (node.unique_id.clone(), folder(node))).collect()
}

/// A letter of a folder's name: no path of its own, whatever a package or a version is called.
fn spelled(char: char) -> String {
    match char {
        '/' | '\\' => "^".to_string(),
        char if char.is_uppercase() => format!("^{}", char.to_lowercase()),
        char => char.to_string(),
    }
}
