"""The forms of YAML values and the places where dbt reads them, for `yaml_values.py`."""

import json
import re

from stubbed_dbt import profile

WORDS = """
true True TRUE tRUE false False yes Yes YES yEs no No NO on On oN off Off OFF y Y n N
null Null NULL nULL ~ None none
0 -0 +0 00 007 08 09 -07 +07 0o17 0777 0x1F 0X1F -0x1f +0xff 0x 0x_ 0b101 0B1 -0b1 0b_ 1_000 1__0 1_ _1 0_ 0_7 -5 +5 5- --5 1,000
12:30 190:20:30 1:60 1:59 -1:30 +1:30 0:30 01:30 12:3 12:300 1:2:3:4 23:59:59
99999999999999999999 -99999999999999999999 9223372036854775807 9223372036854775808 18446744073709551616
1.0 1. .5 -.5 +.5 -1.5 . .. 1.2.3 1e3 1e+3 1E3 1.0e3 1.0e+3 1.5E-3 1.0e-7 6.8523015e+5 685_230.15 1_0.5_0 ._5 .5_ 0.1 100.0 1.0e+16 1.0e-5
0.00001 1e-7 1.0e+400 -1.0e+400 123456789.123456789 .e+3 1.e+3 .5e+3
.inf -.inf +.inf .Inf .INF .iNF .nan .NaN .NAN .nAN -.nan inf nan Infinity NaN
190:20:30.15 1:30. 1:30.5 -1:30.5 1:60.5 0:0.1
2024-01-31 2024-1-31 2024-02-29 2023-02-29 2024-13-01 2024-00-10 0000-01-01 0001-01-01 9999-12-31 20240131 2024-01 2024-W05-1 24-01-31
2024-01-31T05:06:07 2024-01-31t05:06:07 2024-1-3T5:06:07 2024-01-31T05:06 2024-01-31T5:6:7 2024-01-31T24:00:00 2024-01-31T05:60:00
2024-01-31T05:06:07. 2024-01-31T05:06:07.5 2024-01-31T05:06:07.123456 2024-01-31T05:06:07.123456789 2024-01-31T05:06:07Z 2024-01-31T05:06:07z
2024-01-31T05:06:07.5Z 2024-01-31T05:06:07+02:00 2024-01-31T05:06:07-05:30 2024-01-31T05:06:07+2 2024-01-31T05:06:07+02 2024-01-31T05:06:07-00:00
2024-01-31T05:06:07+24:00 2024-01-31T05:06:07+23:59 2024-01-31T05:06:07+02:60 2024-01-31T05:06:07+0200 2024-13-31T05:06:07
= == << <<< - -x ->  ?x :x x: x:y a:b:c x# x#y #x @x `x %x &x *x !x |x >x [ ] { } , x, "x 'x x' x" \\ \\n / ../x x/y.z $x ${x} é 日本 😀
tilde~ ~x nullx truely 1x x1 -1x 0xg 0b2 1:x yes/no true,false 1+1 1*2 (1) 50% $5 1_a 1-1
""".split()

