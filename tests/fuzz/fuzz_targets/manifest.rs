//! An arbitrary `manifest.json` in the folder of a plan: it belongs to a plan, or it is rejected
//! and nothing is changed.
#![no_main]

mod shop;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use batchwright::compile::compile;
use batchwright::plan::Plan;
use batchwright::plan::manifest::PlannedStep;
use batchwright::plan::manifest_reader::read;
use batchwright::plan_dir;
use batchwright::run::history::HistoryReader;
use batchwright::run::plan_paths::PlanPaths;
use batchwright::run::retry;
use batchwright::run::schedule::{Schedule, ScheduleOptions};
use libfuzzer_sys::fuzz_target;

static SHOP: LazyLock<shop::Shop> = LazyLock::new(shop::Shop::new);
static PLAN: LazyLock<Plan> = LazyLock::new(|| match compile(&SHOP.request(Default::default())) {
    Ok(compiled) => compiled.plan,
    Err(error) => panic!("{error:?}"),
});
const KINDS: [&str; 6] = ["before", "create", "batch", "swap", "after", "build"];

// The text itself, and a graph of steps made from its bytes: the dependencies of the steps, and
// which of them succeed.
fuzz_target!(|data: (&str, Vec<(u8, u8, u8, bool)>)| {
    let (text, edges) = data;
    let folder = SHOP.folder().join("plan");
    let _ = std::fs::remove_dir_all(&folder);
    SHOP.write("plan/manifest.json", text);
    let read_text = PlanPaths::new(&folder, None).manifest();
    let written = plan_dir::write(&PLAN, &folder).is_ok();
    let on_disk = std::fs::read_to_string(folder.join("manifest.json")).expect("one of them");
    let is_whole =
        if written { PlanPaths::new(&folder, None).manifest().is_ok() } else { on_disk == text };
    assert!(is_whole);
    let mut steps: Vec<PlannedStep> = read_text.map(|read| read.steps).unwrap_or_default();
    steps.extend(graph(&edges));
    let history = HistoryReader::new(String::new()).finish();
    let remaining = retry::remaining(&steps, &vec![true; steps.len()], &history);
    let options = ScheduleOptions::default();
    let Ok(mut schedule) = Schedule::new(&steps, &remaining, &BTreeMap::new(), options) else {
        return;
    };
    let mut started = 0;
    while let Some(step) = schedule.start() {
        started += 1;
        assert!(started <= steps.len());
        schedule.end(step, edges.get(step).is_none_or(|(.., succeeds)| *succeeds));
    }
    assert!(schedule.is_finished());
});

/// Steps in a manifest that is read again.
fn graph(edges: &[(u8, u8, u8, bool)]) -> Vec<PlannedStep> {
    let mut manifest: serde_json::Value =
        serde_json::from_str(include_str!("plan.json")).expect("JSON");
    let steps: Vec<serde_json::Value> = edges
        .iter()
        .enumerate()
        .map(|(nth, (model, kind, waits, _))| {
            let earlier = nth.saturating_sub(usize::from(*waits));
            let chunk = (kind % 2 == 0).then(|| format!("{}", kind % 8));
            let mut step = serde_json::json!({
                "id": format!("m{model}@{nth}"),
                "model": format!("m{model}"),
                "kind": KINDS[usize::from(*kind) % 6],
                "file": format!("m{model}/{nth}.sql"),
                "sha256": "0".repeat(64),
                "depends_on": [format!("m{}@{earlier}", waits % 16), format!("m{}", waits % 16)],
            });
            if let Some(chunk) = chunk {
                step["chunk"] = chunk.into();
            }
            step
        })
        .collect();
    manifest["steps"] = steps.into();
    let text = manifest.to_string();
    read(text.as_bytes(), "manifest.json").map(|read| read.steps).unwrap_or_default()
}
