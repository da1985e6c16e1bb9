"""Runs a stage, or a whole pipeline: the one engine behind Airflow tasks, `dataflow run` and previews."""
