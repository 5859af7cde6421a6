//! Resolves whole project folders. The results of `config()` calls are given by hand.

use serde_json::json;

use super::*;
use crate::calendar::Grain;
use crate::config::naming_macros::{Name, NamingMacros};
use crate::config::{OutsideWindow, node_json};
use crate::jinja::TemplateScope;
use crate::project::{Catalog, ConfigCalls, Flags, Package, folder};

/// Resolves a project called `shop` with these files. Its macros return their name and first
/// argument.
fn resolved(files: &[(&str, &str)], messages: ConfigCalls) -> Result<Resolved, Diagnostics> {
    let files: Vec<(&str, &str)> = match files.iter().any(|(path, _)| *path == "dbt_project.yml") {
        true => files.to_vec(),
        false => [&[("dbt_project.yml", "name: shop\n")], files].concat(),
    };
    let (read, packages) = folder(&files, messages)?;
    let now = "2024-07-01T00:00:00Z".parse().unwrap();
    let dialect = crate::dialect::named("postgres").unwrap();
    let catalog = Catalog::default();
    resolve_nodes(&Resolver {
        root: std::path::Path::new(""),
        dialect: &dialect,
        catalog: &catalog,
        packages: &packages,
        target: &read.target,
        style: &read.style,
        sources: &read.sources,
        now,
        flags: Flags::default(),
        macros: &Echo(&packages),
    })
}

/// Macros that return their name and first argument.
struct Echo<'a>(&'a [Package]);

impl NamingMacros for Echo<'_> {
    fn naming_package(&self, package: &str, name: &str) -> Option<String> {
        let defines = |package: &&Package| {
            package.macros.iter().any(|file| file.text.contains(&format!("macro {name}(")))
        };
        let defining = self.0.iter().filter(|known| known.name == package).find(defines);
        defining.or(self.0.first().filter(defines)).map(|package| package.name.clone())
    }

    fn call(
        &self,
        _: &str,
        name: &str,
        custom: Option<&str>,
        _: &TemplateScope,
    ) -> Result<Name, Diagnostic> {
        Ok(Name { text: format!("{name}({})", json!(custom)), is_of_node: false })
    }
}

fn named<'a>(resolved: &'a Resolved, name: &str) -> &'a Node {
    resolved.nodes.iter().find(|node| node.name == name).unwrap()
}

fn table(node: &Node) -> String {
    node_json(node, &[])["relation_name"].as_str().unwrap().to_string()
}

/// The error of the only broken node: message, file and line, first hint.
fn broken(files: &[(&str, &str)], call: Value) -> (String, String, String) {
    let resolved = resolved(files, &[("m", call)]).unwrap();
    let error = &resolved.broken[0].errors.0[0];
    let at = error.at.as_ref().unwrap();
    (error.message.clone(), format!("{}:{}", at.file.path, at.line()), error.hints[0].clone())
}

fn micro(more: Value) -> Value {
    let mut call = json!({
        "materialized": "incremental", "incremental_strategy": "microbatch", "event_time": "at",
        "begin": "2024-01-01", "batch_size": "day",
    });
    for (key, value) in more.as_object().unwrap() {
        call[key] = value.clone();
    }
    call
}