LINES = [
    "2024-01-31 05:06:07", "2024-01-31  5:06:07.5 Z", "2024-01-31 05:06:07 +02:00", "2024-01-31 05:06:07 -3", "2024-01-31 05:06",
    "2024-01-31\t05:06:07", "2024-01-31 05:06:07 UTC", "two words", "no way", "1 2", "a #comment", "a # comment", "x: y", "x : y", "x, y", "- x",
    "? x", "it's", 'say "x"', "a  b", "\ta", "a\tb", "true # yes", "12 # no", "",
    # Quoted.
    "''", '""', "'no'", '"no"', "'12'", '"1.5"', "'2024-01-31'", "'~'", "'null'", "' '", '" x "', "'it''s'", "'a\\nb'", r'"a\nb"', r'"a\tb\\c\"d"',
    r'"\x41\u00e9\U0001F600\e\0\a\_\N\L\P"', r'"\/"', r'"\q"', r'"\ud83d\ude00"', "'x' y", "\"x\" # comment", "'a: b'", "'#a'", '"{x}"',
    "'a\n\n  b'", '"a\n  b\\\n   c"', "'a\n  b '", '"<<"', "'='", "'x", '"x',
    # Plain over lines.
    "a\nb", "a\n\nb", "a\n  b\nc", "no\nno", "1\n2", "a\n# comment\nb",
    # Blocks.
    "|\na\nb\n", "|-\na\nb\n", "|+\na\nb\n\n", "|\na\n\n\nb", "|\n  a\n b", "|2\n  a\nb", "|1-\n a\n", "|-1\n a\n", ">\na\nb\n", ">-\na\n\nb\n  c\nd\n", ">+\na\n\n", ">\n\na\n b\n\n c\n",
    "| # comment\na", "|x\na", "|0\na", "|\n", "|-\nno", ">\n12", "|\n\ta\n", "|\na\\n\t b ", "|\n# a\nb",
    # Collections.
    "[]", "{}", "[1, no, 'x', 2024-01-01, ~, 1.5]", "[a, b,]", "[a,, b]", "[,]", "{a: 1, b: no}", "{a, b}", "{a:1}", "{'a':1}", "{a: }", "[a: 1, b]", "[a, b: 2]", "{? a : b}",
    "[[1], [2, [3, []]], {}]", "{a: {b: [1, {c: no}]}}", "[a\n, b]", "{a: 1\n, b: 2}", "[a", "{a", "[a}", "- 1\n- no\n- - a\n  - b", "-\n- a\n-", "a: 1\nb:\n- x", "? a\n: b", "a:\n  b:\n    c: 1",
    "[a b, c  d, 'e' ]", "[a #b, c]", "[a#b]", "[\"a\": 1]", "{\"a\":1}", "{a: b: c}", "[x:y]", "[http://x/y]", "{http://x/y: 1}", "[?x, -x, :x]", "[- x]",
    "{1: a, no: b, ~: c, 1.5: d, 2024-01-01: e, '1': f, .inf: g}", "{1: a, true: b, 1.0: c, 0: d, false: e}", "{a: 1, a: 2}", "{a: 1, 'a': 2, \"a\": 3}", "{[a]: 1}", "{{a: b}: 1}", "? [a, b]\n: 1",
    "{null: 1}", "{0x1F: hex}", "{12:30: x}", "{2024-01-31 05:06:07: x}", "{yes: 1, on: 2}",
    # Tags.
    "!!str 12", "!!str no", "!!str", "!!str [a]", "!!int '12'", "!!int 12:30", "!!int abc", "!!int 1.5", "!!int ''", "!!float 5", "!!float '1e3'", "!!float x", "!!float .inf", "!!bool 'yes'", "!!bool yEs", "!!bool x", "!!null x",
    "!!null", "!!timestamp '2024-01-31'", "!!timestamp 2024-1-31", "!!timestamp x", "!!binary aGk=", "!!binary 'x'", "!!set {a, b}", "!!omap [a: 1]", "!!pairs [a: 1, a: 2]", "!!seq [1]", "!!seq {a: 1}", "!!map {a: 1}", "!!map [1]", "!!map x",
    "!x 1", "! 12", "! [12]", "!!x 1", "!!python/tuple [1]", "!!python/name:os.system", "!<tag:yaml.org,2002:str> 12", "!<!x> 12", "!e!x 1", "[!!str 1, !!int '2']", "{!!str 1: a}", "{!!int '1': a}", "!!value =", "!!merge <<", "!!str =", "! =",
    # Anchors and merges.
    "&a x", "&a", "[&a 1, *a]", "[&a 1, &a 2]", "[*undefined]", "{x: &b {k: 1}, y: *b}", "{x: &b {k: 1}, y: {<<: *b, z: 2}}", "{x: &b {k: 1, l: 1}, y: {k: 2, <<: *b}}", "[&a {x: 1}, &b {x: 2, y: 2}, {<<: [*a, *b], z: 3}]",
    "[&a {x: 1}, &b {<<: *a, y: 2}, {<<: *b, x: 3}]", "{<<: {a: 1}, b: 2}", "{b: 2, <<: {b: 1, a: 1}}", "{<<: [{a: 1}, {a: 2, b: 2}], c: 3}", "{<<: {a: 1}, <<: {b: 2}}", "{'<<': {a: 1}}", "{<<: 1}", "{<<: [1]}", "{<<: []}", "{<<: {}}", "{<<: }", "{<<: null}", "{? << : {a: 1}}", "[<<]",
    "{=: 1}", "{'=': 1}", "[=]", "{a: =}", "!!str {=: x}", "&a [*a]", "{a: &b {c: *b}}", "{&k a: 1, b: *k}", "{*k : 1}", "{&a 1: x, y: *a}", "[&a [1], *a, *a]", "- &a\n  x: 1\n- *a",
    # Characters.
    "a\u00a0b", "a\u0085b", "a\u2028b", "\ufeffx", "x\ufeff", "a\u0007b", "a\u007fb", "\u200bx", "'a\u0085b'", "|\na\u0085b\u2029c", "é: ü", "\ue000",
    # Jinja.
    "'{{ 1 + 1 }}'", "\"{{ 'no' }}\"", "'{{ none }}'", "'{{ [1, 2] }}'", "'{{ 2 > 1 }}'", "'{# x #}a'", "'{% if true %}12{% endif %}'", "'{{ 12 }} '", "'a{{ 1 }}'", "'{{ var(\"unset\", no) }}'", "'{{ var(\"unset\", 12) }}'", "|\n{{ 12 }}\n", ">-\n  {{ 'a' }}\n  b",
    "'{{ target.name }}'", "'{{ \"1\" | as_number }}'", "'{{ \"no\" | as_native }}'", "'{{ env_var(\"HOME\") is string }}'", "{{ 1 }}", "'{{'", "'}}'", "'{{ nope }}'", "'{{ x.y }}'", "'{%'", "[a, '{{ 1 }}', {'{{ 2 }}': '{{ 3 }}'}]", "'a\\n'", '"a\\n"', '"a\\n\\n"', '"a\\r\\n"', '"\\n"',
]

