--- distinct_users_of_the_day: safe
select distinct user_id, date_trunc('day', happened_at) as happened_at from {events}

--- distinct_users_of_the_month: unsafe BW008
with u as (select distinct user_id, date_trunc('month', happened_at) as month from {events})
select e.happened_at, e.event_id, (select count(*) from u) as n from {events} as e

--- distinct_users: unsafe BW008
select e.happened_at, count(*) as n from {events} as e cross join (select distinct user_id from {events}) as u group by e.happened_at

--- distinct_with_hour_of_day: unsafe BW008
select e.happened_at, count(*) as n from {events} as e cross join (select distinct extract(hour from happened_at) as h from {events}) as u group by e.happened_at

--- union_of_two: safe
select user_id, ordered_at as happened_at from {orders} union select user_id, paid_at from {payments}

--- union_all_of_two: safe
select user_id, ordered_at as happened_at from {orders} union all select user_id, paid_at from {payments}

--- union_by_name: safe
select user_id, ordered_at as happened_at from {orders} union all by name select paid_at as happened_at, user_id from {payments}

--- union_of_users: unsafe BW008
with u as (select user_id from {orders} union select user_id from {payments})
select o.ordered_at as happened_at, o.order_id, (select count(*) from u) as users from {orders} as o

--- except_of_users: unsafe BW008
select happened_at, event_id from {events} where user_id in (select user_id from {users} except select user_id from {orders})

--- except_with_time: safe
select user_id, happened_at from {events} except select user_id, paid_at from {payments}

--- intersect_of_users: unsafe BW008
select happened_at, event_id from {events} where user_id in (select user_id from {orders} intersect select user_id from {payments})

--- union_of_day_and_month: unsafe BW002
select user_id, happened_at from {events} union all select user_id, date_trunc('month', paid_at) from {payments}

--- union_of_constant_time: unsafe BW002
select user_id, happened_at from {events} union all select 0, timestamp '2024-09-01 12:00'

--- top_ten: unsafe BW009
select event_id, happened_at, amount from {events} order by amount desc, event_id limit 10

--- top_in_cte: unsafe BW009
with t as (select * from {events} order by amount desc, event_id limit 5) select event_id, happened_at from t

--- fetch_first: unsafe BW009
select event_id, happened_at from {events} order by happened_at, event_id fetch first 3 rows only

--- offset_alone: unsafe BW009
select event_id, happened_at from {events} order by happened_at, event_id offset 4

--- offset_of_nothing: safe
select event_id, happened_at from {events} order by happened_at, event_id offset 0

--- limit_and_offset: unsafe BW009
select event_id, happened_at from {events} order by happened_at, event_id limit 3 offset 2

--- limit_zero: safe
select event_id, happened_at from {events} limit 0

--- limit_in_scalar_query: unsafe BW009
select event_id, happened_at, (select kind from {events} order by happened_at desc, event_id limit 1) as newest_kind from {events}

--- limit_on_dimension: safe
select e.event_id, e.happened_at from {events} as e join (select user_id from {users} order by joined_at, user_id limit 3) as u using (user_id)

--- limit_in_lateral_by_day: safe
select o.order_id, o.ordered_at as happened_at, p.amount from {orders} as o
cross join lateral (
    select amount from {payments} as p where p.paid_at::date = o.ordered_at::date order by p.paid_at, p.payment_id limit 1
) as p

--- limit_in_lateral: unsafe BW009
select o.order_id, o.ordered_at as happened_at, p.amount from {orders} as o
left join lateral (
    select amount from {payments} as p where p.order_id = o.order_id order by p.paid_at desc, p.payment_id limit 1
) as p on true

--- sampled_by_using: unsafe BW012
select event_id, happened_at from {events} using sample 30 percent (bernoulli)

--- sampled_table: unsafe BW012
select event_id, happened_at from {events} tablesample bernoulli (30%)

--- sampled_rows: unsafe BW012
select event_id, happened_at from {events} using sample reservoir(20 rows)

--- sampled_by_hash: safe
select event_id, happened_at from {events} where hash(event_id) % 3 = 0

--- recursive_chain: unsafe BW010
with recursive chain as (
    select event_id, parent_id, happened_at, 1 as depth from {events} where parent_id is null
    union all
    select e.event_id, e.parent_id, e.happened_at, c.depth + 1 from {events} as e join chain as c on e.parent_id = c.event_id
)
select event_id, happened_at, depth from chain

--- recursive_chain_of_dimension: safe
with recursive numbers as (select 1 as n union all select n + 1 from numbers where n < 3)
select e.event_id, e.happened_at, n.n from {events} as e cross join numbers as n

--- recursive_chain_within_a_day: safe
with recursive chain as (
    select event_id, parent_id, happened_at, 1 as depth from {events} where parent_id is null
    union all
    select e.event_id, e.parent_id, e.happened_at, c.depth + 1 from {events} as e join chain as c on e.parent_id = c.event_id and e.happened_at::date = c.happened_at::date
)
select event_id, happened_at, depth from chain
