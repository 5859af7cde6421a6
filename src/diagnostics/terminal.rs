//! How a diagnostic looks on a terminal.

use super::{Diagnostic, Level};
use annotate_snippets::{AnnotationKind, Group, Level as Title, Renderer, Snippet};

/// The diagnostic as text: rustc's look, with the user's own line. `color` for a terminal.
pub fn print(diagnostic: &Diagnostic, color: bool) -> String {
    let level = match diagnostic.level {
        Level::Error => Title::ERROR,
        Level::Warning => Title::WARNING,
        Level::Note => Title::NOTE,
    };
    let mut group = Group::with_title(level.primary_title(&*diagnostic.message));
    if let Some(at) = &diagnostic.at {
        let text: &str = &at.file.text;
        let end = at.span.end.min(text.len());
        let start = at.span.start.min(end);
        group = group.element(Snippet::source(text).path(&*at.file.path).annotation(AnnotationKind::Primary.span(start..end)));
    }
    for note in &diagnostic.notes {
        group = group.element(Title::NOTE.message(&**note));
    }
    for hint in &diagnostic.hints {
        group = group.element(Title::HELP.with_name(Some("hint")).message(&**hint));
    }
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    renderer.render(&[group])
}
