//! A microbatch model's settings. Takes the merged configuration; returns them validated. Rejects
//! what dbt rejects, and what dbt passes to the warehouse: an empty `event_time`, a negative
//! `lookback`, a `begin` in the future.

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
use super::layers::{batchwright_setting, kind, texts};
use super::{Column, EventTime, Microbatch, OutsideWindow};

/// The inputs for the settings of a microbatch model.
pub struct MicrobatchInput<'a> {
    pub model: &'a str,
    pub config: &'a IndexMap<String, Setting>,
    pub event_time: Option<EventTime>,
    pub columns: &'a [Column],
    /// The properties file that declares the columns.
    pub documented: Option<&'a str>,
    pub now: Instant,
    /// The location of the setting that makes it a microbatch model.
    pub at: Location,
}

/// The settings of a microbatch model, or all of its errors.
pub fn microbatch(input: MicrobatchInput) -> Result<Microbatch, Diagnostics> {
    let mut errors = Diagnostics::default();
    let mut report = |error: Diagnostic| errors.0.push(error);
    let timezone = input.timezone().unwrap_or_else(|error| {
        report(error);
        Tz::UTC
    });
    let event_time = input.event_time().map_err(&mut report).ok();
    let begin = input.begin(timezone).map_err(&mut report).ok();
    let batch_size = input.batch_size().map_err(&mut report).ok();
    let lookback = input.lookback().map_err(&mut report).ok();
    let concurrent_batches = input.boolean("concurrent_batches").map_err(&mut report).ok();
    let full_refresh = input.boolean("full_refresh").map_err(&mut report).ok();
    let outside_window = input.outside_window().map_err(&mut report).ok();
    let audit = audit(input.model, input.config).map_err(&mut report).unwrap_or_default();
    let check = check(input.model, input.config).map_err(&mut report).unwrap_or_default();
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
        match key_typos::typo_of(key, self.config.keys()) {
            Some(near) => error
                .at(self.config[near].at.clone())
                .hint(format!("did you mean `{key}` instead of `{near}`?")),
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
                    "`event_time` of model `{}` must be the name of a column, but is {}",
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
            ([], _) => "add `event_time='…'`: the column of the model's result with the time of a \
                row"
            .to_string(),
            (several, _) => format!(
                "add `event_time='…'`: the one of `{}` that has the time of a \
                row",
                several.join("`, `")
            ),
        }
    }

    fn begin(&self, timezone: Tz) -> Result<(Instant, Location), Diagnostic> {
        let Some(setting) = self.set("begin") else {
            return Err(self
                .missing("begin")
                .hint("add `begin='2024-01-01'`: the earliest time of the model's rows"));
        };
        let Value::String(text) = &setting.value else {
            let message = format!(
                "`begin` of model `{}` must be a date, but is {}",
                self.model,
                kind(&setting.value)
            );
            return Err(Diagnostic::error(message)
                .at(setting.at.clone())
                .hint("write it in quotes: `'2024-01-01'`"));
        };
        let at = begin(text, timezone).map_err(|hint| {
            Diagnostic::error(format!("invalid `begin` of model `{}`: `{text}`", self.model))
                .at(setting.at.clone())
                .hint(hint)
        })?;
        if at > self.now {
            let message = format!(
                "`begin` of model `{}` is in the future: {}",
                self.model,
                at.format("%F %T UTC")
            );
            let error = Diagnostic::error(message)
                .at(setting.at.clone())
                .note(format!("the current time is {}", self.now.format("%F %T UTC")));
            return Err(error.hint("set it to the earliest time of the model's rows"));
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
            format!("`batch_size` of model `{}` must be {allowed}, but is {actual}", self.model);
        let error = Diagnostic::error(message).at(setting.at.clone());
        Err(match nearest(text, SIZES.map(|(name, _)| name)) {
            Some(near) => error.hint(format!("write `{near}`, in lower case")),
            None if text.to_lowercase().starts_with("week") => error.hint("use `day` or `month`"),
            None if text.to_lowercase().starts_with("quarter") => {
                error.hint("use `month` or `year`")
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
        let is = |what: &str| error(format!("must be a whole number, but is {what}"));
        match &setting.value {
            Value::Number(number) => {
                match (number.as_u64().and_then(|whole| u32::try_from(whole).ok()), number.as_i64())
                {
                    (Some(whole), _) => Ok(whole),
                    (None, Some(below)) if below < 0 => Err(error(format!("is negative: {below}"))
                        .hint("`lookback=0` writes only the newest batch")),
                    _ => Err(is(&format!("`{number}`")).hint("write `lookback=1`")),
                }
            }
            Value::String(text) if text.trim().parse::<u32>().is_ok() => {
                Err(is("text").hint(format!("write `lookback={}`, without quotes", text.trim())))
            }
            other => Err(is(kind(other)).hint(
                "write `lookback=1`: the number of batches before the newest that are rewritten",
            )),
        }
    }

    fn boolean(&self, key: &str) -> Result<Option<(bool, &'a Location)>, Diagnostic> {
        let Some(setting) = self.set(key) else { return Ok(None) };
        if let Some(yes) = truth(&setting.value) {
            return Ok(Some((yes, &setting.at)));
        }
        let message = format!(
            "`{key}` of model `{}` must be true or false, but is {}",
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
        let Some((value, at)) = batchwright_setting(self.config, "timezone") else {
            return Ok(Tz::UTC);
        };
        let name = value.as_str().unwrap_or_default();
        name.parse::<Tz>().map_err(|_| {
            let message = format!(
                "unknown `timezone` of model `{}`: `{}`",
                self.model,
                super::layers::text(value)
            );
            let error = Diagnostic::error(message).at(at);
            match nearest(name, chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name())) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error.hint("use a name of the tz database, such as `Europe/Paris`"),
            }
        })
    }

    fn outside_window(&self) -> Result<Option<OutsideWindow>, Diagnostic> {
        let Some((value, at)) = batchwright_setting(self.config, "outside_window") else {
            return Ok(None);
        };
        match value.as_str() {
            Some("error") => Ok(Some(OutsideWindow::Error)),
            Some("drop") => Ok(Some(OutsideWindow::Drop)),
            Some("keep") => Ok(Some(OutsideWindow::Keep)),
            _ => {
                let actual = super::layers::text(value);
                let message = format!(
                    "`outside_window` of model `{}` must be `error`, `drop` or `keep`, but is \
                     `{actual}`",
                    self.model
                );
                let error = Diagnostic::error(message).at(at);
                Err(match nearest(&actual, ["error", "drop", "keep"]) {
                    Some(near) => error.hint(format!("did you mean `{near}`?")),
                    None => {
                        error.hint("`error` fails a batch that yields rows outside of its window")
                    }
                })
            }
        }
    }
}

fn is_time(column: &Column) -> bool {
    let is_time_type = |data_type: &String| {
        ["timestamp", "datetime", "date"]
            .iter()
            .any(|word| data_type.to_lowercase().starts_with(word))
    };
    column.data_type.as_ref().is_some_and(is_time_type)
}
