//! Lossless compression of texts that differ in numbers only, such as the files of a model's
//! batches. Stores each shape once and the numbers as columns: fifty thousand files take a few
//! hundred kilobytes. `script/data.js` restores each text byte for byte.

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

/// Run-length encoded words.
#[derive(Default)]
struct Runs(Vec<(String, usize)>);

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
        let shapes = self.shapes.into_iter().map(|(shape, numbers)| pieces(&shape, &numbers, columns)).collect();
        Packed { which: self.shape_indices.to_text(), shapes }
    }
}

/// The pieces of a shape. A number that is equal in all texts becomes text.
fn pieces(shape: &str, numbers: &[Runs], columns: &mut NumberColumns) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut text = String::new();
    let mut numbers = numbers.iter();
    for between in shape.split('0') {
        text.push_str(between);
        match numbers.next() {
            Some(Runs(runs)) if runs.len() == 1 => text.push_str(&runs[0].0),
            Some(runs) => {
                pieces.push(Piece::Text(std::mem::take(&mut text)));
                pieces.push(Piece::Column(columns.insert_full(runs.to_text()).0));
            }
            None => {}
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
        match self.0.last_mut() {
            Some((last, count)) if last == word => *count += 1,
            _ => self.0.push((word.to_string(), 1)),
        }
    }

    /// Formats the words: `2024*366 2025`.
    fn to_text(&self) -> String {
        let words = self.0.iter().map(|(word, count)| if *count == 1 { word.clone() } else { format!("{word}*{count}") });
        words.collect::<Vec<_>>().join(" ")
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
        let (packed, columns) = packed(&["v1: 2024-01, 2024-02", "v1: 2024-02, 2024-03", "none", "v1: 2025-02, 2025-03"]);
        let json = serde_json::to_value(&packed).unwrap();
        assert_eq!(json, serde_json::json!({"which": "0*2 1 0", "shapes": [["v1: ", 0, "-", 1, ", ", 0, "-", 2, ""], ["none"]]}));
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
