"""Random projects: dbt and batchwright compile the same texts and name the same relations, or both refuse.

    projects.py             the projects of a CI run
    projects.py 500 3000    the 3,000 projects from seed 500 on; of more than 100 none is shrunk
    projects.py 1234 1      one project again, a difference shrunk for a minute
"""

import collections
import copy
import json
import re
import sys
import time

from project_generator import generate
from stubbed_dbt import Failure, Project, Report, batchwright, folded, rendered


#: Errors of dbt that are none here: it looks for the targets of `adapter.dispatch` in macros that nothing calls, too; and it fails by
#: itself where a hook is a text in one place and a dict in another, and where a version has a list over the model's single value.
#: Its naming macros get an object without a node's keys for the export of a saved query.
NOT_OURS = ["object of type 'NoneType' has no len()", "In dispatch: No macro named", "object does not support item assignment", "object is not iterable", "ExportConfig object' has no attribute"]

def main():
    first, count = [int(word) for word in [*sys.argv[1:], "0", "30"][:2]] if len(sys.argv) > 1 else (0, 30)
    report, kinds = Report("projects"), collections.Counter()
    for seed in range(first, first + count):
        adapter, files, variables, environment = generate(seed)
        difference, outcome = compare(adapter, files, variables, environment)
        report.case()
        kinds[outcome] += 1
        if difference:
            same = lambda smaller: likeness(compare(adapter, smaller, variables, environment)[0]) == likeness(difference)
            small = shrink(files, same, seconds=0 if count > 100 else 60 if count == 1 else 10)
            text = describe(adapter, small, variables, environment, *(compare(adapter, small, variables, environment)[0] or difference))
            report.differs(f"seed {seed}", f"seed {seed}: {text}\n")
            print(report.differences[f"seed {seed}"], flush=True)
    print(", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())))
    return report.end(complete=len(sys.argv) == 1)


def compare(adapter, files, variables, environment):
    """The difference as (kind, node, dbt's, batchwright's), empty if there is none; and how dbt ended."""
    with Project(files, variables, environment) as project:
        outcome = project.dbt(adapter, "compile")
        texts, process = rendered(project, adapter)
        if process.returncode not in (0, 2):
            return ("crash", None, "", process.stderr), "crash"
        if outcome.failure:
            not_ours = any(words in str(outcome.failure) for words in NOT_OURS)
            difference = () if process.returncode or not_ours else ("accepted", None, outcome.failure, "no error")
            return difference, "refused"
        nodes = {result.node.unique_id: result for result in outcome.result.results}
        models = {id: result for id, result in nodes.items() if result.node.resource_type == "model"}
        failed = {id for id, result in models.items() if str(result.status) != "success"}
        missing = [id for id, result in models.items() if path_of(result.node) not in texts]
        # dbt compiles an ephemeral model only for those who read it.
        if process.returncode and not failed and missing:
            return ("refused", missing[0], "compiled", process.stderr), "compiled"
        for id, result in sorted(models.items()):
            ours = texts.get(path_of(result.node))
            if id in failed:
                if ours is not None:
                    return ("accepted", id, result.message, ours), "failed"
                continue
            theirs = result.node.compiled_code
            if adapter == "clickhouse":
                # Its relations of CTEs have backticks, which change nothing.
                theirs = re.sub(r"`(__dbt__cte__\w+)`", r"\1", theirs)
            if adapter == "databricks" and ours is not None:
                # dbt writes its relations in lower case; `names on Databricks` of the table.
                theirs, ours = (re.sub("`[^`]*`|__dbt__cte__\\w+", lambda name: name[0].lower(), text) for text in (theirs, ours))
            if ours is None:
                # A reader of a broken model is left out.
                if not failed:
                    return ("missing", id, theirs, process.stderr), "compiled"
            elif theirs.strip() != ours.strip() and (folded(theirs) != folded(ours) or "dbt." not in result.node.raw_code):
                return ("text", id, theirs, ours), "compiled"
        listed = batchwright("list", project, adapter, "--json", "--select", "*")
        relations = {node["unique_id"]: node["relation"] for node in map(json.loads, listed.stdout.splitlines())}
        for id, result in sorted(nodes.items()):
            if result.node.resource_type in ("model", "seed", "snapshot") and not failed:
                theirs, ours = result.node.relation_name, relations.get(id)
                if adapter == "databricks" and theirs and ours:
                    theirs, ours = theirs.lower(), ours.lower()
                if theirs != ours:
                    return ("relation", id, theirs, ours), "compiled"
        return (), "failed" if failed else "compiled"


def path_of(node):
    """The file of `render --out` for a model."""
    return f"{node.package_name}/models/{node.path.removeprefix('models/')}"


def likeness(difference):
    """What a smaller project must share with a difference: its kind, and the beginning of the error."""
    if not difference:
        return None
    kind, _, theirs, ours = difference
    error = {"accepted": str(theirs), "refused": ours}.get(kind, "")
    return kind, "".join(letter for letter in error if letter.isalpha() or letter == " ")[:60]


def describe(adapter, files, variables, environment, kind, node, theirs, ours):
    lines = [f"{kind} {node or ''} on {adapter}, --vars {variables}, {environment}"]
    for path, text in sorted(files.items()):
        text = json.dumps(text) if isinstance(text, (dict, list)) else text
        lines += [f"  {path}:", *(f"    {line}" for line in text.splitlines())]
    lines += ["  dbt:", *(f"    {line}" for line in str(theirs).splitlines())]
    lines += ["  batchwright:", *(f"    {line}" for line in str(ours).splitlines())]
    return "\n".join(lines)


# Shrinking


def shrink(files, still_differs, seconds):
    """Takes files, keys and lines away as long as the project differs in the same way."""
    end = time.monotonic() + seconds
    progress = True
    while progress and time.monotonic() < end:
        progress = False
        for smaller in smaller_projects(files):
            if time.monotonic() > end:
                return files
            if still_differs(smaller):
                files, progress = smaller, True
                break
    return files


def smaller_projects(files):
    for path in sorted(files, key=lambda path: path == "dbt_project.yml"):
        if not path.endswith("dbt_project.yml"):
            yield {other: text for other, text in files.items() if other != path}
    packages = {"/".join(path.split("/")[:2]) for path in files if path.startswith("dbt_packages/")}
    for package in sorted(packages):
        yield {path: text for path, text in files.items() if not path.startswith(f"{package}/")}
    for path, text in sorted(files.items()):
        for smaller in smaller_values(text):
            yield {**files, path: smaller}


def smaller_values(value):
    if isinstance(value, dict):
        for key in value:
            if key not in ("name", "version", "profile", "v", "tables"):
                yield {other: copy.deepcopy(item) for other, item in value.items() if other != key}
        for key, item in value.items():
            for smaller in smaller_values(item):
                yield {**value, key: smaller}
    elif isinstance(value, list):
        for nth in range(len(value)):
            yield value[:nth] + value[nth + 1 :]
        for nth, item in enumerate(value):
            for smaller in smaller_values(item):
                yield value[:nth] + [smaller] + value[nth + 1 :]
    elif isinstance(value, str) and "\n" in value.strip():
        lines = value.splitlines(keepends=True)
        for nth in range(len(lines)):
            yield "".join(lines[:nth] + lines[nth + 1 :])


if __name__ == "__main__":
    sys.exit(main())
