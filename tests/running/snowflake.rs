//! Snowflake's client `snow` reads its standard input to the end before it runs anything, so each
//! step has its own process, with a file or with standard input. The server is fakesnow; a
//! statement must not fail there within a transaction (see `tests/engines`).

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::batchwright::{batchwright, step_outcomes, strings};
use crate::client_lines::line;
use crate::days::{Days, REPORT, batch};
use crate::engine::installed;

pub const CASES: &[(&str, fn())] = &[
    ("snow_runs_one_process_per_step", snow_runs_one_process_per_step),
    ("readme::the_line_of_snow_runs", the_line_of_the_readme_runs),
];

/// The command as documented, with the connection in the client's configuration file.
fn the_line_of_the_readme_runs() {
    let mut plan = Days::of(1);
    plan.step("model.shop.daily@create").sql =
        "create table daily (sold_on date, amount integer, name varchar);".to_string();
    // Text that the client would treat as a variable and a template.
    plan.step(&batch(1)).sql =
        "insert into daily values ('2024-09-01', 7, 'a&b <% c %>');\n".to_string();
    let is_right = "sum(amount) = 7 and max(name) = 'a' || chr(38) || 'b <' || '% c %' || '>'";
    plan.step(&format!("{REPORT}@build")).sql =
        format!("select 1 / case when {is_right} then 1 else 0 end as one from daily;");
    let folder = plan.write_for("snowflake");
    let server = FakeSnow::start();
    let home = plan.folder.path();
    let config = home.join("config.toml");
    let connection = "account = \"fakesnow\"\nuser = \"u\"\npassword = \"p\"\nhost \
        = \"127.0.0.1\"\nprotocol = \"http\"\ndatabase = \"shop\"\nschema = \"public\"";
    fs::write(&config, format!("[connections.default]\n{connection}\nport = {}\n", server.port))
        .unwrap();
    fs::set_permissions(&config, fs::Permissions::from_mode(0o600)).unwrap();
    let path =
        format!("PATH={}:{}", installed("snow/bin").display(), std::env::var("PATH").unwrap());
    let environment = strings(&[
        "env",
        &format!("HOME={}", home.display()),
        &format!("SNOWFLAKE_HOME={}", home.display()),
        &path,
    ]);
    let client = [environment, shlex::split(&line("snow")).unwrap()].concat();
    let ran = batchwright("run", &folder, &["--timeout", "300"], &client);
    assert_eq!(ran.code, 0, "{}", ran.err);
}

fn snow_runs_one_process_per_step() {
    let mut plan = Days::of(1);
    plan.step("model.shop.daily@create").sql =
        "create table daily (sold_on date, amount integer);".to_string();
    let insert = "insert into daily values ('2024-09-01', 7);\n";
    plan.step(&batch(1)).sql = format!("select * from not_there;\n{insert}");
    // Fails unless `daily` has the row exactly once.
    plan.step(&format!("{REPORT}@build")).sql =
        "select 1 / case when sum(amount) = 7 then 1 else 0 end as one from daily;".to_string();
    let folder = plan.write_for("snowflake");
    let server = FakeSnow::start();
    let home = plan.folder.path().to_path_buf();
    let client = |last: &[&str]| [server.client(&home), strings(last)].concat();

    let refused = batchwright("run", &folder, &[], &client(&[]));
    assert_eq!((refused.code, refused.err.contains("add `-i`")), (2, true), "{}", refused.err);
    let by_file = batchwright("run", &folder, &["--timeout", "300"], &client(&["-f", "{file}"]));
    assert_eq!(by_file.code, 1, "{}", by_file.err);
    assert_eq!(
        step_outcomes(&folder),
        [("model.shop.daily@create".into(), "success".into()), (batch(1), "failed".into())]
    );
    assert!(
        by_file.err.to_lowercase().contains("not_there"),
        "the client's message: {}",
        by_file.err
    );

    plan.step(&batch(1)).sql = insert.to_string();
    plan.write_for("snowflake");
    let by_stdin = batchwright("retry", &folder, &["--timeout", "300"], &client(&["-i"]));
    assert_eq!(by_stdin.code, 0, "{}", by_stdin.err);
}

pub struct FakeSnow {
    process: Child,
    port: u16,
}

impl FakeSnow {
    pub fn start() -> Self {
        // A free port; no other test uses ephemeral ports at the same time.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new(installed("fakesnow/bin/fakesnow"));
        command.args(["-s", "-p", &port.to_string()]).stdout(Stdio::null()).stderr(Stdio::null());
        let server = FakeSnow { process: command.spawn().unwrap(), port };
        let start = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(
                start.elapsed() < Duration::from_secs(120),
                "fakesnow does not listen after two minutes"
            );
            sleep(Duration::from_millis(100));
        }
        server
    }

    pub fn client(&self, home: &Path) -> Vec<String> {
        let snow = installed("snow/bin/snow");
        let connection = "sql --temporary-connection --host 127.0.0.1 --protocol http --account \
            fakesnow --user u --database shop \
            --schema public --enable-templating NONE --port";
        let home = format!("HOME={}", home.display());
        let mut client = strings(&["env", &home, "SNOWFLAKE_PASSWORD=p", snow.to_str().unwrap()]);
        client.extend(connection.split_whitespace().map(str::to_string));
        client.push(self.port.to_string());
        client
    }
}

impl Drop for FakeSnow {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}
