//! Arbitrary text, including non-ASCII letters, in the texts of a project: in `config()`, in
//! properties, in names, in selections, in `begin` and in the format of an event time.
#![no_main]

mod shop;

use std::sync::LazyLock;

use batchwright::compile::{compile, list};
use batchwright::graph::Selection;
use libfuzzer_sys::fuzz_target;

static SHOP: LazyLock<shop::Shop> = LazyLock::new(shop::Shop::new);

fuzz_target!(|data: (u8, &str, &str)| {
    let (place, one, other) = data;
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let keys = [
        "alias",
        "schema",
        "begin",
        "event_time",
        "tags",
        "unique_key",
        "meta",
        "batch_size",
        "incremental_predicates",
        "description",
    ];
    let key = keys[usize::from(place) % keys.len()];
    let config = "materialized='incremental', incremental_strategy='microbatch', event_time='at', \
        batch_size='day', begin='2024-09-01'";
    SHOP.write(
        "models/orders.sql",
        &format!(
            "{{{{ config({config}) }}}}{{{{ config({key}='{one}') }}}}\nselect at, id \
            as \"{other}\" from {{{{ source('raw', 'orders') }}}}"
        ),
    );
    let meta = format!(
        "{{batchwright: {{event_time_format: {}, timezone: {}}}}}",
        quoted(one),
        quoted(other)
    );
    SHOP.write(
        "models/orders.yml",
        &format!(
            "models: \
             [{{name: orders, description: {}, config: {{{key}: {}, meta: {meta}}}, columns: [{{name: {}, data_type: {}}}]}}]",
            quoted(one),
            quoted(other),
            quoted(one),
            quoted(other)
        ),
    );
    let _ = compile(&SHOP.request(Default::default()));
    SHOP.write("models/orders.yml", "");
    let _ = compile(&SHOP.request(Default::default()));
    let selection = Selection {
        select: vec![one.to_string()],
        exclude: vec![other.to_string()],
        ..Selection::default()
    };
    let _ = list(&SHOP.request(selection), true);
});
