//! A run whose steps are determined: finds its client, and runs the steps or prints their command
//! lines.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::process::ExitCode;
use std::sync::Arc;

use super::client::{self, ClientRequest};
use super::current_database::identity;
use super::flag_values::flag_or_variable;
use super::progress::{OutputKind, Progress};
use super::run_args::RunSettings;
use super::run_scope::{PUBLISH_HINT, RunScope, StartPoint};
use super::run_selection::{self, RunSelection};
use super::run_summary::close;
use super::{print, print_diagnostics, print_status};
use crate::calendar::Instant;
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::dialect::Dialect;
use crate::plan::StepKind;
use crate::plan::manifest::Manifest;
use crate::run::client::{Client, ClientSession};
use crate::run::confirmed::Confirmed;
use crate::run::effects::EffectsError;
use crate::run::history::History;
use crate::run::journal::Journal;
use crate::run::plan_paths::PlanPaths;
use crate::run::proof::{self, Unverified};
use crate::run::protocol::Protocol;
use crate::run::schedule::{Schedule, ScheduleOptions};
use crate::run::shutdown::Shutdown;
use crate::run::target::TargetIdentity;
use crate::run::{self, RunOptions, client_profiles, effects, executable};

/// What the journal does not show of a publication.
const OTHER_MACHINES: &str =
    "an undo on another machine is in the journal of that machine: add `--journal DIR`\n";

/// A run whose steps are determined.
pub struct PreparedRun {
    pub settings: RunSettings,
    pub scope: RunScope,
    pub paths: PlanPaths,
    pub manifest: Manifest,
    pub dialect: Dialect,
    pub fingerprint: String,
    pub history: History,
    pub selection: RunSelection,
    pub until: Option<Instant>,
    pub schedule: ScheduleOptions,
    pub confirmed: Confirmed,
}

impl PreparedRun {
    /// The command line of the client, for the database of the last run. `None` if no step is
    /// selected, which was printed.
    pub fn client(&self, from: StartPoint) -> Result<Option<Vec<String>>, Diagnostics> {
        let PreparedRun { settings, scope, manifest, history, selection, .. } = self;
        let request = ClientRequest {
            command: scope.command(from),
            client: &settings.client,
            plan: &settings.plan,
            profile: &settings.profile,
            about: Some(&manifest.about),
        };
        let last_run = history.last.as_ref().filter(|_| selection.resumed);
        let argv = client::argv(&request, &self.dialect, last_run, &self.confirmed);
        if let Err(error) = &argv
            && request.names_other_target()
        {
            return Err(error.clone());
        }
        if selection.resumed
            && !settings.accept_target
            && let (Ok(argv), Some(earlier)) = (&argv, history.target())
        {
            refuse_other_target(&target_of(manifest, argv), earlier)?;
        }
        if !selection.selected.contains(&true) {
            print_status(&run_selection::nothing_left(selection, manifest, history));
            if *scope == RunScope::Publish && manifest.about.ledger.is_none() {
                print_status(OTHER_MACHINES);
            }
            return Ok(None);
        }
        let argv = argv?;
        let is_same = |earlier| target_of(manifest, &argv).difference(earlier).is_none();
        if matches!(scope, RunScope::Plan { .. }) && history.target().is_none_or(is_same) {
            run_selection::refuse_published(manifest, &selection.selected, history)?;
        }
        client::validate(&argv, &self.dialect)?;
        Ok(Some(argv))
    }

    /// Prints the command line of each step in order.
    pub fn print_commands(&self, argv: &[String]) -> Result<ExitCode, Diagnostics> {
        let PreparedRun { manifest, selection, schedule, .. } = self;
        let steps = &manifest.steps;
        let mut schedule = Schedule::new(steps, &selection.selected, &BTreeMap::new(), *schedule)?;
        let quoted = |words: &[&str]| {
            shlex::try_join(words.iter().copied()).unwrap_or_else(|_| words.join(" "))
        };
        while let Some(index) = schedule.start() {
            schedule.end(index, true);
            let path = self.paths.plan.join(steps[index].file.to_string());
            let file = path.to_string_lossy();
            let words: Vec<String> =
                argv.iter().map(|word| word.replace("{file}", &file)).collect();
            let command = quoted(&words.iter().map(String::as_str).collect::<Vec<_>>());
            print(&match words == argv {
                true => format!("{command} < {}\n", quoted(&[&*file])),
                false => format!("{command}\n"),
            })?;
        }
        Ok(ExitCode::SUCCESS)
    }

