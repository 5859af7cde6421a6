//! The plan's folder on disk, whatever happened to it: edited by hand, copied, linked, left half-written by a killed process.

#![allow(clippy::unwrap_used, reason = "what fails here fails its test")]

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

/// What somebody may do to a plan's folder.
type Touch = fn(&Path);

const TOUCHED: [(&str, Touch); 9] = [
    ("a longer file", |plan| fs::write(batch(plan), "select 1;\n").unwrap()),
    ("other letters", |plan| flip(&batch(plan))),
    ("other letters, the time set back", |plan| set_back(&batch(plan))),
    ("another manifest", |plan| flip(&plan.join("manifest.json"))),
    ("another manifest, the time set back", |plan| set_back(&plan.join("manifest.json"))),
    ("a batch, and the manifest touched after it", |plan| {
        flip(&batch(plan));
        File::open(plan.join("manifest.json")).unwrap().set_modified(SystemTime::now()).unwrap();
    }),
    ("no batch", |plan| fs::remove_file(batch(plan)).unwrap()),
    ("two batches exchanged", |plan| {
        let other = plan.join("orders/2024-09-02.sql");
        fs::rename(batch(plan), plan.join("aside")).unwrap();
        fs::rename(&other, batch(plan)).unwrap();
        fs::rename(plan.join("aside"), other).unwrap();
    }),
    ("no audit", |plan| fs::remove_dir_all(plan.join("audit")).unwrap()),
];

#[test]
fn what_was_touched_is_put_right_and_the_rest_is_kept() {
    for (what, touch) in TOUCHED {
        let shop = Shop::new();
        shop.compile();
        let (before, kept) = (shop.plan(), inode(&shop.folder().join("orders/2024-09-03.sql")));
        touch(&shop.folder());
        assert_ne!(shop.plan(), before, "{what}");
        assert!(!shop.checks(), "{what}");
        shop.compile();
        assert_eq!(shop.plan(), before, "{what}");
        assert_eq!(inode(&shop.folder().join("orders/2024-09-03.sql")), kept, "{what}");
        assert!(shop.checks(), "{what}");
    }
}

#[test]
fn a_copy_is_read_before_it_is_believed() {
    let shop = Shop::new();
    shop.compile();
    let before = shop.plan();
    // A copy that keeps all that can be kept, with one file that somebody changed before.
    flip(&batch(&shop.folder()));
    let copy = shop.0.path().join("copy");
    assert!(Command::new("cp").arg("-a").arg(shop.folder()).arg(&copy).status().unwrap().success());
    fs::remove_dir_all(shop.folder()).unwrap();
    fs::rename(copy, shop.folder()).unwrap();
    assert!(!shop.checks());
    shop.compile();
    assert_eq!(shop.plan(), before);
}

