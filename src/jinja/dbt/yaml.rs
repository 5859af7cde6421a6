//! Jinja in YAML values: variables, the environment and the target, no macros and no models.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use minijinja::value::{Object, Value};
use minijinja::{Error, ErrorKind, State};
use serde_json::{Map, Value as Json};

use super::error_location::{self, ErrorContext};
use super::{json, native};
use crate::calendar::Instant;
use crate::diagnostics::{Diagnostic, Diagnostics, SourceFile, nearest};
use crate::jinja::errors;
use crate::jinja::python::call::Call;
use crate::jinja::python::collections;
use crate::jinja::python::datetime::{self, module};
use crate::jinja::syntax::transpile::{self, TranspiledTemplate};
use crate::limits;

/// The prefix of environment variables with secrets.
pub const SECRETS: [&str; 2] = ["DBT_ENV_SECRET", "DBT_ENGINE_ENV_SECRET"];

/// Rejects a secret, as dbt does.
pub fn not_secret(name: &str) -> Result<(), Error> {
    let Some(secret) = SECRETS.iter().find(|secret| name.starts_with(**secret)) else {
        return Ok(());
    };
    let error = Diagnostic::error(format!(
        "`{name}` is a secret, and secrets are allowed only in profiles.yml and packages.yml"
    ));
    Err(errors::to_error(error.hint(format!(
        "variables that begin with `{secret}` are secrets: give \
        the value in a variable of another name"
    ))))
}

/// The names that values of a YAML file may use: no macros, no models.
pub struct YamlScope<'a> {
    pub now: Instant,
    pub vars: &'a Map<String, Json>,
    pub environment: &'a BTreeMap<String, String>,
    pub target: &'a Map<String, Json>,
    /// Whether environment variables with secrets are allowed: only in profiles.yml.
    pub secrets: bool,
}

/// A value of a YAML file with its Jinja rendered, as `native` describes; text without Jinja is
/// unchanged. Errors have no location.
pub fn yaml_value(text: &str, scope: &YamlScope) -> Result<Json, Diagnostic> {
    value_with(text, scope, None)
}

/// The text of a docs block, by its package, if it names one, and its name.
pub type DocsLookup = Arc<dyn Fn(Option<&str>, &str) -> String + Send + Sync>;

/// The text of a description with its Jinja rendered, which can call `doc()`.
pub fn description_text(
    text: &str,
    scope: &YamlScope,
    docs: DocsLookup,
) -> Result<String, Diagnostic> {
    Ok(match value_with(text, scope, Some(docs))? {
        Json::String(text) => text,
        Json::Null => String::new(),
        value => value.to_string(),
    })
}

fn value_with(text: &str, scope: &YamlScope, docs: Option<DocsLookup>) -> Result<Json, Diagnostic> {
    if !super::inner_text::has_tags(text) {
        return Ok(Json::String(text.to_string()));
    }
    let known = Known {
        now: scope.now,
        vars: scope.vars.clone(),
        environment: scope.environment.clone(),
        target: json::value(&Json::Object(scope.target.clone())),
        secrets: scope.secrets,
        docs,
    };
    let names = Value::from_object(Names(Arc::new(known)));
    let prepared = transpile::template(text, "");
    let file = SourceFile::new("", text);
    let rendered =
        limits::guarded(&file, || evaluated(&file, &prepared, names).map_err(Diagnostics::from));
    rendered.map_err(|errors| {
        let error = errors
            .0
            .into_iter()
            .next()
            .unwrap_or_else(|| Diagnostic::error("the value cannot be evaluated"));
        Diagnostic { at: None, ..error }
    })
}

/// The text of a docs block with its Jinja rendered, where no name is defined.
pub fn docs_text(text: &str) -> Result<String, Diagnostic> {
    if !super::inner_text::has_tags(text) {
        return Ok(text.to_string());
    }
    let prepared = transpile::template(text, "");
    let file = SourceFile::new("", text);
    let rendered = native::render(&file.text, &prepared.edited.text, Value::from(()));
    let context =
        ErrorContext { template: &file, prepared: &prepared, library: None, known: Vec::new() };
    match rendered {
        Ok(Ok(Json::String(text))) => Ok(text),
        Ok(value) => value.map(|value| value.to_string()),
        Err(error) => Err(Diagnostic { at: None, ..error_location::diagnostic(&error, &context) }),
    }
}

