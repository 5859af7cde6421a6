select id from ⟦raw.a⟧ x, x.items as i
select x.id, i.sku, n from ⟦raw.a⟧ x, x.items as i at n
select x.id, k, v from ⟦raw.a⟧ x, unpivot x.props as v at k
select s.a.b, s[0].c, s."D" from ⟦raw.a⟧
select * exclude id from ⟦raw.a⟧
select * exclude (id, name) from ⟦raw.a⟧
select id from ⟦raw.a⟧ qualify row_number() over (partition by id order by t) = 1
select top 10 id from ⟦raw.a⟧ order by t
select * from ⟦raw.a⟧ pivot (sum(id) for name in ('a', 'b' as x))
select * from ⟦raw.a⟧ unpivot (v for k in (a, b))
select * from ⟦raw.a⟧ unpivot include nulls (v for k in (a, b))
select listagg(distinct name, ',') within group (order by name), approximate count(distinct id), median(id) from ⟦raw.a⟧
select percentile_cont(0.5) within group (order by id) over (partition by name) from ⟦raw.a⟧
select dateadd(day, -1, t), datediff(hour, t, t), date_trunc('day', t), getdate(), convert_timezone('UTC', t), t::date, interval '1 day' from ⟦raw.a⟧
select nvl(id, 1), nvl2(id, 1, 2), decode(id, 1, 'a', 'b'), case when id > 1 then 2 end, isnull(id, 3) from ⟦raw.a⟧
select id::int, cast(id as varchar(max)), convert(integer, id), try_cast(name as int), id::super from ⟦raw.a⟧
select json_parse(j), json_extract_path_text(j, 'a', 'b'), is_array(s), object('a', id), array(1, 2) from ⟦raw.a⟧
select name ~ 'a', name !~ 'b', name similar to 'c%', name ilike 'd', name || 'e' from ⟦raw.a⟧
select lag(id) ignore nulls over (order by t), first_value(id ignore nulls) over (order by t rows between unbounded preceding and unbounded following), ratio_to_report(id) over () from ⟦raw.a⟧
select id from ⟦raw.a⟧ group by grouping sets ((id), (name))
select id from ⟦raw.a⟧ group by rollup (id, name)
select id from ⟦raw.a⟧ group by all
select id from ⟦raw.a⟧ minus select id from ⟦raw.b⟧
with recursive r (n) as (select id from ⟦raw.a⟧ union all select n + 1 from r where n < 3) select * from r
select id, level from ⟦raw.a⟧ start with parent is null connect by prior id = parent
select x.id from ⟦raw.a⟧ x natural join ⟦raw.b⟧
select x.id from ⟦raw.a⟧ x left join ⟦raw.b⟧ y using (id)
select sysdate, current_date, trunc(t), extract(epoch from t), to_char(t, 'YYYY') from ⟦raw.a⟧
select id from ⟦raw.a⟧ where t >= dateadd(day, -3, current_date) limit 10 offset 2
select "$path", id from ⟦raw.a⟧
select id % 2, id ^ 2, |/ id, @ id, id & 1, id << 1 from ⟦raw.a⟧
