//! The keys of metrics, semantic models and saved queries, with the shapes of their values, as
//! dbt's contracts declare them.

use super::shape::{KeyShapes, ValueShape};
use crate::jinja::GRANULARITIES;
use ValueShape::{Any, Boolean, Dict, Either, Entry, List, Null, Number, Text, Whole, Word};

const AGGREGATIONS: &[&str] = &[
    "sum",
    "min",
    "max",
    "count_distinct",
    "sum_boolean",
    "average",
    "percentile",
    "median",
    "count",
];
const METRIC_TYPES: &[&str] = &["simple", "ratio", "cumulative", "derived", "conversion"];
const ENTITY_TYPES: &[&str] = &["foreign", "natural", "primary", "unique"];
const DIMENSION_TYPES: &[&str] = &["categorical", "time"];
const CALCULATIONS: &[&str] = &["conversions", "conversion_rate"];
pub(super) const PERIOD_AGGREGATIONS: &[&str] = &["first", "last", "average"];

const OPTIONAL_TEXT: ValueShape = Either(&[Text, Null]);
const FILTER: ValueShape = Either(&[Text, List(&Text), Null]);
const GRANULARITY: ValueShape = Word(&GRANULARITIES);
/// The settings of an element: dbt reads `meta`.
const ELEMENT_CONFIG: ValueShape = Entry(&open(&[("meta", Dict)], &[]));
const CONFIG: ValueShape = Entry(&open(&[("enabled", Boolean), ("meta", Dict)], &[]));

const fn closed(
    keys: &'static [(&'static str, ValueShape)],
    required: &'static [&'static str],
) -> KeyShapes {
    KeyShapes { keys, required, is_closed: true }
}

const fn open(
    keys: &'static [(&'static str, ValueShape)],
    required: &'static [&'static str],
) -> KeyShapes {
    KeyShapes { keys, required, is_closed: false }
}

/// The owner of an exposure or of a group.
pub(super) const OWNER: KeyShapes =
    open(&[("email", Either(&[Text, List(&Text), Null])), ("name", OPTIONAL_TEXT)], &[]);

pub(super) const EXPOSURE_CONFIG: KeyShapes = open(&[("enabled", Boolean), ("meta", Dict)], &[]);

/// A metric with `type_params`.
pub(super) const METRIC: KeyShapes = closed(
    &[
        ("name", Any),
        ("type", Word(METRIC_TYPES)),
        ("label", Text),
        ("description", Text),
        ("filter", FILTER),
        ("time_granularity", OPTIONAL_TEXT),
        ("config", CONFIG),
        ("type_params", Entry(&TYPE_PARAMS)),
        ("meta", Dict),
        ("tags", List(&Text)),
    ],
    &[],
);

const TYPE_PARAMS: KeyShapes = closed(
    &[
        ("measure", Either(&[Entry(&MEASURE_INPUT), Text, Null])),
        ("numerator", OPTIONAL_METRIC_INPUT),
        ("denominator", OPTIONAL_METRIC_INPUT),
        ("expr", Either(&[Text, Boolean, Null])),
        ("window", OPTIONAL_TEXT),
        ("grain_to_date", Either(&[GRANULARITY, Null])),
        ("metrics", OPTIONAL_METRIC_INPUTS),
        ("conversion_type_params", Either(&[Entry(&CONVERSION), Null])),
        ("cumulative_type_params", Either(&[Entry(&CUMULATIVE), Null])),
    ],
    &[],
);

const MEASURE_INPUT: KeyShapes = closed(
    &[
        ("name", Text),
        ("filter", FILTER),
        ("alias", OPTIONAL_TEXT),
        ("join_to_timespine", Boolean),
        ("fill_nulls_with", Either(&[Whole, Null])),
    ],
    &["name"],
);

const METRIC_INPUT: KeyShapes = closed(
    &[
        ("name", Text),
        ("filter", FILTER),
        ("alias", OPTIONAL_TEXT),
        ("offset_window", OPTIONAL_TEXT),
        ("offset_to_grain", OPTIONAL_TEXT),
    ],
    &["name"],
);
const OPTIONAL_METRIC_INPUT: ValueShape = Either(&[Entry(&METRIC_INPUT), Text, Null]);
const OPTIONAL_METRIC_INPUTS: ValueShape =
    Either(&[List(&Either(&[Entry(&METRIC_INPUT), Text])), Null]);

const CONVERSION: KeyShapes = closed(
    &[
        ("base_measure", Either(&[Entry(&MEASURE_INPUT), Text])),
        ("conversion_measure", Either(&[Entry(&MEASURE_INPUT), Text])),
        ("entity", Text),
        ("calculation", Word(CALCULATIONS)),
        ("window", OPTIONAL_TEXT),
        ("constant_properties", CONSTANT_PROPERTIES),
    ],
    &["base_measure", "conversion_measure", "entity"],
);

const CONSTANT_PROPERTIES: ValueShape = Either(&[
    List(&Entry(&closed(
        &[("base_property", Text), ("conversion_property", Text)],
        &["base_property", "conversion_property"],
    ))),
    Null,
]);

