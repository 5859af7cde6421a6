with 3 as n select id + n from ⟦raw.a⟧
with id * 2 as doubled, x as (select * from ⟦raw.a⟧) select doubled from x
with 'x' as s, 4 as k select s, k, id from ⟦raw.a⟧
select id > 1 ? 'a' : 'b' from ⟦raw.a⟧
select id ? (name ? 1 : 2) : 3 as v from ⟦raw.a⟧
select id from ⟦raw.a⟧ where id global in (select id from ⟦raw.b⟧)
select id from ⟦raw.a⟧ where id global not in (select id from ⟦raw.b⟧)
select x.id from ⟦raw.a⟧ x global any left join ⟦raw.b⟧ y using (id)
select x.id from ⟦raw.a⟧ x any left join ⟦raw.b⟧ y using id
select x.id from ⟦raw.a⟧ x left any join ⟦raw.b⟧ y on x.id = y.id
select x.id from ⟦raw.a⟧ x left semi join ⟦raw.b⟧ y using (id)
select x.id from ⟦raw.a⟧ x left anti join ⟦raw.b⟧ y using (id)
select x.id from ⟦raw.a⟧ x asof left join ⟦raw.b⟧ y on x.id = y.id and x.t >= y.t
select x.id from ⟦raw.a⟧ x all inner join ⟦raw.b⟧ y on x.id = y.id
select x.id from ⟦raw.a⟧ x paste join ⟦raw.b⟧ y
select id, v from ⟦raw.a⟧ array join vs as v
select id, v from ⟦raw.a⟧ left array join vs as v, arrayEnumerate(vs) as n
select id from ⟦raw.a⟧ final
select id from ⟦raw.a⟧ sample 0.1
select id from ⟦raw.a⟧ as x final sample 1 / 10 offset 1 / 2
select id from ⟦raw.a⟧ sample 10000
select id from ⟦raw.a⟧ prewhere id = 1 where name = 'x'
select id from ⟦raw.a⟧ limit 3 by id
select id from ⟦raw.a⟧ order by t limit 1 offset 2 by id, name limit 10
select id from ⟦raw.a⟧ order by t limit 10 with ties
select id from ⟦raw.a⟧ limit 2, 10
select id from ⟦raw.a⟧ order by t with fill from 1 to 10 step 2
select id from ⟦raw.a⟧ order by t with fill step interval 1 day interpolate (id as id + 1)
select id, count() from ⟦raw.a⟧ group by id with totals
select id, count() from ⟦raw.a⟧ group by id with rollup
select id, name, count() from ⟦raw.a⟧ group by cube (id, name)
select id from ⟦raw.a⟧ group by grouping sets ((id), (name))
select id, count() from ⟦raw.a⟧ group by all
select id from ⟦raw.a⟧ settings max_threads = 3, join_use_nulls = 1
select id from ⟦raw.a⟧ format JSON
select quantile(0.9)(id), quantiles(0.5, 0.9)(id), topK(3)(name), sumIf(id, id > 1), uniqExactIf(id, name = 'a') from ⟦raw.a⟧
select argMax(name, t), groupArray(10)(id), sequenceMatch('(?1)(?2)')(t, id = 1, id = 2) from ⟦raw.a⟧
select arrayMap(x -> x + 1, vs), arrayFilter((x, y) -> x > y, vs, ws), arraySort(x -> -x, vs) from ⟦raw.a⟧
select vs[1], m['k'], t.1, t.name, tuple(1, 'a').1 from ⟦raw.a⟧
select [1, 2, id], (id, name), map('a', id) from ⟦raw.a⟧
select * except (id), * replace (id + 1 as id) from ⟦raw.a⟧
select * except id from ⟦raw.a⟧
select * apply (sum) from ⟦raw.a⟧
select columns('a.*') apply (toString) from ⟦raw.a⟧
select columns(id, name) except id from ⟦raw.a⟧
select x.* except (id) from ⟦raw.a⟧ x
select toDateTime64(t, 3, 'UTC'), toStartOfInterval(t, interval 5 minute), t + interval 1 day, date_trunc('day', t) from ⟦raw.a⟧
select dateDiff('day', t, now()), t::Date, '1'::UInt8, cast(id, 'String'), cast(id as Nullable(Int32)) from ⟦raw.a⟧
select id::Decimal(10, 2), cast(vs as Array(LowCardinality(String))), cast(x as Tuple(a Int8, b String)) from ⟦raw.a⟧
select id as a, a + 1 as b, b * 2 as c from ⟦raw.a⟧
select sum(id) over (partition by name order by t rows between unbounded preceding and current row) from ⟦raw.a⟧
select lagInFrame(id) over w from ⟦raw.a⟧ window w as (order by t)
select id from ⟦raw.a⟧ qualify row_number() over (order by t) = 1
select id, row_number() over (order by t) as n from ⟦raw.a⟧ qualify n = 1
select id div 2, id mod 3, not id, id between 1 and 2, name ilike '%a%', name not like 'b' from ⟦raw.a⟧
select if(id = 1, 'a', 'b'), multiIf(id = 1, 'a', id = 2, 'b', 'c'), case when id = 1 then 2 end from ⟦raw.a⟧
select x.id from ⟦raw.a⟧ as x, ⟦raw.b⟧ as y where x.id = y.id
select id from ⟦raw.a⟧ union all select id from ⟦raw.b⟧
select id from ⟦raw.a⟧ union distinct select id from ⟦raw.b⟧
select id from ⟦raw.a⟧ intersect select id from ⟦raw.b⟧
select id from ⟦raw.a⟧ where (id, name) in ((1, 'a'), (2, 'b'))
select id from ⟦raw.a⟧ where id in (1, 2) and (id, t) in (select id, t from ⟦raw.b⟧)
select distinct on (id) id, t from ⟦raw.a⟧
select count(distinct id), count() from ⟦raw.a⟧
select number from numbers(10) where number in (select id from ⟦raw.a⟧)
select x.id, d.name from ⟦raw.a⟧ x left join (select id, name from ⟦raw.b⟧) d using (id)
select dictGet('d', 'name', id), dictGetOrDefault('d', 'a', tuple(id), 0) from ⟦raw.a⟧
select JSONExtractString(j, 'a', 'b'), j.a.b, j.a.:Int64, j.^a from ⟦raw.a⟧
select id from ⟦raw.a⟧ where name = {name:String}
select toDate('2024-01-01'), date '2024-01-01', timestamp '2024-01-01 00:00:00', now64(3) from ⟦raw.a⟧
select 0xff, 1_000, 1e3, inf, nan, null, true from ⟦raw.a⟧
select 'a\'b', 'c''d', `id`, "name" from ⟦raw.a⟧
select id from ⟦raw.a⟧ having id > 1
select sumMap(m), sumState(id), finalizeAggregation(s), minMerge(s), avgOrNull(id) from ⟦raw.a⟧
with recursive r as (select id from ⟦raw.a⟧ union all select id + 1 from r where id < 3) select * from r
select exists (select 1 from ⟦raw.b⟧), (select max(id) from ⟦raw.b⟧) from ⟦raw.a⟧
select id, untuple(tup), tupleElement(tup, 'a') from ⟦raw.a⟧
select id from ⟦raw.a⟧ as x where x.t >= toStartOfDay(now()) - toIntervalDay(3)
select trim(both 'a' from name), substring(name from 2 for 3), extract(year from t), position('a' in name) from ⟦raw.a⟧
select interval 1 day, interval '2' hour, interval '3 day', toIntervalMonth(2) from ⟦raw.a⟧
select id == 1, id != 2, id <> 3, name || 'x', id <=> 1, not (id) from ⟦raw.a⟧
select id from ⟦raw.a⟧ where name regexp 'a' and match(name, 'b')
select id from ⟦raw.a⟧ order by name collate 'en', t desc nulls last
select first_value(id) ignore nulls over (order by t), any(id) respect nulls from ⟦raw.a⟧
select id, grouping(id) from ⟦raw.a⟧ group by id with cube
from ⟦raw.a⟧ select id where id > 1
select id from ⟦raw.a⟧ where not empty(vs) and has(vs, 1) and vs[-1] = 2
with (select max(id) from ⟦raw.b⟧) as m select id from ⟦raw.a⟧ where id < m
with 3 as n, (select min(t) from ⟦raw.b⟧) as first, x as (select * from ⟦raw.a⟧) select * from x where t > first and id > n
with x -> x + 1 as f select f(id) from ⟦raw.a⟧
select id as k, k + 1 as k2 from ⟦raw.a⟧
select id from ⟦raw.a⟧ final where id > 1
select id from ⟦raw.a⟧ final sample 0.1
select id from ⟦raw.a⟧ sample 1 / 10 offset 1 / 2
select id from ⟦raw.a⟧ array join xs as x
select id from ⟦raw.a⟧ left array join xs as x, arrayEnumerate(xs) as n
select id from ⟦raw.a⟧ limit 3 by name limit 10
select id from ⟦raw.a⟧ order by t with fill from 1 to 10 step 2
select id from ⟦raw.a⟧ order by t with fill interpolate (id as id + 1)
select id, count() from ⟦raw.a⟧ group by id with totals
select id, count() from ⟦raw.a⟧ group by id with rollup
select id from ⟦raw.a⟧ settings max_threads = 1
select id from ⟦raw.a⟧ format JSON
select x.id from ⟦raw.a⟧ x any left join ⟦raw.b⟧ y using id
select x.id from ⟦raw.a⟧ x global any inner join ⟦raw.b⟧ y on x.id = y.id
select x.id from ⟦raw.a⟧ x asof join ⟦raw.b⟧ y on x.id = y.id and x.t >= y.t
select x.id from ⟦raw.a⟧ x paste join ⟦raw.b⟧ y
select x.id from ⟦raw.a⟧ x cross join ⟦raw.b⟧ y
select id from ⟦raw.a⟧ where id global not in (select id from ⟦raw.b⟧)
select id from ⟦raw.a⟧ where id in ⟦raw.b⟧
select columns('a.*') apply(sum) from ⟦raw.a⟧
select * except (id) replace (t + 1 as t) apply(toString) from ⟦raw.a⟧
select a.* except id from ⟦raw.a⟧ as a
select quantiles(0.5, 0.9)(id), sumIf(id, id > 1), groupArray(3)(name) from ⟦raw.a⟧
select (id, name).1, tuple(id).1, xs[1], m['k'] from ⟦raw.a⟧
select id ? 1 : 2, not id, id::UInt8, cast(id, 'Nullable(String)'), cast(id as Array(UInt8)) from ⟦raw.a⟧
select arrayMap((x, y) -> x + y, xs, ys), arrayFilter(x -> x > 1, xs) from ⟦raw.a⟧
select toStartOfInterval(t, interval 15 minute), t + interval 1 day, date_diff('day', t, now()) from ⟦raw.a⟧
select {p:UInt8} + id from ⟦raw.a⟧
select sum(id) over (partition by name order by t rows between unbounded preceding and current row) from ⟦raw.a⟧
select id from ⟦raw.a⟧ qualify row_number() over (partition by id order by t) = 1
select if(id = 1, 'a', 'b'), multiIf(id = 1, 1, id = 2, 2, 3), case when id = 1 then 1 end from ⟦raw.a⟧
select id from ⟦raw.a⟧ where name ilike 'a%' and match(name, 'x') and name not like 'b'
select * from (select id from ⟦raw.a⟧ union distinct select id from ⟦raw.b⟧)
select id from ⟦raw.a⟧ intersect select id from ⟦raw.b⟧
select id from ⟦raw.a⟧ prewhere id > 1 where t > 2
select distinct on (id) id, t from ⟦raw.a⟧
select id from ⟦raw.a⟧ group by all
select 0x1f, 0b11, 1e3, inf, nan, 'it\'s', null::Nullable(UInt8) from ⟦raw.a⟧
from ⟦raw.a⟧ select id where id > 1
select id from ⟦raw.a⟧ order by id limit 3 with ties
select id from ⟦raw.a⟧ offset 1 row fetch first 3 rows only
select a.id from ⟦raw.a⟧ as a semi left join ⟦raw.b⟧ as b on a.id = b.id
select exists(select 1 from ⟦raw.b⟧), (select count() from ⟦raw.b⟧) from ⟦raw.a⟧
select id, j.a.:Int64 as v, j.b.c.:String from ⟦raw.a⟧ where j.a.:Int64 > 1
select j.a.:Int64 as v, count() as n from ⟦raw.a⟧ group by j.a.:Int64 order by j.a.:Int64
