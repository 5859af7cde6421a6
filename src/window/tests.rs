//! Windows tile the requested range, in any zone.

use proptest::prelude::*;

use super::*;
use crate::calendar::parse_timestamp;
use crate::diagnostics::Level;

fn at(text: &str) -> Instant {
    parse_timestamp(text).unwrap().at(Tz::UTC)
}

fn daily() -> BatchSettings<'static> {
    BatchSettings {
        model: "sessions",
        begin: at("2024-09-01"),
        batch_size: Grain::Day,
        lookback: 1,
        timezone: Tz::UTC,
        from_begin: false,
    }
}

fn request(start: &str, end: &str) -> WindowRequest {
    let bounds = if start.is_empty() { None } else { bounds(Some(start), Some(end)).unwrap() };
    WindowRequest {
        bounds,
        now: at("2024-09-17T16:06"),
        batch_size: None,
        chunk: None,
        complete_only: false,
        excluded: Vec::new(),
        strict: false,
        max_batches: 10_000,
    }
}

/// The labels of the windows and the notes, or the error messages.
fn outcome(model: &BatchSettings, request: &WindowRequest) -> (String, String) {
    match cover(model, request) {
        Ok(cover) => {
            let labels: Vec<_> = cover.spans().map(|batch| batch.label).collect();
            let notes: Vec<_> = cover.notes.iter().map(|note| note.message.as_str()).collect();
            (labels.join(" "), notes.join("\n"))
        }
        Err(errors) => (
            String::new(),
            errors.0.iter().map(|one| one.message.as_str()).collect::<Vec<_>>().join("\n"),
        ),
    }
}

#[test]
fn without_bounds_it_is_now_and_lookback_but_not_before_begin() {
    let no_bounds = request("", "");
    assert_eq!(outcome(&daily(), &no_bounds).0, "2024-09-16 2024-09-17");
    assert_eq!(outcome(&BatchSettings { lookback: 0, ..daily() }, &no_bounds).0, "2024-09-17");
    assert_eq!(
        outcome(
            &BatchSettings { lookback: 3, begin: at("2024-09-15T07:00"), ..daily() },
            &no_bounds
        )
        .0,
        "2024-09-15 2024-09-16 2024-09-17"
    );
    assert_eq!(
        outcome(
            &BatchSettings { lookback: u32::MAX, begin: at("2024-09-16"), ..daily() },
            &no_bounds
        )
        .0,
        "2024-09-16 2024-09-17"
    );
    assert_eq!(
        outcome(
            &BatchSettings { from_begin: true, begin: at("2024-09-15"), ..daily() },
            &no_bounds
        )
        .0,
        "2024-09-15 2024-09-16 2024-09-17"
    );
}

#[test]
fn if_now_is_a_boundary_the_newest_batch_ends_there() {
    let new_york = Tz::America__New_York;
    let sized = |batch_size, timezone, lookback| BatchSettings {
        batch_size,
        timezone,
        lookback,
        begin: at("2020-01-01"),
        ..daily()
    };
    for (grain, timezone, now, newest, before) in [
        (Grain::Hour, Tz::UTC, "2024-09-17T16:00", "2024-09-17T15", "2024-09-17T14"),
        (Grain::Day, Tz::UTC, "2024-09-17", "2024-09-16", "2024-09-15"),
        (Grain::Month, Tz::UTC, "2024-03-01", "2024-02", "2024-01"),
        (Grain::Year, Tz::UTC, "2024-01-01", "2023", "2022"),
        (Grain::Day, new_york, "2024-09-17T04:00", "2024-09-16", "2024-09-15"),
        (Grain::Day, new_york, "2024-09-17", "2024-09-16", "2024-09-15"),
        (Grain::Month, new_york, "2024-12-01T05:00", "2024-11", "2024-10"),
        (Grain::Hour, new_york, "2024-11-03T06:00", "2024-11-03T01a", "2024-11-03T00"),
        (Grain::Hour, new_york, "2024-11-03T07:00", "2024-11-03T01b", "2024-11-03T01a"),
    ] {
        let now = WindowRequest { now: at(now), ..request("", "") };
        assert_eq!(outcome(&sized(grain, timezone, 0), &now).0, newest, "{now:?}");
        assert_eq!(
            outcome(&sized(grain, timezone, 1), &now).0,
            format!("{before} {newest}"),
            "{now:?}"
        );
        let rebuilt = cover(
            &BatchSettings { from_begin: true, ..sized(grain, timezone, 1) },
            &WindowRequest { max_batches: usize::MAX, ..now },
        )
        .unwrap();
        assert_eq!(rebuilt.ends().1.label, newest);
    }
    let midnight = WindowRequest { now: at("2024-09-17"), complete_only: true, ..request("", "") };
    assert_eq!(outcome(&BatchSettings { lookback: 0, ..daily() }, &midnight).0, "2024-09-16");
    let first_day = BatchSettings { begin: at("2024-09-17"), ..daily() };
    assert_eq!(outcome(&first_day, &midnight).1, "no batch of `sessions` has begun yet");
    assert_eq!(
        outcome(&first_day, &WindowRequest { now: at("2024-09-17T00:00:01"), ..request("", "") }).0,
        "2024-09-17"
    );
    let ahead = cover(
        &daily(),
        &WindowRequest { now: at("2024-09-17"), ..request("2024-09-16", "2024-09-18") },
    )
    .unwrap();
    assert_eq!(
        ahead.notes[0].message,
        "1 batch of `sessions` in the future: the current time is 2024-09-17"
    );
}

