"""Analyzes GoogleSQL files, in the order given, with Google's own analyzer: names, types and statements.

    python check_bigquery.py --cache DIR FILE...

A table or view that a statement creates is known to the statements after it, so the files of a plan come in its order,
after a file that declares the raw tables. Prints a line for each file with a fault; exits 1 if there is one.
The analyzer is WebAssembly: its machine code, half a minute's work, is kept in DIR.
"""

import argparse
import os
import re
import sys
from importlib.metadata import version

import wasmtime


def keep_machine_code(folder):
    """Makes wasmtime take the compiled module from `folder`, or leave it there."""
    compile_module = wasmtime.Module.from_file
    kept = os.path.join(folder, f"zetasql-{version('zetasql')}-wasmtime-{version('wasmtime')}.cwasm")

    def from_file(engine, path):
        if os.path.exists(kept):
            return wasmtime.Module.deserialize_file(engine, kept)
        module = compile_module(engine, path)
        # Written beside and renamed: two tests may come here at once.
        beside = f"{kept}.{os.getpid()}"
        with open(beside, "wb") as file:
            file.write(module.serialize())
        os.replace(beside, kept)
        return module

    wasmtime.Module.from_file = staticmethod(from_file)


arguments = argparse.ArgumentParser()
arguments.add_argument("--cache", required=True)
arguments.add_argument("files", nargs="+")
arguments = arguments.parse_args()
keep_machine_code(arguments.cache)

import zetasql.types as types  # noqa: E402  (the cache must be in place first)
from zetasql.api import Analyzer, CatalogBuilder, Parser, TableBuilder  # noqa: E402
from zetasql.api.builders._helpers import convert_to_type  # noqa: E402

LOADS = re.compile(r"\s+partition by _PARTITIONDATE\b")
HIDDEN = [("_PARTITIONTIME", types.TypeKind.TYPE_TIMESTAMP), ("_PARTITIONDATE", types.TypeKind.TYPE_DATE)]
SUFFIX = [("_TABLE_SUFFIX", types.TypeKind.TYPE_STRING)]


class Script:
    """What a file may contain, and the tables that exist so far."""

    def __init__(self):
        self.language = types.LanguageOptions.maximum_features()
        self.language.product_mode = types.ProductMode.PRODUCT_EXTERNAL
        self.language.supported_statement_kinds = []
        self.language.reserved_keywords = ["QUALIFY"]
        builtin = types.ZetaSQLBuiltinFunctionOptions(language_options=self.language)
        self.catalog = CatalogBuilder("all").with_builtin_functions(builtin).build()
        self.catalog.catalog = []

    def analyze(self, text):
        source = text.encode()
        self.statements(source, Parser(self.language).parse_script(text).statement_list_node.statement_list)

    def statements(self, source, statements):
        for statement in statements:
            inner = [
                part
                for name in ("statement_list_node", "then_list", "else_list")
                for part in [getattr(statement, name, None)]
                if part is not None
            ]
            if inner:
                for part in inner:
                    self.statements(source, part.statement_list)
                continue
            at = statement.parse_location_range
            text = source[at.start : at.end].decode()
            line = source[: at.start].count(b"\n") + 1
            # The analyzer knows no table whose partitions no column of its own decides: BigQuery gives it columns that `*` leaves out.
            text, loads = LOADS.subn("", text)
            try:
                resolved = Analyzer(types.AnalyzerOptions(language_options=self.language), self.catalog).analyze_statement(text)
            except Exception as refused:
                raise ValueError(f"in the statement on line {line}: {refused}") from refused
            self.remember(resolved, HIDDEN if loads else [])

    def remember(self, resolved, hidden):
        """Adds the table or view that the statement created, with columns that `*` leaves out."""
        columns = getattr(resolved, "column_definition_list", None)
        if columns is not None:
            columns = [(column.name, column.type) for column in columns]
        elif type(resolved).__name__ == "ResolvedCreateViewStmt":
            columns = [(column.name, column.column.type) for column in resolved.output_column_list]
        else:
            return
        *folders, name = resolved.name_path
        # The tables of a wildcard are declared as one.
        hidden = SUFFIX if name.endswith("*") else hidden
        place = self.catalog
        for folder in folders:
            inside = next((found for found in place.catalog if found.name == folder), None)
            if inside is None:
                inside = types.SimpleCatalog(name=folder, table=[], catalog=[])
                place.catalog.append(inside)
            place = inside
        table = TableBuilder(name)
        for column in columns:
            table.add_column(*column)
        built = table.build()
        for name, kind in hidden:
            built.column.append(types.SimpleColumn(name=name, type=convert_to_type(kind), is_pseudo_column=True))
        place.table = [known for known in place.table or [] if known.name != built.name] + [built]


script = Script()
faults = 0
for path in arguments.files:
    with open(path) as file:
        text = file.read()
    try:
        script.analyze(text)
    except Exception as refused:
        faults += 1
        print(f"{path}: {' '.join(str(refused).split())}")
sys.exit(1 if faults else 0)
