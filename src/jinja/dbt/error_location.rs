//! Converts minijinja's errors to diagnostics, with the location in the user's file and the macros
//! in between.

use std::error::Error as _;
use std::ops::Range;

use minijinja::{Error, ErrorKind};

use super::macro_registry::MacroLibrary;
use crate::diagnostics::{Diagnostic, Location, SourceFile, nearest};
use crate::jinja::errors::{DiagnosticError, MacroError};
use crate::jinja::marks;
use crate::jinja::syntax::transpile::TranspiledTemplate;

/// The rendered template and the available macros.
pub struct ErrorContext<'a> {
    pub template: &'a SourceFile,
    pub prepared: &'a TranspiledTemplate,
    pub library: Option<&'a MacroLibrary>,
    /// Names of macros and variables, for hints.
    pub known: Vec<&'a str>,
}

/// One frame of an error: its location and macro.
struct Frame {
    at: Option<Location>,
    macro_name: Option<(String, String)>,
}

pub fn diagnostic(error: &Error, context: &ErrorContext) -> Diagnostic {
    let mut frames: Vec<Frame> = Vec::new();
    let mut macro_name = None;
    let mut current = error;
    let mut own_diagnostic = None;
    loop {
        frames.push(Frame { at: locate(current, context), macro_name: macro_name.clone() });
        let Some(source) = current.source() else { break };
        if let Some(in_macro) = source.downcast_ref::<MacroError>() {
            macro_name = Some((in_macro.package.clone(), in_macro.name.clone()));
            current = &in_macro.error;
        } else if let Some(inner) = source.downcast_ref::<Error>() {
            current = inner;
        } else {
            own_diagnostic = source.downcast_ref::<DiagnosticError>();
            break;
        }
    }
    let innermost = frames.iter().rev().find_map(|frame| frame.at.clone());
    let mut diagnostic = match own_diagnostic {
        Some(error) => error.0.clone(),
        None => translate(current, innermost.as_ref(), context),
    };
    diagnostic.message = marks::strip(&diagnostic.message);
    // The innermost location that the user can edit: not in a package, not in dbt's macros.
    let is_editable = |frame: &&Frame| {
        frame.macro_name.as_ref().is_none_or(|(package, _)| {
            context.library.is_none_or(|library| *package == library.root)
        }) && frame.at.is_some()
    };
    diagnostic.at = frames.iter().rev().find(is_editable).and_then(|frame| frame.at.clone());
    for (name, at) in frames
        .iter()
        .rev()
        .filter_map(|frame| frame.macro_name.as_ref().map(|(_, name)| (name, &frame.at)))
    {
        let at =
            at.as_ref().map(|at| format!(" ({}:{})", at.file.path, at.line())).unwrap_or_default();
        let note = format!("in macro `{name}`{at}");
        if diagnostic.notes.last() != Some(&note) {
            diagnostic.notes.push(note);
        }
    }
    // The call in the model, if the location is elsewhere.
    if let Some(outermost) = frames
        .first()
        .filter(|_| frames.iter().any(|frame| frame.macro_name.is_some()))
        .and_then(|frame| frame.at.as_ref())
        && diagnostic.at.as_ref() != Some(outermost)
        && !context.template.path.is_empty()
    {
        let path = &outermost.file.path;
        let name = path
            .rsplit('/')
            .next()
            .and_then(|file| file.rsplit_once('.'))
            .map_or(&**path, |(name, _)| name);
        diagnostic.notes.push(format!("called by `{name}` ({path}:{})", outermost.line()));
    }
    // An infinite recursion repeats the same macros.
    if diagnostic.notes.len() > 12 {
        let more = diagnostic.notes.len() - 10;
        diagnostic.notes.truncate(10);
        diagnostic.notes.push(format!("and {more} more"));
    }
    diagnostic
}

fn locate(error: &Error, context: &ErrorContext) -> Option<Location> {
    let name = error.name()?;
    let file = context.library.and_then(|library| library.file(name));
    let (source, prepared) = match file {
        Some(file) => (&file.source, &file.prepared),
        // The text is not in a file of the user.
        None if name == super::inner_text::WITHIN => return None,
        None => (context.template, context.prepared),
    };
    match error.range() {
        Some(range) => {
            let Range { start, end } = prepared.edited.original(range);
            let start = path_start(&source.text, start);
            // minijinja may point into the middle of an unexpected character.
            let text = &source.text;
            let start = (0..=start.min(text.len()))
                .rev()
                .find(|at| text.is_char_boundary(*at))
                .unwrap_or(0);
            let end = (end.max(start)..text.len())
                .find(|at| text.is_char_boundary(*at))
                .unwrap_or(text.len());
            Some(source.at(start..end))
        }
        None => error.line().map(|line| source.line(line)),
    }
}

/// minijinja locates a method call at its dot. Extend the location to the object before it.
fn path_start(text: &str, start: usize) -> usize {
    if !text.get(start..).is_some_and(|rest| rest.starts_with('.')) {
        return start;
    }
    text[..start].trim_end_matches(|c: char| c == '_' || c == '.' || c.is_alphanumeric()).len()
}

