//! Transient failures: errors after which the same step may succeed, such as a deadlock or a lost
//! connection. Recognizes them by the client's error message.

use std::sync::LazyLock;
use std::time::Duration;

use super::error_patterns::ErrorPatterns;
use super::token;
use crate::dialect::Dialect;

static PATTERNS: LazyLock<ErrorPatterns> =
    LazyLock::new(|| ErrorPatterns::read(include_str!("transient_failures.txt")));

/// The wait before the second attempt.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const MAX_WAIT: Duration = Duration::from_secs(60);

/// Whether an error message of a client shows a transient failure.
pub fn is_transient(argv: &[String], dialect: &Dialect, message: &str) -> bool {
    PATTERNS.matches(argv, dialect, message)
}

/// The wait after an attempt: doubled each time, and at random between half of it and all of it, so
/// that steps that have blocked each other do not meet again.
pub fn wait(attempt: u32) -> Duration {
    let doubled = FIRST_WAIT.saturating_mul(1 << attempt.saturating_sub(1).min(16)).min(MAX_WAIT);
    doubled.mul_f64(0.5 + 0.5 * token::fraction())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect;

    #[test]
    fn transient_failures_are_recognized_by_the_message() {
        let is_transient = |client: &str, dialect: &str, message: &str| {
            let argv = [client.to_string()];
            is_transient(&argv, &dialect::named(dialect).unwrap(), message)
        };
        for (client, dialect, message) in [
            ("psql", "postgres", "ERROR:  deadlock detected\nDETAIL:  Process 1 waits"),
            ("psql", "postgres", "ERROR:  could not serialize access due to concurrent update"),
            (
                "mariadb",
                "mariadb",
                "ERROR 1213 (40001): Deadlock found when trying to get lock; try",
            ),
            ("my-client", "mysql", "ERROR 1205 (HY000): Lock wait timeout exceeded; try"),
            ("bq", "bigquery", "Exceeded rate limits: too many concurrent queries"),
            ("my-client", "postgres", "connection reset by peer"),
        ] {
            assert!(is_transient(client, dialect, message), "{message}");
        }
        for (client, dialect, message) in [
            ("psql", "postgres", "ERROR:  null value in column \"amount\" violates not-null"),
            ("mariadb", "mariadb", "ERROR 1048 (23000): Column 'amount' cannot be null"),
            ("psql", "postgres", "timed out after 60 seconds"),
            ("psql", "postgres", ""),
        ] {
            assert!(!is_transient(client, dialect, message), "{message}");
        }
    }

    #[test]
    fn waits_are_doubled_with_a_random_part() {
        for (attempt, longest) in [(1, 1), (2, 2), (3, 4), (7, 60), (40, 60)] {
            let wait = wait(attempt).as_secs_f64();
            assert!(wait <= f64::from(longest) && wait >= f64::from(longest) / 2.0, "{wait}");
        }
    }
}
