//! Renders small projects in memory.

use super::*;
use chrono::TimeZone;
use serde_json::json;

pub(super) fn style() -> RelationStyle {
    RelationStyle { quote: '"', quoted: [true; 3], included: [true; 3] }
}

pub(super) fn relation(name: &str) -> Relation {
    Relation {
        database: Some("db".into()),
        schema: Some("sch".into()),
        identifier: name.into(),
        style: style(),
    }
}

struct Tables;

impl Lookup for Tables {
    fn reference(
        &self,
        _package: Option<&str>,
        name: &str,
        version: Option<&str>,
    ) -> Result<Referent, Diagnostic> {
        match name {
            "eph" => Ok(Referent::Cte {
                unique_id: "model.p.eph".into(),
                name: "__dbt__cte__eph".into(),
            }),
            "gone" => {
                Err(Diagnostic::error("there is no model `gone`").hint("did you mean `here`?"))
            }
            _ => {
                let name = version.map_or(name.to_string(), |version| format!("{name}_v{version}"));
                Ok(Referent::Relation {
                    unique_id: format!("model.p.{name}"),
                    relation: relation(&name),
                })
            }
        }
    }

    fn source(&self, source: &str, table: &str) -> Result<Referent, Diagnostic> {
        Ok(Referent::Relation {
            unique_id: format!("source.p.{source}.{table}"),
            relation: relation(table),
        })
    }
}

