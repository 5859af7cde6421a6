//! The folders of a plan: one for each model, named for it.

use std::collections::BTreeMap;

use crate::config::Node;

/// The folder of each model by unique id. Two models whose names differ by nothing, or only by case, get their package and version too,
/// and so does one that is called as the folder of the audits is.
pub fn of(selected: &[&Node]) -> BTreeMap<String, String> {
    let mut taken = BTreeMap::from([(crate::plan::audit::FOLDER.to_string(), 1)]);
    for node in selected {
        *taken.entry(node.name.to_lowercase()).or_default() += 1;
    }
    let folder = |node: &Node| match taken[&node.name.to_lowercase()] {
        1 => node.name.clone(),
        // The rest of the unique id is unique but for case, so a letter's case is written out.
        _ => node.unique_id.split_once('.').map_or(&*node.unique_id, |(_, rest)| rest).chars().map(spelled).collect(),
    };
    selected.iter().map(|node| (node.unique_id.clone(), folder(node))).collect()
}

fn spelled(char: char) -> String {
    if char.is_uppercase() { format!("^{}", char.to_lowercase()) } else { char.to_string() }
}