#[test]
fn the_last_layer_wins_and_has_its_location() {
    let project = "name: shop\nmodels:\n  +tags: top\n  +full_refresh: false\n  shop:\n    \
        marts:\n      +lookback: 2\n  tool:\n    +materialized: table\n";
    let files = [
        ("dbt_project.yml", project),
        ("models/marts/m.sql", "config(\n  tags\n)"),
        (
            "models/marts/m.yml",
            "models:\n- name: m\n  config:\n    lookback: 5\n    event_time: at\n    tags: yml\n  \
             columns: [{name: at, data_type: date}]\n",
        ),
        ("dbt_packages/tool/dbt_project.yml", "name: tool\nmodels: {+materialized: ephemeral}\n"),
        ("dbt_packages/tool/models/t.sql", ""),
    ];
    let mut call = micro(json!({"tags": "sql"}));
    call.as_object_mut().unwrap().remove("event_time");
    let resolved =
        resolved(&files, &[("m", call), ("t", json!({"materialized": "view"}))]).unwrap();
    let node = named(&resolved, "m");
    assert_eq!(
        (&*node.unique_id, &*node.fqn.join("."), &*node.path),
        ("model.shop.m", "shop.marts.m", "models/marts/m.sql")
    );
    assert_eq!(node.tags, ["top", "sql", "yml"]);
    let micro = node.microbatch().unwrap();
    assert_eq!(
        (micro.lookback, micro.batch_size, micro.timezone),
        (5, Grain::Day, chrono_tz::Tz::UTC)
    );
    assert_eq!(
        (
            &*micro.event_time.at.file.path,
            micro.event_time.at.line(),
            micro.event_time.data_type.as_deref()
        ),
        ("models/marts/m.yml", 5, Some("date"))
    );
    let (full_refresh, at) = micro.full_refresh.clone().unwrap();
    assert_eq!((full_refresh, &*at.file.path, at.line()), (false, "dbt_project.yml", 4));
    assert!(matches!(named(&resolved, "t").materialization, Materialization::Table));
}

#[test]
fn relations_are_named_as_in_dbt() {
    let files = [
        ("dbt_project.yml", "name: shop\nquoting: {schema: false}\nmodels:\n  +schema: marts\n"),
        ("models/m.sql", ""),
        ("models/o_v1.sql", ""),
        ("models/o_v2.sql", ""),
        (
            "models/m.yml",
            "models:\n- name: o\n  versions: [{v: 1, config: {database: old}}, \
             {v: 2, config: {quoting: {schema: true}}}]\n",
        ),
        (
            "models/s.yml",
            "sources:\n- name: raw\n  quoting: {database: false, column: true}\n  config: \
             {event_time: at}\n  tables: [{name: e, identifier: Events, quoting: {schema: true}}, \
             {name: unused, config: {enabled: no}}]\n",
        ),
    ];
    let result = resolved(&files, &[("m", json!({"alias": "n", "schema": null}))]).unwrap();
    assert_eq!(table(named(&result, "m")), "\"db\".analytics.\"n\"");
    let ids: Vec<_> =
        result.nodes.iter().map(|node| (&*node.unique_id, node.is_latest, table(node))).collect();
    assert_eq!(ids[1], ("model.shop.o.v1", false, "\"old\".analytics_marts.\"o_v1\"".to_string()));
    assert_eq!(ids[2], ("model.shop.o.v2", true, "\"db\".analytics_marts.\"o_v2\"".to_string()));
    assert_eq!(ids[3], ("source.shop.raw.e", true, "db.\"raw\".\"Events\"".to_string()));
    let event_time = result.nodes[3].event_time.as_ref().unwrap();
    assert_eq!((event_time.quote, event_time.at.line()), (true, 4));
    assert_eq!(
        (result.disabled.len(), &*result.disabled[0].unique_id, result.disabled[0].at.line()),
        (1, "source.shop.raw.unused", 5)
    );
    let with_macro = resolved(
        &[
            ("models/m.sql", ""),
            ("macros/a.sql", "{% macro generate_schema_name(custom, node) %}{% endmacro %}"),
        ],
        &[("m", json!({"schema": "x"}))],
    )
    .unwrap();
    assert_eq!(table(named(&with_macro, "m")), "\"db\".\"generate_schema_name(\"\"x\"\")\".\"m\"");
}

