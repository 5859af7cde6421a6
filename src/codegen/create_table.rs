//! The files beside the batches: create, hooks, the swap of a full refresh.

use minijinja::Value;

use super::adapter_config::{sql_footer, sql_header};
use super::contract::{Contract, contract, contract_check};
use super::header::header;
use super::indexes::indexes;
use super::materialize::typed;
use super::overwrite::names;
use super::replacement::{make_way, next, replacement};
use super::strategy::by_format;
use super::table_clauses::{clauses, kind, replacing};
use super::terminator::is_statement;
use crate::config::Node;
use crate::diagnostics::Diagnostic;
use crate::dialect::{Dialect, Sql};
use crate::inject::{self, ResultColumn};
use crate::jinja::{Relation, RelationStyle};

/// `01_create.sql`: schema and table if they are missing, as a contract declares it or in the shape
/// of the query.
pub fn create(
    dialect: &Dialect,
    node: &Node,
    target: &Relation,
    query: &str,
) -> Result<String, Diagnostic> {
    let head = header(
        dialect,
        &[
            ("model", node.unique_id.clone()),
            ("creates", format!("{target}, empty, if it is missing; the batches fill it")),
        ],
    );
    Ok(format!("{head}\n{}", create_statements(dialect, node, target, query)?))
}

/// The statements of `01_create.sql`.
pub(super) fn create_statements(
    dialect: &Dialect,
    node: &Node,
    target: &Relation,
    query: &str,
) -> Result<String, Diagnostic> {
    let mut given = arguments(dialect, node, target, query)?;
    let mut check = Sql::default();
    let table = match contract(dialect, node)? {
        Some(contract) => {
            check = contract_check(dialect, node, &contract, query)?;
            given.extend(typed(dialect, node, target, &contract)?);
            dialect.sql("create_typed", &given)?
        }
        None => dialect.sql("create", &given)?,
    };
    let indexes = indexes(dialect, node, &target.to_string())?;
    let (before, behind) = (sql_header(dialect, node)?, sql_footer(dialect, node)?);
    Ok(format!("{}{before}{check}{table}{indexes}\n{behind}", schema(dialect, target)?))
}

/// The query with some of its columns alone.
pub fn narrowed(
    dialect: &Dialect,
    query: &str,
    columns: &[ResultColumn],
) -> Result<String, Diagnostic> {
    let names = names(dialect, Some(columns))?.unwrap_or_default();
    Ok(dialect.sql("narrowed", &[("columns", names.value()), ("query", author(query))])?.0)
}

/// The query with the types that its contract declares.
pub fn as_declared(
    dialect: &Dialect,
    query: &str,
    contract: &Contract,
) -> Result<String, Diagnostic> {
    Ok(dialect.sql("narrowed", &[("columns", contract.casts.value()), ("query", author(query))])?.0)
}

/// What the macros that make a table are told.
pub(super) fn arguments<'a>(
    dialect: &Dialect,
    node: &Node,
    target: &Relation,
    query: &str,
) -> Result<Vec<(&'a str, Value)>, Diagnostic> {
    refuse_long(dialect, node)?;
    let (ctes, body) = apart(dialect, query)?;
    let shape = dialect.limited_name(&node.relation.identifier, "shape", 0)?;
    let old = dialect.limited_name(&node.relation.identifier, "old", 0)?;
    let next = next(dialect, node, target)?;
    let beside = |identifier: String| Relation { identifier, ..target.clone() };
    Ok(vec![
        ("target", sql(target)),
        ("target_ticks", sql(&ticked(dialect, target)?)),
        ("old_ticks", sql(&ticked(dialect, &beside(old.clone()))?)),
        ("target_text", dialect.string(&target.to_string())?.value()),
        ("kind", kind(dialect, node)?.value()),
        ("clauses", clauses(dialect, node, target)?.value()),
        ("replacing", replacing(dialect, node, target)?.value()),
        ("query", author(query)),
        ("ctes", Value::from_safe_string(ctes)),
        ("body", body),
        ("shape", dialect.column(&shape, false)?.value()),
        ("old", sql(&beside(old.clone()))),
        ("make_way", make_way(dialect, node, target)?.value()),
        ("replacement", replacement(dialect, node, target, &next)?.value()),
        ("next", sql(&next)),
        ("old_text", dialect.string(&old)?.value()),
        ("old_name", named(dialect, &beside(old))?),
        ("database", Value::from_safe_string(database(target))),
    ])
}

/// A name that is longer than the engine takes is cut by some, and is then perhaps another table's.
fn refuse_long(dialect: &Dialect, node: &Node) -> Result<(), Diagnostic> {
    let longest = dialect
        .property::<Option<usize>>("longest_relation")?
        .unwrap_or(dialect.property("longest_name")?);
    let name = &node.relation.identifier;
    if name.len() <= longest {
        return Ok(());
    }
    Err(Diagnostic::error(format!(
        "`{name}` has {} bytes, and a name has at most {longest} on {}",
        name.len(),
        dialect.name
    ))
    .at(node.file.line(1))
    .hint("give the model a shorter `alias`"))
}

