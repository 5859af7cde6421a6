//! The files of a plan and its runs. The journal and the lock are in the state folder, which is
//! outside of dbt's target folder, so that `dbt clean` does not remove them. Reports are next to
//! the plan's folder, since the folder is replaced as a whole.

use std::fs;
use std::path::{Component, Path, PathBuf};

use super::shard::Shard;
use crate::project::PROJECT_FILE;

/// The default state folder, in the project's folder or next to a plan outside of a project.
const STATE_DIR: &str = ".batchwright";

/// The end of the name of a journal.
const JOURNAL: &str = ".journal.jsonl";

/// The files of a plan and its runs.
#[derive(Clone, Debug)]
pub struct PlanPaths {
    pub plan: PathBuf,
    /// The folder of the journal and the lock.
    pub state_dir: PathBuf,
    /// Whether the user or the project names the folder.
    pub has_named_state_dir: bool,
    pub journal: PathBuf,
    /// The journal of earlier versions, next to the plan's folder.
    pub former_journal: PathBuf,
    pub lock: PathBuf,
    pub run_results: PathBuf,
    pub page: PathBuf,
    /// The name of the plan in the state folder.
    name: String,
    /// The shard whose journal this is.
    shard: Option<Shard>,
    /// More folders of journals.
    other_dirs: Vec<PathBuf>,
}

impl PlanPaths {
    /// The files of the plan in a folder; `state_dir` replaces the default state folder.
    pub fn new(plan: &Path, state_dir: Option<&Path>) -> PlanPaths {
        let plan = with_file_name(plan);
        let (root, name) = root_and_name(&plan);
        let folder = state_dir.map_or_else(|| root.join(STATE_DIR), Path::to_path_buf);
        let file_name =
            plan.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let sibling = |ending: &str| plan.with_file_name(format!("{file_name}.{ending}"));
        PlanPaths {
            journal: folder.join(format!("{name}{JOURNAL}")),
            lock: folder.join(format!("{name}.lock")),
            former_journal: sibling("journal.jsonl"),
            run_results: sibling("run_results.json"),
            page: sibling("page.html"),
            has_named_state_dir: state_dir.is_some(),
            state_dir: folder,
            plan,
            name,
            shard: None,
            other_dirs: Vec::new(),
        }
    }

    /// The same with the journals in other folders.
    pub fn with_journals(self, folders: &[PathBuf]) -> PlanPaths {
        PlanPaths { other_dirs: folders.to_vec(), ..self }
    }

    /// The files of a run of one shard.
    pub fn of_shard(self, shard: Shard) -> PlanPaths {
        let Shard { number, of } = shard;
        let suffix = format!("shard-{number}-of-{of}");
        let file = |ending: &str| self.state_dir.join(format!("{}.{suffix}.{ending}", self.name));
        let run_results = self.run_results.with_extension("");
        let run_results = run_results.with_extension(format!("{suffix}.run_results.json"));
        PlanPaths {
            journal: file("journal.jsonl"),
            lock: file("lock"),
            former_journal: self.former_journal.with_extension(format!("{suffix}.jsonl")),
            run_results,
            shard: Some(shard),
            ..self
        }
    }

    /// The journals to read: of the plan and of its shards, or of one shard, in all folders.
    pub fn journals(&self) -> Vec<PathBuf> {
        let mut journals = vec![self.readable_journal().to_path_buf()];
        journals.extend(self.journals_in_folders(|name| self.is_journal(name)));
        journals
    }

    /// The journals of other plans in the same folders: they may be about the same tables.
    pub fn journals_of_other_plans(&self) -> Vec<PathBuf> {
        self.journals_in_folders(|name| name.ends_with(JOURNAL) && !self.is_journal(name))
    }

    /// The files in the folders of journals with such a name, without the journal itself.
    fn journals_in_folders(&self, is_read: impl Fn(&str) -> bool) -> Vec<PathBuf> {
        let mut journals = Vec::new();
        for folder in [&self.state_dir].into_iter().chain(&self.other_dirs) {
            let entries = fs::read_dir(folder).into_iter().flatten().flatten();
            let mut paths: Vec<PathBuf> = entries
                .filter(|entry| is_read(&entry.file_name().to_string_lossy()))
                .map(|entry| entry.path())
                .filter(|path| *path != self.journal)
                .collect();
            paths.sort();
            journals.extend(paths);
        }
        journals
    }

