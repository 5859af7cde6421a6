//! The literal of a window with each column type of the engine: rows on the exact edges of two days
//! must be only in the batch of their day. The engine must reject a column that no literal fits,
//! and never compare it as text.

use chrono::{Duration, NaiveDateTime};

use crate::engine::{Case, Engine};
use crate::forms::{Form, Unit, forms};
use crate::shop::Shop;

pub const CASES: &[Case] = &[
    ("literals_fit_each_type", |engine| literals_fit(engine, &DAYS)),
    ("literals_fit_each_type_by_hours", |engine| literals_fit(engine, &HOURS)),
    ("literals_fit_each_type_east_of_utc", |engine| literals_fit(engine, &EAST)),
    ("literals_fit_each_type_west_of_utc", |engine| literals_fit(engine, &WEST)),
];

/// The ids of the rows in the order of both batches: the last instant before the first batch, its
/// first instant, its middle, its last instant, the first instant of the next batch.
const FIRST_BATCH: [&str; 3] = ["2", "3", "4"];
const BOTH_BATCHES: [&str; 4] = ["2", "3", "4", "5"];

/// How time is cut into batches.
struct Batches {
    /// Suffix of the table's name, after the engine's name.
    ending: &'static str,
    size: &'static str,
    timezone: &'static str,
    /// The offset of its clocks from UTC in hours.
    offset: i64,
    /// The first two batches.
    labels: [&'static str; 2],
    bounds: [&'static str; 2],
}

const DAYS: Batches = Batches {
    ending: "",
    size: "day",
    timezone: "UTC",
    offset: 0,
    labels: ["2024-09-01", "2024-09-02"],
    bounds: ["2024-09-01", "2024-09-03"],
};
const HOURS: Batches = Batches {
    ending: ".hours",
    size: "hour",
    labels: ["2024-09-01T00", "2024-09-01T01"],
    bounds: ["2024-09-01", "2024-09-01T02:00:00"],
    ..DAYS
};
const EAST: Batches = Batches { ending: ".east", timezone: "Asia/Tokyo", offset: 9, ..DAYS };
const WEST: Batches = Batches { ending: ".west", timezone: "America/New_York", offset: -4, ..DAYS };

fn literals_fit(engine: &dyn Engine, batches: &Batches) {
    let shop = Shop::empty(engine);
    let mut forms = forms(engine.name());
    assert!(forms.len() > 5, "{} has no table of types", engine.name());
    // Whether an engine rejects a column does not depend on the batch. No day is divided into
    // hours, and a date without a declaration has a warning for every time zone except UTC.
    forms.retain(|form| {
        let is_day = matches!(form.unit, Unit::Day);
        let is_uncertain = is_day && (batches.size == "hour" || form.declared.is_none());
        batches.ending.is_empty() || !(form.is_refused || is_uncertain)
    });
    shop.sql("create schema raw;");
    let mut sources = String::new();
    let mut models = String::new();
    for (nth, form) in forms.iter().enumerate() {
        let name = format!("edges_{nth}");
        write_input(&shop, engine, &name, form, batches);
        let data_type = form
            .declared
            .map(|declared| format!(", data_type: \"{declared}\""))
            .unwrap_or_default();
        let columns = format!("columns: [{{name: id}}, {{name: happened{data_type}}}]");
        let format = form.meta.map(|meta| format!("{meta}, ")).unwrap_or_default();
        let timezone = batches.timezone;
        let meta = format!(", meta: {{batchwright: {{{format}timezone: {timezone}}}}}");
        let config = format!("config: {{event_time: happened{meta}}}");
        sources += &format!("      - {{name: {name}, {config}, {columns}}}\n");
        models += &format!("  - {{name: of_{name}, {config}, {columns}}}\n");
        let settings = format!(
            "materialized='incremental', incremental_strategy='microbatch', batch_size='{}', \
             begin='2024-08-01'",
            batches.size
        );
        let query = format!(
            "{{{{ config({settings}) }}}}\nselect id, happened from \
             {{{{ source('edges', '{name}') }}}}\n"
        );
        shop.write(format!("models/of_{name}.sql"), &query);
    }
    let schema = "\"{{ 'analytics' if target.type == 'sqlite' else 'raw' }}\"";
    shop.write(
        "models/edges.yml",
        &format!(
            "sources:\n  - name: edges\n    schema: {schema}\n    \
        tables:\n{sources}models:\n{models}"
        ),
    );
    let plan = shop.compile(&[
        "--select",
        "of_edges_*",
        "--event-time-start",
        batches.bounds[0],
        "--event-time-end",
        batches.bounds[1],
    ]);
    let (mut failures, mut table) = (Vec::new(), String::new());
    for (nth, form) in forms.iter().enumerate() {
        let model = format!("of_edges_{nth}");
        let [first, second] = batches.labels.map(|label| plan.batch(&model, label));
        let filter = filter(&std::fs::read_to_string(&first.file).unwrap());
        let steps = [plan.of(&model, "create")[0], first, second];
        let ids = || shop.rows(&format!("select id from analytics.{model}"));
        let mut result = Vec::new();
        for (step, expected) in steps.into_iter().zip([&[][..], &FIRST_BATCH, &BOTH_BATCHES]) {
            let outcome = shop.run(step);
            if !outcome.ok {
                result.push(format!("refused: {}", reason(&outcome.stderr)));
                break;
            }
            let ids = ids();
            result.push(if ids == expected { "right".to_string() } else { format!("{ids:?}") });
        }
        let declared = form.declared.unwrap_or("(not declared)");
        let settings = form.meta.map(|meta| format!(", {meta}")).unwrap_or_default();
        let line = format!("{} | {declared}{settings} | {filter} | ", form.sql_type);
        table += &format!("{line}{}\n", if result.len() == 3 { "right" } else { "refused" });
        let line = format!("{} | {line}{}", engine.name(), result.join(", "));
        println!("{line}");
        let is_right = match form.is_refused {
            true => result.len() == 1 && result[0].starts_with("refused: "),
            false => result == ["right"; 3],
        };
        if !is_right {
            failures.push(line);
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    insta::with_settings!({ snapshot_path => "literals", prepend_module_to_snapshot => false, omit_expression => true }, {
        let name = format!("{}{}", engine.name(), batches.ending);
        let label = batches.labels[0];
        insta::assert_snapshot!(name, format!("column | declared | filter of {label} \
            | rows on the edges\n{table}"));
    });
}

/// A table with a row at each edge.
fn write_input(shop: &Shop, engine: &dyn Engine, name: &str, form: &Form, batches: &Batches) {
    let smallest = match form.unit {
        Unit::Day => Duration::days(1),
        Unit::Second => Duration::seconds(1),
        Unit::Milli => Duration::milliseconds(1),
        Unit::Micro => Duration::microseconds(1),
        Unit::Nano => Duration::nanoseconds(1),
    };
    let start = chrono::NaiveDate::from_ymd_opt(2024, 9, 1).unwrap().and_time(Default::default());
    // Days are those of the time zone, times are UTC's.
    let start = match form.unit {
        Unit::Day => start,
        _ => start - Duration::hours(batches.offset),
    };
    let half = if batches.size == "hour" { Duration::minutes(30) } else { Duration::hours(12) };
    let end = start + half * 2;
    let edges = [start - smallest, start, start + half, end - smallest, end];
    let value = |at: NaiveDateTime| {
        let (fraction, precision) = (at.and_utc().timestamp_subsec_nanos(), form.unit.digits());
        let fraction = match precision {
            0 => String::new(),
            digits => format!(".{}", &format!("{fraction:09}")[..digits]),
        };
        let text = form.value.replace("{date}", &at.format("%Y-%m-%d").to_string());
        let text = text.replace("{time}", &format!("{}{fraction}", at.format("%Y-%m-%d %H:%M:%S")));
        let text = text.replace("{iso}", &format!("{}{fraction}", at.format("%Y-%m-%dT%H:%M:%S")));
        let text = text.replace("{digits}", &at.format("%Y%m%d").to_string());
        let text = text.replace("{seconds}", &at.and_utc().timestamp().to_string());
        let text = text.replace("{millis}", &at.and_utc().timestamp_millis().to_string());
        text.replace("{micros}", &at.and_utc().timestamp_micros().to_string())
    };
    let rows: Vec<String> = edges
        .into_iter()
        .enumerate()
        .map(|(nth, at)| format!("({}, {})", nth + 1, value(at)))
        .collect();
    let integer = engine.integer();
    shop.sql(&format!("create table raw.{name} (id {integer}, happened {});", form.sql_type));
    shop.sql(&format!("insert into raw.{name} (id, happened) values {};", rows.join(", ")));
}

/// The filter of the input in a batch.
fn filter(batch: &str) -> String {
    let line = batch
        .lines()
        .find(|line| line.contains("(select * from ") && line.contains(" where "))
        .unwrap_or_default();
    let condition = line.split_once(" where ").map_or("", |(_, condition)| condition);
    let condition = condition.split(") as ").next().unwrap_or_default();
    condition.to_string()
}

/// The line of a client's output with the error.
fn reason(output: &str) -> String {
    let mut lines = output.lines().filter(|line| !line.trim().is_empty());
    let first = lines.clone().next().unwrap_or_default();
    let line = lines
        .find(|line| ["ERROR", "Error", "Code:"].iter().any(|word| line.contains(word)))
        .unwrap_or(first);
    let from = line.find("ERROR").unwrap_or_default();
    line[from..].chars().take(90).collect()
}
