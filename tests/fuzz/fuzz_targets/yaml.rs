//! Any text as a properties file and, behind a `\x01`, as the project's own: it is read or refused.
#![no_main]

mod shop;

use std::sync::LazyLock;

use batchwright::compile::open;
use libfuzzer_sys::fuzz_target;

static SHOP: LazyLock<shop::Shop> = LazyLock::new(shop::Shop::new);

fuzz_target!(|data: &str| {
    let (properties, project) = data.split_once('\x01').unwrap_or((data, "name: shop\n"));
    SHOP.write("models/sources.yml", properties);
    SHOP.write("dbt_project.yml", project);
    let _ = open(&SHOP.request(Default::default()).open);
});