    fn is_journal(&self, file_name: &str) -> bool {
        let suffix = file_name.strip_prefix(&self.name);
        let Some(suffix) = suffix.and_then(|suffix| suffix.strip_suffix(JOURNAL)) else {
            return false;
        };
        match self.shard {
            None => suffix.is_empty() || suffix.starts_with(".shard-"),
            Some(Shard { number, of }) => suffix == format!(".shard-{number}-of-{of}"),
        }
    }

    /// Whether the plan is a staged backfill: only these can be undone.
    pub fn has_undo_file(&self) -> bool {
        fs::read_dir(self.plan.join("undo")).is_ok_and(|mut files| files.next().is_some())
    }

    /// The journal to read: that of an earlier version, if no run has moved it yet.
    pub fn readable_journal(&self) -> &Path {
        if !self.journal.exists() && self.former_journal.is_file() {
            &self.former_journal
        } else {
            &self.journal
        }
    }
}

/// The folder of the dbt project that a plan's folder is part of.
pub fn project_root(plan: &Path) -> Option<PathBuf> {
    let (root, _) = root_and_name(&with_file_name(plan));
    root.join(PROJECT_FILE).is_file().then_some(root)
}

/// The path with a file name: `.` and `..` have none.
fn with_file_name(path: &Path) -> PathBuf {
    match path.file_name() {
        Some(_) => path.to_path_buf(),
        None => fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf()),
    }
}

/// The project's folder and the name of the plan in it, with dots for slashes; or the parent folder
/// and the file name, if the plan is not in a project.
fn root_and_name(plan: &Path) -> (PathBuf, String) {
    let absolute = absolute(plan);
    for path in [plan, &absolute] {
        let root = path.ancestors().skip(1).find(|folder| folder.join(PROJECT_FILE).is_file());
        if let Some(root) = root
            && let Ok(rest) = path.strip_prefix(root)
            && rest
                .components()
                .all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
        {
            let names = rest.components().filter_map(|part| match part {
                Component::Normal(name) => Some(name.to_string_lossy()),
                _ => None,
            });
            return (root.to_path_buf(), names.collect::<Vec<_>>().join("."));
        }
    }
    let parent = plan.parent().unwrap_or(Path::new("")).to_path_buf();
    let name = plan.file_name().map(|name| name.to_string_lossy().into_owned());
    (parent, name.unwrap_or_default())
}

/// The absolute path without symbolic links, also if its last folders do not exist.
pub fn absolute(path: &Path) -> PathBuf {
    let existing = path.ancestors().find_map(|folder| {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        Some((fs::canonicalize(folder).ok()?, folder))
    });
    match existing {
        Some((real, folder)) => {
            path.strip_prefix(folder).map_or(real.join(path), |rest| real.join(rest))
        }
        None => path.to_path_buf(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_journal_of_a_plan_in_a_project_is_in_the_folder_of_the_project() {
        let folder = tempfile::TempDir::new().unwrap();
        let root = fs::canonicalize(folder.path()).unwrap();
        let journal = |plan: &str, state: Option<&str>| {
            let paths =
                PlanPaths::new(&root.join(plan), state.map(|state| root.join(state)).as_deref());
            paths.journal.strip_prefix(&root).unwrap().to_string_lossy().into_owned()
        };
        assert_eq!(
            journal("shop/target/plan", None),
            "shop/target/.batchwright/plan.journal.jsonl"
        );
        fs::create_dir(root.join("shop")).unwrap();
        fs::write(root.join("shop/dbt_project.yml"), "").unwrap();
        let default = "shop/.batchwright/target.plan.journal.jsonl";
        assert_eq!(journal("shop/target/plan", None), default);
        assert_eq!(journal("shop/target/plan", Some("state")), "state/target.plan.journal.jsonl");
        assert_eq!(journal("plan", Some("state")), "state/plan.journal.jsonl");
        assert_eq!(project_root(&root.join("shop/target/plan")), Some(root.join("shop")));
        assert_eq!(project_root(&root.join("plan")), None);
    }
}
