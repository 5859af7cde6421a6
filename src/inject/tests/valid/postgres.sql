select sum(id) over (order by t rows between unbounded preceding and current row exclude current row) from ⟦raw.a⟧
select sum(id) over (order by t groups between 1 preceding and 1 following exclude ties) from ⟦raw.a⟧
select sum(id) over (order by t range between interval '1 day' preceding and current row exclude no others) from ⟦raw.a⟧
with x as materialized (select * from ⟦raw.a⟧) select * from x
with x as not materialized (select * from ⟦raw.a⟧) select * from x
with recursive r (n) as (select id from ⟦raw.a⟧ union all select n + 1 from r where n < 3) search depth first by n set o select * from r
with recursive r (n) as (select id from ⟦raw.a⟧ union all select n + 1 from r) cycle n set is_cycle using path select * from r
select distinct on (id) id, t from ⟦raw.a⟧ order by id, t desc
select id from ⟦raw.a⟧ tablesample bernoulli (10) repeatable (3)
select id from ⟦raw.a⟧ x tablesample system (1.5)
select id from only ⟦raw.a⟧ x
select x.id, g from ⟦raw.a⟧ x, generate_series(1, x.id) as g
select x.id, u.v, u.n from ⟦raw.a⟧ x cross join lateral unnest(x.vs) with ordinality as u(v, n)
select x.id, r.* from ⟦raw.a⟧ x left join lateral (select y.n from ⟦raw.b⟧ y where y.id = x.id limit 1) r on true
select * from ⟦raw.a⟧ x, jsonb_to_recordset(x.j) as r(a int, b text)
select * from ⟦raw.a⟧ x, xmltable('/r' passing x.doc columns id int path '@id') as xt
select * from ⟦raw.a⟧ x, json_table(x.j, '$[*]' columns (a int path '$.a')) as jt
select id::int, '1'::numeric(10, 2), id::text collate "C", array[1, 2]::int[] from ⟦raw.a⟧
select j->'a'->>'b', j#>'{a,b}', j#>>'{a}', j @> '{"a": 1}', j ? 'a', j ?| array['a'], j - 'a', j @? '$.a', j @@ '$.a > 1' from ⟦raw.a⟧
select j['a']['b'], vs[1], vs[1:2], vs[:2], (row).f, (x.c).d from ⟦raw.a⟧ x
select name ~ 'a', name ~* 'b', name !~ 'c', name !~* 'd', name similar to 'e%', name like any (array['a%']), name ilike 'x' escape '!' from ⟦raw.a⟧
select id = any (array[1, 2]), id = all (select id from ⟦raw.b⟧), id <> some (vs) from ⟦raw.a⟧
select count(*) filter (where id > 1), array_agg(distinct id order by id desc nulls last), string_agg(name, ',' order by name) from ⟦raw.a⟧
select percentile_cont(0.5) within group (order by id), mode() within group (order by name) from ⟦raw.a⟧
select rank(3) within group (order by id) from ⟦raw.a⟧
select id from ⟦raw.a⟧ group by grouping sets ((id), (name), ())
select id from ⟦raw.a⟧ group by rollup (id, name), cube (t)
select id from ⟦raw.a⟧ group by distinct rollup (id), rollup (name)
select lag(id) over w, first_value(id) over (w rows 3 preceding) from ⟦raw.a⟧ window w as (partition by name order by t)
select id from ⟦raw.a⟧ fetch first 3 rows with ties
select id from ⟦raw.a⟧ order by id using > offset 2 rows fetch next 3 rows only
select id from ⟦raw.a⟧ for update of a skip locked
select id from ⟦raw.a⟧ union all select id from ⟦raw.b⟧ intersect select 1 except all select 2
(select id from ⟦raw.a⟧ limit 1) union (select id from ⟦raw.b⟧ order by 1)
select e'a\nb', u&'\0041', b'101', x'ff', $$a$$, $t$b$t$, 'a' 'b' from ⟦raw.a⟧
select date '2024-01-01', timestamp with time zone '2024-01-01', interval '1 day 2 hours', interval '3' day, time '10:00' from ⟦raw.a⟧
select t at time zone 'UTC' at time zone 'Europe/Paris', extract(epoch from t), date_trunc('day', t, 'UTC') from ⟦raw.a⟧
select overlay(name placing 'x' from 1 for 2), position('a' in name), substring(name from 2 for 3), substring(name from 'a(.)'), trim(both 'x' from name) from ⟦raw.a⟧
select (t, t) overlaps (t, t), t between symmetric t and t, id is not distinct from 1, true is unknown from ⟦raw.a⟧
select row(id, name), (id, name) = (1, 'a'), row(x.*) from ⟦raw.a⟧ x
select x from ⟦raw.a⟧ x
select (x).id, (x).* from ⟦raw.a⟧ x
select id from ⟦raw.a⟧ where (id, name) in (select id, name from ⟦raw.b⟧)
select case when id > 1 then 1 end, nullif(id, 1), greatest(id, 2), coalesce(id, 3) from ⟦raw.a⟧
select cast(id as double precision), cast(id as character varying(3)), cast(t as timestamp(3) without time zone) from ⟦raw.a⟧
select id operator(pg_catalog.+) 1, @ id, |/ id, id ! from ⟦raw.a⟧
select !!id, id % 2, id ^ 2, id # 1, id & 1, ~id from ⟦raw.a⟧
select p <-> '(0,0)', b && c, a << b, a -|- b, a <@ b from ⟦raw.a⟧
select to_tsvector('english', name) @@ to_tsquery('a & b') from ⟦raw.a⟧
select 1_000, 0x1f, 0b11, 0o17 from ⟦raw.a⟧
select f(a => id, b => 2), f(variadic vs), f(b := 3) from ⟦raw.a⟧
select is_json.j is json, j is json object, j is not json array with unique keys from ⟦raw.a⟧ is_json
select json_object('a': id, 'b' value 2 absent on null), json_array(1, id null on null), json_arrayagg(id order by id returning jsonb) from ⟦raw.a⟧
select json_objectagg(name: id with unique keys), json_value(j, '$.a' returning int default 1 on empty), json_query(j, '$.b' with wrapper), json_exists(j, '$.c') from ⟦raw.a⟧
select xmlelement(name a, xmlattributes(id as b), name), xmlforest(id, name) from ⟦raw.a⟧
select x.id from ⟦raw.a⟧ x join ⟦raw.b⟧ y using (id) as u
select u.id from ⟦raw.a⟧ x join ⟦raw.b⟧ y using (id) as u where u.id = 1
select x.id from (⟦raw.a⟧ x cross join ⟦raw.b⟧ y) left join ⟦raw.c⟧ z on true
select j.id from (⟦raw.a⟧ x join ⟦raw.b⟧ y using (id)) as j
select x.id from ⟦raw.a⟧ x natural full join ⟦raw.b⟧
select * from (values (1, 'a'), (2, 'b')) as v (id, name) join ⟦raw.a⟧ using (id)
with v (id) as (values (1)) select * from v join ⟦raw.a⟧ using (id)
select array(select id from ⟦raw.b⟧), exists (select from ⟦raw.b⟧) from ⟦raw.a⟧
select from ⟦raw.a⟧
select id as "Id", name as value, t as timestamp from ⟦raw.a⟧
select id "order", name label from ⟦raw.a⟧
select current_date, current_timestamp(3), localtime, current_user, session_user from ⟦raw.a⟧
select normalize(name, nfc), name is nfc normalized from ⟦raw.a⟧
select collation for (name), cast(name as "char") from ⟦raw.a⟧
select set_config('a', 'b', true), id from ⟦raw.a⟧
select lag(id) ignore nulls over (order by t) from ⟦raw.a⟧
select any_value(id order by t), grouping(id) from ⟦raw.a⟧ group by id
select id, sum(id) over () / nullif(count(*) over (), 0) from ⟦raw.a⟧
select '{1,2}'::int[] @> array[id], id = any ('{1,2}'::int[]), array_length(vs, 1) from ⟦raw.a⟧
select make_interval(days => id), age(t), to_char(t, 'YYYY-MM-DD') from ⟦raw.a⟧
select format('%s', name), name || 'x', 'a' like 'b', name not like all ('{a,b}') from ⟦raw.a⟧
select x.id, count(*) from ⟦raw.a⟧ as x (id, name) group by x.id having count(*) > 1 order by 2 desc nulls first
select ctid, xmin, id from ⟦raw.a⟧
select * from ⟦raw.a⟧ where t >= now() - interval '1' year and name is not null and not deleted
select r.* from ⟦raw.a⟧ a, rows from (generate_series(1, 2), unnest(a.xs)) as r(x, y)
select r.* from ⟦raw.a⟧ a cross join lateral rows from (generate_series(1, a.id)) with ordinality as r(x, n)
select id from ⟦raw.a⟧ where id between symmetric 3 and 1
select id from only ⟦raw.a⟧
select a.id, f.* from ⟦raw.a⟧ a, json_to_recordset(a.j) as f(x int, y text)
select a.id from ⟦raw.a⟧ a, jsonb_array_elements(a.j) with ordinality as e(v, n)
select id, j #>> '{a,b}', j @> '{"a": 1}', j ? 'k', j ?| array['a'], j - 'a', j #- '{a}' from ⟦raw.a⟧
select id from ⟦raw.a⟧ where name ~* 'x' and name !~* 'y' and name similar to '(a|b)%'
select xs[1:2], xs @> array[1], xs && array[2], array_length(xs, 1) from ⟦raw.a⟧
select (a.c).x, (a.c).* from ⟦raw.a⟧ a
select id from ⟦raw.a⟧ where (id, t) > (1, now()) and (id, t) in (select id, t from ⟦raw.b⟧)
select count(*) filter (where id > 1) over (partition by name order by t groups between 1 preceding and current row exclude group) from ⟦raw.a⟧
select percentile_cont(array[0.5, 0.9]) within group (order by id) from ⟦raw.a⟧
select id from ⟦raw.a⟧ fetch first 3 rows with ties
select id from ⟦raw.a⟧ order by id using < limit all
with recursive r(id, n) as (select id, 1 from ⟦raw.a⟧ union all select r.id, n + 1 from r where n < 3) search depth first by id set o cycle id set c using p select * from r
select t at time zone 'UTC', timestamptz '2024-01-01 00:00+00', interval '1' day, interval '1-2' year to month from ⟦raw.a⟧
select t at local from ⟦raw.a⟧
select extract(epoch from t), date_part('day', t), overlay(name placing 'x' from 1 for 2), substring(name from 'a.*'), trim(both 'x' from name), position('a' in name) from ⟦raw.a⟧
select (t, t) overlaps (t, interval '1 day') from ⟦raw.a⟧
select xmlelement(name foo, name), xmlforest(id, name) from ⟦raw.a⟧
select jt.* from ⟦raw.a⟧ a, json_table(a.j, '$[*]' columns (x int path '$.x', y text path '$.y')) as jt
select json_object('a' : id, 'b' : name returning jsonb), json_value(j, '$.a' returning int default 0 on empty), json_query(j, '$.b'), json_exists(j, '$.c') from ⟦raw.a⟧
select j['a']['b'], j[0] from ⟦raw.a⟧
select json_arrayagg(id order by id), json_objectagg(name : id) from ⟦raw.a⟧
select j is json, j is not json object from ⟦raw.a⟧
select id from ⟦raw.a⟧ tablesample bernoulli (10) repeatable (3)
select x.id from ⟦raw.a⟧ x join ⟦raw.b⟧ y using (id) as z
select distinct on (id) id from ⟦raw.a⟧ order by id, t desc
select grouping(id), id from ⟦raw.a⟧ group by distinct grouping sets ((id), rollup (id, name), cube (id))
select id from ⟦raw.a⟧ for update of a skip locked
select b'101', x'1f', u&'d\0061t', e'\n', $q$a$q$ from ⟦raw.a⟧
select id::numeric(10,2)::text collate "C" from ⟦raw.a⟧
select operator(pg_catalog.-) id, id operator(pg_catalog.+) 1 from ⟦raw.a⟧
select array(select id from ⟦raw.b⟧ order by id), id = all (array[1, 2]), id <> some (select id from ⟦raw.b⟧) from ⟦raw.a⟧
select name is normalized, normalize(name, nfc) from ⟦raw.a⟧
select t is document from ⟦raw.a⟧
select * from ⟦raw.a⟧ natural full join ⟦raw.b⟧
values (1, 'a') union all select id, name from ⟦raw.a⟧
select cast(row(1, 'a') as text), row(id, name) is null, (row(id, name)) = (row(1, 'a')) from ⟦raw.a⟧
select mode() within group (order by id), string_agg(distinct name, ',' order by name) from ⟦raw.a⟧
select interval '1 day' * id, -t::date::text::date + 1, @ -5, |/ 25.0, ||/ 27.0 from ⟦raw.a⟧
table ⟦raw.a⟧
table ⟦raw.a⟧ order by id limit 10
select id from (table ⟦raw.a⟧) as x join ⟦raw.b⟧ using (id)
with x as (table ⟦raw.a⟧) select id from x union all (table ⟦raw.b⟧)
with x as (select id from ⟦raw.a⟧) table x
