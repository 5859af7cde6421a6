//! An arbitrary selection and, after a `\x01`, an arbitrary `selectors.yml`: nodes are selected, or
//! the selection is rejected.
#![no_main]

mod shop;

use std::sync::LazyLock;

use batchwright::compile::list;
use batchwright::graph::Selection;
use libfuzzer_sys::fuzz_target;

static SHOP: LazyLock<shop::Shop> = LazyLock::new(shop::Shop::new);

fuzz_target!(|data: &str| {
    let (words, file) = data.split_once('\x01').unwrap_or((data, ""));
    SHOP.write("selectors.yml", file);
    let selection = Selection { select: vec![words.to_string()], ..Selection::default() };
    let _ = list(&SHOP.request(selection), true);
    let selector = Some("a".to_string());
    let named = Selection { selector, exclude: vec![words.to_string()], ..Selection::default() };
    let _ = list(&SHOP.request(named), true);
});
