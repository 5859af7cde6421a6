select id from ⟦raw.a⟧ for version as of 3
select id from ⟦raw.a⟧ for timestamp as of timestamp '2024-01-01 00:00:00 UTC' as x
select id from ⟦raw.a⟧ tablesample bernoulli (10)
select id from ⟦raw.a⟧ x tablesample system (10)
select x.id, v from ⟦raw.a⟧ x cross join unnest(x.vs) as u (v)
select x.id, v, n from ⟦raw.a⟧ x cross join unnest(x.vs, x.ws) with ordinality as u (v, w, n)
select x.id, v from ⟦raw.a⟧ x left join unnest(x.vs) as u (v) on true
select x.id, l.n from ⟦raw.a⟧ x cross join lateral (select x.id + 1 as n) l
select * from ⟦raw.a⟧ match_recognize (partition by id order by t measures last(x.t) as e one row per match after match skip past last row pattern (x+ y?) define x as v > 1) as m
select transform(vs, x -> x + 1), filter(vs, x -> x > 1), reduce(vs, 0, (s, x) -> s + x, s -> s), vs[1], m['k'] from ⟦raw.a⟧
select cast(row(1, 'a') as row(a bigint, b varchar)), cast(j as array(row(x int, y varchar))), cast(m as map(varchar, bigint)) from ⟦raw.a⟧
select r.a, r.b.c, row(1, 2), array[1, 2], map(array['a'], array[1]) from ⟦raw.a⟧
select try_cast(id as bigint), try(id / 0), cast(id as decimal(10, 2)), cast(t as timestamp(6) with time zone) from ⟦raw.a⟧
select date '2024-01-01', timestamp '2024-01-01 00:00:00', timestamp '2024-01-01 00:00:00 UTC', interval '1' day, interval '2' month, time '10:00' from ⟦raw.a⟧
select t at time zone 'UTC', extract(year from t), date_trunc('day', t), date_add('day', 1, t), t + interval '1' day from ⟦raw.a⟧
select json_value(j, 'lax $.a' returning bigint null on empty), json_query(j, 'strict $.b' with wrapper), json_exists(j, '$.c'), json_query(j, '$.d' omit quotes) from ⟦raw.a⟧
select json_object('a': id, key 'b' value name null on null), json_array(1, id absent on null), json_extract_scalar(j, '$.a') from ⟦raw.a⟧
select * from ⟦raw.a⟧ x, json_table(x.j, 'lax $[*]' columns (a bigint path 'lax $.a', n for ordinality)) as jt
select sum(id) filter (where id > 1), array_agg(id order by t desc), listagg(name, ',') within group (order by name), approx_percentile(id, 0.5) from ⟦raw.a⟧
select listagg(name, ',' on overflow truncate '...' with count) within group (order by name) from ⟦raw.a⟧
select lag(id) ignore nulls over (order by t), sum(id) over w, first_value(id) over (w rows 3 preceding) from ⟦raw.a⟧ window w as (partition by name order by t)
select sum(id) over (order by t groups between 1 preceding and current row) from ⟦raw.a⟧
select max_by(id, t), min_by(id, t, 3), count_if(id > 1), approx_distinct(id), histogram(name), map_agg(name, id) from ⟦raw.a⟧
select id from ⟦raw.a⟧ group by grouping sets ((id), (name), ())
select id from ⟦raw.a⟧ group by cube (id, name)
select id from ⟦raw.a⟧ group by rollup (id, name)
select id from ⟦raw.a⟧ group by auto
select id from ⟦raw.a⟧ order by t desc nulls last offset 3 limit 10
select id from ⟦raw.a⟧ offset 3 rows fetch first 10 rows with ties
select id from ⟦raw.a⟧ union all select id from ⟦raw.b⟧ except select id from ⟦raw.c⟧
select id from ⟦raw.a⟧ intersect all select id from ⟦raw.b⟧
with recursive r (n) as (select id from ⟦raw.a⟧ union all select n + 1 from r where n < 3) select * from r
select * from (values (1, 'a'), (2, 'b')) as v (id, name) join ⟦raw.a⟧ using (id)
select id, "$path", "$file_modified_time" from ⟦raw.a⟧
select "Id", "a b", name as "order" from ⟦raw.a⟧
select u&'\0041', x'ff', 'it''s' from ⟦raw.a⟧
select name like 'a!%' escape '!', regexp_like(name, 'b'), name || 'c', id is distinct from 1, id between 1 and 2, id in (1, 2) from ⟦raw.a⟧
select id = any (select id from ⟦raw.b⟧), exists (select 1 from ⟦raw.c⟧), (id, name) in (select id, name from ⟦raw.d⟧) from ⟦raw.a⟧
select case when id > 1 then 1 end, if(id > 1, 'a'), nullif(id, 1), coalesce(id, 2), greatest(id, 3) from ⟦raw.a⟧
select substring(name from 2 for 3), trim(both 'a' from name), position('a' in name), normalize(name, nfd), trim(leading from name) from ⟦raw.a⟧
select current_date, current_timestamp(3), localtimestamp, current_user, current_catalog from ⟦raw.a⟧
select 1_000, 0xff, 1e3, decimal '1.5', real '2', double '3', .5 from ⟦raw.a⟧
select * from table(sequence(start => 1, stop => 3)) s (n) join ⟦raw.a⟧ on true
select x.id from ⟦raw.a⟧ as x (id, name) natural join ⟦raw.b⟧
select x.id from ⟦raw.a⟧ x join ⟦raw.b⟧ y using (id, t)
select x.id from (⟦raw.a⟧ x join ⟦raw.b⟧ y on x.id = y.id) full outer join ⟦raw.c⟧ z on true
select r.* from ⟦raw.a⟧ x cross join unnest(x.structs) r
select (id, name).field0, row(id, name).field1, cast(null as row(x double)).x from ⟦raw.a⟧
select grouping(id), id % 2, -id, id / 2 from ⟦raw.a⟧ group by id
select count(distinct id), count(*), sum(distinct id) from ⟦raw.a⟧
select format('%s', id), json_format(json_parse(j)), json '{"a": 1}', from_iso8601_timestamp(name), uuid() from ⟦raw.a⟧
with function f(x bigint) returns bigint return x + 1 select f(id) from ⟦raw.a⟧
with function f(x bigint) returns bigint return x + 1, function g(x bigint) returns bigint return x * 2 select f(g(id)) from ⟦raw.a⟧
with function f(x bigint) returns bigint return x + 1 with y as (select id from ⟦raw.a⟧) select f(id) from y
select a.id, u.v from ⟦raw.a⟧ a cross join unnest(a.xs) with ordinality as u(v, n)
select a.id from ⟦raw.a⟧ a left join unnest(a.xs) as u(v) on true
select id from ⟦raw.a⟧ for version as of 3
select id from ⟦raw.a⟧ for timestamp as of timestamp '2024-01-01 00:00:00 UTC'
select id from ⟦raw.a⟧ tablesample bernoulli (10)
select id from ⟦raw.a⟧ tablesample system (10)
select * from ⟦raw.a⟧ match_recognize (partition by id order by t measures a.t as first pattern (a b+) define b as b.t > a.t)
select transform(xs, x -> x + 1), filter(xs, x -> x > 1), reduce(xs, 0, (s, x) -> s + x, s -> s) from ⟦raw.a⟧
select cast(row(id, name) as row(a bigint, b varchar)).a from ⟦raw.a⟧
select try(id / 0), try_cast(id as varchar), id is distinct from 1 from ⟦raw.a⟧
select date '2024-01-01', timestamp '2024-01-01 00:00:00 UTC', interval '1' day, interval '1-2' year to month from ⟦raw.a⟧
select t at time zone 'UTC', extract(day from t), date_trunc('day', t), current_timestamp(3), localtime from ⟦raw.a⟧
select sum(id) over (partition by name order by t groups between 1 preceding and 1 following) from ⟦raw.a⟧
select listagg(name, ',' on overflow truncate '…' with count) within group (order by id) from ⟦raw.a⟧
select count(*) filter (where id > 1), approx_distinct(id), array_agg(id order by t) from ⟦raw.a⟧
select id from ⟦raw.a⟧ fetch first 3 rows with ties
select id from ⟦raw.a⟧ offset 1 limit all
select id from ⟦raw.a⟧ where id > all (select id from ⟦raw.b⟧) and name like 'a$%' escape '$'
select map(array['a'], array[1])['a'], xs[1], array[1, 2] || 3 from ⟦raw.a⟧
select json_value(j, 'lax $.a' returning bigint), json_query(j, 'lax $.b' with array wrapper), json_exists(j, 'lax $.c') from ⟦raw.a⟧
select jt.* from ⟦raw.a⟧ a cross join json_table(a.j, 'lax $[*]' columns (x bigint path 'lax $.x', n for ordinality)) as jt
select grouping(id), id from ⟦raw.a⟧ group by grouping sets ((id), ())
select id from ⟦raw.a⟧ group by auto
select first_value(id) ignore nulls over (order by t) from ⟦raw.a⟧
select sum(id) over w from ⟦raw.a⟧ window w as (partition by name)
select * from table(sequence(1, 3)) s cross join ⟦raw.a⟧
select x.* from table(exclude_columns(input => table(⟦raw.a⟧), columns => descriptor(id))) x
select a.id from ⟦raw.a⟧ a cross join lateral (select max(id) as m from ⟦raw.b⟧ b where b.id = a.id) l
select u&'d\0061t', x'1f', decimal '1.2', varchar 'a', char 'b', 1e3 from ⟦raw.a⟧
select if(id = 1, 2), coalesce(id, 1), nullif(id, 1), case id when 1 then 2 end from ⟦raw.a⟧
select x.id, v from ⟦raw.a⟧ x cross join (values 1, 2) as t (v)
select id from ⟦raw.a⟧ where id in (values 1, 2) or id > all (values 3)
select id from ⟦raw.a⟧ union all values 1, 2 order by 1
with function f(x bigint) returns bigint begin declare y bigint default 1; return x + y; end select f(id) from ⟦raw.a⟧
with function f(x bigint) returns bigint begin if x > 1 then return 1; end if; return x; end, function g(x bigint) returns bigint return f(x) select g(id) from ⟦raw.a⟧
