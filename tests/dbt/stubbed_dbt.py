"""The real dbt-core and its real adapters in this process, with stubbed connections: what the oracles compare batchwright with.

    from stubbed_dbt import Project, batchwright
    project = Project({"models/a.sql": "select 1 as a"})
    project.compile("postgres")["model.shop.a"]         # the text that dbt compiles, or a Failure
    batchwright("render", project, "postgres")          # what the binary prints

No statement reaches a warehouse: each is recorded and answered with an empty result. Relations do not exist unless `EXISTING`
holds them. Projects do not share state, except for caches of parsed text, which make a project of a few models cost about 0.1 s.
Import this module before anything of dbt.
"""

import contextlib
import functools
import importlib
import io
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import types
from dataclasses import dataclass, field
from unittest.mock import MagicMock

os.environ.update(DBT_SEND_ANONYMOUS_USAGE_STATS="false", DBT_VERSION_CHECK="false", DO_NOT_TRACK="1")


def _stub_clients():
    """dbt-spark wants PyHive for the method `thrift`; no connection is opened, so empty modules do."""
    for name in ("TCLIService", "TCLIService.ttypes", "pyhive", "pyhive.exc", "pyhive.hive"):
        module = types.ModuleType(name)
        module.__path__ = []
        module.__getattr__ = _exception
        sys.modules[name] = module
        parent, _, child = name.rpartition(".")
        if parent:
            setattr(sys.modules[parent], child, module)


def _exception(name):
    if name.startswith("__"):
        raise AttributeError(name)
    return type(name, (Exception,), {})


_stub_clients()

import agate  # noqa: E402
import dbt.deprecations  # noqa: E402
from dbt.adapters.base.connections import BaseConnectionManager  # noqa: E402
from dbt.adapters.base.impl import BaseAdapter  # noqa: E402
from dbt.adapters.contracts.connection import AdapterResponse, ConnectionState  # noqa: E402
from dbt.cli.main import dbtRunner  # noqa: E402
from dbt_common.events.contextvars import get_node_info  # noqa: E402
from dbt_common.tests import enable_test_caching  # noqa: E402

ADAPTERS = ["duckdb", "postgres", "snowflake", "bigquery", "redshift", "spark", "databricks", "clickhouse", "trino"]

#: The profile `stub`, with a target per adapter.
OUTPUTS = {
    "duckdb": {"path": ":memory:"},
    "postgres": {"host": "localhost", "port": 5432, "user": "u", "password": "p", "dbname": "analytics"},
    "snowflake": {"account": "a", "user": "u", "password": "p", "role": "r", "database": "ANALYTICS", "warehouse": "WH"},
    "bigquery": {"method": "oauth", "project": "analytics-project", "dataset": "analytics", "location": "US"},
    "redshift": {"host": "x.y.us-east-1.redshift.amazonaws.com", "port": 5439, "user": "u", "password": "p", "dbname": "analytics"},
    "spark": {"method": "thrift", "host": "localhost", "port": 10000, "user": "u"},
    "databricks": {"host": "x.cloud.databricks.com", "http_path": "/sql/1.0/warehouses/a", "token": "t", "catalog": "main"},
    "clickhouse": {"host": "localhost", "port": 8123, "user": "default", "password": "", "use_lw_deletes": True},
    "trino": {"method": "none", "host": "localhost", "port": 8080, "user": "u", "database": "hive"},
}


def profile(adapters=ADAPTERS, schema="analytics"):
    """The text of a `profiles.yml` that dbt and batchwright read alike; JSON is YAML."""
    outputs = {}
    for adapter in adapters:
        outputs[adapter] = {"type": adapter, "schema": schema, "threads": 1, **OUTPUTS[adapter]}
        if adapter == "bigquery":
            outputs[adapter]["dataset"] = outputs[adapter].pop("schema")
    return json.dumps({"stub": {"target": adapters[0], "outputs": outputs}}, indent=1)


# Stubs

#: What dbt would have sent: (unique id of the node or None, method, text).
STATEMENTS = []
#: Relations that exist: (schema, identifier), lower case. `"*"` instead of a set: all of them.
EXISTING = set()
_lock = threading.Lock()


def _record(method, text):
    with _lock:
        STATEMENTS.append(((get_node_info() or {}).get("unique_id"), method, text or ""))


def _empty():
    return agate.Table([], column_names=[f"c{n}" for n in range(12)], column_types=[agate.Text()] * 12)


def _open(cls, connection):
    connection.state, connection.handle = ConnectionState.OPEN, MagicMock(name="handle")
    return connection


def _close(cls, connection):
    connection.state, connection.handle = ConnectionState.CLOSED, None
    return connection