const CUMULATIVE: KeyShapes = closed(
    &[("window", OPTIONAL_TEXT), ("grain_to_date", OPTIONAL_TEXT), ("period_agg", Text)],
    &[],
);

/// A metric without `type_params`, of a properties file or of a model.
pub(super) const METRIC_OF_MODEL: KeyShapes = closed(
    &[
        ("name", Text),
        ("type", Word(METRIC_TYPES)),
        ("label", OPTIONAL_TEXT),
        ("description", Text),
        ("filter", FILTER),
        ("time_granularity", OPTIONAL_TEXT),
        ("config", CONFIG),
        ("hidden", Boolean),
        ("agg", Either(&[Word(AGGREGATIONS), Null])),
        ("percentile", Either(&[Number, Null])),
        ("percentile_type", OPTIONAL_TEXT),
        ("join_to_timespine", Either(&[Boolean, Null])),
        ("fill_nulls_with", Either(&[Whole, Null])),
        ("expr", Either(&[Text, Whole, Null])),
        (
            "non_additive_dimension",
            Either(&[
                Entry(&closed(
                    &[
                        ("name", Text),
                        ("window_agg", Word(AGGREGATIONS)),
                        ("group_by", List(&Text)),
                    ],
                    &["name", "window_agg"],
                )),
                Null,
            ]),
        ),
        ("agg_time_dimension", OPTIONAL_TEXT),
        ("window", OPTIONAL_TEXT),
        ("grain_to_date", OPTIONAL_TEXT),
        ("period_agg", Text),
        ("input_metric", OPTIONAL_METRIC_INPUT),
        ("numerator", OPTIONAL_METRIC_INPUT),
        ("denominator", OPTIONAL_METRIC_INPUT),
        ("input_metrics", OPTIONAL_METRIC_INPUTS),
        ("entity", OPTIONAL_TEXT),
        ("calculation", Either(&[Word(CALCULATIONS), Null])),
        ("base_metric", OPTIONAL_METRIC_INPUT),
        ("conversion_metric", OPTIONAL_METRIC_INPUT),
        ("constant_properties", CONSTANT_PROPERTIES),
    ],
    &["name"],
);

pub(super) const SEMANTIC_MODEL: KeyShapes = closed(
    &[
        ("name", Any),
        ("model", Text),
        ("config", CONFIG),
        ("description", OPTIONAL_TEXT),
        ("label", OPTIONAL_TEXT),
        (
            "defaults",
            Either(&[Entry(&closed(&[("agg_time_dimension", OPTIONAL_TEXT)], &[])), Null]),
        ),
        ("entities", List(&Entry(&ENTITY))),
        ("measures", List(&Entry(&MEASURE))),
        ("dimensions", List(&Entry(&DIMENSION))),
        ("primary_entity", OPTIONAL_TEXT),
    ],
    &["model"],
);

const ENTITY: KeyShapes = closed(
    &[
        ("name", Text),
        ("type", Word(ENTITY_TYPES)),
        ("description", OPTIONAL_TEXT),
        ("label", OPTIONAL_TEXT),
        ("config", ELEMENT_CONFIG),
        ("role", OPTIONAL_TEXT),
        ("expr", OPTIONAL_TEXT),
    ],
    &["name", "type"],
);

const DIMENSION: KeyShapes = closed(
    &[
        ("name", Text),
        ("type", Word(DIMENSION_TYPES)),
        ("description", OPTIONAL_TEXT),
        ("label", OPTIONAL_TEXT),
        ("is_partition", Boolean),
        ("config", ELEMENT_CONFIG),
        (
            "type_params",
            Either(&[
                Entry(&closed(
                    &[("time_granularity", GRANULARITY), ("validity_params", VALIDITY)],
                    &["time_granularity"],
                )),
                Null,
            ]),
        ),
        ("expr", OPTIONAL_TEXT),
    ],
    &["name", "type"],
);

const VALIDITY: ValueShape =
    Either(&[Entry(&closed(&[("is_start", Boolean), ("is_end", Boolean)], &[])), Null]);

const MEASURE: KeyShapes = closed(
    &[
        ("name", Text),
        ("agg", Word(AGGREGATIONS)),
        ("description", OPTIONAL_TEXT),
        ("label", OPTIONAL_TEXT),
        ("expr", Either(&[Text, Boolean, Whole, Null])),
        (
            "agg_params",
            Either(&[
                Entry(&closed(
                    &[
                        ("percentile", Either(&[Number, Null])),
                        ("use_discrete_percentile", Boolean),
                        ("use_approximate_percentile", Boolean),
                    ],
                    &[],
                )),
                Null,
            ]),
        ),
        (
            "non_additive_dimension",
            Either(&[
                Entry(&closed(
                    &[
                        ("name", Text),
                        ("window_choice", Word(AGGREGATIONS)),
                        ("window_groupings", List(&Text)),
                    ],
                    &["name", "window_choice"],
                )),
                Null,
            ]),
        ),
        ("agg_time_dimension", OPTIONAL_TEXT),
        ("create_metric", Boolean),
        ("config", ELEMENT_CONFIG),
    ],
    &["name", "agg"],
);

