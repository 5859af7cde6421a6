-- The inputs in a range of time: rows at each edge of a window and a microsecond around it, at midnights of another zone, and between.
-- In the loose data columns that look like the event time's day are another day for some rows; in the tidy data they are that day.
set timezone = 'UTC';
create schema raw;
create table raw.bounds as select timestamp '{low}' as low, timestamp '{high}' as high, interval '{step}' as step, {loose} as loose;
create macro pick(i, word, n) as (hash(i, word) % n)::integer;
create macro my_bucket(t) as (select case when loose then hour(t)::varchar else t::date::varchar end from raw.bounds);
create macro my_cut(t) as (select case when loose then t + interval '7 hours' else date_trunc('minute', t) end from raw.bounds);

create table raw.times as
with edges as (select unnest(generate_series(low, high, step)) as edge from raw.bounds),
around as (
    select edge from edges
    union all select edge - interval '1 microsecond' from edges
    union all select edge + interval '1 microsecond' from edges
    union all select edge + interval '4 hours' from edges
    union all select edge + interval '4 hours' - interval '1 microsecond' from edges
    union all select edge from edges
    union all
    select low + to_microseconds((hash(i, 'time') % (epoch_us(high) - epoch_us(low)))::bigint) from raw.bounds, range(160) as t (i)
    union all
    select low + to_hours((hash(i, 'hour') % (date_diff('hour', low, high)))::integer) from raw.bounds, range(40) as t (i)
)
select row_number() over (order by edge) as i, edge as happened_at from around, raw.bounds where edge >= low and edge < high;

create table raw.events as
select
    i as event_id,
    case when pick(i, 'parent', 4) > 0 and i > 9 then i - 1 - pick(i, 'back', 9) end as parent_id,
    pick(i, 'user', 23) as user_id,
    pick(i, 'session', 12) as session_id,
    ['view', 'click', 'buy'][1 + pick(i, 'kind', 3)] as kind,
    pick(i, 'amount', 10) as amount,
    happened_at,
    date_trunc('day', happened_at) + to_days(pick(i, 'created', 3)) as created_at,
    happened_at::date - case when loose then pick(i, 'day', 2) else 0 end as event_date
from raw.times, raw.bounds;

create table raw.orders as
select
    case when i % 11 = 0 and i > 60 then i - 60 else i end as order_id,
    pick(i, 'buyer', 23) as user_id,
    ['paid', 'open', 'sent'][1 + pick(i, 'status', 3)] as status,
    pick(i, 'total', 10) as total,
    happened_at as ordered_at,
    happened_at::date + case when loose then pick(i, 'day', 2) else 0 end as order_date,
    happened_at + to_hours(pick(i, 'shipped', 40)) as shipped_at
from raw.times, raw.bounds where i % 2 = 0;
-- Orders that look like an event of another window.
insert into raw.orders
select 1000 + event_id, user_id, 'open', amount, happened_at + step, (happened_at + step)::date, happened_at + step
from raw.events, raw.bounds where event_id % 9 = 0 and happened_at + step < high;

create table raw.days as
select unnest(generate_series(low, high - interval '1 microsecond', interval '1 day'))::date as day from raw.bounds;

create table raw.payments as
select
    row_number() over (order by order_id, ordered_at) as payment_id,
    order_id,
    user_id,
    total + date_diff('day', low, ordered_at) as amount,
    ordered_at + [interval '0 hours', interval '1 minute', interval '1 hour', step][1 + pick(order_id, 'late', 4)] as paid_at
from raw.orders, raw.bounds where order_id % 3 > 0;
delete from raw.payments where paid_at >= (select high from raw.bounds);

create table raw.visits as
select event_id as visit_id, user_id, happened_at at time zone 'UTC' as seen_at, amount from raw.events;
create table raw.clocks as select event_id as clock_id, user_id, happened_at as clocked_at from raw.events;
create table raw.users as
select i as user_id, 'user ' || i as name, timestamp '2024-09-01 01:30' + to_minutes(i::integer) as joined_at from range(26) as t (i);

-- Rows without an event time, which are in no batch.
insert into raw.events (event_id, user_id, session_id, kind, amount, happened_at, created_at)
select 5000 + i, i, i, 'view', i, null, low + to_days(i::integer) from range(3) as t (i), raw.bounds;
insert into raw.orders (order_id, user_id, status, total, ordered_at, shipped_at)
select 5000 + i, i, 'paid', i, null, low from range(3) as t (i), raw.bounds;
insert into raw.payments (payment_id, order_id, user_id, amount, paid_at) select 5000 + i, 5000 + i, i, i, null from range(3) as t (i);
insert into raw.visits (visit_id, user_id, seen_at, amount) select 5000 + i, i, null, i from range(3) as t (i);
