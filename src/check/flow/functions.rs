//! Date and time functions by their names in the engines, and their results.

/// The result of a function of the time among its arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeFunction {
    /// Truncation to the unit that an argument names.
    Cut,
    /// Truncation to a number of units, optionally with an origin: `time_bucket`, `date_bin`.
    Bucket,
    /// The date.
    Date,
    /// The same time in another type; also parses text or a number.
    Time,
    /// The local time in the zone of another argument.
    Local,
    /// The instant of a local time in the zone of another argument.
    FromLocal,
    /// The result of `at time zone`.
    AtZone,
    /// Conversion to the last zone that the arguments name.
    Converted,
    /// A time from year, month and so on.
    OfParts,
    Later,
    Earlier,
    /// The last day of the month.
    LastDay,
    OtherDay,
    /// The part that an argument names.
    Part,
    /// A number of units since a fixed day; the value is the length of the unit in microseconds.
    Count(i64),
    /// Conversion between a time and milliseconds.
    Millis,
    /// The number of units between two times.
    Difference,
    /// Text in a format.
    Formatted,
    /// The first characters.
    Start,
    /// A practically injective function.
    Injective,
    /// A function with the same result for many times.
    Coarse,
    /// A combination of several values.
    Joined,
    /// The first of its arguments that is not null.
    FirstOf,
    OneOf,
    OneOfTwo,
    NullIf,
    /// The value of one row of many.
    OneRow,
    Neighbour,
}

