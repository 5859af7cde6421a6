//! Selections in a small project.

use serde_json::{Value, json};

use std::collections::BTreeMap;

use super::*;
use crate::config::Column;
use crate::diagnostics::{Diagnostics, Location, SourceFile};
use crate::graph::link;
use crate::graph::sample::{inside, model, seed, set, source, tagged, versioned};
use crate::jinja::{RefCall, YamlScope};
use crate::project::{GenericTest, Resource, ResourceKind, Uniqueness};

/// `raw.events` → `stg_events` → `sessions` → `daily` → `report`; `countries` → `daily`; `orders`
/// in three versions.
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
                set(
                    "lookback",
                    json!(3),
                    tagged(&["daily", "core"], model("sessions", &["stg_events"])),
                ),
            ),
        ),
        inside(
            "marts/core",
            set(
                "meta",
                json!({"owner": "ann", "on_call": true}),
                model("daily", &["sessions", "countries"]),
            ),
        ),
        inside("marts", tagged(&["weekly"], model("report", &["daily"]))),
        versioned("orders", "1", false),
        versioned("orders", "2", true),
        versioned("orders", "3", false),
        lib,
    ];
    link(nodes, "shop", &["old_orders".into()], &[]).unwrap()
}

/// An exposure of `report`, a test and a unit test of `sessions`, and a test that compares `daily`
/// with `countries`.
fn with_resources() -> Graph {
    let entry = |of: Value| of.as_object().cloned().unwrap();
    let of = |kind, name: &str, reads: &[&str]| {
        let refs = reads
            .iter()
            .map(|name| RefCall { package: None, name: (*name).into(), version: None })
            .collect();
        let mut resource = Resource {
            fqn: vec![name.into()],
            path: "models/shop.yml".into(),
            refs,
            ..Resource::new(kind, name.into())
        };
        resource.locate("shop", "");
        resource
    };
    let generic = |test: &str, name: &str, reads: &[&str]| Resource {
        generic_test: Some(GenericTest { name: test.into(), ..GenericTest::default() }),
        ..of(ResourceKind::Test, name, reads)
    };
    let resources = [
        Resource {
            tags: vec!["board".into()],
            ..of(ResourceKind::Exposure, "weekly_numbers", &["report"])
        },
        generic("unique", "unique_sessions_id", &["sessions"]),
        generic("relationships", "relationships_daily_countries", &["daily", "countries"]),
        generic("unique", "unique_gone_id", &["gone"]),
        of(ResourceKind::Test, "no_session_is_long", &["sessions"]),
        of(ResourceKind::UnitTest, "sessions_are_cut", &["sessions"]),
        Resource {
            measures: vec!["visits".into()],
            entry: entry(json!({
                "defaults": {"agg_time_dimension": "begins_on"},
                "entities": [{"name": "visit_id", "type": "primary"}],
                "dimensions": [{"name": "begins_on", "type": "time"}],
                "measures": [{"name": "visits", "agg": "sum"}],
            })),
            ..of(ResourceKind::SemanticModel, "visits_model", &["sessions"])
        },
        Resource {
            measures: vec!["visits".into()],
            entry: entry(json!({"type": "simple", "type_params": {"measure": "visits"}})),
            ..of(ResourceKind::Metric, "visits_metric", &[])
        },
        Resource {
            metrics: vec!["visits_metric".into()],
            ..of(ResourceKind::SavedQuery, "visits_query", &[])
        },
    ];
    let mut graph = shop();
    // The semantic layer needs a time spine.
    let spine = graph.nodes.get_mut("model.shop.daily").unwrap();
    spine.attributes = entry(json!({"time_spine": {"standard_granularity_column": "day"}}));
    spine.columns.push(Column {
        name: "day".into(),
        data_type: None,
        quote: false,
        description: String::new(),
        constraints: Vec::new(),
        uniqueness: Uniqueness::default(),
        attributes: entry(json!({"granularity": "day"})),
    });
    assert_eq!(graph.add_resources(&resources, Vec::new()).0, []);
    graph
}

fn names(selected: Result<Selected, Diagnostics>) -> String {
    match selected {
        Ok(selected) => {
            let mut names: Vec<_> = selected
                .nodes
                .iter()
                .map(|node| node.unique_id.rsplit('.').next().unwrap_or_default())
                .collect();
            names.sort_unstable();
            names.join(" ")
        }
        Err(errors) => messages(&errors.0),
    }
}

fn messages(all: &[Diagnostic]) -> String {
    all.iter()
        .map(|one| [std::slice::from_ref(&one.message), &one.hints].concat().join("; "))
        .collect::<Vec<_>>()
        .join("\n")
}

fn selection(select: &str, exclude: &str) -> Selection {
    let words = |text: &str| if text.is_empty() { Vec::new() } else { vec![text.to_string()] };
    Selection { select: words(select), exclude: words(exclude), ..Selection::default() }
}

fn typed(select: &str, exclude: &str) -> String {
    names(shop().select(&selection(select, exclude), None, &PreviousState::default()))
}

