select top 10 id from ⟦[raw].[a]⟧ order by t
select top (10) percent with ties id from ⟦[raw].[a]⟧ order by t
select id from ⟦[raw].[a]⟧ with (nolock)
select x.id from ⟦[raw].[a]⟧ as x with (nolock, index (i)) where x.id = 1
select x.id from ⟦[raw].[a]⟧ x (nolock)
select id from ⟦[raw].[a]⟧ tablesample (10 percent)
select id from ⟦[raw].[a]⟧ tablesample system (10 rows) repeatable (3)
select id from ⟦[raw].[a]⟧ for system_time as of '2024-01-01'
select id from ⟦[raw].[a]⟧ for system_time between '2024-01-01' and '2024-01-02' as x
select id from ⟦[raw].[a]⟧ for system_time from '2024-01-01' to '2024-01-02'
select id from ⟦[raw].[a]⟧ for system_time all
select id from ⟦[raw].[a]⟧ for system_time contained in ('2024-01-01', '2024-01-02')
select x.id, y.n from ⟦[raw].[a]⟧ x cross apply (select x.id + 1 as n) y
select x.id, y.n from ⟦[raw].[a]⟧ x outer apply (select top 1 z.n from ⟦[raw].[b]⟧ z where z.id = x.id order by z.t) y
select x.id, s.value from ⟦[raw].[a]⟧ x cross apply string_split(x.name, ',') s
select x.id, j.a from ⟦[raw].[a]⟧ x cross apply openjson(x.j) with (a int '$.a', b nvarchar(max) '$.b' as json) j
select x.id, n.c.value('@a', 'int') from ⟦[raw].[a]⟧ x cross apply x.doc.nodes('/r/e') n(c)
select x.id from ⟦[raw].[a]⟧ x inner hash join ⟦[raw].[b]⟧ y on x.id = y.id
select x.id from ⟦[raw].[a]⟧ x left merge join ⟦[raw].[b]⟧ y on x.id = y.id option (maxdop 1)
select id from ⟦[raw].[a]⟧ option (recompile, maxdop 2)
select * from ⟦[raw].[a]⟧ pivot (sum(id) for name in ([a], [b])) as p
select * from ⟦[raw].[a]⟧ unpivot (v for k in ([a], [b])) as u
select iif(id > 1, 'a', 'b'), isnull(id, 1), nullif(id, 2), coalesce(id, 3), choose(1, 'a', 'b') from ⟦[raw].[a]⟧
select cast(id as nvarchar(max)), convert(varchar(10), t, 120), try_cast(name as int), try_convert(date, name), parse(name as date using 'en-US') from ⟦[raw].[a]⟧
select dateadd(day, -1, t), datediff(hour, t, t), datepart(weekday, t), datetrunc(day, t), t at time zone 'UTC', eomonth(t), getdate(), sysdatetime() from ⟦[raw].[a]⟧
select sum(id) over (partition by name order by t rows between unbounded preceding and current row), lag(id) ignore nulls over (order by t) from ⟦[raw].[a]⟧
select first_value(id) over w from ⟦[raw].[a]⟧ window w as (partition by name order by t)
select string_agg(name, ',') within group (order by name), count_big(*), percentile_cont(0.5) within group (order by id) over (partition by name) from ⟦[raw].[a]⟧
select id, count(*) from ⟦[raw].[a]⟧ group by rollup (id), cube (name)
select id from ⟦[raw].[a]⟧ group by grouping sets ((id), (name), ())
select id from ⟦[raw].[a]⟧ order by t offset 3 rows fetch next 10 rows only
select id from ⟦[raw].[a]⟧ union all select id from ⟦[raw].[b]⟧ except select id from ⟦[raw].[c]⟧ intersect select 1
with x (id) as (select id from ⟦[raw].[a]⟧), y as (select * from x) select * from y
select n'text', 'it''s', [a b], "c d", 0xff, 1e3, $1.5, N'漢' from ⟦[raw].[a]⟧
select alias = id, [b c] = name from ⟦[raw].[a]⟧
select name + 'x', id % 2, id & 1, id | 2, id ^ 3, ~id, -id, name collate Latin1_General_BIN from ⟦[raw].[a]⟧
select id from ⟦[raw].[a]⟧ where name like '[a-c]%' escape '!' and id <> 1 and id != 2 and id !< 3 and id !> 4
select id from ⟦[raw].[a]⟧ where id = any (select id from ⟦[raw].[b]⟧) and exists (select * from ⟦[raw].[c]⟧) and contains(name, 'a')
select json_value(j, '$.a'), json_query(j, '$.b'), isjson(j), json_object('a': id), json_array(1, id) from ⟦[raw].[a]⟧
select case when id > 1 then 'x' else 'y' end, case id when 1 then 2 end from ⟦[raw].[a]⟧
select v.id from (values (1, 'a'), (2, 'b')) as v (id, name) join ⟦[raw].[a]⟧ a on a.id = v.id
select x.* from ⟦[raw].[a]⟧ as x, ⟦[raw].[b]⟧ as y where x.id = y.id
select id, name as [order], t as 'label' from ⟦[raw].[a]⟧
select @@rowcount, newid(), object_id('a'), db_name(), id from ⟦[raw].[a]⟧
select id from ⟦[raw].[a]⟧ for json path
select distinct id from ⟦[raw].[a]⟧ where t >= dateadd(day, -3, cast(getdate() as date))
select (select max(id) from ⟦[raw].[b]⟧) as m, id from ⟦[raw].[a]⟧
select id from ⟦[raw].[a]⟧ where id is not distinct from 1 and id in (1, 2) and id between 1 and 2
select substring(name, 1, 2), charindex('a', name), len(name), stuff(name, 1, 2, 'x'), trim('a' from name), concat_ws(',', id, name) from ⟦[raw].[a]⟧
select approx_count_distinct(id), stdev(id), var(id), checksum_agg(id), grouping_id(id) from ⟦[raw].[a]⟧ group by id
select top (3) with ties id from ⟦raw.a⟧ order by t
select top 10 percent id from ⟦raw.a⟧
select id from ⟦raw.a⟧ with (nolock)
select a.id from ⟦raw.a⟧ as a with (nolock, index(ix)) inner join ⟦raw.b⟧ as b with (readpast) on a.id = b.id
select a.id from ⟦raw.a⟧ a inner loop join ⟦raw.b⟧ b on a.id = b.id
select a.id, x.m from ⟦raw.a⟧ a cross apply (select max(id) as m from ⟦raw.b⟧ b where b.id = a.id) x
select a.id, x.value from ⟦raw.a⟧ a outer apply string_split(a.name, ',') x
select a.id, j.x from ⟦raw.a⟧ a cross apply openjson(a.j) with (x int '$.x', y nvarchar(max) '$.y' as json) j
select * from ⟦raw.a⟧ pivot (sum(id) for name in ([x], [y])) as p
select * from ⟦raw.a⟧ unpivot (v for k in (a, b)) as u
select id from ⟦raw.a⟧ for system_time as of '2024-01-01'
select id from ⟦raw.a⟧ tablesample (10 percent)
select id from ⟦raw.a⟧ order by id offset 1 rows fetch next 3 rows only
select string_agg(name, ',') within group (order by id), count_big(*), percentile_cont(0.5) within group (order by id) over (partition by name) from ⟦raw.a⟧ group by name, id
select iif(id = 1, 2, 3), isnull(id, 1), choose(1, 2, 3), try_convert(int, name), convert(varchar(10), t, 120), try_cast(name as int), parse('1' as int using 'de') from ⟦raw.a⟧
select dateadd(day, -1, t), datediff(day, t, getdate()), datepart(iso_week, t), datetrunc(day, t), t at time zone 'UTC', eomonth(t) from ⟦raw.a⟧
select id as [a b], [t], "id", k = id from ⟦raw.a⟧
select id % 2, id & 1, id | 2, id ^ 3, ~id, N'text', 0x1f, $1.5, 1e3 from ⟦raw.a⟧
select sum(id) over (partition by name order by t rows between 1 preceding and current row), lag(id) ignore nulls over (order by t) from ⟦raw.a⟧
select sum(id) over w from ⟦raw.a⟧ window w as (partition by name order by t)
select id, count(*) from ⟦raw.a⟧ group by rollup (id, name), cube (id)
select id, count(*) from ⟦raw.a⟧ group by grouping sets ((id), ())
select id from ⟦raw.a⟧ where id !< 1 and id !> 3 and name like 'a[0-9]%' escape '!' and id <> all (select id from ⟦raw.b⟧)
select id from ⟦raw.a⟧ where contains(name, 'x') or freetext(name, 'y')
select id from ⟦raw.a⟧ option (recompile, maxdop 1)
select id from ⟦raw.a⟧ for json path, root('x')
select a.id, v.x from ⟦raw.a⟧ a cross join (values (1), (2)) as v(x)
select json_value(j, '$.a'), json_query(j, '$.b'), j.value('(/a)[1]', 'int'), j.query('/a') from ⟦raw.a⟧
select a.id, n.c.value('.', 'int') from ⟦raw.a⟧ a cross apply a.x.nodes('/a/b') as n(c)
select id from ⟦raw.a⟧ where id is not distinct from 1
select name collate latin1_general_ci_as, @@rowcount, @x from ⟦raw.a⟧
select id from ⟦raw.a⟧ intersect select id from ⟦raw.b⟧
with x (id) as (select id from ⟦raw.a⟧), y as (select * from x) select * from y
select case id when 1 then 'a' else 'b' end, coalesce(id, 1), nullif(id, 1), cast(id as decimal(10, 2)), format(t, 'd', 'de-de') from ⟦raw.a⟧
select distinct top 5 id from ⟦raw.a⟧
