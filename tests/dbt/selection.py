"""Random projects and random selections: `dbt ls` and `batchwright list` choose the same models, seeds and snapshots.

    BATCHWRIGHT=target/debug/batchwright target/engines/dbt/bin/python tests/dbt/selection.py [SEED [PROJECTS]]

A project has two packages, versions, groups, sources, tests of all kinds, exposures, metrics, semantic models, saved queries and a
`selectors.yml`; a selection has every method, operator and combination. Where dbt selects nothing, batchwright may refuse, since it
refuses a selection of words that match nothing. A failure prints the seed, and is made smaller first: the selection, then the files.
"""

import json
import pathlib
import random
import sys
import tempfile

from stubbed_dbt import Failure, Project, Report, batchwright

SELECTIONS = 60
KINDS = {"model", "seed", "snapshot"}
TAGS = ["daily", "weekly", "core", "pii"]
FOLDERS = ["staging", "marts", "marts/core", "marts/finance"]


class Drawn:
    """The files of a project, and the selectors that match its resources."""

    def __init__(self, draw):
        self.draw, self.files, self.readable = draw, {}, []
        self.words = {"fqn": ["shop", "tool", "shop.marts", "tool.*", "shop.staging.*", "*", "never", "shop.marts.core"]}
        self.words |= {"tag": [*TAGS, "*ly", "never"], "package": ["shop", "tool", "this", "t*"], "group": ["finance", "f*", "growth"]}
        self.words |= {"access": ["private", "protected", "public"], "version": ["latest", "old", "prerelease", "none"]}
        self.words |= {"resource_type": ["model", "seed", "snapshot", "source", "test", "exposure", "unit_test", "analysis", "metric"]}
        self.words |= {"test_type": ["generic", "singular", "unit", "data"], "test_name": ["unique", "not_null", "relationships", "u*"]}
        self.words |= {"config.materialized": ["view", "table", "ephemeral", "seed", "snapshot"], "config.tags": TAGS, "config.enabled": ["true"]}
        self.words |= {"config.meta.owner": ["ann", "bob"], "config.access": ["public"], "config.group": ["finance"]}
        self.words |= {"config.on_schema_change": ["ignore", "fail"], "config.severity": ["warn", "ERROR"], "config.meta.on_call": ["true", "False"]}
        self.words |= {"path": ["models", "models/marts", "models/marts/*.sql", "models/**/core", "seeds", "models/*/*.yml", "snapshots", "tests"]}
        self.words |= {"file": [], "source": ["raw", "raw.*", "shop.raw.events", "web", "r*.e*"], "exposure": ["*", "shop.*"], "metric": ["*"]}
        self.words |= {"semantic_model": ["*"], "saved_query": ["*", "shop.*"], "unit_test": ["*"], "selector": []}
        self.sources()
        self.tool()
        self.models()
        self.others()
        self.selectors()

    def some(self, of, most):
        return self.draw.sample(of, min(len(of), self.draw.randrange(most + 1)))

    def chance(self, share):
        return self.draw.random() < share

    def sources(self):
        tables = [{"name": name, "config": {"tags": self.some(TAGS, 1)}, "columns": self.columns()} for name in ("events", "clicks")]
        entries = [{"name": "raw", "tags": self.some(TAGS, 1), "tables": tables}, {"name": "web", "tables": [{"name": "events"}]}]
        self.files["models/staging/sources.yml"] = {"version": 2, "sources": entries}
        self.readable += ["source('raw', 'events')", "source('raw', 'clicks')", "source('web', 'events')"]
        for name in ("countries", "rates"):
            self.files[f"seeds/{name}.csv"] = "id,name\n1,x\n"
            self.readable.append(f"ref('{name}')")
            self.words["fqn"].append(name)
        self.files["seeds/seeds.yml"] = {"version": 2, "seeds": [{"name": "rates", "config": {"tags": self.some(TAGS, 2)}, "columns": self.columns()}]}
        self.words["file"] += ["rates.csv", "rates", "sources.yml", "seeds"]

    def tool(self):
        folder = "dbt_packages/tool"
        self.files[f"{folder}/dbt_project.yml"] = {"name": "tool", "version": "1.0"}
        self.files[f"{folder}/models/calendar.sql"] = f"{{{{ config(tags={self.some(TAGS, 1)!r}) }}}} select 1 as id"
        self.files[f"{folder}/models/staging/holidays.sql"] = "select * from {{ ref('calendar') }}"
        self.files["packages.yml"] = {"packages": [{"local": folder}]}
        self.readable += ["ref('calendar')", "ref('tool', 'holidays')"]
        self.words["fqn"] += ["calendar", "tool.calendar", "holidays", "tool.staging"]

    def models(self):
        self.names, self.tables, properties = [], [], {}
        for number in range(self.draw.randrange(6, 14)):
            folder, name = self.draw.choice(FOLDERS), f"{self.draw.choice(['stg', 'int', 'fct'])}_{number}"
            config = {"materialized": self.draw.choice(["view", "table", "table", "ephemeral"])}
            if self.chance(0.4):
                config["tags"] = self.some(TAGS, 2)
            if self.chance(0.2):
                config["meta"] = {"owner": self.draw.choice(["ann", "bob"]), "on_call": self.draw.choice([True, False])}
            if self.chance(0.1):
                config["on_schema_change"] = "fail"
            entry = {"name": name, "config": {}, "columns": self.columns()}
            if self.chance(0.3):
                entry["config"]["group"] = "finance"
                entry["access"] = self.draw.choice(["protected", "public"])
            elif self.chance(0.3):
                entry["config"]["access"] = "public"
            if "public" in (entry.get("access"), entry["config"].get("access")):
                config["materialized"] = "table"
            disabled = self.chance(0.05)
            entry["config"] |= {"enabled": False} if disabled else {}
            versions = [1, 2, 3] if self.chance(0.15) and not disabled else [None]
            for version in versions:
                file = name if version is None else f"{name}_v{version}"
                self.files[f"models/{folder}/{file}.sql"] = self.sql(config)
            if versions != [None]:
                entry |= {"latest_version": self.draw.choice([1, 2, 3]), "versions": [{"v": version} for version in versions]}
                self.words["fqn"] += [f"{name}.v1", f"{name}_v2", f"shop.{folder.replace('/', '.')}.{name}.v3", f"{name}.v9"]
            if not disabled:
                self.names.append(name)
                if config["materialized"] != "ephemeral" and versions == [None]:
                    self.tables.append(name)
                self.readable.append(f"ref('{name}')")
            if versions != [None] or self.chance(0.7):
                properties.setdefault(folder, []).append(entry)
            dotted = folder.replace("/", ".")
            self.words["fqn"] += [name, f"shop.{dotted}.{name}", f"{dotted}.{name}", f"{name[:3]}*", f"*{number}", f"shop.{dotted}", f"{dotted}.*"]
            self.words["file"] += [f"{name}.sql", f"{name[:3]}*", f"{name}.py"]
            self.words["path"] += [f"models/{folder}", f"models/{folder}/{name}.sql", f"models/{folder}/{name[:3]}*.sql", f"models/{folder}/props.yml"]
        for folder, entries in properties.items():
            self.files[f"models/{folder}/props.yml"] = {"version": 2, "models": entries}
        self.files["models/groups.yml"] = {"version": 2, "groups": [{"name": "finance", "owner": {"email": "f@example.com"}}]}

    def sql(self, config):
        arguments = ", ".join(f"{key}={value!r}" for key, value in config.items())
        reads = [f"select id from {{{{ {call} }}}}" for call in self.some(self.readable[-8:] + self.readable[:3], 3)]
        return f"{{{{ config({arguments}) }}}}\n" + ("\nunion all\n".join(reads) or "select 1 as id")

    def columns(self):
        if self.chance(0.4):
            return []
        tests = []
        if self.chance(0.5):
            tests.append("unique")
        if self.chance(0.4):
            tests.append({"not_null": {"config": {"severity": "warn", "tags": self.some(TAGS, 1)}}})
        if self.readable and self.chance(0.4):
            tests.append({"relationships": {"arguments": {"to": self.draw.choice(self.readable), "field": "id"}}})
        return [{"name": "id", "data_tests": tests, **({"tags": self.some(TAGS, 1)} if self.chance(0.2) else {})}]

    def others(self):
        names, call = self.names, self.draw.choice
        self.files["snapshots/s.yml"] = {
            "snapshots": [{"name": "history", "relation": f"ref('{call(names)}')", "config": {"unique_key": "id", "strategy": "check", "check_cols": "all"}}]
        }
        self.words["fqn"] += ["history", "h*"]
        exposures = [
            {
                "name": f"board_{number}",
                "type": "dashboard",
                "owner": {"email": "a@example.com"},
                "depends_on": self.some(self.readable, 3),
                "config": {"tags": self.some(TAGS, 1)},
            }
            for number in range(2)
        ]
        self.words["exposure"] += ["board_0", "shop.board_1", "board_?"]
        semantic = {
            "name": "visits",
            "model": f"ref('{call(self.tables or ['spine'])}')",
            "defaults": {"agg_time_dimension": "at"},
            "entities": [{"name": "visit", "type": "primary", "expr": "id"}],
            "dimensions": [{"name": "at", "type": "time", "type_params": {"time_granularity": "day"}}],
            "measures": [{"name": "visit_count", "agg": "count", "expr": "id"}, {"name": "visit_sum", "agg": "sum", "expr": "id", "create_metric": True}],
        }
        metrics = [
            {"name": "visits_all", "label": "a", "type": "simple", "type_params": {"measure": {"name": "visit_count"}}, "config": {"group": "finance"}},
            {"name": "share", "label": "b", "type": "ratio", "type_params": {"numerator": "visits_all", "denominator": "visit_sum"}},
        ]
        queries = [{"name": "weekly", "query_params": {"metrics": ["share"], "group_by": ["TimeDimension('visit__at')"]}, "config": {"tags": ["pii"]}}]
        for method, more in {"metric": ["visits_all", "share", "visit_sum"], "semantic_model": ["visits", "shop.visits"], "saved_query": ["weekly"]}.items():
            self.words[method] += more
        self.files["models/marts/other.yml"] = {"version": 2, "exposures": exposures, "semantic_models": [semantic], "metrics": metrics, "saved_queries": queries}
        spine = {"name": "spine", "time_spine": {"standard_granularity_column": "day"}, "columns": [{"name": "day", "granularity": "day"}]}
        self.files["models/spine.yml"] = {"version": 2, "models": [spine]}
        self.files["models/spine.sql"] = "select 1 as day"
        plain = [name for name in names if any(path.endswith(f"/{name}.sql") for path in self.files)]
        tests = [{"name": f"works_{name}", "model": name, "given": [], "expect": {"rows": [{"id": 1}]}, "config": {"tags": self.some(TAGS, 1)}} for name in self.some(plain, 2)]
        if tests:
            self.files["models/unit.yml"] = {"version": 2, "unit_tests": tests}
            self.words["unit_test"] += [tests[0]["name"], f"shop.{tests[0]['name']}"]
            self.words["test_name"].append(tests[0]["name"])
        self.files["tests/compare.sql"] = " union all ".join(f"select id from {{{{ {read} }}}}" for read in self.draw.sample(self.readable, 2))
        self.files["analyses/look.sql"] = f"{{{{ config(tags=['core']) }}}} select * from {{{{ {call(self.readable)} }}}}"
        self.words["fqn"] += ["compare", "look", "unique_*", "board_0", "works_*", "weekly", "shop.analysis.look", "spine"]

    def selectors(self):
        entries = []
        for number in range(4):
            entries.append({"name": f"chosen_{number}", "definition": self.definition(2, entries)})
            self.words["selector"].append(f"chosen_{number}")
        if self.chance(0.2):
            entries[0]["default"] = self.draw.choice([True, "{{ target.name == 'duckdb' }}", "{{ var('nothing', false) }}"])
        self.words["selector"].append("chosen_*")
        self.files["selectors.yml"] = {"selectors": entries}

    def definition(self, depth, defined):
        form = self.draw.randrange(7) if depth else self.draw.randrange(4)
        if form < 5:
            method, value = self.pair([method for method in self.words if method != "selector"])
            if form == 0:
                return f"{method}:{value}" + self.draw.choice(["", "+", "+1"])
            if form == 1:
                return {method: value if self.chance(0.8) else "{{ '" + value + "' }}"}
            definition = {"method": method, "value": value}
            for key, share in {"parents": 0.3, "children": 0.3, "childrens_parents": 0.1}.items():
                definition |= {key: True} if self.chance(share) else {}
            if definition.get("childrens_parents"):
                definition.pop("children", None)
            definition |= {"children_depth": 1} if self.chance(0.2) else {}
            definition |= {"exclude": [self.definition(0, defined)]} if self.chance(0.2) else {}
            definition |= {"indirect_selection": self.draw.choice(["eager", "cautious", "empty", "buildable"])} if self.chance(0.2) else {}
            return definition
        if form == 5 and defined and self.chance(0.5):
            return {"method": "selector", "value": self.draw.choice(defined)["name"]}
        parts = [self.definition(depth - 1, defined) for _ in range(self.draw.randrange(1, 4))]
        if self.chance(0.4):
            parts.append({"exclude": [self.definition(depth - 1, defined)]})
        return {self.draw.choice(["union", "intersection"]): parts}

    def pair(self, methods):
        method = self.draw.choice(methods)
        return method, self.draw.choice(self.words[method] or ["never"])

    def word(self):
        method, value = self.pair(["fqn"] * 8 + list(self.words))
        bare = {"fqn", "file"} if "." in value else {"fqn"}
        text = value if (method in bare or (method == "path" and "/" in value)) and self.chance(0.7) else f"{method}:{value}"
        before = self.draw.choice(["", "", "", "+", "1+", "2+", "@"])
        after = "" if before == "@" else self.draw.choice(["", "", "", "+", "+1", "+2"])
        return before + text + after

    def words_of_flag(self):
        words = [",".join(self.word() for _ in range(self.draw.choice([1, 1, 1, 2, 2, 3]))) for _ in range(self.draw.choice([1, 1, 2, 3]))]
        return words

    def selection(self):
        """{flag: words}"""
        flags = {}
        if self.chance(0.9):
            flags["--select"] = self.words_of_flag()
        if self.chance(0.35):
            flags["--exclude"] = self.words_of_flag()
        if self.chance(0.1):
            flags["--selector"] = [self.draw.choice(self.words["selector"][:-1])]
        return flags


