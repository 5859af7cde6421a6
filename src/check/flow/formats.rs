//! The calendar parts in the format of a function. The meaning of a letter depends on the function:
//! `%s` is a second in MySQL and the seconds since 1970 in SQLite; `MM` are months for `to_char`,
//! and `mm` minutes for Java and .NET.

use super::calendar_parts::CalendarParts;

const DAY: CalendarParts = CalendarParts::DATE;

/// The calendar parts in a format: `%Y-%m-%d`, `YYYY-MM-DD`, `yyyy-MM-dd`. A year of two digits is
/// a year.
pub fn format_parts(function: &str, format: &str) -> CalendarParts {
    match function {
        "date_format" | "from_unixtime" | "time_format" if format.contains('%') => {
            percent_parts(format, mysql_letter)
        }
        "formatdatetime" => percent_parts(format, clickhouse_letter),
        "strftime" | "format_date" | "format_timestamp" | "format_datetime" | "format_time"
            if format.contains('%') =>
        {
            percent_parts(format, posix_letter)
        }
        "format" => net_parts(format),
        _ if function.starts_with("to_") => oracle_parts(format),
        _ => runs(format)
            .into_iter()
            .fold(CalendarParts::NONE, |parts, (letter, _)| parts | java_letter(letter)),
    }
}

fn percent_parts(format: &str, parts_of: fn(char) -> CalendarParts) -> CalendarParts {
    let mut parts = CalendarParts::NONE;
    let mut chars = format.chars();
    while let Some(char) = chars.next() {
        if char == '%' {
            // `%-d`, `%Ey`, `%E4Y`, `%E*S` are the letters behind the modifier.
            let letter = chars.find(|char| !"-_#*EO".contains(*char) && !char.is_ascii_digit());
            parts = parts | letter.map_or(CalendarParts::NONE, parts_of);
        }
    }
    parts
}

/// A letter of C's `strftime`, with the additions of SQLite, DuckDB and BigQuery.
fn posix_letter(letter: char) -> CalendarParts {
    match letter {
        'Y' | 'y' => CalendarParts::YEAR,
        'G' | 'g' => CalendarParts::WEEK_YEAR,
        'Q' => CalendarParts::QUARTER,
        'm' | 'b' | 'B' | 'h' => CalendarParts::MONTH,
        'd' | 'e' => CalendarParts::DAY_OF_MONTH,
        'j' => CalendarParts::DAY_OF_YEAR,
        'V' => CalendarParts::WEEK,
        'u' | 'w' | 'a' | 'A' => CalendarParts::WEEKDAY,
        'H' | 'k' => CalendarParts::HOUR,
        'M' => CalendarParts::REST,
        'T' | 'R' | 'X' => CalendarParts::HOUR | CalendarParts::REST,
        'F' | 'D' | 'x' => DAY,
        'c' | 's' | 'J' => CalendarParts::ALL,
        _ => CalendarParts::NONE,
    }
}

/// A letter of `date_format` in MySQL, MariaDB and Trino. The weeks of `%U`, `%u`, `%V` begin in
/// another year than those of `%v`.
fn mysql_letter(letter: char) -> CalendarParts {
    match letter {
        'Y' | 'y' => CalendarParts::YEAR,
        'x' => CalendarParts::WEEK_YEAR,
        'm' | 'c' | 'b' | 'M' => CalendarParts::MONTH,
        'd' | 'e' | 'D' => CalendarParts::DAY_OF_MONTH,
        'j' => CalendarParts::DAY_OF_YEAR,
        'v' => CalendarParts::WEEK,
        'w' | 'a' | 'W' => CalendarParts::WEEKDAY,
        'H' | 'k' => CalendarParts::HOUR,
        'i' => CalendarParts::REST,
        'T' | 'r' => CalendarParts::HOUR | CalendarParts::REST,
        _ => CalendarParts::NONE,
    }
}

/// A letter of ClickHouse's `formatDateTime`.
fn clickhouse_letter(letter: char) -> CalendarParts {
    match letter {
        'G' | 'g' => CalendarParts::WEEK_YEAR,
        'Q' => CalendarParts::QUARTER,
        'V' => CalendarParts::WEEK,
        'u' => CalendarParts::WEEKDAY,
        'R' => CalendarParts::HOUR | CalendarParts::REST,
        'F' | 'D' => DAY,
        'x' | 'v' => CalendarParts::NONE,
        other => mysql_letter(other),
    }
}

/// A letter of Java's and Joda's formats; a run of it is one field.
fn java_letter(letter: char) -> CalendarParts {
    match letter {
        'y' | 'u' => CalendarParts::YEAR,
        'Y' | 'x' => CalendarParts::WEEK_YEAR,
        'Q' | 'q' => CalendarParts::QUARTER,
        'M' | 'L' => CalendarParts::MONTH,
        'd' => CalendarParts::DAY_OF_MONTH,
        'D' => CalendarParts::DAY_OF_YEAR,
        'w' => CalendarParts::WEEK,
        'E' | 'e' => CalendarParts::WEEKDAY,
        'H' | 'k' => CalendarParts::HOUR,
        'm' => CalendarParts::REST,
        _ => CalendarParts::NONE,
    }
}