/// `98_swap.sql`: what was built beside takes the table's place.
pub fn swap(
    dialect: &Dialect,
    node: &Node,
    beside: &Relation,
    dependent_views: Option<String>,
) -> Result<String, Diagnostic> {
    let target = &node.relation;
    let mut lines = vec![
        ("model", node.unique_id.clone()),
        (
            "swaps",
            format!("{beside}, which all batches of this full refresh have filled, for {target}"),
        ),
        ("needs", "every batch".to_string()),
    ];
    lines.extend(dependent_views.map(|views| ("views that read it", views)));
    let head = header(dialect, &lines);
    let mut given = arguments(dialect, node, target, "")?;
    given.retain(|(argument, _)| *argument != "replacement");
    given.extend([
        ("replacement", replacement(dialect, node, target, beside)?.value()),
        ("shadow", sql(beside)),
        ("beside_ticks", sql(&ticked(dialect, beside)?)),
        ("beside_text", dialect.string(&beside.to_string())?.value()),
        ("name", named(dialect, target)?),
        ("name_text", dialect.string(&target.identifier)?.value()),
    ]);
    Ok(format!("{head}\n{}\n", dialect.sql(&of_format(dialect, node, "swap")?, &given)?))
}

/// The macro of this name for the table's format, if there is one.
pub(super) fn of_format(dialect: &Dialect, node: &Node, name: &str) -> Result<String, Diagnostic> {
    let own = by_format(dialect, node)?
        .map(|variant| format!("{name}_{variant}"))
        .filter(|own| dialect.has(own));
    Ok(own.unwrap_or_else(|| name.to_string()))
}

/// A relation as statements write it that make, rename and drop tables: on some engines with other
/// quotes, without the database.
pub(super) fn ticked(dialect: &Dialect, relation: &Relation) -> Result<Relation, Diagnostic> {
    Ok(match dialect.property::<Option<char>>("ticks")? {
        Some(quote) => Relation {
            style: RelationStyle { quote, quoted: [true; 3], included: [false, true, true] },
            ..relation.clone()
        },
        None => relation.clone(),
    })
}

/// A relation's own name, as it is written after its schema.
pub(super) fn named(dialect: &Dialect, relation: &Relation) -> Result<Value, Diagnostic> {
    let identifier = &relation.identifier;
    Ok(if relation.style.quoted[2] {
        dialect.quoted(identifier)?
    } else {
        dialect.column(identifier, false)?
    }
    .value())
}

/// The database of a relation with a dot behind it; nothing where the engine has none or the
/// relation names none.
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

/// `00_before.sql` and `99_after.sql`: the author's hooks, once for the model; after the batches
/// behind what `closes` the model.
pub fn hooks(
    dialect: &Dialect,
    node: &Node,
    when: &str,
    closes: &[Sql],
    hooks: &[String],
) -> String {
    let head = header(dialect, &[("model", node.unique_id.clone()), ("hooks", when.to_string())]);
    let mut parts: Vec<String> = closes.iter().map(|statement| format!("{statement}\n")).collect();
    parts.extend(statements(hooks));
    format!("{head}\n{}", parts.join("\n"))
}

/// Each hook as a statement of its own.
pub(super) fn statements(hooks: &[String]) -> Vec<String> {
    let texts = hooks
        .iter()
        .map(|hook| hook.trim().trim_end_matches(';').trim_end())
        .filter(|hook| !hook.is_empty());
    texts
        .map(|hook| if is_statement(hook) { format!("{hook}\n") } else { format!("{hook}\n;\n") })
        .collect()
}

/// Database and schema of a relation as the engine writes them, if it has any.
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

pub(super) fn schema(dialect: &Dialect, target: &Relation) -> Result<String, Diagnostic> {
    let Some(schema) = schema_name(target) else { return Ok(String::new()) };
    let own = schema_name(&Relation { database: None, ..target.clone() }).unwrap_or_default();
    let text = target.schema.clone().unwrap_or_default();
    let mut arguments = vec![
        ("schema", Sql(schema).value()),
        ("own", Value::from_safe_string(own)),
        (
            "own_ticks",
            Value::from_safe_string(schema_name(&ticked(dialect, target)?).unwrap_or_default()),
        ),
        ("text", dialect.string(&text)?.value()),
        ("database", Value::from_safe_string(database(target))),
    ];
    if dialect.has("schema_statement") {
        let statement = dialect.sql("schema_statement", &arguments)?;
        arguments.push(("statement", dialect.lines(&statement.0)?.value()));
    }
    let statement = dialect.sql("create_schema", &arguments)?;
    Ok(if statement.0.is_empty() { String::new() } else { format!("{statement}\n\n") })
}

pub(super) fn sql(relation: &Relation) -> Value {
    Value::from_safe_string(relation.to_string())
}

/// The CTEs of a query, and the rest of it, for an engine on which a query within another has no
/// `with`; on all others the rest is the whole query.
pub(super) fn apart(dialect: &Dialect, query: &str) -> Result<(String, Value), Diagnostic> {
    if dialect.property("nested_with")? {
        return Ok((String::new(), author(query)));
    }
    let parser = inject::parser(&dialect.property::<String>("parser")?);
    Ok(match inject::with_clause(query, &*parser) {
        Some((ctes, body)) if !ctes.is_empty() => (format!("{ctes},\n"), author(&body)),
        Some((_, body)) => (String::new(), author(&body)),
        None => (String::new(), author(query)),
    })
}

/// The author's text, without the blank lines around it.
pub(super) fn author(query: &str) -> Value {
    let blank = query.len() - query.trim_start().len();
    // The first line's own indentation stays.
    let start = query[..blank].rfind('\n').map_or(0, |line| line + 1);
    Value::from_safe_string(query[start..].trim_end().to_string())
}
