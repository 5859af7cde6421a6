"""Cuts a file into its statements, for engines whose drivers take one at a time."""

import re

# Strings, quoted names and comments as a whole, so that a semicolon in them ends nothing.
PIECE = re.compile(r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|`(?:``|[^`])*`|--[^\n]*|/\*.*?\*/|;|.""", re.DOTALL)


def statements(text):
    """Each statement with the number of the line that its text begins on."""
    line, start, current = 1, 1, []
    for piece in PIECE.findall(text) + [";"]:
        if piece == ";":
            statement = "".join(current)
            if re.sub(r"--[^\n]*|/\*.*?\*/", "", statement, flags=re.DOTALL).strip():
                yield start, statement
            current, start = [], line
        else:
            current.append(piece)
        line += piece.count("\n")


SOME_COLUMNS = re.compile(r"insert into (\S+) \(([^()]*)\)\s+values(.*)", re.DOTALL | re.IGNORECASE)


def whole(statement, columns):
    """An insert of some of a table's columns, for engines that want a value for each; `columns(table)` gives the others' values."""
    some = SOME_COLUMNS.fullmatch(statement)
    if not some:
        return statement
    table, named, values = some.groups()
    given = [name.strip() for name in named.split(",")]
    selected = ", ".join(name if name in given else f"{value} as {name}" for name, value in columns(table).items())
    return f"insert into {table} select {selected} from values {values} as given ({named})"


def as_text(found):
    """Spark's rows with times as text in the session's time zone: as values they would be shown in this process's."""
    names = [f"c{number}" for number in range(len(found.columns))]
    named = found.toDF(*names)
    return named.select(*(named[name].cast("string") for name in names)).collect()
