"""Jinja expressions and statements: what a model renders is what dbt renders, and what dbt refuses batchwright refuses.

Two kinds of cases: every value with every filter, test, operator and method (made here), and the lines of `expressions/*.txt`, where
`⏎` stands for a line break. Each case is a model of one project. dbt renders it twice, to parse and to compile, in a model's context.

    python tests/dbt/expressions.py              # all written cases, and a fixed part of the others
    python tests/dbt/expressions.py all [FILTER] # all cases that hold FILTER
"""

import itertools
import pathlib
import re
import sys

from stubbed_dbt import Failure, Project, Report, folded, rendered

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
#: Relations, with what templates do with them.
RELATIONS = [
    "ref('base')", "ref('parent')", "source('raw', 'items')", "this", "ref('base').include(database=false)", "ref('base').quote(identifier=false)",
    "api.Relation.create(database='d', schema='S', identifier='i j', type='view')", "this.incorporate(path={'identifier': 'other'})",
    "source('raw', 'items').replace_path(schema='x')", "ref('base').without_identifier()", "ref('light')",
]
RELATION_FORMS = """
{} | {}.database | {}.schema | {}.identifier | {}.name | {}.table | {}.alias | {}.type | {}.type is none | {}.is_table | {}.is_view | {}.is_cte
{}.is_materialized_view | {}.can_be_renamed | {}.can_be_replaced | {}.quote_character | {}.dbt_created | {}.limit | {}.require_alias
{}.render() | {}.render_limited() | {}.include(identifier=false) | {}.include(database=false) | {}.include(false) | {}.include(true, false, true)
{}.include(database=false, schema=false) | {}.include(database='x') | {}.include() | {}.include(database=none) | {}.quote(schema=false) | {}.quote(false)
{}.quote(database=true, schema=true, identifier=true) | {}.quote() | {}.quote(identifier=none) | {}.replace_path(identifier='x') | {}.replace_path(schema=none)
{}.replace_path(database='x', schema='y', identifier='z') | {}.replace_path() | {}.replace_path('x') | {}.incorporate(path={'identifier': 'x'})
{}.incorporate(type='view').type | {}.incorporate(type='table').is_table | {}.incorporate(path={'schema': 'y'}, type='cte') | {}.incorporate()
{}.information_schema('tables') | {}.information_schema() | {}.information_schema | {}.information_schema_only() | {}.information_schema('tables').schema
{}.matches(identifier='base') | {}.matches(schema='analytics') | {}.matches(database='nope') | {}.matches() | {}.without_identifier() | {}.quoted('x')
{}.path | {}.path.database | {}.path.identifier | {}.include_policy.database | {}.quote_policy.identifier | {}.get('schema') | {}.get('x', 'd')
{}.get('identifier', 'd') | {}.add_ephemeral_prefix('x') | {}.nope | {}.nope is defined | {}.schema is defined | {} is defined | {} is none | {} is string
{} is mapping | {} is iterable | {} is callable | {} == ref('base') | {} == this | {} != this | {} in [ref('base')] | {} ~ '_x' | {} | upper | {} | lower
({})|string|length | ({})|replace('base', 'x') | ({})|trim | ({})|length | '%s' % {} | '{}'.format({}) | [{}]|join(',') | {}.identifier ~ '_tmp'
({}).identifier|upper | ({}).schema|replace('a', 'b') | {}['schema'] | {}['nope'] | ({}|string).split('.') | ({}|string).split('.')[-1]|replace('"', '')
make_temp_relation({}) | make_temp_relation({}, '_x') | make_intermediate_relation({}) | make_backup_relation({}, 'table') | load_relation({})
adapter.get_relation({}.database, {}.schema, {}.identifier) | adapter.quote({}.identifier) | tojson({}.path) | {}.path is mapping | {}.renameable_relations
{}.create_from is defined | {}.event_time_filter | {}.to_dict() is mapping | {}.path.values() | {}.schema_bind is defined | {}.relation_name | {}.file_format
"""

