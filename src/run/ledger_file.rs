//! Reads the rows of a ledger from a file with the result of its query (CSV or JSON), or from the
//! lines that a client prints for it. A file that is not a complete result
//! is an error: it would look as if little or nothing were finished.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use super::ledger_steps::{LedgerStep, LedgerSteps};
use crate::calendar::{Instant, Window, parse_instant};
use crate::codegen::ledger::{COLUMNS, LINE_START, RowKind, step_and_table};
use crate::diagnostics::Diagnostic;
use crate::plan::Sha256;
use crate::plan::coverage::{FinishedBatches, FinishedRow, FinishedRows};
use crate::result_rows;

/// The values of one row in the order of [`COLUMNS`].
pub type LedgerValues = [String; COLUMNS.len()];

/// The rows of a ledger: the finished batches of all plans, and the steps.
#[derive(Clone, Debug, Default)]
pub struct LedgerRows {
    pub finished: FinishedBatches,
    pub steps: LedgerSteps,
}

/// The rows in a file: `-` is standard input.
pub fn read_ledger_file(path: &Path) -> Result<LedgerRows, Diagnostic> {
    let name = path.display().to_string();
    let input: Box<dyn Read> = if name == "-" {
        Box::new(io::stdin())
    } else {
        let file = File::open(path)
            .map_err(|error| Diagnostic::error(format!("cannot read `{name}`: {error}")))?;
        Box::new(file)
    };
    let mut collector = Collector::default();
    result_rows::read_rows(BufReader::new(input), &COLUMNS, &mut |values| collector.add(&values))
        .and_then(|()| collector.finish())
        .map_err(|reason| {
            Diagnostic::error(format!("`{name}` is not a complete result of the ledger's query"))
                .note(reason)
                .hint(format!("write it again: `batchwright ledger --run > {name}`"))
        })
}

/// Checks and collects rows.
#[derive(Default)]
struct Collector {
    rows: FinishedRows,
    steps: LedgerSteps,
    count: u64,
    /// The number of rows, by the last one.
    expected: Option<u64>,
}

impl Collector {
    fn add(&mut self, values: &LedgerValues) -> Result<(), String> {
        let [model, step, kind, _, start, end, hash, rows, plan, at] = values;
        let Some(kind) = RowKind::parse(kind.trim()) else {
            return Err(format!("`{kind}` is not a kind of row"));
        };
        if kind == RowKind::End {
            let count = rows.trim().parse::<f64>().ok().filter(|count| *count >= 0.0);
            let count = count.ok_or_else(|| format!("`{rows}` is not a number of rows"))?;
            if self.expected.replace(count as u64).is_some() {
                return Err("it has several last rows".to_string());
            }
            return Ok(());
        }
        if model.is_empty() {
            return Err(format!("the row of `{step}` names no model"));
        }
        self.count += 1;
        let time = |text: &str| match text.trim() {
            text if is_null(text) => Ok(None),
            text => parse_time(text).map(Some).ok_or_else(|| format!("`{text}` is not a time")),
        };
        let window = match (time(start)?, time(end)?) {
            (Some(start), Some(end)) if start < end => Some(Window { start, end }),
            // A publication with excluded ranges has no single range.
            (None, None) if matches!(kind, RowKind::Build | RowKind::Publish | RowKind::Undo) => {
                None
            }
            _ => return Err(format!("the row of `{step}` has no window")),
        };
        let Some(at) = time(at)? else {
            return Err(format!("the row of `{step}` has no `written_at`"));
        };
        let Some(statement) = Sha256::parse(&hash.trim().to_lowercase()) else {
            return Err(format!("`{hash}` of `{step}` is not a SHA-256 hash"));
        };
        let count = rows.trim().parse::<f64>().ok().filter(|count| *count >= 0.0);
        let (step, table) = step_and_table(step, model);
        let count = count.map(|count| count as u64);
        self.steps.add(step, table, LedgerStep::new(plan.trim(), statement, at, count));
        self.rows.add(model, table, FinishedRow { at, kind, window, statement: Some(statement) });
        Ok(())
    }

    fn finish(self) -> Result<LedgerRows, String> {
        match self.expected {
            None => Err("its last row is missing, so it was cut".to_string()),
            Some(expected) if expected != self.count => {
                Err(format!("it has {} of {expected} rows", self.count))
            }
            Some(_) => Ok(LedgerRows { finished: self.rows.finish(), steps: self.steps }),
        }
    }
}

fn is_null(text: &str) -> bool {
    matches!(text, "" | "NULL" | "null" | "None" | "\\N")
}

/// A time in UTC as engines and clients print it: with `T` or a space, with or without a fraction
/// and an offset.
fn parse_time(text: &str) -> Option<Instant> {
    let text = text.replacen(' ', "T", 1);
    let plain = text.trim_end_matches("UTC").trim_end_matches(" +0000").trim_end();
    if let Some(at) = parse_instant(plain) {
        return Some(at);
    }
    let plain = plain.strip_suffix("+00").or(plain.strip_suffix("+0000")).unwrap_or(plain);
    let formats = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M"];
    let clock = |format| chrono::NaiveDateTime::parse_from_str(plain.trim_end(), format).ok();
    formats.into_iter().find_map(clock).map(|at| at.and_utc())
}

/// The rows that a client printed for the ledger's query with one text per row; an error if some
/// are missing.
pub fn read_ledger_lines(output: &str) -> Result<(Vec<LedgerValues>, LedgerRows), Diagnostic> {
    let rows: Vec<LedgerValues> = result_rows::read_lines(output, LINE_START);
    let mut collector = Collector::default();
    let failed = |reason: String| {
        Diagnostic::error("the client did not print all rows of the ledger").note(reason).hint(
            "let the client print plain text or CSV, or run the query yourself: \
             `batchwright ledger`",
        )
    };
    rows.iter().try_for_each(|values| collector.add(values)).map_err(failed)?;
    let collected = collector.finish().map_err(failed)?;
    Ok((rows, collected))
}

