--- own_table_read: unsafe BW013; reasoned
select e.event_id, e.happened_at from {events} as e where not exists (select 1 from {{ this }} as t where t.event_id = e.event_id and t.happened_at < e.happened_at) /* {{ this }} */

--- own_table_in_a_comment: safe
-- the rows of {{ this }} stay as they are
select event_id, happened_at from {events}

--- own_table_in_a_block_comment: safe
select event_id, happened_at /* as in {{ this }} */ from {events}

--- left_over_filter: unsafe BW014; reasoned
select event_id, happened_at from {events}
{% if is_incremental() %} where created_at > (select coalesce(max(created_at), timestamp '1900-01-01') from {{ this }}) {% endif %}

--- incremental_block_that_selects: safe
select event_id, happened_at {% if is_incremental() %}, amount {% else %}, amount {% endif %} from {events}

--- a_macro_writes_the_day: safe
select {{ day_of('happened_at') }} as d, min(happened_at) as happened_at, count(*) as n from {events} group by {{ day_of('happened_at') }}

--- a_loop_writes_sums: unsafe BW007
select user_id, max(happened_at) as happened_at {% for kind in ['view', 'click'] %}, sum(case when kind = '{{ kind }}' then 1 else 0 end) as n_{{ kind }}{% endfor %}
from {events} group by user_id

--- keeps_what_an_earlier_batch_wrote: unsafe BW013; reasoned
select e.user_id, e.happened_at, coalesce((select max(t.n) from {{ this }} as t), 0) + 1 as n from {events} as e

--- own_batch_bounds: safe
select event_id, happened_at from {events} where happened_at >= '{{ model.batch.event_time_start if model.batch else "2000-01-01" }}'

--- cross_schema_methods: safe
select event_id, happened_at from {{ source('raw', 'events').include(database=false) }} as e
