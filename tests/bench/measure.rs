//! Time and peak memory of a run, and a plain program for comparison.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::projects::Project;

/// Time and memory of one run.
#[derive(Clone, Copy)]
pub struct Run {
    pub seconds: f64,
    /// Peak memory in MiB, of runs in their own process.
    pub memory: Option<f64>,
}

impl Run {
    /// A run that is slower than any other.
    pub fn slowest() -> Run {
        Run { seconds: f64::INFINITY, memory: None }
    }

    /// The faster of two runs.
    pub fn min(self, other: Run) -> Run {
        if other.seconds < self.seconds { other } else { self }
    }
}

impl fmt::Display for Run {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        write!(out, "{:.2} s", self.seconds)?;
        self.memory.map_or(Ok(()), |memory| write!(out, ", {memory:.0} MiB"))
    }
}

/// The fastest of three runs.
pub fn best(mut run: impl FnMut() -> Run) -> Run {
    (0..3).fold(Run::slowest(), |best, _| best.min(run()))
}

pub fn ratio(one: Run, other: Run) -> f64 {
    one.seconds / other.seconds
}

/// Compiles the project.
pub fn compile(project: &Project, arguments: &[&str]) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_batchwright"));
    command
        .args(["compile", "--dialect", "duckdb", "--now", "2035-01-01", "--plan"])
        .arg(project.plan());
    command.args(arguments).current_dir(&project.folder);
    measured(&mut command)
}

/// Runs a command; panics if it fails.
pub fn measured(command: &mut Command) -> Run {
    let start = Instant::now();
    let mut child =
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program starts");
    let mut memory = None;
    let status = loop {
        memory = peak_memory(&child).or(memory);
        match child.try_wait().expect("the process is a child") {
            Some(status) => break status,
            None => std::thread::sleep(Duration::from_millis(2)),
        }
    };
    let seconds = start.elapsed().as_secs_f64();
    assert!(status.success(), "{command:?}");
    Run { seconds, memory }
}

/// The process's peak memory in MiB so far, if the kernel reports it.
pub fn peak_memory(child: &Child) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse::<f64>().ok().map(|kilobytes| kilobytes / 1024.0)
}

/// Writes files on `threads` threads into a new folder, as a plain program would.
pub fn write_files(folder: &Path, files: &[(PathBuf, Vec<u8>)], threads: usize) -> Run {
    let start = Instant::now();
    for (path, _) in files
        .iter()
        .filter(|(path, _)| path.ends_with("manifest.json") || path.ends_with("01_create.sql"))
    {
        fs::create_dir_all(folder.join(path).parent().expect("a file has a folder"))
            .expect("a folder");
    }
    std::thread::scope(|scope| {
        for part in files.chunks(files.len().div_ceil(threads)) {
            scope.spawn(move || {
                part.iter()
                    .for_each(|(path, bytes)| fs::write(folder.join(path), bytes).expect("a file"))
            });
        }
    });
    Run { seconds: start.elapsed().as_secs_f64(), memory: None }
}

/// All files below a folder with their paths relative to it.
pub fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let files = walkdir::WalkDir::new(folder)
        .sort_by_file_name()
        .into_iter()
        .flatten()
        .filter(|entry| entry.file_type().is_file());
    let read = |entry: walkdir::DirEntry| {
        let name =
            entry.path().strip_prefix(folder).expect("the path is below the folder").to_path_buf();
        (name, fs::read(entry.path()).expect("a file of the plan"))
    };
    files.map(read).collect()
}
