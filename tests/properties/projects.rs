//! Random projects with rows and bounds. Their microbatch models read a source, each other and a
//! table without an event time. Each query yields for a window the rows that it yields for all time
//! within that window, as a microbatch query must.

use batchwright::calendar::Grain;
use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

#[derive(Clone, Debug)]
pub struct Project {
    pub models: Vec<Model>,
    pub events: Vec<Event>,
    pub start: DateTime<Utc>,
    pub end: DateTime<Utc>,
    /// `--batch-size`.
    pub batch_size: Option<Grain>,
}

#[derive(Clone, Debug)]
pub struct Model {
    pub grain: Grain,
    pub begin: DateTime<Utc>,
    pub timezone: &'static str,
    /// The query, with a placeholder for each table: `‹0›` and `‹1›` are filtered, `‹users›` is
    /// not.
    text: String,
    /// The tables `‹0›` and `‹1›`: the source, or an earlier model.
    inputs: [Option<usize>; 2],
}

/// A row of the source; one in ten has no event time.
#[derive(Clone, Debug)]
pub struct Event {
    pub at: Option<DateTime<Utc>>,
    pub id: u8,
    pub amount: i8,
}

/// `GRAIN` is the batch size; queries with it need windows aligned in UTC. `@` is the name of the
/// first input.
const QUERIES: [&str; 11] = [
    "select seen_at, id, kind, amount from ‹0› where amount > 0",
    "select @.seen_at, @.id, kind, @.amount from ‹0›",
    "select * from ‹0›",
    "select distinct seen_at, id, kind, amount from ‹0›",
    "select e.seen_at, e.id, u.kind, e.amount from ‹0› as e left join ‹users› as u on u.id = e.id",
    "select a.seen_at, a.id, a.kind, coalesce(b.amount, 0) as amount from ‹0› a left join ‹1› as \
     b on a.id = b.id and a.seen_at = b.seen_at",
    "select seen_at, id, kind, amount from ‹0› union all select seen_at, id, 'second;from', \
     amount * 2 from ‹1›",
    "with picked as ( select * from ‹0› ), events as ( select 1 as one ) select seen_at, id, \
     kind, amount from picked \
     where exists ( select 1 from ‹1› as x where x.seen_at = picked.seen_at and x.id = picked.id \
     ) and ( select count(*) from events ) = 1",
    "select seen_at, id, kind, amount from ( select *, row_number() over (partition by seen_at, \
     id, kind, amount order by id) as nth \
     from ‹0› ) as numbered where nth <= 1",
    "select date_trunc('GRAIN', seen_at) as seen_at, min(id) as id, kind, cast(sum(amount) as \
     bigint) as amount from ‹0› \
     group by date_trunc('GRAIN', ‹0.›seen_at), kind",
    "select seen_at, id, kind, cast(sum(amount) over (partition by date_trunc('GRAIN', seen_at), \
     kind) as bigint) as amount from ‹0›",
];

/// Text between two words.
const BETWEEN: [&str; 7] = [
    " ",
    "\n",
    "\t ",
    " /* é; from raw.events */ ",
    " -- 🎉 it's \"from\" raw.events;\n",
    " /* 'from m0' */ ",
    "\n\n    ",
];

const ZONES: [&str; 4] = ["UTC", "UTC", "Europe/Paris", "Australia/Lord_Howe"];

pub fn project() -> impl Strategy<Value = Project> {
    let models = vec(model(), 1..4);
    let coarser = option::weighted(0.3, select(vec![Grain::Day, Grain::Month]));
    (models, vec(event(), 0..50), -60..60i64, 1..60i64, coarser).prop_map(
        |(drafts, events, start, hours, batch_size)| {
            let mut models: Vec<Model> = Vec::new();
            for (mut model, inputs) in drafts {
                // The source, or a model before this one.
                model.inputs = inputs.map(|input| (input % (models.len() + 1)).checked_sub(1));
                let name = model.name(0);
                model.text =
                    model.text.replace('@', name.rsplit('.').next().unwrap()).replace("‹0.›", "");
                models.push(model);
            }
            let finest = models.iter().map(|model| model.grain).max();
            let batch_size = batch_size.filter(|size| finest.is_some_and(|finest| *size >= finest));
            Project {
                models,
                events,
                start: at(start * 60),
                end: at((start + hours) * 60),
                batch_size,
            }
        },
    )
}

