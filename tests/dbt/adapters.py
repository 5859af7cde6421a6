"""One small project on every adapter: dbt and batchwright compile the same texts and list the same relations."""

import json
import sys

from stubbed_dbt import ADAPTERS, Failure, Project, Report, batchwright, folded, rendered

#: Names of types that some adapter translates, and others.
TYPES = [
    "string", "TEXT", "float", "Integer", "timestamp", "long", "LONGLONG", "int", "bigint", "varchar", "nvarchar(10)", "char", "boolean", "date",
    "datetime2", "time", "tinyint", "money", "binary", "decimal", "numeric(10, 2)", "Array(Int32)", "struct<a: INTEGER>", " float ", "double precision",
]
#: Where templates see the names of types, and what `api.Column` makes of them.
TYPES_SQL = """{% for c in model.columns.values() %}-- {{ c.name }} {{ c.data_type }} {{ graph.nodes[model.unique_id].columns[c.name].data_type if execute }}
-- {{ api.Column.translate_type(c.data_type or 'STRING') }} {{ api.Column.create('x', c.data_type or 'Float').dtype }}
{% endfor %}
-- {{ model.contract }}
select 1 as a"""
COLUMNS = [{"name": f"c{nth}", "data_type": name} for nth, name in enumerate(TYPES)] + [{"name": "untyped"}]

#: The keys of the profile and their defaults.
TARGET_SQL = """{% for key in target.keys() | sort if key not in ('attach', 'plugins') %}-- {{ key }}: {{ target[key] }}
{% endfor %}
select '{{ target.database }}' as a, '{{ target.location }}' as b"""

FILES = {
    "models/target.sql": TARGET_SQL,
    "models/types.sql": TYPES_SQL,
    "models/own_types.sql": TYPES_SQL,
    "models/types.yml": {"version": 2, "models": [
        {"name": "types", "columns": COLUMNS},
        {"name": "own_types", "columns": COLUMNS, "config": {"contract": {"alias_types": False}}},
    ]},
    "models/orders.sql": "{{ config(materialized='table', alias='orders_all') }}\nselect {{ dbt.type_string() }} as a, {{ var('n', 1) }} as b\n-- {{ dbt.type_int() }} {{ dbt.type_bigint() }} {{ dbt.type_float() }} {{ dbt.type_numeric() }} {{ dbt.type_boolean() }} {{ dbt.type_timestamp() }}",
    "models/daily.sql": """{{ config(materialized='incremental', schema='marts') }}
select {{ dbt.concat(['a', 'b']) }} as c, {{ dbt.dateadd('day', 1, 'd') }} as d, {{ this }} as t
from {{ ref('orders') }} join {{ source('raw', 'items') }} using (a)
{% if is_incremental() %} where a > 1 {% endif %}""",
    "models/sources.yml": {"version": 2, "sources": [{"name": "raw", "schema": "landing", "tables": [{"name": "items", "identifier": "items_all"}]}]},
}


def main():
    report = Report("adapters")
    with Project(FILES) as project:
        for adapter in ADAPTERS:
            compare(report, project, adapter)
    return report.end()


def compare(report, project, adapter):
    compiled = project.compile(adapter)
    texts, process = rendered(project, adapter)
    if isinstance(compiled, Failure) or process.returncode:
        report.case()
        report.differs(adapter, f"{adapter}: dbt {compiled}, batchwright {process.stderr}")
        return
    for name in ("orders", "daily", "types", "own_types", "target"):
        report.case()
        theirs, ours = str(compiled[f"model.shop.{name}"]), texts.get(f"shop/models/{name}.sql")
        if ours is None or folded(theirs) != folded(ours):
            report.differs(f"{adapter} {name}", f"{adapter}, {name}\n  dbt:         {theirs!r}\n  batchwright: {ours!r}")
    relations = map(json.loads, batchwright("list", project, adapter, "--json").stdout.splitlines())
    manifest = project.parse(adapter)
    for node in relations:
        report.case()
        theirs = manifest.nodes[node["unique_id"]].relation_name
        if node["relation"] != theirs:
            report.differs(f"{adapter} {node['unique_id']} relation", f"{adapter}, {node['unique_id']}: dbt {theirs}, batchwright {node['relation']}")


if __name__ == "__main__":
    sys.exit(main())
