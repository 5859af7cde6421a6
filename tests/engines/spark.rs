//! Spark, one process for all of its tests, with Iceberg's real runtime and with plain parquet files. Each statement takes it a
//! second, so that its cases tell a few stories instead of the whole matrix.

use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use tempfile::TempDir;

use crate::audit;
use crate::engine::{Database, Engine, Outcome};
use crate::served::Served;
use crate::shop::{Shop, fixture};

/// A story that one Spark session tells, by name.
type Story = (&'static str, fn(&Spark));

pub const CASES: &[Story] = &[
    ("iceberg_replaces_windows", iceberg_replaces_windows),
    ("iceberg_guards_and_refreshes", iceberg_guards_and_refreshes),
    ("parquet_overwrites_whole_partitions", parquet_overwrites_whole_partitions),
];

const DAYS: &[&str] =
    &["--event-time-start", "2024-09-01", "--event-time-end", "2024-09-05", "--exclude", "hourly_events", "monthly_revenue"];
const SESSIONS: &str = "int__sessions_aggregated";

fn iceberg_replaces_windows(spark: &Spark) {
    let engine = spark.of("iceberg");
    let shop = Shop::open(&engine);
    // A catalog of folders has no views.
    let staged = std::fs::read_to_string(fixture().join("models/stg_events.sql")).unwrap();
    shop.write("models/stg_events.sql", &format!("{{{{ config(materialized='ephemeral') }}}}\n{staged}"));
    let plan = shop.compile(DAYS);
    shop.build(&plan);
    // Counted by hand in the fixture's `engine/setup.sql`.
    let of_two = "select user_id, country, session_start, event_count, cast(revenue as integer) from analytics.int__sessions_aggregated
        where user_id in (1, 3)";
    let expected = [
        "1|DE|2024-09-01 00:00:00|2|20",
        "1|DE|2024-09-03 18:45:00|1|11",
        "1|DE|2024-09-04 00:00:00|1|13",
        "3|null|2024-09-02 12:00:00|2|14",
    ];
    assert_eq!(shop.rows(of_two), expected);
    let before = [shop.table(SESSIONS), shop.table("daily_report")];

    // What the audit says of it, and of an emptied and a doubled day.
    assert_eq!(audit::faults(&shop, &plan, SESSIONS), [""; 0]);
    shop.sql("delete from analytics.int__sessions_aggregated where session_start = timestamp '2024-09-03 18:45:00';");
    shop.sql("insert into analytics.int__sessions_aggregated select * from analytics.int__sessions_aggregated where session_start = timestamp '2024-09-04 00:00:00';");
    assert_eq!(audit::faults(&shop, &plan, SESSIONS), ["2024-09-03: empty", "2024-09-04: doubled rows"]);
    let outcome = shop.database.run(&plan.stops(SESSIONS));
    assert!(!outcome.ok && outcome.said.contains("2024-09-03: empty"), "{outcome:?}");
    shop.build(plan.of(SESSIONS, "batch"));

    // Again, in reverse.
    shop.build(plan.steps.iter().rev().filter(|step| step.kind == "batch"));
    assert_eq!([shop.table(SESSIONS), shop.table("daily_report")], before);

    // A row vanishes, a day empties, and what is outside stays.
    shop.sql("insert into analytics.int__sessions_aggregated values (7, 'IT', timestamp '2024-08-31 23:59:59.999999', null, 1, null), (7, 'IT', timestamp '2024-09-05 00:00:00', null, 1, null);");
    shop.sql(
        "delete from raw.events where event_id = 121 or occurred_at >= timestamp '2024-09-03' and occurred_at < timestamp '2024-09-04';",
    );
    shop.build(plan.of(SESSIONS, "batch"));
    let expected = ["1|2024-09-01 00:00:00", "1|2024-09-04 00:00:00", "7|2024-08-31 23:59:59.999999", "7|2024-09-05 00:00:00"];
    assert_eq!(shop.rows("select user_id, session_start from analytics.int__sessions_aggregated where user_id in (1, 3, 7)"), expected);

    // A query that fails changes nothing.
    let before = shop.table(SESSIONS);
    shop.sql("update raw.events set amount = 'much' where event_id = 111;");
    let outcome = shop.run(plan.batch(SESSIONS, "2024-09-01"));
    assert!(!outcome.ok && outcome.said.contains("much"), "{outcome:?}");
    assert_eq!(shop.table(SESSIONS), before);
}

fn iceberg_guards_and_refreshes(spark: &Spark) {
    let engine = spark.of("iceberg");
    let shop = Shop::open(&engine);
    let config =
        "materialized='incremental', incremental_strategy='microbatch', event_time='happened_at', batch_size='day', begin='2024-08-31'";
    shop.write(
        "models/strays.sql",
        &format!(
            "{{{{ config({config}) }}}} select event_id, case when event_id = 113 then null else occurred_at end as happened_at
            from {{{{ source('raw', 'events') }}}}",
        ),
    );
    let plan = shop.compile(&["--select", "strays", "--event-time-start", "2024-09-01", "--event-time-end", "2024-09-02"]);
    shop.build(plan.of("strays", "create"));
    shop.sql("insert into analytics.strays values (1, timestamp '2024-09-01 12:00:00');");
    let outcome = shop.run(plan.batch("strays", "2024-09-01"));
    assert!(!outcome.ok && outcome.said.contains("strays@2024-09-01"), "{outcome:?}");
    assert_eq!(shop.rows("select event_id from analytics.strays"), ["1"]);

    shop.sql("delete from raw.events where event_id = 113;");
    let refresh = shop.compile(&["--select", "strays", "--full-refresh", "--now", "2024-09-03T00:00:00"]);
    for step in &refresh {
        assert_eq!(shop.rows("select event_id from analytics.strays"), ["1"], "before `{}`", step.id);
        shop.build([step]);
    }
    assert_eq!(shop.rows("select count(*), min(event_id), max(event_id) from analytics.strays"), ["11|100|130"]);
}

/// The raw events as a view, since rows of plain files cannot be deleted.
fn events(rows: &str) -> String {
    format!("create or replace view raw.events as select * from values {rows} as events (event_id, country, occurred_at);")
}

fn parquet_overwrites_whole_partitions(spark: &Spark) {
    let engine = spark.of("parquet");
    let shop = Shop::bare(&engine);
    let row = |id: u32, country: &str, at: &str| format!("({id}, '{country}', timestamp '2024-09-{at}')");
    let all = [row(1, "DE", "01 00:00:00"), row(2, "FR", "01 23:59:59.999999"), row(3, "DE", "02 12:00:00"), row(4, "FR", "03 08:00:00")];
    shop.sql(&format!("create schema raw; {}", events(&all.join(", "))));
    let model = |config: &str| {
        format!(
            "{{{{ config(materialized='incremental', incremental_strategy='microbatch', event_time='occurred_at', batch_size='day',
                begin='2024-09-01', file_format='parquet', {config}) }}}}
            select event_id, cast(occurred_at as date) as day, country, occurred_at from {{{{ source('raw', 'events') }}}}"
        )
    };
    shop.write("models/visits.sql", &model("partition_by=['day', 'country']"));
    shop.write("models/unproven.sql", &model("partition_by='country'"));
    let bounds = ["--event-time-start", "2024-09-01", "--event-time-end", "2024-09-04"];

    // What is not provably whole is refused before anything is written, with the way out.
    let refused = shop.refuses(&[&["--select", "unproven"], &bounds[..]].concat());
    assert!(refused.contains("whole partitions") && refused.contains("occurred_at_day"), "{refused}");

    let plan = shop.compile(&[&["--select", "visits"], &bounds[..]].concat());
    shop.build(&plan);
    let ids = "select event_id, day, country from analytics.visits";
    assert_eq!(shop.rows(ids), ["1|2024-09-01|DE", "2|2024-09-01|FR", "3|2024-09-02|DE", "4|2024-09-03|FR"]);

    // One row vanishes with its country, one day empties: dbt's dynamic overwrite would keep both.
    shop.sql(&events(&[all[0].clone(), all[3].clone()].join(", ")));
    shop.build([plan.batch("visits", "2024-09-02"), plan.batch("visits", "2024-09-01")]);
    assert_eq!(shop.rows(ids), ["1|2024-09-01|DE", "4|2024-09-03|FR"]);

    // A month at once, each of its days by itself; what a crash left behind is not in the way.
    shop.sql(&events(&all.join(", ")));
    shop.sql("create table analytics.visits__batch_2024_09 using parquet as select 1 as half;");
    let month = shop.compile(&[&["--select", "visits", "--batch-size", "month"], &bounds[..]].concat());
    shop.build(month.of("visits", "batch"));
    assert_eq!(shop.rows(ids), ["1|2024-09-01|DE", "2|2024-09-01|FR", "3|2024-09-02|DE", "4|2024-09-03|FR"]);

    // A full refresh, whose swap can be stopped before its last statement and run again.
    shop.sql(&events(&all[..3].join(", ")));
    let refresh = shop.compile(&["--select", "visits", "--full-refresh", "--now", "2024-09-04T00:00:00"]);
    shop.build(&refresh);
    assert_eq!(shop.rows(ids), ["1|2024-09-01|DE", "2|2024-09-01|FR", "3|2024-09-02|DE"]);
}

