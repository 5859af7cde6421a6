with x as materialized (select * from ⟦raw.a⟧) select * from x
with x as not materialized (select * from ⟦raw.a⟧) select * from x
select [y * 2 for y in xs] as doubled from ⟦raw.a⟧
select [y for y in xs if y > 1] as some from ⟦raw.a⟧
select id from ⟦raw.a⟧ limit 10%
select id from ⟦raw.a⟧ limit 10 percent
select id from ⟦raw.a⟧ limit (select 3)
select * like 'col%' from ⟦raw.a⟧
select * ilike 'col%' from ⟦raw.a⟧
select * not like 'col%' from ⟦raw.a⟧
select * similar to 'a.*' from ⟦raw.a⟧
select * exclude (b) replace (c + 1 as c) rename (d as e) from ⟦raw.a⟧
select columns('a.*') from ⟦raw.a⟧
select columns(c -> c like 'a%') from ⟦raw.a⟧
select min(columns(*)) from ⟦raw.a⟧
select *columns('a') from ⟦raw.a⟧
select columns(* exclude (id)) + 1 from ⟦raw.a⟧
from ⟦raw.a⟧ select id where id > 1
from ⟦raw.a⟧
select id from ⟦raw.a⟧ group by all order by all
select id, count(*) from ⟦raw.a⟧ group by all having count(*) > 1 qualify row_number() over () = 1
select id from ⟦raw.a⟧ using sample 10%
select id from ⟦raw.a⟧ using sample reservoir(50 rows)
select id from ⟦raw.a⟧ tablesample 10%
select id from ⟦raw.a⟧ tablesample reservoir(20%)
select id from ⟦raw.a⟧ x tablesample bernoulli(10 percent)
select x.id from ⟦raw.a⟧ x semi join ⟦raw.b⟧ y using (id)
select x.id from ⟦raw.a⟧ x anti join ⟦raw.b⟧ y on x.id = y.id
select x.id from ⟦raw.a⟧ x asof left join ⟦raw.b⟧ y on x.id = y.id and x.t >= y.t
select x.id from ⟦raw.a⟧ x asof join ⟦raw.b⟧ y using (id, t)
select x.id from ⟦raw.a⟧ x positional join ⟦raw.b⟧ y
select x.id, u.v from ⟦raw.a⟧ x, unnest(x.vs) as u(v)
select x.id, l.n from ⟦raw.a⟧ x, lateral (select x.id + 1 as n) l
select id[1:2], name[-1], name[:3] from ⟦raw.a⟧
select {'a': 1, 'b': id} as s from ⟦raw.a⟧
select {a: 1, b: id} as s from ⟦raw.a⟧
select map {'k': id} as m from ⟦raw.a⟧
select s.a.b, s['a'] from ⟦raw.a⟧
select list_transform(xs, y -> y + 1) from ⟦raw.a⟧
select list_transform(xs, lambda y : y + 1) from ⟦raw.a⟧
select list_filter(xs, lambda y: y > 1) from ⟦raw.a⟧
select list_reduce(xs, lambda y, z: y + z) from ⟦raw.a⟧
select id::integer, id::decimal(10, 2)[], cast(id as struct(a integer, b varchar)) from ⟦raw.a⟧
select try_cast(id as union(a int, b varchar)) from ⟦raw.a⟧
select cast(id as map(varchar, int[])) from ⟦raw.a⟧
select id::int[3] from ⟦raw.a⟧
select name ~ 'x', name !~ 'y', name ~~ 'z', name glob 'a*' from ⟦raw.a⟧
select id // 2, id ** 3, id ^ 2, @id, ~id, id << 1, !true from ⟦raw.a⟧
select sum(id) filter (where id > 1) over (partition by name order by t rows between 1 preceding and current row exclude ties) from ⟦raw.a⟧
select sum(id) over w from ⟦raw.a⟧ window w as (partition by name order by t range between interval 3 days preceding and interval 1 day following)
select first(id order by t desc nulls last) from ⟦raw.a⟧
select list(distinct id order by id) from ⟦raw.a⟧
select last_value(id ignore nulls) over (order by t) from ⟦raw.a⟧
select arg_max(id, t), quantile_cont(id, 0.5), mode() within group (order by id) from ⟦raw.a⟧
select percentile_cont(0.5) within group (order by id) from ⟦raw.a⟧
select * from ⟦raw.a⟧ unpivot (v for k in (a, b))
select id from ⟦raw.a⟧ union by name select id from ⟦raw.b⟧
select id from ⟦raw.a⟧ union all by name select id from ⟦raw.b⟧
select id from ⟦raw.a⟧ except all select id from ⟦raw.b⟧
select distinct on (id) id, t from ⟦raw.a⟧ order by id, t
select id, interval 3 day, interval '1' hour, interval (id) minutes, 3 * interval '1 day' from ⟦raw.a⟧
select date '2024-01-01' + 1, timestamp '2024-01-01 00:00:00', timestamptz '2024-01-01' from ⟦raw.a⟧
select t at time zone 'UTC', extract('hour' from t), date_part('day', t), t - interval 1 day from ⟦raw.a⟧
select epoch(t), strftime(t, '%Y'), time_bucket(interval '1 day', t) from ⟦raw.a⟧
select name.upper().substr(1, 2) from ⟦raw.a⟧
select 'a' || name || e'\n' || $$text$$ || $tag$more$tag$ from ⟦raw.a⟧
select j->'a', j->>'$.b', j->0 from ⟦raw.a⟧
select id = any (xs), id not in (1, 2), id in (select id from ⟦raw.b⟧) from ⟦raw.a⟧
select case id when 1 then 'x' else 'y' end, if(id = 1, 2, 3), coalesce(id, 1) from ⟦raw.a⟧
select id is distinct from 1, id isnull, id notnull from ⟦raw.a⟧
select row(id, name), (id, name), struct_pack(a := id) from ⟦raw.a⟧
select unnest(s, recursive := true) from ⟦raw.a⟧
select a: id, b: name from ⟦raw.a⟧
select x.* from x: ⟦raw.a⟧
select id from ⟦raw.a⟧ order by t desc nulls last limit 3 offset 1
select grouping_id(id), id from ⟦raw.a⟧ group by grouping sets ((id), ())
select id from ⟦raw.a⟧ group by rollup (id), cube (name)
with recursive r as (select id from ⟦raw.a⟧ union all select id + 1 from r where id < 3) select * from r
select x.id from ⟦raw.a⟧ x natural left join ⟦raw.b⟧ y
select id, #1 from ⟦raw.a⟧ order by #1
select id from ⟦raw.a⟧ where (id, t) in (select (id, t) from ⟦raw.b⟧)
select count(*) filter (id > 1), count() from ⟦raw.a⟧
select id from ⟦raw.a⟧ where exists (from ⟦raw.b⟧)
select sum(id) filter (where name = 'x') from ⟦raw.a⟧
select array[1, 2, id], [id] || [1], xs[1], list_value(id) from ⟦raw.a⟧
select 1_000_000, 0xff, 1e3, .5, 5. from ⟦raw.a⟧
select "Id", "a b" from ⟦raw.a⟧ as "x y"
select id from (values (1), (2)) as v(id) join ⟦raw.a⟧ using (id)
select * from ⟦raw.a⟧ at (version => 3)
select x.id from ⟦raw.a⟧ as x at (timestamp => now() - interval '1 week')
select id collate nocase from ⟦raw.a⟧ order by name collate de
select getvariable('v'), id from ⟦raw.a⟧
select id from ⟦raw.a⟧ where name similar to '(a|b)%'
select exclude.id from ⟦raw.a⟧ as exclude
select id, * exclude id from ⟦raw.a⟧
select (select max(id) from ⟦raw.b⟧) as m, array(select id from ⟦raw.b⟧) from ⟦raw.a⟧
pivot ⟦raw.a⟧ on name using sum(id) group by t
pivot (select * from ⟦raw.a⟧) on name in ('x', 'y') using sum(id) as s, count(*) as n group by t
select * from (pivot ⟦raw.a⟧ on name using sum(id))
with p as (pivot ⟦raw.a⟧ on name using count(*)) select * from p
unpivot ⟦raw.a⟧ on a, b into name k value v
unpivot ⟦raw.a⟧ on columns(* exclude (id)) into name k value v
select * from (unpivot ⟦raw.a⟧ on a, b into name k value v)
select * from ⟦raw.a⟧ pivot (sum(id) for name in ('x', 'y') group by t)
select * from ⟦raw.a⟧ unpivot include nulls (v for k in (a, b))
from ⟦raw.a⟧ where id > 1
from ⟦raw.a⟧ x join ⟦raw.b⟧ y using (id) select x.id, y.t
from ⟦raw.a⟧ select id union all from ⟦raw.b⟧ select id
from (from ⟦raw.a⟧) limit 5
with x as (from ⟦raw.a⟧) from x
select id from ⟦raw.a⟧ where id between symmetric 3 and 1
select id from ⟦raw.a⟧ where id not between symmetric 3 and 1
select x.id from ⟦raw.a⟧ x where x.id in (from ⟦raw.b⟧ select id)
select x.id from ⟦raw.a⟧ x left join lateral (select max(id) as m from ⟦raw.b⟧ y where y.id = x.id) l on true
select coalesce(columns(*)) from ⟦raw.a⟧
select * rename (id as key) from ⟦raw.a⟧
select x.* exclude (id) from ⟦raw.a⟧ x
select struct_pack(a := id, b := name).a from ⟦raw.a⟧
select list_aggregate(xs, 'sum'), xs.list_filter(lambda x: x > 1) from ⟦raw.a⟧
select id from ⟦raw.a⟧ where name like 'a!%' escape '!'
select id from ⟦raw.a⟧ order by all desc nulls last
select count(distinct (id, name)) from ⟦raw.a⟧
select id, lag(id, 1, 0 order by t) over (partition by name) from ⟦raw.a⟧
select sum(id) over (order by t groups between 1 preceding and 1 following) from ⟦raw.a⟧
select sum(id) over (order by t rows between unbounded preceding and current row exclude current row) from ⟦raw.a⟧
select (id, name) = (1, 'a') from ⟦raw.a⟧
select id from ⟦raw.a⟧ where name in xs
select [x + 1 for x in xs if x is not null] from ⟦raw.a⟧
select t::date - interval 1 day from ⟦raw.a⟧
select cast(id as enum('a', 'b')) from ⟦raw.a⟧
select x.id from ⟦raw.a⟧ as x, range(3) as r(n)
select unnest(generate_series(1, 3)) as n, id from ⟦raw.a⟧
select id from ⟦raw.a⟧ tablesample system(10%) repeatable (3)
(select id from ⟦raw.a⟧) union (select id from ⟦raw.b⟧) order by id limit 3
select x.id from ⟦raw.a⟧ x(id, t)
select id from ⟦raw.a⟧ group by 1 having max(t) > timestamp '2024-01-01'
