"""Jinja expressions and statements: what a model renders is what dbt renders, and what dbt refuses batchwright refuses.

Two kinds of cases: every value with every filter, test and operator (made here), and the lines of `expressions/*.txt`, where `⏎`
stands for a line break. Each case is a model of one project. dbt renders it twice, to parse and to compile, in a model's context.

    python tests/dbt/expressions.py [FILTER]    # only cases that hold FILTER; prints all differences
"""

import itertools
import pathlib
import re
import sys

from stubbed_dbt import Failure, Project, Report, rendered

HERE = pathlib.Path(__file__).resolve().parent

VALUES = {
    "text": "'abc'",
    "empty text": "''",
    "words": "'Hello wOrld, it is'",
    "quote": '"it\'s"',
    "both quotes": "'it\\'s \"x\"'",
    "lines": "'a\\nb\\tc'",
    "letters": "'Äö ß é'",
    "number text": "'12'",
    "float text": "' 1.5 '",
    "markup": "'<b>x & y</b>'",
    "path": "'a/b\\\\/c'",
    "zero": "0",
    "one": "1",
    "negative": "-7",
    "large": "123456789012345678901234567890",
    "float": "1.5",
    "round float": "2.0",
    "small float": "0.0000096",
    "large float": "1e16",
    "third": "(1/3)",
    "none": "none",
    "true": "true",
    "false": "false",
    "undefined": "nope",
    "empty list": "[]",
    "numbers": "[3, 1, 2]",
    "texts": "['b', 'a', 'B']",
    "mixed": "[1, 'a', none, 1.5, true, [2.0, 'x']]",
    "pairs": "[['a', 1], ['b', 2]]",
    "empty tuple": "()",
    "single tuple": "(1,)",
    "tuple": "(2, 'x')",
    "empty dict": "{}",
    "dict": "{'b': 1, 'a': 'x'}",
    "number keys": "{1: 'x', none: [1], true: 2}",
    "nested": "{'k': {'n': [1, none]}, 'l': (1, 2)}",
    "dicts": "[{'a': 1, 'b': 'y'}, {'a': 2, 'b': 'x'}]",
    "set": "set([1, 2])",
    "empty set": "set([])",
    "date": "modules.datetime.date(2024, 1, 31)",
    "time": "modules.datetime.datetime(2024, 1, 31, 5, 6, 7)",
    "zoned": "modules.datetime.datetime(2024, 1, 31, 5, 6, 7, 8, tzinfo=modules.pytz.utc)",
    "span": "modules.datetime.timedelta(days=1, hours=2)",
    "range": "range(3)",
    "relation": "ref('base')",
    "source": "source('raw', 'items')",
    "dict items": "{'a': 1}.items()",
    "dict keys": "{'a': 1, 'b': 2}.keys()",
    "dict values": "{'a': 1}.values()",
    "macro": "plain_macro",
}

