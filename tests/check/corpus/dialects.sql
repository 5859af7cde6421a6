--- clickhouse_start_of_day: safe; dialect=clickhouse
select toStartOfDay(happened_at) as day, min(happened_at) as happened_at, count() as n from {events} group by day
--- =
select date_trunc('day', happened_at) as day, min(happened_at) as happened_at, count(*) as n from {events} group by day

--- clickhouse_start_of_day_elsewhere: unsafe BW007; dialect=clickhouse
select toStartOfDay(happened_at, 'America/New_York') as day, min(happened_at) as happened_at, count() as n from {events} group by day
--- =
select date_trunc('day', happened_at at time zone 'UTC' at time zone 'America/New_York') as day, min(happened_at) as happened_at, count(*) as n from {events} group by day

--- clickhouse_start_of_local_day: safe; dialect=clickhouse; zone=America/New_York
select toStartOfDay(happened_at, 'America/New_York') as day, min(happened_at) as happened_at, count() as n from {events} group by day
--- =
select date_trunc('day', happened_at at time zone 'UTC' at time zone 'America/New_York') as day, min(happened_at) as happened_at, count(*) as n from {events} group by day

--- clickhouse_day_number: safe; dialect=clickhouse
select toYYYYMMDD(happened_at) as day, min(happened_at) as happened_at, count() as n from {events} group by day
--- =
select strftime(happened_at, '%Y%m%d')::integer as day, min(happened_at) as happened_at, count(*) as n from {events} group by day

--- clickhouse_month_number: unsafe BW007; dialect=clickhouse
select toYYYYMM(happened_at) as month, min(happened_at) as happened_at, count() as n from {events} group by month
--- =
select strftime(happened_at, '%Y%m')::integer as month, min(happened_at) as happened_at, count(*) as n from {events} group by month

--- clickhouse_hour_of_day: unsafe BW007; dialect=clickhouse
select toHour(happened_at) as h, min(happened_at) as happened_at, count() as n from {events} group by h
--- =
select hour(happened_at) as h, min(happened_at) as happened_at, count(*) as n from {events} group by h

--- clickhouse_day_of_week: unsafe BW005; dialect=clickhouse
select happened_at, event_id, count() over (partition by toDayOfWeek(happened_at)) as n from {events}
--- =
select happened_at, event_id, count(*) over (partition by isodow(happened_at)) as n from {events}

--- clickhouse_interval_of_a_day: safe; dialect=clickhouse
select toStartOfInterval(happened_at, interval 1 day) as d, min(happened_at) as happened_at, count() as n from {events} group by d
--- =
select time_bucket(interval '1 day', happened_at) as d, min(happened_at) as happened_at, count(*) as n from {events} group by d

--- clickhouse_limit_by: unsafe BW006; dialect=clickhouse
select user_id, event_id, happened_at from {events} order by happened_at, event_id limit 1 by user_id
--- =
select user_id, event_id, happened_at from {events} qualify row_number() over (partition by user_id order by happened_at, event_id) = 1

--- clickhouse_limit_by_day: safe; dialect=clickhouse
select user_id, event_id, happened_at from {events} order by happened_at, event_id limit 1 by user_id, toDate(happened_at)
--- =
select user_id, event_id, happened_at from {events} qualify row_number() over (partition by user_id, happened_at::date order by happened_at, event_id) = 1

--- clickhouse_any_join: unsafe BW010; dialect=clickhouse
select o.order_id, o.ordered_at as happened_at, p.amount from {orders} as o any left join {payments} as p on p.order_id = o.order_id
--- =
select o.order_id, o.ordered_at as happened_at, (select min(amount) from {payments} as p where p.order_id = o.order_id) as amount from {orders} as o

--- clickhouse_argmax: unsafe BW007; dialect=clickhouse
select order_id, argMax(status, ordered_at) as status, max(ordered_at) as happened_at from {orders} group by order_id
--- =
select order_id, arg_max(status, ordered_at) as status, max(ordered_at) as happened_at from {orders} group by order_id

--- clickhouse_date_with_zone: unsafe BW007; dialect=clickhouse
select toDate(happened_at, 'Asia/Tokyo') as d, min(happened_at) as happened_at, count() as n from {events} group by d
--- =
select (happened_at at time zone 'UTC' at time zone 'Asia/Tokyo')::date as d, min(happened_at) as happened_at, count(*) as n from {events} group by d

