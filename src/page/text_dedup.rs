//! Lossless compression of texts that differ in numbers only, such as the files of a model's
//! batches. Stores each shape once and the numbers as columns: fifty thousand files take a few
//! hundred kilobytes. `script/data.js` restores each text byte for byte.

use std::fmt::Write;

use indexmap::{IndexMap, IndexSet};
use serde::Serialize;

/// A list of texts.
#[derive(Default)]
pub struct Texts {
    /// The index of each text's shape: the text with `0` for each number.
    shape_indices: Runs,
    /// The shapes, with the numbers of their texts by position.
    shapes: IndexMap<String, Vec<Runs>>,
}

/// Columns of numbers, which the texts of a page share: texts of different fields often have the
/// same numbers.
pub type NumberColumns = IndexSet<String>;

/// Compressed texts. A column has one value for each text of the shape.
#[derive(Serialize)]
pub struct Packed {
    which: String,
    shapes: Vec<Vec<Piece>>,
}

/// A piece of a shape: text, or the index of a column.
#[derive(Serialize)]
#[serde(untagged)]
enum Piece {
    Text(String),
    Column(usize),
}

/// Run-length encoded words: `2024*366 2025`.
#[derive(Default)]
struct Runs {
    /// The words before the last one, each with a blank behind it.
    text: String,
    last: String,
    /// How many of the last word there are.
    count: usize,
}

impl Texts {
    /// Appends a text.
    pub fn push(&mut self, text: &str) {
        let (shape, numbers) = split_numbers(text);
        let entry = self.shapes.entry(shape);
        self.shape_indices.push(&entry.index().to_string());
        let columns = entry.or_insert_with(|| numbers.iter().map(|_| Runs::default()).collect());
        for (column, number) in columns.iter_mut().zip(numbers) {
            column.push(number);
        }
    }

    /// Compresses the texts; adds their columns to `columns`.
    pub fn pack(self, columns: &mut NumberColumns) -> Packed {
        let shapes = self
            .shapes
            .into_iter()
            .map(|(shape, numbers)| pieces(&shape, numbers, columns))
            .collect();
        Packed { which: self.shape_indices.into_text(), shapes }
    }
}

/// The pieces of a shape. A number that is equal in all texts becomes text.
fn pieces(shape: &str, numbers: Vec<Runs>, columns: &mut NumberColumns) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut text = String::new();
    let mut numbers = numbers.into_iter();
    for between in shape.split('0') {
        text.push_str(between);
        if let Some(runs) = numbers.next() {
            match runs.only() {
                Some(word) => text.push_str(word),
                None => {
                    pieces.push(Piece::Text(std::mem::take(&mut text)));
                    pieces.push(Piece::Column(columns.insert_full(runs.into_text()).0));
                }
            }
        }
    }
    pieces.push(Piece::Text(text));
    pieces
}

/// The text with `0` for each run of digits, and the runs.
fn split_numbers(text: &str) -> (String, Vec<&str>) {
    let mut shape = String::with_capacity(text.len());
    let mut numbers = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find(|char: char| char.is_ascii_digit()) {
        let (before, number) = rest.split_at(start);
        let end = number.find(|char: char| !char.is_ascii_digit()).unwrap_or(number.len());
        shape.push_str(before);
        shape.push('0');
        numbers.push(&number[..end]);
        rest = &number[end..];
    }
    shape.push_str(rest);
    (shape, numbers)
}

impl Runs {
    fn push(&mut self, word: &str) {
        if self.count == 0 || self.last != word {
            self.close();
            self.last.push_str(word);
        }
        self.count += 1;
    }

    /// Appends the last run to the text.
    fn close(&mut self) {
        let Runs { text, last, count } = self;
        let result = match count {
            0 => Ok(()),
            1 => write!(text, "{last} "),
            _ => write!(text, "{last}*{count} "),
        };
        result.expect("writing to a string does not fail");
        last.clear();
        *count = 0;
    }

    /// The word, if there is no other one.
    fn only(&self) -> Option<&str> {
        self.text.is_empty().then_some(&*self.last)
    }

    /// Formats the words: `2024*366 2025`.
    fn into_text(mut self) -> String {
        self.close();
        self.text.pop();
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn unpack(packed: &Packed, columns: &NumberColumns) -> Vec<String> {
        let words = |text: &str| -> Vec<String> {
            let run = |run: &str| {
                let (word, count) = run.split_once('*').unwrap_or((run, "1"));
                vec![word.to_string(); count.parse().unwrap()]
            };
            text.split(' ').filter(|run| !run.is_empty()).flat_map(run).collect()
        };
        let mut counts = vec![0; packed.shapes.len()];
        let text = |shape: String| {
            let shape: usize = shape.parse().unwrap();
            let nth = counts[shape];
            counts[shape] += 1;
            let piece = |piece: &Piece| match piece {
                Piece::Text(text) => text.clone(),
                Piece::Column(column) => words(&columns[*column])[nth].clone(),
            };
            packed.shapes[shape].iter().map(piece).collect()
        };
        words(&packed.which).into_iter().map(text).collect()
    }

    fn packed(texts: &[impl AsRef<str>]) -> (Packed, NumberColumns) {
        let (mut columns, mut all) = (NumberColumns::new(), Texts::default());
        texts.iter().for_each(|text| all.push(text.as_ref()));
        (all.pack(&mut columns), columns)
    }

    #[test]
    fn differing_numbers_are_columns_and_other_text_is_stored_once() {
        let (packed, columns) = packed(&[
            "v1: 2024-01, 2024-02",
            "v1: 2024-02, 2024-03",
            "none",
            "v1: 2025-02, 2025-03",
        ]);
        let json = serde_json::to_value(&packed).unwrap();
        assert_eq!(
            json,
            serde_json::json!({"which": "0*2 1 \
                0", "shapes": [["v1: ", 0, "-", 1, ", ", 0, "-", 2, ""], ["none"]]})
        );
        assert_eq!(columns.into_iter().collect::<Vec<_>>(), ["2024*2 2025", "01 02*2", "02 03*2"]);
    }

    proptest! {
        #[test]
        fn nothing_is_lost(texts in prop::collection::vec("[0-2a *é]{0,6}", 0..12)) {
            let (packed, columns) = packed(&texts);
            prop_assert_eq!(unpack(&packed, &columns), texts);
        }
    }
}
