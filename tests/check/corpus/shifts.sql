--- day_minus_its_day_of_month: unsafe BW007
select happened_at::date - day(happened_at)::integer as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1

--- day_minus_an_interval_of_its_day: unsafe BW007
select date_trunc('day', happened_at) - to_days(day(happened_at)::integer) as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1

--- shifted_by_a_month: unsafe BW007; size=day; reasoned
select date_add(happened_at::date, interval 1 month) as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1

--- month_shifted_by_a_month: safe; size=month
select date_trunc('month', happened_at) + interval 1 month as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1

--- month_of_a_time_shifted_by_a_month: unsafe BW007; size=day
select date_trunc('month', happened_at) + interval 1 month as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1

--- databricks_first_of_month: unsafe BW007; dialect=databricks
select date_sub(happened_at, dayofmonth(happened_at) - 1) as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1
--- =
select date_trunc('month', happened_at) as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1

--- databricks_timestampadd_first_of_month: unsafe BW007; dialect=databricks
select timestampadd(day, 1 - dayofmonth(happened_at), cast(happened_at as date)) as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1
--- =
select date_trunc('month', happened_at) as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1

--- snowflake_first_of_month: unsafe BW007; dialect=snowflake
select dateadd('day', 1 - day(happened_at), happened_at::date) as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1
--- =
select date_trunc('month', happened_at) as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1

--- snowflake_next_month: unsafe BW007; dialect=snowflake; reasoned
select add_months(happened_at, 1) as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1

--- snowflake_next_day: safe; dialect=snowflake
select dateadd(day, 1, happened_at::date) as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1
--- =
select happened_at::date + 1 as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1

--- sqlserver_first_of_month: unsafe BW007; dialect=sqlserver
select dateadd(day, 1 - day(happened_at), cast(happened_at as date)) as k, max(happened_at) as happened_at, count(*) as n from {events} group by dateadd(day, 1 - day(happened_at), cast(happened_at as date))
--- =
select date_trunc('month', happened_at) as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1

--- bigquery_first_of_month: unsafe BW007; dialect=bigquery
select date_sub(date(happened_at), interval extract(day from happened_at) day) as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1
--- =
select date_trunc('month', happened_at) as k, max(happened_at) as happened_at, count(*) as n from {events} group by 1

--- bigquery_less_than_a_day_apart: unsafe BW010; dialect=bigquery
select e.event_id, e.happened_at, o.order_id from {events} as e join {orders} as o on o.user_id = e.user_id and timestamp_diff(e.happened_at, o.ordered_at, day) = 0
--- =
select e.event_id, e.happened_at, o.order_id from {events} as e join {orders} as o on o.user_id = e.user_id and abs(epoch(e.happened_at - o.ordered_at)) < 86400

--- bigquery_of_one_day: safe; dialect=bigquery
select e.event_id, e.happened_at, o.order_id from {events} as e join {orders} as o on o.user_id = e.user_id and datetime_diff(datetime(e.happened_at), datetime(o.ordered_at), day) = 0
--- =
select e.event_id, e.happened_at, o.order_id from {events} as e join {orders} as o on o.user_id = e.user_id and e.happened_at::date = o.ordered_at::date

--- mysql_less_than_a_day_apart: unsafe BW010; dialect=mysql
select e.event_id, e.happened_at, o.order_id from {events} as e join {orders} as o on o.user_id = e.user_id and timestampdiff(day, e.happened_at, o.ordered_at) = 0
--- =
select e.event_id, e.happened_at, o.order_id from {events} as e join {orders} as o on o.user_id = e.user_id and abs(epoch(e.happened_at - o.ordered_at)) < 86400

--- mysql_of_one_day: safe; dialect=mysql
select e.event_id, e.happened_at, o.order_id from {events} as e join {orders} as o on o.user_id = e.user_id and datediff(e.happened_at, o.ordered_at) = 0
--- =
select e.event_id, e.happened_at, o.order_id from {events} as e join {orders} as o on o.user_id = e.user_id and e.happened_at::date = o.ordered_at::date