fn evaluated(
    file: &SourceFile,
    prepared: &TranspiledTemplate,
    names: Value,
) -> Result<Json, Diagnostic> {
    let outcome = native::render(&file.text, &prepared.edited.text, names);
    outcome.map_err(|error| {
        let context = ErrorContext {
            template: file,
            prepared,
            library: None,
            known: vec!["var", "env_var", "target"],
        };
        let mut diagnostic = error_location::diagnostic(&error, &context);
        diagnostic.at = None;
        if let Some(name) =
            diagnostic.message.strip_suffix(" is undefined").filter(|name| !name.contains('.'))
        {
            diagnostic
                .hints
                .push(format!("YAML files can use `var`, `env_var` and `target`, but not {name}"));
        }
        diagnostic
    })?
}

pub fn missing_environment(name: &str) -> Diagnostic {
    Diagnostic::error(format!("environment variable `{name}` is not set"))
        .hint(format!("set it, or add a default: `env_var('{name}', '…')`"))
}

struct Known {
    now: Instant,
    vars: Map<String, Json>,
    environment: BTreeMap<String, String>,
    target: Value,
    secrets: bool,
    docs: Option<DocsLookup>,
}

#[derive(Clone)]
struct Names(Arc<Known>);

impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<context>")
    }
}

impl Object for Names {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        match key.as_str()? {
            "var" => {
                Some(Value::from_object(YamlFunction { variable: true, known: self.0.clone() }))
            }
            "env_var" => {
                Some(Value::from_object(YamlFunction { variable: false, known: self.0.clone() }))
            }
            "target" => Some(self.0.target.clone()),
            "doc" => Some(Value::from_object(DocsFunction(self.0.docs.clone()?))),
            "run_started_at" => Some(datetime::utc(self.0.now)),
            "modules" => Some(collections::dict([
                (Value::from("datetime"), module::datetime(self.0.now)),
                (Value::from("pytz"), module::pytz(self.0.now)),
            ])),
            _ => None,
        }
    }
}

/// `doc`.
struct DocsFunction(DocsLookup);

impl fmt::Debug for DocsFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<function doc>")
    }
}

impl Object for DocsFunction {
    fn call(self: &Arc<Self>, _: &mut State, args: &[Value]) -> Result<Value, Error> {
        let call = Call::of("", "doc", args);
        let first = call.needs_text(0, "name")?;
        Ok(Value::from(match call.text(1, "name")? {
            Some(name) => (self.0)(Some(&first), &name),
            None => (self.0)(None, &first),
        }))
    }
}

/// `var` and `env_var`.
struct YamlFunction {
    variable: bool,
    known: Arc<Known>,
}

impl fmt::Debug for YamlFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.variable { "<function var>" } else { "<function env_var>" })
    }
}

impl Object for YamlFunction {
    fn call(self: &Arc<Self>, _: &mut State, args: &[Value]) -> Result<Value, Error> {
        let call = Call::of("", if self.variable { "var" } else { "env_var" }, args);
        let name = call.needs_text(0, "name")?;
        if !self.variable && !self.known.secrets {
            not_secret(&name)?;
        }
        let value = if self.variable {
            self.known.vars.get(&name).map(json::value)
        } else {
            self.known.environment.get(&name).map(|value| Value::from(&**value))
        };
        let default = || call.args.get(1).cloned().or_else(|| call.by_name("default"));
        value.or_else(default).ok_or_else(|| {
            errors::to_error(if self.variable {
                let mut error = Diagnostic::error(format!("variable `{name}` is not set"));
                if let Some(near) = nearest(&name, self.known.vars.keys().map(|name| &**name)) {
                    error = error.hint(format!("did you mean `{near}`?"));
                }
                error.hint(format!(
                    "set it with `--vars '{{{name}: …}}'` or give a default; `vars:` of \
                     dbt_project.yml counts in properties files alone"
                ))
            } else {
                missing_environment(&name)
            })
        })
    }

