//! Syntax around a table's name, and which of it moves into the filter with the table.

use super::*;

#[test]
fn table_modifiers() {
    for (engine, sql, expected) in [
        (
            "bigquery",
            "select * from ⟦`a.b.c`⟧ for system_time as of timestamp '2024' x",
            "select * from ‹`a.b.c` for system_time as of timestamp '2024'› x",
        ),
        (
            "bigquery",
            "select * from ⟦`a.b.c`⟧ x for system_time as of timestamp('2024') where x.id = 1",
            "select * from ‹`a.b.c`  for system_time as of timestamp('2024')|x› where x.id = 1",
        ),
        (
            "snowflake",
            "select * from ⟦raw.a⟧ at (timestamp => '2024'::timestamp) x",
            "select * from ‹raw.a at (timestamp => '2024'::timestamp)› x",
        ),
        (
            "snowflake",
            "select * from ⟦raw.a⟧ before (statement => 'x')",
            "select * from ‹raw.a before (statement => 'x')|a›",
        ),
        (
            "snowflake",
            "select * from ⟦raw.a⟧ sample (10) where a.x",
            "select * from ‹raw.a sample (10)|a› where a.x",
        ),
        (
            "snowflake",
            "select * from ⟦raw.a⟧ sample (10) x where x.x",
            "select * from ‹raw.a sample (10)› x where x.x",
        ),
        (
            "postgres",
            "select * from ⟦raw.a⟧ x tablesample bernoulli (10) repeatable (1) where x.x",
            "select * from ‹raw.a  tablesample bernoulli (10) repeatable (1)|x› where x.x",
        ),
        ("postgres", "select * from only ⟦raw.a⟧ x", "select * from ‹only raw.a› x"),
        ("postgres", "select * from only ⟦a⟧", "select * from ‹only a|a›"),
        ("databricks", "select * from ⟦a.b.c⟧@v3 x", "select * from ‹a.b.c@v3› x"),
        (
            "databricks",
            "select * from ⟦a.b.c⟧ version as of 3 as x",
            "select * from ‹a.b.c version as of 3› as x",
        ),
        ("databricks", "select * from stream ⟦a.b.c⟧ x", "select * from ‹stream a.b.c› x"),
        ("databricks", "select * from stream ⟦c⟧", "select * from ‹stream c|c›"),
        (
            "generic",
            "select * from ⟦a.b.c⟧ for version as of 3 x join ⟦a.b.d⟧ y on true",
            "select * from ‹a.b.c for version as of 3› x join ‹a.b.d› y on true",
        ),
        (
            "mssql",
            "select * from ⟦raw.a⟧ x with (nolock) where x.id = 1",
            "select * from ‹raw.a  with (nolock)|x› where x.id = 1",
        ),
        ("mssql", "select * from ⟦raw.a⟧ with (nolock)", "select * from ‹raw.a with (nolock)|a›"),
        (
            "mysql",
            "select * from ⟦raw.a⟧ x use index (i) where x.id = 1",
            "select * from ‹raw.a  use index (i)|x› where x.id = 1",
        ),
        ("mysql", "select * from ⟦raw.a⟧ partition (p0)", "select * from ‹raw.a partition (p0)|a›"),
        ("clickhouse", "select * from ⟦raw.a⟧ final", "select * from ‹raw.a final|a›"),
        (
            "clickhouse",
            "select * from ⟦raw.a⟧ as x FINAL where x.id = 1",
            "select * from ‹raw.a  FINAL|x› where x.id = 1",
        ),
        ("clickhouse", "select final.id from ⟦raw.a⟧ final", "select final.id from ‹raw.a› final"),
        (
            "clickhouse",
            "select * from ⟦raw.a⟧ any join ⟦raw.b⟧ b using id",
            "select * from ‹raw.a|a› any join ‹raw.b› b using id",
        ),
        (
            "clickhouse",
            "select * from ⟦raw.a⟧ x any left join ⟦raw.b⟧ b on x.id = b.id",
            "select * from ‹raw.a› x any left join ‹raw.b› b on x.id = b.id",
        ),
        (
            "clickhouse",
            "select * from ⟦raw.a⟧ array join src.orders",
            "select * from ‹raw.a|a› array join src.orders",
        ),
        (
            "duckdb",
            "select * from ⟦raw.a⟧ positional join ⟦raw.b⟧",
            "select * from ‹raw.a|a› positional join ‹raw.b|b›",
        ),
        (
            "duckdb",
            "select * from ⟦raw.a⟧ x asof join ⟦raw.b⟧ y on x.t >= y.t",
            "select * from ‹raw.a› x asof join ‹raw.b› y on x.t >= y.t",
        ),
        (
            "duckdb",
            "select * from ⟦read_parquet('x')⟧",
            "select * from ‹read_parquet('x')|read_parquet›",
        ),
        (
            "snowflake",
            "select * from ⟦raw.a⟧ pivot (sum(x) for y in ('a', 'b')) as p",
            "select * from ‹raw.a|a› pivot (sum(x) for y in ('a', 'b')) as p",
        ),
        ("bigquery", "select * from ⟦ds.t⟧, t.items", "select * from ‹ds.t|t›, t.items"),
        (
            "redshift",
            "select * from ⟦ds.t⟧ x, x.items as i",
            "select * from ‹ds.t› x, x.items as i",
        ),
        (
            "generic",
            "select json_query(x, '$' omit quotes), cast(a as row(x int)) from ⟦a.b⟧",
            "select json_query(x, '$' omit quotes), cast(a as row(x int)) from ‹a.b|b›",
        ),
        (
            "snowflake",
            "select * from ⟦raw.a⟧ match_recognize (partition by id pattern (a+) define a as \
             true) m",
            "select * from ‹raw.a› match_recognize (partition by id pattern (a+) define a as \
             true) m",
        ),
        (
            "snowflake",
            "select * from ⟦raw.a⟧, lateral flatten(input => a.x) f",
            "select * from ‹raw.a|a›, lateral flatten(input => a.x) f",
        ),
        (
            "bigquery",
            "select * from ⟦`p.d.t`⟧ unpivot (v for n in (a, b))",
            "select * from ‹`p.d.t`|`t`› unpivot (v for n in (a, b))",
        ),
        (
            "bigquery",
            "from ⟦`p.d.t`⟧ |> join ⟦`p.d.u`⟧ using (id) |> select a",
            "from ‹`p.d.t`|`t`› |> join ‹`p.d.u`|`u`› using (id) |> select a",
        ),
        (
            "databricks",
            "select * from ⟦c⟧ tablesample (10 percent) x lateral view explode(x.a) e as f",
            "select * from ‹c tablesample (10 percent)› x lateral view explode(x.a) e as f",
        ),
        (
            "clickhouse",
            "select * from ⟦raw.a⟧ x final sample 1/10 prewhere x.id = 1",
            "select * from ‹raw.a x final sample 1/10 prewhere x.id = 1|x›",
        ),
        (
            "clickhouse",
            "select * from ⟦raw.a⟧ t, ⟦raw.b⟧ final",
            "select * from ‹raw.a› t, ‹raw.b final|b›",
        ),
        (
            "mssql",
            "select * from ⟦[a].[b]⟧ for system_time as of '2024' x with (nolock) option \
             (recompile)",
            "select * from ‹[a].[b] for system_time as of '2024'  with (nolock)|x› option \
             (recompile)",
        ),
        (
            "mssql",
            "select * from ⟦[a].[b]⟧ x left join (⟦[a].[c]⟧ y join ⟦[a].[d]⟧ z on y.i = z.i) on \
             x.i = y.i",
            "select * from ‹[a].[b]› x left join (‹[a].[c]› y join ‹[a].[d]› z on y.i = z.i) on \
             x.i = y.i",
        ),
        ("mysql", "select /*!50110 a, */ b from ⟦raw.a⟧", "select /*!50110 a, */ b from ‹raw.a|a›"),
    ] {
        gives(engine, sql, expected);
    }
}

