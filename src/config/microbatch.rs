//! A microbatch model's settings. Takes the merged configuration; gives them present and valid.
//! Refuses what dbt refuses, and what it lets pass to the warehouse: an empty `event_time`, a
//! negative `lookback`, a `begin` that is still to come.

use chrono_tz::Tz;
use indexmap::IndexMap;
use serde_json::Value;

use crate::calendar::{Grain, Instant};
use crate::diagnostics::{Diagnostic, Diagnostics, Location, nearest};
use crate::project::{Setting, truth};

use super::audit::audit;
use super::begin::begin;
use super::check::check;
use super::key_typos;
use super::layers::{kind, own_setting, texts};
use super::{Column, EventTime, Microbatch, OutsideWindow};

/// What is asked of a microbatch model.
pub struct MicrobatchInput<'a> {
    pub model: &'a str,
    pub config: &'a IndexMap<String, Setting>,
    pub event_time: Option<EventTime>,
    pub columns: &'a [Column],
    /// The properties file that declares the columns.
    pub documented: Option<&'a str>,
    pub now: Instant,
    /// Where the model says that it is one.
    pub at: Location,
}

/// The settings of a microbatch model, or all that is wrong with them.
pub fn microbatch(input: MicrobatchInput) -> Result<Microbatch, Diagnostics> {
    let mut errors = Diagnostics::default();
    let mut keep = |error: Diagnostic| errors.0.push(error);
    let timezone = input.timezone().unwrap_or_else(|error| {
        keep(error);
        Tz::UTC
    });
    let event_time = input.event_time().map_err(&mut keep).ok();
    let begin = input.begin(timezone).map_err(&mut keep).ok();
    let batch_size = input.batch_size().map_err(&mut keep).ok();
    let lookback = input.lookback().map_err(&mut keep).ok();
    let concurrent_batches = input.boolean("concurrent_batches").map_err(&mut keep).ok();
    let full_refresh = input.boolean("full_refresh").map_err(&mut keep).ok();
    let outside_window = input.outside_window().map_err(&mut keep).ok();
    let audit = audit(input.model, input.config).map_err(&mut keep).unwrap_or_default();
    let check = check(input.model, input.config).map_err(&mut keep).unwrap_or_default();
    let settings =
        (event_time, begin, batch_size, lookback, concurrent_batches, full_refresh, outside_window);
    let (
        Some(event_time),
        Some((begin, begin_at)),
        Some(batch_size),
        Some(lookback),
        Some(concurrent),
        Some(full_refresh),
        Some(outside_window),
    ) = settings
    else {
        return Err(errors);
    };
    if !errors.0.is_empty() {
        return Err(errors);
    }
    let predicates = input.set("predicates").or_else(|| input.set("incremental_predicates"));
    Ok(Microbatch {
        event_time,
        begin,
        begin_at,
        batch_size,
        lookback,
        full_refresh: full_refresh.map(|(yes, at)| (yes, at.clone())),
        concurrent_batches: concurrent.map(|(yes, _)| yes),
        unique_key: texts(input.set("unique_key").map(|key| &key.value)),
        incremental_predicates: texts(predicates.map(|predicates| &predicates.value)),
        timezone,
        outside_window,
        audit,
        check,
    })
}

const SIZES: [(&str, Grain); 4] =
    [("hour", Grain::Hour), ("day", Grain::Day), ("month", Grain::Month), ("year", Grain::Year)];

