//! Which files a project may read: those of its own folder, and, since a monorepo keeps macros
//! beside its projects, those of the git repository that holds it. So compiling a project shows no
//! other file of the user, whatever its paths and links say, those of `dbt_packages/` included.
//! What git keeps for itself, and hidden files such as `.env`, are out of reach too, where they lie
//! beside the project. A file that the user names is read wherever it is, unless a link of the
//! repository leads to it.

use std::path::{Path, PathBuf};

use crate::diagnostics::Diagnostic;

/// The folders that a project may read.
pub struct Sandbox {
    /// As it was named.
    root: PathBuf,
    /// The same without links.
    project: PathBuf,
    /// The innermost git repository that holds it.
    repository: Option<PathBuf>,
}

impl Sandbox {
    pub fn around(root: &Path) -> Sandbox {
        let project = absolute(root);
        let repository =
            project.ancestors().find(|folder| folder.join(".git").exists()).map(Path::to_path_buf);
        Sandbox { root: root.to_path_buf(), project, repository }
    }

    /// Where a path of the project leads, if there is something. Refuses one that leads out, itself
    /// or by a link in it.
    pub fn resolve(&self, path: &str) -> Result<Option<PathBuf>, Diagnostic> {
        let Ok(real) = self.root.join(path).canonicalize() else { return Ok(None) };
        if self.holds(&real) {
            return Ok(Some(real));
        }
        let error = Diagnostic::error(format!("`{path}` leads out of the project"));
        Err(match &self.repository {
            Some(_) => error.fact(
                "what lies beside it may be read too, in the same git \
                repository, but for hidden files",
            ),
            None => error.fact(
                "no git repository holds the project: if one did, what lies beside \
                it could be read too",
            ),
        }
        .hint("copy what it leads to into the project"))
    }

    /// Where a path leads that the user named, if there is something. Refuses a link that lies in
    /// the repository and leads out of it and of `trusted`. `name` is the path in messages.
    pub fn resolve_named(
        &self,
        path: &Path,
        name: &str,
        trusted: &[PathBuf],
    ) -> Result<Option<PathBuf>, Diagnostic> {
        let Ok(real) = path.canonicalize() else { return Ok(None) };
        let named = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
        let roots = [
            std::path::absolute(&self.root).ok(),
            Some(self.project.clone()),
            self.repository.clone(),
        ];
        let is_of_repository = roots.into_iter().flatten().any(|root| named.starts_with(root));
        if !is_of_repository
            || self.holds(&real)
            || trusted.iter().any(|folder| real.starts_with(absolute(folder)))
        {
            return Ok(Some(real));
        }
        let error = Diagnostic::error(format!("`{name}` is a link that leads out of the project"));
        Err(error.hint("name the file itself, not the link, or copy it into the project"))
    }

    /// Whether a folder that need not be there yet is one of the project or of its repository.
    pub fn may_write(&self, path: &str) -> bool {
        let mut folder = self.root.join(path);
        if folder.components().any(|part| part == std::path::Component::ParentDir)
            && !folder.exists()
        {
            return false;
        }
        loop {
            if let Ok(real) = folder.canonicalize() {
                return self.holds(&real);
            }
            if !folder.pop() {
                return false;
            }
        }
    }

    fn holds(&self, real: &Path) -> bool {
        real.starts_with(&self.project) || self.is_beside(real)
    }

    fn is_beside(&self, real: &Path) -> bool {
        let Some(within) =
            self.repository.as_ref().and_then(|repository| real.strip_prefix(repository).ok())
        else {
            return false;
        };
        let hidden = within.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        !hidden && within.components().all(|part| part.as_os_str() != ".git")
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
            ("repository/kit/dbt_project.yml", "name: kit"),
            ("repository/kit/macros/k.sql", ""),
            ("named/profiles.yml", ""),
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
            ("dbt_packages/kit", "../../kit"),
            ("profiles.yml", "../../named/profiles.yml"),
        ] {
            symlink(to, shop.join(link)).unwrap();
        }
        let read = |fence: &Sandbox, path: &str| fence.resolve(path).is_ok();
        let fence = Sandbox::around(&shop);
        for path in [
            "models/a.sql",
            "../shared/macros/m.sql",
            "../shared",
            "models/near.sql",
            "models/no.sql",
            "dbt_packages/kit/macros/k.sql",
        ] {
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
            "dbt_packages/tool/macros/t.sql",
            "dbt_packages/tool/../../secret.sql",
        ] {
            assert!(!read(&fence, path) || !shop.join(path).exists(), "{path}");
        }
        let named =
            |path: &Path, trusted: &[PathBuf]| fence.resolve_named(path, "profiles.yml", trusted);
        let profile = outside.path().join("named/profiles.yml");
        assert!(
            named(&profile, &[]).unwrap().is_some()
                && named(&outside.path().join("no"), &[]).unwrap().is_none()
        );
        assert!(named(&shop.join("profiles.yml"), &[]).is_err());
        assert!(named(&shop.join("profiles.yml"), &[outside.path().join("named")]).is_ok());
        fs::rename(repository.join(".git"), outside.path().join("git")).unwrap();
        let fence = Sandbox::around(&shop);
        assert!(!read(&fence, "models/near.sql") && read(&fence, "models/a.sql"));
    }
}
