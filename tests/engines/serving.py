"""What the scripts that stay share: a line of JSON for each file or query, answered by a line of JSON."""

import json
import os
import sys

# What the libraries themselves print must not come between the answers.
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)


def serve(run, rows):
    """`run(database, sql)` runs a file up to its first failing statement; `rows(database, query)` gives tuples."""
    for line in sys.stdin:
        question = json.loads(line)
        try:
            if "query" in question:
                answer = {"rows": ["|".join(map(text, row)) for row in rows(question["database"], question["query"])]}
            else:
                run(question["database"], question["sql"])
                answer = {}
        except Exception as refused:
            answer = {"said": str(refused)}
        print(json.dumps(answer), file=answers, flush=True)


def text(value):
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    # Times of whatever zone are UTC's here.
    return str(value.replace(tzinfo=None)) if hasattr(value, "tzinfo") else str(value)
