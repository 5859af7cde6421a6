"""Parses files with sqlfluff's grammar of a dialect.

    python check_sqlfluff.py DIALECT FILE...

Prints a line for each file with a fault; exits 1 if there is one. Syntax only; style is not asked for.
It does not know that a view of Trino's may say whose rights it has, which Trino's own grammar takes: that is left out.
"""

import sys

from sqlfluff.core import FluffConfig, Linter

linter = Linter(config=FluffConfig(overrides={"dialect": sys.argv[1]}))
faults = 0
for path in sys.argv[2:]:
    with open(path) as file:
        text = file.read()
    refused = linter.parse_string(text.replace("\nsecurity invoker as\n", " as\n")).violations
    if refused:
        faults += 1
        print(f"{path}: line {refused[0].line_no}: {refused[0].desc()}")
sys.exit(1 if faults else 0)