FORMS = list(dict.fromkeys([*WORDS, *LINES]))


def is_refused_often(form):
    """Forms that dbt reads as YAML and refuses later, at most places: they are tried alone, and only where syntax is."""
    tags = ("!!set", "!!omap", "!!pairs", "!!binary", "&a [*a]", "{a: &b")
    return form.startswith(tags) or ("{{" in form and any(word in form for word in ("env_var", "x.y", "'{{'", "as_"))) or form == "'{%'"

#: Shows all of a value: its text, what it is, as an item of a list, as JSON.
SHOW = """{% macro show(v) -%}
{{ v }} | {{ v is string }} {{ v is integer }} {{ v is float }} {{ v is boolean }} {{ v is none }} {{ v is mapping }} {{ v is defined }} | {{ [v] }} | {{ tojson(v, '-') if v is defined }} | {{ v.isoformat() if v.isoformat is defined }}
{%- endmacro %}"""

PROJECT = "name: shop\nversion: '1.0'\nprofile: stub\n"


def with_anchors(form, n):
    """The form with unique anchors, since a document has each anchor once."""
    return re.sub(r"(?<![\w'\"])([&*])([a-z])(?=[\s,}\]]|$)", rf"\g<1>\g<2>{n}", form)


def entry(key, form, indent=0):
    """The lines of `key: form`, the lines after the first below the key."""
    first, *more = form.split("\n")
    lines = [f"{key}: {first}", *("  " + line if line else line for line in more)]
    if form.startswith(("- ", "? ", "-\n")) or re.match(r"\w+:( \w+)?\n", form):
        lines = [f"{key}:", *("  " + line for line in form.split("\n"))]
    return "".join((" " * indent + line if line else line) + "\n" for line in lines)


