//! Templates that exceed the limits of a model, contain themselves, or use non-ASCII letters.

use crate::shop::{Shop, ended, refused, said};

#[test]
fn text_beyond_ascii_is_text() {
    let configs = [
        "alias='café'",
        "alias=\"漢字\"",
        "tags=['é', '🎉']",
        "meta={'owner': 'Zoë'}",
        "schema='naïve', description='ü'",
        "alias='a\u{301}'",
        "begin='2024-09-01T00:00:00+٠٢:٠٠'",
    ];
    for config in configs {
        let shop = Shop::of(&format!(
            "{{{{ config({config}) }}}}\nselect ordered_at, order_id as \"é\" from \
             {{{{ source('raw', 'orders') }}}} -- 🎉\n{{# ü #}}"
        ));
        for command in ["compile", "check", "list", "render"] {
            let done = shop.run(&[command]);
            assert!(
                matches!(done.status.code(), Some(0..=2)),
                "{command} {config}: {:?} {}",
                done.status,
                said(&done)
            );
            assert!(!said(&done).contains("internal error"), "{command} {config}: {}", said(&done));
        }
    }
    for template in [
        "{{ '{0[a]é}'.format({'a': 1}) }}",
        "{{ '%(é)s' % {'é': 1} }}{{ 'é%' % () }}",
        "{{ 'é'.center(5, '漢') }}{{ 'é-é'|wordwrap(1) }}{{ 'éé'|truncate(1, end='') }}",
        "{{ modules.re.sub('é', 'ü\\\\é', 'éé') }}",
        "{{ 'é\\é' }}{{ 'é\\",
        "{{ \"é\" é }}",
        "{% é %}{{ é.ü }}{{ é('ü) }}",
    ] {
        ended(
            &Shop::of(&format!(
                "{template}\nselect ordered_at from {{{{ source('raw', 'orders') }}}}"
            ))
            .compile(&[]),
        );
    }
}

