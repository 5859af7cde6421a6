//! Seeds: their values, their names, their indexes, and their length.

use crate::builds::build;
use crate::engine::{Case, Engine};
use crate::shop::Shop;

pub const CASES: &[Case] = &[
    ("a_seed_has_the_values_of_its_file", a_seed_has_the_values_of_its_file),
    ("a_seed_is_reloaded_under_a_view", a_seed_is_reloaded_under_a_view),
    ("a_seed_of_many_rows_is_loaded_whole", a_seed_of_many_rows_is_loaded_whole),
];

/// Cases for some dialects.
pub const OF_DIALECTS: &[(&[&str], Case)] = &[
    (&["duckdb", "postgres"], ("a_seed_has_its_indexes", a_seed_has_its_indexes)),
    (&["postgres"], ("a_seed_keeps_the_case_of_its_names", a_seed_keeps_the_case_of_its_names)),
];

const CODES: &str = "id,code,price,since,checked_at,active,remark\n\
    1,007,1.5,2024-09-01,2024-09-01T10:30:00,true,\"says \"\"hi\"\", it's new\"\n\
    2,,,,,,\n\
    3,12,20,2024-09-02,2024-09-02T10:30:00+02:00,False,back\\slash\n";

fn seeded(engine: &dyn Engine) -> Shop<'_> {
    let shop = Shop::open(engine);
    shop.write("seeds/codes.csv", CODES);
    shop.write(
        "seeds/codes.yml",
        "seeds: [{name: codes, config: {column_types: {code: varchar(5)}}}]\n",
    );
    shop.write(
        "models/active_codes.sql",
        "{{ config(materialized='view') }}\nselect id, code from {{ ref('codes') }} where active\n",
    );
    shop
}

fn a_seed_has_the_values_of_its_file(engine: &dyn Engine) {
    let shop = seeded(engine);
    build(&shop, &["--select", "codes"]);
    let rows = shop.rows(
        "select id + 1, code, case when price * 2 = 3 then 'cheap' when price = 20 then 'dear' \
         end, \
         case when since = '2024-09-01' then 'early' when since = '2024-09-02' then 'late' end, \
         case when checked_at = '2024-09-01 10:30:00' then 'at half past ten' when checked_at = \
         '2024-09-02 08:30:00' then 'at half past eight' end, \
         case when active then 'on' when not active then 'off' end, remark from analytics.codes",
    );
    let expected = [
        "2|007|cheap|early|at half past ten|on|says \"hi\", it's new",
        "3|null|null|null|null|null|null",
        "4|12|dear|late|at half past eight|off|back\\slash",
    ];
    assert_eq!(rows, expected);
}

fn a_seed_is_reloaded_under_a_view(engine: &dyn Engine) {
    let shop = seeded(engine);
    build(&shop, &["--select", "+active_codes"]);
    assert_eq!(shop.table("active_codes"), ["1|007"]);
    shop.write("seeds/codes.csv", &CODES.replace("\n2,,,,,,", "\n2,x,1,,,true,"));
    build(&shop, &["--select", "codes"]);
    assert_eq!(shop.table("active_codes"), ["1|007", "2|x"]);
}

/// More rows, and longer ones, than one insert statement has.
fn a_seed_of_many_rows_is_loaded_whole(engine: &dyn Engine) {
    let shop = Shop::open(engine);
    let mut rows = "id,remark\n".to_string();
    for id in 1..=1_200 {
        let remark = if id % 100 == 0 { "long ".repeat(2_000) } else { "short".to_string() };
        rows.push_str(&format!("{id},{remark}\n"));
    }
    shop.write("seeds/codes.csv", &rows);
    build(&shop, &["--select", "codes"]);
    build(&shop, &["--select", "codes"]);
    let counts = "select count(*), sum(id), sum(case when remark = 'short' then 1 else 0 end) \
        from analytics.codes";
    assert_eq!(shop.rows(counts), ["1200|720600|1188"]);
}

fn a_seed_keeps_the_case_of_its_names(engine: &dyn Engine) {
    let shop = Shop::open(engine);
    shop.write("seeds/codes.csv", "Id,order,name\n1,2,pen\n");
    shop.write(
        "models/names.sql",
        "{{ config(materialized='table') }}\nselect * from {{ ref('codes') }}\n",
    );
    build(&shop, &["--select", "+names"]);
    assert_eq!(shop.rows("select \"Id\", \"order\", name from analytics.names"), ["1|2|pen"]);
    // The names of a table that was made before stay: they are those of the statement.
    build(&shop, &["--select", "codes"]);
    assert_eq!(shop.rows("select \"Id\" + 1 from analytics.codes"), ["2"]);
}

/// An index that is created once and survives reloads.
fn a_seed_has_its_indexes(engine: &dyn Engine) {
    let shop = seeded(engine);
    // DuckDB refuses a key that the same transaction has deleted.
    let is_unique = engine.dialect() != "duckdb";
    let indexes = format!("[{{columns: [code]}}, {{columns: [id], unique: {is_unique}}}]");
    shop.write(
        "seeds/codes.yml",
        &format!(
            "seeds: \
            [{{name: codes, config: {{column_types: {{code: varchar(5)}}, indexes: {indexes}}}}}]\n"
        ),
    );
    let known = match engine.dialect() {
        "duckdb" => "select is_unique from duckdb_indexes() where table_name = 'codes'",
        _ => "select indisunique from pg_index where indrelid = 'analytics.codes'::regclass",
    };
    for arguments in [
        &["--select", "codes"][..],
        &["--select", "codes"],
        &["--select", "codes", "--full-refresh"],
        &["--select", "codes"],
    ] {
        build(&shop, arguments);
        assert_eq!(
            shop.rows(known).iter().map(|word| &word[..1]).collect::<Vec<_>>(),
            if is_unique { ["f", "t"] } else { ["f", "f"] },
            "{arguments:?}"
        );
        assert_eq!(shop.table("codes").len(), 3);
    }
}
