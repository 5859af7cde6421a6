--- f_running_balance: unsafe BW005
select payment_id, user_id, paid_at as happened_at, sum(amount) over (partition by user_id order by paid_at, payment_id) as balance
from {payments}

--- f_daily_active_users: safe
select date_trunc('day', happened_at) as happened_at, count(distinct user_id) as users from {events} group by 1

--- f_weekly_active_users: unsafe BW002
select date_trunc('week', happened_at)::timestamp as happened_at, count(distinct user_id) as users from {events} group by 1

--- f_rolling_week: unsafe BW005
with d as (select happened_at::date as day, count(*) as n from {events} group by 1)
select day::timestamp as happened_at, avg(n) over (order by day rows between 6 preceding and current row) as n from d

--- f_funnel_by_session: unsafe BW007
select session_id, min(happened_at) as happened_at, max(case when kind = 'view' then 1 else 0 end) as viewed,
    max(case when kind = 'buy' then 1 else 0 end) as bought
from {events} group by session_id

--- f_funnel_by_session_and_day: safe
select session_id, happened_at::date as day, min(happened_at) as happened_at, max(case when kind = 'buy' then 1 else 0 end) as bought
from {events} group by session_id, day

--- f_late_shipping: safe
select order_id, ordered_at as happened_at, shipped_at - ordered_at as took, shipped_at > ordered_at + interval '1 day' as is_late from {orders}

--- f_by_hour_of_the_shop: unsafe BW007
select hour(happened_at + interval '2 hours') as local_hour, min(happened_at) as happened_at, sum(amount) as amount from {events} group by 1

--- f_time_of_day_bucket: unsafe BW007
select case when hour(happened_at) between 6 and 11 then 'morning' when hour(happened_at) between 12 and 17 then 'noon' else 'night' end as part,
    min(happened_at) as happened_at, count(*) as n
from {events} group by 1

--- f_time_of_day_bucket_and_day: safe
select case when hour(happened_at) between 6 and 11 then 'morning' else 'other' end as part, cast(happened_at as date) as day,
    min(happened_at) as happened_at, count(*) as n
from {events} group by 1, 2

--- f_year_month_text: unsafe BW007
select concat(year(happened_at), '-', month(happened_at)) as ym, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- f_year_month_day_text: safe
select concat(year(happened_at), '-', month(happened_at), '-', day(happened_at)) as ymd, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- f_surrogate_key_of_day_and_user: safe
select md5(cast(coalesce(cast(happened_at::date as varchar), '') || '-' || coalesce(cast(user_id as varchar), '') as varchar)) as key,
    min(happened_at) as happened_at, count(*) as n
from {events} group by 1

--- f_latest_status: unsafe BW006
select * exclude (rn), ordered_at as happened_at from (
    select *, row_number() over (partition by order_id order by ordered_at desc, total, user_id) as rn from {orders}
) where rn = 1

--- f_first_order_flag: unsafe BW006
select order_id, ordered_at as happened_at, row_number() over (partition by user_id order by ordered_at, order_id, total) = 1 as is_first from {orders}

--- f_previous_status: unsafe BW005
select order_id, ordered_at as happened_at, status, lag(status, 1, 'none') over (partition by order_id order by ordered_at, total) as before from {orders}

--- f_paid_orders: unsafe BW010
select o.order_id, o.ordered_at as happened_at, sum(p.amount) as paid
from {orders} as o left join {payments} as p on p.order_id = o.order_id
group by o.order_id, o.ordered_at

--- f_orders_with_users: safe
select o.order_id, o.ordered_at as happened_at, u.name from {orders} as o inner join {users} as u on u.user_id = o.user_id where u.name like 'user 1%'

--- f_orders_with_their_all_payments: safe
with p as (select order_id, sum(amount) as paid from {payments whole} group by order_id)
select o.order_id, o.ordered_at as happened_at, p.paid from {orders} as o left join p on p.order_id = o.order_id

--- f_not_paid_yet: unsafe BW010
select o.order_id, o.ordered_at as happened_at from {orders} as o left join {payments} as p on p.order_id = o.order_id where p.payment_id is null

--- f_day_totals_compared: safe
with o as (select ordered_at::date as d, sum(total) as total from {orders} group by 1),
e as (select happened_at::date as d, count(*) as n from {events} group by 1)
select o.d::timestamp as happened_at, o.total, e.n from o left join e using (d)

