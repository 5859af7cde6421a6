//! Corrupted tables: each day of a correct backfill is damaged in another way, and the audit
//! reports the damage, for each kind of model.

use crate::audit::lines_of;
use crate::engine::{Case, Engine};
use crate::shop::Shop;
use batchwright::codegen::audit::GOOD_VERDICTS;

/// Runs on the engines with a client that is fast enough for five models of eleven days.
pub const CASES: &[Case] = &[("audit_names_each_damage", audit_names_each_damage)];

/// The verdict of a batch of which only the declared columns were compared.
const PARTLY: &str = "ok (declared columns)";

const MODELS: [&str; 5] = ["plain", "keyed", "grouped", "starred", "carried"];

/// The verdicts of the models above, then those of `starred` on engines that cannot compare a row
/// as one value: of its columns, the event time is declared, and no run accepts the verdict
/// `ok (declared columns)`, unless it is allowed. `carried` adds the values of the
/// previous day from its own table, so a damage is also detected on the next day.
const VERDICTS: [(&str, [&str; 6]); 13] = [
    // One row deleted.
    (
        "2024-09-01",
        [
            "missing rows",
            "missing rows",
            "missing rows",
            "missing rows",
            "missing rows",
            "missing rows",
        ],
    ),
    // One row duplicated.
    (
        "2024-09-02",
        ["doubled rows", "doubled rows", "doubled rows", "doubled rows", "differs", "doubled rows"],
    ),
    // One name changed.
    (
        "2024-09-03",
        ["differs", "differs", "differs", "differs", "differs", "ok (declared columns)"],
    ),
    // One row without a time.
    (
        "2024-09-04",
        [
            "missing rows",
            "missing rows",
            "missing rows",
            "missing rows",
            "missing rows",
            "missing rows",
        ],
    ),
    // One row moved to the next day.
    (
        "2024-09-05",
        [
            "missing rows",
            "missing rows",
            "missing rows",
            "missing rows",
            "missing rows",
            "missing rows",
        ],
    ),
    (
        "2024-09-06",
        ["extra rows", "extra rows", "extra rows", "extra rows", "differs", "extra rows"],
    ),
    // Emptied.
    ("2024-09-07", ["empty", "empty", "empty", "empty", "empty", "empty"]),
    // One row that no input has.
    (
        "2024-09-08",
        ["extra rows", "extra rows", "extra rows", "extra rows", "differs", "extra rows"],
    ),
    // One number changed in its last digits.
    (
        "2024-09-09",
        ["differs", "differs", "differs", "differs", "differs", "ok (declared columns)"],
    ),
    // Nothing.
    ("2024-09-10", ["ok", "ok", "ok", "ok", "differs", "ok (declared columns)"]),
    ("2024-09-11", ["ok", "ok", "ok", "ok", "ok", "ok (declared columns)"]),
    ("before begin", ["ok", "ok", "ok", "ok", "ok", "ok"]),
    (
        "no event time",
        [
            "no event time",
            "no event time",
            "no event time",
            "no event time",
            "no event time",
            "no event time",
        ],
    ),
];

fn audit_names_each_damage(engine: &dyn Engine) {
    let shop = Shop::empty(engine);
    shop.sql(&format!(
        "create schema raw;\ncreate table raw.ledger (\n  id {},\n  customer varchar(9),\n  \
         amount double precision,\n  occurred_at timestamp\n);",
        engine.integer()
    ));
    // Four rows a day of two customers; sums of quarters are exact.
    let rows = (1..=11).flat_map(|day| (0..4).map(move |row| (day, row)));
    let row = |(day, row): (i32, i32)| {
        let amount = f64::from(day) + f64::from(row) / 4.0;
        format!(
            "({}, 'c{}', {amount:?}, '2024-09-{day:02} {:02}:00:00')",
            day * 4 + row,
            row % 2,
            6 + row
        )
    };
    let rows: Vec<String> = rows.map(row).collect();
    shop.sql(&format!(
        "insert into raw.ledger (id, customer, amount, occurred_at) values {};",
        rows.join(", ")
    ));
    write_models(&shop, engine.dialect());
    let bounds = ["--event-time-start", "2024-09-01", "--event-time-end", "2024-09-12"];
    let plan = shop.compile(&[&["--select"], &MODELS[..], &bounds[..]].concat());
    shop.build(&plan);
    let takes_rows: bool =
        batchwright::dialect::named(engine.dialect()).unwrap().syntax.row_as_value;
    assert!(!GOOD_VERDICTS.contains(&PARTLY));
    for model in MODELS {
        let lines = lines_of(&shop, &plan, model);
        let is_compared = model != "starred" || takes_rows;
        let good = |verdict: &str| verdict == "ok" || (!is_compared && verdict == PARTLY);
        assert!(
            lines.len() == 13 && lines.iter().all(|line| good(&line[2])),
            "`{model}` before the damage: {lines:?}"
        );
        damage(&shop, model);
    }
    for (nth, model) in MODELS.into_iter().enumerate() {
        let column = if model == "starred" && !takes_rows { 5 } else { nth };
        let verdicts: Vec<String> = lines_of(&shop, &plan, model)
            .iter()
            .map(|line| format!("{}: {}", line[1], line[2]))
            .collect();
        let expected: Vec<String> = VERDICTS
            .iter()
            .map(|(line, verdicts)| format!("{line}: {}", verdicts[column]))
            .collect();
        assert_eq!(verdicts, expected, "`{model}`");
    }
}