/// The result of the function with this name in lower case; `None` if it is unknown.
pub fn time_function(name: &str) -> Option<TimeFunction> {
    const SECOND: i64 = 1_000_000;
    const DAY: i64 = 86_400 * SECOND;
    Some(match name {
        "date_trunc" | "timestamp_trunc" | "datetime_trunc" | "trunc" | "time_trunc"
        | "datetrunc" => TimeFunction::Cut,
        "date_bin"
        | "time_bucket"
        | "time_bucket_gapfill"
        | "time_slice"
        | "timestamp_bucket"
        | "datetime_bucket"
        | "date_bucket"
        | "tostartofinterval"
        | "window"
        | "tumble" => TimeFunction::Bucket,
        "date" | "to_date" | "todate" | "todate32" | "try_to_date" | "ts_or_ds_to_date"
        | "datefromtimestamp" => TimeFunction::Date,
        "timestamp"
        | "datetime"
        | "to_timestamp"
        | "to_timestamp_ntz"
        | "to_timestamp_tz"
        | "to_timestamp_ltz"
        | "from_unixtime"
        | "timestamp_seconds"
        | "timestamp_millis"
        | "timestamp_micros"
        | "epoch_ms_to_timestamp"
        | "todatetime"
        | "todatetime64"
        | "try_to_timestamp"
        | "try_to_timestamp_ntz"
        | "fromunixtimestamp"
        | "fromunixtimestamp64milli"
        | "fromunixtimestamp64micro"
        | "parsedatetime"
        | "parsedatetimebesteffort"
        | "strptime"
        | "try_strptime"
        | "parse_timestamp"
        | "parse_datetime"
        | "parse_date"
        | "str_to_date"
        | "date_parse"
        | "from_iso8601_timestamp"
        | "from_iso8601_date"
        | "smalldatetime"
        | "to_datetime" => TimeFunction::Time,
        "from_utc_timestamp" => TimeFunction::Local,
        "to_utc_timestamp" => TimeFunction::FromLocal,
        "timezone" | "at_timezone" | "totimezone" | "with_timezone" => TimeFunction::AtZone,
        "convert_timezone" | "convert_tz" => TimeFunction::Converted,
        "make_timestamp"
        | "make_date"
        | "datefromparts"
        | "date_from_parts"
        | "timestamp_from_parts"
        | "timestamp_ntz_from_parts"
        | "timestampntzfromparts"
        | "datetimefromparts"
        | "make_timestamp_ntz"
        | "makedate"
        | "makedatetime" => TimeFunction::OfParts,
        "dateadd" | "date_add" | "timestamp_add" | "datetime_add" | "timestampadd" | "timeadd"
        | "add_months" | "adddate" | "adddays" | "addhours" | "addminutes" | "addseconds"
        | "addweeks" | "addmonths" | "addyears" => TimeFunction::Later,
        "date_sub" | "timestamp_sub" | "datetime_sub" | "datesub" | "subdate" | "subtractdays"
        | "subtracthours" | "subtractminutes" | "subtractseconds" | "subtractweeks"
        | "subtractmonths" | "subtractyears" => TimeFunction::Earlier,
        "last_day" | "eomonth" | "tolastdayofmonth" => TimeFunction::LastDay,
        "next_day" | "previous_day" => TimeFunction::OtherDay,
        "date_part" | "datepart" | "datename" | "extract" => TimeFunction::Part,
        "epoch" | "unix_timestamp" | "unix_seconds" | "tounixtimestamp" | "to_unixtime"
        | "to_unix_timestamp" => TimeFunction::Count(SECOND),
        "unix_millis" | "tounixtimestamp64milli" => TimeFunction::Count(1000),
        "epoch_ms" => TimeFunction::Millis,
        "epoch_us" | "unix_micros" | "tounixtimestamp64micro" => TimeFunction::Count(1),
        "unix_date" | "to_days" | "julian" | "julianday" | "todayspandate" | "torelativedaynum"
        | "toyyyymmdd" => TimeFunction::Count(DAY),
        "torelativehournum" => TimeFunction::Count(3600 * SECOND),
        "toyyyymmddhhmmss" => TimeFunction::Count(1),
        "datediff" | "date_diff" | "timestamp_diff" | "datetime_diff" | "timestampdiff"
        | "datesdiff" | "timediff" | "months_between" => TimeFunction::Difference,
        "to_char"
        | "to_varchar"
        | "date_format"
        | "strftime"
        | "format"
        | "format_date"
        | "format_timestamp"
        | "format_datetime"
        | "formatdatetime"
        | "formatdatetimeinjodasyntax" => TimeFunction::Formatted,
        "to_iso8601" | "tostring" | "to_json_string" | "char" | "varchar" | "text" => {
            TimeFunction::Injective
        }
        "left" | "substr" | "substring" | "substringutf8" => TimeFunction::Start,
        "right" | "mod" | "sign" | "length" | "time" | "to_time" | "totime" | "time_of_day"
        | "isnull" | "age" | "ceiling" => TimeFunction::Coarse,
        "concat"
        | "concat_ws"
        | "md5"
        | "sha1"
        | "sha2"
        | "sha256"
        | "sha512"
        | "hash"
        | "xxhash64"
        | "cityhash64"
        | "siphash64"
        | "farm_fingerprint"
        | "to_hex"
        | "tohex"
        | "hex"
        | "md5_hex"
        | "sha2_hex"
        | "hashbytes"
        | "generate_surrogate_key"
        | "struct_pack"
        | "struct"
        | "row"
        | "tuple"
        | "list_value"
        | "array_construct"
        | "object_construct"
        | "upper"
        | "lower"
        | "trim"
        | "replace"
        | "murmurhash3_64"
        | "md5_number"
        | "lpad"
        | "base64"
        | "to_base64"
        | "encode"
        | "named_struct" => TimeFunction::Joined,
        "coalesce" | "ifnull" | "nvl" => TimeFunction::FirstOf,
        "greatest" | "least" => TimeFunction::OneOf,
        "iff" | "if" | "nvl2" => TimeFunction::OneOfTwo,
        "nullif" => TimeFunction::NullIf,
        "min" | "max" | "any_value" | "first" | "last" | "first_value" | "last_value"
        | "argmin" | "argmax" | "min_by" | "max_by" | "arg_min" | "arg_max" | "any" | "anylast" => {
            TimeFunction::OneRow
        }
        "lag" | "lead" => TimeFunction::Neighbour,
        "floor" | "toint32" | "toint64" | "to_number" => TimeFunction::Injective,
        _ => return None,
    })
}

/// The unit in the name of a truncating function, as in ClickHouse.
pub fn cuts_to(name: &str) -> Option<super::unit::Unit> {
    use super::unit::Unit;
    Some(match name {
        "tostartofsecond"
        | "tostartofminute"
        | "tostartoffiveminutes"
        | "tostartoffiveminute"
        | "tostartoftenminutes"
        | "tostartoffifteenminutes" => Unit::Minute,
        "tostartofhour" => Unit::Hour,
        "tostartofday" => Unit::Day,
        "tostartofweek" | "tomonday" => Unit::Week,
        "tostartofmonth" => Unit::Month,
        "tostartofquarter" => Unit::Quarter,
        "tostartofyear" => Unit::Year,
        "tostartofisoyear" => Unit::Other,
        _ => return None,
    })
}

