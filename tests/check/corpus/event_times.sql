--- plain: safe
select event_id, happened_at, amount from {events}

--- star: safe
select * from {events}

--- renamed: safe
select order_id, ordered_at as happened_at, total from {orders}

--- cut_to_days: safe
select event_id, date_trunc('day', happened_at) as happened_at from {events}

--- cut_to_weeks: unsafe BW002
select event_id, date_trunc('week', happened_at) as happened_at from {events}

--- cut_to_days_in_hours: unsafe BW002; size=hour
select event_id, date_trunc('day', happened_at) as happened_at from {events}

--- shifted_by_hours: unsafe BW002
select event_id, happened_at + interval '5 hours' as happened_at from {events}

--- shifted_back: unsafe BW002
select event_id, happened_at - interval 1 minute as happened_at from {events}

--- shifted_by_days: unsafe BW002
select event_id, happened_at::date + 1 as happened_at from {events}

--- shifted_and_back: safe
select event_id, (happened_at + interval '5 hours') - interval '5 hours' as happened_at from {events}

--- another_column: unsafe BW002
select event_id, created_at as happened_at from {events}

--- greatest_of_two: unsafe BW002
select event_id, greatest(happened_at, created_at) as happened_at from {events}

--- coalesced_with_another: unsafe BW002
select event_id, coalesce(happened_at, created_at) as happened_at from {events}

--- another_coalesced: unsafe BW002
select event_id, coalesce(created_at, happened_at) as happened_at from {events}

--- one_of_two_by_case: unsafe BW002
select event_id, case when kind = 'view' then happened_at else created_at end as happened_at from {events}

--- one_of_two_cuts: safe
select event_id, case when kind = 'view' then happened_at else date_trunc('hour', happened_at) end as happened_at from {events}

--- constant_time: unsafe BW002
select event_id, timestamp '2024-09-01' as happened_at from {events}

--- constant_date_cast: unsafe BW002
select event_id, cast('2024-09-01' as date) as happened_at from {events}

--- made_of_parts_of_it: safe
select event_id, make_timestamp(year(happened_at), month(happened_at), day(happened_at), hour(happened_at), 0, 0) as happened_at from {events}

--- made_of_some_parts: unsafe BW002
select event_id, make_timestamp(year(happened_at), month(happened_at), 1, 0, 0, 0) as happened_at from {events}

--- made_of_epoch_shifted: unsafe BW002
select event_id, to_timestamp(epoch(happened_at) + 3600)::timestamp as happened_at from {events}

--- made_of_epoch: safe
select event_id, make_timestamp(epoch_us(happened_at)) as happened_at from {events}

--- parsed_from_text: safe
select event_id, strptime(strftime(happened_at, '%Y-%m-%d'), '%Y-%m-%d') as happened_at from {events}

--- cast_of_text: safe
select event_id, cast(cast(happened_at as varchar) as timestamp) as happened_at from {events}

--- last_day: unsafe BW002
select event_id, last_day(happened_at) as happened_at from {events}

--- last_day_in_months: safe; size=month
select event_id, last_day(happened_at) as happened_at from {events}

--- bucket_of_six_hours_of_it: safe
select event_id, time_bucket(interval '6 hours', happened_at) as happened_at from {events}

--- bucket_of_five_hours_of_it: unsafe BW002
select event_id, time_bucket(interval '5 hours', happened_at) as happened_at from {events}

--- bucket_with_offset_of_it: unsafe BW002
select event_id, time_bucket(interval '1 day', happened_at, interval '6 hours') as happened_at from {events}

--- ceiling_of_the_hour: unsafe BW002
select event_id, date_trunc('hour', happened_at) + interval '1 hour' as happened_at from {events}

--- end_of_the_hour: safe
select event_id, date_trunc('hour', happened_at) + interval '59 minutes' as happened_at from {events}

--- noon_of_the_day: safe
select event_id, date_trunc('day', happened_at) + interval '12 hours' as happened_at from {events}

--- replaced_in_star: unsafe BW002
select * replace (happened_at + interval '1 day' as happened_at) from {events}

