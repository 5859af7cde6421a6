//! Splits a plan into shards, which several machines run. Batches are split by time: a batch and
//! the upstream batches that its window overlaps are in one shard. A step that is not a batch, such
//! as a create or a build, may depend on all batches, so such steps form separate shards. Takes the
//! steps in the order of the plan; returns the shards, each with its dependencies.

use std::collections::{BTreeMap, BTreeSet};

use xxhash_rust::xxh3::xxh3_128;

use super::manifest::{ShardEntry, ShardsEntry};
use super::planned::PlannedStep;
use super::{Dependencies, Plan, StepBody};
use crate::calendar::{Window, format_instant, parse_instant};
use crate::diagnostics::Diagnostic;

/// The shards of a plan that is not written yet. `milliseconds` returns the expected time of a step
/// of a model.
pub fn shards(
    plan: &Plan,
    requested: usize,
    milliseconds: &dyn Fn(&str) -> u64,
) -> Result<ShardsEntry, Diagnostic> {
    let dependencies = Dependencies::new(plan);
    let mut planner = ShardPlanner::default();
    for step in plan.all() {
        let window = match &step.body {
            StepBody::Batch(span, ..) => Some(span.window),
            StepBody::Static(_) => None,
        };
        let depends_on = dependencies.depends_on(&step);
        let model = &step.parent.model;
        let depends_on = depends_on.iter().map(String::as_str);
        planner.add(&step.id(), model, window, depends_on, milliseconds(model))?;
    }
    Ok(ShardsEntry { requested, shards: planner.cut(requested)?.shards })
}

/// Collects the steps of a plan.
#[derive(Default)]
pub struct ShardPlanner {
    /// Steps and models by the hash of their id.
    steps: BTreeMap<u128, u32>,
    models: BTreeMap<u128, u32>,
    phases: Vec<u32>,
    windows: Vec<Option<Window>>,
    /// The expected time of each step.
    milliseconds: Vec<u64>,
    dependencies: Vec<Box<[Dependency]>>,
    model_of_step: Vec<u32>,
    /// The last phases of each model.
    model_phases: Vec<ModelPhases>,
}

#[derive(Clone, Copy)]
enum Dependency {
    Step(u32),
    Model(u32),
}

#[derive(Clone, Copy, Default)]
struct ModelPhases {
    batches: Option<u32>,
    others: Option<u32>,
}

/// The shards of a plan, with the shard of each step.
pub struct Shards {
    pub shards: Vec<ShardEntry>,
    /// For each step, the index of its shard.
    pub of_step: Vec<usize>,
}

impl ShardPlanner {
    /// The steps of a manifest, without expected times.
    pub fn of_steps(steps: &[PlannedStep]) -> Result<ShardPlanner, Diagnostic> {
        let mut planner = ShardPlanner::default();
        for step in steps {
            let window = step.event_time_start.zip(step.event_time_end);
            let window = window.map(|(start, end)| Window { start, end });
            planner.add(
                &step.id,
                &step.model,
                window,
                step.depends_on.iter().map(|id| &**id),
                1,
            )?;
        }
        Ok(planner)
    }

