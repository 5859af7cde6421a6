select rowid, id from ⟦raw.a⟧
select id from ⟦raw.a⟧ indexed by i where id = 1
select id from ⟦raw.a⟧ not indexed
select id from ⟦raw.a⟧ x indexed by i
select name glob 'a*', name like 'b%' escape '!', name match 'c', name regexp 'd', name not glob 'e' from ⟦raw.a⟧
select id is 1, id is not 2, id isnull, id notnull, id not null, id == 3, id <> 4, id is distinct from 5 from ⟦raw.a⟧
select j->'$.a', j->>'b', json_extract(j, '$.c'), json_group_array(id), json_each.value from ⟦raw.a⟧, json_each(a.j)
select x.id, e.value from ⟦raw.a⟧ x, json_each(x.j, '$.items') as e
select x.id, s.value from ⟦raw.a⟧ x join generate_series(1, 3) s
select cast(id as text), cast(name as varchar(3)), cast(id as numeric), name collate nocase from ⟦raw.a⟧ order by name collate rtrim
select sum(id) filter (where id > 1) over (partition by name order by t rows between unbounded preceding and current row exclude ties) from ⟦raw.a⟧
select sum(id) over w, group_concat(name, ';') over (w groups 1 preceding) from ⟦raw.a⟧ window w as (order by t)
select group_concat(name, ',' order by name), string_agg(name, ','), total(id), count(distinct id) from ⟦raw.a⟧
with x as materialized (select * from ⟦raw.a⟧) select * from x
with x as not materialized (select * from ⟦raw.a⟧) select * from x
with recursive r (n) as (select id from ⟦raw.a⟧ union select n + 1 from r where n < 3 order by 1 limit 5) select * from r
select id from ⟦raw.a⟧ union all select id from ⟦raw.b⟧ except select id from ⟦raw.c⟧ intersect select 1
select id from ⟦raw.a⟧ limit 2, 3
select id from ⟦raw.a⟧ order by t desc nulls last limit 3 offset 1
values (1) union select id from ⟦raw.a⟧
select x.id from ⟦raw.a⟧ x natural left outer join ⟦raw.b⟧ y
select x.id from ⟦raw.a⟧ x full join ⟦raw.b⟧ y using (id)
select x.id from ⟦raw.a⟧ x cross join ⟦raw.b⟧ y on x.id = y.id
select x.id from (⟦raw.a⟧ x join ⟦raw.b⟧ y using (id)) left join ⟦raw.c⟧
select "id", [name], `t`, 'text', x'ff', 1e3, 0xff, .5, 1_000 from ⟦raw.a⟧
select id || 'x', id % 2, id & 1, id | 2, id << 1, ~id, -id, +id, not id from ⟦raw.a⟧
select case id when 1 then 'a' else 'b' end, iif(id > 1, 2, 3), coalesce(id, 1), nullif(id, 2), ifnull(id, 3) from ⟦raw.a⟧
select (id, name) = (1, 'a'), (id, name) in (select id, name from ⟦raw.b⟧), id in (1, 2), id in () from ⟦raw.a⟧
select date(t), datetime(t, '+1 day', 'localtime'), strftime('%Y', t), julianday(t), unixepoch(t), current_timestamp from ⟦raw.a⟧
select exists (select 1 from ⟦raw.b⟧), (select max(id) from ⟦raw.c⟧) from ⟦raw.a⟧
select id, max(t) from ⟦raw.a⟧ group by id having count(*) > 1
select id from ⟦raw.a⟧ where t between '2024-01-01' and '2024-01-02' and id not between 1 and 2
select printf('%d', id), substr(name, 1, 2), instr(name, 'a'), replace(name, 'a', 'b'), typeof(id), abs(id) from ⟦raw.a⟧
select id as "order", name as value, t as 'label' from ⟦raw.a⟧
select id name from ⟦raw.a⟧ as x
select * from ⟦raw.a⟧, ⟦raw.b⟧ where a.id = b.id
select v.column1 from (values (1), (2)) as v join ⟦raw.a⟧ on a.id = v.column1
select id from ⟦raw.a⟧ where name in (values ('a'), ('b'))
select row_number() over (), ntile(4) over (order by id), lag(id, 1, 0) over (order by t), percent_rank() over (order by id) from ⟦raw.a⟧
select likelihood(id > 1, 0.5), unlikely(id), random(), hex(name), json_object('a', id), json_array(1, id) from ⟦raw.a⟧
select all id from ⟦raw.a⟧
select id from ⟦raw.a⟧ where id in ⟦raw.b⟧
select id from ⟦raw.a⟧ where id not in ⟦raw.b⟧
select id from ⟦raw.a⟧ indexed by i
select id from ⟦raw.a⟧ not indexed
select j ->> '$.a', j -> 'b' from ⟦raw.a⟧
select e.value from ⟦raw.a⟧ a, json_each(a.j) e
select id from ⟦raw.a⟧ where name match 'x' or name regexp 'y' or name glob 'z*'
select id is not 1, id is null, id isnull, id notnull, id not null from ⟦raw.a⟧
select iif(id = 1, 2, 3), cast(id as text), id == 1, id <> 1, id || 'a', ~id, id % 2 from ⟦raw.a⟧
select group_concat(name, ',' order by id) filter (where id > 1) from ⟦raw.a⟧
select sum(id) over (order by t rows between unbounded preceding and current row exclude ties) from ⟦raw.a⟧
with x(id) as materialized (select id from ⟦raw.a⟧) select * from x
values (1) union select id from ⟦raw.a⟧
select x'1f', "id", `id`, [id], 'it''s', 1e3, .5 from ⟦raw.a⟧
select a.id from ⟦raw.a⟧ a natural left outer join ⟦raw.b⟧
select a.id from (⟦raw.a⟧ a join ⟦raw.b⟧ b on a.id = b.id)
select raise(abort, 'x') from ⟦raw.a⟧
select id from ⟦raw.a⟧ where (id, t) in (values (1, 2), (3, 4))
select count(distinct id), total(id) from ⟦raw.a⟧ order by 1 limit 3, 4
select name collate nocase from ⟦raw.a⟧ order by name collate binary desc nulls first
