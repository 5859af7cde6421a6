//! Which files a project may read: those of its own folder, and, since a monorepo keeps macros beside its projects, those of the
//! git repository that holds it. So compiling somebody's project shows them no other file of yours, whatever its paths and
//! links say. What git keeps for itself, and hidden files such as `.env`, stay out of reach too, where they lie beside the project.

use std::path::{Path, PathBuf};

use crate::diagnostics::Diagnostic;

/// The folders that a project may read.
pub struct Fence {
    /// As it was named.
    root: PathBuf,
    /// The same without links.
    project: PathBuf,
    /// The innermost git repository that holds it.
    repository: Option<PathBuf>,
}

impl Fence {
    pub fn around(root: &Path) -> Fence {
        let project = absolute(root);
        let repository = project.ancestors().find(|folder| folder.join(".git").exists()).map(Path::to_path_buf);
        Fence { root: root.to_path_buf(), project, repository }
    }

    /// Refuses a path, or a link in it, that leads out.
    pub fn check(&self, path: &str) -> Result<(), Diagnostic> {
        // What is not there leads nowhere.
        let Ok(real) = self.root.join(path).canonicalize() else { return Ok(()) };
        if real.starts_with(&self.project) || self.is_beside(&real) || self.is_in_a_package(path, &real) {
            return Ok(());
        }
        let wrong = Diagnostic::error(format!("`{path}` leads out of the project"));
        Err(match &self.repository {
            Some(_) => wrong.fact("what lies beside it may be read too, in the same git repository, but for hidden files"),
            None => wrong.fact("no git repository holds the project: if one did, what lies beside it could be read too"),
        }
        .hint("copy what it leads to into the project"))
    }

    fn is_beside(&self, real: &Path) -> bool {
        let Some(within) = self.repository.as_ref().and_then(|repository| real.strip_prefix(repository).ok()) else { return false };
        let hidden = within.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        !hidden && within.components().all(|part| part.as_os_str() != ".git")
    }

    /// `dbt deps` makes links of local packages, which are projects of their own.
    fn is_in_a_package(&self, path: &str, real: &Path) -> bool {
        let mut folders = Path::new(path).ancestors().filter(|folder| !folder.as_os_str().is_empty());
        folders.any(|folder| {
            let package = self.root.join(folder);
            package.join("dbt_project.yml").is_file() && real.starts_with(absolute(&package))
        })
    }
}

/// The absolute form of a path without links, or the path itself.
pub fn absolute(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_path_buf())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_repository_is_read_and_nothing_beyond_it() {
        let outside = tempfile::tempdir().unwrap();
        let repository = outside.path().join("repository");
        for (path, text) in [
            ("repository/.git/config", "a password"),
            ("repository/.env", "a password"),
            ("repository/shared/macros/m.sql", ""),
            ("repository/shop/models/a.sql", ""),
            ("secret.sql", "a password"),
            ("tool/dbt_project.yml", "name: tool"),
            ("tool/macros/t.sql", ""),
        ] {
            fs::create_dir_all(outside.path().join(path).parent().unwrap()).unwrap();
            fs::write(outside.path().join(path), text).unwrap();
        }
        let shop = repository.join("shop");
        fs::create_dir(shop.join("dbt_packages")).unwrap();
        for (link, to) in [
            ("models/env.sql", "../../.env"),
            ("models/git.sql", "../../.git/config"),
            ("models/far.sql", "../../../secret.sql"),
            ("models/near.sql", "../../shared/macros/m.sql"),
            ("dbt_packages/tool", "../../../tool"),
        ] {
            symlink(to, shop.join(link)).unwrap();
        }
        let read = |fence: &Fence, path: &str| fence.check(path).is_ok();
        let fence = Fence::around(&shop);
        for path in
            ["models/a.sql", "../shared/macros/m.sql", "../shared", "models/near.sql", "models/no.sql", "dbt_packages/tool/macros/t.sql"]
        {
            assert!(read(&fence, path), "{path}");
        }
        for path in [
            "models/env.sql",
            "models/git.sql",
            "models/far.sql",
            "../.env",
            "../../secret.sql",
            "/",
            "../..",
            "dbt_packages/tool/../../secret.sql",
        ] {
            assert!(!read(&fence, path) || !shop.join(path).exists(), "{path}");
        }
        fs::rename(repository.join(".git"), outside.path().join("git")).unwrap();
        let fence = Fence::around(&shop);
        assert!(!read(&fence, "models/near.sql") && read(&fence, "models/a.sql") && read(&fence, "dbt_packages/tool/macros/t.sql"));
    }
}
