"""dbt's command lines, as far as batchwright has the same commands and flags."""

import types

COMMANDS = {
    "run", "seed", "build", "list", "ls", "compile", "test", "snapshot", "docs", "source", "run-operation", "debug", "deps", "clean", "parse",
    "show", "clone", "retry", "init", "freshness",
}  # fmt: skip

# Flags of dbt's own output, cache and parser, without and with a value.
IGNORED = {
    "--debug", "-d", "--no-debug", "--partial-parse", "--no-partial-parse", "--quiet", "-q", "--use-colors", "--no-use-colors",
    "--no-use-colors-file", "--no-version-check", "--write-json", "--no-write-json", "--print", "--no-print",
    "--no-send-anonymous-usage-stats", "--single-threaded", "--populate-cache", "--no-populate-cache", "--cache-selected-only",
    "--no-cache-selected-only", "--static-parser", "--no-static-parser", "--introspect", "--no-introspect",
    "--no-use-experimental-parser", "--show-all-deprecations", "--log-cache-events", "--no-log-cache-events",
    "--use-fast-test-edges", "--no-fail-fast", "--no-full-refresh", "--no-inject-ephemeral-ctes",
}  # fmt: skip
IGNORED_WITH_VALUE = {
    "--threads", "--log-format", "--log-level", "--log-path", "--log-format-file", "--log-level-file", "--printer-width",
    "--indirect-selection", "--target-path", "--invocation-id",
}  # fmt: skip
SELECT = {"--select", "-s", "--models", "-m", "--model"}
EVENT_TIME = {"--event-time-start", "--event-time-end"}
WITH_VALUE = {"--selector", "--vars", "--target", "-t", "--profile", "--project-dir", "--profiles-dir", "--state"} | EVENT_TIME
TYPES = {"--resource-type": "types", "--resource-types": "types", "--exclude-resource-type": "excluded_types", "--exclude-resource-types": "excluded_types"}


class NotApplicable(Exception):
    """A word that batchwright has no counterpart for."""


def event_time_flags(flags):
    return [flag for flag in flags if flag in EVENT_TIME]


def parse(arguments):
    """A request: batchwright's flags, the selection, and the arguments of `dbt list` without those of its output."""
    request = types.SimpleNamespace(flags=[], select=[], exclude=[], types=[], excluded_types=[], fail_fast=False, list_words=[])
    command = None
    words = list(arguments)
    while words:
        word, *value = words.pop(0).split("=", 1)
        taken = [word, *value]

        def single():
            if not value:
                taken.append(words[0])
            return value[0] if value else words.pop(0)

        def several():
            if value:
                return value
            values = []
            while words and not words[0].startswith("-"):
                values.append(words.pop(0))
            taken.extend(values)
            return values

        shapes_output = word in ("--output", "--output-keys") or word in TYPES
        if word in COMMANDS and command is None:
            command = word
        elif word in SELECT:
            request.select += [name for names in several() for name in names.split()]
        elif word == "--exclude":
            request.exclude += [name for names in several() for name in names.split()]
        elif word in TYPES:
            getattr(request, TYPES[word]).append(single())
        elif word == "--output":
            single()
        elif word == "--output-keys":
            several()
        elif word in ("--full-refresh", "-f"):
            request.flags.append("--full-refresh")
        elif word in ("--fail-fast", "-x"):
            request.fail_fast = True
        elif word in WITH_VALUE:
            request.flags += [word, single()]
        elif word in IGNORED_WITH_VALUE:
            single()
        elif word not in IGNORED:
            raise NotApplicable(word)
        if not shapes_output:
            request.list_words += taken
    from dbt.flags import get_flags

    for word, name in (("--project-dir", "PROJECT_DIR"), ("--profiles-dir", "PROFILES_DIR")):
        value = getattr(get_flags(), name, None)
        if value and word not in request.flags:
            request.flags += [word, str(value)]
    return request
