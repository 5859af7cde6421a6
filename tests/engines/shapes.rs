//! Models with unusual columns, names and batches: quoted names, a date column, monthly batches
//! over a table of days.

use sqlparser::keywords::ALL_KEYWORDS;

use crate::engine::{Case, Engine};
use crate::shop::Shop;

pub const CASES: &[Case] = &[
    ("quoted_names_are_quoted_everywhere", quoted_names_are_quoted_everywhere),
    ("keywords_are_names_of_columns", keywords_are_names_of_columns),
    ("a_date_column_has_date_windows", a_date_column_has_date_windows),
    ("epoch_seconds_have_epoch_windows", epoch_seconds_have_epoch_windows),
    ("an_hour_is_a_window", an_hour_is_a_window),
    ("a_monthly_batch_overwrites_the_days", a_monthly_batch_overwrites_the_days),
];

const CONFIG: &str = "materialized='incremental', incremental_strategy='microbatch', \
    batch_size='day', begin='2024-08-31'";
const TWO_DAYS: &[&str] = &["--event-time-start", "2024-09-01", "--event-time-end", "2024-09-03"];

/// A shop with one model, built for two days and built again after both rows of event 121 were
/// deleted.
fn rebuilt<'a>(
    engine: &'a dyn Engine,
    name: &str,
    config: &str,
    columns: &str,
    properties: &str,
) -> Shop<'a> {
    let shop = Shop::open(engine);
    shop.write(
        format!("models/{name}.sql"),
        &format!(
            "{{{{ config({CONFIG}, {config}) }}}}\nselect {columns}\nfrom \
            {{{{ source('raw', 'events') }}}}"
        ),
    );
    shop.write(
        "models/shapes.yml",
        &format!("version: 2\nmodels:\n  - name: {name}\n    columns:\n{properties}"),
    );
    let plan = shop.compile(&[&["--select", name], TWO_DAYS].concat());
    shop.build(&plan);
    shop.sql("delete from raw.events where event_id = 121;");
    shop.build(plan.of(name, "batch"));
    shop.build(plan.of(name, "batch"));
    shop
}

const REMAINING: [&str; 7] = ["110", "111", "112", "113", "120", "122", "123"];

fn quoted_names_are_quoted_everywhere(engine: &dyn Engine) {
    let quoted = |name: &str| engine.quoted(name);
    let columns = format!(
        "event_id, occurred_at as {}, event_type as {}, user_id as {}",
        quoted("Happened at"),
        quoted("order"),
        quoted("größe")
    );
    let properties =
        "      - name: Happened at\n        quote: true\n        data_type: timestamp\n";
    let shop = rebuilt(engine, "quoted_names", "event_time='Happened at'", &columns, properties);
    assert_eq!(shop.rows("select event_id from analytics.quoted_names"), REMAINING);
    let named = format!(
        "select {}, {} from analytics.quoted_names where event_id = 111",
        quoted("order"),
        quoted("größe")
    );
    assert_eq!(shop.rows(&named), ["purchase|1"]);
}