/// Translates minijinja's errors, using the user's text.
fn translate(error: &Error, at: Option<&Location>, context: &ErrorContext) -> Diagnostic {
    let detail = error.detail().unwrap_or_default().trim_end_matches('.');
    let text = at.map_or("", |at| at.file.text.get(at.span.clone()).unwrap_or_default()).trim();
    // A location may begin after the object: `.keys()` of `nodes['a'].keys()`.
    let object = match (at, text.starts_with(['.', '['])) {
        (Some(at), true) => object_before(&at.file.text[..at.span.start]),
        _ => "",
    };
    match error.kind() {
        ErrorKind::UndefinedError => match text.rsplit_once('.') {
            Some((object, attribute)) if is_path(object) && is_path(attribute) => {
                Diagnostic::error(format!("`{object}` is undefined, so it has no `{attribute}`"))
            }
            Some(("", attribute)) | Some((_, attribute))
                if !object.is_empty() && is_path(attribute) =>
            {
                let (before, _) = text.rsplit_once('.').unwrap_or_default();
                let message =
                    format!("`{object}{before}` is undefined, so it has no `{attribute}`");
                Diagnostic::error(message)
            }
            _ if is_path(text) => unknown(text, context),
            _ => Diagnostic::error("this value is undefined"),
        },
        ErrorKind::UnknownFunction => {
            unknown(detail.strip_suffix(" is unknown").unwrap_or(detail), context)
        }
        ErrorKind::InvalidOperation
            if detail.starts_with("value of type undefined is not callable") =>
        {
            let name = text.split('(').next().unwrap_or(text).trim();
            match object {
                "" => unknown(name, context),
                object => not_callable(object, name, context),
            }
        }
        ErrorKind::UnknownMethod if detail.starts_with("undefined has no method") => {
            match text.split('(').next().and_then(|text| text.rsplit_once('.')) {
                Some((before, method)) if !object.is_empty() => Diagnostic::error(format!(
                    "`{object}{}` is undefined, so it has no `{}`",
                    before.trim(),
                    method.trim()
                )),
                Some((object, method)) => {
                    let mut failure = unknown(object.trim(), context);
                    failure.message =
                        format!("{}, so it has no `{}`", failure.message, method.trim());
                    if failure.hints.is_empty() && !object.contains('.') {
                        failure = failure.hint(format!(
                            "if `{}` is a package, install it: `dbt deps`",
                            object.trim()
                        ));
                    }
                    failure
                }
                None => Diagnostic::error("a method of an undefined value is called here"),
            }
        }
        ErrorKind::UnknownMethod => Diagnostic::error(quoted(detail)),
        ErrorKind::OutOfFuel => {
            Diagnostic::error("the template does too much work, and may not terminate")
                .hint("look for a loop or a macro that does not terminate")
        }
        ErrorKind::SyntaxError => Diagnostic::error(detail.to_string()),
        ErrorKind::InvalidOperation if detail.contains("recursion limit") => {
            Diagnostic::error("macros are nested too deep").hint("look for infinite recursion")
        }
        kind if detail.is_empty() => Diagnostic::error(kind.to_string()),
        _ => Diagnostic::error(detail.to_string()),
    }
}

/// The object at the end of a text: a path of names, indices and calls.
fn object_before(text: &str) -> &str {
    let mut depth = 0_usize;
    let start = text.char_indices().rev().take_while(|(_, letter)| {
        let is_outside = depth == 0;
        match letter {
            ']' | ')' => depth += 1,
            '[' | '(' if is_outside => return false,
            '[' | '(' => depth -= 1,
            _ => {
                return !is_outside || is_path(letter.encode_utf8(&mut [0; 4]));
            }
        }
        true
    });
    let start = start.last().map_or(text.len(), |(start, _)| start);
    text[start..].trim()
}

/// The error for a call of the undefined `object` + `name`, where `name` is an index or attribute.
fn not_callable(object: &str, name: &str, context: &ErrorContext) -> Diagnostic {
    let error = Diagnostic::error(format!("`{object}{name}` is undefined"));
    let index = name.trim_start_matches('[').trim_end_matches(']');
    let is_package = |library: &MacroLibrary| library.packages.contains_key(object);
    match context.library {
        Some(library) if is_package(library) || object == "dbt" => {
            error.hint(format!("the value of `{index}` is not a macro of the package `{object}`"))
        }
        Some(_) if is_path(object) && !object.contains('.') => {
            error.hint(format!("if `{object}` is a package, install it: `dbt deps`"))
        }
        _ => error,
    }
}

/// `map has no method named x` with the name in backticks.
fn quoted(detail: &str) -> String {
    match detail.rsplit_once(" named ") {
        Some((what, name)) => format!("{what} `{name}`"),
        None => detail.to_string(),
    }
}

fn is_path(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c == '_' || c == '.' || c.is_alphanumeric())
}

fn unknown(name: &str, context: &ErrorContext) -> Diagnostic {
    let error = Diagnostic::error(format!("`{name}` is undefined"));
    let Some(library) = context.library else { return error };
    if let Some((package, _)) = library
        .packages
        .iter()
        .find(|(package, macros)| **package != library.root && macros.contains_key(name))
    {
        return error.hint(format!(
            "call a macro of package `{package}` with its package: `{package}.{name}`"
        ));
    }
    let macros = library
        .packages
        .get(&library.root)
        .into_iter()
        .flat_map(|macros| macros.keys())
        .map(|name| &**name);
    match nearest(name, macros.chain(context.known.iter().copied())) {
        Some(near) if near != name => error.hint(format!("did you mean `{near}`?")),
        _ => error,
    }
}
