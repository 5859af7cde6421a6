"""Parses files with sqlfluff's grammar of a dialect.

    python check_sqlfluff.py DIALECT FILE...

Prints a line for each invalid file; exits 1 if there is one. Checks only syntax, not style. Removes `security invoker` from Trino's
views and the names of BigQuery's foreign keys, which the engines' grammars allow and sqlfluff's do not.
"""

import re
import sys

from sqlfluff.core import FluffConfig, Linter

linter = Linter(config=FluffConfig(overrides={"dialect": sys.argv[1]}))
faults = 0
for path in sys.argv[2:]:
    with open(path) as file:
        text = file.read()
    text = text.replace("\nsecurity invoker as\n", " as\n")
    if sys.argv[1] == "bigquery":
        text = re.sub(r"\bconstraint \w+ (?=foreign key)", "", text)
    violations = linter.parse_string(text).violations
    if violations:
        faults += 1
        print(f"{path}: line {violations[0].line_no}: {violations[0].desc()}")
sys.exit(1 if faults else 0)
