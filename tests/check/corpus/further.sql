--- g_first_touch_by_list: unsafe BW007
select user_id, min(happened_at) as happened_at, list(kind order by happened_at, event_id)[1] as first_kind from {events} group by user_id

--- g_struct_key_of_day_and_user: safe
select {'u': user_id, 'd': happened_at::date} as k, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- g_struct_key_of_hour: unsafe BW007
select {'u': user_id, 'h': hour(happened_at)} as k, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- g_key_by_generated_days: unsafe BW007
select e.user_id, min(e.happened_at) as happened_at, count(*) as n
from {events} as e, (select unnest([1, 2]) as w) as w group by e.user_id, w.w

--- g_calendar_joined_day: safe
with days as (select unnest(generate_series(date '2024-08-28', date '2024-09-06', interval 1 day))::date as d)
select e.event_id, e.happened_at, days.d from {events} as e inner join days on days.d = e.happened_at::date

--- g_calendar_kept_whole: unsafe BW003
with days as (select unnest(generate_series(date '2024-08-28', date '2024-09-06', interval 1 day))::date as d)
select days.d, e.happened_at, e.event_id from days left join {events} as e on days.d = e.happened_at::date

--- g_key_through_two_ctes: safe
with a as (select *, date_trunc('day', happened_at) as d from {events}), b as (select user_id, d, sum(amount) as amount from a group by all)
select d as happened_at, user_id, amount from b

--- g_key_through_two_ctes_lost: unsafe BW007
with a as (select *, date_trunc('day', happened_at) as d from {events}), b as (select user_id, d, sum(amount) as amount from a group by all)
select min(d) as happened_at, user_id, sum(amount) as amount from b group by user_id

--- g_second_level_weighted_by_day: safe
with a as (select happened_at::date as d, user_id, count(*) as n from {events} group by 1, 2)
select d::timestamp as happened_at, avg(n) as n, max(n) as most from a group by d

--- g_cohort_of_signup: safe
select u.user_id, e.happened_at, date_diff('day', u.joined_at, e.happened_at) as age from {events} as e inner join {users} as u using (user_id)

--- g_cohort_counts: unsafe BW007
select date_diff('day', u.joined_at, e.happened_at) // 3 as third, min(e.happened_at) as happened_at, count(*) as n
from {events} as e inner join {users} as u using (user_id) group by 1

--- g_age_in_days_as_key: safe
select date_diff('day', date '2024-01-01', happened_at::date) as age, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- g_running_flag_by_max_over_rows: unsafe BW005
select event_id, happened_at, max(case when kind = 'buy' then event_id end) over (order by happened_at, event_id rows unbounded preceding) as last_buy
from {events}

--- g_gap_within_hours_of_day: safe
select event_id, happened_at, happened_at - lag(happened_at) over (partition by user_id, year(happened_at), month(happened_at), day(happened_at) order by happened_at, event_id) as gap
from {events}

--- g_rank_over_groups_of_day: safe
select happened_at::date::timestamp as happened_at, user_id, rank() over (partition by happened_at::date order by sum(amount) desc) as place
from {events} group by happened_at::date, user_id

--- g_rank_over_groups: unsafe BW006 BW005
select happened_at::date::timestamp as happened_at, user_id, rank() over (order by sum(amount) desc) as place
from {events} group by happened_at::date, user_id

--- g_qualify_by_day: safe
select event_id, happened_at, user_id from {events}
qualify row_number() over (partition by user_id, happened_at::date order by happened_at, event_id) = 1

--- g_qualify_by_user: unsafe BW006
select event_id, happened_at, user_id from {events} qualify row_number() over (partition by user_id order by happened_at, event_id) = 1

--- g_qualify_dimension: safe
select e.event_id, e.happened_at, u.name from {events} as e
inner join (select * from {users} qualify row_number() over (partition by user_id order by joined_at desc) = 1) as u on u.user_id = e.user_id

--- g_distinct_on_day: safe
select distinct on (user_id, happened_at::date) event_id, user_id, happened_at from {events} order by user_id, happened_at::date, happened_at, event_id

--- g_distinct_on_user: unsafe BW006 BW008
select distinct on (user_id) event_id, user_id, happened_at from {events} order by user_id, happened_at, event_id

--- g_two_windows_one_bad: unsafe BW005
select event_id, happened_at, count(*) over (partition by happened_at::date) as of_day, count(*) over (partition by kind) as of_kind from {events}

