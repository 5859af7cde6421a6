//! The names of relations as SQL: whole, for DDL statements, and their parts.

use minijinja::Value;

use crate::dialect::Dialect;
use crate::jinja::{Relation, RelationStyle};

pub(super) fn relation_sql(relation: &Relation) -> Value {
    Value::from_safe_string(relation.to_string())
}

/// A relation as DDL statements write it: some engines need other quotes there, and no database.
pub(super) fn ddl_relation(dialect: &Dialect, relation: &Relation) -> Relation {
    match dialect.names.ticks {
        Some(quote) => Relation {
            style: RelationStyle { quote, quoted: [true; 3], included: [false, true, true] },
            ..relation.clone()
        },
        None => relation.clone(),
    }
}

/// The name of a relation without database and schema.
pub(super) fn unqualified_name(dialect: &Dialect, relation: &Relation) -> Value {
    let identifier = &relation.identifier;
    let name = if relation.style.quoted[2] {
        dialect.quoted(identifier)
    } else {
        dialect.column(identifier, false)
    };
    name.value()
}

/// The database of a relation followed by a dot; empty if it has none.
pub(super) fn database(relation: &Relation) -> String {
    let database = relation
        .database
        .as_ref()
        .filter(|_| relation.style.included[0] && relation.schema.is_some());
    database
        .map(|_| {
            schema_name(&Relation {
                schema: relation.database.clone(),
                database: None,
                ..relation.clone()
            })
            .unwrap_or_default()
                + "."
        })
        .unwrap_or_default()
}

/// Database and schema of a relation as SQL, if it has any.
pub fn schema_name(relation: &Relation) -> Option<String> {
    let style = &relation.style;
    let close = if style.quote == '[' { ']' } else { style.quote };
    let quote = |part: &String, index: usize| match style.quoted[index] {
        true => {
            format!("{}{}{close}", style.quote, part.replace(close, &close.to_string().repeat(2)))
        }
        false => part.clone(),
    };
    let part = |part: &Option<String>, index: usize| {
        part.as_ref().filter(|_| style.included[index]).map(|part| quote(part, index))
    };
    let schema = part(&relation.schema, 1)?;
    Some(match part(&relation.database, 0) {
        Some(database) => format!("{database}.{schema}"),
        None => schema,
    })
}
