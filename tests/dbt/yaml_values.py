"""YAML: a value at each place where dbt reads one is to Jinja what it is in dbt, and what dbt refuses batchwright refuses.

Each form of a value (`FORMS`) is put at each place (`PLACES`). The forms of one place share a project while dbt takes them; a project
that dbt refuses is halved until the form is alone. Each model of the project shows what Jinja sees there: the text, the type, the JSON.

    python tests/dbt/yaml_values.py              # a fixed part of the forms at each place; all places together have each form
    python tests/dbt/yaml_values.py all [FILTER] # all forms, only at places that hold FILTER
"""

import itertools
import sys

from stubbed_dbt import Failure, Project, Report, rendered
from dbt.clients.yaml_helper import load_yaml_text
from yaml_forms import DELIBERATE, FILES, FORMS, KNOWN, PLACES, Single, is_refused_often


#: The reciprocals of the shares of forms that run: of all forms at each place, and of the special forms of a place.
PART, PART_OF_OWN = 16, 4


def readable(place, form):
    """Whether dbt's reader of YAML takes a form: alike at each place."""
    text = place.text([form])
    try:
        load_yaml_text(text)
    except Exception as error:
        return Failure(str(error))
    return None


def results_of_dbt(place, forms):
    """[(forms, {form: text} or the Failure)]: the largest groups of forms that dbt takes, and each form that it refuses."""
    with Project(*place.project(forms)) as project:
        compiled = project.compile(place.adapter)
        problem = compiled if isinstance(compiled, Failure) else next((text for name, text in compiled.items() if name.startswith("model.shop.show")), None)
        if isinstance(problem, str):
            yield forms, place.shown(problem)
            return
    if len(forms) == 1:
        yield forms, problem or Failure("no model")
        return
    middle = len(forms) // 2
    yield from results_of_dbt(place, forms[:middle])
    yield from results_of_dbt(place, forms[middle:])


def results(place, forms):
    """{form: text} of batchwright, or the message."""
    with Project(*place.project(forms)) as project:
        texts, process = rendered(project, place.adapter)
    text = texts.get("shop/models/show.sql")
    if process.returncode not in (0, 2):
        return f"exit code {process.returncode}: {process.stderr[-2000:]}"
    return process.stderr.strip() or "no model" if text is None else place.shown(text)


def each(place, forms):
    """{form: text or message}: of each form alone where the forms together are refused."""
    together = results(place, forms)
    if isinstance(together, dict) or len(forms) == 1:
        return {form: together[form] if isinstance(together, dict) else None for form in forms}, together
    middle = len(forms) // 2
    first, message = each(place, forms[:middle])
    second, other = each(place, forms[middle:])
    return {**first, **second}, message if not isinstance(message, dict) else other


def main(which="part", needle=""):
    report = Report("yaml_values", KNOWN)
    for number, place in enumerate([*PLACES, *FILES]):
        if needle not in place.name:
            continue
        forms = place.forms(FORMS)
        if which != "all":
            step = PART_OF_OWN if isinstance(place, Single) else PART
            forms = forms[number % step :: step]
        refused = {form: failure for form in forms if (failure := readable(place, form))}
        often = [form for form in forms if form not in refused and is_refused_often(form)]
        groups = [results_of_dbt(place, [form for form in forms if form not in refused and form not in often])]
        # What the reader refuses is refused at each place: one in ten is tried.
        if place.syntax:
            some = list(refused.items())[::10]
            groups += [(([form], failure) for form, failure in some), *(results_of_dbt(place, [form]) for form in often)]
        for forms, theirs in itertools.chain.from_iterable(groups):
            ours, message = each(place, forms)
            for form in forms:
                report.case()
                expected = theirs[form] if isinstance(theirs, dict) else None
                if ours[form] == expected:
                    continue
                shown = f"dbt:         {theirs if expected is None else expected!r}\n  batchwright: {message if ours[form] is None else ours[form]!r}"
                key = next((key for key, covers in (DELIBERATE | KNOWN).items() if covers(place, form, theirs, ours[form])), f"{place.name}: {form}")
                report.differs(key, f"{place.name}: {form!r}\n  {shown}")
    return report.end(complete=which == "all" and not needle)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
