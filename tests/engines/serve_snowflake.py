"""fakesnow, Snowflake's dialect on DuckDB: runs a file or a query for each line of JSON.

    python serve_snowflake.py

A file stops at its first failing statement and has its own session, as with `snow sql -f`.
"""

import contextlib
import warnings
from decimal import Decimal

import fakesnow
import snowflake.connector
from serving import serve
from statements import statements

warnings.simplefilter("ignore")


@contextlib.contextmanager
def session(database):
    connection = snowflake.connector.connect(database=database, schema="public")
    cursor = connection.cursor()
    try:
        yield cursor
    finally:
        # Ends the transaction of a failed file.
        with contextlib.suppress(Exception):
            cursor.execute("rollback")
        connection.close()


def run(database, sql):
    with session(database) as cursor:
        for _, statement in statements(sql):
            cursor.execute(statement.strip())


def rows(database, query):
    with session(database) as cursor:
        return [tuple(map(number, row)) for row in cursor.execute(query).fetchall()]


def number(value):
    """Sums of integers are integers, as in Snowflake."""
    return int(value) if isinstance(value, (float, Decimal)) and value == value.__trunc__() else value


with fakesnow.patch():
    serve(run, rows)