/// The parts of a format of .NET. One letter alone names a whole format.
fn net_parts(format: &str) -> CalendarParts {
    match format {
        "d" | "D" => return DAY,
        "f" | "F" | "g" | "G" | "o" | "O" | "s" | "u" | "U" | "r" | "R" => {
            return CalendarParts::ALL;
        }
        "m" | "M" => return CalendarParts::MONTH | CalendarParts::DAY_OF_MONTH,
        "y" | "Y" => return CalendarParts::YEAR | CalendarParts::MONTH,
        "t" | "T" => return CalendarParts::HOUR | CalendarParts::REST,
        _ => {}
    }
    let parts = |(letter, count)| match (letter, count) {
        ('y', _) => CalendarParts::YEAR,
        ('M', _) => CalendarParts::MONTH,
        ('d', 1 | 2) => CalendarParts::DAY_OF_MONTH,
        ('d', _) => CalendarParts::WEEKDAY,
        ('H', _) => CalendarParts::HOUR,
        ('m', _) => CalendarParts::REST,
        _ => CalendarParts::NONE,
    };
    runs(format).into_iter().map(parts).fold(CalendarParts::NONE, |all, parts| all | parts)
}

/// The runs of letters outside of quotes.
fn runs(format: &str) -> Vec<(char, usize)> {
    let mut runs: Vec<(char, usize)> = Vec::new();
    let mut quote = None;
    let mut last = None;
    for char in format.chars() {
        match quote {
            Some(open) if open == char => quote = None,
            Some(_) => {}
            None if char == '\'' || char == '"' => quote = Some(char),
            None if last == Some(char) => {
                if let Some(run) = runs.last_mut() {
                    run.1 += 1;
                }
                continue;
            }
            None if char.is_ascii_alphabetic() => {
                runs.push((char, 1));
                last = Some(char);
                continue;
            }
            None => {}
        }
        last = None;
    }
    runs
}

/// The parts of a format of `to_char`, whose elements ignore case.
fn oracle_parts(format: &str) -> CalendarParts {
    // Longer elements precede their prefixes.
    const ELEMENTS: &[(&str, CalendarParts)] = &[
        ("HH24", CalendarParts::HOUR),
        ("HH12", CalendarParts::NONE),
        ("HH", CalendarParts::NONE),
        ("SSSSS", CalendarParts::HOUR),
        ("SSSS", CalendarParts::HOUR),
        ("SS", CalendarParts::NONE),
        ("IYYY", CalendarParts::WEEK_YEAR),
        ("IYY", CalendarParts::WEEK_YEAR),
        ("IY", CalendarParts::WEEK_YEAR),
        ("IDDD", CalendarParts::NONE),
        ("ID", CalendarParts::WEEKDAY),
        ("IW", CalendarParts::WEEK),
        ("Y,YYY", CalendarParts::YEAR),
        ("YYYY", CalendarParts::YEAR),
        ("YYY", CalendarParts::YEAR),
        ("YY", CalendarParts::YEAR),
        ("RRRR", CalendarParts::YEAR),
        ("RR", CalendarParts::YEAR),
        ("MONTH", CalendarParts::MONTH),
        ("MMMM", CalendarParts::MONTH),
        ("MON", CalendarParts::MONTH),
        ("MM", CalendarParts::MONTH),
        ("RM", CalendarParts::MONTH),
        ("MI", CalendarParts::REST),
        ("MS", CalendarParts::NONE),
        ("DDD", CalendarParts::DAY_OF_YEAR),
        ("DD", CalendarParts::DAY_OF_MONTH),
        ("DAY", CalendarParts::WEEKDAY),
        ("DY", CalendarParts::WEEKDAY),
        ("D", CalendarParts::WEEKDAY),
        ("Q", CalendarParts::QUARTER),
        ("J", DAY),
    ];
    let mut parts = CalendarParts::NONE;
    let upper = format.to_ascii_uppercase();
    let mut rest = upper.as_str();
    while let Some(first) = rest.chars().next() {
        if first == '"' {
            rest = rest[1..].split_once('"').map_or("", |(_, behind)| behind);
            continue;
        }
        match ELEMENTS.iter().find(|(element, _)| rest.starts_with(element)) {
            Some((element, part)) => {
                parts = parts | *part;
                rest = &rest[element.len()..];
            }
            None => rest = &rest[first.len_utf8()..],
        }
    }
    parts
}

