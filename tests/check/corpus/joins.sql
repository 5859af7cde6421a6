--- join_by_order: unsafe BW010
select o.order_id, o.ordered_at as happened_at, p.amount from {orders} as o join {payments} as p on p.order_id = o.order_id

--- left_join_by_order: unsafe BW010
select o.order_id, o.ordered_at as happened_at, p.amount from {orders} as o left join {payments} as p using (order_id)

--- join_by_order_and_day: safe
select o.order_id, o.ordered_at as happened_at, p.amount from {orders} as o
join {payments} as p on p.order_id = o.order_id and p.paid_at::date = o.ordered_at::date

--- join_by_day_in_where: safe
select o.order_id, o.ordered_at as happened_at, p.amount from {orders} as o, {payments} as p
where p.order_id = o.order_id and date_trunc('day', p.paid_at) = date_trunc('day', o.ordered_at)

--- left_join_by_day_in_where: unsafe BW010
select o.order_id, o.ordered_at as happened_at, p.amount from {orders} as o left join {payments} as p on p.order_id = o.order_id
where p.amount is null

--- join_by_hour_of_day: unsafe BW010
select o.order_id, o.ordered_at as happened_at, p.amount from {orders} as o join {payments} as p on hour(p.paid_at) = hour(o.ordered_at)

--- join_by_year_month_day: safe
select o.order_id, o.ordered_at as happened_at, p.amount from {orders} as o join {payments} as p
on year(p.paid_at) = year(o.ordered_at) and month(p.paid_at) = month(o.ordered_at) and day(p.paid_at) = day(o.ordered_at)

--- join_to_everything_paid: safe
select o.order_id, o.ordered_at as happened_at, p.amount from {orders} as o join {payments whole} as p on p.order_id = o.order_id

--- join_to_dimension: safe
select o.order_id, o.ordered_at as happened_at, u.name from {orders} as o left join {users} as u on u.user_id = o.user_id

--- dimension_keeps_all: unsafe BW010
select u.user_id, coalesce(o.ordered_at, u.joined_at) as happened_at from {users} as u left join {orders} as o on o.user_id = u.user_id

--- natural_join: unsafe BW010
select user_id, order_id, o.ordered_at as happened_at, p.amount from {orders} as o natural join {payments} as p

--- natural_join_with_dimension: safe
select user_id, ordered_at as happened_at, name from {orders} natural join {users}

--- natural_join_of_days: safe
with o as (select user_id, ordered_at::date as d, total from {orders}), p as (select user_id, paid_at::date as d, amount from {payments})
select user_id, d::timestamp as happened_at, total, amount from o natural join p

--- join_within_an_hour: unsafe BW010
select o.order_id, o.ordered_at as happened_at, p.amount from {orders} as o
join {payments} as p on p.order_id = o.order_id and p.paid_at >= o.ordered_at and p.paid_at < o.ordered_at + interval '1 hour'

--- join_bounded_by_the_day: safe
select o.order_id, o.ordered_at as happened_at, p.amount from {orders} as o
join {payments} as p on p.order_id = o.order_id
    and p.paid_at >= date_trunc('day', o.ordered_at) and p.paid_at < date_trunc('day', o.ordered_at) + interval '1 day'

--- join_bounded_by_the_day_and_more: unsafe BW010
select o.order_id, o.ordered_at as happened_at, p.amount from {orders} as o
join {payments} as p on p.order_id = o.order_id
    and p.paid_at >= date_trunc('day', o.ordered_at) and p.paid_at <= date_trunc('day', o.ordered_at) + interval '1 day'

--- join_bounded_by_the_hours_of_the_day: safe
select o.order_id, o.ordered_at as happened_at, p.amount from {orders} as o
join {payments} as p on p.user_id = o.user_id
    and p.paid_at >= date_trunc('hour', o.ordered_at) and p.paid_at < date_trunc('hour', o.ordered_at) + interval '1 hour'

