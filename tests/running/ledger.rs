//! The ledger with `batchwright run`: machines without a journal, several machines, and `kill -9`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::thread::sleep;
use std::time::Duration;

use serde_json::Value;

use crate::batchwright::{batchwright, start, step_outcomes};
use crate::engine::{Case, Engine};
use crate::shop::{ALL_EVENTS, Shop};

pub const CASES: &[Case] = &[
    ("a_fresh_machine_continues_with_the_ledger", a_fresh_machine_continues_with_the_ledger),
    (
        "the_ledger_agrees_with_the_tables_after_kills",
        the_ledger_agrees_with_the_tables_after_kills,
    ),
    ("published_batches_are_unchanged", published_batches_are_unchanged),
];

/// Engines with a server.
pub const SERVED: &[Case] =
    &[("two_machines_finish_what_the_ledger_lacks", two_machines_finish_what_the_ledger_lacks)];

const HOURLY: &str = "hourly_events";
const DAYS: &[&str] = &["--event-time-start", "2024-09-01", "--event-time-end", "2024-09-04"];

/// A machine with a copy of the project, and without a journal.
struct Machine<'a> {
    shop: &'a Shop<'a>,
    dialect: &'static str,
    project: PathBuf,
}

impl<'a> Machine<'a> {
    fn new(shop: &'a Shop<'a>, engine: &dyn Engine, name: &str) -> Machine<'a> {
        let project = shop.project().with_file_name(name);
        let copied = Command::new("cp").arg("-r").arg(shop.project()).arg(&project).status();
        assert!(copied.unwrap().success());
        Machine { shop, dialect: engine.dialect(), project }
    }

    fn batchwright(&self, command: &str, arguments: &[&str]) -> Output {
        let mut program = Command::new(env!("CARGO_BIN_EXE_batchwright"));
        program.arg(command).args(["--dialect", self.dialect, "--schema", "analytics"]);
        program.args(["--ledger", "analytics.ledger", "--project-dir"]).arg(&self.project);
        let output = program.args(arguments).output().unwrap();
        assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
        output
    }

    /// Reads the ledger and plans the missing batches; returns them.
    fn plan_missing(&self, arguments: &[&str]) -> Vec<String> {
        let session = self.shop.database.session();
        let client: Vec<&str> = session.iter().map(String::as_str).collect();
        let csv = self.batchwright("ledger", &[&["--run", "--"], &client[..]].concat()).stdout;
        fs::write(self.done(), csv).unwrap();
        let file = self.done().display().to_string();
        self.compile(&[&["--missing", &file], arguments].concat())
    }

    /// The same in one command.
    fn plan_missing_with_client(&self, arguments: &[&str]) -> Vec<String> {
        let session = self.shop.database.session();
        let client: Vec<&str> = session.iter().map(String::as_str).collect();
        let arguments = [&["--missing", "--read-ledger"], arguments, &["--"], &client[..]];
        self.compile(&arguments.concat())
    }

    /// The rows of the ledger.
    fn done(&self) -> PathBuf {
        self.project.join("done.csv")
    }

    /// The output of a command on the plan that reads the ledger with the client.
    fn with_ledger(&self, command: &str, arguments: &[&str]) -> Output {
        let session = self.shop.database.session();
        let client = [&["--".to_string()], &session[..]].concat();
        let arguments = [arguments, &["--read-ledger"]].concat();
        let arguments = arguments.into_iter().map(str::to_string).chain(client);
        let mut program = Command::new(env!("CARGO_BIN_EXE_batchwright"));
        program.arg(command).args(arguments).current_dir(&self.project).output().unwrap()
    }

    /// The numbers of done, failed and open steps of a model.
    fn status(&self, model: &str) -> [u64; 3] {
        let output = self.with_ledger("status", &["--json"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let status: Value = serde_json::from_slice(&output.stdout).unwrap();
        let id = format!("model.shop.{model}");
        let models = status["models"].as_array().unwrap();
        let model = models.iter().find(|model| model["unique_id"] == *id).unwrap();
        ["done", "failed", "open"].map(|key| model[key].as_u64().unwrap())
    }

    fn compile(&self, arguments: &[&str]) -> Vec<String> {
        let now = ["--now", "2024-09-05T12:00:00Z"];
        self.batchwright("compile", &[&now[..], arguments].concat());
        let plan = crate::shop::read(&self.plan());
        let batches = plan.steps.iter().filter(|step| step.kind == "batch");
        batches.map(|step| step.id.replace("model.shop.", "")).collect()
    }

    fn plan(&self) -> PathBuf {
        self.project.join("target/batchwright")
    }

    fn run(&self, arguments: &[&str]) -> i32 {
        batchwright("run", &self.plan(), arguments, &self.shop.database.session()).code
    }
}

fn a_fresh_machine_continues_with_the_ledger(engine: &dyn Engine) {
    let shop = Shop::open(engine);
    let select = ["--select", "int__sessions_aggregated+"];
    let first = Machine::new(&shop, engine, "first");
    first.compile(&[&["--select", "+int__sessions_aggregated+"], DAYS].concat());
    shop.sql("update raw.events set amount = 'much' where event_id = 130;");
    assert_eq!(first.run(&[]), 1);
    shop.sql("update raw.events set amount = '11' where event_id = 130;");

    let second = Machine::new(&shop, engine, "second");
    fs::remove_dir_all(second.project.join("target")).ok();
    fs::remove_dir_all(second.project.join(".batchwright")).ok();
    // The plan of the first machine: the second one has no journal and does not see the failure.
    second.compile(&[&["--select", "+int__sessions_aggregated+"], DAYS].concat());
    assert_eq!(first.status("int__sessions_aggregated"), [3, 1, 0]);
    assert_eq!(second.status("int__sessions_aggregated"), [3, 0, 1]);
    let audit = second.with_ledger("audit", &["--run", "-s", "int__sessions_aggregated"]);
    let audit = String::from_utf8_lossy(&audit.stderr).into_owned();
    let unfinished = "not run yet, first 2024-09-03 of int__sessions_aggregated";
    assert!(audit.contains(unfinished), "{audit}");
    let gaps = second.with_ledger("status", &["--missing", "--now", "2024-09-04"]);
    let gaps = String::from_utf8_lossy(&gaps.stdout).into_owned();
    assert!(
        gaps.contains(
            "int__sessions_aggregated  2024-09-03T00:00:00Z to 2024-09-04T00:00:00Z  1 batch"
        ),
        "{gaps}"
    );
    let missing = second.plan_missing(&[&select[..], DAYS].concat());
    assert_eq!(second.plan_missing_with_client(&[&select[..], DAYS].concat()), missing);
    assert_eq!(
        missing,
        [
            "int__sessions_aggregated@2024-09-03",
            "daily_report@2024-09-03",
            "monthly_revenue@2024-09"
        ]
    );
    assert_eq!(second.run(&[]), 0);
    assert!(second.plan_missing(&[&select[..], DAYS].concat()).is_empty());
    // A selection has the step that creates the ledger.
    let ran: BTreeSet<String> =
        step_outcomes(&second.plan()).into_iter().map(|step| step.0).collect();
    assert!(ran.contains("ledger.shop.ledger@create"));

    // A late row in the lookback of the model, and batches before the first run.
    let late = "(200, 1, 'purchase', '5', '2024-09-04 08:00:00')";
    shop.sql(&format!(
        "insert into raw.events (event_id, user_id, event_type, amount, occurred_at) values {late};"
    ));
    let daily = second.plan_missing(&["--select", "int__sessions_aggregated"]);
    assert_eq!(
        daily,
        ["2024-08-31", "2024-09-03", "2024-09-04", "2024-09-05"]
            .map(|day| { format!("int__sessions_aggregated@{day}") })
    );
    assert_eq!(second.run(&["--select", "int__sessions_aggregated"]), 0);
    shop.assert_equals_query("int__sessions_aggregated");
    let again = second.plan_missing(&["--select", "int__sessions_aggregated"]);
    assert_eq!(again, daily[1..], "the newest batches are always planned");
}

/// A published batch has the hash of the same batch in an ordinary plan.
fn published_batches_are_unchanged(engine: &dyn Engine) {
    let shop = Shop::open(engine);
    let machine = Machine::new(&shop, engine, "first");
    machine.compile(&[&["--select", "+int__sessions_aggregated"], DAYS].concat());
    assert_eq!(machine.run(&[]), 0);
    let before = shop.table("int__sessions_aggregated");
    shop.sql("update raw.events set amount = '21' where event_id = 111;");
    let select = ["--select", "int__sessions_aggregated"];
    machine.compile(&[&["--staged"], &select[..], DAYS].concat());
    assert_eq!(machine.run(&["--publish"]), 0);
    assert_ne!(shop.table("int__sessions_aggregated"), before);
    let changed = machine.plan_missing(&[&["--changed"], &select[..], DAYS].concat());
    assert!(changed.is_empty(), "{changed:?}");
}

/// The hours that have rows in the table, and those that have a row in the ledger.
fn hours(shop: &Shop) -> (BTreeSet<String>, BTreeMap<String, usize>) {
    let table = shop.rows("select occurred_in from analytics.hourly_events");
    let mut ledger = BTreeMap::new();
    for start in shop.rows("select window_start from analytics.ledger where kind = 'batch'") {
        *ledger.entry(start.trim_end_matches(".000000").to_string()).or_default() += 1;
    }
    (table.into_iter().collect(), ledger)
}

/// The hours with rows, by the source.
fn hours_of_events(shop: &Shop) -> BTreeSet<String> {
    let query = "select occurred_at from raw.events where occurred_at is not null";
    let times = shop.rows(&shop.database.adapt_sql(query));
    times.iter().map(|time| format!("{}:00:00", &time[..13])).collect()
}

fn the_ledger_agrees_with_the_tables_after_kills(engine: &dyn Engine) {
    let kills: u64 =
        std::env::var("BATCHWRIGHT_KILLS").ok().and_then(|number| number.parse().ok()).unwrap_or(4);
    let mut killed = 0;
    for nth in 0.. {
        if killed >= kills || nth > 4 * kills {
            break;
        }
        let shop = Shop::open(engine);
        let machine = Machine::new(&shop, engine, "machine");
        machine.compile(&[&["--select", "stg_events", HOURLY], ALL_EVENTS].concat());
        let mut run = start("run", &machine.plan(), &[], &shop.database.session());
        sleep(Duration::from_millis(250 + nth * 977 % 1500));
        let is_done = run.try_wait().unwrap().is_some();
        kill(run.id());
        run.wait().unwrap();
        if is_done || step_outcomes(&machine.plan()).len() < 4 {
            continue;
        }
        killed += 1;
        // The client ends its statement or is killed too; then nothing is in between.
        sleep(Duration::from_millis(200));
        let (table, ledger) = hours(&shop);
        let expected: BTreeSet<String> =
            hours_of_events(&shop).into_iter().filter(|hour| ledger.contains_key(hour)).collect();
        assert_eq!(table, expected, "an hour is in the table if and only if it is in the ledger");

        let missing = machine.plan_missing(&[&["--select", HOURLY], ALL_EVENTS].concat());
        assert_eq!(missing.len() + ledger.len(), 6 * 24);
        assert_eq!(machine.run(&[]), 0);
        shop.assert_equals_query(HOURLY);
        let (_, ledger) = hours(&shop);
        assert!(ledger.len() == 6 * 24 && ledger.values().all(|rows| *rows == 1), "{ledger:?}");
    }
    assert!(killed > 0, "no run was killed in time");
}

/// Kills a process and its children, and waits until the children have ended. The process is stopped
/// first, so that it starts no other child.
pub fn kill(pid: u32) {
    let signal = |name: &str, pid: &str| {
        let _ = Command::new("kill").args([name, pid]).output();
    };
    signal("-STOP", &pid.to_string());
    let children = Command::new("pgrep").args(["-P", &pid.to_string()]).output();
    let children = children.map(|output| output.stdout).unwrap_or_default();
    let pids = String::from_utf8_lossy(&children).into_owned();
    for child in pids.split_whitespace() {
        signal("-9", child);
    }
    signal("-9", &pid.to_string());
    for child in pids.split_whitespace() {
        let is_running = || {
            let status = std::fs::read_to_string(format!("/proc/{child}/stat"));
            status.is_ok_and(|status| !status.contains(") Z "))
        };
        for _ in 0..500 {
            if !is_running() {
                break;
            }
            sleep(Duration::from_millis(20));
        }
    }
}

fn two_machines_finish_what_the_ledger_lacks(engine: &dyn Engine) {
    let shop = Shop::open(engine);
    let select = [&["--select", "stg_events", HOURLY], ALL_EVENTS].concat();
    let machines = ["one", "two"].map(|name| Machine::new(&shop, engine, name));
    for machine in &machines {
        machine.compile(&select);
    }
    let [one, two] = &machines;
    assert_eq!(one.run(&["--shard", "1/5"]), 0, "the creates");
    assert_eq!(one.run(&["--shard", "2/5"]), 0);
    assert_eq!(two.run(&["--shard", "3/5"]), 0);
    let mut killed = start("run", &two.plan(), &["--shard", "4/5"], &shop.database.session());
    sleep(Duration::from_millis(600));
    kill(killed.id());
    killed.wait().unwrap();
    sleep(Duration::from_millis(200));
    // Machine two repeats its shard, and both finish what the ledger lacks, at the same time.
    let repeated = start("run", &two.plan(), &["--shard", "4/5"], &shop.database.session());
    one.plan_missing(&select);
    let finishing = start("run", &one.plan(), &[], &shop.database.session());
    for run in [repeated, finishing] {
        let output = run.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    two.plan_missing(&select);
    assert_eq!(two.run(&[]), 0);
    assert!(one.plan_missing(&select).is_empty() && two.plan_missing(&select).is_empty());
    shop.assert_equals_query(HOURLY);
    let (table, ledger) = hours(&shop);
    assert_eq!(table, hours_of_events(&shop));
    assert_eq!(ledger.len(), 6 * 24);
}
