//! What a run costs: its time, and the most memory it had. And the plain program that ours is compared with.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::projects::Project;

/// What one run cost.
#[derive(Clone, Copy)]
pub struct Run {
    pub seconds: f64,
    /// Of a process of its own; in MiB.
    pub memory: Option<f64>,
}

impl Run {
    pub fn never() -> Run {
        Run { seconds: f64::INFINITY, memory: None }
    }

    /// The shorter one.
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

/// The best of three runs.
pub fn best(mut run: impl FnMut() -> Run) -> Run {
    (0..3).fold(Run::never(), |best, _| best.min(run()))
}

pub fn ratio(one: Run, other: Run) -> f64 {
    one.seconds / other.seconds
}

/// Compiles the project's plan.
pub fn compile(project: &Project, arguments: &[&str]) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_batchwright"));
    command.args(["compile", "--dialect", "duckdb", "--now", "2035-01-01", "--plan"]).arg(project.plan());
    command.args(arguments).current_dir(&project.folder);
    measured(&mut command)
}

/// Runs a command, which must succeed.
pub fn measured(command: &mut Command) -> Run {
    let begun = Instant::now();
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program starts");
    let mut memory = None;
    let status = loop {
        memory = high_water(&child).or(memory);
        match child.try_wait().expect("it is a child of this process") {
            Some(status) => break status,
            None => std::thread::sleep(Duration::from_millis(2)),
        }
    };
    let seconds = begun.elapsed().as_secs_f64();
    assert!(status.success(), "{command:?}");
    Run { seconds, memory }
}

/// The most memory that the process has had so far, where the kernel tells.
pub fn high_water(child: &Child) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse::<f64>().ok().map(|kilobytes| kilobytes / 1024.0)
}

/// Writes files as a plain program would, on so many threads, into a folder that is not there yet.
pub fn plainly(folder: &Path, files: &[(PathBuf, Vec<u8>)], threads: usize) -> Run {
    let begun = Instant::now();
    for (path, _) in files.iter().filter(|(path, _)| path.ends_with("manifest.json") || path.ends_with("01_create.sql")) {
        fs::create_dir_all(folder.join(path).parent().expect("a file has a folder")).expect("a folder");
    }
    std::thread::scope(|scope| {
        for part in files.chunks(files.len().div_ceil(threads)) {
            scope.spawn(move || part.iter().for_each(|(path, bytes)| fs::write(folder.join(path), bytes).expect("a file")));
        }
    });
    Run { seconds: begun.elapsed().as_secs_f64(), memory: None }
}

/// All files below a folder, by their paths in it.
pub fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let files = walkdir::WalkDir::new(folder).sort_by_file_name().into_iter().flatten().filter(|entry| entry.file_type().is_file());
    let read = |entry: walkdir::DirEntry| {
        let name = entry.path().strip_prefix(folder).expect("it is below the folder").to_path_buf();
        (name, fs::read(entry.path()).expect("a file of the plan"))
    };
    files.map(read).collect()
}
