//! A plan to compare: a folder, or a folder at a git revision. Takes `plans/nightly`,
//! `main:plans/nightly`, or `main:` for the folder of the other plan at `main`; reads the manifest
//! and the files.

use std::path::Path;
use std::sync::LazyLock;

use regex::Regex;

use super::git::Revision;
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::plan::Sha256;
use crate::plan::manifest::{Manifest, PlannedStep};
use crate::plan::manifest_reader;
use crate::project::{self, EarlierState};
use crate::run::plan_paths::PlanPaths;

/// Opens both plans that the command line names.
pub fn open(old: &str, new: &str) -> Result<(PlanSource, PlanSource), Diagnostics> {
    let (from, to) = (Argument::parse(old), Argument::parse(new));
    let path = |argument: &Argument| match argument {
        Argument::Folder(path) | Argument::Revision(_, path) => path.clone(),
    };
    let (of_old, of_new) = (path(&from), path(&to));
    match (open_plan(from, &of_new), open_plan(to, &of_old)) {
        (Ok(old), Ok(new)) => Ok((old, new)),
        (old, new) => Err(Diagnostics([old.err(), new.err()].into_iter().flatten().collect())),
    }
}

/// An open plan.
pub struct PlanSource {
    /// The argument of the command line.
    pub name: String,
    pub manifest: Manifest,
    pub files: PlanFiles,
}

/// Where the files of a plan are.
pub enum PlanFiles {
    Folder(PlanPaths),
    Revision(Revision),
}

/// A parsed argument.
enum Argument {
    Folder(String),
    /// A revision and a folder in it.
    Revision(String, String),
}

impl Argument {
    /// Parses an argument. An existing folder has precedence, since its name may have a colon.
    fn parse(text: &str) -> Argument {
        match text.split_once(':') {
            Some((revision, path)) if !Path::new(text).is_dir() => {
                Argument::Revision(revision.to_string(), path.to_string())
            }
            _ => Argument::Folder(text.to_string()),
        }
    }
}

fn open_plan(argument: Argument, other: &str) -> Result<PlanSource, Diagnostic> {
    match argument {
        Argument::Folder(path) if path.is_empty() => {
            Err(Diagnostic::error("the name of the plan's folder is empty"))
        }
        Argument::Folder(path) => {
            let paths = PlanPaths::new(Path::new(&path), None);
            if !paths.plan.join("manifest.json").exists() {
                return Err(Diagnostic::error(format!("no plan found in `{path}`"))
                    .hint("to write one, run `batchwright compile --plan DIR`")
                    .hint(
                        "`REVISION:DIR` is a committed plan, `REVISION:` the folder of the \
                        other plan at that revision",
                    ));
            }
            let manifest = paths.manifest()?;
            Ok(PlanSource { name: path, manifest, files: PlanFiles::Folder(paths) })
        }
        Argument::Revision(revision, path) => {
            let path = if path.is_empty() { other.to_string() } else { path };
            if path.is_empty() {
                return Err(Diagnostic::error(format!("`{revision}:` needs a folder"))
                    .hint(format!("for example `{revision}:plans/nightly`")));
            }
            let mut files = Revision::open(&revision, &path)?;
            let name = files.name();
            let manifest = manifest_reader::read(
                &*files.file("manifest.json")?,
                &format!("{name}/manifest.json"),
            )?;
            Ok(PlanSource { name, manifest, files: PlanFiles::Revision(files) })
        }
    }
}

impl PlanFiles {
    /// The state of the project that the plan was compiled from, if it can be read.
    pub fn state(&mut self) -> Option<EarlierState> {
        match self {
            PlanFiles::Folder(places) => project::earlier_state(&places.plan, &places.plan).ok(),
            PlanFiles::Revision(revision) => {
                let bytes = revision.file(project::STATE).ok()?;
                serde_json::from_slice(&bytes).ok().map(EarlierState::Plan)
            }
        }
    }

    /// The text of a step's file, without the hashes in its row of the ledger; an error if its hash
    /// is not the one in the manifest.
    pub fn text(&mut self, step: &PlannedStep) -> Result<String, Diagnostic> {
        let bytes = match self {
            PlanFiles::Folder(paths) => {
                paths.text(&step.file.to_string(), Some(step.sha256)).map_err(Diagnostic::error)?
            }
            PlanFiles::Revision(revision) => {
                let bytes = revision.file(&step.file.to_string())?;
                if Sha256::of(&bytes) != step.sha256 {
                    return Err(Diagnostic::error(format!(
                        "`{}/{}` differs from the file that its manifest describes",
                        revision.name(),
                        step.file
                    ))
                    .hint("compile that plan again, and commit the complete folder"));
                }
                bytes
            }
        };
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Ok(match step.statement_sha256 {
            Some(hash) => without_hashes(&text, &hash.to_string()),
            None => text,
        })
    }
}

/// The text with placeholders for the hashes in its row of the ledger, which differ between plans
/// and between batches.
fn without_hashes(text: &str, statement_sha256: &str) -> String {
    static PLAN: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new("'[0-9a-f]{32}' as plan_fingerprint").expect("the pattern is well formed")
    });
    let text = text.replace(statement_sha256, "<statement_sha256>");
    PLAN.replace_all(&text, "'<plan_fingerprint>' as plan_fingerprint").into_owned()
}