--- clickhouse_format_of_the_day: safe; dialect=clickhouse
select formatDateTime(happened_at, '%Y-%m-%d') as d, min(happened_at) as happened_at, count() as n from {events} group by d
--- =
select strftime(happened_at, '%Y-%m-%d') as d, min(happened_at) as happened_at, count(*) as n from {events} group by d

--- bigquery_day: safe; dialect=bigquery
select date(happened_at) as d, min(happened_at) as happened_at, count(*) as n from {events} group by d
--- =
select happened_at::date as d, min(happened_at) as happened_at, count(*) as n from {events} group by d

--- bigquery_day_elsewhere: unsafe BW007; dialect=bigquery
select date(happened_at, 'America/New_York') as d, min(happened_at) as happened_at, count(*) as n from {events} group by d
--- =
select (happened_at at time zone 'UTC' at time zone 'America/New_York')::date as d, min(happened_at) as happened_at, count(*) as n from {events} group by d

--- bigquery_local_day: safe; dialect=bigquery; zone=America/New_York
select date(happened_at, 'America/New_York') as d, min(happened_at) as happened_at, count(*) as n from {events} group by d
--- =
select (happened_at at time zone 'UTC' at time zone 'America/New_York')::date as d, min(happened_at) as happened_at, count(*) as n from {events} group by d

--- bigquery_local_day_truncated: safe; dialect=bigquery; zone=America/New_York
select timestamp_trunc(happened_at, day, 'America/New_York') as happened_at, count(*) as n from {events} group by 1
--- =
select date_trunc('day', happened_at at time zone 'UTC' at time zone 'America/New_York') at time zone 'America/New_York' at time zone 'UTC' as happened_at, count(*) as n
from {events} group by 1

--- bigquery_local_datetime: safe; dialect=bigquery; zone=America/New_York
select datetime_trunc(datetime(happened_at, 'America/New_York'), day) as d, min(happened_at) as happened_at, count(*) as n from {events} group by d
--- =
select date_trunc('day', happened_at at time zone 'UTC' at time zone 'America/New_York') as d, min(happened_at) as happened_at, count(*) as n from {events} group by d

--- bigquery_extract_hour: unsafe BW007; dialect=bigquery
select extract(hour from happened_at) as h, min(happened_at) as happened_at, count(*) as n from {events} group by h
--- =
select hour(happened_at) as h, min(happened_at) as happened_at, count(*) as n from {events} group by h

--- bigquery_extract_date: safe; dialect=bigquery
select extract(date from happened_at) as d, min(happened_at) as happened_at, count(*) as n from {events} group by d
--- =
select happened_at::date as d, min(happened_at) as happened_at, count(*) as n from {events} group by d

--- bigquery_format_date: safe; dialect=bigquery
select format_date('%F', date(happened_at)) as d, min(happened_at) as happened_at, count(*) as n from {events} group by d
--- =
select strftime(happened_at, '%Y-%m-%d') as d, min(happened_at) as happened_at, count(*) as n from {events} group by d

--- bigquery_format_timestamp_hour: unsafe BW007; dialect=bigquery
select format_timestamp('%H', happened_at) as h, min(happened_at) as happened_at, count(*) as n from {events} group by h
--- =
select strftime(happened_at, '%H') as h, min(happened_at) as happened_at, count(*) as n from {events} group by h

--- bigquery_unix_date: safe; dialect=bigquery
select unix_date(date(happened_at)) as d, min(happened_at) as happened_at, count(*) as n from {events} group by d
--- =
select date_diff('day', date '1970-01-01', happened_at::date) as d, min(happened_at) as happened_at, count(*) as n from {events} group by d

--- bigquery_day_as_string: safe; dialect=bigquery
select cast(date(happened_at) as string) as d, min(happened_at) as happened_at, count(*) as n from {events} group by d
--- =
select happened_at::date::varchar as d, min(happened_at) as happened_at, count(*) as n from {events} group by d

--- bigquery_qualify: unsafe BW006; dialect=bigquery
select order_id, ordered_at as happened_at from {orders} where true qualify row_number() over (partition by order_id order by ordered_at desc, total) = 1
--- =
select order_id, ordered_at as happened_at from {orders} qualify row_number() over (partition by order_id order by ordered_at desc, total) = 1

