//! Functions by name: aggregates, ranking functions, clocks, random functions.

use std::collections::BTreeSet;
use std::sync::LazyLock;

type Names = LazyLock<BTreeSet<&'static str>>;

/// Aggregates, unless they have an `over`.
static AGGREGATES: Names = LazyLock::new(|| {
    names(
        "any_value approx_count_distinct approx_distinct approx_percentile approx_quantiles \
         approx_top_count arg_max arg_min argmax argmin \
    array_agg array_concat_agg avg avgif bit_and bit_or bit_xor bool_and bool_or booland_agg \
    boolor_agg collect_list collect_set corr count count_if \
    countif covar_pop covar_samp every grouparray group_concat hll_count json_agg jsonb_agg \
    kurtosis list listagg logical_and logical_or max max_by maxif \
    median min min_by minif mode object_agg percentile percentile_cont percentile_disc \
    percentile_approx quantile skewness stddev stddev_pop stddev_samp \
    string_agg sum sumif uniq uniqexact var_pop var_samp variance",
    )
});

/// Functions that rank rows.
static RANKS: Names = LazyLock::new(|| names("row_number rank dense_rank"));

/// Functions and keywords that return the current time.
static CLOCKS: Names = LazyLock::new(|| {
    names(
        "current_timestamp current_date current_time current_datetime localtimestamp localtime \
         now getdate getutcdate sysdate sysdatetime \
    sysutcdatetime systimestamp sysdatetimeoffset utc_timestamp utc_date curdate curtime today \
    yesterday statement_timestamp clock_timestamp \
    transaction_timestamp unix_timestamp now64",
    )
});

static RANDOM_FUNCTIONS: Names = LazyLock::new(|| {
    names(
        "random rand rand32 rand64 uniform normal zipf randstr randn uuid uuid_string \
         gen_random_uuid generate_uuid generateuuidv4 generateuuidv7 newid \
    newsequentialid uuid_generate_v4 uuid_generate_v1 uuidv4 uuidv7 seq8 \
    monotonically_increasing_id",
    )
});

pub fn is_aggregate(name: &str) -> bool {
    AGGREGATES.contains(name)
}

pub fn is_rank(name: &str) -> bool {
    RANKS.contains(name)
}

/// Whether a function returns the current time.
pub fn is_clock(name: &str) -> bool {
    CLOCKS.contains(name)
}

/// Whether a function returns another value at each call.
pub fn is_random(name: &str) -> bool {
    RANDOM_FUNCTIONS.contains(name)
}

fn names(listed: &'static str) -> BTreeSet<&'static str> {
    listed.split_whitespace().collect()
}
