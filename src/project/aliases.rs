//! The other spellings of config keys: an adapter may call the database a project or a catalog, and
//! hooks have a name with a dash and one with an underscore.

use std::borrow::Cow;

use super::Config;
use crate::diagnostics::Diagnostic;
use crate::jinja::hook_key;

/// Aliases of keys, each with the key that it means: those that the credentials of an adapter have
/// in dbt.
pub type KeyAliases<'a> = &'a [[String; 2]];

/// The key that `key` means.
pub fn unaliased<'a>(aliases: KeyAliases<'a>, key: &'a str) -> &'a str {
    aliases.iter().find(|[alias, _]| alias == key).map_or(key, |[_, name]| name)
}

/// One layer of config, each key under its own name. Of two spellings of a hook dbt keeps the one
/// with the underscore; of other keys it rejects two spellings.
pub fn translated<'a>(
    layer: &'a Config,
    aliases: KeyAliases<'a>,
) -> Result<Cow<'a, Config>, Diagnostic> {
    let name_of = |key| hook_key(key).unwrap_or_else(|| unaliased(aliases, key));
    if layer.keys().all(|key| name_of(key) == key) {
        return Ok(Cow::Borrowed(layer));
    }
    let mut config = Config::new();
    for (key, setting) in layer {
        let name = name_of(key);
        if name != key && hook_key(key).is_some() && layer.contains_key(name) {
            continue;
        }
        if let Some(other) = config.insert(name.to_string(), setting.clone()) {
            let first = layer.keys().find(|key| name_of(key) == name).unwrap_or(key);
            let message = format!("`{first}` and `{key}` are the same setting, but both are set");
            return Err(Diagnostic::error(message)
                .at(setting.at.clone())
                .note(format!("the other is on line {}", other.at.line()))
                .hint("keep one of the two"));
        }
    }
    Ok(Cow::Owned(config))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::diagnostics::SourceFile;
    use crate::project::Setting;

    #[test]
    fn a_layer_has_one_spelling_of_each_key() {
        let at = SourceFile::new("a.yml", "").at(0..0);
        let layer = |keys: &[&str]| {
            let setting =
                |key: &&str| (key.to_string(), Setting { value: json!(key), at: at.clone() });
            keys.iter().map(setting).collect::<Config>()
        };
        let aliases = [["project", "database"].map(str::to_string)];
        let keys = |keys: &[&str]| {
            let layer = layer(keys);
            let config = translated(&layer, &aliases).map(Cow::into_owned);
            config.map(|config| {
                config.into_iter().map(|(key, setting)| (key, setting.value)).collect::<Vec<_>>()
            })
        };
        let hooks = [("pre_hook".to_string(), json!("pre_hook"))];
        assert_eq!(keys(&["pre_hook", "pre-hook"]).unwrap(), hooks);
        assert_eq!(keys(&["pre-hook", "pre_hook"]).unwrap(), hooks);
        assert_eq!(
            keys(&["project", "tags"]).unwrap(),
            [("database".to_string(), json!("project")), ("tags".to_string(), json!("tags"))]
        );
        assert!(keys(&["project", "database"]).is_err());
    }
}
