//! MariaDB: each test has its own server on a socket; the data folder is initialized once and
//! copied. It also proves the common subset of MySQL.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::engine::{Database, Engine, Outcome, argv, lines, outcome, plain_times};

#[derive(Default)]
pub struct MariaDb {
    template: OnceLock<TempDir>,
}

impl Engine for MariaDb {
    fn dialect(&self) -> &'static str {
        "mariadb"
    }

    fn quoted(&self, name: &str) -> String {
        format!("`{name}`")
    }

    fn excluded_cases(&self) -> &'static [(&'static str, &'static str)] {
        &[("merge_updates_and_inserts_by_key", "the dialect rejects merge at compile time")]
    }

    fn allows_concurrent_clients(&self) -> bool {
        true
    }

    fn database(&self) -> Box<dyn Database> {
        let template = self.template.get_or_init(install);
        let folder = TempDir::new().expect("the temporary folder is writable");
        lines(Command::new("cp").arg("-r").arg(template.path().join("data")).arg(folder.path()));
        Box::new(Server::start(folder))
    }
}

const SMALL: &str = "--innodb-log-file-size=4M";

fn install() -> TempDir {
    let folder = TempDir::new().expect("the temporary folder is writable");
    let mut install = Command::new("mariadb-install-db");
    install.args([
        "--no-defaults",
        "--skip-test-db",
        "--auth-root-authentication-method=normal",
        SMALL,
    ]);
    install.arg(own_temporary_folder(&folder));
    lines(install.args(user()).arg(format!("--datadir={}", folder.path().join("data").display())));
    folder
}

/// The option that keeps a server's temporary tables apart from those of other servers: a server
/// that starts deletes all files `#sql*` in its folder for temporary tables.
fn own_temporary_folder(folder: &TempDir) -> String {
    format!("--tmpdir={}", folder.path().display())
}

/// The server runs as root only with this option.
fn user() -> Vec<String> {
    vec![format!("--user={}", std::env::var("USER").unwrap_or_else(|_| "root".to_string()))]
}

struct Server {
    folder: TempDir,
    /// A shell that stops the server when its standard input is closed, also if this process is
    /// killed.
    process: Child,
}

impl Server {
    fn start(folder: TempDir) -> Self {
        let path = |name: &str| folder.path().join(name).display().to_string();
        let mut command = Command::new("sh");
        command.args([
            "-c",
            "\"$@\" </dev/null & read -r _; kill -9 $!; wait",
            "sh",
            "mariadbd",
            "--no-defaults",
            "--skip-networking",
            SMALL,
        ]);
        command
            .args(user())
            .arg(format!("--datadir={}", path("data")))
            .arg(format!("--socket={}", path("s")))
            .arg(own_temporary_folder(&folder));
        command.args([
            "--innodb-flush-log-at-trx-commit=0",
            "--innodb-buffer-pool-size=32M",
            "--default-time-zone=+00:00",
        ]);
        command
            .arg(format!("--pid-file={}", path("pid")))
            .arg(format!("--log-error={}", path("log")));
        let process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("sh starts");
        let server = Server { folder, process };
        let start = Instant::now();
        while !outcome(server.client("mysql").args(["-e", "create database if not exists shop"])).ok
        {
            assert!(
                start.elapsed() < Duration::from_secs(60),
                "mariadbd does not listen after a minute"
            );
            sleep(Duration::from_millis(50));
        }
        server
    }

    fn client(&self, database: &str) -> Command {
        let mut client = Command::new("mariadb");
        client.args([
            "--no-defaults",
            "--user=root",
            "--default-character-set=utf8mb4",
            "--batch",
            "-D",
            database,
            "-S",
        ]);
        client.arg(self.folder.path().join("s"));
        client
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        self.process.wait().expect("the process was started");
    }
}

impl Database for Server {
    fn run(&self, file: &Path) -> Outcome {
        outcome(self.client("shop").stdin(File::open(file).expect("the file exists")))
    }

    fn rows(&self, query: &str) -> Vec<String> {
        let rows = lines(self.client("shop").args(["-N", "--raw", "-e", query]));
        rows.iter().map(|row| plain_times(row).replace("NULL", "null").replace('\t', "|")).collect()
    }

    fn session(&self) -> Vec<String> {
        argv(self.client("shop").arg("--unbuffered"))
    }

    fn adapt_sql(&self, sql: &str) -> String {
        sql.replace("occurred_at timestamp\n", "occurred_at datetime(6)\n")
    }

    fn refuse_nulls(&self, table: &str, column: &str) -> String {
        format!("alter table {table} modify {column} varchar(2) not null;")
    }
}
