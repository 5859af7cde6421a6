//! MariaDB: a throw-away server on a socket in a folder of its own, one for all tests of this process, started when the first
//! one asks, stopped at the end. Each test has a database of its own.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::sleep;
use std::time::Duration;

use tempfile::TempDir;

use crate::engine::{Database, Engine, Outcome, argv, lines, outcome};

#[derive(Default)]
pub struct MariaDb {
    server: OnceLock<Server>,
    databases: AtomicUsize,
}

impl Engine for MariaDb {
    fn dialect(&self) -> &'static str {
        "mariadb"
    }

    fn side_by_side(&self) -> bool {
        true
    }

    fn database(&self) -> Box<dyn Database> {
        let socket = self.server.get_or_init(Server::start).socket();
        let name = format!("shop_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        lines(client(&socket).args(["-e", &format!("create database {name}")]));
        Box::new(Session { socket, name })
    }
}

struct Session {
    socket: PathBuf,
    name: String,
}

impl Database for Session {
    fn run(&self, file: &Path) -> Outcome {
        let file = std::fs::File::open(file).expect("a test's file can be read");
        outcome(client(&self.socket).arg(&self.name).stdin(file))
    }

    fn session(&self) -> Vec<String> {
        argv(client(&self.socket).args(["--unbuffered", &self.name]))
    }

    fn rows(&self, query: &str) -> Vec<String> {
        let rows = lines(client(&self.socket).args(["-N", "-B", "-e", query, &self.name]));
        rows.into_iter().map(|row| row.replace('\t', "|")).collect()
    }
}

fn client(socket: &Path) -> Command {
    let mut client = Command::new("mariadb");
    client.args(["--no-defaults", "-u", "root", "-S"]).arg(socket);
    client
}

struct Server {
    folder: TempDir,
    process: Child,
}

impl Server {
    fn start() -> Self {
        let folder = TempDir::new().expect("the system's folder for temporary files is writable");
        let data = folder.path().join("data");
        let user = lines(Command::new("id").arg("-un")).remove(0);
        let mut install = Command::new("mariadb-install-db");
        install.args(["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db"]);
        lines(install.arg(format!("--user={user}")).arg(format!("--datadir={}", data.display())));
        // Debian keeps it where not everybody's `PATH` leads.
        let program = if Path::new("/usr/sbin/mariadbd").exists() { "/usr/sbin/mariadbd" } else { "mariadbd" };
        let mut server = Command::new(program);
        server.args(["--no-defaults", "--skip-networking", "--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=64M"]);
        server.arg(format!("--user={user}")).arg(format!("--datadir={}", data.display()));
        server.arg(format!("--socket={}", folder.path().join("s").display()));
        let process = server.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("mariadbd is installed");
        let server = Server { folder, process };
        for _ in 0..300 {
            if client(&server.socket()).args(["-e", "select 1"]).output().is_ok_and(|output| output.status.success()) {
                return server;
            }
            sleep(Duration::from_millis(100));
        }
        panic!("mariadbd does not answer");
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("s")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
