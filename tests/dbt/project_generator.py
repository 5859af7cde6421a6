"""Small random dbt projects. The same seed gives the same project: `generate(seed)` returns the adapter, the files, `--vars` and the
environment. Names come from small pools, so that packages, kinds of nodes and macros collide."""

import random

from project_lines import LINES, NODE, OTHERS
from semantic_generator import SemanticGenerator
from stubbed_dbt import ADAPTERS

PACKAGES = ["shop", "tools", "extra"]
FOLDERS = ["", "stage/", "marts/", "marts/deep/"]
VARIABLES = ["v1", "v2", "v3", "v4"]


def generate(seed):
    return Generator(seed).project()


class Generator:
    def __init__(self, seed):
        self.random = random.Random(seed)
        # Random values from this generator do not change the nodes of a seed.
        self.more = random.Random(f"more {seed}")
        self.adapter = self.random.choice(ADAPTERS)
        self.files = {}
        # (package, name, version) of what `ref()` may mean, in an order without cycles.
        self.nodes = []
        self.sources = []

    def chance(self, probability):
        return self.random.random() < probability

    def pick(self, items):
        return self.random.choice(items)

    def some(self, items, probability):
        return [item for item in items if self.chance(probability)]

    def project(self):
        packages = ["shop", *self.some(["tools", "extra"], 0.6)]
        self.packages = packages
        for package in reversed(packages):
            self.package(package)
        if packages[1:]:
            self.put("shop", "packages.yml", {"packages": [{"local": f"../{package}"} for package in packages[1:]]})
        variables = self.variables() if self.chance(0.3) else None
        environment = {"BW_E1": "from the environment", "BW_E2": "2"} if self.chance(0.5) else {}
        return self.adapter, self.files, variables, environment

    def put(self, package, path, text):
        self.files[path if package == "shop" else f"dbt_packages/{package}/{path}"] = text

    def package(self, package):
        self.project_file(package)
        self.macros(package)
        self.entries = {"models": [], "seeds": [], "snapshots": [], "sources": []}
        self.source_entries(package)
        self.seeds(package)
        self.models(package)
        self.snapshots(package)
        self.other_entries(package)
        self.semantic_entries(package)
        files = [{}, {}] if self.chance(0.3) else [{}]
        for kind, entries in self.entries.items():
            for entry in entries:
                self.pick(files).setdefault(kind, []).append(entry)
        for nth, entries in enumerate(files):
            if entries:
                folder = self.pick(FOLDERS)
                self.put(package, f"models/{folder}properties_{nth}.yml", {"version": 2, **entries})

    # dbt_project.yml

    def project_file(self, package):
        project = {"name": package, "version": "1.0", "profile": "stub"}
        if self.chance(0.6):
            variables = self.variables()
            for other in self.some(self.packages, 0.4):
                variables[other] = self.variables()
            project["vars"] = variables
        for kind in ["models", "seeds", "snapshots", "sources"]:
            if self.chance(0.5 if kind == "models" else 0.2):
                project[kind] = self.tree(kind, package)
            # Kinds and packages share names, so most projects keep them in schemas of their own.
            if kind != "sources" and self.chance(0.97):
                project.setdefault(kind, {}).setdefault(package, {}).setdefault("+schema", f"{package}_{kind}")
        if package == "shop":
            # dbt-clickhouse always quotes all names.
            if self.chance(0.25) and self.adapter != "clickhouse":
                project["quoting"] = {part: self.chance(0.5) for part in self.some(["database", "schema", "identifier"], 0.5)}
            if self.chance(0.3):
                namespaces = [*self.packages, "dbt", "house"]
                others = lambda: self.random.sample(self.packages[1:], self.random.randint(0, len(self.packages) - 1))
                order = lambda: self.random.sample(["shop", *others(), "dbt"], k=2) if self.chance(0.05) else [*others(), "shop", "dbt"]
                project["dispatch"] = [{"macro_namespace": name, "search_order": order()} for name in self.some(namespaces, 0.4)]
            if self.chance(0.15):
                project["flags"] = {"require_ref_searches_node_package_before_root": self.chance(0.7)}
        self.put(package, "dbt_project.yml", project)

    def tree(self, kind, package):
        tree = self.configs(kind, plus=True)
        for name in self.some(self.packages if package == "shop" else [package], 0.6):
            tree[name] = self.configs(kind, plus=True)
            for folder in self.some(["stage", "marts"], 0.4):
                tree[name][folder] = self.configs(kind, plus=True)
                if folder == "marts" and self.chance(0.4):
                    tree[name][folder]["deep"] = self.configs(kind, plus=True)
            if self.chance(0.2):
                tree[name][self.pick("abcd")] = self.configs(kind, plus=True)
        return tree

    def configs(self, kind, plus=False, call=False, few=0.14):
        """Settings, as `dbt_project.yml` (with `+` or without), a properties file or a `config()` call spells them."""
        if kind == "sources":
            known = {"enabled": lambda: self.truth(plus), "meta": self.meta, "event_time": lambda: "at"}
        else:
            known = {
                "schema": lambda: self.text(call, ["one", "two"]),
                "tags": lambda: self.pick(["x", ["x"], ["y", "z"], []]),
                "meta": self.meta,
                "enabled": lambda: self.truth(not call),
                "custom": lambda: self.value(),
                "persist_docs": lambda: {"relation": self.chance(0.5), "columns": True},
                "grants": lambda: {self.pick(["select", "+select"]): self.pick(["ann", ["bob"], ["ann", "cy"]])},
                "pre-hook": lambda: self.pick(["select 1", ["select 2", "select 3"], "select '{{ this }}'"]),
                "post_hook": lambda: self.pick(["select 4", {"sql": "select 5", "transaction": False}]),
                "docs": lambda: {"show": self.chance(0.5)},
                "quoting": lambda: {"identifier": self.chance(0.5)},
                "column_types": lambda: {"id": self.pick(["integer", "bigint"])},
                "full_refresh": lambda: self.chance(0.5),
            }
            if kind == "models":
                known |= {
                    "materialized": lambda: self.pick(["view", "table", "ephemeral", "ephemeral", "incremental"]),
                    "on_schema_change": lambda: self.pick(["ignore", "fail"]),
                    "unique_key": lambda: self.pick(["id", ["id", "at"]]),
                    "event_time": lambda: "at",
                    "lookback": lambda: self.pick([2, 3]),
                    "access": lambda: "protected",
                }
            if kind == "seeds":
                known |= {"quote_columns": lambda: self.chance(0.5)}
        if call:
            known = {key.replace("-", "_"): value for key, value in known.items()}
        settings = {}
        for key in self.some(list(known), few):
            value = known[key]()
            needs_plus = isinstance(value, dict) or self.chance(0.8)
            # In properties dbt renders a hook under the name with a dash while it parses, where it does not know `this`.
            key = "pre_hook" if not plus and "this" in str(value) else key
            if key.endswith("hook") and "this" not in str(value) and self.more.random() < 0.3:
                key = key.translate({ord("-"): "_", ord("_"): "-"}) if not call else key
            settings[f"+{key}" if plus and needs_plus else key] = value
        return settings

    def truth(self, jinja):
        texts = [
            "{{ target.type == '" + self.pick([self.adapter, "other"]) + "' | as_bool }}",
            "{{ (target.name != 'prod') | as_bool }}",
            "{{ var('on', true) }}",
            "{{ 'True' | as_bool() }}",
            "{{ env_var('BW_E3', 'True') | as_native }}",
            "{{ target.schema == 'analytics' | as_text }}",
        ]
        return self.pick(texts) if jinja and self.chance(0.4) else self.chance(0.75)

    def text(self, plain, words):
        texts = ["{{ target.name }}_x", "{{ var('v1', 'd') }}", "{{ env_var('BW_E1', 'e') | replace(' ', '_') }}", "{{ target.schema }}"]
        return self.pick(words) if plain or self.chance(0.6) else self.pick(texts)

    def value(self):
        return self.pick(["one", "two", 1, 2.5, True, False, ["a", "b"], {"k": "v", "n": [1]}, "{{ target.name }}", "it's"])

    def has_databases(self):
        """These adapters refuse a relation with a database."""
        return self.adapter not in ("spark", "clickhouse")

    def variables(self):
        """A version as text, since it becomes part of a name."""
        return {name: self.pick(["one", "two", "{{ target.name }}"]) if name == "v1" else self.value() for name in self.some(VARIABLES, 0.5)}

    def meta(self):
        return {key: self.value() for key in self.some(["owner", "mask", "level"], 0.6)}

    # Macros

    def macros(self, package):
        texts = []
        # Dispatch that finds nothing refuses the project, so that is rare.
        certain = package == "shop" and not self.chance(0.05)
        if certain:
            texts += [f"{{% macro default__{name}(x) %}}shop's {name} {{{{ x }}}}{{% endmacro %}}" for name in ["greet", "label", "shout"]]
        for name in self.some(["greet", "label", "shout"], 1 if certain else 0.6):
            body = [f"'{package} {name} {{{{ x }}}}'", "{{ return(x ~ '!') }}", "{{ var('v2', 'none') }} {{ x }}", "{{ model.name }} {{ x }}"]
            if self.chance(0.5):
                if not certain:
                    texts.append(f"{{% macro default__{name}(x) %}}{package} {name} {{{{ x }}}}{{% endmacro %}}")
                namespace = self.pick(["", f", '{package}'", ", 'house'", ", 'dbt'", ", macro_namespace='tools'"])
                texts.append(f"{{% macro {name}(x) %}}{{{{ return(adapter.dispatch('{name}'{namespace})(x)) }}}}{{% endmacro %}}")
            else:
                texts.append(f"{{% macro {name}(x) %}}{self.pick(body)}{{% endmacro %}}")
        for name in self.some(["greet", "label", "shout"], 0.5):
            for prefix in self.some(["default", self.adapter, "postgres"], 0.5):
                text = f"{{% macro {prefix}__{name}(x) %}}{package} {prefix} {name} {{{{ x }}}}{{% endmacro %}}"
                if not any(f"macro {prefix}__{name}(" in known for known in texts):
                    texts.append(text)
        for name in self.some(["generate_schema_name", "generate_alias_name", *(["generate_database_name"] if self.has_databases() else [])], 0.12):
            texts.append(self.naming(package, name))
        overrides = {
            "ref": "{% macro ref() %}{{ return(builtins.ref(*varargs, **kwargs)) }}{% endmacro %}",
            "source": "{% macro source(a, b) %}{{ return(builtins.source(a, b)) }}{% endmacro %}",
            "type_string": f"{{% macro {self.pick(['', 'default__'])}type_string() %}}{package}_text{{% endmacro %}}",
            "concat": f"{{% macro {self.pick(['', 'default__', self.adapter + '__'])}concat(fields) %}}{package}({{{{ fields | join(', ') }}}}){{% endmacro %}}",
        }
        texts += [overrides[name] for name in self.some(list(overrides), 0.08)]
        self.random.shuffle(texts)
        half = self.random.randint(0, len(texts))
        for nth, part in enumerate([texts[:half], texts[half:]]):
            if part:
                self.put(package, f"macros/m{nth}.sql", "\n\n".join(part) + "\n")

    def naming(self, package, name):
        part = name.split("_")[1]
        usual = {"schema": "{{ target.schema }}", "alias": "{{ node.name }}", "database": "{{ target.database }}"}[part]
        body = self.pick([
            f"{{{{ custom or '{package}' }}}}",
            "{{ custom | trim if custom else " + usual.strip("{} ") + " }}_" + package,
            "{{ node.name }}_{{ node.package_name }}_{{ node.resource_type }}",
            "{{ (node.config.meta.owner or node.fqn[-1]) | string | lower | replace(' ', '_') }}",
            "{{ var('v3', '" + package + "') }}",
            "{% if node.config.materialized == 'table' %}t_{% endif %}" + usual,
            "{{ node.tags | join('_') }}_" + usual,
            "{{ target.name }}{{ '_' ~ custom if custom }}{{ '_' ~ node.name if '" + part + "' == 'alias' }}",
        ])
        if self.more.random() < 0.3:
            body = usual + "_" + self.more.choice(NODE)
        prefix = self.pick(["", "", "default__"])
        return f"{{% macro {prefix}{name}(custom, node) %}}\n  {{%- if true -%}}{body}{{%- endif -%}}\n{{% endmacro %}}"

    # Nodes

    def source_entries(self, package):
        # Of two packages with one source, dbt takes the one that the file system lists first.
        for name in self.some(["raw", "crm"] if package != "extra" else ["erp"], 0.5):
            source = {"name": name, **self.identity(["schema", "database"])}
            if self.chance(0.3):
                source["config"] = self.configs("sources", few=0.3)
            elif self.chance(0.3):
                source["meta"] = self.meta()
            if self.chance(0.2) and self.adapter != "clickhouse":
                source["quoting"] = {part: self.chance(0.5) for part in self.some(["database", "schema", "identifier"], 0.5)}
            if self.chance(0.2):
                source["tags"] = ["s"]
            source["tables"] = []
            for table in self.some(["orders", "users"], 0.7):
                entry = {"name": table, **self.identity(["identifier"]), **({"columns": self.columns()} if self.chance(0.3) else {})}
                if self.chance(0.2):
                    entry["config"] = self.configs("sources", few=0.3)
                if self.chance(0.15) and self.adapter != "clickhouse":
                    entry["quoting"] = {"identifier": self.chance(0.5)}
                source["tables"].append(entry)
                self.sources.append((name, table))
            self.entries["sources"].append(source)

    def identity(self, keys):
        keys = [key for key in keys if key != "database" or self.has_databases()]
        # dbt-databricks writes relations in lower case, which is the same to the engine.
        return {key: self.text(False, ["other", "other" if self.adapter == "databricks" else "Mixed"]) for key in self.some(keys, 0.3)}

    def columns(self):
        columns = []
        for name in self.some(["id", "at", "email"], 0.6):
            column = {"name": name}
            if self.chance(0.4) and name != "at":
                column["data_type"] = self.pick(["integer", "text"])
            if self.chance(0.3):
                column["meta"] = self.meta()
            if self.chance(0.2):
                column["tags"] = self.some(["p", "q"], 0.6)
            if self.chance(0.3):
                column["config"] = {"meta": self.meta(), **({"tags": self.pick(["r", ["p"]])} if self.chance(0.5) else {})}
            if self.chance(0.2):
                column["quote"] = self.chance(0.5)
            if self.chance(0.2):
                column["constraints"] = [{"type": "not_null"}]
            if self.chance(0.2):
                column["description"] = self.pick(["a column", "{{ var('v1', 'x') }}"])
            if self.chance(0.1):
                column["own_key"] = self.value()
            columns.append(column)
        return columns

    def entry(self, kind, name):
        entry = {"name": name}
        if self.chance(0.7):
            entry["config"] = self.configs(kind)
        if self.chance(0.15) and "meta" not in entry.get("config", {}):
            entry["meta"] = self.meta()
        if self.chance(0.4):
            entry["columns"] = self.columns()
        if self.chance(0.2):
            entry["description"] = "a node"
        return entry

    def seeds(self, package):
        for name in self.some(["codes" if package == "shop" else f"{package}_codes", "a"], 0.25 if package == "shop" else 0.1):
            self.put(package, f"seeds/{name}.csv", "id,name\n1,x\n")
            self.nodes.append((package, name, None))
            if self.chance(0.5):
                self.entries["seeds"].append(self.entry("seeds", name))

    def models(self, package):
        names = {"shop": ["a", "b", "c", "d", "e", "f", "g"], "tools": ["a", "b", "t1", "t2", "t3"], "extra": ["c", "u1", "u2", "u3"]}[package]
        count = self.random.randint(1, 6 if package == "shop" else 3)
        for name in sorted(self.random.sample(names, count)):
            if self.chance(0.12):
                self.versions(package, name)
                continue
            if self.chance(0.5):
                entry = self.entry("models", name)
                self.entries["models"].append(entry)
                if self.chance(0.03):
                    self.entries["models"].append(entry)
            self.put(package, f"models/{self.pick(FOLDERS)}{name}.sql", self.body(package))
            self.nodes.append((package, name, None))
        if self.chance(0.08):
            self.entries[self.pick(["models", "seeds"])].append({"name": self.pick(["nothing", "codes", "a"])})

    def versions(self, package, name):
        entry = self.entry("models", name)
        versions = []
        for v in self.random.sample([1, 2, 3], self.random.randint(1, 2)):
            version = {"v": v, **({"config": self.configs("models")} if self.chance(0.4) else {})}
            file = f"{name}_v{v}"
            if self.chance(0.2):
                file = version["defined_in"] = f"{name}_file_{v}"
            if self.chance(0.3) and "columns" in entry:
                version["columns"] = [{"include": "all", "exclude": ["id"]}, *self.columns()[:1]]
            versions.append(version)
            if not self.chance(0.05):
                self.put(package, f"models/{self.pick(FOLDERS)}{file}.sql", self.body(package))
        entry["versions"] = versions
        if self.chance(0.4):
            entry["latest_version"] = versions[0]["v"]
        self.entries["models"].append(entry)
        self.nodes += [(package, name, None), (package, name, versions[0]["v"])]

    def snapshots(self, package):
        settings = {"unique_key": "id", "strategy": "check", "check_cols": "all"}
        if self.chance(0.2):
            name = self.pick(["history", "a"])
            more = {**settings, **({"target_schema": "snaps"} if self.chance(0.4) else {}), **self.configs("snapshots", call=True, few=0.08)}
            text = f"{{% snapshot {name} %}}\n{self.call(more)}\nselect * from {self.reference(package)}\n{{% endsnapshot %}}\n"
            self.put(package, "snapshots/s.sql", text)
            if self.chance(0.4):
                self.entries["snapshots"].append(self.entry("snapshots", name))
            self.nodes.append((package, name, None))
        if self.chance(0.1) and self.nodes:
            _, name, version = self.pick(self.nodes)
            if version is None:
                entry = {"name": "past", "relation": f"ref('{name}')", "config": {**settings, **self.configs("snapshots", few=0.08)}}
                self.entries["snapshots"].append(entry)

    def other_entries(self, package):
        """The other entries of the properties files."""
        if package != "shop":
            return
        if self.chance(0.2):
            self.entries["exposures"] = [{"name": "board", "type": "dashboard", "owner": {"email": "a@b.c"}}]
        if self.chance(0.2):
            self.entries["groups"] = [{"name": "finance", "owner": {"email": "a@b.c"}}]
        if self.chance(0.15):
            self.put(package, "models/alone.sql", "select 1 as id\n")
            rows = [{"id": 1}]
            self.entries["unit_tests"] = [{"name": "ut", "model": "alone", "given": [], "expect": {"rows": rows}}]

    def semantic_entries(self, package):
        """Exposures, groups, unit tests and the semantic layer, which share names with nodes and among packages."""
        draw = self.more
        chance = lambda share: draw.random() < share
        readable = [(of, name, version) for of, name, version in self.nodes if of in (package, "tools", "extra")]

        def config(few=0.3):
            known = {"enabled": draw.random() < 0.8, "tags": ["e"], "meta": {"owner": draw.choice(["ann", 1, None, "{{ target.name }}"])}}
            if chance(0.1):
                known["enabled"] = "{{ target.type == '" + draw.choice([self.adapter, "other"]) + "' }}"
            return {key: value for key, value in known.items() if chance(few)}

        def read():
            of, name, version = draw.choice(readable)
            more = f", v={version}" if version is not None else ""
            return f"ref('{name}'{more})" if of == package or chance(0.5) else f"ref('{of}', '{name}'{more})"

        kinds = {kind: [] for kind in ["exposures", "groups", "unit_tests", "semantic_models", "metrics", "saved_queries"]}
        for name in ["board", "a", "report"]:
            if chance(0.12):
                exposure = {"name": name, "type": draw.choice(["dashboard", "notebook", "ml"]), "owner": {"email": "a@b.c"}}
                exposure |= {"depends_on": [read() for _ in range(draw.randrange(3))]} if readable else {}
                if self.sources and chance(0.3):
                    source, table = draw.choice(self.sources)
                    exposure["depends_on"] = [f"source('{source}', '{table}')"]
                exposure |= {"config": config()} if chance(0.5) else {"meta": {"k": 1}, "tags": ["e"]}
                exposure |= {"maturity": "high", "url": "https://x.y", "label": "Board", "description": "{{ var('v1', 'x') }}"} if chance(0.4) else {}
                kinds["exposures"].append(exposure)
        if chance(0.15):
            group = f"{package}_people"
            kinds["groups"].append({"name": group, "owner": {"name": "ann"}, **({"config": {"meta": {"k": 1}}} if chance(0.3) else {})})
            for entry in self.entries["models"]:
                if chance(0.4) and isinstance(entry.get("config", {}), dict):
                    entry["config"] = {**entry.get("config", {}), "group": group}
                    if chance(0.3):
                        entry["config"]["access"] = draw.choice(["private", "public", "protected"])
        if chance(0.2):
            write = lambda path, text: self.put(package, f"models/{path}", text)
            for kind, entries in SemanticGenerator(draw, write, package).entries().items():
                kinds[kind] = [*kinds.get(kind, []), *entries]
        if chance(0.2):
            self.put(package, f"models/{package}_tested.sql", "select * from {{ ref('" + f"{package}_input" + "') }}\n")
            self.put(package, f"models/{package}_input.sql", "select 1 as id\n")
            given = [{"input": f"ref('{package}_input')", "rows": [{"id": 1}]}]
            test = {"name": draw.choice(["a", "works"]), "model": f"{package}_tested", "given": given, "expect": {"rows": [{"id": 1}]}}
            kinds["unit_tests"].append(test | ({"overrides": {"vars": {"v1": "x"}, "macros": {"is_incremental": True}}} if chance(0.3) else {}))
        for entry in self.entries["models"]:
            for column in entry.get("columns", []):
                tests = ["unique", {"not_null": {"config": {"severity": "warn", "tags": ["t"]}}}, {"accepted_values": {"arguments": {"values": [1, "b"]}}}]
                if chance(0.3):
                    column["data_tests"] = draw.sample(tests, draw.randint(1, 3))
        if chance(0.25):
            self.put(package, f"models/{package}_graph.sql", OTHERS)
        entries = {kind: entries for kind, entries in kinds.items() if entries}
        if entries:
            self.put(package, f"models/{draw.choice(FOLDERS)}entries.yml", {"version": 2, **entries})

    # Texts of models

    def call(self, settings):
        return "{{ config(" + ", ".join(f"{key}={value!r}" for key, value in settings.items()) + ") }}"

    def reference(self, package):
        if not self.nodes:
            return "one"
        of, name, version = self.pick(self.nodes)
        arguments = [repr(name)] if of == package or self.chance(0.5) else [repr(of), repr(name)]
        if version is not None:
            arguments.append(f"{self.pick(['v', 'version'])}={version}")
        return "{{ ref(" + ", ".join(arguments) + ") }}"

    def body(self, package):
        lines = []
        if self.chance(0.4):
            call = {**self.configs("models", call=True, few=0.1), "custom": self.value()}
            if self.chance(0.3):
                call["alias"] = self.pick(["x1", "x2", "x3", "x4"])
            if self.chance(0.12):
                call |= {"materialized": "incremental", "incremental_strategy": "microbatch", "event_time": "at", "begin": "2024-01-01", "batch_size": "day"}
            lines.append(self.call(call))
            if self.chance(0.1):
                lines.append(self.call({**self.configs("models", call=True, few=0.1), "custom": 2}))
        known = [line for line in LINES if self.has_databases() or "database='d'" not in line]
        lines += self.random.sample(known, self.random.randint(0, 3))
        lines.append("select 1 as id" if self.chance(0.4) else f"select * from {self.reference(package)}")
        lines += [f"join {self.reference(package)} using (id)" for _ in range(self.pick([0, 0, 1, 2])) if "from" in lines[-1]]
        if self.sources and self.chance(0.3):
            source, table = self.pick(self.sources)
            lines.append(f"union all select id from {{{{ source('{source}', '{table}') }}}}")
        return "\n".join(lines) + "\n"
