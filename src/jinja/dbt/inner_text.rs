//! Texts that a template renders: `render(text)`, and macros that return templates.

use std::sync::Arc;

use minijinja::{Error, State};

use super::macros;
use super::session::Session;
use crate::jinja::python::call::Call;
use crate::jinja::syntax::transpile;

/// `render(text)`: renders a text in the same scope.
pub fn render_text(
    session: &Arc<Session>,
    state: &mut State,
    call: &Call,
) -> Result<minijinja::Value, Error> {
    rendered_within(session, state, &call.needs(0, "string")?.to_string())
}

/// The name of the outermost scope of a rendering. No template can set a variable of this name.
pub const CONTEXT: &str = "__context";

/// The template name of a text that another template renders.
pub const WITHIN: &str = "<text>";

/// Renders a text as its own template in the scope of the calling template.
pub fn rendered_within(
    session: &Arc<Session>,
    state: &mut State,
    text: &str,
) -> Result<minijinja::Value, Error> {
    let prepared = transpile::template(text, macros::PROLOGUE);
    // The inner rendering loads its own macros, since they belong to the rendering that loaded
    // them.
    let outer = std::mem::take(&mut *session.running());
    let names = state.lookup(CONTEXT).unwrap_or_default();
    let outcome = state.env().render_named_str(WITHIN, &prepared.edited.text, names);
    *session.running() = outer;
    outcome.map(minijinja::Value::from)
}

/// Whether a text contains Jinja tags.
pub fn has_tags(text: &str) -> bool {
    ["{{", "{%", "{#"].iter().any(|tag| text.contains(tag))
}
