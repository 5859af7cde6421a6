//! The GitHub Action, the release workflow and the pre-commit hooks: each satisfies its schema, and
//! the Action's scripts run on a repository with a pull request. Only GitHub's client is replaced:
//! a script records its calls.

#![allow(clippy::unwrap_used, reason = "what fails here fails its test")]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_yaml::Value;
use tempfile::TempDir;

const ACTION: &str = ".github/actions/review/action.yml";

#[test]
fn action_and_workflow_match_their_schemas() {
    for (schema, file) in [
        ("vendor.github-actions", ACTION),
        ("vendor.github-workflows", ".github/workflows/release.yml"),
    ] {
        let program = "target/engines/workflows/bin/check-jsonschema";
        let output = Command::new(program).args(["--builtin-schema", schema, file]).output();
        let output =
            output.unwrap_or_else(|error| panic!("{program}: {error}; tests/run installs it"));
        assert!(output.status.success(), "{file}: {}", String::from_utf8_lossy(&output.stdout));
    }
}

#[test]
fn hooks_call_commands_that_exist() {
    let hooks: Vec<BTreeMap<String, Value>> =
        serde_yaml::from_str(&fs::read_to_string(".pre-commit-hooks.yaml").unwrap()).unwrap();
    assert_eq!(hooks.len(), 2);
    for hook in &hooks {
        for key in ["id", "name", "entry", "language"] {
            assert!(hook.get(key).is_some_and(Value::is_string), "a hook has no `{key}`: {hook:?}");
        }
        let entry = hook["entry"].as_str().unwrap();
        let command = entry.split(' ').nth(1).unwrap();
        let help = Command::new(env!("CARGO_BIN_EXE_batchwright"))
            .args([command, "--help"])
            .output()
            .unwrap();
        let help = String::from_utf8(help.stdout).unwrap();
        assert!(
            entry.split(' ').skip(2).all(|flag| help.contains(flag)),
            "`{entry}` has an unknown flag"
        );
    }
}

/// Two pushes to one pull request: the first creates a comment, the second updates it.
#[test]
fn action_comments_what_a_pull_request_changes() {
    let request = PullRequest::new();
    request.compile();
    let diff = request.step("Compare", &[]);
    assert!(diff.status.success(), "{}", text(&diff));
    let comment = fs::read_to_string(request.runner.join("comment.md")).unwrap();
    assert!(comment.starts_with("<!-- batchwright review -->\n"), "{comment}");
    assert!(
        comment.contains("`before` → `after`")
            && comment.contains("-    sum(")
            && comment.contains("+    max("),
        "{comment}"
    );
    assert!(fs::read_to_string(request.runner.join("output")).unwrap().contains("changed=true"));

    let outputs = [("COMMENT", request.runner.join("comment.md"))];
    assert!(request.step("Comment", &outputs).status.success());
    fs::write(request.runner.join("comments"), "7\n").unwrap();
    assert!(request.step("Comment", &outputs).status.success());
    let calls = fs::read_to_string(request.runner.join("calls")).unwrap();
    let calls: Vec<&str> = calls.lines().filter(|call| call.contains("--method")).collect();
    assert!(calls[0].contains("POST repos/shop/dbt/issues/12/comments"), "{calls:?}");
    assert!(calls[1].contains("PATCH repos/shop/dbt/issues/comments/7"), "{calls:?}");
}

/// The page about reviews shows a comment as a picture, which `cargo bless` draws from the recorded
/// text.
#[test]
fn the_picture_of_a_comment_is_up_to_date() {
    let request = PullRequest::new();
    request.compile();
    assert!(request.step("Compare", &[]).status.success());
    let comment = fs::read_to_string(request.runner.join("comment.md")).unwrap();
    let (recorded, picture) = ("snapshots/pictures/comment.md", "snapshots/pictures/comment.png");
    if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        fs::write(recorded, &comment).unwrap();
        let drawn = Command::new("python3")
            .args(["tests/draw_comment.py", picture])
            .stdin(fs::File::open(recorded).unwrap())
            .status();
        assert!(drawn.unwrap().success(), "tests/run installs Chromium");
    }
    assert_eq!(
        fs::read_to_string(recorded).unwrap(),
        comment,
        "the comment has changed since {picture} was drawn: run `cargo bless`"
    );
    assert!(fs::read(picture).unwrap().starts_with(b"\x89PNG"), "{picture} is not a PNG file");
}

#[test]
fn action_reports_findings_of_changed_models() {
    let request = PullRequest::new();
    request.compile();
    let check = request.step("Check", &[]);
    assert!(text(&check).contains("::"), "a finding is a workflow command: {}", text(&check));
    let sarif: serde_json::Value =
        serde_json::from_slice(&fs::read(request.runner.join("batchwright.sarif")).unwrap())
            .unwrap();
    assert_eq!(sarif["version"], "2.1.0");
    assert!(!sarif["runs"][0]["results"].as_array().unwrap().is_empty(), "{sarif}");
}