fn map(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

fn package(name: &str, files: &[(&str, &str)]) -> MacroPackage {
    MacroPackage {
        name: name.into(),
        files: files.iter().map(|(path, text)| SourceFile::new(*path, *text)).collect(),
        version: None,
        vars: Map::new(),
    }
}

pub(super) fn settings(adapters: &[&str], packages: Vec<MacroPackage>) -> Settings {
    Settings {
        packages,
        dispatch: BTreeMap::new(),
        adapters: adapters.iter().map(|adapter| adapter.to_string()).collect(),
        target: map(json!({"type": adapters[0], "name": "dev", "schema": "sch", "database": "db"})),
        dbt_vars: Map::new(),
        vars: map(json!({"limit": 5, "names": ["a", "b"], "written": "{{ target.name }}!"})),
        environment: BTreeMap::from([("HOME_".to_string(), "x".to_string())]),
        now: chrono::Utc.with_ymd_and_hms(2024, 9, 17, 16, 6, 0).unwrap(),
        full_refresh: false,
        which: "run",
        style: style(),
        columns: ColumnStyle::plain('"'),
        answers: RecordedResults::default(),
    }
}

pub(super) fn scope() -> TemplateScope {
    TemplateScope {
        package: "p".into(),
        execute: true,
        model: lazy(
            || json!({"name": "m", "alias": "m", "config": {"materialized": "incremental"}}),
        ),
        config: map(json!({"materialized": "incremental", "meta": {"owner": "us"}})),
        this: Some(relation("m")),
        batch: None,
        incremental: true,
        lookup: Arc::new(Tables),
    }
}

fn day() -> Batch {
    let at = |day| chrono::Utc.with_ymd_and_hms(2024, 9, day, 0, 0, 0).unwrap();
    Batch { id: "20240901".into(), start: at(1), end: at(2) }
}

const MACROS: &[(&str, &str)] = &[
    (
        "macros/a.sql",
        "{% macro twice(x) %}{{ return([x, x]) }}{% endmacro %}
{% macro fib(n) %}{% if n < 2 %}{{ return(n) }}{% endif %}\
{{ return(fib(n - 1) + fib(n - 2)) }}{% endmacro %}
{% macro more(a, b='b') %}{{ a }}{{ b }}{{ varargs }}{{ kwargs }}{% endmacro %}
{% macro wrap() %}<{{ caller() }}>{% endmacro %}
{% macro each(items) %}{% for item in items %}{{ caller(item) }}{% endfor %}{% endmacro %}
{% macro deep() %}{{ deep() }}{% endmacro %}
{% macro broken(x) %}
  {{ x.y.z }}
{% endmacro %}
{% macro outer() %}{{ broken() }}{% endmacro %}
{% macro plain(x) %} {{ x }} {% endmacro %}",
    ),
    (
        "macros/b.sql",
        "{% test t(model) %}select \
        {{ 1 +{% endtest %}\n{% macro default__greet(x) %}hi {{ x }}{% endmacro %}",
    ),
];

fn jinja() -> Jinja {
    let utils = package(
        "utils",
        &[(
            "macros/u.sql",
            "{% macro greet(x) %}{{ return(adapter.dispatch('greet', 'utils')(x)) }}{% endmacro \
            %}{% macro postgres__greet(x) %}pg {{ x }} {{ utils.helper() }}{% endmacro %}{% macro \
            helper() %}help{% endmacro %}",
        )],
    );
    Jinja::new(settings(&["postgres"], vec![package("p", MACROS), utils])).unwrap()
}

fn rendered(text: &str, scope: &TemplateScope) -> Rendered {
    match jinja().render(&SourceFile::new("models/m.sql", text), scope) {
        Ok(rendered) => rendered,
        Err(error) => panic!("{}", crate::diagnostics::print(&error, false)),
    }
}

fn text(template: &str) -> String {
    rendered(template, &scope()).text
}

fn error_of(template: &str) -> Diagnostic {
    jinja().render(&SourceFile::new("models/m.sql", template), &scope()).unwrap_err()
}

#[test]
fn relations_leave_marks() {
    let result = rendered(
        "from {{ ref('a') }} join {{ source('raw', 'e') }} x, {{ ref('p', 'b', v=2).render() }}, \
         {{ this }}, {{ ref('eph') }}, {{ ref('a').include(database=false) }}\n",
        &scope(),
    );
    assert_eq!(
        result.text,
        concat!(
            r#"from "db"."sch"."a" join "db"."sch"."e" x, "db"."sch"."b_v2", "#,
            r#""db"."sch"."m", __dbt__cte__eph, "sch"."a""#,
        )
    );
    let kinds: Vec<(&str, &MarkKind)> =
        result.marks.iter().map(|mark| (&result.text[mark.span.clone()], &mark.kind)).collect();
    let input = |id: &str| MarkKind::Input(id.to_string());
    assert_eq!(kinds[0], (r#""db"."sch"."a""#, &input("model.p.a")));
    assert_eq!(kinds[1].1, &input("source.p.raw.e"));
    assert_eq!(kinds[2].1, &MarkKind::OptOut("model.p.b_v2".into()));
    assert_eq!(kinds[3], (r#""db"."sch"."m""#, &MarkKind::This));
    assert_eq!(kinds[4], ("__dbt__cte__eph", &input("model.p.eph")));
    assert_eq!(kinds[5].1, &input("model.p.a"));
    assert!(result.reads_this && !result.reads_batch);
    assert_eq!(
        result.refs[1],
        RefCall {
            package: Some("p".into()),
            name: "b".into(),
            version: Some(RefVersion { text: "2".into(), is_number: true }),
        }
    );
}

#[test]
fn config_is_noted_in_order() {
    let result = rendered(
        "{{ config(b=[1, 'x'], a={'k': none}, begin=modules.datetime.datetime(2024, 1, 2), \
        pre_hook='{{ x }}') }}{{ config({'post-hook': 'y'}) }}x",
        &scope(),
    );
    assert_eq!(result.text, "x");
    let first = serde_json::to_string(&result.config[0]).unwrap();
    assert_eq!(
        first,
        r#"{"b":[1,"x"],"a":{"k":null},"begin":"2024-01-02T00:00:00","pre_hook":"{{ x }}"}"#
    );
    assert_eq!(result.config[1]["post_hook"], "y");
}

#[test]
fn macros_return_values() {
    assert_eq!(
        text("{{ twice(3)[1] }} {{ fib(10) }} {{ p.plain('q') }}|{{ utils.greet('you') }}"),
        "3 55  q |pg you help"
    );
    assert_eq!(text("{{ more(1, 2, 3, k=4) }}{{ more(1) }}"), "12(3,){'k': 4}1b(){}");
    assert_eq!(
        text("{% call wrap() %}in{% endcall %}{% call(i) each([1, 2]) %}{{ i }};{% endcall %}"),
        "<in>1;2;"
    );
    assert_eq!(
        text(
            "{% set l = [] %}{% do l.append({'a': 1}) %}{% do l[0].update({'b': 2}) %}{{ l }}{{ l \
            + [1] }}"
        ),
        "[{'a': 1, 'b': 2}][{'a': 1, 'b': 2}, 1]"
    );
}

#[test]
fn reads_of_batches_are_recorded() {
    let mut scope = scope();
    scope.batch = Some(day());
    let result = rendered(
        "{{ model.batch.event_time_start }} {{ model.batch.id }} \
         {{ (model.batch.event_time_end - modules.datetime.timedelta(hours=1))\
         .strftime('%Y/%m/%d %H') }} \
         {{ model.config.__dbt_internal_microbatch_event_time_end.date() }}",
        &scope,
    );
    assert_eq!(result.text, "2024-09-01 00:00:00+00:00 20240901 2024/09/01 23 2024-09-02");
    assert!(result.reads_batch);
    scope.batch = None;
    assert_eq!(rendered("{% if model.batch %}a{% endif %}b", &scope).text, "b");
    scope.execute = false;
    assert!(
        rendered("{{ model.batch.event_time_start.date() }}{{ nothing(1).at.all }}", &scope)
            .reads_batch
    );
}

#[test]
fn variables_and_the_environment() {
    assert_eq!(
        text(
            "{{ var('limit') }}{{ var('x', 'd') }}{{ var('names') }}{{ var('written') }}{{ \
            var.has_var('x') }}{{ env_var('HOME_') }}{{ env_var('N', '1') }}"
        ),
        "5d['a', 'b']dev!Falsex1"
    );
    assert_eq!(error_of("{{ var('lmit') }}").hints[0], "did you mean `limit`?");
    assert_eq!(error_of("{{ env_var('DBT_ENV_SECRET_X') }}").at.unwrap().span, 3..30);
}

#[test]
fn python_semantics() {
    assert_eq!(
        text(
            "{{ '%s-%02d' % ('a', 3) }} {{ 'x'.zfill(3) }} {{ '{} {b}'.format(1, b=2) }} \
             {{ 7 % 4 }} {{ 'a' ~ 1 }}"
        ),
        "a-03 00x 1 2 3 a1"
    );
    assert_eq!(
        text(
            "{{ tojson({'a': [1, none]}) }} {{ fromjson('[1]')[0] }} {{ local_md5('a') }} \
             {{ zip([1], [2]) | list }} {{ set([1, 1]) }}"
        ),
        "{\"a\": [1, null]} 1 0cc175b9c0f1b6a831c399e269772661 [(1, 2)] {1}"
    );
    assert_eq!(
        text(
            "{{ modules.re.sub('[0-9]+', '#', 'a12b3') }} \
             {{ modules.re.match('a(.)', 'abc').group(1) }} \
             {{ modules.itertools.product([1, 2], ['a']) | list }}"
        ),
        "a#b# b [(1, 'a'), (2, 'a')]"
    );
    assert_eq!(
        text(
            "{{ run_started_at.strftime('%Y-%m-%d') }} \
             {{ modules.datetime.timedelta(days=1, hours=2) }} \
             {{ modules.datetime.datetime.strptime('2024', '%Y').date() }} \
             {{ modules.pytz.timezone('Europe/Paris')\
             .localize(modules.datetime.datetime(2024, 7, 1)) }}"
        ),
        "2024-09-17 1 day, 2:00:00 2024-01-01 2024-07-01 00:00:00+02:00"
    );
    assert_eq!(
        text(
            "{% set ns = namespace(x=[]) %}{% for k, v in {'a': 1}.items() %}{% do ns.x.append(k ~ \
            v) %}{% endfor %}{{ ns.x | join(',') }}{{ undefined_thing }}\n\n"
        ),
        "a1\n"
    );
}

#[test]
fn errors_have_a_location_and_a_call_stack() {
    let result = error_of("select 1\n{{ outer() }}");
    assert_eq!(result.message, "`x` is undefined, so it has no `y`");
    let at = result.at.unwrap();
    assert_eq!(
        (&*at.file.path, at.line(), &at.file.text[at.span.clone()]),
        ("macros/a.sql", 8, "x.y")
    );
    assert_eq!(
        result.notes,
        [
            "in macro `broken` (macros/a.sql:8)",
            "in macro `outer` (macros/a.sql:10)",
            "called by `m` (models/m.sql:2)"
        ]
    );
    let result = error_of("select {{ twise([1]) }}");
    assert_eq!(
        (result.message.as_str(), result.hints[0].as_str()),
        ("`twise` is undefined", "did you mean `twice`?")
    );
    assert_eq!(&error_of("a {{ ref('gone') }}").message, "there is no model `gone`");
    assert!(error_of("{{ helper() }}").hints[0].contains("`utils.helper`"));
    assert!(error_of("{% if x %}").message.contains("end of"));
    let odd = error_of("é {{ a \u{F0000}b }}").at.unwrap();
    assert!(odd.file.text.get(odd.span).is_some());
    assert_eq!(
        error_of("{{ utls.greet(1) }}").message,
        "`utls` is undefined, so it has no `greet`"
    );
    assert!(
        error_of("{{ run_query('x') }}").message.starts_with("`run_query` queries the warehouse")
    );
    assert_eq!(error_of("{{ exceptions.raise_compiler_error('no') }}").message, "no");
    assert_eq!(error_of("{{ twice(1, 2) }}").message, "`twice`: takes 1 argument, but got 2");
}

#[test]
fn infinite_loops_are_stopped() {
    assert_eq!(error_of("{{ deep() }}").message, "macros are nested too deep");
    assert!(
        error_of(
            "{% for i in range(99999) %}{% for j in range(99999) %}{{ j }}{% endfor %}{% endfor %}"
        )
        .message
        .contains("too much work")
    );
    assert_eq!(
        error_of("{% set l = [] %}{% do l.append(l) %}{{ l }}").message,
        "a list, dict, set or namespace cannot contain itself"
    );
}

#[test]
fn names_are_generated() {
    let jinja = jinja();
    let name = |package, name, custom| jinja.call_for_node(package, name, &[custom], &scope());
    assert_eq!(
        name("dbt", "generate_schema_name", json!("x ")).unwrap(),
        ("sch_x".to_string(), false)
    );
    assert_eq!(name("dbt", "generate_alias_name", Value::Null).unwrap(), ("m".to_string(), true));
    assert!(name("p", "nope", Value::Null).is_err());
    let override_ref = package(
        "p",
        &[(
            "macros/r.sql",
            "{% macro ref(name) %}{{ return(builtins.ref(name).include(database=false)) }}{% \
            endmacro %}",
        )],
    );
    let jinja = Jinja::new(settings(&["postgres"], vec![override_ref])).unwrap();
    let result = jinja.render(&SourceFile::new("m.sql", "{{ ref('a') }}"), &scope()).unwrap();
    assert_eq!((result.text.as_str(), result.marks.len()), ("\"sch\".\"a\"", 1));
}

#[test]
fn threads_share_one_environment() {
    let jinja = jinja();
    std::thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| {
                for _ in 0..20 {
                    let result = jinja
                        .render(&SourceFile::new("m.sql", "{{ utils.greet(1) }}"), &scope())
                        .unwrap();
                    assert_eq!(result.text, "pg 1 help");
                }
            });
        }
    });
}

#[test]
fn the_parse_pass_has_jinjas_functions() {
    let text = "{% set ns = namespace(n=0) %}{% for i in range(2) %}{% set ns.n = ns.n + 1 %}{% do \
        ref('r' ~ i) %}{% endfor %}{{ ns.n }}";
    let first = TemplateScope { execute: false, ..scope() };
    let rendered = jinja().render(&SourceFile::new("m.sql", text), &first).unwrap();
    assert_eq!((&*rendered.text, rendered.refs.len()), ("2", 2));
}
