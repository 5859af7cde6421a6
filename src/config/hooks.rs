//! The hooks of a node. Takes the setting; returns its hooks, and adds the nodes that
//! hooks reference to the node's inputs, as dbt does. Rejects a seed whose hooks reference another
//! node.

use std::sync::Arc;

use serde_json::Value;

use crate::diagnostics::{Diagnostic, Diagnostics, SourceFile};
use crate::jinja::{Batch, Jinja, TemplateScope, lazy};
use crate::project::{SelfLookup, Setting, has_jinja, list};

use super::config_json::{config_json, hook_json};
use super::layers::text;
use super::node_json::node_json;
use super::{Broken, Hook, HookReads, Kind, Node, Resolved};

/// The hooks of a setting that have SQL.
pub fn statements(setting: Option<&Setting>) -> Vec<Hook> {
    let hooks = setting.map(|setting| list(&setting.value)).unwrap_or_default();
    let hook = |value: &Value| {
        let hook = hook_json(value);
        Hook {
            sql: hook.get("sql").map(text).unwrap_or_default(),
            transaction: hook.get("transaction") != Some(&Value::Bool(false)),
        }
    };
    hooks.iter().map(hook).filter(|hook| !hook.sql.trim().is_empty()).collect()
}

/// Adds the references of each node's hooks to its inputs. A node whose hooks do not render is
/// broken.
pub fn link(jinja: &Jinja, resolved: &mut Resolved) {
    for mut node in std::mem::take(&mut resolved.nodes) {
        match add_references(jinja, &mut node) {
            Ok(()) => resolved.nodes.push(node),
            Err(errors) => {
                let (unique_id, name) = (node.unique_id.clone(), node.name.clone());
                resolved.broken.push(Broken {
                    unique_id,
                    name,
                    errors,
                    node: Some(Box::new(node)),
                });
            }
        }
    }
}

fn add_references(jinja: &Jinja, node: &mut Node) -> Result<(), Diagnostics> {
    let hooks: Vec<&Hook> =
        node.pre_hooks.iter().chain(&node.post_hooks).filter(|hook| has_jinja(&hook.sql)).collect();
    if hooks.is_empty() {
        return Ok(());
    }
    let scope = TemplateScope {
        package: node.package.clone(),
        execute: false,
        model: lazy({
            let json = node_json(node, &[]);
            move || json
        }),
        config: config_json(node),
        this: Some(node.relation.clone()),
        batch: Some(Batch {
            id: String::new(),
            start: Default::default(),
            end: Default::default(),
        }),
        incremental: false,
        lookup: Arc::new(SelfLookup(node.relation.clone())),
    };
    let mut reads = HookReads::default();
    for hook in hooks {
        let rendered =
            jinja.render(&SourceFile::new(node.file.path.clone(), hook.sql.as_str()), &scope)?;
        reads.refs.extend(rendered.refs);
        reads.sources.extend(rendered.sources);
    }
    if node.kind == Kind::Seed && (!reads.refs.is_empty() || !reads.sources.is_empty()) {
        return Err(seed_hook_error(node, &reads).into());
    }
    let Node { refs, sources, hook_reads, .. } = node;
    for call in &reads.refs {
        if !refs.contains(call) {
            refs.push(call.clone());
        }
    }
    for table in &reads.sources {
        if !sources.contains(table) {
            sources.push(table.clone());
        }
    }
    *hook_reads = reads;
    Ok(())
}

fn seed_hook_error(node: &Node, reads: &HookReads) -> Diagnostic {
    let refs = reads.refs.iter().map(|call| format!("`ref('{}')`", call.name));
    let sources =
        reads.sources.iter().map(|(source, table)| format!("`source('{source}', '{table}')`"));
    let calls: Vec<String> = refs.chain(sources).collect();
    let setting = ["pre_hook", "post_hook"]
        .iter()
        .find_map(|key| node.config.get(*key).filter(|setting| !setting.value.is_null()));
    let error = Diagnostic::error(format!(
        "a hook of the seed `{}` calls {}, but a seed cannot have inputs",
        node.name,
        calls.join(", ")
    ));
    error
        .at(setting.map_or_else(|| node.file.line(1), |setting| setting.at.clone()))
        .hint("move the hook to a model that reads the seed")
}