#[test]
fn prewhere_conditions() {
    for (sql, expected) in [
        (
            "select id from ⟦raw.a⟧ prewhere id = 3 where b > 0",
            "select id from ‹raw.a prewhere id = 3|a› where b > 0",
        ),
        (
            "select id from ⟦raw.a⟧ final prewhere a.id = 3",
            "select id from ‹raw.a final prewhere a.id = 3|a›",
        ),
        (
            "select x.id from ⟦raw.a⟧ as x prewhere x.id = 3 where x.b",
            "select x.id from ‹raw.a as x prewhere x.id = 3|x› where x.b",
        ),
        (
            "select x.id from ⟦raw.a⟧ as x prewhere id in (1, 2)",
            "select x.id from ‹raw.a  prewhere id in (1, 2)|x›",
        ),
        ("select id from x prewhere id = 3", "select id from x prewhere id = 3"),
    ] {
        gives("clickhouse", sql, expected);
    }
    for sql in [
        "select id from ⟦raw.a⟧ a join ⟦raw.b⟧ b on a.id = b.id prewhere a.id = 3",
        "select id + 1 as n from ⟦raw.a⟧ prewhere n = 3",
        "select id from ⟦raw.a⟧ prewhere id in (select id from ⟦raw.b⟧)",
        "select id from ⟦raw.a⟧, x prewhere id = 3",
        "select id from ⟦raw.a⟧ array join x as y prewhere y = 3",
    ] {
        rejects("clickhouse", sql, "`prewhere` after `raw.a` needs a table");
    }
}

#[test]
fn prefix_aliases() {
    for (sql, expected) in [
        ("select o.id from o: ⟦raw.a⟧ where o.x", "select o.id from o: ‹raw.a› where o.x"),
        ("select a.id from a : ⟦raw.a⟧, b: ⟦raw.b⟧", "select a.id from a : ‹raw.a›, b: ‹raw.b›"),
        (
            "select 1 from ⟦raw.a⟧ join \"b\": ⟦raw.b⟧ on true",
            "select 1 from ‹raw.a|a› join \"b\": ‹raw.b› on true",
        ),
        (
            "select a: id, b: sum(x) from ⟦raw.a⟧ group by all",
            "select a: id, b: sum(x) from ‹raw.a|a› group by all",
        ),
        (
            "select {a: 1, b: x::int} from o: x join ⟦raw.a⟧ on true",
            "select {a: 1, b: x::int} from o: x join ‹raw.a|a› on true",
        ),
        (
            "select o.id from o: ⟦raw.a⟧ at (version => 3)",
            "select o.id from o: ‹raw.a at (version => 3)›",
        ),
        (
            "select o.id from ⟦raw.a⟧ as o at (version => 3) where o.x",
            "select o.id from ‹raw.a  at (version => 3)|o› where o.x",
        ),
        (
            "select a.id from ⟦raw.a⟧ at (timestamp => now()) where a.x",
            "select a.id from ‹raw.a at (timestamp => now())|a› where a.x",
        ),
    ] {
        gives("duckdb", sql, expected);
    }
    let (_, query) = ask("duckdb", "select a: id from o: ⟦raw.events⟧");
    assert_eq!(query.expect("it is a query").columns, None);
    let (_, query) = ask("duckdb", "select o.* from o: ⟦raw.events⟧");
    let columns = query.expect("it is a query").columns.expect("they are shown");
    assert_eq!(columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>(), ["id", "ts"]);
}