#[test]
fn links_are_followed() {
    let shop = Shop::new();
    let elsewhere = tempfile::tempdir().unwrap();
    // dbt's users put `target` on another disk.
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
fn what_a_killed_compile_left_goes_and_what_a_living_one_writes_stays() {
    let shop = Shop::new();
    let target = shop.0.path().join("target");
    for left in [".batchwright-dead", ".batchwright-alive"] {
        fs::create_dir_all(target.join(left).join("plan/orders")).unwrap();
        fs::write(target.join(left).join("plan/orders/2024-09-01.sql"), "").unwrap();
    }
    // Not ours: a file, and a folder in which no plan was begun.
    fs::write(target.join(".batchwright-file"), "").unwrap();
    fs::create_dir(target.join(".batchwright-other")).unwrap();
    let alive = File::open(target.join(".batchwright-alive")).unwrap();
    alive.lock().unwrap();
    shop.compile();
    assert_eq!(names(&target), [".batchwright-alive", ".batchwright-file", ".batchwright-other", "batchwright"]);
    drop(alive);
    fs::remove_file(batch(&shop.folder())).unwrap();
    shop.compile();
    assert_eq!(names(&target), [".batchwright-file", ".batchwright-other", "batchwright"]);
}

#[test]
fn a_killed_compile_leaves_the_old_plan_and_the_next_one_no_trace_of_it() {
    let shop = Shop::new();
    shop.compile();
    let before = shop.plan();
    for patience in [0, 2, 5, 10, 20, 40, 80] {
        let years = ["--event-time-start", "2024-09-01", "--event-time-end", "2050-09-01"];
        let mut child = shop.command(&years).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(patience));
        child.kill().unwrap();
        child.wait().unwrap();
        let manifest: serde_json::Value = serde_json::from_slice(&fs::read(shop.folder().join("manifest.json")).unwrap()).unwrap();
        let files = manifest["steps"].as_array().unwrap().iter().map(|step| step["file"].as_str().unwrap());
        files.for_each(|file| assert!(shop.folder().join(file).is_file(), "{file}"));
    }
    shop.compile();
    assert_eq!(shop.plan(), before);
    // Where nothing was to be written, nothing was swept.
    fs::remove_file(batch(&shop.folder())).unwrap();
    shop.compile();
    assert_eq!(names(&shop.0.path().join("target")), ["batchwright"]);
}

/// A project of one microbatch model, `orders`, with four batches in its plan.
struct Shop(TempDir);

impl Shop {
    fn new() -> Shop {
        let shop = Shop(tempfile::tempdir().unwrap());
        let write = |path: &str, text: &str| fs::write(shop.0.path().join(path), text).unwrap();
        fs::create_dir(shop.0.path().join("models")).unwrap();
        write("dbt_project.yml", "name: shop\n");
        write("models/sources.yml", "sources: [{name: raw, tables: [{name: orders, config: {event_time: ordered_at}}]}]\n");
        let config =
            "materialized='incremental', incremental_strategy='microbatch', event_time='ordered_at', batch_size='day', begin='2024-09-01'";
        write("models/orders.sql", &format!("{{{{ config({config}) }}}}\nselect ordered_at, id from {{{{ source('raw', 'orders') }}}}"));
        shop
    }

    fn folder(&self) -> PathBuf {
        self.0.path().join("target/batchwright")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_batchwright"));
        command.args(["compile", "--dialect", "duckdb", "--now", "2060-01-01"]).args(arguments).current_dir(self.0.path()).env_clear();
        command.stderr(std::process::Stdio::null());
        command
    }

    fn days(&self) -> Command {
        self.command(&["--event-time-start", "2024-09-01", "--event-time-end", "2024-09-05"])
    }

    fn compile(&self) {
        assert!(self.days().status().unwrap().success());
    }

    /// Whether `--check` finds the plan as it would be written.
    fn checks(&self) -> bool {
        self.days().arg("--check").stdout(std::process::Stdio::null()).status().unwrap().success()
    }

    /// The plan's files by their path in it.
    fn plan(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let files = walkdir::WalkDir::new(self.folder()).into_iter().map(Result::unwrap).filter(|entry| entry.file_type().is_file());
        files.map(|entry| (entry.path().strip_prefix(self.folder()).unwrap().to_path_buf(), fs::read(entry.path()).unwrap())).collect()
    }
}

fn batch(plan: &Path) -> PathBuf {
    plan.join("orders/2024-09-01.sql")
}

/// Changes a letter that no reader of the file needs, and not the file's length.
fn flip(file: &Path) {
    let text = fs::read_to_string(file).unwrap();
    assert!(text.contains("shop"));
    fs::write(file, text.replacen("shop", "shap", 1)).unwrap();
}

/// Changes a file in its place, and gives it the time that it had.
fn set_back(file: &Path) {
    let before = fs::metadata(file).unwrap().modified().unwrap();
    flip(file);
    File::open(file).unwrap().set_modified(before).unwrap();
}

fn inode(file: &Path) -> u64 {
    std::os::unix::fs::MetadataExt::ino(&fs::metadata(file).unwrap())
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
