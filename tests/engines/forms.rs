//! The types of columns that hold a time, by engine: their declaration in the project, and the
//! syntax of a value.

/// A column's type with its declaration.
pub struct Form {
    /// In the create statement.
    pub sql_type: &'static str,
    pub declared: Option<&'static str>,
    /// The settings under `meta.batchwright`.
    pub meta: Option<&'static str>,
    /// A value, `{date}`, `{time}`, `{iso}`, `{digits}`, `{seconds}`, `{millis}` and `{micros}` in
    /// it: UTC's.
    pub value: &'static str,
    pub unit: Unit,
    /// Whether the engine must reject the create statement of the model.
    pub is_refused: bool,
}

/// The smallest difference between two values.
#[derive(Clone, Copy)]
pub enum Unit {
    Day,
    Second,
    Milli,
    Micro,
    Nano,
}

impl Unit {
    /// The number of digits after the second.
    pub fn digits(self) -> usize {
        match self {
            Unit::Day | Unit::Second => 0,
            Unit::Milli => 3,
            Unit::Micro => 6,
            Unit::Nano => 9,
        }
    }
}

fn declared(sql_type: &'static str, value: &'static str, unit: Unit) -> Form {
    Form { sql_type, declared: Some(sql_type), meta: None, value, unit, is_refused: false }
}

fn undeclared(sql_type: &'static str, value: &'static str, unit: Unit) -> Form {
    Form { declared: None, ..declared(sql_type, value, unit) }
}

fn refused(sql_type: &'static str, value: &'static str) -> Form {
    Form { is_refused: true, ..undeclared(sql_type, value, Unit::Day) }
}

fn with(sql_type: &'static str, meta: &'static str, value: &'static str, unit: Unit) -> Form {
    Form { meta: Some(meta), ..declared(sql_type, value, unit) }
}

/// Text and numbers, which every engine has under these names or its own names.
fn formatted(text: &'static str, integer: &'static str) -> Vec<Form> {
    vec![
        with(text, "event_time_format: '%Y-%m-%d'", "'{date}'", Unit::Day),
        with(text, "event_time_format: '%Y%m%d'", "'{digits}'", Unit::Day),
        with(text, "event_time_format: '%Y-%m-%dT%H:%M:%SZ'", "'{iso}Z'", Unit::Second),
        with(text, "event_time_format: '%Y-%m-%dT%H:%M:%S%.6f'", "'{iso}'", Unit::Micro),
        with(integer, "event_time_format: '%Y%m%d'", "{digits}", Unit::Day),
        with(integer, "event_time_unit: seconds", "{seconds}", Unit::Second),
        with(integer, "event_time_unit: milliseconds", "{millis}", Unit::Milli),
        with(integer, "event_time_unit: microseconds", "{micros}", Unit::Micro),
    ]
}

