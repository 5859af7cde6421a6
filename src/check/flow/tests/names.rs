//! Lists of functions.

use super::super::names::{is_aggregate, is_clock, is_random, is_rank};

#[test]
fn each_function_is_in_one_list() {
    for (name, expected) in [
        ("sum", "aggregate"),
        ("count_if", "aggregate"),
        ("listagg", "aggregate"),
        ("row_number", "rank"),
        ("dense_rank", "rank"),
        ("now", "clock"),
        ("current_date", "clock"),
        ("getdate", "clock"),
        ("sysdatetime", "clock"),
        ("random", "chance"),
        ("uuid_string", "chance"),
        ("newid", "chance"),
        ("lag", ""),
        ("date_trunc", ""),
        ("md5", ""),
        ("NOW", ""),
        ("", ""),
    ] {
        let lists = [
            ("aggregate", is_aggregate(name)),
            ("rank", is_rank(name)),
            ("clock", is_clock(name)),
            ("chance", is_random(name)),
        ];
        let matches: Vec<&str> =
            lists.into_iter().filter(|(_, contains)| *contains).map(|(list, _)| list).collect();
        assert_eq!(matches.join(" "), expected, "`{name}`");
    }
}
