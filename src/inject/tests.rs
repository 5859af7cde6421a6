//! Queries and their filters. `⟦raw.events⟧` is rendered by Jinja, `⟦!raw.events⟧` with
//! `.render()`, `⟦=raw.events⟧` is `this`; `src.orders` is a source, `raw.whole` has no event time.
//! `‹t›` is `t` with its filter, `‹t|a›` is `t` with its filter and the alias `a`.

use super::*;
use crate::jinja::MarkKind;

mod any_text;
mod parsed_forms;
mod reads;
mod table_modifiers;
mod types;

/// Extracts the marks from a text.
fn marked(sql: &str) -> (String, Vec<Mark>, Vec<Input>) {
    let (mut text, mut marks) = (String::new(), Vec::new());
    let mut inputs = vec![input("src.orders", true)];
    for piece in sql.split('⟦') {
        let Some((name, rest)) = piece.split_once('⟧') else {
            text.push_str(piece);
            continue;
        };
        let kind = name.chars().next().filter(|kind| "!=".contains(*kind));
        let name = name.trim_start_matches(['!', '=']);
        let id = name.replace(['"', '`', '[', ']'], "");
        let span = text.len()..text.len() + name.len();
        inputs.push(Input { filtered: id != "raw.whole", ..input(&id, false) });
        let kind = match kind {
            Some('!') => MarkKind::OptOut(id),
            Some(_) => MarkKind::This,
            None => MarkKind::Input(id),
        };
        marks.push(Mark { span, kind });
        text.push_str(name);
        text.push_str(rest);
    }
    (text, marks, inputs)
}

fn input(id: &str, by_name: bool) -> Input {
    let plain_names =
        if by_name { vec![id.split('.').map(String::from).collect()] } else { Vec::new() };
    Input { unique_id: id.to_string(), filtered: true, plain_names, ..Input::default() }
}

/// A table with its filter.
fn wrapped(filter: &Filter, condition: &str) -> String {
    let alias = filter.alias.as_ref().map(|alias| format!(" as {alias}")).unwrap_or_default();
    let hidden: String = filter.hidden.iter().map(|column| format!(", {column}")).collect();
    format!("(select *{hidden} from {}{condition}){alias}", filter.relation)
}

fn ask(engine: &str, sql: &str) -> (String, Result<Query, Diagnostic>) {
    let (text, marks, inputs) = marked(sql);
    let within = |filter: &Filter| wrapped(filter, " where ts >= '2024-09-01'");
    let columns = |id: &str| {
        (id == "raw.events")
            .then(|| ["id", "ts"].map(|name| ResultColumn::named(name, false)).to_vec())
    };
    let hidden = ["rowid".to_string(), "$*".to_string()];
    let injection = Injection {
        sql: &text,
        marks: &marks,
        inputs: &inputs,
        columns: &columns,
        within: &within,
        hidden: &hidden,
        types: false,
    };
    let query = filters(&injection, &*parser(engine));
    (text, query)
}

fn shown(text: &str, query: &Query) -> String {
    let filter = |filter: &Filter| match &filter.alias {
        Some(alias) => format!("‹{}|{alias}›", filter.relation),
        None => format!("‹{}›", filter.relation),
    };
    splice(text, query.filters.iter().map(|each| (each.span.clone(), filter(each))))
}

#[track_caller]
fn gives(engine: &str, sql: &str, expected: &str) {
    let (text, query) = ask(engine, sql);
    let query = query.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    assert_eq!(shown(&text, &query), expected, "{engine}: {:?}", query.warnings);
    assert_eq!(query.warnings, [], "{engine}: {sql}");
}

#[track_caller]
fn rejects(engine: &str, sql: &str, message: &str) {
    let (text, query) = ask(engine, sql);
    match query {
        Ok(query) => panic!("{}", shown(&text, &query)),
        Err(error) => assert!(error.message.contains(message), "{error:?}"),
    }
}

