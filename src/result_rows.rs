//! Rows of a query's result: reads them from a file (CSV or JSON), or from the lines that a client
//! prints for a query with one text per row; writes them as CSV.

use std::collections::BTreeMap;
use std::io::{self, BufRead, Read};

use regex::Regex;
use serde_json::Value;

/// The characters of values that a line has as `%` and two hexadecimal digits: clients quote, pad,
/// cut or wrap at them.
pub const ESCAPED: [char; 9] = ['%', ';', ' ', '|', ',', '"', '\'', '\\', '`'];

type Take<'t, const N: usize> = &'t mut dyn FnMut([String; N]) -> Result<(), String>;

/// Reads the rows of CSV or JSON: the values of the columns in their order. `take` gets each row.
pub fn read_rows<const N: usize>(
    mut input: impl BufRead,
    columns: &[&str; N],
    take: Take<N>,
) -> Result<(), String> {
    let start = loop {
        let bytes = input.fill_buf().map_err(|error| error.to_string())?;
        let blank = bytes.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let bom = if bytes[blank..].starts_with("\u{feff}".as_bytes()) { 3 } else { 0 };
        match bytes.get(blank + bom) {
            Some(byte) => break *byte,
            None if bytes.is_empty() => return Err("it is empty".to_string()),
            None => {}
        }
        let length = blank + bom;
        input.consume(length);
    };
    match start {
        b'[' | b'{' => read_json(input, columns, take),
        _ => read_csv(input, columns, take),
    }
}

fn read_csv<const N: usize>(
    mut input: impl BufRead,
    columns: &[&str; N],
    take: Take<N>,
) -> Result<(), String> {
    let mut first = Vec::new();
    while first.trim_ascii().is_empty() {
        first.clear();
        if input.read_until(b'\n', &mut first).map_err(|error| error.to_string())? == 0 {
            break;
        }
    }
    let header = String::from_utf8_lossy(&first);
    let header = header.trim_start_matches('\u{feff}').trim();
    let separator = [',', '\t', ';', '|'].into_iter().find(|char| header.contains(*char));
    let Some(separator) = separator else {
        return Err(format!("its first line has no columns: `{header}`"));
    };
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(separator as u8)
        .has_headers(false)
        .flexible(true)
        .from_reader(io::Cursor::new(format!("{header}\n")).chain(input));
    let mut records = reader.records();
    let names = records.next().and_then(Result::ok).unwrap_or_default();
    let names: Vec<String> = names.iter().map(|name| name.trim().to_lowercase()).collect();
    let order = columns.iter().map(|column| {
        let index = names.iter().position(|name| name == column);
        index.ok_or_else(|| format!("its first line has no column `{column}`"))
    });
    let order = order.collect::<Result<Vec<usize>, String>>()?;
    for (index, record) in records.enumerate() {
        let record = record.map_err(|error| format!("it is not CSV: {error}"))?;
        if record.len() != names.len() {
            let (columns, values) = (names.len(), record.len());
            return Err(format!("row {} has {values} values for {columns} columns", index + 1));
        }
        take(std::array::from_fn(|column| record[order[column]].to_string()))?;
    }
    Ok(())
}

fn read_json<const N: usize>(
    input: impl BufRead,
    columns: &[&str; N],
    take: Take<N>,
) -> Result<(), String> {
    for value in serde_json::Deserializer::from_reader(input).into_iter::<Value>() {
        let rows = match value.map_err(|error| format!("it is not JSON: {error}"))? {
            Value::Array(rows) => rows,
            row => vec![row],
        };
        for row in rows {
            let Value::Object(row) = row else {
                return Err("a row of it is not a JSON object".to_string());
            };
            let row: BTreeMap<String, Value> =
                row.into_iter().map(|(name, value)| (name.to_lowercase(), value)).collect();
            let mut values = std::array::from_fn(|_| String::new());
            for (value, column) in values.iter_mut().zip(columns) {
                *value = match row.get(*column) {
                    Some(Value::String(text)) => text.clone(),
                    Some(Value::Null) => String::new(),
                    Some(other) => other.to_string(),
                    None => return Err(format!("a row of it has no `{column}`")),
                };
            }
            take(values)?;
        }
    }
    Ok(())
}

/// The rows of the lines in a client's output that begin with `start`, then have `;` before and
/// after each value.
pub fn read_lines<const N: usize>(output: &str, start: &str) -> Vec<[String; N]> {
    let line = format!("{};((?:[^;\\s]*;){{{N}}})", regex::escape(start));
    let line = Regex::new(&line).expect("the pattern depends on constants");
    let rows = line.captures_iter(output).map(|captures| {
        let mut values = captures[1].split(';');
        std::array::from_fn(|_| decoded(values.next().unwrap_or_default()))
    });
    rows.collect()
}

/// A value without the escape sequences of the query (`%2C`) and of JSON (`\u00e9`).
fn decoded(value: &str) -> String {
    let json = value.contains('\\').then(|| serde_json::from_str(&format!("\"{value}\"")).ok());
    let value = json.flatten().unwrap_or_else(|| value.to_string());
    let mut text = String::with_capacity(value.len());
    let mut rest = value.as_str();
    while let Some((before, after)) = rest.split_once('%') {
        text.push_str(before);
        let code = after.get(..2).and_then(|code| u8::from_str_radix(code, 16).ok());
        match code {
            Some(code) => text.push(char::from(code)),
            None => text.push('%'),
        }
        rest = if code.is_some() { &after[2..] } else { after };
    }
    text.push_str(rest);
    text
}

/// The rows as CSV with a header. An error has the reason.
pub fn csv_text<const N: usize>(
    columns: &[&str; N],
    rows: &[[String; N]],
) -> Result<String, String> {
    let failed = |error: csv::Error| format!("cannot write CSV: {error}");
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(columns).map_err(failed)?;
    for row in rows {
        writer.write_record(row).map_err(failed)?;
    }
    let bytes = writer.into_inner().map_err(|error| failed(error.into_error().into()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
