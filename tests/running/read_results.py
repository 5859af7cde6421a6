"""Reads a `run_results.json` as dashboards do, by the classes of dbt's schema v6, which refuse a field that is missing or none
of dbt's. Prints each result: model, status, batches that succeeded and that failed.

    python read_results.py FILE
"""

import json
import sys

from dbt_artifacts_parser.parser import parse_run_results_v6

with open(sys.argv[1]) as file:
    read = parse_run_results_v6(json.load(file))
for result in read.results:
    batches = result.batch_results
    counts = f"{len(batches.successful)} {len(batches.failed)}" if batches else "no batches"
    print(f"{result.unique_id}: {result.status.value}, {counts}")
