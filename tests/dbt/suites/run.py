"""Runs dbt's own test suites with batchwright in dbt's place: each class of the package dbt-tests-adapter on one engine, or an adapter's own tests.

    BATCHWRIGHT=target/debug/batchwright target/engines/dbt_suites/bin/python tests/dbt/suites/run.py duckdb [WORDS FOR PYTEST]
    BATCHWRIGHT=target/debug/batchwright target/engines/dbt_suites/bin/python tests/dbt/suites/run.py dbt-postgres [WORDS FOR PYTEST]

Every test passes, or stands in README.md with the reason. A test that fails and is not listed is a failure, as is a listed one that passes.
"""

import importlib
import inspect
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import engines

HERE = Path(__file__).resolve().parent
# The sections of README.md that list tests which do not pass.
SECTIONS = ["Deliberate", "Not yet", "Not applicable", "dbt fails too"]
# Suites of what batchwright has no command for.
LEFT_OUT = {"python_model", "dbt_clone", "dbt_debug", "dbt_show", "unit_testing", "simple_snapshot", "catalog_integrations", "functions", "empty"}


def suites():
    """The test classes of the package by suite, each a pair of module and name. A base whose child is in the same module is left to it."""
    import dbt.tests.adapter as package

    classes = {}
    root = Path(package.__path__[0])
    for file in sorted(root.rglob("*.py")):
        module = ".".join([package.__name__, *file.relative_to(root).with_suffix("").parts])
        if file.stem.startswith("__") or module.split(".")[3] in LEFT_OUT:
            continue
        for name, member in vars(importlib.import_module(module)).items():
            is_test = inspect.isclass(member) and member.__module__ == module and any(test.startswith("test_") for test in dir(member))
            if is_test and (name.startswith(("Base", "Test")) or "Mixin" not in name):
                classes[module, name] = member
    found = {}
    for (module, name), member in sorted(classes.items()):
        children = [other for (other_module, _), other in classes.items() if other_module == module and other is not member and member in other.__mro__]
        if not children or name.startswith("Test"):
            found.setdefault(module.split(".")[3], []).append((module, name))
    return found


def write(folder):
    """A test file for each suite, with a subclass of each class, so that each gets a separate project."""
    for suite, classes in suites().items():
        lines = ["# Written by run.py"]
        for module, name in classes:
            short = module.split(".")[-1].removeprefix("test_")
            lines += [f"from {module} import {name} as _{name}_{len(lines)}", f"class Test_{short}_{name}(_{name}_{len(lines)}):", "    pass"]
        (folder / f"test_{suite}.py").write_text("\n".join(lines) + "\n")
    (folder / "conftest.py").write_text(
        "import pytest, engines\n"
        'pytest_plugins = ["dbt.tests.fixtures.project"]\n'
        '@pytest.fixture(scope="class")\n'
        'def dbt_profile_target(tmp_path_factory):\n    return engines.profile(tmp_path_factory.mktemp("database"))\n'
    )
    (folder / "pytest.ini").write_text("[pytest]\nfilterwarnings = ignore\n")


def copy(package, folder):
    """The functional tests of an adapter's source package, without the files that are left out."""
    tests = HERE.parents[2] / "target/engines/dbt_sources" / package / "tests"
    shutil.copytree(tests, folder / "tests", ignore=shutil.ignore_patterns("unit"))
    functional = folder / "tests/functional"
    for left_out, _ in rows("Not run", package):
        path = functional / left_out
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    # Each class gets a database, as with dbt-tests-adapter: one that a failed test keeps open would fail the others.
    conftest = folder / "tests/conftest.py"
    conftest.write_text(conftest.read_text().replace('scope="session")\ndef dbt_profile_target(', 'scope="class")\ndef dbt_profile_target('))
    # A database in memory is of one process.
    for file in functional.rglob("*.py"):
        text = file.read_text()
        if '": ":memory:"' in text:
            file.write_text(text.replace('": ":memory:"', f'": "{folder}/memory.duckdb"'))
    (folder / "pytest.ini").write_text("[pytest]\nfilterwarnings = ignore\n")