--- replaced_in_star_by_its_day: safe
select * replace (date_trunc('day', happened_at) as happened_at) from {events}

--- case_without_else: unsafe BW003
select event_id, case when kind = 'view' then happened_at end as happened_at from {events}

--- nullif_of_it: unsafe BW003
select event_id, nullif(happened_at, timestamp '2024-09-01') as happened_at from {events}

--- from_outer_side: unsafe BW003
select o.order_id, p.paid_at as happened_at from {orders} as o left join {payments} as p on p.order_id = o.order_id and p.paid_at::date = o.ordered_at::date

--- from_outer_side_kept: safe
select o.order_id, p.paid_at as happened_at from {orders} as o left join {payments} as p on p.order_id = o.order_id and p.paid_at::date = o.ordered_at::date
where p.paid_at is not null

--- lagged: unsafe BW003
select event_id, lag(happened_at) over (partition by user_id, happened_at::date order by happened_at, event_id) as happened_at from {events}

--- led_with_default: safe
select event_id, lead(happened_at, 1, happened_at) over (partition by user_id, happened_at::date order by happened_at, event_id) as happened_at from {events}

--- max_by_filter: unsafe BW003
select user_id, max(happened_at) filter (where kind = 'view') as happened_at, count(*) as n from {events} group by user_id, happened_at::date

--- try_cast_of_text: safe
select event_id, try_cast(happened_at as timestamp) as happened_at from {events}

--- dimension_time: unsafe BW002
select e.event_id, u.joined_at as happened_at from {events} as e join {users} as u using (user_id)

--- nothing_from_inputs: safe
select u.user_id, u.joined_at as happened_at from {users} as u where u.user_id in (select user_id from {orders whole})

--- first_time_of_the_user_and_day: safe
select event_id, first_value(happened_at) over (partition by user_id, happened_at::date order by happened_at, event_id) as happened_at from {events}

--- first_time_of_the_user: unsafe BW005
select event_id, happened_at, first_value(happened_at) over (partition by user_id order by happened_at, event_id) as first_at from {events}

--- multiplied: unsafe BW002
select event_id, epoch_ms(epoch_ms(happened_at) * 2) as happened_at from {events}

--- function_of_theirs: depends BW002
select event_id, my_cut(happened_at) as happened_at from {events}

--- day_of_order_date: depends BW002
select order_id, order_date as happened_at from {orders}

--- conditions_on_time: safe
select event_id, happened_at from {events} where happened_at >= timestamp '2024-08-31' and extract(hour from happened_at) between 8 and 17

--- filter_by_created_at: safe
select event_id, happened_at from {events} where created_at < happened_at + interval '2 days'

--- exploded_days: unsafe BW002
select e.event_id, e.happened_at + to_days(i) as happened_at from {events} as e, unnest([0, 1]) as t (i)

--- current_time_as_stamp: depends BW011; reasoned
select event_id, happened_at, current_timestamp as loaded_at from {events}

--- clock_in_where: unsafe BW011; reasoned
select event_id, happened_at from {events} where happened_at > current_date - 7

--- clock_in_value: unsafe BW011; reasoned
select event_id, happened_at, current_date - happened_at::date as age from {events}

--- clock_in_case: unsafe BW011; reasoned
select event_id, happened_at, case when happened_at > now() - interval '1 day' then 'new' else 'old' end as state from {events}

--- clock_as_event_time: unsafe BW002; reasoned
select event_id, now()::timestamp as happened_at from {events}

--- clock_in_join: unsafe BW011; reasoned
select e.event_id, e.happened_at from {events} as e join {users} as u on u.user_id = e.user_id and u.joined_at < current_timestamp

--- chance_in_value: unsafe BW012
select event_id, happened_at, uuid() as key from {events}

--- chance_in_where: unsafe BW012
select event_id, happened_at from {events} where random() < 0.5

--- chance_in_order: unsafe BW012
select event_id, happened_at, row_number() over (partition by happened_at::date order by random()) as n from {events}