class Place:
    """A place where dbt reads values. `write(key, form)` returns the files with one value; `look(key)` is the Jinja expression that reads it."""

    adapter = "postgres"

    def __init__(self, name, file, head, look, indent=0, write=None, more=None, only=None, variables=False, syntax=False):
        self.name, self.file, self.head, self.look, self.indent, self.write = name, file, head, look, indent, write or entry
        self.more, self.only, self.variables, self.syntax = more or {}, only, variables, syntax

    def forms(self, forms):
        return [form for form in forms if self.only is None or self.only(form)]

    def text(self, forms):
        return self.head + "".join(self.write(f"k{n}", with_anchors(form, n), self.indent) for n, form in enumerate(forms))

    def project(self, forms):
        text = self.text(forms)
        shows = [f"\n@@{n}@@\n{{{{ show({self.look(f'k{n}')}) }}}}" for n in range(len(forms))]
        self.last = forms
        files = {"macros/show.sql": SHOW, "models/show.sql": "".join(shows), **self.more}
        if self.variables:
            return files, text
        return {**files, self.file: text}, None

    def shown(self, text):
        """{form: what was shown}"""
        parts = re.split(r"@@(\d+)@@", text)
        return {self.last[int(number)]: shown.strip() for number, shown in zip(parts[1::2], parts[2::2])}


MODELS = "models:\n  - name: show\n"
SOURCES = "sources:\n  - name: raw\n"


def node(path):
    return lambda key: f"graph.nodes['{path}'].config.{key}"


PLACES = [
    Place("vars", "dbt_project.yml", PROJECT + "vars:\n", lambda key: f"var('{key}')", 2, syntax=True),
    Place("vars of a package", "dbt_project.yml", PROJECT + "vars:\n  shop:\n", lambda key: f"var('{key}')", 4),
    Place("vars.yml", "vars.yml", "vars:\n", lambda key: f"var('{key}')", 2),
    Place("--vars", None, "", lambda key: f"var('{key}')", variables=True, syntax=True),
    Place("fromyaml", "models/show.sql", "", None),
    Place("config of a model", "models/m.yml", MODELS + "    config:\n", lambda key: f"config.get('{key}')", 6, syntax=True),
    Place("model.config", "models/m.yml", MODELS + "    config:\n", lambda key: f"model.config.{key}", 6),
    Place("meta of a model", "models/m.yml", MODELS + "    config:\n      meta:\n", lambda key: f"model.config.meta.{key}", 8),
    Place("meta beside the name", "models/m.yml", MODELS + "    meta:\n", lambda key: f"model.meta.{key}", 6),
    Place("+meta", "dbt_project.yml", PROJECT + "models:\n  +meta:\n", lambda key: f"model.config.meta.{key}", 4),
    Place(
        "+config", "dbt_project.yml", PROJECT + "models:\n", lambda key: f"model.config.{key}",
        write=lambda key, form, _: entry("+" + key, form, 2),
    ),
    Place(
        "config without a plus", "dbt_project.yml", PROJECT + "models:\n  shop:\n", lambda key: f"config.get('{key}', 'unset')",
        write=lambda key, form, _: entry(key, form, 4),
    ),
    Place(
        "meta of a column", "models/m.yml", MODELS + "    columns:\n      - name: id\n        config:\n          meta:\n",
        lambda key: f"model.columns.id.config.meta.{key}", 12,
    ),
    Place(
        "meta beside the name of a column", "models/m.yml", MODELS + "    columns:\n      - name: id\n        meta:\n",
        lambda key: f"model.columns.id.meta.{key}", 10,
    ),
    Place("a key of a column", "models/m.yml", MODELS + "    columns:\n      - name: id\n", lambda key: f"model.columns.id.{key}", 8),
    Place(
        "meta of a source", "models/m.yml", SOURCES + "    tables: [{name: a}]\n    config:\n      meta:\n",
        lambda key: f"graph.sources['source.shop.raw.a'].config.meta.{key}", 8,
    ),
    Place(
        "source_meta", "models/m.yml", SOURCES + "    tables: [{name: a}]\n    meta:\n",
        lambda key: f"graph.sources['source.shop.raw.a'].source_meta.{key}", 6,
    ),
    Place(
        "meta of a table", "models/m.yml", SOURCES + "    tables:\n      - name: a\n        config:\n          meta:\n",
        lambda key: f"graph.sources['source.shop.raw.a'].meta.{key}", 12,
    ),
    Place(
        "config of a table", "models/m.yml", SOURCES + "    tables:\n      - name: a\n        config:\n",
        lambda key: f"graph.sources['source.shop.raw.a'].config.{key}", 10,
    ),
    Place(
        "column_types of a seed", "seeds/s.yml", "seeds:\n  - name: s\n    config:\n      column_types:\n",
        lambda key: f"graph.nodes['seed.shop.s'].config.column_types.{key}", 8, more={"seeds/s.csv": "id\n1\n"},
    ),
    Place(
        "+column_types", "dbt_project.yml", PROJECT + "seeds:\n  shop:\n    s:\n      +column_types:\n",
        lambda key: f"graph.nodes['seed.shop.s'].config.column_types.{key}", 8, more={"seeds/s.csv": "id\n1\n"},
    ),
]