--- databricks_less_than_a_day_apart: unsafe BW010; dialect=databricks
select e.event_id, e.happened_at, o.order_id from {events} as e join {orders} as o on o.user_id = e.user_id and datediff(day, e.happened_at, o.ordered_at) = 0
--- =
select e.event_id, e.happened_at, o.order_id from {events} as e join {orders} as o on o.user_id = e.user_id and abs(epoch(e.happened_at - o.ordered_at)) < 86400

--- databricks_of_one_day: safe; dialect=databricks
select e.event_id, e.happened_at, o.order_id from {events} as e join {orders} as o on o.user_id = e.user_id and datediff(e.happened_at, o.ordered_at) = 0
--- =
select e.event_id, e.happened_at, o.order_id from {events} as e join {orders} as o on o.user_id = e.user_id and e.happened_at::date = o.ordered_at::date

--- snowflake_of_one_day: safe; dialect=snowflake
select e.event_id, e.happened_at, o.order_id from {events} as e join {orders} as o on o.user_id = e.user_id and timestampdiff(day, e.happened_at, o.ordered_at) = 0
--- =
select e.event_id, e.happened_at, o.order_id from {events} as e join {orders} as o on o.user_id = e.user_id and e.happened_at::date = o.ordered_at::date

--- outer_join_with_a_filter_by_the_day: safe
select e.event_id, e.happened_at, o.order_id from {events} as e left join {orders} as o on o.user_id = e.user_id where o.ordered_at::date = e.happened_at::date

--- snowflake_connect_by: unsafe BW010; dialect=snowflake
select event_id, happened_at from {events} start with parent_id is null connect by prior event_id = parent_id
--- =
with recursive r as (select event_id, happened_at from {events} where parent_id is null union all select e.event_id, e.happened_at from {events} as e join r on e.parent_id = r.event_id) select event_id, happened_at from r

--- sqlite_clock: unsafe BW011; dialect=sqlite; reasoned
select event_id, happened_at from {events} where happened_at > datetime('now', '-7 days')

--- sqlite_clock_in_seconds: unsafe BW011; dialect=sqlite; reasoned
select event_id, happened_at, strftime('%s', 'now') - strftime('%s', happened_at) as age from {events}

--- postgres_word_of_the_clock: unsafe BW011; dialect=postgres; reasoned
select event_id, happened_at from {events} where happened_at > 'yesterday'::date

--- postgres_typed_word_of_the_clock: unsafe BW011; dialect=postgres; reasoned
select event_id, happened_at from {events} where happened_at > timestamp 'tomorrow'

--- postgres_compared_with_a_word: unsafe BW011; dialect=postgres; reasoned
select event_id, happened_at from {events} where happened_at > 'today'

--- age_of_one_time: unsafe BW011; reasoned
select event_id, happened_at from {events} where age(happened_at) < interval '7 days'

--- postgres_sequence: unsafe BW012; dialect=postgres; reasoned
select event_id, happened_at, nextval('ids') as id from {events}

--- snowflake_numbers: unsafe BW012; dialect=snowflake; reasoned
select event_id, happened_at, seq4() as id from {events}

--- mysql_session_variable: unsafe BW012; dialect=mysql; reasoned
select event_id, happened_at, @n := @n + 1 as n from {events}

--- snowflake_sample_of_rows: unsafe BW012; dialect=snowflake
select event_id, happened_at from {events} sample (10 rows)
--- =
select event_id, happened_at from {events} using sample reservoir(20 rows)

--- snowflake_sample_of_a_query: unsafe BW012; dialect=snowflake
select event_id, happened_at from (select * from {events}) sample row (30)
--- =
select event_id, happened_at from {events} using sample 30 percent (bernoulli)

--- clickhouse_sample: unsafe BW012; dialect=clickhouse
select event_id, happened_at from {events} sample 0.1
--- =
select event_id, happened_at from {events} using sample 10 percent (bernoulli)

--- clickhouse_running_difference: unsafe BW005; dialect=clickhouse
select event_id, happened_at, runningDifference(amount) as d from {events}
--- =
select event_id, happened_at, amount - lag(amount) over (order by happened_at, event_id) as d from {events}

--- clickhouse_neighbor: unsafe BW005; dialect=clickhouse
select event_id, happened_at, neighbor(amount, 1) as d from {events}
--- =
select event_id, happened_at, lead(amount) over (order by happened_at, event_id) as d from {events}
