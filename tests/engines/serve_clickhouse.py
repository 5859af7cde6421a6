"""ClickHouse in this process: runs a file or a query for each line of JSON and answers with a line of JSON.

    python serve_clickhouse.py FOLDER

A file stops at its first failing statement, as `clickhouse client` does.
"""

import sys

from serving import serve
from statements import statements

from chdb import session

clickhouse = session.Session(sys.argv[1])
for setting in (
    "data_type_default_nullable = 1",
    "cast_keep_nullable = 1",
    "default_table_engine = 'MergeTree'",
    "create_table_empty_primary_key_by_default = 1",
    "mutations_sync = 1",
    "fsync_metadata = 0",
    # A zone other than UTC: windows must not depend on the session's zone.
    "session_timezone = 'America/New_York'",
):
    clickhouse.query(f"set {setting}")


def run(_, sql):
    for _, statement in statements(sql):
        clickhouse.query(statement)


def rows(_, query):
    text = clickhouse.query(query, "TSV").data()
    return [row.replace("\\N", "null").split("\t") for row in text.splitlines()]


serve(run, rows)
clickhouse.close()
