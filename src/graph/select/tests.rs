//! Which nodes a selection means, in a small shop.

use serde_json::json;

use std::collections::BTreeMap;

use super::*;
use crate::diagnostics::{Location, SourceFile};
use crate::graph::link;
use crate::graph::sample::{inside, model, seed, set, source, tagged, versioned};
use crate::jinja::{RefCall, YamlScope};
use crate::project::{Resource, ResourceKind};

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

/// An exposure of `report`, a test and a unit test of `sessions`, and a test that compares `daily` with `countries`.
fn with_resources() -> Graph {
    let of = |kind, name: &str, reads: &[&str]| {
        let refs = reads.iter().map(|name| RefCall { package: None, name: (*name).into(), version: None }).collect();
        let mut resource = Resource { fqn: vec![name.into()], path: "models/shop.yml".into(), refs, ..Resource::new(kind, name.into()) };
        resource.locate("shop", "");
        resource
    };
    let generic =
        |test: &str, name: &str, reads: &[&str]| Resource { generic_test: Some(test.into()), ..of(ResourceKind::Test, name, reads) };
    let resources = [
        Resource { tags: vec!["board".into()], ..of(ResourceKind::Exposure, "weekly_numbers", &["report"]) },
        generic("unique", "unique_sessions_id", &["sessions"]),
        generic("relationships", "relationships_daily_countries", &["daily", "countries"]),
        generic("unique", "unique_gone_id", &["gone"]),
        of(ResourceKind::Test, "no_session_is_long", &["sessions"]),
        of(ResourceKind::UnitTest, "sessions_are_cut", &["sessions"]),
        Resource { measures: vec!["visits".into()], ..of(ResourceKind::SemanticModel, "visits_model", &["sessions"]) },
        Resource { measures: vec!["visits".into()], ..of(ResourceKind::Metric, "visits_metric", &[]) },
        Resource { metrics: vec!["visits_metric".into()], ..of(ResourceKind::SavedQuery, "visits_query", &[]) },
    ];
    let mut graph = shop();
    graph.add_resources(resources.iter());
    graph
}

fn names(found: Result<Selected, Diagnostics>) -> String {
    match found {
        Ok(selected) => {
            let mut names: Vec<_> = selected.nodes.iter().map(|node| node.unique_id.rsplit('.').next().unwrap_or_default()).collect();
            names.sort_unstable();
            names.join(" ")
        }
        Err(wrong) => messages(&wrong.0),
    }
}

fn messages(all: &[Diagnostic]) -> String {
    all.iter().map(|one| [std::slice::from_ref(&one.message), &one.hints].concat().join("; ")).collect::<Vec<_>>().join("\n")
}

fn selection(select: &str, exclude: &str) -> Selection {
    let words = |text: &str| if text.is_empty() { Vec::new() } else { vec![text.to_string()] };
    Selection { select: words(select), exclude: words(exclude), selector: None, state: None }
}

fn typed(select: &str, exclude: &str) -> String {
    names(shop().select(&selection(select, exclude), None, &Past::default()))
}

/// The nodes, and the warnings.
fn warned(select: &str, exclude: &str) -> (String, String) {
    let graph = shop();
    let selected = graph.select(&selection(select, exclude), None, &Past::default()).unwrap();
    let warnings = messages(&selected.warnings);
    (names(Ok(selected)), warnings)
}

fn selectors(yaml: &str) -> SelectorsFile {
    let vars = serde_json::Map::from_iter([("tag".to_string(), json!("weekly"))]);
    let target = serde_json::Map::from_iter([("name".to_string(), json!("dev"))]);
    let scope = YamlScope {
        now: crate::calendar::Instant::UNIX_EPOCH,
        vars: &vars,
        environment: &BTreeMap::new(),
        target: &target,
        secrets: false,
    };
    SelectorsFile::read(SourceFile::new("selectors.yml", yaml), &scope)
}