--- join_between_two_days: unsafe BW010
select o.order_id, o.ordered_at as happened_at, p.amount from {orders} as o
join {payments} as p on p.order_id = o.order_id
    and p.paid_at between date_trunc('day', o.ordered_at) and date_trunc('day', o.ordered_at) + interval '2 days'

--- asof_join: unsafe BW010
select o.order_id, o.ordered_at as happened_at, p.amount from {orders} as o asof join {payments} as p
on p.user_id = o.user_id and o.ordered_at >= p.paid_at

--- full_join_of_days: safe
select coalesce(o.d, p.d)::timestamp as happened_at, o.n as orders, p.n as payments
from (select ordered_at::date as d, count(*) as n from {orders} group by 1) as o
full join (select paid_at::date as d, count(*) as n from {payments} group by 1) as p on p.d = o.d

--- full_join_by_order: unsafe BW010
select coalesce(o.ordered_at, p.paid_at) as happened_at, o.order_id, p.payment_id from {orders} as o full join {payments} as p on p.order_id = o.order_id

--- cross_join_of_events: unsafe BW010
select e.happened_at, e.event_id, o.order_id from {events} as e cross join {orders} as o where o.user_id = e.user_id

--- cross_join_of_one_day: safe
select e.happened_at, e.event_id, o.order_id from {events} as e cross join {orders} as o where o.ordered_at::date = e.happened_at::date

--- semi_join: unsafe BW010
select o.order_id, o.ordered_at as happened_at from {orders} as o semi join {payments} as p on p.order_id = o.order_id

--- anti_join_of_the_day: safe
select o.order_id, o.ordered_at as happened_at from {orders} as o anti join {payments} as p
on p.order_id = o.order_id and p.paid_at::date = o.ordered_at::date

--- self_join_of_users: unsafe BW010
select a.event_id, a.happened_at, b.event_id as other from {events} as a join {events} as b on b.user_id = a.user_id and b.happened_at > a.happened_at

--- self_join_by_unique_key: safe
select a.payment_id, a.paid_at as happened_at, b.amount from {payments} as a join {payments} as b using (payment_id)

--- join_by_both_clauses: unsafe BW010
select e.happened_at, e.event_id, p.amount from {events} as e
join {orders} as o on o.user_id = e.user_id and o.ordered_at::date = e.happened_at::date
join {payments} as p on p.order_id = o.order_id

--- three_joined_by_day: safe
select e.happened_at, e.event_id, p.amount from {events} as e
join {orders} as o on o.user_id = e.user_id and o.ordered_at::date = e.happened_at::date
join {payments} as p on p.order_id = o.order_id and p.paid_at::date = o.ordered_at::date

--- join_on_or: unsafe BW010
select o.order_id, o.ordered_at as happened_at, p.amount from {orders} as o
join {payments} as p on p.paid_at::date = o.ordered_at::date or p.order_id = o.order_id

--- join_on_not_equal_days: unsafe BW010
select o.order_id, o.ordered_at as happened_at, p.amount from {orders} as o
join {payments} as p on p.order_id = o.order_id and p.paid_at::date <> o.ordered_at::date

--- join_by_days_between: unsafe BW010
select o.order_id, o.ordered_at as happened_at, p.amount from {orders} as o
join {payments} as p on p.order_id = o.order_id and date_diff('day', o.ordered_at, p.paid_at) between 0 and 3

--- join_by_days_between_none: safe
select o.order_id, o.ordered_at as happened_at, p.amount from {orders} as o
join {payments} as p on p.order_id = o.order_id and date_diff('day', o.ordered_at, p.paid_at) = 0

--- join_by_the_day_before: unsafe BW010
select o.order_id, o.ordered_at as happened_at, p.amount from {orders} as o
join {payments} as p on p.paid_at::date = o.ordered_at::date - 1

--- join_by_order_date: depends BW010
select o.order_id, o.ordered_at as happened_at, p.amount from {orders} as o
join {payments} as p on p.order_id = o.order_id and p.paid_at::date = o.order_date

