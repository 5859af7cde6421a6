//! The columns of a seed, from the first line of its file, and its rows, from the whole file. Takes
//! text; returns names and values. Rejects a row with more values than there are columns.

use crate::diagnostics::{Diagnostic, SourceFile, counted};

/// The names in a line, split at the delimiter, without quotes and surrounding white space.
pub fn header(line: &str, delimiter: char) -> Vec<String> {
    let mut names = vec![String::new()];
    let mut quoted = false;
    for character in line.trim_end_matches(['\r', '\n']).chars() {
        match character {
            '"' => quoted = !quoted,
            _ if character == delimiter && !quoted => names.push(String::new()),
            _ => names.last_mut().into_iter().for_each(|name| name.push(character)),
        }
    }
    names.into_iter().map(|name| name.trim().to_string()).filter(|name| !name.is_empty()).collect()
}

/// The column names and the rows below them, padded with empty values to the number of columns.
/// Blank lines are skipped.
pub fn table(
    file: &SourceFile,
    delimiter: char,
) -> Result<(Vec<String>, Vec<Vec<String>>), Diagnostic> {
    let mut records = records(&file.text, delimiter).into_iter();
    let names: Vec<String> = records
        .next()
        .map(|(_, names)| names.iter().map(|name| name.trim().to_string()).collect())
        .unwrap_or_default();
    let mut rows = Vec::new();
    for (line, mut record) in records {
        if record.len() > names.len() {
            let error = format!(
                "line {line} of `{}` has {} for {}",
                file.path,
                counted(record.len(), "value"),
                counted(names.len(), "column")
            );
            return Err(Diagnostic::error(error)
                .at(file.line(line))
                .hint("put a value that contains the delimiter in double quotes"));
        }
        record.resize(names.len(), String::new());
        rows.push(record);
    }
    Ok((names, rows))
}

/// The records of delimiter-separated values, each with the line on which it begins. A quoted value
/// may contain delimiters, line breaks, and doubled quotes.
fn records(text: &str, delimiter: char) -> Vec<(usize, Vec<String>)> {
    let mut records = Vec::new();
    let (mut line, mut begins) = (1, 1);
    let (mut record, mut value) = (Vec::new(), String::new());
    let (mut quoted, mut was_quoted) = (false, false);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        line += usize::from(letter == '\n');
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => value.extend(letters.next()),
            '"' if quoted => quoted = false,
            '"' if value.is_empty() && !was_quoted => (quoted, was_quoted) = (true, true),
            _ if quoted => value.push(letter),
            '\r' if letters.peek() == Some(&'\n') => {}
            '\n' => {
                if !record.is_empty() || !value.is_empty() || was_quoted {
                    record.push(std::mem::take(&mut value));
                    records.push((begins, std::mem::take(&mut record)));
                }
                (begins, was_quoted) = (line, false);
            }
            letter if letter == delimiter => {
                record.push(std::mem::take(&mut value));
                was_quoted = false;
            }
            _ => value.push(letter),
        }
    }
    if !record.is_empty() || !value.is_empty() || was_quoted {
        record.push(value);
        records.push((begins, record));
    }
    records
}

#[cfg(test)]
mod tests {
    use super::{SourceFile, header, table};

    #[test]
    fn rows_are_read_with_their_quotes() {
        let read = |text: &str| table(&SourceFile::new("a.csv", text), ',');
        let (names, rows) = read("a, b\r\n1,\"x, \"\"y\"\"\nz\"\n\n2\n").unwrap();
        assert_eq!(
            (names, rows),
            (
                vec!["a".into(), "b".into()],
                vec![vec!["1".to_string(), "x, \"y\"\nz".into()], vec!["2".into(), "".into()]]
            )
        );
        assert_eq!(
            read("a\n1\n2,3\n").unwrap_err().message,
            "line 3 of `a.csv` has 2 values for 1 column"
        );
    }

    #[test]
    fn a_header_is_names() {
        assert_eq!(header("id, \"the, name\",at\r\n", ','), ["id", "the, name", "at"]);
        assert_eq!(header("a;b,c", ';'), ["a", "b,c"]);
        assert_eq!(header("", ','), [""; 0]);
    }
}