class FromYaml(Place):
    """`fromyaml(text)`: what it cannot read is the default."""

    def text(self, forms):
        return ""

    def project(self, forms):
        self.last = forms
        shows = [f"\n@@{n}@@\n{{{{ show(fromyaml({json.dumps(entry('k', form), ensure_ascii=False)}, 'unread')) }}}}" for n, form in enumerate(forms)]
        return {"macros/show.sql": SHOW, "models/show.sql": "{% raw %}{% endraw %}".join(["", *shows])}, None


PLACES[4] = FromYaml("fromyaml", None, None, None, syntax=True, only=lambda form: "{%" not in form and "{{" not in form and "{#" not in form)

class Single(Place):
    """A place with special forms, each in a separate project. `files(form)` returns the project's files; `look` is the Jinja expression that reads the value."""

    def __init__(self, name, own, files, look):
        self.name, self.own, self.files, self.look, self.syntax = name, own, files, look, False

    def forms(self, _):
        return self.own

    def text(self, forms):
        return ""

    def project(self, forms):
        self.last = forms[:1]
        # More than one form is refused, so that each is tried alone.
        show = f"@@0@@\n{self.look}" if len(forms) == 1 else "{{ exceptions.raise_compiler_error('one by one') }}"
        return {"macros/show.sql": SHOW, "models/show.sql": show, **self.files(forms[0])}, None


#: Values that are no texts, and some that are.
OTHERS = ["off", "2024", "1.5", "2024-01-31", "~", "[a]", "{a: 1}", "'2024'"]


def node_of(key, look):
    """A key of a model's entry."""
    return Single(f"{key} of a model", OTHERS, lambda form: {"models/m.yml": MODELS + entry(key, form, 4)}, look)


def name_of(kind, head, look=""):
    return Single(f"the name of {kind}", OTHERS, lambda form: {"models/m.yml": head.replace("NAME", form)}, look)


def typed(key):
    forms = ["off", "2024", "~", "[1, x]", "{a: 1}", "'true'"]
    write = lambda form: {"models/m.yml": "models:\n  - name: other\n    config:\n" + entry(key, form, 6), "models/other.sql": "select 1 as id"}
    return Single(f"the type of {key}", forms, write, f"{{{{ show((graph.nodes['model.shop.other'] or {{}}).config['{key}']) if execute }}}}")


