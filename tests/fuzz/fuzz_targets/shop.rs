//! A small project in a separate folder, whose files the fuzzer writes.

use std::alloc::System;
use std::fs;
use std::path::Path;

use batchwright::compile::Request;
use batchwright::graph::Selection;
use batchwright::limits::CountingAllocator;
use batchwright::project::LoadOptions;
use batchwright::window;
use tempfile::TempDir;

/// The memory of a model is limited in the fuzzer too.
#[global_allocator]
static ALLOCATOR: CountingAllocator<System> = CountingAllocator(System);

pub struct Shop(TempDir);

impl Shop {
    pub fn new() -> Shop {
        let shop = Shop(TempDir::new().expect("a folder for the fuzzer"));
        shop.write("dbt_project.yml", "name: shop\n");
        shop.write(
            "models/sources.yml",
            "sources: \
            [{name: raw, tables: [{name: orders, config: {event_time: at}}]}]\n",
        );
        let config = "materialized='incremental', incremental_strategy='microbatch', \
            event_time='at', batch_size='day', begin='2024-09-01'";
        shop.write(
            "models/orders.sql",
            &format!(
                "{{{{ config({config}) }}}} select at, id from \
            {{{{ source('raw', 'orders') }}}}"
            ),
        );
        shop.write(
            "models/report.sql",
            "{{ config(tags=['daily']) }} select id from \
            {{ ref('orders') }}",
        );
        shop
    }

    pub fn write(&self, path: &str, text: &str) {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().expect("a file has a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    pub fn folder(&self) -> &Path {
        self.0.path()
    }

    #[allow(dead_code, reason = "a target that compiles nothing asks for nothing")]
    pub fn request(&self, selection: Selection) -> Request {
        let open = LoadOptions {
            project_dir: self.folder().to_path_buf(),
            profiles_dir: None,
            profile: None,
            target: None,
            dialect: Some("duckdb".to_string()),
            database: None,
            schema: None,
            vars: serde_json::Map::new(),
            full_refresh: false,
            which: "run",
            now: now(),
            environment: Default::default(),
            answers: None,
            catalog: None,
            columns: None,
        };
        let windows = window::WindowRequest {
            bounds: window::bounds(Some("2024-09-01"), Some("2024-09-03")).expect("two days"),
            now: now(),
            batch_size: None,
            chunk: None,
            complete_only: false,
            excluded: Vec::new(),
            strict: false,
            max_batches: 1000,
        };
        Request { now_is_given: true, ..Request::new(open, selection, windows) }
    }
}

fn now() -> batchwright::calendar::Instant {
    batchwright::calendar::parse_timestamp("2024-09-10").expect("a day").at(chrono_tz::Tz::UTC)
}