def _exists(schema, identifier):
    return EXISTING == "*" or (str(schema).lower(), str(identifier).lower()) in EXISTING


def _get_relation(self, database=None, schema=None, identifier=None, *_, **__):
    _record("get_relation", f"{database}.{schema}.{identifier}")
    if not _exists(schema, identifier):
        return None
    return self.Relation.create(database=database, schema=schema, identifier=identifier, type="table", quote_policy=self.config.quoting)


def _stub_method(owner, name, make):
    """Replaces a method that `owner` defines itself, and keeps the marks by which dbt decides who may call it."""
    old = owner.__dict__.get(name)
    if old is None:
        return
    raw = getattr(old, "__func__", old)

    @functools.wraps(raw)
    def stub(self, *args, **kwargs):
        return make(self, *args, **kwargs)

    setattr(owner, name, stub)


def _answer(name, value):
    def method(self, *args, **_):
        _record(name, ", ".join(map(str, args)))
        return value() if callable(value) else value

    return method


@functools.cache
def _stub_adapter(adapter):
    plugin = importlib.import_module(f"dbt.adapters.{adapter}").Plugin
    for dependency in plugin.dependencies or []:
        _stub_adapter(dependency)
    response = AdapterResponse
    if adapter == "bigquery":
        response = importlib.import_module("dbt.adapters.bigquery.connections").BigQueryAdapterResponse

    def execute(self, sql, *args, **kwargs):
        _record("execute", sql)
        return response(_message="OK", rows_affected=0, code="OK"), _empty()

    def add_query(self, sql, *args, **kwargs):
        _record("add_query", sql)
        cursor = MagicMock(name="cursor", description=None, rowcount=0)
        cursor.fetchall.return_value, cursor.fetchone.return_value = [], None
        return self.get_if_exists() or MagicMock(), cursor

    for manager in plugin.adapter.ConnectionManager.__mro__:
        if not issubclass(manager, BaseConnectionManager):
            break
        own = manager.__dict__
        for name, stub in {"open": classmethod(_open), "close": classmethod(_close), "execute": execute, "add_query": add_query}.items():
            if name in own:
                setattr(manager, name, stub)
        for name, value in {"cancel_open": [], "begin": None, "commit": None, "rollback_if_open": None}.items():
            if name in own:
                setattr(manager, name, lambda self, *_, __value=value, **__: __value)
        for name in ("_rollback_handle", "_close_handle"):
            if name in own:
                setattr(manager, name, classmethod(lambda cls, connection: None))
    methods = {
        "get_relation": _get_relation,
        "get_columns_in_relation": _answer("get_columns_in_relation", list),
        "get_column_schema_from_query": _answer("get_column_schema_from_query", list),
        "list_schemas": _answer("list_schemas", list),
        "list_relations_without_caching": _answer("list_relations_without_caching", list),
        "check_schema_exists": _answer("check_schema_exists", True),
        "set_relations_cache": _answer("set_relations_cache", None),
        "expand_target_column_types": _answer("expand_target_column_types", None),
        "get_missing_columns": _answer("get_missing_columns", list),
        "verify_database": lambda self, *_: "",
    }
    for owner in plugin.adapter.__mro__:
        if not issubclass(owner, BaseAdapter):
            break
        for name, make in methods.items():
            _stub_method(owner, name, make)


def _stub_core():
    import dbt.task.compile
    import dbt.task.runnable
    from dbt.contracts.graph.nodes import Macro
    from dbt.contracts.graph.semantic_manifest import SemanticManifest
    from dbt.parser import manifest
    from dbt.parser.manifest import ManifestLoader

    enable_test_caching()
    # dbt makes the document of the semantic layer where it writes its artifacts, which the commands here do not.
    validate = SemanticManifest.validate
    SemanticManifest.validate = lambda self: self._get_pydantic_semantic_manifest() is not None and validate(self)
    # A model that fails leaves the others as they are.
    dbt.task.compile.CompileTask.raise_on_first_error = lambda self: False
    dbt.task.runnable.GraphRunnableTask._mark_dependent_errors = lambda self, *args, **kwargs: None
    ManifestLoader.write_manifest_for_partial_parse = lambda self: None
    docs_context = manifest.generate_runtime_docs_context

    def context_of(config, target, *others):
        # A text without Jinja needs no context. dbt makes one for each of its some 500 macros, which costs a fifth of a small project.
        has_no_jinja = isinstance(target, Macro) and "{" not in f"{target.description}{[argument.description for argument in target.arguments]}"
        return {} if has_no_jinja else docs_context(config, target, *others)

    manifest.generate_runtime_docs_context = context_of