/// The nodes, and the warnings.
fn warned(select: &str, exclude: &str) -> (String, String) {
    let graph = shop();
    let selected =
        graph.select(&selection(select, exclude), None, &PreviousState::default()).unwrap();
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
    SelectorsFile::read(SourceFile::new("selectors.yml", yaml), &scope, &mut Diagnostics::default())
}

fn selected_by(yaml: &str, name: &str) -> String {
    let selector = if name.is_empty() { None } else { Some(name.to_string()) };
    names(shop().select(
        &Selection { selector, ..Selection::default() },
        Some(&selectors(yaml)),
        &PreviousState::default(),
    ))
}

#[test]
fn each_method_finds_its_nodes() {
    for (text, expected) in [
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
        assert_eq!(typed(text, ""), expected, "{text}");
    }
}

#[test]
fn graph_operators_add_relatives() {
    for (text, expected) in [
        ("+sessions", "events sessions stg_events"),
        ("1+sessions", "sessions stg_events"),
        ("sessions+", "daily report sessions"),
        ("sessions+1", "daily sessions"),
        ("1+sessions+1", "daily sessions stg_events"),
        ("source:raw+", "clicks daily events report sessions stg_events"),
        ("@stg_events", "countries daily events report sessions stg_events"),
        ("+tag:weekly,tag:core+", "daily report sessions"),
    ] {
        assert_eq!(typed(text, ""), expected, "{text}");
    }
}

#[test]
fn spaces_unite_commas_intersect_and_exclude_subtracts() {
    assert_eq!(typed("report tag:daily", ""), "report sessions stg_events");
    assert_eq!(typed("tag:daily,models/marts report", ""), "report sessions");
    assert_eq!(typed("tag:daily", "models/staging"), "sessions");
    assert_eq!(typed("", "package:this"), "calendar");
    assert_eq!(typed("+sessions", "+stg_events resource_type:seed"), "sessions");
}

#[test]
fn resources_are_selected_and_walked() {
    let graph = with_resources();
    for (text, expected) in [
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
        assert_eq!(
            names(graph.select(&selection(text, ""), None, &PreviousState::default())),
            expected,
            "{text}"
        );
    }
    let all = graph
        .select(
            &selection("", "test_type:data exposure:weekly_numbers"),
            None,
            &PreviousState::default(),
        )
        .unwrap();
    assert_eq!((all.nodes.len(), all.warnings.len()), (graph.nodes.len(), 0));
}

#[test]
fn earlier_runs_are_compared() {
    let graph = shop();
    let results =
        BTreeMap::from([("model.shop.daily".to_string(), BTreeSet::from(["error".to_string()]))]);
    let previous = PreviousState {
        results: Some(results),
        fresher: Some(BTreeSet::from(["source.shop.raw.events".to_string()])),
        changes: None,
    };
    let of = |text: &str, previous: &PreviousState| {
        names(graph.select(&selection(text, ""), None, previous))
    };
    assert_eq!(of("result:error+", &previous), "daily report");
    assert_eq!(of("result:success", &previous), "");
    assert_eq!(of("source_status:fresher+1", &previous), "events stg_events");
    assert!(
        of("result:error", &PreviousState::default())
            .starts_with("`result:error` needs `run_results.json` of an earlier run")
    );
    assert!(of("source_status:fresher", &PreviousState::default()).contains("but one is missing"));
}

#[test]
fn a_term_that_selects_nothing_is_an_error_with_the_most_similar() {
    for (text, message) in [
        ("sesions", "`sesions` selects nothing; did you mean `sessions`?"),
        ("tag:dayly", "`tag:dayly` selects nothing; did you mean `tag:daily`?"),
        ("+2+tag:dialy", "`2+tag:dialy` selects nothing"),
        ("weekly", "`weekly` selects nothing; did you mean `tag:weekly`?"),
        ("raw.events", "`raw.events` selects nothing; did you mean `source:raw.events`?"),
        ("models/mart", "`models/mart` selects nothing; did you mean `models/marts`?"),
        (
            "config.materialized:incremantal",
            "`config.materialized:incremantal` selects nothing; did you mean \
             `config.materialized:incremental`?",
        ),
        ("config.group:x", "`config.group:x` selects nothing; no node sets `group`"),
        (
            "old_orders",
            "`old_orders` selects nothing; `old_orders` is disabled: set its `enabled` to `true`",
        ),
        ("package:zzz", "`package:zzz` selects nothing; known: `dates`, `shop`"),
        ("config.meta:owner", "`config.meta:owner` selects nothing; no node sets `meta`"),
    ] {
        assert!(typed(text, "").starts_with(message), "{text}: {}", typed(text, ""));
    }
    assert!(typed("sesions tag:dayly", "").lines().count() == 2);
}

