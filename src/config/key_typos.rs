//! Keys that are probably meant otherwise. Takes a node's configuration; gives warnings: a key that
//! is nearly one of a microbatch model's (dbt takes any key, so it would do nothing), and such keys
//! on a model that is none.

use crate::diagnostics::Diagnostic;

use super::{Kind, Materialization, Node};

const KEYS: [&str; 7] = [
    "event_time",
    "begin",
    "batch_size",
    "lookback",
    "concurrent_batches",
    "full_refresh",
    "incremental_strategy",
];
const OWN: [&str; 8] = [
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
    let keys = node.config.iter().map(|(key, setting)| (key, &setting.at, meant(key, &KEYS)));
    let settings = node
        .config
        .get("meta")
        .and_then(|meta| Some((meta.value.get("batchwright")?.as_object()?, &meta.at)));
    let settings = settings
        .into_iter()
        .flat_map(|(settings, at)| settings.keys().map(move |key| (key, at, meant(key, &OWN))));
    let nearly = keys.chain(settings).filter_map(|(key, at, meant)| {
        let message = format!("`{key}` of model `{}` does nothing", node.name);
        Some(Diagnostic::warning(message).at(at.clone()).hint(format!("is it `{}`?", meant?)))
    });
    let mut warnings: Vec<Diagnostic> = nearly.collect();
    warnings.extend(quoting(node));
    warnings.extend(idle(node));
    warnings
}

/// dbt takes `quoting` from the project and from sources alone.
fn quoting(node: &Node) -> Option<Diagnostic> {
    let setting = node
        .config
        .get("quoting")
        .filter(|setting| setting.value.as_object().is_some_and(|parts| !parts.is_empty()))?;
    let warning =
        Diagnostic::warning(format!("`quoting` of model `{}` does nothing, as in dbt", node.name))
            .at(setting.at.clone());
    Some(warning.hint("set `quoting:` at the top level of dbt_project.yml"))
}

/// A microbatch key on a model that is none. One that is set for a whole folder is no mistake of
/// the model.
fn idle(node: &Node) -> Option<Diagnostic> {
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
            format!("model `{}` says `microbatch`, and is no incremental model", node.name);
        return Some(
            Diagnostic::warning(message)
                .at(strategy.at.clone())
                .hint("set `materialized='incremental'`"),
        );
    }
    let key = ["begin", "batch_size", "lookback", "concurrent_batches"]
        .into_iter()
        .find(|key| own_file_setting(key).is_some())?;
    let message = format!("`{key}` does nothing: model `{}` is no microbatch model", node.name);
    let warning =
        Diagnostic::warning(message).at_maybe(own_file_setting(&key).map(|set| set.at.clone()));
    Some(warning.hint("set `materialized='incremental'` and `incremental_strategy='microbatch'`"))
}

/// The key of a configuration that was probably meant to be `missing`.
pub fn instead_of<'a>(
    missing: &str,
    mut keys: impl Iterator<Item = &'a String>,
) -> Option<&'a String> {
    keys.find(|key| meant(key, &[missing]).is_some())
}

/// The key that `key` was probably meant to be: the same but for underscores, or a few letters.
fn meant<'a>(key: &str, known: &[&'a str]) -> Option<&'a str> {
    if known.contains(&key) {
        return None;
    }
    let plain = |key: &str| key.to_lowercase().replace(['_', '-'], "");
    let key = plain(key);
    known.iter().copied().find(|known| {
        let known = plain(known);
        // One letter in most, two in the longest.
        let most = (known.len() + 3) / 8;
        known.chars().count().abs_diff(key.chars().count()) <= most
            && strsim::damerau_levenshtein(&key, &known) <= most
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_misses_are_seen() {
        let guess = |key| meant(key, &KEYS);
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
