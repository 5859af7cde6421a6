//! Files outside of the project, and unusual files: links that lead out, pipes, devices, names and
//! sizes.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::shop::{Shop, ended, refused, said};

#[test]
fn no_link_leads_out_of_the_repository() {
    let outside = tempfile::tempdir().unwrap();
    let at = |path: &str| outside.path().join(path);
    for path in [
        "secret",
        "secret.yml",
        "folder/dbt_project.yml",
        "folder/macros/m.sql",
        "folder/models/x.sql",
    ] {
        fs::create_dir_all(at(path).parent().unwrap()).unwrap();
        fs::write(at(path), "name: folder # hidden-value\nhidden-value: [").unwrap();
    }
    let files = [
        "models/m.sql",
        "models/m.yml",
        "models/m.md",
        "models/m.py",
        "seeds/s.csv",
        "snapshots/s.sql",
        "macros/m.sql",
        "tests/t.sql",
        "analyses/a.sql",
        "dbt_project.yml",
        "selectors.yml",
        "packages.yml",
        ".dbtignore",
    ];
    for repository in [false, true] {
        for file in files {
            let shop = Shop::new();
            if repository {
                fs::create_dir(shop.path(".git")).unwrap();
            }
            let _ = fs::remove_file(shop.path(file));
            fs::create_dir_all(shop.path(file).parent().unwrap()).unwrap();
            symlink(at("secret"), shop.path(file)).unwrap();
            let done = shop.compile(&[]);
            // A list of packages is read only for a hint.
            if file != "packages.yml" {
                refused(&done, "leads out of the project", file);
            }
            assert!(!said(&done).contains("hidden-value"), "{file}: {}", said(&done));
        }
        for folder in ["models/linked", "dbt_packages/folder", "macros"] {
            let shop = Shop::new();
            if repository {
                fs::create_dir(shop.path(".git")).unwrap();
            }
            fs::create_dir_all(shop.path(folder).parent().unwrap()).unwrap();
            symlink(at("folder"), shop.path(folder)).unwrap();
            let done = shop.compile(&[]);
            refused(&done, "leads out of the project", folder);
            assert!(!said(&done).contains("hidden-value"), "{folder}: {}", said(&done));
        }
    }
    // Files that the user names: a link in the project is not followed out of it; another link is.
    for (flag, file) in [
        ("--catalog", "target/catalog.json"),
        ("--answers", "answers.yml"),
        ("--state", "state/manifest.json"),
    ] {
        let shop = Shop::new();
        fs::create_dir_all(shop.path(file).parent().unwrap()).unwrap();
        symlink(at("secret"), shop.path(file)).unwrap();
        let named = if flag == "--state" { "state" } else { file };
        let done = shop.compile(&[flag, named, "--select", "state:modified"]);
        refused(&done, "is a link that leads out of the project", file);
        assert!(!said(&done).contains("hidden-value"), "{flag}: {}", said(&done));
    }
    let shop = Shop::new();
    fs::write(at("answers.yml"), "[]").unwrap();
    symlink(at("answers.yml"), at("linked.yml")).unwrap();
    let done = shop.compile(&["--answers", at("linked.yml").to_str().unwrap()]);
    assert_eq!(done.status.code(), Some(0), "{}", said(&done));
}

#[test]
fn a_profile_may_be_linked_to_the_user_s_own() {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir(home.path().join(".dbt")).unwrap();
    let profile = "shop: {target: dev, outputs: {dev: {type: duckdb, path: shop.db}}}\n";
    fs::write(home.path().join(".dbt/profiles.yml"), profile).unwrap();
    fs::write(home.path().join("other.yml"), profile).unwrap();
    for (to, code) in [(".dbt/profiles.yml", 0), ("other.yml", 2)] {
        let shop = Shop::new();
        shop.write("dbt_project.yml", "name: shop\nprofile: shop\n");
        symlink(home.path().join(to), shop.path("profiles.yml")).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_batchwright"));
        command
            .args(["compile", "--now", "2024-09-03"])
            .current_dir(shop.0.path())
            .env_clear()
            .env("HOME", home.path());
        let done = command.output().unwrap();
        assert_eq!(done.status.code(), Some(code), "{to}: {}", said(&done));
    }
}

