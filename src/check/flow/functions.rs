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
    /// The number of days with their fraction.
    Julian,
    /// Text in ISO 8601.
    Text,
    /// Text in a format.
    Formatted,
    /// The first characters.
    Start,
    /// The nearest integer.
    Round,
    /// The integer quotient of two numbers.
    Divided,
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
        "last_day" | "eomonth" | "tolastdayofmonth" | "last_day_of_month" => TimeFunction::LastDay,
        "next_day" | "previous_day" => TimeFunction::OtherDay,
        "date_part" | "datepart" | "datename" | "extract" => TimeFunction::Part,
        "epoch" | "unix_timestamp" | "unix_seconds" | "tounixtimestamp" | "to_unixtime"
        | "to_unix_timestamp" | "unixepoch" | "to_seconds" => TimeFunction::Count(SECOND),
        "unix_millis" | "tounixtimestamp64milli" => TimeFunction::Count(1000),
        "epoch_ms" => TimeFunction::Millis,
        "epoch_us" | "unix_micros" | "tounixtimestamp64micro" => TimeFunction::Count(1),
        "unix_date" | "to_days" | "todayspandate" | "torelativedaynum" | "toyyyymmdd" => {
            TimeFunction::Count(DAY)
        }
        "julian" | "julianday" => TimeFunction::Julian,
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
        "to_iso8601" | "tostring" | "string" | "char" | "varchar" | "text" => TimeFunction::Text,
        "left" | "substr" | "substring" | "substringutf8" => TimeFunction::Start,
        "right" | "mod" | "sign" | "length" | "time" | "to_time" | "totime" | "time_of_day"
        | "isnull" | "age" | "ceiling" | "session_window" | "time_format" => TimeFunction::Coarse,
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
        | "printf"
        | "format_string"
        | "to_json_string"
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
        "round" => TimeFunction::Round,
        "div" | "intdiv" | "intdivorzero" => TimeFunction::Divided,
        "floor" | "toint32" | "toint64" | "to_number" => TimeFunction::Injective,
        _ => return None,
    })
}

/// Whether a difference counts elapsed time; others count the boundaries of units between two
/// times. Without a unit it counts the days between two dates.
pub fn counts_elapsed(name: &str, has_unit: bool, engine: super::Engine) -> bool {
    match name {
        "date_sub" | "datesub" | "timestamp_diff" | "age" => true,
        _ => engine.elapsed && has_unit,
    }
}

/// The unit that a function counts, beginning at a fixed time.
pub fn counts(name: &str) -> Option<super::unit::Unit> {
    use super::unit::Unit;
    Some(match name {
        "torelativeweeknum" => Unit::Week,
        "torelativemonthnum" => Unit::Month,
        "torelativequarternum" => Unit::Quarter,
        "torelativeyearnum" => Unit::Year,
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

#[cfg(test)]
mod tests {
    use super::super::unit::Unit;
    use super::*;

    #[test]
    fn names_are_in_one_list() {
        assert_eq!(cuts_to("tostartofday"), Some(Unit::Day));
        assert_eq!(time_function("tostartofday"), None);
        assert_eq!(time_function("date_trunc"), Some(TimeFunction::Cut));
        assert_eq!(time_function("my_bucket"), None);
    }
}
