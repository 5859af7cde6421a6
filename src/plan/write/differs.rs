//! What writing a plan would change, without writing: for a plan that is committed and must be what its project gives.

use std::collections::BTreeSet;
use std::path::Path;

use super::there::{self, Compared};
use super::{MANIFEST, Seen, Sha256, each, manifest};
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
    let there = there::look(folder)?;
    let see = |file: &str, text: &str| {
        let sha256 = Sha256::of(text.as_bytes());
        Seen { sha256, same: there.is_plan() && there.holds(folder, file, text.as_bytes(), sha256) }
    };
    let seen = each(plan, |_, step| Ok(see(&step.file(), &step.text())))?;
    let audits: Vec<(String, Seen)> = plan.audits().map(|(file, text)| (file.to_string(), see(file, &text))).collect();
    let (names, audited): (Vec<String>, Vec<Seen>) = audits.into_iter().unzip();
    let mut compared = Compared::with(&folder.join(MANIFEST));
    let same = manifest(plan, &seen, &audited, &mut compared).is_ok() && compared.same();

    let mut differs = Differs::default();
    // What the project is made of changes with every model, and changes no file that runs.
    let mut expected = BTreeSet::from([MANIFEST.to_string(), STATE.to_string()]);
    let mut other = vec![MANIFEST.to_string()];
    other.retain(|_| !same);
    for (name, seen) in plan.all().map(|step| step.file()).zip(&seen).chain(names.into_iter().zip(&audited)) {
        if !seen.same {
            other.push(name.clone());
        }
        expected.insert(name);
    }
    other.sort();
    for name in other {
        if folder.join(&name).exists() { &mut differs.changed } else { &mut differs.added }.push(name);
    }
    differs.removed = there::files(folder).filter(|name| !expected.contains(name)).collect();
    differs.removed.sort();
    Ok(differs)
}
