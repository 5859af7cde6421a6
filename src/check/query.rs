//! Rules that follow rows and columns through the query: each thing that was seen as a sentence at the author's line.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::Asked;
use super::flow::{Call, CallKind, Crossing, How, Input, Kind, Null, Pinned, Sighted, Time, Why, Windows, follow};
use super::place::author;
use super::rules::{
    CHANCE, CLOCK, DISTINCT, GROUPS, JOIN, LEAVES_WINDOW, LIMIT, NULL_EVENT_TIME, ONE_OF_EACH, Rule, UNPARSED, WINDOW_FUNCTION,
};
use crate::calendar::Grain;
use crate::config::Node;
use crate::diagnostics::{Diagnostic, Level};
use crate::dialect::TimeType;
use crate::inject;
use crate::project::list;

/// What was seen in a query.
#[derive(Default)]
pub struct Seen {
    pub found: Vec<(Rule, Diagnostic)>,
    /// The inputs that the rows come from.
    pub driving: BTreeSet<String>,
    /// Whether it reads the model's own table; `None` for a query that no parser understands.
    pub own_table: Option<bool>,
}

/// What the rules find in the query.
pub fn found(asked: &Asked) -> Seen {
    let windows = Windows { grain: asked.settings.batch_size, timezone: asked.settings.timezone };
    let inputs = |id: &str| input(asked, id);
    let look = |seen: &inject::Seen| {
        let sighted = follow(seen, &inputs, windows, asked.engine);
        let mut found = event_time(asked, &sighted);
        found.extend(sighted.crossings.iter().map(|crossing| crossed(asked, crossing)));
        found.extend(sighted.calls.iter().map(|call| called(asked, call)));
        found.extend(seen.blank.iter().map(|span| not_understood(asked, span)));
        Seen { found, driving: sighted.result.driving.clone(), own_table: Some(!seen.own.is_empty()) }
    };
    let seen = inject::look(&asked.text.sql, &asked.text.marks, asked.inputs, asked.parser, look);
    seen.unwrap_or_else(|| Seen { found: unparsed(asked), ..Seen::default() })
}

/// An expression that the parser does not understand, in a query that it understands otherwise.
fn not_understood(asked: &Asked, span: &Range<usize>) -> (Rule, Diagnostic) {
    let said = Diagnostic::note("this expression cannot be parsed, so no rule was applied to it").at(author(asked.text, span));
    (UNPARSED, said.hint("check it by hand: whether it looks at rows of other batches, or changes the event time"))
}

/// What is found in a query that no parser understands: that it was not looked at, and what its words alone show.
fn unparsed(asked: &Asked) -> Vec<(Rule, Diagnostic)> {
    static SAMPLE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?i)\b(?:using\s+sample|tablesample)\b").expect("the pattern is valid"));
    let mut found = Vec::new();
    if let Some(word) = SAMPLE.find(&asked.text.sql) {
        let said = Diagnostic::warning("a sample gives other rows each time a batch is written").at(author(asked.text, &word.range()));
        found.push((CHANCE, said.hint("sample by a hash of a key")));
    }
    let message = format!("the query of `{}` cannot be parsed, so the rules that follow its rows were not applied", asked.node.name);
    let said = Diagnostic::warning(message).at(author(asked.text, &(0..asked.text.sql.len().min(1))));
    found.push((UNPARSED, said.hint("`batchwright compile` names the word that is not understood; check this query by hand")));
    found
}

/// The columns of the result of which rows of different batches never share a value.
pub fn pinned(asked: &Asked) -> Pinned {
    let windows = Windows { grain: asked.settings.batch_size, timezone: asked.settings.timezone };
    let inputs = |id: &str| input(asked, id);
    let look = |seen: &inject::Seen| match seen.blank.is_empty() {
        true => follow(seen, &inputs, windows, asked.engine).result.pinned(windows),
        false => Pinned::new(),
    };
    inject::look(&asked.text.sql, &asked.text.marks, asked.inputs, asked.parser, look).unwrap_or_default()
}

