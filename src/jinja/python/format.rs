//! Python's `'{}'.format(x)`, and format specifications.

use minijinja::value::Value;
use minijinja::{Error, State};

use super::call::Call;
use super::datetime::Moment;
use super::error;
use super::text::{float, repr, text};
use super::types::{self, Type};
use crate::jinja::{errors, marks};

/// Maximum width.
const MAX_WIDTH: usize = 1 << 20;

/// Rejects an unreasonable width.
pub(in crate::jinja) fn check_width(width: usize) -> Result<(), Error> {
    if width > MAX_WIDTH {
        Err(error(format!("a width of {width} characters is more than the maximum of {MAX_WIDTH}")))
    } else {
        Ok(())
    }
}

/// A format specification: `[[fill]align][sign][#][0][width][,][.precision][type]`.
#[derive(Clone, Debug, Default)]
pub(super) struct Spec {
    pub fill: Option<char>,
    pub align: Option<char>,
    pub sign: Option<char>,
    pub alternate: bool,
    pub zero: bool,
    pub width: usize,
    pub grouping: Option<char>,
    pub precision: Option<usize>,
    pub kind: Option<char>,
}

impl Spec {
    /// Rejects a precision beyond that of a float.
    pub fn check_precision(&self) -> Result<(), Error> {
        if self.precision.is_some_and(|precision| precision > usize::from(u16::MAX)) {
            Err(error("precision too big"))
        } else {
            Ok(())
        }
    }
}

pub(super) fn padded(text: &str, spec: &Spec, default: char) -> String {
    let missing = spec.width.saturating_sub(marks::strip(text).chars().count());
    let fill = spec.fill.unwrap_or(if spec.zero { '0' } else { ' ' }).to_string();
    match spec.align.unwrap_or(default) {
        '<' => format!("{text}{}", fill.repeat(missing)),
        '^' => format!("{}{text}{}", fill.repeat(missing / 2), fill.repeat(missing - missing / 2)),
        '=' => {
            let digits = text.find(|c: char| c != '+' && c != '-' && c != ' ').unwrap_or(0);
            format!("{}{}{}", &text[..digits], fill.repeat(missing), &text[digits..])
        }
        _ => format!("{}{text}", fill.repeat(missing)),
    }
}

/// Digits in groups of three.
fn grouped(digits: &str, sign: char) -> String {
    let (whole, rest) = digits.split_at(digits.find(['.', 'e']).unwrap_or(digits.len()));
    let (minus, whole) = whole.split_at(usize::from(whole.starts_with('-')));
    let mut out = String::new();
    for (nth, digit) in whole.chars().enumerate() {
        if nth > 0 && (whole.len() - nth) % 3 == 0 {
            out.push(sign);
        }
        out.push(digit);
    }
    format!("{minus}{out}{rest}")
}

pub(super) fn signed(text: String, sign: Option<char>) -> String {
    match sign {
        Some(sign @ ('+' | ' ')) if !text.starts_with('-') => format!("{sign}{text}"),
        _ => text,
    }
}

/// `1.5e+02`, with the requested precision.
fn scientific(number: f64, precision: usize) -> String {
    let text = format!("{number:.precision$e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    format!("{mantissa}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs())
}

/// Python's `g`: significant digits, without zeros at the end.
fn general(number: f64, precision: usize, alternate: bool) -> String {
    if !number.is_finite() {
        return float(number);
    }
    let precision = precision.max(1);
    let exponent: i32 = format!("{:.*e}", precision - 1, number)
        .split_once('e')
        .and_then(|(_, exponent)| exponent.parse().ok())
        .unwrap_or(0);
    let trimmed = |text: &str| {
        if alternate || !text.contains('.') {
            text.to_string()
        } else {
            text.trim_end_matches('0').trim_end_matches('.').to_string()
        }
    };
    if exponent < -4 || exponent >= precision as i32 {
        let text = scientific(number, precision - 1);
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, ""));
        return format!("{}e{exponent}", trimmed(mantissa));
    }
    trimmed(&format!("{number:.*}", (precision as i32 - 1 - exponent).max(0) as usize))
}

pub(super) fn float_text(number: f64, spec: &Spec) -> Option<String> {
    let precision = spec.precision.unwrap_or(6);
    let finite = |text: String| if number.is_finite() { text } else { float(number) };
    Some(match spec.kind {
        Some('f' | 'F') => finite(format!("{number:.precision$}")),
        Some('e') => finite(scientific(number, precision)),
        Some('E') => finite(scientific(number, precision)).to_uppercase(),
        Some('g' | 'n') => general(number, precision, spec.alternate),
        Some('G') => general(number, precision, spec.alternate).to_uppercase(),
        Some('%') => format!("{}%", finite(format!("{:.precision$}", number * 100.0))),
        None => match spec.precision {
            Some(precision) => {
                let text = general(number, precision, false);
                if text.contains(['.', 'e', 'n', 'i']) { text } else { format!("{text}.0") }
            }
            None => float(number),
        },
        Some(_) => return None,
    })
}