def test_name(node):
    """The file, the class and the test of pytest's node."""
    path, *names = node.removesuffix("]").split("::")
    path = path.removesuffix(".py").removeprefix("tests/functional/")
    folders, _, file = path.rpartition("/")
    return " ".join([*folders.split("/")[1 if folders.startswith("adapter") else 0 :], file.removeprefix("test_"), *(name.removeprefix("Test_") for name in names)]).strip()


def rows(section, suite):
    """The rows of a section's table for a suite: the first cell, and the reason."""
    heading, cells_of = None, []
    for line in (HERE / "README.md").read_text().splitlines():
        heading = line.removeprefix("## ") if line.startswith("## ") else heading
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if heading == section and line.startswith("| `") and len(cells) == 3 and suite in cells[1].split():
            cells_of.append((cells[0].strip("`"), cells[2]))
    return cells_of


def known(suite):
    """The tests that do not pass: a pattern of tests, and the reason. `*` matches any text."""
    listed = [row for section in SECTIONS for row in rows(section, suite)]
    return {pattern: (re.compile(re.escape(pattern).replace(r"\*", ".*") + r"$"), reason) for pattern, reason in listed}


def main(suite, words):
    """Runs a suite: an engine's name is dbt-tests-adapter on it, an adapter's package the adapter's own tests."""
    engine = suite.removeprefix("dbt-")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        folder = Path(folder)
        os.environ["SUITES_ENGINE"] = engine
        if suite == engine:
            write(folder)
        else:
            copy(suite, folder)
        report = folder / "report.jsonl"
        with engines.server() as variables:
            environment = {
                **os.environ, **variables, "SUITES_ENGINE": engine, "SUITES_SUITE": suite, "SUITES_REPORT": str(report), "PYTHONPATH": str(HERE), "PYTHONDONTWRITEBYTECODE": "1",
                "DO_NOT_TRACK": "1", "TZ": "UTC",
            }  # fmt: skip
            pytest = [sys.executable, "-m", "pytest", "-p", "plugin", "-q", "--no-header", "--tb=short", "-p", "no:cacheprovider"]
            pytest += ["--profile=file"] if suite == "dbt-duckdb" else []
            pytest += [f"--basetemp={folder / 'base'}", *(words or ["."])]
            done = subprocess.run(pytest, cwd=folder, env=environment, capture_output=True, text=True)
        tests = {}
        for line in report.read_text().splitlines() if report.exists() else []:
            entry = json.loads(line)
            name = test_name(entry["test"])
            # An error at the end of a class does not make up for a failure in it.
            if tests.get(name, {}).get("outcome") != "failed":
                tests[name] = entry
        if not tests:
            print(done.stdout[-6000:], done.stderr[-3000:])
            return 1
        return judge(suite, tests, partial=bool(words))


def judge(suite, tests, partial):
    listed_tests = known(suite)
    used, wrong, count = set(), 0, Counter()
    for name, entry in sorted(tests.items()):
        listed = [pattern for pattern, (matches, _) in listed_tests.items() if matches.match(name)]
        used.update(listed)
        outcome = entry["outcome"]
        count[outcome if not listed else "listed"] += 1
        if outcome == "failed" and not listed:
            wrong += 1
            print(f"\nFAILED {name}\n{entry['output'][-2500:]}\n{entry['reason'][-2500:]}")
        elif outcome == "passed" and listed and "*" not in "".join(listed):
            wrong += 1
            print(f"\nPASSED {name}, which README.md lists: take the row out")
        elif outcome == "skipped" and not listed and "not applicable" in entry["reason"]:
            wrong += 1
            print(f"\nNOT APPLICABLE {name}: {entry['reason']}: list it in README.md")
    for pattern in listed_tests:
        if pattern not in used and not partial:
            wrong += 1
            print(f"\nNO TEST `{pattern}`, which README.md lists: take the row out")
    print(f"{suite}: {len(tests)} tests,", ", ".join(f"{number} {outcome}" for outcome, number in sorted(count.items())))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