--- bigquery_week: unsafe BW007; dialect=bigquery
select date_trunc(date(happened_at), week(monday)) as w, min(happened_at) as happened_at, count(*) as n from {events} group by w
--- =
select date_trunc('week', happened_at) as w, min(happened_at) as happened_at, count(*) as n from {events} group by w

--- bigquery_timestamp_diff: safe; dialect=bigquery
select timestamp_diff(timestamp_trunc(happened_at, day), timestamp '2020-01-01', day) as d, min(happened_at) as happened_at, count(*) as n from {events} group by d
--- =
select date_diff('day', timestamp '2020-01-01', date_trunc('day', happened_at)) as d, min(happened_at) as happened_at, count(*) as n from {events} group by d

--- bigquery_array_agg_newest: unsafe BW007; dialect=bigquery
select order_id, max(ordered_at) as happened_at, array_agg(status order by ordered_at desc limit 1)[offset(0)] as status from {orders} group by order_id
--- =
select order_id, max(ordered_at) as happened_at, arg_max(status, ordered_at) as status from {orders} group by order_id

--- snowflake_day: safe; dialect=snowflake
select to_date(happened_at) as d, min(happened_at) as happened_at, count(*) as n from {events} group by d
--- =
select happened_at::date as d, min(happened_at) as happened_at, count(*) as n from {events} group by d

--- snowflake_try_to_date: safe; dialect=snowflake
select try_to_date(happened_at) as d, min(happened_at) as happened_at, count(*) as n from {events} group by d
--- =
select try_cast(happened_at as date) as d, min(happened_at) as happened_at, count(*) as n from {events} group by d

--- snowflake_convert_timezone: unsafe BW007; dialect=snowflake
select convert_timezone('UTC', 'America/New_York', happened_at)::date as d, min(happened_at) as happened_at, count(*) as n from {events} group by d
--- =
select (happened_at at time zone 'UTC' at time zone 'America/New_York')::date as d, min(happened_at) as happened_at, count(*) as n from {events} group by d

--- snowflake_local_day: safe; dialect=snowflake; zone=America/New_York
select convert_timezone('UTC', 'America/New_York', happened_at)::date as d, min(happened_at) as happened_at, count(*) as n from {events} group by d
--- =
select (happened_at at time zone 'UTC' at time zone 'America/New_York')::date as d, min(happened_at) as happened_at, count(*) as n from {events} group by d

--- snowflake_time_slice: safe; dialect=snowflake
select time_slice(happened_at, 15, 'minute') as happened_at, count(*) as n from {events} group by 1
--- =
select time_bucket(interval '15 minutes', happened_at) as happened_at, count(*) as n from {events} group by 1

--- snowflake_time_slice_of_five_hours: unsafe BW007; dialect=snowflake
select time_slice(happened_at, 5, 'hour') as slot, min(happened_at) as happened_at, count(*) as n from {events} group by slot
--- =
select time_bucket(interval '5 hours', happened_at, timestamp '1970-01-01') as slot, min(happened_at) as happened_at, count(*) as n from {events} group by slot

--- snowflake_to_char_day: safe; dialect=snowflake
select to_char(happened_at, 'YYYY-MM-DD') as d, min(happened_at) as happened_at, count(*) as n from {events} group by d
--- =
select strftime(happened_at, '%Y-%m-%d') as d, min(happened_at) as happened_at, count(*) as n from {events} group by d

--- snowflake_to_char_hour: unsafe BW007; dialect=snowflake
select to_char(happened_at, 'HH24:MI') as t, min(happened_at) as happened_at, count(*) as n from {events} group by t
--- =
select strftime(happened_at, '%H:%M') as t, min(happened_at) as happened_at, count(*) as n from {events} group by t

--- snowflake_dayname: unsafe BW007; dialect=snowflake
select dayname(happened_at) as d, min(happened_at) as happened_at, count(*) as n from {events} group by d
--- =
select dayname(happened_at) as d, min(happened_at) as happened_at, count(*) as n from {events} group by d

--- snowflake_datediff_days: safe; dialect=snowflake
select datediff(day, '2020-01-01', happened_at) as d, min(happened_at) as happened_at, count(*) as n from {events} group by d
--- =
select date_diff('day', timestamp '2020-01-01', happened_at) as d, min(happened_at) as happened_at, count(*) as n from {events} group by d

