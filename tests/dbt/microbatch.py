"""Microbatch models of random projects: which occurrences of `ref()` and `source()` get an event-time filter, and by which column.

dbt runs one batch of each model on a stubbed connection; what it would have sent is compared with `batchwright render --batch`. Each
occurrence has a number in a comment before it, so that both texts name the same places.

    BATCHWRIGHT=target/debug/batchwright target/engines/dbt/bin/python tests/dbt/microbatch.py [PROJECTS] [FIRST_SEED]
"""

import random
import re
import sys

import stubbed_dbt
from stubbed_dbt import Failure, Project, Report, batchwright

ADAPTERS = ["duckdb", "postgres", "snowflake", "bigquery", "redshift", "databricks", "trino"]
COLUMNS = ["happened_at", "loaded_at", "made_at"]
MODELS = 6
BATCH = "2024-09-01"

MACROS = """
{% macro hand_on(relation) %}{{ return(relation) }}{% endmacro %}
{% macro written(relation) %}{{ relation }}{% endmacro %}
{% macro archived(relation) %}{{ return(relation.incorporate(path={"schema": "archive"})) }}{% endmacro %}
{% macro moved(relation) %}{{ return(relation.replace_path(schema="moved", identifier=relation.identifier ~ "_old")) }}{% endmacro %}
"""

OVERRIDES = {
    "source": '{% macro source(a, b) %}{% do return(builtins.source(a, b).replace_path(schema="lake")) %}{% endmacro %}',
    "ref": "{% macro ref(a) %}{% do return(builtins.ref(a).include(database=false)) %}{% endmacro %}",
}

#: What a template does with a relation before it writes it, `{r}` being the call.
WAYS = [
    "{{{{ {r} }}}}",
    "{{{{ {r} }}}}",
    "{{{{ {r} }}}}",
    "{{% set t = {r} %}}{{{{ t }}}}",
    "{{% for t in [{r}] %}}{{{{ t }}}}{{% endfor %}}",
    "{{{{ hand_on({r}) }}}}",
    "{{{{ written({r}) }}}}",
    "{{{{ archived({r}) }}}}",
    "{{{{ moved({r}) }}}}",
    "{{{{ {r}.include(database=false) }}}}",
    "{{{{ {r}.quote(identifier=false) }}}}",
    "{{{{ {r}.include(database=false).quote(schema=false) }}}}",
    "{{{{ {r} | string }}}}",
    "{{{{ {r} ~ '' }}}}",
    "{{{{ {r} | trim }}}}",
    "{{{{ {r} | replace('zzz', 'yyy') }}}}",
    "{{{{ ['', {r}] | join }}}}",
    "{{{{ '%s' | format({r}) }}}}",
    "{{{{ '{{}}'.format({r}) }}}}",
    "{{{{ {r}.render() }}}}",
]
#: A source by its plain name.
PLAIN = "raw_data.s0"


