//! The drivers. A driver that hides a failure would make all other cases pass.

use std::fs;

use crate::engine::{Case, Engine};

pub const CASES: &[Case] =
    &[("a_client_reports_a_failure_and_rolls_back", a_client_reports_a_failure_and_rolls_back)];

fn a_client_reports_a_failure_and_rolls_back(engine: &dyn Engine) {
    let folder = tempfile::tempdir().unwrap();
    let database = engine.database();
    let run = |text: &str| {
        let file = folder.path().join("file.sql");
        fs::write(&file, database.adapt_sql(text)).unwrap();
        database.run(&file)
    };
    let good = run(
        "create schema raw; create table raw.t (a integer, b varchar(9)); insert into raw.t (a, \
         b) values (1, null), (2, 'x');",
    );
    assert!(good.ok, "{good:?}");
    let bad = match engine.transactions() {
        true => {
            run("begin; delete from raw.t; insert into raw.t (a) select nosuch from raw.t; commit;")
        }
        false => {
            run("insert into raw.t (a) select nosuch from raw.t; delete from raw.t where true;")
        }
    };
    assert!(!bad.ok && bad.stderr.to_lowercase().contains("nosuch"), "{bad:?}");
    let mut rows = database.rows(&database.adapt_sql("select a, b from raw.t"));
    rows.sort();
    assert_eq!(rows, ["1|null", "2|x"]);
}