--- snowflake_asof: unsafe BW010; dialect=snowflake
select o.order_id, o.ordered_at as happened_at, p.amount from {orders} as o asof join {payments} as p match_condition (o.ordered_at >= p.paid_at) on p.user_id = o.user_id
--- =
select o.order_id, o.ordered_at as happened_at, p.amount from {orders} as o asof left join {payments} as p on p.user_id = o.user_id and o.ordered_at >= p.paid_at

--- postgres_date_bin_day: safe; dialect=postgres
select date_bin('1 day', happened_at, timestamp '2001-01-01') as d, min(happened_at) as happened_at, count(*) as n from {events} group by d
--- =
select time_bucket(interval '1 day', happened_at, timestamp '2001-01-01') as d, min(happened_at) as happened_at, count(*) as n from {events} group by d

--- postgres_date_bin_day_from_noon: unsafe BW007; dialect=postgres
select date_bin('1 day', happened_at, timestamp '2001-01-01 12:00') as d, min(happened_at) as happened_at, count(*) as n from {events} group by d
--- =
select time_bucket(interval '1 day', happened_at, timestamp '2001-01-01 12:00') as d, min(happened_at) as happened_at, count(*) as n from {events} group by d

--- postgres_date_part_hour: unsafe BW007; dialect=postgres
select date_part('hour', happened_at) as h, min(happened_at) as happened_at, count(*) as n from {events} group by h
--- =
select hour(happened_at) as h, min(happened_at) as happened_at, count(*) as n from {events} group by h

--- postgres_to_char_day: safe; dialect=postgres
select to_char(happened_at, 'YYYYMMDD') as d, min(happened_at) as happened_at, count(*) as n from {events} group by d
--- =
select strftime(happened_at, '%Y%m%d') as d, min(happened_at) as happened_at, count(*) as n from {events} group by d

--- postgres_tablesample: unsafe BW012; dialect=postgres
select event_id, happened_at from {events} tablesample bernoulli (20)
--- =
select event_id, happened_at from {events} tablesample 20 percent (bernoulli)

--- redshift_trunc: safe; dialect=redshift
select trunc(happened_at) as d, min(happened_at) as happened_at, count(*) as n from {events} group by 1
--- =
select happened_at::date as d, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- redshift_getdate_stamp: depends BW011; dialect=redshift; reasoned
select event_id, happened_at, getdate() as loaded_at from {events}

--- spark_window: safe; dialect=databricks
select window(happened_at, '1 day') as w, min(happened_at) as happened_at, count(*) as n from {events} group by window(happened_at, '1 day')
--- =
select time_bucket(interval '1 day', happened_at) as w, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- spark_window_of_a_week: unsafe BW007; dialect=databricks
select window(happened_at, '7 days') as w, min(happened_at) as happened_at, count(*) as n from {events} group by window(happened_at, '7 days')
--- =
select time_bucket(interval '7 days', happened_at) as w, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- spark_trunc_month: unsafe BW007; dialect=spark
select trunc(happened_at, 'MM') as m, min(happened_at) as happened_at, count(*) as n from {events} group by trunc(happened_at, 'MM')
--- =
select date_trunc('month', happened_at) as m, min(happened_at) as happened_at, count(*) as n from {events} group by m

--- spark_date_format_day: safe; dialect=spark
select date_format(happened_at, 'yyyy-MM-dd') as d, min(happened_at) as happened_at, count(*) as n from {events} group by date_format(happened_at, 'yyyy-MM-dd')
--- =
select strftime(happened_at, '%Y-%m-%d') as d, min(happened_at) as happened_at, count(*) as n from {events} group by d

--- spark_date_format_minutes: unsafe BW007; dialect=spark
select date_format(happened_at, 'HH:mm') as t, min(happened_at) as happened_at, count(*) as n from {events} group by date_format(happened_at, 'HH:mm')
--- =
select strftime(happened_at, '%H:%M') as t, min(happened_at) as happened_at, count(*) as n from {events} group by t

