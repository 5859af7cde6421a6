//! The columns of the tables of an earlier plan, for a new plan of the same models. Takes a plan's
//! folder; gives for each model the columns that its statements write and those that they drop. A
//! folder without a plan gives nothing.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use serde::Deserialize;

/// The columns of one model's table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EarlierColumns {
    pub written: Vec<String>,
    pub dropped: Vec<String>,
}

/// As much of a manifest as is needed here. Its steps, of which there may be a million, are passed
/// over.
#[derive(Deserialize)]
struct Models {
    models: Vec<Model>,
}

#[derive(Deserialize)]
struct Model {
    unique_id: String,
    columns: Option<Vec<String>>,
    #[serde(default)]
    columns_dropped: Vec<String>,
}

/// By unique id, of the models whose columns the plan knows.
pub fn earlier_columns(folder: &Path) -> BTreeMap<String, EarlierColumns> {
    let manifest = File::open(folder.join("manifest.json")).ok();
    let read =
        manifest.and_then(|file| serde_json::from_reader::<_, Models>(BufReader::new(file)).ok());
    let models = read.into_iter().flat_map(|manifest| manifest.models);
    models
        .filter_map(|model| {
            Some((
                model.unique_id,
                EarlierColumns { written: model.columns?, dropped: model.columns_dropped },
            ))
        })
        .collect()
}
