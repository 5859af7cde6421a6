"""Spark in one process for all tests: runs a file or a query for each line of JSON and answers with a line of JSON.

    python serve_spark.py FOLDER

Each database is a session with its own catalogs: `lake` is Iceberg's. It is the default catalog of databases named `iceberg…`; the
default of others is Spark's own, with tables of plain files. A file stops at its first failing statement, as with `spark-sql -f`.
"""

import glob
import os
import sys

from serving import serve
from statements import as_text, complete_insert, statements

import snowpark_connect_deps_iceberg
from pyspark.sql import SparkSession

folder = sys.argv[1]
jars = os.path.join(os.path.dirname(snowpark_connect_deps_iceberg.__file__), "jars", "iceberg-spark-runtime-3.5_2.12-*.jar")
configuration = {
    "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.legacy.createHiveTableByDefault": "false",
    # The mode that dbt sets: a statement that needs the other mode must set it.
    "spark.sql.sources.partitionOverwriteMode": "dynamic",
    "spark.sql.catalog.lake": "org.apache.iceberg.spark.SparkCatalog",
    "spark.sql.catalog.lake.catalog-impl": "org.apache.iceberg.inmemory.InMemoryCatalog",
    # Only the catalog is in memory; with the rows in memory too, each query would copy the rows of all tables.
    "spark.sql.catalog.lake.io-impl": "org.apache.iceberg.hadoop.HadoopFileIO",
    "spark.sql.catalog.lake.cache-enabled": "false",
    # Adaptive planning and compiled code do not pay for a few rows.
    "spark.sql.shuffle.partitions": "1",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
}
builder = SparkSession.builder.master("local[2]").config("spark.jars", glob.glob(jars)[0]).config("spark.ui.enabled", "false")
# Few statements run often enough for the second compiler of the JVM.
builder = builder.config("spark.driver.extraJavaOptions", "-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Duser.timezone=America/New_York")
for name, value in configuration.items():
    builder = builder.config(name, value)
context = builder.getOrCreate().sparkContext
context.setLogLevel("OFF")
sessions = {}


def session(database):
    if database not in sessions:
        settings = {
            "spark.sql.warehouse.dir": os.path.join(folder, database),
            "spark.sql.catalog.lake.warehouse": os.path.join(folder, database, "lake"),
        }
        if database.startswith("iceberg"):
            settings["spark.sql.defaultCatalog"] = "lake"
        # Spark's `newSession` would share the catalog.
        sessions[database] = SparkSession(context, context._jvm.SparkSession(context._jsc.sc(), {**configuration, **settings}))
    return sessions[database]


def columns(spark, table):
    return dict.fromkeys(spark.table(table).columns, "null")


def run(database, sql):
    spark = session(database)
    for _, statement in statements(sql):
        # A query reads its rows only with `collect`.
        spark.sql(complete_insert(statement.strip(), lambda table: columns(spark, table))).collect()


def rows(database, query):
    return as_text(session(database).sql(query))


serve(run, rows)
