//! From dbt's Jinja to minijinja's. Takes a template; gives the text that minijinja is fed, the
//! macros it defines, and the way back from places in the one to places in the other.

use std::collections::BTreeSet;
use std::ops::Range;

use super::expression::{Reader, Shape, Unsupported};
use super::lexer::{Kind, Tag, tags};
use super::source_map::{Edited, Edits};

/// What dbt calls macros inside of Jinja, so that a call by the plain name goes through us.
pub(super) const MACRO_PREFIX: &str = "dbt_macro__";

/// A template made ready.
#[derive(Default)]
pub(super) struct Prepared {
    pub edited: Edited,
    pub macros: Vec<Header>,
    /// Names that the template calls as functions.
    pub calls: BTreeSet<String>,
}

/// The first line of a macro.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub name: String,
    pub parameters: Vec<String>,
    pub takes_varargs: bool,
    pub takes_kwargs: bool,
    /// Where its name stands.
    pub at: Range<usize>,
    /// From its first tag to the end of its last one.
    pub whole: Range<usize>,
}

/// Makes a file of macros ready: they are renamed, and what is outside of them is blanked, as dbt
/// never renders it.
pub(super) fn macro_file(source: &str) -> Prepared {
    prepare(source, true, "")
}

/// Makes a model's template ready; `prefix` comes before its text.
pub(super) fn template(source: &str, prefix: &str) -> Prepared {
    prepare(source, false, prefix)
}

fn prepare(source: &str, library: bool, prefix: &str) -> Prepared {
    let mut prepared = Prepared::default();
    let mut edits = Edits::default();
    let mut open: Vec<(Header, usize)> = Vec::new();
    let mut blanked: Option<(String, usize)> = None;
    // How far the text is read, and the end of the last macro that is not inside of another.
    let (mut read_to, mut macro_end) = (0, 0);
    for tag in tags(source) {
        read_to = tag.close.end;
        let first = tag.tokens.first().map_or("", |token| &source[token.span.clone()]);
        if let Some((end, start)) = &blanked {
            if tag.statement && first == end {
                edits.replace(*start..tag.close.end, lines(&source[*start..tag.close.end]));
                blanked = None;
            }
            continue;
        }
        for space in &tag.odd_spaces {
            edits.replace(space.clone(), " ");
        }
        if tag.statement {
            match first {
                "test" | "data_test" | "materialization" | "snapshot" | "docs" if library => {
                    let word = if first == "data_test" { "test" } else { first };
                    blanked = Some((format!("end{word}"), tag.open.start));
                    continue;
                }
                "snapshot" | "endsnapshot" => {
                    edits.replace(tag.open.start..tag.close.end, "");
                    continue;
                }
                "endmacro" => {
                    if let Some((mut header, parenthesis)) = open.pop() {
                        header.whole.end = tag.close.end;
                        if library {
                            let comma = if header.parameters.is_empty() { "" } else { ", " };
                            let more = match (header.takes_varargs, header.takes_kwargs) {
                                (true, true) => "varargs=none, kwargs=none",
                                (true, false) => "varargs=none",
                                (false, true) => "kwargs=none",
                                (false, false) => "",
                            };
                            if !more.is_empty() {
                                edits.close(parenthesis, format!("{comma}{more}"));
                            }
                            if open.is_empty() {
                                let before = macro_end..header.whole.start;
                                edits.replace(before.clone(), lines(&source[before]));
                                macro_end = header.whole.end;
                                prepared.macros.push(header);
                            }
                        } else {
                            prepared.macros.push(header);
                        }
                    }
                    continue;
                }
                _ => {}
            }
        }
        if let Some((header, _)) = open.last_mut() {
            let names = tag.tokens.iter().filter(|token| token.kind == Kind::Name);
            for name in names.map(|token| &source[token.span.clone()]) {
                header.takes_varargs |=
                    name == "varargs" && !header.parameters.iter().any(|known| known == name);
                header.takes_kwargs |=
                    name == "kwargs" && !header.parameters.iter().any(|known| known == name);
            }
        }
        let before = edits.len();
        let reader = Reader {
            source,
            tokens: &tag.tokens,
            at: 0,
            edits: &mut edits,
            calls: &mut prepared.calls,
            depth: 0,
        };
        match read(reader, &tag, library) {
            Ok(Some(header)) => open.push(header),
            Ok(None) => {}
            Err(Unsupported) => edits.forget(before),
        }
    }
    // A tag that is never closed stays, so that minijinja says what is wrong with it.
    let rest = macro_end..source.len();
    if library
        && open.is_empty()
        && blanked.is_none()
        && !["{{", "{%"].iter().any(|sign| source[read_to..].contains(sign))
    {
        edits.replace(rest.clone(), lines(&source[rest]));
    }
    prepared.edited = edits.apply(source, prefix);
    prepared
}

