//! A shard of a plan, as the command line names it: `3/8`.

use std::fmt;
use std::str::FromStr;

use crate::diagnostics::Diagnostic;
use crate::plan::manifest::Manifest;
use crate::plan::shards::{ShardPlanner, Shards};

/// The number of a shard, from 1, and the requested number of shards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    pub number: usize,
    pub of: usize,
}

impl fmt::Display for Shard {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.number, self.of)
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Shard, String> {
        let numbers = text.split_once('/').and_then(|(number, of)| {
            Some(Shard { number: number.parse().ok()?, of: of.parse().ok()? })
        });
        numbers
            .filter(|shard| (1..=shard.of).contains(&shard.number) && shard.of <= 10_000)
            .ok_or_else(|| "expected K/N, such as `3/8`: shard 3 of 8".to_string())
    }
}

/// For each step of a plan, whether it is in the shard.
pub fn steps_in(manifest: &Manifest, shard: Shard) -> Result<Vec<bool>, Diagnostic> {
    let shards = cut(manifest, shard.of)?;
    Ok(shards.of_step.iter().map(|index| index + 1 == shard.number).collect())
}

/// Cuts a plan into at most `count` shards: those of the manifest, if it has as many.
pub fn cut(manifest: &Manifest, count: usize) -> Result<Shards, Diagnostic> {
    let planner = ShardPlanner::of_steps(&manifest.steps)?;
    match &manifest.about.shards {
        Some(entry) if entry.requested == count => planner.restore(entry),
        _ => planner.cut(count),
    }
}