pub(super) fn based(value: &Value, spec: &Spec) -> Option<String> {
    let number = i128::try_from(value.clone()).ok()?;
    let (digits, prefix) = match spec.kind? {
        'x' => (format!("{:x}", number.unsigned_abs()), "0x"),
        'X' => (format!("{:X}", number.unsigned_abs()), "0X"),
        'o' => (format!("{:o}", number.unsigned_abs()), "0o"),
        'b' => (format!("{:b}", number.unsigned_abs()), "0b"),
        'c' => return char::from_u32(u32::try_from(number).ok()?).map(String::from),
        _ => return None,
    };
    let minus = if number < 0 { "-" } else { "" };
    Some(format!("{minus}{}{digits}", if spec.alternate { prefix } else { "" }))
}

/// `format(value, spec)`.
fn laid_out(value: &Value, pattern: &str) -> Result<String, Error> {
    let kind = types::of(value);
    if pattern.is_empty() {
        return Ok(text(value));
    }
    if let Some(moment) = value.downcast_object_ref::<Moment>()
        && let Ok(text) = moment.format(pattern)
    {
        return Ok(text);
    }
    let unknown = |sign: char| {
        error(format!("Unknown format code '{sign}' for object of type '{}'", types::name(value)))
    };
    let spec = parsed(pattern).ok_or_else(|| {
        error(format!(
            "Invalid format specifier '{pattern}' for object of type '{}'",
            types::name(value)
        ))
    })?;
    check_width(spec.width)?;
    match kind {
        Type::Text => {
            if let Some(sign) = spec.kind.filter(|kind| *kind != 's') {
                return Err(unknown(sign));
            }
            let text = value.as_str().unwrap_or_default();
            let cut = match spec.precision {
                Some(precision) if precision < text.chars().count() => {
                    text.chars().take(precision).collect()
                }
                _ => text.to_string(),
            };
            Ok(padded(&cut, &spec, '<'))
        }
        Type::Int | Type::Float | Type::Bool => {
            let number = if kind == Type::Bool
                && spec.kind.is_none()
                && pattern.chars().all(|c| !c.is_ascii_digit())
            {
                return Ok(text(value));
            } else if kind == Type::Bool {
                Value::from(i64::from(value.is_true()))
            } else {
                value.clone()
            };
            let plain = match (types::of(&number), spec.kind) {
                (Type::Int, None | Some('d' | 'n')) => {
                    if spec.precision.is_some() {
                        return Err(error("Precision not allowed in integer format specifier"));
                    }
                    number.to_string()
                }
                (Type::Int, Some('x' | 'X' | 'o' | 'b' | 'c')) => {
                    based(&number, &spec).ok_or_else(|| error("the number is too large"))?
                }
                (_, Some(sign @ ('s' | 'd' | 'x' | 'X' | 'o' | 'b' | 'c'))) => {
                    return Err(unknown(sign));
                }
                _ => {
                    spec.check_precision()?;
                    let number =
                        f64::try_from(number).map_err(|_| error("the number is too large"))?;
                    float_text(number, &spec).ok_or_else(|| unknown(spec.kind.unwrap_or('?')))?
                }
            };
            let plain = match spec.grouping {
                Some(sign) => grouped(&plain, sign),
                None => plain,
            };
            Ok(padded(&signed(plain, spec.sign), &spec, if spec.zero { '=' } else { '>' }))
        }
        _ => Err(error(format!(
            "unsupported format string passed to {}.__format__",
            types::name(value)
        ))),
    }
}

fn parsed(pattern: &str) -> Option<Spec> {
    let mut spec = Spec::default();
    let signs: Vec<char> = pattern.chars().collect();
    let mut at = 0;
    let is_align = |c: Option<&char>| c.is_some_and(|c| ['<', '>', '^', '='].contains(c));
    if is_align(signs.get(1)) {
        (spec.fill, spec.align, at) = (Some(signs[0]), Some(signs[1]), 2);
    } else if is_align(signs.first()) {
        (spec.align, at) = (Some(signs[0]), 1);
    }
    if let Some(sign @ ('+' | '-' | ' ')) = signs.get(at) {
        (spec.sign, at) = (Some(*sign), at + 1);
    }
    if signs.get(at) == Some(&'#') {
        (spec.alternate, at) = (true, at + 1);
    }
    if signs.get(at) == Some(&'0') {
        (spec.zero, at) = (true, at + 1);
    }
    let number = |at: &mut usize| {
        let start = *at;
        while signs.get(*at).is_some_and(char::is_ascii_digit) {
            *at += 1;
        }
        (*at > start)
            .then(|| signs[start..*at].iter().collect::<String>().parse().unwrap_or(usize::MAX))
    };
    spec.width = number(&mut at).unwrap_or(0);
    if let Some(sign @ (',' | '_')) = signs.get(at) {
        (spec.grouping, at) = (Some(*sign), at + 1);
    }
    if signs.get(at) == Some(&'.') {
        at += 1;
        spec.precision = Some(number(&mut at)?);
    }
    if let Some(kind) = signs.get(at).filter(|c| c.is_ascii_alphabetic() || **c == '%') {
        (spec.kind, at) = (Some(*kind), at + 1);
    }
    (at == signs.len()).then_some(spec)
}

