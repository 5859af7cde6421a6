//! Transpiles dbt's Jinja to minijinja's. Returns the text for minijinja, the defined macros, and a
//! source map.

use std::collections::BTreeSet;
use std::ops::Range;

use super::assignment::{parameters, set, targets};
use super::expression::{Shape, TokenReader, Unsupported};
use super::lexer::{Tag, TokenKind, tags};
use super::source_map::{MappedText, SourceEdits};

/// dbt's prefix of macro names inside of Jinja. Calls by the plain name go through
/// [`crate::jinja::dbt::macros`].
pub const MACRO_PREFIX: &str = "dbt_macro__";

/// A transpiled template.
#[derive(Default)]
pub struct TranspiledTemplate {
    pub edited: MappedText,
    pub macros: Vec<MacroHeader>,
    /// Names that the template calls as functions.
    pub calls: BTreeSet<String>,
}

/// The first line of a macro.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MacroHeader {
    pub name: String,
    pub parameters: Vec<String>,
    pub takes_varargs: bool,
    pub takes_kwargs: bool,
    /// The span of its name.
    pub at: Range<usize>,
    /// From its first tag to the end of its last one.
    pub whole: Range<usize>,
}

/// Transpiles a macro file. Macros are renamed, and text outside of them is removed, since dbt
/// never renders it.
pub fn macro_file(source: &str) -> TranspiledTemplate {
    prepare(source, true, "")
}

/// Transpiles a model's template; `prefix` is inserted before its text.
pub fn template(source: &str, prefix: &str) -> TranspiledTemplate {
    prepare(source, false, prefix)
}

fn prepare(source: &str, library: bool, prefix: &str) -> TranspiledTemplate {
    let mut prepared = TranspiledTemplate::default();
    let mut edits = SourceEdits::default();
    let mut open: Vec<(MacroHeader, usize)> = Vec::new();
    let mut blanked: Option<(String, usize)> = None;
    // The end of the last tag, and the end of the last top-level macro.
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
            let names = tag.tokens.iter().filter(|token| token.kind == TokenKind::Name);
            for name in names.map(|token| &source[token.span.clone()]) {
                header.takes_varargs |=
                    name == "varargs" && !header.parameters.iter().any(|known| known == name);
                header.takes_kwargs |=
                    name == "kwargs" && !header.parameters.iter().any(|known| known == name);
            }
        }
        let before = edits.len();
        let reader = TokenReader {
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
    // An unclosed tag is kept, so that minijinja reports it.
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

/// The line breaks of a text, so that the following lines keep their numbers.
fn lines(text: &str) -> String {
    "\n".repeat(text.matches('\n').count())
}

/// Records the edits of one tag. For a macro's first tag, returns its header and the end of its
/// parameters.
fn read(
    mut reader: TokenReader,
    tag: &Tag,
    library: bool,
) -> Result<Option<(MacroHeader, usize)>, Unsupported> {
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
            // As in dbt, macros in a model are renamed too: only those in macro files can be
            // called.
            reader.edits.open(at.start, MACRO_PREFIX);
            reader.expect("(")?;
            let (parameters, end) = parameters(&mut reader, library)?;
            return Ok(Some((
                MacroHeader {
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
            "{{ __compare(a ,'<', b ,'==', c) }}{{ __cat(a , b , 1) }}{{ __attr(a,'b') is defined \
            }}"
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
    fn macros_are_renamed_and_take_varargs_and_kwargs() {
        let file = macro_file(
            "{% macro a(x: list[int] = [], y) %}{{ varargs }}{{ kwargs.z }}{% endmacro %}{% test \
            t(m) %}\n{{ m }}{% endtest %}",
        );
        let text = &file.edited.text;
        assert!(
            text.starts_with(
                "{% macro dbt_macro__a(x = (__l([]) if __missing('x') else \
                __undefined), y, varargs=none, kwargs=none) %}"
            ),
            "{text}"
        );
        assert!(text.ends_with("{% endmacro %}\n"), "{text}");
        assert_eq!(file.macros[0].parameters, ["x", "y"]);
    }
}
