//! Macros of a project that return the statements of an incremental strategy. The expected rows are
//! written by hand.

use crate::engine::{Case, Engine};
use crate::shop::Shop;

/// Engines whose plans call such macros.
const CALLING: &[&str] = &["duckdb", "postgres", "redshift", "snowflake"];

pub const OF_DIALECTS: &[(&[&str], Case)] = &[
    (
        CALLING,
        ("a_strategy_of_the_project_brings_rows_in", a_strategy_of_the_project_brings_rows_in),
    ),
    (CALLING, ("a_macro_replaces_a_part_of_a_strategy", a_macro_replaces_a_part_of_a_strategy)),
    (CALLING, ("a_macro_writes_batches", a_macro_writes_batches)),
];

fn macros(shop: &Shop, text: &str) {
    shop.write("macros/strategies.sql", text);
}

/// Rows with an existing key are unchanged.
fn a_strategy_of_the_project_brings_rows_in(engine: &dyn Engine) {
    let shop = Shop::open(engine);
    macros(
        &shop,
        "{% macro get_incremental_keep_old_sql(arg_dict) %}
         {% set key = arg_dict['unique_key'] %}
         insert into {{ arg_dict['target_relation'] }} \
         ({{ arg_dict['dest_columns'] | map(attribute='name') | join(', ') }})
         select {{ arg_dict['dest_columns'] | map(attribute='name') | join(', ') }} from \
         {{ arg_dict['temp_relation'] }}
         where {{ key }} not in (select {{ key }} from {{ arg_dict['target_relation'] }})
         {% endmacro %}",
    );
    shop.write(
        "models/visitors.sql",
        "{{ config(materialized='incremental', incremental_strategy='keep_old', unique_key='user_id') }}
         select user_id, country from {{ source('raw', 'users') }}",
    );
    let plan = shop.compile(&["--select", "visitors"]);
    shop.build(&plan);
    shop.sql(
        "update raw.users set country = 'XX' where user_id = 1; insert into raw.users \
        (user_id, country) values (4, 'IT');",
    );
    shop.build(&plan);
    shop.build(&plan);
    let rows = shop.rows("select user_id, coalesce(country, 'none') from analytics.visitors");
    assert_eq!(rows, ["1|DE", "2|FR", "3|none", "4|IT"]);
}

/// The project's deletion marks rows instead.
fn a_macro_replaces_a_part_of_a_strategy(engine: &dyn Engine) {
    let shop = Shop::open(engine);
    macros(
        &shop,
        "{% macro default__get_delete_insert_merge_sql(target, source, unique_key, dest_columns, incremental_predicates=none) %}
         update {{ target }} set country = 'old' where {{ unique_key }} in (select \
         {{ unique_key }} from {{ source }});
         insert into {{ target }} (user_id, country) select user_id, country from {{ source }}
         {% endmacro %}",
    );
    shop.write(
        "models/visitors.sql",
        "{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='user_id') }}
         select user_id, coalesce(country, 'none') as country from {{ source('raw', 'users') }}
         {% if is_incremental() %} where user_id > 2 {% endif %}",
    );
    let plan = shop.compile(&["--select", "visitors"]);
    shop.build(&plan);
    assert_eq!(shop.table("visitors"), ["1|DE", "2|FR", "3|none"]);
    shop.build(&plan);
    assert_eq!(shop.table("visitors"), ["1|DE", "2|FR", "3|none", "3|old"]);
}

/// Each batch keeps the rows of other users.
fn a_macro_writes_batches(engine: &dyn Engine) {
    let shop = Shop::open(engine);
    macros(
        &shop,
        "{% macro get_incremental_microbatch_sql(arg_dict) %}
         delete from {{ arg_dict.target_relation }}
         where {{ config.get('event_time') }} >= \
         '{{ model.batch.event_time_start.strftime('%Y-%m-%d %H:%M:%S') }}'
           and {{ config.get('event_time') }} < \
           '{{ model.batch.event_time_end.strftime('%Y-%m-%d %H:%M:%S') }}'
           and user_id in (select user_id from {{ arg_dict.temp_relation }});
         insert into {{ arg_dict.target_relation }} (event_id, user_id, occurred_at)
         select event_id, user_id, occurred_at from {{ arg_dict.temp_relation }}
         {% endmacro %}",
    );
    shop.write(
        "models/visits.sql",
        "{{ config(materialized='incremental', incremental_strategy='microbatch', batch_size='day', begin='2024-09-01', event_time='occurred_at') }}
         select event_id, user_id, occurred_at from {{ source('raw', 'events') }}",
    );
    shop.write(
        "models/visits.yml",
        "models:\n- name: visits\n  columns:\n  - {name: occurred_at, data_type: timestamp}\n",
    );
    let days = [
        "--select",
        "visits",
        "--event-time-start",
        "2024-09-01",
        "--event-time-end",
        "2024-09-02",
    ];
    let plan = shop.compile(&days);
    shop.build(&plan);
    assert_eq!(shop.rows("select event_id from analytics.visits"), ["110", "111", "112", "113"]);
    shop.sql("delete from raw.events where event_id in (110, 111, 112);");
    shop.build(plan.of("visits", "batch"));
    // User 1 has no rows any more, so the macro keeps the old ones.
    assert_eq!(shop.rows("select event_id from analytics.visits"), ["110", "111", "113"]);
}
