--- hour_of_day_by_extract: unsafe BW007
select extract(hour from happened_at) as hour_of_day, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- hour_of_day_by_function: unsafe BW007
select hour(happened_at) as hour_of_day, min(happened_at) as happened_at, count(*) as n from {events} group by hour(happened_at)

--- minute_by_function: unsafe BW007
select minute(happened_at) as m, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- weekday_by_extract: unsafe BW007
select extract(dow from happened_at) as weekday, max(happened_at) as happened_at, count(*) as n from {events} group by weekday

--- weekday_name: unsafe BW007
select dayname(happened_at) as weekday, max(happened_at) as happened_at, count(*) as n from {events} group by weekday

--- month_by_extract: unsafe BW007
select extract(month from happened_at) as month, max(happened_at) as happened_at, count(*) as n from {events} group by month

--- month_name: unsafe BW007
select monthname(happened_at) as month, max(happened_at) as happened_at, count(*) as n from {events} group by 1

--- year_by_function: unsafe BW007
select year(happened_at) as y, max(happened_at) as happened_at, count(*) as n from {events} group by y

--- year_by_years: safe; size=year
select year(happened_at) as y, max(happened_at) as happened_at, count(*) as n from {events} group by y

--- month_of_year_by_years: unsafe BW007; size=year
select month(happened_at) as m, max(happened_at) as happened_at, count(*) as n from {events} group by m

--- year_and_month_by_months: safe; size=month
select year(happened_at) as y, month(happened_at) as m, max(happened_at) as happened_at, count(*) as n from {events} group by 1, 2

--- year_month_and_day: safe
select extract(year from happened_at) as y, extract(month from happened_at) as m, extract(day from happened_at) as d, min(happened_at) as happened_at, count(*) as n
from {events} group by 1, 2, 3

--- month_and_day_without_year: unsafe BW007; size=month
select extract(month from happened_at) as m, extract(day from happened_at) as d, min(happened_at) as happened_at, count(*) as n from {events} group by 1, 2

--- year_and_day_of_year: safe
select year(happened_at) as y, dayofyear(happened_at) as d, min(happened_at) as happened_at, count(*) as n from {events} group by 1, 2

--- day_of_year_without_year: unsafe BW007; size=year
select dayofyear(happened_at) as d, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- year_and_week: unsafe BW007
select year(happened_at) as y, week(happened_at) as w, min(happened_at) as happened_at, count(*) as n from {events} group by 1, 2

--- day_as_number: safe
select year(happened_at) * 10000 + month(happened_at) * 100 + day(happened_at) as day_key, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- day_as_text_by_strftime: safe
select strftime(happened_at, '%Y-%m-%d') as day_text, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- hour_as_text_by_strftime: unsafe BW007
select strftime(happened_at, '%H:%M') as clock_time, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- month_as_text: unsafe BW007
select strftime(happened_at, '%Y-%m') as month_text, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- month_as_text_by_months: safe; size=month
select strftime(happened_at, '%Y%m') as month_text, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- weekday_as_text: unsafe BW007
select strftime(happened_at, '%A') as weekday, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- date_of_text: safe
select cast(cast(happened_at as date) as varchar) as day_text, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- first_ten_letters: safe
select substr(cast(happened_at as varchar), 1, 10) as day_text, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- left_ten_letters: safe
select left(happened_at::varchar, 10) as day_text, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- first_seven_letters: unsafe BW007
select substr(cast(happened_at as varchar), 1, 7) as month_text, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- last_eight_letters: unsafe BW007
select right(cast(date_trunc('hour', happened_at) as varchar), 8) as time_text, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- epoch_of_the_instant: safe
select epoch(happened_at) as seconds, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- epoch_in_days: safe
select floor(epoch(happened_at) / 86400) as day_number, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- epoch_in_weeks: unsafe BW007
select floor(epoch(happened_at) / 604800) as week_number, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- days_since: safe
select date_diff('day', timestamp '2020-01-01', happened_at) as day_number, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- weeks_since: unsafe BW007
select date_diff('week', timestamp '2020-01-01', happened_at) as week_number, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- whether_after_a_constant: unsafe BW007
select happened_at > timestamp '2024-09-01 12:00' as late, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- whether_morning: unsafe BW007
select case when hour(happened_at) < 12 then 'am' else 'pm' end as half, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- time_of_day: unsafe BW007
select happened_at::time as clock_time, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- bucket_of_five_hours: unsafe BW007
select time_bucket(interval '5 hours', happened_at) as slot, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- bucket_of_six_hours: safe
select time_bucket(interval '6 hours', happened_at) as slot, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- bucket_of_a_day_with_offset: unsafe BW007
select time_bucket(interval '1 day', happened_at, interval '6 hours') as slot, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- bucket_of_a_day_with_origin: unsafe BW007
select time_bucket(interval '1 day', happened_at, timestamp '2024-01-01 09:00') as slot, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- bucket_of_a_day_with_midnight_origin: safe
select time_bucket(interval '1 day', happened_at, timestamp '2024-01-01') as slot, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- bucket_of_a_week: unsafe BW007
select time_bucket(interval '7 days', happened_at) as slot, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- last_day_of_the_month: unsafe BW007
select last_day(happened_at) as month_end, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- last_day_by_months: safe; size=month
select last_day(happened_at) as month_end, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- shifted_day: unsafe BW007
select (happened_at - interval '4 hours')::date as business_day, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- day_then_shifted: safe
select happened_at::date + 1 as next_day, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- day_coalesced: safe
select coalesce(happened_at::date, date '1970-01-01') as d, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- day_or_nothing: unsafe BW007
select case when kind = 'view' then happened_at::date end as d, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- day_of_one_of_two: safe
select case when kind = 'view' then happened_at::date else date_trunc('hour', happened_at) end as d, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- created_at_as_key: unsafe BW007
select created_at, min(happened_at) as happened_at, count(*) as n from {events} group by created_at