_stub_core()

# Projects


@dataclass
class Failure:
    """Why dbt refuses a project or a model."""

    message: str

    def __str__(self):
        return f"error: {self.message}"


@dataclass
class Outcome:
    """How a dbt command ended."""

    success: bool
    result: object
    exception: object
    #: What dbt would have sent to the warehouse, in order.
    statements: list = field(default_factory=list)
    #: What dbt printed.
    output: str = ""

    @property
    def failure(self):
        return Failure(str(self.exception)) if self.exception else None


class Project:
    """A dbt project in a folder of its own, for dbt and for batchwright. `files` maps paths to texts; without a `dbt_project.yml`
    it gets one, named `shop`. A `dict` as text is written as JSON, which is YAML."""

    def __init__(self, files, variables=None, environment=None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="batchwright-dbt-"))
        self.variables, self.environment = variables, environment or {}
        #: A parsed manifest that commands use instead of parsing.
        self.manifest = None
        files = {"dbt_project.yml": {"name": "shop", "version": "1.0", "profile": "stub"}, "profiles.yml": profile(), **files}
        for path, text in files.items():
            file = self.folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(text, indent=1) if isinstance(text, (dict, list)) else text, encoding="utf-8", newline="")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.remove()

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def variable_arguments(self):
        if self.variables is None:
            return []
        return ["--vars", self.variables if isinstance(self.variables, str) else json.dumps(self.variables)]

    def dbt(self, adapter, command, *arguments):
        """Runs a dbt command in this process."""
        _stub_adapter(adapter)
        dbt.deprecations.reset_deprecations()
        where, target = os.getcwd(), tempfile.mkdtemp(prefix="batchwright-dbt-target-")
        STATEMENTS.clear()
        options = ["--quiet", "--log-level-file", "none", "--no-partial-parse", "--no-write-json", "--no-populate-cache", "--no-use-colors"]
        folders = ["--project-dir", str(self.folder), "--profiles-dir", str(self.folder), "--target", adapter, "--target-path", target]
        try:
            with changed_environment(self.environment), contextlib.redirect_stdout(io.StringIO()) as output:
                outcome = dbtRunner(manifest=self.manifest).invoke([*options, command, *folders, *self.variable_arguments(), *arguments])
        finally:
            os.chdir(where)
            shutil.rmtree(target, ignore_errors=True)
        return Outcome(outcome.success, outcome.result, outcome.exception, list(STATEMENTS), output.getvalue())

    def parse(self, adapter):
        """dbt's manifest, or the Failure."""
        outcome = self.dbt(adapter, "parse")
        return outcome.failure or outcome.result

    def compile(self, adapter, *arguments):
        """{unique id: compiled text, or the Failure of this node}, or one Failure for the project."""
        outcome = self.dbt(adapter, "compile", *arguments)
        if outcome.failure:
            return outcome.failure
        nodes = {}
        for result in outcome.result.results:
            compiled = getattr(result.node, "compiled_code", None)
            nodes[result.node.unique_id] = compiled if str(result.status) == "success" else Failure(result.message or "")
        return nodes

    def list(self, adapter, *arguments):
        """The lines that `dbt ls` prints, or the Failure."""
        outcome = self.dbt(adapter, "list", *arguments)
        return outcome.failure or list(outcome.result or [])

    @contextlib.contextmanager
    def contexts(self, adapter, unique_id):
        """Renders texts in a model's context, as dbt does when it parses and when it compiles the model: yields
        `render(text, execute=True)`, which gives the text or a Failure."""
        from dbt.adapters.factory import adapter_management, register_adapter
        from dbt.clients.jinja import get_rendered
        from dbt.config import RuntimeConfig
        from dbt.context.providers import generate_parser_model_context, generate_runtime_model_context
        from dbt.context.context_config import ContextConfig
        from dbt.mp_context import get_mp_context
        from dbt.parser.manifest import ManifestLoader

        manifest = self.parse(adapter)
        if isinstance(manifest, Failure):
            raise RuntimeError(manifest)
        where = os.getcwd()
        with changed_environment(self.environment), adapter_management():
            config = RuntimeConfig.from_args(self._flags(adapter))
            register_adapter(config, get_mp_context())
            manifest = ManifestLoader.get_full_manifest(config)
            node = manifest.nodes[unique_id]
            # dbt refuses a `ref()` that it did not see when it parsed the model.
            node.depends_on.nodes = [name for name in [*manifest.nodes, *manifest.sources] if name != unique_id]

            def render(text, execute=True):
                # What an earlier text read is not this one's.
                node.refs.clear()
                node.sources.clear()
                try:
                    if execute:
                        context = generate_runtime_model_context(node, config, manifest)
                        return get_rendered(text, context, node)
                    context = generate_parser_model_context(
                        node, config, manifest, ContextConfig(config, node.fqn, node.resource_type, config.project_name)
                    )
                    return get_rendered(text, context, node, capture_macros=True)
                except Exception as error:
                    return Failure(str(getattr(error, "msg", error)))

            try:
                yield render
            finally:
                os.chdir(where)

    def _flags(self, adapter):
        from dbt.cli.flags import Flags
        from dbt.cli.main import cli
        from dbt.flags import set_flags

        folders = ["--project-dir", str(self.folder), "--profiles-dir", str(self.folder), "--target", adapter]
        arguments = ["--quiet", "--no-partial-parse", "compile", *folders, *self.variable_arguments()]
        outer = cli.make_context(cli.name, arguments)
        name, command, rest = cli.resolve_command(outer, [*outer._protected_args, *outer.args])
        flags = Flags(command.make_context(name, rest, parent=outer))
        set_flags(flags)
        return flags