/// The line breaks of a text, so that places behind it keep their lines.
fn lines(text: &str) -> String {
    "\n".repeat(text.matches('\n').count())
}

/// Notes the edits of one tag; a macro's first line gives its header and where its parameters end.
fn read(
    mut reader: Reader,
    tag: &Tag,
    library: bool,
) -> Result<Option<(Header, usize)>, Unsupported> {
    if !tag.statement {
        let part = reader.list()?;
        if part.shape == Shape::Tuple {
            reader.edits.open(part.span.start, "(");
            reader.edits.close(part.span.end, ")");
        }
        return if reader.done() { Ok(None) } else { Err(Unsupported) };
    }
    let Ok(keyword) = reader.take() else { return Ok(None) };
    match &reader.source[keyword.clone()] {
        "set" => set(&mut reader)?,
        "do" => {
            reader.edits.replace(keyword, "set __do =");
            reader.list()?;
        }
        "print" => {
            let sign = &reader.source[tag.open.start + 2..tag.open.end];
            reader.edits.replace(tag.open.clone(), format!("{{{{{sign}"));
            reader.edits.replace(keyword, "");
            let sign = &reader.source[tag.close.start..tag.close.end - 2];
            reader.edits.replace(tag.close.clone(), format!("{sign}}}}}"));
            reader.list()?;
        }
        "if" | "elif" => {
            reader.expression()?;
        }
        "for" => {
            targets(&mut reader)?;
            reader.expect("in")?;
            let mut items = reader.either()?;
            let is_tuple = reader.is(",");
            while reader.skip(",") {
                // A comma may end the tuple.
                if reader.done() || reader.is("if") || reader.is("recursive") || reader.is(":") {
                    break;
                }
                items.span.end = reader.either()?.span.end;
            }
            if is_tuple {
                reader.edits.open(items.span.start, "(");
                reader.edits.close(items.span.end, ",)");
            }
            if is_tuple || !matches!(items.shape, Shape::List | Shape::Dict) {
                reader.edits.open(items.span.start, "__iter(");
                reader.edits.close(items.span.end, ")");
            }
            if reader.skip("if") {
                reader.expression()?;
            }
            reader.skip("recursive");
        }
        "call" => {
            if reader.is("(") {
                reader.take()?;
                parameters(&mut reader, false)?;
            }
            reader.expression()?;
        }
        "macro" => {
            let at = reader.take()?;
            let name = reader.source[at.clone()].to_string();
            // As in dbt, which renames the macros of a model too: only files of macros have ones
            // that can be called.
            reader.edits.open(at.start, MACRO_PREFIX);
            reader.expect("(")?;
            let (parameters, end) = parameters(&mut reader, library)?;
            return Ok(Some((
                Header {
                    name,
                    parameters,
                    takes_varargs: false,
                    takes_kwargs: false,
                    at,
                    whole: tag.open.start..tag.close.end,
                },
                end,
            )));
        }
        "else" => {}
        _ => return Ok(None),
    }
    if reader.is(":") {
        let colon = reader.take()?;
        reader.edits.replace(colon, "");
    }
    if reader.done() { Ok(None) } else { Err(Unsupported) }
}

