"""Lines of the models of random projects, which print what Jinja knows."""

GRAPH = (
    "{% if execute %}{% for n in graph.nodes.values() | sort(attribute='unique_id') if n.resource_type in ['model', 'seed', 'snapshot'] %}\n"
    "-- {{ n.unique_id }} FIELDS{% endfor %}{% endif %}"
)

#: Expressions of a model that read tests and resources that are not nodes.
OTHERS = """{% if execute %}{% for part in ['exposures', 'groups', 'metrics', 'semantic_models', 'saved_queries', 'unit_tests'] %}
{% for n in graph[part].values() | sort(attribute='unique_id') %}
-- {{ n.unique_id }} {{ n.path }} {{ n.original_file_path }} {{ n.fqn }} {{ n.config }} {{ n.meta }} {{ n.tags | sort if n.tags }}
-- {{ n.owner }} {{ n.type }} {{ n.type_params }} {{ n.label }} {{ n.group }} {{ n.filter }} {{ (n.depends_on or {}).nodes }} {{ n.refs }} {{ n.sources }}
-- {{ n.entities }} {{ n.dimensions }} {{ n.measures }} {{ n.defaults }} {{ n.primary_entity }} {{ n.node_relation }} {{ n.description }} {{ n.unrendered_config }}
-- {{ n.metrics }} {{ n.query_params }} {{ n.time_granularity }}
{% endfor %}{% endfor %}
{% for n in graph.nodes.values() | sort(attribute='unique_id') if n.resource_type in ['test', 'analysis'] %}
-- {{ n.unique_id }} {{ n.name }} {{ n.alias }} {{ n.path }} {{ n.fqn }} {{ n.config }} {{ n.tags }} {{ n.group }} {{ n.column_name }}
-- {{ n.attached_node }} {{ n.file_key_name }} {{ n.test_metadata }} {{ n.depends_on.nodes }} {{ n.refs }} {{ n.description }}
{% endfor %}{% endif %}
select 1 as id
"""

#: What a naming macro reads of the object that is the node.
NODE = [
    "{{ node.is_versioned }}_{{ node.is_ephemeral_model }}",
    "{{ node.search_name | replace('.', '_') }}",
    "{{ node.get_materialization() }}_{{ node.config.get('nothing', 'd') }}",
    "{{ node.config.pre_hook | length }}_{{ node.config['pre-hook'] is none }}",
    "{{ node.config.nothing is none }}_{{ 'materialized' in node.config }}",
    "{{ node.description | length }}_{{ node.columns | length }}_{{ node.patch_path is none }}",
]

#: Lines that print the context of a model; none reads another node.
LINES = [
    "-- {{ var('v1', 'd') }} {{ var('v2', 2) }} {{ var('v3', none) }} {{ var('v4', {}) }}",
    "-- {{ var('v1') }}",
    "-- {{ var.has_var('v2') }} {{ env_var('BW_E1', 'd') }} {{ env_var('BW_E2', '0') | int + 1 }}",
    "-- {{ config.get('materialized') }} {{ config.get('schema') }} {{ config.get('custom', 'd') }} {{ config.get('alias', 'none') }}",
    "-- {{ config.get('meta') }} {{ config.get('tags') }} {{ config.get('unique_key', 'u') }} {{ config.get('lookback') }}",
    "-- {{ config.get('persist_docs') }} {{ config.get('grants') }} {{ model.docs }} {{ config.get('full_refresh', 'f') }}",
    "-- {{ config.get('quoting') }} {{ config.get('column_types') }} {{ config.get('on_schema_change') }} {{ config.get('access') }}",
    "-- {{ model.name }} {{ model.alias }} {{ model.schema }} {{ model.unique_id }} {{ model.fqn }} {{ model.version }}",
    "-- {{ model.tags }} {{ model.meta }} {{ model.config.tags }} {{ model.config.meta }} {{ model.config.enabled }} {{ model.description }}",
    "-- {{ model.path }} {{ model.original_file_path }} {{ model.package_name }} {{ model.resource_type }} {{ model.access }}",
    "-- {{ model.config['pre-hook'] }} {{ model.config['post-hook'] }} {{ model.latest_version }} {{ model.depends_on.nodes | sort }}",
    "-- {{ this }} {{ this.schema }} {{ this.identifier }} {{ project_name }} {{ target.type }} {{ is_incremental() }}",
    "{% for c in model.columns.values() %}-- {{ c.name }} {{ c.meta }} {{ c.data_type }} {{ c.quote }} {{ c.tags | sort }} {{ c.own_key }}\n{% endfor %}",
    "{% for c in model.columns.values() %}-- {{ c.config.meta }} {{ c.constraints }} {{ c.description }}\n{% endfor %}",
    GRAPH.replace("FIELDS", "{{ n.schema }} {{ n.alias }} {{ n.config.materialized }} {{ n.tags }}"),
    GRAPH.replace("FIELDS", "{{ n.meta }} {{ n.config.custom }} {{ n.depends_on.nodes | sort }} {{ n.fqn }}"),
    GRAPH.replace("FIELDS", "{{ n.columns.keys() | list }} {{ n.version }} {{ n.config.unique_key }} {{ n.config.schema }} {{ n.config['pre-hook'] | length }}"),
    "{% if execute %}{% for s in graph.sources.values() | sort(attribute='unique_id') %}-- {{ s.unique_id }} {{ s.schema }} {{ s.identifier }} "
    "{{ s.source_meta }} {{ s.meta }} {{ s.tags }} {{ s.config.enabled }}\n{% endfor %}{% endif %}",
    "-- {{ greet('a') }}",
    "-- {{ tools.greet('a') }}",
    "-- {{ label('b') }} {{ shop.label('c') }}",
    "-- {{ shout('c') }}",
    "-- {{ adapter.dispatch('greet', 'house')('d') }}",
    "-- {{ adapter.dispatch('label', 'tools')('e') }}",
    "-- {{ adapter.dispatch('shout')('f') }}",
    "-- {{ type_string() }} {{ dbt.concat(['x', 'y']) }}",
    "-- {{ adapter.quote('id') }} {{ adapter.quote_as_configured('id', 'identifier') }} {{ adapter.quote_seed_column('id', none) }}",
    "-- {{ api.Relation.create(database='d', schema='s', identifier='i') }}",
    "{# nothing #}",
    "{% set rows = [1, 2] %}{% do rows.append(3) %}-- {{ rows }}",
]
