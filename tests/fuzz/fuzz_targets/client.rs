//! Arbitrary text as the output of a client: it is stored in the journal and read back unchanged,
//! and shown without control characters.
#![no_main]

mod shop;

use std::sync::LazyLock;

use batchwright::diagnostics::printable;
use batchwright::plan::manifest::Manifest;
use batchwright::plan::manifest_reader::read;
use batchwright::run::{plan_paths::PlanPaths, results, status};
use libfuzzer_sys::fuzz_target;

static SHOP: LazyLock<shop::Shop> = LazyLock::new(shop::Shop::new);
static MANIFEST: LazyLock<Manifest> = LazyLock::new(|| {
    let text = include_str!("plan.json");
    read(text.as_bytes(), "manifest.json").expect("a manifest")
});

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let shown = printable(&text);
    let is_shown = |letter: char| letter == '\n' || letter == '\t' || !letter.is_control();
    assert!(shown.chars().all(is_shown), "{shown:?}");
    let lines: String = MANIFEST
        .steps
        .iter()
        .map(|step| {
            let entry = serde_json::json!({
                "event": "step", "run": "1", "step": &*step.id, "model": &*step.model,
                "sha256": step.sha256.to_string(), "outcome": "failed", "exit_code": 1,
                "seconds": 1.0, "started": "2024-09-01T00:00:00Z", "stderr": text, "error": text,
            });
            format!("{entry}\n")
        })
        .collect();
    SHOP.write(".batchwright/plan.journal.jsonl", &lines);
    let paths = PlanPaths::new(&SHOP.folder().join("plan"), None);
    let Ok(history) = paths.history("") else { return };
    let _ = status::statuses(&MANIFEST, &history);
    let mut results = Vec::new();
    results::write_run_results(&mut results, &MANIFEST, &history, Default::default())
        .expect("written");
    assert!(serde_json::from_slice::<serde_json::Value>(&results).is_ok());
});
