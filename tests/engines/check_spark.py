"""Parses files with the parser of Spark 4, whose grammar is the open part of Databricks' grammar.

    python check_spark.py FILE...

Prints a line for each invalid file; exits 1 if there is one. Checks only syntax: no session, no catalog. Statements that set tags
of Unity Catalog are skipped, because Spark's grammar does not have them.
"""

import re
import sys

from py4j.protocol import Py4JJavaError
from pyspark.java_gateway import launch_gateway
from statements import statements

parser = launch_gateway().jvm.org.apache.spark.sql.execution.SparkSqlParser()
faults = 0
for path in sys.argv[1:]:
    with open(path) as file:
        text = file.read()
    for line, statement in statements(text):
        if re.match(r"\s*alter table \S+ set tags \(", statement):
            continue
        try:
            parser.parsePlan(statement)
        except Py4JJavaError as error:
            faults += 1
            message = " ".join(str(error.java_exception.getMessage()).split("== SQL ==")[0].split())
            print(f"{path}: in the statement after line {line}: {message}")
            break
sys.exit(1 if faults else 0)
