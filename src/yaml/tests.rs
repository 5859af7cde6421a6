//! Trees of YAML, their locations, and rejected input.

use serde_json::json;

use super::*;

fn tree(text: &str) -> (Yaml, Vec<Diagnostic>) {
    parse(&SourceFile::new("a.yml", text)).unwrap()
}

fn text_and_line(yaml: &Yaml) -> (&str, usize) {
    (&yaml.at.file.text[yaml.at.span.clone()], yaml.at.line())
}

#[test]
fn every_value_has_a_location() {
    let (yaml, _) = tree(
        "# é漢\r\nmodels:\r\n  - name: \"é\"\r\n    config: {event_time: at, tags: [a, b]}\r\n    \
         lookback:\r\n      3\r\n",
    );
    let model = &yaml.get("models").unwrap().items()[0];
    assert_eq!(text_and_line(model), ("name: \"é\"", 3));
    let config = model.get("config").unwrap();
    assert_eq!(text_and_line(config), ("config", 4));
    assert_eq!(text_and_line(config.get("event_time").unwrap()), ("event_time: at", 4));
    assert_eq!(text_and_line(&config.get("tags").unwrap().items()[1]), ("b", 4));
    assert_eq!(text_and_line(model.get("lookback").unwrap()), ("lookback", 5));
}

#[test]
fn dates_are_text_and_the_last_of_two_keys_counts() {
    let (yaml, warnings) = tree("begin: 2024-01-01\na: 1\na: 2\n");
    assert_eq!(yaml.json(), json!({"begin": "2024-01-01", "a": 2}));
    assert_eq!((warnings.len(), warnings[0].at.as_ref().unwrap().line()), (1, 3));
}

#[test]
fn aliases_and_merged_keys_are_values_too() {
    let (yaml, _) = tree("base: &b {x: 1, y: 2}\nmore:\n  <<: *b\n  y: 3\nlast: *b\nend: 4\n");
    assert_eq!(yaml.get("more").unwrap().json(), json!({"y": 3, "x": 1}));
    assert_eq!(text_and_line(yaml.get("last").unwrap().get("x").unwrap()).1, 5);
    assert_eq!(text_and_line(yaml.get("end").unwrap()), ("end: 4", 6));
}

#[test]
fn errors_have_locations() {
    let error = parse(&SourceFile::new("a.yml", "a: 1\nb: {{ var('x') }}\n")).unwrap_err();
    assert_eq!(error.at.unwrap().line(), 2);
    assert!(error.hints[0].contains("quotes"), "{}", error.hints[0]);
    assert!(parse(&SourceFile::new("a.yml", "a: [1\n")).is_err());
    assert_eq!(tree("").0.json(), Value::Null);
    let refused = |text: &str| parse(&SourceFile::new("a.yml", text)).unwrap_err().message;
    assert_eq!(refused("a: !odd 1"), "not valid YAML: the tag `!odd` is unknown");
    assert_eq!(
        refused("a: 2024-13-01"),
        "not valid YAML: `2024-13-01` looks like a date, but is not valid"
    );
    assert_eq!(refused("a: ="), "not valid YAML: `=` without quotes is not a value");
    assert_eq!(
        refused("a: *b"),
        "not valid YAML: the anchor of `*b` is missing (line 1, column 4)"
    );
    assert_eq!(
        refused("a: 1\n---\nb: 2"),
        "not valid YAML: more than one document (line 2, column 1)"
    );
    assert_eq!(
        refused("a: \u{1}"),
        "not valid YAML: control characters are not allowed (line 1, column 4)"
    );
}

#[test]
fn keys_keep_their_types() {
    let (yaml, _) = tree("1: a\n'1': b\ntrue: c\nnull: d\n=: e\n2024-01-01: f\n1.5: g\n");
    let keys: Vec<_> = yaml
        .dict()
        .unwrap()
        .keys()
        .map(|key| (scalars::is_text(key), scalars::without_prefix(key)))
        .collect();
    assert_eq!(
        keys,
        [
            (false, "1"),
            (true, "1"),
            (false, "null"),
            (true, "="),
            (false, "2024-01-01"),
            (false, "1.5")
        ]
    );
    assert_eq!(yaml.get("1").unwrap().json(), json!("b"));
    let (yaml, _) = tree("a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc: {z: 3, <<: [*a, *b]}\n");
    let merged = yaml.get("c").unwrap().json();
    assert_eq!(merged, json!({"y": 1, "z": 3, "x": 1}));
    assert_eq!(merged.as_object().unwrap().keys().collect::<Vec<_>>(), ["y", "z", "x"]);
}

#[test]
fn a_block_scalar_may_end_without_a_line_break() {
    for (text, expected) in [
        ("a: |\n  x", "x"),
        ("a: |-\n  x", "x"),
        ("a: |+\n  x", "x"),
        ("a: >\n  x\n  y", "x y"),
        ("a: |\n  x\n  ", "x\n"),
        ("a: |+\n  x\n  ", "x\n"),
        ("a: |\n  x\n    ", "x\n  "),
        ("a: |+\n  x\n\n  ", "x\n\n"),
        ("a: |\n  x ", "x "),
        ("a: |\n é", "é"),
        ("a: |\n  x\n", "x\n"),
    ] {
        let (yaml, _) = tree(text);
        assert_eq!(yaml.get("a").unwrap().json(), json!(expected), "{text:?}");
    }
}
