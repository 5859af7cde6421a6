//! The identity of the database that a run writes to, as far as the client's arguments and the
//! environment show it. The journal records it, so that a run is not continued against another
//! database. It has no secrets: only the values of known options are taken.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::connection::connection;

/// The identity of a database.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TargetIdentity {
    /// The name of dbt's target.
    pub target: String,
    pub dialect: String,
    /// The client's program, with the programs that start it: `docker exec -i db psql`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// The host, port, account, database of the client's arguments and environment.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub connection: BTreeMap<String, String>,
    /// The file, if the database is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<DatabaseFile>,
}

/// Whether a run in a journal was of a database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum RunDatabase {
    /// It was, or the journal does not tell.
    #[default]
    Same,
    /// It was of a dbt target of another name.
    OtherTarget,
    /// It was of another database under the same name of a target, which differs so.
    Other(String),
}

/// The file of a database.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DatabaseFile {
    pub path: String,
    /// Derived from the inode and the time of creation. Absent if the file does not exist yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
}

impl TargetIdentity {
    /// The identity of the database that a client connects to. `variable` returns the value of an
    /// environment variable.
    pub fn of(
        target: &str,
        dialect: &str,
        argv: &[String],
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> TargetIdentity {
        let connection = connection(argv, variable).unwrap_or_default();
        TargetIdentity {
            target: target.to_string(),
            dialect: dialect.to_string(),
            client: connection.client,
            file: connection.file.map(|path| DatabaseFile::new(&path)),
            connection: connection.values,
        }
    }

    /// Whether the file of the database does not exist yet, so that its fingerprint is unknown.
    pub fn is_incomplete(&self) -> bool {
        self.file.as_ref().is_some_and(|file| file.fingerprint.is_none())
    }

    /// The same identity with the current fingerprint of the file.
    pub fn refreshed(&self) -> TargetIdentity {
        let file = self.file.as_ref().map(|file| DatabaseFile::new(&file.path));
        TargetIdentity { file, ..self.clone() }
    }

    /// Whether a run was of this database. `recorded` is the database of the run, if the journal
    /// has it.
    pub fn database_of_run(&self, recorded: Option<&TargetIdentity>) -> RunDatabase {
        match recorded {
            None => RunDatabase::Same,
            Some(recorded) if recorded.target != self.target => RunDatabase::OtherTarget,
            Some(recorded) => match self.difference(recorded) {
                None => RunDatabase::Same,
                Some(difference) => RunDatabase::Other(difference),
            },
        }
    }

    /// How this database differs from an earlier one; `None` if they may be the same.
    pub fn difference(&self, earlier: &TargetIdentity) -> Option<String> {
        let differs = |name: &str, earlier: &str, now: &str| {
            (earlier != now).then(|| format!("{name} was `{earlier}`, and is now `{now}`"))
        };
        if let Some(difference) = differs("the dialect", &earlier.dialect, &self.dialect)
            .or_else(|| differs("the dbt target", &earlier.target, &self.target))
        {
            return Some(difference);
        }
        if let (Some(earlier), Some(file)) = (&earlier.file, &self.file) {
            return file.difference(earlier);
        }
        // Another client may name the same server in another way.
        let is_same_client = self.client == earlier.client;
        let keys = earlier.connection.keys().chain(self.connection.keys());
        keys.filter(|key| {
            is_same_client
                || earlier.connection.contains_key(*key) && self.connection.contains_key(*key)
        })
        .find_map(|key| {
            let value = |target: &TargetIdentity| {
                target
                    .connection
                    .get(key)
                    .map_or("the client's default", String::as_str)
                    .to_string()
            };
            differs(&format!("the {key}"), &value(earlier), &value(self))
        })
    }
}

impl DatabaseFile {
    fn new(path: &str) -> DatabaseFile {
        let path = real_path(Path::new(path));
        let fingerprint = fs::metadata(&path).ok().filter(fs::Metadata::is_file).map(|metadata| {
            let created = metadata.created().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
            let created = created.map_or(0, |since| since.as_nanos());
            format!("{:x}-{created:x}", metadata.ino())
        });
        DatabaseFile { path: path.to_string_lossy().into_owned(), fingerprint }
    }