impl<'a> MicrobatchInput<'a> {
    fn set(&self, key: &str) -> Option<&'a Setting> {
        self.config.get(key).filter(|setting| !setting.value.is_null())
    }

    fn missing(&self, key: &str) -> Diagnostic {
        let error = Diagnostic::error(format!(
            "model `{}` is a microbatch model without `{key}`",
            self.model
        ));
        match key_typos::instead_of(key, self.config.keys()) {
            Some(near) => error
                .at(self.config[near].at.clone())
                .hint(format!("is `{near}` meant to be `{key}`?")),
            None => error.at(self.at.clone()),
        }
    }

    fn event_time(&self) -> Result<EventTime, Diagnostic> {
        let Some(setting) = self.set("event_time") else {
            return Err(self.missing("event_time").hint(self.event_time_hint()));
        };
        match (&setting.value, &self.event_time) {
            (Value::String(_), Some(event_time)) => {
                event_time.time_type().map(|_| event_time.clone())
            }
            (Value::String(_), None) => {
                let error =
                    Diagnostic::error(format!("`event_time` of model `{}` is empty", self.model))
                        .at(setting.at.clone());
                Err(error.hint(self.event_time_hint()))
            }
            (other, _) => {
                let message = format!(
                    "`event_time` of model `{}` must be the name of a column, and is {}",
                    self.model,
                    kind(other)
                );
                Err(Diagnostic::error(message).at(setting.at.clone()).hint(self.event_time_hint()))
            }
        }
    }

    fn event_time_hint(&self) -> String {
        let timestamps: Vec<&str> = self
            .columns
            .iter()
            .filter(|column| is_time(column))
            .map(|column| &*column.name)
            .collect();
        match (timestamps.as_slice(), self.documented) {
            ([only], Some(file)) => format!(
                "add `event_time='{only}'` (the only timestamp column \
                that `{file}` documents)"
            ),
            ([], _) => "add `event_time='…'`: the column of the model's result that says when a \
                row happened"
                .to_string(),
            (several, _) => format!(
                "add `event_time='…'`: one of `{}`, whichever says when a row \
                happened",
                several.join("`, `")
            ),
        }
    }

    fn begin(&self, timezone: Tz) -> Result<(Instant, Location), Diagnostic> {
        let Some(setting) = self.set("begin") else {
            return Err(self
                .missing("begin")
                .hint("add `begin='2024-01-01'`: the earliest time that the model has rows for"));
        };
        let Value::String(text) = &setting.value else {
            let message = format!(
                "`begin` of model `{}` must be a date, and is {}",
                self.model,
                kind(&setting.value)
            );
            return Err(Diagnostic::error(message)
                .at(setting.at.clone())
                .hint("write it in quotes: `'2024-01-01'`"));
        };
        let at = begin(text, timezone).map_err(|hint| {
            Diagnostic::error(format!("`begin` of model `{}` is no date: `{text}`", self.model))
                .at(setting.at.clone())
                .hint(hint)
        })?;
        if at > self.now {
            let message = format!(
                "`begin` of model `{}` lies in the future: {}",
                self.model,
                at.format("%F %T UTC")
            );
            let error = Diagnostic::error(message)
                .at(setting.at.clone())
                .fact(format!("now is {}", self.now.format("%F %T UTC")));
            return Err(error.hint("set it to the earliest time that the model has rows for"));
        }
        Ok((at, setting.at.clone()))
    }

    fn batch_size(&self) -> Result<Grain, Diagnostic> {
        let allowed = "`hour`, `day`, `month` or `year`";
        let Some(setting) = self.set("batch_size") else {
            return Err(self
                .missing("batch_size")
                .hint(format!("add `batch_size='day'`: it is one of {allowed}")));
        };
        let text = setting.value.as_str().unwrap_or_default();
        if let Some((_, grain)) = SIZES.iter().find(|(name, _)| *name == text) {
            return Ok(*grain);
        }
        let actual =
            if text.is_empty() { kind(&setting.value).to_string() } else { format!("`{text}`") };
        let message =
            format!("`batch_size` of model `{}` must be {allowed}, and is {actual}", self.model);
        let error = Diagnostic::error(message).at(setting.at.clone());
        Err(match nearest(text, SIZES.map(|(name, _)| name)) {
            Some(near) => error.hint(format!("write `{near}`, in lower case")),
            None if text.to_lowercase().starts_with("week") => {
                error.hint("the next smaller is `day`, the next larger is `month`")
            }
            None if text.to_lowercase().starts_with("quarter") => {
                error.hint("the next smaller is `month`, the next larger is `year`")
            }
            None => error.hint("`day` suits most models"),
        })
    }

    fn lookback(&self) -> Result<u32, Diagnostic> {
        let Some(setting) = self.set("lookback") else { return Ok(1) };
        let error = |what: String| {
            Diagnostic::error(format!("`lookback` of model `{}` {what}", self.model))
                .at(setting.at.clone())
        };
        let is = |what: &str| error(format!("must be a whole number, and is {what}"));
        match &setting.value {
            Value::Number(number) => {
                match (number.as_u64().and_then(|whole| u32::try_from(whole).ok()), number.as_i64())
                {
                    (Some(whole), _) => Ok(whole),
                    (None, Some(below)) if below < 0 => Err(error(format!("is negative: {below}"))
                        .hint("`lookback=0` writes the newest batch alone")),
                    _ => Err(is(&format!("`{number}`")).hint("write `lookback=1`")),
                }
            }
            Value::String(text) if text.trim().parse::<u32>().is_ok() => {
                Err(is("text").hint(format!("write `lookback={}`, without quotes", text.trim())))
            }
            other => Err(is(kind(other))
                .hint("write `lookback=1`: how many batches before the newest are written again")),
        }
    }

    fn boolean(&self, key: &str) -> Result<Option<(bool, &'a Location)>, Diagnostic> {
        let Some(setting) = self.set(key) else { return Ok(None) };
        if let Some(yes) = truth(&setting.value) {
            return Ok(Some((yes, &setting.at)));
        }
        let message = format!(
            "`{key}` of model `{}` must be true or false, and is {}",
            self.model,
            kind(&setting.value)
        );
        let hint = if setting.value.is_string() {
            "write `true` or `false`, without quotes"
        } else {
            "write `true` or `false`"
        };
        Err(Diagnostic::error(message).at(setting.at.clone()).hint(hint))
    }

    fn timezone(&self) -> Result<Tz, Diagnostic> {
        let Some((value, at)) = own_setting(self.config, "timezone") else { return Ok(Tz::UTC) };
        let name = value.as_str().unwrap_or_default();
        name.parse::<Tz>().map_err(|_| {
            let message = format!(
                "`timezone` of model `{}` is no time zone: `{}`",
                self.model,
                super::layers::text(value)
            );
            let error = Diagnostic::error(message).at(at);
            match nearest(name, chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name())) {
                Some(near) => error.hint(format!("is it `{near}`?")),
                None => error.hint("write a name of the tz database, such as `Europe/Paris`"),
            }
        })
    }

    fn outside_window(&self) -> Result<Option<OutsideWindow>, Diagnostic> {
        let Some((value, at)) = own_setting(self.config, "outside_window") else { return Ok(None) };
        match value.as_str() {
            Some("error") => Ok(Some(OutsideWindow::Error)),
            Some("drop") => Ok(Some(OutsideWindow::Drop)),
            Some("keep") => Ok(Some(OutsideWindow::Keep)),
            _ => {
                let actual = super::layers::text(value);
                let message = format!(
                    "`outside_window` of model `{}` must be `error`, `drop` or `keep`, and is \
                     `{actual}`",
                    self.model
                );
                let error = Diagnostic::error(message).at(at);
                Err(match nearest(&actual, ["error", "drop", "keep"]) {
                    Some(near) => error.hint(format!("is it `{near}`?")),
                    None => {
                        error.hint("`error` stops a batch that yields rows outside of its window")
                    }
                })
            }
        }
    }
}

fn is_time(column: &Column) -> bool {
    let of_time = |data_type: &String| {
        ["timestamp", "datetime", "date"]
            .iter()
            .any(|word| data_type.to_lowercase().starts_with(word))
    };
    column.data_type.as_ref().is_some_and(of_time)
}