/// Columns have the names of all SQL keywords; the contract names them without quotes. Most engines
/// take long to add hundreds of columns one by one, so only the last model adds columns there.
fn keywords_are_names_of_columns(engine: &dyn Engine) {
    let shop = Shop::open(engine);
    let words: Vec<String> = ALL_KEYWORDS
        .iter()
        .filter(|word| !word.contains('-'))
        .map(|word| word.to_lowercase())
        .collect();
    let stored = |word: &String| {
        engine.quoted(&if engine.dialect() == "snowflake" {
            word.to_uppercase()
        } else {
            word.clone()
        })
    };
    let (many, last) = words.split_at(words.len() - 20);
    let chunks = many.chunks(400).chain([last]).enumerate();
    let models: Vec<(String, &[String])> =
        chunks.map(|(nth, chunk)| (format!("words_{nth}"), chunk)).collect();
    for (name, chunk) in &models {
        let adds_columns = engine.name() == "duckdb" || chunk.len() == last.len();
        let on_schema_change = if adds_columns { "append_new_columns" } else { "fail" };
        let computed: Vec<String> =
            chunk.iter().map(|word| format!("event_id as {}", stored(word))).collect();
        let query = format!(
            "select {}, occurred_at from {{{{ source('raw', 'events') }}}}",
            computed.join(", ")
        );
        let config = format!(
            "{{{{ config({CONFIG}, event_time='occurred_at', contract={{'enforced': true}}, \
             on_schema_change='{on_schema_change}') }}}}"
        );
        shop.write(format!("models/{name}.sql"), &format!("{config}\n{query}\n"));
        let columns: String = chunk
            .iter()
            .map(|word| format!("  - {{name: \"{word}\", data_type: {}}}\n", engine.integer()))
            .collect();
        let columns = format!("{columns}  - {{name: occurred_at, data_type: timestamp}}\n");
        shop.write(
            format!("models/{name}.yml"),
            &format!("models:\n- name: {name}\n  columns:\n{columns}"),
        );
    }
    let plan = shop.compile(&[
        "--select",
        "words_0",
        "words_1",
        "words_2",
        "words_3",
        "--event-time-start",
        "2024-09-02",
        "--event-time-end",
        "2024-09-03",
    ]);
    shop.build(&plan);
    for (name, chunk) in &models {
        let last = stored(chunk.last().unwrap());
        assert_eq!(
            shop.rows(&format!("select {last} from analytics.{name}")),
            ["120", "121", "121", "122", "123"]
        );
    }
}

fn a_date_column_has_date_windows(engine: &dyn Engine) {
    let columns = "event_id, {{ as_date('occurred_at') }} as happened_on";
    let properties = "      - name: happened_on\n        data_type: date\n";
    let shop = rebuilt(engine, "dates", "event_time='happened_on'", columns, properties);
    let dates = shop.rows(
        "select event_id, happened_on from analytics.dates where event_id in (110, 113, 123)",
    );
    assert_eq!(dates, ["110|2024-09-01", "113|2024-09-01", "123|2024-09-02"]);
    assert_eq!(shop.rows("select event_id from analytics.dates"), REMAINING);
}

fn epoch_seconds_have_epoch_windows(engine: &dyn Engine) {
    // The first and the last second of the two days.
    let columns = "event_id, case when event_id < 113 then 1725148800 when event_id = 113 then \
        1725235199 when event_id < 123 then 1725235200 else 1725321599 end as happened_at";
    let config = "event_time='happened_at', meta={'batchwright': {'event_time_unit': 'seconds'}}";
    let shop = rebuilt(
        engine,
        "seconds",
        config,
        columns,
        "      - name: happened_at\n        data_type: bigint\n",
    );
    assert_eq!(shop.rows("select event_id from analytics.seconds"), REMAINING);
}

fn an_hour_is_a_window(engine: &dyn Engine) {
    let shop = Shop::open(engine);
    let hours = [
        "--select",
        "hourly_events",
        "--event-time-start",
        "2024-09-02T12:00:00",
        "--event-time-end",
        "2024-09-02T14:00:00",
    ];
    let plan = shop.compile(&hours);
    shop.build(&plan);
    let ids = "select event_id from analytics.hourly_events";
    assert_eq!(shop.rows(ids), ["121", "121", "122", "123"]);
    shop.sql("delete from raw.events where event_id = 121;");
    shop.build(plan.of("hourly_events", "batch"));
    assert_eq!(shop.rows(ids), ["122", "123"]);
}

fn a_monthly_batch_overwrites_the_days(engine: &dyn Engine) {
    let (shop, _) = Shop::built(engine);
    shop.sql("delete from raw.events where event_id in (100, 121);");
    let range = [
        "--event-time-start",
        "2024-08-31",
        "--event-time-end",
        "2024-10-01",
        "--batch-size",
        "month",
    ];
    shop.build(&shop.compile(&[&["--select", "int__sessions_aggregated"], &range[..]].concat()));
    shop.assert_equals_query("int__sessions_aggregated");
}
