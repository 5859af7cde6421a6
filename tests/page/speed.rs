//! Pages of many batches and of many models: the size, the time of inputs, and the length of frames.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use batchwright::calendar::format_instant;
use batchwright::page::{self, PageInput, PageShards};
use batchwright::plan::LedgerEntry;
use batchwright::plan::coverage::FinishedBatches;
use batchwright::plan::manifest::{Manifest, PlannedStep};
use batchwright::plan::manifest_reader::read;
use batchwright::plan::planned::StepFile;
use batchwright::run::history::History;
use batchwright::run::ledger_steps::{LedgerStep, LedgerSteps};
use batchwright::run::shard;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use super::{HOURLY, batchwright, look, page as page_of, shop};

/// Upper bounds of the time of a click and of a load in a page of many batches, relative to a page
/// of few.
const CLICK: f64 = 10.0;
const LOAD: f64 = 40.0;

#[test]
fn a_page_of_fifty_thousand_batches_is_fast() {
    let shop = shop();
    let small = page_of(shop.path());
    let large = shop.path().join("large.html");
    let manifest = with_many_batches(shop.path());
    let template =
        fs::read_to_string(shop.path().join("target/batchwright/hourly_events/2024-09-03T05.sql"))
            .unwrap();
    let sql = |step: &PlannedStep| {
        let text = |time: &Option<DateTime<Utc>>| {
            time.unwrap_or_default().format("%Y-%m-%d %H:%M:%S").to_string()
        };
        template
            .replace("2024-09-03 05:00:00", &text(&step.event_time_start))
            .replace("2024-09-03 06:00:00", &text(&step.event_time_end))
    };
    let shards = PageShards::default();
    let written = page::page(&input(&manifest, None, &shards), &mut |step| Some(sql(step)));
    assert!(written.len() < 10_000_000, "{} bytes are too many for an e-mail", written.len());
    fs::write(&large, written).unwrap();
    let visit = |page: &str, batch: &str| json!({"page": page, "model": HOURLY, "batch": batch, "clicks": 3});
    let views = look(&json!([
        visit(&small, "2024-09-01T05"),
        visit(large.to_str().unwrap(), "2019-01-02T05")
    ]));
    let [few, many] = &views[..] else { panic!("{views:?}") };
    assert!(many["batches"].as_u64().unwrap() >= 50_000, "{}", many["batches"]);
    assert!(
        many["cells"].as_u64().unwrap() < 1_000,
        "cells outside the viewport are in the document: {}",
        many["cells"]
    );
    assert_eq!(many["title"], "2019-01-02T05");
    assert!(
        many["sql"].as_str().unwrap().contains("occurred_at >= timestamp '2019-01-02 05:00:00'"),
        "{}",
        many["sql"]
    );
    assert_eq!(many["console"], json!([]));
    let times = |key: &str| many[key].as_f64().unwrap() / few[key].as_f64().unwrap();
    assert!(
        times("click") < CLICK && times("load") < LOAD,
        "a click takes {} times as long, loading {}",
        times("click"),
        times("load")
    );
}

/// Upper bound of a frame and of input to paint in a page of 120 models and 50,000 batches, in
/// milliseconds. A loaded machine may take as many times as long as for a page of few models.
const STALL: f64 = 100.0;
const STALL_RATIO: f64 = 5.0;

#[test]
fn a_page_of_many_models_scrolls_without_a_stall() {
    let shop = shop();
    let large = shop.path().join("many.html");
    let manifest = with_many_models(shop.path());
    let shards = shard::cut(&manifest, 64).unwrap();
    let shards = PageShards::new(shards, &manifest.steps, 64);
    let ledger = ledger(&manifest);
    let mut sql = |step: &PlannedStep| Some(format!("select '{}' as batch;\n", step.id));
    let written = page::page(&input(&manifest, Some(&ledger), &shards), &mut sql);
    fs::write(&large, written).unwrap();
    // Scrolls a part of the page for 40 frames; the longest frame of the best of three passes.
    let scroll = |selector: &str, step: u32| {
        json!([
            "value",
            format!(
                "(async () => {{
          let best = Infinity;
          for (let pass = 0; pass < 3; pass++) {{
            const part = document.querySelector({selector:?}) ?? document.scrollingElement;
            part.scrollTop = 0;
            let last = performance.now(), longest = 0;
            for (let frame = 0; frame < 40; frame++) {{
              part.scrollTop += {step};
              await new Promise(requestAnimationFrame);
              const now = performance.now();
              if (frame) longest = Math.max(longest, now - last);
              last = now;
            }}
            best = Math.min(best, longest);
          }}
          return best;
        }})()"
            )
        ])
    };
    let observe = "window.slow = []; new PerformanceObserver((list) => { for (const entry of \
                   list.getEntries()) slow.push(entry.duration); }).observe({ type: 'event', \
                   durationThreshold: 16 })";
    let settled = "new Promise((done) => setTimeout(() => done(Math.max(0, ...slow)), 600))";
    // A page of few models, with shards too.
    let days = ["--event-time-start", "2024-09-01", "--event-time-end", "2024-09-04"];
    let compile = ["compile", "--dialect", "duckdb", "--schema", "analytics", "--shards", "4"];
    assert_eq!(batchwright(shop.path(), &[&compile[..], &days].concat()), 0);
    let small = page_of(shop.path());
    let visit = |page: &str, model: &str| {
        json!({
            "page": page, "clicks": 0, "hash": format!("#{model}"), "model": "", "batch": "",
            "do": [
                scroll("#model-list", 60), scroll("#grid", 20), scroll("html", 40),
                ["value", "focusCell(calendar.active); 0"], ["value", format!("{observe}; 0")],
                ["key", "ArrowDown"], ["key", "Enter"], ["key", "j"], ["key", "j"],
                ["click", "#states button:not([disabled])"], ["click", "#shards tbody tr:nth-child(2) a"],
                ["key", "Escape"], ["key", "/"], ["type", "1"], ["click", "th[data-sort=state] button"], ["value", settled],
            ],
        })
    };
    let large = large.to_str().unwrap();
    let views = look(&json!([visit(&small, HOURLY), visit(large, "model.shop.hourly_000")]));
    let [few, many] = [&views[0], &views[1]].map(|view| {
        let values = view["values"].as_array().unwrap().iter();
        values.map(|value| value.as_f64().unwrap()).collect::<Vec<f64>>()
    });
    assert!(views[1]["batches"].as_u64().unwrap() >= 50_000, "{}", views[1]["batches"]);
    for (index, what) in [(0, "models"), (1, "calendar"), (2, "page"), (5, "input to paint")] {
        let (few, many) = (few[index], many[index]);
        eprintln!("{what}: {many:.0} ms, {few:.0} ms in a page of few models");
        assert!(many < STALL.max(few * STALL_RATIO), "{what}: {many} ms, few models: {few} ms");
    }
}

