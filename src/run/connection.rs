//! The connection parameters in a client's arguments and environment: which options and variables
//! of well-known clients name the host, the database and others. Takes an argument vector; returns
//! the values of these options only.

use std::collections::BTreeMap;

use super::client_profiles;

/// The connection of a client.
#[derive(Default)]
pub struct Connection {
    /// The client's program, with the programs that start it.
    pub client: Option<String>,
    pub values: BTreeMap<String, String>,
    /// The database file.
    pub file: Option<String>,
}

/// The options of a client that determine its connection.
struct ConnectionOptions {
    programs: &'static [&'static str],
    /// For each parameter: its name, the options, the environment variables.
    parameters: &'static [(&'static str, &'static [&'static str], &'static [&'static str])],
    /// The other options with a value, which is not a positional argument.
    other_options: &'static [&'static str],
    /// The parameter of the first positional argument.
    positional: Option<&'static str>,
    /// The other environment variables that decide the server or the database.
    other_variables: &'static [&'static str],
}

/// The parameter of a database file.
const FILE: &str = "file";

const CLIENTS: &[ConnectionOptions] = &[
    ConnectionOptions {
        programs: &["psql"],
        parameters: &[
            ("host", &["-h", "--host"], &["PGHOST", "PGHOSTADDR"]),
            ("port", &["-p", "--port"], &["PGPORT"]),
            ("database", &["-d", "--dbname"], &["PGDATABASE"]),
            ("service", &[], &["PGSERVICE"]),
        ],
        other_options: &[
            "-U",
            "--username",
            "-v",
            "--set",
            "--variable",
            "-f",
            "--file",
            "-c",
            "--command",
            "-o",
            "--output",
            "-F",
            "--field-separator",
            "-R",
            "--record-separator",
            "-P",
            "--pset",
            "-T",
            "--table-attr",
            "-L",
            "--log-file",
        ],
        positional: Some("database"),
        other_variables: &["PGUSER", "PGSERVICEFILE", "PGSYSCONFDIR", "PGOPTIONS"],
    },
    ConnectionOptions {
        programs: &["duckdb", "sqlite3"],
        parameters: &[],
        other_options: &[
            "-init",
            "-cmd",
            "-separator",
            "-nullvalue",
            "-newline",
            "-c",
            "-s",
            "-f",
            "-storage-version",
            "-maxsize",
            "-mmap",
            "-vfs",
            "-heap",
        ],
        positional: Some(FILE),
        other_variables: &[],
    },
    ConnectionOptions {
        programs: &["mysql", "mariadb"],
        parameters: &[
            ("host", &["-h", "--host"], &["MYSQL_HOST"]),
            ("port", &["-P", "--port"], &["MYSQL_TCP_PORT"]),
            ("socket", &["-S", "--socket"], &["MYSQL_UNIX_PORT"]),
            ("database", &["-D", "--database"], &[]),
        ],
        other_options: &[
            "-u",
            "--user",
            "-e",
            "--execute",
            "--defaults-file",
            "--defaults-extra-file",
            "--default-character-set",
            "--init-command",
        ],
        positional: Some("database"),
        other_variables: &["MYSQL_HOME", "MYSQL_GROUP_SUFFIX"],
    },
    ConnectionOptions {
        programs: &["clickhouse-client", "clickhouse"],
        parameters: &[
            ("host", &["-h", "--host"], &["CLICKHOUSE_HOST"]),
            ("port", &["--port"], &[]),
            ("database", &["-d", "--database"], &[]),
            ("connection", &["--connection"], &[]),
        ],
        other_options: &[],
        positional: None,
        other_variables: &["CLICKHOUSE_CONFIG"],
    },
    ConnectionOptions {
        programs: &["trino"],
        parameters: &[
            ("server", &["--server"], &[]),
            ("catalog", &["--catalog"], &[]),
            ("schema", &["--schema"], &[]),
        ],
        other_options: &[],
        positional: None,
        other_variables: &["TRINO_CONFIG"],
    },
    ConnectionOptions {
        programs: &["snow"],
        parameters: &[
            ("connection", &["-c", "--connection"], &["SNOWFLAKE_DEFAULT_CONNECTION_NAME"]),
            ("account", &["--account"], &["SNOWFLAKE_ACCOUNT"]),
            ("host", &["--host"], &["SNOWFLAKE_HOST"]),
            ("database", &["--database", "--dbname"], &["SNOWFLAKE_DATABASE"]),
        ],
        other_options: &[],
        positional: None,
        other_variables: &[
            "SNOWFLAKE_HOME",
            "SNOWFLAKE_SCHEMA",
            "SNOWFLAKE_ROLE",
            "SNOWFLAKE_WAREHOUSE",
        ],
    },
    ConnectionOptions {
        programs: &["bq"],
        parameters: &[
            ("project", &["--project_id"], &["CLOUDSDK_CORE_PROJECT"]),
            ("dataset", &["--dataset_id"], &[]),
            ("location", &["--location"], &[]),
        ],
        other_options: &[],
        positional: None,
        other_variables: &[
            "BIGQUERYRC",
            "CLOUDSDK_CONFIG",
            "CLOUDSDK_ACTIVE_CONFIG_NAME",
            "GOOGLE_CLOUD_PROJECT",
        ],
    },
    ConnectionOptions {
        programs: &["spark-sql"],
        parameters: &[
            ("master", &["--master"], &[]),
            ("remote", &["--remote"], &["SPARK_REMOTE"]),
            ("database", &["--database"], &[]),
        ],
        other_options: &[],
        positional: None,
        other_variables: &["SPARK_HOME", "SPARK_CONF_DIR", "HADOOP_CONF_DIR", "HIVE_CONF_DIR"],
    },
    ConnectionOptions {
        programs: &["beeline"],
        parameters: &[("url", &["-u"], &[])],
        other_options: &[],
        positional: None,
        other_variables: &["BEELINE_URL_DEFAULT", "HIVE_CONF_DIR"],
    },
    ConnectionOptions {
        programs: &["sqlcmd"],
        parameters: &[
            ("server", &["-S"], &["SQLCMDSERVER"]),
            ("database", &["-d"], &["SQLCMDDBNAME"]),
        ],
        other_options: &[],
        positional: None,
        other_variables: &["SQLCMDUSER", "SQLCMDINI"],
    },
    ConnectionOptions {
        programs: &["dbsqlcli"],
        parameters: &[
            ("host", &["--hostname"], &["DBSQLCLI_HOST_NAME"]),
            ("path", &["--http-path"], &["DBSQLCLI_HTTP_PATH"]),
        ],
        other_options: &[],
        positional: None,
        other_variables: &["DBSQLCLI_CLIRC"],
    },
];

