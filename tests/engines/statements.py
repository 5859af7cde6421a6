"""Splits a file into statements, for drivers that run one statement at a time."""

import re

# Strings, quoted names and comments are one piece each, so semicolons in them do not end a statement.
PIECE = re.compile(r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|`(?:``|[^`])*`|--[^\n]*|/\*.*?\*/|;|.""", re.DOTALL)


def statements(text):
    """Yields each statement with the number of its first line."""
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


def complete_insert(statement, columns):
    """Adds the missing columns to an insert, for engines that require all; `columns(table)` has their default values."""
    insert = SOME_COLUMNS.fullmatch(statement)
    if not insert:
        return statement
    table, names, values = insert.groups()
    present = [name.strip() for name in names.split(",")]
    selected = ", ".join(name if name in present else f"{value} as {name}" for name, value in columns(table).items())
    return f"insert into {table} select {selected} from values {values} as inserted ({names})"


def as_text(rows):
    """Spark's rows as text. Times are in the session's zone; as values they would be in this process's zone."""
    names = [f"c{number}" for number in range(len(rows.columns))]
    renamed = rows.toDF(*names)
    return renamed.select(*(renamed[name].cast("string") for name in names)).collect()
