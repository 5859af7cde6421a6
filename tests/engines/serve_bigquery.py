"""bqemulator, GoogleSQL on DuckDB: runs a file as one script, or a query, for each line of JSON.

    python serve_bigquery.py

Each database is a project.
"""

import os
import socket
import subprocess
import sys
import time

import duckdb_extensions
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery
from serving import serve

# From a package, because DuckDB would download it.
duckdb_extensions.import_extension("spatial")
with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]
command = [os.path.join(sys.prefix, "bin/bqemulator"), "start", "--rest-port", str(port), "--grpc-port", "0", "--log-level", "error"]
server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
while True:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        break
    except OSError:
        time.sleep(0.1)


def execute(database, sql):
    options = ClientOptions(api_endpoint=f"http://127.0.0.1:{port}")
    client = bigquery.Client(database, credentials=AnonymousCredentials(), client_options=options)
    return [tuple(row) for row in client.query(sql, retry=None, job_retry=None).result(retry=None)]


serve(execute, execute)
server.kill()
server.wait()
