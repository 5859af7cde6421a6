//! Functions by name: aggregates, ranking functions, clocks, random functions.

use std::collections::BTreeSet;
use std::sync::LazyLock;

type Names = LazyLock<BTreeSet<&'static str>>;

/// Aggregates, unless they have an `over`.
static AGGREGATES: Names = LazyLock::new(|| {
    names(
        "any any_value anylast approx_count_distinct approx_distinct approx_percentile \
         approx_quantile approx_quantiles approx_top_count approx_top_k approx_top_sum arbitrary \
         arg_max arg_max_null arg_min arg_min_null argmax argmin array_agg array_concat_agg \
         array_union_agg array_unique_agg avg avgif avgweighted bit_and bit_or bit_xor bitand_agg \
         bitmap_or_agg bitor_agg bitstring_agg bitxor_agg bool_and bool_or booland_agg \
         boolor_agg checksum collect_list collect_set corr count count_if countif covar_pop \
         covar_samp entropy every favg first first_value fsum geometric_mean group_concat \
         grouparray groupbitmap groupuniqarray hash_agg histogram hll_accumulate hll_combine \
         hll_count json_agg json_arrayagg json_group_array json_group_object json_object_agg \
         json_objectagg jsonb_agg jsonb_object_agg kahan_sum kurtosis kurtosis_pop last last_value \
         list listagg logical_and logical_or mad map_agg max max_by maxif median min min_by minif \
         mode multimap_agg numeric_histogram object_agg percentile percentile_approx \
         percentile_cont percentile_disc product quantile quantile_cont quantile_disc quantiles \
         range_agg regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx \
         regr_sxy regr_syy sem set_agg set_union skewness skewpop skewsamp some stddev stddev_pop \
         stddev_samp stddevpop stddevsamp stdev stdevp string_agg sum sum_no_overflow sumif \
         sumkahan sumwithoverflow topk uniq uniqcombined uniqexact uniqhll12 var var_pop \
         var_samp variance varp varpop varsamp",
    )
});

/// Functions that rank rows.
static RANKS: Names = LazyLock::new(|| names("row_number rank dense_rank"));

/// Functions and keywords that return the current time.
static CLOCKS: Names = LazyLock::new(|| {
    names(
        "current_timestamp current_date current_time current_datetime localtimestamp localtime \
         now getdate getutcdate sysdate sysdatetime \
         sysutcdatetime systimestamp sysdatetimeoffset utc_timestamp utc_date curdate curtime \
         today \
         yesterday statement_timestamp clock_timestamp \
         transaction_timestamp unix_timestamp now64 nowinblock utc_time timeofday \
         get_current_timestamp get_current_time current_localtimestamp current_localtime",
    )
});

static RANDOM_FUNCTIONS: Names = LazyLock::new(|| {
    names(
        "random rand rand32 rand64 uniform normal zipf randstr randn uuid uuid_string \
         gen_random_uuid generate_uuid generateuuidv4 generateuuidv7 newid \
         newsequentialid uuid_generate_v4 uuid_generate_v1 uuidv4 uuidv7 seq1 seq2 seq4 seq8 \
         monotonically_increasing_id nextval currval lastval txid_current \
         txid_current_if_assigned pg_current_xact_id pg_current_xact_id_if_assigned \
         randconstant randcanonical randuniform randnormal generateserialid",
    )
});

/// ClickHouse's functions of the rows around a row, or of its number.
static RUNNING: Names = LazyLock::new(|| {
    names(
        "runningdifference runningdifferencestartingwithfirstvalue runningaccumulate \
         runningconcurrency neighbor rownumberinallblocks rownumberinblock blocknumber",
    )
});

/// Whether a function is an aggregate, also with ClickHouse's combinators: `quantileIf`.
pub fn is_aggregate(name: &str) -> bool {
    const COMBINATORS: [&str; 9] =
        ["array", "distinct", "if", "map", "merge", "mergestate", "ordefault", "ornull", "state"];
    let mut combined = COMBINATORS.iter().filter_map(|combinator| name.strip_suffix(combinator));
    AGGREGATES.contains(name) || combined.any(|name| AGGREGATES.contains(name))
}

pub fn is_rank(name: &str) -> bool {
    RANKS.contains(name)
}

/// Whether a function returns a value of the rows around a row, without an `over`.
pub fn is_running(name: &str) -> bool {
    RUNNING.contains(name)
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
