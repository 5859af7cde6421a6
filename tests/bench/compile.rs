//! Compile times, compared with a plain program that writes the same files and with other sizes:
//! `cargo bench`, or one case, `cargo bench --bench compile -- hours`. Nothing is asserted, because
//! machines are noisy: each figure is the best of a few runs; runs that are compared alternate.

mod measure;
mod peers;
mod projects;

use std::path::Path;

use measure::{Run, best, compile, files, ratio, write_files};
use projects::{Project, many, microbatch};

type Case = (&'static str, fn(&Path));

const CASES: [Case; 6] = [
    ("hours", hours),
    ("thousand", thousand),
    ("five_thousand", five_thousand),
    ("long", long),
    ("growth", growth),
    ("peers", peers::side_by_side),
];

fn main() {
    let names: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let folder = tempfile::tempdir().expect("a folder for the bench");
    for (name, case) in CASES {
        if names.is_empty() || names.iter().any(|requested| requested == name) {
            case(&folder.path().join(name));
        }
    }
}

/// Ten years of hourly batches of one model, compared with a plain program; then again unchanged.
fn hours(folder: &Path) {
    let project = Project::of(folder, &[microbatch("hour", "2024-09-01", 0)]);
    let arguments = [
        "--event-time-start",
        "2024-09-01",
        "--event-time-end",
        "2034-08-30",
        "--max-batches",
        "100000",
    ];
    compile(&project, &arguments);
    let content = files(&project.plan());
    let mut first = Run::slowest();
    let mut plain = Run::slowest();
    for round in 0..3 {
        project.next_plan();
        first = first.min(compile(&project, &arguments));
        for threads in [1, 2] {
            plain = plain.min(write_files(
                &folder.join(format!("plain-{round}-{threads}")),
                &content,
                threads,
            ));
        }
    }
    let again = best(|| compile(&project, &arguments));
    println!(
        "hours: {} batches of one model: {first}; {:.2} times a plain program that writes the \
         same files ({plain})",
        content.len() - 2,
        ratio(first, plain)
    );
    println!(
        "hours: the same again, nothing changed: {again}; {:.2} times the first",
        ratio(again, first)
    );
}

/// A thousand models with 30 batches each: first, unchanged, and with one model changed.
fn thousand(folder: &Path) {
    let project = many(folder, 1_000, 1_000);
    let arguments = ["--event-time-start", "2024-09-01", "--event-time-end", "2024-10-01"];
    let first = best(|| {
        project.next_plan();
        compile(&project, &arguments)
    });
    let again = best(|| compile(&project, &arguments));
    let mut number = 1_000;
    let changed = best(|| {
        number += 1;
        project.model(7, &microbatch("day", "2024-09-01", number));
        compile(&project, &arguments)
    });
    println!("thousand: 1,000 models of 30 batches each: {first}");
    println!("thousand: nothing changed: {again}; {:.2} times the first", ratio(again, first));
    println!(
        "thousand: one model changed: {changed}; {:.2} times the first",
        ratio(changed, first)
    );
}

/// Five thousand models; ten microbatch models are selected.
fn five_thousand(folder: &Path) {
    let project = many(folder, 5_000, 10);
    let arguments = [
        "-s",
        "config.incremental_strategy:microbatch",
        "--event-time-start",
        "2024-09-01",
        "--event-time-end",
        "2024-09-04",
    ];
    let run = best(|| {
        project.next_plan();
        compile(&project, &arguments)
    });
    println!("five_thousand: 5,000 models, 10 of them with 3 batches: {run}");
}

/// One model of 5,000 lines and 200 common table expressions.
fn long(folder: &Path) {
    let project = Project::of(folder, &[projects::long(200, 25)]);
    let arguments = ["--event-time-start", "2024-09-01", "--event-time-end", "2024-10-01"];
    let run = best(|| {
        project.next_plan();
        compile(&project, &arguments)
    });
    println!("long: one model of 5,000 lines and 200 CTEs, 30 batches: {run}");
}

/// A thousand to a million batches.
fn growth(folder: &Path) {
    let project = Project::of(folder, &[microbatch("hour", "1900-01-01", 0)]);
    for (end, batches) in [
        ("1900-02-11T16:00", 1_000),
        ("1901-02-21T16:00", 10_000),
        ("1911-05-30T16:00", 100_000),
        ("2014-01-29T16:00", 1_000_000),
    ] {
        project.next_plan();
        let arguments = [
            "--event-time-start",
            "1900-01-01",
            "--event-time-end",
            end,
            "--max-batches",
            "1000000",
        ];
        let run = compile(&project, &arguments);
        let each = run.seconds / f64::from(batches) * 1e6;
        println!("growth: {batches} batches: {run}; {each:.0} microseconds each");
    }
}
