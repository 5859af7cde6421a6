//! Queries that a client runs for a command: their target, and what the client prints.

use std::io::Write;
use std::process::{Command, Stdio};
use std::thread;

use super::client::{ClientRequest, argv, confirmed, validate};
use super::plan_args::PlanArgs;
use super::profile_args::ProfileArgs;
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::dialect::{Dialect, Sql};
use crate::plan::manifest::About;
use crate::run::history::History;
use crate::run::{client_profiles, executable, journal};

/// The target of a query: that of the plan in the folder, or that of the flags.
pub struct QueryTarget {
    pub profile: ProfileArgs,
    /// The plan, if the target is its own: the client of its last run is that of the target.
    pub about: Option<About>,
}

impl QueryTarget {
    /// The target of the plan if there is one and the flags name no other.
    pub fn of_plan(
        plan: &PlanArgs,
        profile: &ProfileArgs,
        dialect: Option<&str>,
    ) -> Result<QueryTarget, Diagnostics> {
        let Some(about) = about(plan)? else {
            return Ok(QueryTarget { profile: profile.clone(), about: None });
        };
        match profile.of_plan(&about, &plan.project_dir) {
            Ok(profile) if dialect.is_none_or(|name| name == about.dialect) => {
                Ok(QueryTarget { profile, about: Some(about) })
            }
            _ => Ok(QueryTarget { profile: profile.clone(), about: None }),
        }
    }

    /// The target of the flags.
    pub fn of_flags(
        plan: &PlanArgs,
        profile: &ProfileArgs,
        dialect: Option<&str>,
    ) -> Result<QueryTarget, Diagnostics> {
        let target = profile.project_target(&plan.project_dir, dialect)?.ok();
        let is_target = |about: &About| {
            target.as_ref().is_some_and(|target| {
                target.name == about.target && target.dialect == about.dialect
            })
        };
        let about = about(plan)?.filter(is_target);
        let about = about.filter(|about| profile.of_plan(about, &plan.project_dir).is_ok());
        Ok(QueryTarget { profile: profile.clone(), about })
    }
}

/// The head of the plan's manifest, if there is a plan.
fn about(plan: &PlanArgs) -> Result<Option<About>, Diagnostics> {
    let paths = plan.paths()?;
    Ok(match paths.has_manifest() {
        true => Some(paths.each_step(&mut |_| {})?.about),
        false => None,
    })
}

/// The argument vector of a client that exists. The journals of the plan name the client of the
/// last run.
pub fn query_client(
    request: &ClientRequest,
    dialect: &Dialect,
) -> Result<Vec<String>, Diagnostics> {
    let paths = request.plan.paths()?;
    let history = match request.about.is_some() {
        true => paths.history(&paths.fingerprint()?)?,
        false => History::default(),
    };
    let argv = argv(request, dialect, history.last.as_ref(), &confirmed())?;
    validate(&argv, dialect)?;
    executable::refuse_missing(&argv[0], &std::env::var("PATH").unwrap_or_default())?;
    Ok(argv)
}

/// Runs a query with one text per row, and returns what the client prints; the inner error if the
/// client fails.
pub fn query_output(
    request: &ClientRequest,
    dialect: &Dialect,
    query: &Sql,
) -> Result<Result<String, Diagnostic>, Diagnostics> {
    let argv = query_client(request, dialect)?;
    let mut text = query.0.clone();
    if let Some((profile, _)) = client_profiles::profile(&argv) {
        text.insert_str(0, profile.plain_output);
    }
    let argv = client_profiles::with_plain_options(&argv);
    Ok(client_output(&argv, &text))
}

/// Runs a query in a process of the client, and returns its output.
pub fn client_output(argv: &[String], text: &str) -> Result<String, Diagnostic> {
    let file = journal::scratch(text)?;
    let words: Vec<String> =
        argv.iter().map(|word| word.replace("{file}", &file.path().to_string_lossy())).collect();
    let is_fed = words == argv;
    let mut client = Command::new(&words[0]);
    client
        .args(&words[1..])
        .stdin(if is_fed { Stdio::piped() } else { Stdio::null() })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let failed = |error: std::io::Error| {
        Diagnostic::error(format!("the client `{}` cannot be started: {error}", words[0]))
    };
    let mut process = client.spawn().map_err(failed)?;
    // A separate thread, since a client may block on its output before it has read all input.
    let feeder = process.stdin.take().map(|mut stdin| {
        let text = text.to_string();
        thread::spawn(move || drop(stdin.write_all(text.as_bytes())))
    });
    let output = process.wait_with_output().map_err(failed)?;
    if let Some(feeder) = feeder {
        let _ = feeder.join();
    }
    if !output.status.success() {
        let error = Diagnostic::error(format!("the client ended with {}", output.status));
        let message = [&output.stderr, &output.stdout].map(|out| String::from_utf8_lossy(out));
        let message = message.iter().map(|text| first_lines(text)).find(|text| !text.is_empty());
        return Err(error.note(message.unwrap_or_default()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The first lines of a client's message, without the frames of a Java stack.
fn first_lines(message: &str) -> String {
    const MAX_LINES: usize = 12;
    const MAX_WIDTH: usize = 300;
    let is_frame = |line: &str| line.starts_with("at ") || line.starts_with("... ");
    let cut = |line: &str| match line.char_indices().nth(MAX_WIDTH) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_string(),
    };
    let lines = message.trim().lines().filter(|line| !is_frame(line.trim_start()));
    let lines: Vec<String> = lines.map(|line| cut(line.trim_end())).collect();
    match lines.len() {
        0..=MAX_LINES => lines.join("\n"),
        count => format!("{}\n… {} lines", lines[..MAX_LINES].join("\n"), count - MAX_LINES),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_message_is_cut_and_has_no_stack() {
        let stack = "Error: no table\n\tat org.apache.Hive\n\t... 22 more\nclosing\n";
        assert_eq!(first_lines(stack), "Error: no table\nclosing");
        let long = format!("{}\n", "x".repeat(400)).repeat(20);
        let lines = first_lines(&long);
        assert_eq!(lines.lines().count(), 13);
        assert!(lines.starts_with(&"x".repeat(300)) && lines.ends_with("… 8 lines"), "{lines}");
    }
}
