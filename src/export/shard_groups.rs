//! Groups of shards that do not wait for each other: a matrix of jobs, or the partitions of an
//! asset. A group waits for the groups that have a shard that one of its shards waits for.

use std::collections::{BTreeMap, BTreeSet};

use super::ExportedShard;

/// Shards of one phase that do not wait for each other.
pub struct ShardGroup {
    /// `before`, `batches`, `after`; unique, with a number from the second of a name on.
    pub name: String,
    /// Indexes of shards.
    pub shards: Vec<usize>,
    /// Indexes of groups, all smaller than that of this group.
    pub waits_for: Vec<usize>,
}

/// The groups of the shards in a valid order.
pub fn shard_groups(shards: &[ExportedShard]) -> Vec<ShardGroup> {
    let index_of: BTreeMap<usize, usize> =
        shards.iter().enumerate().map(|(index, shard)| (shard.shard, index)).collect();
    // The level of a shard in its phase: the longest chain of shards that it waits for.
    let mut levels: Vec<usize> = Vec::with_capacity(shards.len());
    for shard in shards {
        let in_phase = shard.depends_on.iter().map(|number| index_of[number]);
        let in_phase = in_phase.filter(|index| shards[*index].phase == shard.phase);
        levels.push(in_phase.map(|index| levels[index] + 1).max().unwrap_or(0));
    }
    let key = |index: usize| (shards[index].phase, levels[index]);
    let keys: BTreeSet<(u32, usize)> = (0..shards.len()).map(key).collect();
    let group_of: BTreeMap<(u32, usize), usize> =
        keys.iter().enumerate().map(|(group, key)| (*key, group)).collect();
    let names = phase_names(shards);
    let mut uses: BTreeMap<&str, usize> = BTreeMap::new();
    let mut groups = Vec::new();
    for key_of_group in &keys {
        let of_group: Vec<usize> =
            (0..shards.len()).filter(|index| key(*index) == *key_of_group).collect();
        let waits_for: BTreeSet<usize> = of_group
            .iter()
            .flat_map(|index| &shards[*index].depends_on)
            .map(|number| group_of[&key(index_of[number])])
            .collect();
        let name = names[&key_of_group.0];
        let uses = uses.entry(name).or_default();
        *uses += 1;
        groups.push(ShardGroup {
            name: if *uses == 1 { name.to_string() } else { format!("{name}_{uses}") },
            shards: of_group,
            waits_for: waits_for.into_iter().collect(),
        });
    }
    groups
}

/// The names of the phases: those of batches, and those before, between and after them.
fn phase_names(shards: &[ExportedShard]) -> BTreeMap<u32, &'static str> {
    let phases: BTreeSet<u32> = shards.iter().map(|shard| shard.phase).collect();
    let with_batches = || {
        let shards = shards.iter().filter(|shard| shard.event_time_start.is_some());
        shards.map(|shard| shard.phase)
    };
    let (first, last) = (with_batches().min(), with_batches().max());
    let name = |phase: u32| match (first, last) {
        (Some(first), _) if phase < first => "before",
        (_, Some(last)) if phase > last => "after",
        _ if with_batches().any(|other| other == phase) => "batches",
        (None, None) => "steps",
        _ => "between",
    };
    phases.iter().map(|phase| (*phase, name(*phase))).collect()
}
