//! Which nodes a selection means, in a small shop.

use serde_json::json;

use super::*;
use crate::diagnostics::Location;
use crate::graph::link;
use crate::graph::sample::{inside, model, seed, set, source, tagged, versioned};

/// `raw.events` → `stg_events` → `sessions` → `daily` → `report`; `countries` → `daily`; `orders` in three versions.
fn shop() -> Graph {
    let mut lib = model("calendar", &[]);
    lib.package = "dates".into();
    lib.unique_id = "model.dates.calendar".into();
    lib.fqn = vec!["dates".into(), "calendar".into()];
    let nodes = vec![
        source("raw", "events"),
        source("raw", "clicks"),
        seed("countries"),
        inside("staging", tagged(&["daily"], model("stg_events", &["raw.events"]))),
        inside(
            "marts",
            set(
                "materialized",
                json!("incremental"),
                set("lookback", json!(3), tagged(&["daily", "core"], model("sessions", &["stg_events"]))),
            ),
        ),
        inside("marts/core", set("meta", json!({"owner": "ann", "on_call": true}), model("daily", &["sessions", "countries"]))),
        inside("marts", tagged(&["weekly"], model("report", &["daily"]))),
        versioned("orders", "1", false),
        versioned("orders", "2", true),
        versioned("orders", "3", false),
        lib,
    ];
    link(nodes, "shop", &["old_orders".into()], &[]).unwrap()
}

fn names(found: Result<Vec<&Node>, Diagnostics>) -> String {
    match found {
        Ok(nodes) => {
            let mut names: Vec<_> = nodes.iter().map(|node| node.unique_id.rsplit('.').next().unwrap_or_default()).collect();
            names.sort_unstable();
            names.join(" ")
        }
        Err(wrong) => {
            let said = |one: &Diagnostic| [std::slice::from_ref(&one.message), &one.hints].concat().join("; ");
            wrong.0.iter().map(said).collect::<Vec<_>>().join("\n")
        }
    }
}

fn typed(select: &str, exclude: &str) -> String {
    let words = |text: &str| if text.is_empty() { Vec::new() } else { vec![text.to_string()] };
    names(shop().select(&Selection { select: words(select), exclude: words(exclude), selector: None, state: None }, None, None))
}

fn kept(yaml: &str, name: &str) -> String {
    let file = SourceFile::new("selectors.yml", yaml);
    let selector = if name.is_empty() { None } else { Some(name.to_string()) };
    names(shop().select(&Selection { selector, ..Selection::default() }, Some(&file), None))
}

#[test]
fn each_method_finds_its_nodes() {
    for (asked, found) in [
        ("sessions", "sessions"),
        ("shop.marts", "daily report sessions"),
        ("marts.core", "daily"),
        ("s*", "countries daily report sessions stg_events v1 v2 v3"),
        ("*_events", "stg_events"),
        ("shop.marts.*", "daily report sessions"),
        ("orders", "v1 v2 v3"),
        ("orders.v2", "v2"),
        ("orders_v3", "v3"),
        ("fqn:report", "report"),
        ("tag:daily", "sessions stg_events"),
        ("tag:*ly", "report sessions stg_events"),
        ("models/marts", "daily report sessions"),
        ("path:models/marts/*.sql", "report sessions"),
        ("models/**/daily.sql", "daily"),
        ("path:seeds", "countries"),
        ("report.sql", "report"),
        ("file:report", "report"),
        ("package:dates", "calendar"),
        ("package:this,file:daily.sql", "daily"),
        ("config.materialized:incremental", "sessions"),
        ("config.lookback:3", "sessions"),
        ("config.meta.owner:ann", "daily"),
        ("config.meta.on_call:true", "daily"),
        ("config.tags:core", "sessions"),
        ("resource_type:seed", "countries"),
        ("source:raw", "clicks events"),
        ("source:raw.events", "events"),
        ("source:shop.raw.e*", "events"),
        ("version:latest", "v2"),
        ("version:prerelease", "v3"),
        ("version:old", "v1"),
        ("version:none,package:dates", "calendar"),
    ] {
        assert_eq!(typed(asked, ""), found, "{asked}");
    }
}

#[test]
fn relatives_come_along() {
    for (asked, found) in [
        ("+sessions", "events sessions stg_events"),
        ("1+sessions", "sessions stg_events"),
        ("sessions+", "daily report sessions"),
        ("sessions+1", "daily sessions"),
        ("1+sessions+1", "daily sessions stg_events"),
        ("source:raw+", "clicks daily events report sessions stg_events"),
        ("@stg_events", "countries daily events report sessions stg_events"),
        ("+tag:weekly,tag:core+", "daily report sessions"),
    ] {
        assert_eq!(typed(asked, ""), found, "{asked}");
    }
}

#[test]
fn words_add_commas_narrow_and_exclude_takes_away() {
    assert_eq!(typed("report tag:daily", ""), "report sessions stg_events");
    assert_eq!(typed("tag:daily,models/marts report", ""), "report sessions");
    assert_eq!(typed("tag:daily", "models/staging"), "sessions");
    assert_eq!(typed("", "package:this"), "calendar");
    assert_eq!(typed("+sessions", "+stg_events resource_type:seed"), "sessions");
}