--- g_window_in_scalar_subquery: unsafe BW005 BW010 BW007
select o.order_id, o.ordered_at as happened_at, (select max(n) from (select count(*) over (partition by user_id) as n from {events}) as x) as most
from {orders} as o

--- g_join_on_shifted_equal_day: safe
select o.order_id, o.ordered_at as happened_at, e.event_id from {orders} as o
inner join {events} as e on e.user_id = o.user_id and e.happened_at::date + 1 = o.ordered_at::date + 1

--- g_join_on_other_day: unsafe BW010
select o.order_id, o.ordered_at as happened_at, e.event_id from {orders} as o
inner join {events} as e on e.user_id = o.user_id and e.happened_at::date + 1 = o.ordered_at::date

--- g_join_on_day_of_shipping: unsafe BW010
select o.order_id, o.ordered_at as happened_at, e.event_id from {orders} as o
inner join {events} as e on e.user_id = o.user_id and e.happened_at::date = o.shipped_at::date

--- g_join_by_struct: unsafe BW010
select o.order_id, o.ordered_at as happened_at, p.amount from {orders} as o
inner join {payments} as p on (p.order_id, p.user_id) = (o.order_id, o.user_id)

--- g_join_by_tuple_with_day: safe
select o.order_id, o.ordered_at as happened_at, p.amount from {orders} as o
inner join {payments} as p on (p.order_id, p.paid_at::date) = (o.order_id, o.ordered_at::date)

--- g_join_by_concat_with_day: safe
select o.order_id, o.ordered_at as happened_at, p.amount from {orders} as o
inner join {payments} as p on p.order_id || '-' || p.paid_at::date = o.order_id || '-' || o.ordered_at::date

--- g_join_by_hash_with_day: safe
select o.order_id, o.ordered_at as happened_at, p.amount from {orders} as o
inner join {payments} as p on md5(p.order_id || '-' || p.paid_at::date) = md5(o.order_id || '-' || o.ordered_at::date)

--- g_left_join_filtered_later: unsafe BW010
select * from (
    select o.order_id, o.ordered_at as happened_at, p.amount from {orders} as o left join {payments} as p on p.order_id = o.order_id
) where amount is null or amount > 2

--- g_lateral_sum_of_the_day: safe
select o.order_id, o.ordered_at as happened_at, s.paid from {orders} as o,
lateral (select sum(p.amount) as paid from {payments} as p where p.order_id = o.order_id and p.paid_at::date = o.ordered_at::date) as s

--- g_lateral_sum: unsafe BW010 BW007
select o.order_id, o.ordered_at as happened_at, s.paid from {orders} as o,
lateral (select sum(p.amount) as paid from {payments} as p where p.order_id = o.order_id) as s

--- g_correlated_count_same_time: safe
select e.event_id, e.happened_at, (select count(*) from {events} as x where x.happened_at = e.happened_at) as n from {events} as e

--- g_correlated_count_before: unsafe BW010 BW007
select e.event_id, e.happened_at, (select count(*) from {events} as x where x.happened_at <= e.happened_at) as n from {events} as e

--- g_correlated_count_before_today: safe
select e.event_id, e.happened_at, (select count(*) from {events} as x where x.happened_at <= e.happened_at and x.happened_at::date = e.happened_at::date) as n
from {events} as e

--- g_in_list_of_newest_users: unsafe BW009 BW010
select event_id, happened_at from {events} where user_id in (select user_id from {orders} order by ordered_at desc, order_id limit 3)

--- g_limit_of_literals: safe
select e.event_id, e.happened_at from {events} as e where e.kind in (select k from (values ('view'), ('buy')) as v (k) order by k limit 1)

--- g_top_by_day_by_window_and_filter: safe
select event_id, happened_at, amount from (
    select *, row_number() over (partition by date_trunc('day', happened_at) order by amount desc, event_id, happened_at) as rn from {events}
) where rn <= 3

--- g_union_of_days_and_times: safe
select event_id as id, happened_at from {events} union all by name select order_id as id, date_trunc('day', ordered_at) as happened_at from {orders}

--- g_union_of_times_of_two_columns: unsafe BW002
select order_id as id, ordered_at as happened_at from {orders} union all select order_id, shipped_at from {orders}

