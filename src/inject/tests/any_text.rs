//! Arbitrary text: no panics, and no changes except at tables.

use super::*;

#[test]
fn no_panics() {
    let deep = |open: &str, inner: &str, close: &str, times: usize| {
        format!("{}{inner}{}", open.repeat(times), close.repeat(times))
    };
    let mark = "⟦raw.a⟧";
    for times in [100, 5_000] {
        for sql in [
            deep("select * from (", &format!("select * from {mark}"), ") x", times),
            format!("select {} from {mark}", deep("(", "1", ")", times)),
            format!("select {} from {mark}", deep("case when a then ", "1", " end", times)),
            format!("select * from {}", deep("(", mark, ")", times)),
            format!("select {} from {mark}", "f(".repeat(times)),
            format!("select * from {mark} where a{}", " and a".repeat(times)),
            format!("select * from {mark}{}", " union all select 1".repeat(times)),
            format!("select {} from {mark}", "not ".repeat(times)),
            format!("select a{} from {mark}", "::int".repeat(times)),
            format!("select a{} from {mark}", ".b".repeat(times)),
            deep("/* ", mark, " */", times),
            deep("$a$ '", mark, "\" ` [", times),
        ] {
            let (text, query) = ask("postgres", &sql);
            let Ok(query) = query else { continue };
            assert!(query.filters.iter().all(|filter| text[filter.span.clone()] == *"raw.a"));
        }
    }
}

#[test]
fn blanks_end_between_letters() {
    for (engine, sql) in [
        (
            "databricks",
            "select id from ⟦raw.a⟧ qualify \u{fffd}) id, t from ⟦raw.a⟧ order by id, f() g \
             (order by t) = 1",
        ),
        (
            "postgres",
            "select sum(id) over (partition by a or\u{fffd}er by t groups between 1 preceding and \
             1 following from ⟦raw.a⟧",
        ),
        ("postgres", "select é) id, 漢) b, f() g (order by t) = 1 from ⟦raw.a⟧ qualify 漢"),
    ] {
        if let (text, Ok(query)) = ask(engine, sql) {
            assert!(query.filters.iter().all(|filter| text.get(filter.span.clone()).is_some()));
        }
    }
}

const BETWEEN: &[&str] = &[
    " ",
    "\n",
    "\r\n",
    "\t ",
    "/* é src.orders */",
    " -- 🎉 from src.orders\n",
    "/* a /* 漢 */ from ⟦raw.x⟧ */",
    "/**/",
];
const SHAPES: &[(&str, &str)] = &[
    ("select * from ⟦raw.a⟧ where a.x = 'é'", "select * from ‹raw.a|a› where a.x = 'é'"),
    (
        "select x.* from ⟦raw.a⟧ as x join src.orders on x.id = orders.id",
        "select x.* from ‹raw.a› as x join ‹src.orders|orders› on x.id = orders.id",
    ),
    (
        "with a as ( select 1 from ⟦\"a\"⟧ ) select 1 from a , ( ⟦raw.b⟧ b cross join ⟦raw.a⟧ ) ;",
        "with a as ( select 1 from ‹\"a\"|\"a\"› ) select 1 from a , ( ‹raw.b› b cross join \
         ‹raw.a|a› ) ;",
    ),
    (
        "select ?!% from ⟦raw.a⟧ left join ⟦raw.b⟧ b on 1 = 1",
        "select ?!% from ‹raw.a|a› left join ‹raw.b› b on 1 = 1",
    ),
];

proptest::proptest! {
    #[test]
    fn only_tables_change(
        shape in 0..SHAPES.len(),
        gaps in proptest::collection::vec(0..BETWEEN.len(), 40),
    ) {
        let (sql, expected) = SHAPES[shape];
        let spread = |text: &str| {
            let words = text.split(' ').zip(&gaps);
            words.map(|(word, gap)| format!("{word}{}", BETWEEN[*gap])).collect::<String>()
        };
        let (text, query) = ask("postgres", &spread(sql));
        let query = query.unwrap_or_else(|error| panic!("{error:?}"));
        assert_eq!(shown(&text, &query), spread(expected).replace(['⟦', '⟧'], ""));
    }
}