/// The calendar parts in the first characters of the text of `convert` in a style of T-SQL; `None`
/// for an unknown style.
pub fn style_parts(style: i64, length: Option<usize>) -> Option<CalendarParts> {
    let text = match style {
        20 | 21 | 25 | 120 | 121 => "yyyy-MM-dd HH:mm:ss",
        126 | 127 => "yyyy-MM-ddTHH:mm:ss",
        23 => "yyyy-MM-dd",
        112 => "yyyyMMdd",
        12 => "yyMMdd",
        8 | 14 | 24 | 108 | 114 => "HH:mm:ss",
        101 => "MM/dd/yyyy",
        110 => "MM-dd-yyyy",
        1 => "MM/dd/yy",
        10 => "MM-dd-yy",
        102 => "yyyy.MM.dd",
        111 => "yyyy/MM/dd",
        2 => "yy.MM.dd",
        11 => "yy/MM/dd",
        103 => "dd/MM/yyyy",
        104 => "dd.MM.yyyy",
        105 => "dd-MM-yyyy",
        3 => "dd/MM/yy",
        4 => "dd.MM.yy",
        5 => "dd-MM-yy",
        106 => "dd MMM yyyy",
        6 => "dd MMM yy",
        107 => "MMM dd, yyyy",
        7 => "MMM dd, yy",
        0 | 9 | 100 | 109 => "MMM dd yyyy hh:mm:ss",
        13 | 113 => "dd MMM yyyy HH:mm:ss",
        _ => return None,
    };
    let first = &text[..length.map_or(text.len(), |length| length.min(text.len()))];
    // A field that is cut identifies less than the field.
    let whole = |(letter, count): &(char, usize)| runs(text).contains(&(*letter, *count));
    let parts = runs(first).into_iter().filter(whole);
    Some(parts.fold(CalendarParts::NONE, |all, (letter, _)| all | java_letter(letter)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_AND_MINUTE: CalendarParts = CalendarParts::CLOCK;

    #[test]
    fn formats_have_parts() {
        for format in ["%Y-%m-%d", "%F", "%Y%m%d", "%-d.%-m.%Y", "%d/%m/%Y", "%x"] {
            assert_eq!(format_parts("strftime", format), DAY, "{format}");
        }
        assert_eq!(format_parts("strftime", "%H:%M"), HOUR_AND_MINUTE);
        assert_eq!(format_parts("strftime", "100%%"), CalendarParts::NONE);
        assert_eq!(format_parts("strftime", "%s"), CalendarParts::ALL);
    }

    #[test]
    fn the_function_determines_the_letters() {
        for format in ["%d %M %Y", "%D %b %y", "%Y-%c-%e"] {
            assert_eq!(format_parts("date_format", format), DAY, "{format}");
        }
        assert_eq!(format_parts("date_format", "%H:%i:%s"), HOUR_AND_MINUTE);
        assert_eq!(
            format_parts("date_format", "%x-%v"),
            CalendarParts::WEEK_YEAR | CalendarParts::WEEK
        );
        assert_eq!(format_parts("formatdatetime", "%H:%i:%s"), HOUR_AND_MINUTE);
        assert_eq!(format_parts("formatdatetime", "%D"), DAY);
    }

    #[test]
    fn words_of_formats() {
        for format in ["yyyy-mm-dd", "DD/MM/YYYY", "FMDD Month YYYY", "J", "\"DD\"YYYY MM DD"] {
            assert_eq!(format_parts("to_char", format), DAY, "{format}");
        }
        assert_eq!(format_parts("to_char", "HH24:MI"), HOUR_AND_MINUTE);
        assert_eq!(
            format_parts("to_char", "IYYY-MM-DD"),
            CalendarParts::WEEK_YEAR | CalendarParts::MONTH | CalendarParts::DAY_OF_MONTH
        );
        for format in ["yyyy-MM-dd", "yyyy-M-d", "y-MM-dd", "dd 'Month' MMM yy"] {
            assert_eq!(format_parts("date_format", format), DAY, "{format}");
        }
        assert_eq!(
            format_parts("date_format", "yyyy-mm-dd"),
            CalendarParts::YEAR | CalendarParts::DAY_OF_MONTH | CalendarParts::REST,
            "minutes instead of months"
        );
        assert_eq!(format_parts("format", "D"), DAY);
        assert_eq!(
            format_parts("format", "ddd yyyy"),
            CalendarParts::WEEKDAY | CalendarParts::YEAR
        );
    }

    #[test]
    fn styles_are_cut_to_a_length() {
        let month = CalendarParts::YEAR | CalendarParts::MONTH;
        assert_eq!(style_parts(120, Some(7)), Some(month));
        assert_eq!(style_parts(120, Some(9)), Some(month));
        assert_eq!(style_parts(112, Some(8)), Some(DAY));
        assert_eq!(style_parts(112, Some(6)), Some(month));
        assert_eq!(style_parts(108, Some(8)), Some(HOUR_AND_MINUTE));
        assert_eq!(style_parts(101, None), Some(DAY));
        assert_eq!(style_parts(999, None), None);
    }
}
