select id from ⟦raw.a⟧ use index (i) where id = 1
select id from ⟦raw.a⟧ x force index for join (i, j) ignore index (k)
select id from ⟦raw.a⟧ partition (p0, p1) x
select x.id from ⟦raw.a⟧ x straight_join ⟦raw.b⟧ y on x.id = y.id
select straight_join id from ⟦raw.a⟧
select sql_no_cache sql_calc_found_rows id from ⟦raw.a⟧
select high_priority distinct id from ⟦raw.a⟧
select id from ⟦raw.a⟧ limit 2, 3
select id from ⟦raw.a⟧ limit 3 offset 2
select id from ⟦raw.a⟧ for update
select id from ⟦raw.a⟧ lock in share mode
select id from ⟦raw.a⟧ for share of a nowait
select id, count(*) from ⟦raw.a⟧ group by id with rollup
select group_concat(distinct name order by name desc separator ';'), group_concat(id) from ⟦raw.a⟧
select id div 2, id mod 3, id xor 1, !id, id && 1, id || 0, ~id, id ^ 1, id << 2 from ⟦raw.a⟧
select name regexp 'a', name rlike 'b', name not regexp 'c', name sounds like 'd', binary name = 'e' from ⟦raw.a⟧
select j->'$.a', j->>'$.b', json_extract(j, '$.c'), 1 member of (j), json_arrayagg(id), json_objectagg(name, id) from ⟦raw.a⟧
select jt.a from ⟦raw.a⟧ x, json_table(x.j, '$[*]' columns (a int path '$.a' default '0' on empty, n for ordinality, nested path '$.b[*]' columns (c int path '$'))) as jt
select cast(id as unsigned), cast(name as char(3)), convert(name using utf8mb4), convert(id, decimal(10, 2)), cast(t as datetime(6)) from ⟦raw.a⟧
select date_add(t, interval 1 day), t + interval 3 hour, t - interval '1:2' minute_second, interval 1 month + t, extract(year_month from t), timestampdiff(day, t, t) from ⟦raw.a⟧
select date '2024-01-01', timestamp '2024-01-01 00:00:00', time '10:00', now(6), current_timestamp, curdate(), utc_timestamp() from ⟦raw.a⟧
select _utf8mb4'a', n'b', x'ff', 0xff, b'01', 'it''s', "text", 'a\'b', `id` from ⟦raw.a⟧
select name collate utf8mb4_bin from ⟦raw.a⟧ order by name collate utf8mb4_general_ci
select if(id > 1, 'a', 'b'), ifnull(id, 1), nullif(id, 2), case id when 1 then 2 end, id <=> null, isnull(id) from ⟦raw.a⟧
select substring(name from 2 for 3), trim(leading 'a' from name), position('a' in name), char(65 using utf8mb4), insert(name, 1, 2, 'x'), left(name, 2) from ⟦raw.a⟧
select sum(id) over (partition by name order by t rows between 1 preceding and current row), row_number() over w from ⟦raw.a⟧ window w as (order by t)
select sum(id) over (order by t range between interval 1 day preceding and current row) from ⟦raw.a⟧
select match (name, body) against ('a b' in boolean mode) from ⟦raw.a⟧
select match (name) against ('a' with query expansion) from ⟦raw.a⟧
with recursive r (n) as (select id from ⟦raw.a⟧ union all select n + 1 from r where n < 3) select * from r
select id from ⟦raw.a⟧ union all (select id from ⟦raw.b⟧ limit 1) order by 1
select id from ⟦raw.a⟧ intersect select id from ⟦raw.b⟧
select id from ⟦raw.a⟧ where (id, name) in (select id, name from ⟦raw.b⟧) and id = any (select id from ⟦raw.c⟧)
select x.id, l.n from ⟦raw.a⟧ x, lateral (select x.id + 1 as n) l
select x.id from ⟦raw.a⟧ x natural left join ⟦raw.b⟧ y
select x.id from ⟦raw.a⟧ x inner join ⟦raw.b⟧ y using (id)
select @v := id, @@session.sql_mode from ⟦raw.a⟧
select /*+ max_execution_time(1000) */ id from ⟦raw.a⟧
select /*!80000 id, */ name from ⟦raw.a⟧
select id from ⟦raw.a⟧ # comment
select count(distinct id, name), std(id), bit_or(id), any_value(name), grouping(id) from ⟦raw.a⟧ group by id with rollup
select id as `order`, name as value, t as date from ⟦raw.a⟧
select row(id, name) = row(1, 'a'), (id, name) = (1, 'a'), id between 1 and 2, id in (1, 2), id is not true from ⟦raw.a⟧
select v.id from (values row(1, 'a'), row(2, 'b')) as v (id, name) join ⟦raw.a⟧ using (id)
select id from ⟦raw.a⟧ order by id is null, field(name, 'a', 'b') limit 1
select id from ⟦raw.a⟧ having id > 1
select 1 from dual where exists (select 1 from ⟦raw.a⟧)
select * from ⟦raw.a⟧ where t >= date_sub(curdate(), interval 3 day) and not deleted
select straight_join a.id from ⟦raw.a⟧ a join ⟦raw.b⟧ b on a.id = b.id
select sql_no_cache id from ⟦raw.a⟧
select id from ⟦raw.a⟧ use index (i) where id > 1
select id from ⟦raw.a⟧ as a force index for order by (i)
select id from ⟦raw.a⟧ ignore index (i, j)
select a.id from ⟦raw.a⟧ a straight_join ⟦raw.b⟧ b on a.id = b.id
select a.id, j.x from ⟦raw.a⟧ a, json_table(a.j, '$[*]' columns (n for ordinality, x int path '$.x' default '0' on empty)) as j
select j->'$.a', j->>'$.b', json_extract(j, '$.c'), 1 member of (j) from ⟦raw.a⟧
select id, count(*) from ⟦raw.a⟧ group by id with rollup
select group_concat(distinct name order by id desc separator '; ') from ⟦raw.a⟧
select id div 2, id mod 3, id <=> 1, id xor 2, !id, id regexp 'x', name rlike 'y', name not regexp 'z', id << 1 from ⟦raw.a⟧
select date_add(t, interval 1 day), t - interval '1:2' hour_minute, timestampdiff(day, t, now()), extract(day_hour from t), date_format(t, '%Y') from ⟦raw.a⟧
select if(id = 1, 2, 3), ifnull(id, 1), convert(name using utf8mb4), cast(id as signed), cast(id as char(3) character set utf8mb4), binary name from ⟦raw.a⟧
select _utf8mb4'x' collate utf8mb4_bin, n'text', x'1f', 0x1f, b'01', 'a' 'b', "c" from ⟦raw.a⟧
select sum(id) over (partition by name order by t range between interval 1 day preceding and current row) from ⟦raw.a⟧
select sum(id) over w, row_number() over (w order by t) from ⟦raw.a⟧ window w as (partition by name)
select id from ⟦raw.a⟧ limit 3, 4
select id from ⟦raw.a⟧ for update skip locked
select id from ⟦raw.a⟧ lock in share mode
select a.id from ⟦raw.a⟧ a, lateral (select max(id) as m from ⟦raw.b⟧ b where b.id = a.id) l
select a.id from (⟦raw.a⟧ a, ⟦raw.b⟧ b)
select id from ⟦raw.a⟧ partition (p0, p1)
select `id`, a.`t`, @x, @@sql_mode, @y := id from ⟦raw.a⟧ a
select id from ⟦raw.a⟧ where match (name) against ('x' in boolean mode)
select id from ⟦raw.a⟧ where (id, t) in (select id, t from ⟦raw.b⟧) and id > any (select id from ⟦raw.b⟧)
with recursive r as (select id from ⟦raw.a⟧ union all select id + 1 from r where id < 3) select * from r
select id from ⟦raw.a⟧ intersect select id from ⟦raw.b⟧
select trim(leading 'x' from name), substring(name from 1 for 2), position('a' in name), char(77 using utf8mb4) from ⟦raw.a⟧
select /*+ no_index_merge(a) */ id from ⟦raw.a⟧ a
select a.id from ⟦raw.a⟧ a natural left join ⟦raw.b⟧ b
select a.id from ⟦raw.a⟧ a left join (⟦raw.b⟧ b cross join ⟦raw.c⟧ c) on a.id = b.id
select date '2024-01-01', timestamp '2024-01-01 00:00:00', {d '2024-01-01'}, current_timestamp(6) from ⟦raw.a⟧
select id from ⟦raw.a⟧ where id is true and name sounds like 'x'
values row(1, 2) union all select id, t from ⟦raw.a⟧
