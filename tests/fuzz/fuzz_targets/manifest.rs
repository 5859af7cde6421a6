//! Any `manifest.json` where a plan is to be written or run: it is a plan's, or it is refused and
//! nothing is touched.
#![no_main]

mod shop;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use batchwright::compile::compile;
use batchwright::plan::{Kind, Plan, manifest::StepEntry, write};
use batchwright::run::{history::History, journal::Places, retry, schedule::Schedule};
use libfuzzer_sys::fuzz_target;

static SHOP: LazyLock<shop::Shop> = LazyLock::new(shop::Shop::new);
static PLAN: LazyLock<Plan> = LazyLock::new(|| match compile(&SHOP.request(Default::default())) {
    Ok(compiled) => compiled.plan,
    Err(wrong) => panic!("{wrong:?}"),
});

// The text itself, and a graph of steps made from its bytes: who waits for whom, and what is done.
fuzz_target!(|data: (&str, Vec<(u8, u8, u8, bool)>)| {
    let (text, edges) = data;
    let folder = SHOP.folder().join("plan");
    let _ = std::fs::remove_dir_all(&folder);
    SHOP.write("plan/manifest.json", text);
    let read = Places::beside(&folder).manifest();
    let written = write::write(&PLAN, &folder).is_ok();
    let there = std::fs::read_to_string(folder.join("manifest.json")).expect("it is there, the \
        old one or the new one");
    assert!(if written { Places::beside(&folder).manifest().is_ok() } else { there == text });
    let mut steps: Vec<StepEntry> = read.map(|manifest| manifest.steps).unwrap_or_default();
    steps.extend(edges.iter().enumerate().map(|(nth, (model, kind, waits, _))| StepEntry {
        id: format!("m{model}@{nth}"),
        model: format!("m{model}"),
        kind: [Kind::Before, Kind::Create, Kind::Batch, Kind::Swap, Kind::After, Kind::Build][usize::from(*kind) % 6],
        file: format!("m{model}/{nth}.sql"),
        sha256: String::new(),
        event_time_start: None,
        event_time_end: None,
        chunk: (kind % 2 == 0).then(|| format!("{}", kind % 8)),
        depends_on: vec![format!("m{}@{}", waits % 16, nth.saturating_sub(usize::from(*waits))), format!("m{}", waits % 16)],
    }));
    let wanted = retry::left(&steps, &History::of(&[]));
    let Ok(mut schedule) = Schedule::new(&steps, &wanted, &BTreeMap::new()) else { return };
    let mut started = 0;
    while let Some(step) = schedule.start() {
        started += 1;
        assert!(started <= steps.len());
        schedule.end(step, edges.get(step).is_none_or(|(.., ends_well)| *ends_well));
    }
    assert!(schedule.over());
});
