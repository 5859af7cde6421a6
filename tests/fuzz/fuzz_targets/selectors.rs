//! Any words of a selection and, behind a `\x01`, any `selectors.yml`: nodes are selected, or the
//! words refused.
#![no_main]

mod shop;

use std::sync::LazyLock;

use batchwright::compile::{LoadedProject, open};
use batchwright::diagnostics::SourceFile;
use batchwright::graph::Selection;
use libfuzzer_sys::fuzz_target;

static LINKED: LazyLock<LoadedProject> = LazyLock::new(|| match open(&shop::Shop::new().request(Default::default()).open) {
    Ok(linked) => linked,
    Err(wrong) => panic!("{wrong:?}"),
});

fuzz_target!(|data: &str| {
    let (words, file) = data.split_once('\x01').unwrap_or((data, ""));
    let file = SourceFile::new("selectors.yml", file);
    let selection = Selection { select: vec![words.to_string()], ..Selection::default() };
    let _ = LINKED.graph.select(&selection, Some(&file), None);
    let named = Selection { selector: Some("a".to_string()), exclude: vec![words.to_string()], ..Selection::default() };
    let _ = LINKED.graph.select(&named, Some(&file), None);
});
