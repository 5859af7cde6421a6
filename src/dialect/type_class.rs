//! The class of a data type, by its name, for a time column.

use super::Dialect;

/// What a type can store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TypeClass {
    Date,
    Naive,
    Zoned,
    Text,
    Number,
    /// A type that cannot store a time.
    Other,
    /// A name that no list of the dialect has.
    Unknown,
}

/// The words that may follow a type in the definition of a column.
const ATTRIBUTES: [&str; 27] = [
    "ascii",
    "auto_increment",
    "autoincrement",
    "binary",
    "character",
    "charset",
    "check",
    "codec",
    "collate",
    "comment",
    "constraint",
    "default",
    "distkey",
    "encode",
    "generated",
    "identity",
    "invisible",
    "not",
    "null",
    "options",
    "primary",
    "references",
    "signed",
    "sortkey",
    "unique",
    "unsigned",
    "zerofill",
];

impl Dialect {
    /// The class of one of the engine's types.
    pub fn type_class(&self, data_type: &str) -> TypeClass {
        let name = plain_type(self.unwrapped(data_type));
        if name.ends_with(']') {
            return TypeClass::Other;
        }
        let words: Vec<&str> = name.split(' ').collect();
        for count in (1..=words.len()).rev() {
            let ends = words.get(count).is_none_or(|word| ATTRIBUTES.contains(word));
            if let Some(class) = self.listed(&words[..count].join(" ")).filter(|_| ends) {
                return class;
            }
        }
        if self.types.type_affinity { affinity(&name) } else { TypeClass::Unknown }
    }

    /// The type within wrappers: `Nullable(DateTime)` has the class of `DateTime`, and
    /// `SimpleAggregateFunction(any, String)` that of `String`.
    fn unwrapped<'t>(&self, data_type: &'t str) -> &'t str {
        let mut name = data_type.trim();
        while let Some((outer, inner)) = name.split_once('(').filter(|_| name.ends_with(')')) {
            if !self.types.type_wrappers.contains(&outer.trim().to_lowercase()) {
                break;
            }
            name = last_argument(&inner[..inner.len() - 1]).trim();
        }
        name
    }

    fn listed(&self, name: &str) -> Option<TypeClass> {
        let types = &self.types;
        let lists = [
            (&types.date_types, TypeClass::Date),
            (&types.naive_types, TypeClass::Naive),
            (&types.zoned_types, TypeClass::Zoned),
            (&types.text_types, TypeClass::Text),
            (&types.numeric_types, TypeClass::Number),
            (&types.other_types, TypeClass::Other),
        ];
        let class = lists.into_iter().find(|(list, _)| list.iter().any(|of| of == name));
        class.map(|(_, class)| class)
    }
}

/// The text after the last comma that is not in parentheses.
fn last_argument(arguments: &str) -> &str {
    let (mut depth, mut start) = (0, 0);
    for (index, char) in arguments.char_indices() {
        match char {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => start = index + 1,
            _ => {}
        }
    }
    &arguments[start..]
}

/// SQLite stores values by a part of the type's name, so any name with `int` is an integer.
fn affinity(name: &str) -> TypeClass {
    let has = |parts: &[&str]| parts.iter().any(|part| name.contains(part));
    if has(&["int"]) {
        TypeClass::Number
    } else if has(&["char", "clob", "text"]) {
        TypeClass::Text
    } else if has(&["blob"]) {
        TypeClass::Other
    } else if has(&["real", "floa", "doub"]) {
        TypeClass::Number
    } else {
        TypeClass::Unknown
    }
}

/// A type's name without arguments, in lower case, with single spaces: `TIMESTAMP(6) WITH TIME
/// ZONE` becomes `timestamp with time zone`, and `array<string>` becomes `array`.
fn plain_type(data_type: &str) -> String {
    let mut depth = 0;
    let mut name = String::new();
    for char in data_type.chars() {
        match char {
            '(' | '<' => depth += 1,
            ')' | '>' => {
                depth -= 1;
                name.push(' ');
            }
            _ if depth == 0 => name.push(char),
            _ => {}
        }
    }
    let name = name.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ");
    match name.strip_prefix('[').and_then(|name| name.strip_suffix(']')) {
        Some(quoted) if !quoted.contains(['[', ']']) => quoted.to_string(),
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::TypeClass;

    #[test]
    fn types_are_classified_by_name() {
        let class = |dialect: &str, name| super::super::named(dialect).unwrap().type_class(name);
        assert_eq!(class("postgres", "TIMESTAMP(6) WITH TIME ZONE"), TypeClass::Zoned);
        assert_eq!(class("postgres", "timestamp"), TypeClass::Naive);
        assert_eq!(class("bigquery", "TIMESTAMP"), TypeClass::Zoned);
        assert_eq!(class("snowflake", "timestamp_ltz(9)"), TypeClass::Zoned);
        assert_eq!(class("duckdb", "date"), TypeClass::Date);
        assert_eq!(class("duckdb", "varchar(10)"), TypeClass::Text);
        assert_eq!(class("bigquery", "INT64"), TypeClass::Number);
        assert_eq!(class("clickhouse", "LowCardinality(Nullable(String))"), TypeClass::Text);
        assert_eq!(class("clickhouse", "Nullable(DateTime64(3, 'UTC'))"), TypeClass::Zoned);
        assert_eq!(class("duckdb", "json"), TypeClass::Other);
        assert_eq!(class("duckdb", "timestamp[]"), TypeClass::Other);
        assert_eq!(class("databricks", "array<timestamp>"), TypeClass::Other);
        assert_eq!(class("sqlserver", "[datetime2](7)"), TypeClass::Naive);
        assert_eq!(class("postgres", "timestamp(3) with time zone not null"), TypeClass::Zoned);
        assert_eq!(class("mariadb", "int unsigned"), TypeClass::Number);
        assert_eq!(class("mysql", "bigint(20) unsigned zerofill"), TypeClass::Number);
        assert_eq!(class("mysql", "enum('a', 'b')"), TypeClass::Text);
        assert_eq!(class("mysql", "varchar(9) character set utf8mb4"), TypeClass::Text);
        assert_eq!(class("postgres", "citext"), TypeClass::Text);
        assert_eq!(class("postgres", "name"), TypeClass::Text);
        assert_eq!(class("postgres", "national character varying(10)"), TypeClass::Text);
        assert_eq!(class("snowflake", "char varying(3)"), TypeClass::Text);
        assert_eq!(class("clickhouse", "SimpleAggregateFunction(any, String)"), TypeClass::Text);
        assert_eq!(
            class("clickhouse", "SimpleAggregateFunction(max, Nullable(DateTime64(3, 'UTC')))"),
            TypeClass::Zoned
        );
        assert_eq!(class("sqlite", "integer primary key"), TypeClass::Number);
        assert_eq!(class("sqlite", "native character(70)"), TypeClass::Text);
        assert_eq!(class("sqlite", "floating point"), TypeClass::Number);
        assert_eq!(class("postgres", "my_domain"), TypeClass::Unknown);
    }
}