#[test]
fn names_of_engines() {
    for (engine, sql, expected) in [
        ("postgres", "select * from ⟦raw.events⟧", "select * from ‹raw.events|events›"),
        (
            "postgres",
            "select * from ⟦\"db\".\"Raw\".\"Events\"⟧ e",
            "select * from ‹\"db\".\"Raw\".\"Events\"› e",
        ),
        (
            "postgres",
            "select * from ⟦\"db\".\"raw\".\"ev\"\"ents\"⟧",
            "select * from ‹\"db\".\"raw\".\"ev\"\"ents\"|\"ev\"\"ents\"›",
        ),
        ("postgres", "table ⟦raw.events⟧", "‹raw.events›"),
        (
            "postgres",
            "with x as (table ⟦raw.events⟧ limit 3) table x",
            "with x as (‹raw.events› limit 3) table x",
        ),
        ("bigquery", "select * from ⟦`a.b.c`⟧", "select * from ‹`a.b.c`|`c`›"),
        ("bigquery", "select * from ⟦`a`.`b`.`c`⟧ as x", "select * from ‹`a`.`b`.`c`› as x"),
        ("bigquery", "select * from ⟦`my-p`.b.c⟧", "select * from ‹`my-p`.b.c|c›"),
        ("bigquery", "select * from ⟦my-p.b.c⟧", "select * from ‹my-p.b.c|c›"),
        (
            "mssql",
            "select * from ⟦[db].[raw].[events]⟧",
            "select * from ‹[db].[raw].[events]|[events]›",
        ),
        ("databricks", "select * from ⟦`c`.`s`.`t`⟧", "select * from ‹`c`.`s`.`t`|`t`›"),
        (
            "snowflake",
            "select * from ⟦db.raw.events⟧ as \"E\"",
            "select * from ‹db.raw.events› as \"E\"",
        ),
        ("clickhouse", "select * from ⟦`raw`.`events`⟧", "select * from ‹`raw`.`events`|`events`›"),
        ("mysql", "select * from ⟦`raw`.`events`⟧ e", "select * from ‹`raw`.`events`› e"),
        ("duckdb", "from ⟦raw.events⟧", "from ‹raw.events|events›"),
        ("duckdb", "from ⟦raw.events⟧ e select e.id", "from ‹raw.events› e select e.id"),
        ("sqlite", "select * from ⟦events⟧", "select * from ‹events|events›"),
    ] {
        gives(engine, sql, expected);
    }
}

#[test]
fn shapes_of_queries() {
    for (sql, expected) in [
        (
            "select * from ⟦raw.a⟧ a join ⟦raw.b⟧ using (id)",
            "select * from ‹raw.a› a join ‹raw.b|b› using (id)",
        ),
        (
            "select * from ⟦raw.a⟧ x, ⟦raw.a⟧ as y where x.id = y.id",
            "select * from ‹raw.a› x, ‹raw.a› as y where x.id = y.id",
        ),
        (
            "select * from (⟦raw.a⟧ a join ⟦raw.b⟧ b on a.id = b.id)",
            "select * from (‹raw.a› a join ‹raw.b› b on a.id = b.id)",
        ),
        ("select * from (⟦raw.a⟧) x", "select * from (‹raw.a›) x"),
        (
            "select * from ((⟦raw.a⟧)) as x where x.id > 1",
            "select * from ((‹raw.a›)) as x where x.id > 1",
        ),
        ("select * from (⟦raw.a⟧)", "select * from (‹raw.a|a›)"),
        ("select * from (⟦raw.a⟧ x)", "select * from (‹raw.a› x)"),
        ("select * from (select * from ⟦raw.a⟧) x", "select * from (select * from ‹raw.a|a›) x"),
        (
            "select 1 from ⟦raw.a⟧ where exists (select 1 from ⟦raw.b⟧ b where b.id = a.id)",
            "select 1 from ‹raw.a|a› where exists (select 1 from ‹raw.b› b where b.id = a.id)",
        ),
        (
            "select (select max(id) from ⟦raw.a⟧) m, 1 in (select id from ⟦raw.b⟧) from \
             src.orders o",
            "select (select max(id) from ‹raw.a|a›) m, 1 in (select id from ‹raw.b|b›) from \
             ‹src.orders› o",
        ),
        (
            "select id from ⟦raw.a⟧ union all (select id from ⟦raw.b⟧) except select id from \
             ⟦raw.a⟧",
            "select id from ‹raw.a|a› union all (select id from ‹raw.b|b›) except select id from \
             ‹raw.a|a›",
        ),
        (
            "select * from ⟦raw.a⟧ a, lateral (select * from ⟦raw.b⟧ b where b.id = a.id) l",
            "select * from ‹raw.a› a, lateral (select * from ‹raw.b› b where b.id = a.id) l",
        ),
        ("select * from ⟦raw.a⟧ a (x, y)", "select * from ‹raw.a› a (x, y)"),
        ("(select * from ⟦raw.a⟧);", "(select * from ‹raw.a|a›);"),
        (
            "with x as (select * from ⟦raw.a⟧), y as (select * from x) select * from y -- done",
            "with x as (select * from ‹raw.a|a›), y as (select * from x) select * from y -- done",
        ),
        ("select * from ⟦raw.a⟧ -- the events", "select * from ‹raw.a|a› -- the events"),
        (
            "select * from ⟦raw.a⟧-- x\nwhere a.id = 1",
            "select * from ‹raw.a|a›-- x\nwhere a.id = 1",
        ),
        (
            "select a.*, count(*) over (partition by (select 1 from ⟦raw.b⟧)) from ⟦raw.a⟧ order \
             by (select 1 from ⟦raw.c⟧)",
            "select a.*, count(*) over (partition by (select 1 from ‹raw.b|b›)) from ‹raw.a|a› \
             order by (select 1 from ‹raw.c|c›)",
        ),
        (
            "with recursive t as (select id from ⟦raw.a⟧ union all select id + 1 from t join \
             ⟦raw.b⟧ b using (id)) select * from t",
            "with recursive t as (select id from ‹raw.a|a› union all select id + 1 from t join \
             ‹raw.b› b using (id)) select * from t",
        ),
    ] {
        gives("generic", sql, expected);
        gives("snowflake", sql, expected);
    }
}

