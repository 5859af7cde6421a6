//! The clients that the user has run on this machine, per plan, as hashes in the user's state
//! folder. A journal may be part of a repository, so the command in it is run only if the user has
//! run it here before.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use crate::plan_dir;

/// The folder of confirmations; `None` if the user has no home.
pub struct Confirmed(Option<PathBuf>);

impl Confirmed {
    /// Determines the folder from the values of `XDG_STATE_HOME` and `HOME`.
    pub fn new(state: Option<OsString>, home: Option<OsString>) -> Confirmed {
        let absolute =
            |path: Option<OsString>| path.map(PathBuf::from).filter(|path| path.is_absolute());
        let state = absolute(state)
            .or_else(|| absolute(home).map(|home| home.join(".local").join("state")));
        Confirmed(state.map(|state| state.join("batchwright").join("clients")))
    }

    /// Whether the user has run this command for this plan.
    pub fn holds(&self, plan: &Path, argv: &[String]) -> bool {
        self.file(plan, argv).is_some_and(|file| file.is_file())
    }

    /// Records the command. If that fails, `retry` requires the command.
    pub fn add(&self, plan: &Path, argv: &[String]) {
        if let (Some(folder), Some(file)) = (&self.0, self.file(plan, argv)) {
            let _ = fs::create_dir_all(folder).and_then(|()| fs::write(file, ""));
        }
    }

    fn file(&self, plan: &Path, argv: &[String]) -> Option<PathBuf> {
        let plan = fs::canonicalize(plan).ok()?;
        let key = serde_json::to_vec(&(plan.as_os_str().as_encoded_bytes(), argv)).ok()?;
        self.0.as_ref().map(|folder| folder.join(plan_dir::sha256(&key)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_confirmed_for_one_plan() {
        let folder = tempfile::TempDir::new().unwrap();
        let confirmed = Confirmed::new(Some(folder.path().into()), None);
        let argv = |words: &[&str]| words.iter().map(ToString::to_string).collect::<Vec<_>>();
        let plans = [folder.path().join("a"), folder.path().join("b")];
        plans.iter().for_each(|plan| fs::create_dir(plan).unwrap());
        confirmed.add(&plans[0], &argv(&["psql", "-d", "shop"]));
        assert!(confirmed.holds(&plans[0], &argv(&["psql", "-d", "shop"])));
        assert!(!confirmed.holds(&plans[1], &argv(&["psql", "-d", "shop"])));
        assert!(!confirmed.holds(&plans[0], &argv(&["psql", "-d shop"])));
        assert!(
            !Confirmed::new(Some("state".into()), None)
                .holds(&plans[0], &argv(&["psql", "-d", "shop"])),
            "a relative path is ignored"
        );
    }
}
