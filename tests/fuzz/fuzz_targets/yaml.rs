//! Arbitrary text as a properties file and, after a `\x01`, as dbt_project.yml: it is read or
//! rejected.
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