#[test]
fn a_word_that_selects_nothing_is_an_error_with_the_nearest() {
    for (asked, message) in [
        ("sesions", "`sesions` selects nothing; did you mean `sessions`?"),
        ("tag:dayly", "`tag:dayly` selects nothing; did you mean `tag:daily`?"),
        ("+2+tag:dialy", "`2+tag:dialy` selects nothing"),
        ("weekly", "`weekly` selects nothing; did you mean `tag:weekly`?"),
        ("raw.events", "`raw.events` selects nothing; did you mean `source:raw.events`?"),
        ("models/mart", "`models/mart` selects nothing; did you mean `models/marts`?"),
        (
            "config.materialized:incremantal",
            "`config.materialized:incremantal` selects nothing; did you mean `config.materialized:incremental`?",
        ),
        ("config.group:x", "`config.group:x` selects nothing; no node sets `group`"),
        ("old_orders", "`old_orders` selects nothing; `old_orders` is disabled: set its `enabled` to `true`"),
        ("package:zzz", "`package:zzz` selects nothing; there is `dates`, `shop`"),
    ] {
        assert!(typed(asked, "").starts_with(message), "{asked}: {}", typed(asked, ""));
    }
    assert!(typed("tag:weekly,models/staging", "").starts_with("the selection is empty"));
    assert!(typed("sesions tag:dayly", "").lines().count() == 2);
    assert!(typed("", "sesions").starts_with("`sesions` selects nothing"));
}

#[test]
fn what_cannot_be_read_is_refused() {
    for (asked, message) in [
        ("@sessions+", "`@sessions+` has both an `@` before it and a `+` behind it"),
        ("state:modified", "`state:modified` compares with an earlier plan"),
        ("test_type:unit", "`test_type:unit` is a selection of dbt that"),
        ("tags:daily", "`tags` in `tags:daily` is no method of selection; did you mean `tag:daily`?"),
        ("config:x", "`config:x` names no key"),
        ("resource_type:modell", "`modell` is no resource type to select by; there is `model`, `seed`"),
        ("version:newest", "`newest` is no version to select by"),
        ("a,,b", "`a,,b` has a comma with nothing beside it"),
        ("tag:", "`tag:` names nothing to select"),
        ("+", "`+` names nothing to select"),
        (" ", "the selection is an empty text"),
        ("tag:[z-a]", "`tag:[z-a]` is not a pattern"),
    ] {
        assert!(typed(asked, "").starts_with(message), "{asked}: {}", typed(asked, ""));
    }
}

const KEPT: &str = "
selectors:
  - name: text
    definition: '+tag:core,package:this'
  - name: pair
    definition: {tag: weekly}
  - name: grown
    definition: {method: fqn, value: sessions, parents: true, parents_depth: 1, children: true, exclude: [report]}
  - name: round
    definition: {method: fqn, value: stg_events, childrens_parents: true}
  - name: both
    definition:
      intersection:
        - {method: path, value: models/marts}
        - union: ['tag:daily', {method: config.meta.owner, value: ann}, 'tag:never']
        - exclude: [{method: resource_type, value: test}, 'sessions']
  - name: heir
    definition: {union: [{method: selector, value: pair}, {method: config.lookback, value: 3}]}
  - {name: loop, definition: {method: selector, value: pool}}
  - {name: pool, definition: {method: selector, value: loop}}
  - {name: none, definition: 'tag:never'}
  - {name: jinja, definition: \"tag:{{ var('x') }}\"}
  - name: typo
    definition: {method: tag, value: daily, parent: true}
";

#[test]
fn a_project_keeps_its_selections() {
    for (name, found) in [
        ("text", "events sessions stg_events"),
        ("pair", "report"),
        ("grown", "daily sessions stg_events"),
        ("round", "countries daily events report sessions stg_events"),
        ("both", "daily"),
        ("heir", "report sessions"),
    ] {
        assert_eq!(kept(KEPT, name), found, "{name}");
    }
    let file = SourceFile::new("selectors.yml", KEPT);
    let combined = Selection { select: vec!["selector:pair tag:core".into()], ..Selection::default() };
    assert_eq!(names(shop().select(&combined, Some(&file), None)), "report sessions");
}

#[test]
fn a_default_counts_where_nothing_is_asked() {
    let yaml = "selectors: [{name: a, default: true, definition: 'tag:weekly'}]";
    assert_eq!(kept(yaml, ""), "report");
    let file = SourceFile::new("selectors.yml", yaml);
    assert_eq!(
        names(shop().select(&Selection { exclude: vec!["package:shop".into()], ..Selection::default() }, Some(&file), None)),
        "calendar"
    );
    assert_eq!(kept("", "").split(' ').count(), shop().nodes.len());
    assert!(kept(&yaml.replace("true", "'{{ target.name }}'"), "").contains("neither `true` nor `false`"));
    assert!(
        kept("selectors: [{name: a, default: true, definition: b}, {name: b, default: true, definition: b}]", "").contains("and so is `a`")
    );
}

#[test]
fn a_broken_file_is_told_with_its_line() {
    assert!(kept(KEPT, "pairs").starts_with("there is no selector `pairs` in `selectors.yml`; did you mean `pair`?"));
    assert!(kept(KEPT, "loop").starts_with("the selector `loop` is defined by itself"));
    assert!(kept(KEPT, "none").starts_with("the selection is empty"));
    assert!(kept(KEPT, "jinja").contains("has Jinja in its definition"));
    assert!(kept(KEPT, "typo").ends_with("which means nothing there; did you mean `parents`?"));
    assert!(kept("selectors:\n  - name: a\n    name: b\n", "a").starts_with("`selectors.yml` is not YAML"));
    let file = SourceFile::new("selectors.yml", "selectors:\n  - name: a\n   definition: x\n");
    let wrong = shop().select(&Selection { selector: Some("a".into()), ..Selection::default() }, Some(&file), None).unwrap_err();
    assert_eq!(wrong.0[0].at.as_ref().map(Location::line), Some(3));
}