fn input(asked: &Asked, id: &str) -> Input {
    let node = &asked.graph.nodes[id];
    let columns = |is_it: &dyn Fn(&crate::config::Column) -> bool| -> BTreeSet<String> {
        node.columns.iter().filter(|column| is_it(column)).map(|column| column.name.clone()).collect()
    };
    let is_date =
        |column: &crate::config::Column| column.data_type.as_ref().is_some_and(|data_type| data_type.eq_ignore_ascii_case("date"));
    let mut key = unique_key(node);
    let alone = if key.len() == 1 { key.pop() } else { None };
    Input {
        unique_id: id.to_string(),
        event_time: node.event_time.as_ref().map(|event_time| event_time.column.clone()),
        unique: columns(&|column| column.unique).into_iter().chain(alone).collect(),
        pinned: (asked.pinned)(id),
        key,
        dates: columns(&is_date),
        kind: node.event_time.as_ref().map_or(Kind::Unknown, |event_time| match event_time.time_type() {
            Ok(TimeType::Zoned) => Kind::Instant,
            Ok(TimeType::Date | TimeType::Naive) => Kind::Naive,
            Ok(TimeType::Seconds) => Kind::Count(1_000_000),
            Ok(TimeType::Milliseconds) => Kind::Count(1000),
            Ok(TimeType::Microseconds) => Kind::Count(1),
            _ => Kind::Unknown,
        }),
    }
}

/// The columns of a node's `unique_key`, one, or a list, where its strategy sees to it that no two rows share them. A batch of a
/// microbatch model replaces the rows of its window, and no row of another one with the same key.
fn unique_key(node: &Node) -> Vec<String> {
    let strategy = node.setting("incremental_strategy").and_then(|strategy| strategy.as_str());
    if matches!(strategy, Some("microbatch" | "append" | "insert_overwrite")) || node.microbatch().is_some() {
        return Vec::new();
    }
    let keys = node.setting("unique_key").map(list).unwrap_or_default();
    keys.iter().filter_map(|key| key.as_str()).map(str::to_string).collect()
}

