//! `'%s' % x`, and Jinja's filter `format`.

use minijinja::Error;
use minijinja::value::{Tuple, Value};

use super::call::Call;
use super::format::{Spec, based, check_width, float_text, padded, signed};
use super::text::{repr, text};
use super::types::{self, Type};
use super::{collections, error};
use crate::jinja::errors;

/// `pattern % value`.
pub(in crate::jinja) fn percent(pattern: &str, value: &Value) -> Result<Value, Error> {
    let many = types::of(value) == Type::Tuple;
    let mut values: Vec<Value> =
        if many { value.try_iter()?.collect() } else { vec![value.clone()] };
    values.reverse();
    let mapping = matches!(types::of(value), Type::Dict | Type::Mapping);
    let mut by_name = false;
    let mut out = String::new();
    let mut rest = pattern;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let mut named = None;
        if let Some(inner) = rest.strip_prefix('(') {
            let end = inner.find(')').ok_or_else(|| error("incomplete format key"))?;
            if !mapping {
                return Err(error("format requires a mapping"));
            }
            by_name = true;
            let item = value.get_item(&Value::from(&inner[..end]))?;
            named = Some(
                (!item.is_undefined())
                    .then_some(item)
                    .ok_or_else(|| error(format!("'{}'", &inner[..end])))?,
            );
            rest = &inner[end + 1..];
        }
        let mut spec = Spec::default();
        let mut take =
            || values.pop().ok_or_else(|| error("not enough arguments for format string"));
        let flags = rest.len() - rest.trim_start_matches(['-', '+', ' ', '#', '0']).len();
        for flag in rest[..flags].chars() {
            match flag {
                '-' => spec.align = Some('<'),
                '#' => spec.alternate = true,
                '0' => spec.zero = true,
                sign => spec.sign = Some(sign),
            }
        }
        rest = &rest[flags..];
        let mut number = |rest: &mut &str| -> Result<Option<usize>, Error> {
            if let Some(behind) = rest.strip_prefix('*') {
                *rest = behind;
                return Ok(Some(take()?.as_usize().ok_or_else(|| error("* wants int"))?));
            }
            let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let number = (digits > 0).then(|| rest[..digits].parse().unwrap_or(usize::MAX));
            *rest = &rest[digits..];
            Ok(number)
        };
        spec.width = number(&mut rest)?.unwrap_or(0);
        check_width(spec.width)?;
        if let Some(behind) = rest.strip_prefix('.') {
            rest = behind;
            spec.precision = Some(number(&mut rest)?.unwrap_or(0));
        }
        rest = rest.trim_start_matches(['h', 'l', 'L']);
        let Some(kind) = rest.chars().next() else { return Err(error("incomplete format")) };
        rest = &rest[kind.len_utf8()..];
        if kind == '%' {
            out.push('%');
            continue;
        }
        let item = match named {
            Some(item) => item,
            None => values.pop().ok_or_else(|| error("not enough arguments for format string"))?,
        };
        out.push_str(&one(&item, kind, spec)?);
        errors::check_limits()?;
    }
    out.push_str(rest);
    if !values.is_empty()
        && !by_name
        && (many
            || !mapping
                && !matches!(
                    types::of(value),
                    Type::List | Type::Range | Type::Undefined | Type::Relation
                ))
    {
        return Err(error("not all arguments converted during string formatting"));
    }
    Ok(Value::from(out))
}

fn one(item: &Value, kind: char, mut spec: Spec) -> Result<String, Error> {
    let plain = match kind {
        's' | 'r' | 'a' => {
            let text = if kind == 's' { text(item) } else { repr(item) };
            spec.zero = false;
            match spec.precision {
                Some(precision) => text.chars().take(precision).collect(),
                None => text,
            }
        }
        'd' | 'i' | 'u' | 'x' | 'X' | 'o' => {
            let number = match types::of(item) {
                Type::Int => item.clone(),
                Type::Bool => Value::from(i64::from(item.is_true())),
                Type::Float if matches!(kind, 'd' | 'i' | 'u') => {
                    let float = f64::try_from(item.clone())?;
                    if !float.is_finite() {
                        return Err(error("cannot convert float infinity to integer"));
                    }
                    Value::from(float.trunc() as i128)
                }
                Type::Float => {
                    return Err(error(format!(
                        "%{kind} format: an integer is required, not float"
                    )));
                }
                _ => {
                    return Err(error(format!(
                        "%{kind} format: a real number is required, not {}",
                        types::name(item)
                    )));
                }
            };
            spec.kind = matches!(kind, 'x' | 'X' | 'o').then_some(kind);
            let text = if spec.kind.is_some() {
                based(&number, &spec).unwrap_or_default()
            } else {
                number.to_string()
            };
            signed(text, spec.sign)
        }
        'f' | 'F' | 'e' | 'E' | 'g' | 'G' => {
            if !matches!(types::of(item), Type::Int | Type::Float | Type::Bool) {
                return Err(error(format!("must be real number, not {}", types::name(item))));
            }
            spec.check_precision()?;
            let number = if item.is_true() && types::of(item) == Type::Bool {
                1.0
            } else {
                f64::try_from(item.clone()).unwrap_or(0.0)
            };
            spec.kind = Some(kind);
            signed(float_text(number, &spec).unwrap_or_default(), spec.sign)
        }
        'c' => match item.as_str() {
            Some(text) if text.chars().count() == 1 => text.to_string(),
            _ => item
                .as_i64()
                .and_then(|code| char::from_u32(u32::try_from(code).ok()?))
                .map(String::from)
                .ok_or_else(|| error("%c requires int or char"))?,
        },
        other => {
            return Err(error(format!(
                "unsupported format character '{other}' (0x{:x})",
                other as u32
            )));
        }
    };
    if spec.align.is_some() {
        spec.zero = false;
    }
    Ok(padded(&plain, &spec, if spec.zero { '=' } else { '>' }))
}

/// The filter `format`, which is `%` with its arguments.
pub(in crate::jinja) fn filter(pattern: &Value, args: &[Value]) -> Result<Value, Error> {
    let call = Call::of("", "format", args);
    let named = call.named();
    if !call.args.is_empty() && !named.is_empty() {
        return Err(error("can't handle positional and keyword arguments at the same time"));
    }
    let values = if named.is_empty() {
        Value::from(Tuple::from(call.args))
    } else {
        collections::dict(named)
    };
    percent(&text(pattern), &values)
}
