"""Sail, Spark SQL with real Delta Lake tables: runs a file or a query for each line of JSON.

    python serve_sail.py FOLDER

Each database is a session with its own catalog. A file stops at its first failing statement.
"""

import os
import socket
import subprocess
import sys
import time

from serving import serve
from statements import as_text, complete_insert, statements

from pyspark.sql.connect.session import SparkSession

folder = sys.argv[1]
with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]
command = [os.path.join(sys.prefix, "bin/sail"), "spark", "server", "--ip", "127.0.0.1", "--port", str(port)]
server = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
while True:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        break
    except OSError:
        time.sleep(0.1)
sessions = {}


def session(database):
    if database not in sessions:
        sessions[database] = fresh = SparkSession.builder.remote(f"sc://127.0.0.1:{port}/;user_id={database}").create()
        fresh.conf.set("spark.sql.session.timeZone", "UTC")
        fresh.conf.set("spark.sql.warehouse.dir", os.path.join(folder, database))
        fresh.conf.set("spark.sql.sources.default", "delta")
    return sessions[database]


def columns(spark, table):
    """The values of columns that an insert does not name: null, or 0 for counts, which are not nullable here."""
    return {field.name: "null" if field.nullable else "0" for field in spark.table(table).schema}


def run(database, sql):
    spark = session(database)
    for _, statement in statements(sql):
        spark.sql(complete_insert(statement.strip(), lambda table: columns(spark, table))).collect()


def rows(database, query):
    return as_text(session(database).sql(query))


serve(run, rows)
server.kill()
server.wait()
# At a normal exit the library retries a request to the stopped server for ten minutes.
os._exit(0)
