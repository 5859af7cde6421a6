//! The flags that request windows, with dbt's names and environment variables.

use super::flag_values::{Suggested, option_or_variable};
use crate::calendar::{Grain, Instant};
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::window;

/// The windows to plan.
#[derive(Default, clap::Args)]
#[command(next_help_heading = "Windows")]
pub struct WindowArgs {
    /// Start of the range: 2024-09-01 or 2024-09-01T05:00, in the `timezone` of the model (default:
    /// UTC), or with an offset
    #[arg(long, value_name = "TIME", env = "DBT_EVENT_TIME_START")]
    pub event_time_start: Option<String>,
    /// End of the range (exclusive)
    #[arg(long, value_name = "TIME", env = "DBT_EVENT_TIME_END")]
    pub event_time_end: Option<String>,
    /// Plan coarser or finer windows than the models set: hour, day, month, year
    #[arg(long, value_name = "SIZE", value_parser = Suggested(sizes), hide_possible_values = true)]
    pub batch_size: Option<String>,
    /// Label batches with their month (day, year)
    #[arg(long, value_name = "SIZE", value_parser = Suggested(sizes), hide_possible_values = true)]
    pub chunk: Option<String>,
    /// Leave out the batch that is still open
    #[arg(long)]
    pub complete_only: bool,
    /// Refuse bounds inside a batch, and SQL that cannot be parsed
    #[arg(long)]
    pub strict: bool,
    /// Maximum number of batches per model
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    pub max_batches: usize,
}

impl WindowArgs {
    /// The windows that the flags or the environment request.
    pub fn request(&self, now: Instant) -> Result<window::WindowRequest, Diagnostics> {
        Ok(window::WindowRequest {
            bounds: bounds(&self.event_time_start, &self.event_time_end)?,
            now,
            batch_size: grain("--batch-size", self.batch_size.as_deref())?,
            chunk: grain("--chunk", self.chunk.as_deref())?,
            excluded: Vec::new(),
            complete_only: self.complete_only,
            strict: self.strict,
            max_batches: self.max_batches,
        })
    }
}

/// The bounds of the command line or of the environment variables.
pub fn bounds(
    start: &Option<String>,
    end: &Option<String>,
) -> Result<Option<(window::Bound, window::Bound)>, Diagnostics> {
    let (start, end) = (
        option_or_variable(start.clone(), "EVENT_TIME_START"),
        option_or_variable(end.clone(), "EVENT_TIME_END"),
    );
    window::bounds(start.as_deref(), end.as_deref())
}

fn grain(flag: &str, text: Option<&str>) -> Result<Option<Grain>, Diagnostics> {
    let Some(text) = text else { return Ok(None) };
    match Grain::parse(text) {
        Some(grain) => Ok(Some(grain)),
        None => Err(Diagnostic::error(format!("invalid value `{text}` of `{flag}`"))
            .hint("use `hour`, `day`, `month` or `year`")
            .into()),
    }
}

fn sizes() -> Vec<&'static str> {
    Grain::ALL.into_iter().map(Grain::as_str).collect()
}