@contextlib.contextmanager
def changed_environment(values):
    """`os.environ` with `values`, until the block ends."""
    before = dict(os.environ)
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


# batchwright


def batchwright(command, project, adapter, *arguments, now=None):
    """Runs the binary of the tests on a project: a `CompletedProcess` with texts."""
    binary = os.environ["BATCHWRIGHT"]
    folders = ["--project-dir", str(project.folder), "--profiles-dir", str(project.folder), "--target", adapter]
    clock = ["--now", now] if now else []
    return subprocess.run(
        [binary, command, *folders, *project.variable_arguments(), *clock, *arguments],
        env={**os.environ, **project.environment},
        capture_output=True,
        text=True,
        check=False,
    )


def rendered(project, adapter, *arguments):
    """{path below the package's folder, as `render --out` writes it: text}, and the process."""
    out = pathlib.Path(tempfile.mkdtemp(prefix="batchwright-dbt-out-"))
    try:
        process = batchwright("render", project, adapter, "--out", str(out), *arguments)
        return {str(file.relative_to(out)): file.read_bytes().decode("utf-8") for file in out.rglob("*") if file.is_file()}, process
    finally:
        shutil.rmtree(out, ignore_errors=True)


def folded(text):
    """A text with each run of white space as one blank: macros of dbt and ours differ in their line breaks."""
    return " ".join(text.split())


# Deliberate differences

_TABLE = pathlib.Path(__file__).resolve().parents[2] / "src" / "jinja" / "README.md"


def deliberate(oracle):
    """{key: reason} of the rows of an oracle in `src/jinja/README.md`: `| oracle | `key` | dbt | batchwright | why |`."""
    rows = {}
    for line in _TABLE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip().replace("\\|", "|") for cell in line.strip().strip("|").replace("\\|", "\0").replace("|", "\1").replace("\0", "\\|").split("\1")]
        if len(cells) == 5 and cells[0] == oracle:
            rows[cells[1].strip("`")] = cells[4]
    return rows


class Report:
    """Collects differences of an oracle, compares them with the table, and decides the exit code. `known` lists faults that are open:
    each key is a reason, and is printed with the number of its cases."""

    def __init__(self, oracle, known=()):
        self.oracle, self.count, self.differences = oracle, 0, {}
        self.table, self.seen = deliberate(oracle), set()
        self.known = dict.fromkeys(known, 0)

    def case(self):
        self.count += 1

    def differs(self, key, message):
        """A difference with the key by which the table can list it."""
        if key in self.table:
            self.seen.add(key)
        elif key in self.known:
            self.known[key] += 1
        else:
            self.differences[key] = message

    def end(self, complete=True):
        """Prints the report, and gives the exit code. A listed difference that does not occur any more is a failure too, where the
        cases are complete."""
        gone = sorted(set(self.table) - self.seen) if complete else []
        fixed = [key for key, count in self.known.items() if not count] if complete else []
        for message in self.differences.values():
            print(message)
        for key in gone:
            print(f"listed in src/jinja/README.md, but dbt and batchwright agree: {key}")
        for key in fixed:
            print(f"listed as known, but dbt and batchwright agree: {key}")
        for key, count in self.known.items():
            if count:
                print(f"known and open, {count} cases: {key}")
        summary = f"{len(self.differences)} differences, {len(self.seen)} deliberate, {sum(self.known.values())} cases known and open"
        print(f"{self.oracle}: {self.count} cases, {summary}")
        return 1 if self.differences or gone or fixed else 0