#[test]
fn a_part_that_selects_nothing_is_a_warning() {
    let (nodes, warnings) = warned("tag:weekly tag:dayly", "");
    assert_eq!(
        (nodes.as_str(), warnings.as_str()),
        ("report", "`tag:dayly` selects nothing; did you mean `tag:daily`?")
    );
    let (nodes, warnings) = warned("", "sesions");
    assert_eq!(
        (nodes.split(' ').count(), warnings.as_str()),
        (shop().nodes.len(), "`sesions` selects nothing; did you mean `sessions`?")
    );
    // Each part matches something, but their intersection is empty: a normal result.
    assert_eq!(
        warned("tag:weekly,models/staging", ""),
        (String::new(), "`tag:weekly,models/staging` selects nothing".into())
    );
    assert_eq!(warned("tag:weekly", "report").0, "");
    assert_eq!(warned("tag:weekly", "report,tag:never").0, "report");
}

#[test]
fn a_named_selector_overrides_select_and_exclude() {
    let graph = shop();
    let by_name = Selection {
        selector: Some("pair".into()),
        exclude: vec!["report".into()],
        ..Selection::default()
    };
    let selected =
        graph.select(&by_name, Some(&selectors(SELECTORS)), &PreviousState::default()).unwrap();
    assert!(
        messages(&selected.warnings)
            .starts_with("`--exclude` is ignored because `--selector` is given")
    );
    assert_eq!(names(Ok(selected)), "report");
}

#[test]
fn an_invalid_selection_is_refused() {
    for (text, message) in [
        ("@sessions+", "`@sessions+` has both a leading `@` and a trailing `+`"),
        ("state:modified", "`state:modified` needs an earlier plan"),
        (
            "test_type:unitt",
            "unknown test type `unitt` in `test_type:unitt`; use one of `generic`, `singular`, \
             `unit`, `data`",
        ),
        ("tags:daily", "unknown method `tags` in `tags:daily`; did you mean `tag:daily`?"),
        ("config:x", "`config:x` has no configuration key"),
        ("resource_type:modell", "unknown resource type `modell`"),
        ("version:newest", "unknown version `newest`"),
        ("access:secret", "unknown access `secret`"),
        ("source:a.b.c.d", "`source:a.b.c.d` has too many parts"),
        ("exposure:a.b.c", "`exposure:a.b.c` has too many parts; write `exposure:name`"),
        ("a,,b", "`a,,b` has an empty part next to a comma"),
        ("tag:", "`tag:` has no value to select"),
        ("+", "`+` has no value to select"),
        (" ", "the selection is empty"),
        ("tag:[z-a]", "`tag:[z-a]` is not a pattern"),
    ] {
        assert!(typed(text, "").starts_with(message), "{text}: {}", typed(text, ""));
    }
}

const SELECTORS: &str = "
selectors:
  - name: text
    definition: '+tag:core,package:this'
  - name: pair
    definition: {tag: weekly}
  - name: grown
    definition: \
    {method: fqn, value: sessions, parents: true, parents_depth: 1, children: true, \
    exclude: [report]}
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
fn selectors_of_the_project_are_resolved() {
    for (name, expected) in [
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
        assert_eq!(selected_by(SELECTORS, name), expected, "{name}");
    }
    let file = selectors(SELECTORS);
    let combined =
        Selection { select: vec!["selector:pair tag:core".into()], ..Selection::default() };
    assert_eq!(
        names(shop().select(&combined, Some(&file), &PreviousState::default())),
        "report sessions"
    );
}

#[test]
fn the_default_selector_applies_without_flags() {
    let yaml = "selectors: [{name: a, default: true, definition: 'tag:weekly'}]";
    assert_eq!(selected_by(yaml, ""), "report");
    let excluding = Selection { exclude: vec!["package:shop".into()], ..Selection::default() };
    assert_eq!(
        names(shop().select(&excluding, Some(&selectors(yaml)), &PreviousState::default())),
        "calendar"
    );
    assert_eq!(
        selected_by(&yaml.replace("true", "\"{{ (target.name == 'dev') | as_bool }}\""), ""),
        "report"
    );
    assert_eq!(selected_by("", "").split(' ').count(), shop().nodes.len());
    assert!(
        selected_by(&yaml.replace("true", "'{{ target.name }}'"), "")
            .contains("neither `true` nor `false`")
    );
    assert!(
        selected_by(
            "selectors: [{name: a, default: true, definition: b}, \
            {name: b, default: true, definition: b}]",
            ""
        )
        .contains("as has `a`")
    );
}

#[test]
fn an_invalid_file_is_reported_with_its_line() {
    assert!(selected_by(SELECTORS, "pairs").starts_with(
        "unknown selector `pairs`: not found in `selectors.yml`; did you mean `pair`?"
    ));
    assert!(selected_by(SELECTORS, "loop").starts_with("the selector `loop` is defined by itself"));
    assert!(selected_by(SELECTORS, "typo").ends_with("in its definition; did you mean `parents`?"));
    assert!(
        selected_by("selectors: []\n---\n", "a")
            .starts_with("not valid YAML: more than one document")
    );
    let file = selectors("selectors:\n  - name: a\n   definition: x\n");
    let named = Selection { selector: Some("a".into()), ..Selection::default() };
    let errors = shop().select(&named, Some(&file), &PreviousState::default()).unwrap_err();
    assert_eq!(errors.0[0].at.as_ref().map(Location::line), Some(3));
}
