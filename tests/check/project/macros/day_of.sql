{% macro day_of(column) %}cast({{ column }} as date){% endmacro %}
