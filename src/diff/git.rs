//! Reads files of a git revision through one `git cat-file` process, without a checkout.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::diagnostics::Diagnostic;

/// A folder in a git revision.
pub struct Revision {
    revision: String,
    folder: String,
    /// The prefix of git's names for the files of the folder.
    prefix: String,
    requests: ChildStdin,
    responses: BufReader<ChildStdout>,
    child: Child,
}

impl Revision {
    /// Starts git; an error if git or the revision is not found.
    pub fn open(revision: &str, folder: &str) -> Result<Revision, Diagnostic> {
        // `./` makes a path relative to git's working directory instead of the root of the
        // repository.
        let (from, path) = if Path::new(folder).is_absolute() {
            (folder, String::new())
        } else {
            (".", folder.trim_end_matches('/').to_string() + "/")
        };
        let git = || {
            let mut git = Command::new("git");
            git.args(["-C", from]).stdin(Stdio::null()).stderr(Stdio::piped());
            git
        };
        let resolved = git()
            .args(["rev-parse", "--verify", "--end-of-options", &format!("{revision}^{{commit}}")])
            .output()
            .map_err(|error| no_git(&error))?;
        if !resolved.status.success() {
            let words = String::from_utf8_lossy(&resolved.stderr).trim().to_string();
            return Err(Diagnostic::error(format!("git revision `{revision}` not found"))
                .note(format!("git: {words}"))
                .hint(
                    "`OLD` and `NEW` are folders, or `REVISION:FOLDER`; in CI, fetch the \
                    revision first",
                ));
        }
        let commit = String::from_utf8_lossy(&resolved.stdout).trim().to_string();
        let mut child = git()
            .args(["cat-file", "--batch"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| no_git(&error))?;
        let (Some(requests), Some(responses)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(no_git(&io::Error::other("no pipe to the process")));
        };
        let prefix = format!("{commit}:./{path}");
        Ok(Revision {
            revision: revision.to_string(),
            folder: folder.to_string(),
            prefix,
            requests,
            responses: BufReader::new(responses),
            child,
        })
    }

    /// For messages: `main:plans/nightly`.
    pub fn name(&self) -> String {
        format!("{}:{}", self.revision, self.folder)
    }

    /// The bytes of a file of the folder.
    pub fn file(&mut self, name: &str) -> Result<Vec<u8>, Diagnostic> {
        let cannot_read = |error: &io::Error| {
            Diagnostic::error(format!("cannot read `{name}` from git: {error}"))
        };
        if name.contains('\n') {
            return Err(Diagnostic::error(format!(
                "cannot read {name:?} from git: its name has a line break"
            )));
        }
        let read = |requests: &mut ChildStdin,
                    responses: &mut BufReader<ChildStdout>|
         -> io::Result<Option<Vec<u8>>> {
            writeln!(requests, "{}{name}", self.prefix)?;
            requests.flush()?;
            // `<object> blob <size>`, the bytes and a line break; or `<name> missing`.
            let mut line = String::new();
            responses.read_line(&mut line)?;
            let Some((rest, size)) = line.trim_end().rsplit_once(' ') else {
                return Err(io::Error::other("no answer"));
            };
            let (true, Ok(size)) = (rest.ends_with(" blob"), size.parse::<usize>()) else {
                return Ok(None);
            };
            let mut bytes = vec![0; size + 1];
            responses.read_exact(&mut bytes)?;
            bytes.pop();
            Ok(Some(bytes))
        };
        match read(&mut self.requests, &mut self.responses) {
            Ok(Some(bytes)) => Ok(bytes),
            Ok(None) if name == "manifest.json" => Err(Diagnostic::error(format!(
                "no plan found in `{}` at \
                    `{}`",
                self.folder, self.revision
            ))
            .hint(
                "commit the plan's folder there; if `.gitignore` excludes it, use `git \
                        add --force`",
            )),
            Ok(None) => Err(Diagnostic::error(format!(
                "`{}/{name}` is not in \
                `{}`",
                self.folder, self.revision
            ))
            .hint("the manifest lists this file: commit the complete folder")),
            Err(error) => Err(cannot_read(&error)),
        }
    }
}

impl Drop for Revision {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn no_git(error: &io::Error) -> Diagnostic {
    Diagnostic::error(format!("cannot run `git`: {error}"))
        .hint("git is needed for `REVISION:FOLDER` only; to compare two folders, it is not")
}
