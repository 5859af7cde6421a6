"""Parses an exported DAG as Airflow's DAG processor does, runs it with `dag.test()`, and prints the state of each task.

The second argument is the folder of Airflow's metadata database.
"""

import os
import sys

file, home = sys.argv[1:]
os.environ.update(
    AIRFLOW_HOME=home,
    AIRFLOW__CORE__LOAD_EXAMPLES="false",
    AIRFLOW__CORE__DAGS_FOLDER=os.path.dirname(file),
    AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=f"sqlite:///{home}/airflow.db",
    AIRFLOW__LOGGING__LOGGING_LEVEL="WARNING",
)
from airflow.models.dagbag import DagBag
from airflow.utils.db import initdb

initdb()
bag = DagBag(dag_folder=file, include_examples=False)
assert not bag.import_errors, bag.import_errors
(dag,) = bag.dags.values()
for task in dag.tasks:
    assert task.retries == 2, task
    task.retries = 0
run = dag.test()
for instance in sorted(run.get_task_instances(), key=lambda instance: instance.task_id):
    print("=", instance.task_id, instance.state)
print("= dag", run.state)