/// A repository of the tour's project, with a pull request that changes a model, and a runner's
/// folder.
struct PullRequest {
    _folder: TempDir,
    repository: PathBuf,
    runner: PathBuf,
    base: String,
}

impl PullRequest {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let [origin, repository, runner] =
            ["origin", "repository", "runner"].map(|name| folder.path().join(name));
        for entry in walkdir::WalkDir::new("fixtures/projects/tour")
            .into_iter()
            .flatten()
            .filter(|entry| entry.file_type().is_file())
        {
            let target = origin.join(entry.path().strip_prefix("fixtures/projects/tour").unwrap());
            fs::create_dir_all(target.parent().unwrap()).unwrap();
            fs::copy(entry.path(), target).unwrap();
        }
        fs::create_dir(&runner).unwrap();
        git(&origin, &["init", "--quiet", "--initial-branch=main"]);
        commit(&origin, "a project");
        git(folder.path(), &["clone", "--quiet", origin.to_str().unwrap(), "repository"]);
        let base = git(&repository, &["rev-parse", "HEAD"]).trim().to_string();
        let model = repository.join("models/finance/daily_sales.sql");
        let sql = fs::read_to_string(&model).unwrap();
        assert!(sql.contains("sum("), "the model has a sum: {sql}");
        fs::write(
            &model,
            sql.replace("sum(", "max(").replace("group by all", "group by all\nlimit 5"),
        )
        .unwrap();
        commit(&repository, "a change");
        let gh = runner.join("gh");
        let script = "#!/bin/sh\necho \"$@\" >>\"$RUNNER_TEMP/calls\"\ncase \"$*\" in \
            *--paginate*) cat \"$RUNNER_TEMP/comments\" 2>/dev/null;; esac\nexit 0\n";
        fs::write(&gh, script).unwrap();
        fs::set_permissions(&gh, fs::Permissions::from_mode(0o755)).unwrap();
        PullRequest { _folder: folder, repository, runner, base }
    }

    fn compile(&self) {
        let output = self.step("Compile before and after", &[]);
        assert!(output.status.success(), "{}", text(&output));
    }

    /// Runs the script of a step as GitHub's runner does; `outputs` replace expressions over other
    /// steps.
    fn step(&self, name: &str, outputs: &[(&str, PathBuf)]) -> Output {
        let action: Value = serde_yaml::from_str(&fs::read_to_string(ACTION).unwrap()).unwrap();
        let steps = action["runs"]["steps"].as_sequence().unwrap();
        let step = steps.iter().find(|step| step["name"].as_str() == Some(name)).unwrap();
        let program = Path::new(env!("CARGO_BIN_EXE_batchwright")).parent().unwrap();
        let path = format!("{}:{}:/usr/bin:/bin", self.runner.display(), program.display());
        let mut command = Command::new("bash");
        command.args([
            "--noprofile",
            "--norc",
            "-eo",
            "pipefail",
            "-c",
            step["run"].as_str().unwrap(),
        ]);
        command
            .current_dir(&self.repository)
            .env_clear()
            .env("PATH", path)
            .env("HOME", &self.runner);
        command.env("RUNNER_TEMP", &self.runner);
        command
            .env("GITHUB_OUTPUT", self.runner.join("output"))
            .env("GITHUB_STEP_SUMMARY", self.runner.join("summary"));
        for (name, value) in step["env"].as_mapping().into_iter().flatten() {
            command.env(name.as_str().unwrap(), self.value(value.as_str().unwrap(), &action));
        }
        command.envs(outputs.iter().cloned()).output().unwrap()
    }

    /// The value of an expression of the Action in this pull request.
    fn value(&self, expression: &str, action: &Value) -> String {
        match expression.trim_start_matches("${{ ").trim_end_matches(" }}") {
            "inputs.event-time-start" => "2024-09-01".to_string(),
            "inputs.event-time-end" => "2024-09-04".to_string(),
            "github.event.pull_request.base.sha" => self.base.clone(),
            "github.event.number" => "12".to_string(),
            "github.repository" => "shop/dbt".to_string(),
            other => match other.strip_prefix("inputs.") {
                Some(input) => {
                    action["inputs"][input]["default"].as_str().unwrap_or_default().to_string()
                }
                None => String::new(),
            },
        }
    }
}

fn commit(repository: &Path, message: &str) {
    git(repository, &["add", "--all"]);
    git(
        repository,
        &[
            "-c",
            "user.name=a",
            "-c",
            "user.email=a@example.com",
            "commit",
            "--quiet",
            "--message",
            message,
        ],
    );
}

fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git").current_dir(folder).args(arguments).output().unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", text(&output));
    String::from_utf8(output.stdout).unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}