#: Columns, with their methods.
COLUMNS = [
    "api.Column('a', 'text')", "api.Column('a', 'varchar', 10)", "api.Column('a b', 'numeric', none, 10, 2)", "api.Column('a', 'integer')",
    "api.Column('a', 'double precision')", "api.Column('A', 'NUMERIC', numeric_precision=5)", "api.Column.create('a', 'character varying')",
    "api.Column('a', 'timestamp without time zone')", "api.Column(column='a', dtype='bigint')", "api.Column('a', 'character varying(20)')",
]
COLUMN_FORMS = """
{} | {}.name | {}.column | {}.quoted | {}.dtype | {}.data_type | {}.char_size | {}.numeric_precision | {}.numeric_scale | {}.is_string() | {}.is_number()
{}.is_float() | {}.is_integer() | {}.is_numeric() | {}.string_size() | {}.literal('1') | {}.can_expand_to(api.Column('b', 'varchar', 300)) | {}.nope
{}.nope is defined | {}.name is defined | [{}]|map(attribute='name')|join | {}.name|upper | {} == {} | {} is mapping | {}.string_type(5) | {}.numeric_type('numeric', 3, 1)
"""

#: Dates and times, with their methods.
MOMENTS = [
    "modules.datetime.date(2024, 2, 29)", "modules.datetime.datetime(2024, 1, 31, 5, 6, 7)", "modules.datetime.datetime(2024, 12, 30, 23, 59, 59, 999999)",
    "modules.datetime.datetime(2024, 7, 1, tzinfo=modules.pytz.utc)", "modules.pytz.timezone('Europe/Paris').localize(modules.datetime.datetime(2024, 7, 1, 12))",
    "modules.datetime.time(5, 6, 7, 8)", "modules.datetime.timedelta(days=-2, hours=3, microseconds=5)", "modules.datetime.timedelta(hours=30)", "modules.pytz.utc",
]
MOMENT_FORMS = """
{} | {}.year | {}.month | {}.day | {}.hour | {}.minute | {}.second | {}.microsecond | {}.tzinfo | {}.days | {}.seconds | {}.microseconds | {}.total_seconds()
{}.date() | {}.time() | {}.timetz() | {}.isoformat() | {}.isoformat(' ') | {}.isoformat(sep='_') | {}.isoformat(timespec='minutes') | {}.isoformat(' ', 'seconds')
{}.isoformat(timespec='milliseconds') | {}.weekday() | {}.isoweekday() | {}.isocalendar() | {}.isocalendar()[1] | {}.isocalendar().week | {}.toordinal() | {}.timestamp() is number
{}.timetuple() is defined | {}.ctime() | {}.utcoffset() | {}.tzname() | {}.dst() | {}.replace(day=1) | {}.replace(hour=0, minute=0) | {}.replace(tzinfo=none)
{}.replace(year=2023) | {}.replace(month=13) | {}.replace(nope=1) | {}.astimezone(modules.pytz.utc) | {}.astimezone(modules.pytz.timezone('Asia/Tokyo'))
{}.strftime('%Y-%m-%d %H:%M:%S.%f') | {}.strftime('%y %b %B %a %A %d %e %j %U %W %V %G %u %w') | {}.strftime('%I:%M %p %Z %z') | {}.strftime('%c') | {}.strftime('%x %X')
{}.strftime('%D %F %T %R %h %n%t%%') | {}.strftime('%-d %-m %-H %-I %-j') | {}.strftime('%s') is string | {}.strftime('%Q') | {}.strftime('%C %g %k %l %P %r') | {}.strftime('') | {}.strftime('é %Y')
{}.strftime('%') | {}.strftime() | {}.strftime(5) | {}.__str__() | {}.nope | {}.min | {}.max | {}.resolution | {}.fold | {}.zone | {}.days * 2 | -{} | {} * 2 | {} / 2
{} // 2 | {} + modules.datetime.timedelta(days=1) | {} - modules.datetime.timedelta(hours=1) | {} - {} | ({} - {}).days | {} == {} | {} < {} | {}|string | {}|int
'{:%Y%m%d}'.format({}) | '%s' % {} | '{}'.format({}) | [{}] | {'k': {}} | {} ~ '' | ({})|tojson | tojson({'a': {}}) | {} is string | {} is mapping | {} is number | {}|abs
{}.combine is defined | {}.strptime is defined | {}.now is defined | {}.today().year > 2000 | {}.fromisoformat('2024-01-02') | {}.localize is defined
"""

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
        "models": {
            "shop": {
                "+meta": {"owner": "me"}, "+tags": ["shop_tag"], "+grants": {"select": ["ann"]}, "+persist_docs": {"relation": True},
                "+custom": "c", "+custom_list": [1, "b"], "+custom_dict": {"k": "v", "n": 1}, "+custom_number": 3, "+custom_float": 1.5,
                "+custom_truth": True, "+custom_none": None,
            }
        },
    },
    "models/base.sql": "select 1 as id",
    "models/cases/case_probe.sql": "select 1 as id",
    "models/light.sql": "{{ config(materialized='ephemeral') }}select 1 as id",
    "seeds/codes.csv": "id,name\n1,x\n",
    "snapshots/history.yml": {
        "snapshots": [{"name": "history", "relation": "ref('base')", "config": {"unique_key": "id", "strategy": "check", "check_cols": "all"}}]
    },
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