    /// Checks the client and the tables, and runs the steps.
    pub fn run(self, argv: Vec<String>, journal: &Journal) -> Result<ExitCode, Diagnostics> {
        let PreparedRun {
            settings,
            scope,
            paths,
            manifest,
            dialect,
            fingerprint,
            history,
            mut selection,
            until,
            schedule,
            confirmed,
        } = self;
        executable::refuse_missing(&argv[0], &std::env::var("PATH").unwrap_or_default())?;
        let threads = threads(&settings, &argv);
        let target = target_of(&manifest, &argv);
        let output = output_kind(&settings);
        let progress = Arc::new(Progress::of(&manifest, &selection.selected, &paths.plan, output));
        let mut client = Client {
            argv,
            dialect: &dialect,
            protocol: Protocol::new(&dialect, None)?,
            timeout: settings.timeout,
            shutdown: shutdown_at_signals(progress.clone())?,
        };
        let mut session = match proof::verify(&mut client) {
            Ok(session) => session,
            Err(Unverified::Unsafe(error)) => return Err(error.into()),
            Err(Unverified::NoAnswer(failed)) => {
                print_diagnostics(&[failed]);
                return Ok(ExitCode::from(1));
            }
        };
        match check_tables(&client, scope, &manifest, &mut selection, &history, &mut session) {
            Ok(()) => {}
            Err(EffectsError::Missing(errors)) => return Err(errors),
            Err(EffectsError::Unknown(error)) => {
                print_diagnostics(&[error]);
                return Ok(ExitCode::from(1));
            }
        }
        confirmed.add(&paths.plan, &client.argv);
        let options = RunOptions {
            paths: &paths,
            manifest: &manifest,
            selected: &selection.selected,
            history: &history,
            resumed: selection.resumed,
            fingerprint: &fingerprint,
            client: &client,
            // The client may have created the database file.
            target: &target.refreshed(),
            threads,
            fail_fast: flag_or_variable(settings.steps.fail_fast, "FAIL_FAST"),
            retries: settings.steps.retries,
            until,
            schedule,
            shard: settings.steps.shard,
            select: selection.select,
            exclude: selection.exclude,
            models: selection.models,
            left_out: selection.left_out,
        };
        let result = run::run(&options, journal, progress.as_ref(), session);
        progress.close();
        match result {
            Ok(result) => {
                let exit_code = close(&settings, scope, &paths, manifest, &fingerprint, &result)?;
                if selection.holds_back && result.failed + result.open == 0 {
                    print_status(PUBLISH_HINT);
                }
                Ok(exit_code)
            }
            Err(error) => {
                print_diagnostics(&[error]);
                Ok(ExitCode::from(1))
            }
        }
    }
}

/// Checks that the tables exist which the steps need. Does not select the models that an undo need
/// not take back.
fn check_tables(
    client: &Client,
    scope: RunScope,
    manifest: &Manifest,
    selection: &mut RunSelection,
    history: &History,
    session: &mut Option<ClientSession>,
) -> Result<(), EffectsError> {
    if selection.resumed {
        effects::check(client, manifest, &selection.selected, history, session)?;
    }
    if scope == RunScope::Extra(StepKind::Undo) {
        for (model, warning) in effects::without_old_rows(client, manifest, history, session)? {
            print_diagnostics(&[warning]);
            let steps = selection.selected.iter_mut().zip(&manifest.steps);
            steps.filter(|(_, step)| *step.model == *model).for_each(|(is, _)| *is = false);
        }
    }
    Ok(())
}

fn target_of(manifest: &Manifest, argv: &[String]) -> TargetIdentity {
    identity(&manifest.about.target, &manifest.about.dialect, argv)
}

/// The number of steps that run at once. Warns if the client allows only one.
fn threads(settings: &RunSettings, argv: &[String]) -> usize {
    let threads = usize::from(settings.steps.threads);
    let is_single =
        client_profiles::profile(argv).is_some_and(|(profile, _)| profile.single_writer);
    if threads == 1 || !is_single {
        return threads;
    }
    print_diagnostics(&[Diagnostic::warning(format!(
        "`{}` allows one writing process per database, so the steps run one at a time",
        argv[0]
    ))]);
    1
}

fn output_kind(settings: &RunSettings) -> OutputKind {
    match std::io::stderr().is_terminal() {
        _ if flag_or_variable(settings.quiet, "QUIET") => OutputKind::Quiet,
        true => OutputKind::Bar,
        false => OutputKind::Lines,
    }
}

/// At the first signal the running steps end; at the second they are killed.
fn shutdown_at_signals(progress: Arc<Progress>) -> Result<Shutdown, Diagnostic> {
    let print = move |times| match times {
        1 => progress.println("finishing the running steps; press Ctrl-C again to kill them"),
        _ => progress.println("killing the running steps"),
    };
    Shutdown::at_signals(print)
        .map_err(|error| Diagnostic::error(format!("cannot handle Ctrl-C: {error}")))
}

/// Refuses to continue a run against another database: steps that are done there would be skipped.
fn refuse_other_target(
    target: &TargetIdentity,
    earlier: &TargetIdentity,
) -> Result<(), Diagnostic> {
    let Some(difference) = target.difference(earlier) else { return Ok(()) };
    Err(Diagnostic::error("the last run of this plan was of another database")
        .note(difference)
        .hint("to run all steps in this database: `batchwright run`")
        .hint(
            "if it has the tables of that run, for example because it was moved or restored: add \
             `--accept-target`",
        ))
}