def arguments(flags):
    return [text for flag, words in flags.items() for text in (flag, *words)]


def outcome(project, flags, state=None):
    """What dbt chooses and what batchwright chooses: sets of unique ids, or texts of refusals."""
    extra = [*arguments(flags), *(["--state", str(state)] if state else [])]
    lines = project.list("duckdb", "--output", "json", "--output-keys", "unique_id", "resource_type", *extra)
    if isinstance(lines, Failure):
        theirs = str(lines)
    else:
        nodes = [json.loads(line) for line in lines]
        kinds = KINDS if flags.get("--select") or flags.get("--selector") else {"model"}
        theirs = {node["unique_id"] for node in nodes if node["resource_type"] in kinds}
    process = batchwright("list", project, "duckdb", "--json", *extra)
    ours = {json.loads(line)["unique_id"] for line in process.stdout.splitlines()} if process.returncode == 0 else process.stderr
    return theirs, ours


def same(theirs, ours):
    if isinstance(theirs, str) or isinstance(ours, str):
        return (isinstance(theirs, str) or not theirs) and (isinstance(ours, str) or not ours)
    return theirs == ours


def smaller_flags(flags):
    for flag, words in flags.items():
        if len(flags) > 1:
            yield {key: value for key, value in flags.items() if key != flag}
        for index, word in enumerate(words):
            if len(words) > 1:
                yield {**flags, flag: words[:index] + words[index + 1 :]}
            parts = word.split(",")
            for at, part in enumerate(parts):
                if len(parts) > 1:
                    yield {**flags, flag: [*words[:index], ",".join(parts[:at] + parts[at + 1 :]), *words[index + 1 :]]}
                bare = part.lstrip("@+0123456789").rstrip("0123456789").rstrip("+")
                if bare and bare != part:
                    yield {**flags, flag: [*words[:index], ",".join([*parts[:at], bare, *parts[at + 1 :]]), *words[index + 1 :]]}