#: The properties of the model that renders a case.
PROPERTIES = {
    "description": "One case",
    "columns": [
        {"name": "id", "description": "The key", "data_type": "integer", "meta": {"pii": True}, "tags": ["c"], "own_key": "x"},
        {"name": "at", "config": {"meta": {"pii": False}}, "constraints": [{"type": "not_null"}], "quote": True},
        {"name": "plain"},
    ],
}
FILES["models/models.yml"]["models"].append({"name": "case_probe", **PROPERTIES})
#: The file with cases that read these properties.
WITH_PROPERTIES = "context"


#: The rows of the table in src/jinja/README.md, each with the cases that it covers.
DELIBERATE = {
    "objects without a text": lambda text, theirs, ours: re.search(r"object at 0x|<TemplateReference|<bound method", str(theirs), re.I) or re.search(r"\bplain_macro\b(?!\()", text),
    "the type of a relation": lambda text, theirs, ours: "Relation \"" in str(theirs) and "<Relation " in str(ours),
    "a relation as a dict": lambda text, theirs, ours: re.search(r"(ref|source)\(.*\)\)\.(items|keys)\(\)|dict\((ref|source)", text),
    "complex numbers": lambda text, theirs, ours: re.fullmatch(r"<\(.*j\)>", str(theirs)) and ours is None,
    "characters by their names": lambda text, theirs, ours: "\\N{" in text and ours is None,
    "values of classes": lambda text, theirs, ours: re.match(r"<(\w*Column|Docs|ContractConfig|Path|ValuesView|re\.[A-Z]+|count)\b", str(theirs)) or "tojson" in text and ".path" in text,
    "questions to the warehouse": lambda text, theirs, ours: re.search(
        r"adapter\.(check_schema_exists|get_columns_in_relation|already_exists|get_missing_columns|expand_target|parse_index)|run_query|statement|date_spine", text
    ),
    "temporary relations": lambda text, theirs, ours: "make_temp_relation" in text,
    "inner parts of dbt": lambda text, theirs, ours: ours in (None, "<>", "<False>")
    and re.search(r"country_timezones|re\.error|timetuple|timetz|to_dict|renameable|create_from|create_ephemeral_from|build_snapshot|empty_schema|parse_index|\.today\(\)|__str__|dst\(\)", text),
    "the schema of an information schema": lambda text, theirs, ours: "information_schema('tables').schema" in text,
    "unrendered_config": lambda text, theirs, ours: "unrendered_config" in text,
    "places on the machine": lambda text, theirs, ours: "root_path" in text + str(theirs),
    "comments in macros": lambda text, theirs, ours: str(theirs).startswith("<-- postgres dateadd"),
}


#: Differences that are faults of batchwright and still open, each with the cases that it covers.
KNOWN = {}


