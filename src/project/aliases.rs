//! The other spellings of config keys: an adapter may call the database a project or a catalog, and
//! hooks have a name with a dash and one with an underscore.

use std::borrow::Cow;

use indexmap::IndexMap;

use super::Config;
use crate::diagnostics::{Diagnostic, Location};
use crate::jinja::hook_key;
use crate::yaml::{Data, Yaml};

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
            return Err(same_setting((first, &other.at), (key, &setting.at)));
        }
    }
    Ok(Cow::Owned(config))
}

/// The error for two spellings of one key.
fn same_setting((first, other): (&str, &Location), (key, at): (&str, &Location)) -> Diagnostic {
    let message = format!("`{first}` and `{key}` are the same setting, but both are set");
    Diagnostic::error(message)
        .at(at.clone())
        .note(format!("the other is on line {}", other.line()))
        .hint("keep one of the two")
}

/// The tree of a properties file whose sources have each key under its own name. dbt translates the
/// keys of all dicts in a source, also those below `meta` and `quoting`.
pub fn with_translated_sources(tree: Yaml, aliases: KeyAliases) -> Result<Yaml, Diagnostic> {
    if aliases.is_empty() {
        return Ok(tree);
    }
    let Yaml { data, at } = tree;
    let Data::Dict(mut dict) = data else { return Ok(Yaml { data, at }) };
    if let Some(sources) = dict.get_mut("sources") {
        *sources = translated_yaml(sources, aliases)?;
    }
    Ok(Yaml { data: Data::Dict(dict), at })
}

fn translated_yaml(yaml: &Yaml, aliases: KeyAliases) -> Result<Yaml, Diagnostic> {
    let each = |item: &Yaml| translated_yaml(item, aliases);
    let data = match &yaml.data {
        Data::List(items) => Data::List(items.iter().map(each).collect::<Result<_, _>>()?),
        Data::Dict(dict) => {
            let mut keys = IndexMap::new();
            for (key, value) in dict {
                let name = unaliased(aliases, key);
                if keys.insert(name.to_string(), each(value)?).is_some() {
                    let is_same = |known: &&String| unaliased(aliases, known) == name;
                    let first = dict.keys().find(is_same).unwrap_or(key);
                    return Err(same_setting((first, &dict[first].at), (key, &value.at)));
                }
            }
            Data::Dict(keys)
        }
        other => other.clone(),
    };
    Ok(Yaml { data, at: yaml.at.clone() })
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
