"""Parses files with the official grammar of Trino, statement by statement.

    python check_trino.py [--ddl-in-backticks] FILE...

Prints a line for each invalid file; exits 1 if there is one. Athena runs statements that create schemas, that create tables with
columns, and that drop or rename tables on another engine, which quotes with backticks: with `--ddl-in-backticks` these are parsed as
double quotes. The location and the properties of such a table, which Trino's grammar does not have, must have this one form.
"""

import re
import sys

from antlr4 import CommonTokenStream, InputStream
from antlr4.error.ErrorListener import ErrorListener
from statements import statements
from trino_query_parser.SqlBaseLexer import SqlBaseLexer
from trino_query_parser.SqlBaseParser import SqlBaseParser


class UpperCase(InputStream):
    """Upper case, because the grammar's keywords are in capitals. Syntax does not depend on the text of strings."""

    def LA(self, offset):
        char = super().LA(offset)
        return ord(chr(char).upper()) if 0 < char < 128 else char


class Faults(ErrorListener):
    def __init__(self):
        self.messages = []

    def syntaxError(self, recognizer, symbol, line, column, message, error):
        self.messages.append((line, message))


def faults(statement):
    listener = Faults()
    lexer = SqlBaseLexer(UpperCase(statement))
    parser = SqlBaseParser(CommonTokenStream(lexer))
    for part in (lexer, parser):
        part.removeErrorListeners()
        part.addErrorListener(listener)
    parser.singleStatement()
    return listener.messages


ticks = sys.argv[1] == "--ddl-in-backticks"
broken = 0
for path in sys.argv[2 if ticks else 1 :]:
    with open(path) as file:
        text = file.read()
    for start, statement in statements(text):
        if ticks and re.match(r"(\s|--[^\n]*\n)*(create schema|create table if not exists `|drop|alter table)", statement):
            statement = statement.replace("`", '"')
            statement = re.sub(r"\nlocation '[^'\n]+'\ntblproperties \('[^'\n]+' = '[^'\n]+'\)\s*$", "", statement)
        messages = faults(statement.rstrip())
        if messages:
            broken += 1
            line, message = messages[0]
            print(f"{path}: line {start + line - 1}: {message}")
            break
sys.exit(1 if broken else 0)
