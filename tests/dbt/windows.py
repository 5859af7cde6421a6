"""10,000 random requests for the windows of microbatch models: dbt's own builder of batches and `batchwright list --batches` agree.

Each request is a time, bounds or none, and perhaps a full refresh, for a project of models of every size. More than half of the times
lie exactly on a boundary. What batchwright limits on purpose stands in `src/jinja/README.md`: `before begin` and `no window`.
"""

import datetime as dt
import json
import random
import sys

from stubbed_dbt import Project, Report, batchwright
from dbt.artifacts.resources.types import BatchSize
from dbt.contracts.graph.nodes import NodeConfig
from dbt.materializations.incremental.microbatch import MicrobatchBuilder

MODELS, REQUESTS = 50, 200
SIZES = ["hour", "day", "month", "year"]
UTC = dt.timezone.utc


class Model:
    def __init__(self, number, draw):
        self.name = f"m{number:02}"
        self.size = draw.choice(SIZES)
        years = {"hour": 1, "day": 3, "month": 12, "year": 30}[self.size]
        self.begin = moment(draw, 2021 - years, 2021)
        self.lookback = draw.choice([0, 1, 1, 2, 3, 7, 40])
        self.config = NodeConfig(batch_size=BatchSize(self.size), lookback=self.lookback, begin=self.begin, incremental_strategy="microbatch")

    def sql(self):
        keywords = {"materialized": "incremental", "incremental_strategy": "microbatch", "event_time": "at", "batch_size": self.size}
        keywords |= {"lookback": self.lookback, "begin": self.begin.strftime("%Y-%m-%d %H:%M:%S")}
        arguments = ", ".join(f"{key}={value!r}" for key, value in keywords.items())
        return f"{{{{ config({arguments}) }}}}\nselect timestamp '2024-01-01 00:00:00' as at"

    def windows(self, request):
        """The windows of dbt's MicrobatchBuilder, called as `dbt run` calls it."""
        model = type("Model", (), {"name": self.name, "config": self.config})()
        builder = MicrobatchBuilder(model, not request.full_refresh, request.start, request.end, default_end_time=request.now)
        end = builder.build_end_time()
        windows = builder.build_batches(builder.build_start_time(end), end)
        return [(start, stop, MicrobatchBuilder.format_batch_start(start, self.size)) for start, stop in windows]

    def since_begin(self, windows):
        begin = MicrobatchBuilder.truncate_timestamp(self.begin, self.config.batch_size)
        return [window for window in windows if window[0] >= begin]


class Request:
    def __init__(self, draw):
        self.now = moment(draw, 2021, 2022)
        self.start = self.end = None
        self.full_refresh = draw.random() < 0.1
        if draw.random() < 0.4:
            self.start = moment(draw, 2015, 2022)
            self.end = self.start + draw.choice([dt.timedelta(seconds=1), dt.timedelta(hours=1), dt.timedelta(days=1), dt.timedelta(days=40)])
        elif draw.random() < 0.2:
            self.now = moment(draw, 2010, 2021)

    def arguments(self):
        arguments = ["--now", text(self.now)]
        if self.start:
            arguments += ["--event-time-start", text(self.start), "--event-time-end", text(self.end)]
        return arguments + ["--full-refresh"] * self.full_refresh


def moment(draw, first, last):
    """A time in these years; often where an hour, day, month or year begins, or a second off."""
    at = dt.datetime(first, 1, 1, tzinfo=UTC) + dt.timedelta(seconds=draw.randrange((last + 1 - first) * 365 * 86400))
    edge = draw.randrange(10)
    if edge < 6:
        at = MicrobatchBuilder.truncate_timestamp(at, draw.choice(SIZES)).astimezone(UTC)
    return at + dt.timedelta(seconds={4: 1, 5: -1}.get(edge, 0))


def text(at):
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def listed(project, names, request):
    return batchwright("list", project, "duckdb", "--batches", "--json", "--max-batches", "1000000", "--select", *names, *request.arguments())


def main():
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 11
    draw, report = random.Random(seed), Report("windows")
    models = [Model(number, draw) for number in range(MODELS)]
    with Project({f"models/{model.name}.sql": model.sql() for model in models}) as project:
        for number in range(REQUESTS):
            compare(report, project, models, Request(draw), f"seed {seed}, request {number}")
    print(f"seed {seed}: {MODELS} models, {REQUESTS} requests")
    return report.end()


def compare(report, project, models, request, name):
    planned, refused = {}, []
    for model in models:
        theirs = model.windows(request)
        ours = model.since_begin(theirs)
        if ours != theirs:
            report.differs("before begin", f"{name}: {model.name} has windows before its begin")
        if not ours or ours[-1][0] >= ours[-1][1] or model.begin > request.now:
            report.differs("no window", f"{name}: {model.name} has no window")
            refused.append(model.name)
        else:
            planned[model.name] = ours
    what = f"{name}: {' '.join(request.arguments())}"
    if planned:
        process = listed(project, planned, request)
        ours = {line["name"]: line["batches"] for line in map(json.loads, process.stdout.splitlines())}
        for model in planned:
            report.case()
            theirs = [{"batch": label, "event_time_start": text(start), "event_time_end": text(end)} for start, end, label in planned[model]]
            if theirs != ours.get(model):
                shown = model_text(models, model)
                report.differs(f"{name} {model}", f"{what}, {shown}\n  dbt:  {short(theirs)}\n  ours: {short(ours.get(model))} {process.stderr[:600]}")
    report.count += len(refused)
    # One process for each refusal would take minutes: a project is refused as a whole, so two of them are tried alone, and all together.
    for names in [refused[:1], refused[-1:], refused]:
        process = names and listed(project, names, request)
        if names and process.returncode != 2:
            report.differs(f"{name} {names}", f"{what}: {names} must be refused, and got {process.stdout[:400]}")


def model_text(models, name):
    model = next(model for model in models if model.name == name)
    return f"{name} of one {model.size}, begin {text(model.begin)}, lookback {model.lookback}"


def short(windows):
    windows = [window["batch"] + ":" + window["event_time_end"] for window in windows or []]
    return " ".join(windows if len(windows) < 7 else [*windows[:3], "...", *windows[-3:], f"({len(windows)})"])


if __name__ == "__main__":
    sys.exit(main())
