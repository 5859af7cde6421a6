--- local_day_by_two_zones: safe; zone=America/New_York
select (happened_at at time zone 'UTC' at time zone 'America/New_York')::date as local_day, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- local_day_of_an_instant: safe; zone=America/New_York
select (seen_at at time zone 'America/New_York')::date as local_day, min(seen_at) as happened_at, count(*) as n from {visits} group by 1

--- local_day_truncated: safe; zone=America/New_York
select date_trunc('day', seen_at at time zone 'America/New_York') as local_day, min(seen_at) as happened_at, count(*) as n from {visits} group by 1

--- local_day_back_to_an_instant: safe; zone=America/New_York
select date_trunc('day', seen_at at time zone 'America/New_York') at time zone 'America/New_York' as happened_at, count(*) as n from {visits} group by 1

--- local_day_by_function: safe; zone=America/New_York
select timezone('America/New_York', seen_at)::date as local_day, min(seen_at) as happened_at, count(*) as n from {visits} group by 1

--- local_hour: safe; zone=America/New_York
select date_trunc('hour', seen_at at time zone 'America/New_York') as local_hour, min(seen_at) as happened_at, count(*) as n from {visits} group by 1

--- local_hour_of_day: unsafe BW007; zone=America/New_York
select extract(hour from seen_at at time zone 'America/New_York') as h, min(seen_at) as happened_at, count(*) as n from {visits} group by 1

--- local_month: unsafe BW007; zone=America/New_York
select date_trunc('month', seen_at at time zone 'America/New_York') as m, min(seen_at) as happened_at, count(*) as n from {visits} group by 1

--- utc_day_in_local_windows: unsafe BW007; zone=America/New_York
select happened_at::date as utc_day, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- utc_hour_in_local_windows: safe; zone=America/New_York
select date_trunc('hour', happened_at) as happened_at, count(*) as n from {events} group by 1

--- another_zone_in_local_windows: unsafe BW007; zone=America/New_York
select (seen_at at time zone 'America/Los_Angeles')::date as d, min(seen_at) as happened_at, count(*) as n from {visits} group by 1

--- local_time_as_event_time: unsafe BW002; zone=America/New_York
select visit_id, seen_at at time zone 'America/New_York' as happened_at from {visits}

--- local_day_in_utc_windows: unsafe BW007
select (seen_at at time zone 'America/New_York')::date as d, min(seen_at) as happened_at, count(*) as n from {visits} group by 1

--- local_day_as_event_time: unsafe BW002
select date_trunc('day', seen_at at time zone 'America/New_York') as happened_at, count(*) as n from {visits} group by 1

--- local_time_in_utc_windows: unsafe BW002
select visit_id, seen_at at time zone 'Asia/Tokyo' as happened_at from {visits}

--- utc_time_in_utc_windows: safe
select visit_id, seen_at at time zone 'UTC' as happened_at from {visits}

--- utc_day_in_utc_windows: safe
select date_trunc('day', seen_at at time zone 'UTC') as happened_at, count(*) as n from {visits} group by 1

--- naive_taken_for_local: unsafe BW007; zone=America/New_York
select (clocked_at at time zone 'America/New_York')::date as d, min(clocked_at) as happened_at, count(*) as n from {clocks} group by 1

--- local_window_function: safe; zone=America/New_York
select seen_at as happened_at, visit_id, row_number() over (partition by user_id, (seen_at at time zone 'America/New_York')::date order by seen_at, visit_id) as n
from {visits}

--- local_distinct: safe; zone=America/New_York
select v.seen_at as happened_at, d.user_id from {visits} as v join (
    select distinct user_id, (seen_at at time zone 'America/New_York')::date as d from {visits}
) as d on d.d = (v.seen_at at time zone 'America/New_York')::date

--- local_join: safe; zone=America/New_York
select a.seen_at as happened_at, a.visit_id, b.visit_id as other from {visits} as a
join {visits} as b on b.user_id = a.user_id
    and (b.seen_at at time zone 'America/New_York')::date = (a.seen_at at time zone 'America/New_York')::date

--- local_text: safe; zone=America/New_York
select strftime(seen_at at time zone 'America/New_York', '%Y-%m-%d') as d, min(seen_at) as happened_at, count(*) as n from {visits} group by 1

--- local_parts: safe; zone=America/New_York
select year(seen_at at time zone 'America/New_York') as y, dayofyear(seen_at at time zone 'America/New_York') as d, min(seen_at) as happened_at, count(*) as n
from {visits} group by 1, 2

--- fixed_offset_in_local_windows: unsafe BW007; zone=America/New_York
select (seen_at at time zone 'UTC' - interval '5 hours')::date as d, min(seen_at) as happened_at, count(*) as n from {visits} group by 1
