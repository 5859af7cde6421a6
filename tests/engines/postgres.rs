//! PostgreSQL (Debian's, and a newer one from a Python package), also for the common subset of
//! Redshift's dialect. One temporary cluster on a socket serves all tests of this process: it
//! starts with the first test. Each test has its own database.

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
    /// The folder of the server's programs; empty if they are on the path.
    programs: fn() -> PathBuf,
    cluster: OnceLock<Cluster>,
    databases: AtomicUsize,
}

impl Postgres {
    fn new(name: &'static str, dialect: &'static str, programs: fn() -> PathBuf) -> Self {
        Postgres {
            name,
            dialect,
            programs,
            cluster: OnceLock::new(),
            databases: AtomicUsize::new(0),
        }
    }

    /// The version that `tests/run` installs.
    #[allow(dead_code, reason = "only tests/engines uses it")]
    pub fn newest() -> Self {
        Postgres::new("postgres18", "postgres", || installed("postgres18/server/bin"))
    }

    /// Redshift's dialect. No case configures what PostgreSQL rejects: distribution and sort keys,
    /// `varchar(max)`.
    #[allow(dead_code, reason = "only tests/engines uses it")]
    pub fn as_redshift() -> Self {
        Postgres::new("redshift", "redshift", newest_server)
    }
}

impl Default for Postgres {
    fn default() -> Self {
        Postgres::new("postgres", "postgres", newest_server)
    }
}

impl Engine for Postgres {
    fn dialect(&self) -> &'static str {
        self.dialect
    }

    fn name(&self) -> &'static str {
        self.name
    }

    fn excluded_cases(&self) -> &'static [(&'static str, &'static str)] {
        match self.dialect {
            "redshift" => &[
                ("a_seed_has_the_values_of_its_file", "PostgreSQL has no `varchar(max)`"),
                ("a_seed_is_reloaded_under_a_view", "PostgreSQL has no `varchar(max)`"),
                ("a_seed_of_many_rows_is_loaded_whole", "PostgreSQL has no `varchar(max)`"),
                ("descriptions_are_stored", "PostgreSQL's strings have no backslash escapes"),
            ],
            _ => &[],
        }
    }

    fn allows_concurrent_clients(&self) -> bool {
        true
    }

    fn database(&self) -> Box<dyn Database> {
        let socket = self
            .cluster
            .get_or_init(|| Cluster::start(&(self.programs)()))
            .folder
            .path()
            .to_path_buf();
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
    // Debian's `psql` is a script that takes ten times as long as the program itself.
    let mut client = Command::new(newest_server().join("psql"));
    client
        .args(["-X", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-d", database, "-h"])
        .arg(socket);
    // A zone other than UTC: windows must not depend on the client's zone.
    client.env("PGTZ", "America/New_York");
    client
}

struct Cluster {
    folder: TempDir,
    /// A shell that stops the server when its standard input is closed, also if this process is
    /// killed.
    stopper: Child,
}

impl Cluster {
    fn start(programs: &Path) -> Self {
        let folder = TempDir::new().expect("the temporary folder is writable");
        if is_root() {
            lines(Command::new("chown").arg("postgres").arg(folder.path()));
        }
        let (data, log) = (folder.path().join("data"), folder.path().join("log"));
        let options = format!(
            "-F -c listen_addresses='' -c max_connections=50 -k {}",
            folder.path().display()
        );
        lines(server(&programs.join("initdb"), &data, "").args([
            "-A",
            "trust",
            "-U",
            "postgres",
            "--no-sync",
            "-E",
            "UTF8",
            "--locale=C",
        ]));
        // With a log file: a server that inherits our stdout would keep the pipe open.
        lines(
            server(&programs.join("pg_ctl"), &data, "")
                .args(["-w", "-s", "-o", &options, "-l"])
                .arg(&log)
                .arg("start"),
        );
        let mut stop = server(&programs.join("pg_ctl"), &data, "read -r _; ");
        let stopper = stop
            .args(["-m", "immediate", "-s", "stop"])
            .stdin(Stdio::piped())
            .spawn()
            .expect("sh starts");
        Cluster { folder, stopper }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.stopper.stdin.take());
        self.stopper.wait().expect("the process was started");
    }
}

/// A command for one of the server's programs, which must not run as root, after the shell commands
/// `prefix`.
fn server(program: &Path, data: &Path, prefix: &str) -> Command {
    let mut command = Command::new("sh");
    command.current_dir("/").args(["-c", &format!("{prefix}exec \"$@\""), "sh"]);
    if is_root() {
        command.args(["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"]);
    }
    command.arg(program).arg("-D").arg(data);
    command
}

/// The newest version's folder on Debian; empty elsewhere, where the programs are on the path.
fn newest_server() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path().join("bin"));
    versions
        .filter(|programs| programs.join("initdb").exists())
        .max_by_key(|programs| {
            programs
                .components()
                .rev()
                .nth(1)
                .and_then(|part| part.as_os_str().to_str()?.parse::<u32>().ok())
        })
        .unwrap_or_default()
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}