def fill(form, value):
    """The form with the value at each `{}`, but for those within `'…'.format` and the braces of dicts."""
    kept = {"'{}'.format(": "\1", "'{0!r}'.format(": "\2", "'{:>12}'.format(": "\3", "'{:.2f}'.format(": "\4", "'{:%Y%m%d}'.format(": "\5"}
    for text, sign in kept.items():
        form = form.replace(text, sign)
    form = form.replace("{}", value)
    for text, sign in kept.items():
        form = form.replace(sign, text)
    return "{{ " + form + " }}"


def forms(text):
    return [form for form in re.split(r" \| |\n", text.strip()) if form]


def generated():
    """(group, text of the model)"""
    for values, methods in [(RELATIONS, RELATION_FORMS), (COLUMNS, COLUMN_FORMS), (MOMENTS, MOMENT_FORMS)]:
        for form, value in itertools.product(forms(methods), values):
            yield "methods", fill(form, value)
    for form, value in itertools.product(forms(UNARY), VALUES.values()):
        yield "unary", fill(form, value)
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


#: The reciprocal of the share of generated cases that run.
PART = 3


def main(which="part", needle=""):
    report = Report("expressions", KNOWN)
    made = generated() if which == "all" else itertools.islice(generated(), 0, None, PART)
    cases = {f"<{text}>": group for group, text in itertools.chain(made, written()) if needle in text}
    with Project(FILES) as project:
        expected, refused = {}, set()
        with project.contexts("postgres", "model.shop.case_probe") as render:
            for text in cases:
                parsed = render(text, execute=False)
                if isinstance(parsed, Failure):
                    refused.add(text)
                expected[text] = parsed if text in refused else render(text)
    # `graph` has all models of a project, so that its cases are in a project where dbt parses all of them.
    alone = {text for text in cases if "graph" in text and text not in refused}
    texts, messages = {}, ""
    for chosen in (alone, set(cases) - alone):
        more, process = from_batchwright(cases, chosen)
        texts, messages = texts | more, messages + process.stderr
        if process.returncode not in (0, 2):
            report.case()
            report.differs("exit", f"batchwright ends with {process.returncode}: {process.stderr[-2000:]}")
    for number, text in enumerate(cases):
        report.case()
        ours = texts.get(f"shop/models/cases/case_{number:05}.sql")
        if ours is not None:
            # Behind the ephemeral models that it reads.
            ours = ours[ours.index("<") :] if "<" in ours else ours
            ours = re.sub(r"CASE_\d{5}", "CASE_PROBE", re.sub(r"case_\d{5}", "case_probe", ours)).strip()
        theirs = expected[text]
        key = next((key for key, covers in (DELIBERATE | KNOWN).items() if covers(text, theirs, ours)), text[1:-1])
        if isinstance(theirs, Failure):
            if ours is not None:
                report.differs(key, f"{text}\n  dbt:         {theirs}\n  batchwright: {ours!r}")
        elif ours != theirs.strip() and (ours is None or cases[text] != "adapter" or folded(ours) != folded(theirs)):
            why = failure_of(messages, number) if ours is None else repr(ours)
            report.differs(key, f"{text}\n  dbt:         {theirs.strip()!r}\n  batchwright: {why}")
    return report.end(complete=which == "all" and not needle)


def from_batchwright(cases, chosen):
    """The texts of the chosen cases, and the process."""
    numbers = {number: text for number, text in enumerate(cases) if text in chosen}
    files = {f"models/cases/case_{number:05}.sql": text for number, text in numbers.items()}
    described = [f"case_{number:05}" for number, text in numbers.items() if cases[text] == WITH_PROPERTIES]
    files["models/cases/cases.yml"] = {"version": 2, "models": [{"name": name, **PROPERTIES} for name in described]}
    with Project({**FILES, **files}) as project:
        return rendered(project, "postgres")


def failure_of(stderr, number):
    """The message for one model."""
    before = stderr.partition(f"case_{number:05}.sql")[0]
    at = max(before.rfind("error:"), before.rfind("error["))
    return before[at:].strip() if at >= 0 else "error"


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
