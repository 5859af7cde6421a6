//! Which tables are inputs, and which columns their filters must include.

use super::*;

#[test]
fn columns_that_a_star_omits() {
    let carries = |engine: &str, sql: &str, expected: &[&[&str]]| {
        let (_, query) = ask(engine, sql);
        let query = query.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
        let carried: Vec<Vec<&str>> = query
            .filters
            .iter()
            .map(|filter| filter.hidden.iter().map(String::as_str).collect())
            .collect();
        assert_eq!(carried, expected, "{sql}");
    };
    carries("sqlite", "select rowid, id from ⟦raw.a⟧", &[&["rowid"]]);
    carries(
        "sqlite",
        "select a.id from ⟦raw.a⟧ a join ⟦raw.b⟧ b on a.rowid = b.id order by a.RowID",
        &[&["rowid"], &[]],
    );
    carries("sqlite", "select id from ⟦raw.a⟧ order by rowid", &[&["rowid"]]);
    carries(
        "sqlite",
        "select id from ⟦raw.a⟧ a where exists (select 1 from ⟦raw.b⟧ b where b.id = a.rowid)",
        &[&["rowid"], &[]],
    );
    carries(
        "sqlite",
        "select id from ⟦raw.a⟧ a where exists (select 1 from ⟦raw.b⟧ b where id = rowid)",
        &[&[], &["rowid"]],
    );
    carries("sqlite", "with x as (select id as rowid from ⟦raw.a⟧) select rowid from x", &[&[]]);
    carries(
        "sqlite",
        "with x as (select rowid as n from ⟦raw.a⟧) select *, n as rowid from x",
        &[&["rowid"]],
    );
    carries("sqlite", "select ⟦raw.whole⟧.rowid from raw.whole, ⟦raw.a⟧", &[&[]]);
    carries(
        "trino",
        "select \"$path\", a.\"$file_size\" from ⟦raw.a⟧ a",
        &[&["\"$path\"", "\"$file_size\""]],
    );
    for (sql, message) in [
        ("select *, rowid as n from ⟦raw.a⟧", "`*` and `rowid` are read from `raw.a`"),
        ("select a.*, a.rowid as n from ⟦raw.a⟧ a", "`*` and `rowid` are read from `raw.a`"),
        (
            "select rowid from ⟦raw.a⟧ natural join ⟦raw.whole⟧",
            "`rowid` can belong to more than one table here",
        ),
        (
            "select a.rowid from ⟦raw.a⟧ a natural join ⟦raw.whole⟧",
            "`*` and `rowid` are read from `raw.a`",
        ),
        (
            "select rowid from ⟦raw.a⟧ a, ⟦raw.b⟧ b",
            "`rowid` can belong to more than one table here",
        ),
    ] {
        rejects("sqlite", sql, message);
    }
}

#[test]
fn a_plain_name_without_its_mark() {
    let warned = |sql: &str| {
        let (text, marks, mut inputs) = marked(sql);
        inputs.iter_mut().for_each(|input| {
            input.referred = input.unique_id.split('.').map(String::from).collect()
        });
        let within = |filter: &Filter| wrapped(filter, "");
        let injection = Injection {
            sql: &text,
            marks: &marks,
            inputs: &inputs,
            columns: &|_| None,
            within: &within,
            hidden: &[],
            types: false,
        };
        let query = filters(&injection, &*parser("postgres"))
            .unwrap_or_else(|error| panic!("{sql}: {error:?}"));
        let by_name = query.reads.iter().filter(|read| read.access == Access::ByName).count();
        assert_eq!(
            by_name,
            query.warnings.iter().filter(|warning| warning.message.contains("plain name")).count()
        );
        by_name
    };
    assert_eq!(warned("select 1 from ⟦raw.a⟧, a"), 1);
    assert_eq!(warned("select 1 from ⟦raw.a⟧ x, other.raw.a"), 0);
    assert_eq!(warned("select '⟦raw.a⟧' from other.a"), 1);
    assert_eq!(warned("with a as (select 1) select '⟦raw.a⟧' from a"), 0);
    assert_eq!(warned("select '⟦raw.whole⟧' from raw.whole"), 0);
}

#[test]
fn ephemeral_models_are_filtered_where_they_are_read() {
    let shown_with = |sql: &str, covered: &str| {
        let (text, mut marks, mut inputs) = marked(sql);
        let column = ResultColumn::named("at", false);
        let time = Some(InputTime { column, literals: Some(crate::dialect::TimeType::Undeclared) });
        inputs.iter_mut().for_each(|input| input.time = time.clone());
        for input in inputs.iter_mut().filter(|input| input.unique_id.starts_with("cte_")) {
            (input.is_cte, input.plain_names) = (true, vec![vec![input.unique_id.clone()]]);
        }
        let at = text.find(covered).expect("it is in the text");
        let kind = MarkKind::Whole(crate::jinja::Covered::Filtered("e".to_string()));
        marks.push(Mark { span: at..at + covered.len(), kind });
        let within = |filter: &Filter| wrapped(filter, "");
        let injection = Injection {
            sql: &text,
            marks: &marks,
            inputs: &inputs,
            columns: &|_| None,
            within: &within,
            hidden: &[],
            types: false,
        };
        let query = filters(&injection, &*parser("postgres"))
            .unwrap_or_else(|error| panic!("{sql}: {error:?}"));
        query.filters.into_iter().map(|filter| filter.relation).collect::<Vec<_>>().join(" ")
    };
    let around = |inner: &str| format!("with cte_e as ({}) select * from ⟦cte_e⟧", inner);
    for (inner, filters) in [
        ("select id, at from ⟦raw.a⟧", "raw.a cte_e"),
        ("select * from ⟦raw.a⟧ where id in (select id from ⟦raw.b⟧)", "raw.a cte_e"),
        ("select id, a.at from ⟦raw.a⟧ a", "raw.a cte_e"),
        ("select id, upper(name) as name, at as AT from ⟦raw.a⟧", "raw.a cte_e"),
        ("select id, late as at from ⟦raw.a⟧", "cte_e"),
        ("select id, at + 1 as at from ⟦raw.a⟧", "cte_e"),
        ("select id, at, row_number() over (order by id) from ⟦raw.a⟧", "cte_e"),
        ("select distinct id, at from ⟦raw.a⟧", "cte_e"),
        ("select id, max(at) as at from ⟦raw.a⟧ group by id", "cte_e"),
        ("select max(id), at from ⟦raw.a⟧", "cte_e"),
        ("select id, at from ⟦raw.a⟧ limit 3", "cte_e"),
        ("select id, at from ⟦raw.a⟧ union all select id, at from ⟦raw.b⟧", "cte_e"),
        ("select a.id, a.at from ⟦raw.a⟧ a join ⟦raw.b⟧ b on true", "cte_e"),
    ] {
        let covered = inner.replace(['⟦', '⟧'], "");
        assert_eq!(shown_with(&around(inner), &covered), filters, "{inner}");
    }
    assert_eq!(
        shown_with(
            "with cte_e as (select at from ⟦raw.a⟧) select 1 from ⟦cte_e⟧, ⟦!cte_e⟧",
            "select at from raw.a"
        ),
        "cte_e"
    );
}
