//! A batch's text without its window. Replaces each spelling of the window by a placeholder such as
//! `<start>` or `<end date>`, so that batches that differ in their windows only have the same text.

use chrono_tz::Tz;

use crate::calendar::Window;
use crate::dialect::spellings;

/// The text with placeholders for the window.
pub fn normalize(text: &str, window: &Window, label: &str, timezone: Tz) -> String {
    let placeholders = placeholders(window, label, timezone);
    let mut normalized = String::with_capacity(text.len());
    let mut copied = 0;
    let mut at = 0;
    let bytes = text.as_bytes();
    while at < bytes.len() {
        if !bytes[at].is_ascii_digit() {
            at += 1;
            continue;
        }
        match placeholders.iter().find(|(spelling, _)| is_token(bytes, at, spelling.as_bytes())) {
            Some((spelling, placeholder)) => {
                normalized.push_str(&text[copied..at]);
                normalized.push_str(placeholder);
                at += spelling.len();
                copied = at;
            }
            None => at += bytes[at..].iter().take_while(|byte| byte.is_ascii_digit()).count(),
        }
    }
    normalized.push_str(&text[copied..]);
    normalized
}

/// The spellings of the window with their placeholders, longest first.
fn placeholders(window: &Window, label: &str, timezone: Tz) -> Vec<(String, &'static str)> {
    let mut all = spellings(window, label, timezone);
    // Four digits are replaced only in plans with yearly batches: elsewhere they may be another
    // number.
    all.retain(|(spelling, _)| spelling.len() > 4 || label.len() == 4);
    all.sort_by_key(|(spelling, _)| std::cmp::Reverse(spelling.len()));
    all
}

/// Whether `word` at `at` is a complete token: no further digit or part of a date follows, except
/// the zeros of milliseconds or microseconds after an epoch.
fn is_token(text: &[u8], at: usize, word: &[u8]) -> bool {
    let Some(mut rest) = text[at..].strip_prefix(word) else { return false };
    while word.iter().all(u8::is_ascii_digit) && word.len() >= 9 && rest.starts_with(b"000") {
        rest = &rest[3..];
    }
    let digit = |nth: usize| rest.get(nth).is_some_and(u8::is_ascii_digit);
    let longer = matches!(rest.first(), Some(b'-' | b':')) && digit(1);
    !digit(0) && !longer
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeZone;

    fn day(day: u32) -> Window {
        let at = |day| chrono::Utc.with_ymd_and_hms(2024, 9, day, 0, 0, 0).unwrap();
        Window { start: at(day), end: at(day + 1) }
    }

    #[test]
    fn batches_that_differ_in_their_windows_have_the_same_text() {
        let text = "create table t__batch_2024_09_01 where at >= '2024-09-01 00:00:00' and at < \
            '2024-09-02 00:00:00' and n > 1725148800000 in p20240901";
        let normalized = normalize(text, &day(1), "2024-09-01", Tz::UTC);
        assert_eq!(
            normalized,
            "create table t__batch_<batch_name> where at >= '<start>' and at < '<end>' and n > \
             <start epoch>000 in p<start yyyymmdd>"
        );
    }

    #[test]
    fn other_text_is_unchanged() {
        let text = "where at > '2024-09-17' and year = 2024 and n in (12024, 20240901123)";
        assert_eq!(normalize(text, &day(1), "2024-09-01", Tz::UTC), text);
        assert_eq!(
            normalize("année 2024-09-01 é", &day(1), "2024-09-01", Tz::UTC),
            "année <start date> é"
        );
    }
}
