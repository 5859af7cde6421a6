"""Materializes the assets of an exported file in one process: all partitions in order, or those of the arguments.

An asset is skipped if a partition that one of its partitions needs is not materialized, as in a backfill of Dagster.
"""

import importlib.util
import sys

import dagster as dg

# Retries without waiting.
policy = dg.RetryPolicy
dg.RetryPolicy = lambda **settings: policy(**{**settings, "delay": 0})

file, *requested = sys.argv[1:]
spec = importlib.util.spec_from_file_location("exported", file)
exported = importlib.util.module_from_spec(spec)
spec.loader.exec_module(exported)
dg.Definitions.validate_loadable(exported.defs)
assets = {asset.key: asset for asset in exported.defs.assets}
instance = dg.DagsterInstance.ephemeral()
done = set()


def needed(asset, partition):
    """The assets and partitions that a partition needs."""
    for upstream in (assets[key] for key in asset.asset_deps[asset.key]):
        if upstream.partitions_def is None:
            yield upstream.key, None
            continue
        mapping = asset.get_partition_mapping(upstream.key) if partition else None
        if mapping is None:
            keys = upstream.partitions_def.get_partition_keys()
        else:
            subset = asset.partitions_def.subset_with_partition_keys([partition])
            result = mapping.get_upstream_mapped_partitions_result_for_partitions(
                subset, asset.partitions_def, upstream.partitions_def
            )
            keys = result.partitions_subset.get_partition_keys()
        yield from ((upstream.key, key) for key in keys)


for key in exported.defs.resolve_asset_graph().toposorted_asset_keys:
    asset = assets[key]
    for partition in asset.partitions_def.get_partition_keys() if asset.partitions_def else [None]:
        label = " ".join(filter(None, [key.path[-1], partition]))
        if requested and label not in requested:
            continue
        if not requested and not set(needed(asset, partition)) <= done:
            print(f"= {label}: skipped")
            continue
        result = dg.materialize([asset], partition_key=partition, instance=instance, raise_on_error=False)
        print(f"= {label}: {'done' if result.success else 'failed'}")
        if result.success:
            done.add((key, partition))
