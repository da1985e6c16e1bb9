"""Airflow operators (public API): one stage of a pipeline, and one push-down statement written by hand."""