--- f_day_totals_compared_with_yesterday: unsafe BW010
with o as (select ordered_at::date as d, sum(total) as total from {orders} group by 1)
select a.d::timestamp as happened_at, a.total, b.total as yesterday from o as a left join o as b on b.d = a.d - 1

--- f_month_to_date: unsafe BW005
select order_id, ordered_at as happened_at, sum(total) over (partition by date_trunc('month', ordered_at) order by ordered_at, order_id, total) as mtd from {orders}

--- f_month_to_date_by_months: safe; size=month
select order_id, ordered_at as happened_at, sum(total) over (partition by date_trunc('month', ordered_at) order by ordered_at, order_id, total) as mtd from {orders}

--- f_year_to_date_by_months: unsafe BW005; size=month
select order_id, ordered_at as happened_at, sum(total) over (partition by extract(year from ordered_at) order by ordered_at, order_id, total) as ytd from {orders}

--- f_quarter_by_years: safe; size=year
select quarter(happened_at) as q, year(happened_at) as y, min(happened_at) as happened_at, count(*) as n from {events} group by all

--- f_week_number_by_years: unsafe BW007; size=year
select week(happened_at) as w, min(happened_at) as happened_at, count(*) as n from {events} group by all

--- f_half_hours: safe
select time_bucket(interval '30 minutes', happened_at) as happened_at, kind, count(*) as n from {events} group by 1, 2

--- f_floor_to_ten_minutes: safe
select to_timestamp(floor(epoch(happened_at) / 600) * 600)::timestamp as happened_at, count(*) as n from {events} group by 1

--- f_floor_to_weeks_by_epoch: unsafe BW002
select to_timestamp(floor(epoch(happened_at) / 604800) * 604800)::timestamp as happened_at, count(*) as n from {events} group by 1

--- f_time_spent: unsafe BW005
select event_id, happened_at, date_diff('second', happened_at, lead(happened_at) over (partition by session_id order by happened_at, event_id)) as seconds
from {events}

--- f_time_spent_by_join: unsafe BW010
select a.event_id, a.happened_at, min(b.happened_at) as next_at from {events} as a
left join {events} as b on b.session_id = a.session_id and b.happened_at > a.happened_at
group by a.event_id, a.happened_at

--- f_attribution_same_day: safe
select o.order_id, o.ordered_at as happened_at, max(e.event_id) as last_event from {orders} as o
left join {events} as e on e.user_id = o.user_id and e.happened_at <= o.ordered_at and e.happened_at >= date_trunc('day', o.ordered_at)
group by o.order_id, o.ordered_at, o.total

--- f_attribution_last_day: unsafe BW010
select o.order_id, o.ordered_at as happened_at, max(e.event_id) as last_event from {orders} as o
left join {events} as e on e.user_id = o.user_id and e.happened_at between o.ordered_at - interval '24 hours' and o.ordered_at
group by o.order_id, o.ordered_at, o.total

--- f_users_who_came_back: unsafe BW010
select distinct e.user_id, e.happened_at::date as happened_at from {events} as e
where exists (select 1 from {events} as p where p.user_id = e.user_id and p.happened_at::date < e.happened_at::date)

--- f_new_users: unsafe BW010
select user_id, happened_at from {events} as e
where not exists (select 1 from {events} as p where p.user_id = e.user_id and p.happened_at < e.happened_at)

--- f_top_per_day: safe
select event_id, happened_at, amount from {events}
qualify dense_rank() over (partition by happened_at::date order by amount desc) <= 2

--- f_top_per_kind: unsafe BW006
select event_id, happened_at, kind, amount from {events} qualify dense_rank() over (partition by kind order by amount desc) <= 1

--- f_outliers: unsafe BW005
select event_id, happened_at, amount from {events} qualify amount > 1.2 * avg(amount) over ()

--- f_outliers_of_the_day: safe
select event_id, happened_at, amount from {events} qualify amount > 1.2 * avg(amount) over (partition by date_trunc('day', happened_at))

--- f_sum_of_the_last_rows: unsafe BW009
select happened_at, (select sum(amount) from (select amount, event_id from {events} order by happened_at desc, event_id limit 5)) as newest from {events}

--- f_list_aggregates: unsafe BW007
select user_id, list(event_id order by event_id) as ids, min(happened_at) as happened_at from {events} group by user_id

--- f_unpivot_safe: safe
select event_id, happened_at, name, value from (
    select event_id, happened_at, 'amount' as name, amount as value from {events}
    union all select event_id, happened_at, 'user', user_id from {events}
)