    fn call_method(
        self: &Arc<Self>,
        _: &mut State,
        method: &str,
        args: &[Value],
    ) -> Result<Value, Error> {
        match (self.variable, method) {
            (true, "has_var") => Ok(Value::from(
                self.known.vars.contains_key(&Call::of("var", method, args).needs_text(0, "name")?),
            )),
            _ => Err(Error::from(ErrorKind::UnknownMethod)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Result<Json, Diagnostic> {
        let vars = serde_json::json!({"on": true, "n": "7", "name": "x", "list": [1]});
        let environment = BTreeMap::from([("DBT_ENV_SECRET_A".to_string(), "s".to_string())]);
        let target = serde_json::json!({"name": "dev"});
        let (Json::Object(vars), Json::Object(target)) = (vars, target) else { unreachable!() };
        let secrets = text.contains("SECRET_A");
        yaml_value(
            text,
            &YamlScope {
                now: Instant::UNIX_EPOCH,
                vars: &vars,
                environment: &environment,
                target: &target,
                secrets,
            },
        )
    }

    #[test]
    fn values_are_rendered() {
        assert_eq!(value("true").unwrap(), "true");
        assert_eq!(value("{{ var('name') }}_{{ target.name }}").unwrap(), "x_dev");
        assert_eq!(value("{{ var('on') }}").unwrap(), true);
        assert_eq!(value("{{ var('n') }}").unwrap(), "7");
        assert_eq!(value("{{ var('n') | as_number }}").unwrap(), 7);
        assert_eq!(value("{{ (target.name == 'dev') | as_bool }}").unwrap(), true);
        assert_eq!(value("{{ target.name == 'dev' | as_bool }}").unwrap(), true);
        assert_eq!(value("{{ target.name != 'dev' | as_bool() }}").unwrap(), false);
        assert_eq!(
            value("{{ \"['a', -1, {'b': None}]\" | as_native }}").unwrap(),
            serde_json::json!(["a", -1, {"b": null}])
        );
        assert_eq!(value("{{ '1 + 1' | as_native }}").unwrap(), "1 + 1");
        assert_eq!(value("{{ var('n') | as_text }}").unwrap(), "7");
        assert_eq!(value("{{ [1, 2] }}").unwrap(), "[1, 2]");
        assert_eq!(value("{{ var('list') }}").unwrap(), serde_json::json!([1]));
        assert_eq!(
            value("{% if var('on') %}{{ var('list') }}{% endif %}").unwrap(),
            serde_json::json!([1])
        );
        assert_eq!(value("{% set x %}<{{ var('n') }}>{% endset %}{{ x }}!").unwrap(), "<7>!");
        assert_eq!(value("{{ env_var('DBT_ENV_SECRET_A') }}").unwrap(), "s");
        let error = value("{{ env_var('DBT_ENV_' ~ 'SECRET_' ~ 'A', 'x') }}").unwrap_err();
        assert_eq!(
            error.message,
            "`DBT_ENV_SECRET_A` is a secret, and secrets are allowed only in profiles.yml and \
             packages.yml"
        );
        assert_eq!(value("{% if var('on') %}a{% endif %}").unwrap(), "a");
    }

    #[test]
    fn invalid_values_are_errors() {
        assert_eq!(value("{{ var('nam') }}").unwrap_err().hints[0], "did you mean `name`?");
        assert_eq!(
            value("{{ env_var('X') }}").unwrap_err().message,
            "environment variable `X` is not set"
        );
        assert_eq!(value("{{ ref('x') }}").unwrap_err().message, "`ref` is undefined");
        assert!(value("{{ 'true' | as_bool }}").is_err());
        assert!(value("{{ ").is_err());
    }
}
