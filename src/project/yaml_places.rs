//! Where each value of a YAML text stands. Takes the text; gives a tree of spans in bytes that runs beside the values: the
//! n-th entry of a dict, the n-th item of a list. An alias is one place, and a text that this reader can't follow to its end
//! has places up to there.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span, StrInput};

use crate::jinja::scalars::{self, Scalar};

/// The places of a whole document.
pub fn places(text: &str) -> Place {
    let bytes = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let mut reader = Reader { bytes, text, events: Parser::new_from_str(text), anchors: BTreeMap::new() };
    loop {
        match reader.events.next() {
            Some(Ok((Event::StreamStart | Event::DocumentStart(_) | Event::Nothing, _))) => {}
            Some(Ok((event, span))) => return reader.place(&event, span),
            Some(Err(_)) | None => return Place::default(),
        }
    }
}

/// The place of a value, and of what it holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Place {
    pub span: Range<usize>,
    items: Vec<Place>,
    scalar: bool,
    /// What an unquoted or tagged scalar means; quoted ones are texts.
    pub value: Option<Scalar>,
}

static NOWHERE: Place = Place { span: 0..0, items: Vec::new(), scalar: true, value: None };

impl Place {
    /// The same values, all of them in one place.
    fn at(&self, span: &Range<usize>) -> Place {
        let items = self.items.iter().map(|item| item.at(span)).collect();
        Place { span: span.clone(), items, scalar: self.scalar, value: self.value.clone() }
    }

    /// The n-th item's place and span; `parent` is the span where it is not known.
    pub fn item(&self, nth: usize, parent: &Range<usize>) -> (&Place, Range<usize>) {
        match self.items.get(nth) {
            Some(place) => (place, place.span.clone()),
            None => (&NOWHERE, parent.clone()),
        }
    }
}

/// The byte at `column` characters (from 0) of `line` (from 1).
pub fn offset(text: &str, line: usize, column: usize) -> usize {
    let start = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum::<usize>();
    text[start..].char_indices().nth(column).map_or(text.len(), |(at, _)| start + at)
}

struct Reader<'a> {
    text: &'a str,
    /// Where each character begins: the reader counts characters.
    bytes: Vec<usize>,
    events: Parser<'a, StrInput<'a>>,
    /// What an alias stands for.
    anchors: BTreeMap<usize, Place>,
}

impl Reader<'_> {
    fn byte(&self, mark: Marker) -> usize {
        self.bytes.get(mark.index()).copied().unwrap_or(self.text.len())
    }

    fn next(&mut self) -> Option<(Event<'static>, Span)> {
        match self.events.next() {
            Some(Ok((Event::Scalar(text, style, anchor, tag), span))) => {
                Some((Event::Scalar(text.into_owned().into(), style, anchor, tag.map(|tag| Cow::Owned(tag.into_owned()))), span))
            }
            Some(Ok((Event::Alias(anchor), span))) => Some((Event::Alias(anchor), span)),
            Some(Ok((Event::SequenceStart(anchor, _), span))) => Some((Event::SequenceStart(anchor, None), span)),
            Some(Ok((Event::MappingStart(anchor, _), span))) => Some((Event::MappingStart(anchor, None), span)),
            _ => None,
        }
    }

    fn place(&mut self, event: &Event, span: Span) -> Place {
        let place = self.read(event, span);
        if let Event::Scalar(_, _, anchor, _) | Event::SequenceStart(anchor, _) | Event::MappingStart(anchor, _) = event
            && *anchor > 0
        {
            self.anchors.insert(*anchor, place.clone());
        }
        place
    }

    fn read(&mut self, event: &Event, span: Span) -> Place {
        let start = self.byte(span.start);
        match event {
            Event::SequenceStart(..) => {
                let mut items = Vec::new();
                while let Some((event, span)) = self.next() {
                    items.push(self.place(&event, span));
                }
                let span = items.first().map_or(start..start, |first| first.span.clone());
                Place { span, items, scalar: false, value: None }
            }
            Event::MappingStart(..) => {
                let mut items = Vec::new();
                while let Some((key, key_span)) = self.next() {
                    let key = self.place(&key, key_span);
                    let Some((event, span)) = self.next() else { break };
                    let mut value = self.place(&event, span);
                    value.span = self.entry(&key.span, &value);
                    items.push(value);
                }
                let span = items.first().map_or(start..start, |first| first.span.clone());
                Place { span, items, scalar: false, value: None }
            }
            Event::Alias(anchor) => {
                let span = start..self.byte(span.end).max(start);
                self.anchors
                    .get(anchor)
                    .map_or_else(|| Place { span: span.clone(), scalar: true, ..Place::default() }, |place| place.at(&span))
            }
            _ => {
                let value = match event {
                    Event::Scalar(text, _, _, Some(tag)) if tag.handle == "tag:yaml.org,2002:" => scalars::tagged(&tag.suffix, text),
                    Event::Scalar(text, ScalarStyle::Plain, _, None) => Some(scalars::plain(text)),
                    Event::Scalar(text, _, _, None) => Some(Scalar::Text(text.to_string())),
                    _ => None,
                };
                Place { span: start..self.byte(span.end).max(start), items: Vec::new(), scalar: true, value }
            }
        }
    }

    /// A key with its value, if that is a scalar on the same line.
    fn entry(&self, key: &Range<usize>, value: &Place) -> Range<usize> {
        let together = value.scalar && key.end <= value.span.end && !self.text[key.end..value.span.end].contains('\n');
        key.start..if together { value.span.end } else { key.end }
    }
}
