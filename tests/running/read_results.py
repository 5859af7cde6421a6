"""Reads a `run_results.json` with the classes of dbt's schema v6, which reject missing and unknown fields. Prints for each result
the model, the status, and the numbers of successful and failed batches.

    python read_results.py FILE
"""

import json
import sys

from dbt_artifacts_parser.parser import parse_run_results_v6

with open(sys.argv[1]) as file:
    results = parse_run_results_v6(json.load(file))
for result in results.results:
    batches = result.batch_results
    counts = f"{len(batches.successful)} {len(batches.failed)}" if batches else "no batches"
    print(f"{result.unique_id}: {result.status.value}, {counts}")
