//! Files of a git revision, read by the `git` program: one process for all of them. Nothing is checked out.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::diagnostics::Diagnostic;

/// A folder as it is in a revision.
pub struct Revision {
    revision: String,
    folder: String,
    /// How git names what is in the folder.
    prefix: String,
    asked: ChildStdin,
    told: BufReader<ChildStdout>,
    child: Child,
}

impl Revision {
    pub fn open(revision: &str, folder: &str) -> Result<Revision, Diagnostic> {
        // A path with `./` is one from where git works, and not from the root of the repository.
        let (from, path) =
            if Path::new(folder).is_absolute() { (folder, String::new()) } else { (".", folder.trim_end_matches('/').to_string() + "/") };
        let git = || {
            let mut git = Command::new("git");
            git.args(["-C", from]).stdin(Stdio::null()).stderr(Stdio::piped());
            git
        };
        let known = git()
            .args(["rev-parse", "--verify", "--end-of-options", &format!("{revision}^{{commit}}")])
            .output()
            .map_err(|wrong| no_git(&wrong))?;
        if !known.status.success() {
            let words = String::from_utf8_lossy(&known.stderr).trim().to_string();
            return Err(Diagnostic::error(format!("git knows no revision `{revision}`"))
                .fact(format!("git says: {words}"))
                .hint("`OLD` and `NEW` are folders, or `REVISION:FOLDER`; in CI, fetch the revision first"));
        }
        let commit = String::from_utf8_lossy(&known.stdout).trim().to_string();
        let mut child = git()
            .args(["cat-file", "--batch"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|wrong| no_git(&wrong))?;
        let (Some(asked), Some(told)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(no_git(&io::Error::other("it has no pipes")));
        };
        let prefix = format!("{commit}:./{path}");
        Ok(Revision { revision: revision.to_string(), folder: folder.to_string(), prefix, asked, told: BufReader::new(told), child })
    }

    /// `main:plans/nightly`
    pub fn name(&self) -> String {
        format!("{}:{}", self.revision, self.folder)
    }

    /// What a file of the folder holds.
    pub fn file(&mut self, name: &str) -> Result<Vec<u8>, Diagnostic> {
        let broken = |wrong: &io::Error| Diagnostic::error(format!("git stopped while `{name}` was read: {wrong}"));
        if name.contains('\n') {
            return Err(Diagnostic::error(format!("git cannot be asked for {name:?}, whose name holds a line break")));
        }
        let read = |asked: &mut ChildStdin, told: &mut BufReader<ChildStdout>| -> io::Result<Option<Vec<u8>>> {
            writeln!(asked, "{}{name}", self.prefix)?;
            asked.flush()?;
            // `<object> blob <size>`, the bytes and a line break; or `<name> missing`.
            let mut line = String::new();
            told.read_line(&mut line)?;
            let Some((rest, size)) = line.trim_end().rsplit_once(' ') else { return Err(io::Error::other("it said nothing")) };
            let (true, Ok(size)) = (rest.ends_with(" blob"), size.parse::<usize>()) else { return Ok(None) };
            let mut bytes = vec![0; size + 1];
            told.read_exact(&mut bytes)?;
            bytes.pop();
            Ok(Some(bytes))
        };
        match read(&mut self.asked, &mut self.told) {
            Ok(Some(bytes)) => Ok(bytes),
            Ok(None) if name == "manifest.json" => {
                Err(Diagnostic::error(format!("there is no plan in `{}` at `{}`", self.folder, self.revision))
                    .hint("commit the plan's folder there: `git add` it, also where `.gitignore` leaves out `target/`"))
            }
            Ok(None) => Err(Diagnostic::error(format!("`{}/{name}` is not in `{}`", self.folder, self.revision))
                .hint("its manifest names the file: commit the folder as a whole")),
            Err(wrong) => Err(broken(&wrong)),
        }
    }
}

impl Drop for Revision {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn no_git(wrong: &io::Error) -> Diagnostic {
    Diagnostic::error(format!("cannot run `git`: {wrong}")).hint("`REVISION:FOLDER` is read by git; two folders are compared without it")
}
