//! Renders the file of a scheduler from its template.

use std::collections::BTreeMap;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior, Value};
use serde::Serialize;

use super::escape::{add_filters, name, sh};
use super::exported_plan::{ExportedShard, client_words, run_words};
use super::shard_groups::{ShardGroup, shard_groups};
use super::{ExportRequest, ExportTarget, ExportedPlan};
use crate::diagnostics::Diagnostic;
use crate::plan_dir;

/// The largest argument of a process on Linux, in bytes, with room for the rest of the command.
const ARGUMENT_BYTES: usize = 120_000;

/// The environment variables by which a client finds and enters the warehouse.
#[derive(Clone, Default, Serialize)]
pub struct TaskEnvironment {
    pub settings: &'static [&'static str],
    pub secrets: &'static [&'static str],
    /// All variables that decide the server or the database.
    pub connection: Vec<&'static str>,
}

/// What a template can show.
#[derive(Serialize)]
struct FileContext<'a> {
    project: &'a str,
    /// The name of the folder of finished shards: another plan, cut or client has another one.
    marker: String,
    requested_shards: usize,
    one_at_a_time: bool,
    publishes: bool,
    /// The number of steps.
    steps: usize,
    /// The numbers of the shards.
    numbers: Vec<usize>,
    /// The name of the DAG, the workflow or the asset's prefix.
    name: String,
    workdir: Option<&'a str>,
    client_only: bool,
    /// With `--client-only`: whether the client reads a file from standard input.
    client_reads_stdin: bool,
    environment: &'a TaskEnvironment,
    /// The command of a task before and after `--shard K/N`, as words and for a shell.
    run: Vec<String>,
    run_command: String,
    client: Vec<String>,
    client_command: String,
    /// The client on the file `$file`, for a shell.
    file_command: String,
    /// With `--client-only`: the command that detects another plan, for a shell; and the path and
    /// the SHA-256 of the manifest.
    check_command: String,
    manifest: &'a str,
    manifest_sha256: &'a str,
    groups: Vec<GroupContext<'a>>,
}

/// A group of shards.
#[derive(Serialize)]
struct GroupContext<'a> {
    name: &'a str,
    waits_for: Vec<&'a str>,
    shards: Vec<ShardContext<'a>>,
    /// For each group of several shards that this group, which has several too, waits for: the
    /// ranges of its shards, with the ranges of the shards that wait for them.
    mappings: Vec<PartitionMapping<'a>>,
}

#[derive(Serialize)]
struct PartitionMapping<'a> {
    group: &'a str,
    ranges: Vec<(String, Vec<String>)>,
}

/// A shard.
#[derive(Serialize)]
struct ShardContext<'a> {
    number: usize,
    /// The range of its batches as an ISO 8601 interval: `2024-09-01/2024-09-04`.
    range: Option<String>,
    depends_on: &'a [usize],
    /// With `--client-only`: the files, the command line of each, and the files as arguments of a
    /// shell.
    files: Vec<&'a str>,
    commands: Vec<String>,
    file_list: String,
}

/// The file of a scheduler.
pub fn target_file(plan: &ExportedPlan, request: &ExportRequest) -> Result<String, Diagnostic> {
    let template = match request.target {
        ExportTarget::Airflow => include_str!("airflow.py"),
        ExportTarget::Dagster => include_str!("dagster.py"),
        ExportTarget::Github => include_str!("github.yml"),
        ExportTarget::Argo => include_str!("argo.yml"),
        ExportTarget::Make => include_str!("Makefile"),
        ExportTarget::Json => return Err(Diagnostic::error("JSON has no template")),
    };
    let groups = shard_groups(&plan.shards);
    let context = FileContext {
        project: &plan.project,
        marker: marker(plan, request),
        requested_shards: plan.requested_shards,
        one_at_a_time: plan.one_at_a_time,
        publishes: request.publishes,
        numbers: plan.shards.iter().map(|shard| shard.shard).collect(),
        steps: plan.shards.iter().map(|shard| shard.steps.len()).sum(),
        name: plan_name(plan),
        workdir: request.workdir.as_deref(),
        client_only: request.client_only,
        client_reads_stdin: !request.client.iter().any(|word| word.contains("{file}")),
        environment: &request.environment,
        run_command: joined(&run_words(&plan.fingerprint, request)),
        run: run_words(&plan.fingerprint, request),
        client_command: client_words(request).iter().map(|word| format!(" {}", sh(word))).collect(),
        client: if request.client_only { request.client.clone() } else { client_words(request) },
        file_command: file_command(&request.client, "\"$file\""),
        check_command: request.check.shell_command(),
        manifest: &request.check.path,
        manifest_sha256: &request.check.sha256,
        groups: groups.iter().map(|group| group_context(group, &groups, plan, request)).collect(),
    };
    if matches!(request.target, ExportTarget::Airflow | ExportTarget::Argo) {
        refuse_long_commands(&context)?;
    }
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_syntax(
        SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .keep_trailing_newline(true)
            .build()
            .expect("the default delimiters are valid"),
    );
    add_filters(&mut environment);
    environment.render_str(template, Value::from(Serde(&context))).map_err(|error| {
        Diagnostic::error(format!(
            "the template of `batchwright export {}` failed: {error:#}",
            request.target.as_str()
        ))
    })
}

