//! Results of an earlier run: `run_results.json`, which dbt and `batchwright run` write, and
//! `sources.json` of dbt's freshness checks. Takes folders; returns the statuses and sources that
//! selections compare with. Returns `None` for a file that does not exist or has another format.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use chrono::{DateTime, FixedOffset};
use serde_json::Value;

use super::files::read_named;
use super::sandbox::Sandbox;

/// The statuses in the `run_results.json` of a folder, by unique id.
pub fn results(root: &Path, folder: &Path) -> Option<BTreeMap<String, BTreeSet<String>>> {
    let results = entries(root, &folder.join("run_results.json")).or_else(|| {
        // `batchwright run` writes it next to the plan's folder.
        let name = folder.file_name()?.to_string_lossy();
        entries(root, &folder.with_file_name(format!("{name}.run_results.json")))
    })?;
    let mut statuses: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for entry in &results {
        let text = |key: &str| entry.get(key).and_then(Value::as_str);
        let (Some(id), Some(status)) = (text("unique_id"), text("status")) else { continue };
        statuses.entry(id.to_string()).or_default().insert(status.to_string());
    }
    Some(statuses)
}

/// The unique ids of the sources whose data in the current `sources.json` is newer than in the one
/// of an earlier run.
pub fn fresher_sources(root: &Path, earlier: &Path, current: &Path) -> Option<BTreeSet<String>> {
    let (before, now) = (
        max_loaded_at(root, &earlier.join("sources.json"))?,
        max_loaded_at(root, &current.join("sources.json"))?,
    );
    let is_fresher = |(id, at): &(&String, &DateTime<FixedOffset>)| {
        before.get(*id).is_none_or(|before| *at > before)
    };
    Some(now.iter().filter(is_fresher).map(|(id, _)| id.clone()).collect())
}

/// The time of each source's newest data, for the sources that have one.
fn max_loaded_at(root: &Path, file: &Path) -> Option<BTreeMap<String, DateTime<FixedOffset>>> {
    let results = entries(root, file)?;
    let max_loaded_at = |entry: &Value| {
        let at = entry.get("max_loaded_at")?.as_str()?;
        Some((
            entry.get("unique_id")?.as_str()?.to_string(),
            DateTime::parse_from_rfc3339(at).ok()?,
        ))
    };
    Some(results.iter().filter_map(max_loaded_at).collect())
}

fn entries(root: &Path, file: &Path) -> Option<Vec<Value>> {
    let mut json: Value =
        serde_json::from_str(&read_named(&Sandbox::around(root), file, "results", &[]).ok()??.text)
            .ok()?;
    json.get_mut("results")?.as_array_mut().map(std::mem::take)
}
