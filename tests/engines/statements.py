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