#[test]
fn invalid_microbatch_settings() {
    let sql = (
        "models/m.sql",
        "-- \nconfig(incremental_strategy, begin, lookback, batch_size, event_time, \
         concurrent_batches, meta timezone)",
    );
    let yml = (
        "models/m.yml",
        "models: \
         [{name: m, columns: [{name: placed_at, data_type: timestamp}, \
         {name: id, data_type: int}]}]",
    );
    let without = |key: &str| {
        let mut call = micro(json!({}));
        call.as_object_mut().unwrap().remove(key);
        broken(&[sql, yml], call)
    };
    let with = |more: Value| {
        let (message, location, hint) = broken(&[sql, yml], micro(more));
        assert_eq!(location, "models/m.sql:2");
        format!("{message}; {hint}")
    };
    let (message, location, hint) = without("event_time");
    assert_eq!(
        (&*message, &*location),
        ("model `m` is a microbatch model without `event_time`", "models/m.sql:2")
    );
    assert_eq!(
        hint,
        "add `event_time='placed_at'` (the only timestamp column that `models/m.yml` documents)"
    );
    assert_eq!(without("begin").0, "model `m` is a microbatch model without `begin`");
    assert_eq!(
        without("batch_size").2,
        "add `batch_size='day'`: it is one of `hour`, `day`, `month` or `year`"
    );
    for (more, messages) in [
        (json!({"event_time": ""}), "`event_time` of model `m` is empty"),
        (
            json!({"event_time": 5}),
            "`event_time` of model `m` must be the name of a column, but is a number",
        ),
        (json!({"begin": 5}), "`begin` of model `m` must be a date, but is a number"),
        (
            json!({"begin": "01/02/2024"}),
            "invalid `begin` of model `m`: `01/02/2024`; write `2024-01-02` or `2024-02-01`",
        ),
        (
            json!({"begin": "2999-01-01"}),
            "`begin` of model `m` is in the future: 2999-01-01 00:00:00 UTC",
        ),
        (
            json!({"batch_size": "Day"}),
            "`batch_size` of model `m` must be `hour`, `day`, `month` or `year`, but is `Day`; \
             write `day`, in lower case",
        ),
        (
            json!({"batch_size": "week"}),
            "`batch_size` of model `m` must be `hour`, `day`, `month` or `year`, but is `week`; \
             use `day` or `month`",
        ),
        (json!({"lookback": -3}), "`lookback` of model `m` is negative: -3"),
        (
            json!({"lookback": true}),
            "`lookback` of model `m` must be a whole number, but is a boolean",
        ),
        (
            json!({"lookback": "3"}),
            "`lookback` of model `m` must be a whole number, but is text; write `lookback=3`, \
             without quotes",
        ),
        (
            json!({"concurrent_batches": "true"}),
            "`concurrent_batches` of model `m` must be true or false, but is text",
        ),
        (
            json!({"meta": {"batchwright": {"timezone": "Europe/Pari"}}}),
            "unknown `timezone` of model `m`: `Europe/Pari`; did you mean `Europe/Paris`?",
        ),
        (
            json!({"meta": {"batchwright": {"outside_window": "dropp"}}}),
            "`outside_window` of model `m` must be `error`, `drop` or `keep`, but is `dropp`; did \
             you mean `drop`?",
        ),
        (
            json!({"meta": {"batchwright": {"event_time_unit": "s"}}}),
            "`event_time_unit` of `m` must be `seconds`, `milliseconds` or `microseconds`, but is \
             `s`",
        ),
    ] {
        assert!(with(more.clone()).starts_with(messages), "{} is not {messages}", with(more));
    }
}

#[test]
fn optional_microbatch_settings() {
    let meta = json!({"batchwright": {
        "timezone": "Europe/Paris", "outside_window": "keep", "event_time_unit": "seconds",
    }});
    let more = json!({
        "lookback": null, "concurrent_batches": "off", "unique_key": ["a", "b"],
        "incremental_predicates": "x > 1", "predicates": null, "meta": meta,
    });
    let result = resolved(&[("models/m.sql", "")], &[("m", micro(more))]).unwrap();
    let micro = named(&result, "m").microbatch().unwrap();
    assert_eq!(
        (micro.lookback, micro.concurrent_batches, micro.outside_window),
        (1, Some(false), Some(OutsideWindow::Keep))
    );
    assert_eq!(micro.begin.to_rfc3339(), "2023-12-31T23:00:00+00:00");
    assert_eq!(
        (micro.unique_key.len(), &*micro.incremental_predicates[0], micro.event_time.time_type()),
        (2, "x > 1", Ok(&crate::dialect::TimeType::Seconds))
    );
    assert_eq!(result.warnings, Diagnostics::default());
}