/// The rows as CSV with a header.
pub fn ledger_csv(rows: &[LedgerValues]) -> Result<String, Diagnostic> {
    result_rows::csv_text(&COLUMNS, rows).map_err(Diagnostic::error)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::result_rows::ESCAPED;

    const TABLE: &str = r#""my shop"."a b"."o;r%d@ers""#;
    const HASH: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    fn values(model: &str) -> LedgerValues {
        let step = format!("{model}@2024-09-01 {TABLE}");
        let texts = [
            model,
            &step,
            "batch",
            "2024-09-01",
            "2024-09-01 00:00:00",
            "2024-09-02 00:00:00",
            HASH,
            "",
            "plan",
            "2024-09-03 10:00:00.123",
        ];
        texts.map(str::to_string)
    }

    fn end(count: &str) -> LedgerValues {
        let texts = ["", "", "end", "", "", "", "", count, "", ""];
        texts.map(str::to_string)
    }

    fn read(text: &str) -> Result<FinishedBatches, String> {
        let mut collector = Collector::default();
        let mut add = |values| collector.add(&values);
        result_rows::read_rows(text.as_bytes(), &COLUMNS, &mut add)?;
        collector.finish().map(|rows| rows.finished)
    }

    #[test]
    fn names_are_read_as_they_were_written() {
        let long = format!("model.shop.{}", "x".repeat(300));
        let names = [
            "model.shop.orders",
            "model.shop.Orders",
            r#"model.shop.sales "eu", new"#,
            "model.shop.a-b;c|d",
            "model.shop.größe 100%",
            "model.shop.it's `x` \\ y",
            &long,
        ];
        let mut rows: Vec<LedgerValues> = names.map(values).to_vec();
        rows.push(end("7"));
        let batches = read(&ledger_csv(&rows).unwrap()).unwrap();
        let json: Vec<Value> = rows
            .iter()
            .map(|row| {
                COLUMNS.iter().zip(row).map(|(name, value)| (*name, value.as_str())).collect()
            })
            .collect();
        let json = read(&serde_json::to_string(&json).unwrap()).unwrap();
        let encoded = |value: &str| {
            let encode = |char: char| match ESCAPED.contains(&char) {
                true => format!("%{:02X}", u32::from(char)),
                false => char.to_string(),
            };
            value.chars().map(encode).collect::<String>()
        };
        let line = |row: &LedgerValues| {
            let values: String = row.iter().map(|value| encoded(value) + ";").collect();
            format!("│ {LINE_START};{values} │\n")
        };
        let lines: String = rows.iter().map(line).collect();
        assert_eq!(read_ledger_lines(&lines).unwrap().0, rows);
        for name in names {
            for batches in [&batches, &json] {
                assert_eq!(
                    batches.windows(&(name.to_string(), TABLE.to_string())).count(),
                    1,
                    "{name}"
                );
            }
        }
    }

    #[test]
    fn rows_of_an_earlier_version_do_not_count() {
        let mut old = values("model.shop.orders");
        old[1] = "model.shop.orders@2024-09-01".to_string();
        let rows = [values("model.shop.orders"), old, end("2")];
        let batches = read(&ledger_csv(&rows).unwrap()).unwrap();
        assert_eq!((batches.count(), batches.unknown), (1, 1));
    }

    #[test]
    fn an_incomplete_or_foreign_file_is_an_error() {
        let csv = |rows: &[LedgerValues]| ledger_csv(rows).unwrap();
        let complete = csv(&[values("a"), values("b"), end("2")]);
        assert_eq!(read(&complete).unwrap().count(), 2);
        assert_eq!(read(&csv(&[end("0")])).unwrap().count(), 0, "an empty ledger");
        let error = |text: &str| read(text).unwrap_err();
        assert_eq!(error(""), "it is empty");
        assert_eq!(error(" \n\n"), "it is empty");
        assert_eq!(error("hello"), "its first line has no columns: `hello`");
        assert_eq!(error("a,b\n1,2\n"), "its first line has no column `model`");
        assert_eq!(error(&csv(&[])), "its last row is missing, so it was cut");
        assert_eq!(error(&csv(&[values("a")])), "its last row is missing, so it was cut");
        assert_eq!(error(&csv(&[values("a"), end("2")])), "it has 1 of 2 rows");
        for cut in 1..complete.len() - 1 {
            assert!(read(&complete[..cut]).is_err(), "cut after {cut} bytes");
        }
        assert!(error(&complete.replace("batch,", "bitch,")).contains("not a kind"));
        assert!(error(&complete.replace(HASH, "x")).contains("not a SHA-256"));
        assert!(error(&complete.replace("2024-09-02 00", "soon")).contains("not a time"));
        assert!(error("[{\"model\": \"a\"}]").contains("has no `step`"));
    }

    #[test]
    fn times_are_read_as_engines_print_them() {
        let expected = parse_time("2024-09-01T05:00:00Z").unwrap();
        for text in [
            "2024-09-01 05:00:00",
            "2024-09-01T05:00:00",
            "2024-09-01 05:00:00.000000",
            "2024-09-01 05:00:00 UTC",
            "2024-09-01 05:00:00+00",
            "2024-09-01 05:00:00.000 +0000",
            "2024-09-01 07:00:00+02:00",
            "2024-09-01T05:00",
        ] {
            assert_eq!(parse_time(text), Some(expected), "{text}");
        }
        assert_eq!(parse_time("yesterday"), None);
    }
}
