//! The columns of a seed, from the first line of its file, and its rows, from the whole file. Takes
//! text; returns names and values. Rejects a row with more values than there are columns.

use std::iter::Peekable;
use std::str::Chars;

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

/// The rows of a seed's file. They are read each time that they are used, since a file may be
/// large.
pub struct SeedRows<'f> {
    file: &'f SourceFile,
    delimiter: char,
    /// The names of the columns.
    pub names: Vec<String>,
}

impl SeedRows<'_> {
    pub fn of(file: &SourceFile, delimiter: char) -> SeedRows<'_> {
        let first = Records::of(&file.text, delimiter).find(|(_, names)| !names.is_empty());
        let names = first.map(|(_, names)| names).unwrap_or_default();
        let names = names.iter().map(|name| name.trim().to_string()).collect();
        SeedRows { file, delimiter, names }
    }

    /// The rows, padded with empty values to the number of columns. A blank line is skipped, or a
    /// row of empty values.
    pub fn iter(&self, blank_lines: bool) -> impl Iterator<Item = Result<Vec<String>, Diagnostic>> {
        let records = Records::of(&self.file.text, self.delimiter);
        let rows = records.skip_while(|(_, record)| record.is_empty()).skip(1);
        let rows = rows.filter(move |(_, record)| blank_lines || !record.is_empty());
        rows.map(|(line, mut record)| {
            if record.len() > self.names.len() {
                let error = format!(
                    "line {line} of `{}` has {} for {}",
                    self.file.path,
                    counted(record.len(), "value"),
                    counted(self.names.len(), "column")
                );
                return Err(Diagnostic::error(error)
                    .at(self.file.line(line))
                    .hint("put a value that contains the delimiter in double quotes"));
            }
            record.resize(self.names.len(), String::new());
            Ok(record)
        })
    }
}

/// The records of delimiter-separated values, each with the line on which it begins. A quoted value
/// may contain delimiters, line breaks, and doubled quotes. A blank line is an empty record.
struct Records<'t> {
    letters: Peekable<Chars<'t>>,
    delimiter: char,
    line: usize,
}

impl Records<'_> {
    fn of(text: &str, delimiter: char) -> Records<'_> {
        Records { letters: text.chars().peekable(), delimiter, line: 1 }
    }
}

impl Iterator for Records<'_> {
    type Item = (usize, Vec<String>);

    fn next(&mut self) -> Option<(usize, Vec<String>)> {
        let begins = self.line;
        let (mut record, mut value) = (Vec::new(), String::new());
        let (mut quoted, mut was_quoted) = (false, false);
        while let Some(letter) = self.letters.next() {
            self.line += usize::from(letter == '\n');
            match letter {
                '"' if quoted && self.letters.peek() == Some(&'"') => {
                    value.extend(self.letters.next());
                }
                '"' if quoted => quoted = false,
                '"' if value.is_empty() && !was_quoted => (quoted, was_quoted) = (true, true),
                _ if quoted => value.push(letter),
                '\r' if self.letters.peek() == Some(&'\n') => {}
                '\n' if record.is_empty() && value.is_empty() && !was_quoted => {
                    return Some((begins, record));
                }
                '\n' => {
                    record.push(value);
                    return Some((begins, record));
                }
                letter if letter == self.delimiter => {
                    record.push(std::mem::take(&mut value));
                    was_quoted = false;
                }
                _ => value.push(letter),
            }
        }
        if record.is_empty() && value.is_empty() && !was_quoted {
            return None;
        }
        record.push(value);
        Some((begins, record))
    }
}

#[cfg(test)]
mod tests {
    use super::{Diagnostic, SeedRows, SourceFile, header};

    #[test]
    fn rows_are_read_with_their_quotes() {
        let read = |text: &str| {
            let file = SourceFile::new("a.csv", text);
            let rows = SeedRows::of(&file, ',');
            let values = rows.iter(false).collect::<Result<Vec<_>, Diagnostic>>()?;
            Ok::<_, Diagnostic>((rows.names, values))
        };
        let (names, rows) = read("\na, b\r\n1,\"x, \"\"y\"\"\nz\"\n\n2\n").unwrap();
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
