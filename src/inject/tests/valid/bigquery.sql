select * except (id) replace (t as t) from ⟦`p.raw.a`⟧
select id from ⟦`p`.`raw`.`a`⟧ x where x.id > 1
select x.id, v from ⟦`p.raw.a`⟧ x, x.vs as v
select x.id, v from ⟦`p.raw.a`⟧ x, unnest(x.vs) as v with offset as n
select x.id, v from ⟦`p.raw.a`⟧ x cross join unnest(x.vs) v with offset
select x.id, v from ⟦`p.raw.a`⟧ x left join unnest(x.vs) v on v > 1
select array(select v from unnest(vs) v where v > 1 order by v limit 3), array_length(vs) from ⟦`p.raw.a`⟧
select vs[offset(0)], vs[safe_offset(1)], vs[ordinal(1)], vs[0], j['a'], j.a.b from ⟦`p.raw.a`⟧
select struct(id as a, name), struct<a int64, b string>(id, name), (id, name), [1, id], array<int64>[1, 2] from ⟦`p.raw.a`⟧
select array_agg(struct(id, name) order by t desc limit 1)[offset(0)].id from ⟦`p.raw.a`⟧
select array_agg(distinct id ignore nulls order by id limit 3), string_agg(name, ',' order by name) from ⟦`p.raw.a`⟧
select any_value(id having max t), max_by(id, t), countif(id > 1), approx_quantiles(id, 2)[offset(1)] from ⟦`p.raw.a`⟧
select id from ⟦`p.raw.a`⟧ qualify row_number() over (partition by id order by t desc) = 1
select sum(id) over (partition by name order by t rows between unbounded preceding and current row) from ⟦`p.raw.a`⟧
select last_value(id ignore nulls) over w, percentile_cont(id, 0.5) over (partition by name) from ⟦`p.raw.a`⟧ window w as (order by t)
select safe_cast(id as string), cast(t as string format 'YYYY'), safe.substr(name, 1), safe_divide(id, 0) from ⟦`p.raw.a`⟧
select date '2024-01-01', timestamp '2024-01-01 00:00:00+00', datetime '2024-01-01', interval 1 day, interval '1-2' year to month, numeric '1', bignumeric '2', json '{"a": 1}' from ⟦`p.raw.a`⟧
select timestamp_sub(current_timestamp(), interval 3 day), date_diff(d, d, day), timestamp_trunc(t, hour), extract(dayofweek from t), extract(date from t at time zone 'UTC') from ⟦`p.raw.a`⟧
select r'a\b', b'c', rb'd', """long 'text'""", 'it\'s', "text" from ⟦`p.raw.a`⟧
select if(id > 1, 'a', 'b'), ifnull(id, 1), nullif(id, 2), coalesce(id, 3), case id when 1 then 2 end from ⟦`p.raw.a`⟧
select id from ⟦`p.raw.a`⟧ where name like 'a%' and regexp_contains(name, r'b') and id in unnest([1, 2]) and id not in (select id from ⟦`p.raw.b`⟧)
select id from ⟦`p.raw.a`⟧ where name like any ('a%', 'b%')
select id from ⟦`p.raw.a`⟧ for system_time as of timestamp_sub(current_timestamp(), interval 1 hour)
select id from ⟦`p.raw.a`⟧ tablesample system (10 percent)
select * from ⟦`p.raw.a`⟧ pivot (sum(id) as s for name in ('a' as x, 'b'))
select * from ⟦`p.raw.a`⟧ unpivot (v for k in (a, b))
select * from ⟦`p.raw.a`⟧ unpivot include nulls (v for k in (a as 'x', b as 'y'))
select id from ⟦`p.raw.a`⟧ union all select id from ⟦`p.raw.b`⟧ except distinct select 1
select id from ⟦`p.raw.a`⟧ intersect distinct select id from ⟦`p.raw.b`⟧
select id from ⟦`p.raw.a`⟧ union all by name select id from ⟦`p.raw.b`⟧
select id from ⟦`p.raw.a`⟧ full outer union all by name select id from ⟦`p.raw.b`⟧
select id, count(*) from ⟦`p.raw.a`⟧ group by all
select id, name from ⟦`p.raw.a`⟧ group by rollup (id, name)
select id, name from ⟦`p.raw.a`⟧ group by grouping sets (id, (id, name), ())
select as struct id, name from ⟦`p.raw.a`⟧
select as value id from ⟦`p.raw.a`⟧
select distinct as struct id from ⟦`p.raw.a`⟧
with recursive r as (select id from ⟦`p.raw.a`⟧ union all select id + 1 from r where id < 3) select * from r
from ⟦`p.raw.a`⟧ |> where id > 1 |> select id, t
from ⟦`p.raw.a`⟧ |> aggregate sum(id) as s group by name |> order by s
from ⟦`p.raw.a`⟧ |> extend id + 1 as n |> drop id |> rename n as m |> limit 3
from ⟦`p.raw.a`⟧ as x |> join ⟦`p.raw.b`⟧ as y on x.id = y.id |> set id = 1
select x, x.id, to_json_string(x) from ⟦`p.raw.a`⟧ as x
select x.*, s.* from ⟦`p.raw.a`⟧ x
select id from ⟦`p.raw.a`⟧ x join ⟦`p.raw.b`⟧ y using (id, t)
select x.id from ⟦`p.raw.a`⟧ x inner join (⟦`p.raw.b`⟧ y left join ⟦`p.raw.c`⟧ z using (id)) using (id)
select id, `a b`, name as `order` from ⟦`p.raw.a`⟧
select id, name, from ⟦`p.raw.a`⟧
select id is not distinct from 1, id is true, not id, id <> 1, id != 2, id << 1, ~id from ⟦`p.raw.a`⟧
select format('%d', id), concat(name, 'x'), name || 'y', split(name, ',')[safe_offset(0)] from ⟦`p.raw.a`⟧
select json_value(j, '$.a'), json_query(j, '$.b'), j.a, j[0], lax_int64(j.a), parse_json('{}') from ⟦`p.raw.a`⟧
select count(distinct id), hll_count.init(id), net.host(name), st_geogpoint(1, 2), `p.raw.f`(id) from ⟦`p.raw.a`⟧
select generate_uuid(), rand(), session_user(), @@project_id, current_date('UTC') from ⟦`p.raw.a`⟧
select id from ⟦`p.raw.a`⟧ where _partitiontime >= timestamp '2024-01-01' and _table_suffix between 'a' and 'b'
select id from ⟦`p.raw.a`⟧ order by t desc nulls last limit 10 offset 3
select (select as struct id, name), (select max(id) from ⟦`p.raw.b`⟧), exists (select 1 from ⟦`p.raw.c`⟧) from ⟦`p.raw.a`⟧
select * from ml.predict(model `p.raw.m`, (select * from ⟦`p.raw.a`⟧))
select * from ml.forecast(model `p.raw.m`, struct(30 as horizon)), ⟦`p.raw.a`⟧
select id, row_number() over () from ⟦`p.raw.a`⟧ -- comment
select id from ⟦`p.raw.a`⟧ # comment
select range(date '2024-01-01', null), range_contains(r, d), generate_array(1, 3), generate_date_array(d, d, interval 1 day) from ⟦`p.raw.a`⟧
select sum(id) over (order by unix_date(d) range between 3 preceding and current row), lag(id, 1, 0) over (order by t) from ⟦`p.raw.a`⟧
select struct<array<int64>>([1]).f, cast(x as struct<a array<string>>), cast(y as range<date>), cast([] as array<struct<a int64>>) from ⟦`p.raw.a`⟧
select with(a as id + 1, a * 2), if(id in (1, 2), 3, 4) from ⟦`p.raw.a`⟧
select id, max(t) as t from ⟦`p.raw.a`⟧ group by 1 having max(t) > timestamp '2024-01-01'
select name collate 'und:ci', collate(name, '') from ⟦`p.raw.a`⟧
select 1e3, 0xff, .5, 5., 1.5e-3 from ⟦`p.raw.a`⟧
select vs from ⟦`p.raw.a`⟧ where exists (select * from unnest(vs) v where v.x = 1)
select x.id from ⟦`p.raw.a`⟧ as x, unnest(x.items) as i, unnest(i.parts) as p with offset o where o = 0
from ⟦raw.a⟧ |> where id > 1 |> select id
select * from ⟦raw.a⟧ pivot (sum(id) as s for name in ('x' as x, 'y'))
select * from ⟦raw.a⟧ unpivot include nulls (v for k in (a as 'x', b as 'y'))
select * from ⟦raw.a⟧ unpivot ((v, w) for k in ((a, b), (c, d)))
select * except (id) replace (t as u) from ⟦raw.a⟧
select a.id, x from ⟦raw.a⟧ a, unnest(a.xs) as x with offset as n
select a.id, x from ⟦raw.a⟧ as a, a.xs as x
select a.id from ⟦raw.a⟧ as a left join unnest(a.xs) as x with offset
select array(select as struct id, t from ⟦raw.b⟧), struct(id as a, t as b), [1, 2][offset(0)], xs[safe_ordinal(1)] from ⟦raw.a⟧
select as value struct(id, t) from ⟦raw.a⟧
select as struct id, t from ⟦raw.a⟧
select id from ⟦raw.a⟧ for system_time as of timestamp_sub(current_timestamp(), interval 1 hour)
select id from ⟦raw.a⟧ tablesample system (10 percent)
select array_agg(id ignore nulls order by t desc limit 1)[offset(0)], string_agg(distinct name, ',' order by name) from ⟦raw.a⟧
select any_value(id having max t), count(distinct id), countif(id > 1), approx_quantiles(id, 4) from ⟦raw.a⟧
select sum(id) over w from ⟦raw.a⟧ window w as (partition by name order by t rows between 1 preceding and current row)
select sum(id) over (w rows 1 preceding) from ⟦raw.a⟧ window w as (order by t)
select last_value(id ignore nulls) over (order by t), percentile_cont(id, 0.5) over () from ⟦raw.a⟧
select safe_cast(id as string format 'YYYY'), cast(t as string format 'YYYY-MM' at time zone 'UTC'), safe.substr(name, 1) from ⟦raw.a⟧
select date '2024-01-01', timestamp '2024-01-01 00:00:00+00', interval 1 day, interval '1:2' hour to minute, numeric '1.2', json '{"a": 1}' from ⟦raw.a⟧
select r'a\b', b'x', rb'\x', """a b""", '''c''', 'd' from ⟦raw.a⟧
select j.a.b, j['a'], json_value(j, '$.a'), lax_string(j.c) from ⟦raw.a⟧
select extract(date from t at time zone 'UTC'), extract(week(monday) from t), date_trunc(t, week(monday)) from ⟦raw.a⟧
select id from ⟦raw.a⟧ qualify row_number() over (partition by id order by t) = 1
select id, count(*) from ⟦raw.a⟧ group by all
select grouping(id), id from ⟦raw.a⟧ group by grouping sets (id, rollup (id, name), ())
select id from ⟦raw.a⟧ where id in unnest([1, 2]) and name like any ('a%', 'b%') and name not like all ('c', 'd')
select id is distinct from 1, id in (select id from ⟦raw.b⟧), exists (select 1 from ⟦raw.b⟧) from ⟦raw.a⟧
select id from ⟦raw.a⟧ union distinct select id from ⟦raw.b⟧
select id from ⟦raw.a⟧ full outer union all by name select id from ⟦raw.b⟧
select id from ⟦raw.a⟧ except distinct select id from ⟦raw.b⟧
(select id from ⟦raw.a⟧ limit 1) union all (select id from ⟦raw.b⟧ limit 1) order by 1
with recursive r as (select id from ⟦raw.a⟧ union all select id + 1 from r where id < 3) select * from r
select with (a as id + 1, b as a * 2, a + b) from ⟦raw.a⟧
select if(id = 1, 2, 3), ifnull(id, 1), case when id = 1 then 2 end, @@project_id from ⟦raw.a⟧
select x.id from ⟦raw.a⟧ x join ⟦raw.b⟧ y using (id) where x.t between y.t and timestamp_add(y.t, interval 1 day)
select (select as struct max(id) as m, min(id) as n from ⟦raw.b⟧).m from ⟦raw.a⟧
select array_concat(xs, [1]), array<int64>[1, 2], struct<a int64, b string>(1, 'x').a from ⟦raw.a⟧
select `id`, `a`.`t` from ⟦raw.a⟧ as `a` limit 3 offset 1
select ml.id from (select id from ⟦raw.a⟧) as ml order by id nulls last
select net.host(name), st_geogpoint(1, 2), keys.new_keyset('x') from ⟦raw.a⟧
select * from ⟦raw.a⟧ match_recognize (partition by id order by t measures first(b.t) as f pattern (a b+) define b as b.id > 1, a as true)