/// A page of a plan that never ran here.
fn input<'a>(
    manifest: &'a Manifest,
    ledger: Option<&'a LedgerSteps>,
    shards: &'a PageShards,
) -> PageInput<'a> {
    static HISTORY: LazyLock<History> = LazyLock::new(History::default);
    static FINISHED: LazyLock<FinishedBatches> = LazyLock::new(FinishedBatches::default);
    let now = "2024-09-14T00:00:00Z".parse().unwrap();
    PageInput { manifest, history: &HISTORY, finished: &FINISHED, ledger, shards, now }
}

/// A ledger with a row for each step.
fn ledger(manifest: &Manifest) -> LedgerSteps {
    let mut rows = LedgerSteps::default();
    let mut at: DateTime<Utc> = "2024-09-13T00:00:00Z".parse().unwrap();
    for step in &manifest.steps {
        rows.add(&step.id, "t", LedgerStep::new("plan", step.statement_sha256(), at, Some(7)));
        at += TimeDelta::seconds(1);
    }
    rows
}

/// The shop's manifest with fifty thousand batches of one model.
fn with_many_batches(shop: &Path) -> Manifest {
    let mut manifest = read(
        fs::File::open(shop.join("target/batchwright/manifest.json")).unwrap(),
        "manifest.json",
    )
    .unwrap();
    let mut batch = manifest
        .steps
        .iter()
        .find(|step| *step.model == *HOURLY && step.event_time_start.is_some())
        .unwrap()
        .clone();
    manifest.steps.retain(|step| *step.model != *HOURLY || step.event_time_start.is_none());
    let first: DateTime<Utc> = "2019-01-01T00:00:00Z".parse().unwrap();
    for hour in 0..50_000 {
        let (start, end) = (first + TimeDelta::hours(hour), first + TimeDelta::hours(hour + 1));
        let label = start.format("%Y-%m-%dT%H");
        batch.id = format!("{HOURLY}@{label}").into();
        batch.file = StepFile::Path(format!("hourly_events/{label}.sql").into());
        batch.event_time_start = Some(start);
        batch.event_time_end = Some(end);
        manifest.steps.push(batch.clone());
    }
    for model in manifest.models.iter_mut().filter(|model| model.unique_id == HOURLY) {
        model.microbatch.as_mut().unwrap().begin = format_instant(first);
    }
    manifest
}

/// The shop's manifest with 120 models of 417 hourly batches each.
fn with_many_models(shop: &Path) -> Manifest {
    let mut manifest = read(
        fs::File::open(shop.join("target/batchwright/manifest.json")).unwrap(),
        "manifest.json",
    )
    .unwrap();
    let is_batch = |step: &&PlannedStep| *step.model == *HOURLY && step.event_time_start.is_some();
    let batch = manifest.steps.iter().find(is_batch).unwrap().clone();
    let model = manifest.models.iter().find(|model| model.unique_id == HOURLY).unwrap().clone();
    (manifest.models, manifest.steps) = (Vec::new(), Vec::new());
    let [table, model_id, plan_fingerprint] =
        ["analytics.ledger", "ledger.shop.ledger", "plan"].map(str::to_string);
    manifest.about.ledger = Some(LedgerEntry { table, model: model_id, plan_fingerprint });
    let first: DateTime<Utc> = "2024-08-01T00:00:00Z".parse().unwrap();
    for number in 0..120 {
        let mut model = model.clone();
        model.unique_id = format!("model.shop.hourly_{number:03}");
        model.microbatch.as_mut().unwrap().begin = format_instant(first);
        for hour in 0..417 {
            let (start, end) = (first + TimeDelta::hours(hour), first + TimeDelta::hours(hour + 1));
            let label = start.format("%Y-%m-%dT%H");
            let mut batch = batch.clone();
            batch.id = format!("{}@{label}", model.unique_id).into();
            batch.model = model.unique_id.as_str().into();
            batch.file = StepFile::Path(format!("hourly_{number:03}/{label}.sql").into());
            (batch.event_time_start, batch.event_time_end) = (Some(start), Some(end));
            batch.depends_on = Box::new([]);
            manifest.steps.push(batch);
        }
        manifest.models.push(model);
    }
    manifest
}
