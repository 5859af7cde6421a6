//! From minijinja's errors to ours. Takes an error and where it passed; gives a message, the place
//! in the user's own file, and the macros on the way.

use std::error::Error as _;
use std::fmt;
use std::ops::Range;

use minijinja::{Error, ErrorKind};

use super::macro_registry::Library;
use super::marks;
use super::transpile::Prepared;
use crate::diagnostics::{Diagnostic, Location, SourceFile, nearest};
use crate::limits;

/// A message of ours on its way through minijinja.
#[derive(Debug)]
struct Said(Diagnostic);

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for Said {}

/// An error that came out of a macro.
#[derive(Debug)]
struct Passed {
    package: String,
    name: String,
    error: Error,
}

impl fmt::Display for Passed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "in macro {}.{}", self.package, self.name)
    }
}

impl std::error::Error for Passed {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

/// Refuses to go on where the rendering has cost too much.
pub(super) fn limited() -> Result<(), Error> {
    room(0)
}

/// Refuses to make something of so many bytes where that would cost too much.
pub(super) fn room(bytes: usize) -> Result<(), Error> {
    limits::room(bytes).map_err(|exceeded| said(exceeded.diagnostic()))
}

/// A diagnostic as an error that a function of ours can give to minijinja.
pub(super) fn said(diagnostic: Diagnostic) -> Error {
    Error::new(ErrorKind::InvalidOperation, diagnostic.message.clone())
        .with_source(Said(diagnostic))
}

/// The same error, with the macro that it came out of.
pub(super) fn passed(error: Error, package: &str, name: &str) -> Error {
    let kind = error.kind();
    Error::new(kind, "in a macro").with_source(Passed {
        package: package.to_string(),
        name: name.to_string(),
        error,
    })
}

/// The template that was rendered, and the macros it could call.
pub(super) struct Place<'a> {
    pub template: &'a SourceFile,
    pub prepared: &'a Prepared,
    pub library: Option<&'a Library>,
    /// Names of macros and variables, for hints.
    pub known: Vec<&'a str>,
}

/// One stop of an error: a place, and the macro it is in.
struct Stop {
    at: Option<Location>,
    within: Option<(String, String)>,
}

pub(super) fn diagnostic(error: &Error, place: &Place) -> Diagnostic {
    let mut stops: Vec<Stop> = Vec::new();
    let mut within = None;
    let mut current = error;
    let mut ours = None;
    loop {
        stops.push(Stop { at: locate(current, place), within: within.clone() });
        let Some(source) = current.source() else { break };
        if let Some(passed) = source.downcast_ref::<Passed>() {
            within = Some((passed.package.clone(), passed.name.clone()));
            current = &passed.error;
        } else if let Some(inner) = source.downcast_ref::<Error>() {
            current = inner;
        } else {
            ours = source.downcast_ref::<Said>();
            break;
        }
    }
    let innermost = stops.iter().rev().find_map(|stop| stop.at.clone());
    let mut diagnostic = match ours {
        Some(said) => said.0.clone(),
        None => worded(current, innermost.as_ref(), place),
    };
    diagnostic.message = marks::strip(&diagnostic.message);
    // The innermost place that the user can change: not in a package, not in dbt's own macros.
    let owned = |stop: &&Stop| {
        stop.within
            .as_ref()
            .is_none_or(|(package, _)| place.library.is_none_or(|library| *package == library.root))
            && stop.at.is_some()
    };
    diagnostic.at = stops.iter().rev().find(owned).and_then(|stop| stop.at.clone());
    for (name, at) in
        stops.iter().rev().filter_map(|stop| stop.within.as_ref().map(|(_, name)| (name, &stop.at)))
    {
        let at =
            at.as_ref().map(|at| format!(" ({}:{})", at.file.path, at.line())).unwrap_or_default();
        let note = format!("in macro `{name}`{at}");
        if diagnostic.notes.last() != Some(&note) {
            diagnostic.notes.push(note);
        }
    }
    // Where the model called the first of them, if the message points somewhere else.
    if let Some(outermost) = stops
        .first()
        .filter(|_| stops.iter().any(|stop| stop.within.is_some()))
        .and_then(|stop| stop.at.as_ref())
        && diagnostic.at.as_ref() != Some(outermost)
        && !place.template.path.is_empty()
    {
        let path = &outermost.file.path;
        let name = path
            .rsplit('/')
            .next()
            .and_then(|file| file.rsplit_once('.'))
            .map_or(&**path, |(name, _)| name);
        diagnostic.notes.push(format!("called by `{name}` ({path}:{})", outermost.line()));
    }
    // A runaway recursion passes the same macros over and over.
    if diagnostic.notes.len() > 12 {
        let more = diagnostic.notes.len() - 10;
        diagnostic.notes.truncate(10);
        diagnostic.notes.push(format!("and {more} more"));
    }
    diagnostic
}