/// A hash of the plan, of its shards and of the commands.
fn marker(plan: &ExportedPlan, request: &ExportRequest) -> String {
    let words = [&plan.fingerprint, &plan.plan, &request.check.sha256].into_iter();
    let flags = [
        plan.requested_shards.to_string(),
        request.publishes.to_string(),
        request.client_only.to_string(),
    ];
    let words = words.chain(&flags).chain(&request.run_flags).chain(&request.client);
    plan_dir::sha256(words.map(String::as_str).collect::<Vec<_>>().join("\0").as_bytes())[..32]
        .into()
}

/// The name of the project, and that of the plan unless it is the default one.
fn plan_name(plan: &ExportedPlan) -> String {
    let folder = plan.plan.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    match folder {
        "batchwright" | "" => name(&plan.project),
        folder => name(&format!("{}_{folder}", plan.project)),
    }
}

fn group_context<'a>(
    group: &'a ShardGroup,
    groups: &'a [ShardGroup],
    plan: &'a ExportedPlan,
    request: &ExportRequest,
) -> GroupContext<'a> {
    let shards = group.shards.iter().map(|index| shard_context(&plan.shards[*index], request));
    let several = |group: &ShardGroup| group.shards.len() > 1;
    let earlier = group.waits_for.iter().map(|index| &groups[*index]);
    let mapped = earlier.filter(|earlier| several(group) && several(earlier));
    GroupContext {
        name: &group.name,
        waits_for: group.waits_for.iter().map(|index| &*groups[*index].name).collect(),
        shards: shards.collect(),
        mappings: mapped.map(|earlier| partition_mapping(earlier, group, plan)).collect(),
    }
}

fn partition_mapping<'a>(
    earlier: &'a ShardGroup,
    group: &ShardGroup,
    plan: &ExportedPlan,
) -> PartitionMapping<'a> {
    let mut ranges: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for shard in group.shards.iter().map(|index| &plan.shards[*index]) {
        for number in &shard.depends_on {
            ranges.entry(*number).or_default().extend(range(shard));
        }
    }
    let of_earlier = earlier.shards.iter().map(|index| &plan.shards[*index]);
    let ranges = of_earlier
        .filter_map(|shard| Some((range(shard)?, ranges.remove(&shard.shard)?)))
        .collect();
    PartitionMapping { group: &earlier.name, ranges }
}

fn shard_context<'a>(shard: &'a ExportedShard, request: &ExportRequest) -> ShardContext<'a> {
    let files: Vec<&str> = match request.client_only {
        true => shard.steps.iter().map(|step| &*step.file).collect(),
        false => Vec::new(),
    };
    ShardContext {
        number: shard.shard,
        range: range(shard),
        depends_on: &shard.depends_on,
        commands: files.iter().map(|file| file_command(&request.client, &sh(file))).collect(),
        file_list: files.iter().map(|file| sh(file)).collect::<Vec<_>>().join(" "),
        files,
    }
}

/// The range of a shard's batches: `2024-09-01/2024-09-04`, with times if one is not midnight.
fn range(shard: &ExportedShard) -> Option<String> {
    let (start, end) = shard.event_time_start.as_ref().zip(shard.event_time_end.as_ref())?;
    let date = |text: &'_ str| text.strip_suffix("T00:00:00Z").map(str::to_string);
    Some(match (date(start), date(end)) {
        (Some(start), Some(end)) => format!("{start}/{end}"),
        _ => format!("{start}/{end}"),
    })
}

fn joined(words: &[String]) -> String {
    words.iter().map(|word| sh(word)).collect::<Vec<_>>().join(" ")
}

/// The client on a file, for a shell. `file` is a quoted path or `"$file"`.
fn file_command(client: &[String], file: &str) -> String {
    let word = |word: &String| {
        let literals = word.split("{file}").map(|text| match text {
            "" if word.contains("{file}") => String::new(),
            text => sh(text),
        });
        literals.collect::<Vec<_>>().join(file)
    };
    let command = client.iter().map(word).collect::<Vec<_>>().join(" ");
    match client.iter().any(|word| word.contains("{file}")) {
        true => command,
        false => format!("{command} < {file}"),
    }
}

/// Refuses shards whose list of files is too long for an argument of a process.
fn refuse_long_commands(context: &FileContext) -> Result<(), Diagnostic> {
    let mut shards = context.groups.iter().flat_map(|group| &group.shards);
    let Some(shard) = shards.find(|shard| shard.file_list.len() > ARGUMENT_BYTES) else {
        return Ok(());
    };
    Err(Diagnostic::error(format!(
        "shard {} has {} files, too many for one command",
        shard.number,
        shard.files.len()
    ))
    .note("the names of its files have more than 120 KB, and an argument has at most 128 KB")
    .hint("use more shards, or leave out `--client-only`"))
}
