"""The pipeline YAML: models, positioned loader, JSON Schema and validation. Never imports Airflow or sqlglot."""