#: Each with `{}` for the value.
UNARY = """
{} | {} ~ '|' | not {} | -{} | +{} | {} is defined | {} is undefined | {} is none | {} is string | {} is number | {} is integer
{} is float | {} is boolean | {} is true | {} is false | {} is mapping | {} is sequence | {} is iterable | {} is callable | {} is odd
{} is even | {} is divisibleby 3 | {} is lower | {} is upper | {} is sameas none | {} is escaped | {} is eq 1 | {} is in [1, 'abc']
({})|abs | ({})|capitalize | ({})|default('d') | ({})|default('d', true) | ({})|d | ({})|dictsort | ({})|escape | ({})|e | ({})|filesizeformat
({})|first | ({})|float | ({})|float(9.5) | ({})|forceescape | ({})|int | ({})|int(7) | ({})|items|list | ({})|join(',') | ({})|join | ({})|last | ({})|length
({})|count | ({})|list | ({})|lower | ({})|upper | ({})|title | ({})|trim | ({})|max | ({})|min | ({})|pprint | ({})|reverse|list
({})|reverse|string | ({})|round | ({})|round(1) | ({})|safe | ({})|sort | ({})|sort(reverse=true) | ({})|string | ({})|striptags | ({})|sum | ({})|tojson
({})|unique|list | ({})|urlencode | ({})|urlize | ({})|wordcount | ({})|wordwrap(5) | ({})|xmlattr | ({})|batch(2)|list | ({})|slice(2)|list
({})|map('string')|list | ({})|select|list | ({})|reject|list | ({})|as_text | ({})|as_bool | ({})|as_native | ({})|as_number | ({})|is_list
({})|center(12) | ({})|indent(2) | ({})|truncate(4) | ({})|replace('a', 'Z') | ({})|format | ({})|groupby(0)|list
tojson({}) | toyaml({}) | fromjson({}) | fromyaml({}) | set({}) is defined | zip({}, [1, 2]) is defined | local_md5({}) | [{}] | ({},) | {'k': {}}
'%s' % ({},) | '%r' % ({},) | '%s' % {} | '%d' % {} | '{}'.format({}) | '{0!r}'.format({}) | '{:>12}'.format({}) | '{:.2f}'.format({})
({}).nope is defined | ({})['nope'] is defined | ({})[0] | ({})[-1] | ({})[1:] | ({})[::-1] | ({}).nope | ({}).a | ({}).items() | ({}).keys()
({}).upper() | ({}).get('a') | {} == {} | {} in [{}] | 1 in {} | 'a' in {} | 'x' if {} else 'y' | dict({}) | ({}) and 1 | ({}) or 'z' | namespace(a={}).a
[{}]|tojson | ({})|attr('upper') is defined | [{}, 1]|string | ({}).copy() | ({})|sum(start=1) | ({}).count('a') | ({}).index('a') | ({}).isoformat()
({}).strftime('%Y-%m') | return({}) | log({}) | print({}) | {}|selectattr('a')|list | {}|map(attribute='a')|list | ({}).append(1)
"""

#: The values of binary operators.
OPERANDS = [
    "text", "empty text", "number text", "zero", "one", "negative", "large", "float", "large float", "none", "true", "undefined", "numbers", "texts",
    "tuple", "dict", "set", "date", "time", "zoned", "span", "relation",
]
BINARY = ["+", "-", "*", "/", "//", "%", "**", "~", "==", "!=", "<", "<=", ">", ">=", "in", "not in", "and", "or"]
#: Results that only use up memory.
HUGE = {("large", "**"), ("large float", "**")}

FILES = {
    "dbt_project.yml": {
        "name": "shop",
        "version": "1.0",
        "profile": "stub",
        "vars": {
            "a_text": "x", "a_number": 3, "a_float": 1.5, "a_list": [1, "b", None], "a_dict": {"k": {"n": 1}, "l": [1]}, "a_truth": True,
            "a_none": None, "shop": {"scoped": "s"},
        },
        "models": {"shop": {"+meta": {"owner": "me"}}},
    },
    "models/base.sql": "select 1 as id",
    "models/probe.sql": "select 1 as id",
    "models/other/parent.sql": "{{ config(materialized='table', alias='parent_alias', schema='marts', tags=['t1']) }}select 1 as id",
    "models/models.yml": {
        "version": 2,
        "models": [
            {
                "name": "base",
                "description": "The base",
                "columns": [{"name": "id", "description": "key", "data_type": "integer", "meta": {"pii": True}, "tags": ["c"]}],
            }
        ],
        "sources": [
            {"name": "raw", "schema": "landing", "meta": {"m": 1}, "tables": [{"name": "items", "identifier": "Items", "columns": [{"name": "n"}]}]}
        ],
    },
    "macros/macros.sql": (HERE / "expressions" / "macros.sql").read_text(encoding="utf-8"),
}


