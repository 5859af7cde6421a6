//! The files that dbt ignores: those that `.dbtignore` matches, in the grammar of `.gitignore`; dbt
//! does not read `.gitignore` itself. Takes the file; returns a predicate for paths below the
//! project's folder.

use globset::{GlobBuilder, GlobMatcher};

use crate::diagnostics::SourceFile;

/// The patterns of a `.dbtignore`. The last matching one decides.
#[derive(Default)]
pub struct Ignored {
    patterns: Vec<(GlobMatcher, bool)>,
    /// The package's folder, to which the patterns are relative.
    folder: String,
}

impl Ignored {
    /// The patterns of `file` in `folder`. Invalid lines are ignored.
    pub fn read(file: &SourceFile, folder: &str) -> Ignored {
        let folder = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        Ignored { patterns: file.text.lines().flat_map(patterns).collect(), folder }
    }

    pub fn matches(&self, path: &str) -> bool {
        let path = path.strip_prefix(&self.folder).unwrap_or(path);
        self.patterns
            .iter()
            .rev()
            .find(|(glob, _)| glob.is_match(path))
            .is_some_and(|(_, ignored)| *ignored)
    }
}

/// The two patterns of a line: for the path itself, and for everything below it.
fn patterns(line: &str) -> Vec<(GlobMatcher, bool)> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return Vec::new();
    }
    let (line, ignored) = match line.strip_prefix('!') {
        Some(rest) => (rest, false),
        None => (line, true),
    };
    let name = line.trim_end_matches('/');
    let anchored = name.contains('/');
    let name = name.trim_start_matches('/');
    let name = if anchored { name.to_string() } else { format!("**/{name}") };
    let below = format!("{name}/**");
    let itself = (!line.ends_with('/')).then_some(name);
    let glob = |text: String| GlobBuilder::new(&text).literal_separator(true).build().ok();
    itself
        .into_iter()
        .chain([below])
        .filter_map(glob)
        .map(|glob| (glob.compile_matcher(), ignored))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_git_s() {
        let file = SourceFile::new(
            ".dbtignore",
            "# old\n*.draft.sql\n/models/old/\nscratch\n!models/scratch/keep.sql\n",
        );
        let ignored = Ignored::read(&file, "dbt_packages/x");
        let is_read = |path: &str| !ignored.matches(&format!("dbt_packages/x/{path}"));
        assert!(
            is_read("models/a.sql")
                && is_read("models/older/a.sql")
                && is_read("deep/models/old/a.sql")
                && is_read("models/scratch/keep.sql")
        );
        assert!(
            !is_read("models/a.draft.sql")
                && !is_read("models/old/a.sql")
                && !is_read("models/scratch/b.sql")
        );
    }
}
