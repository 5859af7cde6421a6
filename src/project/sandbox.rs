//! The files that a project may read: those of its own folder and, since a monorepo may share
//! macros between projects, those of the git repository that contains it. Compiling a project never
//! reads another file of the user, whatever its paths and links are, including those of
//! `dbt_packages/`. `.git`, and hidden files such as `.env` outside of the project's folder, are
//! excluded too. A file that the user names may be anywhere, unless it is a link in the repository
//! that leads out of it.

use std::path::{Path, PathBuf};

use crate::diagnostics::Diagnostic;

/// The folders that a project may read.
pub struct Sandbox {
    /// The project's folder, as the user names it.
    root: PathBuf,
    /// The same folder with links resolved.
    project: PathBuf,
    /// The innermost git repository that contains it.
    repository: Option<PathBuf>,
}

impl Sandbox {
    pub fn around(root: &Path) -> Sandbox {
        let project = absolute(root);
        let repository =
            project.ancestors().find(|folder| folder.join(".git").exists()).map(Path::to_path_buf);
        Sandbox { root: root.to_path_buf(), project, repository }
    }

    /// The real path for a path of the project, or `None` if nothing exists there. Rejects one that
    /// leads out of the sandbox, itself or through a link.
    pub fn resolve(&self, path: &str) -> Result<Option<PathBuf>, Diagnostic> {
        let Ok(real) = self.root.join(path).canonicalize() else { return Ok(None) };
        if self.contains(&real) {
            return Ok(Some(real));
        }
        let error = Diagnostic::error(format!("`{path}` leads out of the project"));
        Err(match &self.repository {
            Some(_) => error.note(
                "other files of the same git repository can be read, \
                except hidden files",
            ),
            None => error.note(
                "the project is not in a git repository, so only its own folder can \
                be read",
            ),
        }
        .hint("copy its target into the project"))
    }

    /// The real path for a path that the user names, or `None` if nothing exists there. Rejects a
    /// link in the repository that leads out of it and of `trusted`. `name` is the path that
    /// messages show.
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
            || self.contains(&real)
            || trusted.iter().any(|folder| real.starts_with(absolute(folder)))
        {
            return Ok(Some(real));
        }
        let error = Diagnostic::error(format!("`{name}` is a link that leads out of the project"));
        Err(error.hint("name the file itself, not the link, or copy it into the project"))
    }

    /// Whether a folder, which may not exist yet, is in the project or its repository.
    pub fn may_write(&self, path: &str) -> bool {
        let mut folder = self.root.join(path);
        if folder.components().any(|part| part == std::path::Component::ParentDir)
            && !folder.exists()
        {
            return false;
        }
        loop {
            if let Ok(real) = folder.canonicalize() {
                return self.contains(&real);
            }
            if !folder.pop() {
                return false;
            }
        }
    }

    fn contains(&self, real: &Path) -> bool {
        real.starts_with(&self.project) || self.is_in_repository(real)
    }

    fn is_in_repository(&self, real: &Path) -> bool {
        let Some(within) =
            self.repository.as_ref().and_then(|repository| real.strip_prefix(repository).ok())
        else {
            return false;
        };
        let hidden = within.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        !hidden && within.components().all(|part| part.as_os_str() != ".git")
    }
}

/// The canonical path, or the path itself if it does not exist.
pub fn absolute(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_path_buf())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn only_the_repository_is_readable() {
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
