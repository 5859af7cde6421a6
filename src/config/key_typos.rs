//! Probable typos in keys. Takes a node's configuration; returns warnings: a key that is similar to
//! one of a microbatch model (dbt accepts any key, so it would have no effect), and keys of
//! microbatch models on another model.

use crate::diagnostics::Diagnostic;

use super::{Kind, Materialization, Node, SchemaChange};

const KEYS: [&str; 7] = [
    "event_time",
    "begin",
    "batch_size",
    "lookback",
    "concurrent_batches",
    "full_refresh",
    "incremental_strategy",
];
const BATCHWRIGHT_KEYS: [&str; 8] = [
    "timezone",
    "outside_window",
    "event_time_unit",
    "event_time_format",
    "audit",
    "check",
    "allow",
    "late_by",
];

/// Warnings about a node's keys.
pub fn warnings(node: &Node) -> Vec<Diagnostic> {
    if node.kind != Kind::Model {
        return Vec::new();
    }
    let keys = node.config.iter().map(|(key, setting)| (key, &setting.at, corrected(key, &KEYS)));
    let settings = node
        .config
        .get("meta")
        .and_then(|meta| Some((meta.value.get("batchwright")?.as_object()?, &meta.at)));
    let settings = settings.into_iter().flat_map(|(settings, at)| {
        settings.keys().map(move |key| (key, at, corrected(key, &BATCHWRIGHT_KEYS)))
    });
    let typos = keys.chain(settings).filter_map(|(key, at, corrected)| {
        let message = format!("`{key}` of model `{}` has no effect", node.name);
        Some(
            Diagnostic::warning(message)
                .at(at.clone())
                .hint(format!("did you mean `{}`?", corrected?)),
        )
    });
    let mut warnings: Vec<Diagnostic> = typos.collect();
    warnings.extend(quoting(node));
    warnings.extend(unknown_schema_change(node));
    warnings.extend(unused_key(node));
    warnings
}

/// dbt reads `quoting` only from the project and from sources.
fn quoting(node: &Node) -> Option<Diagnostic> {
    let setting = node
        .config
        .get("quoting")
        .filter(|setting| setting.value.as_object().is_some_and(|parts| !parts.is_empty()))?;
    let warning =
        Diagnostic::warning(format!("`quoting` of model `{}` has no effect, as in dbt", node.name))
            .at(setting.at.clone());
    Some(warning.hint("set `quoting:` at the top level of dbt_project.yml"))
}

/// dbt replaces an unknown value of `on_schema_change` by `ignore`.
fn unknown_schema_change(node: &Node) -> Option<Diagnostic> {
    let setting = node.config.get("on_schema_change")?;
    let value = setting.value.as_str().unwrap_or("ignore");
    let names = SchemaChange::ALL.map(SchemaChange::as_str);
    if names.contains(&value) {
        return None;
    }
    let message = format!(
        "unknown value `{value}` of `on_schema_change` of model `{}`: new columns are ignored, as \
         in dbt",
        node.name
    );
    Some(
        Diagnostic::warning(message)
            .at(setting.at.clone())
            .hint(format!("use `{}`", names.join("`, `"))),
    )
}

/// Whether a key is probably a typo of a key of microbatch models, of which `warnings` warns.
pub fn is_reported_key(node: &Node, key: &str) -> bool {
    node.kind == Kind::Model && corrected(key, &KEYS).is_some()
}

/// A microbatch key on a model that is not a microbatch model. A key that is set for a folder is
/// accepted.
fn unused_key(node: &Node) -> Option<Diagnostic> {
    if matches!(node.materialization, Materialization::Microbatch(_)) {
        return None;
    }
    let own_file_setting = |key: &&str| {
        node.config
            .get(*key)
            .filter(|set| !set.value.is_null() && !set.at.file.path.ends_with("dbt_project.yml"))
    };
    if let Some(strategy) = node.config.get("incremental_strategy").filter(|set| {
        set.value == "microbatch" && own_file_setting(&"incremental_strategy").is_some()
    }) {
        let message =
            format!("model `{}` has the strategy `microbatch`, but is not incremental", node.name);
        return Some(
            Diagnostic::warning(message)
                .at(strategy.at.clone())
                .hint("set `materialized='incremental'`"),
        );
    }
    let key = ["begin", "batch_size", "lookback", "concurrent_batches"]
        .into_iter()
        .find(|key| own_file_setting(key).is_some())?;
    let message = format!("`{key}` has no effect: model `{}` is not a microbatch model", node.name);
    let warning =
        Diagnostic::warning(message).at_maybe(own_file_setting(&key).map(|set| set.at.clone()));
    Some(warning.hint("set `materialized='incremental'` and `incremental_strategy='microbatch'`"))
}

/// The key that is probably a typo of `missing`.
pub fn typo_of<'a>(
    missing: &str,
    mut keys: impl Iterator<Item = &'a String>,
) -> Option<&'a String> {
    keys.find(|key| corrected(key, &[missing]).is_some())
}

/// The key of which `key` is probably a typo: it differs only in underscores, or in a few letters.
fn corrected<'a>(key: &str, known: &[&'a str]) -> Option<&'a str> {
    if known.contains(&key) {
        return None;
    }
    let normalized = |key: &str| key.to_lowercase().replace(['_', '-'], "");
    let key = normalized(key);
    known.iter().copied().find(|known| {
        let known = normalized(known);
        // One letter in most keys, two in the longest.
        let max_distance = (known.len() + 3) / 8;
        known.chars().count().abs_diff(key.chars().count()) <= max_distance
            && strsim::damerau_levenshtein(&key, &known) <= max_distance
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typos_are_detected() {
        let guess = |key| corrected(key, &KEYS);
        assert_eq!(
            [guess("event_tim"), guess("batchsize"), guess("look_back"), guess("begins")],
            [Some("event_time"), Some("batch_size"), Some("lookback"), Some("begin")]
        );
        assert_eq!(
            [
                guess("begin"),
                guess("batch_id"),
                guess("begin_date"),
                guess("event_type"),
                guess("lookup")
            ],
            [None; 5]
        );
    }
}
