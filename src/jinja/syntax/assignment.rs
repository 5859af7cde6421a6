//! The targets and values of `set` statements, and the parameters of macros.

use super::expression::{Shape, TokenReader, Unsupported};
use super::lexer::TokenKind;

/// Reads the rest of a `set` statement.
pub fn set(reader: &mut TokenReader) -> Result<(), Unsupported> {
    let (single, holders) = targets(reader)?;
    if !reader.skip("=") {
        // A block, optionally with filters after its name.
        while reader.skip("|") {
            reader.take()?;
            if reader.is("(") {
                reader.arguments()?;
            }
        }
        return Ok(());
    }
    let value = reader.list()?;
    let tuple = value.shape == Shape::Tuple;
    if tuple && (single || !holders.is_empty()) {
        reader.edits.open(value.span.start, "(");
        reader.edits.close(value.span.end, ")");
    }
    for holder in &holders {
        reader.edits.open(value.span.start, format!("__hold({holder},"));
        reader.edits.close(value.span.end, ")");
    }
    if single && holders.is_empty() && (tuple || value.shape == Shape::Other) {
        reader.edits.open(value.span.start, "__m(");
        reader.edits.close(value.span.end, ")");
    }
    Ok(())
}

/// The targets of an assignment: whether it is a single one, and the objects whose attributes are
/// set.
pub fn targets(reader: &mut TokenReader) -> Result<(bool, Vec<String>), Unsupported> {
    let mut names = 0;
    let mut holders = Vec::new();
    let mut depth = 0;
    loop {
        while reader.skip("(") {
            depth += 1;
        }
        if reader.kind() != Some(TokenKind::Name) {
            return Err(Unsupported);
        }
        let mut name = reader.take()?;
        while reader.skip(".") {
            let holder = reader.source[name.clone()].to_string();
            name.end = reader.take()?.end;
            holders.push(holder);
        }
        names += 1;
        while depth > 0 && reader.skip(")") {
            depth -= 1;
        }
        if !reader.skip(",") {
            return Ok((names == 1, holders));
        }
        names += 1;
    }
}

/// Parses parameters after the opening parenthesis, and removes their types (dbt 1.12). Returns
/// their names and the end of the list. A default applies to a missing argument, but not to an
/// undefined one; `missing` generates code for that.
pub fn parameters(
    reader: &mut TokenReader,
    missing: bool,
) -> Result<(Vec<String>, usize), Unsupported> {
    let mut names = Vec::new();
    loop {
        if reader.is(")") {
            let close = reader.take()?;
            let before = reader.source[..close.start].trim_end();
            if before.ends_with(',') && !names.is_empty() {
                reader.edits.replace(before.len() - 1..before.len(), "");
            }
            return Ok((names, close.start));
        }
        let name = reader.take()?;
        let name = reader.source[name].to_string();
        names.push(name.clone());
        if reader.is(":") {
            let start = reader.take()?.start;
            let mut end = start;
            let mut depth = 0;
            while depth > 0 || !(reader.is(",") || reader.is(")") || reader.is("=")) {
                depth += i32::from(reader.is("[")) - i32::from(reader.is("]"));
                end = reader.take()?.end;
            }
            reader.edits.replace(start..end, "");
        }
        if reader.skip("=") {
            let before = reader.at;
            let default = reader.expression()?.span;
            if missing {
                // A previous parameter is a variable only in the macro's body.
                for token in &reader.tokens[before..reader.at] {
                    let word = &reader.source[token.span.clone()];
                    if token.kind == TokenKind::Name
                        && names.iter().any(|known| known == word && known != &name)
                    {
                        reader.edits.replace(token.span.clone(), format!("__argument('{word}')"));
                    }
                }
                reader.edits.open(default.start, "(");
                reader
                    .edits
                    .close(default.end, format!(" if __missing('{name}') else __undefined)"));
            }
        }
        if !reader.skip(",") && !reader.is(")") {
            return Err(Unsupported);
        }
    }
}
