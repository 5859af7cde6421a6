select id div 2, id % 3, -id, ~id, !true from ⟦raw.a⟧
select r'a\b', R"c\d", 'it\'s', "text", x'1f' from ⟦raw.a⟧
select x.id, e.v from ⟦raw.a⟧ x lateral view explode(x.vs) e as v join ⟦raw.b⟧ y on y.id = x.id
select id, v from ⟦raw.a⟧ lateral view outer explode(vs) e as v
select id, k, v from ⟦raw.a⟧ lateral view explode(m) e as k, v
select id, p, v from ⟦raw.a⟧ lateral view posexplode(vs) e as p, v lateral view explode(ws) f as w where p > 1
select id, explode(vs) as v from ⟦raw.a⟧
select id, inline(structs) from ⟦raw.a⟧
select * except (id) from ⟦raw.a⟧
select x.* except (id) from ⟦raw.a⟧ x
select * from ⟦raw.a⟧ version as of 3
select * from ⟦raw.a⟧ timestamp as of '2024-01-01'
select * from ⟦raw.a⟧ for version as of 3
select * from ⟦raw.a⟧ for system_time as of '2024-01-01' x
select * from ⟦raw.a⟧ tablesample (10 percent)
select * from ⟦raw.a⟧ tablesample (5 rows) x
select * from ⟦raw.a⟧ tablesample (bucket 1 out of 3)
select x.id from ⟦raw.a⟧ x left semi join ⟦raw.b⟧ y on x.id = y.id
select x.id from ⟦raw.a⟧ x left anti join ⟦raw.b⟧ y using (id)
select x.id from ⟦raw.a⟧ x semi join ⟦raw.b⟧ y on x.id = y.id
select x.id from ⟦raw.a⟧ x anti join ⟦raw.b⟧ y on x.id = y.id
select x.id from ⟦raw.a⟧ x natural join ⟦raw.b⟧ y
select x.id, l.n from ⟦raw.a⟧ x, lateral (select x.id + 1 as n) l
select x.id, l.n from ⟦raw.a⟧ x left join lateral (select x.id + 1 as n) l on true
select x.id, e.col from ⟦raw.a⟧ x, lateral explode(x.vs) as e(col)
select /*+ broadcast(b) */ a.id from ⟦raw.a⟧ join ⟦raw.b⟧ on a.id = b.id
select transform(vs, x -> x + 1), filter(vs, (x, i) -> x > i), aggregate(vs, 0, (acc, x) -> acc + x) from ⟦raw.a⟧
select vs[0], m['k'], s.a.b, element_at(vs, 1) from ⟦raw.a⟧
select j:a.b, j:a[0].b::int, j:['a b'] from ⟦raw.a⟧
select id::int, cast(id as bigint), try_cast(name as double), cast(s as struct<a: int, b: array<string>>), cast(m as map<string, int>) from ⟦raw.a⟧
select date '2024-01-01', timestamp '2024-01-01 00:00:00', interval 1 day, interval '1' month, interval '1-2' year to month from ⟦raw.a⟧
select t + interval 1 day, t - interval '3 hours', date_add(t, 3), dateadd(day, 1, t), datediff(day, t, t) from ⟦raw.a⟧
select extract(year from t), date_trunc('day', t), window(t, '1 day').start from ⟦raw.a⟧
select sum(id) over (partition by name order by t rows between unbounded preceding and current row) from ⟦raw.a⟧
select sum(id) over (order by t range between interval 1 day preceding and current row) from ⟦raw.a⟧
select lag(id) ignore nulls over (order by t), first_value(id, true) over w from ⟦raw.a⟧ window w as (order by t)
select last(id) ignore nulls, first(id, true), any_value(name) from ⟦raw.a⟧
select count(*) filter (where id > 1), count_if(id > 1), collect_list(distinct id), max_by(id, t) from ⟦raw.a⟧
select percentile_cont(0.5) within group (order by id), listagg(name, ',') within group (order by name) from ⟦raw.a⟧
select id from ⟦raw.a⟧ qualify row_number() over (partition by id order by t) = 1
select id, count(*) from ⟦raw.a⟧ group by all
select id, count(*) from ⟦raw.a⟧ group by id with rollup
select id, name, count(*) from ⟦raw.a⟧ group by id, name with cube
select id from ⟦raw.a⟧ group by grouping sets ((id), (name), ())
select id, name, count(*) from ⟦raw.a⟧ group by id, name grouping sets ((id), (name))
select id from ⟦raw.a⟧ group by rollup (id), cube (name)
select * from ⟦raw.a⟧ pivot (sum(id) as s for name in ('a' as x, 'b' as y))
select * from ⟦raw.a⟧ pivot (sum(id) as s, max(t) as m for (name, k) in (('a', 1) as a1, ('b', 2) as b2))
select * from ⟦raw.a⟧ unpivot (v for k in (a, b as bb))
select * from ⟦raw.a⟧ unpivot include nulls (v for k in (a, b))
select * from ⟦raw.a⟧ unpivot ((v, w) for k in ((a, b) as x, (c, d) as y))
select id from ⟦raw.a⟧ sort by t
select id from ⟦raw.a⟧ distribute by id sort by t desc
select id from ⟦raw.a⟧ cluster by id
select id from ⟦raw.a⟧ order by t desc nulls last limit 10 offset 3
select id from ⟦raw.a⟧ limit all
select id from ⟦raw.a⟧ union select id from ⟦raw.b⟧ minus select id from ⟦raw.c⟧
select id from ⟦raw.a⟧ except all select id from ⟦raw.b⟧
with x as (select * from ⟦raw.a⟧), y (id) as (select id from x) select * from y
with recursive r (n) as (select id from ⟦raw.a⟧ union all select n + 1 from r where n < 3) select * from r
from ⟦raw.a⟧ select id where id > 1
select id from values (1, 'a'), (2, 'b') as v(id, name) join ⟦raw.a⟧ using (id)
select id from (values (1), (2)) v(id) join ⟦raw.a⟧ using (id)
select named_struct('a', id, 'b', name), struct(id, name), map('k', id), array(1, id) from ⟦raw.a⟧
select name rlike 'a', name regexp 'b', name like 'c%' escape '!', name ilike any ('a%', 'b%'), name not like all ('c%') from ⟦raw.a⟧
select id <=> 1, id == 2, id != 3, id <> 4, id in (1, 2), id between 1 and 2, id is not distinct from 3 from ⟦raw.a⟧
select case when id > 1 then 'x' else 'y' end, if(id > 1, 2, 3), nvl(id, 1), decode(id, 1, 'a', 'b') from ⟦raw.a⟧
select id || 'x', concat(id, name), substring(name from 2 for 3), trim(both 'a' from name), position('a' in name), overlay(name placing 'x' from 1) from ⟦raw.a⟧
select 1L, 2S, 3Y, 1.5D, 2.5F, 3BD, 1e3, 0.5, .5 from ⟦raw.a⟧
select `id`, `a b`, a.`c` from ⟦raw.a⟧
select current_date, current_date(), current_timestamp, now() from ⟦raw.a⟧
select id from ⟦raw.a⟧ where exists (select 1 from ⟦raw.b⟧ b where b.id = a.id)
select id from ⟦raw.a⟧ where (id, name) in (select id, name from ⟦raw.b⟧)
select (select max(id) from ⟦raw.b⟧) as m, id from ⟦raw.a⟧
select stack(2, 'a', 1, 'b', 2) as (k, v) from ⟦raw.a⟧
select transform(id, name) using 'cat' as (a, b) from ⟦raw.a⟧
select id, sum(id) over () / count(*) over () as share, id + 1 as n, n + 1 as m from ⟦raw.a⟧
select parse_json(j):a::string, schema_of_json(j), from_json(j, 'a int, b string').a from ⟦raw.a⟧
select f(a => id, b => 2) from ⟦raw.a⟧
select x.id from ⟦raw.a⟧ as x (id, name) where x.id > 1
select x.id from ⟦raw.a⟧ x cross join ⟦raw.b⟧ y
select cast(id as decimal(10, 2)), cast(t as timestamp_ntz), cast(name as varchar(3)), cast(b as binary) from ⟦raw.a⟧
select id as value, t as timestamp, name as `order` from ⟦raw.a⟧
select vs.*, s.* from ⟦raw.a⟧
select any(id > 1), every(id > 1), some(id > 1), bool_and(id > 1) from ⟦raw.a⟧
select id from ⟦raw.a⟧ where t >= current_timestamp() - interval 3 days and array_contains(vs, 1)
select id from ⟦raw.a⟧ |> where id > 1 |> select id
from ⟦raw.a⟧ |> where id > 1 |> aggregate sum(id) as s group by name
select * from ⟦raw.a⟧ pivot (sum(id) as s for name in ('x' as x, 'y'))
select * from ⟦raw.a⟧ unpivot include nulls (v for k in (a as x, b))
select id, x from ⟦raw.a⟧ lateral view explode(xs) as x
select id, x from ⟦raw.a⟧ lateral view outer posexplode(xs) e as n, x
select a.id, x.col from ⟦raw.a⟧ a, lateral explode(a.xs) x
select a.id, x from ⟦raw.a⟧ a left join lateral explode(a.xs) as t(x)
from ⟦raw.a⟧ select id where id > 1
from ⟦raw.a⟧ |> where id > 1 |> select id
select id from ⟦raw.a⟧ version as of 3
select id from ⟦raw.a⟧ timestamp as of '2024-01-01'
select id from ⟦raw.a⟧ for system_time as of '2024-01-01'
select id from ⟦raw.a⟧ tablesample (10 percent)
select id from ⟦raw.a⟧ tablesample (5 rows)
select id from ⟦raw.a⟧ tablesample (10 percent) repeatable (3)
select id from ⟦raw.a⟧ tablesample (bucket 1 out of 4)
select * except (id) from ⟦raw.a⟧
select a.* except (id) from ⟦raw.a⟧ a
select a.id from ⟦raw.a⟧ a left semi join ⟦raw.b⟧ b on a.id = b.id
select a.id from ⟦raw.a⟧ a left anti join ⟦raw.b⟧ b using (id)
select a.id from ⟦raw.a⟧ a semi join ⟦raw.b⟧ b on a.id = b.id
select /*+ broadcast(b) */ a.id from ⟦raw.a⟧ a join ⟦raw.b⟧ b on a.id = b.id
select id div 2, id <=> 1, id rlike 'x', name regexp 'y', name ilike 'z%', id % 2, !true, ~id, id ^ 1, id | 2, id & 1 from ⟦raw.a⟧
select j:a.b::int, j:['a'], j:a[0], j:a[*].b from ⟦raw.a⟧
select transform(xs, x -> x + 1), filter(xs, x -> x > 1), aggregate(xs, 0, (s, x) -> s + x), exists(xs, x -> x > 1) from ⟦raw.a⟧
select named_struct('a', id).a, struct(id, name), array(1, 2)[0], map('k', id)['k'], xs[0] from ⟦raw.a⟧
select cast(id as struct<a: int, b: array<string>>), cast(id as map<string, int>), id::string, try_cast(name as int) from ⟦raw.a⟧
select count(*) filter (where id > 1), count_if(id > 1), any_value(id), collect_list(id), max_by(id, t) from ⟦raw.a⟧
select percentile_cont(0.5) within group (order by id), listagg(name, ',') within group (order by id), mode() within group (order by id) from ⟦raw.a⟧
select sum(id) over (partition by name order by t range between interval 1 day preceding and current row) from ⟦raw.a⟧
select first(id) ignore nulls over (order by t), lag(id) ignore nulls over w from ⟦raw.a⟧ window w as (order by t)
select id from ⟦raw.a⟧ qualify row_number() over (partition by id order by t) = 1
select id, count(*) from ⟦raw.a⟧ group by all order by all
select id, name, count(*) from ⟦raw.a⟧ group by id, name with rollup
select id, name, count(*) from ⟦raw.a⟧ group by id, name with cube
select id, count(*) from ⟦raw.a⟧ group by id grouping sets ((id), ())
select id from ⟦raw.a⟧ sort by id
select id from ⟦raw.a⟧ distribute by id sort by t
select id from ⟦raw.a⟧ cluster by id
select id from ⟦raw.a⟧ limit all
select id from ⟦raw.a⟧ limit 3 offset 1
select r'a\b', R"c\d", 'it\'s', "text", x'1f', 1L, 2S, 3Y, 1.5BD, 2.0D, 1e3 from ⟦raw.a⟧
select interval 1 day, interval '1' day, interval '1 2:3' day to minute, interval 1 day 2 hours, date '2024-01-01', timestamp_ntz '2024-01-01 00:00:00' from ⟦raw.a⟧
select extract(day from t), date_add(t, 1), timestampdiff(day, t, now()), dateadd(day, 1, t), t - interval 1 day from ⟦raw.a⟧
select id from ⟦raw.a⟧ minus select id from ⟦raw.b⟧
select id from ⟦raw.a⟧ union all by name select id from ⟦raw.b⟧
select stack(2, 'a', a, 'b', b) as (k, v) from ⟦raw.a⟧
select inline(array(struct(1, 'a'))) as (n, s), id from ⟦raw.a⟧
select a.id from ⟦raw.a⟧ a natural join ⟦raw.b⟧ b
select * from values (1, 'a'), (2, 'b') as v(x, y) join ⟦raw.a⟧ on true
select id from ⟦raw.a⟧ where name like any ('a%', 'b%') and name not like all ('c', 'd') and id between 1 and 2
select `id`, a.`t` from ⟦raw.a⟧ as a(id, t)
select id as key, key + 1 as next from ⟦raw.a⟧
select case id when 1 then 'a' else 'b' end, if(id = 1, 2, 3), nvl(id, 1), coalesce(id, 1), id is distinct from 2 from ⟦raw.a⟧
select window(t, '1 day').start, count(*) from ⟦raw.a⟧ group by window(t, '1 day')
with recursive r as (select id from ⟦raw.a⟧ union all select id + 1 from r where id < 3) select * from r
with recursive r(id) max recursion level 5 as (select id from ⟦raw.a⟧ union all select id + 1 from r) select * from r
select identifier('id'), id collate utf8_lcase from ⟦raw.a⟧
select ai.id from ⟦raw.a⟧ ai where exists (select 1 from ⟦raw.b⟧ b where b.id = ai.id) and ai.id in (select id from ⟦raw.b⟧)
