//! Determines the client of a run: from the command line, the last run, or the dialect.

use std::env::var_os;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use super::plan_args::PlanArgs;
use super::profile_args::ProfileArgs;
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::dialect::{self, Dialect, Sql};
use crate::plan::manifest::About;
use crate::run::client_profiles;
use crate::run::confirmed::Confirmed;
use crate::run::executable;
use crate::run::history::History;
use crate::run::journal;

/// What determines the client of a command.
pub struct ClientRequest<'a> {
    /// The command for messages, without `batchwright`.
    pub command: &'a str,
    /// The arguments after `--`; empty if there is no client.
    pub client: &'a [String],
    pub plan: &'a PlanArgs,
    /// The flags that name the profile; the plan's target has precedence over its default one.
    pub profile: &'a ProfileArgs,
    /// The plan whose target is used; `None` for the target of the flags alone.
    pub about: Option<&'a About>,
    /// Whether the client of the last run has precedence over that of the dialect.
    pub resumed: bool,
    /// The project's folder, as the client finds it.
    pub base: &'a Path,
}

/// The argument vector of the client. The client in a journal is used only if the user has run it
/// for this plan on this machine before, since the journal may be part of the repository.
pub fn argv(
    request: &ClientRequest,
    dialect: &Dialect,
    history: &History,
    confirmed: &Confirmed,
) -> Result<Vec<String>, Diagnostics> {
    if !request.client.is_empty() {
        return Ok(request.client.to_vec());
    }
    let Some(last) = history.last.as_ref().filter(|_| request.resumed) else {
        return default_client(request, dialect);
    };
    let Some(client) = &last.client else {
        let what = "the client of the last run is not in the journal, because its arguments have \
            a password";
        return Err(no_client(what.to_string(), request, dialect).into());
    };
    // The default client of a run in another folder of the project has another relative path.
    let default = default_client(request, dialect).ok();
    if let Some(default) = default.filter(|default| is_same_client(default, client)) {
        return Ok(default);
    }
    if confirmed.holds(&request.plan.folder(), client) {
        return Ok(client.clone());
    }
    let joined =
        shlex::try_join(client.iter().map(String::as_str)).unwrap_or_else(|_| client.join(" "));
    Err(Diagnostic::error("the client of the last run was never run for this plan on this machine")
        .note(format!("the journal, which may be part of the repository, names: {joined}"))
        .hint(format!("name the client: `batchwright {} -- CLIENT …`", request.command))
        .into())
}

/// Whether two argument vectors are equal, apart from a relative way up to the project.
fn is_same_client(one: &[String], other: &[String]) -> bool {
    let below = |word: &str| {
        let mut rest = word.to_string();
        while let Some(next) = rest.strip_prefix("../").or(rest.strip_prefix("./")) {
            rest = next.to_string();
        }
        rest
    };
    one.len() == other.len() && one.iter().zip(other).all(|(one, other)| below(one) == below(other))
}

/// Refuses a client without a name, one of another dialect, and one that continues after an error.
/// Returns whether it reads SQL from its standard input instead of `{file}`.
pub fn validate(argv: &[String], dialect: &Dialect) -> Result<bool, Diagnostics> {
    if argv.iter().all(|word| word.is_empty()) {
        return Err(Diagnostic::error("the client's name is empty").into());
    }
    let reads_stdin = !argv.iter().any(|word| word.contains("{file}"));
    client_profiles::reject_other_dialect(argv, dialect)?;
    client_profiles::reject_error_ignoring(argv, reads_stdin)?;
    Ok(reads_stdin)
}

impl ClientRequest<'_> {
    /// The flags of the profile, with the target of the plan.
    fn profile_of_plan(&self) -> Result<ProfileArgs, Diagnostic> {
        match self.about {
            Some(about) => self.profile.of_plan(about, &self.plan.project_dir),
            None => Ok(self.profile.clone()),
        }
    }
}

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

    /// Whether the profile has the target.
    pub fn is_in_profile(&self, plan: &PlanArgs) -> Result<bool, Diagnostics> {
        let target = self.profile.project_target(&plan.project_dir, None)?;
        let is_of_plan =
            |dialect: &str| self.about.as_ref().is_none_or(|about| about.dialect == dialect);
        Ok(target.is_ok_and(|target| is_of_plan(&target.dialect)))
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

/// A query for the client of a plan.
pub struct QueryRequest<'a> {
    /// The command for messages, without `batchwright`.
    pub command: &'a str,
    /// The arguments after `--`; empty for the client of the last run, or of the dialect.
    pub client: &'a [String],
    pub plan: &'a PlanArgs,
    pub profile: &'a ProfileArgs,
    /// The plan whose target and last client are used; `None` for the target of the flags.
    pub about: Option<&'a About>,
}

