select * exclude (id) rename (name as n) from ⟦raw.a⟧
select * exclude id from ⟦raw.a⟧
select * replace (id + 1 as id) from ⟦raw.a⟧
select * ilike '%id%' from ⟦raw.a⟧
select x.* exclude id from ⟦raw.a⟧ x
select j:a.b::string, j:a[0]:b::int, j['a']['b'], j:"A b" from ⟦raw.a⟧
select f.value:a::string, f.index from ⟦raw.a⟧ x, lateral flatten(input => x.j:items) f
select f.value from ⟦raw.a⟧ x, lateral flatten(input => x.j, path => 'a', outer => true, recursive => true, mode => 'object') as f
select f.value from ⟦raw.a⟧ x, table(flatten(x.j:items)) f
select f.value from ⟦raw.a⟧ x cross join lateral flatten(x.j) f
select f.value from ⟦raw.a⟧ x left join lateral flatten(x.j) f
select id from ⟦raw.a⟧ qualify row_number() over (partition by id order by t desc) = 1
select id from ⟦raw.a⟧ at (timestamp => '2024-01-01'::timestamp)
select id from ⟦raw.a⟧ at (offset => -60 * 5) as x
select id from ⟦raw.a⟧ before (statement => '8e5d0ca9-005e-44e6-b858-a8f5b37c5726')
select id from ⟦raw.a⟧ changes (information => default) at (timestamp => '2024-01-01'::timestamp)
select id from ⟦raw.a⟧ sample (10)
select id from ⟦raw.a⟧ tablesample bernoulli (20.3) seed (3)
select id from ⟦raw.a⟧ sample row (3) x
select id from ⟦raw.a⟧ tablesample (10 rows)
select id from ⟦raw.a⟧ sample block (3) repeatable (82)
select * from ⟦raw.a⟧ pivot (sum(id) for name in ('a', 'b')) as p (x, y)
select * from ⟦raw.a⟧ pivot (sum(id) for name in (any order by name))
select * from ⟦raw.a⟧ pivot (sum(id) for name in (select distinct name from ⟦raw.b⟧))
select * from ⟦raw.a⟧ pivot (sum(id) for name in ('a') default on null (0))
select * from ⟦raw.a⟧ unpivot (v for k in (a, b))
select * from ⟦raw.a⟧ unpivot include nulls (v for k in (a as x, b))
select x.id from ⟦raw.a⟧ x asof join ⟦raw.b⟧ y match_condition (x.t >= y.t) on x.id = y.id
select x.id from ⟦raw.a⟧ x natural join ⟦raw.b⟧ y
select x.id from ⟦raw.a⟧ x left outer join ⟦raw.b⟧ y using (id)
select x.id from ⟦raw.a⟧ x inner directed join ⟦raw.b⟧ y on x.id = y.id
select * from ⟦raw.a⟧ match_recognize (partition by id order by t measures match_number() as n one row per match pattern (x+ y) define x as v > 1, y as v < 1)
select id, level from ⟦raw.a⟧ start with parent is null connect by prior id = parent
select sys_connect_by_path(name, '/'), connect_by_root id from ⟦raw.a⟧ start with id = 1 connect by parent = prior id
select id::int, '1'::number(10, 2), try_cast(name as int), cast(t as timestamp_ltz), j::variant, x::vector(float, 3) from ⟦raw.a⟧
select to_date('2024-01-01'), dateadd(day, -1, t), datediff('hour', t, t), date_trunc('day', t), t::date, interval '1 day' from ⟦raw.a⟧
select t + interval '1 day, 2 hours', date '2024-01-01', timestamp '2024-01-01 00:00:00', time '10:00' from ⟦raw.a⟧
select iff(id > 1, 'a', 'b'), nvl(id, 1), nvl2(id, 1, 2), decode(id, 1, 'a'), zeroifnull(id), div0(id, 0) from ⟦raw.a⟧
select object_construct('a', id, 'b', name), object_construct(*), array_construct(1, 2), {'a': id}, [1, id], {*} from ⟦raw.a⟧
select {* exclude id}, object_construct_keep_null(x.*) from ⟦raw.a⟧ x
select listagg(name, ',') within group (order by name), array_agg(distinct id) within group (order by id), percentile_cont(0.5) within group (order by id) from ⟦raw.a⟧
select count_if(id > 1), approx_count_distinct(id), max_by(id, t), min_by(id, t, 3), any_value(name) from ⟦raw.a⟧
select lag(id) ignore nulls over (order by t), first_value(id) respect nulls over (order by t), last_value(id ignore nulls) over (order by t) from ⟦raw.a⟧
select sum(id) over (order by t range between interval '1 day' preceding and current row) from ⟦raw.a⟧
select conditional_true_event(id > 1) over (order by t), ratio_to_report(id) over (), ntile(4) over (order by id) from ⟦raw.a⟧
select id from ⟦raw.a⟧ where name like any ('a%', 'b%') escape '!' or name ilike all ('c%') or name rlike 'd' or name not regexp 'e'
select id from ⟦raw.a⟧ where name in ('a', 'b') and id between 1 and 2 and id <> 3 and id != 4
select id from ⟦raw.a⟧ where (id, name) in (select id, name from ⟦raw.b⟧)
select id from ⟦raw.a⟧ where id = any (select id from ⟦raw.b⟧)
select id, count(*) from ⟦raw.a⟧ group by all
select id from ⟦raw.a⟧ group by grouping sets ((id), (name))
select id from ⟦raw.a⟧ group by cube (id, name)
select id from ⟦raw.a⟧ group by rollup (id, name) having grouping(id) = 1
select top 10 id from ⟦raw.a⟧ order by t
select distinct id from ⟦raw.a⟧ order by id nulls last limit 10 offset 2
select id from ⟦raw.a⟧ fetch first 10 rows only
select id from ⟦raw.a⟧ offset 1 row fetch next 10 rows only
select id from ⟦raw.a⟧ union all select id from ⟦raw.b⟧ minus select id from ⟦raw.c⟧
select id from ⟦raw.a⟧ union all by name select id from ⟦raw.b⟧
select id from ⟦raw.a⟧ intersect select id from ⟦raw.b⟧ except select 1
with x (id) as (select id from ⟦raw.a⟧) select * from x
with recursive r (n) as (select id from ⟦raw.a⟧ union all select n + 1 from r where n < 3) select * from r
select id from ⟦raw.a⟧ as x (id, name)
select $$text$$, 'it''s', 'a\'b', "Id", "a b" from ⟦raw.a⟧
select value from table(generator(rowcount => 10)) g, ⟦raw.a⟧
select * from table(f(id => 1)), ⟦raw.a⟧
select * from ⟦raw.a⟧ x, table(my_udtf(x.id) over (partition by x.name order by x.t)) u
select id from (values (1, 'a'), (2, 'b')) as v (id, name) join ⟦raw.a⟧ using (id)
select column1, id from values (1), (2) join ⟦raw.a⟧
select case when id > 1 then 'x' end, case id when 1 then 2 else 3 end from ⟦raw.a⟧
select name || 'x', contains(name, 'a'), startswith(name, 'b'), split_part(name, ',', 1), regexp_substr(name, 'a', 1, 1, 'e') from ⟦raw.a⟧
select filter(vs, x -> x > 1), transform(vs, x int -> x + 1), reduce(vs, 0, (acc, v) -> acc + v) from ⟦raw.a⟧
select current_timestamp, current_timestamp(), sysdate(), current_date, current_user(), current_role() from ⟦raw.a⟧
select parse_json('{"a": 1}'):a, get_path(j, 'a.b'), typeof(j), is_null_value(j:a), as_integer(j:a) from ⟦raw.a⟧
select id as "order", name as value, t as date from ⟦raw.a⟧
select seq4(), uniform(1, 10, random()), hash(*), hash(id, name), md5(name) from ⟦raw.a⟧
select metadata$filename, metadata$file_row_number, id from ⟦raw.a⟧
select id from identifier('db.s.t'), ⟦raw.a⟧
select id from ⟦raw.a⟧ where to_varchar(t, 'YYYY') = '2024' and t >= dateadd(day, -3, current_date)
select system$typeof(id), sum(id)::float / count(*), id % 2, bitand(id, 1), -id from ⟦raw.a⟧
select (select max(id) from ⟦raw.b⟧) as m, exists (select 1 from ⟦raw.c⟧) from ⟦raw.a⟧
select x.id from ⟦raw.a⟧ x, ⟦raw.b⟧ y where x.id = y.id(+)
select array_agg(id) over (partition by name), sum(id) over (partition by name order by t rows 3 preceding) from ⟦raw.a⟧
select name collate 'en-ci', collate(name, 'de'), 1e3, .5, 5. from ⟦raw.a⟧
select try_to_date(name), to_timestamp_ntz(id, 3), convert_timezone('UTC', 'Europe/Paris', t), last_day(t, 'month') from ⟦raw.a⟧
select * from ⟦raw.a⟧ pivot (sum(id) for name in (any order by name))
select * from ⟦raw.a⟧ pivot (sum(id) for name in (select name from ⟦raw.b⟧))
select * from ⟦raw.a⟧ pivot (sum(id) for name in ('x', 'y') default on null (0)) as p
select * from ⟦raw.a⟧ unpivot include nulls (v for k in (a, b))
select f.value:a::string, f.index from ⟦raw.a⟧ a, lateral flatten(input => a.j:items, outer => true) f
select f.* from ⟦raw.a⟧ a, table(flatten(a.j)) f
select f.value from ⟦raw.a⟧ a, lateral split_to_table(a.name, ',') f
select j:a.b[0]::int, j['a']['b'], get_path(j, 'a.b') from ⟦raw.a⟧
select * exclude (id) rename (t as u) from ⟦raw.a⟧
select * ilike '%d%' replace (id + 1 as id) from ⟦raw.a⟧
select a.* exclude id from ⟦raw.a⟧ a
select id from ⟦raw.a⟧ at (timestamp => '2024-01-01'::timestamp_tz)
select id from ⟦raw.a⟧ before (statement => 'x')
select id from ⟦raw.a⟧ changes (information => append_only) at (timestamp => '2024-01-01'::timestamp_tz)
select id from ⟦raw.a⟧ sample (10)
select id from ⟦raw.a⟧ tablesample bernoulli (10 rows)
select id from ⟦raw.a⟧ sample system (3) seed (82)
select a.id from ⟦raw.a⟧ a asof join ⟦raw.b⟧ b match_condition (a.t >= b.t) on a.id = b.id
select * from ⟦raw.a⟧ match_recognize (partition by id order by t measures match_number() as n one row per match after match skip past last row pattern (a b+) define b as b.t > lag(b.t))
select id from ⟦raw.a⟧ start with id = 1 connect by prior id = parent_id
select level, id from ⟦raw.a⟧ connect by parent_id = prior id
select id from ⟦raw.a⟧ group by all
select id, count(*) from ⟦raw.a⟧ group by grouping sets ((id), ())
select id from ⟦raw.a⟧ qualify row_number() over (partition by id order by t) = 1
select top 3 id from ⟦raw.a⟧
select id from ⟦raw.a⟧ fetch first 3 rows only
select listagg(name, ',') within group (order by id), array_agg(id) within group (order by t) over (partition by name) from ⟦raw.a⟧
select sum(id) over (order by t range between interval '1 day' preceding and current row) from ⟦raw.a⟧
select last_value(id) ignore nulls over (order by t), min_by(id, t), mode(id) from ⟦raw.a⟧
select iff(id = 1, 2, 3), nvl(id, 1), decode(id, 1, 2), zeroifnull(id), id::variant, try_cast(name as int) from ⟦raw.a⟧
select $1, t.$2 from (select * from ⟦raw.a⟧) t
select date_trunc(day, t), dateadd(day, -1, t), datediff('day', t, current_timestamp), t::date - 1, last_day(t, week) from ⟦raw.a⟧
select {'a': id, 'b': name}, [id, 1], object_construct(*), object_construct('a', id) from ⟦raw.a⟧
select filter(xs, x -> x > 1), transform(xs, x int -> x + 1), reduce(xs, 0, (s, x) -> s + x) from ⟦raw.a⟧
select id from ⟦raw.a⟧ where name rlike 'a.*' and name like any ('a%', 'b%') and name ilike all ('c', 'd') and name regexp 'x'
select id from identifier('raw.x') join ⟦raw.a⟧ using (id)
select a.id from ⟦raw.a⟧ a left outer join lateral (select max(id) as m from ⟦raw.b⟧ b where b.id = a.id) l
select id from ⟦raw.a⟧ minus select id from ⟦raw.b⟧
select id from ⟦raw.a⟧ union all by name select id from ⟦raw.b⟧
select $$it's$$, 'it\'s', x'1f', 1e3, interval '1 day, 2 hours' from ⟦raw.a⟧
select v.column1, v.$2 from values (1, 2), (3, 4) v, ⟦raw.a⟧ a
select max(id) filter (where id > 1) from ⟦raw.a⟧
select t at time zone 'UTC' from ⟦raw.a⟧
select :1, &x, id from ⟦raw.a⟧
select cast(j as object(a int, b varchar)), cast(j as array(int)), cast(j as map(varchar, int)) from ⟦raw.a⟧
select 'a' collate 'en-ci', name collate 'de' from ⟦raw.a⟧
select a.id from ⟦raw.a⟧ a natural join ⟦raw.b⟧ b
select id from ⟦raw.a⟧ limit null offset 3
select id as "Id", count(distinct id, name) from ⟦raw.a⟧ group by 1 order by 2 desc nulls last
with recursive r (id) as (select id from ⟦raw.a⟧ union all select r.id + 1 from r where r.id < 3) select * from r