fn locate(error: &Error, place: &Place) -> Option<Location> {
    let name = error.name()?;
    let file = place.library.and_then(|library| library.file(name));
    let (source, prepared) = match file {
        Some(file) => (&file.source, &file.prepared),
        // A text of its own, which no file of the user's shows.
        None if name == super::inner_text::WITHIN => return None,
        None => (place.template, place.prepared),
    };
    match error.range() {
        Some(range) => {
            let Range { start, end } = prepared.edited.original(range);
            let start = path_start(&source.text, start);
            // minijinja may point into the middle of a letter that it did not expect.
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

/// minijinja places a call of a method at its dot: the object before it belongs to the place.
fn path_start(text: &str, start: usize) -> usize {
    if !text.get(start..).is_some_and(|rest| rest.starts_with('.')) {
        return start;
    }
    text[..start].trim_end_matches(|c: char| c == '_' || c == '.' || c.is_alphanumeric()).len()
}

/// minijinja's own errors in our words, by the user's own text.
fn worded(error: &Error, at: Option<&Location>, place: &Place) -> Diagnostic {
    let detail = error.detail().unwrap_or_default().trim_end_matches('.');
    let text = at.map_or("", |at| at.file.text.get(at.span.clone()).unwrap_or_default()).trim();
    match error.kind() {
        ErrorKind::UndefinedError => match text.rsplit_once('.') {
            Some((object, attribute)) if is_path(object) && is_path(attribute) => {
                Diagnostic::error(format!("`{object}` is undefined, so it has no `{attribute}`"))
            }
            _ if is_path(text) => unknown(text, place),
            _ => Diagnostic::error("an undefined value is used here"),
        },
        ErrorKind::UnknownFunction => {
            unknown(detail.strip_suffix(" is unknown").unwrap_or(detail), place)
        }
        ErrorKind::InvalidOperation
            if detail.starts_with("value of type undefined is not callable") =>
        {
            unknown(text.split('(').next().unwrap_or(text).trim(), place)
        }
        ErrorKind::UnknownMethod if detail.starts_with("undefined has no method") => {
            match text.split('(').next().and_then(|text| text.rsplit_once('.')) {
                Some((object, method)) => {
                    let mut failure = unknown(object.trim(), place);
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
            Diagnostic::error("the template does too much work, perhaps without an end")
                .hint("look for a loop or a macro that never stops")
        }
        ErrorKind::SyntaxError => Diagnostic::error(detail.to_string()),
        ErrorKind::InvalidOperation if detail.contains("recursion limit") => {
            Diagnostic::error("macros call each other too deep")
                .hint("look for a macro that calls itself without an end")
        }
        kind if detail.is_empty() => Diagnostic::error(kind.to_string()),
        _ => Diagnostic::error(detail.to_string()),
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

fn unknown(name: &str, place: &Place) -> Diagnostic {
    let error = Diagnostic::error(format!("`{name}` is undefined"));
    let Some(library) = place.library else { return error };
    if let Some((package, _)) = library
        .packages
        .iter()
        .find(|(package, macros)| **package != library.root && macros.contains_key(name))
    {
        return error.hint(format!(
            "a macro of package `{package}` is called with its package: `{package}.{name}`"
        ));
    }
    let macros = library
        .packages
        .get(&library.root)
        .into_iter()
        .flat_map(|macros| macros.keys())
        .map(|name| &**name);
    match nearest(name, macros.chain(place.known.iter().copied())) {
        Some(near) if near != name => error.hint(format!("did you mean `{near}`?")),
        _ => error,
    }
}
