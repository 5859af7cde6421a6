//! The progress of a run: a bar per model on a terminal, a line per step elsewhere, nothing with
//! `--quiet`.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use indicatif::{HumanDuration, MultiProgress, ProgressBar, ProgressState, ProgressStyle};

use super::print_status;
use crate::diagnostics::printable;
use crate::plan::manifest::{Manifest, PlannedStep};
use crate::run::RunObserver;
use crate::run::entry::{AttemptEntry, Outcome, StepEndEntry};

/// The output of a run in progress.
pub enum Progress {
    Quiet,
    Lines(Mutex<StepCount>),
    Bars(Bars),
}

/// The number of finished steps.
pub struct StepCount {
    ended: usize,
    all: usize,
}

/// One bar per model.
pub struct Bars {
    all: MultiProgress,
    bars: BTreeMap<String, Bar>,
}

struct Bar {
    bar: ProgressBar,
    failed: Mutex<usize>,
    begun: AtomicBool,
}

impl Progress {
    /// The output for the selected steps.
    pub fn of(manifest: &Manifest, selected: &[bool], quiet: bool, terminal: bool) -> Progress {
        if quiet {
            return Progress::Quiet;
        }
        let all = selected.iter().filter(|selected| **selected).count();
        if !terminal {
            return Progress::Lines(Mutex::new(StepCount { ended: 0, all }));
        }
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        for (step, _) in manifest.steps.iter().zip(selected).filter(|(_, selected)| **selected) {
            *counts.entry(&step.model).or_default() += 1;
        }
        let screen = MultiProgress::new();
        let longest = manifest
            .models
            .iter()
            .map(|model| short(&model.unique_id).len())
            .max()
            .unwrap_or_default();
        let style = ProgressStyle::with_template(
            "{prefix} {bar:24} {pos}/{len}  {rate:>8}  {left:>9} {msg}",
        )
        .expect("a constant template")
        .with_key("rate", |state: &ProgressState, out: &mut dyn Write| {
            let _ = write!(out, "{:.1}/s", state.per_sec());
        })
        // There is no estimate before the first step, and nothing is left after the last.
        .with_key("left", |state: &ProgressState, out: &mut dyn Write| {
            if state.pos() > 0 && !state.is_finished() {
                let _ = write!(out, "{:#} left", HumanDuration(state.eta()));
            }
        })
        .progress_chars("━╸─");
        let bars = manifest.models.iter().filter_map(|model| {
            let bar =
                ProgressBar::new(*counts.get(model.unique_id.as_str())?).with_style(style.clone());
            let bar = screen.add(bar.with_prefix(
                printable(&format!("{:longest$}", short(&model.unique_id))).into_owned(),
            ));
            Some((
                model.unique_id.clone(),
                Bar { bar, failed: Mutex::new(0), begun: AtomicBool::new(false) },
            ))
        });
        Progress::Bars(Bars { bars: bars.collect(), all: screen })
    }

    /// Ends the bars, so that other output can follow.
    pub fn close(&self) {
        if let Progress::Bars(bars) = self {
            for bar in bars.bars.values() {
                bar.bar.abandon();
            }
        }
    }

    /// Prints a line above the bars.
    pub fn println(&self, sentence: &str) {
        match self {
            Progress::Bars(bars) => drop(bars.all.println(printable(sentence))),
            _ => print_status(&format!("{sentence}\n")),
        }
    }
}

impl RunObserver for Progress {
    fn started(&self, step: &PlannedStep) {
        if let Progress::Bars(bars) = self
            && let Some(bar) = bars.bars.get(&*step.model)
        {
            // The time of a model starts at its first step.
            if !bar.begun.swap(true, Ordering::Relaxed) {
                bar.bar.reset_elapsed();
                bar.bar.enable_steady_tick(Duration::from_millis(250));
            }
        }
    }

    fn repeated(&self, step: &PlannedStep, entry: &AttemptEntry) {
        if !matches!(self, Progress::Quiet) {
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
        let failed = entry.outcome == Outcome::Failed;
        match self {
            Progress::Quiet => {}
            Progress::Lines(count) => {
                let mut count = count.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                count.ended += 1;
                let width = count.all.to_string().len();
                let word = if failed { "failed" } else { "done  " };
                let mut line = format!(
                    "{:>width$}/{} {word} {} in {:.2} s\n",
                    count.ended, count.all, step.id, entry.seconds
                );
                if failed {
                    line.push_str(&indented(&last_lines(&entry.words())));
                }
                print_status(&printable(&line));
            }
            Progress::Bars(bars) => {
                let Some(bar) = bars.bars.get(&*step.model) else { return };
                if failed {
                    let mut count =
                        bar.failed.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                    *count += 1;
                    bar.bar.set_message(format!("{} failed", *count));
                    self.println(&format!(
                        "failed {} in {:.2} s\n{}",
                        step.id,
                        entry.seconds,
                        indented(&last_lines(&entry.words())).trim_end()
                    ));
                }
                bar.bar.inc(1);
                if bar.bar.length() == Some(bar.bar.position()) {
                    bar.bar.abandon();
                }
            }
        }
    }
}

/// The name in a unique id, without type and package.
pub fn short(unique_id: &str) -> &str {
    unique_id.splitn(3, '.').nth(2).unwrap_or(unique_id)
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
