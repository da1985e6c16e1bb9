"""Connections by id, sessions on them, and the registry of connectors; never imports Airflow."""