fn converted(value: Value, conversion: Option<char>) -> Result<Value, Error> {
    Ok(match conversion {
        None => value,
        Some('s') => Value::from(text(&value)),
        Some('r') => Value::from(repr(&value)),
        Some('a') => {
            let escaped = repr(&value)
                .chars()
                .map(|c| if c.is_ascii() { c.to_string() } else { format!("\\u{:04x}", c as u32) })
                .collect::<String>();
            Value::from(escaped)
        }
        Some(sign) => return Err(error(format!("Unknown conversion specifier '{sign}'"))),
    })
}

/// `pattern.format(…)`.
pub(in crate::jinja) fn format(state: &State, pattern: &str, call: &Call) -> Result<String, Error> {
    let mut counter = 0;
    replaced(state, pattern, call, &mut counter, 2)
}

fn replaced(
    state: &State,
    pattern: &str,
    call: &Call,
    counter: &mut usize,
    depth: u8,
) -> Result<String, Error> {
    let mut out = String::new();
    let mut rest = pattern;
    while let Some(at) = rest.find(['{', '}']) {
        out.push_str(&rest[..at]);
        let brace = &rest[at..at + 1];
        rest = &rest[at + 1..];
        if rest.starts_with(brace) {
            out.push_str(brace);
            rest = &rest[1..];
            continue;
        }
        if brace == "}" {
            return Err(error("Single '}' encountered in format string"));
        }
        let end = closing(rest).ok_or_else(|| {
            error(if rest.is_empty() {
                "Single '{' encountered in format string"
            } else {
                "expected '}' before end of string"
            })
        })?;
        if depth == 0 {
            return Err(error("Max string recursion exceeded"));
        }
        let inner = &rest[..end];
        rest = &rest[end + 1..];
        let (head, spec) = inner.split_once(':').unwrap_or((inner, ""));
        let (name, conversion) =
            head.split_once('!').map_or((head, None), |(name, sign)| (name, sign.chars().next()));
        let value = converted(field(state, name, call, counter)?, conversion)?;
        let spec = if spec.contains('{') {
            replaced(state, spec, call, counter, depth - 1)?
        } else {
            spec.to_string()
        };
        out.push_str(&laid_out(&value, &spec)?);
        errors::check_limits()?;
    }
    out.push_str(rest);
    Ok(out)
}

/// The position of the brace that ends a field.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => return Some(at),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// The value of a field: `0`, `name.attribute`, `[key]`.
fn field(state: &State, name: &str, call: &Call, counter: &mut usize) -> Result<Value, Error> {
    let first = name.find(['.', '[']).unwrap_or(name.len());
    let (head, mut path) = name.split_at(first);
    let position = if head.is_empty() {
        *counter += 1;
        Some(*counter - 1)
    } else {
        head.parse::<usize>().ok()
    };
    let mut value = match position {
        Some(position) => call.args.get(position).cloned().ok_or_else(|| {
            error(format!("Replacement index {position} out of range for positional args tuple"))
        })?,
        None => call.by_name(head).ok_or_else(|| error(format!("'{head}'")))?,
    };
    while !path.is_empty() {
        let key = if let Some(rest) = path.strip_prefix('.') {
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            path = &rest[end..];
            Value::from(&rest[..end])
        } else {
            let rest = path
                .strip_prefix('[')
                .ok_or_else(|| error("Only '.' or '[' may follow ']' in format field specifier"))?;
            let end = rest.find(']').ok_or_else(|| error("Missing ']' in format string"))?;
            path = &rest[end + 1..];
            rest[..end].parse::<i64>().map_or_else(|_| Value::from(&rest[..end]), Value::from)
        };
        let item = value.get_item(&key)?;
        if item.is_undefined() && !super::lenient(state) {
            return Err(error(format!(
                "'{}' object has no attribute '{key}'",
                types::name(&value)
            )));
        }
        value = item;
    }
    Ok(value)
}