/// The types with which an engine is tested.
pub fn forms(engine: &str) -> Vec<Form> {
    use Unit::*;
    let (types, text, integer) = match engine {
        "duckdb" => (
            vec![
                declared("date", "'{date}'", Day),
                declared("timestamp", "'{time}'", Micro),
                declared("timestamp_s", "'{time}'", Second),
                declared("timestamp_ms", "'{time}'", Milli),
                declared("timestamp_ns", "'{time}'", Nano),
                declared("timestamptz", "'{time}+00:00'", Micro),
                undeclared("date", "'{date}'", Day),
                undeclared("timestamp", "'{time}'", Micro),
                undeclared("timestamptz", "'{time}+00:00'", Micro),
                refused("varchar", "'{date}'"),
                refused("bigint", "{seconds}"),
            ],
            "varchar",
            "bigint",
        ),
        "postgres" | "postgres18" | "redshift" => (
            vec![
                declared("date", "'{date}'", Day),
                declared("timestamp", "'{time}'", Micro),
                declared("timestamp(0)", "'{time}'", Second),
                declared("timestamptz", "'{time}+00:00'", Micro),
                declared("timestamp with time zone", "'{time}+00:00'", Micro),
                undeclared("date", "'{date}'", Day),
                undeclared("timestamp", "'{time}'", Micro),
                undeclared("timestamptz", "'{time}+00:00'", Micro),
                refused("text", "'{date}'"),
                refused("varchar(30)", "'{iso}'"),
                refused("bigint", "{seconds}"),
            ],
            "varchar(40)",
            "bigint",
        ),
        "mariadb" => (
            vec![
                declared("date", "'{date}'", Day),
                declared("datetime", "'{time}'", Second),
                declared("datetime(6)", "'{time}'", Micro),
                declared("timestamp(6)", "'{time}'", Micro),
                undeclared("date", "'{date}'", Day),
                undeclared("datetime(6)", "'{time}'", Micro),
                undeclared("timestamp(6)", "'{time}'", Micro),
                refused("varchar(40)", "'{date}'"),
                refused("text", "'{iso}'"),
                refused("bigint", "{seconds}"),
            ],
            "varchar(40)",
            "bigint",
        ),
        "sqlite" => (
            vec![
                declared("date", "'{date}'", Day),
                declared("timestamp", "'{time}'", Micro),
                declared("datetime", "'{time}'", Second),
                undeclared("timestamp", "'{time}'", Micro),
            ],
            "text",
            "integer",
        ),
        "clickhouse" => (
            vec![
                declared("Date", "'{date}'", Day),
                declared("Date32", "'{date}'", Day),
                declared("DateTime('UTC')", "'{time}'", Second),
                declared("DateTime('Europe/Paris')", "toDateTime('{time}', 'UTC')", Second),
                declared(
                    "DateTime64(3, 'America/New_York')",
                    "toDateTime64('{time}', 3, 'UTC')",
                    Milli,
                ),
                declared("DateTime64(6)", "toDateTime64('{time}', 6, 'UTC')", Micro),
                declared("Nullable(DateTime)", "toDateTime('{time}', 'UTC')", Second),
                undeclared("Date", "'{date}'", Day),
                undeclared("DateTime('Europe/Paris')", "toDateTime('{time}', 'UTC')", Second),
                undeclared(
                    "DateTime64(6, 'Asia/Tokyo')",
                    "toDateTime64('{time}', 6, 'UTC')",
                    Micro,
                ),
                refused("String", "'{date}'"),
                refused("FixedString(10)", "'{date}'"),
                refused("UInt32", "{seconds}"),
            ],
            "String",
            "Int64",
        ),
        "snowflake" => (
            vec![
                declared("date", "'{date}'", Day),
                declared("timestamp_ntz", "'{time}'", Micro),
                declared("timestamp_tz", "'{time}+00:00'::timestamp_tz", Micro),
                declared("timestamp_ltz", "'{time}+00:00'::timestamp_tz", Micro),
                undeclared("date", "'{date}'", Day),
                undeclared("timestamp_ntz", "'{time}'", Micro),
                undeclared("timestamp_tz", "'{time}+00:00'::timestamp_tz", Micro),
                undeclared("timestamp_ltz", "'{time}+00:00'::timestamp_tz", Micro),
                refused("varchar", "'{date}'"),
            ],
            "varchar",
            "bigint",
        ),
        "bigquery" => (
            vec![
                declared("date", "date '{date}'", Day),
                declared("datetime", "datetime '{time}'", Micro),
                declared("timestamp", "timestamp '{time}+00:00'", Micro),
                undeclared("datetime", "datetime '{time}'", Micro),
                undeclared("timestamp", "timestamp '{time}+00:00'", Micro),
                refused("string", "'{date}'"),
            ],
            "string",
            "int64",
        ),
        // The drivers of these engines convert strings that look like times to times, so none is
        // written as one.
        "spark_iceberg" | "databricks" => {
            let mut types = vec![
                declared("date", "date '{date}'", Day),
                declared("timestamp", "timestamp '{time}+00:00'", Micro),
                declared("timestamp_ntz", "timestamp_ntz '{iso}'", Micro),
                undeclared("timestamp", "timestamp '{time}+00:00'", Micro),
                undeclared("timestamp_ntz", "timestamp_ntz '{iso}'", Micro),
                refused("string", "'{date}'"),
                refused("bigint", "{seconds}"),
            ];
            // The difference of two dates is an interval in Spark and in Databricks, and a number
            // in Sail.
            if engine == "spark_iceberg" {
                types.push(undeclared("date", "date '{date}'", Day));
            }
            (types, "string", "bigint")
        }
        other => panic!("{other} has no types here"),
    };
    types.into_iter().chain(formatted(text, integer)).collect()
}