--- join_by_created_at: unsafe BW010
select a.event_id, a.happened_at, b.event_id as other from {events} as a join {events} as b on b.created_at = a.created_at

--- join_by_text_day: safe
select o.order_id, o.ordered_at as happened_at, p.amount from {orders} as o
join {payments} as p on strftime(p.paid_at, '%Y%m%d') = strftime(o.ordered_at, '%Y%m%d')

--- join_of_groups_by_day: safe
with o as (select user_id, date_trunc('day', ordered_at) as d, sum(total) as total from {orders} group by 1, 2),
p as (select user_id, date_trunc('day', paid_at) as d, sum(amount) as paid from {payments} group by 1, 2)
select o.user_id, o.d as happened_at, o.total, coalesce(p.paid, 0) as paid from o left join p on p.user_id = o.user_id and p.d = o.d

--- exists_by_order: unsafe BW010
select o.order_id, o.ordered_at as happened_at from {orders} as o where exists (select 1 from {payments} as p where p.order_id = o.order_id)

--- exists_by_order_and_day: safe
select o.order_id, o.ordered_at as happened_at from {orders} as o
where exists (select 1 from {payments} as p where p.order_id = o.order_id and p.paid_at::date = o.ordered_at::date)

--- not_in_orders: unsafe BW010
select event_id, happened_at from {events} where user_id not in (select user_id from {orders})

--- in_days_with_orders: safe
select event_id, happened_at from {events} where happened_at::date in (select ordered_at::date from {orders})

--- in_hours_of_day_with_orders: unsafe BW010
select event_id, happened_at from {events} where hour(happened_at) in (select hour(ordered_at) from {orders} where total > 7)

--- any_of_orders: unsafe BW010
select event_id, happened_at from {events} where user_id = any (select user_id from {orders})

--- all_of_the_amounts: unsafe BW010
select event_id, happened_at from {events} where user_id >= all (select user_id from {payments} where user_id is not null)

--- any_of_dimension: safe
select event_id, happened_at from {events} where user_id = any (select user_id from {users})

--- pair_in_orders: unsafe BW010
select event_id, happened_at from {events} where (user_id, amount) in (select user_id, total from {orders})

--- pair_with_day_in_orders: safe
select event_id, happened_at from {events} where (user_id, happened_at::date) in (select user_id, ordered_at::date from {orders})

--- scalar_lookup: unsafe BW010 BW007
select order_id, ordered_at as happened_at, (select max(paid_at) from {payments} as p where p.order_id = o.order_id) as paid_at from {orders} as o

--- scalar_lookup_of_the_day: safe
select order_id, ordered_at as happened_at,
    (select max(paid_at) from {payments} as p where p.order_id = o.order_id and p.paid_at::date = o.ordered_at::date) as paid_at
from {orders} as o

--- lookup_in_case: unsafe BW010
select event_id, happened_at, case when user_id in (select user_id from {orders}) then 'buyer' else 'visitor' end as role from {events}

--- lookup_in_having: unsafe BW010
select date_trunc('day', happened_at) as happened_at, user_id from {events} group by 1, 2 having user_id in (select user_id from {orders})

--- lookup_in_join: unsafe BW010
select e.event_id, e.happened_at from {events} as e join {users} as u on u.user_id = e.user_id and u.user_id in (select user_id from {orders})

--- lookup_of_all_orders: safe
select event_id, happened_at from {events} where user_id in (select user_id from {orders whole})

--- array_of_orders: unsafe BW010
select event_id, happened_at, array(select order_id from {orders} as o where o.user_id = e.user_id order by order_id, ordered_at) as orders from {events} as e

--- unnested_array: safe
select event_id, happened_at, i from {events}, unnest([1, 2]) as t (i)

--- values_joined: safe
select e.event_id, e.happened_at, k.weight from {events} as e join (values ('view', 1), ('click', 2)) as k (kind, weight) on k.kind = e.kind

