//! Renders diagnostics for a terminal.

use super::{Diagnostic, Level, printable};
use annotate_snippets::{AnnotationKind, Group, Level as Title, Renderer, Snippet};

/// Renders the diagnostic in rustc's layout, with the user's line; with ANSI colours if `color`.
pub fn print(diagnostic: &Diagnostic, color: bool) -> String {
    let level = match diagnostic.level {
        Level::Error => Title::ERROR,
        Level::Warning => Title::WARNING,
        Level::Note => Title::NOTE,
    };
    let title = level.primary_title(printable(&diagnostic.message));
    let mut group = Group::with_title(match diagnostic.code {
        Some(code) => title.id(code),
        None => title,
    });
    if let Some(at) = &diagnostic.at {
        let text: &str = &at.file.text;
        let end = text.ceil_char_boundary(at.span.end.min(text.len()));
        let start = text.floor_char_boundary(at.span.start.min(end));
        // The renderer draws the carriage returns of Windows line breaks.
        let shown = text.replace("\r\n", "\n");
        let offset = |at: usize| at - text[..at].matches("\r\n").count();
        let (start, end) = (offset(start), offset(end));
        group = group.element(
            Snippet::source(shown)
                .path(printable(&at.file.path))
                .annotation(AnnotationKind::Primary.span(start..end)),
        );
    }
    for note in &diagnostic.notes {
        group = group.element(Title::NOTE.message(printable(note)));
    }
    for hint in &diagnostic.hints {
        group = group.element(Title::HELP.with_name(Some("hint")).message(printable(hint)));
    }
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    renderer.render(&[group])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::SourceFile;

    #[test]
    fn windows_line_breaks_are_not_drawn() {
        let diagnostic =
            Diagnostic::error("odd").at(SourceFile::new("a.csv", "id\r\nname\r\n").at(4..8));
        assert_eq!(
            print(&diagnostic, false),
            "error: odd\n --> a.csv:2:1\n  |\n2 | name\n  | ^^^^"
        );
    }

    #[test]
    fn user_text_cannot_move_the_cursor() {
        let file = SourceFile::new("a\u{1b}[2J.sql", "select '\u{1b}[2J\u{202e}' as a\r, b");
        let text = print(
            &Diagnostic::error("\u{1b}[2J").at(file.at(7..9)).note("\u{9b}1m").hint("\u{202e}"),
            false,
        );
        assert!(
            !text
                .chars()
                .any(|letter| letter != '\n' && (letter.is_control() || letter == '\u{202e}')),
            "{text:?}"
        );
    }

    #[test]
    fn a_span_inside_a_character_covers_the_character() {
        let diagnostic =
            Diagnostic::error("odd").at(SourceFile::new("größe.sql", "größe").at(3..3)).hint("see");
        assert_eq!(
            print(&diagnostic, false),
            "error: odd\n --> größe.sql:1:3\n  |\n1 | größe\n  |   ^\n  |\n  = hint: see"
        );
    }
}
