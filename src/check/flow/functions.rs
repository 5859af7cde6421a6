//! Functions of times by name, as the engines call them: what each makes of a time.

/// What a function makes of the time among its arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Makes {
    /// The time cut to the unit that an argument names.
    Cut,
    /// The time cut to a number of units, which may begin elsewhere: `time_bucket`, `date_bin`.
    Bucket,
    /// Its date.
    Date,
    /// The time itself, in another type; of one that is text or a number, what was told by it.
    Time,
    /// Its local time in the zone of another argument.
    Local,
    /// An instant from the local time of that zone.
    FromLocal,
    /// It, as `at time zone` gives it.
    AtZone,
    /// It, in the last of the zones that the arguments name.
    Converted,
    /// A time made of its year, its month, and so on.
    OfParts,
    Later,
    Earlier,
    /// A day that is found from it.
    LastDay,
    OtherDay,
    /// The part that an argument names.
    Part,
    /// How many microseconds one of the numbers is that counts from a fixed day on.
    Count(i64),
    /// Milliseconds of a time, and a time of milliseconds.
    Millis,
    /// How many units are between two times.
    Difference,
    /// Text, by a format.
    Formatted,
    /// The first letters.
    Start,
    /// Something that is another one for another argument, for all that anybody cares.
    Injective,
    /// Something that is the same for many times.
    Coarse,
    /// Text of several values behind each other.
    Joined,
    /// The first of its arguments that is not null.
    FirstOf,
    OneOf,
    OneOfTwo,
    NullIf,
    /// A row's value out of many.
    OneRow,
    Neighbour,
}

/// What a function of a name in lower case makes of a time, where that is known.
pub fn makes(name: &str) -> Option<Makes> {
    const SECOND: i64 = 1_000_000;
    const DAY: i64 = 86_400 * SECOND;
    Some(match name {
        "date_trunc" | "timestamp_trunc" | "datetime_trunc" | "trunc" | "time_trunc" | "datetrunc" => Makes::Cut,
        "date_bin"
        | "time_bucket"
        | "time_bucket_gapfill"
        | "time_slice"
        | "timestamp_bucket"
        | "datetime_bucket"
        | "date_bucket"
        | "tostartofinterval"
        | "window"
        | "tumble" => Makes::Bucket,
        "date" | "to_date" | "todate" | "todate32" | "try_to_date" | "ts_or_ds_to_date" | "datefromtimestamp" => Makes::Date,
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
        | "to_datetime" => Makes::Time,
        "from_utc_timestamp" => Makes::Local,
        "to_utc_timestamp" => Makes::FromLocal,
        "timezone" | "at_timezone" | "totimezone" | "with_timezone" => Makes::AtZone,
        "convert_timezone" | "convert_tz" => Makes::Converted,
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
        | "makedatetime" => Makes::OfParts,
        "dateadd" | "date_add" | "timestamp_add" | "datetime_add" | "timestampadd" | "timeadd" | "add_months" | "adddate" | "adddays"
        | "addhours" | "addminutes" | "addseconds" | "addweeks" | "addmonths" | "addyears" => Makes::Later,
        "date_sub" | "timestamp_sub" | "datetime_sub" | "datesub" | "subdate" | "subtractdays" | "subtracthours" | "subtractminutes"
        | "subtractseconds" | "subtractweeks" | "subtractmonths" | "subtractyears" => Makes::Earlier,
        "last_day" | "eomonth" | "tolastdayofmonth" => Makes::LastDay,
        "next_day" | "previous_day" => Makes::OtherDay,
        "date_part" | "datepart" | "datename" | "extract" => Makes::Part,
        "epoch" | "unix_timestamp" | "unix_seconds" | "tounixtimestamp" | "to_unixtime" | "to_unix_timestamp" => Makes::Count(SECOND),
        "unix_millis" | "tounixtimestamp64milli" => Makes::Count(1000),
        "epoch_ms" => Makes::Millis,
        "epoch_us" | "unix_micros" | "tounixtimestamp64micro" => Makes::Count(1),
        "unix_date" | "to_days" | "julian" | "julianday" | "todayspandate" | "torelativedaynum" | "toyyyymmdd" => Makes::Count(DAY),
        "torelativehournum" => Makes::Count(3600 * SECOND),
        "toyyyymmddhhmmss" => Makes::Count(1),
        "datediff" | "date_diff" | "timestamp_diff" | "datetime_diff" | "timestampdiff" | "datesdiff" | "timediff" | "months_between" => {
            Makes::Difference
        }
        "to_char"
        | "to_varchar"
        | "date_format"
        | "strftime"
        | "format"
        | "format_date"
        | "format_timestamp"
        | "format_datetime"
        | "formatdatetime"
        | "formatdatetimeinjodasyntax" => Makes::Formatted,
        "to_iso8601" | "tostring" | "to_json_string" | "char" | "varchar" | "text" => Makes::Injective,
        "left" | "substr" | "substring" | "substringutf8" => Makes::Start,
        "right" | "mod" | "sign" | "length" | "time" | "to_time" | "totime" | "time_of_day" | "isnull" | "age" => Makes::Coarse,
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
        | "named_struct" => Makes::Joined,
        "coalesce" | "ifnull" | "nvl" => Makes::FirstOf,
        "greatest" | "least" => Makes::OneOf,
        "iff" | "if" | "nvl2" => Makes::OneOfTwo,
        "nullif" => Makes::NullIf,
        "min" | "max" | "any_value" | "first" | "last" | "first_value" | "last_value" | "argmin" | "argmax" | "min_by" | "max_by"
        | "arg_min" | "arg_max" | "any" | "anylast" => Makes::OneRow,
        "lag" | "lead" => Makes::Neighbour,
        "floor" | "toint32" | "toint64" | "to_number" => Makes::Injective,
        _ => return None,
    })
}

