//! A step that changes the session of its client does not affect other steps: a setting and a
//! temporary table of a hook, and a setting of a header. With DuckDB's client as a session.

use std::fs;
use std::process::Command;

use tempfile::TempDir;

use crate::engine::installed;

pub const CASES: &[(&str, fn())] =
    &[("a_change_of_the_session_ends_with_its_step", a_change_of_the_session_ends_with_its_step)];

const INSTANT: &str = "select cast(timestamptz '2024-09-01 20:00:00+00' as date) as day";

fn a_change_of_the_session_ends_with_its_step() {
    let folder = TempDir::new().unwrap();
    let write = |path: &str, text: &str| {
        fs::create_dir_all(folder.path().join("models")).unwrap();
        fs::write(folder.path().join(path), text).unwrap();
    };
    write("dbt_project.yml", "name: shop\nprofile: shop\nmodels: {+materialized: table}\n");
    write(
        "profiles.yml",
        "shop: {target: dev, outputs: {dev: {type: duckdb, path: shop.duckdb, schema: main}}}\n",
    );
    let config = |settings: &str| format!("{{{{ config({settings}) }}}}\n");
    let utc = config("pre_hook=\"set timezone = 'UTC'\"");
    write("models/a_utc.sql", &format!("{utc}{INSTANT}\n"));
    let tokyo = config("pre_hook=\"set timezone = 'Asia/Tokyo'\"");
    write("models/b_tokyo.sql", &format!("{tokyo}{INSTANT}\n"));
    let plain = "select current_setting('timezone') = 'Asia/Tokyo' as is_set";
    write("models/c_plain.sql", &format!("{plain}\n"));
    let header = config("sql_header=\"set timezone = 'Asia/Tokyo'\"");
    write("models/d_header.sql", &format!("{header}{INSTANT}\n"));
    write("models/e_plain.sql", &format!("{plain}\n"));
    let temporary = config("pre_hook='create temporary table ids as select 1 as id'");
    for name in ["f", "g"] {
        write(&format!("models/{name}_ids.sql"), &format!("{temporary}select id from ids\n"));
    }
    let path = format!(
        "{}:{}",
        installed("duckdb").parent().unwrap().display(),
        std::env::var("PATH").unwrap()
    );
    let run = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_batchwright"))
            .args(arguments)
            .current_dir(folder.path())
            .env("PATH", &path)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    run(&["compile", "--build", "--now", "2024-09-02"]);
    run(&["run", "--", "duckdb", "-bail", "-no-init", "-list", "shop.duckdb"]);
    let query = "select (select day from a_utc), (select day from b_tokyo), (select is_set from \
        c_plain), (select day from d_header), (select is_set from e_plain), (select id from g_ids)";
    let output = Command::new(installed("duckdb"))
        .arg(folder.path().join("shop.duckdb"))
        .args(["-no-init", "-list", "-noheader", "-c", query])
        .output()
        .unwrap();
    assert_eq!(
        String::from_utf8_lossy(&output.stdout).trim(),
        "2024-09-01|2024-09-02|false|2024-09-02|false|1"
    );
}
