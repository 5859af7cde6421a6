"""Parses files with the parser of Spark 4, whose grammar is Databricks' own open part.

    python check_spark.py FILE...

Prints a line for each file with a fault; exits 1 if there is one. Syntax only: no session, no catalog. Tags are Unity Catalog's,
and no part of Spark's grammar: statements that set them are not looked at.
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
        except Py4JJavaError as refused:
            faults += 1
            said = " ".join(str(refused.java_exception.getMessage()).split("== SQL ==")[0].split())
            print(f"{path}: in the statement after line {line}: {said}")
            break
sys.exit(1 if faults else 0)
