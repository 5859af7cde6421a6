"""The server loop of the scripts: reads a line of JSON for each file or query and answers with a line of JSON."""

import json
import os
import sys

# Output of libraries must not mix with the answers.
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)


def serve(run, rows):
    """`run(database, sql)` runs a file up to its first failing statement; `rows(database, query)` returns tuples."""
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if "query" in request:
                answer = {"rows": ["|".join(map(text, row)) for row in rows(request["database"], request["query"])]}
            else:
                run(request["database"], request["sql"])
                answer = {}
        except Exception as error:
            answer = {"error": str(error)}
        print(json.dumps(answer), file=answers, flush=True)


def text(value):
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    # All times are in UTC, so the zone is dropped.
    return str(value.replace(tzinfo=None)) if hasattr(value, "tzinfo") else str(value)
