"""Runs files in order with Snowflake's client `snow` on fakesnow, then runs a query.

    python run_snowflake.py --snow PATH --fakesnow PATH --seconds N [--query SQL] FILE...

Prints the query's rows as CSV without a header. Exits 1 with the client's message when a file fails. After an error within a
transaction, the client retries on fakesnow without end: after N seconds the file counts as failed.
"""

import argparse
import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time

arguments = argparse.ArgumentParser()
arguments.add_argument("--snow", required=True)
arguments.add_argument("--fakesnow", required=True)
arguments.add_argument("--seconds", type=float, required=True)
arguments.add_argument("--query")
arguments.add_argument("files", nargs="+")
arguments = arguments.parse_args()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def server(port, log):
    """Runs a fakesnow server."""
    process = subprocess.Popen([arguments.fakesnow, "-s", "-p", str(port)], stdout=log, stderr=log)
    try:
        for _ in range(600):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            if process.poll() is not None:
                sys.exit("fakesnow has ended before it listened")
            time.sleep(0.1)
        else:
            sys.exit("fakesnow does not listen after a minute")
        yield
    finally:
        process.kill()
        process.wait()


def snow(port, home, *options):
    connection = "--temporary-connection --host 127.0.0.1 --protocol http --account fakesnow --user u --database shop --schema public"
    # `&name` and `<% %>` in the SQL are text, not the client's templates.
    command = [arguments.snow, "sql", *connection.split(), "--port", str(port), "--enable-templating", "NONE", *options]
    environment = {**os.environ, "HOME": home, "SNOWFLAKE_PASSWORD": "p"}
    try:
        return subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=arguments.seconds
        )
    except subprocess.TimeoutExpired:
        return None


with tempfile.TemporaryDirectory() as home, open(os.path.join(home, "log"), "w+") as log:
    port = free_port()
    with server(port, log):
        # One call for all files, because the client takes seconds to start.
        done = snow(port, home, *(part for path in arguments.files for part in ("-f", path)))
        if done is None or done.returncode != 0:
            log.seek(0)
            errors = [line for line in log if "Error" in line or "Exception" in line]
            print(f"snow {'timed out' if done is None else 'failed'}", file=sys.stderr)
            print(done.stdout[-600:] + done.stderr if done else "".join(errors[:1]), file=sys.stderr)
            sys.exit(1)
        if arguments.query:
            result = snow(port, home, "--format", "csv", "-q", arguments.query)
            if result is None or result.returncode != 0:
                sys.exit(f"the query failed: {result and result.stderr}")
            print("\n".join(result.stdout.splitlines()[1:]))
