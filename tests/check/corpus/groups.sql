--- orders_per_user: unsafe BW007
select user_id, min(ordered_at) as happened_at, count(*) as n from {orders} group by user_id

--- orders_per_user_and_day: safe
select user_id, date_trunc('day', ordered_at) as happened_at, count(*) as n from {orders} group by 1, 2

--- revenue_of_the_day_cast: safe
select cast(ordered_at as date) as happened_at, sum(total) as revenue from {orders} group by cast(ordered_at as date)

--- revenue_per_month_by_days: unsafe BW002
select date_trunc('month', ordered_at) as happened_at, sum(total) as revenue from {orders} group by 1

--- revenue_per_month_keeps_first: unsafe BW007
select min(ordered_at) as happened_at, date_trunc('month', ordered_at) as month, sum(total) as revenue from {orders} group by 2

--- revenue_per_month_by_months: safe; size=month
select date_trunc('month', ordered_at) as happened_at, sum(total) as revenue from {orders} group by 1

--- revenue_per_quarter_by_months: unsafe BW007; size=month
select min(ordered_at) as happened_at, date_trunc('quarter', ordered_at) as q, sum(total) as revenue from {orders} group by q

--- revenue_per_quarter_by_years: safe; size=year
select date_trunc('quarter', ordered_at) as happened_at, sum(total) as revenue from {orders} group by 1

--- weekly_by_months: unsafe BW007; size=month
select min(ordered_at) as happened_at, date_trunc('week', ordered_at) as week, count(*) as n from {orders} group by week

--- weekly_by_years: unsafe BW007; size=year
select max(ordered_at) as happened_at, date_trunc('week', ordered_at) as week, count(*) as n from {orders} group by all

--- hourly_by_days: safe
select date_trunc('hour', happened_at) as happened_at, kind, count(*) as n from {events} group by all

--- daily_by_hours: unsafe BW007; size=hour
select min(happened_at) as happened_at, happened_at::date as d, kind, count(*) as n from {events} group by d, kind

--- hourly_by_hours: safe; size=hour
select date_trunc('hour', happened_at) as happened_at, kind, sum(amount) as amount from {events} group by 1, 2

--- minutes_by_hours: safe; size=hour
select time_bucket(interval '15 minutes', happened_at) as happened_at, count(*) as n from {events} group by 1

--- quarter_hours_shifted_by_hours: unsafe BW007; size=hour
select min(happened_at) as happened_at, time_bucket(interval '40 minutes', happened_at) as slot, count(*) as n from {events} group by slot

--- total_of_all: unsafe BW007
select max(happened_at) as happened_at, count(*) as n, sum(amount) as amount from {events}

--- having_counts: unsafe BW007
select user_id, max(happened_at) as happened_at from {events} group by user_id having count(*) > 3

--- two_levels_of_groups: safe
with per_user as (select user_id, happened_at::date as day, count(*) as n from {events} group by 1, 2)
select day::timestamp as happened_at, max(n) as most, count(*) as users from per_user group by day

--- day_lost_on_the_second_level: unsafe BW007
with per_day as (select user_id, happened_at::date as day, count(*) as n from {events} group by 1, 2)
select user_id, min(day)::timestamp as happened_at, max(n) as most from per_day group by user_id

--- grouping_sets_with_day: safe
select date_trunc('day', happened_at) as happened_at, kind, count(*) as n from {events} group by grouping sets ((1), (1, 2))

--- grouping_sets_without_day: unsafe BW007
select min(happened_at) as happened_at, kind, count(*) as n from {events} group by grouping sets ((happened_at::date, kind), (kind))

--- rollup_over_day: unsafe BW007
select min(happened_at) as happened_at, kind, count(*) as n from {events} group by rollup (happened_at::date, kind)

--- cube_of_kind: unsafe BW007
select min(happened_at) as happened_at, kind, user_id, count(*) as n from {events} group by cube (kind, user_id)

--- group_by_session: unsafe BW007
select session_id, min(happened_at) as happened_at, max(happened_at) - min(happened_at) as duration from {events} group by session_id

--- group_by_payment_that_is_unique: safe
select payment_id, min(paid_at) as happened_at, sum(amount) as amount from {payments} group by payment_id