fn write_models(shop: &Shop, dialect: &str) {
    let config = "materialized='incremental', incremental_strategy='microbatch', \
        event_time='occurred_at', batch_size='day', begin='2024-09-01'";
    let write = |model: &str, more: &str, query: &str| {
        shop.write(
            format!("models/{model}.sql"),
            &format!("{{{{ config({config}{more}) }}}}\n{query}\n"),
        );
    };
    let ledger = "{{ source('damaged', 'ledger') }}";
    write("plain", "", &format!("select id, customer, amount, occurred_at from {ledger}"));
    write(
        "keyed",
        ", unique_key='id'",
        &format!("select id, customer, amount, occurred_at from {ledger}"),
    );
    // SQLite's cast to a date returns the year as a number.
    let day =
        if dialect == "sqlite" { "date(l.occurred_at)" } else { "cast(l.occurred_at as date)" };
    write(
        "grouped",
        "",
        &format!(
            "select min(l.id) as id, l.customer, sum(l.amount) as amount, min(l.occurred_at) as \
             occurred_at from {ledger} as l group by {day}, l.customer"
        ),
    );
    write("starred", "", &format!("select * from {ledger}"));
    let carried = "{% if is_incremental() %}
select l.id, l.customer, l.amount + coalesce(p.amount, 0) as amount, l.occurred_at
from LEDGER as l
left join {{ this }} as p on p.id = l.id - 4
{% else %}
select l.id, l.customer, l.amount, l.occurred_at from LEDGER as l
{% endif %}";
    write("carried", "", &carried.replace("LEDGER", ledger));
    let time = "columns: \
        [{name: occurred_at, data_type: \"{{ 'datetime' if target.type in ('mysql', 'mariadb') else 'DateTime64(6, UTC)' if target.type == 'clickhouse' else 'timestamp' }}\"}]";
    let models: String =
        MODELS.iter().map(|model| format!("  - name: {model}\n    {time}\n")).collect();
    shop.write(
        "models/damaged.yml",
        &format!(
            "sources:\n  - name: damaged\n    \
             schema: \"{{{{ 'analytics' if target.type == 'sqlite' else 'raw' }}}}\"\n    \
             tables:\n      - name: ledger\n        config: {{event_time: occurred_at}}\n        \
             {time}\nmodels:\n{models}"
        ),
    );
}

/// Damages each day of a table in a different way, always at the first row of the day.
fn damage(shop: &Shop, model: &str) {
    let table = format!("analytics.{model}");
    let columns = "id, customer, amount, occurred_at";
    for statement in [
        format!("delete from {table} where id = 4;"),
        format!("insert into {table} ({columns}) select {columns} from {table} where id = 8;"),
        format!("update {table} set customer = 'other' where id = 12;"),
        format!("update {table} set occurred_at = null where id = 16;"),
        format!("update {table} set occurred_at = '2024-09-06 12:00:00' where id = 20;"),
        format!("delete from {table} where id >= 28 and id < 32;"),
        format!("insert into {table} ({columns}) values (900, 'c0', 1.0, '2024-09-08 11:30:00');"),
        format!("update {table} set amount = amount + 0.000000001 where id = 36;"),
    ] {
        shop.sql(&statement);
    }
}
