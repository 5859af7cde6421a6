//! PostgreSQL, of Debian and of a package with a newer one; and in Redshift's words, as far as both have them: a throw-away cluster
//! on a socket in a folder of its own, one for all tests of this process, started when the first one asks, stopped at the end. Each
//! test has a database of its own.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use tempfile::TempDir;

use crate::engine::{Database, Engine, Outcome, argv, installed, lines, outcome};

pub struct Postgres {
    name: &'static str,
    dialect: &'static str,
    /// Where its programs are; empty where they are on the path.
    programs: fn() -> PathBuf,
    cluster: OnceLock<Cluster>,
    databases: AtomicUsize,
}

impl Postgres {
    fn of(name: &'static str, dialect: &'static str, programs: fn() -> PathBuf) -> Self {
        Postgres { name, dialect, programs, cluster: OnceLock::new(), databases: AtomicUsize::new(0) }
    }

    /// With the programs of `tests/run`'s package.
    #[allow(dead_code, reason = "tests/engines alone runs it")]
    pub fn newest() -> Self {
        Postgres::of("postgres18", "postgres", || installed("postgres18/server/bin"))
    }

    /// Redshift's dialect. What PostgreSQL would not take, distribution and sort keys and `varchar(max)`, no case configures.
    #[allow(dead_code, reason = "tests/engines alone runs it")]
    pub fn as_redshift() -> Self {
        Postgres::of("redshift", "redshift", newest_server)
    }
}

impl Default for Postgres {
    fn default() -> Self {
        Postgres::of("postgres", "postgres", newest_server)
    }
}

impl Engine for Postgres {
    fn dialect(&self) -> &'static str {
        self.dialect
    }

    fn name(&self) -> &'static str {
        self.name
    }

    fn left_out(&self) -> &'static [(&'static str, &'static str)] {
        match self.dialect {
            "redshift" => &[
                ("a_seed_holds_what_its_file_says", "PostgreSQL has no `varchar(max)`"),
                ("a_seed_is_loaded_beneath_its_readers", "PostgreSQL has no `varchar(max)`"),
                ("descriptions_are_kept", "PostgreSQL's texts do not escape by backslashes"),
            ],
            _ => &[],
        }
    }

    fn side_by_side(&self) -> bool {
        true
    }

    fn database(&self) -> Box<dyn Database> {
        let socket = self.cluster.get_or_init(|| Cluster::start(&(self.programs)())).folder.path().to_path_buf();
        let name = format!("shop_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        lines(psql(&socket, "postgres").args(["-q", "-c", &format!("create database {name}")]));
        Box::new(Session { socket, name })
    }
}

struct Session {
    socket: PathBuf,
    name: String,
}

impl Database for Session {
    fn run(&self, file: &Path) -> Outcome {
        outcome(psql(&self.socket, &self.name).arg("-f").arg(file))
    }

    fn session(&self) -> Vec<String> {
        argv(psql(&self.socket, &self.name).arg("-q"))
    }

    fn rows(&self, query: &str) -> Vec<String> {
        lines(psql(&self.socket, &self.name).args(["-A", "-t", "-P", "null=null", "-c", query]))
    }
}

fn psql(socket: &Path, database: &str) -> Command {
    // Debian's own `psql` is a script that takes ten times as long as the program it starts.
    let mut client = Command::new(newest_server().join("psql"));
    client.args(["-X", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-d", database, "-h"]).arg(socket);
    // A zone that is not UTC: no window may depend on where the client runs.
    client.env("PGTZ", "America/New_York");
    client
}

struct Cluster {
    folder: TempDir,
    /// Waits for the end of its standard input, which comes however this process ends, and stops the server.
    stops: Child,
}

impl Cluster {
    fn start(programs: &Path) -> Self {
        let folder = TempDir::new().expect("the system's folder for temporary files is writable");
        if is_root() {
            lines(Command::new("chown").arg("postgres").arg(folder.path()));
        }
        let (data, log) = (folder.path().join("data"), folder.path().join("log"));
        let options = format!("-F -c listen_addresses='' -c max_connections=50 -k {}", folder.path().display());
        lines(server(&programs.join("initdb"), &data, "").args(["-A", "trust", "-U", "postgres", "--no-sync", "-E", "UTF8", "--locale=C"]));
        // With a log of its own, since a server that inherits our stdout would keep the pipe open for ever.
        lines(server(&programs.join("pg_ctl"), &data, "").args(["-w", "-s", "-o", &options, "-l"]).arg(&log).arg("start"));
        let mut stop = server(&programs.join("pg_ctl"), &data, "read -r _; ");
        let stops = stop.args(["-m", "immediate", "-s", "stop"]).stdin(Stdio::piped()).spawn().expect("sh starts");
        Cluster { folder, stops }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.stops.stdin.take());
        self.stops.wait().expect("it was started");
    }
}

/// One of the server's programs, which refuse to be root, after some shell's `first`.
fn server(program: &Path, data: &Path, first: &str) -> Command {
    let mut command = Command::new("sh");
    command.current_dir("/").args(["-c", &format!("{first}exec \"$@\""), "sh"]);
    if is_root() {
        command.args(["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"]);
    }
    command.arg(program).arg("-D").arg(data);
    command
}

/// Debian keeps each major version in a folder of its own; elsewhere the programs are on the path.
fn newest_server() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|entry| entry.path().join("bin"));
    versions
        .filter(|programs| programs.join("initdb").exists())
        .max_by_key(|programs| programs.components().rev().nth(1).and_then(|part| part.as_os_str().to_str()?.parse::<u32>().ok()))
        .unwrap_or_default()
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}