--- g_unpivoted_times: unsafe BW002
select order_id, unnest([ordered_at, shipped_at]) as happened_at from {orders}

--- g_greatest_with_start_of_day: safe
select event_id, greatest(happened_at, date_trunc('day', happened_at)) as happened_at from {events}

--- g_least_with_constant: unsafe BW002
select event_id, least(happened_at, timestamp '2024-09-01 12:00') as happened_at from {events}

--- g_case_by_kind_shift: unsafe BW002
select event_id, case kind when 'view' then happened_at - interval '1 day' else happened_at end as happened_at from {events}

--- g_time_zone_round_trip: safe
select event_id, (happened_at at time zone 'UTC') at time zone 'UTC' as happened_at from {events}

--- g_time_zone_one_way_trip: unsafe BW002
select event_id, (happened_at at time zone 'UTC') at time zone 'Asia/Tokyo' as happened_at from {events}

--- g_strptime_of_day_text: safe
select event_id, strptime(strftime(happened_at, '%Y-%m-%d'), '%Y-%m-%d') as happened_at from {events}

--- g_strptime_of_month_text: unsafe BW002
select event_id, strptime(strftime(happened_at, '%Y-%m'), '%Y-%m') as happened_at from {events}

--- g_session_start_within_user: unsafe BW005
select event_id, min(happened_at) over (partition by session_id) as happened_at from {events}

--- g_day_start_within_user: safe
select event_id, min(happened_at) over (partition by session_id, happened_at::date) as happened_at from {events}

--- g_try_strptime: unsafe BW003
select event_id, try_strptime(case when kind = 'view' then 'x' else strftime(happened_at, '%Y-%m-%d %H:%M:%S.%f') end, '%Y-%m-%d %H:%M:%S.%f') as happened_at from {events}

--- g_hour_group_by_hours_of_two: safe; size=hour
select date_trunc('hour', happened_at) as happened_at, user_id, approx_count_distinct(session_id) > 0 as any_session from {events} group by 1, 2

--- g_quarter_hour_key_by_hours: safe; size=hour
select time_bucket(interval '15 minutes', happened_at) as happened_at, count(*) as n from {events} group by 1

--- g_day_key_by_hours: unsafe BW002 BW007; size=hour
select happened_at::date::timestamp as happened_at, count(*) as n from {events} group by 1

--- g_half_year_by_years: safe; size=year
select date_trunc('quarter', happened_at) as happened_at, count(*) as n from {events} group by 1

--- g_filter_clause_only: unsafe BW007
select user_id, min(happened_at) as happened_at, count(*) filter (where kind = 'buy') as buys from {events} group by user_id

--- g_exists_same_minute: safe
select e.event_id, e.happened_at from {events} as e where exists (
    select 1 from {orders} as o where date_trunc('minute', o.ordered_at) = date_trunc('minute', e.happened_at) and o.user_id = e.user_id)

--- g_not_exists_within_a_day_window: unsafe BW010
select e.event_id, e.happened_at from {events} as e where not exists (
    select 1 from {orders} as o where o.user_id = e.user_id and o.ordered_at between e.happened_at - interval '1 day' and e.happened_at)

--- g_percent_of_the_day_by_join: safe
with d as (select happened_at::date as day, sum(amount) as total from {events} group by 1)
select e.event_id, e.happened_at, e.amount / d.total as share from {events} as e inner join d on d.day = e.happened_at::date

--- g_percent_of_the_kind_by_join: unsafe BW007 BW010
with k as (select kind, sum(amount) as total, min(happened_at) as first from {events} group by 1)
select e.event_id, e.happened_at, e.amount / k.total as share from {events} as e inner join k on k.kind = e.kind

--- g_recent_by_whole_max: safe
select e.event_id, e.happened_at from {events} as e where e.happened_at >= (select max(happened_at) - interval '3 days' from {events whole})

--- g_recent_by_max: unsafe BW007
select e.event_id, e.happened_at from {events} as e where e.happened_at >= (select max(happened_at) - interval '3 hours' from {events})

--- g_map_of_day: unsafe BW007
select map([kind], [1]) as k, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- g_row_number_as_surrogate: unsafe BW006 BW005
select row_number() over () as id, event_id, happened_at from {events}

--- g_hash_surrogate: safe
select hash(event_id, happened_at) as id, event_id, happened_at from {events}