#[test]
fn pipes_and_devices_are_not_read() {
    for file in [
        "models/m.sql",
        "models/m.yml",
        "seeds/s.csv",
        "macros/m.sql",
        "dbt_project.yml",
        "selectors.yml",
        "profiles.yml",
    ] {
        for device in [None, Some("/dev/zero"), Some("/dev/stdin")] {
            let shop = Shop::new();
            let path = shop.path(file);
            let _ = fs::remove_file(&path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            match device {
                Some(device) => symlink(device, &path).unwrap(),
                None => assert!(Command::new("mkfifo").arg(&path).status().unwrap().success()),
            }
            let begun = Instant::now();
            let mut command = shop.command(&[]);
            if file == "profiles.yml" {
                shop.write("dbt_project.yml", "name: shop\nprofile: shop\n");
                command = Command::new(env!("CARGO_BIN_EXE_batchwright"));
                command.arg("compile").current_dir(shop.0.path()).env_clear();
            }
            let done = command.output().unwrap();
            refused(&done, "", file);
            assert!(begun.elapsed() < Duration::from_secs(20), "{file} {device:?}");
        }
    }
}

#[test]
fn what_no_person_wrote_is_refused() {
    let shop = Shop::new();
    let large = fs::File::create(shop.path("models/large.sql")).unwrap();
    large.set_len(1 << 34).unwrap();
    refused(&shop.compile(&[]), "`models/large.sql` is larger than 16 MiB", "models/large.sql");

    for name in
        [&b"models/\xff.sql"[..], b"models/a\xe9.yml", b"models/\xff/m.sql", b"seeds/\xff.csv"]
    {
        let shop = Shop::new();
        let path = shop.0.path().join(std::ffi::OsStr::from_bytes(name));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "select 1 as n").unwrap();
        refused(&shop.compile(&[]), "is not UTF-8", "the name of");
    }

    // Links to folders of links: 2^30 paths.
    let shop = Shop::new();
    for level in 0..30 {
        fs::create_dir(shop.path(&format!("models/d{level}"))).unwrap();
        for name in ["a", "b"] {
            symlink(format!("../d{}", level + 1), shop.path(&format!("models/d{level}/{name}")))
                .unwrap();
        }
    }
    fs::create_dir(shop.path("models/d30")).unwrap();
    let begun = Instant::now();
    refused(&shop.compile(&[]), "more than 10000 links to folders", "models");
    assert!(begun.elapsed() < Duration::from_secs(60));
}

#[test]
fn a_plan_s_folder_that_cannot_be_one_is_refused_with_the_way_out() {
    let shop = Shop::new();
    fs::create_dir(shop.path("plans")).unwrap();
    symlink("nowhere", shop.path("plans/dangling")).unwrap();
    refused(&shop.compile(&["--plan", "plans/dangling"]), "is a broken link", "plans/dangling");
    assert!(fs::symlink_metadata(shop.path("plans/dangling")).unwrap().is_symlink());
    ended(&shop.compile(&["--plan", "plans/plan"]));
    for text in ["", "{", "[]", "{\"generator\": 1}"] {
        fs::write(shop.path("plans/plan/manifest.json"), text).unwrap();
        refused(&shop.compile(&["--plan", "plans/plan"]), "is not a plan", "plans/plan");
    }
}

#[test]
fn empty_variables_are_unset() {
    let names = [
        "TARGET",
        "STATE",
        "PROFILES_DIR",
        "PROFILE",
        "PROJECT_DIR",
        "EVENT_TIME_START",
        "EVENT_TIME_END",
        "VARS",
        "FULL_REFRESH",
    ];
    let shop = Shop::new();
    shop.write("dbt_project.yml", "name: shop\nprofile: shop\n");
    shop.write(
        "profiles.yml",
        "shop: {target: dev, outputs: {dev: {type: duckdb, path: shop.db}}}\n",
    );
    for prefix in ["DBT_", "DBT_ENGINE_"] {
        for command in ["compile", "check", "list", "render"] {
            let mut run = Command::new(env!("CARGO_BIN_EXE_batchwright"));
            run.arg(command).args(["--now", "2024-09-03"]).current_dir(shop.0.path()).env_clear();
            run.envs(names.iter().map(|name| (format!("{prefix}{name}"), "")));
            let done = run.output().unwrap();
            assert!(
                matches!(done.status.code(), Some(0 | 1)),
                "{prefix} {command}: {}",
                said(&done)
            );
        }
    }
}

#[test]
fn the_target_folder_is_dbt_s() {
    let shop = Shop::new();
    shop.write(
        "dbt_project.yml",
        "name: shop\ntarget-path: \"out/{{ env_var('PLACE', 'here') }}\"\n",
    );
    assert_eq!(shop.compile(&[]).status.code(), Some(0));
    assert!(shop.path("out/here/batchwright/manifest.json").is_file());
    let done = Command::new(env!("CARGO_BIN_EXE_batchwright"))
        .arg("status")
        .current_dir(shop.0.path())
        .env_clear()
        .output()
        .unwrap();
    assert_eq!(done.status.code(), Some(0), "{}", said(&done));
    let done = shop.command(&[]).env("DBT_TARGET_PATH", "elsewhere").output().unwrap();
    assert_eq!(done.status.code(), Some(0), "{}", said(&done));
    assert!(shop.path("elsewhere/batchwright/manifest.json").is_file());
    for path in ["../up", "/tmp/batchwright-nowhere", "out/../../up"] {
        shop.write("dbt_project.yml", &format!("name: shop\ntarget-path: {path}\n"));
        refused(&shop.compile(&[]), "is outside of the project", "dbt_project.yml:2");
    }
}
