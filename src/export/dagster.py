# {{ steps }} steps of the dbt project {{ project | comment }} in {{ numbers | length }} shards.
# Written by `batchwright export dagster`; export again after each `batchwright compile`.
#
# A partition is the range of batches of one shard. The workers have {{ ("the client and" if client_only else "batchwright, the client and") | comment }}
# the project with its plan. The client finds its settings and secrets in the environment.
{% if client_only %}
import hashlib
{% endif %}
import os
import subprocess

import dagster as dg

# The folder of the project on the workers.
{% if workdir %}
PROJECT_DIR = {{ workdir | python }}
{% else %}
PROJECT_DIR = os.environ.get("DBT_PROJECT_DIR", ".")
{% endif %}
{% if one_at_a_time %}
# The client allows one writing process per database: `dagster instance concurrency set {{ name | word }} 1`.
{% else %}
# To limit the parallel shards: `dagster instance concurrency set {{ name | word }} LIMIT`.
{% endif %}
POOL = {{ name | python }}
RETRIES = dg.RetryPolicy(max_retries=2, delay=60, backoff=dg.Backoff.EXPONENTIAL)
{% if client_only %}
CLIENT = [{% for word in client %}{{ word | python }}{% if not loop.last %}, {% endif %}{% endfor %}]
# The manifest of the plan.
MANIFEST = {{ manifest | python }}
MANIFEST_SHA256 = {{ manifest_sha256 | python }}

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
{% else %}
RUN = [{% for word in run %}{{ word | python }}{% if not loop.last %}, {% endif %}{% endfor %}]
{% if client %}
CLIENT = [{% for word in client %}{{ word | python }}{% if not loop.last %}, {% endif %}{% endfor %}]
{% endif %}
{% endif %}


def run_command(command: list[str], stdin=subprocess.DEVNULL) -> None:
    """Runs a command; ends it gently if the run is cancelled."""
    with subprocess.Popen(command, cwd=PROJECT_DIR, stdin=stdin) as process:
        try:
            code = process.wait()
        except BaseException:
            process.terminate()
            raise
    if code != 0:
        raise subprocess.CalledProcessError(code, command)


def run_shard(number: int) -> None:
    """Runs the steps of a shard."""
{% if client_only %}
    with open(os.path.join(PROJECT_DIR, MANIFEST), "rb") as manifest:
        if hashlib.sha256(manifest.read()).hexdigest() != MANIFEST_SHA256:
            raise RuntimeError(f"{MANIFEST} is of another plan: export the plan again")
    for file in FILES[number]:
        print(file, flush=True)
{% if client_reads_stdin %}
        with open(os.path.join(PROJECT_DIR, file)) as stdin:
            run_command(CLIENT, stdin)
{% else %}
        run_command([word.replace("{file}", file) for word in CLIENT])
{% endif %}
{% else %}
    run_command([*RUN, "--shard", f"{number}/{{ requested_shards }}"{% if client %}, *CLIENT{% endif %}])
{% endif %}
{% for group in groups %}


{% if group.shards | length > 1 %}
{{ group.name | upper_word }} = {
{% for shard in group.shards %}
    {{ shard.range | python }}: {{ shard.number }},
{% endfor %}
}


{% endif %}
@dg.asset(
    key_prefix={{ name | python }},
{% if group.waits_for %}
{% if group.mappings %}
    deps=[
{% for earlier in group.waits_for %}
{% for mapping in group.mappings if mapping.group == earlier %}
        dg.AssetDep(
            {{ earlier | word }},
            partition_mapping=dg.StaticPartitionMapping(
                {
{% for range, ranges in mapping.ranges %}
                    {{ range | python }}: [{% for later in ranges %}{{ later | python }}{% if not loop.last %}, {% endif %}{% endfor %}],
{% endfor %}
                }
            ),
        ),
{% else %}
        {{ earlier | word }},
{% endfor %}
{% endfor %}
    ],
{% else %}
    deps=[{% for earlier in group.waits_for %}{{ earlier | word }}{% if not loop.last %}, {% endif %}{% endfor %}],
{% endif %}
{% endif %}
{% if group.shards | length > 1 %}
    partitions_def=dg.StaticPartitionsDefinition(list({{ group.name | upper_word }})),
{% endif %}
    pool=POOL,
    retry_policy=RETRIES,
)
{% if group.shards | length > 1 %}
def {{ group.name | word }}(context: dg.AssetExecutionContext) -> None:
    for batches in context.partition_keys:
        run_shard({{ group.name | upper_word }}[batches])
{% else %}
def {{ group.name | word }}() -> None:
    run_shard({{ group.shards[0].number }})
{% endif %}
{% endfor %}


defs = dg.Definitions(assets=[{% for group in groups %}{{ group.name | word }}{% if not loop.last %}, {% endif %}{% endfor %}])