--- f_values_by_window_of_same_time: safe
select event_id, happened_at, count(*) over (partition by happened_at) as at_once from {events}

--- f_cumulative_distinct: unsafe BW007
select e.happened_at::date::timestamp as happened_at, (select count(distinct p.user_id) from {events} as p where p.happened_at::date <= e.happened_at::date) as users
from {events} as e group by e.happened_at::date

--- f_shift_work: unsafe BW007
select date_trunc('day', happened_at - interval '6 hours') as shift_day, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- f_fiscal_month: unsafe BW002; size=month
select date_trunc('month', happened_at + interval '15 days') as happened_at, count(*) as n from {events} group by 1

--- f_date_part_text: unsafe BW007
select date_part('dow', happened_at) as weekday, date_part('hour', happened_at) as h, min(happened_at) as happened_at, count(*) as n from {events} group by 1, 2

--- f_iso_week_and_day: safe
select isoyear(happened_at) as y, week(happened_at) as w, isodow(happened_at) as d, min(happened_at) as happened_at, count(*) as n from {events} group by 1, 2, 3

--- f_null_days_grouped: safe
select happened_at::date as d, min(happened_at) as happened_at, count(*) as n from {events} where happened_at is not null group by d

--- f_case_day_with_else: safe
select case when kind = 'buy' then date_trunc('hour', happened_at) else date_trunc('day', happened_at) end as slot, min(happened_at) as happened_at, count(*) as n
from {events} group by 1

--- f_left_join_day_key: unsafe BW007
select p.paid_at::date as paid_on, min(o.ordered_at) as happened_at, count(*) as n
from {orders} as o left join {payments} as p on p.order_id = o.order_id and p.paid_at::date = o.ordered_at::date
group by 1

--- f_date_of_local_time: safe; zone=America/New_York
select cast(timezone('America/New_York', seen_at) as date) as d, user_id, min(seen_at) as happened_at, count(*) as n from {visits} group by 1, 2

--- f_bigquery_week: unsafe BW007; dialect=bigquery
select extract(isoweek from happened_at) as w, min(happened_at) as happened_at, count(*) as n from {events} group by 1
--- =
select week(happened_at) as w, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- f_snowflake_date_part: unsafe BW007; dialect=snowflake
select date_part(hour, happened_at) as h, min(happened_at) as happened_at, count(*) as n from {events} group by 1
--- =
select hour(happened_at) as h, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- f_snowflake_year_of_week: safe; dialect=snowflake
select year(happened_at) as y, month(happened_at) as m, dayofmonth(happened_at) as d, min(happened_at) as happened_at, count(*) as n from {events} group by 1, 2, 3
--- =
select year(happened_at) as y, month(happened_at) as m, day(happened_at) as d, min(happened_at) as happened_at, count(*) as n from {events} group by 1, 2, 3

--- f_clickhouse_week: unsafe BW007; dialect=clickhouse
select toStartOfWeek(happened_at) as w, min(happened_at) as happened_at, uniq(user_id) as n from {events} group by w
--- =
select date_trunc('week', happened_at) as w, min(happened_at) as happened_at, count(distinct user_id) as n from {events} group by w

--- f_clickhouse_ten_minutes: safe; dialect=clickhouse
select toStartOfInterval(happened_at, toIntervalMinute(10)) as happened_at, count() as n from {events} group by happened_at
--- =
select time_bucket(interval '10 minutes', e.happened_at) as happened_at, count(*) as n from {events} as e group by 1

--- f_redshift_date_part: unsafe BW005; dialect=redshift
select event_id, happened_at, count(*) over (partition by date_part(month, happened_at)) as n from {events}
--- =
select event_id, happened_at, count(*) over (partition by month(happened_at)) as n from {events}

--- f_databricks_unix: safe; dialect=databricks
select floor(unix_timestamp(happened_at) / 3600) as h, min(happened_at) as happened_at, count(*) as n from {events} group by 1
--- =
select floor(epoch(happened_at) / 3600) as h, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- f_postgres_age_in_days: safe; dialect=postgres
select (happened_at::date - date '2020-01-01') as day_number, min(happened_at) as happened_at, count(*) as n from {events} group by 1
--- =
select happened_at::date - date '2020-01-01' as day_number, min(happened_at) as happened_at, count(*) as n from {events} group by 1
