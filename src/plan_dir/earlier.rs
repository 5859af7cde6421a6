//! Data of an earlier plan for a new plan of the same models. Takes a plan's folder; returns for
//! each model the columns that its statements write and those that they drop, or its warnings.
//! Returns nothing for a folder without a plan.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use serde::Deserialize;

/// The columns of one model's table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EarlierColumns {
    /// The name of the table in that plan.
    pub relation: String,
    pub written: Vec<String>,
    pub dropped: Vec<String>,
}

/// The part of a manifest that is needed. Its steps, which may be a million, are skipped.
#[derive(Deserialize)]
struct Models {
    models: Vec<Model>,
}

#[derive(Deserialize)]
struct Model {
    unique_id: String,
    #[serde(default)]
    relation: String,
    columns: Option<Vec<String>>,
    #[serde(default)]
    columns_dropped: Vec<String>,
    #[serde(default)]
    warnings: Vec<String>,
    #[serde(default)]
    findings: Vec<EarlierFinding>,
}

#[derive(Deserialize)]
struct EarlierFinding {
    message: String,
}

/// The columns by unique id, for models whose columns the plan contains.
pub fn earlier_columns(folder: &Path) -> BTreeMap<String, EarlierColumns> {
    models(folder)
        .filter_map(|model| {
            let columns = EarlierColumns {
                relation: model.relation,
                written: model.columns?,
                dropped: model.columns_dropped,
            };
            Some((model.unique_id, columns))
        })
        .collect()
}

/// The warnings and findings of each model, by unique id.
pub fn earlier_messages(folder: &Path) -> BTreeMap<String, BTreeSet<String>> {
    let messages = |model: Model| {
        let findings = model.findings.into_iter().map(|finding| finding.message);
        (model.unique_id, model.warnings.into_iter().chain(findings).collect())
    };
    models(folder).map(messages).collect()
}

fn models(folder: &Path) -> impl Iterator<Item = Model> {
    let manifest = File::open(folder.join("manifest.json")).ok();
    let read =
        manifest.and_then(|file| serde_json::from_reader::<_, Models>(BufReader::new(file)).ok());
    read.into_iter().flat_map(|manifest| manifest.models)
}
