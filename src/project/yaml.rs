//! YAML with places. Takes a file's text; gives its tree, every value with the bytes that set it, and warnings about keys
//! set twice (the last one counts, as in dbt). Refuses text that is not YAML, with line and column. The tree is serde_yaml's,
//! places and the meaning of scalars are a second reader's: where the two disagree a value has its parent's place.

use indexmap::IndexMap;
use serde::de::{DeserializeSeed, Deserializer, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::diagnostics::{Diagnostic, Location, SourceFile};
use crate::jinja::scalars::{self, Scalar};
use crate::limits;

use super::yaml_places::{Place, offset, places};

/// The tree of a file, and what is odd about it. An empty file is `Null`.
pub fn parse(file: &SourceFile) -> Result<(Yaml, Vec<Diagnostic>), Diagnostic> {
    refuse_deep(file)?;
    let raw = AnyValue.deserialize(serde_yaml::Deserializer::from_str(&file.text)).map_err(|wrong| not_yaml(file, &wrong))?;
    let mut warnings = Vec::new();
    let place = places(&file.text);
    let tree = raw.located(file, &place, place.span.clone(), &mut warnings);
    Ok((tree, warnings))
}

/// Refuses a text with more open brackets than its parser copes with.
pub fn refuse_deep(file: &SourceFile) -> Result<(), Diagnostic> {
    let Some(at) = limits::too_many_brackets(&file.text) else { return Ok(()) };
    Err(Diagnostic::error(format!("not valid YAML: more than {} brackets are open", limits::BRACKETS)).at(file.at(at..at + 1)))
}

/// A value and its place: for a value under a key, the key and what follows on its line.
#[derive(Clone, Debug, PartialEq)]
pub struct Yaml {
    pub data: Data,
    pub at: Location,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    Null,
    Bool(bool),
    Number(Number),
    /// A date or another value that JSON does not have.
    Other(Scalar),
    Text(String),
    List(Vec<Yaml>),
    Dict(IndexMap<String, Yaml>),
}

impl Yaml {
    pub fn get(&self, key: &str) -> Option<&Yaml> {
        self.dict().and_then(|dict| dict.get(key)).filter(|value| value.data != Data::Null)
    }

    /// The same values at the same places of another text.
    pub fn placed_in(self, file: &SourceFile) -> Yaml {
        let data = match self.data {
            Data::List(items) => Data::List(items.into_iter().map(|item| item.placed_in(file)).collect()),
            Data::Dict(dict) => Data::Dict(dict.into_iter().map(|(key, value)| (key, value.placed_in(file))).collect()),
            data => data,
        };
        Yaml { data, at: file.at(self.at.span) }
    }

    pub fn dict(&self) -> Option<&IndexMap<String, Yaml>> {
        match &self.data {
            Data::Dict(dict) => Some(dict),
            _ => None,
        }
    }

    /// The items of a list; none of anything else.
    pub fn items(&self) -> &[Yaml] {
        match &self.data {
            Data::List(items) => items,
            _ => &[],
        }
    }

    /// Text, or a number or boolean as it would be written.
    pub fn text(&self) -> Option<String> {
        match &self.data {
            Data::Text(text) => Some(text.clone()),
            Data::Number(number) => Some(number.to_string()),
            Data::Bool(yes) => Some(yes.to_string()),
            Data::Other(scalar) => match scalar.json() {
                Value::String(text) => Some(scalars::shown(&text).to_string()),
                _ => None,
            },
            _ => None,
        }
    }

    /// As JSON, with dates as texts.
    pub fn json(&self) -> Value {
        self.as_json(Scalar::json)
    }

    /// As JSON in which dates stay dates for templates: dbt does not render `vars:`.
    pub fn exact(&self) -> Value {
        self.as_json(Scalar::exact)
    }

    fn as_json(&self, other: fn(&Scalar) -> Value) -> Value {
        match &self.data {
            Data::Null => Value::Null,
            Data::Bool(yes) => Value::Bool(*yes),
            Data::Number(number) => Value::Number(number.clone()),
            Data::Other(scalar) => other(scalar),
            Data::Text(text) => Value::String(text.clone()),
            Data::List(items) => items.iter().map(|item| item.as_json(other)).collect(),
            Data::Dict(dict) => Value::Object(dict.iter().map(|(key, value)| (key.clone(), value.as_json(other))).collect::<Map<_, _>>()),
        }
    }
}

/// A value as the parser gives it: keys set twice are still there twice, so that it runs beside its places.
enum Raw {
    Scalar(Data),
    List(Vec<Raw>),
    Dict(Vec<(String, Raw)>),
}

impl Raw {
    fn located(self, file: &SourceFile, place: &Place, at: std::ops::Range<usize>, warnings: &mut Vec<Diagnostic>) -> Yaml {
        let data = match self {
            Raw::Scalar(data) => place.value.as_ref().map_or(data, scalar),
            Raw::List(items) => Data::List(
                items
                    .into_iter()
                    .enumerate()
                    .map(|(nth, item)| {
                        let (place, span) = place.item(nth, &at);
                        item.located(file, place, span, warnings)
                    })
                    .collect(),
            ),
            Raw::Dict(entries) => {
                let mut dict: IndexMap<String, Yaml> = IndexMap::new();
                let mut merged = Vec::new();
                for (nth, (key, value)) in entries.into_iter().enumerate() {
                    let (place, span) = place.item(nth, &at);
                    let value = value.located(file, place, span, warnings);
                    if key == "<<" {
                        merged.push(value);
                        continue;
                    }
                    if let Some(first) = dict.get(&key) {
                        let message = format!("`{key}` is set twice, and the last one counts");
                        let fact = format!("the first one is on line {}", first.at.line());
                        warnings.push(Diagnostic::warning(message).at(value.at.clone()).fact(fact));
                    }
                    dict.insert(key, value);
                }
                merge(&mut dict, &merged);
                Data::Dict(dict)
            }
        };
        Yaml { data, at: file.at(at) }
    }
}

fn scalar(value: &Scalar) -> Data {
    match value {
        Scalar::Text(text) => Data::Text(text.clone()),
        other => match other.exact() {
            Value::Null => Data::Null,
            Value::Bool(truth) => Data::Bool(truth),
            Value::Number(number) => Data::Number(number),
            _ => Data::Other(other.clone()),
        },
    }
}

/// YAML's `<<`: the keys of other dicts, where this one does not have them itself.
fn merge(dict: &mut IndexMap<String, Yaml>, others: &[Yaml]) {
    for other in others {
        match &other.data {
            Data::Dict(more) => {
                for (key, value) in more {
                    dict.entry(key.clone()).or_insert_with(|| value.clone());
                }
            }
            Data::List(more) => merge(dict, more),
            _ => {}
        }
    }
}

fn not_yaml(file: &SourceFile, wrong: &serde_yaml::Error) -> Diagnostic {
    let said = wrong.to_string();
    let what = said.split(" at line ").next().unwrap_or_default();
    let what = what.replace("deserializing from YAML containing more than one document is not supported", "more than one document");
    let Some(place) = wrong.location() else {
        return Diagnostic::error(format!("not valid YAML: {what}")).at(file.at(0..0));
    };
    let start = offset(&file.text, place.line(), place.column().saturating_sub(1));
    let line = file.line(place.line());
    let error = Diagnostic::error(format!("not valid YAML: {what} (line {}, column {})", place.line(), place.column()));
    let text = &file.text[line.span.clone()];
    let error = error.at(file.at(start..line.span.end.max(start)));
    if text.contains("{{") {
        error.hint("put quotes around a value with Jinja: `\"{{ … }}\"`")
    } else if file.text[..line.span.start].ends_with('\t') {
        error.hint("indent with spaces: YAML allows no tabs there")
    } else {
        error
    }
}

/// Reads whatever stands there.
struct AnyValue;

impl<'de> DeserializeSeed<'de> for AnyValue {
    type Value = Raw;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Raw, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for AnyValue {
    type Value = Raw;

    fn expecting(&self, out: &mut std::fmt::Formatter) -> std::fmt::Result {
        out.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Scalar(Data::Null))
    }

    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw::Scalar(Data::Null))
    }

    fn visit_bool<E>(self, yes: bool) -> Result<Raw, E> {
        Ok(Raw::Scalar(Data::Bool(yes)))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Raw, E> {
        Ok(Raw::Scalar(Data::Number(number.into())))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Raw, E> {
        Ok(Raw::Scalar(Data::Number(number.into())))
    }

    fn visit_i128<E>(self, number: i128) -> Result<Raw, E> {
        Ok(Raw::Scalar(Data::Text(number.to_string())))
    }

    fn visit_u128<E>(self, number: u128) -> Result<Raw, E> {
        Ok(Raw::Scalar(Data::Text(number.to_string())))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Raw, E> {
        Ok(Raw::Scalar(Number::from_f64(number).map_or(Data::Null, Data::Number)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Raw, E> {
        Ok(Raw::Scalar(Data::Text(text.to_string())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Raw, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(AnyValue)? {
            list.push(item);
        }
        Ok(Raw::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Raw, A::Error> {
        let mut dict = Vec::new();
        while let Some(key) = entries.next_key_seed(AnyValue)? {
            let key = match key {
                Raw::Scalar(Data::Text(text)) => text,
                Raw::Scalar(Data::Number(number)) => number.to_string(),
                Raw::Scalar(Data::Bool(yes)) => yes.to_string(),
                Raw::Scalar(_) => "null".to_string(),
                Raw::List(_) | Raw::Dict(_) => return Err(serde::de::Error::custom("a key must be text")),
            };
            dict.push((key, entries.next_value_seed(AnyValue)?));
        }
        Ok(Raw::Dict(dict))
    }

    /// A tagged value (`!something x`): the tag says nothing here.
    fn visit_enum<A: EnumAccess<'de>>(self, tagged: A) -> Result<Raw, A::Error> {
        let (_, value) = tagged.variant_seed(AnyValue)?;
        value.newtype_variant_seed(AnyValue)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(text: &str) -> (Yaml, Vec<Diagnostic>) {
        parse(&SourceFile::new("a.yml", text)).unwrap()
    }

    fn said(yaml: &Yaml) -> (&str, usize) {
        (&yaml.at.file.text[yaml.at.span.clone()], yaml.at.line())
    }

    #[test]
    fn every_value_has_its_place() {
        let (yaml, _) =
            tree("# é漢\r\nmodels:\r\n  - name: \"é\"\r\n    config: {event_time: at, tags: [a, b]}\r\n    lookback:\r\n      3\r\n");
        let model = &yaml.get("models").unwrap().items()[0];
        assert_eq!(said(model), ("name: \"é\"", 3));
        let config = model.get("config").unwrap();
        assert_eq!(said(config), ("config", 4));
        assert_eq!(said(config.get("event_time").unwrap()), ("event_time: at", 4));
        assert_eq!(said(&config.get("tags").unwrap().items()[1]), ("b", 4));
        assert_eq!(said(model.get("lookback").unwrap()), ("lookback", 5));
    }

    #[test]
    fn dates_are_text_and_the_last_of_two_keys_counts() {
        let (yaml, warnings) = tree("begin: 2024-01-01\na: 1\na: 2\n");
        assert_eq!(yaml.json(), serde_json::json!({"begin": "2024-01-01", "a": 2}));
        assert_eq!((warnings.len(), warnings[0].at.as_ref().unwrap().line()), (1, 3));
    }

    #[test]
    fn aliases_and_merged_keys_are_values_too() {
        let (yaml, _) = tree("base: &b {x: 1, y: 2}\nmore:\n  <<: *b\n  y: 3\nlast: *b\nend: 4\n");
        assert_eq!(yaml.get("more").unwrap().json(), serde_json::json!({"y": 3, "x": 1}));
        assert_eq!(said(yaml.get("last").unwrap().get("x").unwrap()).1, 5);
        assert_eq!(said(yaml.get("end").unwrap()), ("end: 4", 6));
    }

    #[test]
    fn broken_yaml_says_where() {
        let wrong = parse(&SourceFile::new("a.yml", "a: 1\nb: {{ var('x') }}\n")).unwrap_err();
        assert_eq!(wrong.at.unwrap().line(), 2);
        assert!(wrong.hints[0].contains("quotes"), "{}", wrong.hints[0]);
        assert!(parse(&SourceFile::new("a.yml", "a: [1\n")).is_err());
        assert_eq!(tree("").0.json(), Value::Null);
        assert_eq!(tree("a: !odd 1").0.json(), serde_json::json!({"a": 1}));
    }
}
