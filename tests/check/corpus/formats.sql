--- month_with_a_slash: unsafe BW007
select strftime(happened_at, '%m/%Y') as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1

--- time_with_slashes: unsafe BW007
select strftime(happened_at, '%H/%M/%S') as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1

--- date_with_slashes: safe
select strftime(happened_at, '%d/%m/%Y') as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1

--- date_with_a_short_year: safe
select strftime(happened_at, '%y%m%d') as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1

--- window_by_a_month_with_a_slash: unsafe BW005
select event_id, happened_at, sum(amount) over (partition by strftime(happened_at, '%m/%Y')) as s from {events}

--- join_by_a_month_with_a_slash: unsafe BW010
select e.event_id, e.happened_at, o.order_id from {events} as e join {orders} as o on strftime(o.ordered_at, '%m/%Y') = strftime(e.happened_at, '%m/%Y') and o.user_id = e.user_id

--- lookup_by_a_month_with_a_slash: unsafe BW010
select event_id, happened_at from {events} as e where exists (select 1 from {orders} as o where o.user_id = e.user_id and strftime(o.ordered_at, '%m/%Y') = strftime(e.happened_at, '%m/%Y'))

--- postgres_month_with_a_slash: unsafe BW007; dialect=postgres
select to_char(happened_at, 'MM/YYYY') as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1
--- =
select strftime(happened_at, '%m/%Y') as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1

--- postgres_week_year_with_months: unsafe BW007; dialect=postgres; size=day
select to_char(happened_at, 'IYYY-MM') as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1
--- =
select strftime(happened_at, '%G-%m') as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1

--- postgres_julian_day: safe; dialect=postgres
select to_char(happened_at, 'J') as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1
--- =
select julian(happened_at::date) as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1

--- postgres_text_of_seven_characters: unsafe BW007; dialect=postgres
select happened_at::varchar(7) as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1
--- =
select left(happened_at::varchar, 7) as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1

--- postgres_text_of_ten_characters: safe; dialect=postgres
select happened_at::varchar(10) as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1
--- =
select left(happened_at::varchar, 10) as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1

--- duckdb_ignores_lengths: safe
select happened_at::varchar(7) as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1

--- slice_of_ten_characters: safe
select (happened_at::varchar)[1:10] as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1

--- slice_of_seven_characters: unsafe BW007
select (happened_at::varchar)[1:7] as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1

--- printed_parts: safe
select printf('%d-%02d-%02d', year(happened_at), month(happened_at), day(happened_at)) as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1

--- printed_parts_of_a_month: unsafe BW007
select printf('%d-%02d', year(happened_at), month(happened_at)) as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1

--- mysql_time_of_day: unsafe BW007; dialect=mysql
select date_format(happened_at, '%H:%i:%s') as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1
--- =
select strftime(happened_at, '%H:%M:%S') as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1

--- mysql_names_of_months: safe; dialect=mysql
select date_format(happened_at, '%d %M %Y') as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1
--- =
select strftime(happened_at, '%d %B %Y') as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1

--- mysql_day_with_its_suffix: unsafe BW007; dialect=mysql; size=hour
select date_format(happened_at, '%Y %M %D') as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1
--- =
select strftime(happened_at, '%Y %B %d') as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1

--- mysql_text_of_seven_characters: unsafe BW007; dialect=mysql
select cast(happened_at as char(7)) as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1
--- =
select left(happened_at::varchar, 7) as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1

--- mysql_year_and_month: unsafe BW007; dialect=mysql
select extract(year_month from happened_at) as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1
--- =
select year(happened_at) * 100 + month(happened_at) as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1

--- mariadb_weeks: unsafe BW007; dialect=mariadb
select date_format(happened_at, '%x-%v') as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1
--- =
select strftime(happened_at, '%G-%V') as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1

--- trino_time_of_day: unsafe BW007; dialect=trino
select date_format(happened_at, '%H:%i:%s') as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1
--- =
select strftime(happened_at, '%H:%M:%S') as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1

--- trino_last_day_of_month: unsafe BW007; dialect=trino
select last_day_of_month(happened_at) as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1
--- =
select last_day(happened_at) as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1

--- clickhouse_time_of_day: unsafe BW007; dialect=clickhouse
select formatDateTime(happened_at, '%H:%i:%s') as k, max(happened_at) as happened_at, count() as n from {events} group by k
--- =
select strftime(happened_at, '%H:%M:%S') as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1

--- clickhouse_day_and_month: unsafe BW007; dialect=clickhouse; size=year
select formatDateTime(happened_at, '%d/%m') as k, max(happened_at) as happened_at, count() as n from {events} group by k
--- =
select strftime(happened_at, '%d/%m') as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1

--- clickhouse_start_of_text: safe; dialect=clickhouse
select substring(toString(happened_at), 1, 10) as k, max(happened_at) as happened_at, count() as n from {events} group by k
--- =
select left(happened_at::varchar, 10) as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1

--- clickhouse_start_of_text_is_a_month: unsafe BW007; dialect=clickhouse
select left(toString(happened_at), 7) as k, max(happened_at) as happened_at, count() as n from {events} group by k
--- =
select left(happened_at::varchar, 7) as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1