pub(super) const SAVED_QUERY: KeyShapes = closed(
    &[
        ("name", Any),
        (
            "query_params",
            Entry(&closed(
                &[
                    ("metrics", List(&Text)),
                    ("group_by", List(&Text)),
                    ("where", FILTER),
                    ("order_by", List(&Text)),
                    ("limit", Either(&[Whole, Null])),
                ],
                &[],
            )),
        ),
        ("description", OPTIONAL_TEXT),
        ("label", OPTIONAL_TEXT),
        (
            "exports",
            List(&Entry(&closed(&[("name", Text), ("config", Entry(&EXPORT))], &["name"]))),
        ),
        ("config", Entry(&SAVED_QUERY_CONFIG)),
        ("tags", Either(&[Text, List(&Text)])),
    ],
    &["query_params"],
);

const DESTINATION: ValueShape = Word(&["table", "view"]);
const EXPORT: KeyShapes = open(&[("export_as", DESTINATION)], &[]);
const SAVED_QUERY_CONFIG: KeyShapes = open(
    &[
        ("enabled", Boolean),
        ("meta", Dict),
        ("export_as", Either(&[DESTINATION, Null])),
        ("cache", Entry(&open(&[("enabled", Boolean)], &[]))),
    ],
    &[],
);

/// The keys of a model for the semantic layer.
pub(super) const MODEL: KeyShapes = open(
    &[
        (
            "time_spine",
            Either(&[
                Entry(&closed(
                    &[
                        ("standard_granularity_column", Text),
                        (
                            "custom_granularities",
                            List(&Entry(&closed(
                                &[("name", Text), ("column_name", OPTIONAL_TEXT)],
                                &["name"],
                            ))),
                        ),
                    ],
                    &["standard_granularity_column"],
                )),
                Null,
            ]),
        ),
        (
            "semantic_model",
            Either(&[
                Entry(&closed(
                    &[
                        ("name", OPTIONAL_TEXT),
                        ("enabled", Boolean),
                        ("group", OPTIONAL_TEXT),
                        ("config", Either(&[Entry(&closed(&[("meta", Dict)], &[])), Null])),
                    ],
                    &[],
                )),
                Boolean,
                Null,
            ]),
        ),
        ("primary_entity", OPTIONAL_TEXT),
        ("agg_time_dimension", OPTIONAL_TEXT),
        ("metrics", Either(&[List(&Entry(&METRIC_OF_MODEL)), Null])),
        (
            "derived_semantics",
            Either(&[
                Entry(&closed(
                    &[
                        ("entities", List(&Entry(&DERIVED_ENTITY))),
                        ("dimensions", List(&Entry(&DERIVED_DIMENSION))),
                    ],
                    &[],
                )),
                Null,
            ]),
        ),
        ("columns", List(&Entry(&COLUMN))),
    ],
    &[],
);

const DERIVED_ENTITY: KeyShapes = closed(
    &[
        ("name", OPTIONAL_TEXT),
        ("type", Text),
        ("description", OPTIONAL_TEXT),
        ("label", OPTIONAL_TEXT),
        ("config", Dict),
        ("expr", Text),
    ],
    &["type", "expr"],
);

const DERIVED_DIMENSION: KeyShapes = closed(
    &[
        ("name", Text),
        ("type", Text),
        ("description", OPTIONAL_TEXT),
        ("label", OPTIONAL_TEXT),
        ("is_partition", Boolean),
        ("config", Dict),
        ("validity_params", VALIDITY),
        ("expr", Text),
        ("granularity", OPTIONAL_TEXT),
    ],
    &["name", "type", "expr"],
);

/// The keys of a column for the semantic layer.
pub(super) const COLUMN: KeyShapes = open(
    &[
        ("granularity", OPTIONAL_TEXT),
        (
            "dimension",
            Either(&[
                Entry(&closed(
                    &[
                        ("type", Word(DIMENSION_TYPES)),
                        ("name", OPTIONAL_TEXT),
                        ("description", OPTIONAL_TEXT),
                        ("label", OPTIONAL_TEXT),
                        ("is_partition", Boolean),
                        ("config", Dict),
                        ("validity_params", VALIDITY),
                    ],
                    &["type"],
                )),
                Word(DIMENSION_TYPES),
                Null,
            ]),
        ),
        (
            "entity",
            Either(&[
                Entry(&closed(
                    &[
                        ("type", Word(ENTITY_TYPES)),
                        ("name", OPTIONAL_TEXT),
                        ("description", OPTIONAL_TEXT),
                        ("label", OPTIONAL_TEXT),
                        ("config", Dict),
                    ],
                    &["type"],
                )),
                Word(ENTITY_TYPES),
                Null,
            ]),
        ),
    ],
    &[],
);
