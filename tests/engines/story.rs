//! Twenty views over five tables, three of them microbatch, on PostgreSQL: a daily run, a full
//! refresh, a changed contract and a killed swap, while readers poll. No view is ever missing.

use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::engine::{Case, Database, Engine};
use crate::shop::{Plan, Shop};

pub const OF_DIALECTS: &[(&[&str], Case)] =
    &[(&["postgres"], ("no_view_is_ever_missing", no_view_is_ever_missing))];

const TABLES: [&str; 5] = ["visits", "orders", "payments", "countries", "totals"];

/// The views: three over each table, and one over the first of those.
fn views() -> Vec<(String, String)> {
    let mut views = Vec::new();
    for table in TABLES {
        for nth in 1..=3 {
            views.push((
                format!("{table}_{nth}"),
                format!("select id, {nth} as nth from {{{{ ref('{table}') }}}} where id > {nth}"),
            ));
        }
        views.push((
            format!("{table}_4"),
            format!(
                "select count(*) as n from {{{{ ref('{table}_1') }}}} join \
                {{{{ ref('{table}') }}}} using (id)"
            ),
        ));
    }
    views
}

fn project(shop: &Shop) {
    shop.sql(
        "create table raw.log (id integer, at timestamp); insert into raw.log select n, \
        timestamp '2024-09-01' + n * interval '1 hour' from generate_series(0, 95) as n;",
    );
    shop.write("models/log.yml", "sources: \
        [{name: site, schema: raw, tables: [{name: log, config: {event_time: at}, columns: [{name: at, data_type: timestamp}]}]}]\n");
    for model in ["visits", "orders", "payments"] {
        let config = "materialized='incremental', incremental_strategy='microbatch', \
            event_time='at', batch_size='day', begin='2024-09-01'";
        shop.write(
            format!("models/{model}.sql"),
            &format!(
                "{{{{ config({config}) }}}}\nselect id, at from {{{{ source('site', 'log') }}}}\n"
            ),
        );
    }
    shop.write(
        "models/countries.sql",
        "{{ config(materialized='table') }}\nselect id, at from \
        {{ source('site', 'log').render() }}\n",
    );
    totals(
        shop,
        "select id, 1 as amount",
        "[{name: id, data_type: integer}, {name: amount, data_type: integer}]",
    );
    for (name, query) in views() {
        shop.write(
            format!("models/{name}.sql"),
            &format!("{{{{ config(materialized='view') }}}}\n{query}\n"),
        );
    }
}

/// A table with a contract.
fn totals(shop: &Shop, select: &str, columns: &str) {
    shop.write(
        "models/totals.sql",
        &format!(
            "{{{{ config(materialized='table', contract={{'enforced': true}}) }}}}\n{select} \
            from {{{{ ref('countries') }}}}\n"
        ),
    );
    shop.write("models/totals.yml", &format!("models: [{{name: totals, columns: {columns}}}]\n"));
}

fn select() -> Vec<String> {
    TABLES
        .iter()
        .map(|table| table.to_string())
        .chain(views().into_iter().map(|(name, _)| name))
        .collect()
}

fn plan(shop: &Shop, arguments: &[&str]) -> Plan {
    let names = select();
    let mut all = vec!["--select"];
    all.extend(names.iter().map(String::as_str));
    all.extend(arguments);
    shop.compile(&all)
}

fn no_view_is_ever_missing(engine: &dyn Engine) {
    let shop = Shop::open(engine);
    project(&shop);
    shop.build(&plan(
        &shop,
        &["--event-time-start", "2024-09-01", "--event-time-end", "2024-09-05"],
    ));
    let polls = poll_during(&*shop.database, || {
        // The daily run, twice.
        for _ in 0..2 {
            shop.build(&plan(&shop, &["--now", "2024-09-04T20:00:00Z"]));
        }
        // A full refresh of all models after rows have changed.
        shop.sql("update raw.log set id = id + 1000 where id > 90;");
        shop.build(&plan(&shop, &["--now", "2024-09-04T20:00:00Z", "--full-refresh"]));
        // The contract changes: a column changes its type, a column is added first, and columns are
        // removed.
        totals(
            &shop,
            "select 'new' as kind, id, 1.5 as amount",
            "[{name: kind, data_type: text}, {name: id, data_type: integer}, \
             {name: amount, data_type: numeric}]",
        );
        shop.build(plan(&shop, &["--now", "2024-09-04T20:00:00Z"]).of("totals", "build"));
        totals(&shop, "select id", "[{name: id, data_type: integer}]");
        shop.build(plan(&shop, &["--now", "2024-09-04T20:00:00Z"]).of("totals", "build"));
        killed_swap(&shop);
    });
    assert!(polls > 200, "{polls} polls are too few");
    for table in &TABLES[..3] {
        let rows = shop.rows(&format!("select count(*), max(id) from analytics.{table}"));
        assert_eq!(rows, ["96|1095"], "{table}");
    }
}

