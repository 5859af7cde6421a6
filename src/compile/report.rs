//! The closing report: a line for each model.

/// What the report says of one model.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    pub model: String,
    pub strategy: String,
    pub windows: Option<usize>,
    pub first: String,
    pub last: String,
    /// Excluded; UTC.
    pub end: String,
    pub warnings: usize,
    /// What `check` finds, notes apart.
    pub findings: usize,
    /// Whether its first batch begins after the model's `begin`.
    pub starts_after_begin: bool,
}

/// The rows as a table for a terminal, columns lined up.
pub fn table(rows: &[Row]) -> String {
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
    fn columns_line_up_and_empty_ones_vanish() {
        let row = |model: &str, windows| Row {
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
            table(&[row("a", None), row("long_name", None)]),
            "model      strategy\na          view\nlong_name  view\n"
        );
    }
}