/// Each is refused for its cost, and the message names the limit.
#[test]
fn a_model_has_limits_of_memory_and_time() {
    let memory = "more than 256 MiB of memory";
    let nest = "nested deeper than 200 levels";
    let itself = "cannot contain itself";
    let grows = |start: &str, next: &str| {
        format!(
            "{{% set ns = namespace(x={start}, y={start}) %}}{{% for i in range(100000) %}}{{% set ns.x = {next} %}}{{% endfor %}}"
        )
    };
    let long = "{% set x = 'a' * 10000000 %}";
    let cases = [
        (grows("[1, 2]", "ns.x + ns.x"), memory),
        (grows("'ab'", "ns.x ~ ns.x"), "longer than 64 MiB"),
        (grows("[]", "ns.x + ['a' * 10000000 ~ i]"), memory),
        (format!("{long}{{{{ x.replace('a', x) }}}}"), memory),
        (format!("{long}{{{{ x|replace('a', x) }}}}"), memory),
        (format!("{long}{{{{ x.join(range(1000)|map('string')) }}}}"), memory),
        (format!("{long}{{{{ range(1000)|join(x) }}}}"), memory),
        (format!("{long}{{{{ modules.re.sub('a', x, x) }}}}"), memory),
        (format!("{long}{{{{ (x * 6)|list|length }}}}"), memory),
        (format!("{long}{{{{ (x * 6)[::-1] }}}}"), memory),
        ("{% set x = '\\n' * 1000000 %}{{ x|indent(1000, blank=true) }}".to_string(), memory),
        ("{% set x = '\\t' * 1000000 %}{{ x.expandtabs(1000) }}".to_string(), memory),
        ("{{ '%1000000000d' % 1 }}".to_string(), "a width of 1000000000 characters"),
        ("{{ '{:1000000000}'.format(1) }}".to_string(), "a width of 1000000000 characters"),
        ("{{ 'x'.ljust(1000000000) }}".to_string(), "a width of 1000000000 characters"),
        ("{{ 'x'|center(1000000000) }}".to_string(), "a width of 1000000000 characters"),
        ("{{ '1'.zfill(1000000000) }}".to_string(), "a width of"),
        ("{{ 'x'|indent(1000000000) }}".to_string(), "a width of 1000000000 characters"),
        ("{{ [1]|tojson(indent=1000000000) }}".to_string(), "a width of 1000000000 characters"),
        ("{{ '%.100000f' % 1 }}".to_string(), "precision too big"),
        ("{{ 'x' * 10**9 }}".to_string(), "longer than 64 MiB"),
        ("{{ range(10**12)|list }}".to_string(), "Range too big"),
        ("{{ modules.itertools.permutations(range(100000)|list, 3) }}".to_string(), "more than \
            1000000 rows"),
        (format!("{{% for a in range(100000) %}}{}{{% endfor %}}", "x".repeat(10_000)), memory),
        (format!("{{% set y %}}{{% for a in range(100000) %}}{}{{% endfor %}}{{% endset %}}", "x".repeat(10_000)), memory),
        // Values that contain themselves, or nest.
        ("{% set ns = namespace() %}{% set ns.me = ns %}{{ ns }}".to_string(), itself),
        ("{% set ns = namespace() %}{% set l = [] %}{% set ns.l = l %}{% do l.append(ns) %}{{ ns }}".to_string(), itself),
        ("{% set ns = namespace() %}{% set ns.a, ns.b = 1, {'a': (ns,)} %}{{ ns }}".to_string(), itself),
        ("{% set d = {} %}{% do d.update(a=d.values()) %}{{ d }}".to_string(), itself),
        ("{% set s = set([1]) %}{% set ns = namespace(s=s) %}{% do s.add(ns) %}{{ ns }}".to_string(), itself),
        (grows("()", "(ns.x,)"), nest),
        (grows("[]", "[ns.x]"), nest),
        (grows("[]", "{'a': ns.x}"), nest),
        (grows("none", "namespace(x=ns.x)"), nest),
        (grows("none", "cycler(ns.x)"), nest),
        ("{% set r = [] %}{% set ns = namespace(l=r) %}{% for i in range(100000) %}{% set n = [] %}{% do ns.l.append(n) %}{% set ns.l = n %}{% endfor %}{{ r }}".to_string(), nest),
        ("{% set r = namespace() %}{% set ns = namespace(l=r) %}{% for i in range(100000) %}{% set c = ns.l %}{% set n = namespace() %}{% set c.next = n %}{% set ns.l = n %}{% endfor %}{{ r }}".to_string(), nest),
    ];
    for (template, words) in cases {
        let shop = Shop::of(&format!(
            "{template}\nselect ordered_at from {{{{ source('raw', 'orders') }}}}"
        ));
        refused(&shop.compile_within(60, &["--model-timeout", "0"]), words, "models/orders.sql:");
    }
}

#[test]
fn values_that_share_parts_are_not_walked_for_ever() {
    let shared = "{% set ns = namespace(x=[1], y=[1]) %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] %}{% set ns.y = [ns.y, ns.y] %}{% endfor %}";
    for end in [
        "{{ ns.x }}",
        "{{ ns.x == ns.y }}",
        "{{ tojson(ns.x) }}",
        "{{ config(meta={'x': ns.x}) }}",
        "{{ ns.x|pprint }}",
        "{{ ns.x < ns.y }}",
    ] {
        let shop = Shop::of(&format!(
            "{shared}{end}\nselect ordered_at from {{{{ source('raw', 'orders') }}}}"
        ));
        let done = shop.compile(&["--model-timeout", "2"]);
        let late = "compiling the model takes more than 2 seconds";
        refused(
            &done,
            if said(&done).contains(late) { late } else { "256 MiB" },
            "models/orders.sql:",
        );
    }
    let shop = Shop::new();
    let long = ["'x' * 60000000"; 6].join(", ");
    shop.write(
        "models/orders.yml",
        &format!(
            "models: [{{name: orders, config: {{meta: {{x: \"{{{{ [{long}]|length }}}}\"}}}}}}]"
        ),
    );
    refused(&shop.compile(&[]), "256 MiB", "models/orders.yml:1");
}