    fn difference(&self, earlier: &DatabaseFile) -> Option<String> {
        match (&earlier.fingerprint, &self.fingerprint) {
            (Some(earlier), Some(now)) if earlier == now => None,
            (Some(_), Some(_)) if earlier.path == self.path => {
                Some(format!("`{}` is not the file of that run: it was created again", self.path))
            }
            (Some(_), None) if earlier.path == self.path => {
                Some(format!("the database file `{}` no longer exists", self.path))
            }
            // The file did not exist when that run started, and no step was successful.
            (None, _) if earlier.path == self.path => None,
            _ => Some(format!(
                "the database file was `{}`, and is now `{}`",
                earlier.path, self.path
            )),
        }
    }
}

/// The absolute path without symbolic links, also of a file that does not exist.
fn real_path(path: &Path) -> PathBuf {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let in_folder = || Some(fs::canonicalize(folder).ok()?.join(path.file_name()?));
    fs::canonicalize(path).ok().or_else(in_folder).unwrap_or_else(|| path.to_path_buf())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(arguments: &str, variables: &[(&str, &str)]) -> TargetIdentity {
        let argv = shlex::split(arguments).unwrap();
        TargetIdentity::of("dev", "postgres", &argv, &|name| {
            variables.iter().find(|(key, _)| *key == name).map(|(_, value)| value.to_string())
        })
    }

    #[test]
    fn another_database_differs() {
        let shop = identity("psql -X -h db -d shop", &[]);
        let difference = |arguments: &str, variables: &[(&str, &str)]| {
            identity(arguments, variables).difference(&shop).unwrap_or_default()
        };
        assert_eq!(difference("psql -h db -X shop", &[]), "");
        assert_eq!(difference("psql", &[("PGHOST", "db"), ("PGDATABASE", "shop")]), "");
        assert_eq!(difference("psql postgresql://me:secret@db/shop?x=1", &[]), "");
        assert_eq!(difference("my-client", &[]), "");
        assert_eq!(difference("docker exec -i db psql -d shop", &[]), "");
        assert_eq!(
            difference("psql -h db -d test", &[]),
            "the database was `shop`, and is now `test`"
        );
        assert_eq!(
            difference("psql -d shop", &[]),
            "the host was `db`, and is now `the client's default`"
        );
        assert_eq!(
            difference("docker exec -i db psql -d test", &[]),
            "the database was `shop`, and is now `test`"
        );
    }

    #[test]
    fn a_file_that_was_created_again_differs() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("shop.duckdb");
        let arguments = format!("duckdb -bail {}", path.display());
        let before = identity(&arguments, &[]);
        assert!(before.is_incomplete());
        fs::write(&path, "1").unwrap();
        let first = before.refreshed();
        assert!(!first.is_incomplete());
        assert_eq!(first.difference(&before), None);
        fs::write(&path, "22").unwrap();
        assert_eq!(identity(&arguments, &[]).difference(&first), None);
        fs::rename(&path, folder.path().join("old")).unwrap();
        assert!(identity(&arguments, &[]).difference(&first).unwrap().contains("no longer exists"));
        fs::write(&path, "1").unwrap();
        let difference = identity(&arguments, &[]).difference(&first).unwrap();
        assert!(difference.contains("created again"), "{difference}");
        let moved = format!("duckdb -bail {}", folder.path().join("old").display());
        assert_eq!(identity(&moved, &[]).difference(&first), None, "a file that was moved");
    }

    #[test]
    fn no_secret_is_part_of_the_identity() {
        for arguments in [
            "psql postgresql://me:secret@db/shop?password=secret",
            "psql 'host=db user=me password=secret dbname=shop'",
            "mariadb -psecret --password=secret --unbuffered shop",
            "snow sql --account a --password secret",
        ] {
            let json = serde_json::to_string(&identity(arguments, &[])).unwrap();
            assert!(!json.contains("secret") && json.contains("connection"), "{json}");
        }
    }
}
