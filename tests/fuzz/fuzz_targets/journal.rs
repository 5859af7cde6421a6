//! Any journal beside a plan: each of its lines is an entry or is passed by, and what it says of a plan holds no surprise.
#![no_main]

mod shop;

use std::sync::LazyLock;

use batchwright::plan::manifest::Manifest;
use batchwright::run::{history::History, journal::Places, results, retry, status};
use libfuzzer_sys::fuzz_target;

static SHOP: LazyLock<shop::Shop> = LazyLock::new(shop::Shop::new);
static MANIFEST: LazyLock<Manifest> = LazyLock::new(|| {
    let text = include_str!("plan.json");
    serde_json::from_str(text).expect("a manifest")
});

fuzz_target!(|data: &str| {
    SHOP.write("plan.journal.jsonl", data);
    let Ok(entries) = Places::beside(&SHOP.folder().join("plan")).entries() else { return };
    let history = History::of(&entries);
    let standings = status::standings(&MANIFEST, &history);
    assert_eq!(standings.len(), MANIFEST.models.len());
    assert_eq!(retry::left(&MANIFEST.steps, &history).len(), MANIFEST.steps.len());
    let _ = status::missing(&MANIFEST, &entries, Default::default());
    let results = results::run_results(&MANIFEST, &history, Default::default());
    assert!(serde_json::from_str::<serde_json::Value>(&results).is_ok());
});