fn model() -> impl Strategy<Value = (Model, [usize; 2])> {
    let gaps = vec(prop_oneof![3 => Just(0), 1 => 0..BETWEEN.len()], 60);
    let grain = select(vec![Grain::Hour, Grain::Day, Grain::Day, Grain::Month]);
    (grain, 0..QUERIES.len(), gaps, -200..-59i64, select(ZONES.to_vec()), [0..3usize, 0..3usize])
        .prop_map(|(grain, query, gaps, begin, timezone, inputs)| {
            let query = QUERIES[query];
            let words = query.split(' ').filter(|word| !word.is_empty()).zip(&gaps);
            let text: String =
                words.map(|(word, gap)| format!("{word}{}", BETWEEN[*gap])).collect();
            let timezone = if query.contains("GRAIN") { "UTC" } else { timezone };
            let text = text.replace("GRAIN", grain.as_str()).trim_end().to_string();
            (Model { grain, begin: at(begin * 60), timezone, text, inputs: [None, None] }, inputs)
        })
}

fn event() -> impl Strategy<Value = Event> {
    // Every third event is exactly on the hour.
    let minutes =
        prop_oneof![2 => -6_000..9_000i64, 1 => (-100..150i64).prop_map(|hour| hour * 60)];
    (option::weighted(0.9, minutes), 0..6u8, -3..9i8).prop_map(|(minutes, id, amount)| Event {
        at: minutes.map(at),
        id,
        amount,
    })
}

/// The time that is `minutes` after 20:00 UTC on 30 March 2024, hours before daylight saving time
/// begins in Paris.
fn at(minutes: i64) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2024, 3, 30, 20, 0, 0).unwrap() + TimeDelta::minutes(minutes)
}

impl Model {
    /// The text of the model's file.
    pub fn file(&self) -> String {
        let begin = self.begin.to_rfc3339();
        let config = format!(
            "materialized='incremental', incremental_strategy='microbatch', event_time='seen_at', \
             batch_size='{}', begin='{begin}'",
            self.grain.as_str()
        );
        let meta = format!("meta={{'batchwright': {{'timezone': '{}'}}}}", self.timezone);
        let input = |input: &Option<usize>| match input {
            Some(model) => format!("{{{{ ref('m{model}') }}}}"),
            None => "{{ source('raw', 'events') }}".to_string(),
        };
        let query = self
            .text
            .replace("‹0›", &input(&self.inputs[0]))
            .replace("‹1›", &input(&self.inputs[1]));
        format!(
            "{{{{ config({config}, {meta}) }}}}\n{}\n",
            query.replace("‹users›", "{{ source('raw', 'users') }}")
        )
    }

    /// The query over all time that reads the models' tables in a schema.
    pub fn query(&self, schema: &str) -> String {
        let input = |nth| self.name(nth).replace("SCHEMA", schema);
        self.text
            .replace("‹0›", &input(0))
            .replace("‹1›", &input(1))
            .replace("‹users›", "raw.users")
    }

    /// The author's text split at the tables: each piece with the relation after it and whether
    /// that is filtered.
    pub fn pieces(&self) -> Vec<(&str, Option<(String, bool)>)> {
        let table = |mark: &str| match mark.parse() {
            Ok(nth) => (self.name(nth).replace("SCHEMA", "a"), true),
            Err(_) => ("raw.users".to_string(), false),
        };
        let parts = self.text.split('›').map(|part| {
            part.split_once('‹').map_or((part, None), |(text, mark)| (text, Some(mark)))
        });
        parts
            .map(|(text, mark)| {
                (
                    text,
                    mark.map(table).map(|(name, filtered)| {
                        (format!("\"{}\"", name.replace('.', "\".\"")), filtered)
                    }),
                )
            })
            .collect()
    }

    fn name(&self, nth: usize) -> String {
        match self.inputs[nth] {
            Some(model) => format!("SCHEMA.m{model}"),
            None => "raw.events".to_string(),
        }
    }
}
