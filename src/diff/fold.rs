//! A batch's text without its window. Takes the text and the window; gives the text with names such as `<start>` and `<end date>` in
//! the places where the window is spelled, so that batches which differ by their windows alone are the same text.

use chrono_tz::Tz;

use crate::calendar::Window;
use crate::dialect::spellings;

/// The text with the window folded away.
pub fn fold(text: &str, window: &Window, label: &str, timezone: Tz) -> String {
    let spelled = spelled(window, label, timezone);
    let mut folded = String::with_capacity(text.len());
    let mut kept = 0;
    let mut at = 0;
    let bytes = text.as_bytes();
    while at < bytes.len() {
        if !bytes[at].is_ascii_digit() {
            at += 1;
            continue;
        }
        match spelled.iter().find(|(spelling, _)| stands(bytes, at, spelling.as_bytes())) {
            Some((spelling, word)) => {
                folded.push_str(&text[kept..at]);
                folded.push_str(word);
                at += spelling.len();
                kept = at;
            }
            None => at += bytes[at..].iter().take_while(|byte| byte.is_ascii_digit()).count(),
        }
    }
    folded.push_str(&text[kept..]);
    folded
}

/// The spellings, the longest first, each with the word that takes its place.
fn spelled(window: &Window, label: &str, timezone: Tz) -> Vec<(String, &'static str)> {
    let mut all = spellings(window, label, timezone);
    // Four digits are a year only where nothing else could be meant.
    all.retain(|(spelling, _)| spelling.len() > 4 || label.len() == 4);
    all.sort_by_key(|(spelling, _)| std::cmp::Reverse(spelling.len()));
    all
}

/// Whether `word` stands at that place as a whole: no digit follows but the thousandths of seconds, nor a further part of a date.
fn stands(text: &[u8], at: usize, word: &[u8]) -> bool {
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
    fn batches_that_differ_by_their_windows_are_the_same_text() {
        let text = "create table t__batch_2024_09_01 where at >= '2024-09-01 00:00:00' and at < '2024-09-02 00:00:00' and n > 1725148800000 in p20240901";
        let folded = fold(text, &day(1), "2024-09-01", Tz::UTC);
        assert_eq!(
            folded,
            "create table t__batch_<batch_name> where at >= '<start>' and at < '<end>' and n > <start epoch>000 in p<start yyyymmdd>"
        );
    }

    #[test]
    fn what_is_no_window_stays() {
        let text = "where at > '2024-09-17' and year = 2024 and n in (12024, 20240901123)";
        assert_eq!(fold(text, &day(1), "2024-09-01", Tz::UTC), text);
        assert_eq!(fold("année 2024-09-01 é", &day(1), "2024-09-01", Tz::UTC), "année <start date> é");
    }
}
