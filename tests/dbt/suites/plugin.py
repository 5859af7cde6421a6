"""A pytest plugin that runs dbt's own functional tests with batchwright in dbt's place.

`run_dbt` is replaced: `seed`, `run`, `build`, `list`, `compile` and `retry` are done by batchwright, everything else (`test`, `snapshot`,
`docs` ...) by dbt. The assertions of a suite judge the tables. A call that batchwright has no counterpart for skips its test.

`BATCHWRIGHT` names the binary, `SUITES_REPORT` a file that gets a JSON line for each test. With `SUITES_CONTROL` dbt does all: the control.
"""

import json
import os
import shutil
import subprocess
import types
from contextlib import contextmanager

import dbt.tests.util as util
import engines
import pytest
from arguments import NotApplicable, event_time_flags, parse
from dbt.adapters.factory import FACTORY
from dbt.contracts.results import RunStatus
from dbt.exceptions import DbtProjectError, DbtReferenceError, InvalidAccessTypeError, ParsingError
from dbt_common.exceptions import CompilationError, DbtDatabaseError

BATCHWRIGHT = os.environ.get("BATCHWRIGHT", "batchwright")
PLAN = "target/batchwright/manifest.json"
RESULTS = "target/batchwright.run_results.json"
OURS = ("run", "seed", "build", "list", "ls", "compile", "retry", "parse")

real = types.SimpleNamespace(run_dbt=util.run_dbt, capture=util.run_dbt_and_capture, manifest=util.get_manifest, time=util.patch_microbatch_end_time)
state = types.SimpleNamespace(raising=0, now=None, last=None)


class Refused(DbtReferenceError, InvalidAccessTypeError, CompilationError, ParsingError, DbtProjectError, DbtDatabaseError):
    """What batchwright refuses: any of the exceptions that a test expects of dbt."""

    def __init__(self, text):
        Exception.__init__(self, text)
        self.text = self.msg = text
        self.node = None

    def __str__(self):
        return self.text

    @property
    def type(self):
        return "batchwright"


class Node:
    """The parts of dbt's node that tests look at, from `list --json` and the manifest."""

    def __init__(self, entry, flags):
        self.unique_id = entry["unique_id"]
        self.resource_type, self.package_name, *names = self.unique_id.split(".")
        self.name = entry.get("name") or names[0]
        self.relation_name = entry.get("relation") or ""
        parts = [part.strip('"`') for part in self.relation_name.split(".")]
        self.identifier = self.alias = parts[-1] or self.name
        self.schema = parts[-2] if len(parts) > 1 else None
        self.database = parts[-3] if len(parts) > 2 else None
        self.path = self.original_file_path = entry.get("path")
        self.config = types.SimpleNamespace(materialized=entry.get("materialized"), get=lambda key, default=None: entry.get(key, default))
        self.flags = flags

    @property
    def compiled_code(self):
        return call(["render", "-s", self.name, *self.flags]).stdout


class Result:
    """The parts of dbt's result of a node that tests look at."""

    def __init__(self, node, status, message, batches=None):
        self.node = node
        self.status = {"success": RunStatus.Success, "skipped": RunStatus.Skipped}.get(status, RunStatus.Error)
        self.skipped = status == "skipped"
        self.message = message
        self.unique_id = node.unique_id
        self.failures = None
        self.adapter_response = {}
        self.batch_results = batches
        self.execution_time = 0.1


class Results(list):
    """The results of a command; the container of them as well."""

    args = {}
    text = ""

    @property
    def results(self):
        return self


def call(arguments):
    done = subprocess.run([BATCHWRIGHT, *arguments], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=300)
    print(f"\n$ batchwright {' '.join(arguments)}\n{done.stdout}{done.stderr}[exit {done.returncode}]")
    return done


def release():
    """Closes dbt's connections: a DuckDB file belongs to one process at a time. dbt reads the relations again afterwards."""
    for adapter in list(FACTORY.adapters.values()):
        adapter.cleanup_connections()
        adapter.cache.clear()
    engines.close()


