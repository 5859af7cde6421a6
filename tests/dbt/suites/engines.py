"""The engines of the suites: the profile that dbt's tests use, and the client that runs a plan's files."""

import contextlib
import glob
import os
import shutil
import socket
import subprocess
import sys
import tempfile

PROFILE_FLAGS = ("--profiles-dir", "--profile", "--target", "-t", "--vars", "--project-dir")
USER, DATABASE = "suites", "dbt"


def engine():
    return os.environ["SUITES_ENGINE"]


def profile(folder):
    """The target of the profile; `folder` is a test class's own."""
    if engine() == "duckdb":
        os.environ["SUITES_DATABASE"] = str(folder / "dbt.duckdb")
        return {"type": "duckdb", "threads": 1, "path": os.environ["SUITES_DATABASE"]}
    return {
        "type": "postgres", "threads": 4, "host": "localhost", "port": int(os.environ["SUITES_PORT"]), "user": USER, "pass": "password",
        "dbname": DATABASE,
    }  # fmt: skip


def client():
    if engine() == "duckdb":
        from dbt.adapters.factory import FACTORY

        # A test may run a plan before dbt has an adapter.
        databases = [adapter.config.credentials.path for adapter in FACTORY.adapters.values()]
        database = databases[0] if databases else os.environ["SUITES_DATABASE"]
        return ["--", sys.executable, os.path.abspath(__file__), database, "{file}"]
    address = ["-h", "localhost", "-p", os.environ["SUITES_PORT"], "-U", USER, "-d", DATABASE]
    return ["--", "psql", "-X", "-w", "-q", "-v", "ON_ERROR_STOP=1", *address]


def close():
    """Closes the one DuckDB database that dbt keeps open for a process."""
    if engine() == "duckdb":
        from dbt.adapters.duckdb.connections import DuckDBConnectionManager

        if DuckDBConnectionManager._ENV is not None:
            DuckDBConnectionManager._ENV.close()
            DuckDBConnectionManager._ENV = None


@contextlib.contextmanager
def server():
    """A PostgreSQL server of the suites' own, with the variables by which dbt's tests find it."""
    if engine() == "duckdb":
        yield {}
        return
    initdb = shutil.which("initdb") or max(glob.glob("/usr/lib/postgresql/*/bin/initdb"))
    programs = os.path.dirname(initdb)
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    # PostgreSQL refuses to run as root.
    as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        if as_user:
            shutil.chown(folder, "postgres")
        os.chmod(folder, 0o755)
        data = os.path.join(folder, "data")
        call = dict(check=True, stdout=subprocess.DEVNULL, cwd=folder)
        subprocess.run([*as_user, initdb, "-D", data, "-U", USER, "--auth=trust", "-E", "UTF8", "--locale=C", "--no-sync"], **call)
        options = f"-p {port} -k {folder} -c fsync=off -c listen_addresses=localhost -c max_connections=60"
        log = os.path.join(folder, "log")
        subprocess.run([*as_user, os.path.join(programs, "pg_ctl"), "-D", data, "-o", options, "-l", log, "-w", "start"], **call)
        try:
            subprocess.run(["psql", "-h", "localhost", "-p", str(port), "-U", USER, "-d", "postgres", "-qc", f"create database {DATABASE}"], check=True)
            users = {f"DBT_TEST_USER_{n}": f"dbt_test_user_{n}" for n in (1, 2, 3)}
            for user in users.values():
                subprocess.run(["psql", "-h", "localhost", "-p", str(port), "-U", USER, "-d", DATABASE, "-qc", f"create role {user}"], check=True)
            variables = {"POSTGRES_TEST_HOST": "localhost", "POSTGRES_TEST_PORT": str(port), "POSTGRES_TEST_USER": USER, "POSTGRES_TEST_PASS": "password"}
            yield {"SUITES_PORT": str(port), "POSTGRES_TEST_DATABASE": DATABASE, **variables, **users}
        finally:
            subprocess.run([*as_user, os.path.join(programs, "pg_ctl"), "-D", data, "-m", "immediate", "-w", "stop"], **call)


def run_file(path, file):
    """DuckDB's client for a plan's file. The command line client has no time zones, which dbt's tests use; the Python package has them."""
    import duckdb

    with duckdb.connect(path) as connection, open(file, encoding="utf-8") as text:
        connection.execute(text.read())


if __name__ == "__main__":
    try:
        run_file(*sys.argv[1:])
    except Exception as error:
        sys.exit(str(error))
