//! The report after a compilation: a line for each model.

/// The line of one model.
#[derive(Clone, Debug, PartialEq)]
pub struct ReportRow {
    pub model: String,
    pub strategy: String,
    pub windows: Option<usize>,
    pub first: String,
    pub last: String,
    /// Exclusive end of the last window, UTC.
    pub end: String,
    pub warnings: usize,
    /// Findings of `check`, except notes.
    pub findings: usize,
    /// Whether the first window starts after the `begin` of the model.
    pub starts_after_begin: bool,
}

/// Formats the rows as a table with aligned columns, without empty columns.
pub fn render_table(rows: &[ReportRow]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let head = [
        "model",
        "strategy",
        "windows",
        "first",
        "last",
        "until (excluded)",
        "warnings",
        "findings",
    ]
    .map(String::from);
    let mut lines = vec![head];
    for row in rows {
        let windows = row.windows.map(|count| count.to_string()).unwrap_or_default();
        let [warnings, findings] = [row.warnings, row.findings]
            .map(|count| if count == 0 { String::new() } else { count.to_string() });
        let (model, strategy, end) = (row.model.clone(), row.strategy.clone(), row.end.clone());
        lines.push([
            model,
            strategy,
            windows,
            row.first.clone(),
            row.last.clone(),
            end,
            warnings,
            findings,
        ]);
    }
    let used = (0..lines[0].len())
        .filter(|column| lines[1..].iter().any(|line| !line[*column].is_empty()));
    let width = |column: usize| {
        lines.iter().map(|line| line[column].chars().count()).max().unwrap_or_default()
    };
    let used: Vec<(usize, usize)> = used.map(|column| (column, width(column))).collect();
    let text = lines.iter().map(|line| {
        let cells: Vec<String> =
            used.iter().map(|(column, width)| format!("{:<width$}", line[*column])).collect();
        format!("{}\n", cells.join("  ").trim_end())
    });
    text.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_empty_columns_omitted() {
        let row = |model: &str, windows| ReportRow {
            model: model.into(),
            strategy: "view".into(),
            windows,
            first: String::new(),
            last: String::new(),
            end: String::new(),
            warnings: 0,
            findings: 0,
            starts_after_begin: false,
        };
        assert_eq!(
            render_table(&[row("a", None), row("long_name", None)]),
            "model      strategy\na          view\nlong_name  view\n"
        );
    }
}