def now():
    import freezegun.api

    if state.now:
        return ["--now", state.now]
    if freezegun.api.freeze_factories:
        import datetime

        return ["--now", datetime.datetime.now().strftime("%Y-%m-%dT%H:%M:%S")]
    return []


def selection(request):
    select = ["-s", *request.select] if request.select else []
    return select + (["--exclude", *request.exclude] if request.exclude else [])


def listed(request):
    flags = [flag for flag in request.flags if flag != "--full-refresh"]
    done = call(["list", "--json", *flags, *now(), *selection(request)])
    return done, [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def relation_exists(relation):
    try:
        util.run_sql_with_adapter(list(FACTORY.adapters.values())[0], f"select 1 from {relation} limit 1", fetch="one")
        return True
    except Exception:
        return False


def in_project(request, path):
    flags = request.flags
    return os.path.join(flags[flags.index("--project-dir") + 1] if "--project-dir" in flags else ".", path)


def compile_plan(request):
    """Compiles a plan. dbt fills a table that is missing from `begin` until now, and looks into the warehouse for that; here bounds say it."""
    arguments = ["compile", *request.flags, *now(), *selection(request)]
    planned = call(arguments)
    if planned.returncode == 2 or "--full-refresh" in request.flags or event_time_flags(request.flags):
        return planned
    with open(in_project(request, PLAN)) as file:
        plan = json.load(file)
    missing = [model["microbatch"]["begin"] for model in plan["models"] if model.get("microbatch") and not relation_exists(model["relation"])]
    if not missing:
        return planned
    bounds = ["--event-time-start", min(missing), "--event-time-end", state.now or plan["request"]["now"]]
    request.flags = [*request.flags, *bounds]
    return call([*arguments, *bounds])


def run_plan(request, command):
    flags = request.flags
    kept = [word for flag in engines.PROFILE_FLAGS if flag in flags for word in (flag, flags[flags.index(flag) + 1])]
    done = call([command, *kept, *(["-x"] if request.fail_fast else []), *engines.client()])
    results = in_project(request, RESULTS)
    journal = {}
    if os.path.exists(results):
        with open(results) as file:
            journal = {entry["unique_id"]: entry for entry in json.load(file)["results"]}
        shutil.copy(results, in_project(request, "target/run_results.json"))
    return done, journal


def build(request, expect_pass):
    """Compiles the selection and runs the plan."""
    _, entries = listed(request)
    wanted = {entry["unique_id"]: entry for entry in entries}
    state.last = request
    planned = compile_plan(request)
    results = Results()
    results.text = planned.stdout + planned.stderr
    if planned.returncode == 2:
        if "selects nothing" in results.text and results.text.count("error: ") == 1:
            assert expect_pass is not False, "batchwright selects nothing"
            return results
        if state.raising or expect_pass is not False:
            raise Refused(results.text)
    passed = planned.returncode == 0
    plan, journal = {"models": [], "steps": []}, {}
    if planned.returncode != 2 and os.path.exists(in_project(request, PLAN)):
        with open(in_project(request, PLAN)) as file:
            plan = json.load(file)
    if plan["steps"]:
        release()
        done, journal = run_plan(request, "run")
        passed = passed and done.returncode == 0
        results.text += done.stdout + done.stderr
    models = {model["unique_id"]: model for model in plan["models"]}
    for unique_id in [*models, *(other for other in wanted if other not in models)]:
        entry = {**wanted.get(unique_id, {"unique_id": unique_id}), **models.get(unique_id, {})}
        if entry.get("materialized") == "ephemeral":
            continue
        node = Node(entry, [flag for flag in request.flags if flag != "--full-refresh"])
        ran = journal.get(unique_id)
        if ran:
            status = {"pass": "success"}.get(ran.get("status"), ran.get("status"))
            results.append(Result(node, status, ran.get("message") or status, ran.get("batch_results")))
        elif unique_id in models:
            results.append(Result(node, "skipped", "not run"))
        else:
            results.append(Result(node, "error", results.text))
    judge(passed, expect_pass, results.text)
    return results


def judge(passed, expect_pass, text):
    if state.raising and not passed:
        raise Refused(text)
    if expect_pass is not None:
        assert passed == expect_pass, f"dbt exit state did not match expected (batchwright)\n{text}"


def build_all(request, arguments, expect_pass):
    """`dbt build`: seeds and models by batchwright, then tests by dbt."""
    if not request.select and "--selector" not in request.flags:
        kinds = [kind for kind in ("seed", "model") if listed(types.SimpleNamespace(flags=request.flags, select=[f"resource_type:{kind}"], exclude=[]))[1]]
        request.select = [f"resource_type:{kind}" for kind in kinds]
    built = build(request, None) if request.select or "--selector" in request.flags else Results()
    tests = real.run_dbt(["test", *(word for word in arguments if word not in ("build", "--full-refresh", "-f"))], expect_pass=None)
    built += list(getattr(tests, "results", tests) or [])
    if expect_pass is not None:
        statuses = [str(getattr(result.status, "value", result.status)) for result in built]
        passed = all(status in ("success", "pass", "skipped", "warn") for status in statuses)
        assert passed == expect_pass, f"dbt exit state did not match expected (batchwright build): {statuses}\n{built.text}"
    return built


def list_nodes(request, arguments, expect_pass):
    """dbt's list, where batchwright lists the same models, seeds and snapshots."""
    kinds = [kind for kind in ("model", "seed", "snapshot") if kind not in request.excluded_types]
    kinds = [kind for kind in kinds if not request.types or kind in request.types]
    release()
    output = real.run_dbt(arguments, expect_pass=expect_pass)
    if not kinds:
        return output
    entries = real.run_dbt([*request.list_words, "--output", "json", "--output-keys", "unique_id", "resource_type"], expect_pass=None) or []
    theirs = sorted(entry["unique_id"] for entry in map(json.loads, entries) if entry["resource_type"] in kinds)
    if not request.select and "--selector" not in request.flags:
        request.select = [f"resource_type:{kind}" for kind in kinds if any(node.startswith(f"{kind}.") for node in theirs)]
    if not theirs:
        return output
    done, entries = listed(request)
    if done.returncode == 2:
        raise Refused(done.stdout + done.stderr)
    ours = sorted(entry["unique_id"] for entry in entries if entry["unique_id"].split(".")[0] in kinds)
    assert ours == theirs, f"batchwright lists {ours}, dbt {theirs}"
    return output


def render(request):
    """`dbt compile`: every selected model is rendered."""
    done, entries = listed(request)
    if done.returncode == 2 and "selects nothing" not in done.stderr:
        raise Refused(done.stdout + done.stderr)
    flags = [flag for flag in request.flags if flag != "--full-refresh"]
    results = Results()
    for entry in entries:
        node = Node(entry, flags)
        if node.resource_type == "model":
            rendered = call(["render", "-s", node.name, *flags])
            if rendered.returncode:
                raise Refused(rendered.stdout + rendered.stderr)
        results.append(Result(node, "success", "success"))
    return results


def retry(expect_pass):
    """Compiles the plan of the last command again, since a test changes the model in between, and continues its run."""
    request = state.last
    with open(in_project(request, PLAN)) as file:
        at = json.load(file)["request"]["now"]
    planned = call(["compile", *request.flags, *(["--now", at] if at else []), *selection(request)])
    release()
    done, _ = run_plan(request, "retry")
    results = Results()
    results.text = planned.stdout + planned.stderr + done.stdout + done.stderr
    judge(planned.returncode == 0 and done.returncode == 0, expect_pass, results.text)
    return results


def run_dbt(args=None, expect_pass=True, callbacks=None):
    arguments = [str(word) for word in (args if args is not None else ["run"])]
    command = next((word for word in arguments if word in OURS), None)
    if command == "retry" and not (state.last and os.path.exists(in_project(state.last, PLAN))):
        command = None
    if command is None:
        release()
        return real.run_dbt(arguments, expect_pass=expect_pass, callbacks=callbacks)
    try:
        request = parse(arguments)
    except NotApplicable as reason:
        if command == "parse":
            return real.run_dbt(arguments, expect_pass=expect_pass, callbacks=callbacks)
        pytest.skip(f"not applicable: {reason}")
    if command in ("list", "ls"):
        return list_nodes(request, arguments, expect_pass)
    if command == "compile":
        return render(request)
    if command == "retry":
        return retry(expect_pass)
    if command == "build":
        return build_all(request, arguments, expect_pass)
    if command == "parse":
        # An error that a test expects must be batchwright's own; where it expects none, batchwright must have none.
        done = call(["compile" if state.raising or expect_pass is False else "list", *request.flags, *now()])
        if done.returncode == 2 and not any(words in done.stderr for words in ("selects nothing", "no model is selected")):
            raise Refused(done.stdout + done.stderr)
        return real.run_dbt(arguments, expect_pass=expect_pass, callbacks=callbacks)
    if command == "seed":
        request.select = [f"{words},resource_type:seed" for words in request.select] or ["resource_type:seed"]
    return build(request, expect_pass)


def run_dbt_and_capture(args=None, expect_pass=True):
    arguments = list(args) if args else ["run"]
    if not any(word in OURS for word in arguments):
        release()
        return real.capture(args, expect_pass=expect_pass)
    results = run_dbt(args, expect_pass=expect_pass)
    return results, getattr(results, "text", "")


def get_manifest(project_root):
    release()
    real.run_dbt(["parse"], expect_pass=None)
    return real.manifest(project_root)


@contextmanager
def patch_microbatch_end_time(text):
    before, state.now = state.now, text.replace(" ", "T")
    try:
        with real.time(text):
            yield
    finally:
        state.now = before


def count_expected_exceptions():
    """Within `pytest.raises` a failure is raised, as dbt raises it."""
    from _pytest.raises import RaisesExc

    enter, leave = RaisesExc.__enter__, RaisesExc.__exit__

    def __enter__(self):
        state.raising += 1
        return enter(self)

    def __exit__(self, kind, value, trace):
        state.raising -= 1
        return leave(self, kind, value, trace)

    RaisesExc.__enter__, RaisesExc.__exit__ = __enter__, __exit__


if not os.environ.get("SUITES_CONTROL"):
    util.run_dbt = run_dbt
    util.run_dbt_and_capture = run_dbt_and_capture
    util.get_manifest = get_manifest
    util.patch_microbatch_end_time = patch_microbatch_end_time
    count_expected_exceptions()


def is_of_package(test_class):
    """Whether a class of an adapter's tests adds nothing to classes of dbt-tests-adapter, which run with that package."""
    names = [name for name in vars(test_class) if not name.startswith("__") and name != "pytestmark"]
    return not names and all(base.__module__.startswith("dbt.tests.adapter.") for base in test_class.__bases__)


def pytest_collection_modifyitems(items):
    if os.environ["SUITES_SUITE"] != engines.engine():
        items[:] = [item for item in items if item.cls is None or not is_of_package(item.cls)]


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    state.last = None


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if report.when != "call" and report.outcome == "passed":
        return
    reason = str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else str(call.excinfo.value) if call.excinfo else ""
    entry = {"test": report.nodeid, "when": report.when, "outcome": report.outcome, "reason": reason[-4000:], "output": report.capstdout[-4000:]}
    with open(os.environ["SUITES_REPORT"], "a") as file:
        file.write(json.dumps(entry) + "\n")