/// The event time of the result.
fn event_time(asked: &Asked, sighted: &Sighted) -> Vec<(Rule, Diagnostic)> {
    let name = &asked.settings.event_time.column;
    let Some(value) = sighted.result.column(name) else { return Vec::new() };
    let mut found = Vec::new();
    let at = |place: &Range<usize>| {
        if place.is_empty() { asked.settings.event_time.at.clone() } else { author(asked.text, place) }
    };
    let size = asked.settings.batch_size;
    // Without an input that is filtered, the rows of a batch are those of the result whose event time is in its window.
    let windowed = !sighted.result.windowed.is_empty();
    let why = match &value.time {
        Time::Outside(Why::Shifted) => Some(format!("`{name}` is shifted against the event time of its input")),
        Time::Outside(Why::Zone) => Some(format!("`{name}` is in another time zone than the windows")),
        Time::Outside(Why::Coarser(unit)) => Some(format!("`{name}` is cut to a {}, and a batch is one {size}", unit.word())),
        Time::Outside(Why::Mixed) => Some(format!("another value may stand in for `{name}`")),
        Time::Outside(Why::Moved) => Some(format!("`{name}` is moved to another day")),
        Time::Clock => Some(format!("`{name}` is the time of the run")),
        Time::Beside if !value.unique => value.column.as_ref().and_then(|(input, column)| {
            let node = &asked.graph.nodes[input];
            let filtered = &node.event_time.as_ref()?.column;
            Some(format!("`{name}` is `{column}` of {}, which is filtered by `{filtered}`", named(asked, input)))
        }),
        Time::Fixed if value.null.is_none() && windowed => Some(format!("`{name}` is the same in every row")),
        Time::Whole if windowed => value
            .column
            .as_ref()
            .map(|(input, column)| format!("`{name}` is `{column}` of {}, which each batch reads whole", named(asked, input))),
        Time::Unknown if value.may_pin.is_some() && windowed => {
            Some(format!("`{name}` is what a function makes of the event time that is not known here"))
        }
        _ => None,
    };
    if let Some(why) = why {
        let mut said = Diagnostic::warning(why).at(at(&value.at)).fact(match asked.settings.outside_window {
            Some(crate::config::OutsideWindow::Drop) => "rows that leave their window are dropped",
            Some(crate::config::OutsideWindow::Keep) => "rows that leave their window are deleted, or doubled, by the batch they reach",
            _ => "a batch with rows outside of its window fails",
        });
        if value.may_pin.is_some() {
            said.level = Level::Note;
        }
        let zone = asked.settings.timezone == chrono_tz::Tz::UTC && value.time == Time::Outside(Why::Zone);
        let hint = match &value.time {
            Time::Outside(Why::Coarser(unit)) if Grain::parse(unit.word()).is_some() => {
                format!("make batches of one {}, or take the uncut time as `event_time`", unit.word())
            }
            Time::Unknown => "look whether it stays in its batch's window for every row, and allow it if so".to_string(),
            Time::Beside => match &value.column {
                Some((input, column)) => format!("make `{column}` the `event_time` of {}", named(asked, input)),
                None => "filter the input by the same time".to_string(),
            },
            _ if zone => "keep the event time in UTC; for days of another zone set `meta.batchwright.timezone`".to_string(),
            _ => "keep the input's event time as `event_time`, and add what is computed as another column".to_string(),
        };
        found.push((LEAVES_WINDOW, said.hint(hint)));
    }
    if let Some((null, place)) = &value.null {
        let why = match null {
            Null::OuterJoin | Null::LeftOfFull | Null::RightOfFull => "it is of the side of a join that may be missing",
            Null::Case => "no branch may hold",
            Null::Function => "a function may give none",
            Null::Literal => "it may be nothing",
        };
        let said = Diagnostic::warning(format!("`{name}` can be null: {why}")).at(at(place)).fact("a row without it is in no window");
        let hint = match null {
            Null::OuterJoin | Null::LeftOfFull | Null::RightOfFull => "take the event time of the side that is always there".to_string(),
            _ => format!("leave such rows out: `where {name} is not null`"),
        };
        found.push((NULL_EVENT_TIME, said.hint(hint)));
    }
    found
}