def shrink(files, flags):
    """A smaller selection, then fewer files, that still differ."""

    def differs(files, flags):
        with Project(files) as project:
            return not same(*outcome(project, flags))

    tries = 80
    shrinking = True
    while shrinking and tries > 0:
        shrinking = False
        for candidate in smaller_flags(flags):
            tries -= 1
            if tries > 0 and differs(files, candidate):
                flags, shrinking = candidate, True
                break
    for path in sorted(files):
        tries -= 1
        fewer = {key: text for key, text in files.items() if key != path}
        if tries > -60 and differs(fewer, flags):
            files = fewer
    return files, flags


def past(draw, manifest, folder):
    """A folder with the results of an earlier run."""
    ids = sorted(manifest.nodes)
    statuses = ["success", "error", "skipped", "fail", "pass"]
    result = {"timing": [], "thread_id": "t", "execution_time": 0, "adapter_response": {}, "message": None, "failures": None, "compiled": None}
    result |= {"compiled_code": None, "relation_name": None}
    results = [{**result, "unique_id": unique_id, "status": draw.choice(statuses)} for unique_id in draw.sample(ids, len(ids) // 2)]
    schema = "https://schemas.getdbt.com/dbt/run-results/v6.json"
    metadata = {"dbt_schema_version": schema, "dbt_version": "1.12.0", "generated_at": "2024-01-01T00:00:00Z", "invocation_id": "i", "env": {}}
    (folder / "run_results.json").write_text(json.dumps({"metadata": metadata, "results": results, "elapsed_time": 0, "args": {}}))
    manifest.write(str(folder / "manifest.json"))


def changed(draw, files):
    """The project a day later: some models have another text, other settings, or are new."""
    files = dict(files)
    models = [path for path in files if path.startswith("models/") and path.endswith(".sql")]
    for path in draw.sample(models, 2):
        files[path] += "\n-- changed"
    files["models/marts/fresh.sql"] = "select 1 as id"
    return files


def main():
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 14
    projects = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    report, empty, refused = Report("selection"), 0, 0
    for number in range(seed, seed + projects):
        draw = random.Random(number)
        drawn = Drawn(draw)
        with Project(drawn.files) as project, tempfile.TemporaryDirectory(prefix="batchwright-state-") as state:
            manifest = project.parse("duckdb")
            if isinstance(manifest, Failure):
                raise SystemExit(f"seed {number}: dbt refuses the project: {manifest}")
            past(draw, manifest, pathlib.Path(state))
            project.manifest = manifest
            for _ in range(SELECTIONS):
                flags = drawn.selection()
                theirs, ours = outcome(project, flags)
                report.case()
                empty, refused = empty + (theirs == set()), refused + isinstance(theirs, str)
                if not same(theirs, ours):
                    files, flags = shrink(drawn.files, flags)
                    with Project(files) as small:
                        show(report, number, files, flags, *outcome(small, flags))
            project.manifest = None
            for path, text in changed(draw, drawn.files).items():
                file = project.folder / path
                file.write_text(json.dumps(text, indent=1) if isinstance(text, dict) else text)
            for word in ["state:modified", "state:new", "state:old", "state:unmodified+", "state:modified.body", "result:error+", "1+result:success", "result:fail"]:
                flags = {"--select": [word, *drawn.some(["tag:daily", "shop.marts"], 1)]}
                theirs, ours = outcome(project, flags, state)
                report.case()
                if not same(theirs, ours):
                    show(report, number, drawn.files, flags, theirs, ours)
    print(f"seeds {seed} to {seed + projects - 1}: {projects} projects; dbt selected nothing {empty} times and refused {refused} times")
    return report.end()


def show(report, number, files, flags, theirs, ours):
    parts = [f"seed {number}: {' '.join(arguments(flags))}", f"  dbt:         {shown(theirs, ours)}", f"  batchwright: {shown(ours, theirs)}"]
    if len(files) < 9:
        parts += [f"  {path}: {json.dumps(text)}" for path, text in files.items()]
    report.differs(f"{number} {' '.join(arguments(flags))}", "\n".join(parts))


def shown(one, other):
    if isinstance(one, str):
        return one[:400]
    only = sorted(one - other) if isinstance(other, set) else sorted(one)
    return f"{len(one)} nodes" + (f", alone: {' '.join(only)}" if only else "")


if __name__ == "__main__":
    sys.exit(main())