/// The environment variables that decide the server or the database of the client that these
/// arguments start; for an unknown client those of all clients.
pub fn variables(argv: &[String]) -> Vec<&'static str> {
    let of_client = |options: &&ConnectionOptions| match client_profiles::profile(argv) {
        Some((_, program)) => options.programs.contains(&program),
        None => true,
    };
    let of_options = |options: &'static ConnectionOptions| {
        let of_parameters = options.parameters.iter().flat_map(|(_, _, variables)| *variables);
        of_parameters.chain(options.other_variables).copied()
    };
    CLIENTS.iter().filter(of_client).flat_map(of_options).collect()
}

/// The connection of the client that these arguments start; `None` for an unknown client.
pub fn connection(
    argv: &[String],
    variable: &dyn Fn(&str) -> Option<String>,
) -> Option<Connection> {
    let (_, program) = client_profiles::profile(argv)?;
    let options = CLIENTS.iter().find(|options| options.programs.contains(&program))?;
    // A shell's command line is one argument.
    let is_program = |word: &str| word.rsplit('/').next() == Some(program);
    let is_single_command = argv.iter().any(|argument| is_program(argument));
    let words: Vec<&str> = if is_single_command {
        argv.iter().map(String::as_str).collect()
    } else {
        argv.iter().flat_map(|argument| argument.split_whitespace()).collect()
    };
    let start = words.iter().position(|word| is_program(word))?;
    let mut values = BTreeMap::new();
    for (name, _, variables) in options.parameters {
        if let Some(value) = variables.iter().find_map(|name| variable(name)) {
            values.insert((*name).to_string(), value);
        }
    }
    values.extend(options.read(&words[start + 1..]));
    let client = words[..start].iter().chain([&program]).copied().collect::<Vec<_>>().join(" ");
    let file = values.remove(FILE).filter(|path| path != ":memory:");
    let mut connection = Connection { client: Some(client), values: BTreeMap::new(), file };
    for (name, value) in values {
        connection.add(&name, &value);
    }
    Some(connection)
}

