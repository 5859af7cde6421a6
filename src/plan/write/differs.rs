//! What writing a plan would change, without writing: for a plan that is committed and must be what its project gives.

use std::collections::BTreeSet;
use std::path::Path;

use super::{BESIDES, Files, MANIFEST, Marks, Seal, Sha256, there};
use crate::diagnostics::Diagnostic;
use crate::plan::Plan;
use crate::project::STATE;

/// Files by their names in the plan, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Differs {
    /// Would be written, and are not there.
    pub added: Vec<String>,
    /// Are there with other bytes.
    pub changed: Vec<String>,
    /// Are there, and would go.
    pub removed: Vec<String>,
}

/// How the folder differs from what would be written.
pub fn differs(plan: &Plan, folder: &Path) -> Result<Differs, Diagnostic> {
    let files = Files::of(plan);
    let marks = Marks::of(plan);
    if Seal::of(folder).is_some_and(|seal| seal.is_whole(folder, marks.plan, files.count() + BESIDES)) {
        return Ok(Differs::default());
    }
    let there = there::look(folder, plan, &marks)?;
    let seen = files.each(|_, file| Ok((file.name(), there.holds(folder, file))))?;
    let kept = seen.iter().map(|(_, kept)| *kept).collect::<Option<Vec<Sha256>>>();
    let manifest = kept.is_some_and(|kept| there::is_manifest(folder, plan, &kept));

    let all = seen.into_iter().map(|(name, kept)| (name, kept.is_some())).chain([(MANIFEST.to_string(), manifest)]);
    let mut differs = Differs::default();
    // What the project is made of changes with every model, and changes no file that runs.
    let mut expected = BTreeSet::from([STATE.to_string()]);
    for (name, same) in all {
        if !same {
            if folder.join(&name).exists() { &mut differs.changed } else { &mut differs.added }.push(name.clone());
        }
        expected.insert(name);
    }
    differs.removed = there.names().filter(|name| !expected.contains(*name)).map(str::to_string).collect();
    for names in [&mut differs.added, &mut differs.changed, &mut differs.removed] {
        names.sort();
    }
    Ok(differs)
}