impl QueryRequest<'_> {
    /// The argument vector of the client, which exists. The journals of the plan name the client of
    /// the last run.
    pub fn argv(&self, dialect: &Dialect) -> Result<Vec<String>, Diagnostics> {
        let paths = self.plan.paths()?;
        let history = match self.about.is_some() {
            true => paths.history(&paths.fingerprint()?)?,
            false => History::default(),
        };
        let request = ClientRequest {
            command: self.command,
            client: self.client,
            plan: self.plan,
            profile: self.profile,
            about: self.about,
            resumed: history.last.is_some(),
            base: &self.plan.project_dir,
        };
        let argv = argv(&request, dialect, &history, &confirmed())?;
        validate(&argv, dialect)?;
        executable::refuse_missing(&argv[0], &std::env::var("PATH").unwrap_or_default())?;
        Ok(argv)
    }

    /// Runs a query with one text per row, and returns what the client prints; the inner error if
    /// the client fails.
    pub fn output(
        &self,
        dialect: &Dialect,
        query: &Sql,
    ) -> Result<Result<String, Diagnostic>, Diagnostics> {
        let argv = self.argv(dialect)?;
        let mut text = query.0.clone();
        if let Some((profile, _)) = client_profiles::profile(&argv) {
            text.insert_str(0, profile.plain_output);
        }
        let argv = client_profiles::with_plain_options(&argv);
        Ok(client_output(&argv, &text))
    }
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

/// The record of clients that the user has run.
pub fn confirmed() -> Confirmed {
    Confirmed::new(var_os("XDG_STATE_HOME"), var_os("HOME"))
}

/// The default client of the dialect.
pub fn default_client(
    request: &ClientRequest,
    dialect: &Dialect,
) -> Result<Vec<String>, Diagnostics> {
    let client = &dialect.client.command;
    let fail = |what: String| -> Result<Vec<String>, Diagnostics> {
        Err(no_client(what, request, dialect).into())
    };
    if client.is_empty() {
        return fail(format!("{} has no default client", dialect.name));
    }
    let profile = request.profile_of_plan()?;
    if !client.iter().any(|word| word == "{path}") {
        return Ok(client.clone());
    }
    let target = match profile.project_target(&request.plan.project_dir, None)? {
        Ok(target) => target,
        Err(error) => {
            let what = "no profile names the database file".to_string();
            return Err(no_client(what, request, dialect).note(error.message).into());
        }
    };
    let is_of_dialect =
        dialect::named(&target.dialect).is_ok_and(|of_target| of_target.name == dialect.name);
    match target.path.filter(|_| is_of_dialect) {
        None => fail("no profile names the database file".to_string()),
        Some(path) if path == ":memory:" => fail(
            "the profile's database is in memory, so the results of a step would be lost"
                .to_string(),
        ),
        Some(path) if path.starts_with('-') => {
            fail(format!("the client would read the profile's database file `{path}` as an option"))
        }
        // As in dbt, relative to the project's folder.
        Some(path) => {
            let path = if path.contains(':') {
                path
            } else {
                request.base.join(path).to_string_lossy().into_owned()
            };
            Ok(client.iter().map(|word| word.replace("{path}", &path)).collect())
        }
    }
}

fn no_client(what: String, request: &ClientRequest, dialect: &Dialect) -> Diagnostic {
    let example = &dialect.client.example;
    Diagnostic::error(what)
        .hint(format!("name the client: `batchwright {} -- {example}`", request.command))
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

    #[test]
    fn a_client_is_the_same_in_another_folder_of_the_project() {
        let client = |path: &str| vec!["duckdb".to_string(), "-bail".to_string(), path.to_string()];
        assert!(is_same_client(
            &client("./target/shop.duckdb"),
            &client("../../target/shop.duckdb")
        ));
        assert!(!is_same_client(&client("target/shop.duckdb"), &client("target/other.duckdb")));
        assert!(!is_same_client(&client("target/shop.duckdb"), &client("/target/shop.duckdb")));
    }
}
