{% macro plain_macro() %}plain{% endmacro %}
{% macro defaults(a, b='B', c=none) %}{{ a }}|{{ b }}|{{ c }}{% endmacro %}
{% macro later_default(a, b=a) %}{{ a }}|{{ b }}{% endmacro %}
{% macro takes_all(a) %}{{ a }}|{{ varargs }}|{{ kwargs }}{% endmacro %}
{% macro only_kwargs() %}{{ kwargs.get('x') }}|{{ kwargs | length }}{% endmacro %}
{% macro with_caller(n) %}({{ caller(n) }}){% endmacro %}
{% macro plain_caller() %}({{ caller() }}){% endmacro %}
{% macro returns(x) %}{{ return(x) }}{% endmacro %}
{% macro returns_early(x) %}{% if x %}{{ return('early') }}{% endif %}late{% endmacro %}
{% macro do_returns(x) %}{% do return(x) %}{% endmacro %}
{% macro returns_undefined() %}{% set nothing = var('a_dict').nope %}{{ return(nothing) }}{% endmacro %}
{% macro only_on_execute() %}{% if execute %}{% set seen = ['a'] %}{% endif %}{{ return(seen) }}{% endmacro %}
{% macro mutates(items) %}{% do items.append('m') %}{% endmacro %}
{% macro recursive_macro(n) %}{{ n }}{% if n > 0 %},{{ recursive_macro(n - 1) }}{% endif %}{% endmacro %}
{% macro spaced() %}
  a
    {%- set x = 1 -%}
  b
{% endmacro %}
{% macro lists() %}{{ return([1, 2, 3]) }}{% endmacro %}
{% macro typed(a: string, b: list[int] = []) %}{{ a }}{{ b }}{% endmacro %}
{% macro dispatched(x) %}{{ return(adapter.dispatch('dispatched')(x)) }}{% endmacro %}
{% macro default__dispatched(x) %}default {{ x }}{% endmacro %}
{% macro postgres__dispatched(x) %}postgres {{ x }}{% endmacro %}
{% macro quoted() %}{{ return(adapter.quote('x')) }}{% endmacro %}
{% macro reads_caller_name() %}{{ caller is defined }}{% endmacro %}
{% macro sums(values) %}{% set ns = namespace(total=0) %}{% for v in values %}{% set ns.total = ns.total + v %}{% endfor %}{{ return(ns.total) }}{% endmacro %}