#[test]
fn bounds_are_widened_and_cut_with_a_note() {
    let (labels, notes) = outcome(&daily(), &request("2024-09-15 06:00", "2024-09-16 06:00"));
    assert_eq!(labels, "2024-09-15 2024-09-16");
    assert!(notes.ends_with("widened to 2024-09-15 until 2024-09-17"), "{notes}");
    let strict = WindowRequest { strict: true, ..request("2024-09-15 06:00", "2024-09-16") };
    assert!(
        outcome(&daily(), &strict)
            .1
            .contains("do not align with the batches of `sessions`, one day each")
    );

    let (labels, notes) = outcome(&daily(), &request("2023-01-01 05:00", "2024-09-03"));
    assert_eq!(labels, "2024-09-01 2024-09-02");
    assert_eq!(
        notes,
        "`sessions` begins at 2024-09-01: the range before it, from 2023-01-01 05:00, is not \
         planned"
    );
    assert!(
        outcome(&daily(), &request("2023-01-01", "2024-09-01"))
            .1
            .starts_with("`sessions` has no batch between")
    );
}

#[test]
fn an_invalid_range_is_refused() {
    let message = |start, end| bounds(start, end).map(|_| ()).unwrap_err().0[0].message.clone();
    assert_eq!(
        message(Some("2024-09-02"), None),
        "`--event-time-start` is given without `--event-time-end`"
    );
    assert_eq!(
        message(None, Some("2024-09-02")),
        "`--event-time-end` is given without `--event-time-start`"
    );
    assert!(message(Some("2024-09-02"), Some("2024-09-02")).contains("is not before"));
    assert!(
        message(Some("2024-09-02"), Some("soon"))
            .starts_with("`soon`, given as `--event-time-end`, is not a date")
    );
    assert!(
        outcome(&daily(), &request("2024-09-02", "2024-09-02T01:00+02:00"))
            .1
            .contains("is not before")
    );
    assert!(
        outcome(&BatchSettings { begin: at("2999-01-01"), ..daily() }, &request("", ""))
            .1
            .starts_with("`begin` of `sessions` is in the future")
    );
    assert!(outcome(&daily(), &request("9999-12-30", "9999-12-31T05:00")).1.contains("9999"));
}

#[test]
fn the_open_batch_can_be_left_out_and_future_ones_are_a_warning() {
    let complete = |start, end| WindowRequest { complete_only: true, ..request(start, end) };
    assert_eq!(outcome(&daily(), &complete("", "")).0, "2024-09-16");
    assert_eq!(outcome(&daily(), &complete("2024-09-15", "2024-09-20")).0, "2024-09-15 2024-09-16");
    assert_eq!(
        outcome(&daily(), &complete("2024-09-17", "2024-09-18")).1,
        "no batch of `sessions` is complete"
    );
    assert_eq!(
        outcome(&BatchSettings { lookback: 0, ..daily() }, &complete("", "")).1,
        "no batch of `sessions` is complete"
    );

    let ahead = cover(&daily(), &request("2024-09-17", "2024-09-20")).unwrap();
    assert_eq!(ahead.notes[0].level, Level::Warning);
    assert_eq!(
        ahead.notes[0].message,
        "2 batches of `sessions` in the future: the current time is 2024-09-17T16:06:00Z"
    );
}

#[test]
fn another_batch_size_tiles_the_same_days() {
    let sized = |size, start, end| WindowRequest {
        batch_size: Some(size),
        now: at("2024-12-24"),
        ..request(start, end)
    };
    assert_eq!(
        outcome(&daily(), &sized(Grain::Month, "2024-09-05", "2024-10-10")).0,
        "2024-09-05_2024-10-01 2024-10-01_2024-10-10"
    );
    assert_eq!(
        outcome(&daily(), &sized(Grain::Month, "2024-09-30", "2024-11-01")).0,
        "2024-09-30 2024-10"
    );
    let late = BatchSettings { begin: at("2024-09-15"), ..daily() };
    let cut = cover(&late, &sized(Grain::Month, "2024-01-01", "2024-11-01"))
        .unwrap()
        .spans()
        .collect::<Vec<_>>();
    assert_eq!(
        (cut[0].window.start, cut[0].id().as_str(), cut[1].id().as_str()),
        (at("2024-09-15"), "20240915_20241001", "202410")
    );

    let (labels, notes) = outcome(&daily(), &sized(Grain::Hour, "2024-09-05", "2024-09-06"));
    assert_eq!(labels.split(' ').count(), 24);
    assert!(notes.contains("but it is planned in batches of one hour"));
}