#[test]
fn tables_that_are_not_inputs() {
    for (sql, expected) in [
        (
            "select 'raw.events', \"src.orders\" /* ⟦raw.a⟧ src.orders */ from x -- src.orders, \
             ⟦raw.a⟧",
            "select 'raw.events', \"src.orders\" /* raw.a src.orders */ from x -- src.orders, \
             raw.a",
        ),
        ("select '⟦raw.a⟧' as name from ⟦raw.a⟧ a", "select 'raw.a' as name from ‹raw.a› a"),
        ("with a as (select 1) select * from ⟦a⟧", "with a as (select 1) select * from a"),
        (
            "with a as (select * from ⟦a⟧) select * from a",
            "with a as (select * from ‹a|a›) select * from a",
        ),
        (
            "with b as (select * from ⟦a⟧), a as (select 1) select * from A, b",
            "with b as (select * from ‹a|a›), a as (select 1) select * from A, b",
        ),
        (
            "with a as (select 1) select * from (with b as (select * from ⟦a⟧) select * from b) x",
            "with a as (select 1) select * from (with b as (select * from a) select * from b) x",
        ),
        (
            "select * from (with a as (select 1) select * from a) x, ⟦a⟧",
            "select * from (with a as (select 1) select * from a) x, ‹a|a›",
        ),
        (
            "select * from ⟦!raw.a⟧ a join ⟦=raw.me⟧ on true join ⟦raw.whole⟧ on true",
            "select * from raw.a a join raw.me on true join raw.whole on true",
        ),
        (
            "select * from src.orders, orders, other.src.orders, src.orders_2",
            "select * from ‹src.orders|orders›, orders, other.src.orders, src.orders_2",
        ),
        (
            "select * from SRC.\"orders\", src.\"Orders\", \"src\".\"orders\" o",
            "select * from ‹SRC.\"orders\"|\"orders\"›, src.\"Orders\", ‹\"src\".\"orders\"› o",
        ),
    ] {
        gives("postgres", sql, expected);
    }
    let (_, query) = ask(
        "postgres",
        "select * from ⟦!raw.a⟧ a join ⟦raw.whole⟧ w on true join ⟦raw.b⟧ b on true",
    );
    let query = query.expect("it is a query");
    let read: Vec<_> = query.reads.into_iter().map(|read| (read.name, read.access)).collect();
    let read_as = [
        ("raw.a", Access::OptedOut),
        ("raw.whole", Access::NoEventTime),
        ("raw.b", Access::Filtered),
    ];
    assert_eq!(read, read_as.map(|(name, access)| (name.to_string(), access)));
}

#[test]
fn comments_that_touch_an_operator() {
    for sql in [
        "select a ||/* from ⟦raw.a⟧ */ b from x",
        "select a %/* from ⟦raw.a⟧ */ ?! from x",
        "select a from x, b %/* ⟦raw.a⟧ */ ?!",
    ] {
        let (text, query) = ask("postgres", sql);
        assert_eq!(shown(&text, &query.expect("it is a query")), text);
    }
}

#[test]
fn deep_queries() {
    let nested =
        |inner: &str| format!("{}{inner}{}", "select * from (".repeat(80), ") x".repeat(80));
    gives("postgres", &nested("select * from ⟦raw.a⟧"), &nested("select * from ‹raw.a|a›"));
    let chain = |inner: &str| format!("select * from {inner} where a{}", " and a".repeat(5000));
    gives("postgres", &chain("⟦raw.a⟧"), &chain("‹raw.a|a›"));
}

