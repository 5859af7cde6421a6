//! Rejects a microbatch model whose batches cannot be written, and warns about what its batches
//! cost or may miss.

use super::foreign_keys;
use super::microbatch::MicrobatchModel;
use super::schema_changes;
use crate::calendar::Instant;
use crate::check::{Finding, READ_WHOLE};
use crate::codegen;
use crate::config::{Node, keys};
use crate::diagnostics::{Diagnostic, Diagnostics, collect};
use crate::dialect::{Dialect, Precision, TimeType};
use crate::inject::ResultColumn;

/// Requires the event time among the columns of the query, since the overwrite filters by it.
pub(super) fn require_event_time_column(model: &MicrobatchModel) -> Result<(), Diagnostic> {
    let MicrobatchModel { context, node, settings, .. } = model;
    let event_time = &settings.event_time;
    let Some(columns) = model.columns() else { return Ok(()) };
    if event_time.column.contains(|char: char| !char.is_alphanumeric() && char != '_')
        && !event_time.quote
    {
        return Ok(());
    }
    let wanted = (event_time.column.as_str(), event_time.quote);
    let is_event_time =
        |column: &ResultColumn| context.dialect.same_column((&column.name, column.quoted), wanted);
    if columns.iter().any(is_event_time) {
        return Ok(());
    }
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    let error = Diagnostic::error(format!(
        "the query of `{}` has no column `{}`, its `event_time`",
        node.name, event_time.column
    ));
    Err(error
        .at(event_time.at.clone())
        .hint(format!("select it, or set `event_time` to one of `{}`", names.join("`, `"))))
}

/// Rejects windows that are finer than the event time: a predicate on a column of dates is never
/// true within a day. The same holds for text and numbers whose format ends at the day.
pub(super) fn reject_subdaily_date_batches(model: &MicrobatchModel) -> Result<(), Diagnostics> {
    let MicrobatchModel { node, settings, cover, .. } = model;
    let columns = model.filtered_inputs().chain([(*node, &settings.event_time)]);
    let checked = collect(columns, |(owner, event_time)| {
        let Some((precision, is_local)) = event_time.time_type()?.precision() else {
            return Ok(());
        };
        // A local day may begin at another hour than midnight, after a jump of the clock.
        let is_boundary = |at: Instant| match precision.grain().filter(|_| is_local) {
            Some(grain) => grain.floor(at, settings.timezone) == at,
            None => precision.is_boundary(at.naive_utc()),
        };
        if cover.windows.iter().all(|window| is_boundary(window.start) && is_boundary(window.end)) {
            return Ok(());
        }
        let batches = format!("`{}` has batches of one {}", node.name, cover.naming.batch_size);
        let column = format!("`{}` of `{}`", event_time.column, owner.name);
        let error = match event_time.time_type()? {
            TimeType::Date => Diagnostic::error(format!("{column} is a date, and {batches}")),
            _ => Diagnostic::error(format!(
                "the format of {column} ends at the {}, and {batches}",
                precision.as_str()
            )),
        };
        let day = if precision == Precision::Day { "batches of one day" } else { "larger batches" };
        Err(error
            .at(event_time.at.clone())
            .hint(format!("use a column with a time of day, or {day}"))
            .into())
    });
    checked.map(drop)
}

