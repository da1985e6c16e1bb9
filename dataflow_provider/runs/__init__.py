"""Runs of pipelines: what a backfill consists of. Plans only; Airflow makes and schedules the runs."""
