//! An incremental model that is no microbatch model: created if it is missing, then its new rows brought in; or made anew like a
//! table, where a full refresh is asked for.

use serde_json::Value;

use super::{Built, plain};
use crate::compile::{Request, Shop};
use crate::config::Node;
use crate::diagnostics::Diagnostic;
use crate::inject::ResultColumn;
use crate::plan::{self, Incremental};
use crate::render::{self, Moment};

pub(super) fn built(shop: &Shop, node: &Node, asked: Option<&str>, request: &Request) -> Result<Built, Diagnostic> {
    let strategy = plan::brought_in(shop.dialect, node, asked)?;
    if request.full_refresh || node.setting("full_refresh") == Some(&Value::Bool(true)) {
        let whole = plain(shop, &Node { materialization: crate::config::Materialization::Table, ..node.clone() }, request)?;
        return Ok(Built { what: "a table, made anew".to_string(), strategy: "full refresh".to_string(), ..whole });
    }
    let rendered = |incremental: bool| {
        let moment = Moment { batch: None, incremental, this: node.relation.clone() };
        render::model(shop.jinja, shop.graph, node, &moment)
    };
    let (first, next) = (rendered(false)?, rendered(true)?);
    let contract = plan::contract(shop.dialect, node)?;
    let columns = match &contract {
        Some(_) => Some(node.columns.iter().map(|column| ResultColumn { name: column.name.clone(), quoted: column.quote }).collect()),
        None => shop.columns.projection(node),
    };
    let statement = plan::incremental(&Incremental {
        dialect: shop.dialect,
        node,
        strategy: &strategy,
        first: &first.sql,
        next: &next.sql,
        columns: columns.as_deref(),
        contract: contract.as_ref(),
    })?;
    let mut said = next.warnings;
    if columns.is_none() && !shop.dialect.fact::<bool>("by_name")? {
        said.push(
            Diagnostic::warning(format!("the columns of `{}` are not known, so its rows are inserted by position", node.name))
                .at(node.file.line(1))
                .hint("name the columns in the last `select` instead of `*`"),
        );
    }
    said.extend(plan::unknown_keys(shop.dialect, node)?);
    said.extend(contract.into_iter().flat_map(|contract| contract.said));
    Ok(Built {
        statement,
        what: format!("incremental by {strategy}"),
        strategy,
        kind: "table",
        columns,
        incremental: true,
        atomic: true,
        said,
    })
}