fn set(reader: &mut Reader) -> Result<(), Unsupported> {
    let (single, holders) = targets(reader)?;
    if !reader.skip("=") {
        // A block, perhaps with filters behind its name.
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

/// The names that are assigned to: whether it is a single one, and the objects of which an
/// attribute is set.
fn targets(reader: &mut Reader) -> Result<(bool, Vec<String>), Unsupported> {
    let mut names = 0;
    let mut holders = Vec::new();
    let mut depth = 0;
    loop {
        while reader.skip("(") {
            depth += 1;
        }
        if reader.kind() != Some(Kind::Name) {
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

/// Parameters behind their opening parenthesis, with types (dbt 1.12) taken out; their names, and
/// where the list ends. A default counts for an argument that is not given, and not for one that is
/// undefined: `missing` asks for the difference.
fn parameters(reader: &mut Reader, missing: bool) -> Result<(Vec<String>, usize), Unsupported> {
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
                // A parameter before it is a name of its own only in the macro's body.
                for token in &reader.tokens[before..reader.at] {
                    let word = &reader.source[token.span.clone()];
                    if token.kind == Kind::Name
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

#[cfg(test)]
mod tests {
    use super::*;

    fn text(source: &str) -> String {
        template(source, "").edited.text
    }

    #[test]
    fn lists_dicts_and_operators_become_calls() {
        assert_eq!(text("{{ [1, {'a': b}] }}"), "{{ __l([1, __d({'a': b})]) }}");
        assert_eq!(
            text("{{ '%s' % x|upper + [y] }}"),
            "{{ __add(__mod('%s' , x|upper) , __l([y])) }}"
        );
        assert_eq!(text("{{ a + b - c + 1 }}"), "{{ __add(__sub(__add(a , b) , c) , 1) }}");
        assert_eq!(
            text("{{ x[1, 2] }}{{ +1 }}{{ a % 2 }}"),
            "{{ x[(1, 2)] }}{{ 1 }}{{ __mod(a , 2) }}"
        );
        assert_eq!(
            text("{{ x is in [1] and y not in z[1:] }}"),
            "{{ x is in __l([1]) and __not_in(y , __slice(z,1,none)) }}"
        );
        assert_eq!(
            text("{{ a < b == c }}{{ a ~ b ~ 1 }}{{ a.b is defined }}"),
            "{{ __compare(a ,'<', b ,'==', c) }}{{ __cat(a , b , 1) }}{{ __attr(a,'b') is defined }}"
        );
        assert_eq!(
            text("{{ z[::2] }}{{ z[:-1] }}"),
            "{{ __slice(z,none,none,2) }}{{ __slice(z,none,-1) }}"
        );
    }

    #[test]
    fn statements_are_changed() {
        assert_eq!(text("{% do a.append([1]) if b %}"), "{% set __do = a.append(__l([1])) if b %}");
        assert_eq!(
            text("{% set x = y %}{% set a, b = c, d %}"),
            "{% set x = __m(y) %}{% set a, b = c, d %}"
        );
        assert_eq!(text("{% if a: %}{%- else: -%}"), "{% if a %}{%- else -%}");
        assert_eq!(text("{%- print x -%}"), "{{-  x -}}");
        assert_eq!(text("{% if\u{a0}a %}"), "{% if a %}");
    }

    #[test]
    fn macros_are_renamed_and_open_to_more_arguments() {
        let file = macro_file(
            "{% macro a(x: list[int] = [], y) %}{{ varargs }}{{ kwargs.z }}{% endmacro %}{% test t(m) %}\n{{ m }}{% endtest %}",
        );
        let text = &file.edited.text;
        assert!(
            text.starts_with("{% macro dbt_macro__a(x = (__l([]) if __missing('x') else __undefined), y, varargs=none, kwargs=none) %}"),
            "{text}"
        );
        assert!(text.ends_with("{% endmacro %}\n"), "{text}");
        assert_eq!(file.macros[0].parameters, ["x", "y"]);
    }
}