#[test]
fn a_chunk_is_at_least_a_batch() {
    let chunked =
        WindowRequest { chunk: Some(Grain::Month), ..request("2024-09-01", "2024-09-02") };
    assert_eq!(cover(&daily(), &chunked).unwrap().ends().0.chunk.as_deref(), Some("2024-09"));
    assert!(
        outcome(&daily(), &WindowRequest { chunk: Some(Grain::Hour), ..chunked })
            .1
            .starts_with("`--chunk hour` is smaller")
    );
}

#[test]
fn a_missing_bound_is_detected_quickly() {
    let hourly = BatchSettings {
        begin: at("1924-01-01"),
        batch_size: Grain::Hour,
        from_begin: true,
        ..daily()
    };
    // Computing the lookback hour by hour would take a minute.
    let ancient = BatchSettings {
        begin: at("0900-01-01"),
        batch_size: Grain::Hour,
        lookback: u32::MAX,
        ..daily()
    };
    assert!(outcome(&ancient, &request("", "")).1.contains("at most 10,000 are allowed"));
    let nearly = BatchSettings { lookback: 5_000_000, ..ancient };
    assert_eq!(
        outcome(&nearly, &request("", "")).1,
        "`lookback` of `sessions` is too large: 5000000 batches of one hour"
    );
    let errors = cover(&hourly, &request("", "")).unwrap_err();
    assert_eq!(
        errors.0[0].message,
        "`sessions` has 882,857 batches in this range; at most 10,000 are allowed"
    );
    assert!(errors.0[0].hints[0].contains("--max-batches 882857"));
    assert_eq!(errors.0[0].hints[1], "with `--batch-size day` there are 36,786");
}

proptest! {
    #[test]
    fn windows_tile_the_range_and_their_labels_increase(
        zone in 0..ZONES.len(), model_size in 0..4usize, size in proptest::option::of(0..4usize),
        // From 1950 on; up to about eight months, so that hours stay few.
        from in -600_000_000i64..2_000_000_000,
        long in 1i64..20_000_000,
        begin in -10_000_000i64..10_000_000,
    ) {
        let time = |seconds| Instant::from_timestamp(seconds, 0).unwrap();
        let bound = |seconds| Bound {
            text: time(seconds).to_rfc3339(),
            at: Timestamp::Instant(time(seconds)),
        };
        let model = BatchSettings {
            begin: time(from + begin),
            batch_size: Grain::ALL[model_size],
            timezone: ZONES[zone],
            ..daily()
        };
        let request = WindowRequest {
            bounds: Some((bound(from), bound(from + long))),
            now: time(3_000_000_000),
            batch_size: size.map(|size| Grain::ALL[size]),
            max_batches: 20_000, ..request("", "")
        };
        let first = model.batch_size.floor(model.begin, model.timezone);
        match cover(&model, &request) {
            Err(_) => prop_assert!(time(from + long) <= first),
            Ok(cover) => {
                let floor = |at| model.batch_size.floor(at, model.timezone);
                let batches: Vec<Span> = cover.spans().collect();
                let (start, end) = (cover.ends().0.window.start, cover.ends().1.window.end);
                prop_assert_eq!(start, floor(time(from)).max(first));
                prop_assert!(end >= time(from + long) && floor(end) == end);
                for pair in batches.windows(2) {
                    prop_assert_eq!(pair[0].window.end, pair[1].window.start);
                    prop_assert!(pair[0].label < pair[1].label, "{} \
                        {}", pair[0].label, pair[1].label);
                    let file = |batch: &Span| format!("{}.sql", batch.label);
                    prop_assert!(file(&pair[0]) < file(&pair[1]));
                }
                prop_assert!(batches.iter().all(|batch| batch.window.start < batch.window.end));
                let is_aligned = |batch: &Span| {
                    let start = batch.window.start;
                    cover.naming.batch_size.floor(start, model.timezone) == start
                };
                prop_assert!(batches[1..].iter().all(is_aligned));
                let count = cover.naming.batch_size.count(start, end, model.timezone);
                prop_assert!(count.abs_diff(batches.len() as u64) <= 4, "{} \
                    {}", count, batches.len());
            }
        }
    }
}

const ZONES: [Tz; 8] = [
    Tz::UTC,
    Tz::Europe__Paris,
    Tz::America__New_York,
    Tz::America__Sao_Paulo,
    Tz::Asia__Kolkata,
    Tz::Australia__Lord_Howe,
    Tz::Pacific__Apia,
    Tz::Asia__Beirut,
];
