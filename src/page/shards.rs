//! What the page shows of the shards of a plan: their contents, their states, and the shard of each
//! step.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::page_step::PageStep;
use super::state::Counts;
use super::summary;
use crate::calendar::{display_instant, parse_instant};
use crate::plan::manifest::{PlannedStep, ShardEntry};
use crate::plan::shards::Shards;

/// The shards of a plan; none if it is not cut.
#[derive(Default)]
pub struct PageShards {
    requested: usize,
    shards: Vec<ShardEntry>,
    /// The index of the shard of each step, by its id.
    of_step: BTreeMap<String, usize>,
}

impl PageShards {
    /// The shards that a plan of these steps is cut into; `requested` is their requested number.
    pub fn new(shards: Shards, steps: &[PlannedStep], requested: usize) -> PageShards {
        let ids = steps.iter().map(|step| step.id.to_string());
        let of_step = ids.zip(shards.of_step).collect();
        PageShards { requested, shards: shards.shards, of_step }
    }

    /// The number of the step's shard, from 1; 0 without one.
    pub fn number(&self, step: &PlannedStep) -> usize {
        self.of_step.get(&*step.id).map_or(0, |index| self.shards[*index].shard)
    }

    /// The rows of the table.
    pub fn table(&self, counts: &ShardCounts) -> Value {
        let show = |at: &Option<String>| {
            let at = at.as_deref().and_then(parse_instant);
            at.map(|at| display_instant(at, chrono_tz::UTC))
        };
        let row = |(shard, counts): (&ShardEntry, &Counts)| {
            json!({
                "number": shard.shard,
                "requested": self.requested,
                "start": show(&shard.event_time_start),
                "end": show(&shard.event_time_end),
                "steps": shard.steps,
                "depends_on": shard.depends_on,
                "counts": summary::counts(counts),
            })
        };
        self.shards.iter().zip(&counts.0).map(row).collect()
    }
}

/// The number of steps of each shard in each state.
pub struct ShardCounts(Vec<Counts>);

impl ShardCounts {
    pub fn new(shards: &PageShards) -> ShardCounts {
        ShardCounts(vec![Counts::default(); shards.shards.len()])
    }

    /// Adds the steps of a model.
    pub fn add(&mut self, steps: &[PageStep], shards: &PageShards) {
        for step in steps {
            if let Some(index) = shards.of_step.get(&*step.planned.id) {
                self.0[*index].add([step.state]);
            }
        }
    }
}
