"""Parses files, and statements in their strings, with Microsoft's T-SQL parser (ScriptDom), level 2019.

    python check_tsql.py FOLDER FILE...

FOLDER has the parser's library and .NET's configuration, which `tests/run` installs. Prints a line for each invalid file; exits 1
if there is one.
"""

import os
import re
import sys

import dotnetcore2

dotnet = os.path.join(os.path.dirname(dotnetcore2.__file__), "bin")
os.environ["DOTNET_SYSTEM_GLOBALIZATION_INVARIANT"] = "1"
os.environ["DOTNET_ROOT"] = dotnet
from pythonnet import load  # noqa: E402

folder = sys.argv[1]
load("coreclr", runtime_config=os.path.join(folder, "runtime.json"), dotnet_root=dotnet)
import clr  # noqa: E402

clr.AddReference(os.path.join(folder, "Microsoft.SqlServer.TransactSql.ScriptDom.dll"))
from Microsoft.SqlServer.TransactSql.ScriptDom import TSql150Parser  # noqa: E402
from System.IO import StringReader  # noqa: E402

parser = TSql150Parser(True)


def fault(text):
    parsed = parser.Parse(StringReader(text), None)
    errors = parsed[1] if isinstance(parsed, tuple) else []
    for error in errors or []:
        return f"line {error.Line}: {error.Message}"
    # Text arguments of the procedure are statements too.
    for inner in re.findall(r"sp_executesql N'((?:''|[^'])*)'", text):
        message = fault(inner.replace("''", "'"))
        if message:
            return f"in a statement within a string, {message}"
    return None


faults = 0
for path in sys.argv[2:]:
    with open(path) as file:
        message = fault(file.read())
    if message:
        faults += 1
        print(f"{path}: {message}")
sys.exit(1 if faults else 0)