class Maker:
    """One random project."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.adapter = self.random.choice(ADAPTERS)
        self.occurrences = 0
        self.where = {}
        self.files = {"macros/relations.sql": MACROS}
        self.inputs, self.ephemerals = [], []

    def chance(self, share):
        return self.random.random() < share

    def event_time(self, share=0.6):
        return self.random.choice(COLUMNS) if self.chance(share) else None

    def make(self):
        for name, text in OVERRIDES.items():
            if self.chance(0.15):
                self.files[f"macros/{name}.sql"] = text
        self.sources()
        for number in range(self.random.randint(1, 3)):
            self.table(f"t{number}")
        for number in range(self.random.randint(1, 4)):
            self.ephemeral(f"e{number}")
        for number in range(MODELS):
            self.microbatch(f"m{number}")
        return self.files

    def sources(self):
        tables = []
        whole = self.event_time(0.2)
        for number in range(self.random.randint(1, 3)):
            table = {"name": f"s{number}"}
            if column := self.event_time():
                table["config"] = {"event_time": column}
            tables.append(table)
            self.inputs.append(f"source('raw', 's{number}')")
        source = {"name": "raw", "schema": "raw_data", "tables": tables}
        if whole:
            source["config"] = {"event_time": whole}
        self.files["models/sources.yml"] = {"sources": [source]}

    def table(self, name):
        kind = self.random.choice(["view", "table"])
        column = self.event_time()
        config = f", event_time='{column}'" if column else ""
        self.files[f"models/{name}.sql"] = f"{{{{ config(materialized='{kind}'{config}) }}}}\nselect {', '.join(COLUMNS)}, id from raw.x\n"
        self.inputs.append(f"ref('{name}')")

    def ephemeral(self, name):
        column = self.event_time(0.5)
        config = f", event_time='{column}'" if column else ""
        text = self.body(name, [*self.inputs, *self.ephemerals], in_ephemeral=True)
        self.files[f"models/{name}.sql"] = f"{{{{ config(materialized='ephemeral'{config}) }}}}\n{text}\n"
        self.ephemerals.append(f"ref('{name}')")

    def microbatch(self, name):
        config = "materialized='incremental', incremental_strategy='microbatch', event_time='happened_at', begin='2024-08-01', batch_size='day'"
        if self.chance(0.5):
            config += ", unique_key='id'"
        if self.adapter == "bigquery":
            # dbt-bigquery replaces partitions, and wants to know by which column.
            data_type = self.random.choice(["date", "timestamp", "datetime"])
            config += f", partition_by={{'field': 'happened_at', 'data_type': '{data_type}', 'granularity': 'day'}}"
        body = self.body(name, [*self.inputs, *self.ephemerals, *self.ephemerals])
        this = "{{ this }}" if self.chance(0.1) else ""
        comment = f"-- {{{{ {self.random.choice(self.inputs)} }}}}\n" if self.chance(0.2) else ""
        self.files[f"models/{name}.sql"] = f"{{{{ config({config}) }}}}\n{comment}{body}\n{'-- ' + this if this else ''}\n"

    def occurrence(self, name, inputs, in_ephemeral):
        self.occurrences += 1
        call, way = self.random.choice(inputs), self.random.choice(WAYS)
        if self.chance(0.05):
            call, way = "source('raw', 's0')", PLAIN
        key = f"{name}_{self.occurrences}"
        self.where[key] = (in_ephemeral, call, way)
        return f"/*{key}*/ {way.format(r=call)} as t{self.occurrences}"

    def body(self, name, inputs, in_ephemeral=False):
        columns = lambda alias: ", ".join(f"{alias}.{column}" for column in [*COLUMNS, "id"])  # noqa: E731
        table = lambda: self.occurrence(name, inputs, in_ephemeral)  # noqa: E731
        alias = lambda: f"t{self.occurrences}"  # noqa: E731
        shape = self.random.randrange(6)
        first = table()
        own = alias()
        simple = f"select {columns(own)} from {first}"
        if shape == 0:
            return simple
        if shape == 1:
            second = table()
            return f"{simple} join {second} on {own}.id = {alias()}.id"
        if shape == 2:
            second = table()
            return f"{simple} union all select {columns(alias())} from {second}"
        if shape == 3:
            second = table()
            return f"with c as ({simple}), d as (select {columns(alias())} from {second}) select {columns('c')} from c left join d on c.id = d.id"
        if shape == 4:
            second = table()
            return f"{simple} where exists (select 1 from {second} where {alias()}.id = {own}.id)"
        return f"select {columns('q')} from ({simple} where {own}.id > 0) as q group by {columns('q')}"


#: An occurrence: its number, then a table, or the filter's sub-query with the column that it compares first.
OCCURRENCE = re.compile(r"/\*(\w+_\d+)\*/\s*(\(\s*select \* from (?:.*?) where (?:cast\()?(\S+)(?: as timestamp\))? >= )?", re.IGNORECASE | re.DOTALL)


def filters(text):
    """{occurrence: the column that filters it, or None}."""
    return {key: (column.strip('"`').lower() or None) for key, _, column in OCCURRENCE.findall(text)}


def from_dbt(project, adapter):
    """The occurrences of all models as dbt filters them in the batch, or a Failure."""
    bounds = ["--event-time-start", BATCH, "--event-time-end", "2024-09-02"]
    outcome = project.dbt(adapter, "run", "--select", "config.materialized:incremental", *bounds)
    if outcome.failure:
        return outcome.failure
    found = {}
    for _, _, text in outcome.statements:
        for key, column in filters(text).items():
            found.setdefault(key, column)
    return found


def from_batchwright(project, adapter):
    found = {}
    for number in range(MODELS):
        process = batchwright("render", project, adapter, "--select", f"m{number}", "--batch", BATCH)
        if process.returncode:
            return Failure(process.stderr)
        # A CTE of an ephemeral model is in each of its readers, and may be filtered in one of them alone.
        for key, column in filters(process.stdout).items():
            found[(f"m{number}", key)] = column
    return found


def compare(report, seed):
    maker = Maker(seed)
    adapter = maker.adapter
    with Project(maker.make()) as project:
        theirs, ours = from_dbt(project, adapter), from_batchwright(project, adapter)
    if isinstance(theirs, Failure) or isinstance(ours, Failure):
        report.case()
        report.differs(f"seed {seed}", f"seed {seed} on {adapter}: dbt: {theirs if isinstance(theirs, Failure) else 'ok'}; batchwright: {ours if isinstance(ours, Failure) else 'ok'}")
        return
    for (model, key), column in ours.items():
        report.case()
        in_ephemeral, call, way = maker.where[key]
        if key not in theirs:
            report.differs(f"seed {seed} {key}", f"seed {seed} on {adapter}: dbt never sends the occurrence {key} of {model}")
        elif theirs[key] != column:
            rule = f"seed {seed} {key}"
            if theirs[key] is None and (in_ephemeral or way == PLAIN):
                rule = "a source by its plain name" if way == PLAIN else "inside of an ephemeral model"
            message = f"seed {seed} on {adapter}, {model}, {way.format(r=call)}: dbt filters by {theirs[key]}, batchwright by {column}"
            report.differs(rule, message)


def main():
    projects = int(sys.argv[1]) if len(sys.argv) > 1 else 12
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    report = Report("microbatch")
    for seed in range(first, first + projects):
        compare(report, seed)
    return report.end()


if __name__ == "__main__":
    stubbed_dbt.EXISTING.clear()
    sys.exit(main())
