//! Texts that a template renders: `render(text)`, and macros that return templates.

use std::sync::Arc;

use minijinja::{Error, State};

use super::call::Call;
use super::globals::GlobalNames;
use super::session::Session;
use super::{macros, transpile};

/// `render(text)`: renders a text in the same scope.
pub(super) fn render_text(
    session: &Arc<Session>,
    state: &mut State,
    call: &Call,
) -> Result<minijinja::Value, Error> {
    rendered_within(session, state, &call.needs(0, "string")?.to_string())
}

/// The template name of a text that another template renders.
pub(super) const WITHIN: &str = "<text>";

/// Renders a text as its own template in the scope of the calling template.
pub(super) fn rendered_within(
    session: &Arc<Session>,
    state: &mut State,
    text: &str,
) -> Result<minijinja::Value, Error> {
    let prepared = transpile::template(text, macros::PROLOGUE);
    // The inner rendering loads its own macros, since they belong to the rendering that loaded
    // them.
    let outer = std::mem::take(&mut *session.running());
    let outcome = state.env().render_named_str(
        WITHIN,
        &prepared.edited.text,
        minijinja::Value::from_object(GlobalNames(session.clone())),
    );
    *session.running() = outer;
    outcome.map(minijinja::Value::from)
}

/// Whether a text contains Jinja tags.
pub(super) fn has_tags(text: &str) -> bool {
    ["{{", "{%", "{#"].iter().any(|tag| text.contains(tag))
}