#[test]
fn rejected_queries() {
    for (sql, message) in [
        ("select raw.events.id from ⟦raw.events⟧", "qualified by `raw.events`"),
        (
            "select events.id from ⟦db.raw.events⟧ where raw.events.id = 1",
            "qualified by `raw.events`",
        ),
        ("select db.raw.events.* from ⟦db.raw.events⟧", "qualified by `db.raw.events`"),
        ("select * from ⟦ds.t⟧, ds.t.items", "qualified by `ds.t`"),
        ("select * from x as src, src.orders", "a source or a column"),
        ("insert into x select 1", "not a query"),
        ("with x as (select 1) insert into y select * from x", "not a query"),
        ("select 1; select 2", "more than one statement"),
        (" -- nothing\n/* at all */ ", "empty"),
        ("", "empty"),
    ] {
        rejects("postgres", sql, message);
    }
    gives(
        "postgres",
        "select e.raw.events from ⟦raw.events⟧ e;;",
        "select e.raw.events from ‹raw.events› e;;",
    );
}

#[test]
fn layout_is_preserved() {
    for (sql, expected) in [
        (
            "select '🎉é' as x,\r\n\tid\r\nfrom\t⟦raw.\"é漢\"⟧\r\nwhere true",
            "select '🎉é' as x,\r\n\tid\r\nfrom\t‹raw.\"é漢\"|\"é漢\"›\r\nwhere true",
        ),
        (
            "/* a /* b */ c 漢 */ select $tag$ from ⟦raw.b⟧ $tag$ from ⟦raw.a⟧ /* x */ as /* y */ a",
            "/* a /* b */ c 漢 */ select $tag$ from raw.b $tag$ from ‹raw.a› /* x */ as /* y */ a",
        ),
        ("select 1 from raw . events, ⟦raw.a⟧", "select 1 from raw . events, ‹raw.a|a›"),
        ("select 1 from src /* x */ . orders o", "select 1 from ‹src /* x */ . orders› o"),
        ("select 1 from ⟦raw.a⟧ --final 漢\n x", "select 1 from ‹raw.a› --final 漢\n x"),
    ] {
        gives("postgres", sql, expected);
    }
}

#[test]
fn columns_of_the_result() {
    for (sql, expected) in [
        ("select id, e.ts as at, e.\"Kind\" from ⟦raw.events⟧ e", Some("id at \"Kind\"")),
        ("select * from ⟦raw.events⟧", Some("id ts")),
        ("select e.*, 1 as one from ⟦raw.events⟧ e, ⟦raw.b⟧", Some("id ts one")),
        ("select events.* from ⟦raw.events⟧", Some("id ts")),
        ("select * from ⟦raw.b⟧", None),
        ("select count(*) from ⟦raw.events⟧", None),
        ("select count(*) as n from ⟦raw.b⟧", Some("n")),
        (
            "with a as (select * from ⟦raw.events⟧), b as (select *, 1 as x from a) select * from \
             b",
            Some("id ts x"),
        ),
        ("with a (p, q) as (select * from ⟦raw.events⟧) select * from a", Some("p q")),
        ("with a as (select 1 as x) select * from (select * from a) s (y)", Some("y")),
        ("select * exclude (id) from ⟦raw.events⟧", Some("ts")),
        ("select * exclude (idd) from ⟦raw.events⟧", None),
        ("select * replace (1 as id) from ⟦raw.events⟧", Some("id ts")),
        ("select * rename (id as i) from ⟦raw.events⟧", Some("i ts")),
        ("select id from ⟦raw.events⟧ union all select 2", Some("id")),
        ("select * from ⟦raw.events⟧ a join ⟦raw.events⟧ b using (id)", None),
        ("select * from ⟦raw.events⟧ a join ⟦raw.events⟧ b on true", None),
        ("select * from ⟦raw.events⟧ a natural join (select 1 as x) b", None),
        ("select * from ⟦raw.events⟧ a cross join (select 1 as x) b", Some("id ts x")),
        (
            "with recursive t as (select 1 as n union all select n + 1 from t) select * from t",
            Some("n"),
        ),
        ("values (1)", None),
    ] {
        let (_, query) = ask("snowflake", sql);
        let query = query.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
        let name = |column: &ResultColumn| {
            if column.quoted { format!("\"{}\"", column.name) } else { column.name.clone() }
        };
        let columns =
            query.columns.map(|columns| columns.iter().map(name).collect::<Vec<_>>().join(" "));
        assert_eq!(columns.as_deref(), expected, "{sql}");
    }
}