/// Warnings about the batches of the model.
pub(super) fn batch_warnings(
    model: &MicrobatchModel,
    findings: &[Finding],
) -> Result<Vec<Diagnostic>, Diagnostics> {
    let MicrobatchModel { context, node, query, .. } = model;
    let batches = model.cover.windows.len();
    let mut diagnostics = query.text.warnings.clone();
    for warning in &query.injected.warnings {
        let mut warning = warning.clone();
        if warning.at.is_none() {
            warning.at = Some(node.file.line(1));
        }
        if model.request.windows.strict {
            warning.level = crate::diagnostics::Level::Error;
            return Err(warning
                .hint("without `--strict` the filter is inserted at the `ref()`")
                .into());
        }
        diagnostics.push(warning);
    }
    if query.injected.filters.is_empty() && !query.injected.reads.is_empty() {
        let cost = format!(
            "each of its {batches} batches reads all inputs and keeps only the rows of its window"
        );
        diagnostics.push(
            Diagnostic::warning(format!("no input of `{}` can be filtered: {cost}", node.name))
                .at(node.file.line(1)),
        );
    }
    diagnostics.extend(read_whole(findings));
    diagnostics.extend(inserted_by_position(context.dialect, node, model.columns()));
    diagnostics.extend(unknown_key_warning(node, model.columns()));
    diagnostics.extend(schema_changes::left_out_warning(node, &query.left_out));
    diagnostics.extend(undeclared_type_warning(model));
    if let Some(contract) = codegen::contract(context.dialect, node)? {
        diagnostics.extend(contract.diagnostics);
        diagnostics.extend(codegen::compare_names(context.dialect, node, model.columns())?);
    }
    diagnostics.extend(codegen::adapter_key_warnings(context.dialect, node)?);
    diagnostics.extend(foreign_keys::delete_warnings(context, node));
    diagnostics.extend(codegen::recommended_key_warnings(context.dialect, node));
    diagnostics.extend(
        codegen::grants_and_comments(context.dialect, node, "table", model.columns())?.diagnostics,
    );
    Ok(diagnostics)
}

/// The findings about inputs that every batch reads completely: what `check` reports is reported
/// here with the same words and level.
fn read_whole(findings: &[Finding]) -> impl Iterator<Item = Diagnostic> + '_ {
    let is_reported = |finding: &&Finding| finding.rule == READ_WHOLE && finding.allowed.is_none();
    findings.iter().filter(is_reported).map(|finding| finding.diagnostic.clone())
}

/// Warns about a column of `unique_key` that the query does not have. Expressions are not checked.
pub(super) fn unknown_key_warning(
    node: &Node,
    columns: Option<&[ResultColumn]>,
) -> Option<Diagnostic> {
    let columns = columns?;
    let key = node.set(keys::UNIQUE_KEY)?;
    let names = node.get(keys::UNIQUE_KEY)?;
    let is_name = |name: &str| {
        !name.is_empty() && name.chars().all(|char| char.is_alphanumeric() || char == '_')
    };
    let is_column = |name: &str| {
        let is_it = |column: &ResultColumn| column.name.eq_ignore_ascii_case(name);
        columns.iter().any(is_it)
    };
    let unknown = names.iter().find(|name| is_name(name) && !is_column(name))?;
    let warning = Diagnostic::warning(format!(
        "the query of `{}` has no column `{unknown}`, which its `unique_key` names",
        node.name
    ));
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    Some(warning.at(key.at.clone()).hint(format!(
        "select it, or set `unique_key` to columns of the query: `{}`",
        names.join("`, `")
    )))
}

/// Warns about unknown columns, if the engine then inserts rows by position.
pub(super) fn inserted_by_position(
    dialect: &Dialect,
    node: &Node,
    columns: Option<&[ResultColumn]>,
) -> Option<Diagnostic> {
    let warning = || {
        Diagnostic::warning(format!(
            "the columns of `{}` are unknown, so its rows are inserted by position",
            node.name
        ))
        .at(node.file.line(1))
        .hint("name the columns in the last `select` instead of `*`")
    };
    (columns.is_none() && !dialect.batches.by_name).then(warning)
}

/// Warns about event times without a declared type, if the literal would be correct only for some
/// column types.
fn undeclared_type_warning(model: &MicrobatchModel) -> Option<Diagnostic> {
    let MicrobatchModel { context, node, settings, .. } = model;
    let utc_hint = "declare its `data_type`: dates would be days in UTC, not in the time zone of \
        the model";
    let hint = match &context.dialect.types.undeclared_hint {
        None if settings.timezone != chrono_tz::UTC => utc_hint.to_string(),
        None => return None,
        Some(hint) => hint.clone(),
    };
    let columns = model.filtered_inputs().chain([(*node, &settings.event_time)]);
    let undeclared = columns.filter(|(_, event_time)| event_time.time == Ok(TimeType::Undeclared));
    let names: Vec<String> = undeclared
        .map(|(owner, event_time)| format!("`{}` of `{}`", event_time.column, owner.name))
        .collect();
    let warning = || {
        Diagnostic::warning(format!("no type is declared for {}", names.join(", ")))
            .at(settings.event_time.at.clone())
            .hint(hint)
    };
    (!names.is_empty()).then(warning)
}
