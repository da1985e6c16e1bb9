"""Airflow hooks: connections of an Airflow installation, and DuckDB for Dags written by hand."""
