//! Any text as what a client printed: it is kept in the journal, comes back as it was, and is shown
//! without control characters.
#![no_main]

mod shop;

use std::sync::LazyLock;

use batchwright::diagnostics::printable;
use batchwright::plan::manifest::Manifest;
use batchwright::run::{history::History, journal::Places, results, status};
use libfuzzer_sys::fuzz_target;

static SHOP: LazyLock<shop::Shop> = LazyLock::new(shop::Shop::new);
static MANIFEST: LazyLock<Manifest> = LazyLock::new(|| serde_json::from_str(include_str!("plan.json")).expect("a manifest"));

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let shown = printable(&text);
    assert!(!shown.chars().any(|letter| letter.is_control() && letter != '\n' && letter != '\t'), "{shown:?}");
    let lines: String = MANIFEST
        .steps
        .iter()
        .map(|step| {
            let entry = serde_json::json!({
                "type": "step", "run": 1, "id": step.id, "model": step.model, "kind": step.kind, "sha256": step.sha256,
                "outcome": "failed", "exit_code": 1, "seconds": 1.0, "started_at": "2024-09-01T00:00:00Z", "stderr": text, "error": text,
            });
            format!("{entry}\n")
        })
        .collect();
    SHOP.write("plan.journal.jsonl", &lines);
    let Ok(entries) = Places::beside(&SHOP.folder().join("plan")).entries() else { return };
    let history = History::of(&entries);
    let _ = status::standings(&MANIFEST, &history);
    assert!(serde_json::from_str::<serde_json::Value>(&results::run_results(&MANIFEST, &history, Default::default())).is_ok());
});