#[test]
fn a_model_that_costs_too_much_keeps_no_other_from_being_compiled() {
    let shop = Shop::new();
    shop.write("models/costly.sql", "{% set l = [1, 2] %}{% for i in range(100) %}{% do l.extend(l) %}{% endfor %}select 1 as n");
    let done = shop.compile(&["--select", "orders"]);
    assert_eq!(done.status.code(), Some(0), "{}", said(&done));
    assert!(said(&done).contains("256 MiB"), "{}", said(&done));
}

/// The parser of SQL has no checks, so the watchdog ends its work.
#[test]
fn work_that_cannot_be_interrupted_is_an_error_of_its_model() {
    let columns: String = (0..600_000).map(|nth| format!(", order_id::int as c{nth}")).collect();
    let shop =
        Shop::of(&format!("select ordered_at{columns} from {{{{ source('raw', 'orders') }}}}"));
    shop.write(
        "models/broken.sql",
        "{{ config(materialized='table') }}select {{ 1 / 0 if execute }} as n",
    );
    let done = shop.compile_within(120, &["--model-timeout", "1"]);
    refused(&done, "compiling the model takes more than 1 second", "models/orders.sql:");
    refused(&done, "division by zero", "models/broken.sql:");
}

/// Long texts are compiled or rejected in a time that grows linearly with their length.
#[test]
fn long_queries_take_time_with_their_length() {
    let source = "{{ source('raw', 'orders') }}";
    let select = format!("select ordered_at, order_id from {source}");
    let many = |part: &str, count: usize, between: &str| vec![part; count].join(between);
    let columns: String = (0..40_000).map(|nth| format!(", c{nth}")).collect();
    let casts: String = (0..10_000).map(|nth| format!(", a::int as c{nth}")).collect();
    let cases = [
        many(&select, 2_000, "\nunion all\n"),
        format!("select ordered_at, a{} as b from {source}", "::int".repeat(50_000)),
        format!("select ordered_at{columns} from {source}"),
        format!("select ordered_at{casts} from {source}"),
        format!("{select} where {}", many("order_id > 1", 10_000, " and ")),
        format!(
            "select ordered_at, {}1{} as x from {source}",
            "(".repeat(100_000),
            ")".repeat(100_000)
        ),
        format!("{select} where {}", "(".repeat(100_000)),
        format!("{select}{}x y z", " ".repeat(1_000_000)),
        format!("{select}{}", "\n-- x".repeat(100_000)),
        format!("{}{select}", "{% do exceptions.warn('w' ~ range(10)) %}".repeat(1_000)),
        format!(
            "{{% for i in range(100000) %}}{{% do exceptions.warn('w' ~ i) %}}{{% endfor %}}{select}"
        ),
        format!(
            "{{% set ns = namespace(x='') %}}{{% for i in range(10000) %}}{{% set ns.x = ns.x ~ 'a text of some letters' %}}{{% endfor %}}{select}"
        ),
    ];
    for (nth, query) in cases.iter().enumerate() {
        let shop = Shop::of(query);
        let done = shop.compile_within(90, &["--model-timeout", "0"]);
        assert!(
            matches!(done.status.code(), Some(0 | 2)),
            "case {nth}: {:?} {}",
            done.status,
            said(&done)
        );
    }
}

#[test]
fn deep_yaml_is_refused_soon() {
    let deep = [
        format!("models: {}{}", "[".repeat(100_000), "]".repeat(100_000)),
        format!("models: {}", "{a: ".repeat(100_000)),
        "- ".repeat(100_000),
        (0..2_000).map(|level| format!("{}a:\n", " ".repeat(level))).collect(),
        format!("models: &a [{}]", "*a, ".repeat(100_000)),
        format!("models: {}", "!!str ".repeat(100_000)),
        format!("? {}", "? ".repeat(100_000)),
    ];
    for file in ["models/deep.yml", "dbt_project.yml", "selectors.yml", "profiles.yml"] {
        for text in &deep {
            let shop = Shop::new();
            shop.write(file, text);
            let done = shop.compile_within(30, &[]);
            assert!(
                matches!(done.status.code(), Some(0 | 2)),
                "{file} {}: {:?} {}",
                &text[..20],
                done.status,
                said(&done)
            );
        }
    }
}
