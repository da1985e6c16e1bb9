"""Pipelines as Airflow Dags for installations with a plain Dags folder; see docs/dags.md.

Reads the folder of `[dataflow] pipelines_folder`. With one of our bundles configured it loads nothing.
"""

from dataflow_provider.dag_factory.loading import load_folder

load_folder(globals())
