//! Compiling into a plan folder that was edited, copied, linked, or left by a killed process.

#![allow(clippy::unwrap_used, reason = "a panic fails the test")]

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

/// A change to a plan's folder.
type Change = fn(&Path);

const CHANGES: [(&str, Change); 9] = [
    ("a longer file", |plan| fs::write(batch(plan), "select 1;\n").unwrap()),
    ("a changed letter", |plan| flip(&batch(plan))),
    ("a changed letter, the modification time restored", |plan| flip_with_old_time(&batch(plan))),
    ("a changed manifest", |plan| flip(&plan.join("manifest.json"))),
    ("a changed manifest, the modification time restored", |plan| {
        flip_with_old_time(&plan.join("manifest.json"))
    }),
    ("a changed batch and a newer manifest", |plan| {
        flip(&batch(plan));
        File::open(plan.join("manifest.json")).unwrap().set_modified(SystemTime::now()).unwrap();
    }),
    ("a removed batch", |plan| fs::remove_file(batch(plan)).unwrap()),
    ("two swapped batches", |plan| {
        let other = plan.join("orders/2024-09-02.sql");
        fs::rename(batch(plan), plan.join("aside")).unwrap();
        fs::rename(&other, batch(plan)).unwrap();
        fs::rename(plan.join("aside"), other).unwrap();
    }),
    ("removed audits", |plan| fs::remove_dir_all(plan.join("audit")).unwrap()),
];

#[test]
fn changed_files_are_restored_and_the_others_are_not_rewritten() {
    for (what, change) in CHANGES {
        let shop = Shop::new();
        shop.compile();
        let (before, other) = (shop.plan(), inode(&shop.folder().join("orders/2024-09-03.sql")));
        change(&shop.folder());
        assert_ne!(shop.plan(), before, "{what}");
        assert!(!shop.is_up_to_date(), "{what}");
        shop.compile();
        assert_eq!(shop.plan(), before, "{what}");
        assert_eq!(inode(&shop.folder().join("orders/2024-09-03.sql")), other, "{what}");
        assert!(shop.is_up_to_date(), "{what}");
    }
}

#[test]
fn a_copied_plan_is_not_trusted_by_its_timestamps() {
    let shop = Shop::new();
    shop.compile();
    let before = shop.plan();
    // The copy preserves every attribute; one file was changed before copying.
    flip(&batch(&shop.folder()));
    let copy = shop.0.path().join("copy");
    assert!(Command::new("cp").arg("-a").arg(shop.folder()).arg(&copy).status().unwrap().success());
    fs::remove_dir_all(shop.folder()).unwrap();
    fs::rename(copy, shop.folder()).unwrap();
    assert!(!shop.is_up_to_date());
    shop.compile();
    assert_eq!(shop.plan(), before);
}

#[test]
fn symbolic_links_are_followed() {
    let shop = Shop::new();
    let elsewhere = tempfile::tempdir().unwrap();
    // dbt users put `target` on another disk.
    std::os::unix::fs::symlink(elsewhere.path(), shop.0.path().join("target")).unwrap();
    shop.compile();
    assert!(elsewhere.path().join("batchwright/manifest.json").is_file());

    fs::rename(elsewhere.path().join("batchwright"), elsewhere.path().join("plan")).unwrap();
    std::os::unix::fs::symlink("plan", elsewhere.path().join("batchwright")).unwrap();
    fs::remove_file(batch(&shop.folder())).unwrap();
    shop.compile();
    assert!(batch(&elsewhere.path().join("plan")).is_file());
    assert!(fs::symlink_metadata(elsewhere.path().join("batchwright")).unwrap().is_symlink());
    assert_eq!(names(elsewhere.path()), ["batchwright", "plan"]);
}

#[test]
fn leftovers_of_killed_compiles_are_removed_and_those_of_running_ones_are_not() {
    let shop = Shop::new();
    let target = shop.0.path().join("target");
    for name in [".batchwright-dead", ".batchwright-alive"] {
        fs::create_dir_all(target.join(name).join("plan/orders")).unwrap();
        fs::write(target.join(name).join("plan/orders/2024-09-01.sql"), "").unwrap();
    }
    // Not written by batchwright: a file, and a folder without a plan.
    fs::write(target.join(".batchwright-file"), "").unwrap();
    fs::create_dir(target.join(".batchwright-other")).unwrap();
    let alive = File::open(target.join(".batchwright-alive")).unwrap();
    alive.lock().unwrap();
    shop.compile();
    assert_eq!(
        names(&target),
        [".batchwright-alive", ".batchwright-file", ".batchwright-other", "batchwright"]
    );
    drop(alive);
    fs::remove_file(batch(&shop.folder())).unwrap();
    shop.compile();
    assert_eq!(names(&target), [".batchwright-file", ".batchwright-other", "batchwright"]);
}