NAMES = [
    node_of("description", "{{ show(model.description) }}"),
    name_of("a model", "models: [{name: NAME}]"),
    name_of("a column", "models: [{name: show, columns: [{name: NAME}]}]", "{{ show(model.columns) }}"),
    name_of("a type", "models: [{name: show, columns: [{name: a, data_type: NAME}]}]", "{{ show(model.columns.a.data_type) }}"),
    name_of("a source", "sources: [{name: NAME, tables: [{name: t}]}]", "{{ graph.sources.keys() | list }}"),
    name_of("a table", "sources: [{name: s, tables: [{name: NAME}]}]", "{{ graph.sources.keys() | list }}"),
    name_of("an identifier", "sources: [{name: s, tables: [{name: t, identifier: NAME}]}]", "{{ source('s', 't') }}"),
    name_of("a schema", "sources: [{name: s, schema: NAME, tables: [{name: t}]}]", "{{ source('s', 't') }}"),
    name_of("an exposure", "exposures: [{name: NAME, type: dashboard, owner: {name: x}}]"),
    name_of("a version", "models: [{name: show, versions: [{v: NAME, defined_in: show}]}]", "{{ this }} {{ [model.version] }}"),
    *map(typed, ["alias", "materialized", "tags", "unique_key", "enabled", "full_refresh", "meta", "persist_docs", "on_configuration_change"]),
]

#: A file's text in other forms.
VARIANTS = {
    "as it is": lambda text: text,
    "a byte order mark": lambda text: "\ufeff" + text,
    "line breaks of Windows": lambda text: text.replace("\n", "\r\n"),
    "a document's start": lambda text: "---\n" + text,
    "a document's end": lambda text: text + "...\n",
    "two documents": lambda text: text + "---\n" + text,
    "a directive": lambda text: "%YAML 1.1\n---\n" + text,
    "tabs": lambda text: text.replace("  ", "\t"),
    "a comment": lambda text: "# comment\n" + text + "  # comment\n",
    "no last line break": lambda text: text.rstrip(),
    "blank lines": lambda text: "\n\n" + text + "\n\n",
    "a list": lambda text: "- a\n",
    "a text": lambda text: "a\n",
}
TEXTS = {
    "dbt_project.yml": PROJECT + "vars:\n  x:\n    - no\n",
    "vars.yml": "vars:\n  x:\n    - no\n",
    "models/m.yml": MODELS + "    meta:\n      x: no\n",
}


def variants(file):
    look = "{{ show(model.meta) }}" if file == "models/m.yml" else "{{ show(var('x')) }}"
    return Single(f"the file {file}", list(VARIANTS), lambda variant: {file: VARIANTS[variant](TEXTS[file])}, look)


FILES = [*NAMES, *map(variants, TEXTS)]

#: The rows of the table in src/jinja/README.md, each with the cases that it covers.
DELIBERATE = {
    "rare tags": lambda place, form, theirs, ours: form.startswith(("!!set", "!!omap", "!!pairs", "!!binary", "!!bool x", "!!int ''", "!!str {=")),
    "a value inside of itself": lambda place, form, theirs, ours: form in ("&a [*a]", "{a: &b {c: *b}}"),
    "undefined in YAML": lambda place, form, theirs, ours: "{{ nope }}" in form or "unset" in form,
}

#: Differences that are faults of batchwright and still open, each with the cases that it covers.
KNOWN = {
    "dbt strips the text of a file, also the line breaks that its last value keeps (`|+`)": lambda place, form, theirs, ours: form.startswith(
        ("|+", ">+")
    )
    and isinstance(theirs, dict)
    and theirs[form].split(" | ")[0] == str(ours).split(" | ")[0].rstrip("\n"),
    "the name of an exposure may be a date in dbt": lambda place, form, theirs, ours: place.name == "the name of an exposure" and form == "2024-01-31",
    "a version in quotes that is a number stays a text in dbt": lambda place, form, theirs, ours: place.name == "the name of a version"
    and form == "'2024'",
}