/// The unit that a function cuts to by its own name, as ClickHouse's do.
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

/// What a time is told by in a format: `%Y-%m-%d`, `YYYY-MM-DD`, `yyyy-MM-dd`.
pub fn format_parts(function: &str, format: &str) -> super::parts::Parts {
    use super::parts::Parts;
    let day = Parts::YEAR | Parts::MONTH | Parts::DAY_OF_MONTH;
    if format.contains('%') {
        let mut parts = Parts::NONE;
        let mut letters = format.chars();
        while let Some(letter) = letters.next() {
            if letter != '%' {
                continue;
            }
            parts = parts
                | match letters.find(|letter| *letter != '-' && *letter != 'E' && *letter != 'O') {
                    Some('Y') => Parts::YEAR,
                    Some('G') => Parts::WEEK_YEAR,
                    Some('m' | 'b' | 'B' | 'h' | 'c') => Parts::MONTH,
                    Some('d' | 'e') => Parts::DAY_OF_MONTH,
                    Some('j') => Parts::DAY_OF_YEAR,
                    Some('V') => Parts::WEEK,
                    Some('u' | 'w' | 'a' | 'A') => Parts::WEEKDAY,
                    Some('H' | 'k') => Parts::HOUR,
                    Some('i' | 'S' | 'f') => Parts::REST,
                    Some('T' | 'R' | 'X') => Parts::HOUR | Parts::REST,
                    Some('F' | 'D' | 'x') => day,
                    Some('s' | 'J') => Parts::ALL,
                    _ => Parts::NONE,
                };
        }
        return parts;
    }
    // Some engines take capitals and small letters alike, and others tell months from minutes by them.
    let alike = function.starts_with("to_");
    let letters = if alike { format.to_uppercase() } else { format.to_string() };
    let has = |marks: &[&str], parts| if marks.iter().any(|mark| letters.contains(mark)) { parts } else { Parts::NONE };
    let month: &[&str] = if alike { &["MM", "MON", "RM"] } else { &["MM", "Mon", "MON"] };
    has(&["YYYY", "yyyy", "uuuu", "RRRR"], Parts::YEAR)
        | has(&["IYYY"], Parts::WEEK_YEAR)
        | has(month, Parts::MONTH)
        | has(&["DDD", "ddd"], Parts::DAY_OF_YEAR)
        | if letters.contains("DDD") && alike { Parts::NONE } else { has(&["DD", "dd"], Parts::DAY_OF_MONTH) }
        | has(&["HH24", "HH"], Parts::HOUR)
        | has(&["IW"], Parts::WEEK)
        | has(&["Q"], Parts::QUARTER)
}

#[cfg(test)]
mod tests {
    use super::super::parts::Parts;
    use super::super::unit::Unit;
    use super::*;

    #[test]
    fn formats_tell_parts() {
        let day = Parts::YEAR | Parts::MONTH | Parts::DAY_OF_MONTH;
        for format in ["%Y-%m-%d", "%F", "%Y%m%d", "%-d.%-m.%Y"] {
            assert_eq!(format_parts("strftime", format), day, "{format}");
        }
        assert_eq!(format_parts("to_char", "yyyy-mm-dd"), day);
        assert_eq!(format_parts("date_format", "yyyy-MM-dd"), day);
        assert_eq!(format_parts("date_format", "yyyy-mm-dd"), Parts::YEAR | Parts::DAY_OF_MONTH, "minutes, and no month");
        assert_eq!(format_parts("strftime", "%H:%M"), Parts::HOUR);
        assert_eq!(format_parts("to_char", "HH24:MI"), Parts::HOUR);
        assert_eq!(format_parts("strftime", "100%%"), Parts::NONE);
    }

    #[test]
    fn names_are_in_one_list() {
        assert_eq!(cuts_to("tostartofday"), Some(Unit::Day));
        assert_eq!(makes("tostartofday"), None);
        assert_eq!(makes("date_trunc"), Some(Makes::Cut));
        assert_eq!(makes("my_bucket"), None);
    }
}
