//! The values of a dialect's properties before they are typed. A topic takes the values that are
//! named like its fields; a value that no topic takes is an unknown property.

use std::collections::BTreeMap;

use minijinja::Value;
use serde::de::value::{Error, StrDeserializer};
use serde::de::{DeserializeOwned, DeserializeSeed, Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, forward_to_deserialize_any};

use super::file::DialectFile;
use crate::diagnostics::{Diagnostic, nearest};

/// Values by property, each with the dialect whose file sets it.
#[derive(Clone, Default)]
pub struct PropertyValues {
    values: BTreeMap<String, (&'static str, Value)>,
    /// The names that topics have taken.
    taken: Vec<&'static str>,
}

impl PropertyValues {
    /// Adds the properties of a file, except those that have a value.
    pub fn add(&mut self, dialect: &'static str, file: &DialectFile) {
        for (name, value) in &file.properties {
            self.values.entry(name.to_string()).or_insert_with(|| (dialect, value.clone()));
        }
    }

    /// A topic: the values of its fields.
    pub fn take<T: DeserializeOwned>(&mut self) -> Result<T, Diagnostic> {
        T::deserialize(self).map_err(|error| Diagnostic::error(error.to_string()))
    }

    /// The topic `T` for each entry of the dict `name`, whose values override those of the dialect.
    pub fn take_variants<T: DeserializeOwned>(
        &mut self,
        name: &str,
    ) -> Result<BTreeMap<String, T>, Diagnostic> {
        let (dialect, value) = self.values.remove(name).unwrap_or_default();
        let overrides = BTreeMap::<String, BTreeMap<String, Value>>::deserialize(value)
            .map_err(|error| Diagnostic::error(invalid(dialect, name, &error)))?;
        let topic = |(variant, overrides): (String, BTreeMap<String, Value>)| {
            let names: Vec<String> = overrides.keys().cloned().collect();
            let mut values = self.clone();
            values
                .values
                .extend(overrides.into_iter().map(|(name, value)| (name, (dialect, value))));
            let topic = values.take()?;
            values.values.retain(|name, _| names.contains(name));
            values.reject_unknown()?;
            Ok((variant, topic))
        };
        overrides.into_iter().map(topic).collect()
    }

    /// An error if there is a value that no topic has taken.
    pub fn reject_unknown(&self) -> Result<(), Diagnostic> {
        let Some((name, (dialect, _))) = self.values.first_key_value() else { return Ok(()) };
        let error = Diagnostic::error(format!("unknown property `{name}` in `{dialect}.sql`"));
        Err(match nearest(name, self.taken.iter().copied()) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error.hint("add a field to a struct of src/dialect/properties.rs"),
        })
    }
}

fn invalid(dialect: &str, name: &str, error: &dyn std::fmt::Display) -> String {
    format!("invalid `{name}` in `{dialect}.sql`: {error}")
}

impl<'de> Deserializer<'de> for &mut PropertyValues {
    type Error = Error;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.taken.extend(fields);
        visitor.visit_map(TopicFields { values: self, fields: fields.iter(), value: None })
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        Err(Error::custom("a topic of properties is a struct"))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

/// The fields of one topic.
struct TopicFields<'a> {
    values: &'a mut PropertyValues,
    fields: std::slice::Iter<'static, &'static str>,
    /// The property whose value is next.
    value: Option<(&'static str, &'static str, Value)>,
}

impl<'de> MapAccess<'de> for TopicFields<'_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        let values = &mut self.values.values;
        self.value = self
            .fields
            .find_map(|name| values.remove(*name).map(|(dialect, value)| (*name, dialect, value)));
        let name = self.value.as_ref().map(|(name, ..)| StrDeserializer::new(name));
        name.map(|name| seed.deserialize(name)).transpose()
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Error> {
        let (name, dialect, value) =
            self.value.take().ok_or_else(|| Error::custom("a value follows its key"))?;
        seed.deserialize(value).map_err(|error| Error::custom(invalid(dialect, name, &error)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize, PartialEq)]
    struct Topic {
        quote: char,
        longest: Option<usize>,
    }

    fn values(text: &'static str) -> PropertyValues {
        let mut values = PropertyValues::default();
        values.add("any", &super::super::file::parse(text).unwrap());
        values
    }

    #[test]
    fn a_topic_has_the_values_of_its_fields() {
        let mut values = values("{% set quote = '`' %}{% set longest = none %}{% set qoute = 1 %}");
        assert_eq!(values.take(), Ok(Topic { quote: '`', longest: None }));
        let error = values.reject_unknown().unwrap_err();
        assert_eq!(error.message, "unknown property `qoute` in `any.sql`");
        assert_eq!(error.hints, ["did you mean `quote`?"]);
    }

    #[test]
    fn a_value_of_another_type_and_a_missing_property_are_errors() {
        let error = |text| values(text).take::<Topic>().unwrap_err().message;
        assert_eq!(error("{% set longest = 1 %}"), "missing field `quote`");
        let error = error("{% set quote = 'ab' %}");
        assert!(error.starts_with("invalid `quote` in `any.sql`: "), "{error}");
    }

    #[test]
    fn a_variant_overrides_the_values_of_the_dialect() {
        let variants = |text| values(text).take_variants::<Topic>("variants");
        let text = "{% set quote = '`' %}{% set longest = 1 %}{% set variants = {'v': {'quote': \
                    '[' }} %}";
        let expected = Topic { quote: '[', longest: Some(1) };
        assert_eq!(variants(text), Ok(BTreeMap::from([("v".to_string(), expected)])));
        let error = variants("{% set quote = '`' %}{% set variants = {'v': {'qoute': '['}} %}");
        assert_eq!(error.unwrap_err().message, "unknown property `qoute` in `any.sql`");
    }
}
