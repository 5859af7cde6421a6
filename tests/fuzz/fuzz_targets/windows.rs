//! Arbitrary bounds, begin, zone, size and lookback: the windows tile a range, or an error explains
//! why there are none.
#![no_main]

use batchwright::calendar::{Grain, parse_timestamp};
use batchwright::window::{self, BatchSettings, WindowRequest};
use chrono_tz::{TZ_VARIANTS, Tz};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: (u16, u8, Option<u8>, Option<u8>, u32, bool, bool, &str)| {
    let (zone, model_size, size, chunk, lookback, complete_only, from_begin, texts) = data;
    let mut texts = texts.split('\x01');
    let mut text = || texts.next().unwrap_or_default();
    let (start, end) = (text(), text());
    let bounds = if start.is_empty() { None } else { Some((start, end)) };
    let Ok(bounds) = window::bounds(bounds.map(|(start, _)| start), bounds.map(|(_, end)| end))
    else {
        return;
    };
    let (Ok(begin), Ok(now)) = (parse_timestamp(text()), parse_timestamp(text())) else { return };
    let timezone = TZ_VARIANTS[usize::from(zone) % TZ_VARIANTS.len()];
    let grain = |index: u8| Grain::ALL[usize::from(index) % 4];
    let model = BatchSettings {
        model: "m",
        begin: begin.at(timezone),
        batch_size: grain(model_size),
        lookback,
        timezone,
        from_begin,
    };
    let request = WindowRequest {
        bounds,
        now: now.at(Tz::UTC),
        batch_size: size.map(grain),
        chunk: chunk.map(grain),
        complete_only,
        excluded: Vec::new(),
        strict: false,
        max_batches: 2000,
    };
    let Ok(cover) = window::cover(&model, &request) else { return };
    assert!(!cover.windows.is_empty() && cover.windows.len() <= 2000);
    assert!(cover.windows.iter().all(|window| window.start < window.end));
    assert!(cover.windows.windows(2).all(|pair| pair[0].end == pair[1].start));
    let labels: Vec<String> = cover.spans().map(|span| span.label).collect();
    assert!(labels.windows(2).all(|pair| pair[0] < pair[1]), "{labels:?}");
    let label = labels.iter().find(|label| !label.contains('_'));
    if let Some(label) = label.filter(|_| cover.naming.batch_size == model.batch_size) {
        assert!(
            window::batch_by_label(&model, label).is_ok_and(|span| span.label == *label),
            "{label}"
        );
    }
});
