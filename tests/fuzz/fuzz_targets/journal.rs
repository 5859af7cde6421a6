//! An arbitrary journal next to a plan: each of its lines is an entry or is ignored, and its
//! entries cannot break the commands that read it.
#![no_main]

mod shop;

use std::sync::LazyLock;

use batchwright::plan::manifest::Manifest;
use batchwright::plan::manifest_reader::read;
use batchwright::run::journal_rows::read_journals;
use batchwright::run::{history::HistoryReader, plan_paths::PlanPaths, results, retry, status};
use libfuzzer_sys::fuzz_target;

static SHOP: LazyLock<shop::Shop> = LazyLock::new(shop::Shop::new);
static MANIFEST: LazyLock<Manifest> = LazyLock::new(|| {
    let text = include_str!("plan.json");
    read(text.as_bytes(), "manifest.json").expect("a manifest")
});

fuzz_target!(|data: &str| {
    SHOP.write(".batchwright/plan.journal.jsonl", data);
    let mut history = HistoryReader::new(String::new());
    let paths = PlanPaths::new(&SHOP.folder().join("plan"), None);
    let read = paths.each_entry(|entry| history.add(entry));
    let (Ok(_), Ok(rows)) = (read, read_journals(&paths, &Default::default())) else { return };
    let history = history.finish();
    let statuses = status::statuses(&MANIFEST, &history);
    assert_eq!(statuses.len(), MANIFEST.models.len());
    assert_eq!(
        retry::remaining(&MANIFEST.steps, &vec![true; MANIFEST.steps.len()], &history).len(),
        MANIFEST.steps.len()
    );
    let _ = status::missing(&MANIFEST.models, &rows.finished, Default::default());
    let mut results = Vec::new();
    results::write_run_results(&mut results, &MANIFEST, &history, Default::default())
        .expect("memory takes all that is written");
    assert!(serde_json::from_slice::<serde_json::Value>(&results).is_ok());
});