/// A place where rows of different windows would meet.
fn crossed(asked: &Asked, crossing: &Crossing) -> (Rule, Diagnostic) {
    let size = asked.settings.batch_size;
    let inputs = names(asked, &crossing.windowed.inputs);
    let by = |keys: &[String]| keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
    let cut = format!("the event time cut to one {size}");
    let (rule, message, hint) = match &crossing.how {
        How::Window { function, keys } if keys.is_empty() => (
            WINDOW_FUNCTION,
            format!("`{function}` looks at all rows of {inputs}, and a batch has those of one {size}"),
            format!("add `partition by` {cut}, or compute it in a view over this model"),
        ),
        How::Window { function, keys } => (
            WINDOW_FUNCTION,
            format!("`{function}` looks at all rows of one {}, and a batch has those of one {size}", by(keys)),
            format!("add {cut} to `partition by`, or compute it in a view over this model"),
        ),
        How::Numbered { function, keys } => (
            ONE_OF_EACH,
            format!("`{function}` counts the rows of one {} anew in each batch", by(keys)),
            format!("add {cut} to `partition by`, or use the strategy `merge` if one row of each is wanted"),
        ),
        How::OneOfEach { keys } => (
            ONE_OF_EACH,
            format!("each batch keeps its own row of each {}", by(keys)),
            format!("add {cut} to the keys, or use the strategy `merge` if one row of each is wanted"),
        ),
        How::Groups { keys } if keys.is_empty() => (
            GROUPS,
            format!("all rows of {inputs} are one group, and each batch makes its own of it"),
            format!("group by {cut}, or compute it in a view over this model"),
        ),
        How::Groups { keys } => (
            GROUPS,
            format!("a group by {} can have rows in several batches, and each makes its own group of them", by(keys)),
            format!("add {cut} to the keys"),
        ),
        How::Bounds { .. } => (
            GROUPS,
            format!("the first or the last time of {inputs} is that of one {size}"),
            "take the batch's own bounds: `model.batch.event_time_start`, `model.batch.event_time_end`".to_string(),
        ),
        How::Distinct => (
            DISTINCT,
            format!("rows that are alike are found within one {size} alone"),
            "select the event time too, or what it is cut to".to_string(),
        ),
        How::SetOperation => {
            (DISTINCT, format!("rows are compared with those of the same {size} alone"), "compare the event time too".to_string())
        }
        How::Limit => (
            LIMIT,
            "the limit holds for each batch by itself".to_string(),
            "take it out, or take the first rows in a view over this model".to_string(),
        ),
        How::Join { other } => (
            JOIN,
            format!("rows of {inputs} meet those of {} of the same {size} alone", names(asked, other)),
            format!("join by {cut} too, or read one of them whole, with `.render()`"),
        ),
        How::Lookup { other } => (
            JOIN,
            format!("rows are looked up among those of {} of the same {size} alone", names(asked, other)),
            "read it whole, with `.render()`, or compare the event times".to_string(),
        ),
        How::Kept => (
            JOIN,
            format!("each batch keeps all rows that find no partner among those of {inputs} of one {size}"),
            "join them to the filtered input, and not it to them".to_string(),
        ),
    };
    let mut said = Diagnostic::warning(message).at(author(asked.text, &crossing.at)).hint(hint);
    if crossing.how == (How::Bounds { of_whole: true }) {
        said.level = Level::Note;
        said = said.fact("this is right if it bounds other rows to the batch");
    }
    if let Some(name) = &crossing.unless {
        said.level = Level::Note;
        said = said.fact(format!("this is right if rows with the same `{name}` are always of one {size}"));
    }
    if crossing.windowed.own_table {
        said.level = Level::Note;
        said = said.fact("this is right if the rows of the model's own table, which are read too, make up for it");
    }
    match crossing.more {
        0 => {}
        1 => said = said.fact("1 other function beside it does the same"),
        more => said = said.fact(format!("{more} other functions beside it do the same")),
    }
    (rule, said)
}

fn called(asked: &Asked, call: &Call) -> (Rule, Diagnostic) {
    let name = &call.name;
    let (rule, message, hint) = match call.kind {
        CallKind::Chance => {
            (CHANCE, format!("`{name}` gives other values each time a batch is written"), "compute it from the row, as a hash of its key")
        }
        CallKind::Stamp if call.more > 0 => (
            CLOCK,
            format!("`{name}` says when the batch was written last, in {} columns", call.more + 1),
            "leave the columns out of the audit, with `meta.batchwright.audit.ignore`",
        ),
        CallKind::Stamp => (
            CLOCK,
            format!("`{name}` says when the batch was written last"),
            "leave the column out of the audit, with `meta.batchwright.audit.ignore`",
        ),
        CallKind::ClockInValue => (
            CLOCK,
            format!("`{name}` gives other values each time a batch is written"),
            "take the batch's own time: `model.batch.event_time_end`",
        ),
        CallKind::ClockInCondition => (
            CLOCK,
            format!("`{name}` gives other rows each time a batch is written"),
            "leave the filter to the batch, or take its own time: `model.batch.event_time_end`",
        ),
    };
    let said = Diagnostic::warning(message).at(author(asked.text, &call.at)).hint(hint);
    (rule, if call.kind == CallKind::Stamp { Diagnostic { level: Level::Note, ..said } } else { said })
}

/// Inputs by the names that the author knows them by.
fn names(asked: &Asked, ids: &BTreeSet<String>) -> String {
    ids.iter().map(|id| named(asked, id)).collect::<Vec<_>>().join(" and ")
}

fn named(asked: &Asked, id: &str) -> String {
    let node = &asked.graph.nodes[id];
    format!("`{}`", node.source_name.as_ref().map_or(node.name.clone(), |source| format!("{source}.{}", node.name)))
}