--- shipped_date_as_key: unsafe BW007
select shipped_at::date as shipped_on, min(ordered_at) as happened_at, count(*) as n from {orders} group by 1

--- order_date_as_key: depends BW007
select order_date, min(ordered_at) as happened_at, count(*) as n from {orders} group by order_date

--- event_date_as_key: depends BW007
select event_date, min(happened_at) as happened_at, count(*) as n from {events} group by event_date

--- bucket_of_a_function_of_theirs: depends BW007
select my_bucket(happened_at) as slot, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- struct_of_day_and_kind: safe
select struct_pack(d := happened_at::date, k := kind) as key, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- hash_of_user_and_day: safe
select md5(user_id::varchar || '-' || happened_at::date::varchar) as key, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- concat_of_user_and_day: safe
select concat(user_id, ':', cast(happened_at as date)) as key, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- hash_of_user: unsafe BW007
select md5(user_id::varchar) as key, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- hash_of_hour: unsafe BW007
select concat(user_id, '-', hour(happened_at)) as key, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- made_of_parts: safe
select make_date(year(happened_at), month(happened_at), day(happened_at)) as d, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- first_of_month_of_parts: unsafe BW007
select make_date(year(happened_at), month(happened_at), 1) as d, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- datepart_of_week: unsafe BW007
select date_part('week', happened_at) as w, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- datepart_of_epoch: safe
select date_part('epoch', happened_at) as s, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- century_as_key: unsafe BW007
select date_trunc('decade', happened_at) as decade, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- day_upper_case_unit: safe
select DATE_TRUNC('DAY', happened_at) as happened_at, COUNT(*) as n from {events} group by DATE_TRUNC('DAY', happened_at)

--- seconds_truncated: safe
select date_trunc('second', happened_at) as happened_at, count(*) as n from {events} group by 1

--- years_between: unsafe BW007
select date_diff('year', timestamp '2000-01-01', happened_at) as age, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- modulo_of_epoch: unsafe BW007
select (epoch(happened_at)::bigint % 86400) // 3600 as hour_of_day, min(happened_at) as happened_at, count(*) as n from {events} group by 1

--- days_between_two_times: unsafe BW007
select date_diff('day', happened_at, created_at) as age, min(happened_at) as happened_at, count(*) as n from {events} group by age

--- days_between_two_times_and_the_day: safe
select happened_at::date as d, date_diff('day', happened_at, created_at) as age, count(*) as n, min(happened_at) as happened_at from {events} group by d, age