#: The rows of the table in src/jinja/README.md, each with the cases that it covers.
DELIBERATE = {
    "objects without a text": lambda text, theirs, ours: re.search(r"object at 0x|<TemplateReference|<bound method", str(theirs), re.I) or re.search(r"\bplain_macro\b(?!\()", text),
    "the type of a relation": lambda text, theirs, ours: "Relation \"" in str(theirs) and "<Relation " in str(ours),
    "a relation as a dict": lambda text, theirs, ours: re.search(r"(ref|source)\(.*\)\)\.(items|keys)\(\)|dict\((ref|source)", text),
    "complex numbers": lambda text, theirs, ours: re.fullmatch(r"<\(.*j\)>", str(theirs)) and ours is None,
    "characters by their names": lambda text, theirs, ours: "\\N{" in text and ours is None,
}


def generated():
    """(group, text of the model)"""
    for form in re.split(r" \| |\n", UNARY.strip()):
        for value in VALUES.values():
            yield "unary", "{{ " + form.replace("{'k': {}}", "{'k': \0}").replace("'{}'.format({})", "'{}'.format(\0)") .replace("{0!r}", "\1").replace("{:>12}", "\2").replace("{:.2f}", "\3").replace("{}", "\0" if "'{}'" not in form else "{}").replace("\0", value).replace("\1", "{0!r}").replace("\2", "{:>12}").replace("\3", "{:.2f}") + " }}"
    for left, right in itertools.product(OPERANDS, OPERANDS):
        for operator in BINARY:
            if (left, operator) in HUGE or (right, operator) in HUGE or (operator == "*" and "large" in (left, right)):
                continue
            yield "binary", f"{{{{ {VALUES[left]} {operator} {VALUES[right]} }}}}"


def written():
    for file in sorted((HERE / "expressions").glob("*.txt")):
        for line in file.read_text(encoding="utf-8").splitlines():
            if line.strip() and not line.startswith("## "):
                text = line.replace("⏎", "\n")
                yield file.stem, text if "{{" in text or "{%" in text else "{{ " + text + " }}"


def main(needle=None):
    report = Report("expressions")
    cases = {f"<{text}>": group for group, text in itertools.chain(generated(), written()) if needle is None or needle in text}
    with Project(FILES) as project:
        expected = {}
        with project.contexts("postgres", "model.shop.probe") as render:
            for text in cases:
                parsed = render(text, execute=False)
                expected[text] = parsed if isinstance(parsed, Failure) else render(text)
    files = {f"models/cases/case_{number:05}.sql": text for number, text in enumerate(cases)}
    with Project({**FILES, **files}) as project:
        texts, process = rendered(project, "postgres")
    if process.returncode not in (0, 2):
        report.case()
        report.differs("exit", f"batchwright ends with {process.returncode}: {process.stderr[-2000:]}")
    for number, text in enumerate(cases):
        report.case()
        ours = texts.get(f"shop/models/cases/case_{number:05}.sql")
        if ours is not None:
            ours = re.sub(r"case_\d{5}", "probe", ours.replace("models/cases/", "models/")).strip()
        theirs = expected[text]
        key = next((key for key, covers in DELIBERATE.items() if covers(text, theirs, ours)), text[1:-1])
        if isinstance(theirs, Failure):
            if ours is not None:
                report.differs(key, f"{text}\n  dbt:         {theirs}\n  batchwright: {ours!r}")
        elif ours != theirs.strip():
            why = failure_of(process.stderr, number) if ours is None else repr(ours)
            report.differs(key, f"{text}\n  dbt:         {theirs.strip()!r}\n  batchwright: {why}")
    return report.end()


def failure_of(stderr, number):
    """The message for one model."""
    before = stderr.partition(f"case_{number:05}.sql")[0]
    at = max(before.rfind("error:"), before.rfind("error["))
    return before[at:].strip() if at >= 0 else "error"


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