--- spark_from_utc_timestamp: unsafe BW007; dialect=databricks
select to_date(from_utc_timestamp(happened_at, 'America/New_York')) as d, min(happened_at) as happened_at, count(*) as n from {events} group by 1
--- =
select (happened_at at time zone 'UTC' at time zone 'America/New_York')::date as d, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- spark_local_day: safe; dialect=databricks; zone=America/New_York
select to_date(from_utc_timestamp(happened_at, 'America/New_York')) as d, min(happened_at) as happened_at, count(*) as n from {events} group by 1
--- =
select (happened_at at time zone 'UTC' at time zone 'America/New_York')::date as d, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- spark_lateral_view: safe; dialect=spark
select e.event_id, e.happened_at, k from {events} as e lateral view explode(array(1, 2)) t as k
--- =
select e.event_id, e.happened_at, k from {events} as e, unnest([1, 2]) as t (k)

--- spark_left_semi: unsafe BW010; dialect=spark
select o.order_id, o.ordered_at as happened_at from {orders} as o left semi join {payments} as p on p.order_id = o.order_id
--- =
select o.order_id, o.ordered_at as happened_at from {orders} as o semi join {payments} as p on p.order_id = o.order_id

--- trino_local_day: safe; dialect=trino; zone=America/New_York
select date(at_timezone(happened_at, 'America/New_York')) as d, min(happened_at) as happened_at, count(*) as n from {events} group by 1
--- =
select (happened_at at time zone 'UTC' at time zone 'America/New_York')::date as d, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- trino_hour: unsafe BW007; dialect=trino
select hour(happened_at) as h, min(happened_at) as happened_at, approx_distinct(user_id) as n from {events} group by 1
--- =
select hour(happened_at) as h, min(happened_at) as happened_at, count(distinct user_id) as n from {events} group by 1

--- trino_day_of_week: unsafe BW005; dialect=trino
select happened_at, event_id, count(*) over (partition by day_of_week(happened_at)) as n from {events}
--- =
select happened_at, event_id, count(*) over (partition by isodow(happened_at)) as n from {events}

--- mysql_to_days: safe; dialect=mysql
select to_days(happened_at) as d, min(happened_at) as happened_at, count(*) as n from {events} group by to_days(happened_at)
--- =
select date_diff('day', timestamp '2000-01-01', happened_at) as d, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- mysql_date_format: safe; dialect=mysql
select date_format(happened_at, '%Y-%m-%d') as d, min(happened_at) as happened_at, count(*) as n from {events} group by date_format(happened_at, '%Y-%m-%d')
--- =
select strftime(happened_at, '%Y-%m-%d') as d, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- mysql_date_format_hour: unsafe BW007; dialect=mysql
select date_format(happened_at, '%H') as h, min(happened_at) as happened_at, count(*) as n from {events} group by date_format(happened_at, '%H')
--- =
select strftime(happened_at, '%H') as h, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- sqlite_strftime: safe; dialect=sqlite
select strftime('%Y-%m-%d', happened_at) as d, min(happened_at) as happened_at, count(*) as n from {events} group by 1
--- =
select strftime(happened_at, '%Y-%m-%d') as d, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- sqlite_hour: unsafe BW007; dialect=sqlite
select strftime('%H', happened_at) as h, min(happened_at) as happened_at, count(*) as n from {events} group by 1
--- =
select strftime(happened_at, '%H') as h, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- sqlite_date_modifier: unsafe BW007; dialect=sqlite
select date(happened_at, 'start of month') as m, min(happened_at) as happened_at, count(*) as n from {events} group by 1
--- =
select date_trunc('month', happened_at) as m, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- sqlserver_convert_date: safe; dialect=sqlserver
select convert(date, happened_at) as d, min(happened_at) as happened_at, count(*) as n from {events} group by convert(date, happened_at)
--- =
select happened_at::date as d, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- sqlserver_datepart: unsafe BW007; dialect=sqlserver
select datepart(hour, happened_at) as h, min(happened_at) as happened_at, count(*) as n from {events} group by datepart(hour, happened_at)
--- =
select hour(happened_at) as h, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- sqlserver_top: unsafe BW009; dialect=sqlserver
select top (5) event_id, happened_at from {events} order by happened_at, event_id
--- =
select event_id, happened_at from {events} order by happened_at, event_id limit 5

--- sqlserver_datediff_trick: safe; dialect=sqlserver
select dateadd(day, datediff(day, 0, happened_at), 0) as d, min(happened_at) as happened_at, count(*) as n from {events} group by dateadd(day, datediff(day, 0, happened_at), 0)
--- =
select timestamp '1900-01-01' + to_days(date_diff('day', timestamp '1900-01-01', happened_at)::integer) as d, min(happened_at) as happened_at, count(*) as n from {events} group by 1