--- first_purchase: unsafe BW007
select user_id, min(ordered_at) as happened_at, min_by(total, ordered_at) as first_total from {orders} where status = 'paid' group by user_id

--- average_in_where: unsafe BW007
select order_id, ordered_at as happened_at, total from {orders} where total > (select avg(total) from {orders})

--- average_of_the_day_in_where: safe
select order_id, ordered_at as happened_at, total from {orders} as o
where total > (select avg(total) from {orders} as i where i.ordered_at::date = o.ordered_at::date)

--- share_of_total: unsafe BW007
with t as (select sum(total) as total from {orders})
select o.order_id, o.ordered_at as happened_at, o.total / t.total as share from {orders} as o cross join t

--- unused_total: safe
with t as (select sum(total) as total from {orders})
select order_id, ordered_at as happened_at, total from {orders}

--- string_agg_per_user: unsafe BW007
select user_id, min(happened_at) as happened_at, string_agg(kind, ',' order by happened_at, event_id) as kinds from {events} group by user_id

--- count_distinct_per_user: unsafe BW007
select user_id, max(happened_at) as happened_at, count(distinct kind) as kinds from {events} group by 1

--- aggregate_over_union: unsafe BW007
with both_of as (
    select user_id, ordered_at as happened_at from {orders}
    union all
    select user_id, paid_at from {payments}
)
select user_id, max(happened_at) as happened_at, count(*) as n from both_of group by user_id

--- aggregate_over_union_by_day: safe
with both_of as (
    select user_id, ordered_at as happened_at from {orders}
    union all
    select user_id, paid_at from {payments}
)
select user_id, happened_at::date::timestamp as happened_at, count(*) as n from both_of group by 1, 2

--- pivot_of_kinds: unsafe BW007
select user_id, max(happened_at) as happened_at, count(*) filter (where kind = 'view') as views, count(*) filter (where kind = 'click') as clicks
from {events} group by user_id

--- filtered_by_constant: safe
select date_trunc('day', happened_at) as happened_at, count(*) as n from {events} where kind = 'view' and amount > 2 group by 1

--- day_through_star: safe
with e as (select *, happened_at::date as day_of_event from {events})
select min(happened_at) as happened_at, day_of_event, count(*) as n from e group by day_of_event

--- day_through_subqueries: safe
select happened_at, n from (select d as happened_at, count(*) as n from (select happened_at::date::timestamp as d, * from {events}) as i group by d) as o

--- lateral_alias_of_day: safe
select happened_at::date as d, d::timestamp as happened_at, count(*) as n from {events} group by d

--- renamed_by_the_alias_list: safe
select d::timestamp as happened_at, count(*) as n from (select happened_at::date, kind from {events}) as e (d, k) group by d

--- positional_key_is_the_user: unsafe BW007
select user_id, max(happened_at) as happened_at, sum(amount) as amount from {events} group by 1 order by 2

--- average_per_group_joined_back: unsafe BW007
select e.event_id, e.happened_at, e.amount - m.mean as difference
from {events} as e join (select kind, avg(amount) as mean from {events} group by kind) as m on m.kind = e.kind

--- count_star_without_rows: unsafe BW007
select happened_at, (select count(*) from {payments}) as payments_so_far from {events}

--- mode_and_median_per_kind: unsafe BW007
select kind, max(happened_at) as happened_at, mode(user_id) as usual, median(amount) as middle from {events} group by kind

--- arg_max_without_group: unsafe BW007
select max(happened_at) as happened_at, arg_max(event_id, happened_at) as newest from {events}

--- bool_or_per_user: unsafe BW007
select user_id, bool_or(kind = 'click') as clicked, max(happened_at) as happened_at from {events} group by user_id

--- histogram_of_kinds: unsafe BW007
select kind, max(happened_at) as happened_at, histogram(amount) as amounts from {events} group by kind

--- group_without_aggregates: unsafe BW007
select user_id, kind, any_value(date_trunc('day', happened_at)) as happened_at from (select user_id, kind, happened_at from {events}) as e group by user_id, kind

--- group_by_everything: safe
select event_id, user_id, happened_at from {events} group by event_id, user_id, happened_at

--- star_and_its_day_grouped_by_all: safe
select *, count(*) as n from (select event_id, user_id, happened_at from {events}) as e group by all