impl ConnectionOptions {
    /// The parameters in the arguments.
    fn read(&self, words: &[&str]) -> Vec<(String, String)> {
        let parameter = |option: &str| {
            self.parameters
                .iter()
                .find(|(_, options, _)| options.contains(&option))
                .map(|(name, ..)| *name)
        };
        let takes_value =
            |option: &str| parameter(option).is_some() || self.other_options.contains(&option);
        let mut parameters = Vec::new();
        let mut positional = self.positional;
        let mut words = words.iter().copied();
        while let Some(word) = words.next() {
            let (option, mut value) = match word.split_once('=') {
                Some((option, value)) if word.starts_with("--") => (option, Some(value)),
                _ => (word, None),
            };
            if !word.starts_with('-') || word == "-" {
                // An option precedes, as in psql.
                let is_set = |name: &str| parameters.iter().any(|(other, _)| other == name);
                if let Some(name) = positional.take().filter(|name| !is_set(name)) {
                    parameters.push((name.to_string(), word.to_string()));
                }
                continue;
            }
            let mut option = option;
            if value.is_none() && takes_value(option) {
                value = words.next();
            } else if value.is_none()
                && let Some((short, attached)) = word.split_at_checked(2)
                && !word.starts_with("--")
                && takes_value(short)
            {
                // `-dshop` is `-d shop`.
                (option, value) = (short, Some(attached));
            }
            if let (Some(name), Some(value)) = (parameter(option), value) {
                parameters.push((name.to_string(), value.to_string()));
            }
        }
        parameters
    }
}

impl Connection {
    /// Adds a parameter. A URI or a connection string as the database has several.
    fn add(&mut self, name: &str, value: &str) {
        if let Some((_, rest)) = value.split_once("://") {
            let rest = rest.split(['?', '#']).next().unwrap_or_default();
            let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
            let host = authority.rsplit('@').next().unwrap_or_default();
            self.set(if name == "database" { "host" } else { name }, host);
            self.set("database", path);
        } else if name == "database" && value.contains('=') {
            for (key, value) in value.split_whitespace().filter_map(|part| part.split_once('=')) {
                match key {
                    "host" | "hostaddr" => self.set("host", value),
                    "port" | "service" => self.set(key, value),
                    "dbname" => self.set("database", value),
                    _ => {}
                }
            }
        } else {
            self.set(name, value);
        }
    }

    fn set(&mut self, name: &str, value: &str) {
        if !value.is_empty() {
            let value = if name == "host" { value.to_lowercase() } else { value.to_string() };
            self.values.insert(name.to_string(), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(arguments: &str) -> String {
        let argv = shlex::split(arguments).unwrap();
        let connection = connection(&argv, &|_| None).unwrap_or_default();
        let values = connection.values.iter().map(|(name, value)| format!("{name}={value}"));
        let file = connection.file.iter().map(|path| format!("file={path}"));
        values.chain(file).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_variables_of_an_unknown_client_are_those_of_all() {
        let of = |arguments: &str| variables(&shlex::split(arguments).unwrap());
        assert!(of("psql -d shop").contains(&"PGHOST"));
        assert!(!of("psql -d shop").contains(&"MYSQL_HOST"));
        assert!(of("my-client").contains(&"PGPORT") && of("my-client").contains(&"MYSQL_HOST"));
    }

    #[test]
    fn parameters_are_read_from_the_arguments() {
        for (arguments, expected) in [
            (
                "psql -X -v ON_ERROR_STOP=1 -hdb -p 5433 --dbname=shop",
                "database=shop host=db port=5433",
            ),
            ("psql -v ON_ERROR_STOP=1 shop me", "database=shop"),
            ("psql postgresql://me@DB:5433/shop", "database=shop host=db:5433"),
            ("psql 'host=db dbname=shop sslmode=require'", "database=shop host=db"),
            ("sh -c 'psql -v ON_ERROR_STOP=1 -d shop -f $0' {file}", "database=shop"),
            ("duckdb -bail -cmd 'set threads = 1' -list data/shop.duckdb", "file=data/shop.duckdb"),
            ("sqlite3 -bail :memory:", ""),
            (
                "mariadb --defaults-extra-file=my.cnf -u root -psecret --unbuffered shop",
                "database=shop",
            ),
            (
                "trino --server https://me@trino:8443 --catalog lake -f {file}",
                "catalog=lake server=trino:8443",
            ),
            ("snow sql -c dev -f {file}", "connection=dev"),
            ("my-client -d shop", ""),
        ] {
            assert_eq!(values(arguments), expected, "{arguments}");
        }
    }
}