fn kept(yaml: &str, name: &str) -> String {
    let selector = if name.is_empty() { None } else { Some(name.to_string()) };
    names(shop().select(&Selection { selector, ..Selection::default() }, Some(&selectors(yaml)), &Past::default()))
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
        ("access:protected,package:dates", "calendar"),
        ("config.on_schema_change:ignore,package:dates", "calendar"),
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
fn resources_are_selected_and_walked() {
    let graph = with_resources();
    for (asked, found) in [
        ("+exposure:weekly_numbers", "countries daily events report sessions stg_events"),
        ("1+exposure:shop.weekly_*", "report"),
        ("+tag:board,tag:core", "sessions"),
        ("1+test_name:unique", "sessions"),
        ("1+test_type:unit", "sessions"),
        ("1+test_type:singular", "sessions"),
        ("1+test_name:relationships", "countries daily"),
        ("1+unit_test:sessions_are_cut", "sessions"),
        ("2+metric:visits_metric", "sessions"),
        ("3+saved_query:visits_query", "sessions"),
        ("1+semantic_model:shop.visits_model", "sessions"),
        ("1+unique_sessions_id", "sessions"),
        ("1+resource_type:exposure", "report"),
        ("resource_type:model,shop.marts,access:protected", "daily report sessions"),
        // The test of `daily` reads `countries` too.
        ("@countries", "countries daily events report sessions stg_events"),
        ("test_type:unit", ""),
    ] {
        assert_eq!(names(graph.select(&selection(asked, ""), None, &Past::default())), found, "{asked}");
    }
    let all = graph.select(&selection("", "test_type:data exposure:weekly_numbers"), None, &Past::default()).unwrap();
    assert_eq!((all.nodes.len(), all.warnings.len()), (graph.nodes.len(), 0));
}

#[test]
fn the_past_is_compared_with() {
    let graph = shop();
    let results = BTreeMap::from([("model.shop.daily".to_string(), BTreeSet::from(["error".to_string()]))]);
    let past = Past { results: Some(results), fresher: Some(BTreeSet::from(["source.shop.raw.events".to_string()])), changes: None };
    let of = |asked: &str, past: &Past| names(graph.select(&selection(asked, ""), None, past));
    assert_eq!(of("result:error+", &past), "daily report");
    assert_eq!(of("result:success", &past), "");
    assert_eq!(of("source_status:fresher+1", &past), "events stg_events");
    assert!(of("result:error", &Past::default()).starts_with("`result:error` reads `run_results.json` of an earlier run"));
    assert!(of("source_status:fresher", &Past::default()).contains("one is missing"));
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
        ("config.meta:owner", "`config.meta:owner` selects nothing; no node sets `meta`"),
    ] {
        assert!(typed(asked, "").starts_with(message), "{asked}: {}", typed(asked, ""));
    }
    assert!(typed("sesions tag:dayly", "").lines().count() == 2);
}

#[test]
fn a_part_that_selects_nothing_is_a_warning() {
    let (nodes, warnings) = warned("tag:weekly tag:dayly", "");
    assert_eq!((nodes.as_str(), warnings.as_str()), ("report", "`tag:dayly` selects nothing; did you mean `tag:daily`?"));
    let (nodes, warnings) = warned("", "sesions");
    assert_eq!((nodes.split(' ').count(), warnings.as_str()), (shop().nodes.len(), "`sesions` selects nothing; did you mean `sessions`?"));
    // Each part exists: that they have nothing in common is an answer.
    assert_eq!(warned("tag:weekly,models/staging", ""), (String::new(), "`tag:weekly,models/staging` selects nothing".into()));
    assert_eq!(warned("tag:weekly", "report").0, "");
    assert_eq!(warned("tag:weekly", "report,tag:never").0, "report");
}

#[test]
fn a_named_selector_stands_alone() {
    let graph = shop();
    let asked = Selection { selector: Some("pair".into()), exclude: vec!["report".into()], ..Selection::default() };
    let selected = graph.select(&asked, Some(&selectors(KEPT)), &Past::default()).unwrap();
    assert!(messages(&selected.warnings).starts_with("`--exclude` is ignored, because `--selector` is given"));
    assert_eq!(names(Ok(selected)), "report");
}

#[test]
fn what_cannot_be_read_is_refused() {
    for (asked, message) in [
        ("@sessions+", "`@sessions+` has both an `@` before it and a `+` behind it"),
        ("state:modified", "`state:modified` compares with an earlier plan"),
        ("test_type:unitt", "unknown test type `unitt` in `test_type:unitt`; use one of `generic`, `singular`, `unit`, `data`"),
        ("tags:daily", "unknown method `tags` in `tags:daily`; did you mean `tag:daily`?"),
        ("config:x", "`config:x` names no key"),
        ("resource_type:modell", "unknown resource type `modell`"),
        ("version:newest", "unknown version `newest`"),
        ("access:secret", "unknown access `secret`"),
        ("source:a.b.c.d", "`source:a.b.c.d` has too many parts"),
        ("exposure:a.b.c", "`exposure:a.b.c` has too many parts; write `exposure:name`"),
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
  - {name: jinja, definition: \"tag:{{ var('tag') }}\"}
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
        ("jinja", "report"),
        ("none", ""),
        ("pai?", "report"),
    ] {
        assert_eq!(kept(KEPT, name), found, "{name}");
    }
    let file = selectors(KEPT);
    let combined = Selection { select: vec!["selector:pair tag:core".into()], ..Selection::default() };
    assert_eq!(names(shop().select(&combined, Some(&file), &Past::default())), "report sessions");
}

#[test]
fn a_default_counts_where_nothing_is_asked() {
    let yaml = "selectors: [{name: a, default: true, definition: 'tag:weekly'}]";
    assert_eq!(kept(yaml, ""), "report");
    let excluding = Selection { exclude: vec!["package:shop".into()], ..Selection::default() };
    assert_eq!(names(shop().select(&excluding, Some(&selectors(yaml)), &Past::default())), "calendar");
    assert_eq!(kept(&yaml.replace("true", "\"{{ (target.name == 'dev') | as_bool }}\""), ""), "report");
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
    assert!(kept(KEPT, "typo").ends_with("which means nothing there; did you mean `parents`?"));
    assert!(kept("selectors:\n  - name: a\n    name: b\n", "a").starts_with("`selectors.yml` is not YAML"));
    let file = selectors("selectors:\n  - name: a\n   definition: x\n");
    let named = Selection { selector: Some("a".into()), ..Selection::default() };
    let wrong = shop().select(&named, Some(&file), &Past::default()).unwrap_err();
    assert_eq!(wrong.0[0].at.as_ref().map(Location::line), Some(3));
}
