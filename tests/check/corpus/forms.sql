--- join_bounded_twice_from_below: unsafe BW010
select o.order_id, p.paid_at as happened_at, p.amount from {orders} as o join {payments} as p
on p.order_id = o.order_id and p.paid_at > o.ordered_at and p.paid_at >= date_trunc('day', o.ordered_at) + interval '1 day'

--- not_exists_bounded_from_below: unsafe BW010
select e.event_id, e.happened_at from {events} as e
where not exists (select 1 from {orders} as o where o.user_id = e.user_id and o.ordered_at < e.happened_at and o.ordered_at::date <= e.happened_at)

--- join_bounded_on_both_sides: safe
select o.order_id, p.paid_at as happened_at, p.amount from {orders} as o join {payments} as p
on p.order_id = o.order_id and p.paid_at >= date_trunc('day', o.ordered_at) and p.paid_at < date_trunc('day', o.ordered_at) + interval '1 day'

--- join_by_a_day_that_does_not_differ: safe
select o.order_id, o.ordered_at as happened_at, p.amount from {orders} as o join {payments} as p
on p.order_id = o.order_id and not (p.paid_at::date <> o.ordered_at::date)

--- join_by_a_difference_of_dates: safe
select o.order_id, o.ordered_at as happened_at, p.amount from {orders} as o join {payments} as p
on p.order_id = o.order_id and p.paid_at::date - o.ordered_at::date = 0

--- optional_side_and_a_filter_of_unknown_owner: unsafe BW003
select o.order_id, p.paid_at as happened_at from {orders} as o
left join {payments} as p on p.order_id = o.order_id and p.paid_at::date = o.ordered_at::date where status = 'paid'

--- groups_of_an_optional_time: unsafe BW007 BW003
select max(o.ordered_at) as happened_at, p.paid_at::date as paid_on, count(*) as n from {orders} as o
left join {payments} as p on p.order_id = o.order_id and p.paid_at::date = o.ordered_at::date where status = 'paid' group by p.paid_at::date

--- window_function_in_replace: unsafe BW005
select * replace (sum(amount) over (partition by user_id order by happened_at, event_id) as amount) from {events}

--- groups_after_unpivot: unsafe BW007
select name, min(happened_at) as happened_at, sum(value) as total from {events} unpivot (value for name in (amount, session_id)) group by name

--- groups_of_days_after_unpivot: safe
select name, happened_at::date as happened_at, sum(value) as total from {events} unpivot (value for name in (amount, session_id)) group by 1, 2

--- pivot_of_first_times: unsafe BW007
select greatest(view, buy) as happened_at, user_id from (select user_id, kind, happened_at from {events})
pivot (min(happened_at) for kind in ('view', 'buy')) where view is not null and buy is not null

--- pivot_within_days: safe
select * from (select happened_at::date as happened_at, kind, amount from {events}) pivot (sum(amount) for kind in ('view', 'buy'))

--- newest_of_a_user_as_aggregate: unsafe BW007
select user_id, last(happened_at order by happened_at, event_id) as happened_at, count(*) as n from {events} group by all

--- quantile_of_all_rows: unsafe BW007
select first(happened_at order by happened_at) as happened_at, quantile_cont(amount, 0.5) as median from {events}

--- day_as_a_rounded_number: unsafe BW007
select cast(epoch(happened_at) / 86400 as integer) as day, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- week_as_a_truncated_number: unsafe BW007
select trunc(epoch(happened_at) / 604800) as week, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- day_as_a_truncated_number: safe
select trunc(epoch(happened_at) / 86400) as day, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- day_rounded_up: unsafe BW007
select ceil(epoch(happened_at) / 86400) as day, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- month_by_padding: unsafe BW007
select lpad(happened_at::varchar, 7, ' ') as month, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- month_by_replacement: unsafe BW007
select replace(strftime(happened_at, '%Y-%m-%d'), strftime(happened_at, '-%d'), '') as month, min(happened_at) as happened_at, count(*) as n
from {events} group by 1

--- day_without_dashes: safe
select replace(happened_at::date::varchar, '-', '') as day, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- full_days_since_noon: unsafe BW007
select date_sub('day', timestamp '2020-01-01 12:00:00', happened_at) as days, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- event_time_rounded_to_seconds: unsafe BW002
select event_id, happened_at::timestamp_s as happened_at from {events}

--- event_time_truncated_to_seconds: safe
select event_id, date_trunc('second', happened_at) as happened_at from {events}

--- local_hours_of_hours: unsafe BW007; size=hour; zone=America/New_York; reasoned
select date_trunc('hour', seen_at at time zone 'America/New_York') as local_hour, min(seen_at) as happened_at, count(*) as n from {visits} group by 1

--- array_of_a_subquery: unsafe BW007 BW010
select e.event_id, e.happened_at, u.user_id as payer from {events} as e, unnest((select list(distinct user_id) from {payments})) as u (user_id)
where e.event_id < 40

--- rows_up_to_a_count: unsafe BW007 BW010
select e.event_id, e.happened_at, r.i from {events} as e, range((select count(*) from {payments})) as r (i) where e.event_id < 4

--- subquery_among_values: unsafe BW007 BW010
select e.event_id, e.happened_at, v.highest from {events} as e, (values ((select max(amount) from {payments}))) as v (highest)

--- subquery_in_a_group_key: unsafe BW010
select happened_at::date as happened_at, user_id in (select user_id from {payments}) as pays, count(*) as n from {events} group by 1, 2

--- series_from_the_event_time: unsafe BW002
select e.event_id, g.d as happened_at from {events} as e, generate_series(e.happened_at, e.happened_at + interval '1 day', interval '1 day') as g (d)

--- rows_of_an_except: unsafe BW008 BW010
select e.event_id, e.happened_at from {events} as e where e.user_id in (
    select user_id from (select user_id, joined_at::date as day from {users} except select user_id, ordered_at::date from {orders})
)

--- groups_by_a_number_of_seconds: safe
select epoch_us(happened_at) as us, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- table_statement_deduplicated: unsafe BW021
with e as (table {events}) select user_id, max(happened_at) as happened_at, count(*) as n from e group by user_id
