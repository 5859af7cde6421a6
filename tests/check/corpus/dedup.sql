--- newest_of_each_order: unsafe BW006
select order_id, ordered_at as happened_at, status from {orders}
qualify row_number() over (partition by order_id order by ordered_at desc, total) = 1

--- newest_by_cte: unsafe BW006
with n as (select *, row_number() over (partition by order_id order by ordered_at desc, total) as rn from {orders})
select order_id, ordered_at as happened_at, status from n where rn = 1

--- copies_at_one_time: safe
select order_id, ordered_at as happened_at, max(total) as total from {orders} group by order_id, ordered_at

--- newest_of_each_order_and_day: safe
select order_id, ordered_at as happened_at, status, total from {orders}
qualify row_number() over (partition by order_id, ordered_at::date order by ordered_at desc, total) = 1

--- first_of_each_session: unsafe BW006
select distinct on (session_id) session_id, happened_at, kind from {events} order by session_id, happened_at, event_id

--- first_of_each_session_and_day: safe
select distinct on (session_id, happened_at::date) session_id, happened_at, kind from {events} order by session_id, happened_at::date, happened_at, event_id

--- rank_of_each_user: unsafe BW006
with n as (select *, dense_rank() over (partition by user_id order by happened_at) as rn from {events})
select event_id, user_id, happened_at from n where rn <= 2

--- dedup_by_unique_id: safe
select payment_id, paid_at as happened_at, amount from {payments} qualify row_number() over (partition by payment_id order by amount) = 1

--- dedup_by_hour_of_day: unsafe BW006
select event_id, happened_at from {events} qualify row_number() over (partition by hour(happened_at) order by happened_at, event_id) = 1

--- dedup_by_exact_time: safe
select event_id, happened_at from {events} qualify row_number() over (partition by user_id, happened_at order by event_id) = 1

--- dedup_by_order_date: depends BW006
select order_id, ordered_at as happened_at from {orders} qualify row_number() over (partition by user_id, order_date order by ordered_at, order_id, total) = 1

--- newest_by_max_join: unsafe BW007
select o.order_id, o.ordered_at as happened_at, o.status from {orders} as o
join (select order_id, max(ordered_at) as newest from {orders} group by order_id) as m on m.order_id = o.order_id and m.newest = o.ordered_at

--- newest_by_max_by: unsafe BW007
select order_id, max(ordered_at) as happened_at, max_by(status, ordered_at) as status from {orders} group by order_id

--- newest_of_the_day_by_max: safe
select o.order_id, o.ordered_at as happened_at, o.total from {orders} as o
join (select order_id, ordered_at::date as d, max(ordered_at) as newest from {orders} group by 1, 2) as m
    on m.order_id = o.order_id and m.d = o.ordered_at::date and m.newest = o.ordered_at

--- newest_by_not_exists: unsafe BW010
select o.order_id, o.ordered_at as happened_at from {orders} as o
where not exists (select 1 from {orders} as newer where newer.order_id = o.order_id and newer.ordered_at > o.ordered_at)

--- newest_of_all: unsafe BW007
select event_id, happened_at from {events} where happened_at = (select max(happened_at) from {events})

--- since_the_newest: unsafe BW007
select event_id, happened_at from {events} where happened_at >= (select max(happened_at) - interval '1 hour' from {events})
