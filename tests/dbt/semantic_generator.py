"""The semantic layer of random projects: semantic models, metrics of all types, saved queries, exposures of metrics and time spines,
now and then with one deliberate fault. dbt accepts the entries without a fault; whether it refuses those with one, it says itself."""

import copy

WINDOWS = ["7 days", "1 month", "28 Days", "2 weeks"]


class SemanticGenerator:
    """The entries of one package. `draw` gives random values, `put` writes a file below `models/`."""

    def __init__(self, draw, put, package):
        self.draw, self.put, self.package = draw, put, package
        self.names = {of: f"{package}_{of}" for of in ["day", "visits", "count", "total", "all", "share", "weekly", "entity"]}

    def chance(self, share):
        return self.draw.random() < share

    def config(self, few=0.3):
        known = {"tags": ["e"], "meta": {"owner": self.draw.choice(["ann", 1, None])}}
        return {key: value for key, value in known.items() if self.chance(few)}

    def entries(self):
        """The lists of a properties file."""
        kinds = {
            "models": [self.spine()],
            "semantic_models": [self.semantic_model()],
            "metrics": self.metrics(),
            "saved_queries": self.saved_queries(),
            "exposures": self.exposures(),
        }
        if self.chance(0.25):
            kinds["models"].append(self.model_with_metrics())
        if self.chance(0.35):
            kinds = self.with_fault(kinds)
        return {kind: entries for kind, entries in kinds.items() if entries}

    def spine(self):
        self.put(f"{self.names['day']}.sql", "select 1 as held_on, 1 as id, 1 as fiscal\n")
        spine = {"standard_granularity_column": "held_on"}
        columns = [{"name": "held_on", "granularity": self.draw.choice(["day", "hour", "DAY"])}]
        if self.chance(0.3):
            spine["custom_granularities"] = [{"name": f"{self.package}_fiscal", "column_name": "fiscal"}]
            columns.append({"name": "fiscal"})
        return {"name": self.names["day"], "time_spine": spine, "columns": columns}

    def semantic_model(self):
        entities = [{"name": self.names["entity"], "type": "primary", "expr": "id"}]
        dimensions = [{"name": "held_on", "type": "time", "type_params": {"time_granularity": "day"}}]
        measures = [
            {"name": self.names["count"], "agg": "count", "expr": self.draw.choice(["id", 1]), "create_metric": self.chance(0.3)},
            {"name": self.names["total"], "agg": self.draw.choice(["sum", "SUM", "average", "min"]), "expr": "id"},
        ]
        if self.chance(0.3):
            entities.append({"name": f"{self.package}_user", "type": self.draw.choice(["foreign", "unique"]), "label": "User", "config": {"meta": {"k": 1}}})
        if self.chance(0.3):
            dimensions.append({"name": f"{self.package}_country", "type": "categorical", "label": "Country", "description": "{{ var('v1', 'x') }}"})
        if self.chance(0.2):
            measures.append({"name": f"{self.package}_middle", "agg": "percentile", "expr": "id", "agg_params": {"percentile": 0.5}, "agg_time_dimension": "held_on"})
        if self.chance(0.2):
            measures[1]["non_additive_dimension"] = {"name": "held_on", "window_choice": "max", "window_groupings": [self.names["entity"]]}
        model = {"name": self.names["visits"], "model": f"ref('{self.names['day']}')", "defaults": {"agg_time_dimension": "held_on"}}
        model |= {"entities": entities, "dimensions": dimensions, "measures": measures}
        return model | ({"config": self.config()} if self.chance(0.4) else {}) | ({"label": f"Visits of {self.package}"} if self.chance(0.2) else {})

    def metric(self, of, kind, params, **more):
        metric = {"name": f"{self.package}_{of}", "label": f"{of} of {self.package}", "type": kind, "type_params": params, **more}
        if self.chance(0.3):
            metric["config"] = self.config()
        if self.chance(0.2):
            entity = self.names["entity"]
            metric["filter"] = self.draw.choice([
                "{{ TimeDimension('" + entity + "__held_on', 'day') }} >= '2024-01-01'",
                ["{{ Dimension('" + entity + "__held_on') }} is not null", "{{ Entity('" + entity + "') }} = 1"],
            ])
        return metric

    def metrics(self):
        total, share = self.names["total"], self.names["all"]
        metrics = [self.metric("all", "simple", {"measure": self.draw.choice([total, {"name": total, "fill_nulls_with": 0, "join_to_timespine": True}])})]
        others = [
            lambda: self.metric("share", "ratio", {"numerator": share, "denominator": {"name": share, "filter": "1 = 1", "alias": "base"}}),
            lambda: self.metric("sum", "cumulative", {"measure": total, "cumulative_type_params": {"window": self.draw.choice(WINDOWS)}}),
            lambda: self.metric("month", "cumulative", {"measure": {"name": total}, "cumulative_type_params": {"grain_to_date": "month", "period_agg": "last"}}),
            lambda: self.metric("growth", "derived", {"expr": f"{share} - before", "metrics": [share, {"name": share, "alias": "before", "offset_window": "1 month"}]}),
            lambda: self.metric("rate", "conversion", {"conversion_type_params": self.conversion()}),
            lambda: {"name": f"{self.package}_twice", "type": "derived", "expr": f"2 * {share}", "input_metrics": [share]},
            lambda: {"name": f"{self.package}_part", "type": "ratio", "numerator": share, "denominator": share, "label": f"part of {self.package}"},
            lambda: self.metric("upper", "Simple", {"measure": total, "expr": total}, description="{{ var('v1', 'x') }}", time_granularity="week"),
        ]
        return metrics + [make() for make in others if self.chance(0.35)]

    def conversion(self):
        more = {"window": self.draw.choice(WINDOWS), "calculation": self.draw.choice(["conversions", "CONVERSION_RATE"])} if self.chance(0.5) else {}
        count = self.names["count"]
        return {"base_measure": count, "conversion_measure": {"name": count}, "entity": self.names["entity"], **more}

    def model_with_metrics(self):
        """A model whose own entry declares a semantic model and metrics."""
        name = f"{self.package}_sales"
        self.put(f"{name}.sql", "select 1 as sale_id, 1 as sold_on, 1 as amount\n")
        columns = [
            {"name": "sale_id", "entity": self.draw.choice([{"type": "primary", "name": f"{self.package}_sale"}, {"type": "primary", "name": f"{self.package}_sale", "label": "Sale"}])},
            {"name": "sold_on", "granularity": "day", "dimension": self.draw.choice(["time", {"type": "time", "name": f"{self.package}_sold_on"}])},
        ]
        time = columns[1]["dimension"]
        time = "sold_on" if time == "time" else time["name"]
        semantic = self.draw.choice([True, {"name": f"{self.package}_all_sales"}, {"enabled": True, "config": {"meta": {"k": 1}}}])
        metrics = [
            {"name": f"{self.package}_amount", "type": "simple", "agg": "sum", "expr": "amount", **({"label": "Amount"} if self.package == "shop" else {})},
            {"name": f"{self.package}_double", "type": "derived", "expr": f"2 * {self.package}_amount", "input_metrics": [{"name": f"{self.package}_amount"}]},
        ]
        return {"name": name, "semantic_model": semantic, "agg_time_dimension": time, "columns": columns, "metrics": metrics[: self.draw.randint(1, 2)]}

    def saved_queries(self):
        if not self.chance(0.5):
            return []
        entity = self.names["entity"]
        params = {"metrics": [self.names["all"]], "group_by": [f"TimeDimension('{entity}__held_on')"]}
        if self.chance(0.3):
            params["where"] = ["{{ TimeDimension('metric_time', 'day') }} > '2024-01-01'"]
        if self.chance(0.3):
            params |= {"order_by": [f"Metric('{self.names['all']}').descending(True)"], "limit": 3}
        query = {"name": self.names["weekly"], "query_params": params}
        if self.chance(0.4):
            query["exports"] = [{"name": "e", "config": {"export_as": "table", "alias": "e"}}]
        return [query | ({"config": self.config()} if self.chance(0.3) else {})]

    def exposures(self):
        if not self.chance(0.3):
            return []
        reads = [f"metric('{self.names['all']}')"] + ([f"ref('{self.names['day']}')"] if self.chance(0.5) else [])
        return [{"name": f"{self.package}_board", "type": "dashboard", "owner": {"name": "ann"}, "depends_on": reads}]

    # Faults

    def with_fault(self, kinds):
        """The entries with one fault: a value changed, a key removed or added, a name that nothing has."""
        kinds = copy.deepcopy(kinds)
        places = [(of, key) for entries in kinds.values() for of, key in self.places(entries)]
        of, key = self.draw.choice(places)
        value = of[key]
        kind = self.draw.choice(["remove", "add", "type", "name", "name", "name", "null"])
        if kind == "remove" and (not isinstance(of, dict) or key != "name"):
            del of[key]
        elif kind == "add" and isinstance(of, dict):
            of[self.draw.choice(["nothing", "label", "expr", "filter", "config", "alias"])] = self.draw.choice(["x", 1, None, {"meta": {}}, []])
        elif kind == "null":
            of[key] = None
        elif kind == "type":
            of[key] = self.draw.choice([1, 1.5, True, "x", [], ["x"], {}, {"name": "x"}, "2 fortnights", ""])
        elif isinstance(value, str):
            of[key] = self.draw.choice([
                f"{value}_x", value.upper(), f"{value}__x", "nothing", "select", "day", "metric_time", self.names["all"], self.names["entity"], self.names["total"],
                "Dimension('x')", "{{ Dimension('x__y') }}", "{{ nothing }}", "{{ Metric('x') }}", "primary", "natural", "time", "sum", "count", "held_on", "week", "year",
            ])
        return kinds

    def places(self, value):
        """Each place in the entries: (dict or list, key)."""
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in list(pairs):
            if not (key == "name" and value.get("columns")):
                yield value, key
            if isinstance(item, (dict, list)):
                yield from self.places(item)
