"""The text of a new pipeline: valid, in canonical layout, and runnable at once on the embedded warehouse."""

from __future__ import annotations

TEMPLATE = """\
apiVersion: dataflow/v1
kind: Pipeline
id: {pipeline_id}
name: {name}
description: Say what the rows are for
owner: {owner}
tags: []
# schedule: {{cron: "30 6 * * *", timezone: Europe/Warsaw}}   # without it, the pipeline runs by hand
params:
  min_amount: {{type: number, default: 10, description: Smaller amounts are left out}}
nodes:
  # A source reads a table, a query or files; without a connection it reads the embedded warehouse.
  orders:
    type: source.duckdb
    query: |
      SELECT * FROM (VALUES (1, 'north', 25.0), (2, 'south', 4.5), (3, 'north', 12.0)) AS t (order_id, region, amount)
  # `:min_amount` is bound as a value, never pasted as text.
  large_orders:
    type: transform.filter
    from: orders
    where: amount >= :min_amount
  by_region:
    type: transform.aggregate
    from: large_orders
    group_by: [region]
    aggregates: {{orders: COUNT(*), amount: SUM(amount)}}
  # A retry of the same run never doubles rows: keys say which row is updated.
  mart:
    type: target.duckdb
    from: by_region
    table: mart.{table}
    write: {{mode: upsert, keys: [region]}}
    create: {{if_missing: true}}
"""


def scaffold_pipeline(pipeline_id: str, owner: str) -> str:
    """Return the YAML of a new pipeline; `pipeline_id` must be valid (`PIPELINE_ID_PATTERN`)."""
    name = pipeline_id.replace("_", " ").strip().capitalize()
    return TEMPLATE.format(pipeline_id=pipeline_id, name=name, owner=owner, table=pipeline_id[:60])
