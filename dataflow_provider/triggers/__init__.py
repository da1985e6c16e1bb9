"""Airflow triggers (public API): waiting for a statement without a worker."""