--- right_join_to_dimension: unsafe BW010
select e.event_id, coalesce(e.happened_at, u.joined_at) as happened_at, u.name from {events} as e right join {users} as u on u.user_id = e.user_id

--- join_by_epoch: safe
select o.order_id, o.ordered_at as happened_at, p.amount from {orders} as o join {payments} as p on epoch(p.paid_at) = epoch(o.ordered_at)

--- join_by_exact_time: safe
select o.order_id, o.ordered_at as happened_at, p.amount from {orders} as o left join {payments} as p on p.paid_at = o.ordered_at

--- join_by_nullsafe_day: safe
select o.order_id, o.ordered_at as happened_at, p.amount from {orders} as o
left join {payments} as p on p.paid_at::date is not distinct from o.ordered_at::date and p.order_id = o.order_id

--- exists_by_order_date: depends BW010
select o.order_id, o.ordered_at as happened_at from {orders} as o
where exists (select 1 from {payments} as p where p.order_id = o.order_id and p.paid_at::date = o.order_date)

--- full_join_using_the_day: safe
select day as happened_at, o.n, p.n as payments from (select ordered_at::date as day, count(*) as n from {orders} group by 1) as o
full join (select paid_at::date as day, count(*) as n from {payments} group by 1) as p using (day)

--- all_columns_of_a_full_join_using_the_day: safe
select * exclude (day), day as happened_at from (select ordered_at::date as day, count(*) as orders from {orders} group by 1)
full join (select paid_at::date as day, count(*) as payments from {payments} group by 1) using (day)

--- two_full_joins_using_the_day: safe
select day as happened_at, o.n, p.n as payments, e.n as events from (select ordered_at::date as day, count(*) as n from {orders} group by 1) as o
full join (select paid_at::date as day, count(*) as n from {payments} group by 1) as p using (day)
full join (select happened_at::date as day, count(*) as n from {events} group by 1) as e using (day)

--- full_join_using_a_key: unsafe BW010
select coalesce(o.ordered_at, p.paid_at) as happened_at, order_id, p.amount from {orders} as o full join {payments} as p using (order_id)

--- qualified_column_of_a_full_join: unsafe BW003
select o.day as happened_at, o.n, p.n as payments from (select ordered_at::date as day, count(*) as n from {orders} where order_id % 23 = 0 group by 1) as o
full join (select paid_at::date as day, count(*) as n from {payments} group by 1) as p using (day)

--- right_join_using_the_day: safe
select day as happened_at, o.n, p.n as payments from (select ordered_at::date as day, count(*) as n from {orders} group by 1) as o
right join (select paid_at::date as day, count(*) as n from {payments} group by 1) as p using (day)

--- missing_side_of_a_right_join_after_using: unsafe BW003
select day as happened_at, o.n, e.event_id from (select ordered_at::date as day, count(*) as n from {orders} group by 1) as o
join (select paid_at::date as day, count(*) as n from {payments} group by 1) as p using (day)
right join {events} as e on e.happened_at::date = o.day and e.amount > 5

--- rows_of_a_calendar_day: safe
select d.day as happened_at, count(e.event_id) as n from {days} as d
left join {events} as e on e.happened_at >= d.day and e.happened_at < d.day + interval '1 day' group by d.day

--- rows_of_a_calendar_day_by_number: safe
select d.day as happened_at, count(e.event_id) as n from {days} as d
left join {events} as e on e.happened_at >= d.day and e.happened_at < d.day + 1 group by 1

--- rows_until_the_next_calendar_day: unsafe BW010
select d.day as happened_at, count(e.event_id) as n from {days} as d
left join {events} as e on e.happened_at between d.day and d.day + 1 group by 1

--- rows_of_two_calendar_days: unsafe BW010
select d.day as happened_at, count(e.event_id) as n from {days} as d
left join {events} as e on e.happened_at >= d.day - 1 and e.happened_at < d.day + 1 group by 1