#[test]
fn a_killed_compile_leaves_a_complete_plan() {
    let shop = Shop::new();
    shop.compile();
    let before = shop.plan();
    for milliseconds in [0, 2, 5, 10, 20, 40, 80] {
        let years = ["--event-time-start", "2024-09-01", "--event-time-end", "2050-09-01"];
        let mut child = shop.command(&years).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(milliseconds));
        child.kill().unwrap();
        child.wait().unwrap();
        let manifest: serde_json::Value =
            serde_json::from_slice(&fs::read(shop.folder().join("manifest.json")).unwrap())
                .unwrap();
        let files =
            manifest["steps"].as_array().unwrap().iter().map(|step| step["file"].as_str().unwrap());
        files.for_each(|file| assert!(shop.folder().join(file).is_file(), "{file}"));
    }
    shop.compile();
    assert_eq!(shop.plan(), before);
    // Leftovers are removed only when a plan is written.
    fs::remove_file(batch(&shop.folder())).unwrap();
    shop.compile();
    assert_eq!(names(&shop.0.path().join("target")), ["batchwright"]);
}

/// A project with one microbatch model, `orders`; its plan has four batches.
struct Shop(TempDir);

impl Shop {
    fn new() -> Shop {
        let shop = Shop(tempfile::tempdir().unwrap());
        let write = |path: &str, text: &str| fs::write(shop.0.path().join(path), text).unwrap();
        fs::create_dir(shop.0.path().join("models")).unwrap();
        write("dbt_project.yml", "name: shop\n");
        write(
            "models/sources.yml",
            "sources: [{name: raw, tables: [{name: orders, config: {event_time: ordered_at}}]}]\n",
        );
        let config = "materialized='incremental', incremental_strategy='microbatch', \
            event_time='ordered_at', batch_size='day', begin='2024-09-01'";
        write(
            "models/orders.sql",
            &format!(
                "{{{{ config({config}) }}}}\nselect ordered_at, id from \
                 {{{{ source('raw', 'orders') }}}}"
            ),
        );
        shop
    }

    fn folder(&self) -> PathBuf {
        self.0.path().join("target/batchwright")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_batchwright"));
        command
            .args(["compile", "--dialect", "duckdb", "--now", "2060-01-01"])
            .args(arguments)
            .current_dir(self.0.path())
            .env_clear();
        command.stderr(std::process::Stdio::null());
        command
    }

    fn days(&self) -> Command {
        self.command(&["--event-time-start", "2024-09-01", "--event-time-end", "2024-09-05"])
    }

    fn compile(&self) {
        assert!(self.days().status().unwrap().success());
    }

    /// Whether `--check` finds the plan up to date.
    fn is_up_to_date(&self) -> bool {
        self.days().arg("--check").stdout(std::process::Stdio::null()).status().unwrap().success()
    }

    /// The plan's files by path.
    fn plan(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let files = walkdir::WalkDir::new(self.folder())
            .into_iter()
            .map(Result::unwrap)
            .filter(|entry| entry.file_type().is_file());
        files
            .map(|entry| {
                (
                    entry.path().strip_prefix(self.folder()).unwrap().to_path_buf(),
                    fs::read(entry.path()).unwrap(),
                )
            })
            .collect()
    }
}

fn batch(plan: &Path) -> PathBuf {
    plan.join("orders/2024-09-01.sql")
}

/// Changes a letter; the file's length stays the same.
fn flip(file: &Path) {
    let text = fs::read_to_string(file).unwrap();
    assert!(text.contains("shop"));
    fs::write(file, text.replacen("shop", "shap", 1)).unwrap();
}

/// Changes a file in place and restores its modification time.
fn flip_with_old_time(file: &Path) {
    let before = fs::metadata(file).unwrap().modified().unwrap();
    flip(file);
    File::open(file).unwrap().set_modified(before).unwrap();
}

fn inode(file: &Path) -> u64 {
    std::os::unix::fs::MetadataExt::ino(&fs::metadata(file).unwrap())
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}