/// A reader locks a view, so that the swap waits; the swap's client is killed. The next refresh
/// succeeds.
fn killed_swap(shop: &Shop) {
    let refresh = ["--now", "2024-09-04T20:00:00Z", "--full-refresh"];
    let first = plan(shop, &refresh);
    for step in first
        .steps
        .iter()
        .filter(|step| step.id.starts_with("model.shop.orders@") && step.kind != "swap")
    {
        assert!(shop.run(step).ok);
    }
    let argv = shop.database.session();
    let mut reader = client(&argv)
        .args(["-c", "begin; select count(*) from analytics.orders_2; select pg_sleep(3); commit;"])
        .spawn()
        .unwrap();
    wait_for(
        shop,
        "select count(*) > 0 from pg_stat_activity where query like '%pg_sleep(3)%' and \
         wait_event = 'PgSleep'",
    );
    let swap = first.of("orders", "swap")[0];
    let mut writer = client(&argv).arg("-f").arg(&swap.file).spawn().unwrap();
    wait_for(
        shop,
        "select count(*) > 0 from pg_stat_activity where wait_event_type = 'Lock' and query like \
         '%$replacement$%' and pid <> pg_backend_pid()",
    );
    writer.kill().unwrap();
    writer.wait().unwrap();
    reader.wait().unwrap();
    wait_for(
        shop,
        "select count(*) = 0 from pg_stat_activity where query like '%$replacement$%' and state \
         <> 'idle' and pid <> pg_backend_pid()",
    );
    shop.build(&plan(shop, &refresh));
}

fn client(argv: &[String]) -> Command {
    let mut client = Command::new(&argv[0]);
    client
        .args(&argv[1..])
        .env("PGTZ", "UTC")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    client
}

fn wait_for(shop: &Shop, condition: &str) {
    let start = Instant::now();
    while shop.rows(condition) != ["t"] {
        assert!(start.elapsed() < Duration::from_secs(60), "timed out waiting for: {condition}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// Reads every view repeatedly in two threads while `work` runs; returns the number of reads.
/// Panics if a read fails.
fn poll_during(database: &dyn Database, work: impl FnOnce()) -> usize {
    let (done, polls) = (AtomicBool::new(false), AtomicUsize::new(0));
    let failures: Mutex<Vec<String>> = Mutex::default();
    let argv = database.session();
    thread::scope(|scope| {
        for nth in 0..2 {
            let (argv, done, polls, failures) = (&argv, &done, &polls, &failures);
            scope.spawn(move || {
                let mut names: Vec<String> = views().into_iter().map(|(name, _)| name).collect();
                names.rotate_left(nth * 7);
                while !done.load(Ordering::Relaxed) {
                    let reads: String = names
                        .iter()
                        .map(|name| format!("select count(*) from analytics.{name};\n"))
                        .collect();
                    let output = client(argv)
                        .stdout(Stdio::null())
                        .stderr(Stdio::piped())
                        .args(["-c", "set statement_timeout = '60s'"])
                        .args(reads.lines().flat_map(|read| ["-c", read]))
                        .output()
                        .unwrap();
                    if !output.status.success() {
                        failures
                            .lock()
                            .unwrap()
                            .push(String::from_utf8_lossy(&output.stderr).into_owned());
                    }
                    polls.fetch_add(names.len(), Ordering::Relaxed);
                }
            });
        }
        // Stops the readers even if `work` panics.
        let stop = StopOnDrop(&done);
        work();
        drop(stop);
    });
    let failures = failures.into_inner().unwrap();
    assert!(
        failures.is_empty(),
        "readers failed {} times: {}",
        failures.len(),
        failures.join("\n")
    );
    polls.into_inner()
}

struct StopOnDrop<'a>(&'a AtomicBool);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