    /// Adds the next step. `window` is set for a batch; `milliseconds` is the expected time of the
    /// step.
    pub fn add<'a>(
        &mut self,
        id: &str,
        model: &str,
        window: Option<Window>,
        depends_on: impl Iterator<Item = &'a str>,
        milliseconds: u64,
    ) -> Result<(), Diagnostic> {
        let mut phase = u32::from(window.is_some());
        let mut dependencies = Vec::new();
        for id_or_model in depends_on {
            let key = xxh3_128(id_or_model.as_bytes());
            if let Some(step) = self.steps.get(&key) {
                phase = phase.max(after_step(self.phases[*step as usize], window.is_some()));
                dependencies.push(Dependency::Step(*step));
            } else if let Some(model) = self.models.get(&key) {
                let phases = self.model_phases[*model as usize];
                // All batches of the model are needed, so the step cannot share a shard with their
                // phase.
                let after_batches =
                    phases.batches.map(|p| if window.is_some() { p + 2 } else { p + 1 });
                let after_others = phases.others.map(|p| after_step(p, window.is_some()));
                phase = phase.max(after_batches.max(after_others).unwrap_or_default());
                dependencies.push(Dependency::Model(*model));
            } else {
                return Err(Diagnostic::error(format!(
                    "the plan's step `{id}` depends on `{id_or_model}`, which is not in the plan"
                ))
                .hint("compile the plan again"));
            }
        }
        let index = number(self.phases.len());
        let next_model = number(self.models.len());
        let model = *self.models.entry(xxh3_128(model.as_bytes())).or_insert(next_model);
        if model == next_model {
            self.model_phases.push(ModelPhases::default());
        }
        let phases = &mut self.model_phases[model as usize];
        let last = if window.is_some() { &mut phases.batches } else { &mut phases.others };
        *last = (*last).max(Some(phase));
        self.steps.insert(xxh3_128(id.as_bytes()), index);
        self.phases.push(phase);
        self.windows.push(window);
        self.milliseconds.push(milliseconds.max(1));
        self.dependencies.push(dependencies.into_boxed_slice());
        self.model_of_step.push(model);
        Ok(())
    }

    /// Splits the plan into at most `count` shards. Returns an error if it needs more.
    pub fn cut(&self, count: usize) -> Result<Shards, Diagnostic> {
        let phases: BTreeSet<u32> = self.phases.iter().copied().collect();
        if phases.len() > count {
            return Err(Diagnostic::error(format!(
                "this plan needs at least {} shards, but {count} {} requested",
                phases.len(),
                if count == 1 { "was" } else { "were" }
            ))
            .note(
                "steps that are not batches, such as creates and builds, form separate shards, \
                 which run before and after the shards of batches",
            )
            .hint(format!("request {} shards or more", phases.len())));
        }
        let totals: BTreeMap<u32, u64> = phases
            .iter()
            .filter(|phase| has_batches(**phase))
            .map(|phase| (*phase, self.steps_of(*phase).map(|step| self.milliseconds[step]).sum()))
            .collect();
        let mut free = count - phases.len();
        let mut rest: u64 = totals.values().sum();
        let mut of_step = vec![0; self.phases.len()];
        let mut shards: Vec<ShardEntry> = Vec::new();
        for phase in phases {
            let Some(total) = totals.get(&phase) else {
                self.steps_of(phase).for_each(|step| of_step[step] = shards.len());
                shards.push(ShardEntry::new(shards.len() + 1, phase));
                continue;
            };
            // The free shards are distributed in proportion to the work of the phases.
            let extra = share(free, *total, rest);
            let groups = self.groups(phase, 1 + extra, *total);
            let used = groups.iter().map(|(_, group)| group + 1).max().unwrap_or(1);
            free -= used - 1;
            rest -= total;
            groups.iter().for_each(|(step, group)| of_step[*step] = shards.len() + group);
            for _ in 0..used {
                shards.push(ShardEntry::new(shards.len() + 1, phase));
            }
        }
        self.describe(&mut shards, &of_step);
        Ok(Shards { shards, of_step })
    }

    /// The shards of a manifest, with the shard of each step. Returns an error if a step has none.
    pub fn restore(&self, entry: &ShardsEntry) -> Result<Shards, Diagnostic> {
        let range = |shard: &ShardEntry| {
            let (start, end) = (shard.event_time_start.as_ref(), shard.event_time_end.as_ref());
            start.zip(end).and_then(|(start, end)| Some(parse_instant(start)?..parse_instant(end)?))
        };
        let ranges: Vec<_> = entry.shards.iter().map(range).collect();
        let shard_of = |step: usize| {
            let start = self.windows[step].map(|window| window.start);
            entry.shards.iter().zip(&ranges).position(|(shard, range)| {
                shard.phase == self.phases[step]
                    && start.is_none_or(|start| {
                        range.as_ref().is_some_and(|range| range.contains(&start))
                    })
            })
        };
        let of_step: Option<Vec<usize>> = (0..self.phases.len()).map(shard_of).collect();
        let of_step = of_step.ok_or_else(|| {
            Diagnostic::error("the shards in the manifest do not contain all steps of the plan")
                .hint("compile the plan again")
        })?;
        Ok(Shards { shards: entry.shards.clone(), of_step })
    }

    fn steps_of(&self, phase: u32) -> impl Iterator<Item = usize> + '_ {
        (0..self.phases.len()).filter(move |step| self.phases[*step] == phase)
    }

    /// The batches of a phase with the index of their group: at most `count` groups in
    /// chronological order, with about the same weight.
    fn groups(&self, phase: u32, count: usize, total: u64) -> Vec<(usize, usize)> {
        let mut batches: Vec<(Window, usize)> =
            self.steps_of(phase).filter_map(|step| Some((self.indivisible(step)?, step))).collect();
        batches.sort_unstable_by_key(|(window, step)| (window.start, window.end, *step));
        // Overlapping windows form a block, which is not split.
        let mut blocks: Vec<(u64, usize)> = Vec::new();
        let mut end = None;
        for (window, step) in &batches {
            match blocks.last_mut() {
                Some((weight, size)) if end.is_some_and(|end| window.start < end) => {
                    *weight += self.milliseconds[*step];
                    *size += 1;
                }
                _ => blocks.push((self.milliseconds[*step], 1)),
            }
            end = end.max(Some(window.end));
        }
        let mut groups = Vec::with_capacity(batches.len());
        let (mut before, mut last_group, mut group) = (0, None, 0);
        let mut steps = batches.iter().map(|(_, step)| *step);
        for (weight, size) in blocks {
            // The group at the middle of the block.
            let target = portion(count, 2 * before + weight, 2 * total).min(count - 1);
            if last_group.is_some_and(|last| target > last) {
                group += 1;
            }
            last_group = last_group.max(Some(target));
            before += weight;
            groups.extend(steps.by_ref().take(size).map(|step| (step, group)));
        }
        groups
    }

    /// The indivisible time span of a batch: its window, extended by later windows of the batches
    /// of its phase on which it depends.
    fn indivisible(&self, step: usize) -> Option<Window> {
        let mut span = self.windows[step]?;
        for dependency in &self.dependencies[step] {
            if let Dependency::Step(other) = dependency
                && let Some(window) = self.windows[*other as usize]
                && self.phases[*other as usize] == self.phases[step]
                && window.start > self.windows[step]?.start
            {
                span.end = span.end.max(window.end);
            }
        }
        Some(span)
    }

    /// Sets the counts, the ranges and the dependencies of the shards.
    fn describe(&self, shards: &mut [ShardEntry], of_step: &[usize]) {
        let mut of_model: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); self.model_phases.len()];
        let mut ranges: Vec<Option<Window>> = vec![None; shards.len()];
        for (step, shard) in of_step.iter().enumerate() {
            of_model[self.model_of_step[step] as usize].insert(*shard);
            shards[*shard].steps += 1;
            if let Some(window) = self.windows[step] {
                let range = ranges[*shard].get_or_insert(window);
                range.start = range.start.min(window.start);
                range.end = range.end.max(window.end);
            }
        }
        let mut depends_on: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); shards.len()];
        for (step, shard) in of_step.iter().enumerate() {
            for dependency in &self.dependencies[step] {
                match dependency {
                    Dependency::Step(other) => {
                        _ = depends_on[*shard].insert(of_step[*other as usize])
                    }
                    Dependency::Model(model) => {
                        depends_on[*shard].extend(&of_model[*model as usize])
                    }
                }
            }
        }
        for (index, shard) in shards.iter_mut().enumerate() {
            depends_on[index].remove(&index);
            shard.depends_on = depends_on[index].iter().map(|other| other + 1).collect();
            shard.event_time_start = ranges[index].map(|range| format_instant(range.start));
            shard.event_time_end = ranges[index].map(|range| format_instant(range.end));
        }
    }
}

impl ShardEntry {
    fn new(shard: usize, phase: u32) -> ShardEntry {
        ShardEntry {
            shard,
            phase,
            event_time_start: None,
            event_time_end: None,
            steps: 0,
            depends_on: Vec::new(),
        }
    }
}

/// Whether the steps of a phase are batches.
fn has_batches(phase: u32) -> bool {
    phase % 2 == 1
}

/// The first phase of a step that depends on a step of `phase`.
fn after_step(phase: u32, is_batch: bool) -> u32 {
    if has_batches(phase) == is_batch { phase } else { phase + 1 }
}

/// The part `work / total` of a number, rounded down.
fn portion(count: usize, work: u64, total: u64) -> usize {
    let portion = count as u128 * u128::from(work) / u128::from(total.max(1));
    usize::try_from(portion).unwrap_or(count)
}

/// The number of free shards for a phase with `work` of the remaining work, rounded.
fn share(free: usize, work: u64, rest: u64) -> usize {
    portion(2 * free, work, rest).div_ceil(2)
}

fn number(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