/// The process, started when the first test asks.
#[derive(Default)]
pub struct Spark {
    served: OnceLock<(Served, TempDir)>,
    databases: AtomicUsize,
}

/// Spark with tables of one format.
struct Of<'a>(&'a Spark, &'static str);

impl Spark {
    fn of(&self, format: &'static str) -> impl Engine + '_ {
        Of(self, format)
    }

    fn served(&self) -> &Served {
        let (served, _) = self.served.get_or_init(|| {
            let folder = TempDir::new().expect("the system's folder for temporary files is writable");
            (Served::start("spark3", "serve_spark.py", &[&folder.path().display().to_string()]), folder)
        });
        served
    }
}

impl Engine for Of<'_> {
    fn dialect(&self) -> &'static str {
        "spark"
    }

    fn side_by_side(&self) -> bool {
        false
    }

    fn database(&self) -> Box<dyn Database + '_> {
        let name = format!("{}{}", self.1, self.0.databases.fetch_add(1, Ordering::Relaxed));
        Box::new(Session { served: self.0.served(), name })
    }
}

struct Session<'a> {
    served: &'a Served,
    name: String,
}

impl Database for Session<'_> {
    fn run(&self, file: &Path) -> Outcome {
        self.served.run(&self.name, file)
    }

    fn rows(&self, query: &str) -> Vec<String> {
        self.served.rows(&self.name, query)
    }

    fn by_hand(&self, sql: &str) -> String {
        // A string does not become a timestamp by itself.
        regex::Regex::new(r"([^p] )('2024-\d\d-\d\d \d\d:)").unwrap().replace_all(sql, "$1 timestamp $2").into_owned()
    }
}
