"""Analyzes GoogleSQL files in order with Google's analyzer: names, types and statements.

    python check_bigquery.py --cache DIR FILE...

Later statements can use the tables and views that a statement creates, so the files must be in the order of the plan, after a
file that declares the raw tables. Prints a line for each invalid file; exits 1 if there is one. The analyzer is WebAssembly:
compiling it takes half a minute, so its machine code is cached in DIR.
"""

import argparse
import os
import re
import sys
from importlib.metadata import version

import wasmtime


def cache_machine_code(folder):
    """Makes wasmtime load the compiled module from `folder`, or store it there."""
    compile_module = wasmtime.Module.from_file
    cache = os.path.join(folder, f"zetasql-{version('zetasql')}-wasmtime-{version('wasmtime')}.cwasm")

    def from_file(engine, path):
        if os.path.exists(cache):
            return wasmtime.Module.deserialize_file(engine, cache)
        module = compile_module(engine, path)
        # Written to a temporary file and renamed, because two tests may do this concurrently.
        temporary = f"{cache}.{os.getpid()}"
        with open(temporary, "wb") as file:
            file.write(module.serialize())
        os.replace(temporary, cache)
        return module

    wasmtime.Module.from_file = staticmethod(from_file)


arguments = argparse.ArgumentParser()
arguments.add_argument("--cache", required=True)
arguments.add_argument("files", nargs="+")
arguments = arguments.parse_args()
cache_machine_code(arguments.cache)

import zetasql.types as types  # noqa: E402  (after setting up the cache)
from zetasql.api import Analyzer, CatalogBuilder, Parser, TableBuilder  # noqa: E402
from zetasql.api.builders._helpers import convert_to_type  # noqa: E402

LOADS = re.compile(r"\s+partition by _PARTITIONDATE\b")
HIDDEN = [("_PARTITIONTIME", types.TypeKind.TYPE_TIMESTAMP), ("_PARTITIONDATE", types.TypeKind.TYPE_DATE)]
# A part of the columns of the view in each dataset.
INFORMATION_SCHEMA = [
    ("table_schema", types.TypeKind.TYPE_STRING),
    ("table_name", types.TypeKind.TYPE_STRING),
    ("column_name", types.TypeKind.TYPE_STRING),
    ("ordinal_position", types.TypeKind.TYPE_INT64),
    ("data_type", types.TypeKind.TYPE_STRING),
]
SUFFIX = [("_TABLE_SUFFIX", types.TypeKind.TYPE_STRING)]


class Script:
    """The language options, and a catalog with the tables that exist so far."""

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
            # The analyzer does not support ingestion-time partitions: BigQuery adds pseudo-columns, which `*` does not select.
            text, loads = LOADS.subn("", text)
            try:
                resolved = Analyzer(types.AnalyzerOptions(language_options=self.language), self.catalog).analyze_statement(text)
            except Exception as error:
                raise ValueError(f"in the statement on line {line}: {error}") from error
            self.add_table(resolved, HIDDEN if loads else [])

    def add_table(self, resolved, hidden):
        """Adds the table or view that the statement creates, with the pseudo-columns `hidden`."""
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
        catalog = self.catalog
        for folder in folders:
            child = next((child for child in catalog.catalog if child.name == folder), None)
            if child is None:
                child = types.SimpleCatalog(name=folder, table=[], catalog=[])
                catalog.catalog.append(child)
            catalog = child
        if not catalog.catalog:
            view = TableBuilder("COLUMNS")
            for column in INFORMATION_SCHEMA:
                view.add_column(*column)
            catalog.catalog = [types.SimpleCatalog(name="INFORMATION_SCHEMA", table=[view.build()], catalog=[])]
        table = TableBuilder(name)
        for column in columns:
            table.add_column(*column)
        built = table.build()
        for name, kind in hidden:
            built.column.append(types.SimpleColumn(name=name, type=convert_to_type(kind), is_pseudo_column=True))
        catalog.table = [table for table in catalog.table or [] if table.name != built.name] + [built]


script = Script()
faults = 0
for path in arguments.files:
    with open(path) as file:
        text = file.read()
    try:
        script.analyze(text)
    except Exception as error:
        faults += 1
        print(f"{path}: {' '.join(str(error).split())}")
sys.exit(1 if faults else 0)
