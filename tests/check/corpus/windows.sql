--- lag_over_all: unsafe BW005
select happened_at, event_id, lag(amount) over (order by happened_at, event_id) as before from {events}

--- lag_per_user: unsafe BW005
select happened_at, event_id, lag(happened_at) over (partition by user_id order by happened_at, event_id) as before from {events}

--- lag_per_user_and_day: safe
select happened_at, event_id, lag(amount) over (partition by user_id, happened_at::date order by happened_at, event_id) as before from {events}

--- running_total_per_user: unsafe BW005
select happened_at, event_id, sum(amount) over (partition by user_id order by happened_at, event_id rows between unbounded preceding and current row) as total
from {events}

--- running_total_of_the_day: safe
select happened_at, event_id, sum(amount) over (partition by date_trunc('day', happened_at) order by happened_at, event_id) as total from {events}

--- share_of_the_hour: safe
select happened_at, event_id, amount / nullif(sum(amount) over (partition by date_trunc('hour', happened_at)), 0) as share from {events}

--- share_of_the_hour_of_day: unsafe BW005
select happened_at, event_id, amount - avg(amount) over (partition by hour(happened_at)) as difference from {events}

--- partition_by_extract_dow: unsafe BW005
select happened_at, event_id, count(*) over (partition by extract(dow from happened_at)) as n from {events}

--- partition_by_comparison: unsafe BW005
select happened_at, event_id, count(*) over (partition by happened_at > timestamp '2024-09-01') as n from {events}

--- partition_by_strftime_hour: unsafe BW005
select happened_at, event_id, sum(amount) over (partition by strftime(happened_at, '%H')) as n from {events}

--- partition_by_year: unsafe BW006
select happened_at, event_id, row_number() over (partition by year(happened_at) order by happened_at, event_id) as n from {events}

--- named_window: unsafe BW005
select happened_at, event_id, sum(amount) over w as total, count(*) over w as n from {events} window w as (partition by kind order by happened_at, event_id)

--- named_window_by_day: safe
select happened_at, event_id, sum(amount) over w as total from {events} window w as (partition by kind, happened_at::date order by happened_at, event_id)

--- named_window_refined: unsafe BW005
select happened_at, event_id, sum(amount) over (w order by happened_at, event_id) as total from {events} window w as (partition by kind)

--- sessions_by_gap: unsafe BW005
with g as (
    select *, case when happened_at - lag(happened_at) over (partition by user_id order by happened_at, event_id) > interval '30 minutes' then 1 else 0 end as starts
    from {events}
)
select happened_at, event_id, sum(starts) over (partition by user_id order by happened_at, event_id) as session_number from g

--- sessions_within_a_day: safe
with g as (
    select *, case when happened_at - lag(happened_at) over (partition by user_id, happened_at::date order by happened_at, event_id) > interval '30 minutes' then 1 else 0 end as starts
    from {events}
)
select happened_at, event_id, sum(starts) over (partition by user_id, happened_at::date order by happened_at, event_id) as session_number from g

--- ntile_of_amounts: unsafe BW005
select happened_at, event_id, ntile(4) over (order by amount, event_id) as quarter from {events}

--- percent_rank_of_amounts: unsafe BW005
select happened_at, event_id, percent_rank() over (order by amount) as p from {events}

--- first_value_of_session: unsafe BW005
select happened_at, event_id, first_value(kind) over (partition by session_id order by happened_at, event_id) as landing from {events}

--- moving_average_by_range: unsafe BW005
select happened_at, event_id, avg(amount) over (partition by user_id order by happened_at range between interval '3 days' preceding and current row) as mean
from {events}

--- count_over_nothing: unsafe BW005
select happened_at, event_id, count(*) over () as n from {events}

--- window_in_order_by: unsafe BW009
select happened_at, event_id from {events} where kind = 'view' order by row_number() over (order by happened_at, event_id) limit 3

--- window_in_where_by_subquery: unsafe BW005
select happened_at, event_id from (select *, avg(amount) over (partition by kind) as mean from {events}) as e where amount > mean

--- window_over_unique_key: safe
select paid_at as happened_at, payment_id, sum(amount) over (partition by payment_id) as s from {payments}

--- window_over_dimension: safe
select e.happened_at, e.event_id, u.rank from {events} as e
join (select user_id, rank() over (order by joined_at, user_id) as rank from {users}) as u using (user_id)

--- window_after_daily_group: unsafe BW005
with daily as (select date_trunc('day', happened_at) as day, sum(amount) as amount from {events} group by 1)
select day as happened_at, amount, sum(amount) over (order by day) as running from daily

--- window_after_daily_group_by_day: safe
with daily as (select date_trunc('day', happened_at) as day, kind, sum(amount) as amount from {events} group by 1, 2)
select day as happened_at, kind, amount, rank() over (partition by day order by amount desc, kind) as place from daily

--- partition_by_created_at: unsafe BW005
select happened_at, event_id, count(*) over (partition by created_at::date) as n from {events}

--- partition_by_order_date: depends BW005
select ordered_at as happened_at, order_id, sum(total) over (partition by order_date) as n from {orders}

--- partition_by_bucket_of_theirs: depends BW005
select happened_at, event_id, sum(amount) over (partition by my_bucket(happened_at)) as n from {events}

--- partition_by_day_as_text: safe
select happened_at, event_id, sum(amount) over (partition by cast(happened_at::date as varchar)) as n from {events}

--- partition_by_minute_bucket: safe
select happened_at, event_id, count(*) over (partition by user_id, time_bucket(interval '10 minutes', happened_at)) as n from {events}

--- partition_by_five_hours: unsafe BW005
select happened_at, event_id, count(*) over (partition by time_bucket(interval '5 hours', happened_at)) as n from {events}

--- lead_in_case: unsafe BW005
select happened_at, event_id, case when lead(kind) over (partition by user_id order by happened_at, event_id) = 'click' then 1 else 0 end as converts from {events}

--- lag_in_hours: unsafe BW005; size=hour
select happened_at, event_id, lag(happened_at) over (partition by user_id, happened_at::date order by happened_at, event_id) as before from {events}

--- year_partition_by_years: safe; size=year
select happened_at, event_id, count(*) over (partition by year(happened_at)) as n from {events}

--- month_partition_by_months: safe; size=month
select happened_at, event_id, count(*) over (partition by year(happened_at), month(happened_at)) as n from {events}

--- month_without_year_by_months: unsafe BW005; size=month
select happened_at, event_id, count(*) over (partition by month(happened_at)) as n from {events}

--- window_in_a_lateral_join: unsafe BW005
select e.happened_at, e.event_id, r.n from {events} as e
join lateral (select event_id as id, count(*) over (partition by kind) as n from {events}) as r on r.id = e.event_id
