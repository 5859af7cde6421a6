//! The macros `generate_schema_name`, `generate_database_name` and `generate_alias_name` of a
//! project and its packages.

use serde_json::Value;

use crate::diagnostics::Diagnostic;
use crate::jinja::{Jinja, TemplateScope};

/// The macros of a project that name its relations.
pub trait NamingMacros: Sync {
    /// The package whose macro of that name is called for the nodes of `package`; `None` for dbt's
    /// default.
    fn naming_package(&self, package: &str, name: &str) -> Option<String>;
    /// The result of a package's macro for the custom name and the node of the scope.
    fn call(
        &self,
        package: &str,
        name: &str,
        custom: Option<&str>,
        scope: &TemplateScope,
    ) -> Result<Name, Diagnostic>;
}

/// The result of a macro.
pub struct Name {
    pub text: String,
    /// Whether it may depend on the node.
    pub is_of_node: bool,
}

impl NamingMacros for Jinja {
    fn naming_package(&self, package: &str, name: &str) -> Option<String> {
        Jinja::naming_package(self, package, name)
    }

    fn call(
        &self,
        package: &str,
        name: &str,
        custom: Option<&str>,
        scope: &TemplateScope,
    ) -> Result<Name, Diagnostic> {
        let (text, is_of_node) =
            self.call_for_node(package, name, &[custom.map_or(Value::Null, Value::from)], scope)?;
        Ok(Name { text, is_of_node })
    }
}
