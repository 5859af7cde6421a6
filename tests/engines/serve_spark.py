"""Spark in one process for all tests: runs a file, or asks a query, for each line of JSON, and answers with a line of JSON.

    python serve_spark.py FOLDER

A database is a session of its own. Its name says what its tables are: `iceberg…` is a catalog of Iceberg's, any other name is
a folder of parquet files. A file stops at its first failing statement, as `spark-sql -f` does.
"""

import glob
import json
import os
import sys

import snowpark_connect_deps_iceberg
from pyspark.sql import SparkSession
from pyspark.sql.functions import column
from statements import statements

answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)

folder = sys.argv[1]
jars = os.path.join(os.path.dirname(snowpark_connect_deps_iceberg.__file__), "jars", "iceberg-spark-runtime-3.5_2.12-*.jar")
configuration = {
    "spark.jars": glob.glob(jars)[0],
    "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
    "spark.sql.warehouse.dir": os.path.join(folder, "warehouse"),
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.shuffle.partitions": "1",
    "spark.default.parallelism": "1",
    "spark.ui.enabled": "false",
    "spark.sql.legacy.createHiveTableByDefault": "false",
    # As dbt leaves it: a statement that needs the other mode must not lean on this one.
    "spark.sql.sources.partitionOverwriteMode": "dynamic",
}
builder = SparkSession.builder.master("local[2]")
for name, value in configuration.items():
    builder = builder.config(name, value)
spark = builder.getOrCreate()
spark.sparkContext.setLogLevel("OFF")
sessions = {}


def session(database):
    if database not in sessions:
        sessions[database] = fresh = spark.newSession()
        for name, value in configuration.items():
            if name.startswith("spark.sql.") and name not in ("spark.sql.extensions", "spark.sql.warehouse.dir"):
                fresh.conf.set(name, value)
        if database.startswith("iceberg"):
            fresh.conf.set(f"spark.sql.catalog.{database}", "org.apache.iceberg.spark.SparkCatalog")
            fresh.conf.set(f"spark.sql.catalog.{database}.type", "hadoop")
            fresh.conf.set(f"spark.sql.catalog.{database}.warehouse", os.path.join(folder, database))
            fresh.sql(f"use {database}")
    return sessions[database]


def answer(question):
    try:
        sql = session(question["database"]).sql
        if "query" in question:
            found = sql(question["query"])
            # Times as text in the session's time zone: as values they would be shown in this process's.
            names = [f"c{number}" for number in range(len(found.columns))]
            rows = found.toDF(*names).select(*(column(name).cast("string") for name in names)).collect()
            return {"rows": ["|".join("null" if value is None else value for value in row) for row in rows]}
        with open(question["file"]) as file:
            for _, statement in statements(file.read()):
                # Nothing but this makes a query read its rows.
                sql(statement.strip()).collect()
        return {}
    except Exception as refused:
        return {"said": str(refused)}


for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), file=answers, flush=True)
