//! Arbitrary text as profiles.yml: a target is read or the file is rejected, and no message
//! contains text of it that is marked as a secret.
#![no_main]

mod shop;

use std::sync::LazyLock;

use batchwright::compile::open;
use batchwright::diagnostics;
use libfuzzer_sys::fuzz_target;

static SHOP: LazyLock<shop::Shop> = LazyLock::new(|| {
    let shop = shop::Shop::new();
    shop.write("dbt_project.yml", "name: shop\nprofile: shop\n");
    shop
});

fuzz_target!(|data: &str| {
    SHOP.write("profiles.yml", data);
    let mut request = SHOP.request(Default::default()).open;
    request.dialect = None;
    let Err(errors) = open(&request) else { return };
    for error in &errors.0 {
        assert!(!diagnostics::print(error, false).contains("a-secret-value"), "{error:?}");
    }
});