--- clickhouse_week_number: unsafe BW007; dialect=clickhouse
select toRelativeWeekNum(happened_at) as k, max(happened_at) as happened_at, count() as n from {events} group by k
--- =
select date_trunc('week', happened_at) as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1

--- clickhouse_interval_by_a_function: safe; dialect=clickhouse
select toStartOfInterval(happened_at, toIntervalDay(1)) as k, max(happened_at) as happened_at, count() as n from {events} group by k
--- =
select date_trunc('day', happened_at) as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1

--- clickhouse_number_of_days: safe; dialect=clickhouse
select intDiv(toUnixTimestamp(happened_at), 86400) as k, max(happened_at) as happened_at, count() as n from {events} group by k
--- =
select epoch(happened_at)::bigint // 86400 as k, max(happened_at) as happened_at, count(*) as n from {events} group by happened_at::date, 1

--- databricks_short_fields: safe; dialect=databricks
select date_format(happened_at, 'yyyy-M-d') as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1
--- =
select strftime(happened_at, '%Y-%-m-%-d') as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1

--- databricks_month_of_seconds: unsafe BW007; dialect=databricks
select from_unixtime(unix_timestamp(happened_at), 'yyyy-MM') as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1
--- =
select strftime(happened_at, '%Y-%m') as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1

--- bigquery_cast_in_a_format: unsafe BW007; dialect=bigquery
select cast(happened_at as string format 'YYYY-MM') as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1
--- =
select strftime(happened_at, '%Y-%m') as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1

--- bigquery_cast_in_a_format_of_days: safe; dialect=bigquery
select cast(happened_at as string format 'YYYY-MM-DD') as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1
--- =
select strftime(happened_at, '%Y-%m-%d') as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1

--- bigquery_weeks_by_div: unsafe BW007; dialect=bigquery
select div(unix_date(date(happened_at)), 7) as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1
--- =
select date_diff('day', date '1970-01-01', happened_at::date) // 7 as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1

--- bigquery_text_of_a_date: safe; dialect=bigquery
select string(date(happened_at)) as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1
--- =
select happened_at::date::varchar as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1

--- sqlserver_month_in_a_style: unsafe BW007; dialect=sqlserver
select convert(varchar(7), happened_at, 120) as k, max(happened_at) as happened_at, count(*) as n from {events} group by convert(varchar(7), happened_at, 120)
--- =
select left(happened_at::varchar, 7) as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1

--- sqlserver_time_in_a_style: unsafe BW007; dialect=sqlserver
select convert(varchar(8), happened_at, 108) as k, max(happened_at) as happened_at, count(*) as n from {events} group by convert(varchar(8), happened_at, 108)
--- =
select strftime(happened_at, '%H:%M:%S') as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1

--- sqlserver_day_in_a_style: safe; dialect=sqlserver
select convert(char(8), happened_at, 112) as k, max(happened_at) as happened_at, count(*) as n from {events} group by convert(char(8), happened_at, 112)
--- =
select strftime(happened_at, '%Y%m%d') as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1

--- sqlserver_standard_format: safe; dialect=sqlserver
select format(happened_at, 'D') as k, max(happened_at) as happened_at, count(*) as n from {events} group by format(happened_at, 'D')
--- =
select strftime(happened_at, '%A, %d %B %Y') as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1

--- sqlserver_iso_week: unsafe BW007; dialect=sqlserver
select datetrunc(iso_week, happened_at) as k, max(happened_at) as happened_at, count(*) as n from {events} group by datetrunc(iso_week, happened_at)
--- =
select date_trunc('week', happened_at) as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1

--- sqlite_time_as_a_number: unsafe BW007; dialect=sqlite
select cast(happened_at as integer) as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1
--- =
select year(happened_at) as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1

--- sqlite_days_that_begin_at_noon: unsafe BW007; dialect=sqlite
select cast(julianday(happened_at) as integer) as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1
--- =
select (happened_at + interval '12 hours')::date as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1

--- sqlite_days_that_begin_at_midnight: safe; dialect=sqlite
select cast(julianday(happened_at) - 0.5 as integer) as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1
--- =
select happened_at::date as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1

--- sqlite_next_day: safe; dialect=sqlite
select date(happened_at, '+1 day') as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1
--- =
select happened_at::date + 1 as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1

--- sqlite_three_hours_later: unsafe BW007; dialect=sqlite
select date(happened_at, '+3 hours') as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1
--- =
select (happened_at + interval '3 hours')::date as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1

--- sqlite_start_of_month: unsafe BW007; dialect=sqlite
select datetime(happened_at, 'start of month', '+1 day') as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1
--- =
select date_trunc('month', happened_at) as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1

--- sqlite_number_of_days: safe; dialect=sqlite
select unixepoch(happened_at) / 86400 as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1
--- =
select happened_at::date as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1

--- postgres_weeks_by_division: unsafe BW007; dialect=postgres
select (happened_at::date - date '2020-01-01') / 7 as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1
--- =
select (happened_at::date - date '2020-01-01') // 7 as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1

--- rounded_days: unsafe BW007
select round(epoch(happened_at) / 86400) as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1

--- julian_day_as_a_number: unsafe BW007
select julian(happened_at)::integer as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1

--- floor_of_the_julian_day: unsafe BW007
select floor(julian(happened_at)) as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1
