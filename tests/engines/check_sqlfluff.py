"""Parses files with sqlfluff's grammar of a dialect.

    python check_sqlfluff.py DIALECT FILE...

Prints a line for each invalid file; exits 1 if there is one. Checks only syntax, not style. Removes `security invoker` from Trino's
views, which Trino's grammar allows and sqlfluff's does not.
"""

import sys

from sqlfluff.core import FluffConfig, Linter

linter = Linter(config=FluffConfig(overrides={"dialect": sys.argv[1]}))
faults = 0
for path in sys.argv[2:]:
    with open(path) as file:
        text = file.read()
    violations = linter.parse_string(text.replace("\nsecurity invoker as\n", " as\n")).violations
    if violations:
        faults += 1
        print(f"{path}: line {violations[0].line_no}: {violations[0].desc()}")
sys.exit(1 if faults else 0)