/// The calendar parts in a format: `%Y-%m-%d`, `YYYY-MM-DD`, `yyyy-MM-dd`.
pub fn format_parts(function: &str, format: &str) -> super::calendar_parts::CalendarParts {
    use super::calendar_parts::CalendarParts;
    let day = CalendarParts::YEAR | CalendarParts::MONTH | CalendarParts::DAY_OF_MONTH;
    if format.contains('%') {
        let mut parts = CalendarParts::NONE;
        let mut chars = format.chars();
        while let Some(char) = chars.next() {
            if char != '%' {
                continue;
            }
            parts = parts
                | match chars.find(|char| *char != '-' && *char != 'E' && *char != 'O') {
                    Some('Y') => CalendarParts::YEAR,
                    Some('G') => CalendarParts::WEEK_YEAR,
                    Some('m' | 'b' | 'B' | 'h' | 'c') => CalendarParts::MONTH,
                    Some('d' | 'e') => CalendarParts::DAY_OF_MONTH,
                    Some('j') => CalendarParts::DAY_OF_YEAR,
                    Some('V') => CalendarParts::WEEK,
                    Some('u' | 'w' | 'a' | 'A') => CalendarParts::WEEKDAY,
                    Some('H' | 'k') => CalendarParts::HOUR,
                    Some('i' | 'S' | 'f') => CalendarParts::REST,
                    Some('T' | 'R' | 'X') => CalendarParts::HOUR | CalendarParts::REST,
                    Some('F' | 'D' | 'x') => day,
                    Some('s' | 'J') => CalendarParts::ALL,
                    _ => CalendarParts::NONE,
                };
        }
        return parts;
    }
    // Some engines ignore case; in others it distinguishes months from minutes.
    let ignores_case = function.starts_with("to_");
    let chars = if ignores_case { format.to_uppercase() } else { format.to_string() };
    let has = |marks: &[&str], parts| {
        if marks.iter().any(|mark| chars.contains(mark)) { parts } else { CalendarParts::NONE }
    };
    let month: &[&str] = if ignores_case { &["MM", "MON", "RM"] } else { &["MM", "Mon", "MON"] };
    has(&["YYYY", "yyyy", "uuuu", "RRRR"], CalendarParts::YEAR)
        | has(&["IYYY"], CalendarParts::WEEK_YEAR)
        | has(month, CalendarParts::MONTH)
        | has(&["DDD", "ddd"], CalendarParts::DAY_OF_YEAR)
        | if chars.contains("DDD") && ignores_case {
            CalendarParts::NONE
        } else {
            has(&["DD", "dd"], CalendarParts::DAY_OF_MONTH)
        }
        | has(&["HH24", "HH"], CalendarParts::HOUR)
        | has(&["IW"], CalendarParts::WEEK)
        | has(&["Q"], CalendarParts::QUARTER)
}

#[cfg(test)]
mod tests {
    use super::super::calendar_parts::CalendarParts;
    use super::super::unit::Unit;
    use super::*;

    #[test]
    fn formats_have_parts() {
        let day = CalendarParts::YEAR | CalendarParts::MONTH | CalendarParts::DAY_OF_MONTH;
        for format in ["%Y-%m-%d", "%F", "%Y%m%d", "%-d.%-m.%Y"] {
            assert_eq!(format_parts("strftime", format), day, "{format}");
        }
        assert_eq!(format_parts("to_char", "yyyy-mm-dd"), day);
        assert_eq!(format_parts("date_format", "yyyy-MM-dd"), day);
        assert_eq!(
            format_parts("date_format", "yyyy-mm-dd"),
            CalendarParts::YEAR | CalendarParts::DAY_OF_MONTH,
            "minutes instead of months"
        );
        assert_eq!(format_parts("strftime", "%H:%M"), CalendarParts::HOUR);
        assert_eq!(format_parts("to_char", "HH24:MI"), CalendarParts::HOUR);
        assert_eq!(format_parts("strftime", "100%%"), CalendarParts::NONE);
    }

    #[test]
    fn names_are_in_one_list() {
        assert_eq!(cuts_to("tostartofday"), Some(Unit::Day));
        assert_eq!(time_function("tostartofday"), None);
        assert_eq!(time_function("date_trunc"), Some(TimeFunction::Cut));
        assert_eq!(time_function("my_bucket"), None);
    }
}
