//! Arbitrary SQL with arbitrary relations: the injector finds no span, or spans whose filters leave
//! all other bytes unchanged.
#![no_main]

use batchwright::inject::{self, Filter, Injection, Input};
use batchwright::jinja::{Mark, MarkKind};
use libfuzzer_sys::fuzz_target;

const PARSERS: [&str; 8] =
    ["duckdb", "postgres", "snowflake", "bigquery", "databricks", "clickhouse", "mysql", "mssql"];

// In the text, `\x01` represents a relation that Jinja wrote, `\x02` one that is read without a
// filter.
fuzz_target!(|data: (u8, String)| {
    let (parser, text) = data;
    let (mut sql, mut marks) = (String::new(), Vec::new());
    for char in text.chars() {
        let kind = match char {
            '\x01' => MarkKind::Input("orders".to_string()),
            '\x02' => MarkKind::OptOut("orders".to_string()),
            _ => {
                sql.push(char);
                continue;
            }
        };
        let start = sql.len();
        sql.push_str("raw.orders");
        marks.push(Mark { span: start..sql.len(), kind });
    }
    let input = Input {
        unique_id: "orders".into(),
        filtered: true,
        plain_names: vec![vec!["raw".into(), "orders".into()]],
        ..Input::default()
    };
    let parser = inject::parser(PARSERS[usize::from(parser) % PARSERS.len()]);
    let within = |filter: &Filter| {
        let alias = filter.alias.as_ref().map_or(String::new(), |alias| format!(" as {alias}"));
        format!("(select * from {} where at >= '2024-09-01'){alias}", filter.relation)
    };
    let injection = Injection {
        sql: &sql,
        marks: &marks,
        inputs: &[input],
        columns: &|_| None,
        within: &within,
        hidden: &["rowid".to_string()],
        types: true,
    };
    let Ok(query) = inject::filters(&injection, &*parser) else { return };
    let mut end = 0;
    for filter in &query.filters {
        assert!(
            filter.span.start >= end && sql.get(filter.span.clone()).is_some(),
            "{sql:?} \
            {query:?}"
        );
        end = filter.span.end;
    }
    let spliced = inject::splice(
        &sql,
        query.filters.iter().map(|filter| (filter.span.clone(), String::new())),
    );
    let cut: usize = query.filters.iter().map(|filter| filter.span.len()).sum();
    assert_eq!(spliced.len(), sql.len() - cut);
});