#[test]
fn unused_keys_and_patches_are_warnings() {
    let files = [
        ("models/orders.sql", "event_tim"),
        ("models/view.sql", "batch_size"),
        ("seeds/days.csv", "a,b"),
        ("models/a.yml", "models:\n- name: ordres\n- name: days\n"),
    ];
    let result = resolved(
        &files,
        &[
            ("orders", micro(json!({"event_tim": "at", "partition_by": "x"}))),
            ("view", json!({"batch_size": "day"})),
        ],
    )
    .unwrap();
    let messages: Vec<String> = result
        .warnings
        .0
        .iter()
        .map(|warning| format!("{}; {}", warning.message, warning.hints[0]))
        .collect();
    assert_eq!(
        messages,
        [
            "model `ordres` not found: its properties have no effect; did you mean `orders`?",
            "`days` is a seed: its properties under `models:` have no effect; move them under \
             `seeds:`",
            "`event_tim` of model `orders` has no effect; did you mean `event_time`?",
            "`batch_size` has no effect: model `view` is not a microbatch model; set \
             `materialized='incremental'` and `incremental_strategy='microbatch'`",
        ]
    );
    assert_eq!(
        named(&result, "days").columns.iter().map(|column| &*column.name).collect::<Vec<_>>(),
        ["a", "b"]
    );
}

#[test]
fn two_of_one_name_are_an_error_with_both_files() {
    let files = [
        ("models/a/m.sql", ""),
        ("models/b/m.sql", ""),
        ("models/a.yml", "models: [{name: m}]\nsources: [{name: raw, tables: [{name: e}]}]"),
        ("models/b.yml", "models: [{name: m}]\nsources: [{name: raw, tables: [{name: e}]}]"),
    ];
    let errors = resolved(&files, &[]).unwrap_err();
    let messages: Vec<&str> = errors.0.iter().map(|error| &*error.message).collect();
    assert_eq!(
        messages,
        [
            "model `m` has two entries in properties files: `models/a.yml` and `models/b.yml`",
            "two models are called `m`: `models/a/m.sql` and `models/b/m.sql`",
            "two source tables are called `raw.e`: `models/a.yml` and `models/b.yml`",
        ]
    );
}

#[test]
fn two_nodes_with_one_relation_are_an_error() {
    let errors = resolved(
        &[("models/a.sql", ""), ("models/b.sql", "alias")],
        &[("b", json!({"alias": "a"}))],
    )
    .unwrap_err();
    assert_eq!(
        errors.0[0].message,
        "`model.shop.a` and `model.shop.b` have the same relation: `db.analytics.a`"
    );
    let ephemeral = resolved(
        &[("models/a.sql", ""), ("models/b.sql", "")],
        &[("b", json!({"alias": "a", "materialized": "ephemeral"}))],
    );
    assert!(ephemeral.is_err(), "dbt refuses an ephemeral model, too");
}

#[test]
fn a_snapshot_may_be_yaml_alone() {
    let yml = "snapshots:\n- {name: s, relation: \"source('raw', 'e')\", \
        config: {schema: snaps, enabled: true, event_time: at}}\n";
    let files = [
        ("snapshots/deep/s.yml", yml),
        ("snapshots/t.sql", "{% snapshot t %}\ntarget_schema\n{% endsnapshot %}"),
    ];
    let result = resolved(&files, &[("t", json!({"target_schema": "old"}))]).unwrap();
    let (s, t) = (named(&result, "s"), named(&result, "t"));
    assert_eq!(
        (&*s.fqn.join("."), table(s), &s.sources[..]),
        (
            "shop.deep.s",
            "\"db\".\"analytics_snaps\".\"s\"".to_string(),
            &[("raw".to_string(), "e".to_string())][..]
        )
    );
    assert_eq!((&*t.fqn.join("."), table(t)), ("shop.t.t", "\"db\".\"old\".\"t\"".to_string()));
}
