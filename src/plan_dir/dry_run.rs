//! The changes that writing a plan would make, without writing, to check that a committed plan is
//! up to date.

use std::collections::BTreeSet;
use std::path::Path;

use super::{EXTRA_FILES, Fingerprint, MANIFEST, PlanHashes, Sha256, WrittenFiles, existing};
use crate::diagnostics::Diagnostic;
use crate::plan::Plan;
use crate::project::STATE;

/// File names relative to the plan's folder, sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlanChanges {
    /// Files that would be created.
    pub added: Vec<String>,
    /// Files with other content.
    pub changed: Vec<String>,
    /// Files that would be removed.
    pub removed: Vec<String>,
}

/// The differences between the folder and the plan.
pub fn dry_run(plan: &Plan, folder: &Path) -> Result<PlanChanges, Diagnostic> {
    let files = WrittenFiles::of(plan);
    let hashes = PlanHashes::of(plan);
    let is_intact =
        |mark: Fingerprint| mark.is_intact(folder, hashes.plan, files.count() + EXTRA_FILES);
    if Fingerprint::of(folder).is_some_and(is_intact) {
        return Ok(PlanChanges::default());
    }
    let existing = existing::inspect(folder, plan, &hashes)?;
    let compared = files.each(|_, file| Ok((file.name(), existing.unchanged(folder, file))))?;
    let unchanged = compared.iter().map(|(_, hash)| *hash).collect::<Option<Vec<Sha256>>>();
    let manifest = unchanged.is_some_and(|hashes| existing::is_manifest(folder, plan, &hashes));

    let all = compared.into_iter().map(|(name, hash)| (name, hash.is_some()));
    let mut changes = PlanChanges::default();
    // The state of the project changes with every model, but is not a file that runs.
    let mut expected = BTreeSet::from([STATE.to_string()]);
    for (name, same) in all.chain([(MANIFEST.to_string(), manifest)]) {
        if !same {
            let exists = folder.join(&name).exists();
            if exists { &mut changes.changed } else { &mut changes.added }.push(name.clone());
        }
        expected.insert(name);
    }
    let removed = existing.names().filter(|name| !expected.contains(*name));
    changes.removed = removed.map(str::to_string).collect();
    for names in [&mut changes.added, &mut changes.changed, &mut changes.removed] {
        names.sort();
    }
    Ok(changes)
}
