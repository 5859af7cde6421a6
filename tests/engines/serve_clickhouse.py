"""ClickHouse in this process: runs a file, or asks a query, for each line of JSON, and answers with a line of JSON.

    python serve_clickhouse.py FOLDER

A file stops at its first failing statement, as `clickhouse client` does.
"""

import json
import os
import sys

from chdb import session
from statements import statements

# What the library itself prints must not come between the answers.
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)

clickhouse = session.Session(sys.argv[1])
for setting in (
    "data_type_default_nullable = 1",
    "cast_keep_nullable = 1",
    "default_table_engine = 'MergeTree'",
    "create_table_empty_primary_key_by_default = 1",
    "mutations_sync = 1",
    "fsync_metadata = 0",
    # No window may depend on where the server or the client is.
    "session_timezone = 'America/New_York'",
):
    clickhouse.query(f"set {setting}")


def answer(question):
    try:
        if "query" in question:
            text = clickhouse.query(question["query"], "TSV").data()
            return {"rows": [row.replace("\\N", "null").replace("\t", "|") for row in text.splitlines()]}
        with open(question["file"]) as file:
            for _, statement in statements(file.read()):
                clickhouse.query(statement)
        return {}
    except Exception as refused:
        return {"said": str(refused)}


for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), file=answers, flush=True)
clickhouse.close()
