# {{ steps }} steps of the dbt project {{ project | comment }} in {{ numbers | length }} shards.
# Written by `batchwright export airflow`; export again after each `batchwright compile`.
#
# The workers have {{ ("the client and" if client_only else "batchwright, the client and") | comment }} the project with its plan. The client finds its
# settings and secrets in the environment of the workers, or in `env` of the operator.
{% if not workdir %}
import os
{% endif %}
{% if client_only %}
import shlex
{% endif %}
from datetime import timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, TaskGroup

# The folder of the project on the workers.
{% if workdir %}
PROJECT_DIR = {{ workdir | python }}
{% else %}
PROJECT_DIR = os.environ.get("DBT_PROJECT_DIR", ".")
{% endif %}
# To limit the parallel tasks: `airflow pools set NAME SLOTS DESCRIPTION`.
POOL = "default_pool"
{% if not client_only %}
RUN = {{ run_command | python }}
{% if client %}
CLIENT = {{ client_command | python }}
{% endif %}
{% else %}
CLIENT = {{ file_command | python }}
# Detects that the folder has another plan.
CHECK = {{ check_command | python }}

# The files of each shard in order.
FILES = {
{% for group in groups %}
{% for shard in group.shards %}
    {{ shard.number }}: [
{% for file in shard.files %}
        {{ file | python }},
{% endfor %}
    ],
{% endfor %}
{% endfor %}
}
{% endif %}

with DAG(
    dag_id={{ name | python }},
    schedule=None,
    catchup=False,
    max_active_runs=1,
{% if one_at_a_time %}
    max_active_tasks=1,  # The client allows one writing process per database.
{% endif %}
    default_args={
        "pool": POOL,
        "retries": 2,
        "retry_delay": timedelta(minutes=1),
        "retry_exponential_backoff": True,
    },
    tags=["batchwright", "dbt"],
) as dag:
    shards: dict[int, BashOperator] = {}

    def run_shard(number: int, batches: str | None = None, after: list[int] | None = None) -> None:
        """Adds the task of a shard, after the shards that it waits for."""
{% if client_only %}
        files = shlex.join(FILES[number])
        command = f"""\
set -e
{CHECK}
for file in {files}; do
  echo "$file"
  {CLIENT}
done
"""
{% else %}
        command = f"{RUN} --shard {number}/{{ requested_shards }}{% if client %}{CLIENT}{% endif %}"
{% endif %}
        task = BashOperator(
            task_id=f"shard_{number}", bash_command=command, cwd=PROJECT_DIR, doc_md=batches
        )
        shards[number] = task
        for earlier in after or []:
            shards[earlier] >> task

{% for group in groups %}
    with TaskGroup({{ group.name | python }}):
{% for shard in group.shards %}
        run_shard({{ shard.number }}
{%- if shard.range %}, batches={{ shard.range | python }}{% endif %}
{%- if shard.depends_on %}, after=[{{ shard.depends_on | numbers(", ") }}]{% endif %})
{% endfor %}
{% endfor %}