#[test]
fn an_unterminated_query_is_an_error() {
    for (sql, what) in [
        ("select ' from ⟦raw.a⟧ -- open", "a quote"),
        ("select /* x */ 1 from ⟦raw.a⟧ where 'open", "a quote"),
        ("select 1 from ⟦raw.a⟧ /* open", "a comment"),
        ("select (1 from ⟦raw.a⟧", "a parenthesis"),
    ] {
        let (_, query) = ask("bigquery", sql);
        assert_eq!(
            query.unwrap_err().message,
            format!("the query is unterminated: {what} is not closed"),
            "{sql}"
        );
    }
}

#[test]
fn a_query_that_cannot_be_parsed_keeps_its_filters() {
    for (sql, expected) in [
        (
            "?!% select 1 from ⟦raw.a⟧ where '⟦raw.b⟧' = 1",
            "?!% select 1 from ‹raw.a|a› where 'raw.b' = 1",
        ),
        (
            "?!% select 1 from ⟦raw.a⟧ as x, ⟦raw.b⟧ y, ⟦raw.c⟧ -- ⟦raw.d⟧",
            "?!% select 1 from ‹raw.a› as x, ‹raw.b› y, ‹raw.c|c› -- raw.d",
        ),
        (
            "?!% select 1 from ⟦raw.a⟧ x join y on x.a = y.a, ⟦raw.b⟧ where x.a in (⟦raw.c⟧)",
            "?!% select 1 from ‹raw.a› x join y on x.a = y.a, ‹raw.b|b› where x.a in (raw.c)",
        ),
        (
            "?!% select 1 from (⟦raw.a⟧ join only ⟦raw.b⟧ on b.x)",
            "?!% select 1 from (‹raw.a|a› join ‹only raw.b|b› on b.x)",
        ),
        (
            "?!% select 1 from ⟦`a`.`b.c`⟧ join ⟦!raw.b⟧ on true",
            "?!% select 1 from ‹`a`.`b.c`|`c`› join raw.b on true",
        ),
    ] {
        let (text, query) = ask("bigquery", sql);
        let query = query.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
        assert_eq!(shown(&text, &query), expected);
        assert!(query.warnings[0].message.contains("cannot be parsed"));
    }
    let (_, query) = ask("postgres", "with x as (select 1)\n  ?!% select 2 from ⟦raw.a⟧");
    let warning = &query.expect("it has a filter").warnings[0];
    assert!(
        warning.notes.iter().any(|note| note.starts_with("line 2, column ")
            && note.ends_with("`?!% select 2 from raw.a`")),
        "{warning:?}"
    );
}

#[test]
fn an_input_out_of_reach_is_a_warning() {
    for sql in [
        "select * from ml.predict(table ⟦raw.a⟧, 1)",
        "select ?!% f(⟦raw.a⟧)",
        "select * from ⟦raw.a⟧.items x",
    ] {
        let (text, query) = ask("generic", sql);
        let query = query.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
        assert_eq!(shown(&text, &query), text);
        assert!(
            query
                .warnings
                .iter()
                .any(|warning| warning.message.contains("a filter cannot be inserted")),
            "{:?}",
            query.warnings
        );
    }
}

/// Valid statements of each grammar, one per line: all are parsed, and each table is filtered.
#[test]
fn valid_statements_are_parsed() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/inject/tests/valid");
    let mut refused = String::new();
    let mut count = 0;
    let mut files: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    for file in files {
        let engine = file.file_stem().unwrap().to_string_lossy().into_owned();
        for sql in std::fs::read_to_string(&file).unwrap().lines() {
            count += 1;
            let (text, query) = ask(&engine, sql);
            match query {
                Ok(query)
                    if query.filters.len() == sql.matches('⟦').count()
                        && query.warnings.is_empty() => {}
                Ok(query) => {
                    let why: Vec<_> = query
                        .warnings
                        .iter()
                        .flat_map(|warning| std::iter::once(&warning.message).chain(&warning.notes))
                        .collect();
                    refused.push_str(&format!("{engine}: {}\n    {why:?}\n", shown(&text, &query)));
                }
                Err(error) => {
                    refused.push_str(&format!("{engine}: {sql}\n    {}\n", error.message))
                }
            }
        }
    }
    assert!(refused.is_empty(), "{} of {count}:\n{refused}", refused.lines().count() / 2);
}
