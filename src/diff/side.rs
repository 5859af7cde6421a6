//! One of the two plans: a folder, or the same at a git revision. Takes `plans/nightly`, `main:plans/nightly` or `main:`, which is
//! the other plan's folder at `main`; gives the manifest and the files' texts.

use std::path::Path;

use super::git::Revision;
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::plan::manifest::{self, Manifest, PlannedStep};
use crate::plan::write::Sha256;
use crate::run::journal::Places;

/// Opens both plans as the command line names them.
pub fn open(old: &str, new: &str) -> Result<(Side, Side), Diagnostics> {
    let (from, to) = (Place::of(old), Place::of(new));
    let path = |place: &Place| match place {
        Place::Folder(path) | Place::Revision(_, path) => path.clone(),
    };
    let (of_old, of_new) = (path(&from), path(&to));
    match (side(from, &of_new), side(to, &of_old)) {
        (Ok(old), Ok(new)) => Ok((old, new)),
        (old, new) => Err(Diagnostics([old.err(), new.err()].into_iter().flatten().collect())),
    }
}

/// A plan that is open.
pub struct Side {
    /// As it was asked for.
    pub name: String,
    pub manifest: Manifest,
    pub files: Files,
}

/// The plan's files.
pub enum Files {
    Folder(Places),
    Revision(Revision),
}

/// What a plan was named by.
enum Place {
    Folder(String),
    /// The revision, and the folder in it.
    Revision(String, String),
}

impl Place {
    /// A folder of that name wins: its name may well hold a colon.
    fn of(text: &str) -> Place {
        match text.split_once(':') {
            Some((revision, path)) if !Path::new(text).is_dir() => Place::Revision(revision.to_string(), path.to_string()),
            _ => Place::Folder(text.to_string()),
        }
    }
}

fn side(place: Place, other: &str) -> Result<Side, Diagnostic> {
    match place {
        Place::Folder(path) if path.is_empty() => Err(Diagnostic::error("a plan's folder has no name")),
        Place::Folder(path) => {
            let places = Places::beside(Path::new(&path));
            if !places.plan.join("manifest.json").exists() {
                return Err(Diagnostic::error(format!("there is no plan in `{path}`"))
                    .hint("`batchwright compile --plan DIR` writes one")
                    .hint("`REVISION:DIR` is a plan that was committed, `REVISION:` the other one's folder at that revision"));
            }
            let manifest = places.manifest()?;
            Ok(Side { name: path, manifest, files: Files::Folder(places) })
        }
        Place::Revision(revision, path) => {
            let path = if path.is_empty() { other.to_string() } else { path };
            if path.is_empty() {
                return Err(Diagnostic::error(format!("`{revision}:` names no folder")).hint(format!("such as `{revision}:plans/nightly`")));
            }
            let mut files = Revision::open(&revision, &path)?;
            let name = files.name();
            let manifest = manifest::read(&*files.file("manifest.json")?, &format!("{name}/manifest.json"))?;
            Ok(Side { name, manifest, files: Files::Revision(files) })
        }
    }
}

impl Files {
    /// What a step's file holds, which must be what the manifest was written with.
    pub fn text(&mut self, step: &PlannedStep) -> Result<String, Diagnostic> {
        let bytes = match self {
            Files::Folder(places) => places.text(&step.file.to_string(), Some(step.sha256)).map_err(Diagnostic::error)?,
            Files::Revision(revision) => {
                let bytes = revision.file(&step.file.to_string())?;
                if Sha256::of(&bytes) != step.sha256 {
                    return Err(Diagnostic::error(format!(
                        "`{}/{}` is not the file that its manifest was written with",
                        revision.name(),
                        step.file
                    ))
                    .hint("compile that plan again, and commit the folder as a whole"));
                }
                bytes
            }
        };
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}
