//! Arbitrary text as a model and, after a `\x01`, as a file of macros: it is compiled or rejected,
//! with limited time and memory.
#![no_main]

mod shop;

use std::sync::LazyLock;

use batchwright::compile::compile;
use libfuzzer_sys::fuzz_target;

static SHOP: LazyLock<shop::Shop> = LazyLock::new(shop::Shop::new);

fuzz_target!(|data: &str| {
    let (model, macros) = data.split_once('\x01').unwrap_or((data, ""));
    SHOP.write("models/orders.sql", model);
    SHOP.write("macros/more.sql", macros);
    let _ = compile(&SHOP.request(Default::default()));
});
