//! The progress of a run: one bar on a terminal, a line per step elsewhere, nothing with `--quiet`.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use indicatif::{HumanDuration, ProgressBar, ProgressState, ProgressStyle};

use super::print_status;
use super::terminal::red;
use crate::config::name_of;
use crate::diagnostics::printable;
use crate::plan::manifest::{Manifest, PlannedStep};
use crate::run::RunObserver;
use crate::run::entry::{AttemptEntry, Outcome, StepEndEntry};

/// The output of a run in progress.
pub struct Progress {
    output: Output,
    /// The plan's folder, which precedes a step's file.
    plan: PathBuf,
    steps: usize,
    counts: Mutex<StepCounts>,
}

enum Output {
    Quiet,
    Lines,
    Bar(ProgressBar),
}

/// The steps that ended, and those that run.
#[derive(Default)]
struct StepCounts {
    ended: usize,
    failed: usize,
    running: BTreeSet<String>,
}

impl Progress {
    /// The output for the selected steps of the plan in the folder `plan`.
    pub fn of(manifest: &Manifest, selected: &[bool], plan: &Path, output: OutputKind) -> Progress {
        let steps = manifest.steps.iter().zip(selected).filter(|(_, selected)| **selected).count();
        let output = match output {
            OutputKind::Quiet => Output::Quiet,
            OutputKind::Lines => Output::Lines,
            OutputKind::Bar => Output::Bar(bar(steps)),
        };
        let plan = plan.strip_prefix(".").unwrap_or(plan).to_path_buf();
        Progress { output, plan, steps, counts: Mutex::default() }
    }

    /// Ends the bar, so that other output can follow.
    pub fn close(&self) {
        if let Output::Bar(bar) = &self.output {
            bar.finish_and_clear();
        }
    }

    /// Prints a line above the bar.
    pub fn println(&self, sentence: &str) {
        self.print(&printable(sentence));
    }

    fn print(&self, text: &str) {
        match &self.output {
            Output::Bar(bar) => bar.println(text),
            _ => print_status(&format!("{text}\n")),
        }
    }

    fn lock(&self) -> MutexGuard<'_, StepCounts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The failure of a step: what, where its file is, and what the client printed.
    fn failure(&self, step: &PlannedStep, entry: &StepEndEntry) -> String {
        let file = self.plan.join(step.file.to_string());
        let text = format!(
            "{} in {}\n    {}\n{}",
            name_of(&step.id),
            duration(entry.seconds),
            file.display(),
            indented(&last_lines(&entry.words()))
        );
        printable(text.trim_end()).into_owned()
    }
}

/// The forms of the output.
pub enum OutputKind {
    Quiet,
    Lines,
    Bar,
}

/// The bar of all steps: how many are done, how long the others take, and what runs.
fn bar(steps: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} steps{left}{wide_msg}")
        .expect("a constant template")
        // There is no estimate before the first step, and nothing is left after the last.
        .with_key("left", |state: &ProgressState, out: &mut dyn Write| {
            if state.pos() > 0 && !state.is_finished() {
                let _ = write!(out, ", {:#} left", HumanDuration(state.eta()));
            }
        })
        .progress_chars("━╸─");
    let bar = ProgressBar::new(steps as u64).with_style(style);
    bar.enable_steady_tick(Duration::from_millis(250));
    bar
}

impl StepCounts {
    /// What the bar shows behind its numbers.
    fn message(&self) -> String {
        let failed = match self.failed {
            0 => String::new(),
            count => format!(", {}", red(&format!("{count} failed"))),
        };
        let running = match self.running.first() {
            Some(first) if self.running.len() == 1 => format!("  {first}"),
            Some(first) => format!("  {first} and {} more", self.running.len() - 1),
            None => String::new(),
        };
        format!("{failed}{}", printable(&running))
    }
}

impl RunObserver for Progress {
    fn started(&self, step: &PlannedStep) {
        if let Output::Bar(bar) = &self.output {
            let mut counts = self.lock();
            counts.running.insert(name_of(&step.id).to_string());
            bar.set_message(counts.message());
        }
    }

    fn repeated(&self, step: &PlannedStep, entry: &AttemptEntry) {
        if !matches!(self.output, Output::Quiet) {
            let first = entry.message.lines().next().unwrap_or_default();
            self.println(&format!(
                "repeating {} in {:.1} s: {}",
                step.id,
                entry.wait_seconds,
                printable(first)
            ));
        }
    }

    fn ended(&self, step: &PlannedStep, entry: &StepEndEntry) {
        let has_failed = entry.outcome == Outcome::Failed;
        let mut counts = self.lock();
        counts.ended += 1;
        counts.failed += usize::from(has_failed);
        counts.running.remove(name_of(&step.id));
        if !has_failed && !matches!(self.output, Output::Quiet) {
            for warning in engine_warnings(&entry.stderr) {
                let text = format!("warning of {}: {warning}", name_of(&step.id));
                self.print(&printable(&text));
            }
        }
        match &self.output {
            Output::Quiet => {}
            Output::Lines => {
                let (ended, all) = (counts.ended, self.steps);
                let width = all.to_string().len();
                let name = name_of(&step.id);
                self.print(&if has_failed {
                    let failure = self.failure(step, entry);
                    format!("{ended:>width$}/{all} {} {failure}", red("failed"))
                } else {
                    let seconds = duration(entry.seconds);
                    printable(&format!("{ended:>width$}/{all} done   {name} in {seconds}"))
                        .into_owned()
                });
            }
            Output::Bar(bar) => {
                if has_failed {
                    self.print(&format!("{} {}", red("failed"), self.failure(step, entry)));
                }
                bar.set_message(counts.message());
                bar.inc(1);
            }
        }
    }
}

/// The warnings of the engine that a client such as psql printed. Its notices are left out: one is
/// printed for each table that exists already.
fn engine_warnings(stderr: &str) -> impl Iterator<Item = &str> {
    stderr.lines().filter_map(|line| Some(line.split_once("WARNING:")?.1.trim()))
}

/// A time that something took: `0.27 s`, `2 min 13 s`, `3 h 05 min`.
pub fn duration(seconds: f64) -> String {
    let whole_seconds = seconds.round().max(0.0) as u64;
    match whole_seconds {
        0..60 => format!("{seconds:.2} s"),
        60..3600 => format!("{} min {:02} s", whole_seconds / 60, whole_seconds % 60),
        _ => format!("{} h {:02} min", whole_seconds / 3600, whole_seconds / 60 % 60),
    }
}

/// The first line and the last ones, shortened.
pub fn last_lines(words: &str) -> String {
    const MAX_LINES: usize = 12;
    const MAX_WIDTH: usize = 300;
    let cut = |line: &str| match line.char_indices().nth(MAX_WIDTH) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_string(),
    };
    let lines: Vec<String> =
        words.lines().map(str::trim_end).filter(|line| !line.is_empty()).map(cut).collect();
    match lines.len() {
        0..=MAX_LINES => lines.join("\n"),
        count => format!(
            "{}\n… {} lines\n{}",
            lines[0],
            count - MAX_LINES + 1,
            lines[count - MAX_LINES + 2..].join("\n")
        ),
    }
}

/// The text with each line indented.
pub fn indented(text: &str) -> String {
    text.lines().map(|line| format!("    {line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_two_units() {
        let texts = [0.268, 59.4, 133.2, 11_110.0].map(duration);
        assert_eq!(texts, ["0.27 s", "59.40 s", "2 min 13 s", "3 h 05 min"]);
    }
}
